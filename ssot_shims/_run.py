"""A probe function on its way, in a daemon thread of its own, because nobody else's code keeps a deadline for us."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from contextvars import copy_context

from ssot_shims._flight import asking, pass_through
from ssot_shims._outcome import failed, outcome
from ssot_shims._place import file_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ssot_shims._answers import Answers
    from ssot_shims._availability import Availability
    from ssot_shims._flight import Flight


class Run:
    """One call of *function* for *flight*. It may outlive the flight; then it hangs, and nobody waits for it."""

    def __init__(self, answers: Answers, flight: Flight, function: Callable[[], object]) -> None:
        self.flight = flight
        self.capability = flight.capability
        self.gate = allocate_lock()  # opens when the function has come back
        self.gate.acquire()
        self._answers = answers
        self._function = function

    def start(self) -> None:
        """Call the function in a thread named after its capability, in a copy of this context."""
        from threading import Thread  # our own probes do without

        self.flight.file = file_of(self._function)
        context = copy_context()
        context.run(asking.set, self.flight)
        try:
            Thread(target=context.run, args=(self._body,), name=self.capability.name, daemon=True).start()
        except RuntimeError as error:  # the system has no thread to give
            self._end(failed(self.capability, f"its probe could not be started: {error}"), None)

    def is_in_the_way_of(self, other: Run) -> bool:
        """Whether both would call the same probe; not when an interrupt came before the thread could begin."""
        never_began = self.flight.is_over and self.flight.thread is None
        return self.capability is other.capability and not never_began

    def has_ended(self, seconds: float) -> bool:
        """Whether the function has come back, at the latest *seconds* from now."""
        return pass_through(self.gate, seconds)

    def _body(self) -> None:
        self.flight.thread = get_ident()
        answer: Availability | None = None
        passed: BaseException | None = None
        try:
            answer = outcome(self.capability, self._function)
        except BaseException as error:  # KeyboardInterrupt and circles are for whoever asked, not for this thread
            passed = error
        self._end(answer, passed)

    def _end(self, answer: Availability | None, error: BaseException | None) -> None:
        with self._answers.lock:
            # After a fork, in a child that came out of the probe itself, there is nothing to take off.
            self._answers.runs[:] = [run for run in self._answers.runs if run is not self]
        self.gate.release()
        self._answers.land(self.flight, answer, error)
