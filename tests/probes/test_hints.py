"""Commands, variables and modules that are not there: doing what the hint says turns each answer.

What a hint writes as a command is run by a shell; what it says in words (install it, repair it) is done by hand.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import importlib_metadata
import pytest

from ssot_shims import Registry
from ssot_shims._text import describe
from tests.conftest import Write

Files = dict[str, str]


class World:
    """A folder on ``sys.path`` (site) and one on ``PATH`` (bin), both in *folder*."""

    def __init__(self, folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.write, self.patch = folder, write, monkeypatch
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)

    def script(self, name: str, mode: int = 0o755) -> Path:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(mode)
        return file


@pytest.fixture
def world(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> World:
    write({})
    return World(tmp_path, write, monkeypatch)


def acme(version: str) -> Files:
    """The module acme, installed as a distribution of another name."""
    folder = f"acme_tools-{version}.dist-info"
    return {
        "acme.py": "",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: acme-tools\nVersion: {version}\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{folder}/RECORD": f"acme.py,,\n{folder}/METADATA,,\n{folder}/WHEEL,,\n{folder}/RECORD,,\n",
    }


class Broken:
    """An import hook that does not work."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "acme":
            raise KeyError(name)


# --- how a world is made


def empty(world: World) -> None:
    pass


def has(files: Files) -> Callable[[World], object]:
    return lambda world: world.write(files)


def not_executable(world: World) -> None:
    world.script("bin/acme-tool", 0o644)


def set_to(value: str) -> Callable[[World], object]:
    return lambda world: world.patch.setenv("ACME_TOKEN", value)


def with_a_broken_hook(world: World) -> None:
    world.write({"acme.py": ""})
    sys.meta_path.insert(0, Broken())


# --- what is done about it; each gives the notation to ask then, where it is another


def make_executable(world: World, hint: str) -> None:
    (world.folder / "bin/acme-tool").chmod(0o755)


def export(world: World, hint: str) -> None:
    """The variable that the hint names, as a shell that runs its command hands it on."""
    command = hint.replace("<a value>", "hunter2")
    name = command.partition("=")[0].removeprefix("export ")
    value = subprocess.run(["sh", "-c", f"{command}; printenv {name}"], check=True, capture_output=True, text=True)
    world.patch.setenv(name, value.stdout.strip())


def install_command(world: World, hint: str) -> None:
    world.script("bin/acme-tool")


def add_to_path(world: World, hint: str) -> None:
    world.patch.setenv("PATH", str(world.script("opt/acme-tool").parent), prepend=os.pathsep)


def install_there(world: World, hint: str) -> None:
    world.script("opt/acme-tool")


def by_another_path(world: World, hint: str) -> str:
    return f"command:{world.script('elsewhere/acme-tool')}"


def install(files: Files) -> Callable[[World, str], object]:
    def write(world: World, hint: str) -> None:
        world.write(files)

    return write


def install_by_pip(world: World, hint: str) -> None:
    """With pip, which this environment may have, a wheel that is at hand and a folder of its own to install into."""
    pytest.importorskip("pip", reason="this environment has no pip")
    with zipfile.ZipFile(world.folder / "acme_tools-2.0-py3-none-any.whl", "w") as wheel:
        for name, text in acme("2.0").items():
            wheel.writestr(name, text)
    target = world.folder / "newer"
    where = ["--no-index", "--find-links", str(world.folder), "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", *where, hint.removeprefix("install ")]
    subprocess.run(command, check=True, capture_output=True)
    importlib.invalidate_caches()
    sys.path.insert(0, str(target))


def put_on_the_path(world: World, hint: str) -> None:
    """As PYTHONPATH does, whose folders are the first of ``sys.path`` in a new process."""
    assert hint.endswith("or set PYTHONPATH=<the folder that holds acme>")
    folder = world.folder / "source"
    folder.mkdir()
    (folder / "acme.py").touch()
    code = "import sys; print(*[entry for entry in sys.path if entry.endswith('source')])"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    sys.path.insert(0, found.stdout.strip())


def leave_out_the_version(world: World, hint: str) -> str:
    assert hint == "leave out >=2"
    return "module:acme"


def take_it_off(world: World, hint: str) -> None:
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Broken)]


def repair_it(world: World, hint: str) -> None:
    world.patch.setattr(Broken, "find_spec", staticmethod(lambda *_: None))


