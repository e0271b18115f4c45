"""The command line inside this process, on a machine whose capabilities are known; and a terminal for it."""

from __future__ import annotations

import contextlib
import os
import platform
import pty
import sys
import threading
from collections.abc import Iterator

import pytest

import ssot_shims
from ssot_shims import capabilities, cli

Capsys = pytest.CaptureFixture[str]

TITLE = f"ssot_shims {ssot_shims.__version__} on CPython {platform.python_version()} at {sys.prefix}"
ABSENT = (
    "no package 'netra_backend' is installed here; "
    "to use the real one, install it, or set PYTHONPATH=<the folder that holds netra_backend>"
)
CAPABILITIES = """\
CAPABILITY      STATUS       WHY
docker          unavailable  no engine here
docker_compose  unavailable  no Compose here
docker_sdk      available    the SDK is here
git             available    git is here
podman          unavailable  no podman here
"""
SUITE = """
from ssot_shims import shim

@shim("acme.ws:Limits")
class Limits:
    retries = 3

@shim("acme.old:Quota", "acme.ws:Quota")
class Quota:
    '''Of requests.

    >>> Quota().left
    5
    '''
    left = 5
"""
UPSTREAM = {
    "acme/__init__.py": "print('acme says hello')",
    "acme/ws.py": "class Limits:\n    retries = 3\nclass Quota:\n    left = 5\n",
    "suite/__init__.py": "",
    "suite/shims.py": SUITE,
}
ONE = "from ssot_shims import shim\n@shim('acme:X')\nclass X: ...\n"


def says(name: str, answer: object) -> None:
    """Register a capability whose probe gives *answer*."""
    capabilities.register(name, lambda: answer, replace=True)


def row(out: str, name: str) -> str:
    """The line of the table that begins with *name*, its columns parted by single blanks."""
    return next(" ".join(line.split()) for line in out.splitlines() if line.split()[:1] == [name])


def states(out: str) -> dict[str, str]:
    """The second column of the first table, by the first."""
    table = out.split("\n\n")[1].splitlines()[1:]
    return {line.split()[0]: line.split()[1] for line in table}


def run(capsys: Capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    try:
        code = cli.main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, list[bytes]]]:
    """A terminal to write to, and what was written there, which is all of it once the block has ended."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while chunk := os.read(ours, 65536):
                shown.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield theirs, shown
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
