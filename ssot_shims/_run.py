"""A probe function on its way, in a daemon thread of its own, because nobody else's code keeps a deadline for us."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from time import monotonic

from ssot_shims._callsite import file_of
from ssot_shims._flight import asking, context_to_wait_for, pass_through, timed_out
from ssot_shims._outcome import failed, outcome

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
        context = context_to_wait_for()
        context.run(asking.set, self.flight)
        try:
            Thread(target=context.run, args=(self._body,), name=self.capability.name, daemon=True).start()
        except RuntimeError as error:  # the system has no thread to give
            self._answers.land(self.flight, failed(self.capability, f"its probe could not be started: {error}"))

    def _body(self) -> None:
        if not self._has_its_turn():
            return
        answer: Availability | None = None
        passed: BaseException | None = None
        try:
            answer = outcome(self.capability, self._function)
        except BaseException as error:  # KeyboardInterrupt and circles are for whoever asked, not for this thread
            passed = error
        with self._answers.lock:
            # After a fork, in a child that came out of the probe itself, there is nothing to take off.
            self._answers.runs[:] = [run for run in self._answers.runs if run is not self]
        self.gate.release()
        self._answers.land(self.flight, answer, passed)

    def _has_its_turn(self) -> bool:
        """Whether to call the function: not when nobody waits any more, and never while another call is under way.

        The other call, too, has as much time as *this* flight gives it; then this one ends with it.
        """
        answers, flight = self._answers, self.flight
        while True:
            with answers.lock:
                if flight.is_over:  # whoever asked was interrupted before the thread could begin, or it took too long
                    return False
                flight.thread = get_ident()
                other = next((run for run in answers.runs if run.capability is self.capability), None)
                if other is None:
                    answers.runs.append(self)
                    return True
            if not pass_through(other.gate, other.flight.started + flight.seconds - monotonic()):
                answers.land(flight, timed_out(flight, other.flight))
                return False
