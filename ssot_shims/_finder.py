"""Where the import system would find a module, asked without importing its parents.

``importlib.util.find_spec("a.b.c")`` imports ``a`` and ``a.b``; here each package is given the search locations of the
one above it, and nothing is run.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, NamespaceLoader, PathFinder, SourceFileLoader, all_suffixes

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.importlib import PathEntryFinderProtocol


class Unclear(Exception):
    """Only an import can tell."""


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
    file, folders = getattr(running, "__file__", None), getattr(running, "__path__", None)
    return Place(file=file or "", folders=folders, is_running=True)


def _place(spec: ModuleSpec) -> Place | None:
    is_namespace = spec.loader is None or isinstance(spec.loader, NamespaceLoader)
    if is_namespace and not _holds_importable(spec.submodule_search_locations or (), set()):
        return None  # a left-over folder that only looks like a package
    file = spec.origin if spec.has_location else None
    # A subclass may change what the source says (import hooks that instrument it), so only the exact type will do.
    is_source = type(spec.loader) is SourceFileLoader
    return Place(file=file or "", folders=spec.submodule_search_locations, is_source=is_source)


def _find_spec(name: str, path: Iterable[str] | None) -> ModuleSpec | None:
    """Ask ``sys.meta_path`` in its own order; a finder that fails makes the answer :class:`Unclear`.

    PathFinder's part is done entry by entry: it raises KeyError for a namespace inside one that is not imported.
    """
    for finder in sys.meta_path:
        try:
            if finder is PathFinder:
                spec = _find_on_path(name, sys.path if path is None else path)
            else:
                spec = finder.find_spec(name, path)  # type: ignore[arg-type]  # any iterable, as the import system passes it
        except Exception as error:
            raise Unclear from error
        if spec is not None:
            return spec
    return None


def _find_on_path(name: str, path: Iterable[str]) -> ModuleSpec | None:
    portions: list[str] = []
    for entry in path:
        finder = _entry_finder(entry)
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
    entry = entry or os.getcwd()
    if entry in sys.path_importer_cache:
        return sys.path_importer_cache[entry]
    for hook in sys.path_hooks:
        try:
            return hook(entry)
        except ImportError:
            continue
    return None


def _holds_importable(folders: Iterable[str], seen: set[tuple[int, int]]) -> bool:
    """Whether any file below *folders* could be imported, nearest first; folders linked in a circle are read once."""
    below: list[str] = []
    for folder in folders:
        try:
            status = os.stat(folder)
            entries = list(os.scandir(folder))
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if any(entry.name.endswith(tuple(all_suffixes())) and entry.is_file() for entry in entries):
            return True
        below += [entry.path for entry in entries if _may_be_package(entry)]
    return bool(below) and _holds_importable(below, seen)


def _may_be_package(entry: os.DirEntry[str]) -> bool:
    return entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir()
