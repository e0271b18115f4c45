"""One import statement, rewritten by LibCST: names with a new home leave it, layout and comments stay."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

import libcst
from libcst import BaseParenthesizableWhitespace, Comma, ImportAlias, MaybeSentinel, ParenthesizedWhitespace

from ssot_shims._codebase.source import Edit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssot_shims._codebase.source import Import, Text

    Homes = tuple[tuple[str, str] | None, ...]  # for each name its new module and name, or None where it stays

_TOOLS = "fmt|flake8|isort|mypy|pragma|pylint|pyre|pyright|ruff|ty|type|yapf"
# A comment for a tool is about the statement, and goes with it; one for people stays.
_TOOL_COMMENT = re.compile(rf"#\s*(?:noqa|nosec|noinspection|(?:{_TOOLS})\s*:)", re.IGNORECASE)
_REST = re.compile(rb"[ \t\f]*(#[^\r\n]*)?(\r\n?|\n|\Z)")
_LAZY = re.compile(r"lazy\s+(?=from\b)")  # PEP 810
_SPACE = libcst.SimpleWhitespace(" ")
_NOTHING = libcst.SimpleWhitespace("")


@lru_cache(maxsize=4096)  # the same few statements stand in most files of a tree
def rewritten(text: str, homes: Homes) -> tuple[str, ...]:
    """The statements that replace *text*, an import statement whose names have these new *homes*.

    What stays comes last, because a comment may follow.

    >>> rewritten("from old import A, B as b, C", (("new", "A"), ("new", "B2"), None))
    ('from new import A, B2 as b', 'from old import C')
    """
    lazy = _LAZY.match(text)
    prefix = lazy[0] if lazy else ""
    module = libcst.parse_module(text.removeprefix(prefix))
    line = libcst.ensure_type(module.body[0], libcst.SimpleStatementLine)
    parts = _parts(libcst.ensure_type(line.body[0], libcst.ImportFrom), homes)
    return tuple(prefix + module.code_for_node(part) for part in parts)


def _parts(statement: libcst.ImportFrom, homes: Homes) -> Iterator[libcst.ImportFrom]:
    moved: dict[str, dict[int, ImportAlias]] = {}
    stays: dict[int, ImportAlias] = {}
    for index, (alias, home) in enumerate(zip(_aliases(statement), homes, strict=True)):
        if home is None:
            stays[index] = alias
        else:
            moved.setdefault(home[0], {})[index] = _renamed(alias, home[1])
    for module, of_module in moved.items():
        yield _with_module(_only(statement, of_module), module)
    if stays:
        yield _only(statement, stays)


def _aliases(statement: libcst.ImportFrom) -> Sequence[ImportAlias]:
    assert not isinstance(statement.names, libcst.ImportStar)  # which is never rewritten
    return statement.names


def _renamed(alias: ImportAlias, name: str) -> ImportAlias:
    """*alias* for a thing that is called *name* in its new home, bound to the same local name as before."""
    old, local = alias.evaluated_name, alias.evaluated_alias
    if name == old:
        return alias
    if local is None:
        return alias.with_changes(name=libcst.Name(name), asname=libcst.AsName(name=libcst.Name(old)))
    return alias.with_changes(name=libcst.Name(name), asname=None if local == name else alias.asname)


def _with_module(statement: libcst.ImportFrom, module: str) -> libcst.ImportFrom:
    # Around the dots of a relative import there need not be any space.
    before, after = statement.whitespace_after_from, statement.whitespace_before_import
    return statement.with_changes(
        module=libcst.parse_expression(module),
        relative=(),
        whitespace_after_from=_SPACE if before.empty else before,
        whitespace_before_import=_SPACE if after.empty else after,
    )


def _only(statement: libcst.ImportFrom, kept: dict[int, ImportAlias]) -> libcst.ImportFrom:
    """*statement* with the aliases *kept* alone; one alone is written on one line."""
    aliases, names = _aliases(statement), [*kept.values()]
    if len(names) == len(aliases):
        return statement.with_changes(names=names)
    if statement.lpar is None or statement.rpar is None:
        return _on_one_line(statement, names)
    aliases = [_with_comma_last(alias) for alias in aliases]
    names = [alias.with_changes(comma=aliases[index].comma) for index, alias in kept.items()]
    gaps, ends_in_comma = _gaps(statement.lpar, aliases, statement.rpar)
    places, end = [*kept], len(aliases)
    for at, (place, following) in enumerate(pairwise(places)):
        names[at] = _before_gap(names[at], _gap(gaps[place + 1], gaps[following]))
    opening, closing = gaps[0], gaps[end]
    if places[0] != 0:  # the shape of the brackets stays, and comments go with their names
        first, opening = gaps[places[0]], _without_words(opening)
        opening = _gap(opening, first) if _has_comment_above(first) else opening
    if places[-1] != end - 1:
        last, closing = gaps[places[-1] + 1], _without_words(closing)
        closing = _gap(last, closing) if _has_comment_behind(last) else closing
    if len(names) == 1 and not any(_has_comment_above(gap) or _has_comment_behind(gap) for gap in (opening, closing)):
        return _on_one_line(statement.with_changes(lpar=None, rpar=None), names)
    names[-1:] = [_before_gap(names[-1], closing)] if ends_in_comma else _closed(names[-1:])
    return statement.with_changes(
        names=names,
        lpar=statement.lpar.with_changes(whitespace_after=opening),
        rpar=statement.rpar if ends_in_comma else statement.rpar.with_changes(whitespace_before=closing),
    )


def _on_one_line(statement: libcst.ImportFrom, names: list[ImportAlias]) -> libcst.ImportFrom:
    if len(names) > 1:
        return statement.with_changes(names=_closed(names))
    gaps = {"whitespace_before_import": statement.whitespace_before_import}
    gaps["whitespace_after_import"] = statement.whitespace_after_import
    spaces = {name: _SPACE for name, gap in gaps.items() if gap.empty or "\\" in getattr(gap, "value", "")}
    return statement.with_changes(names=_closed(names), **spaces)


def _with_comma_last(alias: ImportAlias) -> ImportAlias:
    """*alias* with its comma right behind it, where the comma is written on the next line, behind the comment."""
    comma = alias.comma
    if isinstance(comma, Comma) and isinstance(comma.whitespace_before, ParenthesizedWhitespace):
        before, after = comma.whitespace_before, comma.whitespace_after
        if isinstance(after, ParenthesizedWhitespace):
            comment = after.first_line.comment
            line = [libcst.EmptyLine(whitespace=before.last_line, comment=comment)] if comment else []
            before = before.with_changes(empty_lines=(*before.empty_lines, *line, *after.empty_lines))
        return alias.with_changes(comma=Comma(whitespace_before=_NOTHING, whitespace_after=before))
    return alias


def _gaps(
    lpar: libcst.LeftParen, aliases: Sequence[ImportAlias], rpar: libcst.RightParen
) -> tuple[list[BaseParenthesizableWhitespace], bool]:
    """What stands before each name and behind the last, comments and all; and whether the last has a comma."""
    behind = [alias.comma.whitespace_after for alias in aliases if isinstance(alias.comma, Comma)]
    ends_in_comma = len(behind) == len(aliases)
    return [lpar.whitespace_after, *behind, *([] if ends_in_comma else [rpar.whitespace_before])], ends_in_comma


def _gap(after: BaseParenthesizableWhitespace, before: BaseParenthesizableWhitespace) -> BaseParenthesizableWhitespace:
    """The end of the gap's first line as in *after*, where it belongs to a name, and its lines as in *before*."""
    if after is before:
        return after
    if not isinstance(before, ParenthesizedWhitespace):
        if isinstance(after, ParenthesizedWhitespace):
            return after.with_changes(empty_lines=())
        return after
    first_line = after.first_line if isinstance(after, ParenthesizedWhitespace) else libcst.TrailingWhitespace()
    return before.with_changes(first_line=first_line)


