"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks.effort import FULL, QUICK
from benchmarks.ground import prepared
from benchmarks.machine import this_machine
from benchmarks.row import Row
from benchmarks.table import as_text

# Each is a module with rows(ground, effort).
SUBJECTS = ("imports", "plugin", "questions", "threads", "docker", "upstreams", "conditions", "migrate")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, and print it. Exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure ssot_shims beside its peers.")
    parser.add_argument("--only", action="append", choices=SUBJECTS, metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs, not to believe")
    wanted = parser.parse_args(arguments)
    machine, rows = this_machine(), list[Row]()
    with prepared() as ground:
        for subject in dict.fromkeys(wanted.only or SUBJECTS):
            print(f"measuring {subject}", file=sys.stderr, flush=True)
            rows += import_module(f"benchmarks.{subject}").rows(ground, QUICK if wanted.quick else FULL)
    print(as_text(machine, rows), end="")
    return int(any(row.verdict == "missed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
