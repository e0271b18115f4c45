"""The report of a run: a section in the terminal, a JSON file and a Markdown file."""

from __future__ import annotations

import json
import os
import platform

import pytest

import ssot_shims._settings as _settings
from ssot_shims._capabilities.check import TEST_NO_SERVICES
from ssot_shims._plugin.markers import described, environment_of
from ssot_shims._plugin.results import LABELS, lines, results_of
from ssot_shims._plugin.settings import settings_of
from ssot_shims._project.environment import Environment
from ssot_shims._text import describe, fit_to_show, markdown
from ssot_shims._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from ssot_shims._plugin.results import Line, Results
    from ssot_shims._plugin.settings import Settings
    from ssot_shims._project.requirement import Verdict


SCHEMA = 1


def make_room(file: Path) -> None:
    """Raise UsageError unless *file* can be written. The folders above it are made, and an earlier report is gone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()
        if file.is_file():  # a link may lead to a device
            file.resolve().unlink()  # it would look like the report of this run, should that never come to its end
    except OSError as error:
        raise pytest.UsageError(_unwritable(file, error)) from error


def write(file: Path, results: Results, settings: Settings, exit_code: int) -> None:
    """Write the results to *file*, in the format that it is named for; when that fails, it is noted in them."""
    try:
        found = lines(results, settings.required)
        text = _markdown(found) if file.suffix == ".md" else _json(results, settings, found, exit_code)
        file.write_text(text, "utf-8", "backslashreplace")
    except Exception as error:
        results.note("ERROR", "ssot_shims", _unwritable(file, error))


def _unwritable(file: Path, error: Exception) -> str:
    return f"the report {file} cannot be written: {describe(error)}"


def _markdown(lines: Sequence[Line]) -> str:
    head = f"### {markdown(f'ssot_shims {__version__}')}\n\n"
    if not lines:
        return f"{head}Nothing was skipped, and no placeholder is in use.\n"
    rows = [f"| {line.label} | {markdown(line.about)} | {markdown(line.text)} |" for line in lines]
    return head + "\n".join(["| what | name | why |", "|---|---|---|", *rows]) + "\n"


def _json(results: Results, settings: Settings, lines: Sequence[Line], exit_code: int) -> str:
    """The JSON whose schema README.md describes."""
    data = {
        "schema": SCHEMA,
        "ssot_shims": __version__,
        "python": platform.python_version(),
        "pytest": pytest.__version__,
        "exit_code": exit_code,
        "settings": {name: fit_to_show(value) for name, value in _settings.in_force().items()},
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


_SWITCHES = (_settings.NO_SERVICES, _settings.PLACEHOLDERS, _settings.ENVIRONMENT, TEST_NO_SERVICES)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Whatever answers instead of the machine, and the environment that was asked for."""
    forced = ", ".join(_forced(settings_of(config).said_by))
    return [f"ssot_shims: {forced}"] if forced else []


def _forced(said_by: Mapping[str, str]) -> Iterator[str]:
    for name, value in sorted(os.environ.items()):
        is_old = name.startswith("ORCHESTRATION_") and name.endswith("_AVAILABLE")
        is_answer = is_old or name.startswith((_settings.HAS_PREFIX, _settings.UPSTREAM_PREFIX))
        is_switched_on = name in _SWITCHES and not _settings.is_no(value)
        if (is_answer and value.strip()) or is_switched_on:
            yield f"{name}={fit_to_show(value)}" + (f" ({said_by[name]})" if name in said_by else "")


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """The environment that the tests will use; where there is none each of them says why."""
    is_used = any("ssot_environment" in getattr(item, "fixturenames", ()) for item in items)
    found = environment_of(config) if is_used and not config.getoption("collectonly") else None
    if not isinstance(found, Environment):
        return []
    return [f"ssot_shims: environment {found.name}; {described(found)}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section at the end; there is none without lines."""
    found = lines(results_of(config), settings_of(config).required)
    if found:
        terminalreporter.write_sep("=", "ssot_shims")  # which ends the line of dots, as section does not
    for line in found:
        terminalreporter.write_line(str(line), **{colour: True for colour in [LABELS[line.label]] if colour})
