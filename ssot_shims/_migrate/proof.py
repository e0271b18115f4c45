"""The proof that a new text says what the old one did, apart from its imports."""

from __future__ import annotations

import ast

from ssot_shims._migrate.source import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ssot_shims._migrate.source import Source


_IMPORTS = frozenset({ast.Import, ast.ImportFrom})


def flaw(old: Source, new: bytes, renamed: Mapping[ast.expr, str]) -> str:
    """What is wrong with *new* in place of the body of *old*; empty when they differ in imports alone.

    *renamed* are the dotted uses of *old* that were rewritten, with what they are to be now.
    """
    if old.tree is None:
        from ssot_shims._migrate.newer import outline_newer  # LibCST, as in read_source()

        is_same = outline_newer(new) == outline_newer(old.text.body)
        return "" if is_same else "the new text says something else"
    try:
        tree = parse(new)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the new text does not parse: {error}"
    return "" if _is_same(old.tree, tree, renamed) else "the new text says something else"


def _is_same(old: ast.Module, new: ast.Module, renamed: Mapping[ast.expr, str]) -> bool:
    """Whether the trees differ in nothing but *renamed* uses, and imports that bind the same names in each suite."""
    pending: list[tuple[Any, Any]] = [(old, new)]
    while pending:
        one, other = pending.pop()
        kind = one.__class__
        if kind is not other.__class__:
            return False
        if kind is list:
            if not _IMPORTS.isdisjoint(map(type, one)):
                if _bound(one, not renamed) != _bound(other, not renamed):
                    return False
                one, other = _without_imports(one), _without_imports(other)
            if len(one) != len(other):
                return False
            pending += zip(one, other, strict=True)
        elif kind is ast.Attribute and one in renamed:
            if ast.unparse(other) != renamed[one]:
                return False
        elif isinstance(one, ast.AST):
            for field in kind._fields:
                part, its_part = getattr(one, field, None), getattr(other, field, None)
                if part is not its_part:  # names are often the same object
                    pending.append((part, its_part))
        elif one != other:
            return False
    return True


def _without_imports(suite: list[ast.stmt]) -> list[ast.stmt]:
    return [statement for statement in suite if not _is_import(statement)]


def _is_import(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.module != "__future__"
    return isinstance(statement, ast.Import)


def _bound(suite: list[ast.stmt], with_packages: bool) -> set[str]:
    """The names that imports bind in *suite*; ``a`` of ``import a.b.c`` only *with_packages*."""
    return {
        alias.asname or alias.name.partition(".")[0]
        for statement in suite
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
        if with_packages or alias.asname or isinstance(statement, ast.ImportFrom)
    }
