"""Engines to ask: one that answers, and two that are as bad as some are."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: %d\r\n\r\n%b"
DRIP = 0.3  # seconds between two bytes

Treat = Callable[[socket.socket, threading.Event], None]


def answering(talk: socket.socket, _stopped: threading.Event) -> None:
    """Answer as an engine does."""
    while (question := talk.recv(4096)) and b"\r\n\r\n" in question:
        body = b'{"ApiVersion": "1.44"}' if b"/version " in question else b"OK"
        talk.sendall(ANSWER % (len(body), body))
        if b"connection: close" in question.lower():
            return


def mute(_talk: socket.socket, stopped: threading.Event) -> None:
    """Take the question and say nothing."""
    stopped.wait()


def dripping(talk: socket.socket, stopped: threading.Event) -> None:
    """Answer a byte each 0.3 s, for ever."""
    talk.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not stopped.wait(DRIP):
        talk.sendall(b"x")


@contextmanager
def listening(path: Path, treat: Treat) -> Generator[str]:
    """A socket at *path*, each connection to which *treat* has in a thread of its own."""
    stopped = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(20)
        threading.Thread(target=_accept, args=(listener, treat, stopped), daemon=True).start()
        try:
            yield str(path)
        finally:
            stopped.set()


def _accept(listener: socket.socket, treat: Treat, stopped: threading.Event) -> None:
    with suppress(OSError):  # it is closed when nobody needs it any more
        while True:
            threading.Thread(target=_talk, args=(listener.accept()[0], treat, stopped), daemon=True).start()


def _talk(talk: socket.socket, treat: Treat, stopped: threading.Event) -> None:
    with talk, suppress(OSError):  # whoever asked may have hung up
        treat(talk, stopped)
