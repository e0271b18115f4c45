"""Probes of commands, modules, environment variables and functions: what they answer, and how to turn the answer."""

from __future__ import annotations

import importlib
import json
import os
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from ssot_shims import Registry
from ssot_shims._availability import Availability
from ssot_shims._probes.notation import PythonProbe, read
from tests.conftest import Write

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def ask(notation: str) -> Availability:
    probe = cast("Probe", read(notation))
    probe.prepare()
    return probe.ask(time.monotonic() + 30)


def distribution(name: str, version: str, *files: str) -> dict[str, str]:
    """The files of an installed distribution, for ``write``."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    records = [*files, f"{folder}/METADATA", f"{folder}/RECORD"]
    return {
        **dict.fromkeys(files, "raise RuntimeError('imported')\n"),
        f"{folder}/METADATA": METADATA.format(name=name, version=version),
        f"{folder}/RECORD": "".join(f"{record},,\n" for record in records),
    }


# --- command


def test_a_command_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told where the command is; without one, what to do, and doing that turns the answer."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}{os.pathsep}{tmp_path}")
    answer = ask("command:tool")
    assert (answer.status, answer.reason) == ("unavailable", "there is no command 'tool' in the folders of PATH")
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    answer = ask("command:tool")
    assert (answer.status, answer.reason) == ("unavailable", f"{tool} is there and may not be executed")
    tool.chmod(0o755)
    answer = ask("command:tool")
    assert answer == Availability(status="available", reason=f"tool is at {tool}", details={"path": str(tool)})


def test_a_command_by_its_path(tmp_path: Path) -> None:
    """A path with blanks in it is looked at itself, and PATH is not."""
    tool = tmp_path / "my folder" / "tool"
    answer = ask(f"command:{tool}")
    assert (answer.status, answer.reason) == ("unavailable", f"there is no file {tool}")
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    answer = ask(f"command:{tool}")
    assert (answer.status, answer.reason) == ("unavailable", f"{tool} is there and may not be executed")
    tool.chmod(0o755)
    assert ask(f"command:{tool}").reason == f"{tool} is at {tool}"


# --- env


@pytest.mark.parametrize(
    ("value", "is_yes"),
    [("true", True), ("false", False), ("", False), (None, False), ("1", False), ("True", False), ("true ", False)],
)
def test_the_value_of_an_environment_variable(monkeypatch: pytest.MonkeyPatch, value: str | None, is_yes: bool) -> None:
    """It is compared letter by letter, and the one that the variable has is not shown."""
    monkeypatch.delenv("RUN_E2E", raising=False)
    if value is not None:
        monkeypatch.setenv("RUN_E2E", value)
    assert bool(ask("env:RUN_E2E=true")) is is_yes
    monkeypatch.setenv("RUN_E2E", "hunter2")
    assert "hunter2" not in ask("env:RUN_E2E=true").explanation
    assert ask("env:RUN_E2E") == Availability(status="available", reason="RUN_E2E is set")


def test_a_value_that_is_an_address_is_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is masked where it is shown is not masked where it is compared."""
    monkeypatch.setenv("ACME_URL", "http://me:hunter2@localhost")
    notation = "env:ACME_URL=http://me:hunter2@localhost"
    assert ask(notation)
    monkeypatch.setenv("ACME_URL", "http://***@localhost")
    answer = ask(notation)
    assert not answer
    assert "hunter2" not in f"{read(notation)!r} {answer}"


# --- module


def test_a_module_is_found_and_not_imported(write: Write) -> None:
    """Neither the module nor a package above it is run, whatever stands in them."""
    root = write({f"acme/{file}": "raise SystemExit('imported')" for file in ("__init__.py", "gpu/__init__.py")})
    answer = ask("module:acme.gpu")
    path = f"{root}/acme/gpu/__init__.py"
    assert answer == Availability(status="available", reason=f"acme.gpu is at {path}", details={"path": path})
    assert "acme" not in sys.modules


