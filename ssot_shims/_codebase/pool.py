"""All files of a run, on all cores, until they are done or somebody asks to stop; with a progress bar."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import FrameType
    from typing import Any

_CHUNK = 20  # files that a process is given at a time
_WORTH = 500  # files; below that processes take longer to start than they save
_MOST = 60  # processes; Windows waits for no more at once


class Batch(Record):
    """How many files were visited, what came of those that something came of, and why the others were not visited."""

    files: int
    results: tuple[Any, ...]
    problem: str = ""


def all_cores() -> int:
    """How many processes this one may keep busy."""
    try:
        return min(len(os.sched_getaffinity(0)), _MOST)
    except AttributeError:  # pragma: no cover  # macOS and Windows do not say
        return min(os.cpu_count() or 1, _MOST)


@contextmanager
def stoppable() -> Generator[Callable[[], bool]]:
    """While this lasts, Ctrl-C sets what the function given reads; a second one raises KeyboardInterrupt.

    A handler of somebody else stays as it is, and so does a Ctrl-C that is ignored.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    is_main = threading.current_thread() is threading.main_thread()
    is_ours = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def visit(
    files: Sequence[str], work: Callable[[str], Any], jobs: int, is_stopped: Callable[[], bool]
) -> Generator[Batch]:
    """Call *work* with each of *files*, in at most *jobs* processes; the batches come in the order of the files."""
    chunks = [files[start : start + _CHUNK] for start in range(0, len(files), _CHUNK)]
    if jobs > 1 and len(files) >= _WORTH:
        yield from _visit_in_processes(chunks, work, min(jobs, len(chunks), _MOST), is_stopped)
        return
    for chunk in chunks:
        results: list[Any] = []
        for file in chunk:
            if is_stopped():
                break
            results.append(work(file))
        yield _batch(results)


def _batch(results: Sequence[Any]) -> Batch:
    return Batch(files=len(results), results=tuple(result for result in results if result is not None))


def _visit_in_processes(
    chunks: Sequence[Sequence[str]], work: Callable[[str], Any], count: int, is_stopped: Callable[[], bool]
) -> Iterator[Batch]:
    from concurrent.futures import ProcessPoolExecutor  # most runs are too small to need it
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # The other ways to start a process copy this one, and with it the locks that its threads hold.
    pool = ProcessPoolExecutor(count, get_context("spawn"), _end_with_parent)
    try:
        with _without_interrupts():
            futures = [pool.submit(_visit_chunk, work, chunk) for chunk in chunks]
        for number, future in enumerate(futures):
            if is_stopped():
                pool.shutdown(cancel_futures=True)  # which waits for the chunks in hand
            if not future.cancelled():
                try:
                    yield _batch(future.result())
                except BrokenProcessPool:
                    left = sum(map(len, chunks[number:]))
                    problem = f"a process has ended, and {left} files were not visited; run it again with --jobs 1"
                    yield Batch(files=0, results=(), problem=problem)
                    return
    finally:
        pool.shutdown(cancel_futures=True)


def _visit_chunk(work: Callable[[str], Any], chunk: Sequence[str]) -> list[Any]:
    return list(map(work, chunk))


def _end_with_parent() -> None:
    """Have this process end when the one that has started it does, however that ends."""
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _without_interrupts() -> Generator[None]:
    """A process that is started meanwhile never hears of Ctrl-C, which a terminal sends to every one of them."""
    if os.name == "nt":  # pragma: no cover  # signals cannot be blocked there, and the process ignores this one
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # on Python 3.11 and 3.12 its start would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def progress(total: int, is_wanted: bool) -> Generator[Callable[[int], None]]:
    """What is called with a number of files that are done; on a terminal it moves a bar on standard error."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]  # closed: None
    if not is_wanted or not is_terminal:
        yield lambda done: None
        return
    from rich.console import Console  # slow to import, and few look on
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, advance=done)
