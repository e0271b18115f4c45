"""Probes over sockets, against real peers: good ones, hostile ones, and none at all.

Each answer has to come before the deadline + 0.3 s, with its whole reason, and to leave nothing behind.
"""

from __future__ import annotations

import base64
import gc
import os
import resource
import shutil
import socket
import ssl
import struct
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
from ssot_shims._probes.network import SocketProbe, TcpProbe
from ssot_shims._probes.notation import read
from tests.support import certificates
from tests.support.certificates import Speaks
from tests.support.hints import as_member, as_nobody

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

Reply = Callable[[socket.socket, str], None]
MORE = "allow more time: timeout=10 where it is registered, else SSOT_SHIMS_TIMEOUT=10"


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
    probe.prepare()
    threads, start = other_threads(), time.monotonic()
    answer = probe.ask(start + seconds)
    assert time.monotonic() - start < seconds + 0.3
    assert other_threads() == threads
    return answer


def other_threads() -> set[threading.Thread]:
    """Those that are no peer's."""
    return {thread for thread in threading.enumerate() if thread.name != "peer"}


def said(answer: Availability) -> tuple[str, str]:
    """Status, and reason and hint as people read them."""
    return answer.status, answer.explanation


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


@pytest.mark.parametrize(("had", "allowed"), [(2.5, 10), (60, 120), (50_000, 86_400)])
def test_the_time_that_is_allowed_is_more_than_there_was(had: float, allowed: int) -> None:
    """Who has allowed a minute already is not told to allow 10 s; a day is the most."""

    class Late(SocketProbe):
        notation: str

        def try_it(self, deadline: float) -> Availability:
            raise TimeoutError("it")

    answer = Late(notation="x").ask(time.monotonic() + had)
    assert said(answer) == ("timed_out", f"no answer from it in time; {MORE}".replace("=10", f"={allowed}"))


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
def test_a_name_that_is_added_to_the_hosts_file(tmp_path: Path) -> None:
    """It resolves from then on, in the thread that asks."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    with listening() as server:
        program = (
            "import sys, time\nfrom ssot_shims._probes.notation import read\n"
            f"ask = lambda: read('tcp://acme.invalid:{port_of(server)}').ask(time.monotonic() + 20)\n"
            f"first = ask()\nopen({str(hosts)!r}, 'w').write('127.0.0.1 acme.invalid')\n"
            "print(first.hint, bool(ask()))"
        )
        mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mount, str(hosts), sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("correct it, or add it to the hosts file True\n", "")


MUTE_NAME_SERVER = """
import socket, sys, threading, time
from ssot_shims._probes.notation import read
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
start, answers = time.monotonic(), []
probe = read("tcp://acme.example:80")
probe.prepare()
thread = threading.Thread(target=lambda: answers.append(probe.ask(start + 0.3)), daemon=True)
thread.start()
thread.join(0.4)
print(thread.is_alive(), server.recvfrom(512)[1][0], answers)
"""


@pytest.mark.skipif(not can_mount(), reason="only root on Linux can give a process a name server of its own")
def test_a_name_server_that_does_not_answer(tmp_path: Path) -> None:
    """The thread that asks waits for the system; whoever started it need not, nor does the end of the process."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:3 attempts:1\n")
    mount = 'ip link set lo up; mount --bind "$0" /etc/resolv.conf && exec "$@"'
    command = ["unshare", "--mount", "--net", "sh", "-c", mount, str(tmp_path / "resolv.conf"), sys.executable, "-c"]
    start = time.monotonic()
    done = subprocess.run([*command, MUTE_NAME_SERVER], capture_output=True, text=True, check=False)
    if "ip: not found" in done.stderr:
        pytest.skip("no program to bring up a network here")
    assert (done.stdout, done.stderr) == ("True 127.0.0.1 []\n", "")
    assert time.monotonic() - start < 2.5


