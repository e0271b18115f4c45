"""A flight: one run of a probe, in a daemon thread, that all who ask meanwhile wait for; and the pauses between two."""

from __future__ import annotations

import sys
from contextvars import ContextVar, copy_context

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._callsite import current_line, file_of
from ssot_shims._capabilities.capability import Capability, refuse_bad_seconds
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread

# Seconds after the deadline in which a probe that keeps it may still say why there is no answer, and in which the
# thread of a run that has ended is waited for: a fork beside a thread warns.
GRACE = 0.05
NEVER = float("inf")


class Flight:
    """A question for *capability* under way: one run of its probe, or the parts of a combination.

    A run begins when the one *before* it, of the same probe, has ended, and is given up *seconds* after its thread has
    started. ``askers`` are the flights in whose course somebody asks.
    """

    def __init__(self, capability: Capability, asker: Flight | None, seconds: float, before: Flight | None) -> None:
        import threading  # 3 ms; its names are looked up here because gevent replaces them

        self.capability = capability
        self.askers = [] if asker is None else [asker]
        self.parts: dict[str, Started] = {}
        self.before = before
        self.seconds = seconds
        self.started = _settings.monotonic()
        self.deadline = NEVER  # while the module of the probe is imported
        self.is_outdated = False  # a refresh or an override came after it: its answer is not kept
        self.is_over = False
        self.answer: Availability | None = None
        self.error: BaseException | None = None
        self.thread: Thread | None = None
        self.ident: int | None = None  # of the thread in which the probe runs; None before it does
        self.function: Callable[..., object] | None = None  # what asks the probe, once that is known
        self.ended = threading.Lock()  # held until the run has ended
        self.ended.acquire()

    def has_ended(self, until: float) -> bool:
        """Whether the run has ended, at the latest when ``monotonic()`` is *until*."""
        if has_ended := self.ended.acquire(timeout=max(until - _settings.monotonic(), 0)):
            self.ended.release()
        return has_ended

    def has_ended_in_time(self) -> bool:
        """Whether the run has ended by its deadline; while its module is imported, within the same time from now."""
        while not self.has_ended(min(self.deadline, _settings.monotonic() + self.seconds) + GRACE):
            if self.deadline == NEVER or self.deadline < _settings.monotonic():
                return False
        if self.thread:
            self.thread.join(GRACE)
        return True

    def timed_out(self) -> Availability:
        """The answer when there was none in time, with the line where the probe is."""
        what = "its probe, started earlier," if self.before else "its probe"
        run = self.before or self
        place = current_line(run.ident, file_of(run.function)) if run.ident and run.function else ""
        seen = f"{what} is still at {place}" if place else f"{what} is still running"
        longer, name = _settings.longer(self.seconds), self.capability.name
        where = f"timeout={longer} where it is registered ({self.capability.where})"
        setting = f"{_settings.TIMEOUT}={longer}" if self.capability.timeout is None else where
        reason, hint = f"no answer in {self.seconds:g} s; {seen}", f"to give it longer: {setting}"
        return Availability(name=name, status="timed_out", reason=reason, hint=hint, seconds=self.seconds)


# A question under way, its answer when that is known at once, or the error when there is none.
Started = Flight | Availability | SsotShimsError

# The flight in whose course the code of this context runs.
current: ContextVar[Flight | None] = ContextVar("ssot_shims_flight", default=None)


def names_between(capability: Capability, flight: Flight) -> tuple[str, ...]:
    """The names from a flight for *capability* to *flight*, asked in its course; empty when it is not."""
    if flight.is_over:  # and has left a context behind that goes on
        return ()
    name = flight.capability.name
    if flight.capability is capability:
        return (name,)
    return next(((*way, name) for asker in flight.askers if (way := names_between(capability, asker))), ())


def in_thread(name: str, run: Callable[[], object]) -> Thread | None:
    """Call *run* in a daemon thread and in a copy of this context; here, when no thread can be started.

    A second call has to do no harm: what is raised while a thread starts does not say whether it has begun.
    """
    import threading

    if not sys.is_finalizing():  # before Python 3.12, starting a thread would then wait for ever
        try:
            thread = threading.Thread(target=copy_context().run, args=(run,), name=name, daemon=True)
            thread.start()
            return thread
        except RuntimeError:  # the system has none to give, or this interpreter may not have any
            pass
    copy_context().run(run)
    return None


async def awaited(name: str, wait: Callable[[], Availability]) -> Availability:
    """What *wait* gives, while the running event loop goes on: a thread named *name* waits."""
    from asyncio import wrap_future  # those who await have both
    from concurrent.futures import Future

    known: Future[Availability] = Future()
    known.set_running_or_notify_cancel()  # from now on cancelling the waiting does not cancel this

    def run() -> None:
        try:
            known.set_result(wait())
        except BaseException as raised:  # for whoever awaits
            known.set_exception(raised)

    in_thread(name, run)
    return await wrap_future(known)


def pauses(answers: dict[str, Availability], wait: float | None, refresh: Callable[..., None]) -> Iterator[float]:
    """The seconds before each try at *answers*, which the tries fill in: first 0, then 0.1 to 2.

    It ends when *wait* seconds are up, all are there, or one is not there for a reason that does not pass.
    """
    refuse_bad_seconds("wait", wait, may_be_0=True)
    began, pause = _settings.monotonic(), 0.1
    yield 0.0
    while (left := began + (wait or 0) - _settings.monotonic()) > 0:
        missing = {name: answer for name, answer in answers.items() if not answer}
        if not missing or any(one.status == "failed" or one.source != "probe" for one in missing.values()):
            break
        refresh(*missing)
        yield min(pause, left)
        pause = min(2 * pause, 2.0)
