"""Requirements: what must be real here, and whether a test that needs it runs, skips or errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._capabilities.capability import refuse_bad_seconds
from ssot_shims._lookup.lookup import Target
from ssot_shims._names import SHIMS
from ssot_shims._project.declarations import told_later
from ssot_shims._record import Record
from ssot_shims._shims.shim import ShimRecord, all_shims
from ssot_shims._shims.upstream import TargetResult, ask
from ssot_shims._text import close_matches, fit_to_show, with_hint
from ssot_shims.errors import SsotShimsError, UnknownName

Outcome = Literal["run", "skip", "error"]


class RunOptions(Record):
    """What a run of tests was started with.

    ``required`` holds who requires each name, ``said_by`` the option or ini key that set each variable, ``folder`` is
    that of the project; ``declare`` imports its modules, unless it has done so.
    """

    required: Mapping[str, str] = {}
    said_by: Mapping[str, str] = {}
    folder: Path | None = None
    declare: Callable[[], object] | None = None


_run_options = RunOptions()


def run_options() -> RunOptions:
    """The options of the current run of tests; empty outside of one."""
    return _run_options


def set_run_options(options: RunOptions) -> RunOptions:
    """Make *options* those of the current run; returns the ones before, to be set again at its end."""
    global _run_options
    waited_for.clear()
    before, _run_options = _run_options, options
    return before


def required_here() -> dict[str, str]:
    """What is required, and who says so: the run, else ``SSOT_SHIMS_REQUIRE``. Raises :class:`InvalidSetting`."""
    return {**dict.fromkeys(_settings.required(), _settings.REQUIRE), **_run_options.required}


UPSTREAM = _settings.SHIM_PREFIX

_OUTCOMES: dict[str, Outcome] = {
    **dict.fromkeys(("available", "upstream"), "run"),
    **dict.fromkeys(("unavailable", "absent", "forced", "timed_out"), "skip"),
    **dict.fromkeys(("failed", "moved", "broken", "unknown"), "error"),
}
_DECLARE = "if it is spelled right, import the module that declares it, or list that in tool.ssot_shims.modules"


class Verdict(Record):
    """What becomes of a test that needs *name*, and why.

    ``status`` is that of a capability (``available``, ``unavailable``, ``timed_out``, ``failed``), the state of a shim
    (``upstream``, ``absent``, ``moved``, ``broken``, ``forced``), or ``unknown``. ``is_forced`` says that a setting or
    an override answered for a capability, ``required_by`` who requires it. All texts are fit to show.
    """

    name: str  # "docker", "upstream:HeartbeatConfig", "upstream:pkg.mod:Name"
    outcome: Outcome
    status: str
    reason: str
    hint: str = ""
    is_required: bool = False
    is_forced: bool = False
    required_by: str = ""

    @property
    def explanation(self) -> str:
        """Who requires it if somebody does, the status, whether it was forced, the reason and the hint, as one text."""
        required = f"required by {self.required_by}; " if self.is_required else ""
        forced = "forced: " if self.is_forced else ""
        return f"{required}{self.status}: {forced}{with_hint(self.reason, self.hint)}"

    def __str__(self) -> str:
        return f"{self.name}: {self.explanation}"


def judge_each(
    names: Iterable[str], required: Mapping[str, str], waits: Mapping[str, float | None] = {}
) -> tuple[Verdict, ...]:
    """The verdict on each of *names*, in their order, the capabilities asked side by side.

    A name is that of a capability or a probe in short notation, or ``upstream:`` and a shim or a target. *required*
    holds who requires it, by name, and *waits* how many seconds from now it may take to come; a name that has not
    come in that time is not waited for again in this process. Never raises for what the machine is like, nor for what
    the user got wrong: that is the outcome ``error``.
    """
    wanted, began = tuple(dict.fromkeys(names)), _settings.monotonic()
    asked = {name: waits.get(name) for name in wanted if not name.startswith(UPSTREAM)}
    checks = capabilities.start_each(name for name, wait in asked.items() if wait is None)
    checks |= {name: partial(_check_late, name, wait, began) for name, wait in asked.items() if wait is not None}
    return tuple(_judged(name, checks.get(name), required) for name in wanted)


waited_for: set[str] = set()  # the names that have not come in the time that they were given


def _check_late(name: str, wait: float, began: float) -> Availability:
    """The answer for *name*, which may take *wait* seconds since *began* to come."""
    refuse_bad_seconds("wait", wait, may_be_0=True)
    # At least a moment: it may have come while another was waited for.
    left = max(began + wait - _settings.monotonic(), min(wait, 0.1))
    answer = capabilities.check(name, wait=0 if name in waited_for else left)
    if wait and not answer and answer.source == "probe":
        waited_for.add(name)
    return answer


def _judged(name: str, check: Callable[[], Availability] | None, required: Mapping[str, str]) -> Verdict:
    """The verdict on a capability by its *check*, or on an upstream."""
    what = name.removeprefix(UPSTREAM)
    try:
        if check:
            return verdict_of(name, check(), required)
        if is_bare(name):
            return verdict_of(name, record_of(what), required)
        return judge_target(Target.parse(what), required)[0]
    except SsotShimsError as error:
        return verdict_of_error(name, error, required)


def verdict_of(name: str, found: Availability | ShimRecord | TargetResult, required: Mapping[str, str]) -> Verdict:
    """The verdict on *name* when that was *found*."""
    if not isinstance(found, Availability):
        return _verdict(name, found.state, found.reason, found.hint, required)
    set_by = _run_options.said_by.get(found.source)
    hint = f"to ask the machine: leave out {set_by}" if set_by else found.hint
    return _verdict(name, found.status, found.reason, hint, required, is_forced=found.source != "probe")


def _verdict(
    name: str, status: str, reason: str, hint: str, required: Mapping[str, str], *, is_forced: bool = False
) -> Verdict:
    is_real = status in ("available", "upstream") and not is_forced
    outcome = _OUTCOMES[status]
    if name in required:
        outcome = "run" if is_real else "error"
    return Verdict(
        name=fit_to_show(name),
        outcome=outcome,
        status=status,
        reason=fit_to_show(reason),
        hint=fit_to_show(hint),
        is_required=name in required,
        is_forced=is_forced,
        required_by=required.get(name, ""),
    )


def judge_target(target: Target, required: Mapping[str, str], place: str = "") -> tuple[Verdict, TargetResult]:
    """The verdict on a *target* that no shim has to name, asked for at the line *place*, and what it turned out to be.

    Raises :class:`CircularShim`.
    """
    name = UPSTREAM + str(target) if target.symbol else f"import:{target}"  # as the probe that does the same
    judged_targets[name] = ask(target, declared_at=place)
    return verdict_of(name, judged_targets[name], required), judged_targets[name]


judged_targets: dict[str, TargetResult] = {}  # by name
needed: dict[str, Verdict] = {}  # by name: what has been needed in Python, and was there, since the last test began


def refuse_unknown(name: str) -> None:
    """Raise :class:`UnknownName` for what nobody knows, and :class:`InvalidDeclaration` for what does not read."""
    what = name.removeprefix(UPSTREAM)
    if what == name:
        capabilities[name]
    elif not is_bare(name):
        Target.parse(what)
    elif what not in _shim_names():
        record_of(what)


def verdict_of_error(name: str, error: SsotShimsError, required: Mapping[str, str]) -> Verdict:
    """The verdict on a *name* that cannot be asked for."""
    status, hint = ("unknown", _DECLARE) if isinstance(error, UnknownName) else ("failed", "")
    return _verdict(name, status, str(error), hint, required)


def survey() -> dict[str, Availability]:
    """The answer for every capability, fit to show, all of them asked side by side.

    What cannot be asked (a circle of probes, ``SSOT_SHIMS_HAS_DOCKER=maybe``) has failed and spoils no other.
    """
    return {name: _answer(name, wait) for name, wait in capabilities.start_each(capabilities).items()}


def _answer(name: str, wait: Callable[[], Availability]) -> Availability:
    try:
        answer = wait()
    except SsotShimsError as error:
        return Availability(name=name, status="failed", reason=str(error))
    # Our own probes see to it themselves; what an override or a function gives may hold anything.
    details = {key: fit_to_show(str(value)) for key, value in answer.details.items()}
    return answer.replace(reason=fit_to_show(answer.reason), hint=fit_to_show(answer.hint), details=details)


def unmet() -> tuple[Verdict, ...]:
    """The verdicts on what ``SSOT_SHIMS_REQUIRE`` names and is not really there; unknown names are left out.

    Neither a forced yes nor a placeholder is really there. Raises :class:`InvalidSetting`.
    """
    unknown = [name.removeprefix(f"{_settings.REQUIRE}=") for name in misspelled()]
    required = {name: _settings.REQUIRE for name in _settings.required() if name not in unknown}
    return tuple(verdict for verdict in judge_each(required, required) if verdict.outcome != "run")


def is_bare(name: str) -> bool:
    """Whether *name* is that of a capability or a shim, and no notation or target."""
    return name.removeprefix(UPSTREAM).isidentifier()


def misspelled() -> dict[str, str]:
    """The settings, and the names in them, that have no effect, each with what is wrong with it."""
    return _settings.misspelled(_shim_names(), frozenset(capabilities))


def record_of(name: str) -> ShimRecord:
    """The record of the shim *name*; one of ours is resolved now, unless somebody has imported it.

    Raises :class:`UnknownName`.
    """
    if name not in _records() and name in SHIMS:
        with told_later():  # the verdict says it
            import_module(f"ssot_shims.{SHIMS[name]}")
    elif name not in _records() and _run_options.declare:
        _run_options.declare()
    unused_shims.discard(name)
    if name not in _records():
        known = tuple(sorted(_shim_names()))
        raise UnknownName("shim", name, close_matches(name, known), known)
    return _records()[name]


unused_shims: set[str] = set()  # declared for the sake of another name, and not asked for


def _shim_names() -> frozenset[str]:
    return frozenset(_records().keys() | SHIMS)


def _records() -> dict[str, ShimRecord]:
    return {record.name: record for record in all_shims()}
