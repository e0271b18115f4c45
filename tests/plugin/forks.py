"""Processes that start with pytest imported already, which is most of what a short run of it costs.

Each is a fork of one server, which has imported pytest and nothing else, but for coverage where that measures, and is
as good as started anew: with its own folder, environment and path, and an end of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from coverage import Coverage

_TIMEOUT = 120
_SERVER = f"""
import gc, importlib, json, os, runpy, signal, sys, tempfile
from _pytest.config import default_plugins

for name in (*("_pytest." + plugin for plugin in default_plugins), *sys.argv[1:]):
    importlib.import_module(name)
standard = sys.path[1:]  # but for the folder of the server
gc.freeze()  # pytest collects garbage ten times at its end
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    raise SystemExit

signal.alarm({_TIMEOUT})
for number, file in enumerate((os.devnull, order["out"], order["err"])):
    os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
os.chdir(order["folder"])
os.environ.clear()
os.environ.update(order["env"])
tempfile.tempdir = None
sys.path[:] = dict.fromkeys([order["folder"], *os.environ["PYTHONPATH"].split(os.pathsep), *standard])
sys.argv[1:] = order["arguments"]
if "COVERAGE_PROCESS_START" in os.environ:
    importlib.import_module("coverage").process_startup()
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""


class Forks:
    """A server, started at the first order; where processes cannot be forked, each is started anew."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None

    def run(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], out: Path, err: Path) -> int:
        """The exit code of ``python -m pytest`` with *arguments* in *folder*; it prints to *out* and *err*."""
        if not hasattr(os, "fork"):
            command = [sys.executable, "-m", "pytest", *arguments]
            with out.open("wb") as stdout, err.open("wb") as stderr:
                return subprocess.call(command, cwd=folder, env=env, stdout=stdout, stderr=stderr, timeout=_TIMEOUT)
        order = {"arguments": arguments, "folder": str(folder), "env": env, "out": str(out), "err": str(err)}
        self._server = server = self._server or _started()
        server.stdin.write(json.dumps(order).encode() + b"\n")
        return int(server.stdout.readline())

    def end(self) -> None:
        """No more orders to this server; the next would be for a new one."""
        if self._server is not None:
            self._server.communicate()
            self._server = None


def _started() -> subprocess.Popen[bytes]:
    ours, pipe = ("PYTHONPATH", "COVERAGE_PROCESS_START"), subprocess.PIPE
    env = {name: value for name, value in os.environ.items() if name not in ours}
    # Without buffers, or what has been read ahead would be waited for.
    command = [sys.executable, "-c", _SERVER, *(["coverage"] if Coverage.current() is not None else [])]
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, bufsize=0)
