"""``docker:container=NAME``: what the engine says of the container, and what answers instead of an engine."""

from __future__ import annotations

import json

import pytest

from ssot_shims import Availability
from ssot_shims._probes.docker import DockerProbe
from ssot_shims._probes.notation import read
from tests.support.docker_machine import Machine, ask, assert_no, seen
from tests.support.hostile import Act, Peer, drips, endless, mute, says, status


def answer_of(act: Act, machine: Machine, name: str = "db", seconds: float = 10) -> tuple[Availability, Peer]:
    """The answer about the container *name* of an engine that does *act*, and that engine."""
    probe = read(f"docker:container={name}")
    assert isinstance(probe, DockerProbe)
    with Peer(machine.path("engine.sock"), act) as engine:
        machine.set("DOCKER_HOST", engine.host)
        return ask(seconds, probe), engine


def body(text: str | bytes, line: str = "200 OK", *, chunks: int = 0) -> bytes:
    """A whole answer with that body, by its length or in chunks of so many bytes."""
    data = text.encode() if isinstance(text, str) else text
    head = f"HTTP/1.1 {line}\r\nApi-Version: 1.41\r\n"
    if not chunks:
        return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data
    parts = [data[start : start + chunks] for start in range(0, len(data), chunks)]
    chunked = b"".join(f"{len(part):x};x=1\r\n".encode() + part + b"\r\n" for part in parts)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked + b"0\r\n\r\n"


IDENTITY = "c24c2b3fe262" + "0" * 52


def described(state: object, health: object = None, name: str = "/db") -> str:
    """What an engine says of a container, with what else it says."""
    more = {} if health is None else {"Health": {"Status": health, "Log": None}}
    return json.dumps({"Id": IDENTITY, "State": {"Status": state, "Running": True, **more}, "Name": name})


IS = "the container 'db' is running"
RUNS = {
    "without a health check": (described("running"), IS),
    "with an empty one, as podman": (described("running", ""), IS),
    "with none, as docker": (described("running", "none"), IS),
    "healthy": (described("running", "healthy"), f"{IS} (health: healthy)"),
    "a name without a slash": (described("running", name="db"), IS),
    "very much text": (described("running") + " " * 900_000, IS),
}


@pytest.mark.parametrize("chunks", [0, 8_000])
@pytest.mark.parametrize(("text", "reason"), RUNS.values(), ids=RUNS)
def test_a_container_that_runs_is_a_yes(machine: Machine, text: str, reason: str, chunks: int) -> None:
    """And is healthy where that is checked. It is one question, without a version."""
    answer, engine = answer_of(says(body(text, chunks=chunks)), machine)
    assert seen(answer) == ("available", reason)
    assert answer.hint == ""
    assert [question.partition(b" HTTP")[0] for question in engine.questions] == [b"GET /containers/db/json"]


@pytest.mark.parametrize("identity", [IDENTITY, IDENTITY[:12]])
def test_a_container_by_its_identity(machine: Machine, identity: str) -> None:
    """``docker run --detach`` prints the whole, ``docker ps`` twelve digits; fewer may be the name of another one."""
    assert answer_of(says(body(described("running"))), machine, identity)[0]
    assert not answer_of(says(body(described("running"))), machine, identity[:11])[0]


RUNS_NOT = {
    "exited": (described("exited", "unhealthy"), "is exited", "next: docker start db"),
    "created": (described("created"), "is created", "next: docker start db"),
    "paused": (described("paused"), "is paused", "next: docker unpause db"),
    "restarting": (described("restarting"), "is restarting", ""),
    "starting": (described("running", "starting"), "is running (health: starting)", ""),
    "unhealthy": (described("running", "unhealthy"), "is running (health: unhealthy)", "next: docker logs db"),
    "control characters": (described("\x1b[31m"), "is \\x1b[31m", ""),
}


