"""What stands around an import and expects that it fails, warns, or is one of several ways to get a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from ssot_shims._codebase.source import Import, assigned, called, caught, constant, is_loud
from ssot_shims._record import Record

# Functions whose block or argument is expected to raise or to warn: pytest's, unittest's, and those of a suite.
_EXPECTING = re.compile("raise|warn|expect|suppress|deprecat", re.IGNORECASE)
_EXPECTED = frozenset({"xfail", "expectedFailure", "recwarn"})
_ERRORS = ("Error", "Exception", "Exit", "Warning")  # how errors are called
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_CAUGHT = _IMPORT_ERRORS | {"Exception", "BaseException"}
_BY_HAND = "move it by hand, if that is about something else"


class Doubt(Record):
    """Why an import is left as it is, the line of the same file that is the cause, and what to write instead.

    In *hint* ``{new}`` stands for the new place, and ``{upstream}`` for the upstream that a test would require: that is
    the name of the shim where the new place is one, because a shim is always there.
    """

    reason: str
    other_line: int = 0
    hint: str = "move it by hand, or keep it with the comment # ssot-shims: keep"


def guard_around(statement: Import, tree: ast.Module, is_to_shim: bool) -> Doubt | None:
    """What guards *statement* of the file *tree*, the innermost guard first."""
    pairs = pairwise((statement.node, *statement.around))
    return next(filter(None, (_guard(node, inner, tree, is_to_shim) for inner, node in pairs)), None)


def _guard(node: ast.AST, inner: ast.AST, tree: ast.Module, is_to_shim: bool) -> Doubt | None:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.With | ast.AsyncWith):
        expecting = [*node.items, *(node.body if "ExitStack" in _words(node.items) else ())]
        reason = "a block around it expects an error or a warning"
        return Doubt(reason=reason, other_line=line, hint=_BY_HAND) if _expects(expecting) else None
    if isinstance(node, ast.Try | ast.TryStar) and inner in node.body:
        return _guard_of_try(node, is_to_shim)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        words = _words([*node.decorator_list, *([] if isinstance(node, ast.ClassDef) else [node.args])])
        if words & _EXPECTED or node.name in _expected_to_fail(tree):
            return Doubt(reason=f"an error or a warning of {node.name} is expected", other_line=line, hint=_BY_HAND)
    return None


def _guard_of_try(node: ast.Try | ast.TryStar, is_to_shim: bool) -> Doubt | None:
    handler = next((each for each in node.handlers if _catches(each) and not is_loud(each.body[-1])), None)
    if handler is None:
        return None
    for _, value in assigned([*node.body, *node.orelse, *(part for each in node.handlers for part in each.body)]):
        if isinstance(constant(value), bool):
            reason = "a flag beside it says whether the import works"
            hint = 'mark the tests that ask for the flag: @pytest.mark.requires_upstream("{upstream}")'
            return Doubt(reason=reason, other_line=value.lineno, hint=hint)
    reason = "an except around it is a fallback for when the import fails"
    hint = "take it from {new} and the except away, or move it by hand"
    if is_to_shim:
        reason = "an except around it would never run, because the import of a shim does not fail"
        hint = 'write require("upstream:{upstream}"), or take the except away'
    return Doubt(reason=reason, other_line=handler.lineno, hint=hint)


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether *handler* may catch an ImportError."""
    return any(name in _CAUGHT or not name.endswith(_ERRORS) for name in caught(handler))


@lru_cache(maxsize=1)  # many imports of one file ask
def _expected_to_fail(tree: ast.Module) -> set[str]:
    """The words in what is expected to raise or to warn, and in what an except for ImportError guards."""
    words = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith) and _expects(node.items):
            words |= _words(node.body)
        elif isinstance(node, ast.Call) and _EXPECTING.search(called(node)):
            words |= _words([*node.args, *node.keywords])
        elif isinstance(node, ast.Try | ast.TryStar):
            names = {name for each in node.handlers if not is_loud(each.body[-1]) for name in caught(each)}
            words |= _words(node.body) if names & _IMPORT_ERRORS else set()
    return words


def _expects(nodes: Iterable[ast.AST]) -> bool:
    """Whether a function is called in *nodes* that expects an error or a warning."""
    return any(_EXPECTING.search(called(part)) for node in nodes for part in ast.walk(node))


def _words(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name, attribute and argument in *nodes*."""
    parts = [part for node in nodes for part in ast.walk(node)]
    return {word for part in parts for field in ("id", "attr", "arg") if (word := getattr(part, field, None))}
