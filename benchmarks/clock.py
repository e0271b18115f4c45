"""The clocks: for whole processes, for statements and figures in a fresh process, and for loops in one process."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.peers import version_of
from benchmarks.row import Sample

_LOOP = Path(__file__).parent / "loop.py"

# The time module is built in, and loaded in every process.
TIMED = """{setup}
import time as _time
_start = _time.perf_counter()
{code}
_stop = _time.perf_counter()
{after}
print(_stop - _start)
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


def loops(
    ground: Ground,
    contenders: tuple[Contender, ...],
    effort: Effort,
    environment: Mapping[str, str] | None = None,
    *,
    waits: bool = False,
) -> tuple[Sample, ...]:
    """Seconds a call, where all contenders take turns in one process; and that in several processes.

    What the processor worked for us counts, which other processes do not disturb; where the code *waits* for somebody,
    the time on the wall.
    """
    all_ = with_noise(contenders)
    asked = [contender for contender in all_ if not _is_missing(contender)]
    question = [{"name": one.name, "setup": one.setup, "code": one.code, "after": one.after} for one in asked]
    told = json.dumps({"contenders": question, "rounds": effort.rounds, "seconds": effort.seconds, "waits": waits})
    values: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    for _ in range(effort.processes):
        driver = Contender(name="the loop", code="", environment=environment or {})
        patient = effort.replace(patience=60 + 2 * effort.seconds * len(asked))
        answer = json.loads(run(ground, driver, [str(_LOOP)], patient, told))
        for name, more in answer["values"].items():
            values.setdefault(name, []).extend(more)
        problems.update(answer["problems"])
    return tuple(_sample(one, values.get(one.name, ()), problems.get(one.name, "")) for one in all_)


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


def run(ground: Ground, contender: Contender, arguments: Sequence[str], effort: Effort, told: str = "") -> str:
    """What Python prints with these *arguments*. Raises :class:`Gone` when it fails, or takes too long."""
    environment = {**ground.environment, **contender.environment}
    command = [str(ground.python), *arguments]
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=ground.scratch,
            input=told,
            capture_output=True,
            text=True,
            timeout=effort.patience,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise Gone(f"given up after {effort.patience:g} s") from None
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
