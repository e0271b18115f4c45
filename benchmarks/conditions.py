"""Eight conditions that an upstream can be in, and what ours and the peers answer to each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from benchmarks.clock import Gone, run
from benchmarks.contender import OURS, Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.peers import version_of
from benchmarks.row import Goal, Grid, Row, Sample

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
# An empty folder is no package: to tell these two apart is not asked for.
_ALIKE = {"empty directory": "absent"}

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
    Contender(
        name="lazy_loader.load",
        code="""import lazy_loader
def ask(module):
    lazy_loader.load(module, suppress_warning=True).Config
    return "yes\"""",
        peer="lazy-loader",
    ),
    Contender(
        name="transformers _is_package_available",
        code="""from transformers.utils.import_utils import _is_package_available
def ask(module):
    answer = _is_package_available(module.partition(".")[0])  # it takes packages only
    return "yes" if (answer[0] if isinstance(answer, tuple) else answer) else "no\"""",
        peer="transformers",
    ),
    Contender(
        name="pytest.importorskip",
        code="""import pytest
def ask(module):
    try:
        pytest.importorskip(module).Config
    except pytest.skip.Exception:
        return "skip"
    return "yes\"""",
        peer="pytest",
    ),
)
_DRIVER = """
import json, sys, warnings
{code}
answers = {{}}
for condition in {conditions!r}:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = ask("upstream_" + condition.lower().replace(" ", "_") + ".config")
        except BaseException as error:
            answer = "escapes: " + type(error).__name__
    answers[condition] = answer + ", warns" * bool(caught)
print()
print(json.dumps(answers))
"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row | Grid]:
    """How many of the conditions each tells apart, and what it says."""
    ground.write(_files())
    (ground.folder / "upstream_empty_directory").mkdir()
    answers: dict[str, Mapping[str, str]] = {}
    samples: list[Sample] = []
    for contender in _ASKS:
        if contender.peer and version_of(contender.peer) is None:
            samples.append(Sample(name=contender.name, problem="not installed"))
            continue
        try:
            answers[contender.name] = _answers(ground, contender, effort)
        except Gone as gone:
            samples.append(Sample(name=contender.name, problem=str(gone)))
        else:
            samples.append(Sample(name=contender.name, values=(len(told_apart(answers[contender.name])),)))
    yield Row(
        what="upstream conditions told apart, of 8",
        samples=tuple(samples),
        unit="count",
        goal=Goal(kind="at least", limit=len(CONDITIONS)),
        has_floor=False,
    )
    yield Grid(
        what="condition",
        cases=tuple(CONDITIONS),
        answers=answers,
        note="told apart: it answers, and not as it does to a condition of another kind; an empty directory is absent",
    )


def told_apart(answers: Mapping[str, str]) -> list[str]:
    """The conditions that got an answer which no condition of another kind got.

    >>> told_apart({"absent": "no", "empty directory": "no", "healthy": "yes", "RuntimeError": "escapes: RuntimeError"})
    ['absent', 'empty directory', 'healthy']
    """
    kinds: dict[str, set[str]] = {}
    for condition, answer in answers.items():
        kinds.setdefault(answer, set()).add(_ALIKE.get(condition, condition))
    return [
        condition
        for condition, answer in answers.items()
        if len(kinds[answer]) == 1 and not answer.startswith("escapes")
    ]


def _files() -> dict[str, str]:
    files: dict[str, str] = {}
    for condition, source in CONDITIONS.items():
        if source is not None:
            package = "upstream_" + condition.lower().replace(" ", "_")
            files |= {f"{package}/__init__.py": "", f"{package}/config.py": source}
    return files


def _answers(ground: Ground, contender: Contender, effort: Effort) -> dict[str, str]:
    program = _DRIVER.format(code=contender.code, conditions=list(CONDITIONS))
    printed = run(ground, contender, ["-c", program], effort.replace(patience=60.0))
    answers: dict[str, str] = json.loads(printed.splitlines()[-1])
    return answers