def test_a_name_that_resolves_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer that comes then names the host."""
    system = socket.getaddrinfo

    def slow(*args: object, **options: object) -> object:
        time.sleep(0.2)
        return system("127.0.0.1", port_of(server), type=socket.SOCK_STREAM)

    with listening() as server:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        assert said(ask("tcp://acme.invalid:80", 0.1)) == (
            "timed_out",
            f"no answer from acme.invalid:80 in time; {MORE}",
        )
        assert ask("tcp://acme.invalid:80", 10)


def test_what_the_system_does_not_permit() -> None:
    """A broadcast address is refused by the system itself, or by the network without a route; another one is not."""
    assert said(ask("tcp://255.255.255.255:80")) in {
        ("unavailable", "255.255.255.255:80 cannot be reached (Permission denied)"),
        ("unavailable", "255.255.255.255:80 cannot be reached (Network is unreachable)"),
    }
    with listening() as server:
        assert ask(f"tcp://127.0.0.1:{port_of(server)}")


def test_too_many_open_files(folder: Path) -> None:
    """Where this process may open no more files, the system's own words are the reason."""
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
                answer = ask(f"{scheme}://{place}")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            assert said(answer) == ("unavailable", f"{place} cannot be {verb} (Too many open files)")
            assert ask(f"{scheme}://{place}")


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
    "something below a file": (
        *(lambda path: path.parent.touch(), "file/x"),
        "{path} cannot be connected to (Not a directory)",
    ),
    "a file": (Path.touch, "x", "{path} is a regular file, not a socket; correct the path"),
    "a directory": (Path.mkdir, "x", "{path} is a directory, not a socket; correct the path"),
    "a stale socket": (
        *(lambda path: bound(path, socket.SOCK_STREAM).close(), "a b.sock"),
        "nothing listens on {path}, a stale socket; restart what made it",
    ),
    "a socket for datagrams": (
        *(lambda path: bound(path, socket.SOCK_DGRAM), "log.sock"),
        "{path} cannot be connected to (Protocol wrong type for socket)",
    ),
    "a path that is too long": (
        *(lambda path: bound_and_moved(path), "x" * 200),
        "{path} cannot be connected to (AF_UNIX path too long)",
    ),
    "links in a circle": (
        *(lambda path: path.symlink_to(path), "x.sock"),
        "{path} cannot be connected to (Too many levels of symbolic links)",
    ),
}


def bound_and_moved(path: Path) -> None:
    """Put a socket at a path that is too long to bind one there."""
    short = path.with_name("x")
    bound(short, socket.SOCK_STREAM).close()
    short.rename(path)


def bound(path: Path, kind: socket.SocketKind) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, kind)
    server.bind(str(path))
    return server


@pytest.mark.parametrize(("make", "name", "reason"), AT_THE_PATH.values(), ids=AT_THE_PATH)
def test_no_server_at_the_path(folder: Path, make: Callable[[Path], object], name: str, reason: str) -> None:
    """What is there is told; the path of a server turns the answer, and so does one that is started there."""
    path = folder / name
    made = make(path)
    expected = reason.format(path=path)
    assert said(ask(f"unix://{path}")) == ("unavailable", expected)
    if isinstance(made, socket.socket):
        made.close()
    with unix_server(folder / "right.sock"):
        assert said(ask(f"unix://{folder}/right.sock")) == ("available", f"{folder}/right.sock accepts connections")
    if "start what" in expected and name == "a b.sock":
        path.unlink(missing_ok=True)
        with unix_server(path):
            assert ask(f"unix://{path}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a group and join it again")
def test_a_socket_of_a_group(folder: Path) -> None:
    """Joining the group turns the answer, and so does opening the socket to others.

    ``usermod`` would change the users of this machine, so the process joins the group as a new login would.
    """
    import grp

    path, group = folder / "x.sock", grp.getgrgid(1)
    with unix_server(path):
        os.chown(path, 0, group.gr_gid)
        path.chmod(0o660)
        with as_nobody():
            answer = ask(f"unix://{path}")
        assert said(answer) == ("unavailable", f"permission denied at {path}; {OPENED}")
        with as_member("nobody", group.gr_name):
            assert ask(f"unix://{path}")
        path.chmod(0o666)
        with as_nobody():
            assert ask(f"unix://{path}")


OPENED = "join its group, or have it opened to this user"


