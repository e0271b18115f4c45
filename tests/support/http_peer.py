"""Servers that answer over HTTP as a test wants it, and the answer of a probe that asks them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from ssot_shims._availability import Availability
from ssot_shims._probes.notation import read

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

Reply = Callable[[socket.socket, str], None]
MORE = "allow more time: timeout=10 where it is registered, else SSOT_SHIMS_TIMEOUT=10"


def ask(notation: str, seconds: float = 5.0) -> Availability:
    """The answer, which came in time and left no thread behind."""
    probe = cast("Probe", read(notation))
    probe.prepare()
    threads, start = other_threads(), time.monotonic()
    answer = probe.ask(start + seconds)
    assert time.monotonic() - start < seconds + 0.3
    assert other_threads() <= threads
    return answer


def other_threads() -> set[threading.Thread]:
    """Those that are no peer's."""
    return {thread for thread in threading.enumerate() if thread.name != "peer"}


def said(answer: Availability) -> tuple[str, str]:
    """Status, and reason and hint as people read them."""
    return answer.status, answer.explanation


@contextmanager
def listening(family: socket.AddressFamily = socket.AF_INET, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind((host, 0))
        server.listen()
        yield server


def port_of(server: socket.socket) -> int:
    return cast("tuple[str, int]", server.getsockname())[1]


class Peer:
    """A server that answers each connection with the next of *replies*, the last one for ever, and keeps what it got.

    With ``reads=False`` it answers before it has read anything.
    """

    def __init__(self, *replies: Reply | str, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.reads = reads
        self.replies = [as_reply(reply) if isinstance(reply, str) else reply for reply in replies]
        self.tls = tls
        self.requests: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(0.01)
        self.port = port_of(self.server)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="peer")

    def __enter__(self) -> Peer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        self.server.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while not self.is_over.is_set():
            with suppress(TimeoutError):
                client, _ = self.server.accept()
                client.settimeout(5)
                with client, suppress(OSError):
                    self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        if self.tls is None:
            self._reply(client)
        else:
            with self.tls.wrap_socket(client, server_side=True) as secured:
                self._reply(secured)

    def _reply(self, client: socket.socket) -> None:
        request = head_from(client) if self.reads else ""
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        reply(client, request)


def head_from(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(1)  # what follows belongs to somebody else, a TLS handshake for example
        if not more:
            break
        head += more
    return head.decode("latin-1")


def as_reply(text: str) -> Reply:
    """A reply with a status and headers, as *text* has them on its lines."""
    data = ("HTTP/1.1 " + "\r\n".join(text.splitlines()) + "\r\nContent-Length: 0\r\n\r\n").encode("latin-1")
    return lambda client, request: client.sendall(data)


def raw(data: bytes) -> Reply:
    return lambda client, request: client.sendall(data)


def drips(data: bytes) -> Reply:
    """One byte each 0.1 s, for ever."""

    def reply(client: socket.socket, request: str) -> None:
        for byte in data * 100:
            client.sendall(bytes([byte]))
            time.sleep(0.1)

    return reply


def mute(client: socket.socket, request: str) -> None:
    """Nothing, until the client goes."""
    client.recv(1)


def answers(status: int, good: str) -> Reply:
    """200 for whatever asks for *good*, a path or a user, and *status* for the rest."""

    def reply(client: socket.socket, request: str) -> None:
        as_reply("200 OK" if good in request else f"{status} No")(client, request)

    return reply


USER = "give a user that it lets in: http://<user>:<password>@{netloc}/..."


OR_TLS = "write https:// if it speaks TLS, tcp://host:port if it speaks another protocol"
