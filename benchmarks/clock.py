"""The clocks: for whole processes, and for statements, loops and figures in a fresh process."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Sequence
from time import perf_counter

from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.machine import version_of
from benchmarks.row import Sample

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
        run(ground, contender, contender.arguments, effort)
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
        printed = run(ground, contender, contender.replace(code=program).arguments, effort)
        return float(printed.split()[-1])

    return interleaved(contenders, effort, measure)


def loops(ground: Ground, contenders: tuple[Contender, ...], effort: Effort, clock: str) -> tuple[Sample, ...]:
    """Seconds a call in a loop, each time in a fresh process, by that *clock* of the time module."""
    return figures(ground, with_noise(contenders), effort, LOOP.replace("CLOCK", clock))


def interleaved(
    contenders: Sequence[Contender], effort: Effort, measure: Callable[[Contender], float]
) -> tuple[Sample, ...]:
    """What *measure* gives for each, round by round and each time in another order; the first round is for warmth."""
    values: dict[Contender, list[float]] = {one: [] for one in contenders if not _is_missing(one)}
    problems: dict[Contender, str] = {}
    spent = dict.fromkeys(values, 0.0)
    shuffled = random.Random(0)
    for number in range(effort.rounds + 1):
        turn = [one for one in values if one not in problems and (number <= 3 or spent[one] < effort.seconds)]
        for contender in shuffled.sample(turn, len(turn)):
            start = perf_counter()
            try:
                values[contender].append(measure(contender))
            except Gone as gone:
                problems[contender] = str(gone)
            spent[contender] += perf_counter() - start
    return tuple(_sample(one, values.get(one, [])[1:], problems.get(one, "")) for one in contenders)


def run(ground: Ground, contender: Contender, arguments: Sequence[str], effort: Effort) -> str:
    """What Python prints with these *arguments*. Raises :class:`Gone` when it fails, or takes too long."""
    environment = {**ground.environment, **contender.environment}
    command, limit = [str(ground.python), *arguments], effort.patience
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


def _is_missing(contender: Contender) -> bool:
    return bool(contender.peer) and version_of(contender.peer) is None


def _sample(contender: Contender, values: Sequence[float], problem: str) -> Sample:
    if _is_missing(contender):
        return Sample(name=contender.name, problem="not installed")
    return Sample(name=contender.name, values=() if problem else tuple(values), problem=problem)
