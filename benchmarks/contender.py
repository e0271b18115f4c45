"""One way to do what is measured, as Python source."""

from __future__ import annotations

from collections.abc import Mapping

from ssot_shims._record import Record

OURS = "ssot_shims"
AGAIN = "the same again"


class Contender(Record):
    """What is run and timed, after *setup* and before *after*, neither of which is; ``after`` asserts the answer.

    ``peer`` is the distribution it needs; empty for ours and for the floor, which need none.
    """

    name: str
    code: str
    setup: str = ""
    after: str = ""
    peer: str = ""
    environment: Mapping[str, str] = {}

    def __hash__(self) -> int:
        return hash(self.name)


def with_noise(contenders: tuple[Contender, ...]) -> tuple[Contender, ...]:
    """The contenders, the first of which is the floor, and that floor a second time."""
    floor, *others = contenders
    return (floor, floor.replace(name=AGAIN), *others)
