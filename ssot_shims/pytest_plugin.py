"""The pytest plugin, as pytest loads it. What it does is in ``_plugin``, and loaded when a run first uses it.

PYTEST_DONT_REWRITE: there is no assertion in here, and looking for one takes a while.
"""

from __future__ import annotations

import os
import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from types import ModuleType
    from typing import Any

    from ssot_shims._project.environment import Environment

_MARKERS = {
    "requires_capability": 'run this only where all of them are there, such as "docker"; skip elsewhere (ssot_shims)',
    "requires_upstream": 'run this only where these shims give their upstream, such as "HeartbeatConfig" (ssot_shims)',
}
# Whoever asks for a capability or a shim, or uses what is offered here, has one of these imported.
_TRACES = {"ssot_shims._capabilities.registry", "ssot_shims._shims.shim", "ssot_shims._plugin.session"}
# Each is an option and an ini key: what it is in the ini file, what it takes, and what it means.
_SETTINGS = {
    "ssot_require": ("linelist", "append", "NAME", "NAME must be real: what needs it never skips"),
    "ssot_no_services": ("bool", "store_true", None, "no service is there, and none is asked"),
    "ssot_strict": ("bool", "store_true", None, "an upstream that moved or is broken fails the run"),
    "ssot_environment": ("string", "store", "NAME", "use environment NAME of pyproject.toml, and no other"),
    "ssot_report": ("string", "append", "FILE", "write what was skipped and why to FILE.json or FILE.md"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ssot_shims", "what this machine has, and what it must have (ssot_shims)")
    for name, (kind, action, takes, meaning) in _SETTINGS.items():
        option = "--" + name.replace("_", "-")
        group.addoption(option, action=action, help=meaning, **({"metavar": takes} if takes else {}))
        parser.addini(name, f"{meaning}; the same as {option}", type=kind)  # type: ignore[arg-type]  # it is one of them


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """What the first conftest.py imports and asks comes under the settings."""
    if "_SSOT_SHIMS_SHARED_ANSWERS" in os.environ:  # in a worker of pytest-xdist
        from ssot_shims._plugin.xdist import join

        join(early_config.pluginmanager)
    pyproject = _pyproject(early_config)
    if pyproject or _is_told(early_config):
        from ssot_shims._plugin.settings import apply

        apply(early_config, pyproject)
    if "PYTEST_CURRENT_TEST" in os.environ and _is_used():
        _course().leave_out_what_was_before(early_config)  # a run inside a test
    try:
        return (yield)
    except Exception as error:
        from ssot_shims._plugin.hint import add_note

        add_note(error, early_config)
        raise


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{name}(*names): {meaning}")
    if _is_used():
        _course().begin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """In the controller, before it starts the workers; they may use us although it does not."""
    from ssot_shims._plugin.xdist import Workers, begin

    begin(config)
    config.pluginmanager.register(Workers(config))


def pytest_exception_interact(node: pytest.Collector, call: pytest.CallInfo[Any], report: pytest.CollectReport) -> None:
    if call.when == "collect":
        from ssot_shims._plugin.hint import add_hint

        add_hint(report, call, node.config)


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None, Any, Any]:
    if _is_used():
        _course().declare(session.config)
    result = yield  # the collected tests are shown first
    if _is_used():
        _course().refuse_mistakes(session.config)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, error or run, before the fixtures, which may need what is not there."""
    if any(mark.name in _MARKERS for mark in item.iter_markers()):
        from ssot_shims._plugin.markers import decide

        _course().watch(item.config)
        decide(item)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _is_used():
        _course().end(session)


@pytest.fixture(scope="session")
def ssot_environment(pytestconfig: pytest.Config) -> Environment:
    """The environment of pyproject.toml whose requirements hold, with its values by key; skips if there is none."""
    from ssot_shims._plugin.markers import provide

    _course().watch(pytestconfig)
    return provide(pytestconfig)


@pytest.fixture
def override_capabilities() -> Generator[Callable[..., None]]:
    """Call it with docker=False, say: until the test ends that is the answer, whatever the machine has."""
    from contextlib import ExitStack

    from ssot_shims._capabilities.builtin import capabilities

    with ExitStack() as until_the_end:
        yield lambda *answers, **more: until_the_end.enter_context(capabilities.override(*answers, **more))


def _pyproject(config: pytest.Config) -> Path | None:
    """The nearest pyproject.toml, if it mentions us: reading TOML takes longer than everything else here."""
    for folder in (config.rootpath, *config.rootpath.parents):
        file = folder / "pyproject.toml"
        try:
            if file.is_file():  # a pipe would keep its reader for ever
                return file if b"ssot_shims" in file.read_bytes() else None
        except OSError:
            continue  # nobody may read it, and then it is none of ours
    return None


def _is_told(config: pytest.Config) -> bool:
    """Whether a variable, an option or an ini key tells us something."""
    options = vars(config.known_args_namespace)
    if any(name.startswith("SSOT_SHIMS_") for name in os.environ) or any(map(options.get, _SETTINGS)):
        return True
    try:
        return any(map(config.getini, _SETTINGS))
    except (TypeError, ValueError, pytest.UsageError):
        return True  # one of ours does not read, which is told there


def _is_used() -> bool:
    return not _TRACES.isdisjoint(sys.modules)


def _course() -> ModuleType:
    from ssot_shims._plugin import session as course

    return course
