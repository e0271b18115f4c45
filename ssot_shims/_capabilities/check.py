"""Checks of capabilities: overridden, cached, joined or run; one, several, or a combination of them."""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.flight import Flight, Question, asking, current, refuse_circle, timed_out
from ssot_shims.errors import CircularProbe, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from ssot_shims._availability import Status
    from ssot_shims._capabilities.cache import Answers
    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.catalogue import Catalogue

    Wait = Callable[[], Availability]


TEST_NO_SERVICES = "TEST_NO_SERVICES"


def forced(capability: Capability) -> Availability | None:
    """The answer that the environment gives for *capability*; None when the probe is to be asked.

    Raises :class:`InvalidSetting` for a value that does not read, unless a setting before it has answered.
    """
    answer = _by_name(_settings.has_variable(capability.name))
    if answer is None:
        answer = _off(capability, _settings.NO_SERVICES)
    if answer is None:
        answer = _by_name(f"ORCHESTRATION_{capability.name.upper()}_AVAILABLE")
    if answer is None:
        answer = _off(capability, TEST_NO_SERVICES)
    return answer


def no_services() -> bool:
    """Whether every service is turned off, by our name for it or by the one of old.

    Raises :class:`InvalidSetting` for a value that does not read.
    """
    return _settings.flag(_settings.NO_SERVICES) or _settings.flag(TEST_NO_SERVICES)


def _by_name(variable: str) -> Availability | None:
    answer = _settings.choice(variable)
    if answer is None:
        return None
    says = "says yes" if answer else "says no"
    return _forced_answer(variable, says, is_yes=answer)


def _off(capability: Capability, variable: str) -> Availability | None:
    if not (capability.is_service and _settings.flag(variable)):
        return None
    return _forced_answer(variable, "turns every service off", is_yes=False)


def _forced_answer(variable: str, says: str, *, is_yes: bool) -> Availability:
    return Availability(
        status="available" if is_yes else "unavailable",
        reason=f"{variable} {says}; to ask the machine: unset {variable}",
        source=variable,
    )


# What is said of a combination that is not there: breakage first, then a clear no.
_FROM_BAD_TO_WORSE: tuple[Status, ...] = ("timed_out", "unavailable", "failed")


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
    yes = {name: part for name, part in parts.items() if part}
    no = {name: part for name, part in parts.items() if not part}
    if yes and (kind == "any" or not no):
        return _answer("available", yes, needs_all=kind == "all")
    worst = max(no.values(), key=lambda part: _FROM_BAD_TO_WORSE.index(part.status))
    return _answer(worst.status, no, needs_all=kind == "any")


def _answer(status: Status, deciding: dict[str, Availability], *, needs_all: bool) -> Availability:
    """The answer that each of *deciding* gives by itself, or that it needs all of them for."""
    sources = [part.source for part in deciding.values()]
    is_forced = any if needs_all else all
    forced = [source for source in sources if source != "probe"]
    return Availability(
        status=status,
        reason="; ".join(f"{name}: {part.explanation}" for name, part in deciding.items()),
        source=forced[0] if is_forced(source != "probe" for source in sources) else "probe",
        details={name: part.status for name, part in deciding.items()},
    )


# Seconds after the deadline for a probe to say itself why it had no answer, which is more than its waiters know.
_GRACE = 0.05


def ask(catalogue: Catalogue, name: str, asker: Question | None = None) -> Availability:
    """The answer for the capability *name*, of which *asker* is the combination that it is a part of, if it is one.

    Raises :class:`UnknownName`, :class:`CircularProbe`, :class:`InvalidSetting`, and KeyboardInterrupt; nothing
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
    from ssot_shims._capabilities.flight import Errand  # a single question needs none

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
            return late.replace(name=flight.name, seconds=flight.seconds)  # its clock has not started: it may land yet
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
    from ssot_shims._capabilities.function import Run  # our own probes need none

    Run(answers, flight, found).start()
    return None


def _ask_inline(flight: Flight) -> Availability | Callable[[], Availability]:
    flight.thread = get_ident()
    try:
        found: Availability | Callable[[], Availability] = flight.capability.probe.ask(flight.deadline)
    except Exception as error:  # nothing else is ours: it comes from a signal handler, and is for the program
        from ssot_shims._capabilities.function import raised  # a mistake of ours

        return raised(flight.capability, error)
    return found


def _load(flight: Flight) -> Callable[[], object] | Availability:
    from ssot_shims._capabilities.function import load  # only for functions that are named as text

    flight.is_loading = True
    token = asking.set(flight)  # what the module asks for may ask for the very capability that it is to find
    try:
        return load(flight.capability)
    finally:
        asking.reset(token)
        flight.start_clock()


def _combine(catalogue: Catalogue, capability: Capability, asker: Question | None, is_alone: bool) -> Wait:
    """What waits for the answer of a combination, whose parts are asked side by side."""
    started = monotonic()
    refuse_circle(capability, asker)
    answer = forced(capability)
    if answer is not None:
        named = answer.replace(name=capability.name, seconds=monotonic() - started)
        return lambda: named
    parts = begin_each(catalogue, capability.parts, Question(capability, asker), is_alone=is_alone)

    def wait() -> Availability:
        found = combined(capability.probe.kind, {name: wait() for name, wait in parts.items()})
        return found.replace(name=capability.name, seconds=monotonic() - started)

    return wait
