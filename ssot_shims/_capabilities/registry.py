"""The registry: capabilities by name, and one question to ask of each.

A check has two steps, so that several run side by side: *start* does what belongs in the asking thread and starts the
thread of the probe, *wait_for* gives the answer.
"""

from __future__ import annotations

import os
from _weakref import ref
from functools import partial
from time import sleep

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._callsite import caller
from ssot_shims._capabilities.cache import Answers, Override, forced, overriding
from ssot_shims._capabilities.capability import Capability
from ssot_shims._capabilities.catalogue import Catalogue
from ssot_shims._capabilities.flight import NEVER, Flight, Started, awaited, current, in_thread, names_between, pauses
from ssot_shims._capabilities.function import combined, outcome, prepared
from ssot_shims.errors import CapabilityMissing, CircularProbe, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any


class Registry(Catalogue):
    """Capabilities by name, and the answer for each, found out once.

    All code shares :data:`ssot_shims.capabilities`. After ``os.fork`` the child keeps the answers. Ask before forking:
    a fork while another thread imports a module, one of this library included, leaves a child in which that import
    never ends.

    >>> registry = Registry()
    >>> registry.register("path", "env:PATH")
    >>> bool(registry.check("path")), registry.check("path").reason
    (True, 'PATH is set')
    >>> with registry.override(path=False):
    ...     bool(registry.check("path"))
    False
    """

    def __init__(self, *, clock: Callable[[], float] = _settings.monotonic) -> None:
        super().__init__(clock=clock)
        self._cached = self._answers.cached
        if hasattr(os, "register_at_fork"):
            existing = ref(self._answers)  # what is registered at forks is never taken back, and must not keep them

            def after_fork() -> None:
                if answers := existing():
                    answers.after_fork()

            os.register_at_fork(after_in_child=after_fork)

    def check(self, name: str, *, wait: float | None = None) -> Availability:
        """Whether *name*, a capability or a notation such as ``tcp://localhost:5432``, is available, and why.

        The answer is cached: a yes or a no for the process, *timed_out* and *failed* for 5 seconds. With *wait* the
        probe runs again, after pauses of 0.1 to 2 seconds, until it says yes or *wait* seconds are up; a run that has
        begun by then ends with its own timeout. A *failed* probe, a setting and an override end the waiting at once:
        waiting changes neither a bug nor a setting.

        The state of the machine never raises. A name that nobody declared raises :class:`UnknownName`, a notation that
        is not valid and a *wait* outside 0 to 86400 seconds :class:`InvalidDeclaration`, a setting that is not valid
        :class:`InvalidSetting`, and probes that ask for each other :class:`CircularProbe`.

        >>> registry = Registry()
        >>> registry.register("path", "env:PATH")
        >>> registry.check("paht")
        Traceback (most recent call last):
        ssot_shims.errors.UnknownName: no capability 'paht'; close: path; known: path
        """
        if wait is not None:
            return self._polled([name], wait)[name]
        try:
            return self._cached[name]
        except (KeyError, TypeError):
            pass  # asked below, or what is raised would carry the KeyError
        return wait_for(self._answers, start(self._answers, name))

    async def acheck(self, name: str, *, wait: float | None = None) -> Availability:
        """The answer of :meth:`check`, while the event loop goes on; it blocks only to import the module of a probe."""
        from asyncio import sleep

        answers: dict[str, Availability] = {}
        for pause in pauses(answers, wait, self.refresh):
            await sleep(pause)
            started = start(self._answers, name)
            waiting = partial(wait_for, self._answers, started)
            answers[name] = waiting() if isinstance(started, Availability) else await awaited(name, waiting)
        return answers[name]

    def check_all(self) -> dict[str, Availability]:
        """The answer for each registered capability, by name. All probes run at once, in the time of the slowest."""
        return {name: wait() for name, wait in self.start_each(self).items()}

    def require(self, *names: str, wait: float | None = None) -> None:
        """Raise :class:`CapabilityMissing`, with every reason, unless all *names* are available.

        It waits for them as :meth:`check` does, *wait* seconds for all together. Raises what :meth:`check` raises, too.
        """
        answers = self._polled([self[name].name for name in names], wait)
        if missing := {name: answer for name, answer in answers.items() if not answer}:
            reasons = {name: answer.reason for name, answer in missing.items()}
            raise CapabilityMissing(reasons, {name: answer.hint for name, answer in missing.items()})

    def override(
        self, answers: Mapping[str, bool | Availability] | None = None, /, **more: bool | Availability
    ) -> AbstractContextManager[None]:
        """A context manager that replaces answers in the whole process until its block ends.

        ``override(docker=False)`` and ``override({"docker": False})`` mean the same. A name that nobody declared raises
        :class:`UnknownName`, and an answer of another type :class:`InvalidDeclaration`.
        """
        where, given = caller(), {**(answers or {}), **more}
        layer = {self[name].name: overriding(name, value, where) for name, value in given.items()}
        return Override(self._answers, layer)

    def refresh(self, *names: str) -> None:
        """Drop the cached answers for *names*, or all of them; the next question runs the probe again.

        A combination is refreshed with its parts. Overrides stay. Raises :class:`UnknownName`.
        """
        wanted = {one.name: one for one in map(self._answers.find, names or self)}
        while new := {part for one in wanted.values() for part in one.parts} - wanted.keys():
            wanted.update({part: self[part] for part in new})
        self._answers.refreshed.update(wanted)
        self._answers.forget([*wanted, *(() if names else self._answers.unnamed)])

    def _polled(self, names: Iterable[str], wait: float | None) -> dict[str, Availability]:
        """The answers for *names*, asked side by side, and those that are not there again for *wait* seconds."""
        answers: dict[str, Availability] = {}
        for pause in pauses(answers, wait, self.refresh):
            sleep(pause)
            waits = self.start_each(name for name in names if not answers.get(name))
            answers.update({name: wait() for name, wait in waits.items()})
        return answers

    def start_each(self, names: Iterable[str]) -> dict[str, Callable[[], Availability]]:
        """The checks of *names*, all started; calling one waits for its answer, or raises why there is none."""
        return {name: partial(wait_for, self._answers, one) for name, one in start_each(self._answers, names).items()}

    def when_unknown(self, declare: Callable[[], object] | None) -> Callable[[], object] | None:
        """Call *declare* once, when somebody asks for a name that is unknown; returns what would have been called."""
        before, self._answers.declare_more = self._answers.declare_more, declare
        return before

    def publish(self, name: str, namespace: dict[str, Any]) -> dict[str, bool]:
        """Whether each name that is cached is there, kept up to date; the global ``_<name>`` of *namespace* is, too."""
        self._answers.globals[name] = namespace
        return self._answers.hits

    def given_answers(self, required: Iterable[str]) -> dict[str, Availability | None]:
        """What was answered so far, None while it is found out; for *required* the yes of an override counts."""
        overriding = self._answers.overriding
        return {**self._answers.last, **{name: overriding[name] for name in required if name in overriding}}

    def __reduce__(self) -> str:
        # The one that everybody shares is the same in each process; any other cannot be pickled.
        return "capabilities"


