"""The Docker probe on Windows, whose named pipes are files; here they are played over unix sockets."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace

import pytest

from ssot_shims._capabilities.registry import Registry
from ssot_shims._probes.docker import DockerProbe
from tests.support.docker_machine import Machine, ask, assert_no, seen
from tests.support.hints import assert_it_turns, done, step_of
from tests.support.hostile import ANSWER, Peer, mute, says

OTHER = "npipe:////./pipe/other"


@pytest.fixture
def windows(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with Windows, where each of these two pipes leads to the socket ``pipe``."""

    def create_file(path: str, access: int, share: int, security: int, how: int, flags: int, template: int) -> int:
        assert path in ("//./pipe/docker_engine", "//./pipe/other")
        assert (access, share, security, how, template) == (0xC0000000, 0, 0, 3, 0)
        assert flags == 0x00100000  # SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS: it learns nothing of this user
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(machine.path("pipe"))
            return sock.detach()

    monkeypatch.setitem(sys.modules, "_winapi", SimpleNamespace(CreateFile=create_file))
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(open_osfhandle=lambda handle, flags: handle))
    monkeypatch.setattr(sys, "platform", "win32")
    return machine


def test_an_engine_behind_a_pipe(windows: Machine) -> None:
    """The pipe of Docker Desktop is asked as a socket is."""
    with Peer(windows.path("pipe"), says(ANSWER)) as engine:
        reason = "a Docker engine with API 1.41 answers at npipe:////./pipe/docker_engine (the default)"
        assert seen(ask()) == ("available", reason)
    assert engine.questions[0].startswith(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n")


NOWHERE = {
    "": "there is no pipe at //./pipe/docker_engine (the default)",
    "unix:///gone": "there is no socket at /gone (from DOCKER_HOST)",
}


@pytest.mark.parametrize(("host", "seen_there"), NOWHERE.items())
def test_no_pipe(windows: Machine, host: str, seen_there: str) -> None:
    """Where no engine runs there is no pipe, and what is named is a pipe; once one runs the answer is yes."""
    windows.set("DOCKER_HOST", host)
    answer = ask()
    assert_no(answer, seen_there)
    assert step_of(answer) == "DOCKER_HOST=npipe:///PATH"
    with Peer(windows.path("pipe"), says(ANSWER)), done(step_of(answer), windows, host=OTHER):
        assert ask().details["host"] == OTHER


def test_a_pipe_without_an_answer(windows: Machine) -> None:
    """A read from a pipe goes on after the deadline, in a thread that nobody waits for."""
    registry = Registry()
    registry.register("engine", DockerProbe(), timeout=0.3)
    with Peer(windows.path("pipe"), mute):
        answer = registry.check("engine")
    assert (answer.status, answer.seconds < 10) == ("timed_out", True)


def test_a_pipe_on_another_system(machine: Machine) -> None:
    """Only Windows has such pipes; naming a socket turns the answer."""
    machine.set("DOCKER_HOST", "npipe:////./pipe/docker_engine")
    answer = ask()
    assert_no(answer, "npipe:////./pipe/docker_engine (from DOCKER_HOST) cannot be reached: only Windows has")
    assert_it_turns(answer, machine)
