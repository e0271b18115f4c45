"""What a test needs, by its markers and by the environment fixture: whether it runs, skips or errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

import pytest

from ssot_shims._capabilities.cache import Answers
from ssot_shims._plugin.results import results_of
from ssot_shims._plugin.settings import Settings, judge, settings_of
from ssot_shims._project.declarations import importable
from ssot_shims._project.environment import Environment, choose_from
from ssot_shims._project.requirement import UPSTREAM, Verdict
from ssot_shims._settings import environment as named_environment
from ssot_shims._text import fit_to_show, with_hint
from ssot_shims.errors import CapabilityMissing, NoEnvironment, SsotShimsError

# For each marker what the names in it begin with elsewhere, and one to show.
MARKERS = {"requires_capability": ("", "docker"), "requires_upstream": (UPSTREAM, "HeartbeatConfig")}


# Of a test: the verdicts by name on what it needs.
NEEDED = pytest.StashKey[dict[str, Verdict]]()
# The attribute of an exception that ends tests, one or, raised by a fixture, several: the verdicts it is raised for.
_VERDICTS = "_ssot_shims_verdicts"


def decide(item: pytest.Item) -> None:
    """Let *item* run, or skip or fail it when what its markers name is not there."""
    # pytest looks at skip and skipif only after this hook: it has to be before whatever else prepares the test.
    skipping = item.config.pluginmanager.get_plugin("skipping")
    if skipping is not None and any(mark.name in ("skip", "skipif") for mark in item.iter_markers()):
        skipping.pytest_runtest_setup(item)
    waits = dict(_waits_of(item))
    verdicts = judge(item.config, waits, waits)
    item.stash[NEEDED] = {verdict.name: verdict for verdict in verdicts}
    if against := [verdict for verdict in verdicts if verdict.outcome != "run"]:
        is_error = any(verdict.outcome == "error" for verdict in against)
        # A skip of a test that has no line in its file is shown without a place, or pytest would end the session.
        has_line = item.reportinfo()[1] is not None
        _stop("; ".join(map(str, against)), verdicts, is_error=is_error, has_line=has_line)


def note_verdicts(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note the verdicts that the exception of *call*, a part of *item*, was raised for."""
    error = call.excinfo.value if call.excinfo else None
    # Of a SkipTest in a TestCase, pytest has made a skip of its own.
    for each in (error, getattr(error, "__context__", None)):
        item.stash.setdefault(NEEDED, {}).update({verdict.name: verdict for verdict in verdicts_of(each)})
    if isinstance(error, CapabilityMissing) and {verdict.outcome for verdict in verdicts_of(error)} == {"skip"}:
        # A skip of pytest is shown at the line of the user; a SkipTest is shown at a line of pytest.
        skip = pytest.skip.Exception(str(error)).with_traceback(error.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(skip)  # pyright: ignore[reportUnknownMemberType]


def verdicts_of(error: object) -> Iterable[Verdict]:
    """The verdicts that *error* was raised for."""
    verdicts: Iterable[Verdict] = getattr(error, _VERDICTS, ())
    return verdicts


def _refuse(what: str, reason: str, hint: str = "") -> NoReturn:
    """Fail the test that is being set up, because *what* it says cannot be read; that too is a verdict, and counts."""
    reason = fit_to_show(reason)
    verdict = Verdict(name=what, outcome="error", status="failed", reason=reason, hint=hint, is_required=False)
    _stop(with_hint(reason, hint), (verdict,), is_error=True)


def _stop(text: str, verdicts: tuple[Verdict, ...], *, is_error: bool, has_line: bool = True) -> NoReturn:
    """Fail or skip the test that is being set up; the *verdicts* count for each test that this exception ends."""
    fail, skip = pytest.fail.Exception, pytest.skip.Exception
    error = fail(text, pytrace=False) if is_error else skip(text, _use_item_location=has_line)
    setattr(error, _VERDICTS, verdicts)
    raise error from None


def _waits_of(item: pytest.Item) -> Iterator[tuple[str, float | None]]:
    """The names in the markers of *item*, those of its class and module included, each with the seconds to wait."""
    for marker, (prefix, example) in MARKERS.items():
        for mark in item.iter_markers(marker):
            if not _is_readable(mark):
                given = [*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())]
                shown = f"@pytest.mark.{marker}({', '.join(given)})"
                reason = f"{shown} is not valid: each name must be a string; only requires_capability takes wait"
                _refuse(marker, reason, f'write @pytest.mark.{marker}("{example}")')
            yield from ((prefix + name, mark.kwargs.get("wait")) for name in mark.args)


def _is_readable(mark: pytest.Mark) -> bool:
    are_names = all(isinstance(name, str) and name.strip() and ("," not in name or ":" in name) for name in mark.args)
    options = {"wait"} if mark.name == "requires_capability" else set[str]()
    return bool(mark.args) and are_names and mark.kwargs.keys() <= options


def _choose(settings: Settings) -> Environment:
    with importable(settings.project.root):  # probes may be named by their modules
        own = choose_from(settings.project, named_environment(), settings.required)
        # Half of a run in one place and half in another would be worse than either.
        agreed = Answers.shared.agree("environment", own.name) if Answers.shared else own.name
        return own if agreed == own.name else choose_from(settings.project, agreed, settings.required)


def provide(config: pytest.Config) -> Environment:
    """The environment, for a fixture of the session; skips a test, or fails it when no other was to be looked for."""
    try:
        found = _choose(settings_of(config))
    except NoEnvironment as none:
        looked_at = [each for each in settings_of(config).project.environments if each.name in none.reasons]
        verdicts = judge(config, [name for each in looked_at for name in each.requires])
        is_final = named_environment() is not None  # it is that one, or none
        if is_final and not none.is_breakage:
            verdicts = tuple(one if one.outcome == "run" else one.replace(outcome="error") for one in verdicts)
        _stop(str(none), verdicts, is_error=none.is_breakage or is_final)
    except SsotShimsError as error:
        _refuse("ssot_environment", str(error))
    passed_over = (f"{name} was passed over: {why}" for name, why in found.passed_over.items())
    results_of(config).note("ENVIRONMENT", found.name, "; ".join(passed_over) or "all that it requires is there")
    return found
