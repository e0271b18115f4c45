"""``module:`` and ``import:`` probes: whether a module could be imported, and in which version; whether it imports."""

from __future__ import annotations

import os
from importlib import import_module

from ssot_shims._availability import Availability
from ssot_shims._lookup.finder import Place, Undecidable, attribute, lacking, steps_to
from ssot_shims._lookup.lookup import submodules_in
from ssot_shims._probes.notation import NotationError, Probe, refuse_bad_dotted_name, split_before
from ssot_shims._text import close_as_text, describe
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import Distribution
    from typing import Any

_LISTS_IT = (3, 0)  # the strongest claim of a distribution on a module


class ModuleProbe(Probe):
    """Whether a module could be imported, and its distribution has a fitting version. It is not imported."""

    notation: str
    module: str
    specifier: str = ""

    def prepare(self) -> None:
        """Import what reads metadata, which takes 40 ms and most module probes do not need."""
        if self.specifier:
            import_module("importlib_metadata")

    def try_it(self, deadline: float) -> Availability:
        """Where the module is, and in which version where one is asked for."""
        try:
            place = _find(self.module)
        except Undecidable as unclear:
            reason = f"looking for {self.module}, an import finder raised {describe(unclear.__cause__ or unclear)}"
            return Availability(status="failed", reason=reason, hint="repair it, or take it off sys.meta_path")
        if self.specifier:
            return self._compare(place)
        where, details = (f"at {place.shown}", {"path": place.shown}) if place.shown else ("built in", {})
        return Availability(status="available", reason=f"{self.module} is {where}", details=details)

    def _compare(self, place: Place) -> Availability:
        """Whether the distribution that brought the module has a version within the specifier."""
        from packaging.specifiers import SpecifierSet
        from packaging.version import Version

        without = f"leave out {self.specifier}"
        try:
            brought = _distributions_of(self.module, place.file and os.path.realpath(place.file))
            wanted = SpecifierSet(self.specifier)
            fitting = [one for one in brought if wanted.contains(Version(one.version), prereleases=True)]
        except Exception as error:  # metadata that is damaged
            reason = f"reading the metadata of {self.module} raised {describe(error)}"
            return Availability(status="failed", reason=reason, hint=f"install it again, or {without}")
        if 0 < len(fitting) < len(brought):  # what is left of another version, or two that bring the same files
            both = " and ".join(f"{one.name} {one.version}" for one in brought)
            hint = f"uninstall both, and install one of them again, or {without}"
            return Availability(status="failed", reason=f"{both} both say that they brought {place.shown}", hint=hint)
        if not brought:
            reason = f"{self.module} ({place.shown or 'built in'}) comes with no metadata that says its version"
            raise Unavailable(reason, without)
        found = brought[0]
        details = {"distribution": found.name, "version": found.version, "path": place.shown}
        if fitting:
            reason = f"{self.module} is at {place.shown}, {found.name} {found.version}"
            return Availability(status="available", reason=reason, details=details)
        reason, hint = f"{found.name} is {found.version}, not {self.specifier}", f"install {found.name}{self.specifier}"
        return Availability(status="unavailable", reason=reason, hint=hint, details=details)


class ImportProbe(Probe):
    """Whether a module can be imported. It is, in the thread of the probe, and stays so."""

    notation: str
    module: str

    def try_it(self, deadline: float) -> Availability:
        """Yes when it imports; no when it, or what it needs, is not installed. Whatever else it raises passes."""
        try:
            file = attribute(import_module(self.module), "__file__")
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and f"{self.module}.".startswith(f"{error.name}."):
                _find(self.module)  # raises
            if missing := lacking(error, self.module.partition(".")[0]):
                reason = f"{self.module} needs {missing!r}, which is not installed here"
                raise Unavailable(reason, f"install the distribution that brings {missing}") from error
            raise  # what is installed is broken, or has moved
        reason = f"{self.module} can be imported ({file or 'built in'})"
        return Availability(status="available", reason=reason, details={"path": file or ""})


