"""Probes over sockets, against real peers: good ones, hostile ones, and none at all.

Each answer has to come before the deadline + 0.3 s, with its whole reason, and to leave nothing behind.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import pytest
import trustme

from ssot_shims._availability import Availability
from ssot_shims._probes import read
from ssot_shims._probes.network import TcpProbe

if TYPE_CHECKING:
    from ssot_shims._probes import Probe

Reply = Callable[[socket.socket, str], None]
MORE = "start it anew if it hangs, or allow more: SSOT_SHIMS_TIMEOUT=10"


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
        self.server.settimeout(0.05)
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
    """It accepts connections, whatever it does with them; without it nothing listens, and starting it turns that."""
    with listening(family, host) as server:
        port = port_of(server)
        assert said(ask(f"tcp://{shown}:{port}")) == ("available", f"{shown}:{port} accepts connections")
    assert said(ask(f"tcp://{shown}:{port}")) == (
        "unavailable",
        f"nothing listens on {shown}:{port}; start it, or correct the address",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps those waiting who meet a full backlog")
def test_a_port_that_does_not_answer() -> None:
    """A connection that never opens ends at the deadline; accepting one turns the answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        port = port_of(server)
        assert said(ask(f"tcp://127.0.0.1:{port}", 0.4)) == (
            "timed out",
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
            "timed out",
            f"no answer from 127.0.0.1:{port} in time; {MORE}",
        )
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_name_that_does_not_resolve() -> None:
    """The name system's own words are in the reason."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("acme.invalid", 80)
    answer = ask("tcp://acme.invalid:80", 30)
    assert said(answer) == (
        "unavailable",
        f"the name 'acme.invalid' does not resolve ({caught.value.strerror}); correct it, or add it to the hosts file",
    )


def test_a_name_that_resolves_slowly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name server that does not answer costs no more than the deadline."""
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))  # names are looked up in a process of their own
    assert said(ask("tcp://acme.invalid:80", 0.4)) == (
        "timed out",
        "the name 'acme.invalid' did not resolve in time; repair the name server, or allow more: SSOT_SHIMS_TIMEOUT=10",
    )