def test_a_module_that_is_nowhere(write: Write) -> None:
    """The step that fails is named, with close names, and installing it turns the answer."""
    root = write({})
    answer = ask("module:acme.gpu.cuda")
    assert (answer.status, answer.reason) == ("unavailable", "no module 'acme' is installed here")
    write({"acme/__init__.py": "", "acme/gpus.py": ""})
    answer = ask("module:acme.gpu.cuda")
    assert answer.reason == f"acme ({root}/acme/__init__.py) has no module acme.gpu; close: gpus"
    assert answer.hint == "install a version of acme that has it"
    write({"acme/gpu.py": ""})
    assert ask("module:acme.gpu.cuda").reason == f"acme.gpu ({root}/acme/gpu.py) has no module acme.gpu.cuda"
    (root / "acme/gpu.py").unlink()
    write({"acme/gpu/cuda.py": ""})
    assert ask("module:acme.gpu.cuda").reason == f"acme.gpu.cuda is at {root}/acme/gpu/cuda.py"


def test_modules_without_a_file() -> None:
    """A built-in module is there, and says so; it has no submodules."""
    assert ask("module:sys") == Availability(status="available", reason="sys is built in")
    assert ask("module:sys.path").reason == "sys (built in) has no module sys.path"
    assert ask("module:sys>=3").reason == "sys (built in) comes with no metadata that says its version"


@pytest.fixture
def ordinary_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the standard library has a say in imports; what a test changes there is taken back."""
    ordinary = (BuiltinImporter, FrozenImporter, PathFinder)
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if finder in ordinary])
    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks])
    monkeypatch.setattr(sys, "path_importer_cache", {})


class Finder:
    """Stands in for an import hook that asks a server, which does not answer before *gate* opens."""

    def __init__(self, gate: threading.Lock) -> None:
        self.gate = gate

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "acme_remote":
            self.gate.acquire(timeout=20)


def test_a_finder_of_others_is_given_up_at_the_deadline(ordinary_imports: None) -> None:
    """A module that it is quick about is just asked for."""
    gate = threading.Lock()
    sys.meta_path.insert(0, Finder(gate))
    registry = Registry()
    registry.register("remote", "module:acme_remote", timeout=0.3)
    registry.register("here", "module:acme_here")
    with gate:
        start = time.monotonic()
        answer = registry.check("remote")
        assert time.monotonic() - start < 0.3 + 0.3
    assert answer.status == "timed_out"
    assert registry.check("here").reason == ask("module:acme_here").reason


def test_a_left_over_folder_with_very_much_in_it_counts_as_a_module(
    ordinary_imports: None, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading all of it could take longer than the deadline; importing it would work."""
    monkeypatch.setattr("ssot_shims._lookup.finder._MOST_ENTRIES", 20)
    root = write({f"acme_data/deep/folder/{i}.txt": "" for i in range(18)})
    assert not ask("module:acme_data")
    write({"acme_data/deep/folder/18.txt": ""})
    assert ask("module:acme_data").reason == f"acme_data is at {root}/acme_data"


def test_the_version_comes_from_the_metadata(write: Write) -> None:
    """The distribution is found by the file it brought, its name need not be that of the module."""
    root = write(distribution("Acme-Tools", "1.26.4", "acme/__init__.py"))
    details = {"distribution": "Acme-Tools", "version": "1.26.4", "path": f"{root}/acme/__init__.py"}
    assert ask("module:acme>=1.20,<2") == Availability(
        status="available", reason=f"acme is at {root}/acme/__init__.py, Acme-Tools 1.26.4", details=details
    )
    assert ask("module:acme>=2") == Availability(
        status="unavailable", reason="Acme-Tools is 1.26.4, not >=2", hint="install Acme-Tools>=2", details=details
    )
    assert "acme" not in sys.modules


def test_a_namesake_does_not_answer_for_the_module(write: Write) -> None:
    """A distribution with the name of the module that did not bring it is passed over."""
    root = write({**distribution("acme", "9", "other.py"), **distribution("acme-tools", "1", "acme.py")})
    assert ask("module:acme==1").reason == f"acme is at {root}/acme.py, acme-tools 1"