def test_a_folder_that_this_user_may_not_enter(folder: Path) -> None:
    """Nobody can see whether there is a socket below; opening the folder turns the answer."""
    path = folder / "closed" / "x.sock"
    path.parent.mkdir()
    with unix_server(path):
        path.chmod(0o777)
        path.parent.chmod(0o600)
        with as_nobody():
            answer = ask(f"unix://{path}")
        assert said(answer) == (
            "unavailable",
            f"permission denied at {path}; {OPENED}",
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


USER = "give a user that it lets in: http://<user>:<password>@{netloc}/..."


@pytest.mark.parametrize(
    ("status", "advice", "user", "path"),
    [
        (404, "correct the path", "", "/good"),
        (401, USER, "me:good@", "/"),
        *((status, "", "", "/good") for status in (500, 503, 403, 400, 304, 302, 101)),
    ],
)
def test_anything_else_is_no(status: int, advice: str, user: str, path: str) -> None:
    """The status is told, with what to do about it: the address corrected, or the server mended."""
    token = base64.b64encode(b"me:good").decode()
    with Peer(answers(status, token if user else "GET /good")) as peer:
        netloc = f"127.0.0.1:{peer.port}"
        expected = advice.format(netloc=netloc, url=peer.url)
        answer = ask(f"{peer.url}/?x")
        assert (answer.reason, answer.hint) == (f"{peer.url}/?*** answered {status}", expected)
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
            f"{peer.url}/ redirects more than 5 times; register where that ends",
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
            f"{peer.url} redirects to http://***@localhost:{other.port}/x?*** at another host; "
            "register that if it is meant",
        )
        assert other.requests == []
        assert ask(f"http://localhost:{other.port}/x")


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/", "http://127.0.0.1:x/", "http://[/", "/a\x01b", "/a\x7f", "mailto:me"]
)
def test_a_redirect_to_nowhere(location: str) -> None:
    """What is no address is not followed; the one that is meant turns the answer."""
    with Peer(f"302 x\nLocation: {location}", "200 OK") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} redirects to what is no http address; register what is meant",
        )
        assert ask(f"{peer.url}/meant")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("HTTP://127.0.0.1:{port}/b", "/b"),
        ("hTTp://127.0.0.1:{port}", "/"),
        ("/with a blank?and one", "/with%20a%20blank?and%20one"),
        ("/gr\u00fc\u00dfe".encode().decode("latin-1"), "/gr%C3%BC%C3%9Fe"),
        ("/\xfc", "/%FC"),
        ("/a%20b%2fc", "/a%20b%2fc"),
        ("  /b \t", "/b"),
        ("?c", "/a?c"),
        ("//127.0.0.1:{port}/d", "/d"),
        ("../../e", "/e"),
    ],
)
def test_a_redirect_as_servers_write_it(location: str, path: str) -> None:
    """Schemes in capitals, blanks and letters that are not in ASCII are followed as curl and requests do."""
    with Peer() as peer:
        peer.replies = [as_reply(f"302 x\nLocation: {location.format(port=peer.port)}"), as_reply("200 OK")]
        assert ask(f"{peer.url}/a")
    assert peer.requests[1].split()[1] == path


def test_a_redirect_to_a_host_outside_ascii() -> None:
    """Nobody guesses how that host is written in ASCII."""
    with Peer("302 x\nLocation: http://fa\u00df.example/".encode().decode("latin-1")) as peer:
        assert not ask(peer.url)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_a_redirect_to_tls(scheme: str, tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """From plain HTTP to TLS on the same host, where the password does not go."""
    trusted()
    with Peer("200 OK", tls=tls) as there, Peer(f"301 x\nLocation: {scheme}://127.0.0.1:{there.port}/up") as peer:
        assert ask(f"http://me:hunter2@127.0.0.1:{peer.port}/")
    assert "Authorization" in peer.requests[0]
    assert "Authorization" not in there.requests[0]


def test_the_password_does_not_come_back_for_another_user_in_a_redirect() -> None:
    """What is sent is the user of the address that was registered, at that host and port alone."""
    with Peer() as peer:
        peer.replies = [as_reply(f"302 x\nLocation: http://you:other@127.0.0.1:{peer.port}/b"), as_reply("200 OK")]
        assert ask(f"http://me:hunter2@127.0.0.1:{peer.port}/a")
    token = base64.b64encode(b"me:hunter2").decode()
    assert [f"Basic {token}\r\n" in request for request in peer.requests] == [True, True]


INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n",
)


