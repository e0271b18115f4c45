"""Asking for Docker: where no engine is, where one answers, and where one does not come to an end."""

from __future__ import annotations

from collections.abc import Iterator

import benchmarks.engines as engines
from benchmarks.clock import TIMED, figures, loops, statements
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

DEADLINE = 0.5  # seconds, for engines that do not answer

_CONNECT = """import socket
_socket = socket.socket(socket.AF_UNIX)
try:
    _socket.connect({path!r})
    answer = True
except OSError:
    answer = False
_socket.close()"""
_OURS = "from ssot_shims import is_docker_available\nanswer = is_docker_available()"
_SDK = """import docker
try:
    answer = docker.from_env().ping()
except docker.errors.DockerException:
    answer = False"""
_PING = """import socket
def ping():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect({path!r})
        connection.sendall(b"GET /_ping HTTP/1.1\\r\\nHost: docker\\r\\nConnection: close\\r\\n\\r\\n")
        return connection.recv(4096).startswith(b"HTTP/1.1 200")"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Ask where nobody is, an engine that answers, and those that do not come to an end."""
    yield _no_socket(ground, effort)
    with engines.listening(ground.scratch / "fake.sock", engines.answering) as path:
        yield _warm(ground, effort, path)
    for treat in (engines.mute, engines.dripping):
        with engines.listening(ground.scratch / f"{treat.__name__}.sock", treat) as path:
            yield _endless(ground, effort, treat.__name__, path)


def _askers(path: str, after: str, **more: str) -> tuple[Contender, ...]:
    """Whoever asks from a fresh process, everything it needs imported on the way."""
    askers = (
        Contender(name="bare socket, connect", code=_CONNECT.format(path=path)),
        Contender(name="ssot_shims", code=_OURS),
        Contender(name="docker SDK", code=_SDK, peer="docker"),
    )
    return tuple(one.replace(environment={"DOCKER_HOST": f"unix://{path}", **more}, after=after) for one in askers)


def _no_socket(ground: Ground, effort: Effort) -> Row:
    askers = _askers(str(ground.scratch / "none.sock"), "assert answer is False")
    # Each probe has a thread of its own, which costs 0.4 of these.
    goal = Goal(kind="ratio", limit=1.6)
    return Row(what="Docker, no socket, fresh process", samples=statements(ground, askers, effort), goal=goal)


def _warm(ground: Ground, effort: Effort, path: str) -> Row:
    from_env = "import docker\nclient = docker.from_env()"
    contenders = (
        Contender(name="bare /_ping", setup=_PING.format(path=path), code="ping()", after="assert ping()"),
        Contender(
            name="ssot_shims",
            setup="from ssot_shims import capabilities, is_docker_available",
            code="capabilities.refresh('docker')\nis_docker_available()",
            after="assert is_docker_available() is True",
        ),
        Contender(
            name="bare /_ping in a thread of its own",
            setup=f"from threading import Thread\n{_PING.format(path=path)}",
            code="thread = Thread(target=ping)\nthread.start()\nthread.join()",
        ),
        Contender(name="docker SDK, from_env().ping()", setup=from_env, code="docker.from_env().ping()", peer="docker"),
        Contender(name="docker SDK, a client kept", setup=from_env, code="client.ping()", peer="docker"),
    )
    asked_there = tuple(one.replace(environment={"DOCKER_HOST": f"unix://{path}"}) for one in contenders)
    return Row(what="Docker, engine there, warm", samples=loops(ground, asked_there, effort, "perf_counter"))


def _endless(ground: Ground, effort: Effort, what: str, path: str) -> Row:
    askers = _askers(path, "", SSOT_SHIMS_TIMEOUT=str(DEADLINE))
    few = effort.replace(rounds=min(effort.rounds, 3), patience=2 + 20 * effort.scale)
    return Row(
        what=f"Docker, {what} engine, deadline {DEADLINE:g} s",
        samples=figures(ground, askers[1:], few, TIMED),  # a bare socket would wait for ever
        goal=Goal(kind="at most", limit=DEADLINE + 0.2),
        has_floor=False,
    )
