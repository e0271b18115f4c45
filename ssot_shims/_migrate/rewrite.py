"""A file rewritten: the new text, the proof that only its imports differ, the atomic write, and the diff."""

from __future__ import annotations

import ast
import difflib
import errno
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ssot_shims._codebase.findings import Finding
from ssot_shims._codebase.source import Edit, Import, Source, local_name, parse
from ssot_shims._migrate.file import File, finding_at, plan
from ssot_shims._migrate.guard import Doubt
from ssot_shims._migrate.rules import Rule

# By its name the next run knows what a killed one has left. The name of the file is not in it: it may be as long as
# names can be.
_PREFIX = ".ssot-shims-migrate-"
_SUFFIX = ".tmp"
_COMMENT = re.compile(rb"#[^\r\n]*")


def rewrite(file: File) -> tuple[bytes | None, tuple[Finding, ...]]:
    """The new bytes of *file*, None when nothing of it moves or the proof fails; and what is reported."""
    moves, findings = plan(file)
    edits = list(_edits(file.source, moves)) if moves else []
    body = file.source.text.edited(edit for _, edit in edits)
    wrong = flaw(file.source, body) if edits else ""
    findings += (_finding(file, statement, edit, moves, wrong) for statement, edit in edits)
    new = body.decode().encode(file.source.text.encoding) if edits and not wrong else None
    return new, tuple(sorted(findings, key=lambda finding: finding.line))


def _edits(source: Source, moves: Mapping[ast.alias, Rule]) -> Iterator[tuple[Import, Edit]]:
    """Each import statement of *source* with *moves*, and the edit that makes them."""
    from ssot_shims._migrate.statement import replaced  # LibCST takes 0.2 s to import

    for statement in source.imports:
        found = [(moves.get(alias), alias.name) for alias in statement.node.names]
        homes = tuple(rule.new_home_of(name) if rule else None for rule, name in found)
        if any(homes):
            yield statement, replaced(source.text, statement, homes)


def _finding(file: File, statement: Import, edit: Edit, moves: Mapping[ast.alias, Rule], wrong: str) -> Finding:
    """The finding about a *statement* that is rewritten, or is not because of what is *wrong* with the new text."""
    found = {alias.name: moves[alias] for alias in statement.node.names if alias in moves}
    rules = ", ".join(dict.fromkeys(map(str, found.values())))
    reason, hint = (f"left as it was, because {wrong}", "") if wrong else ("", " ".join(edit.new.split()))
    return finding_at(file, statement, "unsure" if wrong else "left", Doubt(reason=reason, hint=hint), rules, *found)


def flaw(old: Source, new: bytes) -> str:
    """What is wrong with *new* as the text of *old*; empty when they differ in imports alone."""
    if Counter(_COMMENT.findall(old.text.body)) - Counter(_COMMENT.findall(new)):
        return "the new text has lost a comment"
    try:
        tree = parse(new)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the new text does not parse: {error}"
    return "" if _is_same(old.tree, tree) else "the new text says something else"


def _is_same(old: ast.Module, new: ast.Module) -> bool:
    """Whether the trees differ in nothing but imports that bind the same names in each suite."""
    pending: list[tuple[Any, Any]] = [(old, new)]
    while pending:
        one, other = pending.pop()
        if one.__class__ is not other.__class__:
            return False
        if one.__class__ is list:
            (bound, one), (its_bound, other) = _parted(one), _parted(other)
            if bound != its_bound or len(one) != len(other):
                return False
            pending += zip(one, other, strict=True)
        elif isinstance(one, ast.AST):
            pairs = ((getattr(one, field, None), getattr(other, field, None)) for field in one._fields)
            pending += (pair for pair in pairs if pair[0] is not pair[1])  # names are often the same object
        elif one != other:
            return False
    return True


def _parted(suite: list[Any]) -> tuple[set[tuple[str, bool]], list[Any]]:
    """The names that imports bind in *suite*, each with whether the import is lazy (PEP 810); and all other nodes."""
    imports = [node for node in suite if isinstance(node, ast.Import | ast.ImportFrom)]
    imports = [node for node in imports if getattr(node, "module", "") != "__future__"]
    bound = {(local_name(alias), bool(getattr(node, "is_lazy", False))) for node in imports for alias in node.names}
    return bound, [node for node in suite if node not in imports] if imports else suite


def replace(path: str, old: bytes, new: bytes) -> None:
    """Give the file *path*, which held *old*, the bytes *new*; its mode, owner and extended attributes stay.

    At every moment whoever reads it finds one or the other, whole. Raises :class:`OSError`, with the file as it was,
    when it is read-only, was changed by somebody meanwhile, or cannot be written.
    """
    before = os.stat(path)
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK):
        # The folder alone decides about a replacement; but who makes a file read-only does not want it changed.
        raise PermissionError(errno.EACCES, "the file is read-only", path)
    temporary = os.path.join(os.path.dirname(path), f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")
    try:  # from before the file is there, because Ctrl-C may come while it is made
        with open(temporary, "xb", opener=partial(os.open, mode=0o600)) as file:
            file.write(new)
        with suppress(PermissionError, AttributeError):  # of another's file we become the owner; Windows has no chown
            os.chown(temporary, before.st_uid, before.st_gid)
        shutil.copystat(path, temporary)
        os.utime(temporary)
        if Path(path).read_bytes() not in (old, new):  # another run may have done the same
            raise OSError(errno.EBUSY, "somebody has changed the file since it was read", path)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def clear_leftovers(files: Iterable[str]) -> None:
    """Remove what a killed run has left beside *files*, where that is possible."""
    for folder in set(map(os.path.dirname, files)):
        for leftover in Path(folder).glob(f"{_PREFIX}*{_SUFFIX}"):
            with suppress(OSError):
                leftover.unlink()


def unified_diff(name: str, old: bytes, new: bytes) -> bytes:
    r"""The change from *old* to *new* of the file *name*.

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
    # Lines as git and patch count them: a lone carriage return or a form feed ends none.
    ours, theirs = (re.findall("[^\n]*\n|[^\n]+", source.decode("latin-1")) for source in (old, new))
    shown = re.sub(r"[\x00-\x1f\x7f]", "?", name.replace(os.sep, "/").lstrip("/"))
    path = os.fsencode(shown).decode("latin-1") + ("\t" if " " in shown else "")  # which ends a name with blanks
    lines = difflib.unified_diff(ours, theirs, f"a/{path}", f"b/{path}")
    ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(ended).encode("latin-1")
