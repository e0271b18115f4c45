"""All cores: the same answer however many processes there are, and no file of which nothing is reported."""

from __future__ import annotations

import concurrent.futures.process  # noqa: F401  # here, because each test forgets what it has imported
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims._codebase import pool
from ssot_shims._codebase.pool import all_cores, stoppable, visit
from tests.support.migrate_tree import work

FILES = [f"f{number:03}.py" for number in range(60)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started for a few files, and get a few at a time."""
    monkeypatch.setattr(pool, "_WORTH", 30)
    monkeypatch.setattr(pool, "_CHUNK", 5)


def never() -> bool:
    return False


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_results_come_in_the_order_of_the_files(jobs: int) -> None:
    """With one process and with two; what gives nothing is counted as visited."""
    files = [*FILES[:40], "none.py", *FILES[40:]]
    batches = list(visit(files, work, jobs, never))
    assert [result for batch in batches for result in batch.results] == [Path(file).stem for file in FILES]
    assert sum(batch.files for batch in batches) == 61


def test_processes_are_started_only_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tree is done before any could have started."""
    monkeypatch.setattr(multiprocessing, "get_context", None)
    assert sum(batch.files for batch in visit(FILES[:20], work, 2, never)) == 20


def test_a_process_that_ends_is_reported() -> None:
    """With the number of files that were not visited, and what to do."""
    *_, last = visit([*FILES[:30], "end.py", *FILES[30:]], work, 2, never)
    assert (last.files, last.results) == (0, ())
    assert last.problem.startswith("a process has ended, and ")
    assert last.problem.endswith(" files were not visited; run it again with --jobs 1")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stop_ends_with_the_files_in_hand(jobs: int) -> None:
    """What was done is given, and no process is left."""
    asked: list[int] = []

    def is_stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    files = [f"wait{number}.py" for number in range(200)]
    done = sum(batch.files for batch in visit(files, work, jobs, is_stopped))
    assert 3 <= done < 200
    assert not multiprocessing.active_children()


def test_who_reads_no_further_leaves_no_process() -> None:
    """Such as when standard output is closed."""
    batches = visit(FILES, work, 2, never)
    next(batches)
    batches.close()
    assert not multiprocessing.active_children()


def test_a_process_ends_with_the_one_that_has_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However that ends; and Ctrl-C is left to that one."""
    ended = threading.Event()

    class Parent:
        def join(self) -> None:
            time.sleep(0.01)

    monkeypatch.setattr(multiprocessing, "parent_process", Parent)
    monkeypatch.setattr(os, "_exit", lambda code: ended.set())
    before = signal.getsignal(signal.SIGINT)
    try:
        pool._end_with_parent()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.wait(5)


def test_a_chunk_is_done_file_by_file() -> None:
    """In the order of its files, with an answer for each."""
    assert pool._visit_chunk(work, ["a.py", "none.py", "b.py"]) == ["a", None, "b"]


def test_a_worker_does_not_run_the_program_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process imports the program that has started it, under another name."""
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "nonsense"])
    runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__mp_main__")


def test_ctrl_c_is_asked_for_once_and_then_meant() -> None:
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
    """A Ctrl-C that somebody ignores goes on being ignored; a thread that is not the main one sets none."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as is_stopped:
            os.kill(os.getpid(), signal.SIGINT)
            assert not is_stopped()
    finally:
        signal.signal(signal.SIGINT, before)
    answers: list[bool] = []

    def elsewhere() -> None:
        with stoppable() as is_stopped:
            answers.append(is_stopped())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert answers == [False]


def test_all_cores_are_those_we_may_use() -> None:
    """One at least."""
    assert 1 <= all_cores() <= 60
