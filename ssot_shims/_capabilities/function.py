"""A probe function: its call in a daemon thread, and its result made an availability."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._callsite import file_of, place_of, raising
from ssot_shims._capabilities.capability import is_async
from ssot_shims._capabilities.flight import asking, context_to_wait_for, pass_through, timed_out
from ssot_shims._settings import has_variable
from ssot_shims.errors import CircularProbe, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ssot_shims._capabilities.cache import Answers
    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.flight import Flight


_STATUSES = ("available", "unavailable", "timed_out", "failed")
_EXPECTED = "expected True, None, False, (False, 'why') or an Availability"
WHOLE = "give it one of the four statuses, a reason in words, details of text by text, and seconds from 0 up"


def outcome(capability: Capability, function: Callable[[], object]) -> Availability:
    """The answer that *function* gives. KeyboardInterrupt and :class:`CircularProbe` pass through."""
    try:
        return _said(capability, function)
    except (KeyboardInterrupt, CircularProbe):
        raise
    except BaseException as error:
        return raised(capability, error, function)


def _said(capability: Capability, function: Callable[[], object]) -> Availability:
    """What *function* returns, or raises as Unavailable, in words; those may be an object that raises in its turn."""
    try:
        return _meant(capability, function, function())
    except Unavailable as no:
        return _no(capability, function, str(no.args[0]) if no.args and no.args[0] is not None else "")


def _meant(capability: Capability, function: Callable[[], object], value: Any) -> Availability:
    """What a returned *value* says. Looking at it may raise: it can be an object that is not ready for that."""
    if value is None or value is True:
        return Availability(status="available", reason=f"its probe ({place_of(function)}) says yes")
    if value is False:
        return _no(capability, function, "")
    match value:
        case tuple((False, str(why))):
            return _no(capability, function, why)
        case Availability() if is_whole(value):
            return value.replace(reason=fit_to_show(value.reason))
        case Availability():
            return failed(capability, f"its probe ({place_of(function)}) returned an unfinished Availability; {WHOLE}")
        case _:
            return _strange(capability, function, value)


def raised(capability: Capability, error: BaseException, function: Callable[..., object] | None = None) -> Availability:
    """The answer for a probe that raised *error*, with the line of *function* where it did."""
    from ssot_shims._text import describe  # re, and probes rarely raise

    place = raising(error, file_of(function) if function else "")
    return failed(capability, f"its probe raised {fit_to_show(describe(error))}{f' at {place}' if place else ''}")


def failed(capability: Capability, what: str) -> Availability:
    """The answer *failed*, with the setting that answers without the probe."""
    cure = f"to answer without it: {has_variable(capability.name)}=0"
    return Availability(status="failed", reason=f"{what}; {cure}")


def load(capability: Capability) -> Callable[[], object] | Availability:
    """The function of a probe that names one, imported now; when that fails, the answer that says so."""
    try:
        function: Callable[[], object] = capability.probe.load()
    except (KeyboardInterrupt, CircularProbe):
        raise
    except BaseException as error:
        from ssot_shims._text import describe  # as above

        return failed(
            capability, f"loading {capability.notation}{_offered(capability)} raised {fit_to_show(describe(error))}"
        )
    if not callable(function):  # pyright: ignore[reportUnnecessaryComparison]  # an entry point may name anything
        return failed(capability, f"{capability.notation} is of type {type(function).__name__}, not a function")
    if is_async(function):
        return failed(capability, f"{capability.notation} is an async function, and nobody would await it")
    return function


def fit_to_show(text: str) -> str:
    r"""*text* on one line, and ``***`` for what may be a secret in it.

    >>> fit_to_show("cannot reach postgres://me:secret@db:5432/app\n")
    'cannot reach postgres://***@db:5432/app'
    """
    from ssot_shims._text import (
        one_line,  # re, and our own probes see to it themselves
        redact,
    )

    return redact(one_line(text))


def is_whole(value: Availability) -> bool:
    """Whether an answer made by a user can be shown: what should be text is, and nothing is missing."""
    from collections.abc import Mapping  # answers are rarely made by users

    details: Any = value.details
    return (
        value.status in _STATUSES
        and type(value.reason) is str
        and value.reason.strip() != ""
        and issubclass(type(details), Mapping)
        and all(type(text) is str for pair in details.items() for text in pair)
        and type(value.seconds) in (int, float)
        and 0 <= value.seconds < float("inf")
    )


def _offered(capability: Capability) -> str:
    return f", which {capability.where} offers," if capability.level == "package" else ""


def _no(capability: Capability, function: Callable[..., object], why: str) -> Availability:
    unsaid = f"its probe ({place_of(function)}) says no, and not why; to say why: return (False, 'why')"
    return Availability(status="unavailable", reason=fit_to_show(why) or unsaid)


def _strange(capability: Capability, function: Callable[..., object], value: Any) -> Availability:
    if hasattr(value, "__await__") and hasattr(value, "close"):
        value.close()  # a coroutine left alone warns when it goes
    kind = type(value).__name__
    return failed(capability, f"its probe ({place_of(function)}) returned an object of type {kind}, {_EXPECTED}")


class Run:
    """One call of *function* for *flight*. It may outlive the flight; then it hangs, and nobody waits for it."""

    def __init__(self, answers: Answers, flight: Flight, function: Callable[[], object]) -> None:
        self.flight = flight
        self.capability = flight.capability
        self.gate = allocate_lock()  # opens when the function has come back
        self.gate.acquire()
        self._answers = answers
        self._function = function

    def start(self) -> None:
        """Call the function in a thread named after its capability, in a copy of this context."""
        from threading import Thread  # our own probes do without

        self.flight.file = file_of(self._function)
        context = context_to_wait_for()
        context.run(asking.set, self.flight)
        try:
            Thread(target=context.run, args=(self._body,), name=self.capability.name, daemon=True).start()
        except RuntimeError as error:  # the system has no thread to give
            self._answers.land(self.flight, failed(self.capability, f"its probe could not be started: {error}"))

    def _body(self) -> None:
        if not self._has_its_turn():
            return
        answer: Availability | None = None
        passed: BaseException | None = None
        try:
            answer = outcome(self.capability, self._function)
        except BaseException as error:  # KeyboardInterrupt and circles are for whoever asked, not for this thread
            passed = error
        with self._answers.lock:
            # After a fork, in a child that came out of the probe itself, there is nothing to take off.
            self._answers.runs[:] = [run for run in self._answers.runs if run is not self]
        self.gate.release()
        self._answers.land(self.flight, answer, passed)

    def _has_its_turn(self) -> bool:
        """Whether to call the function: not when nobody waits any more, and never while another call is under way.

        The other call, too, has as much time as *this* flight gives it; then this one ends with it.
        """
        answers, flight = self._answers, self.flight
        while True:
            with answers.lock:
                if flight.is_over:  # whoever asked was interrupted before the thread could begin, or it took too long
                    return False
                flight.thread = get_ident()
                other = next((run for run in answers.runs if run.capability is self.capability), None)
                if other is None:
                    answers.runs.append(self)
                    return True
            if not pass_through(other.gate, other.flight.started + flight.seconds - monotonic()):
                answers.land(flight, timed_out(flight, other.flight))
                return False
