"""The cache: answers of capabilities, the overrides in front of them, and the flights that have not come back."""

from __future__ import annotations

from _thread import RLock

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.capability import Capability
from ssot_shims._capabilities.flight import GRACE, Flight
from ssot_shims._capabilities.function import HOW_TO_FINISH, is_finished
from ssot_shims._probes.notation import read, without_secrets
from ssot_shims._text import close_matches, fit_to_show, one_line, shortened
from ssot_shims.errors import InvalidDeclaration, UnknownName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, ClassVar, Protocol

    from ssot_shims._availability import Status

    class Shared(Protocol):
        """What the processes of one test run have agreed on; the first that finds something out decides."""

        def read(self, capability: Capability) -> Availability | None: ...
        def offer(self, capability: Capability, own: Availability) -> Availability: ...
        def agree(self, what: str, own: str) -> str: ...


_LONGEST = 2000  # characters of a reason
SECOND_TRY = 5.0  # seconds after which timed out and failed are asked about once more


class Answers:
    """The state of one registry. Whatever changes it holds ``lock``; answers are read without it."""

    # Of the class, because a test run sets it before there is a registry.
    shared: ClassVar[Shared | None] = None

    def __init__(self, clock: Callable[[], float] = _settings.monotonic) -> None:
        self.capabilities: dict[str, Capability] = {}  # by name; changed under the lock, read without it
        self.unnamed: dict[str, Capability] = {}  # asked for by notation, by that without secrets; never dropped
        self.declare_more: Callable[[], object] | None = None  # called once when a name is unknown
        self.unknown_hint = ""  # what the error for an unknown name ends with
        self.lock = RLock()  # as C has it: it is never held while something else is waited for
        self.flights: list[Flight] = []  # until the thread of each has ended, whether or not somebody waits for it
        self.layers: tuple[Mapping[str, Availability], ...] = ()  # of overrides, the last one first
        self.last: dict[str, Availability | None] = {}  # given out, without overrides; None while it is found out
        self.overriding: dict[str, Availability] = {}  # given out as an override that says yes
        self.refreshed: set[str] = set()  # these this process finds out for itself
        # The answers that need no look at clock or overrides, whether they are yes, and the modules whose global
        # ``_<name>`` says the same.
        self.cached: dict[str, Availability] = {}
        self.hits: dict[str, bool] = {}
        self.globals: dict[str, dict[str, Any]] = {}
        self._clock = clock
        self.kept: dict[str, tuple[Availability, float | None]] = {}  # until when by the clock; None: for good

    def find(self, name: str) -> Capability:
        """The capability *name*, which may be a notation instead.

        Raises :class:`UnknownName` with the names that come close, and :class:`InvalidDeclaration` for a notation that
        does not read.
        """
        found = self.capabilities.get(name) or self.unnamed.get(name)
        if found is None and ":" in name:
            return self._find_unnamed(name)
        if found is None and self.declare_more:
            declare, self.declare_more = self.declare_more, None  # what it imports may ask, too
            declare()
            return self.find(name)
        if found is None:
            names = tuple(sorted(self.capabilities))
            raise UnknownName("capability", name, close_matches(name, names), names, hint=self.unknown_hint)
        return found

    def _find_unnamed(self, notation: str) -> Capability:
        made = Capability(name=without_secrets(notation), probe=read(notation))
        with self.lock:
            if self.unnamed.get(made.name) != made:  # the secrets may be others
                self.unnamed[made.name] = made
                self.forget([made.name])
            return self.unnamed[made.name]

    def choose(self, name: str, chosen: Capability | None) -> None:
        """Let *chosen* be the capability *name*, or nothing; what was known of another one is dropped."""
        if chosen is not self.capabilities.get(name):
            self.capabilities.pop(name, None)
            self.capabilities.update({} if chosen is None else {name: chosen})
            self.forget([name])

    def known(self, name: str) -> Availability | None:
        """The answer that counts now, if there is one."""
        for layer in self.layers:
            if name in layer:
                return layer[name]
        answer, until = self.kept.get(name, (None, None))
        return answer if until is None or self._clock() < until else None

    def note(self, name: str, answer: Availability | None) -> None:
        """Remember that *answer* was given to somebody who asked for *name*; None while it is found out."""
        if answer is None or answer.source != "override":
            self.last[name] = answer
        elif answer:
            self.overriding[name] = answer

    def agreed(self, capability: Capability, own: Availability | None = None) -> Availability | None:
        """The answer that counts in the whole test run, *own* if no process was first; without a test run *own*."""
        if self.shared is None or capability.name in self.refreshed:
            return own
        return self.shared.read(capability) if own is None else self.shared.offer(capability, own)

    def keep(self, capability: Capability, answer: Availability, seconds: float = 0.0) -> Availability:
        """Keep *answer*, found in so many *seconds*, as long as *capability* says; a combination is never kept."""
        answer = _finished(capability, answer, seconds)
        lifetime = SECOND_TRY if answer.status in ("timed_out", "failed") else capability.ttl
        with self.lock:
            if not capability.parts:
                self.kept[answer.name] = answer, None if lifetime is None else self._clock() + lifetime
            self._publish([answer.name])
        return answer

    def land(self, flight: Flight, answer: Availability | None, error: BaseException | None = None) -> None:
        """Give *flight* its *answer*, or the *error* for those who wait; the first to land decides."""
        now, capability = _settings.monotonic(), flight.capability
        if answer is not None and not flight.is_over:
            if now > flight.deadline + GRACE and answer.status != "timed_out":
                answer = flight.timed_out()
            answer = self.agreed(capability, answer)
        with self.lock:
            if flight.is_over:
                return
            if answer is not None:
                finish = _finished if flight.is_outdated else self.keep
                flight.answer = finish(capability, answer, now - flight.started)
            flight.error = error
            flight.is_over = True

    def end(self, flight: Flight) -> None:
        """Strike *flight* off the list, because its run has ended, and let those go on who wait for that."""
        with self.lock:
            flight.is_over = True
            self.flights[:] = [other for other in self.flights if other is not flight]
        flight.ended.release()

    def forget(self, names: Collection[str]) -> None:
        """Drop the answers for *names*, and those that flights under way will find."""
        with self.lock:
            for name in names:
                self.kept.pop(name, None)
            self.outdate(names)

    def after_fork(self) -> None:
        """In a child: keep answers and overrides; locks, flights and threads have stayed in the parent."""
        self.lock = RLock()
        for flight in self.flights:
            flight.is_over = True  # the child may have come out of its very probe, and may ask again
        self.flights.clear()
        self._publish({*self.kept, *self.hits})

    def outdate(self, names: Collection[str]) -> None:
        """Let what flights under way will find for *names* not be kept; called under the lock."""
        for flight in self.flights:
            flight.is_outdated |= flight.capability.name in names
        self._publish(names)

    def _publish(self, names: Collection[str]) -> None:
        """Bring the hits for *names* up to date. An override is none, so that it is noted who was given it."""
        for name in names:
            answer, until = self.kept.get(name, (None, None))
            namespace = self.globals.get(name, {})
            if answer is None or until is not None or any(name in layer for layer in self.layers):
                self.cached.pop(name, None)
                self.hits.pop(name, None)
                namespace.pop(f"_{name}", None)
            else:
                self.cached[name] = answer
                self.hits[name] = namespace[f"_{name}"] = answer.status == "available"


