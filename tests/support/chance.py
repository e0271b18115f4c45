"""Properties: what has to hold for any input there is, tried on inputs that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy, binary

T = TypeVar("T")

MORE = 10  # times as many examples in a slow run


class Chance:
    """So many examples every day, and the same ones each day, so that a change is to blame for what fails.

    ``pytest --hypothesis-seed=N`` tries others, and ``-m slow`` far more.
    """

    def __init__(self, *, is_thorough: bool, is_seeded: bool) -> None:
        self._factor = MORE if is_thorough else 1
        self._is_seeded = is_seeded

    def __call__(self, holds: Callable[..., object], examples: int, **inputs: SearchStrategy[object]) -> None:
        """Call *holds* with so many *examples* of its *inputs*; what it raises is shown with the simplest of them."""
        self.settings(examples)(given(**inputs)(holds))()

    def settings(self, examples: int, **more: int) -> settings:
        """What hypothesis is told; nothing is kept on disk from one run to the next."""
        return settings(
            max_examples=examples * self._factor,
            derandomize=not self._is_seeded,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],  # a machine may be busy
            **more,
        )


class Choices:
    """One choice after another, each a byte of what hypothesis has made up at one go.

    That is ten times as fast as asking it for each. Where the bytes end, and in the simplest example, the first of all
    is chosen.
    """

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def one_of(self, options: Sequence[T]) -> T:
        return options[next(self._data, 0) % len(options)]

    def up_to(self, most: int) -> int:
        return self.one_of(range(most + 1))

    def sometimes(self, one_in: int = 2) -> bool:
        return self.one_of(range(one_in)) == one_in - 1


def choices(most: int) -> SearchStrategy[Choices]:
    """So many choices; what is made of them has to print itself when it fails."""
    return binary(min_size=most, max_size=most).map(Choices)
