"""``module:`` and ``import:`` probes: which module is there and in which version, and whether it imports."""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssot_shims import Registry
from ssot_shims._availability import Availability
from tests.conftest import Write
from tests.support.http_peer import ask


def distribution(name: str, version: str, *files: str) -> dict[str, str]:
    """The files of an installed distribution, for ``write``."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    return {
        **dict.fromkeys(files, "raise RuntimeError('imported')\n"),
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder}/RECORD": "".join(f"{file},,\n" for file in files),
    }


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
    """An import hook may ask a server."""
    gate = threading.Lock()

    class Finder:
        """Stands in for one whose server does not answer before *gate* opens."""

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "acme_remote":
                gate.acquire(timeout=30)

    sys.meta_path.insert(0, Finder())
    registry = Registry()
    registry.register("remote", "module:acme_remote", timeout=0.3)
    with gate:
        start = time.monotonic()
        assert registry.check("remote").status == "timed_out"
        assert time.monotonic() - start < 10


def test_the_version_comes_from_the_metadata(write: Write) -> None:
    """The distribution is found by the file it brought, its name need not be that of the module.

    Finders of others are not asked for it: they may take any time and raise anything.
    """

    class Failing:
        def find_spec(self, *_: object) -> None: ...

        def find_distributions(self, *_: object) -> Iterator[object]:
            raise RuntimeError("no")

    sys.meta_path.insert(0, Failing())
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


@pytest.mark.parametrize("file", ["METADATA", "RECORD", "direct_url.json"])
def test_damaged_metadata_of_another_distribution_says_nothing(write: Write, file: str) -> None:
    """Nothing in a suite depends on what else is installed; the damage counts for the module that it is about."""
    root = write({**distribution("acme-tools", "2", "acme.py"), **distribution("a-broken", "1")})
    (root / "a_broken-1.dist-info" / file).write_bytes(b"Author: Jos\xe9")
    assert ask("module:acme>=2").reason == f"acme is at {root}/acme.py, acme-tools 2"
    write({"a_broken.py": ""})
    assert ask("module:a_broken>=1").status == "failed"


def test_the_distribution_of_a_namespace_package(write: Write) -> None:
    """Of many that share a top-level name the one that brought this module answers."""
    root = write({**distribution("acme-gpu", "1", "acme/gpu/__init__.py"), **distribution("npu", "1", "acme/npu.py")})
    assert ask("module:acme.gpu==1").reason == f"acme.gpu is at {root}/acme/gpu/__init__.py, acme-gpu 1"
    assert ask("module:acme.npu==1").reason == f"acme.npu is at {root}/acme/npu.py, npu 1"


EDITABLE = {
    "setuptools": ("acme", ["__editable__.acme-3.pth", "__editable___acme_3_finder.py"]),
    "hatchling": ("acme-x", ["_editable_impl_acme_x.pth"]),
    "pdm-backend": ("acme-x", ["_editable_impl_acme_x.py", "acme_x.pth"]),
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
    root = write({**distribution("yaml-tools", "1", "yaml_x.py"), **distribution("aa", "9"), "bare.py": ""})
    origin = {"url": root.parent.as_uri(), "dir_info": {"editable": True}}
    write({"aa-9.dist-info/direct_url.json": json.dumps(origin)})
    assert ask("module:yaml_x==1").reason == f"yaml_x is at {root}/yaml_x.py, yaml-tools 1"
    assert ask("module:bare>=1").reason == f"bare ({root}/bare.py) comes with no metadata that says its version"


@pytest.mark.parametrize("other", ["acme", "acme-headless"])
def test_two_distributions_that_list_the_same_file(write: Write, other: str) -> None:
    """What is left of another version, or what brings the same files, is told where the answer depends on it."""
    root = write({**distribution("acme", "2.0", "acme_x.py"), **distribution(other, "1.0", "acme_x.py")})
    assert (bool(ask("module:acme_x>=1")), bool(ask("module:acme_x<1"))) == (True, False)
    answer, both = ask("module:acme_x>=2"), ("acme 2.0", f"{other} 1.0")
    seen = [f"{' and '.join(two)} both say that they brought {root}/acme_x.py" for two in (both, both[::-1])]
    assert (answer.status, answer.reason in seen) == ("failed", True)


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


VERSIONS = [("2.0rc1", "<2", False), ("2.0rc1", ">=1", True), ("1!1.0", ">=2", True), ("1.0+cpu", "==1.0", True)]


@pytest.mark.parametrize(("version", "specifier", "is_yes"), VERSIONS)
def test_versions_compare_as_installers_compare_them(write: Write, version: str, specifier: str, is_yes: bool) -> None:
    """Pre-releases count, as they are what is installed."""
    write(distribution("acme", version, "acme.py"))
    assert bool(ask(f"module:acme{specifier}")) is is_yes


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


def check(notation: str) -> Availability:
    """The answer of a registry of its own."""
    return Registry().check(notation)


def test_a_module_that_imports(write: Write) -> None:
    """It is run in the probe's thread, once, and the reason says from where."""
    folder = write({"acme/__init__.py": "", "acme/ws.py": "import threading\nname = threading.current_thread().name\n"})
    answer = check("import:acme.ws")
    assert answer.reason == f"acme.ws can be imported ({folder}/acme/ws.py)"
    assert answer.details == {"path": f"{folder}/acme/ws.py"}
    assert sys.modules["acme.ws"].name == "import:acme.ws"
    assert check("import:sys").reason == "sys can be imported (built in)"


