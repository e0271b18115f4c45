"""Where the import system would find a module, asked without importing its parents.

``importlib.util.find_spec("a.b.c")`` imports ``a`` and ``a.b``; here each package is given the search locations of the
one above it, and nothing is run.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, NamespaceLoader, PathFinder, SourceFileLoader, all_suffixes

from ssot_shims._record import TYPE_CHECKING, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

# So many entries of a folder without modules are read, in some 10 ms; who has more has no left-over.
_MOST_ENTRIES = 5000


class Undecidable(Exception):
    """Only an import can tell: *why*, and the file and the line that make it so, if there are any."""

    def __init__(self, why: str, file: str = "", line: int = 0) -> None:
        super().__init__(why, file, line)
        self.why, self.file, self.line = why, file, line


class Place(Record):
    """Where a module is: its file, the folders of its submodules (None: not a package), and how it is loaded."""

    file: str
    folders: Iterable[str] | None
    is_source: bool
    is_namespace: bool
    has_run: bool = False

    @property
    def shown(self) -> str:
        """The file, or the first folder of a namespace package: what a person would open."""
        return self.file or next(iter(self.folders or ()), "")


def place_of(module: str) -> Place | None:
    """The place of *module*; None when it, or a package above it, is nowhere. Raises :class:`Undecidable`."""
    *_, (_, place) = steps_to(module)
    return place


def steps_to(module: str) -> Iterator[tuple[str, Place | None]]:
    """The name and the place of each package above *module*, from the top on, and its own; the last may be None."""
    name, place = "", None
    for step in module.split("."):
        name, above = f"{name}.{step}" if name else step, place
        is_plain = above is not None and above.folders is None
        place = None if is_plain else find(name, above.folders if above else None)
        yield name, place
        if place is None:
            return


def find(name: str, path: Iterable[str] | None) -> Place | None:
    """Where *name* is, below a parent with the search locations *path* (None: top level); None when it is nowhere.

    A package that has been imported answers for itself: its ``__path__`` is what counts by now.
    """
    if name in sys.modules:
        running = sys.modules[name]
        if running is None:  # pyright: ignore[reportUnnecessaryComparison]  # how a test says "not importable"
            return None
        file, folders, loader = (attribute(running, what) for what in ("__file__", "__path__", "__loader__"))
        is_namespace = file is None and isinstance(loader, NamespaceLoader)
        has_run = not is_half_imported(running)
    else:
        spec = _find_spec(name, path)
        if spec is None:
            return None
        file, folders, loader = spec.origin if spec.has_location else None, spec.submodule_search_locations, spec.loader
        folders = None if folders is None else [*folders]
        is_namespace = loader is None or isinstance(loader, NamespaceLoader)
        has_run = False
    if is_namespace and not _holds_importable(folders or ()):
        return None  # a left-over folder that only looks like a package
    # A subclass may change what the source says (import hooks that instrument it), so only the exact type will do.
    is_source = type(loader) is SourceFileLoader
    return Place(file=file or "", folders=folders, is_source=is_source, is_namespace=is_namespace, has_run=has_run)


def is_installed(package: str) -> bool:
    """Whether the top-level *package* can be imported; where only an import can tell, whether it has been."""
    try:
        return find(package, None) is not None
    except Undecidable:
        return package in sys.modules


def lacking(error: BaseException | None, package: str) -> str:
    """The other package, or portion of a namespace, that importing a module of *package*, which raised *error*, lacks.

    Empty when that is not why. Who catches the first error often raises one without a name, which says what to install.
    """
    while isinstance(error, ImportError):
        if error.name is not None:
            missing = error.name.partition(".")[0]
            if not isinstance(error, ModuleNotFoundError) or missing == package:
                return ""
            if is_namespace(error.name.rpartition(".")[0]):
                return error.name
            return "" if is_installed(missing) else missing
        error = error.__cause__ or error.__context__
    return ""


def is_namespace(name: str) -> bool:
    """Whether *name* has been imported, and is a namespace package."""
    return isinstance(attribute(sys.modules.get(name), "__loader__"), NamespaceLoader)


def is_shared(package: str) -> bool:
    """Whether other distributions may bring modules of *package*, which has been imported; also as before PEP 420."""
    from linecache import getlines  # for an upstream that is not there

    source = "".join(getlines(attribute(sys.modules.get(package), "__file__") or ""))
    return is_namespace(package) or "declare_namespace" in source or "extend_path" in source


def attribute(module: object, name: str) -> Any:
    """An attribute that the import system sets on a module; None when there is none, or reading it raises."""
    try:
        return getattr(module, name, None)
    except Exception:  # a lazy module that fails when it is touched
        return None


def is_half_imported(module: object) -> bool:
    """Whether the import system is still running a module."""
    return bool(attribute(attribute(module, "__spec__"), "_initializing"))


def _find_spec(name: str, path: Iterable[str] | None) -> ModuleSpec | None:
    """Ask ``sys.meta_path`` in its own order; a finder that fails makes the answer :class:`Undecidable`."""
    for finder in sys.meta_path:
        find_spec = _find_on_path if finder is PathFinder else getattr(finder, "find_spec", None)
        try:
            spec = None if find_spec is None else find_spec(name, path)
            # Until 3.11 Python imports what a finder from before 3.4 claims; nobody can tell before what that gives.
            if find_spec is None and sys.version_info < (3, 12) and attribute(finder, "find_module")(name, path):
                raise ImportError(f"a finder without find_spec claims {name}")
        except Exception as error:
            raise Undecidable("a finder on sys.meta_path raised") from error
        if spec is not None:
            return spec
    return None


def _find_on_path(name: str, path: Iterable[str] | None) -> ModuleSpec | None:
    try:
        return PathFinder.find_spec(name, path)  # type: ignore[arg-type]  # see above
    except (KeyError, ModuleNotFoundError):  # Python 3.15
        # A namespace package asks sys.modules for the package above it; one at the top does not.
        return PathFinder.find_spec(name.rpartition(".")[2], path)  # type: ignore[arg-type]  # see above


def _holds_importable(folders: Iterable[str]) -> bool:
    """Whether a file below *folders* may be imported; where they cannot be read, or hold too many, one might."""
    read, suffixes = 0, tuple(all_suffixes())
    for folder in folders:
        if not os.path.isdir(folder):
            return True  # inside a zip file, or what a path hook stands for, as for an editable installation
        for _, inner, files in os.walk(folder, followlinks=True):
            read += len(inner) + len(files)
            modules = [file for file in files if file.endswith(suffixes) and file.partition(".")[0].isidentifier()]
            if modules or read > _MOST_ENTRIES:
                return True
            inner[:] = [name for name in inner if name.isidentifier() and name != "__pycache__"]
    return False
