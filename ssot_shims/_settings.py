"""The environment variables that steer shims, each read when the answer is made."""

from __future__ import annotations

import os

from ssot_shims._target import Target
from ssot_shims.errors import InvalidSetting, InvalidTarget

PREFIX = "SSOT_SHIMS_"
STRICT = PREFIX + "STRICT"
PLACEHOLDERS = PREFIX + "PLACEHOLDERS"
UPSTREAM_PREFIX = PREFIX + "UPSTREAM_"

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def flag(name: str) -> bool:
    """Whether the variable *name* says yes; unset and empty are no, case and blanks do not matter."""
    value = os.environ.get(name, "")
    word = value.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidSetting(name, value, "1, true, yes or on, or 0, false, no or off")


def strict() -> bool:
    """Whether ``moved`` and ``broken`` are errors (``SSOT_SHIMS_STRICT``)."""
    return flag(STRICT)


def forced_placeholders() -> bool | frozenset[str]:
    """True for all shims, or the names that are to be placeholders (``SSOT_SHIMS_PLACEHOLDERS``)."""
    value = os.environ.get(PLACEHOLDERS, "")
    word = value.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return frozenset()
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not all(name.isidentifier() for name in names):
        raise InvalidSetting(
            PLACEHOLDERS, value, "1 for all shims, 0 for none, or names such as HeartbeatConfig,RetryPolicy"
        )
    return frozenset(names)


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


def upstream_override(shim: str) -> tuple[Target, ...]:
    """The one target that the user put behind *shim* instead of its own; empty when there is none."""
    variable = upstream_variable(shim)
    value = os.environ.get(variable, "").strip()
    try:
        return (Target.parse(value),) if value else ()
    except InvalidTarget as error:
        raise InvalidSetting(variable, value, "a target such as pkg.mod:Name") from error


def in_force() -> dict[str, str]:
    """Every ``SSOT_SHIMS_...`` variable that is set, known or not, in alphabetical order."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(PREFIX)}


def misspelled(shims: frozenset[str]) -> dict[str, str]:
    """What is set and reaches nothing, as the variable and what is wrong with it."""
    from ssot_shims._misspelled import close_matches, did_you_mean  # front ends ask, imports do not

    wrong: dict[str, str] = {}
    # Without the prefix, which would make any two of them look alike.
    variables = [name.removeprefix(PREFIX) for name in (STRICT, PLACEHOLDERS, *map(upstream_variable, sorted(shims)))]
    for name in in_force():
        short = name.removeprefix(PREFIX)
        if short not in variables:
            close = ", ".join(PREFIX + match for match in close_matches(short, variables))
            wrong[name] = "no such setting" + (f"; close: {close}" if close else "")
    forced = forced_placeholders()
    for name in sorted(forced - shims) if isinstance(forced, frozenset) else ():
        wrong[f"{PLACEHOLDERS}={name}"] = f"no shim of that name{did_you_mean(name, shims)}"
    return wrong
