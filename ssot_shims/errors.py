"""Every exception and warning of this library.

Each carries its data as attributes, says what was seen and then the hint, and survives pickling (pytest-xdist sends
errors between processes).
"""

from __future__ import annotations

from ssot_shims._text import redact, with_hint


class SsotShimsError(Exception):
    """The base class of all errors of this library."""


class InvalidDeclaration(SsotShimsError, ValueError):
    """A target, placeholder, capability, probe or rule that cannot be used as it is written, or one declared twice.

    ``problem`` says what is wrong, ``hint`` what to write, ``value`` is what was written, without secrets.

    >>> raise InvalidDeclaration("'acme.ws.Limits' has no colon", "write a target as 'pkg.mod:Name'")
    Traceback (most recent call last):
    ssot_shims.errors.InvalidDeclaration: 'acme.ws.Limits' has no colon; write a target as 'pkg.mod:Name'
    """

    def __init__(self, problem: str, hint: str, value: str = "") -> None:
        super().__init__(problem, hint, value)
        self.problem = problem
        self.hint = hint
        self.value = value

    def __str__(self) -> str:
        return with_hint(self.problem, self.hint)


class InvalidSetting(SsotShimsError, ValueError):
    """An environment variable, an option or a key in pyproject.toml has a value that is not valid.

    ``problem`` is a format string that takes ``value``; ``value`` is empty when it may hold a secret.

    >>> raise InvalidSetting("SSOT_SHIMS_TIMEOUT", "soon", "seconds above 0")
    Traceback (most recent call last):
    ssot_shims.errors.InvalidSetting: SSOT_SHIMS_TIMEOUT is 'soon'; expected seconds above 0
    """

    def __init__(self, setting: str, value: str, expected: str, problem: str = "is {!r}") -> None:
        value = redact(value)
        super().__init__(setting, value, expected, problem)
        self.setting = setting
        self.value = value
        self.expected = expected
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.setting} {self.problem.format(self.value)}; expected {self.expected}"


class UnknownName(SsotShimsError, KeyError):
    """A name that nobody has declared: of a shim, a capability, an environment, or a value in an environment.

    ``kind`` is ``capability``, ``shim`` and so on. ``close`` holds the names that are spelled alike, ``known`` all
    names, and ``hint`` says where more may be declared.

    >>> raise UnknownName("capability", "paht", ("path",), ("docker", "path"))
    Traceback (most recent call last):
    ssot_shims.errors.UnknownName: no capability 'paht'; close: path; known: docker, path
    """

    def __init__(
        self, kind: str, name: object, close: tuple[str, ...], known: tuple[str, ...], where: str = "", hint: str = ""
    ) -> None:
        super().__init__(kind, name, close, known, where, hint)
        self.kind = kind
        self.name = name
        self.close = close
        self.known = known
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        where = f" in {self.where}" if self.where else ""
        close = f"close: {', '.join(self.close)}; " if self.close else ""
        known = ", ".join(self.known) or "none"
        return with_hint(f"no {self.kind} {self.name!r}{where}; {close}known: {known}", self.hint)


class MigrationError(InvalidDeclaration):
    """A migration or an audit cannot start, and has changed no file."""


class UpstreamError(SsotShimsError, ImportError):
    """The upstream of a shim moved or is broken; raised under ``SSOT_SHIMS_STRICT=1``."""

    def __init__(self, shim: str, reason: str, hint: str = "") -> None:
        super().__init__(shim, reason, hint)
        self.shim = shim
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.shim}: {with_hint(self.reason, self.hint)}"


class UpstreamMoved(UpstreamError):
    """The package of the upstream is installed; its submodule or its symbol is not there."""


class UpstreamBroken(UpstreamError):
    """Importing the upstream raised, or gave something of another kind."""


class CircularShim(SsotShimsError, ImportError):
    """A shim was asked for while a module that it needs was still half imported."""

    def __init__(self, shim: str, module: str) -> None:
        super().__init__(shim, module)
        self.shim = shim
        self.module = module

    def __str__(self) -> str:
        what = f"{self.shim} cannot be resolved yet: {self.module} is still being imported"
        return f"{what}; import {self.shim} inside the function that uses it, or below the definitions of {self.module}"


class PlaceholderWarning(UserWarning):
    """An upstream moved or is broken, so its placeholder, or a later target, is in use."""

    def __init__(self, shim: str, reason: str, hint: str = "", is_in_use: bool = True) -> None:
        super().__init__(shim, reason, hint, is_in_use)
        self.shim = shim
        self.reason = reason
        self.hint = hint
        self.is_in_use = is_in_use

    def __str__(self) -> str:
        what = "is a placeholder" if self.is_in_use else "has a broken target before the one in use"
        return f"{self.shim} {what}: {with_hint(self.reason, self.hint)}"


class Unavailable(SsotShimsError):
    """Raise this in a probe to say no, with a reason and, if you have one, a hint.

    >>> from ssot_shims import capabilities
    >>> @capabilities.register("gpu")
    ... def gpu() -> None:
    ...     raise Unavailable("no device node /dev/nvidia0")
    >>> capabilities.check("gpu").reason
    'no device node /dev/nvidia0'
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return with_hint(self.reason, self.hint)


class CapabilityMissing(SsotShimsError):
    """Raised by :func:`ssot_shims.require`: something that the caller needs is not available.

    ``reasons`` and ``hints`` hold a text for each missing name.
    """

    def __init__(self, reasons: dict[str, str], hints: dict[str, str] | None = None) -> None:
        super().__init__(reasons, hints)
        self.reasons = reasons
        self.hints: dict[str, str] = hints or dict.fromkeys(reasons, "")

    def __str__(self) -> str:
        return "; ".join(f"{name}: {with_hint(reason, self.hints[name])}" for name, reason in self.reasons.items())


class CircularProbe(SsotShimsError, RuntimeError):
    """A probe asks for its own capability, directly or through other probes."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)
        self.names = names

    def __str__(self) -> str:
        circle = " -> ".join(self.names)
        return f"the probes ask for one another in a circle: {circle}; let one of them answer by itself"


class NoEnvironment(SsotShimsError):
    """Raised by :func:`ssot_shims.choose_environment`: no environment can be used here.

    ``reasons`` holds, by environment, what it lacks. ``is_breakage`` is true when a probe failed or something that is
    required is missing, and false for normal absence.
    """

    def __init__(self, reasons: dict[str, str], is_breakage: bool = False) -> None:
        super().__init__(reasons, is_breakage)
        self.reasons = reasons
        self.is_breakage = is_breakage

    def __str__(self) -> str:
        return "; ".join(f"environment {name!r} lacks {reason}" for name, reason in self.reasons.items())