def test_what_the_system_does_not_permit() -> None:
    """A broadcast address is refused by the system itself, one without a route by the network."""
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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            PermissionError(1, "Operation not permitted"),
            "connecting to 127.0.0.1:80 is not permitted (Operation not permitted); "
            "allow it in the firewall or sandbox",
        ),
        (
            OSError(113, "No route to host"),
            "127.0.0.1:80 cannot be reached (No route to host); mend the network, or correct the address",
        ),
        (OSError("odd"), "127.0.0.1:80 cannot be reached (odd); mend the network, or correct the address"),
    ],
)
def test_what_only_other_networks_do(error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall and a missing route, which no test can set up, are told apart."""

    def refuse(self: socket.socket, place: object) -> None:
        raise error

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert said(ask("tcp://127.0.0.1:80")) == ("unavailable", reason)


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


def test_a_unix_socket(folder: Path) -> None:
    """There is none, it listens, it is stale: each is told, and starting what listens turns the answer."""
    path = folder / "a b.sock"
    nothing = f"there is no socket at {path}; start what makes it, or correct the path"
    assert said(ask(f"unix://{path}")) == ("unavailable", nothing)
    with unix_server(path):
        assert said(ask(f"unix://{path}")) == ("available", f"{path} accepts connections")
    assert said(ask(f"unix://{path}")) == (
        "unavailable",
        f"{path} is a stale socket, nothing listens on it any more; start what made it anew",
    )
    path.unlink()
    with unix_server(path):
        assert ask(f"unix://{path}")


def test_paths_that_are_no_socket(folder: Path) -> None:
    """A file, a folder, something below a file, and a path that no socket can have."""
    (folder / "file").touch()
    assert [ask(f"unix://{path}").reason for path in (folder / "file", folder, folder / "file/x")] == [
        f"{folder}/file is a regular file, not a socket; correct the path",
        f"{folder} is a directory, not a socket; correct the path",
        f"there is no socket at {folder}/file/x; start what makes it, or correct the path",
    ]
    answer = ask(f"unix:///{'x' * 200}")
    assert answer.status == "unavailable"
    assert answer.reason.startswith(f"/{'x' * 200} cannot be connected to (its path has 201 bytes, ")
    assert answer.reason.endswith("); correct the path")


def test_a_socket_of_another_kind(folder: Path) -> None:
    """A datagram socket takes no connections."""
    path = folder / "log.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        assert ask(f"unix://{path}").reason == (
            f"{path} cannot be connected to (Protocol wrong type for socket); correct the path"
        )


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, whom no mode keeps out."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_socket_that_this_user_may_not_open(folder: Path) -> None:
    """The mode and the group are told; the command that is named turns the answer."""
    import grp

    path = folder / "x.sock"
    with unix_server(path):
        path.chmod(0o600)
        if os.geteuid():  # an owner without rights is kept out as well
            path.chmod(0o000)
        mode = "srw-------" if os.geteuid() == 0 else "s---------"
        with as_nobody():
            answer = ask(f"unix://{path}")
        group = grp.getgrgid(path.stat().st_gid).gr_name
        assert said(answer) == (
            "unavailable",
            f"this user may not connect to {path} ({mode}, group {group}); join that group, or: chmod a+rw {path}",
        )
        subprocess.run(answer.reason.rpartition("or: ")[2].split(), check=True)
        with as_nobody():
            assert ask(f"unix://{path}")


def test_a_group_without_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the group may be a mere number."""
    import grp

    def unknown(number: int) -> grp.struct_group:
        raise KeyError(number)

    monkeypatch.setattr(grp, "getgrgid", unknown)
    path = folder / "x.sock"
    with unix_server(path):
        path.chmod(0o000)
        with as_nobody():
            reason = ask(f"unix://{path}").reason
        assert f", group {path.stat().st_gid}); " in reason


def test_a_folder_that_this_user_may_not_enter(folder: Path) -> None:
    """Nobody can see whether there is a socket below; opening the folder turns the answer."""
    path = folder / "closed" / "x.sock"
    path.parent.mkdir()
    with unix_server(path):
        path.chmod(0o777)
        path.parent.chmod(0o000)
        with as_nobody():
            answer = ask(f"unix://{path}")
            assert said(answer) == (
                "unavailable",
                f"this user may not look into the folders above {path}; allow it: chmod a+x on each of them",
            )
        path.parent.chmod(0o755)
        with as_nobody():
            assert ask(f"unix://{path}")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog of a unix socket is a refusal")
def test_a_unix_socket_with_a_full_backlog(folder: Path) -> None:
    """It ends at the deadline; accepting turns the answer."""
    path = folder / "x.sock"
    with unix_server(path, 0) as server, socket.socket(socket.AF_UNIX) as first:
        first.connect(str(path))
        assert said(ask(f"unix://{path}", 0.4)) == ("timed out", f"no answer from {path} in time; {MORE}")
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


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "correct the path"),
        (401, "give a user that it lets in: {scheme}://<user>:<password>@{netloc}/..."),
        (403, "give a user that it lets in: {scheme}://<user>:<password>@{netloc}/..."),
        (500, "see what it says: curl -i '{url}/?***'"),
        (304, "see what it says: curl -i '{url}/?***'"),
        (302, "see what it says: curl -i '{url}/?***'"),
    ],
)
def test_anything_else_is_no(status: int, advice: str) -> None:
    """The status is told, with what to do about it; once the server answers 2xx the answer is yes."""
    with Peer(f"{status} No", "200 OK") as peer:
        expected = advice.format(scheme="http", netloc=f"127.0.0.1:{peer.port}", url=peer.url)
        assert said(ask(f"{peer.url}/?x")) == ("unavailable", f"{peer.url}/?*** answered {status}; {expected}")
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
    """Six answers are asked for, and no more."""
    with Peer("302 x\nLocation: /") as peer:
        assert said(ask(f"{peer.url}/")) == (
            "unavailable",
            f"{peer.url}/ redirects more than 5 times; register the address where that ends",
        )
    assert len(peer.requests) == 6


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
    """What is no address is not followed."""
    with Peer(f"302 x\nLocation: {location}") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} redirects to what is no http address; see it: curl -i '{peer.url}'",
        )


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
    """It is told what came instead."""
    reply, words = HOSTILE[name]
    with Peer(reply) as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} did not answer in HTTP: {words}; if it speaks TLS, write https://",
        )


