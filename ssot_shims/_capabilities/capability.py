"""What a capability is: a name, the probe that finds out, and how long its answer is kept."""

from __future__ import annotations

from ssot_shims._callsite import place_of
from ssot_shims._probes.notation import Combination, Probe, PythonProbe, read
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._settings import LONGEST, is_capability_name
from ssot_shims.errors import InvalidDeclaration

if TYPE_CHECKING:
    from typing import Any, Literal

    Level = Literal["built-in", "pyproject", "user"]

# The later wins.
LEVELS: tuple[Level, ...] = ("built-in", "pyproject", "user")

_WRITTEN = (Probe, PythonProbe, Combination)  # what the short notation stands for


class Capability(Record):
    """One named thing a machine may or may not have, and the probe that finds out.

    ``probe`` is a function, or what the short notation stands for. ``timeout`` is in seconds (None: the default),
    ``ttl`` how many seconds a yes or no is kept (None: as long as the process). ``level`` and ``where`` say who
    registered it; ``is_service`` says whether ``SSOT_SHIMS_NO_SERVICES`` turns it off.

    >>> from ssot_shims import capabilities
    >>> capabilities["git"].notation, capabilities["git"].level
    ('command:git', 'built-in')
    """

    name: str
    probe: Any
    timeout: float | None = None
    ttl: float | None = None
    service: bool | None = None  # None: as the probe says
    level: Level = "user"
    where: str = ""

    @property
    def notation(self) -> str:
        """The probe as text: its notation without secrets, or where the function is defined."""
        return str(self.probe.notation) if isinstance(self.probe, _WRITTEN) else place_of(self.probe)

    @property
    def is_service(self) -> bool:
        """Whether ``SSOT_SHIMS_NO_SERVICES`` turns it off."""
        of_itself = isinstance(self.probe, Probe) and self.probe.is_service
        return of_itself if self.service is None else self.service

    @property
    def parts(self) -> tuple[str, ...]:
        """The names that a combination asks for; empty for anything else."""
        return self.probe.names if isinstance(self.probe, Combination) else ()

    @property
    def statement(self) -> tuple[str, str]:
        """The file and the notation, by which a statement that is run again is known."""
        return self.where.rpartition(":")[0], self.notation


def capability(name: str, probe: object, **options: Any) -> Capability:
    """The capability, with a *probe* in short notation read, and everything else checked.

    Raises :class:`InvalidDeclaration` with the part that is wrong.
    """
    refuse_bad_name(name)
    for option in ("timeout", "ttl"):
        refuse_bad_seconds(f"{option} of {name!r}", options.get(option))
    if not isinstance(options.get("service"), bool | None):
        raise InvalidDeclaration(f"the service of {name!r} is {options['service']!r}", "give True, False or None")
    if isinstance(probe, str):
        probe = read(probe)
    elif isinstance(probe, type) or not (callable(probe) or isinstance(probe, _WRITTEN)):
        problem = f"the probe of {name!r} is {probe!r}"
        raise InvalidDeclaration(problem, "give a function, or text such as 'tcp://localhost:5432'")
    made = Capability(name=name, probe=probe, **options)
    if made.parts and (made.timeout or made.ttl):
        raise InvalidDeclaration(f"{name!r} combines others and has a timeout or ttl", "give those to its parts")
    return made


def refuse_bad_name(name: object) -> None:
    """Raise :class:`InvalidDeclaration` unless *name* reads ``[a-z][a-z0-9_]*``."""
    if not isinstance(name, str) or not is_capability_name(name):
        expected = "use lower-case letters, digits and _, beginning with a letter"
        raise InvalidDeclaration(f"{name!r} is not a valid capability name", expected)


def refuse_bad_seconds(what: str, seconds: Any, *, may_be_0: bool = False) -> None:
    """Raise :class:`InvalidDeclaration` unless *seconds*, given as *what*, is None or a number of at most a day."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (is_number and 0 <= seconds <= LONGEST and (seconds or may_be_0)):
        expected = f"give seconds {'from 0' if may_be_0 else 'above 0'}, at most a day (86400)"
        raise InvalidDeclaration(f"the {what} is {seconds!r}", expected)
