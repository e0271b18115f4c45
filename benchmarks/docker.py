"""Asking for Docker: where no engine is, where one answers, and where one does not come to an end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import engines
from benchmarks.clock import TIMED, figures, loops, processes, statements
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
_TESTCONTAINERS = """import docker.errors
from testcontainers.core.docker_client import DockerClient
try:
    answer = DockerClient().client.ping()
except docker.errors.DockerException:
    answer = False"""
_PING = """def ping():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect({path!r})
        connection.sendall(b"GET /_ping HTTP/1.1\\r\\nHost: docker\\r\\nConnection: close\\r\\n\\r\\n")
        return connection.recv(4096).startswith(b"HTTP/1.1 200")"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Ask each kind of engine, the floor being a bare socket."""
    yield from _no_socket(ground, effort, "no socket", str(ground.scratch / "none.sock"), is_default=False)
    if not Path("/var/run/docker.sock").exists():
        yield from _no_socket(ground, effort, "no socket at the default", "/var/run/docker.sock", is_default=True)
    yield from _answering(ground, effort)
    with engines.mute(ground.scratch) as path:
        yield _endless(ground, effort, "mute", path)
    with engines.dripping(ground.scratch) as path:
        yield _endless(ground, effort, "dripping", path)


def _askers(path: str, environment: dict[str, str], after: str) -> tuple[Contender, ...]:
    """Whoever asks from a fresh process, everything it needs imported on the way."""
    askers = (
        Contender(name="bare socket, connect", code=_CONNECT.format(path=path)),
        Contender(name="ssot_shims", code=_OURS),
        Contender(name="docker SDK", code=_SDK, peer="docker"),
        Contender(name="testcontainers", code=_TESTCONTAINERS, peer="testcontainers"),
    )
    return tuple(one.replace(environment=environment, after=after) for one in askers)


def _no_socket(ground: Ground, effort: Effort, what: str, path: str, *, is_default: bool) -> Iterator[Row]:
    environment = {} if is_default else {"DOCKER_HOST": f"unix://{path}"}
    askers = _askers(path, environment, "assert answer is False")
    goal = Goal(kind="ratio", limit=1.5)
    yield Row(what=f"Docker, {what}, fresh process", samples=statements(ground, askers, effort), goal=goal)
    yield Row(what=f"Docker, {what}, whole process", samples=processes(ground, askers, effort))


def _answering(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Every real engine that can be started here; a fake one when there is none."""
    has_real = False
    for name in ("dockerd", "podman"):
        with engines.real(name, ground.scratch) as path:
            has_real = has_real or bool(path)
            if path:
                yield _warm(ground, effort, path, f"a real {name}")
    if not has_real:
        with engines.fake(ground.scratch) as path:
            yield _warm(ground, effort, path, "a fake engine; no real one could be started")


def _warm(ground: Ground, effort: Effort, path: str, engine: str) -> Row:
    from_env = "import docker\nclient = docker.from_env()"
    contenders = (
        Contender(
            name="bare socket, /_ping",
            setup=f"import socket\n{_PING.format(path=path)}",
            code="ping()",
            after="assert ping()",
        ),
        Contender(
            name="ssot_shims",
            setup="from ssot_shims import capabilities, is_docker_available",
            code="capabilities.refresh('docker')\nis_docker_available()",
            after="assert is_docker_available() is True",
        ),
        Contender(
            name="ssot_shims, its probe alone",
            setup="from time import monotonic\nfrom ssot_shims._probes.docker import DockerProbe",
            code="DockerProbe().ask(monotonic() + 2)",
            after="assert DockerProbe().ask(monotonic() + 2)",
        ),
        Contender(name="docker SDK, from_env().ping()", setup=from_env, code="docker.from_env().ping()", peer="docker"),
        Contender(name="docker SDK, a client kept", setup=from_env, code="client.ping()", peer="docker"),
        Contender(
            name="testcontainers, DockerClient()",
            setup="from testcontainers.core.docker_client import DockerClient",
            code="DockerClient().client.ping()",
            peer="testcontainers",
        ),
    )
    samples = loops(ground, contenders, effort, {"DOCKER_HOST": f"unix://{path}"}, waits=True)
    return Row(what=f"Docker, warm: {engine}", samples=samples, goal=Goal(kind="ratio", limit=1.5))


def _endless(ground: Ground, effort: Effort, what: str, path: str) -> Row:
    environment = {"DOCKER_HOST": f"unix://{path}", "SSOT_SHIMS_TIMEOUT": str(DEADLINE)}
    askers = _askers(path, environment, "")
    few = effort.replace(rounds=min(effort.rounds, 3), patience=2 + 20 * effort.scale)
    return Row(
        what=f"Docker, {what} engine, deadline {DEADLINE:g} s",
        samples=figures(ground, askers[1:], few, TIMED),  # a bare socket would wait for ever
        goal=Goal(kind="at most", limit=DEADLINE + 0.2),
        has_floor=False,
    )
