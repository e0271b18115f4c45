"""``tcp://`` and ``unix://`` probes, against real peers: good ones, hostile ones, and none at all."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ssot_shims._availability import Availability
from ssot_shims._capabilities.registry import Registry
from ssot_shims._probes.network import SocketProbe, TcpProbe
from ssot_shims._probes.notation import read
from tests.conftest import IS_ROOT
from tests.support.hints import as_member, as_nobody
from tests.support.http_peer import MORE, Peer, as_reply, ask, listening, port_of, said

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


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


@pytest.mark.skipif(not IS_ROOT, reason="only root can leave a group and join it again")
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
        assert said(answer) == ("unavailable", f"permission denied at {path}; {OPENED}")
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
