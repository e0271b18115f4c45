"""``module:`` probes: whether a module could be imported, and in which version. It is not imported."""

from __future__ import annotations

from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._lookup.finder import HalfImported, Place, Undecidable, asks_others, find
from ssot_shims._probes.notation import NotationError, Probe, is_dotted_name, split_before
from ssot_shims._probes.remedy import more_time, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class ModuleProbe(Probe):
    """Whether a module could be imported, and its distribution has a fitting version. It is not imported."""

    notation: str
    module: str
    specifier: str = ""

    def ask(self, deadline: float) -> Availability | Callable[[], Availability]:
        """Where the module is, or at which step down to it there is nothing."""
        return (lambda: self._look(deadline)) if asks_others() else self._look(deadline)

    def _look(self, deadline: float) -> Availability:
        try:
            place = self._step_down()
        except Undecidable as unclear:
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
            return Availability(status="timed_out", reason=reason)
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


def read_module(notation: str, rest: str) -> ModuleProbe:
    """The probe of ``module:numpy`` or ``module:numpy>=2``."""
    from ssot_shims._probes.version import read_specifier  # brings a regular expression

    module, specifier = split_before("<>=!~ ", rest)
    if not is_dotted_name(module):
        raise NotationError(f"names the module {module!r}, which is no dotted name" if module else "names no module")
    if specifier:
        read_specifier(specifier)
    return ModuleProbe(notation=notation, module=module, specifier=specifier)
