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

# The name of the property of a test, and of the output of a worker of pytest-xdist, that holds what was asked for.
_PROPERTY = "ssot_shims"
_IN_FORCE = pytest.StashKey[bool]()  # of a config that has been read
_MARKERS = {
    "requires_capability": '(*names, wait=None): skip unless all are available, such as "docker" (ssot_shims)',
    "requires_upstream": '(*names): skip unless all upstreams are there: a shim, or "pkg.mod:Name" (ssot_shims)',
}
# One of these is imported where a capability or a shim is asked for, or anything that the plugin offers is used.
_USED_MARKERS = {"ssot_shims._capabilities.registry", "ssot_shims._shims.shim", "ssot_shims._plugin.session"}
# Each is an option and an ini key: the type of the ini key, the action and the argument of the option, the meaning.
_SETTINGS = {
    "ssot_require": ("linelist", "append", "NAME", "a test that needs NAME is an error instead of a skip"),
    "ssot_no_services": ("bool", "store_true", None, "every service is unavailable, without a probe"),
    "ssot_strict": ("bool", "store_true", None, "an upstream that moved or is broken fails the run"),
    "ssot_environment": ("string", "store", "NAME", "use environment NAME of pyproject.toml, and no other"),
    "ssot_report": ("string", "append", "FILE", "write what was skipped and why to FILE.json or FILE.md"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ssot_shims", "what this machine has, and what it must have (ssot_shims)")
    for name, (kind, action, argument, meaning) in _SETTINGS.items():
        option = "--" + name.replace("_", "-")
        group.addoption(option, action=action, help=meaning, **({"metavar": argument} if argument else {}))
        parser.addini(name, f"{meaning}; the same as {option}", type=kind)  # type: ignore[arg-type]  # it is one of them


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Put the settings into force before the first conftest.py is imported."""
    _put_into_force(early_config)
    return (yield)


def _put_into_force(config: pytest.Config) -> None:
    config.stash[_IN_FORCE] = True
    if "_SSOT_SHIMS_SHARED_ANSWERS" in os.environ:  # in a worker of pytest-xdist
        from ssot_shims._plugin.xdist import join

        join(config.pluginmanager)
    pyproject = _pyproject(config)
    if pyproject or _has_settings(config):
        from ssot_shims._plugin.settings import apply

        apply(config, pyproject)


def pytest_configure(config: pytest.Config) -> None:
    if _IN_FORCE not in config.stash:  # a conftest.py has loaded this plugin
        _put_into_force(config)
    for name, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{name}{meaning}")
    config.pluginmanager.register(_Reports(config))
    if _is_used():
        _session().begin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """In the controller, before it starts the workers, which may use the plugin although the controller does not."""
    from ssot_shims._plugin.xdist import begin

    begin(config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Put what a module asked for at its top, and why it did not get that, into the report of its collection."""
    report = yield
    call = vars(report).get("call")
    if _is_used() and call is not None and call.excinfo and (text := _session().collected(call.excinfo.value)):
        setattr(report, _PROPERTY, text)
        if isinstance(report.longrepr, tuple):  # a skip; pytest would show the type of the exception, too
            report.longrepr = (*report.longrepr[:2], f"Skipped: {call.excinfo.value}")
    return report


@pytest.hookimpl(trylast=True)  # the collected tests are shown first
def pytest_collection_finish(session: pytest.Session) -> None:
    if _is_used():
        _session().check_declarations(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, error or run, before the fixtures, which may need what is not there."""
    is_marked = any(mark.name in _MARKERS for mark in item.iter_markers())
    if is_marked or _is_used():
        _session().begin_test(item)
    if is_marked:
        from ssot_shims._plugin.markers import decide

        decide(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Put what the test asked for into its properties, from where the report of its teardown takes it."""
    if not _is_used():
        return (yield)
    from ssot_shims._plugin.markers import note_verdicts

    note_verdicts(item, call)
    if call.when == "teardown":
        text = _session().asked_by(item)
        item.user_properties[:] = [each for each in item.user_properties if not _is_ours(each)]  # it may run again
        item.user_properties += [(_PROPERTY, text)] if text else []
    report = yield
    note_verdicts(item, call)  # pytest may have put another exception into the call
    return report


class _Reports:
    """The hooks that receive what was asked for, in whatever process: there is one such plugin a run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._torn_down: set[str] = set()
        self._crashed: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that was not collected as a test that could not run."""
        if text := getattr(report, _PROPERTY, ""):
            _session().watch(self._config).add_test(report.nodeid, text)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the test: its last report has the properties, also when another process has run it."""
        if report.when == "teardown":
            self._torn_down.add(report.nodeid)
        for each in filter(_is_ours, report.user_properties):
            _session().watch(self._config).add_test(report.nodeid, str(each[1]))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note a test without a teardown: the process that has run it died."""
        if nodeid not in self._torn_down:
            self._crashed.append(nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of pytest-xdist has sent at its end; one that died has sent nothing."""
        output = getattr(node, "workeroutput", None)
        if output is None:
            self._crashed.append(node.gateway.id)
        elif _PROPERTY in output:
            _session().watch(self._config).add_worker(output[_PROPERTY])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if _is_used():
            output = getattr(self._config, "workeroutput", {})
            output[_PROPERTY] = _session().end(session, self._crashed)


@pytest.fixture(scope="session")
def ssot_environment(pytestconfig: pytest.Config) -> Environment:
    """The first environment of pyproject.toml that can be used here, with its values by key; else a skip."""
    from ssot_shims._plugin.markers import provide

    _session().watch(pytestconfig)
    return provide(pytestconfig)


@pytest.fixture
def override_capabilities() -> Generator[Callable[..., None]]:
    """A function that replaces answers until the test ends, such as docker=False."""
    from contextlib import ExitStack

    from ssot_shims._capabilities.builtin import capabilities

    with ExitStack() as until_the_end:
        yield lambda *answers, **more: until_the_end.enter_context(capabilities.override(*answers, **more))


def _pyproject(config: pytest.Config) -> Path | None:
    """The nearest pyproject.toml, if it mentions ssot: reading TOML takes longer than everything else here."""
    for folder in (config.rootpath, *config.rootpath.parents):
        file = folder / "pyproject.toml"
        try:
            if file.is_file():  # a pipe would keep its reader for ever
                return file if b"ssot" in file.read_bytes() else None  # or ssot-shims, which is an error
        except OSError:
            continue  # nobody may read it: it belongs to another project
    return None


def _has_settings(config: pytest.Config) -> bool:
    """Whether a variable, an option or an ini key of the plugin is set."""
    options = {**vars(config.option), **vars(config.known_args_namespace)}  # a plugin of a conftest.py is in the former
    if any(name.startswith("SSOT_SHIMS_") for name in os.environ) or any(map(options.get, _SETTINGS)):
        return True
    try:
        return any(map(config.getini, _SETTINGS))
    except (TypeError, ValueError, pytest.UsageError):
        return True  # one does not read, which is an error there


def _is_ours(user_property: object) -> bool:
    """Whether *user_property* is the one of the plugin; a suite may have put anything there."""
    return isinstance(user_property, tuple | list) and user_property[:1] in ((_PROPERTY,), [_PROPERTY])  # pyright: ignore[reportUnknownVariableType]


def _is_used() -> bool:
    return not _USED_MARKERS.isdisjoint(sys.modules)


def _session() -> ModuleType:
    from ssot_shims._plugin import session

    return session
