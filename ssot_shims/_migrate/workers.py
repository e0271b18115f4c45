"""All files of a migration, on all cores, until they are done or somebody asks to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from contextlib import contextmanager
from time import monotonic

from ssot_shims._migrate.outcome import Batch, migrate_batch
from ssot_shims._migrate.worker import do_alone, hire, with_something_to_say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import FrameType

    from ssot_shims._migrate.outcome import Job
    from ssot_shims._migrate.worker import Worker

_CHUNK = 20  # files: a worker is asked to stop, or is given more, so often
_START = 0.8  # seconds of work below which processes take longer to start than they save (200 files to rewrite or so)
_MOST = 60  # processes; Windows waits for no more at once


def all_cores() -> int:
    """How many processes this one may keep busy."""
    try:
        return min(len(os.sched_getaffinity(0)), _MOST)
    except AttributeError:  # pragma: no cover  # macOS and Windows do not say
        return min(os.cpu_count() or 1, _MOST)


@contextmanager
def stoppable() -> Generator[Callable[[], bool]]:
    """While this lasts, Ctrl-C only asks to stop, which the function given tells; a second one stops at once.

    Somebody else's handler stays as it is, and so does a Ctrl-C that is ignored.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if is_ours:
        signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def migrate_all(files: Sequence[str], job: Job, jobs: int, is_stopped: Callable[[], bool]) -> Generator[Batch]:
    """Do *job* to all *files* with at most *jobs* processes; the batches come in the order of the files.

    The first files are done here, and more processes are started when what is left will keep them busy.
    """
    chunks = deque(tuple(files[start : start + _CHUNK]) for start in range(0, len(files), _CHUNK))
    began, done = monotonic(), 0
    while chunks and not is_stopped():
        seconds = monotonic() - began
        if jobs > 1 and done and seconds > _START / 2 and seconds / done * len(chunks) > _START:
            yield from _side_by_side(chunks, job, min(jobs, len(chunks), _MOST), is_stopped)
            jobs = 1  # whatever is left could not be given away
        else:
            yield migrate_batch(chunks.popleft(), job, is_stopped)
            done += 1


def _side_by_side(
    chunks: deque[tuple[str, ...]], job: Job, count: int, is_stopped: Callable[[], bool]
) -> Iterator[Batch]:
    """Have *count* workers do *chunks*. What nobody could take, because no worker could be started, stays in them."""
    crew = hire(job, count)
    hired = list(crew)
    ready: dict[int, Batch] = {}
    given = shown = 0
    try:
        while crew:
            for worker in with_something_to_say(crew):
                batch, heir = _answer(worker, job, is_stopped)
                if batch:
                    ready[worker.number] = batch
                crew.remove(worker)
                if heir is worker and chunks and not is_stopped():
                    worker.take(given, chunks.popleft())
                    given += 1
                    crew.append(worker)
                elif heir is worker:
                    worker.dismiss()
                elif heir:
                    crew.append(heir)
                    hired.append(heir)
            while shown in ready:
                yield ready.pop(shown)
                shown += 1
            if is_stopped():
                for worker in crew:
                    worker.stop()
    finally:
        for worker in hired:
            worker.see_off()


def _answer(worker: Worker, job: Job, is_stopped: Callable[[], bool]) -> tuple[Batch | None, Worker | None]:
    """What *worker* has to say, and who goes on in its place: itself, or another when it has ended over its chunk."""
    try:
        return worker.answer(), worker
    except EOFError:
        if not worker.chunk:
            return None, None  # it could not even start
    # One of these files ends the process that does it; which one, only doing each alone can tell.
    batches = [do_alone(file, job) for file in worker.chunk if not is_stopped()]
    files, outcomes = sum(batch.files for batch in batches), (one for batch in batches for one in batch.outcomes)
    return Batch(files=files, outcomes=tuple(outcomes)), next(iter(hire(job, 1)), None)
