"""A flight: one run of a probe that everybody who asks waits for (single flight), and the thread it may need."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from contextvars import ContextVar, copy_context
from time import monotonic

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._callsite import current_line
from ssot_shims.errors import CircularProbe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from asyncio import Future
    from collections.abc import Callable
    from contextvars import Context

    from ssot_shims._capabilities.capability import Capability


# The innermost flight whose probe is running in this context.
asking: ContextVar[Flight | None] = ContextVar("ssot_shims_asking", default=None)

# The threads that stand still until what runs in this context has ended.
_waiting: ContextVar[tuple[int, ...]] = ContextVar("ssot_shims_waiting", default=())


class Question:
    """Somebody asks for *capability*, in the course of the question *asker* if there is one."""

    def __init__(self, capability: Capability, asker: Question | None) -> None:
        self.capability = capability
        self.askers = [] if asker is None else [asker]


class Flight(Question):
    """One run of the probe of *capability*, given up when *seconds* have passed.

    The gate is closed until the flight has landed; whoever passes opens it for the next.
    """

    def __init__(self, capability: Capability, asker: Question | None, seconds: float) -> None:
        super().__init__(capability, asker)
        self.name = capability.name
        self.seconds = seconds
        self.started = monotonic()
        self.deadline = self.started + seconds
        self.is_loading = False
        self.leader = get_ident()  # who asked first, and lands it unless the probe runs in another thread
        self.thread: int | None = None  # where the probe runs; None before it does
        self.file = ""  # the one its function is defined in
        self.is_over = False
        self.answer: Availability | None = None
        self.error: BaseException | None = None
        self.gate = allocate_lock()
        self.gate.acquire()

    @property
    def is_away(self) -> bool:
        """Whether the probe has begun in a thread of its own, which lands the flight whatever the leader does."""
        return self.thread not in (None, self.leader)

    def is_imported_here(self) -> bool:
        """Whether this thread is importing the probe: its module asks, or a signal handler does."""
        return self.is_loading and self.leader == get_ident()

    def is_held_up_here(self) -> bool:
        """Whether it cannot go on before this thread does: a signal handler asks, or others ask on its behalf.

        To wait would be to wait for oneself, until the deadline of both.
        """
        return not self.is_away and self.leader in (get_ident(), *_waiting.get())

    def start_clock(self) -> None:
        """Count the time from now on."""
        self.is_loading = False
        self.started = monotonic()
        self.deadline = self.started + self.seconds

    def wait(self, extra: float = 0.0) -> bool:
        """Whether the flight has landed, at the latest *extra* seconds after its deadline.

        While the probe is being imported the deadline stands still; then whoever waits has its time from here on.
        """
        if self.is_over:  # as it is for whoever has run the probe
            return True
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


def timed_out(flight: Flight, before: Flight | None = None) -> Availability:
    """The answer for *flight* when there was none in its time, because of the probe of the one *before* if given."""
    what = "its probe, started before and not again," if before else "its probe"
    running = before or flight
    place = current_line(running.thread, running.file) if running.thread is not None else ""
    if flight.is_loading:
        seen = f"{what} is still being imported"
    else:
        seen = f"{what} stands at {place}" if place else f"{what} is on its way"
    longer = _settings.longer(flight.seconds)
    if flight.capability.timeout is None:
        cure = f"{_settings.TIMEOUT}={longer}"
    else:
        cure = f"timeout={longer} where it is registered ({flight.capability.where})"
    reason = f"no answer in {flight.seconds:g} s; {seen}; to give it longer: {cure}"
    return Availability(status="timed_out", reason=reason)


def current() -> Flight | None:
    """The flight in whose probe this runs; None outside any, and when it has landed by now."""
    flight = asking.get()
    return None if flight is None or flight.is_over else flight


def context_to_wait_for() -> Context:
    """A copy of this context, for a thread that this one is going to wait for."""
    context = copy_context()
    context.run(_waiting.set, (get_ident(), *_waiting.get()))
    return context


def refuse_circle(capability: Capability, asker: Question | None, imported_here: Flight | None = None) -> None:
    """Raise :class:`CircularProbe` when *asker*, by asking for *capability*, would wait for itself.

    What a flight *imported_here* asks for itself waits for nothing: the half of the module that is there will do.
    """
    way = _way(capability, asker, imported_here) if asker else ()
    if way:
        raise CircularProbe((*way, capability.name))


def _way(capability: Capability, question: Question, end: Question | None) -> tuple[str, ...]:
    """The names from a question for *capability* down to *question*, asked in its course; empty when it is not."""
    name = question.capability.name
    if question is end:
        return ()
    if question.capability is capability:
        return (name,)
    return next(((*way, name) for asker in question.askers if (way := _way(capability, asker, end))), ())


class Errand:
    """The answer that *find* gives, in a thread with that *name* and in a copy of this context.

    *then* is called in that thread when the answer is there.
    """

    def __init__(self, name: str, find: Callable[[], Availability], then: Callable[[], object] = lambda: None) -> None:
        from threading import Thread  # a single question needs none

        self._answer: Availability | None = None
        self._error: BaseException | None = None
        self._find = find
        self._then = then
        self._gate = allocate_lock()
        self._gate.acquire()
        context = context_to_wait_for()
        try:
            Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()
        except RuntimeError:  # the system has no thread to give: one after the other, then
            self._run()

    def wait(self) -> Availability:
        """The answer, or the error that asking ended with. The probes keep the deadline."""
        with self._gate:
            pass
        if self._answer is None:
            raise self._error or AssertionError
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._find()
        except BaseException as error:  # for whoever waits
            self._error = error
        self._gate.release()
        self._then()


async def awaited(name: str, find: Callable[[], Availability]) -> Availability:
    """The answer that *find* gives, for the capability *name*, while the running event loop goes on."""
    from asyncio import get_running_loop  # those who await have it
    from contextlib import suppress

    loop = get_running_loop()
    future: Future[None] = loop.create_future()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop was closed, and with it whoever waited
            loop.call_soon_threadsafe(_wake, future)

    errand = Errand(name, find, tell)
    await future
    return errand.wait()


def _wake(future: Future[None]) -> None:
    if not future.done():  # nobody has cancelled it
        future.set_result(None)
