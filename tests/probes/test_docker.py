"""The Docker probe: what answers at the address, and why it is or is not an engine."""

from __future__ import annotations

import grp
import hashlib
import os
import shlex
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssot_shims import Availability, Registry
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes import connection as stream, docker
from ssot_shims._probes.docker import DockerProbe
from ssot_shims._probes.docker_address import find
from tests.conftest import IS_ROOT
from tests.support import hostile
from tests.support.docker_machine import Machine, ask, assert_no, seen
from tests.support.flights import until
from tests.support.hints import DOCKER, as_member, as_nobody, assert_it_turns, step_of
from tests.support.hostile import ANSWER, ENGINE, Act, Peer, drips, endless, hangs_up, listening, mute, says, status

OK = b"HTTP/1.1 200 OK\r\n"
# What an engine says, its kind and version, and how the reason calls it.
ENGINES = {
    "docker": (ANSWER, "docker", "1.41", "a Docker engine with API 1.41"),
    "podman": (ENGINE + b"Libpod-Api-Version: 4.3.1\r\n\r\n", "podman", "1.41", "Podman 4.3.1 with API 1.41"),
    "a version that does not print": (
        *(OK + b"Api-Version: \x1b[31m\xff\r\n\r\n", "docker"),
        *("\\x1b[31mÿ", "a Docker engine with API \\x1b[31mÿ"),
    ),
}


