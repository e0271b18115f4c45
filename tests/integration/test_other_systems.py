"""What is different on Windows and macOS, played here: the real ones run in the workflow."""

from __future__ import annotations

import errno
import io
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from ssot_shims import Registry, cli
from ssot_shims._report import write
from tests.support.certificates import server
from tests.support.hostile import Peer, says

ROOT = Path(__file__).parents[2]


class Closed(io.StringIO):
    """What nobody reads any more, as Windows says it."""

    def flush(self) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    def fileno(self) -> int:
        return self.spare.fileno()


@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_a_closed_pipe(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows it is error 22, which elsewhere is an error as any other."""
    monkeypatch.setattr(sys, "platform", platform)
    out = Closed()
    with (tmp_path / "spare").open("w") as out.spare:
        if platform == "win32":
            assert write(out, "text") is False
        else:
            with pytest.raises(OSError, match="Invalid argument"):
                write(out, "text")


CONSOLES = [("win32", {}, False), ("win32", {"WT_SESSION": "1"}, True), ("win32", {"TERM": "xterm"}, True)]


@pytest.mark.parametrize(("platform", "settings", "is_coloured"), [*CONSOLES, ("linux", {}, True)])
def test_colours_are_for_consoles_that_take_them(
    platform: str, settings: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old console of Windows would show the escapes."""
    for name in ("NO_COLOR", "TERM", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    sysconfig.get_config_vars()  # read once for each process, of the real system
    monkeypatch.setattr(sys, "platform", platform)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", out)
    cli.main(["status"])
    assert ("\x1b[" in out.getvalue()) is is_coloured


@pytest.mark.parametrize(("cafile", "step"), [(None, 'open "/Applications/Python '), ("x", "SSL_CERT_FILE=")])
def test_a_mac_that_trusts_nobody_yet(cafile: str | None, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python of python.org has no authorities until its own script has run."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile=cafile))
    registry = Registry()
    with Peer(("127.0.0.1", 0), says(b"HTTP/1.1 200 OK\r\n\r\n"), tls=server(trustme.CA())) as peer:
        registry.register("web", f"https://127.0.0.1:{peer.place[1]}/")
        assert step in registry.check("web").hint


ELSEWHERE = """
import asyncio, concurrent.futures, ctypes, multiprocessing, os, subprocess, sys, tempfile, pytest, shutil
for name in ("fork", "getuid", "geteuid", "getgid", "getgroups", "mkfifo", "killpg", "WUNTRACED", "setegid"):
    delattr(os, name)
for name in ("pty", "resource", "fcntl", "termios", "pwd", "grp", "tty"):
    sys.modules[name] = None
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider"]))
"""


@pytest.mark.slow
def test_every_test_can_be_collected_where_there_is_no_unix() -> None:
    """Modules and functions that Windows has not are looked for by the tests that need them, not at import."""
    command = [sys.executable, "-W", "ignore", "-c", ELSEWHERE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
