"""Servers that answer over HTTP as a test wants it, and the answer of a probe that asks them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ssot_shims._availability import Availability
from ssot_shims._probes.notation import read
from tests.support import hostile

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

Reply = Callable[[socket.socket, str], None]
USER = "put a user and password that it accepts into the address: http://<user>:<password>@{netloc}/..."
OR_TLS = "write https:// if it speaks TLS, tcp://host:port if it speaks another protocol"
MORE = "allow more time: timeout=10 where it is registered, else SSOT_SHIMS_TIMEOUT=10"


def ask(notation: str, seconds: float = 10.0) -> Availability:
    """The answer of the probe that is written so."""
    return answer_of(cast("Probe", read(notation)), seconds)


def answer_of(probe: Probe, seconds: float) -> Availability:
    """The answer, which came in time and left no thread behind."""
    probe.prepare()
    before, start = set(threading.enumerate()), time.monotonic()
    answer = probe.ask(start + seconds)
    assert time.monotonic() - start < max(seconds, 0) + 5  # benchmarks measure by how much
    assert {one for one in threading.enumerate() if one.name != "peer"} <= before
    return answer


def said(answer: Availability) -> tuple[str, str]:
    """Status, and reason and hint as people read them."""
    return answer.status, answer.explanation


class Peer(hostile.Peer):
    """A server that answers each connection with the next of *replies*, the last one for ever, and keeps what it got.

    With ``reads=False`` it answers before it has read anything.
    """

    def __init__(self, *replies: Reply | str, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.reads = reads
        self.replies = [as_reply(reply) if isinstance(reply, str) else reply for reply in replies]
        self.requests: list[str] = []
        super().__init__(("127.0.0.1", 0), self._reply, tls)
        self.port = self.place[1]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _reply(self, talk: hostile.Conversation) -> None:
        request = head_from(talk.connection) if self.reads else ""
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        reply(talk.connection, request)


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
