"""Connections with one deadline (socket, TLS, named pipe), and the head of an HTTP answer."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket as Socket
    from ssl import SSLContext
    from typing import Any, Protocol, Self, TypeVar

    Endpoint = tuple[int, int, int, Any]  # what socket.socket() takes, and what its connect() takes

    class Source(Protocol):
        """Whatever an answer can be read from."""

        def receive(self) -> bytes: ...

    T = TypeVar("T")


_LOOK_UP = """
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1].encode(), int(sys.argv[2]), type=socket.SOCK_STREAM)
    print(ascii((0, '', [(int(family), int(kind), protocol, place) for family, kind, protocol, _, place in found])))
except socket.gaierror as error:
    print(ascii((error.errno, error.strerror, [])))
"""


def resolve(host: str, port: int, deadline: float) -> list[Endpoint]:
    """Where to connect for *host* and *port*, the preferred first.

    Raises ``socket.gaierror`` for a name that does not resolve, TimeoutError at the *deadline*.
    """
    import socket

    try:
        # As bytes: Python would import a codec for other alphabets first, even for digits.
        name = (host if host.isascii() else host.encode("idna").decode()).encode("ascii")
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    if not name or b"\0" in name:  # the system would cut the name off there, and find another host
        raise socket.gaierror(socket.EAI_NONAME, "not a host name")
    try:
        return _look_up_here(name, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, then, and no number
    if name.lower() == b"localhost" or not _is_python(sys.executable):
        return _look_up_here(name, port)
    return _look_up_elsewhere(name, port, remaining(deadline))


def _is_python(executable: str | None) -> bool:
    """Whether *executable* would run our code: in a frozen or embedding program it is that program."""
    name = os.path.basename(executable or "").lower()
    return name.startswith(("python", "pypy")) and not hasattr(sys, "frozen")


def _look_up_here(name: bytes, port: int, flags: int = 0) -> list[Endpoint]:
    import socket

    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, kind, protocol, place) for family, kind, protocol, _, place in found]


def _look_up_elsewhere(name: bytes, port: int, seconds: float) -> list[Endpoint]:
    import ast
    import socket
    import subprocess

    command = [sys.executable, "-I", "-S", "-c", _LOOK_UP, name.decode(), str(port)]
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        child = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, creationflags=hidden
        )
        code, message, found = ast.literal_eval(child.stdout.decode())
    except subprocess.TimeoutExpired:
        raise TimeoutError("the name did not resolve within the deadline") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise socket.gaierror(socket.EAI_FAIL, "the process that looks names up failed") from error
    if code:
        raise socket.gaierror(code, message)
    endpoints: list[Endpoint] = found
    return endpoints


_MOST_BYTES = 65536  # of one head
_MOST_INTERIM = 5  # answers of status 1xx before the real one, as many as Go's client takes


class ProtocolError(Exception):
    """What came is not an HTTP answer. The message says of the peer what it did: ``it closed the connection ...``."""


class Head:
    """Status and headers of an HTTP answer, as they came: few are ever asked for, and it is read for every answer."""

    def __init__(self, status: int, headers: str) -> None:
        self.status = status
        self._headers = f"\n{headers}"

    def get(self, name: str) -> str:
        """The first value of the header *name*, which is given in lower case; empty when there is none."""
        start = f"\n{name}:"
        at = self._headers.lower().find(start)
        return self._headers[at + len(start) :].partition("\n")[0].strip() if at >= 0 else ""


def remaining(deadline: float) -> float:
    """The seconds left until *deadline*, more than 0. Raises TimeoutError when there are none."""
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    return seconds


def connect(address: str | tuple[str, int], deadline: float) -> Stream:
    """A connection to *address*: the path of a unix socket, or a host (name or number) and a port.

    Raises an OSError: ``TimeoutError`` at the *deadline*, ``socket.gaierror`` for a name that does not resolve, or what
    the system says. Where a name has several addresses, each is tried with its share of the time.
    """
    import socket  # takes milliseconds, so not before something is asked

    if isinstance(address, str):
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no unix sockets")
        if "\0" in address:  # the system would cut the path off there, and reach another socket
            raise OSError("a NUL is in the path")
        return _open((socket.AF_UNIX, socket.SOCK_STREAM, 0, address), deadline)

    return _first_open(resolve(*address, deadline), deadline)


def _first_open(endpoints: list[tuple[int, int, int, Any]], deadline: float) -> Stream:
    errors: list[OSError] = []
    for position, endpoint in enumerate(endpoints):
        share = remaining(deadline) / (len(endpoints) - position)
        try:
            stream = _open(endpoint, monotonic() + share)
        except OSError as error:
            errors.append(error)
        else:
            stream.deadline = deadline
            return stream
    # One address without a route says less than another one that refused.
    raise max(errors, key=lambda error: (isinstance(error, TimeoutError), isinstance(error, ConnectionRefusedError)))


def _open(endpoint: tuple[int, int, int, Any], deadline: float) -> Stream:
    import socket

    *kind, place = endpoint
    sock = socket.socket(*kind)
    stream = Stream(sock, deadline)
    try:
        _connect(sock, place, deadline)
    except BaseException:
        stream.close()
        raise
    return stream


def _connect(sock: Socket, place: Any, deadline: float) -> None:
    while True:
        sock.settimeout(remaining(deadline))
        try:
            sock.connect(place)
        except BlockingIOError:  # the backlog of a unix socket is full: nothing tells when there is room again
            sleep(min(0.01, remaining(deadline)))
        else:
            break
    if isinstance(place, tuple) and sock.getsockname() == sock.getpeername():
        # On this machine a free port may be given to our own end, which then answers itself.
        raise ConnectionRefusedError("nothing listens there")


class Stream:
    """An open connection; each step raises TimeoutError at ``deadline``, and an OSError for what else goes wrong."""

    def __init__(self, sock: Socket, deadline: float) -> None:
        self._sock = sock
        self._tls: Tls | None = None
        self.deadline = deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._sock.close()

    def secure(self, context: SSLContext, server_name: str) -> None:
        """Speak TLS from now on, with a peer that proves to be *server_name* as far as *context* asks for it.

        Raises an OSError: ``ssl.SSLError`` for what goes wrong in TLS; ValueError for a name that no host can have.
        """
        self._tls = Tls(context, server_name, self._receive, self._send)

    def send(self, data: bytes) -> None:
        if self._tls:
            self._tls.send(data)
        else:
            self._send(data)

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the peer has closed."""
        return self._tls.receive() if self._tls else self._receive()

    def _send(self, data: bytes) -> None:
        self._sock.settimeout(remaining(self.deadline))
        self._sock.sendall(data)

    def _receive(self) -> bytes:
        self._sock.settimeout(remaining(self.deadline))
        return self._sock.recv(8192)


