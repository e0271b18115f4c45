"""Probes of commands, modules, environment variables and functions: what they answer, and how to turn the answer."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from ssot_shims import Registry
from ssot_shims._availability import Availability
from ssot_shims._probes.notation import PythonProbe, read
from tests.conftest import Write

if TYPE_CHECKING:
    from ssot_shims._probes.notation import Probe


def ask(notation: str) -> Availability:
    probe = cast("Probe", read(notation))
    probe.prepare()
    return probe.ask(time.monotonic() + 30)


def distribution(name: str, version: str, *files: str) -> dict[str, str]:
    """The files of an installed distribution, for ``write``."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    return {
        **dict.fromkeys(files, "raise RuntimeError('imported')\n"),
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder}/RECORD": "".join(f"{file},,\n" for file in files),
    }


# --- command


def test_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for in PATH, or at its own path, which may have blanks in it; the answer says where it is."""
    tool = tmp_path / "my folder" / "tool"
    tool.parent.mkdir()
    tool.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}{os.pathsep}{tool.parent}")
    for name in ("tool", str(tool)):
        reason = f"{name} is at {tool}"
        assert ask(f"command:{name}") == Availability(status="available", reason=reason, details={"path": str(tool)})


# --- env


@pytest.mark.parametrize("value", ["true", "false", "", None, "1", "True", "true "])
def test_the_value_of_an_environment_variable(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """It is compared letter by letter, and the one that the variable has is not shown."""
    monkeypatch.delenv("RUN_E2E", raising=False)
    if value is not None:
        monkeypatch.setenv("RUN_E2E", value)
    assert bool(ask("env:RUN_E2E=true")) is (value == "true")
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
    """Neither it nor a package above it is run; the step down to it that fails is named, with close names."""
    raises = "raise SystemExit('imported')"
    root = write({"acme/__init__.py": raises, "acme/gpus.py": raises})
    assert ask("module:acme.gpu.cuda").reason == f"acme ({root}/acme/__init__.py) has no module acme.gpu; close: gpus"
    write({"acme/gpu.py": raises})
    assert ask("module:acme.gpu.cuda").reason == f"acme.gpu ({root}/acme/gpu.py) has no module acme.gpu.cuda"
    (root / "acme/gpu.py").unlink()
    write({"acme/gpu/cuda.py": raises})
    answer, path = ask("module:acme.gpu.cuda"), f"{root}/acme/gpu/cuda.py"
    assert answer == Availability(status="available", reason=f"acme.gpu.cuda is at {path}", details={"path": path})
    assert "acme" not in sys.modules


def test_modules_without_a_file() -> None:
    """A built-in module is there, and says so; it has no submodules."""
    assert ask("module:sys") == Availability(status="available", reason="sys is built in")
    assert ask("module:sys.path").reason == "sys (built in) has no module sys.path"
    assert ask("module:sys>=3").reason == "sys (built in) comes with no metadata that says its version"


def test_a_finder_of_others_is_given_up_at_the_deadline() -> None:
    """A module that it is quick about is just asked for."""
    gate = threading.Lock()

    class Finder:
        """Stands in for an import hook that asks a server, which does not answer before *gate* opens."""

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "acme_remote":
                gate.acquire(timeout=20)

    sys.meta_path.insert(0, Finder())
    registry = Registry()
    registry.register("remote", "module:acme_remote", timeout=0.3)
    with gate:
        start = time.monotonic()
        assert registry.check("remote").status == "timed_out"
        assert time.monotonic() - start < 0.3 + 0.3
    assert "acme_here" in ask("module:acme_here").reason


def test_a_left_over_folder_with_very_much_in_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as a module: reading all of it could take longer than the deadline; importing it would work."""
    monkeypatch.setattr("ssot_shims._lookup.finder._MOST_ENTRIES", 20)
    root = write({f"acme_data/deep/folder/{i}.txt": "" for i in range(18)})
    assert not ask("module:acme_data")
    write({"acme_data/deep/folder/18.txt": ""})
    assert ask("module:acme_data").reason == f"acme_data is at {root}/acme_data"


def test_the_version_comes_from_the_metadata(write: Write) -> None:
    """The distribution is found by the file it brought, its name need not be that of the module."""
    path = f"{write(distribution('Acme-Tools', '1.26.4', 'acme/__init__.py'))}/acme/__init__.py"
    details = {"distribution": "Acme-Tools", "version": "1.26.4", "path": path}
    yes, no = ask("module:acme>=1.20,<2"), ask("module:acme>=2")
    assert (yes.reason, yes.details) == (f"acme is at {path}, Acme-Tools 1.26.4", details)
    assert (no.reason, no.details) == ("Acme-Tools is 1.26.4, not >=2", details)
    assert "acme" not in sys.modules


# What is installed, and whose version counts for the module acme.
EGG = "Metadata-Version: 1.1\nName: acme\nVersion: 1\n"
CLAIMS = {
    "a namesake": ({**distribution("acme", "9", "other.py"), **distribution("acme-x", "1", "acme.py")}, "acme-x 1"),
    "what is left of another": (
        {**distribution("acme", "2", "acme.py"), "acme-1.dist-info/RECORD": "acme.py,,\n"},
        "acme 2",
    ),
    "one file, as Debian has it": ({"acme.py": "", "acme-1.egg-info": EGG}, "acme 1"),
    "declared names": ({**distribution("X", "3"), "X-3.dist-info/top_level.txt": "acme\nx\n", "acme.py": ""}, "X 3"),
}


