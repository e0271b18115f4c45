"""The rows as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from benchmarks.row import Goal, Row, Sample, Unit

HEAD = ("WHAT", "WHO", "MEDIAN", "RATIO", "GOAL", "VERDICT")


def as_text(machine: str, rows: Sequence[Row]) -> str:
    """What is said of the *machine*, and one table of all rows, a line a contender."""
    noise = sorted(row.noise for row in rows if row.noise is not None)
    missed = [row.what for row in rows if row.verdict == "missed"]
    goals = sum(row.verdict in ("met", "missed") for row in rows)
    lines = [
        machine,
        f"the floor against itself: {f'{noise[0]:.2f}x to {noise[-1]:.2f}x' if noise else 'not measured'}",
        "",
        *columns([HEAD, *(line for row in rows for line in _lines(row))]),
        "",
        f"{goals - len(missed)} of {goals} goals met here",
        *(f"missed: {what}" for what in missed),
    ]
    return "\n".join(lines) + "\n"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The cells of *rows* below one another."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _lines(row: Row) -> Iterator[tuple[str, ...]]:
    for sample in row.samples:
        ratio, goal = row.ratio(sample), row.goal if sample.name == row.ours else None
        yield (
            row.what if sample is row.samples[0] else "",
            sample.name,
            _figure(sample, row.unit),
            "" if ratio is None else f"{ratio:.2f}x",
            _goal(goal, row.unit) if goal else "",
            row.verdict if goal else "",
        )
    if row.note:
        yield ("", f"({row.note})", *[""] * (len(HEAD) - 2))


def _figure(sample: Sample, unit: Unit) -> str:
    if sample.values:
        return shown(sample.median, unit)
    return textwrap.shorten(sample.problem or "no value", 60, placeholder=" ...")


def shown(value: float, unit: Unit) -> str:
    """A value with its unit.

    >>> shown(0.0123, "s"), shown(-2.1e-8, "s"), shown(12_345_678, "bytes"), shown(1, "count")
    ('12.3 ms', '-21 ns', '12.35 MB', '1')
    """
    if unit == "count":
        return f"{value:g}"
    if unit == "bytes":
        return f"{value / 1e6:.2f} MB"
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def _goal(goal: Goal, unit: Unit) -> str:
    return f"{goal.limit:g}x" if goal.kind == "ratio" else f"{goal.kind} {shown(goal.limit, unit)}"
