"""The course of a run that uses us: counted from the first use on, checked after collection, closed at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._plugin import report, report as summary
from ssot_shims._plugin.markers import marked_shims
from ssot_shims._plugin.results import ShimTold, Tally, tally_of
from ssot_shims._plugin.settings import judge, settings_of
from ssot_shims._plugin.xdist import WIRE
from ssot_shims._project.requirement import UPSTREAM, known_names
from ssot_shims._shims.shim import all_shims
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._shims.shim import ShimRecord

_GOOD = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
_COMPLETE = (*_GOOD, pytest.ExitCode.TESTS_FAILED)
_WITHOUT_TESTS = ("collectonly", "showfixtures", "show_fixtures_per_test")

# By shim, the files whose tests have used it in runs of this process that have ended. It is not the doing of the next
# run, unless that has tests in one of them: their modules are not imported again.
_used_before: dict[str, frozenset[Path]] = {}


def watch(config: pytest.Config) -> Tally:
    """The tally of this run, which counts from now on, and is told at the end."""
    tally, manager = tally_of(config), config.pluginmanager
    if not manager.is_registered(tally):
        manager.register(tally)
        manager.register(summary)
        tally.before = frozenset(_used_before)
    return tally


def leave_out_what_was_before(config: pytest.Config) -> None:
    """For a run inside a test, in one process with it: what that has imported is not this run's doing."""
    watch(config).before = frozenset(record.name for record in all_shims())


def begin(config: pytest.Config) -> None:
    """Before collection, which may take long: what would fail afterwards fails now."""
    watch(config).is_strict = _settings.strict()  # a test may lose the variable, or another imports one
    for file in () if _is_worker(config) else settings_of(config).reports:
        report.make_room(file)


def declare(config: pytest.Config) -> None:
    """When everything is collected, import what the project declares, and say what would be an error by now."""
    tally = watch(config)
    problems = (*settings_of(config).import_modules(), *marked_shims(), *_unknown_requirements(config))
    tally.problems.update(dict.fromkeys(problems))
    if _settings.in_force():
        shims = {name.removeprefix(UPSTREAM) for name in known_names() if name.startswith(UPSTREAM)}
        tally.misspelled = _settings.unknown_variables(frozenset(shims), frozenset(capabilities))


def refuse_mistakes(config: pytest.Config) -> None:
    """Raise UsageError for what is wrong whatever the machine; a worker of pytest-xdist has it told at the end."""
    tally = tally_of(config)
    if tally.problems and not _is_worker(config):
        tally.is_refused = True
        raise pytest.UsageError(*tally.problems)


def _unknown_requirements(config: pytest.Config) -> Iterator[str]:
    required = settings_of(config).required
    unknown = required.keys() - known_names() if required else ()
    return (str(verdict) for verdict in judge(config, sorted(unknown)))


def end(session: pytest.Session) -> None:
    """Close the tally. A worker sends it; elsewhere it is written down, and may fail the run."""
    config, tally = session.config, watch(session.config)
    _note_files(tally, frozenset(item.path for item in session.items))
    try:
        _observe(config, tally)
    except SsotShimsError as error:  # a test has left behind what does not read
        tally.failures[str(error)] = None
    if _is_worker(config):
        config.workeroutput[WIRE] = tally.to_send()  # type: ignore[attr-defined]  # pytest-xdist puts it there
        return
    is_whole = not (session.shouldfail or session.shouldstop or any(map(config.getoption, _WITHOUT_TESTS)))
    tally.is_complete = is_whole and session.exitstatus in _COMPLETE
    _fail(session, tally)
    for file in settings_of(config).reports:
        problem = report.write(file, tally, settings_of(config), int(session.exitstatus))
        tally.failures.update({problem: None} if problem else {})
    _fail(session, tally)


def _note_files(tally: Tally, files: frozenset[Path]) -> None:
    """Of what was there before the run, that is its doing as well which tests in its *files* have used then."""
    tally.before -= {name for name, used in _used_before.items() if used & files}
    for record in all_shims() if files else ():  # the next run is told what one without tests has imported
        if record.name not in tally.before:
            _used_before[record.name] = _used_before.get(record.name, frozenset()) | files


def _fail(session: pytest.Session, tally: Tally) -> None:
    if session.exitstatus in _GOOD and tally.is_failure:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if session.exitstatus in _COMPLETE and tally.problems:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def _observe(config: pytest.Config, tally: Tally) -> None:
    """Note what is known in this process, and what those who have asked in Python were told."""
    shims, given, registered = all_shims(), capabilities.given_answers(), capabilities.registered()
    tally.note_shims(_told(record) for record in shims if record.name not in tally.before)
    asked = {*(UPSTREAM + record.name for record in shims), *given.last, *given.overriding}
    known = {name: answer for name, answer in given.last.items() if answer is not None and name in registered}
    forced = [name for name, answer in known.items() if answer and answer.source != "probe"]
    with capabilities.replay({**known, **given.overriding}):  # by now it may be another
        tally.note_verdicts(judge(config, [*(name for name in settings_of(config).required if name in asked), *forced]))
    tally.is_strict |= _settings.strict()


def _told(record: ShimRecord) -> ShimTold:
    return ShimTold(
        name=record.name,
        state=record.state,
        reason=record.explanation,
        problem=record.problem,
        differences=_differences(record) if record.state == "upstream" else (),
    )


def _differences(record: ShimRecord) -> tuple[str, ...]:
    from ssot_shims._contract.comparison import compare  # inspect, for those who have an upstream

    return tuple(str(found) for found in compare(record.placeholder, record.upstream) if found.is_error)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
