"""Every exception and warning of this library.

Each carries its data as attributes, says the value it saw and then the cure, and survives pickling (pytest-xdist sends
errors between processes).
"""


class SsotShimsError(Exception):
    """Whatever this library raises is one of these."""


class InvalidTarget(SsotShimsError, ValueError):
    """A target that does not read as ``pkg.mod:Name``.

    >>> raise InvalidTarget("'acme.ws.HeartbeatConfig' has no colon", "acme.ws.HeartbeatConfig")
    Traceback (most recent call last):
    ssot_shims.errors.InvalidTarget: 'acme.ws.HeartbeatConfig' has no colon; write a target as 'pkg.mod:Name'
    """

    def __init__(self, problem: str, target: object = None) -> None:
        super().__init__(problem, target)
        self.problem = problem
        self.target = target

    def __str__(self) -> str:
        return f"{self.problem}; write a target as 'pkg.mod:Name'"


class InvalidPlaceholder(SsotShimsError, TypeError):
    """``@shim(...)`` was put on something that is neither a class nor a function."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder)
        self.placeholder = placeholder

    def __str__(self) -> str:
        return f"{self.placeholder} is neither a class nor a function; put @shim(...) on a class or def statement"


class DuplicateShim(SsotShimsError, ValueError):
    """One name, declared as a shim in two places."""

    def __init__(self, shim: str, here: str, first: str) -> None:
        super().__init__(shim, here, first)
        self.shim = shim
        self.here = here
        self.first = first

    def __str__(self) -> str:
        return (
            f"{self.here} declares the shim {self.shim}, which {self.first} has declared already; "
            f"import it from there, or give one of the two another name"
        )


class UnknownShim(SsotShimsError, LookupError):
    """Something that no shim stands for."""

    def __init__(self, asked: str, known: tuple[str, ...]) -> None:
        super().__init__(asked, known)
        self.asked = asked
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return f"{self.asked} is not from a shim; shims declared so far: {known}"


class InvalidSetting(SsotShimsError, ValueError):
    """A setting whose value does not read: an environment variable, or a key in pyproject.toml."""

    def __init__(self, setting: str, value: str, expected: str) -> None:
        from ssot_shims._text import redact  # settings are rarely wrong

        value = redact(value)
        super().__init__(setting, value, expected)
        self.setting = setting
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.setting} is {self.value!r}; expected {self.expected}"


class MigrationError(SsotShimsError):
    """What keeps a migration from starting, and the cure. No file has been touched."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem, cure)
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.problem}; {self.cure}"


class InvalidRule(SsotShimsError, ValueError):
    """A rule of ``ssot-shims migrate`` that does not read, or rules that cannot hold together.

    >>> raise InvalidRule("'old.mod.Name' has no colon", "write 'old.mod:Name'", ("old.mod.Name = new.mod:Name",))
    Traceback (most recent call last):
    ssot_shims.errors.InvalidRule: 'old.mod.Name' has no colon; write 'old.mod:Name'
    """

    def __init__(self, problem: str, cure: str, rules: tuple[str, ...]) -> None:
        super().__init__(problem, cure, rules)
        self.problem = problem
        self.cure = cure
        self.rules = rules

    def __str__(self) -> str:
        return f"{self.problem}; {self.cure}"


class UpstreamError(SsotShimsError, ImportError):
    """A shim whose upstream should be there is not usable; raised under ``SSOT_SHIMS_STRICT=1``."""

    def __init__(self, shim: str, reason: str) -> None:
        super().__init__(shim, reason)
        self.shim = shim
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.shim}: {self.reason}"


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
        return (
            f"{self.shim} cannot be resolved yet: {self.module} is still being imported, which makes a circle; "
            f"import {self.shim} inside the function that uses it, or below the definitions of {self.module}"
        )


