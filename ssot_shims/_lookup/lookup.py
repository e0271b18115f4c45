"""Targets such as ``pkg.mod:Name``, and whether one is there, found out from source without importing it."""

from __future__ import annotations

import os
from itertools import islice

from ssot_shims._lookup.finder import Place, Undecidable, find, is_installed, place_of, steps_to
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims.errors import InvalidDeclaration

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator
    from typing import Literal

AS_TARGET = "write a target as 'pkg.mod:Name'"
_MOST_IMPORTS = 30  # modules that the target and the packages above it import are read, up to so many
_MOST_FILES = 300  # of a package are searched for a name


class Target(Record):
    """A dotted module and a dotted symbol in it; without a symbol it is the module itself.

    >>> Target.parse("acme.ws.manager:Outer.Inner")
    Target(module='acme.ws.manager', symbol='Outer.Inner')
    >>> print(Target.parse("acme.ws:HeartbeatConfig"))
    acme.ws:HeartbeatConfig
    """

    module: str
    symbol: str

    @classmethod
    def parse(cls, text: str, *, may_be_module: bool = False) -> Target:
        """The target that *text* names; :class:`InvalidDeclaration` says which part does not read."""
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            raise InvalidDeclaration(f"{text!r} is not a string", AS_TARGET)
        module, colon, symbol = text.partition(":")
        if not colon and not may_be_module:
            raise InvalidDeclaration(f"{text!r} has no colon", AS_TARGET)
        for part, dotted in (("module", module), ("symbol", symbol))[: 1 + len(colon)]:
            if not all(name.isidentifier() for name in dotted.split(".")):
                raise InvalidDeclaration(f"{text!r} has a {part} {dotted!r} that is not a dotted name", AS_TARGET)
        return cls(module=module, symbol=symbol)

    def __str__(self) -> str:
        return f"{self.module}:{self.symbol}" if self.symbol else self.module

    @property
    def package(self) -> str:
        """The top-level package, ``acme`` of ``acme.ws:Name``."""
        return self.module.partition(".")[0]

    @property
    def first(self) -> str:
        """The name that the module itself has to bind, ``Outer`` of ``acme.ws:Outer.Inner``."""
        return self.symbol.partition(".")[0]


class Lookup(Record):
    """What looking for a target found.

    ``there`` and ``missing`` say what importing would show, provided that it imports. ``absent`` is *missing* where
    nothing of the package is installed. ``unknown`` is what only running the code can tell: ``why``, and the file and
    the line that make it so.
    """

    found: Literal["there", "missing", "absent", "unknown"]
    place: Place | None = None  # the deepest module that was found
    module: str = ""  # its dotted name
    why: str = ""
    file: str = ""
    line: int = 0


def look(target: Target) -> Lookup:
    """Whether *target* is there, found out without importing anything."""
    try:
        steps = [*steps_to(target.module)]
        found = [(name, place) for name, place in steps if place is not None]
        module, place = found[-1] if found else ("", None)
        if place is not None and len(found) == len(steps) and _is_there(target, place):
            return Lookup(found="there", place=place, module=module)
        if all(place.is_namespace for _, place in found):
            return Lookup(found="absent", place=place, module=module)
        _refuse_dynamic_features(target, found)
        return Lookup(found="missing", place=place, module=module)
    except Undecidable as unknown:
        return Lookup(found="unknown", why=unknown.why, file=unknown.file, line=unknown.line)


def _is_there(target: Target, place: Place) -> bool:
    from ssot_shims._lookup.bindings import is_bound  # parsing is for upstreams that are there

    name, stem = target.first, os.path.basename(place.file).partition(".")[0]
    stub = os.path.join(os.path.dirname(place.file), f"{stem}.pyi")
    if not name:
        return True
    if place.folders is not None and find(f"{target.module}.{name}", place.folders) is not None:
        return True
    for file in filter(None, (stub if os.path.isfile(stub) else "", place.file if place.is_source else "")):
        tree = _parsed(file, name)
        if tree is not None and is_bound(tree, name, is_stub=file == stub):
            if name != target.symbol:
                raise Undecidable(f"only running it shows what {name} has", file)
            return True
    return False


