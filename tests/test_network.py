"""Probes over sockets, against real peers: good ones, hostile ones, and none at all.

Each answer has to come before the deadline + 0.3 s, with its whole reason, and to leave nothing behind.
"""

from __future__ import annotations

import base64
import os
import resource
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import pytest
import trustme

from ssot_shims._availability import Availability
from ssot_shims._capabilities.registry import Registry
from ssot_shims._probes.network import TcpProbe, no_answer
from ssot_shims._probes.notation import read
from tests import certificates
from tests.certificates import Speaks
from tests.cures import as_member, as_nobody

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

Reply = Callable[[socket.socket, str], None]
LONGER = "or allow more: timeout=10 where it is registered, else SSOT_SHIMS_TIMEOUT=10"
MORE = f"start it anew if it hangs, {LONGER}"


def has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """What the machine itself goes through must not reach these tests, and no test prints."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("SSL_CERT_", "SSLKEYLOG")):
            monkeypatch.delenv(name)
    yield
    assert capfd.readouterr() == ("", "")


def ask(notation: str, seconds: float = 5.0) -> Availability:
    """The answer, which came in time and left no thread behind."""
    probe = cast("Probe", read(notation))
    threads, start = other_threads(), time.monotonic()
    answer = probe.ask(start + seconds)
    assert time.monotonic() - start < seconds + 0.3
    assert other_threads() == threads
    return answer


def other_threads() -> set[threading.Thread]:
    """Those that are no peer's."""
    return {thread for thread in threading.enumerate() if thread.name != "peer"}


def said(answer: Availability) -> tuple[str, str]:
    return answer.status, answer.reason


@contextmanager
def listening(family: socket.AddressFamily = socket.AF_INET, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind((host, 0))
        server.listen()
        yield server


def port_of(server: socket.socket) -> int:
    return cast("tuple[str, int]", server.getsockname())[1]


def free_port() -> int:
    with listening() as server:
        return port_of(server)


class Peer:
    """A server that answers each connection with the next of *replies*, the last one for ever, and keeps what it got.

    With ``reads=False`` it answers before it has read anything.
    """

    def __init__(self, *replies: Reply | str, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.reads = reads
        self.replies = [as_reply(reply) if isinstance(reply, str) else reply for reply in replies]
        self.tls = tls
        self.requests: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(0.01)
        self.port = port_of(self.server)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="peer")

    def __enter__(self) -> Peer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        self.server.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while not self.is_over.is_set():
            with suppress(TimeoutError):
                client, _ = self.server.accept()
                client.settimeout(5)
                with client, suppress(OSError):
                    self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        if self.tls is None:
            self._reply(client)
        else:
            with self.tls.wrap_socket(client, server_side=True) as secured:
                self._reply(secured)

    def _reply(self, client: socket.socket) -> None:
        request = head_from(client) if self.reads else ""
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        reply(client, request)


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


# --- tcp


@pytest.mark.parametrize(
    ("family", "host", "shown"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.1", "localhost"),
        pytest.param(
            *(socket.AF_INET6, "::1", "[::1]"),
            marks=pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6"),
        ),
    ],
)
def test_a_port_that_listens(family: socket.AddressFamily, host: str, shown: str) -> None:
    """Where nothing listens, starting it turns the answer, and so does the address of what listens already."""
    with listening(family, host) as server:
        port = port_of(server)
    with listening(family, host) as other:
        assert said(ask(f"tcp://{shown}:{port}")) == (
            "unavailable",
            f"nothing listens on {shown}:{port}; start it, or correct the address",
        )
        correct = f"{shown}:{port_of(other)}"
        assert said(ask(f"tcp://{correct}")) == ("available", f"{correct} accepts connections")
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen()
        assert said(ask(f"tcp://{shown}:{port}")) == ("available", f"{shown}:{port} accepts connections")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps those waiting who meet a full backlog")
def test_a_port_that_does_not_answer() -> None:
    """A connection that never opens ends at the deadline; accepting one turns the answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        port = port_of(server)
        assert said(ask(f"tcp://127.0.0.1:{port}", 0.2)) == (
            "timed_out",
            f"no answer from 127.0.0.1:{port} in time; {MORE}",
        )
        server.accept()[0].close()
        assert ask(f"tcp://127.0.0.1:{port}")


def test_a_deadline_that_has_passed() -> None:
    """Nothing is opened any more."""
    with listening() as server:
        port = port_of(server)
        server.settimeout(0.2)
        assert said(ask(f"tcp://127.0.0.1:{port}", 0)) == (
            "timed_out",
            f"no answer from 127.0.0.1:{port} in time; {MORE}",
        )
        with pytest.raises(TimeoutError):
            server.accept()
        assert ask(f"tcp://127.0.0.1:{port}")


def test_the_command_that_shows_an_answer_is_one_that_a_shell_reads() -> None:
    """Whatever the path has in it."""
    with Peer("503 No") as peer:
        answer = ask(f"{peer.url}/it's")
    assert said(answer)[1].startswith(f"{peer.url}/it's answered 503; see why with curl -i ")
    command = answer.reason.partition("with ")[2].partition(" and mend")[0]
    assert shlex.split(command) == ["curl", "-i", f"{peer.url}/it's"]


def test_the_time_that_is_allowed_is_more_than_there_was() -> None:
    """Who has allowed a minute already is not told to allow 10 s."""
    assert no_answer("127.0.0.1:80").answer(60).reason == (
        f"no answer from 127.0.0.1:80 in time; {MORE}".replace("=10", "=120")
    )


def test_no_more_time_is_allowed_than_may_be() -> None:
    """A day is the most."""
    assert no_answer("127.0.0.1:80").answer(50_000).reason == (
        f"no answer from 127.0.0.1:80 in time; {MORE}".replace("=10", "=86400")
    )


@pytest.mark.parametrize("timeout", [None, 0.2], ids=["the default", "a timeout of its own"])
def test_more_time_is_allowed_as_the_reason_says(timeout: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable does it for whoever has the default, the argument for what has a timeout of its own."""

    def late(client: socket.socket, request: str) -> None:
        time.sleep(0.3)
        as_reply("200 OK")(client, request)

    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.2")
    registry = Registry()
    with Peer(late) as peer:
        registry.register("server", peer.url, timeout=timeout)
        assert said(registry.check("server")) == ("timed_out", f"no answer from {peer.url} in time; {MORE}")
        if timeout is None:
            monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "10")
            registry.refresh("server")
        else:
            registry.register("server", peer.url, timeout=10, replace=True)
        assert registry.check("server")


