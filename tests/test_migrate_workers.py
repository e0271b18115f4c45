"""All cores: the same answer however many processes there are, and no file of which nothing is told."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims._migrate import worker, workers
from ssot_shims._migrate.outcome import Batch, Job
from ssot_shims._migrate.worker import Worker, hire, serve
from ssot_shims._migrate.workers import all_cores, migrate_all, stoppable
from tests.migrate_tree import mined, plant


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started after the first file, and get one file after the other."""
    monkeypatch.setattr(workers, "_START", 0)
    monkeypatch.setattr(workers, "_CHUNK", 1)


def files_of(folder: Path, *texts: str) -> list[str]:
    plant(folder, {f"f{number:03}.py": text for number, text in enumerate(texts)})
    return sorted(map(str, folder.glob("f*.py")))


def problems(batches: Iterator[Batch]) -> list[str]:
    """The problem of every file that was looked at, empty for most."""
    told: list[str] = []
    for batch in batches:
        told += [os.path.basename(outcome.problem) for outcome in batch.outcomes] or [""] * batch.files
    return told


def never() -> bool:
    return False


def left_over() -> list[int]:
    """The processes that we have started and that are still there."""
    return [
        int(child) for child in Path("/proc/self/task", str(threading.get_native_id()), "children").read_text().split()
    ]


BOOM = "f001.py: cannot be rewritten: RuntimeError: boom"
ENDED = "cannot be rewritten: the process that did it ended with exit code 7"


def test_a_file_that_raises_spoils_no_other(tmp_path: Path) -> None:
    """With one process and with many, the rest is done, in the order of the files."""
    files = files_of(tmp_path, "x", "raise", *"xyz")
    for jobs in (1, 2):
        assert problems(migrate_all(files, mined(tmp_path), jobs, never)) == ["", BOOM, "", "", ""]


def test_a_file_that_ends_its_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process goes on with the rest; the file is named, and only that file of its chunk."""
    files = files_of(tmp_path, "x", "x", "end", "raise", "x", "x")
    expected = ["", "", f"f002.py: {ENDED}", BOOM.replace("001", "003"), "", ""]
    assert problems(migrate_all(files, mined(tmp_path), 3, never)) == expected
    monkeypatch.setattr(workers, "_CHUNK", 2)
    assert problems(migrate_all(files, mined(tmp_path), 2, never)) == expected


def test_processes_are_started_only_where_they_pay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tree is done before any could have started."""
    monkeypatch.setattr(workers, "_START", 5)
    monkeypatch.setattr(worker, "Worker", None)
    assert problems(migrate_all(files_of(tmp_path, *"x" * 50), mined(tmp_path), 8, never)) == [""] * 50


def test_without_processes_all_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user may start no more, or they cannot start, one process does it all."""

    class Barred(Worker):
        def __init__(self, job: Job) -> None:
            raise BlockingIOError(11, "Resource temporarily unavailable")

    class Stillborn(Worker):
        def __init__(self, job: Job) -> None:
            super().__init__(job)
            self.process.terminate()
            self.process.join()
            self.line.close()
            self.line = worker_line()

    files = files_of(tmp_path, "x", "raise", "x", "x")
    for kind in (Barred, Stillborn):
        monkeypatch.setattr(worker, "Worker", kind)
        assert problems(migrate_all(files, mined(tmp_path), 2, never)) == ["", BOOM, "", ""]


def worker_line():  # type: ignore[no-untyped-def]
    from multiprocessing import Pipe

    ours, theirs = Pipe()
    theirs.close()
    return ours


def test_a_file_that_may_end_us_is_not_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no process can be started for it alone, it is told and left."""
    hired: list[int] = []

    def hire_twice(job: Job, count: int) -> list[Worker]:
        hired.append(count)
        return [Worker(job)] if len(hired) == 1 else []

    monkeypatch.setattr(workers, "hire", hire_twice)
    monkeypatch.setattr(worker, "hire", hire_twice)
    problem = "f001.py: cannot be rewritten: no process can be started for it, and doing it here may end this one"
    assert problems(migrate_all(files_of(tmp_path, *["x", "end"]), mined(tmp_path), 2, never)) == ["", problem]