def read_head(stream: Source) -> Head:
    """The head of the answer that comes over *stream*, past interim ones; its body is not read.

    Raises :class:`ProtocolError` for what is no HTTP answer, and what *stream* raises but for a connection that breaks.
    """
    rest = b""
    for _ in range(_MOST_INTERIM + 1):
        raw, rest = _next_head(stream, rest)
        head = _parse(raw)
        if not 100 <= head.status < 200 or head.status == 101:  # 101 is the last answer in HTTP
            return head
    raise ProtocolError(f"it sent more than {_MOST_INTERIM} interim answers")


def _next_head(stream: Source, received: bytes) -> tuple[bytes, bytes]:
    """The bytes of one head, and what has been received after it."""
    while True:
        if received[:5] != b"HTTP/"[: len(received)]:
            raise ProtocolError(f"it sent {received[:20]!r}, which is not HTTP")
        ends = [at + len(blank) for blank in (b"\n\r\n", b"\n\n") if (at := received.find(blank)) >= 0]
        end = min(ends, default=len(received))
        if end > _MOST_BYTES:  # whether its end has come along or not
            raise ProtocolError(f"the head of its answer does not end within {_MOST_BYTES} bytes")
        if ends:
            return received[:end].rstrip(b"\r\n"), received[end:]
        received += _more(stream, received)


def _more(stream: Source, received: bytes) -> bytes:
    try:
        chunk = stream.receive()
    except ConnectionError:  # a reset is a close by a peer that has not read our question
        chunk = b""
    if not chunk:
        when = "in the head of its answer" if received else "without an answer"
        raise ProtocolError(f"it closed the connection {when}")
    return chunk


def _parse(raw: bytes) -> Head:
    first, _, headers = raw.decode("latin-1").partition("\n")
    version, status = [*first.split(maxsplit=2), "", ""][:2]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit() and len(status) == 3):
        raise ProtocolError(f"it sent {raw[:20]!r}, which is no HTTP/1 status line")
    return Head(int(status), headers)


class Tls:
    """One side of a TLS conversation, over *receive* and *send*. What goes wrong in TLS is an ``ssl.SSLError``."""

    def __init__(
        self,
        context: SSLContext,
        server_name: str,
        receive: Callable[[], bytes],
        send: Callable[[bytes], None],
    ) -> None:
        import ssl  # 10 ms and more

        self._receive = receive
        self._send = send
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._do(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        self._do(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the peer has closed, in the way of TLS or not."""
        import ssl

        try:
            return self._do(lambda: self._tls.read(8192))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _do(self, step: Callable[[], T]) -> T:
        """The result of *step*, once enough has come for it."""
        import ssl

        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                received = self._receive()
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())


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