def test_a_name_that_does_not_resolve() -> None:
    """The name system's own words are in the reason."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("acme.invalid", 80)
    answer = ask("tcp://acme.invalid:80", 30)
    assert said(answer) == (
        "unavailable",
        f"the name 'acme.invalid' does not resolve ({caught.value.strerror}); correct it, or add it to the hosts file",
    )
    with listening() as server:
        assert ask(f"tcp://localhost:{port_of(server)}")


def can_mount() -> bool:
    command = ["unshare", "--mount", "true"]
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="only root on Linux can give a process a hosts file of its own")
def test_a_name_that_is_added_to_the_hosts_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It resolves from then on. The process that looks names up has a hosts file of its own here."""
    hosts, python = tmp_path / "hosts", tmp_path / "python"
    hosts.write_text("127.0.0.1 localhost\n")
    python.write_text(
        f'#!/bin/sh\nexec unshare --mount sh -c \'mount --bind {hosts} /etc/hosts && exec "$0" "$@"\' '
        f'{sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with listening() as server:
        notation = f"tcp://acme.invalid:{port_of(server)}"
        assert ask(notation, 30).reason.endswith("; correct it, or add it to the hosts file")
        hosts.write_text("127.0.0.1 localhost acme.invalid\n")
        assert ask(notation, 30)


def test_a_name_that_resolves_slowly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name server that does not answer costs no more than the deadline; a repaired one, or more time, turns it."""
    python = tmp_path / "python"  # names are looked up in a process of their own

    def name_server(seconds: float) -> None:
        place = server.getsockname()
        python.write_text(f"#!/bin/sh\nsleep {seconds}\necho \"(0, '', [(2, 1, 6, {place})])\"\n")
        python.chmod(0o755)

    monkeypatch.setattr(sys, "executable", str(python))
    with listening() as server:
        name_server(0.4)
        assert said(ask("tcp://acme.invalid:80", 0.2)) == (
            "timed_out",
            f"the name 'acme.invalid' did not resolve in time; repair the name server, {LONGER}",
        )
        assert ask("tcp://acme.invalid:80", 10)
        name_server(0)
        assert ask("tcp://acme.invalid:80", 2)


def test_what_the_system_does_not_permit() -> None:
    """A broadcast address is refused by the system itself, one without a route by the network; another one is not."""
    assert said(ask("tcp://255.255.255.255:80")) in {
        (
            "unavailable",
            "connecting to 255.255.255.255:80 is not permitted (Permission denied); "
            "allow it in the firewall or sandbox",
        ),
        (
            "unavailable",
            "255.255.255.255:80 cannot be reached (Network is unreachable); mend the network, or correct the address",
        ),
    }
    with listening() as server:
        assert ask(f"tcp://127.0.0.1:{port_of(server)}")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            PermissionError(1, "Operation not permitted"),
            "connecting to {place} is not permitted (Operation not permitted); allow it in the firewall or sandbox",
        ),
        (
            OSError(113, "No route to host"),
            "{place} cannot be reached (No route to host); mend the network, or correct the address",
        ),
        (OSError("odd"), "{place} cannot be reached (odd); mend the network, or correct the address"),
    ],
)
def test_what_only_other_networks_do(error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall and a missing route are told apart.

    No test can set them up for this process alone, so what ``connect`` raises behind them is played; mending them is
    that it raises no more.
    """

    def refuse(self: socket.socket, place: object) -> None:
        raise error

    with listening() as server:
        place = f"127.0.0.1:{port_of(server)}"
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "connect", refuse)
            assert said(ask(f"tcp://{place}")) == ("unavailable", reason.format(place=place))
        assert ask(f"tcp://{place}")


