"""Shims over distributions that are really built and installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import ssot_shims
from tests.conftest import run
from tests.support.migrate_tree import plant

Environment = dict[str, Path]

HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
BY_PATH = '[tool.hatch.build.targets.wheel]\npackages = ["src/by_path"]\n'
BY_HOOK = '[tool.setuptools]\npackages = ["by_hook"]\npackage-dir = { by_hook = "code" }\n'
UNLOAD = "import os\nos._exit(3)  # this must not run\n"


def project(name: str) -> str:
    return f'[project]\nname = "{name}"\nversion = "1.0"\n'


DISTRIBUTIONS = {
    "acme/pyproject.toml": HATCH + project("acme"),
    "acme/acme/__init__.py": "",
    "acme/acme/heartbeat.py": "class HeartbeatConfig: ...\nclass Limits: ...\n",
    "by_path/pyproject.toml": HATCH + project("by-path") + BY_PATH,
    "by_path/src/by_path/__init__.py": "class Limits: ...\n",
    "by_hook/pyproject.toml": SETUPTOOLS + project("by-hook") + BY_HOOK,
    "by_hook/code/__init__.py": "class Limits: ...\n",
    "by_hook/code/ws.py": UNLOAD,
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment with those distributions, two of them editable: by a path file, by an import hook."""
    folder = tmp_path_factory.mktemp("installed")
    plant(folder / "sources", DISTRIBUTIONS)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = next(folder.glob("venv/[bS]*/python*"))
    site = next(folder.glob("venv/[lL]ib/**/site-packages"))
    ours = [str(Path(ssot_shims.__file__).parents[1]), sysconfig.get_path("purelib")]
    (site / "ours.pth").write_text("\n".join(ours))
    sources = folder / "sources"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    what = [sources / "acme", "-e", sources / "by_path", "-e", sources / "by_hook"]
    command = [*install, "--no-build-isolation", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {"python": python, "site": site, "sources": sources}


CODE = """
import json, sys, warnings
from ssot_shims import shim, shim_of
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    thing = shim(sys.argv[1])(type("Thing", (), {}))
record = shim_of(thing)
print(json.dumps(dict(state=record.state, reason=record.reason, metadata="importlib_metadata" in sys.modules)))
"""


def ask(environment: Environment, target: str) -> dict[str, Any]:
    """What a shim over *target* becomes in that environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [environment["python"], "-c", CODE, target]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


ONE, SOURCES = "{site}/acme/heartbeat.py", "{sources}/by_hook/code"
UNREAD = f"Limits is not in {SOURCES}/ws.py (read, not run); the same name is at by_hook:Limits"
FOUND = {
    "installed": ("acme.heartbeat:Limits", "upstream", f"acme.heartbeat:Limits ({ONE})"),
    "behind a path file": ("by_path:Limits", "upstream", "by_path:Limits ({sources}/by_path/src/by_path/__init__.py)"),
    "behind an import hook": ("by_hook:Limits", "upstream", f"by_hook:Limits ({SOURCES}/__init__.py)"),
    "gone behind an import hook, whose sources are not run": ("by_hook.ws:Limits", "moved", UNREAD),
    "absent": ("nowhere.ws:Limits", "absent", "no package 'nowhere' is installed here"),
    # No source, no look: the import decides.
    "compiled": ("_csv:Dialect", "upstream", "_csv:Dialect"),
    "gone from what is compiled": ("_csv:Dialects", "moved", "; similar: _csv:Dialect, "),
}


@pytest.mark.parametrize(("target", "state", "reason"), FOUND.values(), ids=FOUND)
def test_an_upstream_of_a_distribution(environment: Environment, target: str, state: str, reason: str) -> None:
    """It is found wherever it leads; metadata is read neither for what is there nor for what is absent."""
    found = ask(environment, target)
    assert (found["state"], found["metadata"]) == (state, False)
    assert reason.format(**environment) in found["reason"]


def test_asking_for_docker_reads_no_metadata() -> None:
    """In a process of its own neither importlib_metadata is imported nor that of the standard library."""
    code = "from ssot_shims import is_docker_available\nis_docker_available()"
    imported = {line.rpartition("|")[2].strip() for line in run(code, "-X", "importtime")[1].splitlines()}
    assert "ssot_shims._probes.docker" in imported
    assert not {"importlib_metadata", "importlib.metadata", "email"} & imported