@pytest.mark.parametrize("interim", [*INTERIM, b"".join(INTERIM), INTERIM[1] * 9, INTERIM[2] + INTERIM[0]])
@pytest.mark.parametrize("status", [200, 204, 404, 302])
def test_interim_answers_are_passed_over(interim: bytes, status: int) -> None:
    """The answer is the one after them, in one piece with them or not."""
    last = f"HTTP/1.1 {status} x\r\nLocation: /b\r\n\r\n".encode()

    def in_pieces(client: socket.socket, request: str) -> None:
        client.sendall(interim)
        time.sleep(0.05)
        client.sendall(last)

    for reply in (raw(interim + last), in_pieces):
        with Peer(reply, "200 OK") as peer:
            answer = ask(peer.url)
        assert answer.reason.endswith(f"answered {200 if status == 302 else status}")


@pytest.mark.parametrize("others", [b"A: b\r\n" * 150, b"no header\r\n"], ids=["many", "one without a colon"])
def test_headers_that_python_itself_gives_up_at(others: bytes) -> None:
    """Servers send more than a hundred, and lines that are none: what is after them is read."""
    with Peer(raw(b"HTTP/1.1 302 x\r\n" + others + b"Location: /b\r\n\r\n"), "200 OK") as peer:
        assert ask(peer.url).reason.endswith("/b answered 200")


TOO_LONG = "the head of its answer does not end within 65536 bytes"
NOT_HTTP: dict[str, tuple[Reply, str]] = {
    "garbage": (raw(b"SSH-2.0-x\r\n"), "it sent b'SSH-2.0-x\\r\\n', which is not HTTP/1"),
    "HTTP/2 alone": (
        raw(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
        r"it sent b'\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d', which is not HTTP/1",
    ),
    "closes at once": (raw(b""), "it closed the connection without an answer"),
    "closes in the status line": (raw(b"HTTP/1.1 2"), "it closed the connection in its answer"),
    "closes after the status line": (raw(b"HTTP/1.1 200 OK\r\n"), "it closed the connection in its answer"),
    "closes in the headers": (
        raw(b"HTTP/1.1 200 OK\r\nA: b\r\n"),
        "it closed the connection in its answer",
    ),
    "closes after an interim answer": (
        raw(b"HTTP/1.1 103 x\r\n\r\n"),
        "it closed the connection in its answer",
    ),
    "an endless header": (raw(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 99_000), TOO_LONG),
    "too many headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50000), TOO_LONG),
    "endless interim answers": (raw(INTERIM[0] * 5000), TOO_LONG),
    "endless interim answers of another kind": (raw(INTERIM[1] * 5000), TOO_LONG),
    "no status": (
        raw(b"HTTP/1.1 two hundred\r\n\r\n"),
        "it sent b'HTTP/1.1 two hundred', which is no HTTP/1 status line",
    ),
    "another version": (
        raw(b"HTTP/3 200 OK\r\n\r\n"),
        "it sent b'HTTP/3 200 OK', which is no HTTP/1 status line",
    ),
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http(name: str) -> None:
    """It is told what came instead; the address of a server that speaks HTTP turns the answer."""
    reply, words = NOT_HTTP[name]
    with Peer(reply) as peer, Peer("200 OK") as other:
        assert said(ask(peer.url)) == ("unavailable", f"{peer.url} did not answer in HTTP/1: {words}; {OR_TLS}")
        assert ask(other.url)


OR_TLS = "write https:// if it speaks TLS, tcp://host:port if it speaks another protocol"


def test_garbage_without_an_end() -> None:
    """A peer that says something else, and then waits for us, is told from one that is late."""

    def greets(client: socket.socket, request: str) -> None:
        client.sendall(b"\x4a\0\0\0\x0a8.0.36")
        client.recv(1)

    with Peer(greets) as peer:
        answer = ask(peer.url)
    assert said(answer) == (
        "unavailable",
        f"{peer.url} did not answer in HTTP/1: it sent b'J\\x00\\x00\\x00\\n8.0.36', which is not HTTP/1; {OR_TLS}",
    )


@pytest.mark.parametrize("is_secured", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        mute,
        drips(b"HTTP/1.1 200 OK"),
        drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9),
        drips(b"".join(INTERIM)),
    ],
    ids=["mute", "drips in the status line", "drips for ever", "drips interim answers"],
)
def test_no_answer_in_time(reply: Reply, is_secured: bool, tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """A mute peer and one that drips end at the deadline, in TLS and without."""
    trusted()
    with Peer(reply, "200 OK", tls=tls if is_secured else None) as peer:
        answer = ask(f"{peer.url}/health?x", 0.3)
        assert said(answer) == ("timed_out", f"no answer from {peer.url}/health?*** in time; {MORE}")
        assert ask(peer.url)


def test_a_peer_that_echoes() -> None:
    """What it sends is our own question, so nothing of it is shown where that held a secret."""

    def echo(client: socket.socket, request: str) -> None:
        client.sendall(request.encode())

    with Peer(echo) as peer:
        for user, target, sent in (
            ("", "", ": it sent b'GET / HTTP/1.1\\r\\nHost', which is not HTTP/1"),
            ("", "/?hunter2", ""),
            ("me:hunter2@", "/", ""),
        ):
            probe = read(f"http://{user}127.0.0.1:{peer.port}{target}")
            reason = ask(f"http://{user}127.0.0.1:{peer.port}{target}").reason
            assert reason == f"{probe.notation} did not answer in HTTP/1{sent}"


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
NAME = "use a name that is in the certificate"
REPLACE = "replace it by a valid one for servers, or set this machine's clock right"
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
        *("certificate has expired", REPLACE),
    ),
    "one that is not valid yet": (
        *(certificates.not_yet_valid, "127.0.0.1", True),
        *("certificate is not yet valid", REPLACE),
    ),
    "one for clients": (
        *(certificates.for_clients_only, "127.0.0.1", True),
        *("unsuitable certificate purpose", REPLACE),
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
            ("unavailable", f"https://{address} broke the connection ({words}); write http://")
            for words in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # releases of OpenSSL differ
        ]
        assert ask(f"http://{address}")
    with Peer("200 OK", tls=tls) as peer:
        address = f"127.0.0.1:{peer.port}"
        assert said(ask(f"http://{address}")) == (
            "unavailable",
            f"http://{address} did not answer in HTTP/1: it closed the connection without an answer; {OR_TLS}",
        )
        assert ask(f"https://{address}")


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
            f"{peer.url} broke the connection (TLSV1_ALERT_PROTOCOL_VERSION)",
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