def test_too_many_open_files(folder: Path) -> None:
    """Where this process may open no more files, allowing it more is what turns the answer."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    path = folder / "x.sock"
    with listening() as server, unix_server(path):
        places = (f"127.0.0.1:{port_of(server)}", "reached"), (str(path), "connected to")
        assert ask(f"unix://{path}")
        assert not ask(f"unix://{path}x")
        spare = os.dup(0)
        os.close(spare)
        for (place, verb), scheme in zip(places, ("tcp", "unix"), strict=True):
            resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
            try:
                assert said(ask(f"{scheme}://{place}")) == (
                    "unavailable",
                    f"{place} cannot be {verb} (Too many open files); close some, or allow more: ulimit -n 4096",
                )
                resource.setrlimit(resource.RLIMIT_NOFILE, (4096, limits[1]))
                assert ask(f"{scheme}://{place}")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_probe_shows_as_what_it_is() -> None:
    """Two that were written alike are equal."""
    assert read("tcp://[::1]:80") == TcpProbe(notation="tcp://[::1]:80", host="::1", port=80)


# --- unix


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that every user may enter."""
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def unix_server(path: Path, backlog: int = 5) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(backlog)
        yield server


NO_SOCKET = "there is no socket at {path}; start what makes it, or correct the path"
# What is at the path, the path below the folder, and what is said of it.
AT_THE_PATH: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "nothing": (lambda path: None, "a b.sock", NO_SOCKET),
    "something below a file": (lambda path: path.parent.touch(), "file/x", NO_SOCKET),
    "a file": (Path.touch, "x", "{path} is a regular file, not a socket; correct the path"),
    "a directory": (Path.mkdir, "x", "{path} is a directory, not a socket; correct the path"),
    "a stale socket": (
        *(lambda path: bound(path, socket.SOCK_STREAM).close(), "a b.sock"),
        "{path} is a stale socket, nothing listens on it any more; start what made it anew",
    ),
    "a socket for datagrams": (
        *(lambda path: bound(path, socket.SOCK_DGRAM), "log.sock"),
        "{path} cannot be connected to (Protocol wrong type for socket); correct the path",
    ),
    "a path that is too long": (
        *(lambda path: None, "x" * 200),
        "{path} cannot be connected to (its path has {size} bytes, and that of a socket at most 107); correct the path",
    ),
    "links in a circle": (
        *(lambda path: path.symlink_to(path), "x.sock"),
        "{path} cannot be connected to (Too many levels of symbolic links); correct the path",
    ),
}


def bound(path: Path, kind: socket.SocketKind) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, kind)
    server.bind(str(path))
    return server


@pytest.mark.parametrize(("make", "name", "reason"), AT_THE_PATH.values(), ids=AT_THE_PATH)
def test_no_server_at_the_path(folder: Path, make: Callable[[Path], object], name: str, reason: str) -> None:
    """What is there is told; the path of a server turns the answer, and so does one that is started there."""
    path = folder / name
    made = make(path)
    expected = reason.format(path=path, size=len(os.fsencode(path)))
    assert said(ask(f"unix://{path}")) == ("unavailable", expected)
    if isinstance(made, socket.socket):
        made.close()
    with unix_server(folder / "right.sock"):
        assert said(ask(f"unix://{folder}/right.sock")) == ("available", f"{folder}/right.sock accepts connections")
    if "start what" in expected and name == "a b.sock":
        path.unlink(missing_ok=True)
        with unix_server(path):
            assert ask(f"unix://{path}")


OWNER_ALONE = "which is for its owner alone; let its group {group} in, "


