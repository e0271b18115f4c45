"""The benchmarks run, and say what they measured; the figures themselves are for a quiet machine."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmarks
import benchmarks.flows as flows
import benchmarks.questions as questions
import benchmarks.start as start
import ssot_shims
from benchmarks.clock import Gone, figures, loops, run
from benchmarks.contender import Contender
from benchmarks.effort import QUICK
from benchmarks.ground import Ground, prepared
from benchmarks.machine import PEERS
from benchmarks.row import Goal, Row, Sample
from benchmarks.table import as_text
from tests.conftest import Write

ROOT = Path(__file__).parents[2]
MODULES = sorted(name for _, name, _ in pkgutil.iter_modules(benchmarks.__path__, "benchmarks.") if "__" not in name)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """A clean environment for children, as the benchmarks have it."""
    with prepared() as made:
        yield made


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, *map(str, arguments)]
    return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_measures() -> None:
    """The two quickest subjects: each peer has a value or is named as missing, and ours reaches its goals."""
    done = python("-m", "benchmarks", "--quick", "--only", "threads", "--only", "conditions")
    assert done.returncode == 0, done.stderr
    about, peers, *lines = done.stdout.splitlines()
    assert about.startswith(f"ssot_shims {ssot_shims.__version__}, ")
    assert [peer for peer in PEERS if peer not in peers] == []
    ours = [line.partition(" ssot_shims ")[2].split() for line in lines if " ssot_shims " in line]
    assert ours == [["1", "at", "most", "1", "met"], ["8", "at", "least", "8", "met"]]
    assert lines[-1] == "2 of 2 goals met here"


def test_what_a_child_does_wrong_is_told(ground: Ground) -> None:
    """A failing contender has the last line of its error for a problem, beside the values of the others."""
    good, bad = Contender(name="good", code="print(7)"), Contender(name="bad", code="import no_such_module")
    few = QUICK.replace(rounds=2)
    assert figures(ground, (good, bad), few) == (
        Sample(name="good", values=(7.0, 7.0)),
        Sample(name="bad", problem="failed: ModuleNotFoundError: No module named 'no_such_module'"),
    )
    missing = Contender(name="peer", code="print(7)", peer="no-such-distribution")
    assert figures(ground, (missing,), few) == (Sample(name="peer", problem="not installed"),)
    with pytest.raises(Gone, match=r"^given up after 0\.2 s$"):
        run(ground, ["-c", "import time; time.sleep(5)"], few.replace(patience=0.2))


def test_children_start_clean(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the caller reaches them, and nothing is imported before their first line."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    program = "import sys, os; print(sorted(name for name in os.environ if name.startswith(('PY', 'SSOT'))))"
    names = run(ground, ["-c", program], QUICK)
    assert names == "['PYTHONPATH', 'PYTHONSAFEPATH']\n"
    program = "import sys, ssot_shims; print(ssot_shims.__spec__.cached, 'typing' in sys.modules)"
    cached, is_preloaded = run(ground, ["-c", program], QUICK).split()
    assert Path(cached).is_file()
    assert Path(cached).is_relative_to(ground.folder)
    assert is_preloaded == "False"


def test_what_is_known_is_asked_often(ground: Ground) -> None:
    """A first call that is slow does not make the loop short; each of our answers is right, and what fails is told."""
    setup = "calls = []\ndef ask(): calls.append(calls or sum(range(1_000_000)))"
    slow = Contender(name="slow at first", setup=setup, code="ask()", after="assert len(calls) > 20_000, len(calls)")
    nowhere = {"DOCKER_HOST": f"unix://{ground.scratch}/none.sock"}
    ours = (questions.DOCKER.replace(environment=nowhere), questions.NAMED)
    samples = loops(ground, (slow, *ours, Contender(name="x", code="x")), QUICK.replace(rounds=1), "thread_time")
    assert [sample.name for sample in samples] == ["slow at first", "the same again", "ssot_shims", "ssot_shims", "x"]
    told = [(len(sample.values), sample.problem) for sample in samples]
    assert told == [*[(1, "")] * 4, (0, "failed: NameError: name 'x' is not defined")]


TABLE = """\
a machine
the floor against itself: 0.99x to 0.99x

WHAT     WHO             MEDIAN         RATIO  GOAL        VERDICT
import   empty           10 ms          1.00x
         the same again  9.9 ms         0.99x
         ssot_shims      12.5 ms        1.25x  1.25x       met
         qiskit          not installed
         (of a kind)
probes   ssot_shims      1                     at most 1   met
threads  ssot_shims      2                     at most 1   missed
states   ssot_shims      7                     at least 8  missed
states   ssot_shims      8                     at least 8  met
docker   ssot_shims      late                  1.2x        not measured

