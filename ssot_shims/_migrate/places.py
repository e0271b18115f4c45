"""Which files modules are, and which ones they import when they are imported; nothing is run."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path

from ssot_shims._declarations import importable
from ssot_shims._finder import Place, Unclear, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def place_of(module: str) -> Place | None:
    """The place of *module*, package by package. Raises :class:`Unclear`."""
    name, place = "", None
    for step in module.split("."):
        if place is not None and place.folders is None:
            return None
        name = f"{name}.{step}" if name else step
        place = find(name, place.folders if place else None)
        if place is None:
            return None
    return place


@cache  # every file of a tree asks about the same few modules
def located(roots: tuple[str, ...], module: str) -> tuple[str, tuple[str, ...]]:
    """The file of *module* and the folders of its submodules, without links; empty when that is not known."""
    try:
        with importable(*map(Path, roots)):
            place = place_of(module)
            folders = tuple(place.folders or ()) if place else ()
    except Unclear:
        return "", ()
    file = os.path.realpath(place.file) if place and place.file else ""
    return file, tuple(map(os.path.realpath, folders))


@cache  # as above
def files_imported_by(roots: tuple[str, ...], module: str) -> frozenset[str]:
    """The files that *module* imports by name when it is imported, and what those of them beside it import."""
    found, pending, seen = set[str](), [module], {module}
    home = os.path.dirname(located(roots, module)[0])
    for each in pending:  # which grows meanwhile
        file, folders = located(roots, each)
        for name in _imports(file, each if folders else each.rpartition(".")[0]):
            imported = "" if name in seen else located(roots, name)[0]
            if imported:
                seen.add(name)
                found.add(imported)
                if os.path.dirname(imported) == home:
                    pending.append(name)
    return frozenset(found)


def _imports(file: str, package: str) -> Iterator[str]:
    """Every module that *file*, of *package*, may name in an import that runs with it."""
    try:
        nodes: list[ast.AST] = [ast.parse(Path(file).read_bytes())]
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in nodes:  # which grows meanwhile
        if isinstance(node, ast.Import):
            yield from (name for alias in node.names for name in _with_packages(alias.name, package))
        elif isinstance(node, ast.ImportFrom):
            steps = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            parent = ".".join([*steps, node.module] if node.module else steps)
            if parent:
                yield parent  # even when it is the package of the file itself
                yield from _with_packages(parent, package)
                yield from (f"{parent}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)


def _with_packages(module: str, package: str) -> Iterator[str]:
    """*module* and the packages above it, except those that are being imported already, because *package* is."""
    steps = module.split(".")
    names = (".".join(steps[:end]) for end in range(1, len(steps) + 1))
    return (name for name in names if not f"{package}.".startswith(f"{name}."))
