"""Import the modules that declare shims and capabilities, so that a report shows all of them."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._names import SHIMS
from ssot_shims._project.pyproject import Project
from ssot_shims._record import Record
from ssot_shims._shims.shim import quiet
from ssot_shims._text import describe
from ssot_shims.errors import InvalidSetting


class ImportFailure(Record):
    """A module that should declare shims or capabilities, and the exception that its import raised."""

    module: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.module} cannot be imported: {describe(self.error)}"


def load_declarations(project: Project, modules: Iterable[str], folder: Path) -> tuple[ImportFailure, ...]:
    """Import the shims that ship, the modules that *project* names, and *modules*; returns those that raised.

    The capabilities in the table of *project* are registered first. Raises :class:`InvalidSetting`, with *folder*, for
    a module that is not there.
    """
    register(project)
    with told_later():
        for shim in SHIMS.values():
            import_module(f"ssot_shims.{shim}")
        return tuple(_import_each({**_places(project), **dict.fromkeys(modules, "MODULE")}, folder))


def declare(project: Project, folder: Path) -> None:
    """Register the capabilities of *project* and import its modules.

    Whatever a module raises passes through, and shims that moved or broke warn. Raises :class:`InvalidSetting`, with
    *folder*, for a module that is not there.
    """
    register(project)
    for failure in _import_each(_places(project), folder):
        raise failure.error


def _places(project: Project) -> dict[str, str]:
    """The modules of *project*, each with the setting that names it."""
    return dict.fromkeys(project.modules, f"tool.ssot_shims.modules in {project.file}")


def _import_each(places: Mapping[str, str], folder: Path) -> Iterator[ImportFailure]:
    """Import one module of *places* after the other, and yield the failure of each that raises."""
    for module, place in places.items():
        try:
            import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if _is_not_there(module, error):
                raise InvalidSetting(place, module, f"a module that can be imported from {folder}") from error
            yield ImportFailure(module=module, error=error)


def register(project: Project) -> None:
    """Register the capabilities of *project*; what is known about those that are registered already is kept."""
    for capability in project.capabilities:
        if capabilities.registered().get(capability.name) != capability:
            capabilities.add(capability, replace=True)


def _is_not_there(module: str, error: BaseException) -> bool:
    """Whether *error* says that *module* itself is not there; a name such as ``../suite`` never is."""
    if not all(name.isidentifier() for name in module.split(".")):
        return True
    return isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")


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
    _settings.strict()  # a value that does not read is still an error
    with quiet(), redirect_stdout(sys.stderr):
        yield
