"""How long to measure."""

from __future__ import annotations

from ssot_shims._record import Record


class Effort(Record):
    """So many rounds; a contender that has used up its ``seconds`` sits out the rest, at least three values later.

    ``patience`` is how many seconds one value may take before it is given up, ``scale`` the share of the full size
    that things are generated in, ``pairs`` how often two are compared whose difference is small.
    """

    rounds: int = 80
    seconds: float = 20.0
    patience: float = 70.0
    scale: float = 1.0
    pairs: int = 150


FULL = Effort()
QUICK = Effort(rounds=9, seconds=1.5, patience=30.0, scale=0.1, pairs=5)
