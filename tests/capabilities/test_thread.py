"""Where no thread can be had, and forks."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import ssot_shims
from ssot_shims import Registry
from ssot_shims.errors import CircularProbe
from tests.support.flights import Asker, hanging, until

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])


@contextlib.contextmanager
def no_threads() -> Iterator[None]:
    """The system has no thread to give."""
    with mock.patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
        yield


def test_without_threads_a_probe_runs_in_the_asking_thread(registry: Registry) -> None:
    """Each kind of question is answered, one probe after the other, in a copy of the context all the same."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    threads: list[int] = []

    @registry.register("gpu")
    def gpu() -> tuple[bool, str]:
        threads.append(threading.get_ident())
        variable.set("changed")
        return False, "no device"

    registry.register("path", "env:PATH")
    registry.register("both", "all:gpu,path")
    with no_threads():
        assert {name: answer.reason for name, answer in registry.check_all().items()} == {
            "both": "gpu: no device",
            "gpu": "no device",
            "path": "PATH is set",
        }
        registry.refresh()
        assert asyncio.run(registry.acheck("both")).reason == "gpu: no device"
    assert (threads, variable.get(), registry._answers.flights) == ([threading.get_ident()] * 2, "unset", [])


def test_while_the_interpreter_ends_a_probe_runs_in_the_asking_thread(registry: Registry) -> None:
    """Before Python 3.12 starting a thread would wait for ever there."""
    threads: list[int] = []
    registry.register("gpu", lambda: threads.append(threading.get_ident()))
    with mock.patch("sys.is_finalizing", return_value=True):
        assert registry.check("gpu")
    assert threads == [threading.get_ident()]


def test_without_threads_a_late_result_is_timed_out(registry: Registry) -> None:
    """Nobody can give it up before; it counts as if somebody had."""
    registry.register("late", lambda: time.sleep(0.15), timeout=0.05)
    with no_threads():
        answer = registry.check("late")
    assert answer.status == "timed_out"
    assert answer.seconds >= 0.15


def test_without_threads_a_circle_is_an_error(registry: Registry) -> None:
    """CircularProbe is a RuntimeError, and not one that says that there is no thread."""
    asked: list[int] = []
    registry.register("hen", lambda: asked.append(1) or registry.check("egg"))  # type: ignore[func-returns-value]
    registry.register("egg", lambda: registry.check("hen"))
    with no_threads(), pytest.raises(CircularProbe):
        registry.check("hen")
    assert asked == [1]


def test_an_error_behind_the_start_of_a_thread_does_not_start_the_probe_again(registry: Registry) -> None:
    """RuntimeError does not say whether the thread has begun; when it has, its answer counts."""
    asked: list[int] = []
    start = threading.Thread.start

    def start_and_raise(thread: threading.Thread) -> None:
        start(thread)
        until(lambda: asked)
        raise RuntimeError("from somewhere else")

    registry.register("gpu", lambda: asked.append(1))
    with mock.patch("threading.Thread.start", start_and_raise):
        assert registry.check("gpu")
    assert asked == [1]


def test_threads_and_locks_are_those_that_threading_has_by_now(registry: Registry) -> None:
    """gevent puts its own in their place, also after this library has been imported."""

    class Green(threading.Thread):
        pass

    threads: list[threading.Thread] = []
    registry.register("gpu", lambda: threads.append(threading.current_thread()))
    with mock.patch("threading.Thread", Green), mock.patch("threading.Lock", side_effect=threading.Lock) as lock:
        assert registry.check("gpu")
    assert (type(threads[0]), lock.called) == (Green, True)


def test_what_is_left_in_a_child(registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event) -> None:
    """Answers and overrides stay; locks that others hold, flights and threads do not. Seen from inside the process."""
    registry.register("known", lambda: (False, "found before"))
    registry.register("slow", lambda: release.wait(60) and None, timeout=0.4)
    known = registry.check("known")
    asker = Asker(registry, "slow")
    until(lambda: registry._answers.flights)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with registry._answers.lock:
            held.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    with registry.override(slow=False):
        holder.start()
        held.wait(20)
        registry._answers.after_fork()  # what the child calls first
        assert (registry.check("known"), registry.check("slow").source) == (known, "override")
        assert hanging(registry) == {}
    let_go.set()
    release.set()
    holder.join()
    assert registry.check("slow")
    asker.join()  # in a real child that thread does not exist
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    assert [*Registry()] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="a thread that was joined may still be counted there")
def test_a_fork_behind_an_answer_warns_of_no_thread() -> None:
    """The thread of the probe has ended when the answer is given, however quick it was."""
    code = """
        import os
        from ssot_shims import Registry
        registry = Registry()
        registry.register("quick", lambda: True)
        for _ in range(50):
            registry.refresh()
            registry.check("quick")
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    env = {"PYTHONPATH": CHECKOUT}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_of_a_probe() -> None:
    """The child keeps answers and overrides, drops flights and locks, and answers; also when the probe itself forks."""
    code = """
        import os, threading, time, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # "multi-threaded, use of fork() may lead to deadlocks"
        from ssot_shims import capabilities, is_available, is_docker_available

        capabilities.register("known", lambda: (False, "found before"))
        capabilities.check("known")
        parent, go = os.getpid(), threading.Event()

        @capabilities.register("slow", timeout=20)
        def slow():
            if os.getpid() == parent:
                go.wait(20)
            return False, "in the parent" if os.getpid() == parent else "in the child"

        def in_child(what):
            pid = os.fork()
            if pid == 0:
                try:
                    what()
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)

        def child():
            reasons = [capabilities.check(name).reason for name in ("slow", "known")]
            print(*reasons, is_docker_available(), flush=True)

        asker = threading.Thread(target=capabilities.check, args=["slow"])
        asker.start()
        while not capabilities._answers.flights:
            time.sleep(0.01)
        with capabilities.override(docker=True), capabilities._answers.lock:
            in_child(child)
        holder_has_it, let_go = threading.Event(), threading.Event()
        def hold():
            with capabilities._answers.lock:
                holder_has_it.set()
                let_go.wait(20)
        holder = threading.Thread(target=hold)
        holder.start()
        holder_has_it.wait(20)
        with_override = capabilities.check("known").reason
        in_child(lambda: print(capabilities.check("slow").reason, flush=True))
        let_go.set()
        go.set()
        asker.join()
        holder.join()
        print(capabilities.check("slow").reason, flush=True)

        @capabilities.register("forks")
        def forks():
            if os.getpid() == parent:
                in_child(lambda: print("forks in the child:", capabilities.check("forks").reason, flush=True))
            return False, "parent" if os.getpid() == parent else "child"

        print(capabilities.check("forks").reason, flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": CHECKOUT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            "in the child found before True",
            "in the child",
            "in the parent",
            "forks in the child: child",
            "parent",
        ],
        "",
    )