@pytest.mark.parametrize(
    "reply",
    [mute, drips(b"HTTP/1.1 200 OK"), drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9)],
    ids=["mute", "drips in the status line", "drips for ever"],
)
def test_no_answer_in_time(reply: Reply) -> None:
    """A mute peer and one that drips end at the deadline."""
    with Peer(reply, "200 OK") as peer:
        answer = ask(f"{peer.url}/health?x", 0.5)
        assert said(answer) == ("timed out", f"no answer from {peer.url}/health?*** in time; {MORE}")
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
            assert reason == f"{probe.notation} did not answer in HTTP: {sent}; if it speaks TLS, write https://"


def test_bodies_are_not_read() -> None:
    """An answer with a body without end is an answer."""
    with Peer(raw(b"HTTP/1.0 200 OK\r\nContent-Length: 99999999999\r\nX: \xff\xfe\r\n\r\nbody")) as peer:
        assert ask(peer.url).reason == f"{peer.url} answered 200"


def test_no_http_server() -> None:
    """What the connection said is the reason."""
    port = free_port()
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


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server for 127.0.0.1 and localhost speaks."""
    return server_tls(authority.issue_cert("127.0.0.1", "localhost"))


def test_a_certificate_has_to_be_trusted(tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """A certificate of an unknown authority is no; trusting that authority, as the reason says, turns the answer."""
    with Peer("200 OK", tls=tls) as peer:
        answer = ask(f"{peer.url}/health")
        assert said(answer) == (
            "unavailable",
            f"the certificate of {peer.url}/health is not accepted: unable to get local issuer certificate; "
            "trust its issuer: SSL_CERT_FILE=<a file with the certificate of that authority>",
        )
        trusted()
        assert said(ask(f"{peer.url}/health")) == ("available", f"{peer.url}/health answered 200")
        assert said(ask(f"https://localhost:{peer.port}")) == (
            "available",
            f"https://localhost:{peer.port} answered 200",
        )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_name(host: str, authority: trustme.CA, trusted: Callable[[], None]) -> None:
    """The name is compared, and the IP address."""
    trusted()
    with Peer("200 OK", tls=server_tls(authority.issue_cert("acme.example"))) as peer:
        answer = ask(f"https://{host}:{peer.port}")
    mismatch = (
        "IP address mismatch, certificate is not valid for"
        if host[0] == "1"
        else ("Hostname mismatch, certificate is not valid for")
    )
    assert said(answer) == (
        "unavailable",
        f"the certificate of https://{host}:{peer.port} is not accepted: {mismatch} '{host}'; "
        "use a name that the certificate has",
    )


def test_a_certificate_that_has_expired(authority: trustme.CA, trusted: Callable[[], None]) -> None:
    """It is to be renewed."""
    from datetime import UTC, datetime

    trusted()
    old = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    with Peer("200 OK", tls=server_tls(old)) as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"the certificate of {peer.url} is not accepted: certificate has expired; renew it",
        )


def test_plain_and_tls_mixed_up(tls: ssl.SSLContext) -> None:
    """TLS spoken to a plain server, and the other way round, end with the address to write."""
    with Peer(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False) as peer:
        answer = ask(f"https://127.0.0.1:{peer.port}")
        assert answer.status == "unavailable"
        assert answer.reason.startswith(f"https://127.0.0.1:{peer.port} does not speak TLS as we do (")
        assert answer.reason.endswith("); if it speaks plain HTTP, write http://")
    with Peer("200 OK", tls=tls) as peer:
        answer = ask(f"http://127.0.0.1:{peer.port}")
        assert answer.status == "unavailable"
        assert answer.reason.startswith(f"http://127.0.0.1:{peer.port} did not answer in HTTP: it ")
        assert answer.reason.endswith("; if it speaks TLS, write https://")


@pytest.mark.parametrize("is_mute", [True, False])
def test_a_handshake_that_hangs_or_drips(is_mute: bool) -> None:
    """It ends at the deadline."""
    wait = threading.Event()

    def hang(client: socket.socket, request: str) -> None:
        wait.wait(10)

    with Peer(hang if is_mute else drips(b"\x16\x03\x03\x40\x00" + b"\x02" * 60), reads=False) as peer:
        answer = ask(f"https://127.0.0.1:{peer.port}/x", 0.5)
        wait.set()
    assert said(answer) == ("timed out", f"no answer from https://127.0.0.1:{peer.port}/x in time; {MORE}")


def test_a_server_that_wants_a_certificate_of_ours(
    authority: trustme.CA, tls: ssl.SSLContext, trusted: Callable[[], None]
) -> None:
    """What breaks after the handshake is told in the words of the TLS library."""
    trusted()
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    with Peer("200 OK", tls=tls) as peer:
        answer = ask(peer.url)
    assert answer.status == "unavailable"
    assert answer.reason.startswith(f"{peer.url} ")
    assert answer.reason.endswith(("; look into its log", "; see what listens there"))


def test_not_http_over_tls(tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """Garbage is garbage, encrypted or not."""
    trusted()
    with Peer(raw(b"hello"), tls=tls) as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} did not answer in HTTP: it sent b'hello', which is not HTTP; see what listens there",
        )


def test_tls_that_cannot_be_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A log for keys that cannot be written is the user's to correct; without it nothing listens."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "log"))
    port = free_port()
    assert said(ask(f"https://127.0.0.1:{port}")) == (
        "unavailable",
        "TLS cannot be set up here (No such file or directory); correct SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE",
    )
    monkeypatch.delenv("SSLKEYLOGFILE")
    assert ask(f"https://127.0.0.1:{port}").reason.startswith("nothing listens on ")


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


def test_a_tunnel_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's status is told, and how to leave it out."""
    with Peer("407 Who are you?") as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask("https://acme.invalid/")) == (
            "unavailable",
            f"the proxy 127.0.0.1:{proxy.port} (https_proxy) answered 407 when asked for acme.invalid:443; "
            "to leave the proxy out: no_proxy=acme.invalid",
        )


def test_a_proxy_that_cannot_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer may be its own, so the way around it is named, and turns the answer."""
    with Peer("502 Bad Gateway") as proxy, Peer("200 OK") as peer:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} through the proxy 127.0.0.1:{proxy.port} (http_proxy) answered 502; "
            "to leave the proxy out: no_proxy=127.0.0.1",
        )
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert ask(peer.url)


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused and mute proxies are told from refused and mute servers."""
    port = free_port()
    monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{port}")
    assert said(ask("http://acme.invalid/")) == (
        "unavailable",
        f"nothing listens on the proxy 127.0.0.1:{port} (http_proxy); start it, or correct the address",
    )
    with Peer(mute) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask("http://acme.invalid/", 0.4)) == (
            "timed out",
            f"no answer from http://acme.invalid/ through the proxy 127.0.0.1:{proxy.port} (http_proxy) in time; "
            f"{MORE}",
        )


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
        monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
        assert ask(peer.url)


def test_an_ipv6_address_is_left_out_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a port."""
    port = free_port()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for value in ("::1", f"[::1]:{port}"):
        monkeypatch.setenv("no_proxy", value)
        assert ask(f"http://[::1]:{port}").reason.startswith(f"nothing listens on [::1]:{port}; ")