class PlaceholderWarning(UserWarning):
    """Something of an upstream is there, and moved or broken: a placeholder is in use, or a later target."""

    def __init__(self, shim: str, reason: str, is_in_use: bool = True) -> None:
        super().__init__(shim, reason, is_in_use)
        self.shim = shim
        self.reason = reason
        self.is_in_use = is_in_use

    def __str__(self) -> str:
        what = "is a placeholder" if self.is_in_use else "has a broken target before the one in use"
        return f"{self.shim} {what}: {self.reason}"


class Unavailable(SsotShimsError):
    """What a probe raises to say no, with the reason.

    >>> from ssot_shims import capabilities
    >>> @capabilities.register("gpu")
    ... def gpu() -> None:
    ...     raise Unavailable("no device node /dev/nvidia0")
    >>> capabilities.check("gpu").reason
    'no device node /dev/nvidia0'
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CapabilityError(SsotShimsError):
    """Something about a capability that the user of this library got wrong."""


class InvalidCapability(CapabilityError, ValueError):
    """A name, a probe or an option that cannot be registered."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem, expected)
        self.problem = problem
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.problem}; {self.expected}"


class InvalidProbe(CapabilityError, ValueError):
    """A probe in short notation that does not read: the whole text, and the part that is wrong."""

    def __init__(self, notation: str, problem: str, expected: str) -> None:
        super().__init__(notation, problem, expected)
        self.notation = notation
        self.problem = problem
        self.expected = expected

    def __str__(self) -> str:
        return f"the probe {self.notation!r} {self.problem}; expected {self.expected}"


class DuplicateCapability(CapabilityError, ValueError):
    """One name, registered twice on one level."""

    def __init__(self, name: str, here: str, first: str) -> None:
        super().__init__(name, here, first)
        self.name = name
        self.here = here
        self.first = first

    def __str__(self) -> str:
        return (
            f"{self.here} registers the capability {self.name!r}, which {self.first} has registered already; "
            f"use another name, or pass replace=True"
        )


class UnknownCapability(CapabilityError, LookupError):
    """A name that nobody registered."""

    def __init__(self, name: str, close: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(name, close, known)
        self.name = name
        self.close = close
        self.known = known

    def __str__(self) -> str:
        close = f"close: {', '.join(self.close)}; " if self.close else ""
        return f"no capability {self.name!r}; {close}known: {', '.join(self.known) or 'none'}"


class CircularProbe(CapabilityError, RuntimeError):
    """A probe that asks, straight or through others, for the capability that it is to find."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)
        self.names = names

    def __str__(self) -> str:
        circle = " -> ".join(self.names)
        return f"the probes ask for one another in a circle: {circle}; let one of them answer by itself"


class CapabilityMissing(CapabilityError):
    """What :func:`ssot_shims.require` raises: a capability that was asked for is not there."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        return "; ".join(f"{name}: {reason}" for name, reason in self.reasons.items())


class UnknownEnvironment(SsotShimsError, LookupError):
    """An environment that pyproject.toml does not declare."""

    def __init__(self, name: str, close: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(name, close, known)
        self.name = name
        self.close = close
        self.known = known

    def __str__(self) -> str:
        close = f"close: {', '.join(self.close)}; " if self.close else ""
        return f"no environment {self.name!r}; {close}known: {', '.join(self.known)}"


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


class UnknownValue(SsotShimsError, KeyError):
    """A key that the environment in use has no value for."""

    def __init__(self, environment: str, key: object, close: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(environment, key, close, known)
        self.environment = environment
        self.key = key
        self.close = close
        self.known = known

    def __str__(self) -> str:
        close = f"close: {', '.join(self.close)}; " if self.close else ""
        known = ", ".join(self.known) or "none"
        return f"environment {self.environment!r} has no value {self.key!r}; {close}known: {known}"


class InvalidDecoration(SsotShimsError, TypeError):
    """A decorator without what it needs, or on something that it cannot decorate."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem, expected)
        self.problem = problem
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.problem}; {self.expected}"
