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
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ssot_shims._availability import Availability
from ssot_shims._probes.network import SocketProbe
from tests.conftest import IS_ROOT
from tests.support.hints import as_nobody
from tests.support.hostile import full_backlog, listening
from tests.support.http_peer import MORE, ask, said

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_port_that_listens(host: str) -> None:
    """Where nothing listens, starting it turns the answer."""
    try:
        with listening((host.strip("[]"), 0)) as server:
            place = server.getsockname()
    except OSError:
        pytest.skip("this machine has no IPv6")
    shown = f"{host}:{place[1]}"
    no = ("unavailable", f"nothing listens on {shown}; start it, or correct the address")
    assert said(ask(f"tcp://{shown}")) == no
    with listening(place):
        assert said(ask(f"tcp://{shown}")) == ("available", f"{shown} accepts connections")


def test_a_zone_as_the_system_has_it_and_as_in_an_address() -> None:
    """In a URL its % is written %25; a number is taken as it is."""
    zone = socket.if_nameindex()[0][1]
    seen = {"resolve" in ask(f"tcp://[fe80::1%{before}{zone}]:1", 0.5).reason for before in ("", "25")}
    assert (seen, "resolve" in ask("tcp://[fe80::1%25]:1", 0.5).reason) == ({False}, False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog may be a refusal")
@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_a_backlog_that_is_full(folder: Path, scheme: str) -> None:
    """A connection that never opens ends at the deadline; accepting one turns the answer."""
    with full_backlog(("127.0.0.1", 0) if scheme == "tcp" else f"{folder}/x.sock", drains_after=0.5) as address:
        place = address if isinstance(address, str) else f"127.0.0.1:{address[1]}"
        assert said(ask(f"{scheme}://{place}", 0.2)) == ("timed_out", f"no answer from {place} in time; {MORE}")
        assert ask(f"{scheme}://{place}", 20)


@pytest.mark.parametrize(("had", "allowed"), [(2.5, 10), (60, 120), (50_000, 86_400)])
def test_the_time_that_is_allowed_is_more_than_there_was(had: float, allowed: int) -> None:
    """Who has allowed a minute already is not told to allow 10 s; a day is the most."""

    class Late(SocketProbe):
        notation: str

        def try_it(self, deadline: float) -> Availability:
            raise TimeoutError("it")

    answer = Late(notation="x").ask(time.monotonic() + had)
    assert said(answer) == ("timed_out", f"no answer from it in time; {MORE}".replace("=10", f"={allowed}"))


def test_a_name_that_does_not_resolve() -> None:
    """The name system's own words are in the reason."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("acme.invalid", 80)
    answer = ask("tcp://acme.invalid:80", 30)
    assert answer.reason == f"the name 'acme.invalid' does not resolve ({caught.value.strerror})"
    assert answer.hint == "correct it, or add it to the hosts file"


def can_mount() -> bool:
    command = ["unshare", "--mount", "true"]
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


MUTE_NAME_SERVER = """
import socket, time
from ssot_shims import Registry
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
registry, start = Registry(), time.monotonic()
registry.register("it", "tcp://acme.example:80", timeout=0.3)
print(registry.check("it").status, time.monotonic() - start < 10, server.recvfrom(512)[1][0])
"""


@pytest.mark.skipif(not can_mount(), reason="only root on Linux can give a process a name server of its own")
def test_a_name_server_that_does_not_answer(tmp_path: Path) -> None:
    """The thread of the probe waits for the system; whoever asked need not, nor does the end of the process."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
    mount = 'ip link set lo up; mount --bind "$0" /etc/resolv.conf && exec "$@"'
    command = ["unshare", "--mount", "--net", "sh", "-c", mount, str(tmp_path / "resolv.conf"), sys.executable, "-c"]
    start = time.monotonic()
    done = subprocess.run([*command, MUTE_NAME_SERVER], capture_output=True, text=True, check=False, timeout=60)
    if "ip: not found" in done.stderr:
        pytest.skip("no program to bring up a network here")
    assert (done.stdout, done.stderr) == ("timed_out True 127.0.0.1\n", "")
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_too_many_open_files(folder: Path, scheme: str) -> None:
    """Where this process may open no more files, the system's own words are the reason."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listening(("127.0.0.1", 0)) as server, listening(f"{folder}/x.sock"):
        place = str(folder / "x.sock") if scheme == "unix" else f"127.0.0.1:{server.getsockname()[1]}"
        assert not ask("tcp://127.0.0.1:1")  # so that every module that finds words is there
        spare = os.dup(0)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
        try:
            answer = ask(f"{scheme}://{place}")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert said(answer) == ("unavailable", f"{place} cannot be reached (Too many open files)")
        assert ask(f"{scheme}://{place}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that every user may enter."""
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


UNREACHED = "{path} cannot be reached "
GONE = "there is no socket at {path}; start what makes it, or correct the path"
STALE = "nothing listens on {path}, a stale socket; restart what made it"


def too_long(path: Path) -> None:
    """Put a stale socket at a path that is too long to bind one there."""
    short = path.with_name("x")
    listening(str(short)).close()
    short.rename(path)


# What is made at the path (str makes nothing), the path below the folder, and what is said of it.
AT_THE_PATH: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "nothing": (str, "a b.sock", GONE),
    "something below a file": (lambda path: path.parent.touch(), "file/x", UNREACHED + "(Not a directory)"),
    "a file": (Path.touch, "x", "{path} is a regular file, not a socket; correct the path"),
    "a stale socket": (lambda path: listening(str(path)).close(), "a b.sock", STALE),
    "a path that is too long": (too_long, "x" * 200, UNREACHED + "(AF_UNIX path too long)"),
}


@pytest.mark.parametrize(("make", "name", "reason"), AT_THE_PATH.values(), ids=AT_THE_PATH)
def test_no_server_at_the_path(folder: Path, make: Callable[[Path], object], name: str, reason: str) -> None:
    """What is there is told, and a server that is started there turns the answer."""
    path = folder / name
    make(path)
    assert said(ask(f"unix://{path}")) == ("unavailable", reason.format(path=path))
    if name == "a b.sock":
        path.unlink(missing_ok=True)
        with listening(str(path)):
            assert said(ask(f"unix://{path}")) == ("available", f"{path} accepts connections")


@pytest.mark.skipif(not IS_ROOT, reason="whom a socket belongs to may connect in any case")
def test_a_socket_of_somebody_else(folder: Path) -> None:
    """Opening it to others turns the answer."""
    path = folder / "x.sock"
    with listening(str(path)):
        for mode in (0o660, 0o666):
            path.chmod(mode)
            with as_nobody():
                answer = ask(f"unix://{path}")
            assert bool(answer) is (mode == 0o666)
            hint = f"join the group that owns it (ls -l {path}), or have its owner let this user in"
            assert answer or said(answer) == ("unavailable", f"permission denied at {path}; {hint}")
