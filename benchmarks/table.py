"""The rows as a table for people, and as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.machine import Machine
from benchmarks.row import Goal, Grid, Row, Sample, Unit

SCHEMA = 1
HEAD = ("WHAT", "WHO", "MEDIAN", "SPREAD", "RATIO", "AT BEST", "GOAL", "VERDICT")


def as_text(machine: Machine, results: Sequence[Row | Grid]) -> str:
    """One table of all rows, a line a contender; below it what each answered."""
    rows = [result for result in results if isinstance(result, Row)]
    lines = [*_about(machine), _noise(rows), "", *columns([HEAD, *(line for row in rows for line in _lines(row))])]
    for grid in results:
        if isinstance(grid, Grid):
            lines += ["", *_grid(grid)]
    missed = [row.what for row in rows if row.verdict == "missed"]
    goals = [row for row in rows if row.verdict in ("met", "missed")]
    lines += ["", f"{len(goals) - len(missed)} of {len(goals)} goals met here"]
    lines += [f"missed: {what}" for what in missed]
    return "\n".join(lines) + "\n"


def as_json(machine: Machine, results: Sequence[Row | Grid]) -> str:
    """An object with ``schema``, ``machine``, ``rows`` and ``grids``; seconds and bytes are given as such."""
    data = {
        "schema": SCHEMA,
        "machine": vars(machine),
        "rows": [_row_data(result) for result in results if isinstance(result, Row)],
        "grids": [vars(result) for result in results if isinstance(result, Grid)],
    }
    return json.dumps(data, indent=2) + "\n"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The cells of *rows* below one another."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _about(machine: Machine) -> list[str]:
    there = [f"{name} {version}" for name, version in machine.peers.items() if version]
    missing = [name for name, version in machine.peers.items() if not version]
    return [
        f"ssot_shims {machine.ssot_shims}, {machine.python}, {machine.cores} cores, "
        f"load {machine.load_before} before and {machine.load_after} after, {machine.date}",
        f"peers: {', '.join(there) or 'none'}; missing: {', '.join(missing) or 'none'}",
    ]


def _noise(rows: Iterable[Row]) -> str:
    found = sorted(row.noise for row in rows if row.noise is not None)
    if not found:
        return "noise floor: not measured"
    return f"noise floor: the same thing against itself is {found[0]:.2f}x to {found[-1]:.2f}x"


def _lines(row: Row) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for sample in row.samples:
        about_ours = row.goal is not None and sample.name == row.ours
        lines.append(
            (
                row.what if sample is row.samples[0] else "",
                sample.name,
                _figure(sample, row.unit),
                "" if sample.spread is None else f"{sample.spread:.0%}",
                _times(row.ratio(sample)),
                _times(row.ratio_at_best(sample)),
                _goal(row.goal, row.unit) if row.goal and about_ours else "",
                row.verdict if about_ours else "",
            )
        )
    return [*lines, *([("", f"({row.note})", *[""] * (len(HEAD) - 2))] if row.note else [])]


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def _figure(sample: Sample, unit: Unit) -> str:
    if sample.values:
        return shown(sample.median, unit)
    return textwrap.shorten(sample.problem or "no value", 60, placeholder=" ...")  # JSON has it whole


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
    if goal.kind == "ratio":
        return f"{goal.limit:g}x"
    return f"{goal.kind} {shown(goal.limit, unit)}"


def _grid(grid: Grid) -> list[str]:
    lines = [
        (case if number == 0 else "", who, grid.answers[who][case])
        for case in grid.cases
        for number, who in enumerate(grid.answers)
    ]
    return [*columns([(grid.what.upper(), "WHO", "ANSWER"), *lines]), "", f"({grid.note})"]


def _row_data(row: Row) -> dict[str, Any]:
    return {
        "what": row.what,
        "unit": row.unit,
        "goal": None if row.goal is None else vars(row.goal),
        "verdict": row.verdict,
        "noise": row.noise,
        "note": row.note,
        "samples": [
            {
                "name": sample.name,
                "median": sample.median if sample.values else None,
                "spread": sample.spread,
                "ratio": row.ratio(sample),
                "ratio_at_best": row.ratio_at_best(sample),
                "values": sample.values,
                "problem": sample.problem,
            }
            for sample in row.samples
        ],
    }
