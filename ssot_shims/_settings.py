"""The environment variables that steer shims, capabilities and environments, each read when it is asked for."""

from __future__ import annotations

import os
import time

from ssot_shims._text import close_as_text, fit_to_show
from ssot_shims.errors import InvalidSetting

PREFIX = "SSOT_SHIMS_"
STRICT = PREFIX + "STRICT"
PLACEHOLDERS = PREFIX + "PLACEHOLDERS"
UPSTREAM_PREFIX = PREFIX + "UPSTREAM_"
HAS_PREFIX = PREFIX + "HAS_"
NO_SERVICES = PREFIX + "NO_SERVICES"
TIMEOUT = PREFIX + "TIMEOUT"
REQUIRE = PREFIX + "REQUIRE"
ENVIRONMENT = PREFIX + "ENVIRONMENT"
TEST_NO_SERVICES = "TEST_NO_SERVICES"  # the legacy name
_VARIABLES = (STRICT, PLACEHOLDERS, NO_SERVICES, TIMEOUT, REQUIRE, ENVIRONMENT)

SHIM_PREFIX = "upstream:"  # what the name of a shim begins with, where names of capabilities may stand too

LONGEST = 86_400  # seconds; a lock refuses to wait for much longer than that
_CLOCK = getattr(time, "CLOCK_MONOTONIC", None)  # not there on Windows

_WORDS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


def monotonic() -> float:
    """The seconds of the clock for deadlines: locks and sockets go on where freezegun stops ``time.monotonic()``."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


def flag(name: str) -> bool:
    """Whether the variable *name* says yes; unset and empty are no, case and blanks do not matter."""
    return choice(name) or False


def choice(name: str) -> bool | None:
    """What the variable *name* says, yes or no; None when it is unset or empty."""
    value = os.environ.get(name, "")
    word = value.strip().lower()
    if word and word not in _WORDS:
        raise InvalidSetting(name, value, "1, true, yes or on, or 0, false, no or off")
    return _WORDS.get(word)


def no_services() -> bool:
    """Whether every service is turned off, by our name for it or by the legacy one.

    Raises :class:`InvalidSetting` for a value that does not read.
    """
    return flag(NO_SERVICES) or flag(TEST_NO_SERVICES)


def strict() -> bool:
    """Whether ``moved`` and ``broken`` are errors (``SSOT_SHIMS_STRICT``)."""
    return flag(STRICT)


def forced_placeholders() -> bool | frozenset[str]:
    """True for all shims, False for none, or the names that are to be placeholders (``SSOT_SHIMS_PLACEHOLDERS``)."""
    value = os.environ.get(PLACEHOLDERS, "")
    word = value.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    names = frozenset(name.strip() for name in value.split(",") if name.strip())
    if not all(name.isidentifier() for name in names):
        expected = "1 for all shims, 0 for none, or names such as HeartbeatConfig,RetryPolicy"
        raise InvalidSetting(PLACEHOLDERS, value, expected)
    return names


def is_forced(shim: str) -> bool:
    """Whether the user asked for the placeholder of *shim*."""
    forced = forced_placeholders()
    return forced if isinstance(forced, bool) else shim in forced


def upstream_variable(shim: str) -> str:
    """The variable that puts another upstream behind *shim*.

    >>> upstream_variable("HeartbeatConfig")
    'SSOT_SHIMS_UPSTREAM_HEARTBEATCONFIG'
    """
    return UPSTREAM_PREFIX + shim.upper()


def is_capability_name(text: str) -> bool:
    """Whether *text* reads ``[a-z][a-z0-9_]*``."""
    return text.isascii() and text.isidentifier() and text == text.lower() and not text.startswith("_")


def has_variable(capability: str) -> str:
    """The variable that answers for *capability* instead of its probe.

    >>> has_variable("docker")
    'SSOT_SHIMS_HAS_DOCKER'
    """
    return HAS_PREFIX + capability.upper()


def timeout() -> float:
    """The seconds, in all, that a probe without a timeout of its own may take (``SSOT_SHIMS_TIMEOUT``)."""
    value = os.environ.get(TIMEOUT, "").strip()
    try:
        seconds = float(value or 2.5)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST:  # nan is neither
        raise InvalidSetting(TIMEOUT, value, "seconds above 0, such as 2.5, at most a day (86400)")
    return seconds


def longer(seconds: float) -> int:
    """The timeout to suggest for a probe that did not answer in *seconds*, at most the longest allowed.

    >>> longer(2.5), longer(60), longer(80_000)
    (10, 120, 86400)
    """
    return min(max(10, round(2 * seconds)), LONGEST)


def required() -> tuple[str, ...]:
    """What must be real here: names of capabilities, and ``upstream:Name`` for shims (``SSOT_SHIMS_REQUIRE``)."""
    return required_names(REQUIRE, os.environ.get(REQUIRE, ""))


def required_names(setting: str, value: str) -> tuple[str, ...]:
    """The names in *value*, parted by commas, which *setting* requires."""
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    for name in names:
        scheme, colon, rest = name.partition(":")
        steps = rest.replace(":", ".").split(".") if name.startswith(SHIM_PREFIX) else [scheme]
        if not all(step.isidentifier() for step in steps) or bool(colon) != bool(rest):
            raise InvalidSetting(setting, value, "names such as docker,postgres,upstream:HeartbeatConfig")
    return names


def environment() -> str | None:
    """The environment to use (``SSOT_SHIMS_ENVIRONMENT``); None for the first that is usable."""
    return os.environ.get(ENVIRONMENT, "").strip() or None


def in_force() -> dict[str, str]:
    """Every ``SSOT_SHIMS_...`` variable that is set, known or not, in alphabetical order, its value fit to show."""
    return {name: fit_to_show(value) for name, value in sorted(os.environ.items()) if name.startswith(PREFIX)}


def misspelled(shims: frozenset[str], capabilities: frozenset[str]) -> dict[str, str]:
    """The variables, and the names in them, that have no effect, each with what is wrong with it."""
    settings = [*_VARIABLES, *map(upstream_variable, sorted(shims))]
    known = {*settings, *map(has_variable, capabilities)}
    # The prefix, which all have in common, would make any two of them come close.
    short = [name.removeprefix(PREFIX) for name in settings]
    wrong: dict[str, str] = {}
    for name in in_force():
        if name in known:
            continue
        if name.upper() in known:
            wrong[name] = f"no such setting; it is written {name.upper()}"
        elif name.startswith(HAS_PREFIX):
            capability = name.removeprefix(HAS_PREFIX).lower()
            wrong[name] = f"no capability of that name{close_as_text(capability, capabilities)}"
        else:
            wrong[name] = f"no such setting{close_as_text(name.removeprefix(PREFIX), short, PREFIX)}"
    forced = forced_placeholders()
    placeholders = [] if isinstance(forced, bool) else sorted(forced)
    named = {f"{PLACEHOLDERS}={name}": SHIM_PREFIX + name for name in placeholders}
    named |= {f"{REQUIRE}={name}": name for name in required() if name.removeprefix(SHIM_PREFIX).isidentifier()}
    for setting, name in named.items():
        shim = name.removeprefix(SHIM_PREFIX)
        kind, names = ("capability", capabilities) if shim == name else ("shim", shims)
        if shim not in names:
            wrong[setting] = f"no {kind} of that name{close_as_text(shim, names)}"
    return wrong
