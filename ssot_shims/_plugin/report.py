"""The report of a run: a section in the terminal, a JSON file and a Markdown file."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import ssot_shims._settings as _settings
from ssot_shims._plugin.results import LABELS, Line, Results, lines, results_of
from ssot_shims._plugin.settings import Settings, is_summary, settings_of
from ssot_shims._project.requirement import Verdict
from ssot_shims._text import describe, escape_markdown, markdown_table
from ssot_shims._version import __version__


def make_room(file: Path) -> None:
    """Raise UsageError unless *file* can be written. The folders above it are made, and an earlier report is gone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()
        if file.is_file() and not is_summary(file):  # a link may lead to a device
            file.resolve().unlink()  # it would look like the report of this run, should that never come to its end
    except OSError as error:
        raise pytest.UsageError(_unwritable(file, error)) from error


def write(file: Path, results: Results, settings: Settings, exit_code: int) -> None:
    """Write the results to *file*, in the format that it is named for, or add them to the summary of a step.

    When that fails, it is noted in them.
    """
    try:
        found = lines(results, settings.required)
        is_markdown = file.suffix == ".md" or is_summary(file)
        text = _markdown(found) if is_markdown else _json(results, settings, found, exit_code)
        with file.open("a" if is_summary(file) else "w", encoding="utf-8", errors="backslashreplace") as opened:
            opened.write(text)
    except Exception as error:
        results.note("ERROR", "ssot_shims", _unwritable(file, error))


def _unwritable(file: Path, error: Exception) -> str:
    return f"the report {file} cannot be written: {describe(error)}"


def _markdown(lines: Sequence[Line]) -> str:
    head = f"### {escape_markdown(f'ssot_shims {__version__}')}\n\n"
    if not lines:
        return f"{head}Nothing was skipped, and no placeholder is in use.\n"
    rows = ((line.label, line.about, line.text) for line in lines)
    return head + "\n".join(markdown_table(("what", "name", "why"), rows)) + "\n"


def _json(results: Results, settings: Settings, lines: Sequence[Line], exit_code: int) -> str:
    """The JSON that docs/reference/json.md describes."""
    data = {
        "schema": 1,
        "ssot_shims": __version__,
        "python": platform.python_version(),
        "pytest": pytest.__version__,
        "exit_code": exit_code,
        "settings": _settings.in_force(),
        "required": dict(settings.required),
        "verdicts": _verdicts(results),
        "shims": [vars(shim) for shim in results.shims.values()],
        "environments": [line.about for line in results.noted("ENVIRONMENT")],
        "problems": [*results.problems, *(line.text for line in results.noted("ERROR"))],
        "summary": [str(line) for line in lines],
    }
    return json.dumps(data, indent=2) + "\n"


def _verdicts(results: Results) -> list[dict[str, Any]]:
    """Each verdict with the tests that met it, those that ran included."""
    tests: dict[Verdict, list[str]] = {verdict: [] for verdict in results.unmarked.values()}
    for needed_by in results.by_name.values():
        for test, verdict in needed_by:
            tests.setdefault(verdict, []).append(test)
    return [{**vars(verdict), "tests": sorted(of_it)} for verdict, of_it in tests.items()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section at the end; there is none without lines."""
    if found := lines(results_of(config), settings_of(config).required):
        terminalreporter.write_sep("=", "ssot_shims")  # which ends the line of dots, as section does not
    for line in found:
        colour = LABELS[line.label]
        terminalreporter.write_line(str(line), **({colour: True} if colour else {}))
