"""What a start of pytest costs more where the wheel of ssot_shims is installed and not used, as pip leaves it."""

from __future__ import annotations

import json
import os
import sys
import tomllib
import venv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.clock import Gone, interleaved, run
from benchmarks.contender import OURS, Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row, Sample

TIME, FILES = "pytest start, wheel installed and unused", "files in RECORD, as pip leaves it"
_ROOT = Path(__file__).parents[1]
_RECORDED = Path(__file__).with_name("recorded.json")
_GOALS = {"3.13": 0.007}  # seconds of processor time
_WORSE = 1.15  # times the recorded value is the most that counts as no worse
_FEW = Goal(kind="at most", limit=175)
_EMPTY_RUN = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_nothing.py")


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Processor time of pytest with and without the package, in turn; the number of its files."""
    try:
        without, with_it = _environments(ground)
    except Gone as gone:
        unknown = (Sample(name=OURS, problem=f"not measured: {gone}"),)
        yield from (Row(what=what, samples=unknown, goal=limit) for what, limit in ((TIME, goal()), (FILES, _FEW)))
        return
    (ground.scratch / "test_nothing.py").write_text("def test_nothing(): pass\n")
    places = {Contender(name="without the package", code=""): without, Contender(name="with it", code=""): with_it}

    def measure(contender: Contender) -> float:
        before = _processor_time()
        run(places[contender], _EMPTY_RUN, effort)
        return _processor_time() - before

    samples = interleaved(tuple(places), effort.replace(rounds=effort.pairs, seconds=float("inf")), measure)
    problem = samples[0].problem or samples[1].problem
    pairs = () if problem else zip(samples[0].values, samples[1].values, strict=True)
    more = Sample(name=OURS, values=tuple(after - before for before, after in pairs), problem=problem)
    share = "" if problem else f": {more.median / samples[0].median:.1%}"
    note = f"processor time; {OURS} is what it adds{share}"
    yield Row(what=TIME, samples=(*samples, more), goal=goal(), has_floor=False, note=note)
    (record,) = with_it.python.parents[1].rglob("ssot_shims-*.dist-info/RECORD")
    count = Sample(name=OURS, values=(len(record.read_text("utf-8").splitlines()),))
    yield Row(what=FILES, samples=(count,), unit="count", goal=_FEW, has_floor=False)


def goal(version: str = f"{sys.version_info[0]}.{sys.version_info[1]}") -> Goal | None:
    """At most the goal, and at most a little more than what is recorded, where there are any for that Python.

    >>> goal("3.13").limit, round(goal("3.12").limit, 5), goal("2.7")
    (0.007, 0.00621, None)
    """
    recorded = json.loads(_RECORDED.read_text("utf-8"))["seconds"].get(version)
    limits = [limit for limit in (_GOALS.get(version), recorded and recorded * _WORSE) if limit]
    return Goal(kind="at most", limit=min(limits)) if limits else None


def _environments(ground: Ground) -> tuple[Ground, Ground]:
    """Two virtual environments with pytest and what the package needs; the second has the package as well."""
    outside = ground.replace(python=Path(sys.executable), environment=os.environ)

    def pip(*words: str) -> None:
        run(outside, ("-m", "pip", "--quiet", "--disable-pip-version-check", *words), Effort(patience=300))

    wheels = ground.scratch / "wheels"
    pip("wheel", "--no-deps", *(["--no-build-isolation"] if find_spec("hatchling") else []), f"-w{wheels}", str(_ROOT))
    needed = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    settings = {name: value for name, value in ground.environment.items() if name != "PYTHONPATH"}
    made: list[Ground] = []
    for name, wheel in (("without", ()), ("with", map(str, wheels.glob("*.whl")))):
        venv.create(ground.scratch / name, symlinks=os.name != "nt")
        python = ground.scratch / name / ground.python.relative_to(ground.python.parents[1])
        pip("--python", str(python), "install", "pytest", *needed, *wheel)
        made.append(ground.replace(python=python, environment=settings))
    return made[0], made[1]


def _processor_time() -> float:
    """Seconds that the processor worked for those children of ours that have ended."""
    if sys.platform == "win32":
        raise Gone("this system does not tell the processor time of a child")
    import resource  # not there on Windows

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
