"""``ssot-shims migrate`` beside LibCST's own rename command, and beside reading every file once.

Of 10,000 generated files 1,600 import what moves. Each contender does a copy of them with the same rule; all use all
cores, start in a process of their own, and find the files in the page cache. ``python -m benchmarks.migrate`` does only
this, once, and prints files a second, too; ``--files 1000`` is a quick look.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row, Sample
from ssot_shims._record import Record

WRITE, PEER = "ssot-shims migrate --write", "LibCST's RenameCommand"
FILES, ROUNDS = 10_000, 3  # in the full size; how often everything but LibCST's command is measured
OLD, NEW, NAME = "legacy.ws.quotas", "acme.limits", "Quota"
MATCHING = 0.16  # of the files, as in the code base that this was made for: 1,660 of 10,443
LONGEST = 600.0  # seconds: a contender that would take longer does a part, of some PART seconds, and is scaled
PART = 150.0
READ = "import sys\nfor line in sys.stdin:\n    with open(line[:-1], 'rb') as file:\n        file.read()\n"


class Place(Record):
    """Where contenders run: which Python, and with what settings."""

    python: str = sys.executable
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


class Figure(Record):
    """What one contender took for *files* files, of which it changed *changed*."""

    name: str
    files: int
    changed: int
    seconds: float
    largest: int  # bytes of memory, of its largest process
    together: int  # bytes of memory, of all its processes at one time; 0 when this machine does not tell
    scale: float = 1.0

    @property
    def whole(self) -> float:
        """Seconds for all files, scaled when only a part was done."""
        return self.seconds * self.scale


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Seconds, how many times as fast as LibCST's own command that is, and memory."""
    if missing := [name for name in ("libcst", "rich") if find_spec(name) is None]:
        yield Row(what="migrate", samples=(Sample(name=WRITE, problem=f"missing: {' and '.join(missing)}"),))
        return
    place = Place(python=str(ground.python), environment=ground.environment)
    tree = ground.scratch / "tree"
    count = round(FILES * effort.scale**2)  # LibCST's command takes up to a second for each
    generate(tree, count)
    found: dict[str, list[Figure]] = {}
    for _ in range(min(effort.processes, ROUNDS)):
        for figure in figures(tree, place):
            found.setdefault(figure.name, []).append(figure)
    peer = rename_command(tree, place)
    found[peer.name] = [peer]
    shutil.rmtree(tree)
    seconds = {name: tuple(figure.whole for figure in those) for name, those in found.items()}
    yield Row(
        what=f"migrate, {count:,} files",
        samples=tuple(Sample(name=name, values=values) for name, values in seconds.items()),
    )
    yield Row(
        what=f"migrate, times as fast as {PEER}",
        samples=(Sample(name=WRITE, values=tuple(peer.whole / value for value in seconds[WRITE])),),
        unit="count",
        goal=Goal(kind="at least", limit=10),
        ours=WRITE,
        has_floor=False,
    )
    memory = {name: tuple(float(figure.together) for figure in those) for name, those in found.items()}
    yield Row(
        what="migrate, memory of all processes",
        samples=tuple(Sample(name=name, values=values) for name, values in memory.items() if all(values)),
        unit="bytes",
        has_floor=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migrate", description="Measure migrate.")
    parser.add_argument("--files", type=int, default=FILES, metavar="N", help=f"how many to generate ({FILES})")
    wanted = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="ssot-shims-benchmark-") as scratch:
        tree = Path(scratch, "tree")
        generate(tree, wanted.files)
        place = Place()
        print(as_text([*figures(tree, place), rename_command(tree, place)]), end="")
    return 0