@pytest.mark.parametrize(
    ("mode", "way"),
    [
        (0o660, "which is for the group {group}; join it and log in again: sudo {join}"),
        (0o600, f"{OWNER_ALONE}join it and log in again: sudo chmod g+rw '{{path}}' && sudo {{join}}"),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a group and join it again")
def test_a_socket_that_this_user_may_not_open(folder: Path, mode: int, way: str) -> None:
    """Who may is told; the commands that are named turn the answer.

    ``usermod`` would change the users of this machine, so the process joins the group as a new login would.
    """
    import grp

    path, group = folder / "x x.sock", grp.getgrgid(1)
    with unix_server(path):
        os.chown(path, 0, group.gr_gid)
        path.chmod(mode)
        with as_nobody():
            answer = ask(f"unix://{path}")
        reason = way.format(group=group.gr_name, path=path, join=f"usermod -aG {group.gr_name} nobody")
        assert said(answer) == ("unavailable", f"permission denied at {path}, {reason}")
        for command in answer.reason.rpartition(": ")[2].split(" && "):
            words = shlex.split(command.removeprefix("sudo "))
            if words[0] == "chmod":
                subprocess.run(words, check=True)
        with as_member(words[3], words[2]):
            assert ask(f"unix://{path}")


def test_a_socket_of_ones_own_that_is_closed(folder: Path) -> None:
    """Its owner can open it again."""
    path = folder / "x.sock"
    with unix_server(path):
        path.chmod(0o000)
        if os.geteuid() == 0:
            os.chown(path, 65534, -1)
        with as_nobody():
            answer = ask(f"unix://{path}")
            assert said(answer) == (
                "unavailable",
                f"permission denied at {path}, which is yours, but closed to you; open it: chmod u+rw {path}",
            )
            subprocess.run(answer.reason.rpartition(": ")[2].split(), check=True)
            assert ask(f"unix://{path}")


def test_a_folder_that_this_user_may_not_enter(folder: Path) -> None:
    """Nobody can see whether there is a socket below; opening the folder turns the answer."""
    path = folder / "closed" / "in" / "x.sock"
    path.parent.mkdir(parents=True)
    with unix_server(path):
        path.chmod(0o777)
        path.parents[1].chmod(0o600)
        with as_nobody():
            answer = ask(f"unix://{path}")
        assert said(answer) == (
            "unavailable",
            f"permission denied at {path}, because you may not enter {folder}/closed; "
            f"let others in: sudo chmod o+x {folder}/closed",
        )
        subprocess.run(answer.reason.rpartition(": sudo ")[2].split(), check=True)
        if os.geteuid():
            path.parents[1].chmod(0o700)  # its owner is none of the others
        with as_nobody():
            assert ask(f"unix://{path}")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog of a unix socket is a refusal")
def test_a_unix_socket_with_a_full_backlog(folder: Path) -> None:
    """It ends at the deadline; accepting turns the answer."""
    path = folder / "x.sock"
    with unix_server(path, 0) as server, socket.socket(socket.AF_UNIX) as first:
        first.connect(str(path))
        assert said(ask(f"unix://{path}", 0.2)) == ("timed_out", f"no answer from {path} in time; {MORE}")
        server.accept()[0].close()
        assert ask(f"unix://{path}")


# --- http


@pytest.mark.parametrize("status", [200, 204, 299])
def test_2xx_is_yes(status: int) -> None:
    """The request is a plain GET of the path and query, and the query is not shown."""
    with Peer(f"{status} Fine") as peer:
        answer = ask(f"{peer.url}/health/\u00fc?token=hunter2")
    assert answer == Availability(
        status="available",
        reason=f"{peer.url}/health/\u00fc?*** answered {status}",
        details={"http_status": str(status)},
    )
    assert peer.requests == [
        f"GET /health/%C3%BC?token=hunter2 HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nUser-Agent: ssot-shims\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ]


def answers(status: int, good: str) -> Reply:
    """200 for whatever asks for *good*, a path or a user, and *status* for the rest."""

    def reply(client: socket.socket, request: str) -> None:
        as_reply("200 OK" if good in request else f"{status} No")(client, request)

    return reply


WHY = "see why with curl -i '{url}/?***' and mend that, or register an address that answers 2xx"
USER = "give a user that it lets in: http://<user>:<password>@{netloc}/..."


@pytest.mark.parametrize(
    ("status", "advice", "user", "path"),
    [
        (404, "correct the path", "", "/good"),
        (401, USER, "me:good@", "/"),
        (403, USER, "me:good@", "/"),
        *((status, WHY, "", "/good") for status in (500, 503, 400, 304, 302)),
    ],
)
def test_anything_else_is_no(status: int, advice: str, user: str, path: str) -> None:
    """The status is told, with what to do about it: the address corrected, or the server mended."""
    token = base64.b64encode(b"me:good").decode()
    with Peer(answers(status, token if user else "GET /good")) as peer:
        netloc = f"127.0.0.1:{peer.port}"
        expected = advice.format(netloc=netloc, url=peer.url)
        assert said(ask(f"{peer.url}/?x")) == ("unavailable", f"{peer.url}/?*** answered {status}; {expected}")
        assert ask(f"http://{user}{netloc}{path}")
        peer.replies[:] = [as_reply("200 OK")]
        assert ask(f"{peer.url}/?x")


def test_a_user_in_the_address() -> None:
    """It is sent, decoded, and never shown."""
    with Peer("200 OK") as peer:
        answer = ask(f"http://me:p%40ss@127.0.0.1:{peer.port}")
    assert answer.reason == f"http://***@127.0.0.1:{peer.port} answered 200"
    token = base64.b64encode(b"me:p@ss").decode()
    assert f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\n" in peer.requests[0]
    assert f"\r\nAuthorization: Basic {token}\r\n" in peer.requests[0]


def test_redirects_on_the_same_host_are_followed() -> None:
    """Relative and absolute ones, up to five; the password stays with the port that it was given for."""
    with Peer("200 OK") as there, Peer("301 x\nLocation: /b?secret", "307 x\nLocation: c") as peer:
        peer.replies.append(as_reply(f"308 x\nLocation: http://127.0.0.1:{there.port}/end?secret#part"))
        answer = ask(f"http://me:hunter2@127.0.0.1:{peer.port}/a")
    assert said(answer) == ("available", f"http://127.0.0.1:{there.port}/end?*** answered 200")
    assert [request.split()[1] for request in [*peer.requests, *there.requests]] == [
        "/a",
        "/b?secret",
        "/c",
        "/end?secret",
    ]
    assert ["Authorization" in request for request in [*peer.requests, *there.requests]] == [True, True, True, False]


def test_redirects_without_end() -> None:
    """Six answers are asked for, and no more; the address where that ends turns the answer."""
    redirects = [f"302 x\nLocation: /{number}" for number in range(1, 8)]
    with Peer(*redirects, "200 OK") as peer:
        assert said(ask(f"{peer.url}/")) == (
            "unavailable",
            f"{peer.url}/ redirects more than 5 times; register the address where that ends",
        )
        assert [request.split()[1] for request in peer.requests] == ["/", "/1", "/2", "/3", "/4", "/5"]
        peer.replies[:-1] = []
        assert ask(f"{peer.url}/7")


def test_a_redirect_to_another_host_is_not_followed() -> None:
    """Where it points is told without secrets, and that address turns the answer."""
    with Peer("200 OK") as other:
        with Peer(f"302 x\nLocation: http://me:hunter2@localhost:{other.port}/x?hunter2") as peer:
            answer = ask(peer.url)
        assert said(answer) == (
            "unavailable",
            f"{peer.url} redirects to another host; register http://***@localhost:{other.port}/x?*** "
            "if that one is meant",
        )
        assert other.requests == []
        assert ask(f"http://localhost:{other.port}/x")


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://127.0.0.1:x/", "http://[/", "/a\x01b"])
def test_a_redirect_to_nowhere(location: str) -> None:
    """What is no address is not followed; the one that is meant turns the answer."""
    with Peer(f"302 x\nLocation: {location}", "200 OK") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} redirects to what is no http address; see it with curl -i {peer.url}, "
            "and register the address that is meant",
        )
        assert ask(f"{peer.url}/meant")


HOSTILE: dict[str, tuple[Reply, str]] = {
    "garbage": (raw(b"SSH-2.0-x\r\n"), "it sent b'SSH-2.0-x\\r\\n', which is not HTTP"),
    "closes at once": (raw(b""), "it closed the connection without an answer"),
    "closes in the status line": (raw(b"HTTP/1.1 2"), "it closed the connection in the head of its answer"),
    "closes in the headers": (
        raw(b"HTTP/1.1 200 OK\r\nA: b\r\n"),
        "it closed the connection in the head of its answer",
    ),
    "endless headers": (
        raw(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50000),
        "the head of its answer does not end within 65536 bytes",
    ),
    "endless interim answers": (raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), "it sent more than 5 interim answers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_http(name: str) -> None:
    """It is told what came instead; the address of a server that speaks HTTP turns the answer."""
    reply, words = HOSTILE[name]
    with Peer(reply) as peer, Peer("200 OK") as other:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} did not answer in HTTP: {words}; correct the address, or write https:// if it speaks TLS",
        )
        assert ask(other.url)


