"""The Docker probe: what answers at the address, and why it is or is not an engine."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ssot_shims import capabilities
from ssot_shims._probes import (
    connection as resolver,
    connection as stream,
    docker_reasons,
    network as unix_path,
    remedy as obstacle,
)
from ssot_shims._probes.connection import connect
from ssot_shims._probes.docker_address import DockerAddress
from tests.cures import as_member, as_nobody, assert_it_turns, done, step_of
from tests.docker_machine import Machine, ask, seen
from tests.hostile import (
    ANSWER,
    ENGINE,
    Act,
    Conversation,
    Peer,
    drips,
    endless,
    full_backlog,
    hangs_up,
    listening,
    mute,
    says,
    status,
)

# --- what answers


def test_an_engine_is_a_yes(machine: Machine) -> None:
    """An Api-Version in a 200 is a yes; the details hold kind, version and address."""
    with Peer(machine.path("engine.sock"), says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        answer = ask()
    host = f"unix://{machine.root}/engine.sock"
    assert seen(answer) == ("available", f"a Docker engine with API 1.41 answers at {host} (from DOCKER_HOST)")
    assert answer.details == {"kind": "docker", "api_version": "1.41", "host": host}
    assert engine.questions == [
        b"GET /_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: ssot-shims\r\nConnection: close\r\n\r\n"
    ]


def test_podman_is_a_yes(machine: Machine) -> None:
    """A Libpod-Api-Version beside it says that the engine is podman."""
    with Peer(machine.path("podman.sock"), says(ENGINE + b"Libpod-Api-Version: 4.3.1\r\n\r\n")) as engine:
        machine.set("DOCKER_HOST", engine.host)
        answer = ask()
    host = f"unix://{machine.root}/podman.sock"
    assert seen(answer) == ("available", f"Podman 4.3.1 with API 1.41 answers at {host} (from DOCKER_HOST)")
    assert answer.details == {"kind": "podman", "api_version": "1.41", "host": host, "podman_version": "4.3.1"}


YES = {
    "a body that drips for ever": drips(ENGINE + b"Content-Length: 100\r\n\r\n"),
    "a huge Content-Length": says(ENGINE + b"Content-Length: 99999999999999999999\r\n\r\nOK"),
    "headers that are not UTF-8": says(ENGINE + b"Server: \xff\xfe\xf0\r\n\xe9t\xe9: \x80\r\n\r\n"),
    "HTTP/1.0": says(ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0")),
    "interim answers first": says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ANSWER),
    "bare line feeds": says(ANSWER.replace(b"\r\n", b"\n")),
    "no reason phrase": says(ANSWER.replace(b" OK\r", b"\r")),
    "names in any case": says(ANSWER.replace(b"Api-Version", b"API-VERSION")),
    "a header on two lines": says(ENGINE + b"Server: one\r\n two\r\n\r\n"),
    "a header without a colon": says(ENGINE + b"\xffwhat\r\n\r\n"),
    "a repeated Api-Version": says(ENGINE + b"Api-Version: 9.99\r\n\r\n"),
    "another body": says(ENGINE + b"\r\n<html>not OK</html>"),
    "a little late": says(ANSWER, after=0.2),
    "in pieces": drips(ANSWER[:30], ANSWER[30:], every=0.001),
}


@pytest.mark.parametrize("act", YES.values(), ids=YES)
def test_an_odd_engine_is_a_yes(machine: Machine, act: Act) -> None:
    """Whatever else an answer is like, status and Api-Version decide."""
    with Peer(machine.path("engine.sock"), act) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask().reason == f"a Docker engine with API 1.41 answers at {engine.host} (from DOCKER_HOST)"


def test_an_engine_that_answers_without_listening(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a peer said before it closed counts, even where the question could not be sent any more."""
    closed = threading.Event()
    send = stream.Stream.send

    def act(talk: Conversation) -> None:
        talk.say(ANSWER)
        talk.connection.close()
        closed.set()

    def send_late(self: stream.Stream, data: bytes) -> None:
        closed.wait(5)
        send(self, data)

    monkeypatch.setattr(stream.Stream, "send", send_late)
    with Peer(machine.path("engine.sock"), act) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask()


def test_a_version_that_does_not_print(machine: Machine) -> None:
    """Escape sequences in an answer reach no terminal."""
    with Peer(machine.path("engine.sock"), says(b"HTTP/1.1 200 OK\r\nApi-Version: \x1b[31m\xff\r\n\r\n")) as engine:
        machine.set("DOCKER_HOST", engine.host)
        answer = ask()
    assert answer.reason == (
        f"a Docker engine with API \\x1b[31mÿ answers at unix://{machine.root}/engine.sock (from DOCKER_HOST)"
    )
    assert answer.details["api_version"] == "\\x1b[31mÿ"


