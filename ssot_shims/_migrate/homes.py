"""Whether the new home of a name is there, found out without running anything."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ssot_shims._bindings import binds
from ssot_shims._declarations import importable
from ssot_shims._finder import Place, Unclear, find
from ssot_shims._look import look
from ssot_shims._record import Record
from ssot_shims._target import Target
from ssot_shims._upstream import moved_by_look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._migrate.rules import Rule

_UNSURE = "only running it could tell whether it is there; a stub (.pyi) beside it that binds the name settles that"
_CURE = "correct the rule, or run this where the new home is"


class Homes(Record):
    """Where new homes are looked for: below the folders *roots* first, then wherever this interpreter imports from."""

    roots: tuple[str, ...] = ()

    def verdict(self, rule: Rule, name: str) -> str:
        """Why *rule* is refused for *name*; empty when the new home has it."""
        target = Target(module=rule.new_module, symbol=rule.new_name_of(name))
        return _verdict(self.roots, target, rule.is_of_shim)


@cache  # the look reads files, and asks about the same few names again and again
def _verdict(roots: tuple[str, ...], target: Target, is_declared: bool) -> str:
    with importable(*map(Path, roots)):
        sighting = look(target)
        if sighting.found == "there" or (sighting.found == "unsure" and (is_declared or _is_shown(target))):
            return ""
    if sighting.found == "unsure":
        return f"cannot tell whether {target} is there: {_UNSURE}"
    if sighting.found == "absent":
        return f"{target} is not there: no package {target.package!r} is installed here; {_CURE}"
    answer = moved_by_look(target, sighting)
    close = f"; close: {', '.join(answer.close)}" if answer.close else ""
    return f"{target} is not there: {answer.reason}{close}; {_CURE}"


def _is_shown(target: Target) -> bool:
    """Whether files show what the look is not sure of: a stub, a submodule, or what is running already."""
    try:
        place = _find(target.module)
        if place is None:
            return False
        if place.folders is not None and find(f"{target.module}.{target.symbol}", place.folders) is not None:
            return True
    except Unclear:
        return False
    stub = os.path.splitext(place.file)[0] + ".pyi"
    return _binds(stub, target.symbol) or (place.is_running and _binds(place.file, target.symbol))


def _find(module: str) -> Place | None:
    """The place of *module*, package by package."""
    name, place = "", None
    for step in module.split("."):
        if place is not None and place.folders is None:
            return None
        name = f"{name}.{step}" if name else step
        place = find(name, place.folders if place else None)
        if place is None:
            return None
    return place


def _binds(file: str, name: str) -> bool:
    try:
        return binds(Path(file).read_bytes(), name) is True
    except OSError:
        return False
