"""Connections with one deadline (socket, TLS), pipes of Windows, and HTTP answers."""

from __future__ import annotations

import sys
from io import FileIO
from time import sleep

from ssot_shims._settings import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLCertVerificationError, SSLContext
    from typing import Any, Self

Address = str | tuple[str, int]  # the path of a unix socket, or a host (name or number) and a port
_MOST_BYTES = 65536  # of the heads of one answer and of the interim ones before it
_MOST_IN_ALL = 1 << 20  # bytes, with the body
NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")  # releases of OpenSSL differ


class ProtocolError(Exception):
    """What came is not an HTTP answer. The message says of the peer what it did: ``it closed the connection ...``."""


def remaining(deadline: float) -> float:
    """The seconds left until *deadline*, more than 0. Raises TimeoutError when there are none."""
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    return seconds


def connect(address: Address, deadline: float) -> Stream:
    """A connection to *address*.

    Raises TimeoutError at the *deadline*, ``socket.gaierror`` for a name that does not resolve, or another OSError.
    """
    import socket  # takes milliseconds, so not before something is asked

    if isinstance(address, str):
        endpoints: list[Any] = [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", address)]
    else:  # as bytes: Python would import a codec for other alphabets first, even for digits
        # A zone may be written as in a URL, %25eth0; a number is one as it stands.
        host = address[0] if address[0].rpartition("%")[2].isdecimal() else address[0].replace("%25", "%", 1)
        endpoints = socket.getaddrinfo(host.encode(), address[1], type=socket.SOCK_STREAM)
    errors: list[OSError] = []  # each address is tried with its share of the time
    for position, endpoint in enumerate(endpoints):
        share = remaining(deadline) / (len(endpoints) - position)
        try:
            return Stream(_open(endpoint, monotonic() + share), deadline)
        except OSError as error:
            errors.append(error)
    # One address without a route says less than another one that refused.
    raise max(errors, key=lambda error: (isinstance(error, TimeoutError), isinstance(error, ConnectionRefusedError)))


def _open(endpoint: Any, deadline: float) -> Any:
    import socket

    *kind, _, place = endpoint  # as getaddrinfo() has it
    sock = socket.socket(*kind)
    try:
        _connect(sock, place, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: Any, place: Any, deadline: float) -> None:
    while True:
        sock.settimeout(remaining(deadline))
        try:
            sock.connect(place)
            break
        except BlockingIOError:  # the backlog of a unix socket is full: nothing tells when there is room again
            sleep(min(0.01, remaining(deadline)))
    if isinstance(place, tuple) and sock.getsockname() == sock.getpeername():
        # On this machine a free port may be given to our own end, which then answers itself.
        raise ConnectionRefusedError("nothing listens there")


class Stream:
    """An open connection; each step raises TimeoutError at ``deadline``, and an OSError for what else goes wrong."""

    def __init__(self, sock: Any, deadline: float) -> None:
        self._sock: Any = sock
        self.deadline = deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._sock.close()

    def secure(self, context: SSLContext, server_name: str) -> None:
        """Speak TLS from now on, with a peer that proves to be *server_name* as far as *context* asks for it.

        Raises an OSError: ``ssl.SSLError`` for what goes wrong in TLS; ValueError for a name that no host can have.
        """
        from ssl import SSLSocket

        class ClosesItself(SSLSocket):
            """For wrap_socket(), which leaves its socket open when the peer resets the connection meanwhile."""

            def __del__(self) -> None:
                self.close()

        context.sslsocket_class = ClosesItself
        self._sock = context.wrap_socket(self._sock, do_handshake_on_connect=False, server_hostname=server_name)
        self._sock.settimeout(remaining(self.deadline))
        self._sock.do_handshake()

    def send(self, data: bytes) -> None:
        while data:  # sendall() of TLS would begin with its timeout again for each part
            self._sock.settimeout(remaining(self.deadline))
            data = data[self._sock.send(data) :]

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the peer has closed."""
        self._sock.settimeout(remaining(self.deadline))
        return bytes(self._sock.recv(8192))


def tls_hint(error: SSLCertVerificationError, trust: str = "") -> str:
    """What to do about a certificate that is not accepted. *trust* is the setting that has its issuer trusted."""
    match error.verify_code:  # the numbers of OpenSSL's X509_V_ERR_...
        case 62 | 64:
            return "use a name that is in the certificate"
        case 2 | 18 | 19 | 20 | 21:
            import ssl

            # A Python of python.org on macOS trusts nobody until a script of its own has run.
            if not trust and sys.platform == "darwin" and ssl.get_default_verify_paths().cafile is None:
                folder = f"/Applications/Python {sys.version_info.major}.{sys.version_info.minor}"
                return f'trust the usual authorities: open "{folder}/Install Certificates.command"'
            return f"trust its issuer: {trust or 'SSL_CERT_FILE=<a file with the certificate of that authority>'}"
        case _:
            return "replace it by a valid one for servers, or set this machine's clock right"


class Answer:
    """An HTTP answer as it comes over a stream. Each step raises :class:`ProtocolError`, and what the stream does.

    Of a header that comes twice the first counts; names are in lower case. The body is read when it is asked for.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = b""
        self._at = 0
        while True:
            raw = self._readline(_MOST_BYTES)
            while (line := self._readline(_MOST_BYTES)) not in (b"\r\n", b"\n"):
                raw += line
            first, *others = raw.decode("latin-1").split("\n")
            version, status = [*first.split(maxsplit=2), "", ""][:2]
            if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit() and len(status) == 3):
                raise ProtocolError(f"it sent {raw.rstrip()[:20]!r}, which is no HTTP/1 status line")
            self.status = int(status)
            if not 100 <= self.status < 200 or self.status == 101:  # past interim answers; 101 is the last one in HTTP
                break
        headers = (line.partition(":") for line in reversed(others))
        self.headers = {name.lower(): value.strip() for name, colon, value in headers if colon}

    def read_body(self) -> bytes:
        """The body, by its length or in chunks. Raises ValueError for a length that is no number."""
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self._read(int(self.headers.get("content-length", "")))
        chunks: list[bytes] = []
        while size := int(self._readline(_MOST_IN_ALL).partition(b";")[0], 16):
            chunks.append(self._read(size))
            self._readline(_MOST_IN_ALL)
        return b"".join(chunks)

    def _readline(self, most: int) -> bytes:
        """The next line, never less, which ends within the first *most* bytes."""
        while True:
            end = self._received.find(b"\n", self._at) + 1
            if (end or len(self._received)) > most:
                what = "the head of its answer" if most == _MOST_BYTES else "its answer"
                raise ProtocolError(f"{what} does not end within {most} bytes")
            if end:
                return self._read(end - self._at)
            self._read_more()

    def _read(self, size: int) -> bytes:
        if not 0 <= size <= _MOST_IN_ALL - self._at:
            raise ProtocolError(f"its answer does not end within {_MOST_IN_ALL} bytes")
        start, self._at = self._at, self._at + size
        while len(self._received) < self._at:
            self._read_more()
        return self._received[start : self._at]

    def _read_more(self) -> None:
        try:
            chunk = self._stream.receive()
        except ConnectionError:  # a reset is a close by a peer that has not read our question
            chunk = b""
        if not chunk:
            when = "in its answer" if self._received else "without an answer"
            raise ProtocolError(f"it closed the connection {when}")
        self._received += chunk
        if not b"HTTP/".startswith(self._received[:5]):
            raise ProtocolError(f"it sent {self._received[:20]!r}, which is not HTTP/1")


def _open_pipe(path: str, flags: int) -> int:
    """A descriptor of a named pipe whose server may not act in this user's name, as it might after a plain open()."""
    if sys.platform != "win32":
        raise OSError("only Windows has such pipes")
    import _winapi
    import msvcrt

    access, existing, anonymous = 0xC0000000, 3, 0x00100000  # read and write; OPEN_EXISTING; SECURITY_SQOS_PRESENT
    return msvcrt.open_osfhandle(_winapi.CreateFile(path, access, 0, 0, existing, anonymous, 0), flags)


class Pipe(Stream):
    """A named pipe of Windows, which is a file: a read goes on after the deadline, in a thread that is given up."""

    def __init__(self, path: str, deadline: float) -> None:
        super().__init__(FileIO(path, "r+", opener=_open_pipe), deadline)

    def send(self, data: bytes) -> None:
        self._sock.write(data)

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the engine has closed its end."""
        return bytes(self._sock.read(8192))
