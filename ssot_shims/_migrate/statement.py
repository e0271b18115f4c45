"""One import statement, rewritten by LibCST: names with a new home leave it, and take their comments with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import libcst
from libcst import Comma, ImportAlias, MaybeSentinel, ParenthesizedWhitespace

from ssot_shims._codebase.source import Edit, Import, Text
from ssot_shims._lookup.lookup import Target
from ssot_shims._record import Record

Homes = tuple[Target | None, ...]  # for each name its new home, or None where it stays

_TOOLS = "fmt|flake8|isort|mypy|pragma|pylint|pyre|pyright|ruff|ty|type|yapf"
# A comment for a tool is about the statement, and goes with it; one for people stays.
_TOOL_COMMENT = re.compile(rf"#\s*(?:noqa|nosec|noinspection|(?:{_TOOLS})\s*:)", re.IGNORECASE)
_COMMENT_BEHIND = re.compile(rb"[ \t\f]*(#[^\r\n]*)(?=[\r\n]|\Z)")
_LAZY = re.compile(r"lazy\s+(?=from\b)")  # PEP 810
_SPACE = libcst.SimpleWhitespace(" ")


class Line(Record):
    """One name as a statement over several lines has it: its comments above, its text, and the comment behind it."""

    above: tuple[str, ...]
    text: str
    behind: str


def replaced(text: Text, statement: Import, homes: Homes) -> Edit:
    """The edit that gives the names of *statement* these new *homes*: a line for each, if it is alone on its lines."""
    before = text.body[text.offset(statement.line, 0) : statement.start].decode()
    is_alone = not before.strip()
    indentation = before.rpartition("\f")[2] if is_alone else ""  # columns are counted from a form feed on
    joint = text.line_end(statement.end) + indentation
    parts = rewritten(text.body[statement.start : statement.end].decode(), homes, joint)
    behind = _COMMENT_BEHIND.match(text.body, statement.end)
    comment = behind[1].decode() if behind else ""
    repeated = f"  {comment}" if _TOOL_COMMENT.match(comment) else ""
    new = (repeated + joint if is_alone else "; ").join(parts)
    return Edit(start=statement.start, end=statement.end, new=new)


@lru_cache(maxsize=4096)  # the same few statements stand in most files of a tree
def rewritten(text: str, homes: Homes, joint: str) -> tuple[str, ...]:
    r"""The statements that replace *text*, an import statement whose names have these new *homes*.

    Between lines stands *joint*. What stays comes last, because a comment may follow.

    >>> rewritten("from old import A, B as b, C", (Target.parse("new:A"), Target.parse("new:B2"), None), "\n")
    ('from new import A, B2 as b', 'from old import C')
    """
    lazy = _LAZY.match(text)
    prefix = lazy[0] if lazy else ""
    module = libcst.parse_module(text.removeprefix(prefix))
    line = libcst.ensure_type(module.body[0], libcst.SimpleStatementLine)
    statement = libcst.ensure_type(line.body[0], libcst.ImportFrom)
    assert not isinstance(statement.names, libcst.ImportStar)  # which is never rewritten
    aliases = statement.names
    by_module: dict[str, list[int]] = {}
    for index, home in enumerate(homes):
        by_module.setdefault(home.module if home else "", []).append(index)
    stays = by_module.pop("", [])
    if len(by_module) == 1 and not stays:
        return (prefix + module.code_for_node(_moved(statement, aliases, homes)),)
    dots, old = "." * len(statement.relative), module.code_for_node(statement.module) if statement.module else ""
    opening, lines, closing = _lines(module, statement, aliases, homes)
    is_long = statement.lpar is not None and "\n" in text.replace("\r", "\n")
    parts: list[str] = []
    for name, indexes in [*by_module.items(), *([(dots + old, stays)] if stays else [])]:
        above = opening if indexes[0] == 0 or _TOOL_COMMENT.match(opening) else ""
        below = closing if indexes[-1] == len(homes) - 1 else ()
        parts.append(prefix + _written(name, above, [lines[index] for index in indexes], below, joint, is_long))
    return tuple(parts)


def _moved(statement: libcst.ImportFrom, aliases: Sequence[ImportAlias], homes: Homes) -> libcst.ImportFrom:
    """*statement* for these *homes*, all in one module; everything else is as it was."""
    names = [_renamed(alias, home.symbol) for alias, home in zip(aliases, homes, strict=True) if home]
    # Around the dots of a relative import there need not be any space.
    before, after = statement.whitespace_after_from, statement.whitespace_before_import
    return statement.with_changes(
        module=libcst.parse_expression(homes[0].module if homes[0] else ""),
        relative=(),
        names=names,
        whitespace_after_from=_SPACE if before.empty else before,
        whitespace_before_import=_SPACE if after.empty else after,
    )


def _renamed(alias: ImportAlias, name: str) -> ImportAlias:
    """*alias* for a thing that is called *name* in its new home, bound to the same local name as before."""
    old, local = alias.evaluated_name, alias.evaluated_alias
    if name == old:
        return alias
    if local is None:
        return alias.with_changes(name=libcst.Name(name), asname=libcst.AsName(name=libcst.Name(old)))
    return alias.with_changes(name=libcst.Name(name), asname=None if local == name else alias.asname)


def _lines(
    module: libcst.Module, statement: libcst.ImportFrom, aliases: Sequence[ImportAlias], homes: Homes
) -> tuple[str, list[Line], tuple[str, ...]]:
    """The comment behind the opening parenthesis, a line for each name, and the comments above the closing one."""
    gaps = [[statement.lpar.whitespace_after] if statement.lpar else []]
    texts: list[str] = []
    for alias, home in zip(aliases, homes, strict=True):
        comma = alias.comma
        gaps.append([comma.whitespace_before, comma.whitespace_after] if isinstance(comma, Comma) else [])
        bare = (_renamed(alias, home.symbol) if home else alias).with_changes(comma=MaybeSentinel.DEFAULT)
        texts.append(module.code_for_node(bare))
    gaps[-1] += [statement.rpar.whitespace_before] if statement.rpar else []
    (opening, above), *others = map(_comments, gaps)
    lines: list[Line] = []
    for text, (behind, following) in zip(texts, others, strict=True):
        lines.append(Line(above=above, text=text, behind=behind))
        above = following
    return opening, lines, above


def _comments(gap: Sequence[libcst.BaseParenthesizableWhitespace]) -> tuple[str, tuple[str, ...]]:
    """The comment on the line that *gap* begins on, or an empty text; and those on its other lines."""
    parts = [part for part in gap if isinstance(part, ParenthesizedWhitespace)]
    found = [each for part in parts for each in (part.first_line.comment, *(line.comment for line in part.empty_lines))]
    first, *others = [comment.value if comment else "" for comment in found] or [""]
    return first, tuple(filter(None, others))


def _written(module: str, above: str, lines: Sequence[Line], below: Sequence[str], joint: str, is_long: bool) -> str:
    """The names of *lines* from *module*: on one line when there is no comment, and one name or no *is_long*."""
    head, names = f"from {module} import ", ", ".join(line.text for line in lines)
    has_comment = above or below or any(line.above or line.behind for line in lines)
    if not has_comment and (len(lines) == 1 or not is_long):
        return head + names
    step = "\t" if joint.endswith("\t") else "    "
    rows = [f"{head}(  {above}".rstrip()]
    for line in lines:
        rows += [*(step + comment for comment in line.above), f"{step}{line.text},  {line.behind}".rstrip()]
    return joint.join([*rows, *(step + comment for comment in below), ")"])
