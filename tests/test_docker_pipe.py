"""The Docker probe on Windows, whose named pipes are played over unix sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import types
from collections.abc import Iterator

import pytest

from tests.cures import assert_it_turns, done, step_of
from tests.docker_machine import Machine, ask, assert_no, seen
from tests.hostile import ANSWER, ENGINE, Act, Peer, drips, hangs_up, mute, says

PIPE = "\\\\.\\pipe\\docker_engine"
OTHER_PIPE = "\\\\.\\pipe\\other"
OTHER = "npipe:////./pipe/other"
BUSY, GONE, TIMED_OUT = 231, 109, 121


def windows_error(number: int, kind: type[OSError] = OSError) -> OSError:
    error = kind(number, "The pipe is not well")
    error.winerror = number  # type: ignore[attr-defined]  # as on Windows
    return error


class Operation:
    """A read or write that may take its time: done when somebody asks for its result."""

    def __init__(self, connection: socket.socket, data: bytes | int) -> None:
        self.event = connection
        self.data = data
        self.is_cancelled = False
        self.buffer = b""

    def cancel(self) -> None:
        self.is_cancelled = True

    def GetOverlappedResult(self, wait: bool) -> tuple[int, int]:
        assert wait
        if self.is_cancelled:
            return 0, 995
        if isinstance(self.data, bytes):
            return self.event.send(self.data[:100]), 0
        with contextlib.suppress(ConnectionResetError):
            self.buffer = self.event.recv(self.data)
        if not self.buffer:
            raise windows_error(GONE, BrokenPipeError)
        return len(self.buffer), 0

    def getbuffer(self) -> bytes:
        return self.buffer.ljust(8192, b"\0")


class Windows(types.ModuleType):
    """What Python's ``_winapi`` offers for pipes; the pipe of Docker leads to *path*."""

    GENERIC_READ, GENERIC_WRITE, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL = 1 << 31, 1 << 30, 3, 1 << 30, 0
    ERROR_IO_PENDING, ERROR_PIPE_BUSY, ERROR_SEM_TIMEOUT, WAIT_OBJECT_0 = 997, BUSY, TIMED_OUT, 0

    def __init__(self, path: str) -> None:
        super().__init__("_winapi")
        self.path = path
        self.open: dict[int, socket.socket] = {}
        self.refusals: list[OSError] = []
        self.family = socket.AF_UNIX  # which Python on Windows does not know

    def WaitNamedPipe(self, name: str, milliseconds: int) -> None:
        assert name in (PIPE, OTHER_PIPE)
        assert milliseconds > 0
        if self.refusals:
            raise self.refusals.pop(0)

    def CreateFile(self, name: str, *_: int) -> int:
        connection = socket.socket(self.family)
        connection.connect(self.path)
        self.open[connection.fileno()] = connection
        return connection.fileno()

    def CloseHandle(self, handle: int) -> None:
        self.open.pop(handle).close()

    def WriteFile(self, handle: int, data: bytes, overlapped: bool) -> tuple[Operation, int]:
        assert overlapped
        return Operation(self.open[handle], data), 0

    def ReadFile(self, handle: int, size: int, overlapped: bool) -> tuple[Operation, int]:
        assert overlapped
        return Operation(self.open[handle], size), self.ERROR_IO_PENDING

    def WaitForMultipleObjects(self, events: list[socket.socket], every: bool, milliseconds: int) -> int:
        assert every is False
        return self.WAIT_OBJECT_0 if select.select(events, [], [], milliseconds / 1000)[0] else 258


@pytest.fixture
def windows(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windows]:
    windows = Windows(machine.path("pipe"))
    monkeypatch.setitem(sys.modules, "_winapi", windows)
    monkeypatch.setattr(sys, "platform", "win32")
    yield windows
    assert windows.open == {}


