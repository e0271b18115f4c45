"""A process that does one chunk of files after the other, and the line to it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress

from ssot_shims._migrate.outcome import Batch, Outcome, migrate_batch
from ssot_shims._migrate.tree import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from multiprocessing.connection import Connection

    from ssot_shims._migrate.outcome import Job

_BEAT = 0.1  # seconds after which, at the latest, somebody who waits looks up


class Worker:
    """One such process, seen from the one that has started it."""

    def __init__(self, job: Job) -> None:
        from multiprocessing import get_context  # most runs are too small to need it

        # The other ways to start a process copy this one, and with it the locks that its threads hold.
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self.line: Connection = ours
        self.process = context.Process(target=serve, args=(theirs, job), daemon=True)
        self.number = -1
        self.chunk: tuple[str, ...] = ()
        with _held_back():
            self.process.start()
        theirs.close()  # now the line ends when the worker does

    def take(self, number: int, chunk: tuple[str, ...]) -> None:
        """Do *chunk*, which is the one with this *number*."""
        self.number, self.chunk = number, chunk
        with suppress(OSError):  # that it has ended is noticed when it should answer
            self.line.send(chunk)

    def answer(self) -> Batch | None:
        """What became of the chunk, waited for; None at first, when it has just started.

        Raises EOFError when the process has ended.
        """
        try:
            batch: Batch | None = self.line.recv()
        except OSError as error:  # how a line may end on Windows, or in the midst of an answer
            raise EOFError from error
        return batch

    def stop(self) -> None:
        """Ask it to begin no further file; it answers what it has done."""
        with suppress(OSError):
            self.line.send(None)

    def dismiss(self) -> None:
        """Hang up. It finishes the file in hand and ends."""
        self.line.close()

    def see_off(self) -> None:
        """Hang up and wait for the end."""
        self.dismiss()
        self.process.join()


def hire(job: Job, count: int) -> list[Worker]:
    """As many workers as *count*, or as this machine lets us start."""
    crew: list[Worker] = []
    with suppress(OSError):  # no more processes for this user
        crew.extend(Worker(job) for _ in range(count))
    return crew


def with_something_to_say(crew: Iterable[Worker]) -> Iterator[Worker]:
    """Those that answer within a moment."""
    from multiprocessing.connection import wait  # as above

    lines = {worker.line: worker for worker in crew}
    for line in wait(lines, _BEAT):
        yield lines[line]  # type: ignore[index]  # it gives back what it was given


def do_alone(file: str, job: Job) -> Batch:
    """What becomes of *file* in a process of its own, because doing it ends a process."""
    problem = "no process can be started for it, and doing it here may end this one"
    for worker in hire(job, 1):
        try:
            worker.answer()
            worker.take(0, (file,))
            return worker.answer() or Batch(files=0, outcomes=())
        except EOFError:
            worker.process.join()
            problem = f"the process that did it ended with exit code {worker.process.exitcode}"
        finally:
            worker.see_off()
    name = shown(file)
    return Batch(files=1, outcomes=(Outcome(path=name, problem=f"{name}: cannot be rewritten: {problem}"),))


def serve(line: Connection, job: Job) -> None:
    """The life of a worker. It ends with the line, and so with the process that has started it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):  # of the line: doing a chunk raises neither
        line.send(None)
        while chunk := line.recv():
            # While one is in hand nothing is sent but the word to stop.
            line.send(migrate_batch(chunk, job, line.poll))


@contextmanager
def _held_back() -> Generator[None]:
    """A process that is started meanwhile never hears of Ctrl-C, which a terminal sends to every one of them."""
    if os.name == "nt":  # pragma: no cover  # signals cannot be held back there, and the worker ignores this one
        yield
        return
    from multiprocessing import resource_tracker  # as above

    resource_tracker.ensure_running()  # on Python 3.11 and 3.12 its start would let go what is held back
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
