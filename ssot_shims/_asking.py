"""Ask one capability: what is known, else join the flight under way, else be the one who runs the probe.

Our own probes keep their deadline and run in the asking thread; functions run in a thread that can be abandoned. Every
question begins in the thread that asks it, where modules are imported; others only wait.
"""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._flight import Flight, Question, asking, current, refuse_circle, timed_out
from ssot_shims._precedence import forced
from ssot_shims.errors import CircularProbe, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssot_shims._answers import Answers
    from ssot_shims._capability import Capability
    from ssot_shims._catalogue import Catalogue

    Wait = Callable[[], Availability]

# Seconds after the deadline for a probe to say itself why it had no answer, which is more than its waiters know.
_GRACE = 0.05


def ask(catalogue: Catalogue, name: str, asker: Question | None = None) -> Availability:
    """The answer for the capability *name*, of which *asker* is the combination that it is a part of, if it is one.

    Raises :class:`UnknownCapability`, :class:`CircularProbe`, :class:`InvalidSetting`, and KeyboardInterrupt; nothing
    of what the machine is like.
    """
    return begin(catalogue, name, asker, is_alone=True)()


def begin(catalogue: Catalogue, name: str, asker: Question | None = None, *, is_alone: bool = False) -> Wait:
    """What waits for the answer that :func:`ask` gives, and may be called in any thread.

    What has to be done in this thread is done. Unless the question *is_alone*, all the rest is under way.
    """
    answers = catalogue.answers
    capability = catalogue.find(name)  # not under the lock: it may read what packages offer
    known = answers.known(name)
    answers.note(name, known)
    if known is not None:
        return lambda: known
    wait = _begin(catalogue, capability, asker, is_alone)

    def noted() -> Availability:
        answer = wait()
        answers.note(name, answer)
        return answer

    return noted


def _begin(catalogue: Catalogue, capability: Capability, asker: Question | None, is_alone: bool) -> Wait:
    if capability.parts:
        return _combine(catalogue, capability, asker or current(), is_alone)
    if is_alone:
        return _set_out(catalogue, capability, asker)
    from ssot_shims._errand import Errand  # a single question needs none

    if capability.kind == "probe":
        return Errand(capability.name, lambda: _set_out(catalogue, capability, asker)()).wait
    return Errand(capability.name, _set_out(catalogue, capability, asker)).wait


def begin_each(
    catalogue: Catalogue, names: Iterable[str], asker: Question | None = None, *, is_alone: bool = True
) -> dict[str, Wait]:
    """What waits for each of *names*, in their order: together they take as long as the slowest.

    What is wrong with one question is raised by what waits for it.
    """
    wanted = dict.fromkeys(names)
    is_alone = is_alone and sum(catalogue.answers.known(name) is None for name in wanted) < 2
    begun: dict[str, Wait] = {}
    for name in sorted(wanted, key=catalogue.imports):  # an import keeps this thread
        try:
            begun[name] = begin(catalogue, name, asker, is_alone=is_alone)
        except SsotShimsError as error:
            begun[name] = _raising(error)
    return {name: begun[name] for name in wanted}


def _raising(error: SsotShimsError) -> Wait:
    def wait() -> Availability:
        raise error

    return wait


def _set_out(catalogue: Catalogue, capability: Capability, asker: Question | None) -> Wait:
    """What waits for the flight that finds the answer; when it is begun here, all that this thread does is done."""
    answers, name = catalogue.answers, capability.name
    with answers.lock:
        known = answers.known(name)
        is_current = answers.capabilities.get(name) is capability  # else registered anew since it was found
        boarded = _board(answers, capability, asker or current()) if known is None and is_current else None
    if known is not None:
        return lambda: known
    if boarded is None:
        return begin(catalogue, name, asker, is_alone=True)
    flight, is_first = boarded
    if is_first:
        _fly(answers, flight)

    def wait() -> Availability:
        answer = _wait(answers, flight)
        if is_first and flight.error is not None:
            raise flight.error
        return ask(catalogue, name, asker) if answer is None else answer

    return wait