@pytest.mark.parametrize(
    "reply",
    [mute, drips(b"HTTP/1.1 200 OK"), drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9)],
    ids=["mute", "drips in the status line", "drips for ever"],
)
def test_no_answer_in_time(reply: Reply) -> None:
    """A mute peer and one that drips end at the deadline."""
    with Peer(reply, "200 OK") as peer:
        answer = ask(f"{peer.url}/health?x", 0.3)
        assert said(answer) == ("timed_out", f"no answer from {peer.url}/health?*** in time; {MORE}")
        assert ask(peer.url)


def test_a_peer_that_echoes() -> None:
    """What it sends is our own question, so nothing of it is shown where that held a secret."""

    def echo(client: socket.socket, request: str) -> None:
        client.sendall(request.encode())

    with Peer(echo) as peer:
        for user, target, sent in (
            ("", "", "it sent b'GET / HTTP/1.1\\r\\nHost', which is not HTTP"),
            ("", "/?hunter2", "it sent what is not HTTP"),
            ("me:hunter2@", "/", "it sent what is not HTTP"),
        ):
            probe = read(f"http://{user}127.0.0.1:{peer.port}{target}")
            reason = ask(f"http://{user}127.0.0.1:{peer.port}{target}").reason
            assert reason == (
                f"{probe.notation} did not answer in HTTP: {sent}; "
                "correct the address, or write https:// if it speaks TLS"
            )


