"""Ask several capabilities side by side, or one beside an event loop: each in a daemon thread, in this context."""

from __future__ import annotations

from _thread import allocate_lock
from contextvars import copy_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Iterable, Mapping

    from ssot_shims._availability import Availability

    Check = Callable[[str], Availability]


class Errand:
    """One question, put in a thread named after its capability; *then* is called in that thread when it is answered."""

    def __init__(self, name: str, check: Check, then: Callable[[Errand], object] = lambda errand: None) -> None:
        from threading import Thread  # a single question needs none

        self.name = name
        self.answer: Availability | None = None
        self.error: BaseException | None = None
        self._check = check
        self._then = then
        self._gate = allocate_lock()
        self._gate.acquire()
        try:
            Thread(target=copy_context().run, args=(self._run,), name=name, daemon=True).start()
        except RuntimeError:  # the system has no thread to give: one after the other, then
            self._run()

    def wait(self) -> Availability:
        """The answer, or the error that asking ended with. The probes keep the deadline."""
        with self._gate:
            pass
        if self.answer is None:
            raise self.error or AssertionError
        return self.answer

    def _run(self) -> None:
        try:
            self.answer = self._check(self.name)
        except BaseException as error:  # for whoever waits
            self.error = error
        self._gate.release()
        self._then(self)


def side_by_side(
    names: Iterable[str], check: Check, hits: Mapping[str, Availability], imports: Callable[[str], bool]
) -> dict[str, Availability]:
    """The answer for each of *names*, in their order; it takes as long as the slowest. *hits* need no thread.

    One that *imports* its probe is asked in this thread, which may be the one that is importing the module right now.
    """
    wanted = tuple(dict.fromkeys(names))
    open_ = [name for name in wanted if name not in hits and not imports(name)]
    errands = {name: Errand(name, check) for name in open_} if len(open_) > 1 else {}
    here = {name: check(name) for name in wanted if name not in errands}
    for errand in errands.values():
        errand.wait()
    return {name: here[name] if name in here else errands[name].wait() for name in wanted}


async def awaited(name: str, check: Check) -> Availability:
    """The answer for *name*, while the running event loop goes on."""
    from asyncio import get_running_loop  # those who await have it
    from contextlib import suppress

    loop = get_running_loop()
    future: Future[None] = loop.create_future()

    def tell(_: Errand) -> None:
        with suppress(RuntimeError):  # the loop was closed, and with it whoever waited
            loop.call_soon_threadsafe(_wake, future)

    errand = Errand(name, check, tell)
    await future
    return errand.wait()


def _wake(future: Future[None]) -> None:
    if not future.done():  # nobody has cancelled it
        future.set_result(None)
