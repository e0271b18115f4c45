"""Targets such as ``pkg.mod:Name``, and whether one is there, found out from source without importing it."""

from __future__ import annotations

import os
from importlib.machinery import all_suffixes

from ssot_shims._lookup.finder import Place, Undecidable, find
from ssot_shims._record import Record
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

AS_TARGET = "write a target as 'pkg.mod:Name'"


class Target(Record):
    """A dotted module and a dotted symbol in it.

    >>> Target.parse("acme.ws.manager:Outer.Inner")
    Target(module='acme.ws.manager', symbol='Outer.Inner')
    >>> print(Target.parse("acme.ws:HeartbeatConfig"))
    acme.ws:HeartbeatConfig
    """

    module: str
    symbol: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """The target that *text* names; :class:`InvalidDeclaration` says which part does not read."""
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            raise InvalidDeclaration(f"{text!r} is not a string", AS_TARGET)
        if ":" not in text:
            raise InvalidDeclaration(f"{text!r} has no colon", AS_TARGET)
        module, _, symbol = text.partition(":")
        for part, dotted in (("module", module), ("symbol", symbol)):
            if not all(name.isidentifier() for name in dotted.split(".")):
                raise InvalidDeclaration(f"{text!r} has a {part} {dotted!r} that is not a dotted name", AS_TARGET)
        return cls(module=module, symbol=symbol)

    def __str__(self) -> str:
        return f"{self.module}:{self.symbol}"

    @property
    def package(self) -> str:
        """The top-level package, ``acme`` of ``acme.ws:Name``."""
        return self.module.partition(".")[0]

    @property
    def dotted(self) -> str:
        """The old-style dotted path, ``acme.ws.Name`` of ``acme.ws:Name``."""
        return f"{self.module}.{self.symbol}"


def names_in_file(file: str) -> list[str]:
    """The names that a source file defines at its top level, near enough for a suggestion."""
    try:
        with open(file, "rb") as source:
            from ssot_shims._lookup.bindings import defined_names  # parsing is for what is there

            return defined_names(source.read())
    except OSError:
        return []


def submodules_in(folders: Iterable[str]) -> list[str]:
    """The modules and packages in the folders of a package."""
    names: set[str] = set()
    for folder in folders:
        try:
            names |= {_module_name(entry) for entry in os.scandir(folder)}
        except OSError:
            continue
    return sorted(name for name in names if name.isidentifier() and not name.startswith("__"))


def _module_name(entry: os.DirEntry[str]) -> str:
    for suffix in all_suffixes():
        if entry.name.endswith(suffix):
            return entry.name.removesuffix(suffix)
    return entry.name if entry.is_dir() else ""


class Lookup(Record):
    """What a look found.

    ``there`` and ``missing`` say what importing would show, provided that it imports; ``absent`` is *missing* with no
    top-level package at all; ``unsure`` is everything that only running the code can tell.
    """

    found: Literal["there", "missing", "absent", "unsure"]
    place: Place | None = None  # the deepest module that was found
    module: str = ""  # its dotted name


def look(target: Target) -> Lookup:
    """Where *target* stands, found out without importing anything."""
    try:
        return _step_down(target)
    except Undecidable:
        return Lookup(found="unsure")


def _step_down(target: Target) -> Lookup:
    """From the top-level package to the module of *target*, then into its source."""
    seen = Lookup(found="absent")
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
        seen = Lookup(found="missing", place=place, module=name)
    return _read_symbol(seen, target)


def _refuse_what_meddles(package: Place, target: Target) -> None:
    """Running a package can change what its submodules are and hold; one that may do so is not judged by its files."""
    if package.is_running or (not package.file and package.folders is not None):
        return  # it has been run already, or is a namespace package and has no code
    from ssot_shims._lookup.bindings import (
        may_patch_submodules,  # parsing is for upstreams that are there; most are not
    )

    if may_patch_submodules(_source(package), target.symbol.partition(".")[0]):
        raise Undecidable


def _read_symbol(seen: Lookup, target: Target) -> Lookup:
    from ssot_shims._lookup.bindings import binds  # as above

    assert seen.place is not None
    first, _, nested = target.symbol.partition(".")
    is_bound = binds(_source(seen.place), first)
    if is_bound is None or (is_bound and nested) or (not is_bound and _is_submodule(seen, first)):
        return seen.replace(found="unsure")
    return seen.replace(found="there" if is_bound else "missing")


def _is_submodule(package: Lookup, name: str) -> bool:
    """Whether importing something may set *name* on the package because it is one of its submodules."""
    assert package.place is not None
    folders = package.place.folders
    return folders is not None and find(f"{package.module}.{name}", folders) is not None


def _source(place: Place) -> bytes:
    if not place.is_source:
        raise Undecidable  # compiled, zipped, frozen, or loaded in a way of its own
    try:
        with open(place.file, "rb") as file:
            return file.read()
    except OSError as error:
        raise Undecidable from error
