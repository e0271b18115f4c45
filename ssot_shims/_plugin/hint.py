"""The line to write in place of an import that failed, when a shim offers what was to be imported."""

from __future__ import annotations

import ast
from linecache import getline, getlines

from ssot_shims._names import SHIMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    import pytest


def add_hint(report: pytest.CollectReport, call: pytest.CallInfo[Any], config: pytest.Config) -> None:
    """End the *report* of a collection that failed, as *call* says, with the hint, if there is one."""
    hint = _hint(call.excinfo.value, config) if call.excinfo else ""
    longrepr: Any = report.longrepr
    if not hint:
        return
    if hasattr(longrepr, "addsection"):
        longrepr.addsection("ssot_shims", hint)
    else:
        longrepr.longrepr = f"{longrepr.longrepr}\n{hint}"  # the text of an import error, which pytest has made


def add_note(error: Exception, config: pytest.Config) -> None:
    """End what is shown of *error*, when a conftest.py could not be imported because of it, with the hint."""
    cause = _import_error(error)
    hint = _hint(error, config)
    if cause and hint:
        cause.add_note(hint)


def _hint(error: BaseException, config: pytest.Config) -> str:
    cause = _import_error(error)
    statements = list(_statements(cause.__traceback__)) if cause else []
    lines = dict.fromkeys(_lines(statements, config)) if statements else {}
    return "\n".join(["A shim offers it, whether it is installed or not; write:", *lines]) if lines else ""


def _import_error(error: BaseException | None) -> ImportError | None:
    """The ImportError that *error* is, or that pytest has made it of."""
    while error is not None and not isinstance(error, ImportError):
        error = getattr(error, "cause", None) or error.__cause__
    return error


def _statements(traceback: TracebackType | None) -> Iterator[ast.ImportFrom]:
    """The ``from ... import`` statements that *traceback* has gone through, outermost first."""
    while traceback is not None:
        file, line = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        if "from " in getline(file, line):  # most files on the way are long, and none of the user's
            yield from _statements_at(file, line)
        traceback = traceback.tb_next


def _statements_at(file: str, line: int) -> Iterator[ast.ImportFrom]:
    try:
        tree = ast.parse("".join(getlines(file)))
    except (ValueError, SyntaxError):  # no Python
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or line) and not node.level:
            yield node


def _lines(statements: list[ast.ImportFrom], config: pytest.Config) -> Iterator[str]:
    """An import from the shim for each name in *statements* that one offers."""
    # Here, because most collections that fail have nothing to do with shims, and these load 40 modules.
    from ssot_shims._plugin.results import results_of
    from ssot_shims._plugin.settings import import_modules
    from ssot_shims._project.requirement import record_of
    from ssot_shims._shims.shim import all_shims

    before = all_shims()
    import_modules(config)  # where the project declares its shims
    for statement in statements:
        package = (statement.module or "").partition(".")[0]
        for name in statement.names:
            shim = record_of(name.name)
            if shim and any(target.partition(":")[0].partition(".")[0] == package for target in shim.targets):
                alias = f" as {name.asname}" if name.asname else ""
                home = "ssot_shims" if shim.name in SHIMS else shim.placeholder.__module__
                yield f"    from {home} import {shim.name}{alias}"
    results_of(config).unused_shims |= {shim.name for shim in all_shims() if shim not in before}