def _board(answers: Answers, capability: Capability, asker: Question | None) -> tuple[Flight, bool]:
    """The flight to wait for, and whether it is new. Called under the lock."""
    under_way = answers.flights.get(capability.name)
    imported_here = under_way if under_way is not None and under_way.is_imported_here() else None
    refuse_circle(capability, asker, imported_here)
    if under_way is not None and not under_way.is_held_up_here():
        under_way.askers += [] if asker is None else [asker]
        return under_way, False
    flight = Flight(capability, asker, capability.timeout or _settings.timeout())
    if imported_here is None:  # else it sees half a module, and what it finds is for this asker only
        answers.flights[capability.name] = flight
    return flight, True


def _fly(answers: Answers, flight: Flight) -> None:
    """Find the answer of *flight*, or start the thread that does."""
    try:
        answer = forced(flight.capability)
        if answer is None:
            answer = answers.agreed(flight.capability)
        if answer is None:
            answer = _probe(answers, flight)
    except BaseException as error:
        with answers.lock:
            if not flight.is_away:  # else its thread lands it for the others
                answers.land(flight, None, error)
        raise
    if answer is not None:
        answers.land(flight, answer)


def _wait(answers: Answers, flight: Flight) -> Availability | None:
    """What *flight* lands with; None when it ends without an answer, so that the question has to be put again."""
    if not flight.wait(_GRACE):
        late = timed_out(flight)
        if flight.is_loading:
            return late.but(name=flight.name, seconds=flight.seconds)  # its clock has not started: it may land yet
        answers.land(flight, late)
    if isinstance(flight.error, CircularProbe):
        raise CircularProbe(flight.error.names)
    return flight.answer


def _probe(answers: Answers, flight: Flight) -> Availability | None:
    """The answer of a probe of ours or of one that could not be loaded; None when its thread is to land it."""
    kind = flight.capability.kind
    found: Availability | Callable[[], object]
    if kind == "probe":
        found = _ask_inline(flight)
    elif kind == "named function":
        found = _load(flight)
    else:
        found = flight.capability.probe
    if isinstance(found, Availability):
        return found
    from ssot_shims._run import Run  # our own probes need none

    Run(answers, flight, found).start()
    return None


def _ask_inline(flight: Flight) -> Availability | Callable[[], Availability]:
    flight.thread = get_ident()
    try:
        found: Availability | Callable[[], Availability] = flight.capability.probe.ask(flight.deadline)
    except Exception as error:  # nothing else is ours: it comes from a signal handler, and is for the program
        from ssot_shims._outcome import raised  # a mistake of ours

        return raised(flight.capability, error)
    return found


def _load(flight: Flight) -> Callable[[], object] | Availability:
    from ssot_shims._outcome import load  # only for functions that are named as text

    flight.is_loading = True
    token = asking.set(flight)  # what the module asks for may ask for the very capability that it is to find
    try:
        return load(flight.capability)
    finally:
        asking.reset(token)
        flight.start_clock()


def _combine(catalogue: Catalogue, capability: Capability, asker: Question | None, is_alone: bool) -> Wait:
    """What waits for the answer of a combination, whose parts are asked side by side."""
    from ssot_shims._combination import combined  # few capabilities are combinations

    started = monotonic()
    refuse_circle(capability, asker)
    answer = forced(capability)
    if answer is not None:
        named = answer.but(name=capability.name, seconds=monotonic() - started)
        return lambda: named
    parts = begin_each(catalogue, capability.parts, Question(capability, asker), is_alone=is_alone)

    def wait() -> Availability:
        found = combined(capability.probe.kind, {name: wait() for name, wait in parts.items()})
        return found.but(name=capability.name, seconds=monotonic() - started)

    return wait
