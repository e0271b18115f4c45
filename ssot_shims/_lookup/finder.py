"""Where the import system would find a module, asked without importing its parents.

``importlib.util.find_spec("a.b.c")`` imports ``a`` and ``a.b``; here each package is given the search locations of the
one above it, and nothing is run.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import (
    BuiltinImporter,
    ModuleSpec,
    NamespaceLoader,
    PathFinder,
    SourceFileLoader,
    all_suffixes,
)

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from _typeshed.importlib import PathEntryFinderProtocol

# Where the finders of the standard library are defined: they look into folders and archives, and come back.
_STANDARD = {BuiltinImporter.__module__, PathFinder.__module__, "zipimport"}

# So many entries of a folder without modules are read, in some 10 ms; who has more has no left-over.
_MOST_ENTRIES = 5000


class Undecidable(Exception):
    """Only an import can tell."""


class HalfImported(Undecidable):
    """The module is being imported at this moment; *place* is where it is."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


class Place(Record):
    """Where a module is: its file, the folders of its submodules (None: not a package), and how it is loaded."""

    file: str
    folders: Iterable[str] | None
    is_source: bool = False
    is_running: bool = False

    @property
    def shown(self) -> str:
        """The file, or the first folder of a namespace package: what a person would open."""
        return self.file or next(iter(self.folders or ()), "")


def find(name: str, path: Iterable[str] | None) -> Place | None:
    """Where *name* is, below a parent with the search locations *path* (None: top level); None when it is nowhere.

    A package that has been imported answers for itself: its ``__path__`` is what counts by now.
    """
    if name not in sys.modules:
        spec = _find_spec(name, path)
        return None if spec is None else _place(spec)
    running = sys.modules[name]
    if running is None:  # pyright: ignore[reportUnnecessaryComparison]  # how a test says "not importable"
        return None
    file, folders = attribute(running, "__file__"), attribute(running, "__path__")
    place = Place(file=file or "", folders=folders, is_running=True)
    if is_half_imported(running):
        raise HalfImported(place)  # what it will be is for the import system to wait for
    if (
        file is None
        and isinstance(attribute(running, "__loader__"), NamespaceLoader)
        and not _holds_importable(folders)
    ):
        return None
    return place


def asks_others() -> bool:
    """Whether looking for a module asks finders of somebody else's, which take as long as they like."""
    finders = (*sys.meta_path, *sys.path_hooks, *sys.path_importer_cache.values())
    return not _STANDARD.issuperset(getattr(finder, "__module__", "") for finder in finders if finder is not None)


def is_running(name: str) -> bool:
    """Whether *name* has been imported; of a namespace package that says nothing, for it is made out of any folder."""
    return sys.modules.get(name) is not None and not _is_namespace(sys.modules[name])


def _is_namespace(module: object) -> bool:
    return isinstance(attribute(module, "__loader__"), NamespaceLoader)


def attribute(module: object, name: str) -> Any:
    """An attribute that the import system sets on a module; None when there is none, or reading it raises."""
    try:
        return getattr(module, name, None)
    except Exception:  # a lazy module that fails when it is touched, a stand-in with a mind of its own
        return None


def is_half_imported(module: object) -> bool:
    """Whether a module is still being run: by the import system, or by whoever is above us on the stack."""
    if attribute(attribute(module, "__spec__"), "_initializing"):
        return True
    names, frame = attribute(module, "__dict__"), sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == "<module>" and frame.f_globals is names:
            return True
    return False


def _place(spec: ModuleSpec) -> Place | None:
    is_namespace = spec.loader is None or isinstance(spec.loader, NamespaceLoader)
    if is_namespace and not _holds_importable(spec.submodule_search_locations or ()):
        return None  # a left-over folder that only looks like a package
    file = spec.origin if spec.has_location else None
    # A subclass may change what the source says (import hooks that instrument it), so only the exact type will do.
    is_source = type(spec.loader) is SourceFileLoader
    return Place(file=file or "", folders=spec.submodule_search_locations, is_source=is_source)


def _find_spec(name: str, path: Iterable[str] | None) -> ModuleSpec | None:
    """Ask ``sys.meta_path`` in its own order; a finder that fails makes the answer :class:`Undecidable`.

    PathFinder's part is done entry by entry: it raises KeyError for a namespace inside one that is not imported.
    """
    for finder in sys.meta_path:
        try:
            if finder is PathFinder:
                spec = _find_on_path(name, sys.path if path is None else path)
            else:
                spec = finder.find_spec(name, path)  # type: ignore[arg-type]  # any iterable, as the import system passes it
        except Exception as error:
            raise Undecidable from error
        if spec is not None:
            return spec
    return None


def _find_on_path(name: str, path: Iterable[str]) -> ModuleSpec | None:
    portions: list[str] = []
    for entry in path:
        finder = _entry_finder(entry) if isinstance(entry, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        spec = finder.find_spec(name) if finder else None
        if spec is None:
            continue
        if spec.loader is not None:
            return spec
        portions.extend(spec.submodule_search_locations or ())
    if not portions:
        return None
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = portions
    return namespace


def _entry_finder(entry: str) -> PathEntryFinderProtocol | None:
    """The finder of one path entry, from the cache of the import system or made the way it makes one."""
    try:
        entry = entry or os.getcwd()
    except FileNotFoundError:  # the current folder has been removed
        return None
    if entry in sys.path_importer_cache:
        return sys.path_importer_cache[entry]
    for hook in sys.path_hooks:
        try:
            return hook(entry)
        except ImportError:
            continue
    return None


def _holds_importable(folders: Iterable[str]) -> bool:
    """Whether any file below *folders* could be imported; what may not be read might hold one, and so might too much.

    Nearest first; folders linked in a circle are read once.
    """
    waiting, seen, read = [*folders], set[tuple[int, int]](), 0
    try:
        for folder in waiting:  # which grows meanwhile
            for entry in _entries(folder, seen):
                read += 1
                if read > _MOST_ENTRIES or _may_be_module(entry):
                    return True
                if _may_be_package(entry):
                    waiting.append(entry.path)
    except PermissionError:
        return True
    return False


def _entries(folder: str, seen: set[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    """What is in *folder*; nothing when it was *seen* before, or cannot be read for another reason than permission."""
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            yield from entries
    except PermissionError:
        raise
    except OSError:
        return


def _may_be_module(entry: os.DirEntry[str]) -> bool:
    is_named_so = entry.name.endswith(tuple(all_suffixes())) and entry.name.partition(".")[0].isidentifier()
    return is_named_so and entry.is_file()


def _may_be_package(entry: os.DirEntry[str]) -> bool:
    return entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir()