BY_HAND = "try:\n    import {}\nexcept ImportError:\n    raise ImportError('the extra is not installed') from None"
BRING = ", which is not installed here; install the distribution that brings "
ABSENT = {
    "a parent": ("", "no module 'gone' is installed here; install it, or set PYTHONPATH=", "import:gone.ws.manager"),
    "a submodule": ("", "has no module acme.wss; close: ws; install a version of acme that has it", "import:acme.wss"),
    "below a module": ("", "has no module acme.ws.x; install a version of acme that has it", "import:acme.ws.x"),
    "a dependency": ("import gone", f"acme.ws needs 'gone'{BRING}gone", ""),
    "another portion": ("import space.gone", f"acme.ws needs 'space.gone'{BRING}space.gone", ""),
    "by hand": (BY_HAND.format("gone"), f"acme.ws needs 'gone'{BRING}gone", ""),
}


@pytest.mark.parametrize(("source", "seen", "notation"), ABSENT.values(), ids=ABSENT)
def test_what_is_not_installed_is_absence(write: Write, source: str, seen: str, notation: str) -> None:
    """Of the module, of a package above it, or of what it needs, which the reason names."""
    write({"acme/__init__.py": "", "acme/ws.py": source, "space/here.py": ""})
    answer = check(notation or "import:acme.ws")
    assert answer.status == "unavailable"
    assert seen in answer.explanation


BROKEN = {
    "a moved name": ("from acme import Gone", "cannot import name 'Gone' from 'acme'"),
    "a moved module": ("import acme.gone", "No module named 'acme.gone'"),
    "a moved module of what it needs": ("import other.gone", "No module named 'other.gone'"),
    "a moved module, by hand": (BY_HAND.format("acme.gone"), "the extra is not installed"),
    "without a name": ("raise ModuleNotFoundError('no')", "ModuleNotFoundError: no"),
    "a bug": ("1 / 0", "ZeroDivisionError"),
    "syntax": ("def", "SyntaxError"),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3"),
}


@pytest.mark.parametrize(("source", "seen"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_has_failed(write: Write, source: str, seen: str) -> None:
    """What is installed and does not import is no absence: the reason says what it raised, and where."""
    folder = write({"acme/__init__.py": "", "acme/ws.py": source, "other.py": ""})
    answer = check("import:acme.ws")
    assert answer.status == "failed"
    assert seen in answer.reason
    if "SyntaxError" not in seen:
        assert f"{folder}/acme/ws.py:" in answer.reason


def test_a_package_that_lacks_a_part_of_its_own_has_failed(write: Write) -> None:
    """Although it is not in ``sys.modules`` any more when that is known."""
    write({"acme/__init__.py": "import acme.part"})
    assert check("import:acme").status == "failed"
