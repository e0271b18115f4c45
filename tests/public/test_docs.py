"""README, docstrings and the project's own promises are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import importlib_metadata
import pytest

import ssot_shims
from ssot_shims import capabilities
from ssot_shims._names import NAMES
from ssot_shims._probes.notation import read
from ssot_shims._project.pyproject import read_project

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MODULES = sorted(module.name for module in pkgutil.walk_packages(ssot_shims.__path__, "ssot_shims."))
INSTALL, TEST = (text.strip() for language, text in BLOCKS if language == "sh" and "pip install" in text)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def run(command: list[str] | str, folder: Path) -> str:
    """Standard output of a command in a process of its own that sees this checkout."""
    shell = ["bash", "-euo", "pipefail", "-c", command] if isinstance(command, str) else command
    env = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_kind_of_block_in_the_readme_is_known() -> None:
    """A block in a language that no test here runs would be an unproved promise."""
    assert {language for language, _ in BLOCKS} == {"sh", "text", "python", "toml"}


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_of_the_readme_runs(block: str, tmp_path: Path) -> None:
    """Each block is a program that runs without an error or a warning, in a project with the environments shown."""
    (environments,) = (text for text in blocks("toml") if "environments" in text)
    (tmp_path / "pyproject.toml").write_text(environments)
    (tmp_path / "block.py").write_text(block)
    run([sys.executable, "-W", "error", "block.py"], tmp_path)


@pytest.mark.parametrize("block", [text for text in blocks("sh") if "pip install" not in text])
def test_the_commands_of_the_readme_run(block: str, tmp_path: Path) -> None:
    """Each command that installs nothing ends with exit code 0."""
    assert run(block, tmp_path)


def test_the_output_in_the_readme_is_what_status_prints(tmp_path: Path) -> None:
    """To the letter, but for the Python, and for what each capability is on the machine of the reader."""
    (shown,) = blocks("text")
    shims, found = run([sys.executable, "-m", "ssot_shims"], tmp_path).split("\n\nCAPABILITY")
    shims_shown, found_shown = shown.split("\n\nCAPABILITY")
    here = f"CPython {platform.python_version()} at {sys.prefix}"
    assert shims == re.sub(r"CPython [\d.]+ at \S+", here, shims_shown)
    row = re.compile(r"^\w+ +(?=(?:available|unavailable|timed out|failed) +\S)", re.MULTILINE)
    assert row.findall(found) == row.findall(found_shown)
    assert len(row.findall(found)) == len([*capabilities])
    assert found.splitlines()[0] == found_shown.splitlines()[0]


def test_the_tables_of_the_readme_read(tmp_path: Path) -> None:
    """Each TOML block is accepted by whoever reads it."""
    modules, ours, environments, moves = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(modules)
    assert read_project(tmp_path / "pyproject.toml").modules == ("acme_tests.shims",)
    (tmp_path / "pyproject.toml").write_text(ours)
    found = [(one.name, one.notation) for one in read_project(tmp_path / "pyproject.toml").capabilities]
    assert found == [("postgres", "tcp://localhost:5432"), ("backend", "http://localhost:8000/health")]
    (tmp_path / "pyproject.toml").write_text(environments)
    chain = [(plan.name, plan.requires) for plan in read_project(tmp_path / "pyproject.toml").environments]
    assert chain == [("docker", ("docker", "backend")), ("staging", ("staging",))]
    (tmp_path / "pyproject.toml").write_text(moves)
    project = read_project(tmp_path / "pyproject.toml")
    assert [rule[:2] for rule in project.rules] == [
        ("acme.ws.manager:Limits", "acme.limits:Limits"),
        ("acme.legacy:*", "acme.modern:*"),
    ]
    assert project.exclude == ("tests/fixtures", "**/*_pb2.py")


def test_the_notations_of_the_readme_read() -> None:
    """Each one in the table is accepted, and none is missing."""
    (table,) = re.findall(r"^\| probe \|.*?\n\n", README, re.MULTILINE | re.DOTALL)
    notations = [text for line in table.splitlines()[2:] for text in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
    schemes = {read(notation).notation.partition(":")[0] for notation in notations}
    assert schemes == {"tcp", "unix", "http", "https", "command", "module", "env", "python", "all", "any"}


@pytest.mark.slow
def test_the_first_command_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    """In a fresh virtual environment and a copy of the checkout, it installs and prints the status."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=shutil.ignore_patterns(".*", "__pycache__", "*venv*", "dist"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    command = f'. "{tmp_path}/venv/bin/activate" && {INSTALL} && cd / && ssot-shims --version'
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
    assert TEST == "python -m pip install -e '.[dev]' && python -m pytest --cov -n 2"


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


def test_the_version_is_stated_once() -> None:
    """The package, the installed metadata and the newest heading of the changelog agree."""
    (newest, *_) = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert newest == ssot_shims.__version__ == importlib_metadata.version("ssot-shims")


def test_the_runtime_dependencies_are_those_that_are_used() -> None:
    """typing-extensions, importlib-metadata and packaging, and all are imported by the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = {re.split(r"[<>=]", text)[0] for text in project["project"]["dependencies"]}
    source = "\n".join(file.read_text("utf-8") for file in (ROOT / "ssot_shims").rglob("*.py"))
    assert names == {"typing-extensions", "importlib-metadata", "packaging"}
    assert all(re.search(rf"^ *(import|from) {name.replace('-', '_')}\b", source, re.MULTILINE) for name in names)
