"""The worked example does what its README shows."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from ssot_shims import capabilities

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "acme"
BLOCKS = re.findall(r"^```(sh|text)\n(.*?)^```$", (EXAMPLE / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
SERVER = next(text for _, text in BLOCKS if "http.server" in text)
RUNS = [(text, shown) for (_, text), (language, shown) in pairwise(BLOCKS) if language == "text"]
PORTS = ("8000", "8765")  # those of the example, which somebody may use


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ones instead of those of the example."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return {shown: str(each.getsockname()[1]) for shown, each in zip(PORTS, (one, other), strict=True)}


@pytest.fixture
def example(tmp_path: Path, ports: dict[str, str]) -> Path:
    """A copy of the example, with those ports, on a machine without Docker."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "acme", ignore=ignored))
    (folder / "pyproject.toml").write_text(with_ports((EXAMPLE / "pyproject.toml").read_text("utf-8"), ports), "utf-8")
    return folder


def with_ports(text: str, ports: dict[str, str]) -> str:
    for shown, real in ports.items():
        text = text.replace(shown, real)
    return text


def environment(folder: Path) -> dict[str, str]:
    """As after installing ssot_shims alone, in a terminal of 80 columns."""
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    pytest_has = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p ssot_shims.pytest_plugin"}
    docker = f"unix://{folder}/no-docker.sock"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "DOCKER_HOST": docker, **pytest_has}


@contextmanager
def serving(folder: Path, command: str, port: str) -> Iterator[None]:
    """The server of the second terminal, when it listens."""
    # With exec the shell becomes the server, and is what ends.
    words = ["bash", "-c", f"exec {command}"]
    server = subprocess.Popen(words, cwd=folder, env=environment(folder), stderr=subprocess.DEVNULL)
    try:
        assert capabilities.check(f"tcp://127.0.0.1:{port}", wait=10)
        yield
    finally:
        server.terminate()
        server.wait()


def printed(folder: Path, command: str) -> str:
    # The reader has installed what the test takes from this checkout.
    words = ["bash", "-c", command.replace("PYTHONPATH=", f"PYTHONPATH={ROOT}:")]
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def alike(text: str, ports: dict[str, str]) -> str:
    """*text* without what differs from machine to machine: versions, folders, seconds, and where Docker is not."""
    text = with_ports(text, {real: shown for shown, real in ports.items()})
    text = re.sub(r"^(platform|rootdir|plugins|cachedir)\b.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"there is no socket at [^;]*; (start an engine there|name an engine): [^;\n]*", "no Docker", text)
    return re.sub(r"=+ (.*) in [\d.]+s =+", r"\1", text)


def test_what_the_readme_shows(example: Path, ports: dict[str, str]) -> None:
    """Each of its three commands prints what stands below it; the placeholder keeps its promises to the real acme."""
    nothing, with_staging, required = RUNS
    server = with_ports(SERVER, ports)
    assert alike(printed(example, nothing[0]), ports) == alike(nothing[1], {})
    with serving(example, server, ports["8765"]):
        assert alike(printed(example, with_staging[0]), ports) == alike(with_staging[1], {})
    assert alike(printed(example, required[0]), ports) == alike(required[1], {})
    lines = printed(example, "PYTHONPATH=upstream python -m ssot_shims verify").splitlines()
    assert lines[-1] == "1 of 1 shims compared with their upstream; 0 errors"