def start_each(answers: Answers, names: Iterable[str]) -> dict[str, Started]:
    """Start each of *names*; :func:`wait_for` raises what is wrong with one of them."""
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
    answers.find(name)  # before the lock is held, because what declares more may be imported
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
    if asker and (way := names_between(capability, asker)):  # it would wait for itself
        raise CircularProbe((*way, name))
    before = next((flight for flight in reversed(answers.flights) if flight.capability is capability), None)
    if before and not before.is_over and not before.is_outdated:
        if asker:
            before.askers.append(asker)
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
        function = prepared(capability)
        flight.function = None if isinstance(function, Availability) else function
        flight.started = _settings.monotonic()
        flight.deadline = flight.started + flight.seconds
        flight.thread = in_thread(capability.name, lambda: _run(answers, flight, function))
    finally:
        current.reset(token)


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


def wait_for(answers: Answers, started: Started) -> Availability:
    """The answer of what was *started*. The errors of a run are raised in each thread that waits for it."""
    if isinstance(started, SsotShimsError):
        raise started
    answer = started if isinstance(started, Availability) else _wait_for(answers, started)
    answers.note(answer.name, answer)
    return answer


def _wait_for(answers: Answers, flight: Flight) -> Availability:
    if flight.parts:
        found = {name: wait_for(answers, part) for name, part in flight.parts.items()}
        answer = combined(flight.capability.probe.kind, found)
        return answer.replace(name=flight.capability.name, seconds=_settings.monotonic() - flight.started)
    if not flight.has_ended_in_time():
        late = flight.timed_out()
        if flight.deadline == NEVER:
            return late  # for this asker alone, who may be why the import does not end
        answers.land(flight, late)
    if isinstance(flight.error, CircularProbe):
        raise CircularProbe(flight.error.names)
    if flight.error is not None:
        raise flight.error
    # Without an answer, whoever started it was interrupted before the thread began.
    return wait_for(answers, start(answers, flight.capability.name)) if flight.answer is None else flight.answer
