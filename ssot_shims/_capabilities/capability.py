"""What a capability is: a name, the probe that finds out, and how its answer is to be kept."""

from __future__ import annotations

from ssot_shims._callsite import code_of, place_of
from ssot_shims._record import Record
from ssot_shims._settings import is_capability_name
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    Level = Literal["built-in", "package", "pyproject", "user"]
    Kind = Literal["function", "named function", "combination", "probe"]

# The later wins.
LEVELS: tuple[Level, ...] = ("built-in", "package", "pyproject", "user")

_LONGEST = 86_400.0  # seconds; a lock refuses to wait for much longer than that
_ASYNC = 0x80 | 0x200  # CO_COROUTINE and CO_ASYNC_GENERATOR, without importing inspect


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
    def kind(self) -> Kind:
        """What is asked: a function, one that is named as text, other capabilities, or a probe of this library."""
        if isinstance(self.probe, Record):  # as whatever is written in short notation is
            if hasattr(self.probe, "ask"):
                return "probe"
            if hasattr(self.probe, "names"):
                return "combination"
            if hasattr(self.probe, "load"):
                return "named function"
        return "function"

    @property
    def notation(self) -> str:
        """The probe as text: its notation without secrets, or where the function is defined."""
        return place_of(self.probe) if self.kind == "function" else str(self.probe.notation)

    @property
    def is_service(self) -> bool:
        """Whether ``SSOT_SHIMS_NO_SERVICES`` turns it off."""
        of_itself: bool = self.kind == "probe" and self.probe.is_service
        return of_itself if self.service is None else self.service

    @property
    def parts(self) -> tuple[str, ...]:
        """The names that a combination asks for; empty for anything else."""
        names: tuple[str, ...] = self.probe.names if self.kind == "combination" else ()
        return names

    def is_declared_like(self, other: Capability) -> bool:
        """Whether both come from one statement."""
        return (self.where, self.notation) == (other.where, other.notation)


def capability(name: str, probe: object, **options: Any) -> Capability:
    """The capability, with a *probe* in short notation read, and everything else checked.

    Raises :class:`InvalidDeclaration` and :class:`InvalidDeclaration`, with the part that is wrong.
    """
    refuse_bad_name(name)
    for option in ("timeout", "ttl"):
        _refuse_bad_seconds(name, option, options.get(option))
    service = options.get("service")
    if not isinstance(service, bool | None):
        raise InvalidDeclaration(f"the service of {name!r} is {service!r}", "give True, False or None")
    if isinstance(probe, str):
        from ssot_shims._probes.notation import read  # not for those who register functions alone

        probe = read(probe)
    made = Capability(name=name, probe=probe, **options)
    if made.kind == "function":
        _refuse_bad_function(name, probe)
    if made.parts and (made.timeout or made.ttl):
        raise InvalidDeclaration(
            f"{name!r} combines other capabilities and has a timeout or ttl", "give those to its parts"
        )
    return made


def refuse_bad_name(name: object) -> None:
    """Raise :class:`InvalidDeclaration` unless *name* reads ``[a-z][a-z0-9_]*``."""
    if not isinstance(name, str):
        raise InvalidDeclaration(f"{name!r} is no name for a capability", "a name is a string such as 'docker'")
    if not is_capability_name(name):
        raise InvalidDeclaration(
            f"{name!r} is no name for a capability",
            f"use lower-case letters, digits and _, beginning with a letter{_suggestion(name)}",
        )


def _suggestion(name: str) -> str:
    better = "".join(c if c.isalnum() else "_" for c in name.strip().lower())
    return f": {better!r}" if is_capability_name(better) else ""


def _refuse_bad_seconds(name: str, option: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _LONGEST:
        problem = f"the {option} of {name!r} is {value!r}"
        raise InvalidDeclaration(problem, "give seconds above 0, at most a day (86400)")


def _refuse_bad_function(name: str, probe: object) -> None:
    if not callable(probe) or isinstance(probe, type):
        raise InvalidDeclaration(
            f"the probe of {name!r} is {probe!r}", "give a function, or text such as 'tcp://localhost:5432'"
        )
    if is_async(probe):
        raise InvalidDeclaration(
            f"the probe of {name!r} is an async function ({place_of(probe)})",
            f"make it a plain function, and ask for it with: await capabilities.acheck({name!r})",
        )


def is_async(function: Callable[..., object]) -> bool:
    """Whether calling *function* gives something to await instead of an answer."""
    code = code_of(function)
    return code is not None and bool(code.co_flags & _ASYNC)
