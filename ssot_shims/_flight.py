"""A question under way: one probe, everybody who waits for its answer, and who waits for whom."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from contextvars import ContextVar
from time import monotonic

from ssot_shims.errors import CircularProbe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Iterator

    from ssot_shims._availability import Availability
    from ssot_shims._capability import Capability

# The innermost flight whose probe is running in this context.
asking: ContextVar[Flight | None] = ContextVar("ssot_shims_asking", default=None)


class Question:
    """Somebody asks for *name*, in the course of the question *asker* if there is one."""

    def __init__(self, name: str, asker: Question | None) -> None:
        self.name = name
        self.asker = asker
        self.waits_for: list[Question] = []


class Flight(Question):
    """One run of the probe of *capability*, given up when *seconds* have passed.

    The gate is closed until the flight has landed; whoever passes opens it for the next.
    """

    def __init__(self, capability: Capability, asker: Question | None, seconds: float) -> None:
        super().__init__(capability.name, asker)
        self.capability = capability
        self.seconds = seconds
        self.started = monotonic()
        self.deadline = self.started + seconds
        self.is_loading = False
        self.leader = get_ident()  # who asked first, and lands it unless the probe runs in another thread
        self.thread: int | None = None  # where the probe runs, while it does
        self.file = ""  # the one its function is defined in
        self.is_over = False
        self.answer: Availability | None = None
        self.error: BaseException | None = None
        self.gate = allocate_lock()
        self.gate.acquire()

    def is_held_up_here(self) -> bool:
        """Whether it cannot go on before this thread does: who asks here and now is a signal handler.

        To wait would be to wait for oneself, until the deadline of both.
        """
        return self.leader == get_ident() and self.thread in (None, self.leader)

    def start_clock(self) -> None:
        """Count the time from now on."""
        self.is_loading = False
        self.started = monotonic()
        self.deadline = self.started + self.seconds

    def wait(self, extra: float = 0.0) -> bool:
        """Whether the flight has landed, at the latest *extra* seconds after its deadline.

        While the probe is being imported the deadline stands still; then whoever waits has its time from here on.
        """
        patience = monotonic() + self.seconds
        while (left := (patience if self.is_loading else self.deadline) + extra - monotonic()) > 0:
            if pass_through(self.gate, left):
                return True
        return pass_through(self.gate, 0)


def pass_through(gate: LockType, seconds: float) -> bool:
    """Whether *gate* is open within so many *seconds*; it stays open for the next."""
    is_open = gate.acquire(timeout=max(seconds, 0))
    if is_open:
        gate.release()
    return is_open


def current() -> Flight | None:
    """The flight in whose probe this runs; None outside any, and when it has landed by now."""
    flight = asking.get()
    return None if flight is None or flight.is_over else flight


def refuse_circle(name: str, asker: Question | None, flight: Question | None) -> None:
    """Raise :class:`CircularProbe` when *asker*, by asking for *name*, would wait for itself.

    *flight* is the one for *name* that is under way, if there is one. To be called under the lock.
    """
    if asker is None:
        return
    names = [question.name for question in _chain(asker)]
    if name in names:
        raise CircularProbe((*reversed(names[: names.index(name) + 1]), name))
    path = _path(flight, asker) if flight else ()
    if path:
        raise CircularProbe((asker.name, *(question.name for question in path)))


def _chain(question: Question | None) -> Iterator[Question]:
    """*question*, who asked it, and so on outwards."""
    while question is not None:
        yield question
        question = question.asker


def _path(start: Question, goal: Question) -> tuple[Question, ...]:
    """From *start* to *goal* along who waits for whom; empty when there is no such way."""
    if start is goal:
        return (goal,)
    return next(((start, *way) for step in start.waits_for if (way := _path(step, goal))), ())
