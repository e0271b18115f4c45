"""A connection whose every step keeps one deadline, and the head of an HTTP answer that comes over it.

A deadline is a value of ``time.monotonic()`` and holds for all steps together: a timeout for each read would let a peer
that sends one byte at a time hold its client for ever.
"""

from __future__ import annotations

from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket as Socket
    from ssl import SSLContext
    from typing import Any, Protocol, Self

    from ssot_shims._probes.tls import Tls

    class Source(Protocol):
        """Whatever an answer can be read from."""

        def receive(self) -> bytes: ...


_MOST_BYTES = 65536  # of one head
_MOST_INTERIM = 5  # answers of status 1xx before the real one, as many as Go's client takes


class BadAnswer(Exception):
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
    from ssot_shims._probes.resolver import resolve  # a unix socket needs none

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
        from ssot_shims._probes.tls import Tls  # imports ssl, 10 ms and more

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

    Raises :class:`BadAnswer` for what is no HTTP answer, and what *stream* raises but for a connection that breaks.
    """
    rest = b""
    for _ in range(_MOST_INTERIM + 1):
        raw, rest = _next_head(stream, rest)
        head = _parse(raw)
        if not 100 <= head.status < 200 or head.status == 101:  # 101 is the last answer in HTTP
            return head
    raise BadAnswer(f"it sent more than {_MOST_INTERIM} interim answers")


def _next_head(stream: Source, received: bytes) -> tuple[bytes, bytes]:
    """The bytes of one head, and what has been received after it."""
    while True:
        if received[:5] != b"HTTP/"[: len(received)]:
            raise BadAnswer(f"it sent {received[:20]!r}, which is not HTTP")
        ends = [at + len(blank) for blank in (b"\n\r\n", b"\n\n") if (at := received.find(blank)) >= 0]
        end = min(ends, default=len(received))
        if end > _MOST_BYTES:  # whether its end has come along or not
            raise BadAnswer(f"the head of its answer does not end within {_MOST_BYTES} bytes")
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
        raise BadAnswer(f"it closed the connection {when}")
    return chunk


def _parse(raw: bytes) -> Head:
    first, _, headers = raw.decode("latin-1").partition("\n")
    version, status = [*first.split(maxsplit=2), "", ""][:2]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit() and len(status) == 3):
        raise BadAnswer(f"it sent {raw[:20]!r}, which is no HTTP/1 status line")
    return Head(int(status), headers)