@pytest.mark.parametrize(("files", "found"), CLAIMS.values(), ids=CLAIMS)
def test_the_distribution_that_brought_the_module(write: Write, files: dict[str, str], found: str) -> None:
    """It lists its file, or, as what the package manager of a system installed, has its name or declares it."""
    root = write({**files, "none.py": ""})
    assert ask("module:acme>=1").reason == f"acme is at {root}/acme.py, {found}"
    assert not ask("module:none>=1")


def test_the_distribution_of_a_namespace_package(write: Write) -> None:
    """Of many that share a top-level name the one that brought this module answers."""
    for name, file in (("acme-gpu", "acme/gpu/__init__.py"), ("x-cpu", "acme/cpu/__init__.py"), ("npu", "acme/npu.py")):
        root = write(distribution(name, "1", file))
        module = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        assert ask(f"module:{module}==1").reason == f"{module} is at {root}/{file}, {name} 1"


EDITABLE = {
    "setuptools": ("acme", ["__editable__.acme-3.pth", "__editable___acme_3_finder.py"]),
    "hatchling": ("acme-x", ["_editable_impl_acme_x.pth"]),
    "poetry-core": ("acme-x", ["acme_x.pth"]),
    "pdm-backend": ("acme-x", ["_editable_impl_acme_x.py", "acme_x.pth"]),
    "meson-python": ("acme", ["acme-editable.pth", "_acme_editable_loader.py"]),
    "scikit-build-core": ("acme", ["_acme_editable.pth", "_acme_editable.py"]),
}


@pytest.mark.parametrize(("name", "listed"), EDITABLE.values(), ids=EDITABLE)
def test_the_version_of_an_editable_install(write: Write, tmp_path: Path, name: str, listed: list[str]) -> None:
    """It lists no code of its own and names its folder; another one in a folder around that one does not answer."""
    project = tmp_path / "my projects" / "acme"
    module = project / "src" / "acme" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.touch()
    origin, around = (
        json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}}) for folder in (project, project.parent)
    )
    direct_url = f"{name.replace('-', '_')}-3.dist-info/direct_url.json"
    write({**distribution(name, "3", *listed), direct_url: origin})
    write({**distribution("aa", "1"), "aa-1.dist-info/direct_url.json": around})
    sys.path.append(str(project / "src"))
    assert ask("module:acme>=3").reason == f"acme is at {module}, {name} 3"
    write({direct_url: '{"url": "file:///x", "dir_info": {}}'})
    assert ask("module:acme<2").reason.endswith(", aa 1") or name == "acme"


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


def test_the_metadata_that_finders_of_others_know_is_not_asked_for(write: Write) -> None:
    """They may take any time and raise anything; what lies on ``sys.path`` says the version."""

    class Failing:
        def find_spec(self, *_: object) -> None: ...

        def find_distributions(self, *_: object) -> Iterator[object]:
            raise RuntimeError("no")

    sys.meta_path.insert(0, Failing())
    root = write(distribution("acme", "1", "acme.py"))
    assert ask("module:acme>=1").reason == f"acme is at {root}/acme.py, acme 1"


VERSIONS = [("2.0rc1", "<2", False), ("2.0rc1", ">=1", True), ("1!1.0", ">=2", True), ("1.0+cpu", "==1.0", True)]


@pytest.mark.parametrize(("version", "specifier", "is_yes"), VERSIONS)
def test_versions_compare_as_installers_compare_them(write: Write, version: str, specifier: str, is_yes: bool) -> None:
    """Pre-releases count, as they are what is installed."""
    write(distribution("acme", version, "acme.py"))
    assert bool(ask(f"module:acme{specifier}")) is is_yes


# --- python


def test_a_function_is_loaded_when_asked_for(write: Write) -> None:
    """Reading imports nothing; loading gives the function, also one inside a class."""
    write({"acme.py": "def gpu(): ...\nclass Gpu:\n    @staticmethod\n    def there(): ...\n"})
    probes = [cast("PythonProbe", read(f"python:acme:{name}")) for name in ("gpu", "Gpu.there")]
    assert "acme" not in sys.modules
    loaded, acme = [probe.load() for probe in probes], sys.modules["acme"]
    assert loaded == [acme.gpu, acme.Gpu.there]


def test_a_module_that_asks_for_itself(write: Write) -> None:
    """It is there while it is being imported, and its version counts."""
    source = (
        "from ssot_shims import capabilities\n"
        "said = [capabilities.check(name).reason for name in ('module:acme.inner', 'module:acme>=2')]\n"
    )
    root = write({**distribution("acme-tools", "1", "acme/__init__.py"), "acme/inner.py": ""})
    write({"acme/__init__.py": source})
    expected = [f"acme.inner is at {root}/acme/inner.py", "acme-tools is 1, not >=2"]
    assert importlib.import_module("acme").said == expected
