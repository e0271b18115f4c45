"""Whether the new home of a name is there, and what it imports; found out from files, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from ssot_shims._codebase.findings import unclear
from ssot_shims._codebase.source import Source, Unparsable, bindings, read_source
from ssot_shims._lookup.finder import Undecidable, place_of
from ssot_shims._lookup.lookup import Lookup, Target, look
from ssot_shims._migrate.rules import Rule, shims_in
from ssot_shims._names import SHIMS
from ssot_shims._project.declarations import importable
from ssot_shims._record import Record
from ssot_shims._shims.upstream import moved

_HOW_TO_GO_ON = "correct the rule, or run this where the new home is"
_HOW_TO_SETTLE_IT = "a stub (.pyi) beside the module that binds the name settles it"


class NewHomes(Record):
    """Where new homes are looked for: below the folders *roots* first, then where this interpreter imports from."""

    roots: tuple[str, ...] = ()

    def why_refused(self, rule: Rule, name: str) -> tuple[str, str]:
        """Why *rule* is refused for *name*, and what to do then; two empty texts when the new home has it."""
        new = rule.new_home_of(name)
        why = _why_not_there(self.roots, new, rule.is_of_shim)
        if not why[0] and rule.old_name == "*":
            return _why_not_one(self.roots, Target(module=rule.old_module, symbol=name), new)
        return why

    def has_old(self, rule: Rule, name: str) -> bool:
        """Whether the old home of *rule* has *name* still."""
        return _look(self.roots, Target(module=rule.old_module, symbol=name)).found not in ("missing", "absent")


@cache  # every file of a tree asks about the same few names
def _look(roots: tuple[str, ...], target: Target) -> Lookup:
    with importable(*map(Path, roots)):
        return look(target)


@cache
def _why_not_there(roots: tuple[str, ...], target: Target, is_declared: bool) -> tuple[str, str]:
    lookup = _look(roots, target)
    if lookup.found == "unknown" and not is_declared:
        return unclear(target, lookup), _HOW_TO_SETTLE_IT
    with importable(*map(Path, roots)):
        why = _why_missing(target, lookup) or _why_not_passed_on(roots, target)
    return (f"{target} is not there: {why}", _HOW_TO_GO_ON) if why else ("", "")


def _why_missing(target: Target, lookup: Lookup) -> str:
    if lookup.found == "absent" and lookup.place:
        return f"only other parts of the namespace package {lookup.module} ({lookup.place.shown}) are here"
    if lookup.found == "absent":
        return f"no package {target.package!r} is installed here"
    return moved(target, lookup).reason if lookup.found == "missing" else ""


def _why_not_passed_on(roots: tuple[str, ...], target: Target) -> str:
    """Why one of the imports by which modules pass *target* on fails; empty when none does."""
    for importer, origin in pairwise(_origins(roots, target)):
        if why := _why_missing(origin, _look(roots, origin)):
            return f"{importer.module} imports it as {origin}, which is not there: {why}"
    return ""


def _why_not_one(roots: tuple[str, ...], old: Target, new: Target) -> tuple[str, str]:
    """Why a rule for all names does not hold for one: both homes have an object of their own."""
    if _look(roots, old).found in ("missing", "absent") or {*_origins(roots, old)} & {*_origins(roots, new)}:
        return "", ""
    why = f"{old} and {new} may be two objects: {old.module} does not import it from {new.module}"
    return why, "write a rule for this name alone"


def _origins(roots: tuple[str, ...], target: Target) -> list[Target]:
    """*target*, where its module imports it from, where that one does, and so on."""
    chain = [target]
    while (origin := _origin(roots, chain[-1])) and origin not in chain:
        chain.append(origin)
    return chain


@cache
def shim_of(roots: tuple[str, ...], target: Target) -> str:
    """The name of the shim that *target* is; empty when it is none."""
    origin = _origins(roots, target)[-1]
    shims = [name for name, *_ in shims_in(parsed(located(roots, origin.module)[0]).tree)]
    return origin.symbol if origin.symbol in (*shims, *(SHIMS if origin.module == "ssot_shims" else ())) else ""


@cache
def _origin(roots: tuple[str, ...], target: Target) -> Target | None:
    """Where the module of *target* imports it from, when that always runs and nothing else binds it; else None.

    What is below a module that is no package has no file: ``os.path``, say, is what ``os`` has put there.
    """
    file, folders = located(roots, target.module)
    source, package = parsed(file), target.module if folders else target.module.rpartition(".")[0]
    bound = [*bindings(source.tree, target.symbol)]
    for statement in source.imports if len(bound) < 2 else ():
        module = next(iter(statement.modules([package])), "")
        above, inside = located(roots, module.rpartition(".")[0])
        if not module or len(statement.around) > 1 or (above and not inside):
            continue
        origins = [Target(module=module, symbol=alias.name) for alias in statement.node.names if alias in bound]
        if statement.node.names[0].name == "*" and not bound and not target.symbol.startswith("_"):
            everything = Target(module=module, symbol=target.symbol)
            origins += [everything] if _look(roots, everything).found == "there" else []
        if origins:
            return origins[0]
    return None


@cache
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


@cache
def imported_by(roots: tuple[str, ...], module: str, moves: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
    """The files that the import of *module* imports, or may import after *moves*, each by the name of its module.

    Imports by name are followed, below *roots*.
    """
    found, pending = dict[str, str](), [module]
    starts = tuple(os.path.join(os.path.realpath(root), "") for root in roots)
    for each in pending:  # which grows meanwhile
        file, folders = located(roots, each)
        # A virtual environment often lies in the folder of its project; what is installed imports nothing of the tree.
        if not file.startswith(starts) or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts):
            continue
        names = _imports(file, each if folders else each.rpartition(".")[0])
        for name in {*names, *(new for old, new in moves if old in names)} - {module, *found}:
            found[name] = located(roots, name)[0]
            pending.append(name)
    return {name: file for name, file in found.items() if file}


@cache
def _imports(file: str, package: str) -> frozenset[str]:
    """Every module that *file*, of *package*, may name in an import that runs with it, and the packages above those."""
    found = set[str]()
    for statement in parsed(file).imports:
        if not statement.is_deferred:
            parents, names = statement.modules([package]), [alias.name for alias in statement.node.names]
            found.update(f"{parent}.{name}" for parent in parents for name in names)
            for module in parents or names:
                found.add(module)  # even when it is the package of the file itself
                # Those that the file is in are being imported already.
                found.update(above for above in with_packages(module) if not f"{package}.".startswith(f"{above}."))
    return frozenset(found)


def parsed(file: str) -> Source:
    """The source of *file*; an empty one when it is not there, or no Python."""
    try:
        return read_source(Path(file).read_bytes())
    except (OSError, Unparsable):
        return read_source(b"")


def with_packages(module: str) -> Iterator[str]:
    """The packages above *module*, from the topmost on, and itself."""
    steps = module.split(".")
    return (".".join(steps[:end]) for end in range(1, len(steps) + 1))
