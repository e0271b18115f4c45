"""Wait for an answer in a daemon thread, beside others or beside an event loop."""

from __future__ import annotations

from _thread import allocate_lock

from ssot_shims._flight import context_to_wait_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from ssot_shims._availability import Availability


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
