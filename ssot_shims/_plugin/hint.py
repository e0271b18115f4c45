"""The line to write in place of an import that failed, when a shim offers what was to be imported."""

from __future__ import annotations

import ast
import re
from linecache import getline

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
    statements = list(_imports(cause.__traceback__)) if cause else []
    lines = _lines(statements, config) if statements else []
    return "\n".join(["A shim offers it, whether it is installed or not; write:", *lines]) if lines else ""


def _import_error(error: BaseException | None) -> ImportError | None:
    """The ImportError that *error* is, or that pytest has made it of."""
    while error is not None and not isinstance(error, ImportError):
        error = getattr(error, "cause", None) or error.__cause__
    return error


def _imports(traceback: TracebackType | None) -> Iterator[ast.ImportFrom]:
    """The ``from ... import`` statements that *traceback* has gone through, outermost first."""
    while traceback is not None:
        yield from _statements_at(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next


def _statements_at(file: str, line: int) -> Iterator[ast.ImportFrom]:
    if "from " not in getline(file, line):  # most files on the way are long, and none of the user's
        return
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, ValueError, SyntaxError):  # frozen, zipped, gone
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or line) and not node.level:
            yield node


def _lines(statements: list[ast.ImportFrom], config: pytest.Config) -> list[str]:
    """An import from the shim for each name in *statements* that one offers."""
    # Most collections that fail have nothing to do with us.
    from ssot_shims._plugin.results import tally_of
    from ssot_shims._plugin.settings import settings_of
    from ssot_shims._shims.shim import all_shims

    settings_of(config).import_modules()  # where the project declares its shims
    before = all_shims()
    lines = [line for statement in statements for line in _instead_of(statement)]
    # What was looked at only here is in nobody's use.
    tally_of(config).before |= {record.name for record in all_shims() if record not in before}
    return list(dict.fromkeys(lines))


def _instead_of(statement: ast.ImportFrom) -> Iterator[str]:
    from ssot_shims._project.requirement import record_of  # as above

    package = (statement.module or "").partition(".")[0]
    for name in statement.names:
        record = record_of(name.name)
        if record and any(re.split("[.:]", target)[0] == package for target in record.targets):
            alias = f" as {name.asname}" if name.asname else ""
            home = "ssot_shims" if record.name in SHIMS else record.placeholder.__module__
            yield f"    from {home} import {record.name}{alias}"
