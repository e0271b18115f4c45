"""Answers put in front of what the machine says, for as long as a with block lasts."""

from __future__ import annotations

from ssot_shims._availability import Availability
from ssot_shims._outcome import WHOLE, fit_to_show, is_whole
from ssot_shims.errors import InvalidCapability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssot_shims._answers import Answers


class Override:
    """What ``override(...)`` gives: the answers count from ``with`` to its end, for the whole process.

    It may be entered again, and overrides may end in any order: what is left counts, the latest first.
    """

    def __init__(self, answers: Answers, layer: Mapping[str, Availability]) -> None:
        self._answers = answers
        self._layer = layer
        self._entered: list[Mapping[str, Availability]] = []

    def __enter__(self) -> None:
        layer = dict(self._layer)
        self._entered.append(layer)
        self._answers.put_over(layer)

    def __exit__(self, *_: object) -> None:
        self._answers.take_off(self._entered.pop())


def overriding(name: str, value: object, where: str) -> Availability:
    """The answer that *value*, given for *name* at *where*, stands for. Raises :class:`InvalidCapability`."""
    if isinstance(value, Availability):
        if not is_whole(value):
            raise InvalidCapability(f"override({name}=Availability(...)) is unfinished", WHOLE)
        return value.but(name=name, reason=fit_to_show(value.reason), source="override")
    if not isinstance(value, bool):
        given = fit_to_show(repr(value))
        raise InvalidCapability(f"override({name}={given}) is no answer", "give True, False or an Availability")
    return Availability(
        name=name,
        status="available" if value else "unavailable",
        reason=f"override({name}={value}) at {where}; to ask the machine: leave that with block",
        source="override",
    )
