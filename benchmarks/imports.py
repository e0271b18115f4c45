"""What importing costs: whole processes, the statement alone, and how many modules it loads."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import figures, processes, statements
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

IMPORTS = (
    Contender(name="empty package", code="import empty_package"),
    Contender(name="ssot_shims", code="import ssot_shims"),
    Contender(name="lazy_loader, in a package", code="import lazy_package", peer="lazy-loader"),
    Contender(name="docker SDK", code="import docker", peer="docker"),
    Contender(name="transformers import_utils", code="import transformers.utils.import_utils", peer="transformers"),
)
_FILES = {
    "empty_package/__init__.py": "",
    # The same names, offered lazily by the peer that does nothing else.
    "lazy_package/__init__.py": "import lazy_loader\n__getattr__, __dir__, __all__ = lazy_loader.attach("
    "__name__, submod_attrs={'_shim': ['shim', 'shim_of', 'all_shims']})\n",
    "lazy_package/_shim.py": "shim = shim_of = all_shims = None\n",
}
_COUNT = "import sys\nbefore = set(sys.modules)\n{code}\nprint(len(set(sys.modules) - before))"


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Import ours, an empty package and the peers."""
    ground.write(_FILES)
    for what, measure, limit in (("whole process", processes, 1.05), ("the statement", statements, 1.25)):
        samples = measure(ground, IMPORTS, effort)
        yield Row(what=f"import, {what}", samples=samples, goal=Goal(kind="ratio", limit=limit))
    samples = figures(ground, IMPORTS, effort.replace(rounds=1), _COUNT)
    goal = Goal(kind="at most", limit=1)
    yield Row(what="import, modules loaded", samples=samples, unit="count", goal=goal, has_floor=False)
