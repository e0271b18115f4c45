"""Thousands of questions, to engines and services that refuse, say nothing or hang up: what they took comes back.

Counted are the open file descriptors, the threads, and the memory that Python has handed out. The peers are in a
process of their own, so that what they hold is not counted as ours.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from ssot_shims import Registry, Unavailable
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.docker import DockerProbe
from tests.support.docker_machine import Machine
from tests.support.hostile import free_port, listening

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not list a process's descriptors in /proc"
)

ROOT = Path(__file__).parents[2]
SOME, MANY = 100, 10_000
WARM = 30  # questions before the first count: what is imported and cached once is no leak
# Of growth, whatever the number of questions: an event loop and its threads go up and down a little.
MOST_BYTES = 50_000

# Ways to treat a connection, at a TCP port and a unix socket each.
PEERS = """
import sys
from tests.support.hostile import Peer, hangs_up, says

def mute(talk):
    while talk.connection.recv(4096):  # until the other end has closed
        pass

no = says(b"HTTP/1.1 503 no\\r\\nContent-Length: 0\\r\\n\\r\\n")
for how, act in {"mute": mute, "closes": hangs_up, "answers": no}.items():
    for at in (f"{sys.argv[1]}/{how}", ("127.0.0.1", 0)):
        print(how, Peer(at, act).host, flush=True)
print(flush=True)
sys.stdin.read()  # a Python that ends may start no thread, such as for a peer's next conversation
"""
# What each is found to be.
STATUS = {"mute": "timed_out", "closes": "unavailable", "answers": "unavailable", "refuses": "unavailable"}


class Held(NamedTuple):
    """What this process holds."""

    descriptors: int
    threads: int
    bytes: int


def held() -> Held:
    gc.collect()
    return Held(len(os.listdir("/proc/self/fd")), threading.active_count(), tracemalloc.get_traced_memory()[0])


def settled(before: Held) -> Held:
    """What is held once threads that are on their way out are gone; that takes them a moment."""
    end = time.monotonic() + 10
    while (now := held()).threads > before.threads and time.monotonic() < end:
        time.sleep(0.01)
    return now


@pytest.fixture(autouse=True)
def _no_tracer_in_new_threads() -> Iterator[None]:
    """What measures coverage keeps notes for each thread, which is no leak of ours."""
    kept = threading.gettrace()
    threading.settrace(None)
    yield
    threading.settrace(kept)


def assert_no_leak(ask: Callable[[], object], count: int = SOME) -> None:
    """After *count* questions this process holds no more than it held after the first few."""
    tracemalloc.start()
    gc.freeze()  # so that collecting goes through what is new, and not through all that the whole run holds
    try:
        for _ in range(WARM):
            ask()
        before = settled(Held(0, threading.active_count(), 0))
        for _ in range(count):
            ask()
        after = settled(before)
    finally:
        gc.unfreeze()
        tracemalloc.stop()
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads  # a thread on its way out may be among those before
    assert after.bytes - before.bytes < MOST_BYTES


Peers = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """The address of each, by its scheme and what it does."""
    folder = tmp_path_factory.mktemp("p")
    command = [sys.executable, "-c", PEERS, str(folder)]
    with free_port() as refuses, subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        listening(f"{folder}/refuses").close()
        told = [line.split() for line in iter(process.stdout.readline, "\n")]
        told += [["refuses", f"unix://{folder}/refuses"], ["refuses", f"tcp://127.0.0.1:{refuses}"]]
        yield {(host.partition(":")[0], how): host for how, host in told}
        process.kill()


def assert_none_of(registry: Registry, status: str, count: int = SOME) -> None:
    """The capability ``it`` is found out each time, and leaves nothing."""

    def ask() -> None:
        registry.refresh("it")
        assert registry.check("it").status == status

    assert_no_leak(ask, count)


CASES = [(scheme, how, SOME) for scheme in ("tcp", "unix", "http") for how in STATUS] + [("https", "mute", SOME)]
MOST_MET = [pytest.param(*case, MANY, marks=pytest.mark.slow) for case in (("unix", "mute"), ("tcp", "refuses"))]


@pytest.mark.parametrize(("scheme", "how", "count"), [*CASES, *MOST_MET])
def test_peers(
    machine: Machine, peers: Peers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, how: str, count: int
) -> None:
    """An engine or page that is mute, hangs up, answers no or is not there leaves nothing in the process that asked."""
    registry, timeout = Registry(), 0.002 if how == "mute" else 30.0
    if scheme in ("tcp", "unix"):
        machine.set("DOCKER_HOST", peers[scheme, how])
        registry.add(capability("it", DockerProbe(), timeout=timeout))
    else:
        # Reading every certificate of the machine would take much longer than the question.
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        registry.register("it", peers["tcp", how].replace("tcp", scheme), timeout=timeout)
    assert_none_of(registry, STATUS[how], count)


@pytest.mark.parametrize("way", ["no", "raises", "says no", "odd"])
def test_functions(way: str) -> None:
    """A function that runs in a thread of its own takes that thread, and the error it raised, with it."""
    registry = Registry()

    def probe() -> object:
        large = bytes(10_000)  # held by the frame, and so by the traceback
        if way == "raises":
            raise ValueError(large[:10])
        if way == "says no":
            raise Unavailable("no")
        return False if way == "no" else object()

    registry.register("it", probe, timeout=30)
    assert_none_of(registry, "failed" if way in ("raises", "odd") else "unavailable")


def test_side_by_side_and_beside_an_event_loop(peers: Peers) -> None:
    """Threads that ask for several at once, and for those who await, end with their answer."""
    registry = Registry()
    for name in ("one", "two", "three"):
        registry.register(name, peers["tcp", "refuses"], timeout=30)
    registry.register("all_of_them", "all:one,two,three")

    def ask() -> None:
        registry.refresh()
        assert not any(registry.check_all().values())
        registry.refresh()
        assert not asyncio.run(registry.acheck("all_of_them"))

    assert_no_leak(ask, SOME // 5)


def test_registries() -> None:
    """A registry that nobody holds any more goes with all it has found out, although forks are told of it."""

    def ask() -> None:
        registry = Registry()
        registry.register("thing", lambda: (False, "x" * 1000))
        assert not registry.check("thing")

    tracemalloc.start()
    ask()
    before = held()
    for _ in range(SOME):
        ask()
    grown = settled(before).bytes - before.bytes
    tracemalloc.stop()
    assert grown / SOME < 900  # a small note for each, which the system keeps for good