NO = {
    "garbage": (
        says(b"\x00\xffSSH-2.0-OpenSSH_9\r\n"),
        r"it sent b'\x00\xffSSH-2.0-OpenSSH_9\r', which is not HTTP",
    ),
    "garbage without an end": (drips(b"\x00\x01"), r"it sent b'\x00\x01', which is not HTTP"),
    "500": (says(status("500 Internal Server Error")), "it answered GET /_ping with status 500"),
    "500 of an engine": (says(ANSWER.replace(b"200 OK", b"500 x")), "it answered GET /_ping with status 500"),
    "another web server": (says(status("200 OK")), "it answered GET /_ping without an Api-Version"),
    "an empty Api-Version": (
        says(b"HTTP/1.1 200 OK\r\nApi-Version:  \r\n\r\n"),
        "it answered GET /_ping without an Api-Version",
    ),
    "endless headers": (
        endless(ENGINE, b"X-More: and more\r\n"),
        "the head of its answer does not end within 65536 bytes",
    ),
    "an endless line": (endless(ENGINE, b"x"), "the head of its answer does not end within 65536 bytes"),
    "endless interim answers": (
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "it sent more than 5 interim answers",
    ),
    "another protocol": (says(ANSWER.replace(b"200 OK", b"101 x")), "it answered GET /_ping with status 101"),
    "no status line": (
        says(b"HTTP/1.1 two hundred\r\n\r\n"),
        "it sent b'HTTP/1.1 two hundred', which is no HTTP/1 status line",
    ),
    "a status of other digits": (
        says(b"HTTP/1.1 \xb200 OK\r\nApi-Version: 1\r\n\r\n"),
        r"it sent b'HTTP/1.1 \xb200 OK\r\nApi', which is no HTTP/1 status line",
    ),
    "HTTP/2": (
        says(b"HTTP/2 200\r\nApi-Version: 1\r\n\r\n"),
        r"it sent b'HTTP/2 200\r\nApi-Vers', which is no HTTP/1 status line",
    ),
    "closes at once": (hangs_up, "it closed the connection without an answer"),
    "closes after the question": (says(b""), "it closed the connection without an answer"),
    "closes in the status line": (says(b"HTTP/1.1 2"), "it closed the connection in the head of its answer"),
    "closes in the headers": (says(ENGINE), "it closed the connection in the head of its answer"),
}