3 of 5 goals met here
missed: threads
missed: states
"""


def test_the_table() -> None:
    """The machine, the noise, a line a contender, and what was missed; a ratio is one to the floor."""
    times = {"empty": (0.010,) * 4, "the same again": (0.0099,), "ssot_shims": (0.011, 0.012, 0.013, 0.014)}
    samples = [Sample(name=name, values=values) for name, values in times.items()]
    samples.append(Sample(name="qiskit", problem="not installed"))
    timed = Row(what="import", samples=tuple(samples), goal=Goal(kind="ratio", limit=1.25), note="of a kind")
    late = (Sample(name="ssot_shims", problem="late"),)
    most, least = Goal(kind="at most", limit=1), Goal(kind="at least", limit=8)
    counts = {("probes", 1): most, ("threads", 2): most, ("states", 7): least, ("states", 8): least}
    counted = [
        Row(what=what, samples=(Sample(name="ssot_shims", values=(n,)),), unit="count", goal=goal, has_floor=False)
        for (what, n), goal in counts.items()
    ]
    rows = [timed, *counted, Row(what="docker", samples=late, goal=Goal(kind="ratio", limit=1.2))]
    assert as_text("a machine", rows) == TABLE


def test_the_size_is_counted_by_folder(write: Write) -> None:
    """Docstrings, comments and blank lines are no code; what is left out, or is not there, is not counted."""
    one = '"""A module.\n\nIt has a docstring.\n"""\n\n# a comment\nx = [\n    1,  # one\n\n]\n'
    two = 'def f():\n    "A function."\n    return """a\n\nb"""\n'
    left_out = dict.fromkeys(("acme/_tools/three.py", "acme/_four.py"), "x = 1\n")
    folder = write({"acme/one.py": one, "acme/part/two.py": two, **left_out})
    size = ("-I", "-S", "benchmarks/size.py")  # with nothing but the standard library
    limits = ("--code=6", "--longest=9", "--files=1")
    done = python(*size, folder / "acme", "--exclude", "_tools", "--exclude", "_four.py", *limits)
    assert [line.split() for line in done.stdout.replace(str(folder), "").splitlines()] == [
        *(["FOLDER", "CODE", "LINES", "FILES"], ["/acme", "3", "10", "1"], ["/acme/part", "3", "5", "1"]),
        *(["total", "6", "15", "2"], [], ["longest", "file:", "/acme/one.py,", "10", "lines"]),
    ]
    assert done.stderr == "above the limit: 2 files, at most 1\nabove the limit: 10 lines in one file, at most 9\n"
    assert (done.returncode, python(*size).returncode) == (1, 0 if (ROOT / "ssot_shims").is_dir() else 2)
    done = python(*size, folder / "no")
    assert (done.returncode, done.stdout, f"there is no {folder}/no" in done.stderr) == (2, "", True)


def test_the_flows_are_walked() -> None:
    """Each part has its figures, a known answer costs one call; above a limit, or with a wrong one, it fails."""
    assert python("-m", "benchmarks.flows", "--limit", "a:enterd=8").returncode == 2
    done = python("-m", "benchmarks.flows", "--limit", "b3:calls=0", "--limit", "a:entered=500")
    assert (done.returncode, done.stderr) == (1, "above the limit: b3 has calls 1, at most 0\n")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["PART", "WHAT", "CALLS", "ENTERED", "CROSSINGS", "LOADED"]
    assert [row.split()[0] for row in rows] == list(flows.PARTS)
    assert [row.split()[-4:] for row in rows if row.startswith("b3")] == [["1", "1", "0", "0"]]
    assert all(int(row.split()[-4]) > 20 for row in rows if not row.startswith("b3"))


def test_what_runs_in_another_thread_is_a_part_of_the_flow(ground: Ground) -> None:
    """A probe that has a thread of its own would be missing from the figures."""
    code = "from threading import Thread; from ssot_shims import is_docker_available as ask\n"
    code += "from sitecustomize import part; ask(); part('before'); one = Thread(target=ask); one.start(); one.join()"
    found = flows.walked(ground, {"thread": ("-c", code)})
    assert found["thread"] == {"calls": 1, "entered": 1, "crossings": 0, "loaded": 0}


@pytest.mark.slow
def test_a_start_of_pytest_is_measured_with_the_wheel_and_without(ground: Ground) -> None:
    """What the wheel costs more is the difference of each pair; its files are counted as pip leaves them."""
    time, files = start.rows(ground, QUICK.replace(pairs=2))
    without, with_it, more = (sample.values for sample in time.samples)
    assert more == tuple(b - a for a, b in zip(without, with_it, strict=True))
    assert (len(more), min(without) > 0.01) == (2, True)
    modules = sum(1 for _ in (ROOT / "ssot_shims").rglob("*.py"))
    assert files.samples[0].median > 2 * modules  # each with its byte code


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_the_benchmarks_are_true(module: str) -> None:
    """Every example in every docstring gives what it shows."""
    assert doctest.testmod(importlib.import_module(module)).failed == 0
