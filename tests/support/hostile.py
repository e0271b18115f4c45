"""Peers that behave badly, and a few that behave well: each a real listening socket, served by a thread of the test."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

Act = Callable[["Conversation"], None]

ENGINE = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\n"
ANSWER = ENGINE + b"Content-Length: 2\r\n\r\nOK"


class Conversation:
    """One accepted connection, seen from the peer that misbehaves."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.connection = connection
        self.stopped = stopped
        self.question = b""

    def listen(self) -> bytes:
        """The question up to its blank line, or what came of it before the end."""
        while b"\r\n\r\n" not in self.question:
            chunk = self.connection.recv(4096)
            if not chunk:
                break
            self.question += chunk
        return self.question

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether there is still somebody to wait for."""
        return not self.stopped.wait(seconds)


class Peer:
    """A listening socket whose every connection is treated by *act*, until it is closed.

    It accepts none before so many seconds have gone by (*after*; None: never), and lets *backlog* of them wait.
    """

    def __init__(
        self,
        address: str | tuple[str, int],
        act: Act,
        tls: ssl.SSLContext | None = None,
        *,
        after: float | None = 0,
        backlog: int = 20,
    ) -> None:
        self.act, self.tls, self._after = act, tls, after
        self.questions: list[bytes] = []
        self._stopped = threading.Event()
        self._listener = listening(address, backlog)
        self._talks: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="peer")
        self._accepting.start()

    @property
    def place(self) -> str | tuple[str, int]:
        name = self._listener.getsockname()
        return name if isinstance(name, str) else name[:2]

    @property
    def host(self) -> str:
        """The address as DOCKER_HOST takes it."""
        if isinstance(self.place, str):
            return f"unix://{self.place}"
        host, port = self.place
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._stopped.set()
        self._accepting.join()
        for talk in self._talks:
            talk.join()
        place = self.place
        self._listener.close()
        if isinstance(place, str):
            Path(place).unlink(missing_ok=True)

    def _accept(self) -> None:
        self._stopped.wait(self._after)
        while not self._stopped.is_set():
            if select.select([self._listener], [], [], 0.01)[0]:
                connection, _ = self._listener.accept()
                talk = threading.Thread(target=self._talk, args=[connection], name="peer")
                self._talks.append(talk)
                talk.start()

    def _talk(self, connection: socket.socket) -> None:
        # Whoever is asked badly hangs up on us, at any moment.
        with contextlib.suppress(OSError):
            connection.settimeout(20)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            talk = Conversation(connection, self._stopped)
            self.act(talk)
            self.questions.append(talk.question)
        connection.close()


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """A TCP port where nothing listens, and which no other test is given; a server that names it may listen there."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def listening(address: str | tuple[str, int], backlog: int = 20) -> socket.socket:
    """A socket that listens at a path, or at a host and port (0: any)."""
    if not isinstance(address, str):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        return socket.create_server(address, family=family, backlog=backlog)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(backlog)
    return listener


def says(answer: bytes, after: float = 0.0) -> Act:
    """Listen to the question, wait some seconds, answer, and close."""

    def act(talk: Conversation) -> None:
        talk.listen()
        if talk.wait(after):
            talk.say(answer)

    return act


def mute(talk: Conversation) -> None:
    """Never answer, and never close."""
    talk.wait()


def drips(first: bytes, rest: bytes = b"x", every: float = 0.3) -> Act:
    """Answer *first*, then a byte each *every* seconds for ever: those of *rest*, its last one again and again."""

    def act(talk: Conversation) -> None:
        talk.listen()
        talk.say(first)
        at = 0
        while talk.wait(every):
            talk.say(rest[at : at + 1])
            at = min(at + 1, len(rest) - 1)

    return act


def endless(first: bytes, again: bytes) -> Act:
    """Answer *first*, then *again* as fast as it is taken, for ever."""

    def act(talk: Conversation) -> None:
        talk.listen()
        talk.say(first)
        while talk.wait(0):
            talk.say(again * 100)

    return act


def hangs_up(talk: Conversation) -> None:
    """Close at once, without listening."""


def status(line: str) -> bytes:
    """A whole answer with that status line and no headers that matter."""
    return f"HTTP/1.1 {line}\r\nServer: nginx\r\nContent-Length: 5\r\n\r\nhello".encode()


@contextlib.contextmanager
def full_backlog(address: str | tuple[str, int], drains_after: float | None = None) -> Iterator[str | tuple[str, int]]:
    """A socket whose queue is full; after *drains_after* seconds somebody accepts and is an engine."""
    with Peer(address, says(ANSWER), after=drains_after, backlog=0) as peer, contextlib.ExitStack() as waiting:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        with contextlib.suppress(BlockingIOError, TimeoutError):
            while True:
                client = waiting.enter_context(socket.socket(family))
                client.settimeout(0.05)
                client.connect(peer.place)
        yield peer.place
