"""One departure of an upstream from its placeholder, and when two values count as the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an upstream departs from what its placeholder promises: an error, or only a note.

    >>> print(Difference("HeartbeatConfig.max_missed_heartbeats", "2", "3"))
    error: HeartbeatConfig.max_missed_heartbeats: the placeholder has 2; upstream has 3
    """

    what: str
    placeholder: str
    upstream: str
    is_error: bool = True

    def __str__(self) -> str:
        level = "error" if self.is_error else "note"
        return _one_line(f"{level}: {self.what}: the placeholder has {self.placeholder}; upstream has {self.upstream}")


def show(value: object) -> str:
    """``repr(value)``, or what to show where that raises."""
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def same_value(one: object, other: object) -> bool:
    """Whether a user could tell these two defaults or constants apart.

    ``30`` and ``30.0`` are the same, ``True`` and ``1`` are not; NaN is NaN. What only its identity tells apart, such
    as ``object()`` as a sentinel, goes by its repr; classes, which both modules may define, go by their name.
    """
    if one is other:
        return True
    if isinstance(one, type) and isinstance(other, type):
        return one.__qualname__ == other.__qualname__
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    equal = _equal(one, other)
    if equal is None or (not equal and _are_twins(type(one), type(other))):
        return _ADDRESS.sub("", show(one)) == _ADDRESS.sub("", show(other))
    return equal


def _equal(one: object, other: object) -> bool | None:
    """What ``==`` says, NaN being equal to NaN; None when it gives no plain answer (arrays) or raises."""
    try:
        answer = cast("object", one == other or (one != one and other != other))
    except Exception:
        return None
    return answer if isinstance(answer, bool) else None


def _are_twins(one: type, other: type) -> bool:
    """Whether instances of the two differ under ``==`` merely because they are two objects, or of two modules."""
    is_by_identity: object = one.__eq__ is object.__eq__  # type: ignore[comparison-overlap]
    return bool(is_by_identity) if one is other else one.__qualname__ == other.__qualname__


def _one_line(text: str) -> str:
    # Non-printable is more than control characters: a lone surrogate could not even be written to a terminal.
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