def _finished(capability: Capability, answer: Availability, seconds: float) -> Availability:
    reason, hint = _on_one_line(answer.reason), _on_one_line(answer.hint)
    return answer.replace(name=capability.name, reason=reason, hint=hint, seconds=seconds)


def _on_one_line(text: str) -> str:
    """*text* on one line that prints, and cut in its middle when it has no end: peers and paths may hold anything."""
    return text if text.isprintable() and len(text) <= _LONGEST else shortened(one_line(text), _LONGEST)


def forced(capability: Capability) -> Availability | None:
    """The answer that the environment gives for *capability*; None when the probe is to be asked.

    Raises :class:`InvalidSetting` for a value that does not read, unless a setting before it has answered.
    """
    legacy = f"ORCHESTRATION_{capability.name.upper()}_AVAILABLE"
    ours = _settings.has_variable(capability.name)
    for own, switch in ((ours, _settings.NO_SERVICES), (legacy, _settings.TEST_NO_SERVICES)):
        source, says = own, _settings.choice(own)
        reason = f"{own} says {'yes' if says else 'no'}"
        if says is None:
            if not (capability.is_service and _settings.flag(switch)):
                continue
            source, reason = switch, f"{switch} turns every service off"
        status: Status = "available" if says else "unavailable"
        return Availability(status=status, reason=reason, hint=f"to ask the machine: unset {source}", source=source)
    return None


class Override:
    """What ``override(...)`` gives: the answers count from ``with`` to its end, for the whole process.

    Overrides may end in any order: what is left counts, the latest first.
    """

    def __init__(self, answers: Answers, layer: Mapping[str, Availability]) -> None:
        self._answers, self._layer = answers, layer

    def __enter__(self) -> None:
        with self._answers.lock:
            self._answers.layers = (self._layer, *self._answers.layers)
            self._answers.outdate(self._layer)

    def __exit__(self, *_: object) -> None:
        with self._answers.lock:
            self._answers.layers = tuple(other for other in self._answers.layers if other is not self._layer)
            self._answers.outdate(self._layer)


def overriding(name: str, value: object, where: str) -> Availability:
    """The answer that *value*, given for *name* at *where*, stands for. Raises :class:`InvalidDeclaration`."""
    if isinstance(value, Availability):
        if not is_finished(value):
            raise InvalidDeclaration(f"override({name}=Availability(...)) is unfinished", HOW_TO_FINISH)
        reason, hint = fit_to_show(value.reason), fit_to_show(value.hint)
        return value.replace(name=name, reason=reason, hint=hint, source="override")
    given = fit_to_show(f"override({name}={value!r})")
    if not isinstance(value, bool):
        raise InvalidDeclaration(f"{given} is not an answer", "give True, False or an Availability")
    status: Status = "available" if value else "unavailable"
    hint = "to ask the machine: leave that with block"
    return Availability(name=name, status=status, reason=f"{given} at {where}", hint=hint, source="override")
