"""Where no thread can be had, and forks."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from ssot_shims import Registry
from ssot_shims.errors import CircularProbe
from tests.conftest import run
from tests.support.flights import Asker, counted, until


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
        reasons = {name: answer.reason for name, answer in registry.check_all().items()}
        assert reasons == {"both": "gpu: no device", "gpu": "no device", "path": "PATH is set"}
        registry.refresh()
        assert asyncio.run(registry.acheck("both")).reason == "gpu: no device"
    with mock.patch("sys.is_finalizing", return_value=True):  # before Python 3.12 that would be waited for for ever
        registry.refresh()
        registry.check("gpu")
    assert (threads, variable.get(), registry._answers.flights) == ([threading.get_ident()] * 3, "unset", [])


def test_without_threads_what_is_late_is_timed_out_and_a_circle_is_an_error(registry: Registry) -> None:
    """Nobody can give it up before. CircularProbe is a RuntimeError, and not one that says that there is no thread."""
    registry.register("late", lambda: time.sleep(0.15), timeout=0.05)
    probe, asked = counted(lambda: time.sleep(0.1) or registry.check("egg"))
    registry.register("hen", probe, timeout=0.05)
    registry.register("egg", lambda: registry.check("hen"))
    with no_threads():
        answer = registry.check("late")
        with pytest.raises(CircularProbe):
            registry.check("hen")
    assert (answer.status, answer.seconds >= 0.15, len(asked)) == ("timed_out", True, 1)


def test_an_error_behind_the_start_of_a_thread_does_not_start_the_probe_again(registry: Registry) -> None:
    """RuntimeError does not say whether the thread has begun; when it has, its answer counts."""
    probe, asked = counted(True)
    start = threading.Thread.start

    def start_and_raise(thread: threading.Thread) -> None:
        start(thread)
        until(lambda: asked)
        raise RuntimeError("from somewhere else")

    registry.register("gpu", probe)
    with mock.patch("threading.Thread.start", start_and_raise):
        assert registry.check("gpu")
    assert len(asked) == 1


def test_threads_and_locks_are_those_that_threading_has_by_now(registry: Registry) -> None:
    """gevent puts its own in their place, also after this library has been imported."""

    class Green(threading.Thread):
        pass

    threads: list[threading.Thread] = []
    registry.register("gpu", lambda: threads.append(threading.current_thread()))
    with mock.patch("threading.Thread", Green), mock.patch("threading.Lock", side_effect=threading.Lock) as lock:
        assert registry.check("gpu")
    assert (type(threads[0]), lock.called) == (Green, True)


def test_what_is_left_in_a_child(monkeypatch: pytest.MonkeyPatch, release: threading.Event) -> None:
    """Answers stay, flights do not; a registry that is gone is none, and a system without forks has registries, too."""
    in_child: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda after_in_child: in_child.append(after_in_child), raising=False)
    gone = weakref.ref(Registry()._answers)
    registry = Registry()
    registry.register("known", lambda: (False, "found before"))
    registry.register("slow", lambda: release.wait(60) and None, timeout=20)
    known = registry.check("known")
    asker = Asker(registry, "slow")
    until(lambda answers=registry._answers: answers.flights)
    gc.collect()
    for after_fork in in_child:
        after_fork()
    assert (gone(), registry._answers.flights) == (None, [])
    release.set()
    assert (registry.check("known"), registry.check("slow").status) == (known, "available")
    asker.join()  # in a real child that thread does not exist
    monkeypatch.delattr(os, "register_at_fork")
    assert [*Registry()] == []


BEHIND_AN_ANSWER = """
import os
from ssot_shims import Registry
registry = Registry()
registry.register("quick", lambda: True)
for _ in range(50):
    registry.refresh()
    registry.check("quick")
    if os.fork() == 0:
        os._exit(0)
    os.wait()
"""
no_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@no_fork
@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="a thread that was joined may still be counted there")
def test_a_fork_behind_an_answer_warns_of_no_thread() -> None:
    """The thread of the probe has ended when the answer is given, however quick it was."""
    assert run(BEHIND_AN_ANSWER, "-W", "error") == ("", "")


IN_THE_MIDDLE = """
import os, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # "multi-threaded, use of fork() may lead to deadlocks"
from ssot_shims import capabilities as c, is_docker_available

c.register("known", lambda: (False, "found before"))
c.check("known")
parent, go, held, let_go = os.getpid(), threading.Event(), threading.Event(), threading.Event()

@c.register("slow", timeout=20)
def slow():
    if os.getpid() == parent:
        go.wait(20)
    return False, "in the parent" if os.getpid() == parent else "in the child"

def in_child(*names):
    pid = os.fork()
    if pid == 0:
        try:
            print(*(c.check(name).reason for name in names), is_docker_available(), flush=True)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)

def hold():
    with c._answers.lock:
        held.set()
        let_go.wait(20)

@c.register("forks")
def forks():
    if os.getpid() == parent:
        in_child("forks")
    return False, "parent" if os.getpid() == parent else "child"

threads = [threading.Thread(target=c.check, args=["slow"]), threading.Thread(target=hold)]
threads[0].start()
while not c._answers.flights:
    time.sleep(0.01)
with c.override(docker=True):
    threads[1].start()
    held.wait(20)
    in_child("slow", "known")
    let_go.set()
    go.set()
    for thread in threads:
        thread.join()
    print(c.check("slow").reason, c.check("forks").reason, sep="\\n", flush=True)
"""


@no_fork
def test_a_fork_in_the_middle_of_a_probe() -> None:
    """The child keeps answers and overrides, drops flights and locks, and answers; also when the probe itself forks."""
    said, complaints = run(IN_THE_MIDDLE)
    assert complaints == ""
    assert said.splitlines() == ["in the child found before True", "child True", "in the parent", "parent"]


def test_an_exit_out_of_a_signal_handler_ends_the_process() -> None:
    """While a probe of ours is loaded or asked, and nothing blocks."""
    code = (
        "import signal, socket, sys\nfrom ssot_shims import capabilities as c\n"
        "class Alarm:\n  def find_spec(n, *_):\n    n == 'urllib.request' and signal.raise_signal(signal.SIGALRM)\n"
        "if loading: sys.meta_path.insert(0, Alarm)\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "signal.signal(signal.SIGALRM, lambda *_: sys.exit('bye'))\nsignal.setitimer(signal.ITIMER_REAL, 1)\n"
        "c.check(f'http://127.0.0.1:{s.getsockname()[1]}/')"
    )
    for loading in (True, False):
        assert run(f"loading = {loading}\n{code}") == ("", "bye\n")
