"""A file rewritten: the new text, the proof that only its imports differ, the atomic write, and the diff."""

from __future__ import annotations

import ast
import errno
import os
import re
import shutil
import tempfile
from contextlib import suppress
from difflib import SequenceMatcher
from pathlib import Path

from ssot_shims._codebase.findings import Finding
from ssot_shims._codebase.source import parse
from ssot_shims._migrate.file import plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ssot_shims._codebase.source import Edit, Import, Source
    from ssot_shims._migrate.file import File, Move

# By its name the next run knows what a killed one has left. The name of the file is not in it: it may be as long as
# names can be.
_PREFIX = ".ssot-shims-migrate-"
_SUFFIX = ".tmp"
_CONTEXT = 3
_IMPORTS = frozenset({ast.Import, ast.ImportFrom})
_COMMENT = re.compile(r"#[^\r\n]*")  # an import statement holds no string that could hold one


def rewrite(file: File) -> tuple[bytes | None, tuple[Finding, ...]]:
    """The new bytes of *file*, None when nothing of it moves or the proof fails; and what is reported."""
    moves, findings = plan(file)
    edits = list(_edits(file.source, moves)) if moves else []
    new, wrong = _rewritten(file.source, edits)
    findings += (_made(file.source, statement, edit, moves, wrong) for statement, edit in edits)
    found = tuple(sorted(findings, key=lambda finding: finding.line))
    return (new if edits and not wrong else None), found


def _edits(source: Source, moves: Mapping[ast.alias, Move]) -> Iterator[tuple[Import, Edit]]:
    """Each import statement of *source* with *moves*, and the edit that makes them."""
    from ssot_shims._migrate.statement import replaced, rewritten  # LibCST takes 0.2 s to import

    for statement in source.imports:
        found = [moves.get(alias) for alias in statement.node.names]
        if any(found):
            homes = tuple((move.module, move.name) if move else None for move in found)
            parts = rewritten(source.statement(statement), homes)
            yield statement, replaced(source.text, statement, parts)


def _rewritten(source: Source, edits: Sequence[tuple[Import, Edit]]) -> tuple[bytes, str]:
    """The bytes of the file after *edits*, and what is wrong with them; empty when the proof holds."""
    if not edits:
        return b"", ""
    for statement, edit in edits:
        if not set(_COMMENT.findall(source.statement(statement))) <= set(_COMMENT.findall(edit.new)):
            return b"", "the new text has lost a comment"
    body = source.text.edited(edit for _, edit in edits)
    try:
        return body.decode().encode(source.text.encoding), flaw(source.tree, body)
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.end]
        return b"", f"{found!r} cannot be written in {source.text.encoding}; save the file as UTF-8"


def _made(source: Source, statement: Import, edit: Edit, moves: Mapping[ast.alias, Move], wrong: str) -> Finding:
    found = {alias.name: moves[alias] for alias in statement.node.names if alias in moves}
    return Finding(
        path="",
        line=statement.line,
        kind="unsure" if wrong else "left",
        text=" ".join(source.statement(statement).split()),
        rule=", ".join(dict.fromkeys(str(move.rule) for move in found.values())),
        reason=f"left as it was, because {wrong}" if wrong else "",
        hint="" if wrong else " ".join(edit.new.split()),
        names=tuple(found),
    )


def flaw(old: ast.Module, new: bytes) -> str:
    """What is wrong with *new* as the text of *old*; empty when they differ in imports alone."""
    try:
        tree = parse(new)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the new text does not parse: {error}"
    return "" if _is_same(old, tree) else "the new text says something else"


def _is_same(old: ast.Module, new: ast.Module) -> bool:
    """Whether the trees differ in nothing but imports that bind the same names in each suite."""
    pending: list[tuple[Any, Any]] = [(old, new)]
    while pending:
        one, other = pending.pop()
        kind = one.__class__
        if kind is not other.__class__:
            return False
        if kind is list:
            if not _IMPORTS.isdisjoint(map(type, one)):
                if _bound(one) != _bound(other):
                    return False
                one, other = _without_imports(one), _without_imports(other)
            if len(one) != len(other):
                return False
            pending += zip(one, other, strict=True)
        elif isinstance(one, ast.AST):
            for field in kind._fields:
                part, its_part = getattr(one, field, None), getattr(other, field, None)
                if part is not its_part:  # names are often the same object
                    pending.append((part, its_part))
        elif one != other:
            return False
    return True


def _without_imports(suite: list[ast.stmt]) -> list[ast.stmt]:
    return [
        statement
        for statement in suite
        if not isinstance(statement, ast.Import | ast.ImportFrom) or getattr(statement, "module", "") == "__future__"
    ]


def _bound(suite: list[ast.stmt]) -> set[tuple[str, bool]]:
    """The names that imports bind in *suite*, each with whether the import is lazy (PEP 810)."""
    return {
        (alias.asname or alias.name.partition(".")[0], bool(getattr(statement, "is_lazy", False)))
        for statement in suite
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
    }


