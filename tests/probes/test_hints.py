"""Commands, variables and modules that are not there: doing what the hint says turns each answer.

What a hint writes as a command is run by a shell; what it says in words (install it, repair it) is done by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import importlib_metadata
import pytest
from packaging.version import InvalidVersion, Version

from ssot_shims import Registry
from ssot_shims._text import describe
from tests.conftest import Write
from tests.probes.test_module import distribution


class World:
    """A folder on ``sys.path`` (site) and one on ``PATH`` (bin), both in *folder*; and the hint that was given here."""

    hint = ""

    def __init__(self, folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.write, self.patch = folder, write, monkeypatch
        write({})
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)

    def add_program(self, name: str, mode: int = 0o755) -> None:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(mode)

    def export(self) -> None:
        """Set the variable that the hint names, as a shell that runs its command hands it on."""
        command = self.hint.replace("<a value>", "hunter2")
        name = command.partition("=")[0].removeprefix("export ")
        shell = ["sh", "-c", f"{command}; printenv {name}"]
        self.patch.setenv(name, subprocess.run(shell, check=True, capture_output=True, text=True).stdout.strip())

    def add_source(self) -> None:
        """Do as PYTHONPATH does, whose folders are the first of ``sys.path`` in a new process."""
        (self.folder / "source").mkdir()
        (self.folder / "source" / "acme.py").touch()
        sys.path.insert(0, str(self.folder / "source"))

    def break_finders(self) -> None:
        self.write({"acme.py": ""})
        sys.meta_path.insert(0, Mock(find_spec=Mock(side_effect=KeyError("acme"))))


def acme(version: str) -> dict[str, str]:
    """The module acme, installed as a distribution of another name."""
    return distribution("acme-tools", version, "acme.py")


def upgrade(world: World) -> None:
    (world.folder / "site/acme_tools-1.26.4.dist-info/RECORD").unlink()
    world.write(acme("2.0"))


# Every reason with its hint, in full; other tests assert a fragment.
NO_COMMAND = ("there is no command 'acme-tool' in the folders of PATH", "install it, or add its folder to PATH")
NO_FILE = ("there is no file {folder}/opt/acme-tool", "install it there, or correct the path")
NOT_EXECUTABLE = ("{folder}/bin/acme-tool is there and may not be executed", "make it executable")
NO_MODULE = ("no module 'acme' is installed here", "install it, or set PYTHONPATH=<the folder that holds acme>")
NO_SUBMODULE = ("acme ({folder}/site/acme.py) has no module acme.gpu", "install a version of acme that has it")
NO_VERSION = ("acme ({folder}/site/acme.py) comes with no metadata that says its version", "leave out >=2")
BROKEN = ("looking for acme, an import finder raised KeyError: 'acme'", "repair it, or take it off sys.meta_path")
Do = Callable[[World], object]
# What is done to the world first, the notation, reason and hint, and what is done about it: maybe another notation.
TABLE: dict[str, tuple[Do | None, str, tuple[str, str], Do | str]] = {
    "no command, installed": (None, "command:acme-tool", NO_COMMAND, lambda w: w.add_program("bin/acme-tool")),
    "a command that may not be run": (
        *(lambda w: w.add_program("bin/acme-tool", 0o644), "command:acme-tool", NOT_EXECUTABLE),
        lambda w: (w.folder / "bin/acme-tool").chmod(0o755),
    ),
    "no file": (None, "command:{folder}/opt/acme-tool", NO_FILE, lambda w: w.add_program("opt/acme-tool")),
    "no variable": (None, "env:ACME", ("ACME is not set", "export ACME=<a value>"), World.export),
    "an empty variable": (
        *(lambda w: w.patch.setenv("ACME", ""), "env:ACME"),
        *(("ACME is set, and empty", "export ACME=<a value>"), World.export),
    ),
    "no certain value": (None, "env:ACME=true", ("ACME is not set", "export ACME=true"), World.export),
    "another value": (
        *(lambda w: w.patch.setenv("ACME", "hunter2"), "env:ACME=on and off"),
        *(("ACME is set to another value", "export ACME='on and off'"), World.export),
    ),
    "no module, installed": (None, "module:acme", NO_MODULE, lambda w: w.write({"acme.py": ""})),
    "no module, its folder added": (None, "module:acme", NO_MODULE, World.add_source),
    "no submodule": (
        *(lambda w: w.write({"acme.py": ""}), "module:acme.gpu", NO_SUBMODULE),
        lambda w: w.write({"acme/__init__.py": "", "acme/gpu.py": ""}),
    ),
    "another version": (
        *(lambda w: w.write(acme("1.26.4")), "module:acme>=2"),
        *(("acme-tools is 1.26.4, not >=2", "install acme-tools>=2"), upgrade),
    ),
    "no version": (lambda w: w.write({"acme.py": ""}), "module:acme>=2", NO_VERSION, "module:acme"),
    "a finder that fails, taken off": (World.break_finders, "module:acme", BROKEN, lambda w: sys.meta_path.pop(0)),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_hint_turns_the_answer(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """A no with its whole reason and hint, the next step done, and a yes."""
    make, notation, texts, cure = TABLE[case]
    world, registry = World(tmp_path, write, monkeypatch), Registry()
    if make:
        make(world)
    notation = notation.format(folder=tmp_path)
    registry.register("asked", notation)
    answer = registry.check("asked")
    assert answer.status == ("failed" if texts is BROKEN else "unavailable")
    assert (answer.reason, answer.hint) == (texts[0].format(folder=tmp_path), texts[1])
    world.hint = answer.hint
    if not isinstance(cure, str):
        cure(world)
    registry.register("asked", cure if isinstance(cure, str) else notation, replace=True)
    assert registry.check("asked").status == "available"


@pytest.mark.parametrize("metadata", ["Name: acme-tools\n", "Name: acme-tools\nVersion: yesterday\n"])
def test_damaged_metadata(write: Write, metadata: str) -> None:
    """It is a failure with its cause, and installing it again, or leaving out the version, turns the answer."""
    write(acme("2.0") | {"acme_tools-2.0.dist-info/METADATA": metadata})
    registry = Registry()
    answer = registry.check("module:acme>=2")
    with pytest.raises((KeyError, InvalidVersion)) as caught:  # the words are those of importlib_metadata and packaging
        Version(importlib_metadata.distribution("acme-tools").version)
    assert answer.status == "failed"
    assert answer.reason == f"reading the metadata of acme raised {describe(caught.value)}"
    assert answer.hint == "install it again, or leave out >=2"
    assert registry.check("module:acme")
    write(acme("2.0"))
    registry.refresh()
    assert registry.check("module:acme>=2")
