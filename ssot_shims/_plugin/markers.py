"""What a test asks for: markers, and the environment fixture."""

from __future__ import annotations

import pytest

from ssot_shims._capabilities.cache import Answers
from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._plugin.results import ASKED, COUNTED, tally_of
from ssot_shims._plugin.settings import judge, settings_of
from ssot_shims._project.declarations import importable
from ssot_shims._project.environment import Environment, choose_from
from ssot_shims._project.requirement import UPSTREAM, Verdict
from ssot_shims._settings import environment as named_environment
from ssot_shims._shims.shim import all_shims
from ssot_shims.errors import NoEnvironment, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from ssot_shims._shims.shim import ShimRecord


_PREFIXES = {"requires_capability": "", "requires_upstream": UPSTREAM}
_EXAMPLES = {
    "requires_capability": '@pytest.mark.requires_capability("docker")',
    "requires_upstream": '@pytest.mark.requires_upstream("HeartbeatConfig")',
}


def decide(item: pytest.Item) -> None:
    """Let *item* run, or skip or fail it when what its markers name is not there."""
    if any(mark.name in ("skip", "skipif") for mark in item.iter_markers()):
        _skip_what_its_author_skips(item)
    verdicts = judge(item.config, list(_required_by(item)))
    item.stash[ASKED] = verdicts
    stop(verdicts, has_line=item.reportinfo()[1] is not None)


def stop(verdicts: Sequence[Verdict], *, has_line: bool = True) -> None:
    """Skip or fail the test that is being set up, with the reason of every verdict that does not let it run."""
    against = [verdict for verdict in verdicts if verdict.outcome != "run"]
    if against:
        is_error = any(verdict.outcome == "error" for verdict in against)
        end(
            "; ".join(map(str, against)),
            (),
            is_error=is_error,
            has_line=has_line,
        )


def end(reason: str, verdicts: Sequence[Verdict], *, is_error: bool, has_line: bool = True) -> NoReturn:
    """Skip or fail the test that is being set up; the *verdicts* are counted for each test that this ends.

    A test that has no line in its file (*has_line*) is shown without a place, or pytest would end the session.
    """
    outcome = (
        pytest.fail.Exception(reason, pytrace=False)
        if is_error
        else pytest.skip.Exception(reason, _use_item_location=has_line)
    )
    vars(outcome)[COUNTED] = tuple(verdicts)
    raise outcome


def refuse(what: str, why: str) -> NoReturn:
    """Fail the test that is being set up, because *what* it says cannot be read; that too is a verdict, and counts."""
    verdict = Verdict(name=what, outcome="error", status="failed", reason=fit_to_show(why), is_required=False)
    end(verdict.reason, (verdict,), is_error=True)


def _skip_what_its_author_skips(item: pytest.Item) -> None:
    # pytest looks at skip and skipif only after this hook: it has to be before whatever else prepares the test.
    skipping = item.config.pluginmanager.get_plugin("skipping")
    if skipping is not None:
        skipping.pytest_runtest_setup(item)


def _required_by(item: pytest.Item) -> Iterator[str]:
    """The names in the markers of *item*, those of its class and module included."""
    for marker, prefix in _PREFIXES.items():
        for mark in item.iter_markers(marker):
            wrong = _wrong(mark)
            if wrong:
                refuse(marker, f"{_shown(mark)} {wrong}; write {_EXAMPLES[marker]}")
            yield from (prefix + name for name in mark.args)


def _shown(mark: pytest.Mark) -> str:
    given = [*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())]
    return f"@pytest.mark.{mark.name}({', '.join(given)})"


def _wrong(mark: pytest.Mark) -> str:
    if mark.kwargs:
        return f"has the keyword {next(iter(mark.kwargs))}, and takes names only"
    for name in mark.args:
        if not isinstance(name, str):
            return f"holds an object of type {type(name).__name__}, and takes names only"
        if "," in name:
            return "holds several names in one string, and takes each as a string of its own"
        if not name.strip():
            return "holds an empty name"
    return "" if mark.args else "names nothing"


def marked_shims() -> tuple[str, ...]:
    """The shims that a marker was put on instead of a test, each with what was probably meant."""
    return tuple(
        f"{record.name} carries the marker {marker}: @pytest.mark.{marker}({record.name}) marks that {_kind(record)}, "
        f'and the test below it is never collected; write @pytest.mark.{marker}("{record.name}")'
        for record in all_shims()
        for marker in _PREFIXES
        if marker in (_markers_on(record.placeholder) | _markers_on(record.object))
    )


def _kind(record: ShimRecord) -> str:
    return "class" if isinstance(record.placeholder, type) else "function"


def _markers_on(thing: object) -> set[str]:
    marks: Any = getattr(thing, "__dict__", {}).get("pytestmark", [])
    if not isinstance(marks, list):  # pytest takes one that stands alone as well
        marks = [marks]
    return {getattr(mark, "name", "") for mark in marks}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]  # whatever is there


_KEY = pytest.StashKey[Environment | SsotShimsError]()


def chosen(config: pytest.Config) -> Environment | SsotShimsError:
    """The environment, or why there is none."""
    if _KEY not in config.stash:
        config.stash[_KEY] = _choose(config)
    return config.stash[_KEY]


def _choose(config: pytest.Config) -> Environment | SsotShimsError:
    settings, named = settings_of(config), named_environment()
    try:
        with importable(settings.project.root):  # probes may be named by their modules
            own = choose_from(settings.project, named, settings.required)
            # Half of a run in one place and half in another would be worse than either.
            agreed = Answers.shared.agree("environment", own.name) if Answers.shared else own.name
            return own if agreed == own.name else choose_from(settings.project, agreed, settings.required)
    except SsotShimsError as error:
        return error


def provide(config: pytest.Config) -> Environment:
    """The environment, for a fixture; skips the test, or fails it when none was to be looked for any further."""
    found = chosen(config)
    if isinstance(found, Environment):
        tally_of(config).environments[found.name] = described(found)
        return found
    if not isinstance(found, NoEnvironment):
        refuse("ssot_environment", str(found))
    is_error = found.is_breakage or named_environment() is not None  # then it is that one, or none
    verdicts = _verdicts(config, found)
    if is_error and not found.is_breakage:
        verdicts = tuple(one if one.outcome == "run" else one.replace(outcome="error") for one in verdicts)
    end(str(found), verdicts, is_error=is_error)


def described(environment: Environment) -> str:
    """Why it is *environment*."""
    passed_over = (f"{name} was passed over: {why}" for name, why in environment.passed_over.items())
    return "; ".join(passed_over) or "all that it requires is there"


def _verdicts(config: pytest.Config, missing: NoEnvironment) -> tuple[Verdict, ...]:
    """What the environments lack that were looked at."""
    plans = [plan for plan in settings_of(config).project.environments if plan.name in missing.reasons]
    asked = dict.fromkeys(name for plan in plans for name in plan.requires)
    return judge(config, asked)
