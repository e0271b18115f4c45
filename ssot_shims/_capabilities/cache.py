"""The cache: answers of capabilities, the layers of overrides over them, and the flights that are under way."""

from __future__ import annotations

from _thread import RLock
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._capabilities.function import WHOLE, fit_to_show, is_whole
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import ClassVar, Protocol

    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.flight import Flight
    from ssot_shims._capabilities.function import Run

    class Shared(Protocol):
        """What the processes of one test run have agreed on."""

        def read(self, capability: Capability) -> Availability | None:
            """What counts in all of them, if one has found it out."""
            ...

        def offer(self, capability: Capability, own: Availability) -> Availability:
            """What counts from now on: *own*, unless another process was first."""
            ...

        def agree(self, what: str, own: str) -> str:
            """The same for a choice: what the first process has chosen."""
            ...


_LONGEST = 2000  # characters of a reason
SECOND_TRY = 5.0  # seconds after which timed out and failed are asked about once more


class Answers:
    """The state of one registry. Its lock is re-entrant, because a signal handler may ask while its thread holds it."""

    # Of the class, because whoever sets it, a test run, does so before there is a registry.
    shared: ClassVar[Shared | None] = None

    def __init__(self, clock: Callable[[], float] = monotonic, told: Callable[[str, bool | None], None] | None = None):
        self.clock = clock
        self.lock = RLock()
        self.capabilities: dict[str, Capability] = {}
        self.hits: dict[str, Availability] = {}
        self.flights: dict[str, Flight] = {}
        self.runs: list[Run] = []
        self.refreshed: set[str] = set()  # these this process finds out for itself
        self.told: dict[str, Availability | None] = {}  # what was said last, overrides aside, to whoever asked
        self.told_instead: dict[str, Availability] = {}  # the yes of an override that somebody who asked was told
        # Each until it counts no more by the clock; with None for as long as the process lasts.
        self._kept: dict[str, tuple[Availability, float | None]] = {}
        self.layers: tuple[Mapping[str, Availability], ...] = ()  # the last one first; read without the lock
        self._publish_also = told

    def known(self, name: str) -> Availability | None:
        """The answer that counts now, if there is one."""
        over = self._over(name)
        if over is not None:
            return over
        answer, until = self._kept.get(name, (None, None))
        return answer if until is None or self.clock() < until else None

    def note(self, name: str, answer: Availability | None) -> None:
        """Remember that somebody has asked for *name*, and was told *answer*; None as long as there is none."""
        if answer is None or answer.source != "override":
            self.told[name] = answer
        elif answer:
            self.told_instead[name] = answer

    def agreed(self, capability: Capability, own: Availability | None = None) -> Availability | None:
        """The answer that counts in the whole test run, *own* if no process was first; without a test run *own*."""
        if self.shared is None or capability.name in self.refreshed:
            return own
        return self.shared.read(capability) if own is None else self.shared.offer(capability, own)

    def land(self, flight: Flight, answer: Availability | None, error: BaseException | None = None) -> None:
        """End *flight* with *answer*, or without one because of *error*; the first to land decides.

        The answer is kept when nobody has begun a new generation since.
        """
        if answer is not None and not flight.is_over:
            answer = self.agreed(flight.capability, answer)
        with self.lock:
            if flight.is_over:
                return
            name = flight.name
            if answer is not None:
                answer = answer.replace(
                    name=name, reason=_fit_to_show(answer.reason), seconds=monotonic() - flight.started
                )
            flight.answer, flight.error, flight.is_over = answer, error, True
            if self.flights.get(name) is flight:
                del self.flights[name]
                if answer is not None:
                    self._kept[name] = answer, self._until(flight.capability, answer)
                    self.publish(name)
            flight.gate.release()

    def forget(self, names: Iterable[str]) -> None:
        """Begin a new generation of *names*: what is known is dropped, and so is what flights under way will find."""
        with self.lock:
            for name in names:
                self._kept.pop(name, None)
                self.flights.pop(name, None)
                self.publish(name)

    def put_over(self, layer: Mapping[str, Availability]) -> None:
        """Let the answers in *layer* count, before everything that is known and every layer put before."""
        with self.lock:
            self.layers = (layer, *self.layers)
            self._begin_anew(layer)

    def take_off(self, layer: Mapping[str, Availability]) -> None:
        """Undo :meth:`put_over`, whatever layers were put or taken in between."""
        with self.lock:
            self.layers = tuple(other for other in self.layers if other is not layer)
            self._begin_anew(layer)

    def publish(self, name: str) -> None:
        """Bring the hit for *name* up to date. An override is none, so that who is told of it is noted."""
        answer, until = self._kept.get(name, (None, None))
        if until is not None or self._over(name) is not None:
            answer = None
        if answer is not None:
            self.hits[name] = answer
        else:
            self.hits.pop(name, None)
        if self._publish_also:
            self._publish_also(name, None if answer is None else bool(answer))

    def after_fork(self) -> None:
        """In a child: keep answers and overrides; locks, flights and threads have stayed in the parent."""
        self.lock = RLock()
        for flight in [*self.flights.values(), *(run.flight for run in self.runs)]:
            flight.is_over = True  # the child may have come out of its very probe, and may ask anew
        self.flights.clear()
        self.runs.clear()
        for name in [*self._kept, *self.hits]:
            self.publish(name)

    def _over(self, name: str) -> Availability | None:
        for layer in self.layers:
            if name in layer:
                return layer[name]
        return None

    def _begin_anew(self, names: Iterable[str]) -> None:
        for name in names:
            self.flights.pop(name, None)
            self.publish(name)

    def _until(self, capability: Capability, answer: Availability) -> float | None:
        if answer.status in ("timed_out", "failed"):
            return self.clock() + SECOND_TRY
        return None if capability.ttl is None else self.clock() + capability.ttl


def _fit_to_show(reason: str) -> str:
    """*reason* on one line that prints, and cut in its middle when it has no end: peers and paths may hold anything."""
    if reason.isprintable() and len(reason) <= _LONGEST:
        return reason
    from ssot_shims._text import one_line, shortened  # re, and hardly any reason is like that

    return shortened(one_line(reason), _LONGEST)


class Override:
    """What ``override(...)`` gives: the answers count from ``with`` to its end, for the whole process.

    It may be entered again, and overrides may end in any order: what is left counts, the latest first.
    """

    def __init__(self, answers: Answers, layer: Mapping[str, Availability]) -> None:
        self._answers = answers
        self._layer = layer
        self._entered: list[Mapping[str, Availability]] = []

    def __enter__(self) -> None:
        layer = dict(self._layer)
        self._entered.append(layer)
        self._answers.put_over(layer)

    def __exit__(self, *_: object) -> None:
        self._answers.take_off(self._entered.pop())


def overriding(name: str, value: object, where: str) -> Availability:
    """The answer that *value*, given for *name* at *where*, stands for. Raises :class:`InvalidDeclaration`."""
    if isinstance(value, Availability):
        if not is_whole(value):
            raise InvalidDeclaration(f"override({name}=Availability(...)) is unfinished", WHOLE)
        return value.replace(name=name, reason=fit_to_show(value.reason), source="override")
    if not isinstance(value, bool):
        given = fit_to_show(repr(value))
        raise InvalidDeclaration(f"override({name}={given}) is no answer", "give True, False or an Availability")
    return Availability(
        name=name,
        status="available" if value else "unavailable",
        reason=f"override({name}={value}) at {where}; to ask the machine: leave that with block",
        source="override",
    )
