"""Time each contender's code in a loop, block by block in turn; JSON in, JSON out."""

from __future__ import annotations

import gc
import json
import random
import sys
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Any

UNROLLED = 10
BLOCK = 0.002  # seconds that a block of calls takes, about


def block_of(contender: dict[str, str]) -> Callable[[int], None]:
    """A function that runs the code so many times ten times, in a module of its own."""
    names: dict[str, Any] = {"__name__": "__contender__"}
    exec(contender["setup"], names)
    lines = "\n".join(f"        {line}" for line in contender["code"].splitlines())
    # Unrolled, or the loop would be a part of what costs 20 ns.
    exec(f"def block(times):\n    for _ in range(times):\n{chr(10).join([lines] * UNROLLED)}", names)
    block: Callable[[int], None] = names["block"]
    block(1)
    exec(contender["after"], names)
    return block


def seconds_of(block: Callable[[int], None], times: int, clock: Callable[[], float]) -> float:
    """How long *times* times ten calls take."""
    start = clock()
    block(times)
    return clock() - start


def times_for(block: Callable[[int], None]) -> int:
    """How often to run *block* so that the clock can be read well; it is warm afterwards."""
    times = 1
    while (seconds := seconds_of(block, times, perf_counter)) < BLOCK / 2:
        times = max(times * 2, int(times * BLOCK / max(seconds, 1e-9)))
    return times


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """Seconds a call, in each round, for each contender."""
    clock = perf_counter if question["waits"] else thread_time
    blocks: dict[str, tuple[Callable[[int], None], int]] = {}
    values: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    # In an order of its own in each process: where something lies in memory is worth 10 %.
    for contender in random.sample(question["contenders"], len(question["contenders"])):
        try:
            block = block_of(contender)
            blocks[contender["name"]] = (block, times_for(block))
        except Exception as error:
            problems[contender["name"]] = f"failed: {type(error).__name__}: {error}"
    gc.collect()
    gc.disable()
    for number in range(question["rounds"]):
        for name in random.sample(list(blocks), len(blocks)):
            block, times = blocks[name]
            taken = values.setdefault(name, [])
            if number < 3 or sum(taken) * times * UNROLLED < question["seconds"]:
                taken.append(seconds_of(block, times, clock) / times / UNROLLED)
    return {"values": values, "problems": problems}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a peer prints is not the answer
    json.dump(measure(asked), out)
