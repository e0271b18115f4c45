"""Eight conditions that an upstream can be in, and how many of them ours and the peers tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import figures
from benchmarks.contender import OURS, Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

_CLASS = "class Config: ...\n"

# The text of the module that is to hold Config; without one, there is none.
CONDITIONS = {
    "healthy": _CLASS,
    "absent": None,
    "dependency missing": "import no_such_dependency\n" + _CLASS,
    "ImportError": "raise ImportError('a library of another version')\n" + _CLASS,
    "RuntimeError": "raise RuntimeError('no GPU')\n" + _CLASS,
    "SyntaxError": "class Config\n",
    "renamed": "class NewConfig: ...\n",
    "empty directory": None,
}

# What each is asked: is the Config of the module there? The answer is what a program can act on.
_ASKS = (
    Contender(
        name=OURS,
        code="""from ssot_shims import shim, shim_of
def ask(module):
    placeholder = type("Config_" + module.partition(".")[0], (), {"__module__": __name__})
    record = shim_of(shim(module + ":Config")(placeholder))
    return ", ".join(filter(None, [record.state, record.cause]))""",
    ),
    Contender(
        name="try/except ImportError",
        code="""def ask(module):
    try:
        exec(f"from {module} import Config", {})
    except ImportError:
        return "no"
    return "yes\"""",
    ),
    Contender(
        name="qiskit LazyImportTester",
        code="""from qiskit.utils.lazy_tester import LazyImportTester
def ask(module):
    return "yes" if LazyImportTester({module: ("Config",)}) else "no\"""",
        peer="qiskit",
    ),
    Contender(
        name="lightning RequirementCache",
        code="""from lightning_utilities.core.imports import RequirementCache
def ask(module):
    return "yes" if RequirementCache(module=module) else "no\"""",
        peer="lightning-utilities",
    ),
)
# An answer counts when no condition of another kind gets it; an empty folder is no package, so it is absent too.
_COUNT = """{code}
import warnings
warnings.simplefilter("ignore")
found = {{}}
for condition in CONDITIONS:
    try:
        answer = ask("upstream_" + condition.lower().replace(" ", "_") + ".config")
    except BaseException:
        continue
    found.setdefault(answer, set()).add(condition)
print(sum(len(those) for those in found.values() if len(those) == 1 or those == {{"absent", "empty directory"}}))
"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """How many of the conditions each tells apart."""
    for condition, source in CONDITIONS.items():
        package = "upstream_" + condition.lower().replace(" ", "_")
        if source is not None:
            ground.write({f"{package}/__init__.py": "", f"{package}/config.py": source})
    (ground.folder / "upstream_empty_directory").mkdir()
    program = _COUNT.replace("CONDITIONS", repr(list(CONDITIONS)))
    yield Row(
        what="upstream conditions told apart, of 8",
        samples=figures(ground, _ASKS, effort.replace(rounds=1, patience=60), program),
        unit="count",
        goal=Goal(kind="at least", limit=len(CONDITIONS)),
        has_floor=False,
    )