def _find(module: str) -> Place:
    """Where *module* is. Raises Unavailable with the step down to it at which there is nothing."""
    *packages, (name, place) = steps_to(module)
    if place is not None:
        return place
    above, parent = packages[-1] if packages else ("", None)
    if parent is None:
        hint = f"install it, or set PYTHONPATH=<the folder that holds {name}>"
        raise Unavailable(f"no module {name!r} is installed here", hint)
    close = close_as_text(name.rpartition(".")[2], submodules_in(parent.folders or ()))
    reason = f"{above} ({parent.shown or 'built in'}) has no module {name}{close}"
    raise Unavailable(reason, f"install a version of {module.partition('.')[0]} that has it")


def _distributions_of(module: str, file: str) -> list[Distribution]:
    """The distribution that brought *module*, whose *file* has no links in its path; all that list it, if some do."""
    import importlib_metadata

    metadata: Any = importlib_metadata  # what it says of its own types differs from release to release
    steps = module.split(".")
    names = [".".join(steps[:depth]) for depth in range(len(steps), 0, -1)]
    best: list[Distribution] = []
    most = (0, 0)
    for name in (*names, ""):  # all the others come last: mostly they need not be read
        context = metadata.DistributionFinder.Context(name=name or None)  # in whatever notation
        for one in metadata.MetadataPathFinder().find_distributions(context):  # and not of other finders
            try:
                claim = _claim(one, module, file, has_its_name=bool(name))
            except Exception:  # damaged metadata, most likely of what has nothing to do with *module*
                if name:
                    raise
                continue
            if claim > most:
                best, most = [one], claim
            elif claim == _LISTS_IT:
                best.append(one)
        if most == _LISTS_IT:
            break
    return best


def _claim(distribution: Distribution, module: str, file: str, *, has_its_name: bool) -> tuple[int, int]:
    """How sure it is that *distribution* brought *module*; (0, 0) when it did not.

    Installers may link to files in a cache. An editable install names a folder. What the package manager of a system
    installed lists no code: it is taken at the top-level names that it declares, or at its own name.
    """
    if not any(map(distribution.read_text, ("METADATA", "PKG-INFO", ""))):  # "": a file, no folder
        return 0, 0
    record = [line.partition(",")[0] for line in (distribution.read_text("RECORD") or "").splitlines()]
    path = f"/{module.replace('.', '/')}"
    likely = (entry for entry in record if f"{path}/" in f"/{entry}" or f"{path}." in f"/{entry}")
    if any(os.path.realpath(str(distribution.locate_file(entry))) == file for entry in likely):
        return _LISTS_IT
    if folder := _editable_folder(distribution.read_text("direct_url.json") or "{}"):
        is_beside = file.startswith(os.path.join(os.path.realpath(str(distribution.locate_file(""))), ""))
        return (2, len(folder)) if file.startswith(folder) and not is_beside else (0, 0)
    if any(entry.endswith((".py", ".so", ".pyd")) for entry in record):
        return 0, 0
    declared = (distribution.read_text("top_level.txt") or "").split()
    return int(module.partition(".")[0] in declared if declared else has_its_name), 0


def _editable_folder(direct_url: str) -> str:
    """The folder of an editable install, with a slash at its end; empty for any other install."""
    import json

    origin: Any = json.loads(direct_url)
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # takes tens of milliseconds

    return os.path.join(os.path.realpath(url2pathname(urlsplit(str(origin["url"])).path)), "")


def read_module(notation: str, rest: str) -> ModuleProbe:
    """The probe of ``module:numpy`` or ``module:numpy>=2``."""
    module, specifier = split_before("<>=!~ ", rest)
    refuse_bad_dotted_name("module", module)
    if specifier:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            SpecifierSet(specifier)
        except InvalidSpecifier:
            expected = "module:NAME with a version specifier such as >=2 or >=1.26,<2"
            raise NotationError(f"has the version {specifier!r}", expected) from None
    return ModuleProbe(notation=notation, module=module, specifier=specifier)


def read_import(notation: str, module: str) -> ImportProbe:
    """The probe of ``import:dask.dataframe``."""
    refuse_bad_dotted_name("module", module)
    return ImportProbe(notation=notation, module=module)
