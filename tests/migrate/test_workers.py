"""All cores: the same answer however many processes there are, and no process is left."""

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
from ssot_shims._codebase import files
from ssot_shims._codebase.files import visit
from tests.support.migrate_tree import work

FILES = [f"f{number:03}.py" for number in range(60)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started for a few files, and get a few at a time."""
    monkeypatch.setattr(files, "_WORTH", 30)
    monkeypatch.setattr(files, "_CHUNK", 5)


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_the_results_come_in_the_order_of_the_files(jobs: int) -> None:
    """With one process for each core, with one and with two."""
    results = list(visit([*FILES[:40], "none.py", *FILES[40:]], work, jobs))
    assert results == [*(Path(file).stem for file in FILES[:40]), None, *(Path(file).stem for file in FILES[40:])]


def test_processes_are_started_only_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tree is done before any could have started."""
    monkeypatch.setattr(multiprocessing, "get_context", None)
    assert len(list(visit(FILES[:20], work, 2))) == 20


def test_a_process_that_ends_is_a_problem() -> None:
    """What came before it is given, and how many files are left."""
    files = [*FILES[:30], "end.py", *FILES[30:]]
    *done, problem = visit(files, work, 2)
    assert done == [Path(file).stem for file in files[: len(done)]]
    text = f"a process has ended, and {61 - len(done)} files from here on are not done; run it again with --jobs 1"
    assert str(problem) == f"{files[len(done)]}: {text}"
    assert not multiprocessing.active_children()


def test_who_reads_no_further_leaves_no_process() -> None:
    """Such as when standard output is closed, or at Ctrl-C."""
    results = visit(FILES, work, 2)
    next(results)
    results.close()
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
        files._end_with_parent()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.wait(5)


def test_a_worker_is_not_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A new process imports the program that has started it, under another name."""
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "nonsense"])
    runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__mp_main__")
    assert capsys.readouterr() == ("", "")
