"""What a run tells about us in the terminal: a line in the header, one after collection, and a section at the end."""

from __future__ import annotations

import os

import pytest

import ssot_shims._settings as _settings
from ssot_shims._capabilities.check import TEST_NO_SERVICES
from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._plugin.account import account
from ssot_shims._plugin.chosen import chosen, described
from ssot_shims._plugin.settings import settings_of
from ssot_shims._plugin.tally import tally_of
from ssot_shims._project.environment import Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_COLOURS = {
    **dict.fromkeys(("STRICT", "ERROR", "DRIFT"), "red"),
    **dict.fromkeys(("PROBLEM", "TIMED OUT", "SKIPPED", "FORCED"), "yellow"),
}
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
    found = chosen(config) if is_used and not config.getoption("collectonly") else None
    if not isinstance(found, Environment):
        return []
    return [f"ssot_shims: environment {found.name}; {described(found)}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section at the end; there is none when there is nothing to tell."""
    lines = account(tally_of(config), settings_of(config))
    if lines:
        terminalreporter.write_sep("=", "ssot_shims")  # which ends the line of dots, as section does not
    for line in lines:
        colour = {_COLOURS[line.label]: True} if line.label in _COLOURS else {}
        terminalreporter.write_line(str(line), **colour)
