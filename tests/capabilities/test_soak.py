"""Many threads, several processes and several interpreters at once: no deadlock, and no wrong answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ssot_shims

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])


def said_by(*words: str, seconds: float) -> tuple[int, str]:
    """The exit code of an interpreter with those *words* and all it says; whatever it has started is ended with it."""
    how = {"env": {"PYTHONPATH": CHECKOUT, "PATH": os.environ["PATH"]}, "text": True, "start_new_session": True}
    command = [sys.executable, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how) as child:
        try:
            said, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said, _ = child.communicate()
            pytest.fail(f"still at it after {seconds} s: {said}")
    return child.returncode, said


SLOW = [pytest.param(children, 120, 200, marks=pytest.mark.slow) for children in (0, 4)]


@pytest.mark.parametrize(("children", "rounds", "seconds"), [(4, 12, 60), *SLOW])
def test_thirty_two_threads_in_each_of_five_processes(children: int, rounds: int, seconds: int) -> None:
    """Checks, refreshes and overrides, switched all the time; four children are forked off in the middle of it."""
    words = ("-m", "tests.support.soaking", *map(str, (children, 32, rounds, seconds)))
    assert said_by(*words, seconds=seconds + 20) == (0, "")


INTERPRETER = """
import os, sys
sys.path[:0] = {path!r}
from ssot_shims import HeartbeatConfig, Registry, capabilities, is_docker_available
registry = Registry()
probes = dict(yes="env:PATH", port="tcp://127.0.0.1:1", both="all:yes,port", function=lambda: True)
for name, probe in probes.items():
    registry.register(name, probe)
for _ in range(20):
    registry.refresh()
    with registry.override(port=True):
        assert all(registry.check_all().values())
    with capabilities.override(docker=True):
        assert is_docker_available()
    assert not registry.check("port")
assert HeartbeatConfig().max_missed_heartbeats == 2
os.write(1, (registry.check("function").reason + "\\n").encode())
"""
IN_BOTH = """
import os, sys
if sys.version_info >= (3, 14):
    from concurrent import interpreters
    run = interpreters.create().exec
elif sys.version_info >= (3, 13):  # they are there, and have no public name
    import _interpreters as interpreters
    run = lambda code, one=interpreters.create(): interpreters.exec(one, code)
else:
    import _xxsubinterpreters as interpreters
    run = lambda code, one=interpreters.create(isolated=True): interpreters.run_string(one, code)
exec(CODE, {})
print(run(CODE) or "", end="", flush=True)
exec(CODE, {})
os._exit(0)  # without finalizing interpreters, which is not what is tested
"""


def test_every_interpreter_has_answers_of_its_own() -> None:
    """Two in one process: each has its registry, its overrides, and its answers.

    An isolated one may start no daemon thread; there a probe runs in the asking thread.
    """
    asking = INTERPRETER.format(path=[CHECKOUT, *sys.path])
    code, said = said_by("-c", f"CODE = {asking!r}\n{IN_BOTH}", seconds=60)
    told = said.replace("<script>", "<string>").splitlines()  # what 3.14 calls the text of exec()
    assert (code, told) == (0, ["its probe (<string>:6) says yes"] * 3)
