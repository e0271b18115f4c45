"""Import the modules that declare shims and capabilities, so that a report shows all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._names import SHIMS
from ssot_shims._project.pyproject import Project, find_project, read_project
from ssot_shims._shims.shim import ShimRecord, all_shims, quiet
from ssot_shims._text import describe
from ssot_shims.errors import InvalidSetting


def load_declarations(project: Project, modules: Sequence[str], folder: Path) -> tuple[list[ShimRecord], list[str]]:
    """Import what *project* and *modules* declare; gives the shims to report, and why modules cannot be imported.

    The shims that ship are left out where *project* has modules of its own, nobody imports them, and their upstream is
    absent. The capabilities in the table of *project* are registered first. Raises :class:`InvalidSetting`, with
    *folder*, for a module that is not there, and for the name of a capability.
    """
    register(project)
    for module in modules:
        if module in capabilities.registered():  # there may be a module of that name too, as of docker
            raise InvalidSetting("MODULE", module, f"a module; to ask for that capability: ssot-shims check {module}")
    with told_later():
        failures = list(import_each(project, folder, modules))
        imported = {record.name for record in all_shims()}
        for shim in SHIMS.values():
            import_module(f"ssot_shims.{shim}")
    for _, error in failures:
        if isinstance(error, InvalidSetting):
            raise error
    found = [one for one in all_shims() if not project.modules or one.name in imported or one.state != "absent"]
    return found, [import_problem(*failure) for failure in failures]


def import_each(project: Project, folder: Path, modules: Iterable[str] = ()) -> Iterator[tuple[str, BaseException]]:
    """Import the modules of *project* and *modules*, and yield each that cannot be, with the error.

    That is :class:`InvalidSetting`, with *folder*, for a module that is not there, else what the module raised.
    """
    key = f"tool.ssot_shims.modules in {project.file}"
    for module, place in {**dict.fromkeys(project.modules, key), **dict.fromkeys(modules, "MODULE")}.items():
        try:
            import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a module may end in any way, SystemExit included
            is_missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
            missing = InvalidSetting(place, module, f"a module that can be imported from {folder}")
            yield module, missing if is_missing or module.startswith(".") else error


def import_problem(module: str, error: BaseException) -> str:
    """Why *module*, which should declare shims or capabilities, cannot be imported."""
    return str(error) if isinstance(error, InvalidSetting) else f"{module} cannot be imported: {describe(error)}"


def register(project: Project) -> None:
    """Register the capabilities of *project*; what is known about those that are registered already is kept."""
    capabilities.explain_unknown("")  # they are loaded
    for capability in project.capabilities:
        if capabilities.registered().get(capability.name) != capability:
            capabilities.add(capability, replace=True)


def load_project(path: str | os.PathLike[str] | None = None) -> Path:
    """Register the capabilities of the nearest pyproject.toml; gives the project's folder.

    Plain Python and unittest call it once; pytest and the command line need no call. *path* is a file, or the folder
    to start from (default: the working directory): the nearest pyproject.toml there or above is read. Its ``modules``
    are not imported. A second call keeps all answers. ``sys.path`` does not change: the program itself has to be able
    to import the module of a ``python:`` probe.

    Raises :class:`InvalidSetting`, with the file and the key, for a value that is not valid or a missing file.

    >>> import tempfile
    >>> from ssot_shims import is_available
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "pyproject.toml").write_text('tool.ssot_shims.capabilities.path = "env:PATH"')
    ...     load_project(folder) == Path(folder), is_available("path")
    (True, True)
    """
    start = Path(path or "").absolute()
    project = find_project(start) if start.is_dir() else read_project(start)
    if project.file is None:
        expected = "a file with a table [tool.ssot_shims.capabilities]"
        raise InvalidSetting(f"pyproject.toml in {start} or above", "", expected, "is missing")
    register(project)
    return project.root


@contextmanager
def importable(*folders: Path) -> Generator[None]:
    """While this lasts, modules are found in *folders* before anywhere else."""
    before = list(sys.path)
    sys.path[:0] = [folder for folder in dict.fromkeys(map(str, folders)) if folder not in before]
    try:
        yield
    finally:
        sys.path[:] = before


@contextmanager
def told_later() -> Generator[None]:
    """While this lasts, moved and broken shims neither warn nor raise, and what upstreams print goes to standard error.

    A front end tells it all itself, afterwards.
    """
    for read in (_settings.strict, _settings.timeout, _settings.no_services):
        read()  # a value that does not read is still an error
    with quiet(), redirect_stdout(sys.stderr):
        yield
