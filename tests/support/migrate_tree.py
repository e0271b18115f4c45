"""Trees to migrate, one file rewritten in memory, and work that does to a process what no file should."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ssot_shims._codebase.findings import Finding
from ssot_shims._codebase.source import read_source
from ssot_shims._migrate.file import File
from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rewrite import rewrite
from ssot_shims._migrate.rules import Rule, Rules
from ssot_shims._record import Record

OLD = "from legacy.ws import Limits\n"
NEW = "from acme.limits import Limits\n"
HOMES = {
    "pyproject.toml": '[tool.ssot_shims.migrate]\n"legacy.ws:Limits" = "acme.limits:Limits"\n',
    "legacy/__init__.py": "",
    "legacy/ws.py": "class Limits: ...\nclass Quota: ...\n",
    "acme/__init__.py": "",
    "acme/limits.py": "class Limits: ...\n",
}


class Everywhere(NewHomes):
    """Every new home is there."""

    roots: tuple[str, ...] = ()

    def why_refused(self, rule: Rule, name: str) -> tuple[str, str]:
        return "", ""


class Done(Record):
    """A source after its rewriting, what was made, and what else is reported."""

    source: bytes
    made: tuple[Finding, ...]
    findings: tuple[Finding, ...]


def rewritten(
    source: str | bytes, names: tuple[str, ...], rules: Rules, homes: NewHomes, *, package: bool = False
) -> Done:
    """What *rules* make of a file that may be imported by one of *names*."""
    content = source if isinstance(source, bytes) else source.encode()
    if not rules.may_concern(content):
        return Done(source=content, made=(), findings=())
    path = "__init__.py" if package else "a.py"
    new, findings = rewrite(File(path, read_source(content), names, rules, homes))
    made = tuple(finding for finding in findings if finding.kind == "left")
    rest = tuple(finding for finding in findings if finding.kind != "left")
    return Done(source=content if new is None else new, made=made, findings=rest)


def plant(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write *files* below *folder*."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


def plant_many(folder: Path, count: int) -> list[Path]:
    """So many files that import from the old home, beside the homes."""
    plant(folder, {**HOMES, **{f"suite/{number // 100}/t{number}.py": body(number) for number in range(count)}})
    return sorted((folder / "suite").rglob("*.py"))


def body(number: int) -> str:
    """A file of some forty lines, the import at its head."""
    head = f"{OLD}\nlimits = Limits()\n\n\ndef test_{number}():\n    assert limits\n"
    return head + "    limits.check({'a': 1})\n" * 30


def work(file: str) -> str | None:
    """The name of *file*, unless that says to end the process, to wait, or to give nothing."""
    name = Path(file).stem
    if "end" in name:
        os._exit(7)
    if "wait" in name:
        time.sleep(0.05)
    return None if "none" in name else name
