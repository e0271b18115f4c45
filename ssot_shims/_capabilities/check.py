"""Checks of capabilities: overridden, cached, forced by a variable, or found by a probe; one, several, or combined.

A check has two steps, so that several run side by side: *start* does what belongs in the asking thread and starts the
thread of the probe, *wait* gives the answer.
"""

from __future__ import annotations

from time import monotonic

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._callsite import file_of
from ssot_shims._capabilities.capability import is_async
from ssot_shims._capabilities.flight import Flight, current, in_thread, refuse_circle
from ssot_shims._capabilities.function import failed, outcome
from ssot_shims._probes.notation import Probe, PythonProbe
from ssot_shims._text import describe, fit_to_show
from ssot_shims.errors import CircularProbe, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from ssot_shims._availability import Status
    from ssot_shims._capabilities.cache import Answers
    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.flight import Started

TEST_NO_SERVICES = "TEST_NO_SERVICES"


def forced(capability: Capability) -> Availability | None:
    """The answer that the environment gives for *capability*; None when the probe is to be asked.

    Raises :class:`InvalidSetting` for a value that does not read, unless a setting before it has answered.
    """
    legacy = f"ORCHESTRATION_{capability.name.upper()}_AVAILABLE"
    for variable in (_settings.has_variable(capability.name), _settings.NO_SERVICES, legacy, TEST_NO_SERVICES):
        is_switch = variable in (_settings.NO_SERVICES, TEST_NO_SERVICES)
        says = None if is_switch and not capability.is_service else _settings.choice(variable)
        if says is None or (is_switch and not says):
            continue
        what = "turns every service off" if is_switch else f"says {'yes' if says else 'no'}"
        return Availability(
            status="available" if says and not is_switch else "unavailable",
            reason=f"{variable} {what}",
            hint=f"to ask the machine: unset {variable}",
            source=variable,
        )
    return None


def no_services() -> bool:
    """Whether every service is turned off, by our name for it or by the legacy one.

    Raises :class:`InvalidSetting` for a value that does not read.
    """
    return _settings.flag(_settings.NO_SERVICES) or _settings.flag(TEST_NO_SERVICES)


# What is said of a combination that is not there: breakage first, then a clear no.
_BADNESS: tuple[Status, ...] = ("timed_out", "unavailable", "failed")


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
        status="available" if is_yes else max(no.values(), key=lambda part: _BADNESS.index(part.status)).status,
        reason="; ".join(f"{name}: {part.reason}" for name, part in deciding.items()),
        hint="; ".join(f"{name}: {part.hint}" for name, part in deciding.items() if part.hint),
        source=forced[0] if is_forced else "probe",
        details={name: part.status for name, part in deciding.items()},
    )


def check(answers: Answers, name: str) -> Availability:
    """Whether *name* is there, and why. Raises what :func:`start` raises."""
    return wait(answers, start(answers, name))


def start_each(answers: Answers, names: Iterable[str]) -> dict[str, Started]:
    """Start each of *names*; :func:`wait` raises what is wrong with one of them."""
    started: dict[str, Started] = {}
    for name in dict.fromkeys(names):
        try:
            started[name] = start(answers, name)
        except SsotShimsError as error:
            started[name] = error
    return started


def start(answers: Answers, name: str) -> Started:
    """Start to find out whether *name* is there: what belongs in this thread is done, and the probe runs in its own.

    Raises :class:`UnknownName`, :class:`CircularProbe`, :class:`InvalidSetting`, and KeyboardInterrupt; nothing
    of what the machine is like.
    """
    known = answers.known(answers.find(name).name)
    if known is not None:
        return known
    new: Flight | None = None
    try:
        with answers.lock:
            found, new = _join(answers, answers.find(name))
            if new and not new.capability.parts:
                answers.flights.append(new)
        if new:
            _launch(answers, new)
    except BaseException:
        with answers.lock:
            if new and new in answers.flights and new.ident is None:  # it never begins; those who wait ask again
                answers.end(new)
        raise
    return found