def _has_comment_above(gap: BaseParenthesizableWhitespace) -> bool:
    return isinstance(gap, ParenthesizedWhitespace) and any(line.comment for line in gap.empty_lines)


def _has_comment_behind(gap: BaseParenthesizableWhitespace) -> bool:
    return isinstance(gap, ParenthesizedWhitespace) and gap.first_line.comment is not None


def _without_words(gap: BaseParenthesizableWhitespace) -> BaseParenthesizableWhitespace:
    """*gap* without comments, except a comment for a tool on its first line."""
    if not isinstance(gap, ParenthesizedWhitespace):
        return gap
    comment = gap.first_line.comment
    is_for_tool = comment is not None and _TOOL_COMMENT.match(comment.value)
    first_line = gap.first_line if is_for_tool else libcst.TrailingWhitespace(newline=gap.first_line.newline)
    return gap.with_changes(first_line=first_line, empty_lines=())


def _before_gap(alias: ImportAlias, gap: BaseParenthesizableWhitespace) -> ImportAlias:
    comma = alias.comma if isinstance(alias.comma, Comma) else Comma()
    return alias.with_changes(comma=comma.with_changes(whitespace_after=gap))


def _closed(names: Sequence[ImportAlias]) -> list[ImportAlias]:
    """*names* without a comma behind the last."""
    return [*names[:-1], names[-1].with_changes(comma=MaybeSentinel.DEFAULT)]


def replaced(text: Text, statement: Import, parts: tuple[str, ...]) -> Edit:
    """The edit that replaces *statement* by *parts*: each on a line of its own when nothing else is on its lines."""
    indentation = _indentation(text, statement)
    if indentation is None:
        return Edit(start=statement.start, end=statement.end, new="; ".join(parts))
    rest = _REST.match(text.body, statement.end)
    comment = rest[1].decode() if rest and rest[1] else ""
    repeated = f"  {comment}" if _TOOL_COMMENT.match(comment) else ""
    new = f"{repeated}{text.line_end(statement.end)}{indentation}".join(parts)
    return Edit(start=statement.start, end=statement.end, new=new)


def _indentation(text: Text, statement: Import) -> str | None:
    """What stands before *statement* on its line; None when that is, or continues, other code."""
    start = text.starts[text.line(statement.start) - 1]
    before = text.body[start : statement.start].decode()
    above = text.body[text.starts[max(text.line(statement.start) - 2, 0)] : start]
    is_continued = above.rstrip(b"\r\n").endswith(b"\\") and not above.lstrip().startswith(b"#")
    if before.strip(" \t\f") or is_continued:
        return None
    return before.rpartition("\f")[2]  # columns are counted from a form feed on
