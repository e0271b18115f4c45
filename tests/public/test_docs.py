"""The commands of the README, docstrings and the project's own promises are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import importlib_metadata
import pytest

import ssot_shims
from ssot_shims._names import NAMES

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"^python -m pip install .*", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
MODULES = sorted(module.name for module in pkgutil.walk_packages(ssot_shims.__path__, "ssot_shims."))


@pytest.mark.slow
def test_the_first_command_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    """In a fresh virtual environment and a copy of the checkout, it installs and prints the status."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=shutil.ignore_patterns(".*", "__pycache__", "*venv*", "dist"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    command = f'. "{tmp_path}/venv/bin/activate" && {COMMANDS[0]} && cd / && ssot-shims --version'
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path / "checkout", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "HeartbeatConfig  absent" in done.stdout
    assert done.stdout.splitlines()[-1] == f"ssot-shims {ssot_shims.__version__}"


def test_the_gate_runs_the_commands_of_the_readme() -> None:
    """``.ci/run`` takes both commands out of README.md itself."""
    gate = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "README.md" in gate
    assert COMMANDS[1:] == ["python -m pip install -e '.[dev]' && python -m pytest --cov -n 2"]


@pytest.mark.parametrize("module", ["ssot_shims", *(name for name in MODULES if name != "ssot_shims.__main__")])
def test_docstring_examples_are_true(module: str, fresh_shims: None) -> None:
    """Every example in every docstring gives what it shows."""
    home = importlib.import_module(module)
    public = [name for name, home in NAMES.items() if module == f"ssot_shims.{home}"]
    values = [value for name, value in vars(home).items() if is_defined_in(value, module) or name in public]
    if home is ssot_shims:  # what others have asked it for is tested at its home
        values = []
    failed = doctest.DocTestRunner()
    finder = doctest.DocTestFinder(recurse=False), doctest.DocTestFinder()
    for value in [home, *values]:
        for example in finder[value is not home].find(value, module, module=False, globs=vars(home).copy()):  # type: ignore[arg-type]
            failed.run(example, clear_globs=False)
    assert failed.failures == 0


def is_defined_in(value: object, module: str) -> bool:
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module


def test_every_public_thing_has_a_docstring() -> None:
    """Modules, and what the package offers, say what the caller gets, in a first line that ends with a full stop."""
    things = [*(getattr(ssot_shims, name) for name in ssot_shims.__all__), *map(importlib.import_module, MODULES[1:])]
    for thing in things:
        first = (inspect.getdoc(thing) or "").partition("\n")[0]
        assert first.endswith((".", "...")), thing


def test_pyproject_states_what_is_so() -> None:
    """The version is that of the package and of the changelog's newest heading; dependencies are those imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (newest, *_) = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest == ssot_shims.__version__ == importlib_metadata.version("ssot-shims")
    names = {re.split(r"[<>=]", text)[0] for text in project["dependencies"]}
    source = "\n".join(file.read_text("utf-8") for file in Path(ssot_shims.__file__).parent.rglob("*.py"))
    assert (project["dynamic"], names) == (["version"], {"typing-extensions", "importlib-metadata", "packaging"})
    assert all(re.search(rf"^ *(import|from) {name.replace('-', '_')}\b", source, re.MULTILINE) for name in names)