def _join(answers: Answers, capability: Capability) -> tuple[Flight | Availability, Flight | None]:
    """The answer if there is one, else the flight to wait for; and that again if it is new. Called under the lock."""
    name, asker = capability.name, current.get()
    answer = answers.known(name)
    if answer is not None:
        return answer, None
    answers.note(name, None)
    if asker and asker.is_over:  # this context has outlived it
        asker = None
    refuse_circle(capability, asker)
    before = next((flight for flight in reversed(answers.flights) if flight.capability is capability), None)
    if before and not before.is_over and not before.is_outdated:
        before.askers += [asker] if asker else []
        return before, None
    answer = forced(capability)
    if answer is None and not capability.parts:
        answer = answers.agreed(capability)
    if answer is not None:
        return answers.keep(capability, answer), None
    new = Flight(capability, asker, capability.timeout or _settings.timeout(), before)
    return new, new


def _launch(answers: Answers, flight: Flight) -> None:
    """Start the parts of a combination; else import what the probe needs, then start its clock and its thread."""
    capability, token = flight.capability, current.set(flight)  # for what is imported, and for the threads
    try:
        if capability.parts:
            flight.parts = start_each(answers, capability.parts)
            return
        function = _prepared(capability)
        flight.file = "" if isinstance(function, Availability) else file_of(function)
        flight.started = monotonic()
        flight.deadline = flight.started + flight.seconds
        flight.thread = in_thread(capability.name, lambda: _run(answers, flight, function))
    finally:
        current.reset(token)


def _prepared(capability: Capability) -> Callable[..., object] | Availability:
    """The function that asks the probe, imported if it is named as text; when that fails, the answer that says so."""
    probe = capability.probe
    try:
        if isinstance(probe, Probe):
            probe.prepare()
            return probe.ask
        function: Callable[..., object] = probe.load() if isinstance(probe, PythonProbe) else probe
    except (KeyboardInterrupt, CircularProbe):
        raise
    except BaseException as error:
        return failed(capability, f"loading {capability.notation} raised {fit_to_show(describe(error))}")
    if is_async(function):
        return failed(capability, f"{capability.notation} is an async function, and nobody would await it")
    return function


def _run(answers: Answers, flight: Flight, function: Callable[..., object] | Availability) -> None:
    """What the thread of *flight* does."""
    from threading import get_ident

    with answers.lock:
        if flight.ident or flight not in answers.flights:  # it has begun, or whoever asked was interrupted before
            return
        flight.ident = get_ident()
    answer = error = None
    try:
        if isinstance(function, Availability):
            answer = function
        elif flight.before and not flight.before.has_ended(flight.before.started + flight.seconds):
            answer = flight.timed_out()
        elif not flight.is_over:  # else it was given up before it could begin
            flight.before = None
            answer = outcome(flight.capability, function, flight.deadline)
    except BaseException as raised:  # for those who wait, and not for threading.excepthook
        error = raised
    finally:
        answers.land(flight, answer, error)
        answers.end(flight)


def wait(answers: Answers, started: Started) -> Availability:
    """The answer of what was *started*. The errors of a run are raised in each thread that waits for it."""
    if isinstance(started, SsotShimsError):
        raise started
    answer = started if isinstance(started, Availability) else _wait(answers, started)
    answers.note(answer.name, answer)
    return answer


def _wait(answers: Answers, flight: Flight) -> Availability:
    if flight.parts:
        found = {name: wait(answers, part) for name, part in flight.parts.items()}
        answer = combined(flight.capability.probe.kind, found)
        return answer.replace(name=flight.capability.name, seconds=monotonic() - flight.started)
    if not flight.has_ended_in_time():
        late = flight.timed_out()
        if not flight.has_clock:
            return late  # for this asker alone, who may be why the import does not end
        answers.land(flight, late)
    if isinstance(flight.error, CircularProbe):
        raise CircularProbe(flight.error.names)
    if flight.error is not None:
        raise flight.error
    # Without an answer, whoever started it was interrupted before the thread began.
    return check(answers, flight.capability.name) if flight.answer is None else flight.answer
