"""What installed packages say in their entry points: found wherever it is, and not looked for where nobody says it."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import importlib_metadata
import pytest

import ssot_shims
from ssot_shims import InvalidCapability, Registry, capabilities
from ssot_shims._capability import capability
from tests.conftest import Write, run

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
PROBES = "def yes(): ...\ndef no(): return False, 'says the package'\n"


def offering(package: str, *entries: str, folder: str = "") -> dict[str, str]:
    """The files of *package*, installed with these entries in the group ``ssot_shims.capabilities``."""
    folder = folder or f"{package}-1.0.dist-info"
    return {
        f"{package}.py": PROBES,
        f"{folder}/{'PKG-INFO' if 'egg' in folder.lower() else 'METADATA'}": f"Name: {package}\nVersion: 1.0\n",
        f"{folder}/entry_points.txt": "[ssot_shims.capabilities]\n" + "\n".join(entries) + "\n",
    }


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that the metadata of all distributions is read."""
    reads: list[int] = []
    distributions: Callable[..., Iterable[object]] = importlib_metadata.distributions

    def counted() -> Iterable[object]:
        reads.append(1)
        return distributions()

    monkeypatch.setattr(importlib_metadata, "distributions", counted)
    return reads


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with one built-in capability."""
    registry = Registry()
    registry.add(capability("path", "env:PATH", level="built-in"))
    return registry


# --- a package wins over what is built in, in whatever order one asks


FIRST_QUESTIONS = {
    "check": "capabilities.check('git')",
    "is_available": "is_available('git')",
    "item": "capabilities['git']",
    "override": "capabilities.override(git=True)",
    "refresh": "capabilities.refresh('git')",
    "refresh all": "capabilities.refresh()",
    "check_all": "capabilities.check_all()",
    "iteration": "[*capabilities]",
    "another": "is_available('docker')",
    "a combination": "capabilities.register('both', 'all:git,path'); capabilities.check('both')",
}


@pytest.mark.parametrize("first", FIRST_QUESTIONS)
def test_a_package_wins_over_what_is_built_in(write: Write, first: str) -> None:
    """From the first question on, whatever that is; and the answer is the package's."""
    root = write(offering("acme", "git = acme:no"))
    code = f"""
        from ssot_shims import capabilities, is_available
        capabilities.register("path", "env:PATH")
        {FIRST_QUESTIONS[first]}
        print(capabilities["git"].level, capabilities["git"].where, capabilities.check("git").reason)
    """
    assert run(textwrap.dedent(code), PYTHONPATH=f"{root}{os.pathsep}{CHECKOUT}") == (
        "package acme 1.0 says the package\n",
        "",
    )


def test_two_packages_that_offer_what_is_built_in_are_an_error(write: Write) -> None:
    """Neither is taken, nor what is built in; it is told to whoever asks for it, and to nobody else."""
    write(offering("acme", "git = acme:yes") | offering("emca", "git = emca:no"))
    offered = "'git' is offered by acme 1.0 (python:acme:yes) and emca 1.0 (python:emca:no)"
    for ask in (capabilities.check, capabilities.require, capabilities.refresh, capabilities.__getitem__):
        with pytest.raises(InvalidCapability) as caught:
            ask("git")
        assert str(caught.value) == f"{offered}; register it yourself, which wins over both"
    capabilities.refresh()
    assert ("git" in capabilities, "git" in capabilities.check_all(), "podman" in capabilities) == (False, False, True)
    assert capabilities.problems() == (offered,)
    capabilities.register("git", lambda: True)
    assert capabilities.check("git")


def test_what_comes_later_wins_over_an_answer_that_was_given(registry: Registry, write: Write) -> None:
    """A folder that joins ``sys.path`` is heard at the next question that has no answer yet."""
    assert registry.check("path")
    write(offering("acme", "path = acme:no", "gpu = acme:yes"))
    assert registry.check("path")
    registry.require("path")  # nor does this look where there is an answer
    assert registry.check("gpu")
    assert registry.check("path").reason == "says the package"


def test_two_that_come_later_are_an_error_in_place_of_an_answer(registry: Registry, write: Write) -> None:
    """As if they had been there from the beginning."""
    assert registry.check("path")
    write(offering("acme", "path = acme:no") | offering("emca", "path = emca:no", "gpu = emca:yes"))
    assert registry.check("gpu")
    with pytest.raises(InvalidCapability, match="^'path' is offered by acme 1.0 "):
        registry.check("path")


def test_the_user_wins_over_packages(registry: Registry, write: Write, reads: list[int]) -> None:
    """And what packages offer is not even read for that."""
    write(offering("acme", "path = acme:no"))
    registry.register("path", lambda: True)
    assert (bool(registry.check("path")), reads) == (True, [])


def test_an_offered_part_is_imported_in_the_asking_thread(registry: Registry, write: Write) -> None:
    """Also when nobody has read yet what packages offer."""
    write(
        {
            **offering("acme", "gpu = acme:yes"),
            "acme.py": "import threading\nthread = threading.current_thread()\ndef yes(): ...\n",
        }
    )
    registry.register("home", lambda: True)
    registry.register("inner", "any:gpu,home")
    registry.register("outer", "all:inner,home")
    assert registry.check("outer")
    assert sys.modules["acme"].thread is threading.current_thread()


# --- where it is found