@pytest.mark.parametrize(("text", "reason", "hint"), RUNS_NOT.values(), ids=RUNS_NOT)
def test_one_that_does_not_run_is_a_no_with_its_state(machine: Machine, text: str, reason: str, hint: str) -> None:
    """The hint is a command, where there is a docker command to be run."""
    machine.offer("docker")
    answer, _ = answer_of(says(body(text)), machine)
    assert_no(answer, f"the container 'db' {reason}")
    assert answer.hint == hint
    machine.set("PATH", "")
    assert answer_of(says(body(text)), machine)[0].hint == ""


NOT_THERE = {
    "docker": body('{"message": "No such container: db"}', "404 Not Found"),
    "podman": body('{"cause": "no such container", "message": "x", "response": 404}', "404 Not Found", chunks=10),
    "another, whose identity begins so": body(described("running", name="/other")),
}


@pytest.mark.parametrize("answer", NOT_THERE.values(), ids=NOT_THERE)
def test_a_container_that_is_not_there(machine: Machine, answer: bytes) -> None:
    """Nor does one count whose identity begins with these digits, which engines answer with."""
    machine.offer("docker")
    found, _ = answer_of(says(answer), machine)
    assert_no(found, f"there is no container 'db' at unix://{machine.root}/engine.sock (from DOCKER_HOST)")
    assert found.hint == "see which there are: docker ps --all"


def test_without_an_engine_or_with_its_error_the_reason_is_that(machine: Machine) -> None:
    """Such as a daemon that has an error of its own; it is a service as docker itself."""
    answer, _ = answer_of(says(body('{"message": "boom\\nat once"}', "500 x")), machine)
    assert_no(answer, "/engine.sock (from DOCKER_HOST) answered 500 for the container 'db': boom at once")
    probe = read("docker:container=db")
    assert isinstance(probe, DockerProbe)
    assert seen(ask(0.5, probe)) == seen(ask(0.5))
    assert probe.is_service


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
NO_CONTAINER = "it answered GET /containers/.../json with status 200 and no container"
CLOSED = "it closed the connection in its answer"
TOO_LONG = "its answer does not end within 1048576 bytes"
HOSTILE = {
    "404 of a web server": (says(status("404 Not Found")), "with status 404 and no container"),
    "no length": (says(b"HTTP/1.1 200 OK\r\n\r\n{}"), NO_CONTAINER),
    "a negative number": (says(SIZED % -5 + b"{}"), TOO_LONG),
    "no JSON": (says(body("<html>")), NO_CONTAINER),
    "nested deeply": (says(body("[" * 100_000)), NO_CONTAINER),
    "a state that is no text": (says(body(described(1))), NO_CONTAINER),
    "a size that is no number": (says(CHUNKED + b"zz\r\n"), NO_CONTAINER),
    "a huge chunk": (says(CHUNKED + b"ffffffff\r\n"), TOO_LONG),
    "endless chunks": (endless(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), TOO_LONG),
    "an endless size": (endless(CHUNKED, b"0" * 1000), TOO_LONG),
    "closes in the body": (says(SIZED % 100 + b"{"), CLOSED),
    "closes in a chunk": (says(CHUNKED + b"100\r\n{"), CLOSED),
}


@pytest.mark.parametrize(("act", "seen"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_answer_about_a_container_is_a_no_in_time(machine: Machine, act: Act, seen: str) -> None:
    """With what was wrong with it, and at most a megabyte of it is read."""
    answer, _ = answer_of(act, machine)
    assert_no(answer, "is not a Docker engine")
    assert answer.reason.endswith(seen)


@pytest.mark.parametrize("act", [mute, drips(SIZED % 1000)], ids=["mute", "drips its body"])
def test_a_mute_or_dripping_engine_is_given_up_at_the_deadline(machine: Machine, act: Act) -> None:
    """Also one that drips the body."""
    answer, _ = answer_of(act, machine, seconds=0.5)
    assert_no(answer, f"no answer from unix://{machine.root}/engine.sock (from DOCKER_HOST) within 0.5 s", "timed_out")
