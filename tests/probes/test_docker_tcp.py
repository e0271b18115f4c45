"""The Docker probe over TCP, and where it may not or cannot ask."""

from __future__ import annotations

import socket
import time

import pytest

from ssot_shims._probes import connection
from tests.conftest import run
from tests.support.docker_machine import Machine, ask, assert_no
from tests.support.hints import assert_it_turns
from tests.support.hostile import ANSWER, Peer, full_backlog, says, status
from tests.support.http_peer import ask as http_ask

BRIEF = 0.3  # seconds, for those that do not answer


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nothing_listens(machine: Machine, host: str) -> None:
    """A refused TCP connection is told as one, for both kinds of addresses, and so is an engine there."""
    with Peer((host, 0), says(ANSWER)) as engine:
        address = engine.host
    machine.set("DOCKER_HOST", address)
    answer = ask()
    assert_no(answer, f"nothing listens at {address} (from DOCKER_HOST)")
    assert_it_turns(answer, machine)


def test_a_name_with_several_addresses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers is asked; else a refusal says more than a missing route, and silence more than that."""

    def resolve_to(*places: object) -> None:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, type: [(*kind, place) for place in places])

    machine.set("DOCKER_HOST", "tcp://several.example:2375")
    with full_backlog(("127.0.0.1", 0)) as full:
        with Peer(("127.0.0.1", 0), says(ANSWER)) as engine:
            resolve_to(full, engine.place)
            assert ask(2).details["host"] == "tcp://several.example:2375"
            refuses = engine.place
        resolve_to(full, refuses)
        assert ask(BRIEF).status == "timed_out"
    resolve_to(refuses, ("255.255.255.255", 1))
    assert_no(ask(), "nothing listens at tcp://several.example:2375 (from DOCKER_HOST)")


def test_a_firewall(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps connections from one place is told in the system's words.

    No test can put up a firewall for this process alone, so what ``connect`` raises behind one is played.
    """

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    machine.set("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert_no(ask(), "tcp://127.0.0.1:2375 (from DOCKER_HOST) cannot be reached: Operation not permitted")
    answer = http_ask("tcp://127.0.0.1:2375")
    assert (answer.reason, answer.hint) == ("127.0.0.1:2375 cannot be reached (Operation not permitted)", "")


def test_a_connection_to_itself_is_none() -> None:
    """A free local port may be given to our own end, which must not pass for somebody who listens."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError, match="nothing listens there"):
            connection._connect(own, own.getsockname(), time.monotonic() + 1)


def test_a_path_below_the_address(machine: Machine) -> None:
    """What follows the port goes before the question."""
    with Peer(("127.0.0.1", 0), says(status("404 Not Found"))) as peer:
        machine.set("DOCKER_HOST", f"{peer.host}/some/where/")
        answer = ask()
        assert_no(answer, f"what answers at {peer.host}/some/where (from DOCKER_HOST) is not a Docker engine")
        assert_no(answer, "it answered GET /_ping with status 404")
    assert peer.questions[0].startswith(b"GET /some/where/_ping HTTP/1.1\r\nHost: 127.0.0.1:")


def test_nothing_is_imported_before_it_is_needed(machine: Machine) -> None:
    """Without a socket, getting ready and the answer take none of the modules that cost more than all of it."""
    costly = "socket ssl json re typing dataclasses threading subprocess hashlib contextlib"
    script = (
        "import sys, time; from ssot_shims._probes.docker import DockerProbe; "
        "from ssot_shims._probes.command import ComposeProbe; ComposeProbe(); "
        "probe = DockerProbe(); probe.prepare(); answer = probe.ask(time.monotonic() + 1); "
        f"print(answer.status, sorted(set('{costly}'.split()) & set(sys.modules)))"
    )
    host = f"unix://{machine.path('x.sock')}"
    assert run(script, "-X", "frozen_modules=on", "-S", DOCKER_HOST=host) == ("unavailable []\n", "")
