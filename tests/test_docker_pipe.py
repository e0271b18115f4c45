"""The Docker probe on Windows, whose named pipes are played over unix sockets."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import sys
import types
from collections.abc import Iterator

import pytest

from tests.docker_machine import Machine, ask, new_machine, seen
from tests.hostile import ANSWER, ENGINE, Act, Peer, drips, hangs_up, mute, says

PIPE = "\\\\.\\pipe\\docker_engine"
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

    def WaitNamedPipe(self, name: str, milliseconds: int) -> None:
        assert name == PIPE
        assert milliseconds > 0
        if self.refusals:
            raise self.refusals.pop(0)

    def CreateFile(self, name: str, *_: int) -> int:
        connection = socket.socket(socket.AF_UNIX)
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
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    machine = new_machine(monkeypatch)
    yield machine
    shutil.rmtree(machine.root)


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
    """Where Docker Desktop does not run there is no pipe; starting it turns the answer."""
    windows.refusals = [windows_error(2, FileNotFoundError)]
    assert seen(ask()) == (
        "unavailable",
        "there is no pipe at //./pipe/docker_engine (the default); start an engine there: docker desktop start",
    )
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_a_pipe_without_permission(windows: Windows, machine: Machine) -> None:
    """The pipe belongs to a group of Docker Desktop's."""
    windows.refusals = [windows_error(5, PermissionError)]
    assert seen(ask()) == (
        "unavailable",
        "permission denied at //./pipe/docker_engine (the default), which is for the group docker-users; "
        "join it: net localgroup docker-users %USERNAME% /add",
    )
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


@pytest.mark.parametrize("act", [mute, drips(ENGINE)])
def test_a_pipe_without_an_answer(windows: Windows, machine: Machine, act: Act) -> None:
    """A read from a pipe is cancelled at the deadline."""
    with Peer(machine.path("pipe"), act):
        assert seen(ask()) == (
            "timed out",
            "no answer from npipe:////./pipe/docker_engine (the default) within 0.5 s; "
            "restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT=10",
        )
    with Peer(machine.path("pipe"), says(ANSWER)):
        assert ask()


def test_a_pipe_that_stays_busy(windows: Windows) -> None:
    """Waiting for a free instance ends at the deadline."""
    windows.refusals = [windows_error(BUSY)] * 10_000_000
    assert ask(0.1).status == "timed out"


def test_a_pipe_that_is_closed(windows: Windows, machine: Machine) -> None:
    """An engine that closes its end is told as one that does."""
    with Peer(machine.path("pipe"), hangs_up):
        assert seen(ask()) == (
            "unavailable",
            "what answers at npipe:////./pipe/docker_engine (the default) is not a Docker engine: "
            "it closed the connection without an answer; name an engine: DOCKER_HOST=unix:///PATH",
        )


def test_a_pipe_on_another_system(machine: Machine) -> None:
    """Only Windows has such pipes."""
    machine.set("DOCKER_HOST", "npipe:////./pipe/docker_engine")
    assert seen(ask()) == (
        "unavailable",
        "npipe:////./pipe/docker_engine (from DOCKER_HOST) is a Windows pipe, which this system does not have; "
        "name an engine: DOCKER_HOST=unix:///PATH",
    )