def test_what_is_left_of_an_older_version_does_not_answer(write: Write) -> None:
    """A folder without metadata, which an installer left behind, is passed over."""
    root = write({**distribution("acme", "2", "acme.py"), "acme-1.dist-info/RECORD": "acme.py,,\n"})
    assert ask("module:acme>=2").reason == f"acme is at {root}/acme.py, acme 2"


def test_the_distribution_of_a_namespace_package(write: Write) -> None:
    """Of many that share a top-level name the one that brought this module answers."""
    first = distribution("acme-gpu", "1", "acme/gpu/__init__.py")
    others = {**distribution("acme-cpu-x", "2", "acme/cpu/__init__.py"), **distribution("x-npu", "3", "acme/npu.py")}
    root = write({**first, **others})
    assert ask("module:acme.gpu==1").reason == f"acme.gpu is at {root}/acme/gpu/__init__.py, acme-gpu 1"
    assert ask("module:acme.cpu==2.*").reason == f"acme.cpu is at {root}/acme/cpu/__init__.py, acme-cpu-x 2"
    assert ask("module:acme.npu<4").reason == f"acme.npu is at {root}/acme/npu.py, x-npu 3"


EDITABLE = {
    "setuptools": ("acme", "acme", ["__editable__.acme-3.pth", "__editable___acme_3_finder.py"]),
    "hatchling": ("acme-x", "acme", ["_editable_impl_acme_x.pth"]),
    "poetry-core": ("acme-x", "acme", ["acme_x.pth"]),
    "pdm-backend": ("acme-x", "acme", ["_editable_impl_acme_x.py", "acme_x.pth"]),
    "meson-python": ("acme", "acme", ["acme-editable.pth", "_acme_editable_loader.py"]),
    "scikit-build-core": ("acme", "acme", ["_acme_editable.pth", "_acme_editable.py"]),
}


@pytest.mark.parametrize(("name", "module", "listed"), EDITABLE.values(), ids=EDITABLE)
def test_the_version_of_an_editable_install(
    write: Write, tmp_path: Path, name: str, module: str, listed: list[str]
) -> None:
    """It lists no code of its own and names its folder; another one in a folder around that one does not answer."""
    project = tmp_path / "my projects" / "acme"
    (project / "src" / module).mkdir(parents=True)
    (project / "src" / module / "__init__.py").touch()
    files = distribution(name, "3", *listed)
    origin = json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
    around = json.dumps({"url": project.parent.as_uri(), "dir_info": {"editable": True}})
    write({**files, f"{name.replace('-', '_')}-3.dist-info/direct_url.json": origin})
    write({**distribution("aa", "1"), "aa-1.dist-info/direct_url.json": around})
    sys.path.append(str(project / "src"))
    assert ask(f"module:{module}>=3").reason == f"{module} is at {project}/src/{module}/__init__.py, {name} 3"
    write({f"{name.replace('-', '_')}-3.dist-info/direct_url.json": '{"url": "file:///x", "dir_info": {}}'})
    assert ask(f"module:{module}<2").reason.endswith(", aa 1") or name == module


def test_an_editable_install_does_not_answer_for_what_is_installed_beside_it(write: Write) -> None:
    """A virtual environment is often in the folder of the project that is installed in it."""
    root = write({**distribution("yaml-tools", "1", "yaml_x.py"), **distribution("aa", "9")})
    origin = {"url": root.parent.as_uri(), "dir_info": {"editable": True}}
    write({"aa-9.dist-info/direct_url.json": json.dumps(origin)})
    assert ask("module:yaml_x==1").reason == f"yaml_x is at {root}/yaml_x.py, yaml-tools 1"