def read(path: str) -> bytes:
    """The bytes of the file *path*."""
    with open(path, "rb") as file:
        return file.read()


def replace(path: str, old: bytes, new: bytes) -> None:
    """Give the file *path*, which held *old*, the bytes *new*; its mode and its owner stay.

    At every moment whoever reads it finds one or the other, whole. Raises :class:`OSError`, with the file as it was,
    when it is read-only, was changed by somebody meanwhile, or cannot be written.
    """
    before = os.stat(path)
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK):
        # The folder alone decides about a replacement; but who makes a file read-only does not want it changed.
        raise PermissionError(errno.EACCES, "the file is read-only", path)
    handle, temporary = tempfile.mkstemp(_SUFFIX, _PREFIX, os.path.dirname(path))
    try:
        with open(handle, "wb") as file:
            file.write(new)
        _look_alike(path, temporary, before)
        if read(path) not in (old, new):  # another run may have done the same
            raise OSError(errno.EBUSY, "somebody has changed the file since it was read", path)
        os.replace(temporary, path)
    except BaseException as error:
        is_cleared = isinstance(error, FileNotFoundError) and not os.path.lexists(temporary)
        with suppress(OSError):
            os.unlink(temporary)
        if is_cleared:
            raise OSError(errno.EBUSY, "another run has begun meanwhile; run this again", path) from error
        raise


def _look_alike(path: str, temporary: str, before: os.stat_result) -> None:
    """Give *temporary* the owner, the mode and the extended attributes of *path*, but the time of now."""
    now = os.stat(temporary)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):  # of another's file that we may write, we become the owner
            os.chown(temporary, before.st_uid, before.st_gid)
    shutil.copystat(path, temporary)
    os.utime(temporary)


def clear_leftovers(files: Iterable[str]) -> list[tuple[str, str]]:
    """Remove what a killed run has left beside *files*; gives each folder where that failed, with the reason."""
    problems: list[tuple[str, str]] = []
    for folder in dict.fromkeys(map(os.path.dirname, files)):
        try:
            names = [name for name in os.listdir(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)]
            for name in names:
                Path(folder, name).unlink(missing_ok=True)
        except OSError as error:
            problems.append((folder, f"the leftovers of another run cannot be removed: {error.strerror}"))
    return problems


def unified_diff(name: str, old: bytes, new: bytes) -> bytes:
    r"""The change from *old* to *new* of the file *name*, a path with forward slashes.

    >>> print(unified_diff("a.py", b"import a\nx\n", b"import b\nx").decode(), end="")
    --- a/a.py
    +++ b/a.py
    @@ -1,2 +1,2 @@
    -import a
    -x
    +import b
    +x
    \ No newline at end of file
    """
    ours, theirs = _lines(old), _lines(new)
    head = [b"--- " + _quoted(f"a/{name}") + b"\n", b"+++ " + _quoted(f"b/{name}") + b"\n"]
    return b"".join([*head, *_hunks(ours, theirs)])


def _lines(source: bytes) -> list[bytes]:
    """The lines as git and patch count them: a lone carriage return or a form feed ends none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", source)


def _quoted(name: str) -> bytes:
    """*name* as git writes it in a header: quoted when a reader could take a part of it for something else."""
    raw = os.fsencode(name)
    if not re.search(rb'[\x00-\x1f\x7f"\\]', raw):
        return raw + b"\t" if b" " in raw else raw
    return b'"' + re.sub(rb"[^ !#-\[\]-~]", lambda byte: b"\\%03o" % byte[0][0], raw) + b'"'


def _hunks(ours: Sequence[bytes], theirs: Sequence[bytes]) -> Iterator[bytes]:
    # Most of a file is as it was: only what lies between the first and the last change is worth a comparison.
    start = max(_equal(ours, theirs) - _CONTEXT, 0)
    ours, theirs = ours[start:], theirs[start:]
    end = max(_equal(ours[::-1], theirs[::-1]) - _CONTEXT, 0)
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    for group in SequenceMatcher(None, ours, theirs).get_grouped_opcodes(_CONTEXT):
        (_, first, _, other_first, _), (_, _, last, _, other_last) = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_span(first + start, last + start), _span(other_first + start, other_last + start))
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from _marked(b" ", ours[a:b])
            else:
                yield from _marked(b"-", ours[a:b])
                yield from _marked(b"+", theirs[c:d])


def _equal(ours: Sequence[bytes], theirs: Sequence[bytes]) -> int:
    """How many lines are the same from the first one on."""
    differing = (index for index, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other)
    return next(differing, min(len(ours), len(theirs)))


def _span(first: int, last: int) -> bytes:
    """The lines from *first* (counted from 0) up to *last*; an empty span is named by the line before it."""
    count = last - first
    return b"%d" % last if count == 1 else b"%d,%d" % (first + 1 if count else first, count)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + (line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n")
