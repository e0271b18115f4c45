"""Engines to ask: a real one where one can be started, and peers that are as bad as some are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from ssot_shims._probes.docker import answer_at
from ssot_shims._probes.docker_address import DockerAddress

ANSWER = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: a fake engine\r\nContent-Length: 2\r\n\r\nOK"
DRIP = 0.3  # seconds between two bytes


@contextmanager
def real(name: str, folder: Path) -> Generator[str]:
    """The path of the socket of a real *name* (dockerd or podman), started here; empty when it cannot be had."""
    if shutil.which(name) is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield ""
        return
    path = folder / f"{name}.sock"
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(_COMMANDS[name](folder), stdout=log, stderr=log, start_new_session=True)
        try:
            yield str(path) if _comes_up(process, path) else ""
        finally:
            _end(process)


@contextmanager
def fake(folder: Path) -> Generator[str]:
    """The path of a socket that answers as an engine does."""
    with listening(folder / "fake.sock", _answer) as path:
        yield path


@contextmanager
def mute(folder: Path) -> Generator[str]:
    """The path of a socket that takes connections and never answers."""
    with listening(folder / "mute.sock", lambda talk, stopped: _wait(stopped)) as path:
        yield path


@contextmanager
def dripping(folder: Path) -> Generator[str]:
    """The path of a socket that answers a byte each 0.3 s, for ever."""

    def drip(talk: socket.socket, stopped: threading.Event) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stopped.wait(DRIP):
            talk.sendall(b"x")

    with listening(folder / "drip.sock", drip) as path:
        yield path


@contextmanager
def listening(path: Path, treat: Callable[[socket.socket, threading.Event], None]) -> Generator[str]:
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


def _accept(
    listener: socket.socket, treat: Callable[[socket.socket, threading.Event], None], stopped: threading.Event
) -> None:
    with suppress(OSError):  # it is closed when nobody needs it any more
        while True:
            talk, _ = listener.accept()
            threading.Thread(target=_talk, args=(talk, treat, stopped), daemon=True).start()


def _talk(
    talk: socket.socket, treat: Callable[[socket.socket, threading.Event], None], stopped: threading.Event
) -> None:
    with talk, suppress(OSError):  # whoever asked may have hung up
        treat(talk, stopped)


def _answer(talk: socket.socket, _stopped: threading.Event) -> None:
    while (question := talk.recv(4096)) and b"\r\n\r\n" in question:
        talk.sendall(ANSWER)
        if b"connection: close" in question.lower():
            return


def _wait(stopped: threading.Event) -> None:
    stopped.wait()


def _podman(folder: Path) -> list[str]:
    places = ["--root", f"{folder}/root", "--runroot", f"{folder}/runroot", "--storage-driver", "vfs"]
    return ["podman", *places, "system", "service", "--time=0", f"unix://{folder}/podman.sock"]


def _dockerd(folder: Path) -> list[str]:
    places = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/dockerd.pid"]
    network = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
    return ["dockerd", "-H", f"unix://{folder}/dockerd.sock", *network, *places]


_COMMANDS = {"dockerd": _dockerd, "podman": _podman}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process* and whatever it has started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _comes_up(process: subprocess.Popen[bytes], path: Path) -> bool:
    address = DockerAddress(host=f"unix://{path}", source="the benchmark", place=str(path))
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if path.exists() and answer_at(address, time.monotonic() + 1):
            return True
        time.sleep(0.05)
    return False