def test_a_stop_ends_with_the_file_in_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the midst of a chunk too: nothing more is begun, what was done is told, and no process is left."""
    monkeypatch.setattr(workers, "_CHUNK", 100)
    files = files_of(tmp_path, *["x"] * 100, *["wait"] * 200)  # 5 s for each of two workers
    before, began = left_over(), time.monotonic()
    batches = list(migrate_all(files, mined(tmp_path), 2, lambda: time.monotonic() > began + 1))
    assert time.monotonic() < began + 4
    assert 0 < sum(batch.files for batch in batches) < 250
    assert [child for child in left_over() if child not in before and not is_tracker(child)] == []


def test_no_worker_hears_of_ctrl_c(tmp_path: Path) -> None:
    """From its first moment on: a terminal sends it to all processes, and the program tells its workers itself."""
    (somebody,) = hire(mined(tmp_path), 1)
    status = Path("/proc", str(somebody.process.pid), "status").read_text()
    somebody.see_off()
    (blocked,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigBlk"))
    assert blocked & 1 << signal.SIGINT - 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def is_tracker(child: int) -> bool:
    """Python keeps a process that tidies up after the others."""
    return "resource_tracker" in Path("/proc", str(child), "cmdline").read_text()


def test_who_reads_no_further_leaves_no_process(tmp_path: Path) -> None:
    """Such as when standard output is closed."""
    before = left_over()
    batches = migrate_all(files_of(tmp_path, *["wait"] * 40), mined(tmp_path), 2, never)
    next(batches), next(batches)
    batches.close()
    assert [child for child in left_over() if child not in before and not is_tracker(child)] == []


def test_a_stop_while_single_files_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a chunk that ended a process are not begun after it."""
    monkeypatch.setattr(workers, "_CHUNK", 3)
    asked: list[int] = []

    def do_alone(file: str, job: Job) -> Batch:
        asked.append(1)
        return Batch(files=1, outcomes=())

    monkeypatch.setattr(workers, "do_alone", do_alone)
    files = files_of(tmp_path, "x", "x", "x", "end", "x", "x", "x", "x", "x")
    assert problems(migrate_all(files, mined(tmp_path), 2, lambda: len(asked) > 0)).count("") < 9
    assert asked == [1]


class Line:
    """The other end of a worker's line, played by a test."""

    def __init__(self, *chunks: object) -> None:
        self.chunks = list(chunks)
        self.sent: list[object] = []

    def recv(self) -> object:
        if not self.chunks:
            raise EOFError
        return self.chunks.pop(0)

    def send(self, said: object) -> None:
        self.sent.append(said)

    def poll(self) -> bool:
        return False


def test_the_life_of_a_worker(tmp_path: Path) -> None:
    """It says that it is there, answers each chunk, and ends when it is told to or when its line ends."""
    before = signal.getsignal(signal.SIGINT)
    files = files_of(tmp_path, "x", "raise")
    try:
        for last in ([], [None]):
            line = Line(tuple(files), *last)
            serve(line, mined(tmp_path))  # type: ignore[arg-type]
            hello, batch = line.sent
            assert hello is None
            assert isinstance(batch, Batch)
            assert [batch.files, len(batch.outcomes)] == [2, 1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_line_that_breaks_is_one_that_ends(tmp_path: Path) -> None:
    """The system says it in more than one way."""

    class Broken(Line):
        def recv(self) -> object:
            raise ConnectionResetError(104, "Connection reset by peer")

    somebody = Worker.__new__(Worker)
    somebody.line = Broken()  # type: ignore[assignment]
    with pytest.raises(EOFError):
        somebody.answer()


def test_a_worker_does_not_run_the_program_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process imports the program that has started it, under another name."""
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "nonsense"])
    runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__mp_main__")


def test_ctrl_c_is_asked_for_once_and_then_meant(tmp_path: Path) -> None:
    """The first one asks to stop, the second one stops."""
    before = signal.getsignal(signal.SIGINT)
    with stoppable() as is_stopped:
        assert not is_stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert is_stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_anothers_handler_stays() -> None:
    """A Ctrl-C that somebody ignores goes on being ignored; a thread that is not the main one has no say."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as is_stopped:
            os.kill(os.getpid(), signal.SIGINT)
            assert not is_stopped()
    finally:
        signal.signal(signal.SIGINT, before)
    told: list[bool] = []

    def elsewhere() -> None:
        with stoppable() as is_stopped:
            told.append(is_stopped())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert told == [False]


def test_all_cores_are_those_we_may_use() -> None:
    """One at least."""
    assert 1 <= all_cores() <= 60
