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
    from ssot_shims._catalogue import Catalogue

# Seconds after the deadline for a probe to say itself why it had no answer, which is more than its waiters know.
_GRACE = 0.05


def ask(catalogue: Catalogue, name: str, asker: Question | None = None) -> Availability:
    """The answer for the capability *name*, of which *asker* is the combination that it is a part of, if it is one.

    Raises :class:`UnknownCapability`, :class:`CircularProbe`, :class:`InvalidSetting`, and KeyboardInterrupt; nothing
    of what the machine is like.
    """
    answers, part_of = catalogue.answers, asker
    while True:
        asker = part_of or current()
        capability = catalogue.find(name)  # not under the lock: it may read what packages offer
        with answers.lock:
            known = answers.known(name)
            answers.note(name, known)
            if known is not None:
                return known
            if answers.capabilities.get(name) is not capability:
                continue  # registered anew since it was found
            question, is_first = _begin(answers, capability, asker)
        try:
            if isinstance(question, Flight):
                answer = _fly(answers, question) if is_first else _wait(answers, question)
            else:
                answer = _combine(catalogue, capability, question)
        finally:
            if asker is not None:
                with answers.lock:
                    asker.waits_for.remove(question)
        if answer is not None:
            answers.note(name, answer)
            return answer


def _begin(answers: Answers, capability: Capability, asker: Question | None) -> tuple[Question, bool]:
    """The question to wait for, and whether it is new. Called under the lock."""
    name = capability.name
    flight = answers.flights.get(name)
    refuse_circle(name, asker, flight)
    is_new = flight is None or flight.is_held_up_here()
    if capability.parts:
        question = Question(name, asker)
    elif flight is None or is_new:
        question = answers.flights[name] = Flight(capability, asker, capability.timeout or _settings.timeout())
    else:
        question = flight
    if asker is not None:
        asker.waits_for.append(question)
    return question, is_new


def _fly(answers: Answers, flight: Flight) -> Availability | None:
    """The answer of *flight*, found by this thread or by one that it starts."""
    try:
        answer = forced(flight.capability)
        if answer is None:
            answer = answers.agreed(flight.capability)
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
    found = _ask_inline(flight) if hasattr(probe, "ask") else _load(flight)
    return found if isinstance(found, Availability) else _start(answers, flight, found)


def _ask_inline(flight: Flight) -> Availability | Callable[[], Availability]:
    flight.thread = get_ident()
    try:
        found: Availability | Callable[[], Availability] = flight.capability.probe.ask(flight.deadline)
    except Exception as error:  # nothing else is ours: it comes from a signal handler, and is for the program
        from ssot_shims._outcome import raised  # a mistake of ours

        return raised(flight.capability, error)
    finally:
        flight.thread = None
    return found


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


def _combine(catalogue: Catalogue, capability: Capability, question: Question) -> Availability:
    """The answer of a combination, from its parts, side by side."""
    from ssot_shims._combination import combined  # few capabilities are combinations
    from ssot_shims._errand import side_by_side

    def check(part: str) -> Availability:
        return ask(catalogue, part, question)

    started = monotonic()
    answer = forced(capability)
    if answer is None:
        parts = side_by_side(capability.parts, check, catalogue.answers.hits, catalogue.imports)
        answer = combined(capability.probe.kind, parts)
    return answer.but(name=capability.name, seconds=monotonic() - started)
