"""What was measured: samples of each contender, side by side in a row, and the goal that ours has to reach."""

from __future__ import annotations

from statistics import median
from typing import Literal

from benchmarks.contender import AGAIN, OURS
from ssot_shims._record import Record

Unit = Literal["s", "bytes", "count"]
Verdict = Literal["met", "missed", "not measured", ""]


class Sample(Record):
    """The values of one contender, or the problem that it had instead."""

    name: str
    values: tuple[float, ...] = ()
    problem: str = ""

    @property
    def median(self) -> float:
        """The value in the middle."""
        return median(self.values)


class Goal(Record):
    """What ours has to reach: at most that ratio to the floor, or at most or at least that value."""

    kind: Literal["ratio", "at most", "at least"]
    limit: float


class Row(Record):
    """One thing, done by several. Where ``has_floor`` is set the first sample is the floor of all ratios."""

    what: str
    samples: tuple[Sample, ...]
    unit: Unit = "s"
    goal: Goal | None = None
    ours: str = OURS  # the sample that the goal is about
    has_floor: bool = True
    note: str = ""

    def ratio(self, sample: Sample) -> float | None:
        """How many times the floor *sample* is; None where there is nothing to divide."""
        floor = self.samples[0]
        if not self.has_floor or not sample.values or not floor.values or not floor.median:
            return None
        return sample.median / floor.median

    @property
    def noise(self) -> float | None:
        """The ratio of the floor to itself."""
        return next((self.ratio(sample) for sample in self.samples if sample.name == AGAIN), None)

    @property
    def verdict(self) -> Verdict:
        """Whether the goal is met here; empty when there is none."""
        if self.goal is None:
            return ""
        sample = next((sample for sample in self.samples if sample.name == self.ours), None)
        value = None if sample is None or not sample.values else sample.median
        if sample is not None and self.goal.kind == "ratio":
            value = self.ratio(sample)
        if value is None:
            return "not measured"
        is_met = value >= self.goal.limit if self.goal.kind == "at least" else value <= self.goal.limit
        return "met" if is_met else "missed"
