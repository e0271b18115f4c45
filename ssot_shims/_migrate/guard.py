"""What stands around an import and expects that it fails, warns, or is one of several ways to get a name."""

from __future__ import annotations

import ast
import re

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssot_shims._codebase.source import Import

# Functions whose block or argument is expected to raise or to warn: pytest's, unittest's, and those of a suite.
_EXPECTING = re.compile("raise|warn|expect|suppress|deprecat", re.IGNORECASE)
_EXPECTED = frozenset({"xfail", "expectedFailure", "recwarn"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_LOUD = frozenset({"fail", "exit", "_exit"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_SEE = "move it by hand, if that is about something else"


class Doubt(Record):
    """Why an import is left as it is, the line of the same file that is the cause, and what to write instead.

    In *hint* ``{new}`` stands for the new place.
    """

    reason: str
    line: int = 0
    hint: str = "move it by hand, or keep it with the comment # ssot-shims: keep"


class Guards:
    """The guards of one file."""

    def __init__(self, tree: ast.Module) -> None:
        self._called = set(_called_under_guard(tree))  # functions of which a failure is expected

    def around(self, statement: Import, is_to_shim: bool) -> Doubt | None:
        """What guards *statement*, from the inside to the outside."""
        inner: ast.AST = statement.node
        for node in statement.around:
            if guard := self._guard(node, inner, is_to_shim):
                return guard
            inner = node
        return None

    def _guard(self, node: ast.AST, inner: ast.AST, is_to_shim: bool) -> Doubt | None:
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.With | ast.AsyncWith):
            expecting = [*node.items, *(node.body if "ExitStack" in _words(node.items) else ())]
            reason = "a block around it expects an error or a warning"
            return Doubt(reason=reason, line=line, hint=_SEE) if _expects(expecting) else None
        if isinstance(node, ast.Try | ast.TryStar) and inner in node.body:
            return _guard_of_try(node, is_to_shim)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            words = _words(node.decorator_list)
            words |= _words([node.args]) if not isinstance(node, ast.ClassDef) else set()
            if words & _EXPECTED or node.name in self._called:
                return Doubt(reason=f"an error or a warning of {node.name} is expected", line=line, hint=_SEE)
        return None

    def is_conditional(self, statement: Import) -> bool:
        """Whether *statement* runs in some cases only, or may fail."""
        return any(
            isinstance(node, ast.Try | ast.TryStar | ast.If | ast.With | ast.AsyncWith) and not _is_for_types(node)
            for node in statement.around
        )

    def bindings(self, statement: Import, local: str) -> Iterator[tuple[ast.AST, ast.AST]]:
        """What binds *local* in the scope of *statement*, each with the node it is part of; nothing for types alone."""
        if any(map(_is_for_types, statement.around)):
            return
        scope = next(node for node in statement.around if isinstance(node, (*_SCOPES, ast.Module)))
        yield from bindings_in(scope, local)


def bindings_in(scope: ast.AST, local: str) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What binds *local* in *scope*, a module, a class or a function, each with the node it is part of."""
    pending: list[tuple[ast.AST, ast.AST]] = [(scope, child) for child in ast.iter_child_nodes(scope)]
    while pending:
        parent, node = pending.pop()
        if _binds(node, local, parent):
            yield parent, node
        if not isinstance(node, _SCOPES):
            pending += [(node, child) for child in ast.iter_child_nodes(node)]


def _guard_of_try(node: ast.Try | ast.TryStar, is_to_shim: bool) -> Doubt | None:
    handler = next((each for each in node.handlers if _catches(each) and not _is_loud(each)), None)
    if handler is None:
        return None
    for suite in (node.body, node.orelse, *(each.body for each in node.handlers)):
        for statement in suite:
            if isinstance(statement, ast.Assign) and getattr(statement.value, "value", None) in (True, False):
                reason = "a flag beside it says whether the import works"
                hint = 'mark the tests that ask for the flag: @pytest.mark.requires_upstream("{new}")'
                return Doubt(reason=reason, line=statement.lineno, hint=hint)
    if is_to_shim:
        reason = "an except guards it that would never run, because the import of a shim does not fail"
        return Doubt(reason=reason, line=handler.lineno, hint='write import_or_skip("{new}"), or take the except away')
    reason = "an except around it is a fallback for when the import fails"
    return Doubt(reason=reason, line=handler.lineno, hint="take it from {new} and the except away, or move it by hand")


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether *handler* may catch an ImportError."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    caught = _IMPORT_ERRORS | {"Exception", "BaseException"}
    endings = ("Error", "Exception", "Exit", "Warning")
    return any(name in caught or not name.endswith(endings) for name in map(_name, kinds))


def _is_loud(handler: ast.ExceptHandler) -> bool:
    """Whether *handler* ends in an error in its turn."""
    last = handler.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _name(last.value.func) in _LOUD
    is_assert_false = isinstance(last, ast.Assert) and getattr(last.test, "value", None) is False
    return isinstance(last, ast.Raise) or is_assert_false


def _called_under_guard(tree: ast.Module) -> Iterator[str]:
    """The words in what is expected to raise or to warn, and in what an except for ImportError guards."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith) and _expects(node.items):
            yield from _words(node.body)
        elif isinstance(node, ast.Call) and _EXPECTING.search(_name(node.func)):
            yield from _words([*node.args, *node.keywords])
        elif isinstance(node, ast.Try | ast.TryStar):
            caught = _words(handler.type for handler in node.handlers if handler.type and not _is_loud(handler))
            yield from _words(node.body) if caught & _IMPORT_ERRORS else ()


def _expects(nodes: Iterable[ast.AST]) -> bool:
    """Whether a function is called in *nodes* that expects an error or a warning."""
    calls = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))
    return any(_EXPECTING.search(_name(call.func)) for call in calls)


def _name(node: ast.AST | None) -> str:
    """The last word of a dotted name."""
    return getattr(node, "attr", "") or getattr(node, "id", "")


def _words(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name, attribute and argument in *nodes*."""
    parts = [part for node in nodes for part in ast.walk(node)]
    return {word for part in parts for field in ("id", "attr", "arg") if (word := getattr(part, field, None))}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in _words([node.test])


def _binds(node: ast.AST, local: str, parent: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name == local and not isinstance(node.ctx, ast.Load)
        case ast.alias(name=name, asname=asname):
            return (asname or (name if isinstance(parent, ast.ImportFrom) else name.partition(".")[0])) == local
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == local
        case _:
            return getattr(node, "arg", "") == local and isinstance(node, ast.arg)
