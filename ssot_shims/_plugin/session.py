"""The session of a run that uses the package: checked after collection, counted by test, shown at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, cast

import pytest

import ssot_shims._project.requirement as _requirement
import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._plugin import report
from ssot_shims._plugin.markers import MARKERS, NEEDED, verdicts_of
from ssot_shims._plugin.results import Results, results_of
from ssot_shims._plugin.settings import import_modules, settings_of
from ssot_shims._shims.shim import ShimRecord, all_shims
from ssot_shims._text import describe, fit_to_show
from ssot_shims.errors import SsotShimsError

_GOOD = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
_COMPLETE = (*_GOOD, pytest.ExitCode.TESTS_FAILED)
_WITHOUT_TESTS = ("collectonly", "showfixtures", "show_fixtures_per_test")


def watch(config: pytest.Config) -> Results:
    """The results of this run, which are shown at its end from now on."""
    if not config.pluginmanager.is_registered(report):
        config.pluginmanager.register(report)
        results_of(config).is_strict = _settings.strict()  # now, for a test may lose the variable
    return results_of(config)


def begin(config: pytest.Config) -> None:
    """Before collection, which may take long: what would fail afterwards fails now."""
    watch(config)
    for file in () if _is_worker(config) else settings_of(config).reports:
        report.make_room(file)


def check_declarations(config: pytest.Config) -> None:
    """Raise UsageError for what is wrong on every machine; the modules are imported when a setting names nothing else.

    A worker of pytest-xdist sends it at its end.
    """
    results, required = watch(config), settings_of(config).required
    if _requirement.misspelled():
        import_modules(config)
    for setting, problem in _requirement.misspelled().items():
        if not setting.startswith(f"{_settings.REQUIRE}="):  # which is a problem of its own
            results.note("PROBLEM", setting, problem)
    for shim in all_shims():
        found: object = getattr(shim.object, "__dict__", {}).get("pytestmark")  # anything may be called so
        marks = cast("list[object]", found) if isinstance(found, list) else []
        if any(isinstance(mark, pytest.Mark) and mark.name in MARKERS and not mark.args for mark in marks):
            results.note("ERROR", shim.name, "a marker on it has no name: if it was given the object, a test is lost")
    for name in sorted(required):
        try:
            _requirement.refuse_unknown(name)
        except SsotShimsError as error:
            results.problems[str(_requirement.verdict_of_error(name, error, required))] = name
    if results.problems and not _is_worker(config):
        raise pytest.UsageError(*results.problems)


# Of a test: what had been asked for before it began, and how many lines there were about the run.
_BEFORE = pytest.StashKey["tuple[dict[str, Any], int]"]()
_NOTHING: tuple[dict[str, Any], int] = ({}, 0)
_HAS_BEGUN = pytest.StashKey[bool]()
_OF_A_SHIM = ("name", "state", "reason", "hint", "problem")


def begin_test(item: pytest.Item) -> None:
    """Before *item* is set up: what is asked for from now on, it has asked for.

    The first test of a process says also what was asked for before, as modules do that import a shim: only what is in
    the properties of a test is in JUnit XML.
    """
    results, stash = watch(item.config), item.config.stash
    item.stash[NEEDED] = {}  # it may run for a second time
    _requirement.needed.clear()
    has_begun, stash[_HAS_BEGUN] = stash.get(_HAS_BEGUN, False), True
    item.stash[_BEFORE] = (_asked_so_far(item.config), len(results.notes)) if has_begun else _NOTHING


def asked_by(item: pytest.Item) -> str:
    """What *item* has needed and asked for, as text; empty when that is nothing."""
    needed = [vars(verdict) for verdict in (_requirement.needed | item.stash[NEEDED]).values()]
    asked = _asked(item.config, *item.stash.get(_BEFORE, _NOTHING))
    is_any = needed or asked["verdicts"] or asked["shims"] or asked["notes"]
    return json.dumps({"needed": needed, **asked}) if is_any else ""


def collected(error: BaseException | None) -> str:
    """What the collection of a module that ended with *error* has needed, as text; empty when that is nothing."""
    needed = [vars(verdict) for verdict in verdicts_of(error)]
    nothing: dict[str, Any] = {"process": os.getpid(), "verdicts": {}, "shims": [], "notes": []}
    return json.dumps({"needed": needed, **nothing}) if needed else ""


def _asked_so_far(config: pytest.Config) -> dict[str, Any]:
    """The last answers that were given to questions in Python, and the records of the shims that were imported."""
    # The yes of an override matters only where the real thing is required.
    given = capabilities.given_answers(settings_of(config).required)
    return {**given, **_requirement.judged_targets, **{_requirement.UPSTREAM + shim.name: shim for shim in all_shims()}}


def _asked(config: pytest.Config, before: dict[str, Any], notes_before: int) -> dict[str, Any]:
    """What this process has asked for since *before*, as the plain data that results are added up from."""
    results, required = results_of(config), settings_of(config).required
    new = {name: found for name, found in _asked_so_far(config).items() if before.get(name, before) is not found}
    shims = [one for one in new.values() if isinstance(one, ShimRecord) and one.name not in _requirement.unused_shims]
    verdicts = {
        name: None if found is None else dict(vars(_requirement.verdict_of(name, found, required)))
        for name, found in new.items()
        if name in required or not isinstance(found, ShimRecord)
    }
    return {
        "process": os.getpid(),
        "verdicts": verdicts,
        "shims": [
            {**{field: getattr(shim, field) for field in _OF_A_SHIM}, "differences": _differences(shim, results)}
            for shim in shims
        ],
        "notes": [dict(vars(line)) for line in list(results.notes)[notes_before:]],
    }


def _differences(shim: ShimRecord, results: Results) -> tuple[str, ...]:
    """How the upstream of *shim* differs from its placeholder."""
    if shim.state != "upstream":
        return ()
    from ssot_shims._contract.comparison import compare  # imports inspect, which takes 10 ms

    try:
        found = compare(shim.placeholder, shim.upstream)
        return tuple(fit_to_show(str(difference)) for difference in found if difference.is_error)
    except Exception as error:
        results.note("ERROR", "ssot_shims", f"{shim.name} cannot be compared with its upstream: {describe(error)}")
        return ()


def end(session: pytest.Session, crashed: Iterable[str]) -> dict[str, Any]:
    """Complete the results with the processes that *crashed*, write them down, and perhaps fail the run.

    Returns what a worker of pytest-xdist has to send instead.
    """
    config, results = session.config, watch(session.config)
    for process in crashed:
        results.note("CRASHED", process, "its process died, and not all that it asked for is known")
    asked = _asked(config, *_NOTHING)
    if _is_worker(config):
        return {**asked, "is_strict": results.is_strict, "problems": results.problems}
    results.add_asked(asked)
    is_whole = not (session.shouldfail or session.shouldstop or any(map(config.getoption, _WITHOUT_TESTS)))
    results.is_complete = is_whole and session.exitstatus in _COMPLETE
    _fail(session, results)
    for file in settings_of(config).reports:
        report.write(file, results, settings_of(config), int(session.exitstatus))
        _fail(session, results)
    return {}


def _fail(session: pytest.Session, results: Results) -> None:
    if session.exitstatus in _GOOD and results.is_failure:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if session.exitstatus in _COMPLETE and results.problems:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
