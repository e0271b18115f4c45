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
from ssot_shims import CapabilityMissing, Registry, capabilities, is_available
from ssot_shims._capabilities.capability import capability
from ssot_shims.errors import UnknownName
from tests.conftest import Write, run

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
PROBES = "def yes(): ...\ndef no(): return False, 'says the package'\n"


def offering(package: str, *entries: str, folder: str = "", version: str = "1.0") -> dict[str, str]:
    """The files of *package*, installed with these entries in the group ``ssot_shims.capabilities``."""
    folder = folder or f"{package}-{version}.dist-info"
    return {
        f"{package}.py": PROBES,
        f"{folder}/{'PKG-INFO' if 'egg' in folder.lower() else 'METADATA'}": f"Name: {package}\nVersion: {version}\n",
        f"{folder}/entry_points.txt": "[ssot_shims.capabilities]\n" + "\n".join(entries) + "\n",
    }


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that the metadata of all distributions is read."""
    reads: list[int] = []

    class Counted(importlib_metadata.MetadataPathFinder):
        def find_distributions(  # type: ignore[override]  # a class method in some releases
            self, context: importlib_metadata.DistributionFinder.Context
        ) -> Iterable[importlib_metadata.Distribution]:
            if context.name is None:
                reads.append(1)
            return super().find_distributions(context)

    monkeypatch.setattr(importlib_metadata, "MetadataPathFinder", Counted)
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


def test_of_two_packages_that_offer_one_name_neither_counts(write: Write) -> None:
    """Nor does what is built in: that has failed, with what settles it, and spoils no other question."""
    write(offering("acme", "git = acme:yes") | offering("emca", "git = emca:no"))
    reason = (
        "'git' is offered by acme 1.0 (python:acme:yes) and emca 1.0 (python:emca:no), and none of them counts; "
        "to choose: capabilities.register('git', 'python:acme:yes')"
    )
    answer = capabilities.check("git")
    assert (answer.status, answer.reason, is_available("git")) == ("failed", reason, False)
    with pytest.raises(CapabilityMissing) as caught:
        capabilities.require("git")
    assert caught.value.reasons == {"git": reason}
    assert (capabilities.check_all()["git"], capabilities.problems()) == (answer, (reason,))
    assert (capabilities["git"].where, capabilities["git"].notation) == (
        "acme 1.0 and emca 1.0",
        "python:acme:yes or python:emca:no",
    )
    capabilities.register("git", "python:acme:yes")
    assert capabilities.check("git")


def test_whoever_comes_before_the_probe_settles_a_clash(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """An override and ``SSOT_SHIMS_HAS_GIT`` need no probe, and so nobody to choose one."""
    write(offering("acme", "git = acme:yes") | offering("emca", "git = emca:no"))
    with capabilities.override(git=True):
        assert is_available("git")
    monkeypatch.setenv("SSOT_SHIMS_HAS_GIT", "1")
    capabilities.refresh("git")
    assert is_available("git")


@pytest.mark.parametrize("packages", [("acme",), ("acme", "emca")], ids=["an offer", "a clash"])
def test_what_is_built_in_as_a_service_is_one_whoever_offers_it(
    write: Write, monkeypatch: pytest.MonkeyPatch, packages: tuple[str, ...]
) -> None:
    """``SSOT_SHIMS_NO_SERVICES`` turns Docker off, and a package does not turn it on again."""
    for package in packages:
        write(offering(package, f"docker = {package}:yes", f"gpu = {package}:yes"))
    monkeypatch.setenv("SSOT_SHIMS_NO_SERVICES", "1")
    assert capabilities.check("docker").source == "SSOT_SHIMS_NO_SERVICES"
    assert (capabilities["docker"].level, capabilities["gpu"].is_service) == ("package", False)


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_package_wins_over_what_is_built_in_later(registry: Registry, write: Write, first: bool) -> None:
    """In whatever order the two come: a module of ours may be imported after the first question."""
    write(offering("acme", "late = acme:yes") | offering("emca", "late = emca:no"))
    if first:
        assert registry.check("late").status == "failed"
    registry.add(capability("late", "tcp://localhost:1", level="built-in"))
    assert (registry.check("late").status, registry["late"].is_service) == ("failed", True)


def test_of_two_versions_of_a_package_the_first_on_the_path_counts(
    registry: Registry, write: Write, tmp_path: Path
) -> None:
    """As for an import, and whatever case its name is written in; that is no clash."""
    write(offering("acme", "path = acme:no", version="2.0"))
    for version, package in (("1.0", "acme"), ("1.5", "Acme")):
        older = tmp_path / version
        for name, text in offering(package, "path = acme:yes", "my-path = acme:yes", version=version).items():
            (older / name).parent.mkdir(parents=True, exist_ok=True)
            (older / name).write_text(text)
        sys.path.append(str(older))
    assert (registry["path"].where, registry.check("path").reason) == ("acme 2.0", "says the package")
    assert registry.problems() == ()


def test_what_an_installer_left_behind_does_not_count(registry: Registry, write: Write) -> None:
    """An interrupted pip leaves the old metadata under another name, and sometimes a folder without any."""
    older = offering("acme", "path = acme:yes", folder="~cme-1.0.dist-info")
    write(older | {"acme-1.0.dist-info/RECORD": ""} | offering("acme", "path = acme:no", version="2.0"))
    assert (registry["path"].where, registry.problems()) == ("acme 2.0", ())


def test_only_one_thread_begins_what_all_have_just_read(registry: Registry, write: Write) -> None:
    """Whoever has read the same later changes nothing, and joins the flight."""
    write(
        {
            **offering("acme", "gpu = acme:slow"),
            "acme.py": "import time\nasked = []\ndef slow():\n    asked.append(1)\n    time.sleep(0.3)\n",
        }
    )
    start, answers = threading.Barrier(32), []

    def ask() -> None:
        start.wait()
        answers.append(registry.check("gpu"))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(sys.modules["acme"].asked), len(answers), len({id(answer) for answer in answers})) == (1, 32, 1)


def test_what_comes_later_wins_over_an_answer_that_was_given(registry: Registry, write: Write) -> None:
    """A folder that joins ``sys.path`` is heard at the next question that has no answer yet."""
    assert registry.check("path")
    write(offering("acme", "path = acme:no", "gpu = acme:yes"))
    assert registry.check("path")
    registry.require("path")  # nor does this look where there is an answer
    assert registry.check("gpu")
    assert registry.check("path").reason == "says the package"


def test_two_that_come_later_are_a_failure_in_place_of_an_answer(registry: Registry, write: Write) -> None:
    """As if they had been there from the beginning; one of them may come last, when the other is known."""
    assert registry.check("path")
    write(offering("acme", "path = acme:no", "gpu = acme:yes"))
    assert registry.check("gpu")
    write(offering("emca", "path = emca:no"))
    registry.refresh()
    assert registry.check("path").reason.startswith("'path' is offered by acme 1.0 (python:acme:no) and emca 1.0 ")


def test_refresh_looks_at_what_was_installed_meanwhile(registry: Registry, write: Write) -> None:
    """Into a folder that has been looked at, and what was taken away is gone."""
    root = write({"x.py": ""})
    assert "gpu" not in registry
    write(offering("acme", "gpu = acme:yes", "path = acme:no"))
    assert "gpu" not in registry
    registry.refresh()
    assert (registry.check("path").reason, bool(registry.check("gpu"))) == ("says the package", True)
    (root / "acme-1.0.dist-info/entry_points.txt").write_text("")
    registry.refresh()
    assert ([*registry], registry["path"].level) == (["path"], "built-in")


def test_what_a_folder_offers_goes_with_it(registry: Registry, write: Write) -> None:
    """When it is taken off ``sys.path``."""
    root = write(offering("acme", "gpu = acme:yes"))
    assert registry.check("gpu")
    sys.path.remove(str(root))
    assert [*registry] == ["path"]
    with pytest.raises(UnknownName):
        registry.check("gpu")


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


WHERE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "dist-info": ("acme-1.0.dist-info", lambda root: None),
    "capitals": ("Acme-1.0.DIST-INFO", lambda root: None),
    "egg-info": ("acme.egg-info", lambda root: None),
    "egg": ("acme.egg/EGG-INFO", as_egg),
    "zip": ("acme-1.0.dist-info", as_zip),
    "current folder": ("acme-1.0.dist-info", as_current_folder),
}


@pytest.mark.parametrize("where", WHERE)
def test_entry_points_are_found(
    registry: Registry, write: Write, monkeypatch: pytest.MonkeyPatch, reads: list[int], where: str
) -> None:
    """In every form in which packages are installed."""
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


@pytest.mark.parametrize("entry", ["a\0b", "\ud800", 3, b"x"])
def test_what_is_no_folder_does_no_harm(registry: Registry, write: Write, entry: object) -> None:
    """``sys.path`` may hold anything, also where somebody offers something."""
    sys.path.append(entry)  # type: ignore[arg-type]
    assert (registry.check("path").source, registry.problems()) == ("probe", ())
    write(offering("acme", "gpu = acme:yes"))
    assert (registry["gpu"].level, registry.problems()) == ("package", ())


def test_the_finders_of_others_are_not_asked(registry: Registry, write: Write) -> None:
    """They may take any time and raise anything, and would stand before every answer."""

    class Finder:
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, *_: object) -> Iterable[object]:
            raise RuntimeError("no")

    sys.meta_path.append(Finder())  # type: ignore[arg-type]
    write(offering("acme", "gpu = acme:yes"))
    assert (bool(registry.check("path")), bool(registry.check("gpu")), registry.problems()) == (True, True, ())


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