def test_bodies_are_not_read() -> None:
    """An answer with a body without end is an answer."""
    with Peer(raw(b"HTTP/1.0 200 OK\r\nContent-Length: 99999999999\r\nX: \xff\xfe\r\n\r\nbody")) as peer:
        assert ask(peer.url).reason == f"{peer.url} answered 200"


def test_no_http_server() -> None:
    """What the connection said is the reason; a server there is a yes."""
    with Peer("200 OK") as peer:
        port = peer.port
        assert ask(f"http://127.0.0.1:{port}/x")
    assert said(ask(f"http://127.0.0.1:{port}/x")) == (
        "unavailable",
        f"nothing listens on 127.0.0.1:{port}; start it, or correct the address",
    )


# --- https


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates of these tests."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this machine trust that authority."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return lambda: monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server for 127.0.0.1 and localhost speaks."""
    return certificates.server(authority)


TRUST = "trust its issuer: SSL_CERT_FILE=<a file with the certificate of that authority>"
NAME = "use a name that the certificate has"
# What the server speaks, the name it is asked by, whether its authority is trusted, what is said, the next step.
FAULTS: dict[str, tuple[Speaks, str, bool, str, str]] = {
    "an authority that nobody here trusts": (
        *(certificates.server, "127.0.0.1", False),
        *("unable to get local issuer certificate", TRUST),
    ),
    "another IP address": (
        *(lambda authority: certificates.server(authority, "localhost"), "127.0.0.1", True),
        *("IP address mismatch, certificate is not valid for '127.0.0.1'", NAME),
    ),
    "another name": (
        *(lambda authority: certificates.server(authority, "127.0.0.1"), "localhost", True),
        *("Hostname mismatch, certificate is not valid for 'localhost'", NAME),
    ),
    "one that has expired": (
        *(certificates.expired, "127.0.0.1", True),
        *("certificate has expired", "renew it, or set this machine's clock right"),
    ),
    "one that is not valid yet": (
        *(certificates.not_yet_valid, "127.0.0.1", True),
        *("certificate is not yet valid", "renew it, or set this machine's clock right"),
    ),
    "one for clients": (
        *(certificates.for_clients_only, "127.0.0.1", True),
        *("unsuitable certificate purpose", "renew it"),
    ),
}


@pytest.mark.parametrize(("speaks", "host", "is_trusted", "fault", "step"), FAULTS.values(), ids=FAULTS)
def test_a_certificate_that_is_not_accepted(
    speaks: Speaks,
    host: str,
    is_trusted: bool,
    fault: str,
    step: str,
    authority: trustme.CA,
    trusted: Callable[[], None],
) -> None:
    """Each fault has a next step of its own: trusting the authority, another name, another certificate."""
    if is_trusted:
        trusted()
    with Peer("200 OK", tls=speaks(authority)) as peer:
        url = f"https://{host}:{peer.port}/health"
        assert said(ask(url)) == ("unavailable", f"the certificate of {url} is not accepted: {fault}; {step}")
        if step == NAME:
            url = url.replace(host, "localhost" if host == "127.0.0.1" else "127.0.0.1")
        elif step == TRUST:
            trusted()
        else:
            peer.tls = certificates.server(authority)  # renewed
        assert said(ask(url)) == ("available", f"{url} answered 200")


def test_a_certificate_that_is_its_own_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what there is to trust."""
    speaks, certificate = certificates.signed_by_itself()
    with Peer("200 OK", tls=speaks) as peer:
        url = f"https://localhost:{peer.port}/health"
        fault = "self-signed certificate" if ssl.OPENSSL_VERSION_INFO >= (3,) else "self signed certificate"
        assert said(ask(url)) == ("unavailable", f"the certificate of {url} is not accepted: {fault}; {TRUST}")
        (tmp_path / "it.pem").write_bytes(certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "it.pem"))
        assert said(ask(url)) == ("available", f"{url} answered 200")


def test_plain_and_tls_mixed_up(tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """TLS spoken to a plain server, and the other way round, end with the address to write, which turns the answer."""
    trusted()

    def refuses_what_is_no_question(client: socket.socket, request: str) -> None:
        is_question = client.recv(4096).startswith(b"GET ")
        as_reply("200 OK" if is_question else "400 Bad Request")(client, request)

    with Peer(refuses_what_is_no_question, reads=False) as peer:
        address = f"127.0.0.1:{peer.port}"
        assert said(ask(f"https://{address}")) in [
            ("unavailable", f"https://{address} does not speak TLS as we do ({words}); {OTHER_TLS}")
            for words in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # releases of OpenSSL differ
        ]
        assert ask(f"http://{address}")
    with Peer("200 OK", tls=tls) as peer:
        address = f"127.0.0.1:{peer.port}"
        assert said(ask(f"http://{address}")) == (
            "unavailable",
            f"http://{address} did not answer in HTTP: it closed the connection without an answer; "
            "correct the address, or write https:// if it speaks TLS",
        )
        assert ask(f"https://{address}")


OTHER_TLS = "have it speak TLS 1.2 or 1.3, or write http:// if it speaks plain HTTP"


def test_a_version_of_tls_that_is_too_old(authority: trustme.CA, trusted: Callable[[], None]) -> None:
    """A server that speaks no newer one than TLS 1.1 is a no; once it does it is a yes."""
    trusted()
    old = certificates.server(authority)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # Python would not let us be so old without
        old.minimum_version = ssl.TLSVersion.TLSv1_1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Peer("200 OK", tls=old) as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} does not speak TLS as we do (TLSV1_ALERT_PROTOCOL_VERSION); {OTHER_TLS}",
        )
        peer.tls = certificates.server(authority)
        assert ask(peer.url)


