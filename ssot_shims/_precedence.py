"""Who decides before the probe is asked: ``SSOT_SHIMS_HAS_<NAME>``, then no-services, then the names of old.

An override comes before all of these, and never gets here.
"""

from __future__ import annotations

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._capability import Capability

TEST_NO_SERVICES = "TEST_NO_SERVICES"


def forced(capability: Capability) -> Availability | None:
    """The answer that the environment gives for *capability*; None when the probe is to be asked.

    Raises :class:`InvalidSetting` for a value that does not read, unless a setting before it has answered.
    """
    answer = _by_name(_settings.has_variable(capability.name))
    if answer is None:
        answer = _off(capability, _settings.NO_SERVICES)
    if answer is None:
        answer = _by_name(f"ORCHESTRATION_{capability.name.upper()}_AVAILABLE")
    if answer is None:
        answer = _off(capability, TEST_NO_SERVICES)
    return answer


def no_services() -> bool:
    """Whether every service is turned off, by our name for it or by the one of old.

    Raises :class:`InvalidSetting` for a value that does not read.
    """
    return _settings.flag(_settings.NO_SERVICES) or _settings.flag(TEST_NO_SERVICES)


def _by_name(variable: str) -> Availability | None:
    answer = _settings.choice(variable)
    if answer is None:
        return None
    says = "says yes" if answer else "says no"
    return _answer(variable, says, is_yes=answer)


def _off(capability: Capability, variable: str) -> Availability | None:
    if not (capability.is_service and _settings.flag(variable)):
        return None
    return _answer(variable, "turns every service off", is_yes=False)


def _answer(variable: str, says: str, *, is_yes: bool) -> Availability:
    return Availability(
        status="available" if is_yes else "unavailable",
        reason=f"{variable} {says}; to ask the machine: unset {variable}",
        source=variable,
    )