def test_an_engine_behind_a_pipe(machine: Machine, windows: Windows) -> None:
    """The pipe of Docker Desktop is asked as a socket is, also where its instances are all taken at first."""
    windows.refusals = [windows_error(BUSY), windows_error(TIMED_OUT)]
    with Peer(machine.path("pipe"), says(ANSWER)) as engine:
        assert seen(ask()) == (
            "available",
            "a Docker engine with API 1.41 answers at npipe:////./pipe/docker_engine (the default)",
        )
    assert engine.questions[0].startswith(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n")


def test_no_pipe(windows: Windows, machine: Machine) -> None:
    """Where Docker Desktop does not run there is no pipe; once it runs the answer is yes."""
    windows.refusals = [windows_error(2, FileNotFoundError)]
    assert_no(ask(), "there is no pipe at //./pipe/docker_engine (the default)")
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_a_pipe_without_permission(windows: Windows, machine: Machine) -> None:
    """The pipe is for a group of Docker Desktop's; a member of it is let in, as is played here."""
    windows.refusals = [windows_error(5, PermissionError)]
    assert_no(ask(), "npipe:////./pipe/docker_engine (the default) cannot be reached: ")
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


@pytest.mark.parametrize("act", [mute, drips(ENGINE, every=0.1)])
def test_a_pipe_without_an_answer(windows: Windows, machine: Machine, act: Act) -> None:
    """A read from a pipe is cancelled at the deadline."""
    with Peer(machine.path("pipe"), act):
        assert_no(ask(0.3), "no answer from npipe:////./pipe/docker_engine (the default)", "timed_out")
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_another_pipe(windows: Windows, machine: Machine) -> None:
    """A chosen pipe that is not there is made by an engine that listens at it."""
    machine.set("DOCKER_HOST", OTHER)
    windows.refusals = [windows_error(2, FileNotFoundError)]
    answer = ask()
    assert_no(answer, "there is no pipe at //./pipe/other (from DOCKER_HOST)")
    assert step_of(answer) == "DOCKER_HOST=npipe:///PATH"
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_a_pipe_that_stays_busy(windows: Windows, machine: Machine) -> None:
    """Waiting for a free instance ends at the deadline; a restarted engine has one."""
    windows.refusals = [windows_error(BUSY)] * 10_000_000
    assert_no(ask(0.1), "no answer from npipe:////./pipe/docker_engine (the default)", "timed_out")
    windows.refusals.clear()
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_a_pipe_that_is_closed(windows: Windows, machine: Machine) -> None:
    """An engine that closes its end is told as one that does; another pipe turns the answer."""
    with Peer(machine.path("pipe"), hangs_up):
        answer = ask()
        assert_no(answer, "is not a Docker engine: it closed the connection without an answer")
    with Peer(machine.path("pipe"), says(ANSWER)), done(step_of(answer), machine, host=OTHER):
        assert ask().details["host"] == OTHER


def test_a_unix_socket_on_windows(windows: Windows, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python knows no unix sockets there, so what is named is a pipe, be something at that path or nothing."""
    machine.set("DOCKER_HOST", f"unix://{machine.path('pipe')}")
    missing = ask()
    assert_no(missing, f"there is no socket at {machine.path('pipe')} (from DOCKER_HOST)")
    assert step_of(missing) == "DOCKER_HOST=npipe:///PATH"
    with Peer(machine.path("pipe"), says(ANSWER)):
        monkeypatch.delattr(socket, "AF_UNIX")
        answer = ask()
        assert_no(
            answer, f"unix://{machine.path('pipe')} (from DOCKER_HOST) cannot be reached: this system has no unix"
        )
        assert_it_turns(answer, machine, host=OTHER)


def test_a_pipe_on_another_system(machine: Machine) -> None:
    """Only Windows has such pipes; naming a socket turns the answer."""
    machine.set("DOCKER_HOST", "npipe:////./pipe/docker_engine")
    answer = ask()
    assert_no(answer, "npipe:////./pipe/docker_engine (from DOCKER_HOST) cannot be reached: only Windows has")
    assert_it_turns(answer, machine)
