"""Probes of what needs no network: a command, a module, an environment variable; and the names of other capabilities.

A module is found, not imported: importing runs it, and an answer should change nothing.
"""

from __future__ import annotations

import os
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._lookup.finder import HalfImported, Place, Unclear, asks_others, find
from ssot_shims._probes import Combination, Misread, PythonProbe, split_before
from ssot_shims._probes.obstacle import more_time, quoted
from ssot_shims._record import Record
from ssot_shims._settings import is_capability_name
from ssot_shims._text import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal


class CommandProbe(Record):
    """Whether a command is there to be run, by name on ``PATH`` or by its own path. It is not run."""

    is_service = False

    notation: str
    command: str

    def ask(self, deadline: float) -> Availability:
        """Where the command is, or what to do about it."""
        import shutil  # zlib, bz2 and lzma come with it

        found = shutil.which(self.command)
        if found:
            return Availability(status="available", reason=f"{self.command} is at {found}", details={"path": found})
        return Availability(status="unavailable", reason=self._reason())

    def _reason(self) -> str:
        is_path = os.path.dirname(self.command) != ""
        folders = [""] if is_path else os.get_exec_path()
        for file in (os.path.join(folder, self.command) for folder in folders):
            if os.path.isfile(file):
                return f"{file} is there and may not be executed; chmod +x {quoted(file)}"
        if is_path:
            return f"there is no file {masked(self.command)}; install it there, or register the command by another path"
        return f"there is no command {self.command!r} in the folders of PATH; install it, or add its folder to PATH"


class ModuleProbe(Record):
    """Whether a module could be imported, and its distribution has a fitting version. It is not imported."""

    is_service = False

    notation: str
    module: str
    specifier: str = ""

    def ask(self, deadline: float) -> Availability | Callable[[], Availability]:
        """Where the module is, or at which step down to it there is nothing."""
        return (lambda: self._look(deadline)) if asks_others() else self._look(deadline)

    def _look(self, deadline: float) -> Availability:
        try:
            place = self._step_down()
        except Unclear as unclear:
            from ssot_shims._text import describe  # a finder that fails is rare

            cause = describe(unclear.__cause__ or unclear)
            reason = (
                f"looking for {self.module}, an import finder raised {cause}; repair it, or take it off sys.meta_path"
            )
            return Availability(status="failed", reason=reason)
        if isinstance(place, str):
            return Availability(status="unavailable", reason=place)
        if self.specifier:
            return self._compare(place, deadline)
        where = f"at {place.shown}" if place.shown else "built in"
        details = {"path": place.shown} if place.shown else {}
        return Availability(status="available", reason=f"{self.module} is {where}", details=details)

    def _step_down(self) -> Place | str:
        """Where the module is, or why it is not there."""
        steps = self.module.split(".")
        top = _find(steps[0], None)
        if top is None:
            return (
                f"no module {steps[0]!r} is installed here; install it, "
                f"or set PYTHONPATH=<the folder that holds {steps[0]}>"
            )
        place, name = top, steps[0]
        for step in steps[1:]:
            below = _find(f"{name}.{step}", place.folders) if place.folders is not None else None
            if below is None:
                return self._no_submodule(name, place, step)
            place, name = below, f"{name}.{step}"
        return place

    def _no_submodule(self, parent: str, place: Place, step: str) -> str:
        from ssot_shims._lookup.lookup import submodules_in
        from ssot_shims._text import did_you_mean  # only for what is not there

        close = did_you_mean(step, submodules_in(place.folders) if place.folders is not None else ())
        advice = f"install a version of {self.module.partition('.')[0]} that has it"
        return f"{parent} ({place.shown or 'built in'}) has no module {parent}.{step}{close}; {advice}"

    def _compare(self, place: Place, deadline: float) -> Availability:
        from ssot_shims._probes.version import fits, installed_version  # most module probes name no version

        without, started = f"leave out {self.specifier}", monotonic()
        try:
            distribution, version = installed_version(self.module, place.file, deadline)
        except TimeoutError:
            reason = f"no distribution of {self.module} found in time; {without}, {more_time(deadline - started)}"
            return Availability(status="timed out", reason=reason)
        except Exception as error:
            from ssot_shims._text import describe  # metadata that is damaged is rare

            reason = f"reading the metadata of {self.module} raised {describe(error)}; install it anew, or {without}"
            return Availability(status="failed", reason=reason)
        if not distribution:
            reason = (
                f"{self.module} ({place.shown or 'built in'}) comes with no metadata that says its version; {without}"
            )
            return Availability(status="unavailable", reason=reason)
        is_fit = fits(version, self.specifier)
        if is_fit is None:
            reason = f"{distribution} has the version {version!r}, which does not compare with any; {without}"
            return Availability(status="unavailable", reason=reason)
        details = {"distribution": distribution, "version": version, "path": place.shown}
        if is_fit:
            reason = f"{self.module} is at {place.shown}, {distribution} {version}"
            return Availability(status="available", reason=reason, details=details)
        wanted = quoted(f"{distribution}{self.specifier}")
        reason = f"{distribution} is {version}, not {self.specifier}; python -m pip install {wanted}"
        return Availability(status="unavailable", reason=reason, details=details)