@pytest.mark.parametrize(("said", "kind", "version", "shown"), ENGINES.values(), ids=ENGINES)
def test_an_engine_is_a_yes(machine: Machine, said: bytes, kind: str, version: str, shown: str) -> None:
    """An Api-Version in a 200 is a yes; the details hold kind, version and address, all of it printable."""
    with Peer(machine.path("engine.sock"), says(said)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        answer, host = ask(), engine.host
    assert seen(answer) == ("available", f"{shown} answers at {host} (from DOCKER_HOST)")
    assert answer.details == {"kind": kind, "api_version": version, "host": host}
    question = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: ssot-shims\r\nConnection: close\r\n\r\n"
    assert engine.questions == [question]


YES = {
    "a body that drips for ever": drips(ENGINE + b"Content-Length: 100\r\n\r\n"),
    "a huge Content-Length": says(ENGINE + b"Content-Length: 99999999999999999999\r\n\r\nOK"),
    "headers that are not UTF-8": says(ENGINE + b"Server: \xff\xfe\xf0\r\n\xe9t\xe9: \x80\r\n\r\n"),
    "HTTP/1.0": says(ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0")),
    "a header on two lines": says(ENGINE + b"Server: one\r\n two\r\n\r\n"),
    "a repeated Api-Version": says(ENGINE + b"Api-Version: 9.99\r\n\r\n"),
    "a little late": says(ANSWER, after=0.2),
}


@pytest.mark.parametrize("act", YES.values(), ids=YES)
def test_an_odd_engine_is_a_yes(machine: Machine, act: Act) -> None:
    """Whatever else an answer is like, status and Api-Version decide."""
    with Peer(machine.path("engine.sock"), act) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask(9).reason == f"a Docker engine with API 1.41 answers at {engine.host} (from DOCKER_HOST)"


def test_an_engine_that_answers_without_listening(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a peer said before it closed counts, even where the question could not be sent any more."""
    closed, send = threading.Event(), stream.Stream.send

    def act(talk: hostile.Conversation) -> None:
        talk.say(ANSWER)
        talk.connection.close()
        closed.set()

    monkeypatch.setattr(stream.Stream, "send", lambda self, data: closed.wait(5) and send(self, data))
    with Peer(machine.path("engine.sock"), act) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask(10)


NOT_HTTP, NO_STATUS = ", which is not HTTP/1", ", which is no HTTP/1 status line"
ENDLESS = "does not end within 65536 bytes"
IN_IT, WITHOUT = "it closed the connection in its answer", "it closed the connection without an answer"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/_ping\r\n\r\n"
NO = {
    "garbage": (says(b"\x00\xffSSH-2.0-OpenSSH_9\r\n"), rf"it sent b'\x00\xffSSH-2.0-OpenSSH_9\r'{NOT_HTTP}"),
    "500": (says(status("500 Internal Server Error")), "it answered GET /_ping with status 500"),
    "another web server": (says(status("200 OK")), "it answered GET /_ping without an Api-Version"),
    "a redirect, which is not followed": (says(REDIRECT), "with status 302"),
    "another protocol": (says(ANSWER.replace(b"200 OK", b"101 x")), "with status 101"),
    "endless headers": (endless(ENGINE, b"X-More: and more\r\n"), ENDLESS),
    "endless interim answers": (endless(b"", INTERIM), ENDLESS),
    "no status line": (says(b"HTTP/1.1 two hundred\r\n\r\n"), f"it sent b'HTTP/1.1 two hundred'{NO_STATUS}"),
    "a status of other digits": (says(ENGINE.replace(b"200", b"\xb200") + b"\r\n"), NO_STATUS),
    "closes at once": (hangs_up, WITHOUT),
    "closes in the headers": (says(ENGINE), IN_IT),
}


@pytest.mark.parametrize(("act", "evidence"), NO.values(), ids=NO)
def test_no_engine_answers(machine: Machine, act: Act, evidence: str) -> None:
    """What answers is not an engine: the reason tells what it did, and naming an engine turns it."""
    with Peer(machine.path("peer.sock"), act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        assert_no(answer, "is not a Docker engine: ")
        assert answer.reason.endswith(evidence)
        assert_it_turns(answer, machine)


BRIEF = 0.3  # seconds, for those that do not answer
TOO_LATE = "no answer from {host} (from DOCKER_HOST)"
SLOW = {
    "mute": mute,
    "drips in the headers": drips(OK, ANSWER[17:], every=0.1),
    "drips interim answers": drips(INTERIM, INTERIM * 9, every=0.1),
}


@pytest.mark.parametrize("act", SLOW.values(), ids=SLOW)
def test_no_answer_in_time(machine: Machine, act: Act) -> None:
    """A peer that never ends its answer is given up at the deadline; a restarted engine is a yes."""
    with Peer(machine.path("peer.sock"), act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask(BRIEF)
        host, place = peer.host, peer.place
    assert_no(answer, TOO_LATE.format(host=host), "timed_out")
    with Peer(place, says(ANSWER)):  # restarted
        assert ask()


def test_a_deadline_that_has_passed(machine: Machine) -> None:
    """Without any time left nothing is asked, and the next step asks for more than there was."""
    with Peer(machine.path("peer.sock"), says(ANSWER)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask(-1.0)
        assert peer.questions == []
        assert_no(answer, " within 0 s", "timed_out")
        assert_it_turns(answer, machine)


def test_a_folder_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket may be on a network drive that does not answer: every look at it is behind the clock."""
    gate, stat = threading.Event(), os.stat

    def hang(path: Any, **options: Any) -> os.stat_result:
        if str(path).startswith("/hangs/"):
            gate.wait(30)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", hang)
    monkeypatch.setenv("DOCKER_HOST", "unix:///hangs/docker.sock")
    registry = Registry()
    registry.register("container", "docker:container=db", timeout=0.2)
    registry.add(capability("docker", DockerProbe(), timeout=0.2))
    start = time.monotonic()
    statuses = {answer.status for answer in registry.check_all().values()}
    assert (statuses, time.monotonic() - start < 10) == ({"timed_out"}, True)
    gate.set()
    until(lambda: not registry._answers.flights)


def test_the_whole_text_of_every_kind_of_no(machine: Machine) -> None:
    """Each kind says what was seen and what to do, in two texts, and names programs only where they are there."""
    path, group = machine.path("x.sock"), grp.getgrgid(os.stat(machine.root).st_gid).gr_name
    identity = hashlib.sha256(b"gone").hexdigest()
    facts = {"path": path, "default": machine.default, "group": group, "home": machine.home, "identity": identity}
    machine.offer("sudo", "dockerd", "usermod")

    def assert_whole(kind: str, answer: Availability | None = None, host: str = "") -> None:
        machine.set("DOCKER_HOST", host)
        answer = ask(0.3) if answer is None else answer
        assert [answer.reason, answer.hint] == [text.format(**facts) for text in DOCKER[kind]]

    at_path = f"unix://{path}"
    assert_whole("no socket at the default")
    assert_whole("no socket", host=at_path)
    with listening(str(machine.default)):
        assert_whole("no socket, another is there", host=at_path)
    machine.default.unlink()
    listening(path).close()
    assert_whole("a stale socket", host=at_path)
    os.chmod(path, 0o660)
    assert_whole("permission", docker._why_not(find(), PermissionError(13, "Permission denied"), 1))
    os.unlink(path)
    for act, kind in ((mute, "no answer"), (hangs_up, "not an engine")):
        with Peer(path, act):
            assert_whole(kind, host=at_path)
    assert_whole("an unreadable address", host="junk://x")
    assert_whole("ssh", host="ssh://me:secret@engine")
    machine.set("DOCKER_CONTEXT", "gone")
    assert_whole("an unknown context")


@pytest.mark.parametrize("programs", ["", "sudo", "dockerd", "sudo dockerd"])
def test_no_socket_at_the_default(machine: Machine, programs: str) -> None:
    """Only programs that are there are named to start the usual engine; else another one is the next step."""
    machine.offer(*programs.split())
    answer = ask()
    assert bool({"sudo", "dockerd"} & {*answer.hint.split()}) is (programs == "sudo dockerd")
    assert_it_turns(answer, machine)


# What is made at the path (str makes nothing), the path, and what is said of it.
OTHER, UNREACHED = "{path} ({by}) is a %s, not a socket", "unix://{path} ({by}) cannot be reached: "
AT_THE_PATH: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "something below a file": (lambda path: path.parent.touch(), "file/x.sock", UNREACHED + "Not a directory"),
    "a file": (Path.touch, "x", OTHER % "regular file"),
    "a directory": (Path.mkdir, "x", OTHER % "directory"),
    "a pipe": (lambda path: os.mkfifo(path), "x", OTHER % "pipe"),
    "a device": (str, "/dev/null", OTHER % "device"),
}


@pytest.mark.parametrize(("make", "name", "seen"), AT_THE_PATH.values(), ids=AT_THE_PATH)
def test_no_engine_at_a_chosen_path(machine: Machine, make: Callable[[Path], object], name: str, seen: str) -> None:
    """What is there is told, an explicit choice is final, and the next step makes a yes."""
    path = machine.root / name
    make(path)
    machine.set("DOCKER_HOST", f"unix://{path}")
    answer = ask()
    assert_no(answer, seen.format(path=path, by="from DOCKER_HOST"))
    assert_it_turns(answer, machine)


ELSEWHERE = [
    "docker.sock",
    "run/docker.sock",
    *[f"h h/{folder}/docker.sock" for folder in (".docker/desktop", ".docker/run", ".colima/default")],
    *[f"h h/{folder}/docker.sock" for folder in (".orbstack/run", ".rd")],
    "run/podman/podman.sock",
    "podman.sock",
]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_engine_is_named(machine: Machine, name: str) -> None:
    """The first socket that is there but was not chosen is the next step, and choosing it makes a yes."""
    machine.set("DOCKER_HOST", f"unix://{machine.path('x.sock')}")
    machine.set("HOME", machine.path("h h"))
    paths = [Path(machine.path(one)) for one in ELSEWHERE[: ELSEWHERE.index(name) + 1]]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # a file is no socket
    path.unlink()
    with Peer(str(path), says(ANSWER)) as engine:
        answer = ask()
        assert engine.questions == []
        assert step_of(answer) == f"DOCKER_HOST={shlex.quote(engine.host)}"
        assert_it_turns(answer, machine)


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_folder_that_may_not_be_entered(machine: Machine, is_linked: bool) -> None:
    """A socket in a folder that is closed is a no, also when a link leads there; once it is open the answer is yes."""
    link = Path(machine.path("link.sock"))
    with Peer(str(machine.run / "x.sock"), says(ANSWER)) as engine:
        (machine.run / "x.sock").chmod(0o666)
        link.symlink_to(machine.run / "x.sock")
        machine.set("DOCKER_HOST", f"unix://{link}" if is_linked else engine.host)
        machine.run.chmod(0o600)
        with as_nobody():
            assert_no(ask(), f"permission denied at {link if is_linked else engine.place} (from DOCKER_HOST)")
        machine.run.chmod(0o755)
        with as_nobody():
            assert ask()


@pytest.mark.parametrize("mode", [0o660, 0o600], ids=["for a group", "for its owner"])
@pytest.mark.skipif(not IS_ROOT, reason="only root can leave a group and join it again")
def test_a_socket_for_others(machine: Machine, mode: int) -> None:
    """Who is in none of the groups is refused; once the steps that the hint names are done, the engine answers.

    ``usermod`` would change the users of this machine, so the process joins the group as a new login would.
    """
    path, group = machine.path("a group.sock"), grp.getgrgid(1)
    machine.offer("sudo", "usermod")
    with Peer(path, says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        os.chown(path, 0, group.gr_gid)
        os.chmod(path, mode)
        with as_member("nobody", ""):
            answer = ask()
        assert_no(answer, f"permission denied at {path} (from DOCKER_HOST)")
        assert (group.gr_name in answer.hint) is (mode == 0o660)
        assert_it_turns(answer, machine)


def test_a_group_without_a_name(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, there is no hint; without the programs only words are left."""
    path = machine.path("group.sock")
    machine.offer()
    with listening(path):
        os.chmod(path, 0o660)
        group = grp.getgrgid(os.stat(path).st_gid).gr_name
        assert docker._group_hint(path) == f"join the group {group}, and log in again"
        monkeypatch.setattr(grp, "getgrgid", {}.__getitem__)
        assert docker._group_hint(path) == ""