def resets(client: socket.socket, request: str) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_before_the_handshake(trusted: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves no socket open, which Python would warn of: neither a server's nor a proxy's behind its tunnel."""

    def connects_and_resets(client: socket.socket, request: str) -> None:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        resets(client, request)

    trusted()
    with (
        Peer(resets, reads=False) as peer,
        Peer(connects_and_resets) as proxy,
        warnings.catch_warnings(record=True) as seen,
    ):
        warnings.simplefilter("always")
        for _ in range(20):
            assert ask(f"https://127.0.0.1:{peer.port}").status == "unavailable"
            with monkeypatch.context() as patch:
                patch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
                assert ask("https://acme.invalid").status == "unavailable"
        gc.collect()
    assert [str(warning.message) for warning in seen] == []


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
            "broke the connection (TLSV13_ALERT_CERTIFICATE_REQUIRED)",
            "broke the connection (Connection reset by peer)",
            f"did not answer in HTTP/1: it closed the connection without an answer; {OR_ANOTHER}",
        )
    ]


OR_ANOTHER = "write tcp://host:port if it speaks another protocol"


def test_not_http_over_tls(tls: ssl.SSLContext, trusted: Callable[[], None]) -> None:
    """Garbage is garbage, encrypted or not; the address of a server that speaks HTTP turns the answer."""
    trusted()
    with Peer(raw(b"hello"), tls=tls) as peer, Peer("200 OK", tls=tls) as other:
        assert said(ask(peer.url)) == (
            "unavailable",
            f"{peer.url} did not answer in HTTP/1: it sent b'hello', which is not HTTP/1; {OR_ANOTHER}",
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
            "TLS cannot be set up here (No such file or directory); correct SSL_CERT_FILE or SSLKEYLOGFILE",
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
    assert said(answer) == (
        "available",
        f"http://***@acme.invalid/health?*** through the proxy 127.0.0.1:{peer.port} answered 200",
    )
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
        assert ask(f"{peer.url}/x?secret").reason == (
            f"{peer.url}/x?*** through the proxy 127.0.0.1:{proxy.port} answered 200"
        )
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
        user = f"give the proxy a user: https_proxy=http://<user>:<password>@{shown}" if status == 407 else ""
        assert said(ask(peer.url)) == (
            "unavailable",
            f"the proxy {shown} answered {status} when asked for 127.0.0.1:{peer.port}; "
            f"{user or 'leave the proxy out: no_proxy=127.0.0.1'}",
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
        (502, "leave the proxy out: no_proxy=127.0.0.1", ""),
        (404, "correct the path", "GET http://127.0.0.1:1/good"),
        (401, USER, f"\r\nAuthorization: Basic {base64.b64encode(b'me:good').decode()}"),
        (
            *(407, "give the proxy a user: http_proxy=http://<user>:<password>@{proxy}"),
            f"Proxy-Authorization: Basic {base64.b64encode(b'me:good').decode()}",
        ),
    ],
)
def test_no_from_behind_a_proxy(status: int, advice: str, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer may be the proxy's or the server's; the next step turns the answer."""
    with Peer(answers(status, good or "nobody")) as proxy, Peer("200 OK") as peer:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", f"http://me:secret@{shown}")
        step = advice.format(url=peer.url, netloc=f"127.0.0.1:{peer.port}", proxy=shown)
        assert said(ask(f"{peer.url}/?x")) == (
            "unavailable",
            f"{peer.url}/?*** through the proxy {shown} answered {status}; {step}",
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
        f"nothing listens on the proxy 127.0.0.1:{port}; start it, or correct the address",
    )
    with Peer(mute, "200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask("http://acme.invalid/", 0.2)) == (
            "timed_out",
            f"no answer from http://acme.invalid/ through the proxy 127.0.0.1:{proxy.port} in time; {MORE}",
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


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value", ["https://me:hunter2@127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:hunter2", "http://"]
)
def test_a_proxy_that_cannot_be_used(value: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is not shown, and leaving the proxy out turns the answer."""
    monkeypatch.setenv(variable, value)
    with Peer("200 OK") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            "the proxy that the environment names for http is not an address of plain http; "
            "write it as http://host:port, or leave it out: no_proxy=127.0.0.1",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "localhost,127.0.0.1")
            assert ask(peer.url)
        monkeypatch.setenv(variable, f"http://127.0.0.1:{peer.port}")
        assert ask("http://acme.invalid")


@pytest.mark.parametrize(
    ("no_proxy", "address", "is_left_out"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.0/8", "127.0.0.1", True),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1", True),
        ("10.0.0.0/8", "127.0.0.1", False),
        ("127.0.0.1/8", "127.0.0.1", True),
        ("localhost 127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", False),
        ("*", "127.0.0.1", True),
        ("acme.invalid", "api.acme.invalid", True),
        (".acme.invalid", "api.acme.invalid", True),
        ("*.acme.invalid", "api.acme.invalid", True),
        ("*.ACME.invalid", "API.acme.invalid", True),
        ("*.acme.invalid", "theacme.invalid", False),
        ("acme.invalid", "theacme.invalid", False),
        ("acme.invalid:1", "acme.invalid:1", True),
        ("acme.invalid:2", "acme.invalid:1", False),
        ("127.0.0.1:1", "127.0.0.1:1", True),
        ("127.0.0.1:2", "127.0.0.1:1", False),
        ("::1", "[::1]", True),
        ("[::1]", "[::1]:1", True),
        ("[::1]:1", "[::1]:1", True),
        ("[::1]:2", "[::1]:1", False),
        ("::/0", "[::1]", True),
        ("fe80::/10", "[fe80::1%lo]:1", True),
        ("", "127.0.0.1", False),
        (" , ", "127.0.0.1", False),
        ("nonsense/8", "127.0.0.1", False),
    ],
)
def test_who_is_left_out_of_the_proxy(
    no_proxy: str, address: str, is_left_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts, domains and networks, in a list with commas or blanks, as curl and requests read it."""
    with Peer("200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", no_proxy)
        answer = ask(f"http://{address}", 20)
    assert bool(proxy.requests) is not is_left_out
    assert bool(answer) is not is_left_out


def test_the_settings_of_the_system_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies that macOS and Windows are set up with are nothing that the user said to this process."""
    import urllib.request

    def system() -> dict[str, str]:
        raise AssertionError

    for name in ("getproxies", "getproxies_macosx_sysconf", "getproxies_registry"):
        monkeypatch.setattr(urllib.request, name, system, raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with Peer("200 OK") as peer:
        assert ask(peer.url)


def test_an_ipv6_address_is_left_out_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a port."""
    port = free_port()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for value in ("::1", f"[::1]:{port}"):
        monkeypatch.setenv("no_proxy", value)
        assert ask(f"http://[::1]:{port}").reason == f"nothing listens on [::1]:{port}"
