"""Whether the new home of a name is there, found out without running anything."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ssot_shims._lookup.lookup import Target, look
from ssot_shims._migrate.places import files_imported_by, located, origin_of
from ssot_shims._migrate.reach import is_module, why_hidden, why_not_one, why_not_reached
from ssot_shims._migrate.takers import taker_of
from ssot_shims._project.declarations import importable
from ssot_shims._record import Record
from ssot_shims._shims.upstream import moved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._lookup.lookup import Lookup
    from ssot_shims._migrate.rules import Rule

_UNSURE = "only running it could tell whether it is there; a stub (.pyi) beside it that binds the name settles that"
_CURE = "correct the rule, or run this where the new home is"


class Homes(Record):
    """Where new homes are looked for: below the folders *roots* first, then wherever this interpreter imports from.

    *files* are those of the tree, which may take names from each other.
    """

    roots: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def verdict(self, rule: Rule, name: str) -> str:
        """Why *rule* is refused for *name*; empty when the new home has it."""
        target = Target(module=rule.new_module, symbol=rule.new_name_of(name))
        return _verdict(self.roots, target, rule.is_of_shim)

    def why_not_one(self, rule: Rule, name: str) -> str:
        """Why *rule*, though it is about all names, may not be about *name*."""
        return why_not_one(self.roots, rule, name) if rule.old_name == "*" else ""

    def why_not_reached(self, rule: Rule, name: str) -> str:
        """Why *name* may be another thing when it is written with dots, in its old home or in the new one."""
        new = why_not_reached(self.roots, rule.new_module, rule.new_name_of(name))
        return why_hidden(self.roots, rule.old_module) or new

    def is_home(self, path: str, rule: Rule) -> bool:
        """Whether the file *path* is what *rule* is about: see :meth:`File.is_home_of`."""
        stem = os.path.splitext(path)[0]
        file, folders = located(self.roots, rule.new_module)
        if stem == os.path.splitext(file)[0] or any(stem.startswith(os.path.join(folder, "")) for folder in folders):
            return True
        steps = rule.old_module.split(".")
        olds = (located(self.roots, ".".join(steps[:end]))[0] for end in range(1, len(steps) + 1))
        return stem in [os.path.splitext(old)[0] for old in olds]

    def is_module(self, package: str, name: str) -> bool:
        """Whether *package* has a submodule *name*."""
        return is_module(self.roots, package, name)

    def taker_of(self, path: str, names: tuple[str, ...]) -> str:
        """A file of the tree that may take one of *names* from the file *path*; empty when none does."""
        return taker_of(self.files, path, names)

    def files_imported_by(self, module: str, moves: tuple[tuple[str, str], ...] = ()) -> frozenset[str]:
        """The files that are imported while *module* is, or may be when all *moves* from module to module are made."""
        return files_imported_by(self.roots, module, moves)


@cache  # the look reads files, and asks about the same few names again and again
def _verdict(roots: tuple[str, ...], target: Target, is_declared: bool) -> str:
    with importable(*map(Path, roots)):
        lookup = look(target)
        if lookup.found == "unknown" and not is_declared:
            return f"cannot tell whether {target} is there: {_UNSURE}"
        why = _why_missing(target, lookup) or _why_not_passed_on(roots, target)
    return f"{target} is not there: {why}; {_CURE}" if why else ""


def _why_missing(target: Target, lookup: Lookup) -> str:
    if lookup.found == "absent" and lookup.place:
        return f"only other parts of the namespace package {lookup.module} ({lookup.place.shown}) are here"
    if lookup.found == "absent":
        return f"no package {target.package!r} is installed here"
    return moved(target, lookup).reason if lookup.found == "missing" else ""


def _why_not_passed_on(roots: tuple[str, ...], target: Target) -> str:
    """Why the imports by which *target* is passed on, from one module to the next, fail; empty when they do not."""
    passed_on = [target]
    while (origin := origin_of(roots, passed_on[-1])) and origin not in passed_on:
        if why := _why_missing(origin, look(origin)):
            return f"{passed_on[-1].module} imports it as {origin}, which is not there: {why}"
        passed_on.append(origin)
    return ""
