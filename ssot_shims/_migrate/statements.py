"""One import statement, written anew by LibCST: names with a new home leave it, layout and comments stay."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import libcst
from libcst import BaseParenthesizableWhitespace, Comma, ImportAlias, MaybeSentinel, ParenthesizedWhitespace

from ssot_shims._migrate.layout import TOOL_COMMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # A module and a name in it, or without a name the module itself, imported plainly.
    Home = tuple[str, str | None]
    # Where one imported name comes from in future; None is where it comes from now, and nothing at all drops it.
    Homes = tuple[Home | None, ...]

_SPACE = libcst.SimpleWhitespace(" ")


@lru_cache(maxsize=4096)  # the same few statements stand in most files of a tree
def rewritten(text: str, homes: tuple[Homes, ...]) -> tuple[str, ...]:
    """The statements to stand in place of *text*, an import statement whose names have these new *homes*.

    What stays comes last, because a comment may follow.

    >>> rewritten("from old import A, B as b, C", ((("new", "A"),), (("new", "B2"),), (None,)))
    ('from new import A, B2 as b', 'from old import C')
    """
    module = libcst.parse_module(text)
    statement = libcst.ensure_type(module.body[0], libcst.SimpleStatementLine).body[0]
    parts: Iterator[libcst.BaseSmallStatement | str]
    if isinstance(statement, libcst.ImportFrom):
        parts = _import_from(statement, homes)
    else:
        parts = _import(libcst.ensure_type(statement, libcst.Import), homes)
    return tuple(part if isinstance(part, str) else module.code_for_node(part) for part in parts)


def _import(statement: libcst.Import, homes: Sequence[Homes]) -> Iterator[libcst.Import | str]:
    """Each module has one place in the statement; a further home is a statement of its own."""
    left: list[ImportAlias] = []
    for alias, of_alias in zip(statement.names, homes, strict=True):
        modules = [home[0] for home in of_alias if home]
        if None in of_alias:
            left.append(alias)
        elif modules:
            left.append(alias.with_changes(name=libcst.parse_expression(modules.pop())))
        for module in modules:
            yield f"import {module}"
    if left:
        yield statement.with_changes(names=_closed(left))


def _import_from(statement: libcst.ImportFrom, homes: Sequence[Homes]) -> Iterator[libcst.ImportFrom | str]:
    aliases = _aliases(statement)
    moved: dict[str, dict[int, ImportAlias]] = {}
    for index, alias in enumerate(aliases):
        for module, name in filter(None, homes[index]):
            if name is None:
                yield _plain(module, alias)
            else:
                moved.setdefault(module, {})[index] = _renamed(alias, name)
    for module, of_module in moved.items():
        yield _with_module(_only(statement, of_module), module)
    stays = {index: alias for index, alias in enumerate(aliases) if None in homes[index]}
    if stays:
        yield _only(statement, stays)


def _aliases(statement: libcst.ImportFrom) -> Sequence[ImportAlias]:
    assert not isinstance(statement.names, libcst.ImportStar)  # which is never rewritten
    return statement.names


def _plain(module: str, alias: ImportAlias) -> str:
    local = alias.evaluated_alias or alias.evaluated_name
    return f"import {module}" if local == module else f"import {module} as {local}"


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
    """*statement* with the aliases *kept* alone."""
    aliases, names = _aliases(statement), [*kept.values()]
    if len(names) == len(aliases):
        return statement.with_changes(names=names)
    if statement.lpar is None or statement.rpar is None:
        return statement.with_changes(names=_closed(names))
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
    names[-1:] = [_before_gap(names[-1], closing)] if ends_in_comma else _closed(names[-1:])
    return statement.with_changes(
        names=names,
        lpar=statement.lpar.with_changes(whitespace_after=opening),
        rpar=statement.rpar if ends_in_comma else statement.rpar.with_changes(whitespace_before=closing),
    )


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
    """*gap* without comments, except what its first line says to a tool."""
    if not isinstance(gap, ParenthesizedWhitespace):
        return gap
    comment = gap.first_line.comment
    is_for_tool = comment is not None and TOOL_COMMENT.match(comment.value)
    first_line = gap.first_line if is_for_tool else libcst.TrailingWhitespace(newline=gap.first_line.newline)
    return gap.with_changes(first_line=first_line, empty_lines=())


def _before_gap(alias: ImportAlias, gap: BaseParenthesizableWhitespace) -> ImportAlias:
    comma = alias.comma if isinstance(alias.comma, Comma) else Comma()
    return alias.with_changes(comma=comma.with_changes(whitespace_after=gap))


def _closed(names: Sequence[ImportAlias]) -> list[ImportAlias]:
    """*names* without a comma behind the last."""
    return [*names[:-1], names[-1].with_changes(comma=MaybeSentinel.DEFAULT)]