def test_files_that_are_links(write: Write, tmp_path: Path) -> None:
    """An installer may link to its cache, and the whole folder may be behind a link."""
    root = write(distribution("acme-tools", "2", "acme/__init__.py"))
    cached = tmp_path / "cache.py"
    (root / "acme/__init__.py").rename(cached)
    (root / "acme/__init__.py").symlink_to(cached)
    assert ask("module:acme==2")
    (tmp_path / "linked").symlink_to(root)
    sys.path[:] = [str(tmp_path / "linked") if entry == str(root) else entry for entry in sys.path]
    assert ask("module:acme==2")


def test_a_distribution_that_lists_no_files(write: Write) -> None:
    """What the package manager of a system installed declares its top-level names, and those are believed."""
    files = distribution("Acme-Tools", "3")
    del files["Acme_Tools-3.dist-info/RECORD"]
    root = write({**files, "Acme_Tools-3.dist-info/top_level.txt": "acme\n_acme\n", "acme.py": "", "other.py": ""})
    assert ask("module:acme>=3").reason == f"acme is at {root}/acme.py, Acme-Tools 3"
    assert not ask("module:other>=3")


def test_metadata_that_is_one_file(write: Write) -> None:
    """As distutils wrote it, and as some packages of Debian still have it."""
    root = write({"acme.py": "", "acme-1.egg-info": "Metadata-Version: 1.1\nName: acme\nVersion: 1\n"})
    assert ask("module:acme>=1").reason == f"acme is at {root}/acme.py, acme 1"


def test_the_metadata_that_finders_of_others_know_is_not_asked_for(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may take any time and raise anything; what lies on ``sys.path`` says the version."""

    class Failing:
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, *_: object) -> Iterator[object]:
            raise RuntimeError("no")

    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
    root = write(distribution("acme", "1", "acme.py"))
    registry = Registry()
    registry.register("acme", "module:acme>=1")
    assert registry.check("acme").reason == f"acme is at {root}/acme.py, acme 1"


def test_a_version_that_does_not_compare(write: Write) -> None:
    """A version that no installer knows is damage, and is told and not guessed."""
    write(distribution("acme", "yesterday", "acme.py"))
    answer = ask("module:acme>=1")
    assert (answer.status, answer.hint) == ("failed", "install it again, or leave out >=1")
    assert "'yesterday'" in answer.reason


@pytest.mark.parametrize(
    ("version", "specifier", "is_yes"),
    [("2.0rc1", "<2", False), ("2.0rc1", ">=1", True), ("1!1.0", ">=2", True), ("1.0+cpu", "==1.0", True)],
)
def test_versions_compare_as_installers_compare_them(write: Write, version: str, specifier: str, is_yes: bool) -> None:
    """Pre-releases count, as they are what is installed."""
    write(distribution("acme", version, "acme.py"))
    assert bool(ask(f"module:acme{specifier}")) is is_yes


# --- python


def load(notation: str) -> object:
    return cast("PythonProbe", read(notation)).load()


def test_a_function_is_loaded_when_asked_for(write: Write) -> None:
    """Reading imports nothing; loading gives the function, also one inside a class."""
    write({"acme.py": "def gpu(): ...\nclass Gpu:\n    @staticmethod\n    def there(): ...\n"})
    probe = cast("PythonProbe", read("python:acme:gpu"))
    assert "acme" not in sys.modules
    acme = importlib.import_module("acme") if probe.load() else None
    assert acme is not None
    assert (probe.load(), load("python:acme:Gpu.there")) == (acme.gpu, acme.Gpu.there)


def test_a_module_that_asks_for_itself(write: Write) -> None:
    """It is there while it is being imported, and its version counts."""
    source = """
        from ssot_shims import capabilities
        capabilities.register("acme", "module:acme.inner")
        capabilities.register("acme_2", "module:acme>=2")
        said = [capabilities.check(name).reason for name in ("acme", "acme_2")]
    """
    root = write({**distribution("acme-tools", "1", "acme/__init__.py"), "acme/inner.py": ""})
    write({"acme/__init__.py": textwrap.dedent(source)})
    assert importlib.import_module("acme").said == [
        f"acme.inner is at {root}/acme/inner.py",
        "acme-tools is 1, not >=2",
    ]
