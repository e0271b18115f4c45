"""Which files modules are, and which ones they import when they are imported; nothing is run."""

from __future__ import annotations

import ast
import os
import warnings
from functools import cache
from pathlib import Path

from ssot_shims._lookup.bindings import parent_of
from ssot_shims._lookup.finder import Undecidable, place_of
from ssot_shims._lookup.lookup import Target
from ssot_shims._project.declarations import importable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@cache  # every file of a tree asks about the same few modules
def located(roots: tuple[str, ...], module: str) -> tuple[str, tuple[str, ...]]:
    """The file of *module* and the folders of its submodules, without links; empty when that is not known."""
    try:
        with importable(*map(Path, roots)):
            place = place_of(module)
            folders = tuple(place.folders or ()) if place else ()
    except Undecidable:
        return "", ()
    file = os.path.realpath(place.file) if place and place.file else ""
    return file, tuple(map(os.path.realpath, folders))


@cache  # as above
def origin_of(roots: tuple[str, ...], target: Target) -> Target | None:
    """Where the module of *target* takes it from in an import that always runs; None when it does not.

    What is below a module that is no package has no file: ``os.path``, say, is what ``os`` has put there.
    """
    file, folders = located(roots, target.module)
    tree, package = parsed(file), target.module if folders else target.module.rpartition(".")[0]
    imports = [node for node in (tree.body if tree else ()) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for alias in node.names:
            module = parent_of(node, package)
            if (alias.asname or alias.name) == target.symbol and module and not _is_put_there(roots, module):
                return Target(module=module, symbol=alias.name)
    return None


def _is_put_there(roots: tuple[str, ...], module: str) -> bool:
    file, folders = located(roots, module.rpartition(".")[0])
    return bool(file and not folders)


@cache  # as above
def files_imported_by(roots: tuple[str, ...], module: str, moves: tuple[tuple[str, str], ...] = ()) -> frozenset[str]:
    """The files that are imported while *module* is, as far as the way to them is by name and below *roots*.

    Whoever imports the first module of one of the *moves* may import the second one in future.
    """
    found, pending, seen = set[str](), [module], {module}
    for each in pending:  # which grows meanwhile
        file, folders = located(roots, each)
        if not _is_of_tree(file, roots):
            continue  # what is installed imports nothing of the tree
        names = {*_imports(file, each if folders else each.rpartition(".")[0])}
        for name in {*names, *(new for old, new in moves if old in names)} - seen:
            seen.add(name)
            pending.append(name)
            found.add(located(roots, name)[0])
    return frozenset(found - {""})


def _is_of_tree(file: str, roots: tuple[str, ...]) -> bool:
    starts = tuple(os.path.join(os.path.realpath(root), "") for root in roots)
    # A virtual environment often lies in the folder of its project.
    return file.startswith(starts) and {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def _imports(file: str, package: str) -> Iterator[str]:
    """Every module that *file*, of *package*, may name in an import that runs with it."""
    tree = parsed(file)
    nodes: list[ast.AST] = [tree] if tree else []
    for node in nodes:  # which grows meanwhile
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)  # even when it is the package of the file itself
            yield from (name for alias in node.names for name in _not_begun(alias.name, package))
        elif isinstance(node, ast.ImportFrom):
            if parent := parent_of(node, package):
                yield parent  # as above
                yield from _not_begun(parent, package)
                yield from (f"{parent}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            nodes += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)


def parsed(file: str) -> ast.Module | None:
    """The tree of *file*; None when it is not there, or no Python source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(Path(file).read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def with_packages(module: str) -> Iterator[str]:
    """The packages above *module*, from the topmost on, and itself."""
    steps = module.split(".")
    return (".".join(steps[:end]) for end in range(1, len(steps) + 1))


def _not_begun(module: str, package: str) -> Iterator[str]:
    """*module* and the packages above it, except those that are being imported already, because *package* is."""
    return (name for name in with_packages(module) if not f"{package}.".startswith(f"{name}."))