def figures(tree: Path, place: Place) -> Iterator[Figure]:
    """What each contender takes for *tree*, of which it gets a copy; all but LibCST's command."""
    rule = f"{OLD}:{NAME}={NEW}:{NAME}"
    ours = [place.python, "-m", "ssot_shims", "migrate", ".", "--no-gitignore"]
    unrelated = [f"--rule={OLD}:Unused{number}={NEW}:{NAME}" for number in range(9)]
    yield read_once(tree, place)
    yield measured(WRITE, tree, [*ours, "--rule", rule, "--write"], place)
    yield measured("the same with 10 rules", tree, [*ours, "--rule", rule, *unrelated, "--write"], place)
    yield measured("the same on one core", tree, [*ours, "--rule", rule, "--write", "--jobs=1"], place)
    yield measured("a dry run", tree, [*ours, "--rule", rule], place)
    yield measured("nothing to do", tree, [*ours, "--rule", f"{OLD}:Unused={NEW}:{NAME}", "--check"], place)


def read_once(tree: Path, place: Place) -> Figure:
    """The floor: every file read once, by one process."""
    names = "".join(f"{file}\n" for file in sorted(tree.rglob("*.py")))
    return measured("reading every file once", tree, [place.python, "-S", "-c", READ], place, given=names)


