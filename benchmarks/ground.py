"""Where the children run: a folder, a clean virtual environment, and no setting of whoever started us."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import ssot_shims
from ssot_shims._record import Record

_NEEDED = ("LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
PLUGIN = "ssot_shims.pytest_plugin"


class Ground(Record):
    """``folder`` is on the children's path, with a compiled copy of ssot_shims; ``scratch`` is for the rest."""

    folder: Path
    scratch: Path
    python: Path
    environment: Mapping[str, str]

    def write(self, files: Mapping[str, str]) -> None:
        """Put modules where children find them, compiled."""
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        command = [str(self.python), "-m", "compileall", "-q", str(self.folder)]
        # A module that is wrong on purpose does not compile.
        subprocess.run(command, env=dict(self.environment), check=False, capture_output=True)

    def without_bytecode(self) -> dict[str, str]:
        """Settings for a child whose copy of ssot_shims has no byte code, and gets none."""
        raw = self.scratch / "raw"
        if not raw.exists():
            copy_package(raw)
        path = os.pathsep.join([str(raw), self.environment["PYTHONPATH"]])
        return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def prepared() -> Generator[Ground]:
    """A ground, and nothing of it left afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench_", ignore_cleanup_errors=True) as name:
        folder, scratch, environment = (Path(name, part) for part in ("path", "scratch", "venv"))
        for new in (folder, scratch, scratch / "home"):
            new.mkdir()
        venv.create(environment, symlinks=os.name != "nt")
        copy_package(folder)
        yield Ground(
            folder=folder,
            scratch=scratch,
            python=environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"),
            environment=_environment(folder, scratch / "home"),
        )


def copy_package(folder: Path) -> None:
    """Put the sources of ssot_shims into *folder*, without byte code."""
    source = Path(ssot_shims.__file__).parent
    shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))


def _environment(folder: Path, home: Path) -> dict[str, str]:
    installed = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return {
        **{name: os.environ[name] for name in _NEEDED if name in os.environ},
        "HOME": str(home),
        # Not as a site folder: files named .pth would run, and a hook-style editable install is one of them.
        "PYTHONPATH": os.pathsep.join([str(folder), *installed]),
        "PYTHONSAFEPATH": "1",
    }
