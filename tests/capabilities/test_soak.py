"""Many threads, several processes and several interpreters at once: no deadlock, and no wrong answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ssot_shims

CHECKOUT = Path(ssot_shims.__file__).parents[1]


def said_by(*words: str, seconds: float) -> tuple[int, str]:
    """The exit code of an interpreter with those *words* and all it says; whatever it has started is ended with it."""
    env = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, *words],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            said, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said, _ = child.communicate()
            pytest.fail(f"still at it after {seconds} s: {said}")
    return child.returncode, said


def soak(how: str, threads: int, rounds: int, seconds: float) -> None:
    """Soak in a process whose watchdog dumps all stacks after *seconds*, and that says nothing when all is well."""
    words = ("-m", "tests.support.soaking", how, str(threads), str(rounds), str(seconds))
    assert said_by(*words, seconds=seconds + 20) == (0, "")


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_thirty_two_threads_in_each_of_five_processes(how: str) -> None:
    """Checks, refreshes and overrides, switched all the time; four more processes begin in the middle of it."""
    soak(how, 32, 12, 60)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["alone", "fork", "spawn"])
def test_the_same_for_long(how: str) -> None:
    """Ten times as many."""
    soak(how, 32, 120, 200)


def test_the_watchdog_dumps_all_stacks() -> None:
    """A soak that does not end in time is an error with the stack of every thread."""
    code, said = said_by("-m", "tests.support.soaking", "stuck", "32", "1000", "1", seconds=30)
    assert code == 1
    assert said.startswith("Timeout (0:00:01)!\n")
    assert said.count("in run\n") >= 32


INTERPRETER = """
import json, os, sys
sys.path[:0] = {path!r}
from ssot_shims import HeartbeatConfig, Registry, capabilities, is_docker_available
registry = Registry()
probes = dict(yes="env:PATH", no="unix:///nowhere/x.sock", port="tcp://127.0.0.1:1", both="all:yes,no")
for name, probe in probes.items():
    registry.register(name, probe)
registry.register("function", lambda: True)
for _ in range({rounds}):
    registry.refresh()
    with registry.override(port=True):
        answers = registry.check_all()
        truth = dict(yes=True, no=False, port=True, both=False, function=True)
        assert {{name: bool(answer) for name, answer in answers.items()}} == truth, answers
    with capabilities.override(docker=True):
        assert is_docker_available()
    assert not registry.check("port")
assert HeartbeatConfig().max_missed_heartbeats == 2
function = registry.check("function")
os.write(1, (function.status + ": " + function.reason + "\\n").encode())
"""
EACH_IN_ITS_THREAD = """
import sys, threading
def new():
    if sys.version_info >= (3, 14):
        from concurrent import interpreters
        return interpreters.create().exec
    # Before 3.14 they are there, and have no public name.
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
        make, run = interpreters.create, interpreters.exec
    else:
        import _xxsubinterpreters as interpreters
        make, run = lambda: interpreters.create(isolated=True), interpreters.run_string
    one = make()
    return lambda code: failures.append(run(one, code))
failures = []
runs = [new() for _ in range(3)]
threads = [threading.Thread(target=run, args=(CODE,)) for run in runs]
for thread in threads:
    thread.start()
exec(CODE, {})
for thread in threads:
    thread.join()
sys.stdout.write("".join(str(failure) for failure in failures if failure))
sys.stdout.flush()
os._exit(0)  # without finalizing interpreters, which is not what is tested
"""


def test_every_interpreter_has_answers_of_its_own() -> None:
    """Four interpreters in one process: each has its registry, its overrides, and its answers.

    An isolated one may start no daemon thread; there a probe runs in the asking thread.
    """
    asking = INTERPRETER.format(path=[str(CHECKOUT), *sys.path], rounds=20)
    code, said = said_by("-c", f"import os\nCODE = {asking!r}\n{EACH_IN_ITS_THREAD}", seconds=60)
    answer = "available: its probe (<string>:9) says yes"
    assert said.replace("<script>", "<string>").splitlines() == [answer] * 4  # what 3.14 calls the text of exec()
    assert code == 0
