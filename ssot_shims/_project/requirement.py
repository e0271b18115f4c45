"""Requirements: what must be real here, and whether a test that needs it runs, skips or errors."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._capabilities.check import no_services
from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._names import SHIMS
from ssot_shims._project.declarations import told_later
from ssot_shims._record import Record
from ssot_shims._shims.shim import all_shims
from ssot_shims._text import did_you_mean
from ssot_shims.errors import SsotShimsError, UnknownName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Literal

    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.registry import Registry
    from ssot_shims._shims.shim import ShimRecord

    Outcome = Literal["run", "skip", "error"]


class Told(Record):
    """Who requires each name, who has said what each variable says, and the folder of the project."""

    required: Mapping[str, str] = {}
    said_by: Mapping[str, str] = {}
    folder: Path | None = None


_told = Told()


def told() -> Told:
    """What the run that is under way was told; nothing outside of any."""
    return _told


def tell(new: Told) -> Told:
    """Let *new* be in force; what was before is given back, to be told again at the end."""
    global _told
    before, _told = _told, new
    return before


def required_here() -> dict[str, str]:
    """What is required, and who says so: the run, else ``SSOT_SHIMS_REQUIRE``. Raises :class:`InvalidSetting`."""
    return {**dict.fromkeys(_settings.required(), _settings.REQUIRE), **_told.required}


def in_words_of_the_user(reason: str) -> str:
    """*reason* for one who has written an option or an ini key, and knows nothing of the variable behind it."""
    for variable, place in _told.said_by.items():
        reason = reason.replace(f"unset {variable}", f"leave out {place}")
    return reason


class Finding(Record):
    """A capability, the answer for it, and the line where its probe hangs (empty when it does not)."""

    capability: Capability
    answer: Availability
    hanging: str = ""

    @property
    def is_forced(self) -> bool:
        """Whether somebody else than the machine has answered."""
        return self.answer.source != "probe"

    @property
    def why(self) -> str:
        """The reason, and first of all whether it was forced."""
        return f"forced: {self.answer.explanation}" if self.is_forced else self.answer.explanation


def survey(registry: Registry, names: Iterable[str]) -> tuple[Finding, ...]:
    """A finding for each of *names*, all of them asked side by side.

    What cannot be asked (a circle of probes, ``SSOT_SHIMS_HAS_DOCKER=maybe``) has failed and spoils no other. Raises
    :class:`InvalidSetting` for what spoils them all, such as ``SSOT_SHIMS_TIMEOUT=-1``.
    """
    _settings.timeout()
    no_services()

    waits = registry.start_each(names)
    answers = {name: _outcome(name, wait) for name, wait in waits.items()}
    hanging = registry.hanging()
    return tuple(
        Finding(capability=registry[name], answer=answer, hanging=hanging.get(name, ""))
        for name, answer in answers.items()
    )


def _outcome(name: str, wait: Callable[[], Availability]) -> Availability:
    try:
        return _fit_to_show(wait())
    except SsotShimsError as error:
        return Availability(name=name, status="failed", reason=str(error))


def unmet(registry: Registry, shims: Iterable[ShimRecord]) -> tuple[str, ...]:
    """A line for everything in ``SSOT_SHIMS_REQUIRE`` that is not really there; names that nobody knows are left out.

    Neither a forced yes nor a placeholder is really there.
    """
    required = _settings.required()
    missing = {
        f"upstream:{shim.name}": f"{shim.state}; {shim.explanation}" for shim in shims if shim.state != "upstream"
    }
    for found in survey(registry, [name for name in required if name in registry]):
        if found.is_forced or not found.answer:
            missing[found.capability.name] = f"{found.answer.status}; {found.why}"
    return tuple(f"{_settings.REQUIRE}={name}: {missing[name]}" for name in required if name in missing)


def _fit_to_show(answer: Availability) -> Availability:
    # The reasons of our own probes are; what an override or a function gives may hold anything.
    details = {key: fit_to_show(str(value)) for key, value in answer.details.items()}
    return answer.replace(reason=fit_to_show(answer.reason), details=details)


UPSTREAM = "upstream:"  # what the name of a shim begins with, where names of capabilities may stand too

_OUTCOMES: dict[str, Outcome] = {
    "available": "run",
    "upstream": "run",
    "unavailable": "skip",
    "absent": "skip",
    "forced": "skip",
    "timed_out": "skip",
    "failed": "error",
    "moved": "error",
    "broken": "error",
    "unknown": "error",
}
_CURE = (
    "if it is spelled right, import the module that declares it; "
    "for pytest, list that in tool.ssot_shims.modules of pyproject.toml"
)


class Verdict(Record):
    """What becomes of a test that needs *name*, and why.

    ``status`` is that of a capability (``available``, ``unavailable``, ``timed out``, ``failed``), the state of a shim
    (``upstream``, ``absent``, ``moved``, ``broken``, ``forced``), or ``unknown``. ``reason`` is one line fit to show:
    who requires it if somebody does, the status, whether it was forced, why, and the cure.
    """

    name: str  # "docker", "upstream:HeartbeatConfig"
    outcome: Outcome
    status: str
    reason: str
    is_required: bool


def judge(name: str, required: Mapping[str, str]) -> Verdict:
    """The verdict on *name*, a capability or ``upstream:Name``; *required* holds who says so, by name.

    Never raises for what the machine is like, nor for what the user got wrong: that is the outcome ``error``.
    """
    return judge_each((name,), required)[0]


def judge_each(names: Iterable[str], required: Mapping[str, str]) -> tuple[Verdict, ...]:
    """The verdict on each of *names*, in their order, the capabilities asked side by side."""
    wanted = tuple(dict.fromkeys(names))
    found = _ask_capabilities([name for name in wanted if not name.startswith(UPSTREAM)])
    found.update({name: _ask_shim(name.removeprefix(UPSTREAM)) for name in wanted if name not in found})
    verdicts = tuple(_verdict(name, found[name], required.get(name)) for name in wanted)
    if not told().said_by:
        return verdicts
    return tuple(verdict.replace(reason=in_words_of_the_user(verdict.reason)) for verdict in verdicts)


def known_names() -> frozenset[str]:
    """Every name there is a verdict on: the capabilities, and ``upstream:Name`` for ours and the declared shims."""
    return frozenset(capabilities) | {UPSTREAM + name for name in _shim_names()}


class _Found(Record):
    status: str
    why: str
    is_real: bool = False  # neither forced nor a placeholder


@lru_cache(maxsize=256)  # a suite asks for few things, and thousands of times
def _verdict(name: str, found: _Found, required_by: str | None) -> Verdict:
    reason = fit_to_show(f"{found.status}: {found.why}")
    outcome = _OUTCOMES[found.status]
    if required_by is not None:
        reason = f"required by {required_by}; {reason}"
        outcome = "run" if found.is_real else "error"
    shown = fit_to_show(name)  # of one that nobody knows, whatever the user has written
    return Verdict(name=shown, outcome=outcome, status=found.status, reason=reason, is_required=required_by is not None)


def _ask_capabilities(names: Sequence[str]) -> dict[str, _Found]:
    return {name: _found(wait) for name, wait in capabilities.start_each(names).items()}


def _found(wait: Callable[[], Availability]) -> _Found:
    try:
        return _of_answer(wait())
    except SsotShimsError as error:
        return _of_error(error)


def _of_answer(answer: Availability) -> _Found:
    is_forced = answer.source != "probe"
    why = f"forced: {answer.explanation}" if is_forced else answer.explanation
    return _Found(status=answer.status, why=why, is_real=bool(answer) and not is_forced)


def _of_error(error: SsotShimsError) -> _Found:
    if isinstance(error, UnknownName):
        return _Found(status="unknown", why=f"{error}; {_CURE}")
    return _Found(status="failed", why=str(error))


def _ask_shim(name: str) -> _Found:
    try:
        record = record_of(name)
    except SsotShimsError as error:
        return _Found(status="broken", why=str(error))
    if record is None:
        known = sorted(_shim_names())
        close = did_you_mean(name, known)
        return _Found(status="unknown", why=f"no shim {name!r}{close}; known: {', '.join(known)}; {_CURE}")
    return _Found(status=record.state, why=record.explanation, is_real=record.state == "upstream")


def record_of(name: str) -> ShimRecord | None:
    """The record of the shim *name*; one of ours is resolved now, unless somebody has imported it."""
    records = {record.name: record for record in all_shims()}
    if name not in records and name in SHIMS:
        with told_later():  # the verdict says it
            import_module(f"ssot_shims.{SHIMS[name]}")
        records = {record.name: record for record in all_shims()}
    return records.get(name)


def _shim_names() -> set[str]:
    return {record.name for record in all_shims()} | SHIMS.keys()
