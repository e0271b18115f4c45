"""What every capability is on this machine, and what is required here and not really there."""

from __future__ import annotations

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.check import begin_each, no_services
from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._record import Record
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._capabilities.registry import Registry
    from ssot_shims._shims.shim import ShimRecord


class Finding(Record):
    """A capability, the answer for it, and the line where its probe hangs (empty when it does not)."""

    capability: Capability
    answer: Availability
    hanging: str = ""

    @property
    def is_forced(self) -> bool:
        """Whether somebody else than the machine has answered."""
        return self.answer.source != "probe"

    @property
    def why(self) -> str:
        """The reason, and first of all whether it was forced."""
        return f"forced: {self.answer.reason}" if self.is_forced else self.answer.reason


def survey(registry: Registry, names: Iterable[str]) -> tuple[Finding, ...]:
    """A finding for each of *names*, all of them asked side by side.

    What cannot be asked (a circle of probes, ``SSOT_SHIMS_HAS_DOCKER=maybe``) has failed and spoils no other. Raises
    :class:`InvalidSetting` for what spoils them all, such as ``SSOT_SHIMS_TIMEOUT=-1``.
    """
    _settings.timeout()
    no_services()

    waits = begin_each(registry._catalogue, names)
    answers = {name: _outcome(name, wait) for name, wait in waits.items()}
    hanging = registry.hanging()
    return tuple(
        Finding(capability=registry[name], answer=answer, hanging=hanging.get(name, ""))
        for name, answer in answers.items()
    )


def _outcome(name: str, wait: Callable[[], Availability]) -> Availability:
    try:
        return _fit_to_show(wait())
    except SsotShimsError as error:
        return Availability(name=name, status="failed", reason=str(error))


def unmet(registry: Registry, shims: Iterable[ShimRecord]) -> tuple[str, ...]:
    """A line for everything in ``SSOT_SHIMS_REQUIRE`` that is not really there; names that nobody knows are left out.

    Neither a forced yes nor a placeholder is really there.
    """
    required = _settings.required()
    missing = {f"upstream:{shim.name}": f"{shim.state}; {shim.reason}" for shim in shims if shim.state != "upstream"}
    for found in survey(registry, [name for name in required if name in registry]):
        if found.is_forced or not found.answer:
            missing[found.capability.name] = f"{found.answer.status}; {found.why}"
    return tuple(f"{_settings.REQUIRE}={name}: {missing[name]}" for name in required if name in missing)


def _fit_to_show(answer: Availability) -> Availability:
    # The reasons of our own probes are; what an override or a function gives may hold anything.
    details = {key: fit_to_show(str(value)) for key, value in answer.details.items()}
    return answer.but(reason=fit_to_show(answer.reason), details=details)
