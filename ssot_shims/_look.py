"""Look for an upstream symbol without running any of it.

Importing an upstream costs whatever its packages do at import. So the finders are asked where the module is, package by
package, and the source is read; nothing is executed.
"""

from __future__ import annotations

from ssot_shims._finder import Place, Unclear, find
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from ssot_shims._target import Target


class Sighting(Record):
    """What a look found.

    ``there`` and ``missing`` say what importing would show, provided that it imports; ``absent`` is *missing* with no
    top-level package at all; ``unsure`` is everything that only running the code can tell.
    """

    found: Literal["there", "missing", "absent", "unsure"]
    place: Place | None = None  # the deepest module that was found
    module: str = ""  # its dotted name


def look(target: Target) -> Sighting:
    """Where *target* stands, found out without importing anything."""
    try:
        return _step_down(target)
    except Unclear:
        return Sighting(found="unsure")


def _step_down(target: Target) -> Sighting:
    """From the top-level package to the module of *target*, then into its source."""
    seen = Sighting(found="absent")
    steps = target.module.split(".")
    for depth in range(1, len(steps) + 1):
        if seen.place is not None:
            _refuse_what_meddles(seen.place, target)
            if seen.place.folders is None:
                return seen
        name = ".".join(steps[:depth])
        place = find(name, seen.place.folders if seen.place else None)
        if place is None:
            return seen
        seen = Sighting(found="missing", place=place, module=name)
    return _read_symbol(seen, target)


def _refuse_what_meddles(package: Place, target: Target) -> None:
    """Running a package can change what its submodules are and hold; one that may do so is not judged by its files."""
    if package.is_running or (not package.file and package.folders is not None):
        return  # it has been run already, or is a namespace package and has no code
    from ssot_shims._bindings import meddles  # parsing is for upstreams that are there; most are not

    if meddles(_source(package), target.symbol.partition(".")[0]):
        raise Unclear


def _read_symbol(seen: Sighting, target: Target) -> Sighting:
    from ssot_shims._bindings import binds  # as above

    assert seen.place is not None
    first, _, nested = target.symbol.partition(".")
    is_bound = binds(_source(seen.place), first)
    if is_bound is None or (is_bound and nested) or (not is_bound and _is_submodule(seen, first)):
        return seen.but(found="unsure")
    return seen.but(found="there" if is_bound else "missing")


def _is_submodule(package: Sighting, name: str) -> bool:
    """Whether importing something may set *name* on the package because it is one of its submodules."""
    assert package.place is not None
    folders = package.place.folders
    return folders is not None and find(f"{package.module}.{name}", folders) is not None


def _source(place: Place) -> bytes:
    if not place.is_source:
        raise Unclear  # compiled, zipped, frozen, or loaded in a way of its own
    try:
        with open(place.file, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unclear from error