@pytest.mark.parametrize("is_mute", [True, False])
def test_a_handshake_that_hangs_or_drips(is_mute: bool, tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """It ends at the deadline; a server that was started anew is a yes."""
    trusted()
    wait = threading.Event()

    def hang(client: socket.socket, request: str) -> None:
        wait.wait(10)

    with Peer(hang if is_mute else drips(b"\x16\x03\x03\x40\x00" + b"\x02" * 60), reads=False) as peer:
        answer = ask(f"https://127.0.0.1:{peer.port}/x", 0.3)
        wait.set()
        peer.tls, peer.reads, peer.replies[:] = tls, True, [as_reply("200 OK")]
        assert ask(f"https://127.0.0.1:{peer.port}/x")
    assert said(answer) == ("timed_out", f"no answer from https://127.0.0.1:{peer.port}/x in time; {MORE}")


def test_a_server_that_wants_a_certificate_of_ours(
    authority: trustme.CA, tls: ssl.SSLContext, trusted: Callable[[], None]
) -> None:
    """What breaks after the handshake is told in the words of the TLS library; one that asks for none is a yes."""
    trusted()
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    with Peer("200 OK", tls=tls) as peer:
        answer = ask(peer.url)
        peer.tls = certificates.server(authority)
        assert ask(peer.url)
    assert said(answer) in [
        ("unavailable", f"{peer.url} {problem}")
        for problem in (  # the alert comes after the handshake, and races with us
            f"broke the connection (TLSV13_ALERT_CERTIFICATE_REQUIRED); {ASKS_FOR_LESS}",
            f"broke the connection (Connection reset by peer); {ASKS_FOR_LESS}",
            "did not answer in HTTP: it closed the connection without an answer; correct the address",
        )
    ]


ASKS_FOR_LESS = "look into its log, or register an address that asks for less"


def test_not_http_over_tls(tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """Garbage is garbage, encrypted or not; the address of a server that speaks HTTP turns the answer."""
    trusted()
    with Peer(raw(b"hello"), tls=tls) as peer, Peer("200 OK", tls=tls) as other:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} did not answer in HTTP: it sent b'hello', which is not HTTP; correct the address",
        )
        assert ask(other.url)


def test_tls_that_cannot_be_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls: ssl.SSLContext, trusted: Callable[[], None]
) -> None:
    """A log for keys that cannot be written is the user's to correct, which turns the answer."""
    trusted()
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "log"))
    with Peer("200 OK", tls=tls) as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            "TLS cannot be set up here (No such file or directory); "
            "correct SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE",
        )
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "log"))
        assert ask(peer.url)


# --- proxies


