"""Real servers: programs that may not be installed, started by a test and ended with it, without systemd."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# Read at import: conftest.py takes every setting away before a test.
REQUIRED = os.environ.get("SSOT_SHIMS_REQUIRE", "").replace(" ", "").split(",")


def need(capability: str, program: str, package: str, *, as_root: bool = False) -> str:
    """Where *program* is; a skip where it cannot be run, and a failure where SSOT_SHIMS_REQUIRE names *capability*."""
    folders = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(program, path=os.pathsep.join(folders))
    if found is None or (as_root and os.geteuid() != 0):
        stop = pytest.fail if capability in REQUIRED else pytest.skip
        stop(f"{program} cannot be run here; to test it: apt-get install {package}{', as root' * as_root}")
    return found


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder for what a server writes, which every user may enter, with a path that is short enough for sockets."""
    with TemporaryDirectory(prefix="e", dir="/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextlib.contextmanager
def running(
    command: list[str], log: Path, is_up: Callable[[], object], user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of *command*, when it is up; a group of its own, which ends as a whole."""
    # Folders of the test that starts it are gone before it ends: a health check of dockerd writes into XDG_RUNTIME_DIR.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "XDG_"))}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=file, stderr=file, env=environment, user=user, start_new_session=True)

    with log.open("ab") as file:
        process, end = start(), time.monotonic() + 60
        try:
            while not is_up():
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
                if process.poll() is not None:  # what is left of one that was killed may still be in the way
                    process = start()
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
