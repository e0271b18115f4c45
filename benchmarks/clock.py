"""The clocks: for whole processes, and for statements, loops and figures in a fresh process."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.machine import version_of
from benchmarks.row import Sample

_NO_SETTINGS: Mapping[str, str] = {}
# The time module is built in, and loaded in every process.
TIMED = """{setup}
import time as _time
_start = _time.perf_counter()
{code}
_stop = _time.perf_counter()
{after}
print(_stop - _start)
"""

# Names are global, as those of a module are; unrolled, or the loop would be a part of what costs 20 ns.
LOOP = """import time, timeit
names = {{"__name__": "__contender__"}}
exec({setup!r}, names)
timer = timeit.Timer("\\n".join([{code!r}] * 10), timer=time.CLOCK, globals=names)
timer.timeit(10)
count = int(0.2 / max(timer.timeit(10), 1e-6)) + 1
print(timer.timeit(count) / count / 10)
exec({after!r}, names)
"""


class Gone(Exception):
    """A contender gave no value; the message says why."""


def processes(ground: Ground, contenders: tuple[Contender, ...], effort: Effort) -> tuple[Sample, ...]:
    """Seconds that a whole process takes, from its start to its end."""

    def measure(contender: Contender) -> float:
        start = perf_counter()
        run(ground, ("-c", contender.code), effort, contender.environment)
        return perf_counter() - start

    return interleaved(with_noise(contenders), effort, measure)


def statements(ground: Ground, contenders: tuple[Contender, ...], effort: Effort) -> tuple[Sample, ...]:
    """Seconds that the code takes in a fresh process."""
    return figures(ground, with_noise(contenders), effort, TIMED)


def figures(
    ground: Ground, contenders: tuple[Contender, ...], effort: Effort, template: str = "{setup}\n{code}\n{after}"
) -> tuple[Sample, ...]:
    """The number that a fresh process prints in its last line."""

    def measure(contender: Contender) -> float:
        program = template.format(setup=contender.setup, code=contender.code, after=contender.after)
        return float(run(ground, ("-c", program), effort, contender.environment).split()[-1])

    return interleaved(contenders, effort, measure)


def loops(ground: Ground, contenders: tuple[Contender, ...], effort: Effort, clock: str) -> tuple[Sample, ...]:
    """Seconds a call in a loop, each time in a fresh process, by that *clock* of the time module.

    The first calls are not counted: one of them finds the answer out, which takes as long as 100,000 of those that
    follow. With it the loop would be a few hundred calls long, in which Python is still specialising their byte code.
    """
    return figures(ground, with_noise(contenders), effort, LOOP.replace("CLOCK", clock))


def interleaved(
    contenders: Sequence[Contender], effort: Effort, measure: Callable[[Contender], float]
) -> tuple[Sample, ...]:
    """What *measure* gives for each, round by round and each time in another order; the first round is for warmth."""
    problems = {one: "not installed" for one in contenders if one.peer and version_of(one.peer) is None}
    values: dict[Contender, list[float]] = {one: [] for one in contenders}
    spent = dict.fromkeys(contenders, 0.0)
    shuffled = random.Random(0)
    for number in range(effort.rounds + 1):
        turn = [one for one in values if one not in problems and (number <= 3 or spent[one] < effort.seconds)]
        for contender in shuffled.sample(turn, len(turn)):
            start = perf_counter()
            try:
                values[contender].append(measure(contender))
            except Gone as gone:
                problems[contender] = str(gone)
                values[contender].clear()
            spent[contender] += perf_counter() - start
    return tuple(
        Sample(name=one.name, values=tuple(those[1:]), problem=problems.get(one, "")) for one, those in values.items()
    )


def run(ground: Ground, arguments: Sequence[str], effort: Effort, settings: Mapping[str, str] = _NO_SETTINGS) -> str:
    """What Python prints with these *arguments* and *settings*; raises :class:`Gone` where it fails or is late."""
    command, limit, environment = [str(ground.python), *arguments], effort.patience, {**ground.environment, **settings}
    try:
        done = subprocess.run(
            command, env=environment, cwd=ground.scratch, capture_output=True, text=True, timeout=limit, check=True
        )
    except subprocess.TimeoutExpired:
        raise Gone(f"given up after {limit:g} s") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or [f"exit code {error.returncode}"]
        raise Gone(f"failed: {said[-1]}") from None
    return done.stdout
