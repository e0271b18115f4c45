"""``tcp://`` and ``unix://`` against a real PostgreSQL and a real Redis, started here and killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssot_shims._availability import Availability
from tests.support.hostile import free_port
from tests.support.http_peer import ask, said
from tests.support.servers import need, running, short_folder


def no(explanation: str) -> tuple[str, str]:
    return "unavailable", explanation


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def last_answer(notation: str) -> Availability:
    """The answer when the children of a killed server, which hold its sockets for a moment longer, are gone too."""
    end = time.monotonic() + 30
    while (answer := ask(notation)) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


def check_server(command: list[str], user: str | None, port: int, path: Path, stop: signal.Signals) -> None:
    """Every answer from before the first start to after a crash; *stop* ends the server in good order."""
    tcp, unix = f"tcp://127.0.0.1:{port}", f"unix://{path}"
    nothing = no(f"nothing listens on 127.0.0.1:{port}; start it, or correct the address")
    no_socket = no(f"there is no socket at {path}; start what makes it, or correct the path")
    log = path.with_name("log")

    assert [said(ask(tcp)), said(ask(unix))] == [nothing, no_socket]
    with running(command, log, lambda: ask(unix), user) as server:
        assert said(ask(tcp)) == ("available", f"127.0.0.1:{port} accepts connections")
        assert said(ask(unix)) == ("available", f"{path} accepts connections")
        server.kill()
        server.wait()
        assert said(last_answer(tcp)) == nothing
        assert said(last_answer(unix)) == no(f"nothing listens on {path}, a stale socket; restart what made it")
    with running(command, log, lambda: ask(unix), user) as server:
        assert (ask(tcp).status, ask(unix).status) == ("available", "available")
        server.send_signal(stop)
        server.wait(30)
    assert [said(ask(tcp)), said(ask(unix))] == [nothing, no_socket]


def test_postgres(folder: Path) -> None:
    """No server, a running one, a crashed one, one started anew, one stopped."""
    postgres = str(Path(need("postgres", "postgres", "postgresql")).resolve())  # initdb is beside it
    user = "postgres" if os.geteuid() == 0 else None  # it does not run as root
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(Path(postgres).parent / "initdb"), "-D", str(data), "-A", "trust", "-U", "acme", "--no-sync"]
    subprocess.run(initdb, user=user, capture_output=True, check=True)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with free_port() as port:
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), *options]
        check_server(command, user, port, folder / f".s.PGSQL.{port}", signal.SIGINT)


def test_redis(folder: Path) -> None:
    """No server, a running one, a crashed one, one started anew, one stopped."""
    redis = need("redis", "redis-server", "redis-server")
    path = folder / "redis.sock"
    options = ["--bind", "127.0.0.1", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    with free_port() as port:
        check_server([redis, "--port", str(port), *options], None, port, path, signal.SIGTERM)
