"""What importing costs: whole processes, the statement alone, and how many modules it loads."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import figures, processes, statements
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

# The same names, offered lazily by the peer that does nothing else.
_LAZY = """import lazy_loader
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"_shim": ["shim", "shim_of", "all_shims"]})
"""

IMPORTS = (
    Contender(name="empty package", code="import empty_package"),
    Contender(name="ssot_shims", code="import ssot_shims"),
    Contender(name="lazy_loader, in a package", code="import lazy_package", peer="lazy-loader"),
    Contender(name="lightning-utilities", code="import lightning_utilities.core.imports", peer="lightning-utilities"),
    Contender(name="pytest", code="import pytest", peer="pytest"),
    Contender(name="docker SDK", code="import docker", peer="docker"),
    Contender(name="testcontainers", code="import testcontainers.core.container", peer="testcontainers"),
    Contender(name="qiskit lazy_tester", code="import qiskit.utils.lazy_tester", peer="qiskit"),
    Contender(name="transformers import_utils", code="import transformers.utils.import_utils", peer="transformers"),
)
_LAZY_PACKAGE = {"lazy_package/__init__.py": _LAZY, "lazy_package/_shim.py": "shim = shim_of = all_shims = None\n"}
_COUNT = "import sys\nbefore = set(sys.modules)\n{code}\nprint(len(set(sys.modules) - before))"
_HEAVY = (
    "import sys\nbefore = set(sys.modules)\n{code}\n"
    "print(len({{'typing', 'dataclasses', 'socket'}} & (set(sys.modules) - before)))"
)


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Import ours, an empty package and the peers."""
    offer_packages(ground)
    yield Row(
        what="import, whole process",
        samples=processes(ground, IMPORTS, effort),
        goal=Goal(kind="ratio", limit=1.05),
    )
    yield Row(
        what="import, the statement",
        samples=statements(ground, IMPORTS, effort),
        goal=Goal(kind="ratio", limit=1.25),
    )
    once = effort.replace(rounds=1)
    yield Row(
        what="import, modules loaded",
        samples=figures(ground, IMPORTS, once, _COUNT),
        unit="count",
        goal=Goal(kind="at most", limit=1),
        has_floor=False,
    )
    yield Row(
        what="import, how many of typing, dataclasses, socket",
        samples=figures(ground, IMPORTS, once, _HEAVY),
        unit="count",
        goal=Goal(kind="at most", limit=0),
        has_floor=False,
    )


def offer_packages(ground: Ground) -> None:
    """Put the packages that are imported, and that nobody has installed, where children find them."""
    ground.write({"empty_package/__init__.py": "", **_LAZY_PACKAGE})