def as_zip(root: Path) -> None:
    """Move all that is in *root* into an archive, which takes its place on ``sys.path``."""
    with zipfile.ZipFile(root / "acme.zip", "w") as archive:
        for file in [file for file in root.rglob("*") if file.is_file() and file.name != "acme.zip"]:
            archive.write(file, file.relative_to(root))
            file.unlink()
    sys.path[sys.path.index(str(root))] = str(root / "acme.zip")


def as_current_folder(root: Path) -> None:
    """Leave ``sys.path`` to name *root* by an empty string."""
    os.chdir(root)
    sys.path[sys.path.index(str(root))] = ""


def as_egg(root: Path) -> None:
    """Name the folder that holds the metadata."""
    sys.path[sys.path.index(str(root))] = str(root / "acme.egg")


def by_finder(root: Path) -> None:
    """Take *root* off ``sys.path``; a finder of somebody's own knows it."""

    class Finder(importlib_metadata.DistributionFinder):
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, context: object = None) -> Iterable[importlib_metadata.Distribution]:
            yield importlib_metadata.Distribution.at(root / "acme-1.0.dist-info")

    sys.meta_path.append(Finder())


WHERE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "dist-info": ("acme-1.0.dist-info", lambda root: None),
    "capitals": ("Acme-1.0.DIST-INFO", lambda root: None),
    "egg-info": ("acme.egg-info", lambda root: None),
    "egg": ("acme.egg/EGG-INFO", as_egg),
    "zip": ("acme-1.0.dist-info", as_zip),
    "current folder": ("acme-1.0.dist-info", as_current_folder),
    "finder": ("acme-1.0.dist-info", by_finder),
}


@pytest.mark.parametrize("where", WHERE)
def test_entry_points_are_found(
    registry: Registry, write: Write, monkeypatch: pytest.MonkeyPatch, reads: list[int], where: str
) -> None:
    """In every form in which packages are installed, and by every finder."""
    folder, arrange = WHERE[where]
    root = write(offering("acme", "path = acme:no", folder=folder))
    monkeypatch.chdir(root)
    arrange(root)
    assert (registry["path"].level, registry["path"].where, reads) == ("package", "acme 1.0", [1])


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({"acme-1.0.dist-info/METADATA": ""}, ""),
        ({"acme-1.0.dist-info/entry_points.txt": "[console_scripts]\nssot-shims = ssot_shims.cli:run\n"}, ""),
        ({"acme-1.0.egg-info": "a file"}, ""),
        ({}, "nowhere"),
    ],
    ids=["no entry points", "other entry points", "egg-info is a file", "a folder that is not there"],
)
def test_where_nobody_offers_anything_nothing_more_is_read(
    registry: Registry, write: Write, reads: list[int], files: dict[str, str], entry: str
) -> None:
    """Reading all metadata takes its time."""
    root = write(files)
    sys.path.append(str(root / entry))
    assert (registry["path"].level, len(registry), registry.problems(), reads) == ("built-in", 1, (), [])


@pytest.mark.parametrize("entry", ["a\0b", 3])
def test_what_is_no_folder_does_no_harm(registry: Registry, entry: object) -> None:
    """``sys.path`` may hold anything."""
    sys.path.append(entry)  # type: ignore[arg-type]
    assert registry.check("path")


def test_entry_points_that_cannot_be_read_are_left_to_others(
    registry: Registry, write: Write, reads: list[int]
) -> None:
    """Whether they offer anything is for importlib_metadata to say."""
    (write({}) / "acme-1.0.dist-info/entry_points.txt").mkdir(parents=True)
    sys.path.append(str(write({"x.py": ""})))
    assert (registry["path"].level, reads) == ("built-in", [1])


# --- what it costs


LOADED = "import sys; print('importlib_metadata' in sys.modules)"


def test_asking_for_docker_reads_no_metadata() -> None:
    """In a process of its own neither importlib_metadata is imported nor that of the standard library."""
    code = "from ssot_shims import is_docker_available\nis_docker_available()"
    imported = {line.rpartition("|")[2].strip() for line in run(code, "-X", "importtime")[1].splitlines()}
    assert "ssot_shims._probes.docker" in imported
    assert not {"importlib_metadata", "importlib.metadata", "email"} & imported


def test_a_zip_on_the_path_is_read(tmp_path: Path) -> None:
    """What it offers wins over what is built in, in a process of its own as well."""
    with zipfile.ZipFile(tmp_path / "acme.zip", "w") as archive:
        for name, text in offering("acme", "docker = acme:no").items():
            archive.writestr(name, text)
    path = f"{tmp_path / 'acme.zip'}{os.pathsep}{CHECKOUT}"
    code = f"from ssot_shims import capabilities\nprint(capabilities.check('docker').reason)\n{LOADED}"
    assert run(code, PYTHONPATH=path) == ("says the package\nTrue\n", "")


def test_a_symbol_that_moved_reads_no_metadata_where_nobody_forwards(write: Write) -> None:
    """There is no address to be found, so none is looked for."""
    root = write({"acme.py": "class New: ..."})
    code = f"""
        import warnings
        from ssot_shims import shim, shim_of
        warnings.simplefilter("ignore")
        @shim("acme:Old")
        class Old: ...
        print(shim_of(Old).state)
        {LOADED}
    """
    assert run(textwrap.dedent(code), PYTHONPATH=f"{root}{os.pathsep}{CHECKOUT}") == ("moved\nFalse\n", "")