def tunnel(client: socket.socket, request: str) -> None:
    """What a proxy does for CONNECT."""
    host, _, port = request.split()[1].rpartition(":")
    with socket.create_connection((host, int(port)), 5) as target:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(target, client), name="peer")
        back.start()
        pump(client, target)
        back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(8192):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_http_goes_through_the_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the whole address and its own password; the password for the server goes on to the server."""
    with Peer("200 OK") as peer:
        monkeypatch.setenv(variable, f"http://me:hunter2@127.0.0.1:{peer.port}/")
        answer = ask("http://you:secret@acme.invalid/health?x")
    assert said(answer) == ("available", "http://***@acme.invalid/health?*** answered 200")
    (request,) = peer.requests
    assert request.startswith("GET http://acme.invalid/health?x HTTP/1.1\r\nHost: acme.invalid\r\n")
    assert f"\r\nProxy-Authorization: Basic {base64.b64encode(b'me:hunter2').decode()}\r\n" in request
    assert f"\r\nAuthorization: Basic {base64.b64encode(b'you:secret').decode()}\r\n" in request


def test_https_goes_through_a_tunnel(
    tls: ssl.SSLContext, trusted: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy learns host and port and nothing else."""
    trusted()
    with Peer("200 OK", tls=tls) as peer, Peer(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", f"me:hunter2@127.0.0.1:{proxy.port}")
        assert said(ask(f"{peer.url}/x?secret")) == ("available", f"{peer.url}/x?*** answered 200")
    token = base64.b64encode(b"me:hunter2").decode()
    assert proxy.requests == [
        f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\n"
        f"Proxy-Authorization: Basic {token}\r\n\r\n"
    ]
    assert "Proxy-Authorization" not in peer.requests[0]


@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_tunnel_that_is_refused(
    status: int, tls: ssl.SSLContext, trusted: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's status is told, and what it asks for or how to leave it out; each turns the answer."""
    trusted()
    token = base64.b64encode(b"me:hunter2").decode()

    def reply(client: socket.socket, request: str) -> None:
        (tunnel if f"Proxy-Authorization: Basic {token}" in request else as_reply(f"{status} No"))(client, request)

    with Peer("200 OK", tls=tls) as peer, Peer(reply) as proxy:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("https_proxy", f"http://me:secret@{shown}")
        user = f"give the proxy a user: https_proxy=http://<user>:<password>@{shown}, or " if status == 407 else ""
        assert said(ask(peer.url)) == (
            "unavailable",
            f"the proxy {shown} (https_proxy) answered {status} when asked for 127.0.0.1:{peer.port}; "
            f"{user}leave the proxy out: no_proxy=127.0.0.1",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "127.0.0.1")
            assert ask(peer.url)
        if user:
            monkeypatch.setenv("https_proxy", f"http://me:hunter2@{shown}")
            assert ask(peer.url)


@pytest.mark.parametrize(
    ("status", "advice", "good"),
    [
        (502, f"{WHY}, or ", ""),
        (404, "correct the path, or ", "GET http://127.0.0.1:1/good"),
        (401, f"{USER}, or ", f"\r\nAuthorization: Basic {base64.b64encode(b'me:good').decode()}"),
        (
            *(407, "give the proxy a user: http_proxy=http://<user>:<password>@{proxy}, or "),
            f"Proxy-Authorization: Basic {base64.b64encode(b'me:good').decode()}",
        ),
    ],
)
def test_no_from_behind_a_proxy(status: int, advice: str, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer may be the proxy's or the server's, so there is a next step for each, and each turns the answer."""
    with Peer(answers(status, good or "nobody")) as proxy, Peer("200 OK") as peer:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", f"http://me:secret@{shown}")
        step = advice.format(url=peer.url, netloc=f"127.0.0.1:{peer.port}", proxy=shown)
        assert said(ask(f"{peer.url}/?x")) == (
            "unavailable",
            f"{peer.url}/?*** through the proxy {shown} (http_proxy) answered {status}; "
            f"{step}leave the proxy out: no_proxy=127.0.0.1",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "127.0.0.1")
            assert ask(f"{peer.url}/?x")
        if status == 407:
            monkeypatch.setenv("http_proxy", f"http://me:good@{shown}")
        notation = {404: "http://127.0.0.1:1/good", 401: f"http://me:good@127.0.0.1:{peer.port}", 407: peer.url}
        assert status not in notation or ask(notation[status])


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused and mute proxies are told from refused and mute servers; one that is started is a yes."""
    with Peer("200 OK") as proxy:
        port = proxy.port
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{port}")
        assert ask("http://acme.invalid/")
    assert said(ask("http://acme.invalid/")) == (
        "unavailable",
        f"nothing listens on the proxy 127.0.0.1:{port} (http_proxy); start it, or correct the address",
    )
    with Peer(mute, "200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask("http://acme.invalid/", 0.2)) == (
            "timed_out",
            f"no answer from http://acme.invalid/ through the proxy 127.0.0.1:{proxy.port} (http_proxy) in time; "
            f"{MORE}",
        )
        assert ask("http://acme.invalid/")


def test_a_proxy_whose_name_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that is told is the proxy's; a correct one turns the answer."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("proxy.invalid", 80)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid")
    assert said(ask("http://acme.invalid/", 30)) == (
        "unavailable",
        f"the name 'proxy.invalid' does not resolve ({caught.value.strerror}); correct it, or add it to the hosts file",
    )
    with Peer("200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://localhost:{proxy.port}")
        assert ask("http://acme.invalid/")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("https://me:hunter2@127.0.0.1:1", "http_proxy names a proxy that is not reached by plain http"),
        ("socks5://127.0.0.1:1", "http_proxy names a proxy that is not reached by plain http"),
        ("127.0.0.1:hunter2", "http_proxy does not read"),
        ("http://", "http_proxy does not read"),
    ],
)
def test_a_proxy_that_cannot_be_used(value: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is not shown, and leaving the proxy out turns the answer."""
    monkeypatch.setenv("http_proxy", value)
    with Peer("200 OK") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{reason}; http_proxy=http://host:port, or leave the proxy out: no_proxy=<the host>",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "localhost,127.0.0.1")
            assert ask(peer.url)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{peer.port}")
        assert ask("http://acme.invalid")


def test_an_ipv6_address_is_left_out_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a port."""
    port = free_port()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for value in ("::1", f"[::1]:{port}"):
        monkeypatch.setenv("no_proxy", value)
        assert ask(f"http://[::1]:{port}").reason == (
            f"nothing listens on [::1]:{port}; start it, or correct the address"
        )