@pytest.mark.parametrize(("act", "evidence"), NO.values(), ids=NO)
def test_no_engine_answers(machine: Machine, act: Act, evidence: str) -> None:
    """What answers is not an engine: the reason tells what it did, and naming an engine turns it."""
    with Peer(machine.path("peer.sock"), act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        assert seen(answer) == (
            "unavailable",
            f"what answers at {peer.host} (from DOCKER_HOST) is not a Docker engine: {evidence}; "
            "name an engine: DOCKER_HOST=unix:///PATH",
        )
        assert_it_turns(answer, machine)


def test_a_redirect_is_not_followed(machine: Machine) -> None:
    """A redirect to a live engine is no engine, and the live one is not asked."""
    with Peer(("127.0.0.1", 0), says(ANSWER)) as engine:
        location = f"Location: {engine.host.replace('tcp', 'http')}/_ping".encode()
        with Peer(("127.0.0.1", 0), says(b"HTTP/1.1 302 Found\r\n" + location + b"\r\n\r\n")) as peer:
            machine.set("DOCKER_HOST", peer.host)
            answer = ask()
            assert seen(answer) == (
                "unavailable",
                f"what answers at {peer.host} (from DOCKER_HOST) is not a Docker engine: "
                "it answered GET /_ping with status 302; name an engine: DOCKER_HOST=tcp://HOST:PORT",
            )
            assert_it_turns(answer, machine)
    assert engine.questions == []


BRIEF = 0.3  # seconds, for those that do not answer
TOO_LATE = "no answer from {host} (from DOCKER_HOST) within 0.3 s; restart that engine, or give it longer: {longer}"
SLOW = {
    "mute": mute,
    "drips in the status line": drips(b"", ANSWER, every=0.1),
    "drips in the headers": drips(b"HTTP/1.1 200 OK\r\n", ANSWER[17:], every=0.1),
    "drips interim answers": drips(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 9, every=0.1),
}


@pytest.mark.parametrize("act", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("is_tcp", [False, True], ids=["unix", "tcp"])
def test_no_answer_in_time(machine: Machine, act: Act, is_tcp: bool) -> None:
    """A peer that never ends its answer is given up at the deadline; a restarted engine is a yes."""
    with Peer(("127.0.0.1", 0) if is_tcp else machine.path("peer.sock"), act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask(BRIEF)
        host, place = peer.host, peer.place
    assert seen(answer) == ("timed_out", TOO_LATE.format(host=host, longer="SSOT_SHIMS_TIMEOUT=10"))
    with Peer(place, says(ANSWER)):  # restarted
        assert ask()


def test_a_slow_engine_is_a_yes_with_more_time(machine: Machine) -> None:
    """The setting that the reason names is enough for an engine that answers a little later."""
    with Peer(machine.path("peer.sock"), says(ANSWER, after=BRIEF + 0.2)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask(BRIEF)
        assert seen(answer) == ("timed_out", TOO_LATE.format(host=peer.host, longer="SSOT_SHIMS_TIMEOUT=10"))
        assert_it_turns(answer, machine)


def test_a_deadline_that_has_passed(machine: Machine) -> None:
    """Without any time left nothing is asked, and the next step asks for more than there was."""
    with Peer(machine.path("peer.sock"), says(ANSWER)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask(-1.0)
        assert peer.questions == []
        assert seen(answer) == (
            "timed_out",
            TOO_LATE.format(host=peer.host, longer="SSOT_SHIMS_TIMEOUT=10").replace("0.3", "0"),
        )
        assert_it_turns(answer, machine)
    address = DockerAddress(host="tcp://h:1", source="from DOCKER_HOST", place=("h", 1))
    for seconds, shown, longer in ((60.0, "60", 120), (12.34, "12.3", 25)):
        assert docker_reasons.too_late(address, seconds) == TOO_LATE.replace("0.3", shown).format(
            host="tcp://h:1", longer=f"SSOT_SHIMS_TIMEOUT={longer}"
        )


@pytest.mark.parametrize("is_tcp", [False, True], ids=["unix", "tcp"])
def test_a_backlog_that_stays_full(machine: Machine, is_tcp: bool) -> None:
    """Where nobody accepts, connecting ends at the deadline; a restarted engine is a yes."""
    with full_backlog(("127.0.0.1", 0) if is_tcp else machine.path("full.sock")) as place:
        host = f"unix://{place}" if isinstance(place, str) else f"tcp://127.0.0.1:{place[1]}"
        machine.set("DOCKER_HOST", host)
        answer = ask(BRIEF)
    assert seen(answer) == ("timed_out", TOO_LATE.format(host=host, longer="SSOT_SHIMS_TIMEOUT=10"))
    with Peer(place, says(ANSWER)):
        assert ask()


def test_a_backlog_that_drains(machine: Machine) -> None:
    """Where there is room again before the deadline, the engine is asked."""
    with full_backlog(machine.path("full.sock"), drains_after=0.1):
        machine.set("DOCKER_HOST", f"unix://{machine.path('full.sock')}")
        assert ask(1.0)


def test_a_keyboard_interrupt_passes_and_leaves_no_socket(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control-C while waiting for an engine is not an answer."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for where in (socket.socket, stream.Stream):
        with Peer(("127.0.0.1", 0), mute) as peer, monkeypatch.context() as patch:
            machine.set("DOCKER_HOST", peer.host)
            patch.setattr(where, "connect" if where is socket.socket else "receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                ask()


# --- what is at the address


def test_no_socket_at_the_default(machine: Machine) -> None:
    """Where nobody chose an address and no engine is known, the way to start one is named."""
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"there is no socket at {machine.default} (the default); start an engine there: sudo dockerd",
    )
    assert_it_turns(answer, machine)


@pytest.mark.parametrize(
    ("system", "command"), [("linux", "sudo systemctl start docker"), ("darwin", "docker desktop start")]
)
def test_how_an_engine_is_started(machine: Machine, monkeypatch: pytest.MonkeyPatch, system: str, command: str) -> None:
    """The command is the one for this system."""
    monkeypatch.setattr(docker_reasons, "_SYSTEMD", str(machine.root))
    monkeypatch.setattr(sys, "platform", system)
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"there is no socket at {machine.default} (the default); start an engine there: {command}",
    )
    assert_it_turns(answer, machine)


def nothing(path: Path) -> None:
    """Leave it as it is."""


def datagrams(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(path))
    return server


# What is at the path, the path, what is said of it, and the next step.
START, NAME = "start an engine there: ", "name an engine: DOCKER_HOST=unix:///PATH"
AT_THE_PATH: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "nothing": (nothing, "x.sock", "there is no socket at {path} ({by})", f"{START}sudo dockerd -H unix://{{path}}"),
    "nothing, with a blank": (
        *(nothing, "with blank.sock", "there is no socket at {path} ({by})"),
        f"{START}sudo dockerd -H 'unix://{{path}}'",
    ),
    "nothing, for podman": (
        *(nothing, "podman.sock", "there is no socket at {path} ({by})"),
        f"{START}podman system service --time=0 unix://{{path}}",
    ),
    "no folder, which no engine makes": (nothing, "not/there/x.sock", "there is no socket at {path} ({by})", NAME),
    "something below a file": (
        *(lambda path: path.parent.touch(), "file/x.sock", "there is no socket at {path} ({by})"),
        NAME,
    ),
    "a file": (Path.touch, "x", "{path} ({by}) is a regular file, not a socket", NAME),
    "a directory": (Path.mkdir, "x", "{path} ({by}) is a directory, not a socket", NAME),
    "a pipe": (os.mkfifo, "x", "{path} ({by}) is a pipe, not a socket", NAME),
    "a device": (nothing, "/dev/null", "{path} ({by}) is a device, not a socket", NAME),
    "a stale socket": (
        *(lambda path: listening(str(path)).close(), "x.sock"),
        "nothing listens at the socket {path} ({by}), which is stale",
        f"{START}sudo dockerd -H unix://{{path}}",
    ),
    "a socket for datagrams": (
        *(datagrams, "x.sock", "unix://{path} ({by}) cannot be reached: Protocol wrong type for socket"),
        NAME,
    ),
    "links in a circle": (
        *(lambda path: path.symlink_to(path), "x.sock"),
        "unix://{path} ({by}) cannot be reached: Too many levels of symbolic links",
        NAME,
    ),
    "a path that is too long, counted in bytes": (
        *(nothing, "é" * 60),
        "unix://{path} ({by}) cannot be reached: its path has {size} bytes, and that of a socket at most 107",
        NAME,
    ),
}


@pytest.mark.parametrize(("make", "name", "seen_there", "step"), AT_THE_PATH.values(), ids=AT_THE_PATH)
def test_no_engine_at_a_chosen_path(
    machine: Machine, make: Callable[[Path], object], name: str, seen_there: str, step: str
) -> None:
    """What is there is told, an explicit choice is final, and the next step makes a yes."""
    path = machine.root / name
    made = make(path)
    machine.set("DOCKER_HOST", f"unix://{path}")
    answer = ask()
    if isinstance(made, socket.socket):
        made.close()
    said = f"{seen_there}; {step}".format(path=path, by="from DOCKER_HOST", size=len(os.fsencode(path)))
    assert seen(answer) == ("unavailable", said)
    assert_it_turns(answer, machine)


# Where the socket is looked for, whose it is, and the command that starts that engine (none: the usual one).
ELSEWHERE = {
    "docker.sock": ("the default", "sudo dockerd"),
    "run/docker.sock": ("a rootless engine's", "dockerd-rootless.sh"),
    "home/.docker/desktop/docker.sock": ("Docker Desktop's", "docker desktop start"),
    "home/.docker/run/docker.sock": ("Docker Desktop's", "docker desktop start"),
    "home/.colima/default/docker.sock": ("colima's", "colima start"),
    "run/podman/podman.sock": ("podman's", "podman system service --time=0"),
    "podman.sock": ("podman's", "podman system service --time=0 unix://{path}"),
}


@pytest.mark.parametrize(("name", "whose"), [(name, whose) for name, (whose, _) in ELSEWHERE.items()])
def test_another_engine_is_named(machine: Machine, name: str, whose: str) -> None:
    """A socket that is there but was not chosen is the next step, and choosing it makes a yes."""
    missing = machine.path("x.sock")
    machine.set("DOCKER_HOST", f"unix://{missing}")
    path = Path(machine.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    with Peer(str(path), says(ANSWER)) as engine:
        answer = ask()
        assert engine.questions == []
        assert seen(answer) == (
            "unavailable",
            f"there is no socket at {missing} (from DOCKER_HOST); {whose} socket is there: DOCKER_HOST=unix://{path}",
        )
        assert_it_turns(answer, machine)


@pytest.mark.parametrize(("name", "command"), [(name, command) for name, (_, command) in ELSEWHERE.items()])
def test_an_engine_is_started_as_its_kind_is(machine: Machine, name: str, command: str) -> None:
    """Where a chosen socket is that of a kind of engine, the command is the one for that kind."""
    path = machine.root / name
    machine.set("DOCKER_HOST", f"unix://{path}")
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"there is no socket at {path} (from DOCKER_HOST); start an engine there: {command.format(path=path)}",
    )
    assert_it_turns(answer, machine)


def test_podman_where_this_user_may_not_write(machine: Machine) -> None:
    """In a folder of root's, it is root who starts podman."""
    if os.getuid() != 0:
        machine.root.chmod(0o555)
    path = machine.path("podman.sock")
    machine.set("DOCKER_HOST", f"unix://{path}")
    with as_nobody():
        answer = ask()
    machine.root.chmod(0o755)
    assert seen(answer) == (
        "unavailable",
        f"there is no socket at {path} (from DOCKER_HOST); "
        f"start an engine there: sudo podman system service --time=0 unix://{path}",
    )
    assert_it_turns(answer, machine)


def test_a_chosen_path_on_a_mac(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """There engines have sockets of their own, and no command starts one at any other path."""
    monkeypatch.setattr(sys, "platform", "darwin")
    machine.set("DOCKER_HOST", f"unix://{machine.path('x.sock')}")
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"there is no socket at {machine.path('x.sock')} (from DOCKER_HOST); {NAME}",
    )
    assert_it_turns(answer, machine)


def test_two_stale_sockets(machine: Machine) -> None:
    """Two sockets that were left behind do not just name one another: the way to start an engine is there too."""
    other = machine.run / "docker.sock"
    for path in (machine.default, other):
        listening(str(path)).close()
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"nothing listens at the socket {machine.default} (the default), which is stale; "
        f"a rootless engine's socket is there: DOCKER_HOST=unix://{other}, or start an engine there: sudo dockerd",
    )
    assert_it_turns(answer, machine)


def test_a_file_where_another_socket_would_be(machine: Machine) -> None:
    """Only a socket is named as the next step; COLIMA_HOME is where colima's is looked for."""
    (machine.run / "docker.sock").write_text("")
    machine.set("COLIMA_HOME", machine.path("c c"))
    Path(machine.path("c c/default")).mkdir(parents=True)
    with Peer(machine.path("c c/default/docker.sock"), says(ANSWER)) as engine:
        answer = ask()
        assert seen(answer) == (
            "unavailable",
            f"there is no socket at {machine.default} (the default); "
            f"colima's socket is there: DOCKER_HOST='{engine.host}'",
        )
        assert_it_turns(answer, machine)


def test_a_path_of_the_most_bytes(machine: Machine) -> None:
    """The longest path that a socket can have is asked."""
    path = machine.path("x").ljust(107, "x")
    with Peer(path, says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask()


def test_a_nul_in_a_path() -> None:
    """A path with a NUL is not cut off there, neither where it is checked nor where it would be connected to."""
    with pytest.raises(OSError, match=r"^a NUL is in its path$"):
        unix_path.check("/tmp/docker.sock\0/x")
    with pytest.raises(OSError, match=r"^a NUL is in the path$"):
        connect("/tmp/docker.sock\0/x", time.monotonic() + 1)


# --- permission


def test_a_folder_that_may_not_be_entered(machine: Machine) -> None:
    """The outermost folder that is closed is named, and opening it makes a yes."""
    closed = Path(machine.path("closed"))
    (closed / "in").mkdir(parents=True)
    with Peer(str(closed / "in" / "x.sock"), says(ANSWER)) as engine:
        Path(engine.host.removeprefix("unix://")).chmod(0o666)
        machine.set("DOCKER_HOST", engine.host)
        closed.chmod(0o600)
        try:
            with as_nobody():
                answer = ask()
            assert seen(answer) == (
                "unavailable",
                f"permission denied at {closed}/in/x.sock (from DOCKER_HOST), because you may not enter {closed}; "
                f"let others in: sudo chmod o+x {closed}",
            )
            if os.getuid() == 0:
                with done(step_of(answer), machine), as_nobody():
                    assert ask()
        finally:
            closed.chmod(0o700)


def test_a_socket_of_ones_own_that_is_closed(machine: Machine) -> None:
    """A socket that its owner may not use either is opened by its owner."""
    path = machine.path("own.sock")
    with Peer(path, says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        if os.getuid() == 0:
            os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
        os.chmod(path, 0)
        with as_nobody():
            answer = ask()
            assert seen(answer) == (
                "unavailable",
                f"permission denied at {path} (from DOCKER_HOST), which is yours, but closed to you; "
                f"open it: chmod u+rw {path}",
            )
            assert_it_turns(answer, machine)


GROUP = grp.getgrgid(1)
OWNER_ALONE = "which is for its owner alone; let its group {group} in, "


@pytest.mark.parametrize(
    ("mode", "groups", "way"),
    [
        (0o660, [], "which is for the group {group}; join it and log in again: {join}"),
        (0o600, [], f"{OWNER_ALONE}join it and log in again: sudo chmod g+rw {{path}} && sudo {{join_}}"),
        (0o600, [GROUP.gr_gid], f"{OWNER_ALONE}which you are in: sudo chmod g+rw {{path}}"),
    ],
    ids=["for a group", "for its owner", "for its owner, seen by a member of its group"],
)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can leave a group and join it again")
def test_a_socket_for_others(machine: Machine, mode: int, groups: list[int], way: str) -> None:
    """Who is in none of the groups is refused; once the steps that the reason names are done, the engine answers.

    ``usermod`` would change the users of this machine, so the process joins the group as a new login would.
    """
    path = machine.path("a group.sock")
    with Peer(path, says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        os.chown(path, 0, GROUP.gr_gid)
        os.chmod(path, mode)
        member = [str(group) for group in groups] or [""]
        with as_member("nobody", member[0]):
            answer = ask()
        join = f"usermod -aG {GROUP.gr_name} nobody"
        expected = way.format(group=GROUP.gr_name, join=f"sudo {join}", join_=join, path=f"'{path}'")
        assert seen(answer) == ("unavailable", f"permission denied at {path} (from DOCKER_HOST), {expected}")
        with contextlib.ExitStack() as stack:
            if groups:
                stack.enter_context(done(step_of(answer), machine))
                stack.enter_context(as_member("nobody", member[0]))
            else:
                stack.enter_context(done(step_of(answer), machine))
            assert ask()


def test_the_words_for_a_socket_of_others(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold for any user; in a container group and user may be mere numbers, which the command takes as well."""
    path = machine.path("group.sock")
    with contextlib.closing(listening(path)):
        number = os.stat(path).st_gid
        user = next(user for user in pwd.getpwall() if user.pw_uid != os.getuid() and user.pw_gid != number)
        group = grp.getgrgid(number).gr_name
        monkeypatch.setattr(os, "geteuid", lambda: user.pw_uid)
        monkeypatch.setattr(os, "getegid", lambda: user.pw_gid)
        monkeypatch.setattr(os, "getgroups", list)
        alone, chmod = OWNER_ALONE.format(group=group), f"sudo chmod g+rw {path}"
        os.chmod(path, 0o600)
        assert obstacle.permission(path) == (
            f"{alone}join it and log in again: {chmod} && sudo usermod -aG {group} {user.pw_name}"
        )
        monkeypatch.setattr(os, "getgroups", lambda: [number])
        assert obstacle.permission(path) == f"{alone}which you are in: {chmod}"
        os.chmod(path, 0o660)
        monkeypatch.setattr(grp, "getgrgid", {}.__getitem__)
        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
        assert obstacle.permission(path) == (
            f"which is for the group {number}; join it and log in again: sudo usermod -aG {number} {user.pw_uid}"
        )
    os.unlink(path)
    assert obstacle.permission(path) == "and by now it is gone; ask once more"


# --- over TCP


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nothing_listens(machine: Machine, host: str) -> None:
    """A refused TCP connection is told as one, for both kinds of addresses, and so is an engine there."""
    place = "127.0.0.1" if host == "127.0.0.1" else "[::1]"
    with contextlib.closing(listening((host, 0))) as free_port:
        port = free_port.getsockname()[1]
    machine.set("DOCKER_HOST", f"tcp://{place}:{port}")
    answer = ask()
    command = shlex.quote(f"tcp://{place}:{port}")
    assert seen(answer) == (
        "unavailable",
        f"nothing listens at tcp://{place}:{port} (from DOCKER_HOST); start an engine there: sudo dockerd -H {command}",
    )
    assert_it_turns(answer, machine)


def test_a_name_that_does_not_resolve(machine: Machine) -> None:
    """The name is told, and what the system says about it."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("engine.invalid", 2375)
    machine.set("DOCKER_HOST", "tcp://engine.invalid:2375")
    answer = ask(10)
    assert seen(answer) == (
        "unavailable",
        f"the name engine.invalid in tcp://engine.invalid:2375 (from DOCKER_HOST) does not resolve: "
        f"{caught.value.strerror}; name an engine: DOCKER_HOST=tcp://HOST:PORT",
    )
    assert_it_turns(answer, machine)


def fake_python(machine: Machine, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Stand *script* where this library finds Python, which it starts to look up names."""
    program = Path(machine.path("python3"))
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_name_that_resolves_slowly(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up a name ends at the deadline, and nothing of it is left; with more time it is found."""
    machine.set("DOCKER_HOST", "tcp://engine.example:2375")
    with Peer(("127.0.0.1", 0), says(ANSWER)) as engine:
        found = f"echo \"(0, '', [(2, 1, 6, {engine.place})])\""
        fake_python(machine, monkeypatch, f"sleep {BRIEF + 0.2}; {found}")
        answer = ask(BRIEF)
        assert seen(answer) == (
            "timed_out",
            TOO_LATE.format(host="tcp://engine.example:2375", longer="SSOT_SHIMS_TIMEOUT=10"),
        )
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert_it_turns(answer, machine)


@pytest.mark.parametrize("script", ["exit 3", "echo nonsense", "echo '(((('", None])
def test_names_cannot_be_looked_up(machine: Machine, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    """A look-up that goes wrong itself is no answer that the engine is there."""
    if script:
        fake_python(machine, monkeypatch, script)
    else:
        monkeypatch.setattr(sys, "executable", machine.path("python3"))
    machine.set("DOCKER_HOST", "tcp://engine.example:2375")
    answer = ask(5)
    assert seen(answer) == (
        "unavailable",
        "the name engine.example in tcp://engine.example:2375 (from DOCKER_HOST) does not resolve: "
        "the process that looks names up failed; name an engine: DOCKER_HOST=tcp://HOST:PORT",
    )
    assert_it_turns(answer, machine)


def test_a_name_that_python_cannot_write(machine: Machine) -> None:
    """A label that is too long for any name does not resolve."""
    name = "é" * 70 + ".example"
    with pytest.raises(UnicodeError) as caught:
        name.encode("idna")
    machine.set("DOCKER_HOST", f"tcp://{name}:1")
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"the name {name} in tcp://{name}:1 (from DOCKER_HOST) does not resolve: {caught.value}; "
        "name an engine: DOCKER_HOST=tcp://HOST:PORT",
    )
    assert_it_turns(answer, machine)


def test_names_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is found in a process of its own; localhost, and any name in a program that embeds Python, in this one."""
    deadline = time.monotonic() + 10
    here = resolver.resolve("localhost", 80, deadline)
    assert {place[0] for *_, place in here} <= {"127.0.0.1", "::1"}
    assert resolver._look_up_elsewhere(b"localhost", 80, 10) == here
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    with pytest.raises(socket.gaierror):
        resolver.resolve("engine.invalid", 80, deadline)
    assert resolver.resolve("::1", 80, deadline)[0][3][:2] == ("::1", 80)
    for name in ("", "a\0b"):
        with pytest.raises(socket.gaierror, match="not a host name"):
            resolver.resolve(name, 80, deadline)


def test_a_name_with_several_addresses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address that does not answer leaves time for the next one."""
    kind = (socket.AF_INET, socket.SOCK_STREAM, 0)
    with full_backlog(("127.0.0.1", 0)) as full, Peer(("127.0.0.1", 0), says(ANSWER)) as engine:
        monkeypatch.setattr(resolver, "resolve", lambda *_: [(*kind, full), (*kind, engine.place)])
        machine.set("DOCKER_HOST", "tcp://several.example:2375")
        assert ask().reason == (
            "a Docker engine with API 1.41 answers at tcp://several.example:2375 (from DOCKER_HOST)"
        )


def test_none_of_several_addresses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no address answers, a refusal says more than a missing route, and silence more than that."""
    with contextlib.closing(listening(("127.0.0.1", 0))) as free_port:
        refuses = (socket.AF_INET, socket.SOCK_STREAM, 0, free_port.getsockname())
    impossible = (socket.AF_INET, socket.SOCK_STREAM, 0, ("255.255.255.255", 1))
    machine.set("DOCKER_HOST", "tcp://several.example:2375")
    monkeypatch.setattr(resolver, "resolve", lambda *_: [refuses, impossible])
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        "nothing listens at tcp://several.example:2375 (from DOCKER_HOST); "
        "start an engine there: sudo dockerd -H tcp://several.example:2375",
    )
    with Peer(refuses[3], says(ANSWER)):
        assert ask()
    with full_backlog(("127.0.0.1", 0)) as full:
        mute_one = (socket.AF_INET, socket.SOCK_STREAM, 0, full)
        monkeypatch.setattr(resolver, "resolve", lambda *_: [mute_one, refuses])
        assert ask(BRIEF).status == "timed_out"


@pytest.mark.parametrize("is_tcp", [False, True], ids=["unix", "tcp"])
def test_too_many_open_files(machine: Machine, is_tcp: bool) -> None:
    """Where this process may open no more files, allowing it more is what turns the answer."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Peer(("127.0.0.1", 0) if is_tcp else machine.path("x.sock"), says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", f"{engine.host}x")  # a no, so that every module that finds words is there
        assert not ask()
        machine.set("DOCKER_HOST", engine.host)
        spare = os.dup(0)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
        try:
            answer = ask()
            assert seen(answer) == (
                "unavailable",
                f"{engine.host} (from DOCKER_HOST) cannot be reached: Too many open files; "
                "close some, or allow more: ulimit -n 4096",
            )
            assert_it_turns(answer, machine)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(
    "error", [PermissionError(1, "Operation not permitted"), OSError(113, "No route to host")], ids=lambda e: e.strerror
)
def test_a_firewall_or_a_missing_route(machine: Machine, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """What keeps connections from one place is told in the system's words; an engine at another place turns it.

    No test can put up a firewall for this process alone, so what ``connect`` raises behind one is played.
    """
    connect_ = socket.socket.connect

    def refuse(self: socket.socket, place: tuple[str, int]) -> None:
        if place[1] == 2375:
            raise error
        connect_(self, place)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    machine.set("DOCKER_HOST", "tcp://127.0.0.1:2375")
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"tcp://127.0.0.1:2375 (from DOCKER_HOST) cannot be reached: {error.strerror}; "
        "name an engine: DOCKER_HOST=tcp://HOST:PORT",
    )
    assert_it_turns(answer, machine)


def test_a_connection_to_itself_is_none() -> None:
    """A free local port may be given to our own end, which must not pass for somebody who listens."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError, match="nothing listens there"):
            stream._connect(own, own.getsockname(), time.monotonic() + 1)


def test_a_path_below_the_address(machine: Machine) -> None:
    """What follows the port goes before the question, and a name of another alphabet is sent as DNS has it."""
    with Peer(("127.0.0.1", 0), says(status("404 Not Found"))) as peer:
        machine.set("DOCKER_HOST", f"{peer.host}/some where/")
        answer = ask()
        assert seen(answer) == (
            "unavailable",
            f"what answers at {peer.host}/some where (from DOCKER_HOST) is not a Docker engine: "
            "it answered GET /some where/_ping with status 404; name an engine: DOCKER_HOST=tcp://HOST:PORT",
        )
        host = peer.host
        assert_it_turns(answer, machine)
    machine.set("DOCKER_HOST", f"{host}/below")  # where no engine can be started: that is another server's path
    answer = ask()
    assert seen(answer) == (
        "unavailable",
        f"nothing listens at {host}/below (from DOCKER_HOST); name an engine: DOCKER_HOST=tcp://HOST:PORT",
    )
    assert_it_turns(answer, machine)
    assert peer.questions[0].startswith(b"GET /some%20where/_ping HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_host_of_another_alphabet(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Host header of such a name is what DNS has for it."""
    with Peer(("127.0.0.1", 0), says(ANSWER)) as peer:
        endpoint = (socket.AF_INET, socket.SOCK_STREAM, 0, peer.place)
        monkeypatch.setattr(resolver, "resolve", lambda *_: [endpoint])
        machine.set("DOCKER_HOST", "tcp://bücher.example:1")
        assert ask()
    assert b"\r\nHost: xn--bcher-kva.example:1\r\n" in peer.questions[0]


def test_ssh_is_not_probed(machine: Machine) -> None:
    """An engine behind ssh is not asked; user and password are not shown; what the reason says to say is believed."""
    machine.set("DOCKER_HOST", "ssh://me:secret@engine.example:22")
    answer = capabilities.check("docker")
    assert seen(answer) == (
        "unavailable",
        "the engine at ssh://engine.example (from DOCKER_HOST) is not probed, because that takes a login; "
        "if it is there, say so: SSOT_SHIMS_HAS_DOCKER=1",
    )
    with done(step_of(answer), machine):
        capabilities.refresh("docker")
        assert capabilities.check("docker")


def test_proxy_variables_are_not_used(machine: Machine) -> None:
    """A proxy that is set leads nowhere."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY", "https_proxy"):
        machine.set(name, "http://127.0.0.1:1")
    with Peer(("127.0.0.1", 0), says(ANSWER)) as engine:
        machine.set("DOCKER_HOST", engine.host)
        assert ask()


def test_a_look_is_enough_without_a_socket(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has imported socket yet, a missing one is told without importing it."""
    monkeypatch.delitem(sys.modules, "socket")
    assert ask().reason.startswith(f"there is no socket at {machine.default} (the default); ")
    assert "socket" not in sys.modules


def test_nothing_is_imported_before_it_is_needed(machine: Machine) -> None:
    """Without a socket the answer takes none of the modules that cost more than all of it."""
    costly = ["socket", "ssl", "json", "re", "typing", "dataclasses", "threading", "subprocess", "hashlib"]
    script = (
        "import sys, time; from ssot_shims._probes.docker import DockerProbe; "
        "answer = DockerProbe().ask(time.monotonic() + 1); "
        f"print(answer.status, sorted(set({costly}) & set(sys.modules)))"
    )
    environment = {**os.environ, "DOCKER_HOST": f"unix://{machine.path('x.sock')}"}
    command = [sys.executable, "-X", "frozen_modules=on", "-S", "-c", script]
    environment["PYTHONPATH"] = str(Path(stream.__file__).parents[2])
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed == "unavailable []\n"