# Every reason with its hint, in full; other tests assert a fragment.
NO_COMMAND = ("there is no command 'acme-tool' in the folders of PATH", "install it, or add its folder to PATH")
NO_FILE = ("there is no file {folder}/opt/acme-tool", "install it there, or register the command by another path")
NO_MODULE = ("no module 'acme' is installed here", "install it, or set PYTHONPATH=<the folder that holds acme>")
BROKEN_HOOK = ("looking for acme, an import finder raised KeyError: 'acme'", "repair it, or take it off sys.meta_path")
Row = tuple[Callable[[World], object], str, tuple[str, str], Callable[[World, str], object]]
TABLE: dict[str, Row] = {
    "no command, installed": (empty, "command:acme-tool", NO_COMMAND, install_command),
    "no command, its folder added": (empty, "command:acme-tool", NO_COMMAND, add_to_path),
    "a command that may not be run": (
        *(not_executable, "command:acme-tool"),
        ("{folder}/bin/acme-tool is there and may not be executed", "make it executable"),
        make_executable,
    ),
    "no file, installed there": (empty, "command:{folder}/opt/acme-tool", NO_FILE, install_there),
    "no file, another path": (empty, "command:{folder}/opt/acme-tool", NO_FILE, by_another_path),
    "no variable": (empty, "env:ACME_TOKEN", ("ACME_TOKEN is not set", "export ACME_TOKEN=<a value>"), export),
    "an empty one": (
        *(set_to(""), "env:ACME_TOKEN"),
        ("ACME_TOKEN is set, and empty", "export ACME_TOKEN=<a value>"),
        export,
    ),
    "a certain value that is not set": (
        *(empty, "env:ACME_TOKEN=true"),
        ("ACME_TOKEN is not set", "export ACME_TOKEN=true"),
        export,
    ),
    "another value": (
        *(set_to("hunter2"), "env:ACME_TOKEN=on and off"),
        ("ACME_TOKEN is set to another value", "export ACME_TOKEN='on and off'"),
        export,
    ),
    "no module, installed": (empty, "module:acme", NO_MODULE, install({"acme.py": ""})),
    "no module, its folder added": (empty, "module:acme", NO_MODULE, put_on_the_path),
    "no submodule": (
        *(has({"acme.py": ""}), "module:acme.gpu"),
        ("acme ({folder}/site/acme.py) has no module acme.gpu", "install a version of acme that has it"),
        install({"acme/__init__.py": "", "acme/gpu.py": ""}),
    ),
    "another version": (
        *(has(acme("1.26.4")), "module:acme>=2"),
        ("acme-tools is 1.26.4, not >=2", "install acme-tools>=2"),
        install_by_pip,
    ),
    "no version": (
        *(has({"acme.py": ""}), "module:acme>=2"),
        ("acme ({folder}/site/acme.py) comes with no metadata that says its version", "leave out >=2"),
        leave_out_the_version,
    ),
    "an import hook that fails, repaired": (with_a_broken_hook, "module:acme", BROKEN_HOOK, repair_it),
    "an import hook that fails, taken off": (with_a_broken_hook, "module:acme", BROKEN_HOOK, take_it_off),
}


@pytest.mark.parametrize(("make", "notation", "texts", "cure"), TABLE.values(), ids=TABLE)
def test_what_is_to_be_done_turns_the_answer(
    world: World,
    make: Callable[[World], object],
    notation: str,
    texts: tuple[str, str],
    cure: Callable[[World, str], object],
) -> None:
    """A no with its whole reason and hint, the next step done, and a yes."""
    registry, notation = Registry(), notation.format(folder=world.folder)
    make(world)
    registry.register("asked", notation)
    answer = registry.check("asked")
    assert not answer
    assert (answer.reason, answer.hint) == (texts[0].format(folder=world.folder), texts[1])
    other = cure(world, answer.hint)
    registry.register("asked", str(other or notation), replace=True)
    assert registry.check("asked").status == "available"


def test_damaged_metadata(world: World) -> None:
    """It is a failure with its cause, and installing it again, or leaving out the version, turns the answer."""
    damaged = acme("2.0") | {"acme_tools-2.0.dist-info/METADATA": "Name: acme-tools\n"}
    world.write(damaged)
    registry = Registry()
    registry.register("asked", "module:acme>=2")
    registry.register("without", "module:acme")
    answer = registry.check("asked")
    with pytest.raises(KeyError) as caught:  # the words are importlib_metadata's
        _ = importlib_metadata.distribution("acme-tools").version
    assert answer.status == "failed"
    assert answer.reason == f"reading the metadata of acme raised {describe(caught.value)}"
    assert answer.hint == "install it again, or leave out >=2"
    assert registry.check("without")
    world.write(acme("2.0"))
    registry.refresh("asked")
    assert registry.check("asked")
