"""Ask one capability: what is known, else join the flight under way, else be the one who runs the probe.

Our own probes keep their deadline and run in the asking thread; functions run in a thread that can be abandoned.
"""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._flight import Flight, Question, asking, current, refuse_circle
from ssot_shims._place import standing
from ssot_shims._precedence import forced
from ssot_shims._record import Record
from ssot_shims.errors import CircularProbe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ssot_shims._answers import Answers
    from ssot_shims._capability import Capability

# Seconds after the deadline for a probe to say itself why it had no answer, which is more than its waiters know.
_GRACE = 0.05


def ask(answers: Answers, name: str, check: Callable[[str], Availability]) -> Availability:
    """The answer for the capability *name*, which is known; *check* is how the parts of a combination are asked.

    Raises :class:`CircularProbe`, :class:`InvalidSetting`, and KeyboardInterrupt; nothing of what the machine is like.
    """
    while True:
        asker = current()
        with answers.lock:
            known = answers.known(name)
            if known is not None:
                return known
            question, is_first = _begin(answers, answers.capabilities[name], asker)
        try:
            if isinstance(question, Flight):
                answer = _fly(answers, question) if is_first else _wait(answers, question)
            else:
                answer = _combine(answers, question, check)
        finally:
            if asker is not None:
                with answers.lock:
                    asker.waits_for.remove(question)
        if answer is not None:
            return answer


def _begin(answers: Answers, capability: Capability, asker: Question | None) -> tuple[Question, bool]:
    """The question to wait for, and whether it is new. Called under the lock."""
    name = capability.name
    question: Question | None = answers.flights.get(name)
    refuse_circle(name, asker, question)
    is_new = question is None
    if capability.parts:
        question = Question(name, asker)
    elif question is None:
        seconds = capability.timeout or _settings.timeout()
        question = answers.flights[name] = Flight(capability, asker, seconds)
    if asker is not None:
        asker.waits_for.append(question)
    return question, is_new


def _fly(answers: Answers, flight: Flight) -> Availability | None:
    """The answer of *flight*, found by this thread or by one that it starts."""
    try:
        answer = forced(flight.capability)
        if answer is None:
            answer = _probe(answers, flight)
    except BaseException as error:
        if flight.thread is None:  # else a thread is on its way, and lands for the others
            answers.land(flight, None, error)
        raise
    if answer is not None:
        answers.land(flight, answer)
    landed = _wait(answers, flight)
    if flight.error is not None:
        raise flight.error
    return landed


def _wait(answers: Answers, flight: Flight) -> Availability | None:
    """What *flight* lands with; None when it ends without an answer, so that the question has to be put again."""
    if not flight.wait(_GRACE):
        late = _timed_out(flight)
        if flight.is_loading:
            return late.but(name=flight.name, seconds=flight.seconds)  # its clock has not started: it may land yet
        answers.land(flight, late)
    if isinstance(flight.error, CircularProbe):
        raise CircularProbe(flight.error.names)
    return flight.answer


def _probe(answers: Answers, flight: Flight) -> Availability | None:
    """The answer of a probe of ours or of one that could not be started; None when its thread is to land it."""
    probe = flight.capability.probe
    if not isinstance(probe, Record):
        return _start(answers, flight, probe)
    if hasattr(probe, "ask"):
        return _ask_inline(flight)
    function = _load(flight)
    return function if isinstance(function, Availability) else _start(answers, flight, function)


def _ask_inline(flight: Flight) -> Availability:
    flight.thread = get_ident()
    try:
        answer: Availability = flight.capability.probe.ask(flight.deadline)
    except Exception as error:  # nothing else is ours: it comes from a signal handler, and is for the program
        from ssot_shims._outcome import raised  # a mistake of ours

        return raised(flight.capability, error)
    finally:
        flight.thread = None
    return answer


def _load(flight: Flight) -> Callable[[], object] | Availability:
    from ssot_shims._outcome import load  # only for functions that are named as text

    flight.is_loading = True
    token = asking.set(flight)  # the module may ask for the very capability that it is to find
    try:
        return load(flight.capability)
    finally:
        asking.reset(token)
        flight.start_clock()


def _start(answers: Answers, flight: Flight, function: Callable[[], object]) -> Availability | None:
    """Run *function* in its thread, unless a call of it is still under way and does not come back in time."""
    from ssot_shims._run import Run  # our own probes need none

    run = Run(answers, flight, function)
    while True:
        with answers.lock:
            other = next((other for other in answers.runs if other.is_in_the_way_of(run)), None)
            if other is None:
                answers.runs.append(run)
                break
        if not other.has_ended(min(other.flight.deadline, flight.deadline) - monotonic()):
            return _timed_out(other.flight, "its probe, started before and not again,")
    run.start()
    return None


def _timed_out(flight: Flight, what: str = "its probe") -> Availability:
    capability, longer = flight.capability, flight.seconds * 4
    place = standing(flight.thread, flight.file) if flight.thread is not None else ""
    if flight.is_loading:
        seen = f"{what} is still being imported"
    else:
        seen = f"{what} stands at {place}" if place else f"{what} is on its way"
    if capability.timeout is None:
        cure = f"{_settings.TIMEOUT}={longer:g}"
    else:
        cure = f"timeout={longer:g} where it is registered ({capability.where})"
    reason = f"no answer in {flight.seconds:g} s; {seen}; to give it longer: {cure}"
    return Availability(status="timed out", reason=reason)


def _combine(answers: Answers, question: Question, check: Callable[[str], Availability]) -> Availability:
    """The answer of a combination, from its parts, side by side."""
    from ssot_shims._combination import combined  # few capabilities are combinations
    from ssot_shims._errand import side_by_side

    capability = answers.capabilities[question.name]
    started = monotonic()
    token = asking.set(question)
    try:
        answer = forced(capability)
        if answer is None:
            answer = combined(
                capability.probe.kind, side_by_side(capability.parts, check, answers.hits, answers.imports)
            )
    finally:
        asking.reset(token)
        question.is_over = True
    return answer.but(name=capability.name, seconds=monotonic() - started)