def rename_command(tree: Path, place: Place) -> Figure:
    """LibCST's rename command; on every so many files of each kind when it would take too long on all."""
    command = [place.python, "-m", "libcst.tool", "codemod", "--no-format", "--hide-progress"]
    command += [f"--jobs={len(os.sched_getaffinity(0))}", "rename.RenameCommand"]
    command += ["--old_name", f"{OLD}.{NAME}", "--new_name", f"{NEW}.{NAME}", "."]
    everything = sum(1 for _ in tree.rglob("*.py"))
    if everything > 1000:
        trial = measured(PEER, tree, command, place, every=everything // 250)
        expected = trial.seconds * everything / trial.files
        if expected > LONGEST:
            some = measured(PEER, tree, command, place, every=round(expected / PART))
            return some.replace(name=f"{PEER} (on {some.files} files, scaled)", scale=everything / some.files)
    return measured(PEER, tree, command, place)


def measured(name: str, tree: Path, command: Sequence[str], place: Place, given: str = "", every: int = 1) -> Figure:
    """What *command* takes, run in a copy of *tree* with one of *every* so many files."""
    with TemporaryDirectory(prefix="ssot-shims-benchmark-") as scratch:
        copy = Path(scratch, "tree")
        files = copied(tree, copy, every)
        before = monotonic()
        process = subprocess.Popen(
            command,
            cwd=copy,
            env=dict(place.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        watch = Watch(process.pid)
        watch.start()
        try:
            _, said = process.communicate(given)
        except BaseException:  # its workers would go on for as long as an hour
            os.killpg(process.pid, signal.SIGKILL)
            raise
        seconds = monotonic() - before
        watch.join()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}")
        changed = sum((tree / file).read_bytes() != (copy / file).read_bytes() for file in files)
    return Figure(
        name=name,
        files=len(files),
        changed=changed,
        seconds=seconds,
        largest=watch.largest,
        together=watch.together,
    )


def copied(tree: Path, copy: Path, every: int) -> list[Path]:
    """The files of the copy, by their paths in it."""
    files = [file.relative_to(tree) for file in sorted(tree.rglob("*.py"))]
    # Every 25th file has one form of import: a step that shares a factor with 25 would take some forms only.
    chosen = files[:: every + (every % 5 == 0)] if every > 1 else files
    for file in chosen:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / file, copy / file)
    return chosen


class Watch(threading.Thread):
    """The memory of the processes in one session, looked at ten times a second while there are any (on Linux)."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.largest = self.together = 0

    def run(self) -> None:
        """Look until nobody is left."""
        while sizes := list(self.sizes()):
            self.largest = max(self.largest, *sizes)
            self.together = max(self.together, sum(sizes))
            sleep(0.1)

    def sizes(self) -> Iterator[int]:
        """The proportional set size of each process: what several share counts for each in its part."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(folder.name)) == self.session:
                    lines = (folder / "smaps_rollup").read_text().splitlines()
                    yield next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue  # it has just ended


def as_text(found: Sequence[Figure]) -> str:
    """A table; ratios are times the seconds of ``ssot-shims migrate --write``."""
    ours = found[1].whole
    rows = [("WHAT", "FILES", "CHANGED", "SECONDS", "FILES/S", "LARGEST MB", "TOGETHER MB", "RATIO")]
    for figure in found:
        seconds = figure.whole
        speed = figure.files * figure.scale / seconds
        memory = (f"{figure.largest / 1e6:.0f}", f"{figure.together / 1e6:.0f}")
        counts = (str(figure.files), str(figure.changed))
        rows.append((figure.name, *counts, f"{seconds:.2f}", f"{speed:.0f}", *memory, f"{seconds / ours:.2f}x"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(f"{cell:{'>' if column else ''}{widths[column]}}" for column, cell in enumerate(row)) for row in rows
    ]
    cores = len(os.sched_getaffinity(0))
    head = f"Python {sys.version.split()[0]}, {cores} cores; memory is that of the largest process, and of all at once"
    return "\n".join([head, "", *lines]) + "\n"


# The tree


def generate(tree: Path, files: int) -> None:
    """Write so many files of 100 to 300 lines; every sixth or so imports what moves, in one form or another."""
    chance = random.Random(20)
    homes = {OLD: f"class {NAME}: ...\nclass Manager: ...\n", NEW: f"class {NAME}: ...\n"}
    for module, text in homes.items():
        write(tree, module.replace(".", "/") + ".py", text)
        write(tree, module.rpartition(".")[0].replace(".", "/") + "/__init__.py", "")
    matching = {round(number / MATCHING) for number in range(round(files * MATCHING))}
    for number in range(files):
        uses = FORMS[number % len(FORMS)] if number in matching else OTHERS[number % len(OTHERS)]
        write(tree, f"suite/part_{number // 100:03}/test_{number:05}.py", source(chance, uses))


FORMS = (
    (f"from {OLD} import {NAME}\n", NAME),
    (f"from {OLD} import Manager, {NAME}\n", NAME),
    (f"from {OLD} import (\n    Manager,  # kept\n    {NAME} as Config,\n)\n", "Config"),
    (f"try:\n    from {OLD} import {NAME}\nexcept ImportError:\n    {NAME} = None\n", NAME),
    (f"def config():\n    from {OLD} import {NAME}\n\n    return {NAME}()\n", "config"),
)
OTHERS = (
    ("import json\n", "json.dumps"),
    (f"from {OLD} import Manager\n", "Manager"),
    ("from collections import OrderedDict as Config\n", "Config"),
    ("import asyncio\n", "asyncio.run"),
    (f"# The {NAME} of this service is in its settings.\nimport os\n", "os.fspath"),
    ("from pathlib import Path\n", "Path"),
    ("import re\n", "re.compile"),
)
WORDS = (
    "user",
    "order",
    "thread",
    "message",
    "agent",
    "event",
    "session",
    "token",
    "cache",
    "queue",
    "policy",
    "state",
)


def source(chance: random.Random, uses: tuple[str, str]) -> str:
    """A test module as people write them."""
    imported, used = uses
    subject = " ".join(chance.sample(WORDS, 2))
    head = f'"""Tests of the {subject}."""\n\nimport logging\nimport sys\n\n{imported}\n'
    return head + "".join(case(chance, used) for _ in range(chance.randrange(6, 18)))


def case(chance: random.Random, used: str) -> str:
    """A class of some sixteen lines."""
    one, two, three = chance.sample(WORDS, 3)
    return f'''
class Test{one.title()}{two.title()}{chance.randrange(1000)}:
    """What happens to a {one} when the {two} changes."""

    limit = {chance.randrange(100)}

    def test_{two}_{three}(self, value=None):
        """The {three} is told, and the {one} goes on."""
        made = {used}  # the {three} decides
        found = {{"{one}": self.limit, "{two}": [item * 2 for item in range(self.limit)], "{three}": value}}
        assert made is not None, f"{{self.limit}} is too many for {three}: {{found['{one}']}}"
        if value and len(found["{two}"]) > {chance.randrange(50)}:
            logging.info("%s of %s", found, sys.argv)
            found["{three}"] = (lambda item: item or "{three} {two}")(value)
        return found
'''


def write(tree: Path, name: str, text: str) -> None:
    """Write one file, and its folders."""
    file = tree / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