def _find(name: str, path: Iterable[str] | None) -> Place | None:
    try:
        return find(name, path)
    except HalfImported as half:
        return half.place  # it is there, whatever becomes of the import


class EnvProbe(Record):
    """Whether an environment variable is set and not empty. Its value is nobody's business."""

    is_service = False

    notation: str
    variable: str

    def ask(self, deadline: float) -> Availability:
        """Whether there is a value, never which."""
        value = os.environ.get(self.variable)
        if value:
            return Availability(status="available", reason=f"{self.variable} is set")
        what = "not set" if value is None else "set, and empty"
        return Availability(status="unavailable", reason=f"{self.variable} is {what}; export {self.variable}=<a value>")


def read_command(notation: str, command: str) -> CommandProbe:
    """The probe of ``command:git``."""
    if not command:
        raise Misread("names no command")
    expected = "the command alone: it is looked for and not run"
    if "://" in command:
        raise Misread("has an address in the command", expected)
    if " " in command and os.path.dirname(command) == "":
        raise Misread(f"has a blank in the command {masked(command)!r}", expected)
    return CommandProbe(notation=notation, command=command)


def read_module(notation: str, rest: str) -> ModuleProbe:
    """The probe of ``module:numpy`` or ``module:numpy>=2``."""
    from ssot_shims._probes.version import read_specifier  # brings a regular expression

    module, specifier = split_before("<>=!~ ", rest)
    if not is_dotted_name(module):
        raise Misread(f"names the module {module!r}, which is no dotted name" if module else "names no module")
    if specifier:
        read_specifier(specifier)
    return ModuleProbe(notation=notation, module=module, specifier=specifier)


def read_env(notation: str, variable: str) -> EnvProbe:
    """The probe of ``env:NAME``."""
    if not variable:
        raise Misread("names no variable")
    if not (variable.isascii() and variable.isidentifier()):
        raise Misread(f"names the variable {variable!r}", "letters, digits and _, and no digit first: env:NAME")
    return EnvProbe(notation=notation, variable=variable)


def read_python(notation: str, rest: str) -> PythonProbe:
    """The probe of ``python:pkg.mod:function``."""
    module, colon, function = rest.partition(":")
    if not colon:
        raise Misread(f"has no colon between module and function in {rest!r}")
    for part, dotted in (("module", module), ("function", function)):
        if not is_dotted_name(dotted):
            raise Misread(f"names the {part} {dotted!r}, which is no dotted name")
    return PythonProbe(notation=notation, module=module, function=function)


def read_all(notation: str, rest: str) -> Combination:
    """All of ``all:docker,postgres``."""
    return _combination(notation, "all", rest)


def read_any(notation: str, rest: str) -> Combination:
    """Any of ``any:docker,staging``."""
    return _combination(notation, "any", rest)


def _combination(notation: str, kind: Literal["all", "any"], rest: str) -> Combination:
    if not rest:
        raise Misread("names no capability")
    names = tuple(rest.split(","))
    for name in names:
        if not is_capability_name(name):
            raise Misread(
                f"names the capability {name!r}",
                f"names of small letters, digits and _, parted by commas: {kind}:NAME,NAME",
            )
    return Combination(notation=notation, kind=kind, names=names)


def is_dotted_name(text: str) -> bool:
    """Whether *text* reads as ``pkg.mod``."""
    return all(name.isidentifier() for name in text.split("."))
