"""``ssot-shims migrate`` beside LibCST's own rename command, and with as many rules as a large move takes.

Of 10,000 generated files 1,600 import what moves. Each contender rewrites files of its own, uses all cores, and finds
the files in the page cache. LibCST's command, which takes up to a second for a file, gets 400 of the same kinds, and
its seconds are multiplied.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.clock import Gone, run
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row, Sample, Unit

WRITE, PEER = "ssot-shims migrate --write", "LibCST's RenameCommand"
FILES, PART, ROUNDS = 10_000, 400, 3  # in the full size; for LibCST's command; how often ours is measured
OLD, NEW, NAME = "legacy.ws.quotas", "acme.limits", "Quota"
MATCHING = 0.16  # of the files, as in the code base that this was made for: 1,660 of 10,443
PATIENCE = 1200.0  # seconds: whatever takes longer is given up
RULES = [f"--rule={OLD}:{NAME}={NEW}:{NAME}", *(f"--rule={OLD}:Unused{n}={NEW}:{NAME}" for n in range(45))]
OURS = ("-m", "ssot_shims", "migrate", ".", "--no-gitignore", "--write")
RENAME = (
    *("-m", "libcst.tool", "codemod", "--no-format", "--hide-progress", f"--jobs={os.cpu_count()}"),
    *("rename.RenameCommand", "--old_name", f"{OLD}.{NAME}", "--new_name", f"{NEW}.{NAME}", "."),
)

# What a command takes: seconds, seconds of all processors, and bytes of its largest process.
_TAKEN = """import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, check=True)
seconds, used = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """How many times as fast as LibCST's own command ours is; its processor time and memory with 46 rules."""
    if missing := [name for name in ("libcst", "rich") if find_spec(name) is None]:
        yield Row(what="migrate", samples=(Sample(name=WRITE, problem=f"missing: {' and '.join(missing)}"),))
        return
    files = round(FILES * effort.scale**2)
    part = min(files, PART)
    try:
        one = [taken(ground, files, *OURS, RULES[0]) for _ in range(min(effort.rounds, ROUNDS))]
        many = [taken(ground, files, *OURS, *RULES) for _ in one]
        peer = taken(ground, part, *RENAME)[0] * files / part
    except Gone as gone:
        yield Row(what="migrate", samples=(Sample(name=WRITE, problem=str(gone)),))
        return
    seconds = Sample(name=WRITE, values=tuple(figures[0] for figures in one))
    faster = seconds.replace(values=tuple(peer / value for value in seconds.values))
    _, worked, memory = (seconds.replace(values=values) for values in zip(*many, strict=True))
    yield Row(what=f"migrate, {files:,} files", samples=(Sample(name=PEER, values=(peer,)), seconds), has_floor=False)
    yield _row(f"times as fast as {PEER}", faster, "count", Goal(kind="at least", limit=10))
    yield _row("46 rules, processor time", worked, "s", Goal(kind="at most", limit=20))
    yield _row("46 rules, largest process", memory, "bytes", Goal(kind="at most", limit=150e6))


def _row(what: str, sample: Sample, unit: Unit, goal: Goal) -> Row:
    return Row(what=f"migrate, {what}", samples=(sample,), unit=unit, goal=goal, ours=WRITE, has_floor=False)


def taken(ground: Ground, files: int, *arguments: str) -> list[float]:
    """What Python takes with these *arguments* in a new tree of so many *files*."""
    with TemporaryDirectory(dir=ground.scratch) as tree:
        generate(Path(tree), files)
        there = ground.replace(scratch=Path(tree))
        return [float(value) for value in run(there, ("-c", _TAKEN, *arguments), Effort(patience=PATIENCE)).split()]


def generate(tree: Path, files: int) -> None:
    """Write so many files of 100 to 300 lines; every sixth or so imports what moves, in one form or another."""
    chance = random.Random(20)
    write(tree / "legacy/ws/quotas.py", f"class {NAME}: ...\nclass Manager: ...\n")
    write(tree / "acme/limits.py", f"class {NAME}: ...\n")
    for folder in ("legacy", "legacy/ws", "acme"):
        write(tree / folder / "__init__.py", "")
    matching = {round(number / MATCHING) for number in range(round(files * MATCHING))}
    for number in range(files):
        forms = FORMS if number in matching else OTHERS
        write(tree / f"suite/part_{number // 100:03}/test_{number:05}.py", source(chance, *forms[number % len(forms)]))


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
WORDS = ("user", "order", "thread", "message", "agent", "event", "session", "token", "cache", "queue", "policy")


def source(chance: random.Random, imported: str, used: str) -> str:
    """A test module as people write them."""
    head = f'"""Tests of the {chance.choice(WORDS)}."""\n\nimport logging\nimport sys\n\n{imported}\n'
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


def write(file: Path, text: str) -> None:
    """Write one file, and its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
