"""From a probe to its answer: ask it, read what it returned or raised, and add up the parts of `all:` and `any:`."""

from __future__ import annotations

from ssot_shims._availability import Availability
from ssot_shims._callsite import file_of, place_of, raising
from ssot_shims._capabilities.capability import Capability
from ssot_shims._probes.notation import Probe, PythonProbe
from ssot_shims._settings import has_variable, is_capability_name
from ssot_shims._text import describe, fit_to_show
from ssot_shims.errors import CircularProbe, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

_STATUSES = ("available", "timed_out", "unavailable", "failed")  # worst last
_EXPECTED = "expected True, None, False, (False, 'why') or an Availability"
HOW_TO_FINISH = "give it one of the four statuses, a reason in words, and details of text by text"


def prepared(capability: Capability) -> Callable[..., Any] | Availability:
    """The function that asks the probe, imported if it is named as text; when that fails, the answer that says so."""
    probe = capability.probe
    # A module of others may end in any way; SystemExit while ours are loaded is that of a signal handler.
    caught = Exception if isinstance(probe, Probe) else BaseException
    try:
        if isinstance(probe, Probe):
            probe.prepare()
            return probe.ask
        return probe.load() if isinstance(probe, PythonProbe) else probe
    except (KeyboardInterrupt, CircularProbe):
        raise
    except caught as error:
        return failed(capability, f"loading {capability.notation} raised {fit_to_show(describe(error))}")


def outcome(capability: Capability, function: Callable[..., Any], deadline: float) -> Availability:
    """The answer that *function* leads to. KeyboardInterrupt and :class:`CircularProbe` pass through."""
    try:
        try:
            if isinstance(capability.probe, Probe):
                return capability.probe.ask(deadline)
            return _meaning(capability, function, function())
        except Unavailable as no:  # its reason may be an object that raises when it is made text
            return _no(function, no.reason, no.hint)
    except (KeyboardInterrupt, CircularProbe):
        raise
    except BaseException as error:
        place = raising(error, file_of(function))
        what = f"its probe raised {fit_to_show(describe(error))}"
        return failed(capability, f"{what} at {place}" if place else what)


def _meaning(capability: Capability, function: Callable[[], object], value: Any) -> Availability:
    """What a returned *value* says. Looking at it may raise: it can be an object that is not ready for that."""
    place = f"its probe ({place_of(function)})"
    match value:
        case None | True:
            return Availability(status="available", reason=f"{place} says yes")
        case False:
            return _no(function, None)
        case tuple((False, str(why))):
            return _no(function, why)
        case Availability() if is_finished(value):
            return value.replace(reason=fit_to_show(value.reason), hint=fit_to_show(value.hint))
        case Availability():
            return failed(capability, f"{place} returned an unfinished Availability", HOW_TO_FINISH)
        case _:
            if hasattr(value, "__await__") and hasattr(value, "close"):
                value.close()  # a coroutine left alone warns when it goes
            return failed(capability, f"{place} returned an object of type {type(value).__name__}, {_EXPECTED}")


def _no(function: Callable[..., object], why: object, hint: object = "") -> Availability:
    reason = "" if why is None else fit_to_show(str(why))
    if not reason:
        reason, hint = f"its probe ({place_of(function)}) says no, and not why", "to say why: return (False, 'why')"
    return Availability(status="unavailable", reason=reason, hint=fit_to_show(str(hint)))


def failed(capability: Capability, reason: str, hint: str = "") -> Availability:
    """The answer *failed*; without a *hint*, with the setting that answers without the probe if there is one."""
    if not hint and is_capability_name(capability.name):  # a notation has no such variable
        hint = f"to answer without it: {has_variable(capability.name)}=0"
    return Availability(status="failed", reason=reason, hint=hint)


def is_finished(value: Availability) -> bool:
    """Whether an answer made by a user is complete: what should be text is, and nothing is missing."""
    texts = (value.reason, value.hint, *value.details, *value.details.values())
    return value.status in _STATUSES and all(type(text) is str for text in texts) and value.reason.strip() != ""


def combined(kind: Literal["all", "any"], parts: dict[str, Availability]) -> Availability:
    """The answer that *parts* add up to, with the reason of every part that decides it.

    It is forced (its ``source`` is not ``probe``) when it would be another without a forced part.

    >>> yes = Availability(status="available", reason="it is")
    >>> no = Availability(status="unavailable", reason="it is not")
    >>> combined("any", {"docker": no, "staging": yes}).reason
    'staging: it is'
    >>> combined("all", {"docker": no, "staging": yes}).reason
    'docker: it is not'
    """
    no = {name: part for name, part in parts.items() if not part}
    is_yes = not no if kind == "all" else len(no) < len(parts)
    deciding = {name: part for name, part in parts.items() if part} if is_yes else no
    needs_all = is_yes is (kind == "all")
    forced = [part.source for part in deciding.values() if part.source != "probe"]
    is_forced = bool(forced) if needs_all else len(forced) == len(deciding)
    return Availability(
        status="available" if is_yes else max(no.values(), key=lambda part: _STATUSES.index(part.status)).status,
        reason="; ".join(f"{name}: {part.reason}" for name, part in deciding.items()),
        hint="; ".join(f"{name}: {part.hint}" for name, part in deciding.items() if part.hint),
        source=forced[0] if is_forced else "probe",
        details={name: part.status for name, part in deciding.items()},
    )
