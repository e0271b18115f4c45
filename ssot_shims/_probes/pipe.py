"""A Windows named pipe as a connection whose every step keeps one deadline: what ``stream`` is for sockets."""

from __future__ import annotations

from importlib import import_module

from ssot_shims._probes.stream import remaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


def open_pipe(path: str, deadline: float) -> Pipe:
    """A connection to the pipe *path*, written with slashes as in ``//./pipe/docker_engine``.

    Raises an OSError: TimeoutError at the *deadline*, FileNotFoundError where there is no such pipe.
    """
    api: Any = import_module("_winapi")  # type checkers know it on Windows alone
    name = path.replace("/", "\\")
    while True:
        try:
            api.WaitNamedPipe(name, _milliseconds(deadline))
            access = api.GENERIC_READ | api.GENERIC_WRITE
            handle = api.CreateFile(name, access, 0, api.NULL, api.OPEN_EXISTING, api.FILE_FLAG_OVERLAPPED, api.NULL)
        except OSError as error:
            # Every instance of the pipe is taken, or another client took the free one: it may be our turn later.
            if getattr(error, "winerror", 0) not in (api.ERROR_SEM_TIMEOUT, api.ERROR_PIPE_BUSY):
                raise
        else:
            return Pipe(api, handle, deadline)


def _milliseconds(deadline: float) -> int:
    return int(remaining(deadline) * 1000) + 1  # 0 would mean "as long as the pipe thinks fit"


class Pipe:
    """An open pipe; each step raises TimeoutError at ``deadline``, and an OSError for what else goes wrong."""

    def __init__(self, api: Any, handle: int, deadline: float) -> None:
        self._api = api
        self._handle = handle
        self.deadline = deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._api.CloseHandle(self._handle)

    def send(self, data: bytes) -> None:
        while data:
            written, _ = self._finish(*self._api.WriteFile(self._handle, data, overlapped=True))
            data = data[written:]

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the peer has closed."""
        try:
            size, operation = self._finish(*self._api.ReadFile(self._handle, 8192, overlapped=True))
        except BrokenPipeError:
            return b""
        return bytes(operation.getbuffer()[:size])

    def _finish(self, operation: Any, error: int) -> tuple[int, Any]:
        """The number of bytes that *operation* moved, and itself, when it is done before the deadline."""
        done = False
        try:
            if error == self._api.ERROR_IO_PENDING:
                wait = self._api.WaitForMultipleObjects([operation.event], False, _milliseconds(self.deadline))
                done = wait == self._api.WAIT_OBJECT_0
            else:
                done = True
        finally:
            if not done:
                operation.cancel()
            size, _ = operation.GetOverlappedResult(True)
        if not done:
            raise TimeoutError("the deadline has passed")
        return size, operation