def _refuse_dynamic_features(target: Target, found: list[tuple[str, Place]]) -> None:
    """Raise :class:`Undecidable` for what may bind the name of *target* though no statement of its module does.

    Read are its module, the packages above it, and the modules of the same package that these import.
    """
    from ssot_shims._lookup import bindings  # parsing is for upstreams that are there

    if target.first.startswith("__"):
        raise Undecidable("the import system gives modules such names")
    imported: dict[str, None] = {}
    for module, place in reversed(found):
        is_target = module == target.module
        if place.is_namespace or (place.has_run and not is_target):
            continue  # it has no code, or that has been run
        if not place.is_source:
            raise Undecidable("it is no Python source", place.file)
        if tree := _parsed(place.file, target.first, target.package, *bindings.DYNAMIC):
            _raise_first(bindings.dynamic_features(tree, target.first, module, is_target=is_target), place.file)
            package = module if place.folders is not None else module.rpartition(".")[0]
            imported |= dict.fromkeys(bindings.imported_modules(tree, package))
    others = [name for name in imported if f"{name}.".startswith(f"{target.package}.") and name not in dict(found)]
    files = (place.file for place in map(place_of, others) if place and place.is_source and not place.has_run)
    for file in islice(files, _MOST_IMPORTS):
        if tree := _parsed(file, target.first, *bindings.STORING):
            _raise_first(bindings.stored_attributes(tree, target.first), file)


def _raise_first(spots: Iterator[tuple[int, str]], file: str) -> None:
    for line, why in spots:
        raise Undecidable(why, file, line)


def _parsed(file: str, *words: str) -> ast.Module | None:
    """The tree of *file*; None when none of *words* is in it, for parsing takes most of the time."""
    from ssot_shims._lookup.bindings import mentions, parse  # for upstreams that are there

    source = _read(file)
    if not mentions(source, *words):
        return None
    if (tree := parse(source)) is None:
        raise Undecidable("it cannot be parsed", file)
    return tree


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError as error:
        raise Undecidable("it cannot be read", file) from error


def needed_package(target: Target) -> str:
    """The package without which the code does not define *target*, and which is not installed; empty if there is none.

    Followed are the conditions under which the name is bound, as far as they are in the package itself.
    """
    from ssot_shims._lookup.bindings import conditions, parse

    wanted = [(target.module, target.first)]
    try:
        for module, name in islice(wanted, _MOST_IMPORTS):  # which grows
            package = module.partition(".")[0]
            if package != target.package:
                if not is_installed(package):
                    return package
            elif (place := place_of(module)) and place.is_source and (tree := parse(_read(place.file))):
                inside = module if place.folders is not None else module.rpartition(".")[0]
                wanted += conditions(tree, name, inside, has_run=place.has_run, is_target=(module, name) == wanted[0])
    except Undecidable:
        pass  # then nobody knows why it is not there
    return ""


def names_in_file(file: str, name: str = "") -> list[str]:
    """The names that a source file with *name* in it defines at its top level, near enough for a suggestion."""
    from ssot_shims._lookup.bindings import defined_names

    try:
        source = _read(file)
    except Undecidable:
        return []
    return defined_names(source) if name.encode() in source else []


def submodules_in(folders: Iterable[str]) -> list[str]:
    """The modules and packages in the folders of a package."""
    from pkgutil import iter_modules  # for a suggestion alone

    return sorted(module.name for module in iter_modules(folders) if module.name.isidentifier())


def modules_that_define(name: str, package: str) -> list[str]:
    """The modules of the top-level *package* that define *name* at their left margin, among the first few hundred."""
    place = find(package, None)
    sources = (source for folder in (place.folders if place else None) or () for source in _sources_in(folder))
    found = [inside for file, inside in islice(sources, _MOST_FILES) if name in names_in_file(file, name)]
    return [".".join([package, *inside.split(os.sep)]).removesuffix(".__init__") for inside in found]


def _sources_in(folder: str) -> Iterator[tuple[str, str]]:
    """Each source file below *folder*, and its path from there on without the suffix."""
    for inside, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name.isidentifier())
        paths = (os.path.join(inside, file) for file in sorted(files) if file.endswith(".py"))
        yield from ((path, os.path.relpath(path, folder).removesuffix(".py")) for path in paths)
