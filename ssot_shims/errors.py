"""Every exception and warning of this library.

Each carries its data as attributes, says what was seen and then the hint, and survives pickling (pytest-xdist sends
errors between processes).
"""

from __future__ import annotations

from ssot_shims._text import redact, with_hint


class SsotShimsError(Exception):
    """Whatever this library raises is one of these."""


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
    """A setting whose value does not read: an environment variable, or a key in pyproject.toml.

    ``problem`` says what is wrong, with a place for the value, which is empty when it may hold a secret.

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

    ``kind`` is what it should be a name of, ``close`` are the names that come close, ``known`` all there are, and
    ``hint`` is where there may be more.

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
    """What keeps a migration or an audit from starting, and the hint. No file has been touched."""


class UpstreamError(SsotShimsError, ImportError):
    """A shim whose upstream should be there is not usable; raised under ``SSOT_SHIMS_STRICT=1``."""

    def __init__(self, shim: str, reason: str, hint: str = "") -> None:
        super().__init__(shim, reason, hint)
        self.shim = shim
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.shim}: {with_hint(self.reason, self.hint)}"


class UpstreamMoved(UpstreamError):
    """The package is there; the submodule or the symbol is not."""


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
    """Something of an upstream is there, and moved or broken: a placeholder is in use, or a later target."""

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
    """What a probe raises to say no, with the reason, and the hint if there is one.

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
    """What :func:`ssot_shims.require` raises: a capability that was asked for is not there.

    ``reasons`` and ``hints`` hold a text for the name of each one that is missing.
    """

    def __init__(self, reasons: dict[str, str], hints: dict[str, str] | None = None) -> None:
        super().__init__(reasons, hints)
        self.reasons = reasons
        self.hints: dict[str, str] = hints or dict.fromkeys(reasons, "")

    def __str__(self) -> str:
        return "; ".join(f"{name}: {with_hint(reason, self.hints[name])}" for name, reason in self.reasons.items())


class CircularProbe(SsotShimsError, RuntimeError):
    """A probe that asks, straight or through others, for the capability that it is to find."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)
        self.names = names

    def __str__(self) -> str:
        circle = " -> ".join(self.names)
        return f"the probes ask for one another in a circle: {circle}; let one of them answer by itself"


class NoEnvironment(SsotShimsError):
    """What :func:`ssot_shims.choose_environment` raises when no environment is usable here.

    ``reasons`` holds what each one lacks. ``is_breakage`` says that this is no normal absence: a probe failed, or what
    is lacking is required.
    """

    def __init__(self, reasons: dict[str, str], is_breakage: bool = False) -> None:
        super().__init__(reasons, is_breakage)
        self.reasons = reasons
        self.is_breakage = is_breakage

    def __str__(self) -> str:
        return "; ".join(f"environment {name!r} lacks {reason}" for name, reason in self.reasons.items())
