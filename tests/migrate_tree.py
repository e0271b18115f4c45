"""Trees to migrate, and jobs whose files do to a process what no file should."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.outcome import Job
from ssot_shims._migrate.rules import Rules

OLD = "from legacy.ws import Limits\n"
NEW = "from acme.limits import Limits\n"
HOMES = {
    "pyproject.toml": '[tool.ssot_shims.migrate]\n"legacy.ws:Limits" = "acme.limits:Limits"\n',
    "legacy/__init__.py": "",
    "legacy/ws.py": "class Limits: ...\nclass Quota: ...\n",
    "acme/__init__.py": "",
    "acme/limits.py": "class Limits: ...\n",
}


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
    return (
        OLD
        + f"\nlimits = Limits()\n\n\ndef test_{number}():\n    assert limits\n"
        + "    limits.check({'a': 1})\n" * 30
    )


class Mines(Rules):
    """Rules under which some files end, or hold up, the process that does them."""

    def may_concern(self, source: bytes) -> bool:
        """Whatever the file says."""
        if b"end" in source:
            os._exit(7)
        if b"raise" in source:
            raise RuntimeError("boom")
        if b"wait" in source:
            time.sleep(0.05)
        return False

    def __reduce__(self) -> tuple[type[Rules], tuple[()]]:
        """As it travels to a worker."""
        return Mines, ()

    def __init__(self) -> None:
        super().__init__(())


def mined(folder: Path) -> Job:
    """A job under such rules."""
    return Job(rules=Mines(), homes=Homes(roots=()), root=str(folder), mode="check")
