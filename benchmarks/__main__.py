"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec

from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.ground import Ground, prepared
from benchmarks.machine import load, this_machine
from benchmarks.row import Grid, Row, Sample
from benchmarks.table import as_json, as_text

# Each is a module with rows(ground, effort).
SUBJECTS = (
    "imports",
    "plugin",
    "questions",
    "threads",
    "docker",
    "upstreams",
    "conditions",
    "growth",
    "memory",
    "migrate",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, and print it. Exit code 1 when a goal is missed."""
    wanted = _parser().parse_args(arguments)
    machine, effort = this_machine(), QUICK if wanted.quick else FULL
    results: list[Row | Grid] = []
    with prepared() as ground:
        for subject in dict.fromkeys(wanted.only or SUBJECTS):
            print(f"measuring {subject}", file=sys.stderr, flush=True)
            results += _measured(subject, ground, effort)
    machine = machine.replace(load_after=load())
    print(as_json(machine, results) if wanted.json else as_text(machine, results), end="")
    return int(any(isinstance(result, Row) and result.verdict == "missed" for result in results))


def _measured(subject: str, ground: Ground, effort: Effort) -> Iterator[Row | Grid]:
    name = f"benchmarks.{subject}"
    if find_spec(name) is None:
        yield Row(what=subject, samples=(Sample(name="ssot_shims", problem=f"missing: there is no {name} yet"),))
        return
    yield from import_module(name).rows(ground, effort)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure ssot_shims beside its peers.")
    parser.add_argument("--only", action="append", choices=SUBJECTS, metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs, not to believe")
    parser.add_argument("--json", action="store_true", help="for programs; seconds and bytes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
