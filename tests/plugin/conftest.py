"""The harness of the plugin's tests: a suite in a folder of its own, run by a real pytest in a process of its own.

    def test_an_empty_test(suite: Suite) -> None:
        suite.write({"test_a.py": "def test_a(): pass"})
        run = suite.run("-n2", env={"SSOT_SHIMS_STRICT": "1"})
        assert (run.code, run.collected, run.outcomes) == (0, 1, {"test_a.py::test_a": "passed"})

No plugin that happens to be installed takes part: only ours, pytest-xdist, and the *plugins* that a test names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from coverage import Coverage

from tests.plugin.forks import Forks

ROOT = Path(__file__).parents[2]
PLUGIN = "ssot_shims.pytest_plugin"

# A test runs its suite in one process, and where it takes longer, over two workers.
over_workers = pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])

# What a machine sets for its own sake must not reach the runs.
_OURS = re.compile("_?SSOT_SHIMS_|ORCHESTRATION_|TEST_NO_SERVICES$|PYTEST|PY_COLORS$|COV|CI$|BUILD_NUMBER$|PYTHONPATH$")


@dataclass
class Run:
    """What one run of pytest did."""

    code: int
    out: str
    err: str
    collected: int = 0  # tests that were to run, those deselected left out
    # By node: passed, failed, error, skipped, xfailed or xpassed, and why it skipped, failed or could not run.
    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> list[str]:
        """The lines of our section at the end, as far as the next heading; empty when there is none."""
        section = re.search(r"^=+ ssot_shims =+\n(.*?)(?=^=+ .* =|\Z)", self.out, re.MULTILINE | re.DOTALL)
        return section[1].splitlines() if section else []

    @property
    def told(self) -> list[str]:
        """The same lines without their reasons: label, name and number of tests."""
        return [re.split("; |: (?!\\d+ test)", line)[0] for line in self.summary]

    @property
    def counts(self) -> dict[str, int]:
        """How many tests had each outcome."""
        return {outcome: [*self.outcomes.values()].count(outcome) for outcome in sorted({*self.outcomes.values()})}


class Suite:
    """A test suite in *folder*, which is its root and where its runs start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "suite"
        self.folder.mkdir()
        self._aside = folder / "aside"  # what the harness needs, out of the suite's sight
        self._aside.mkdir()

    def write(self, files: Mapping[str, str]) -> Path:
        """Write *files*, and give the folder that they are in."""
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return self.folder

    def run(
        self,
        *arguments: str,
        plugins: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        with_ours: bool = True,
        lenient: bool = False,
    ) -> Run:
        """Run pytest with *arguments*, the named *plugins*, ours, and the variables in *env*.

        Where an option ``-n`` is given, pytest-xdist takes part. Unknown markers and ini keys are errors, and so are
        pytest's own warnings, unless *lenient* is set.
        """
        log, out, err = (self._aside / name for name in ("log", "out", "err"))
        log.unlink(missing_ok=True)
        xdist = ["xdist"] if any(argument.startswith("-n") for argument in arguments) else []
        loaded = [*plugins, *xdist, *([PLUGIN] if with_ours else []), "recorder"]
        given = ["-p", "no:cacheprovider", *(f"-p{name}" for name in loaded)]
        if not lenient:
            given += ["--strict-markers", "--strict-config", "-Werror::pytest.PytestWarning"]
        environment = {**self._environment(log), **(env or {})}
        code = _forks.run([*given, *arguments], self.folder, environment, out, err)
        return _read(log, Run(code, *(file.read_text("utf-8", "backslashreplace") for file in (out, err))))

    def _environment(self, log: Path) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        path = [str(self._aside), str(ROOT)]
        (self._aside / "recorder.py").write_text(_RECORDER)
        if current := Coverage.current():  # then each process of the run is measured like this one, into a file beside
            site, settings, data = self._aside / "site", self._aside / "coveragerc", current.get_option("run:data_file")
            site.mkdir(exist_ok=True)
            (site / "sitecustomize.py").write_text("import coverage\ncoverage.process_startup()\n")
            given = f"source_pkgs = ssot_shims\ndata_file = {os.path.abspath(str(data))}\n"
            settings.write_text(f"[run]\nbranch = true\nparallel = true\n{given}")
            clean["COVERAGE_PROCESS_START"] = str(settings)
            path.insert(0, str(site))
        ours = {"COLUMNS": "120", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "SUITE_LOG": str(log)}
        return {**clean, **ours, "PYTHONPATH": os.pathsep.join(path)}


_forks = Forks()


@pytest.fixture(scope="module", autouse=True)
def no_more_forks() -> Iterator[None]:
    """At the end of a file: other tests look for children that are left."""
    yield
    _forks.end()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """An empty suite."""
    return Suite(tmp_path)


# Loaded into each run as a plugin. Under pytest-xdist the tests are collected by the workers, and reported by all;
# what the controller is told is what counts.
_RECORDER = """
import json, os

def tell(**what):
    with open(os.environ["SUITE_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps(what) + "\\n")

def pytest_configure(config):
    config.pluginmanager.register(Recorder() if hasattr(config, "workerinput") else Controller(), "suite recorder")

class Recorder:
    def pytest_collection_finish(self, session):
        tell(collected=[item.nodeid for item in session.items])

class Controller(Recorder):
    def pytest_collectreport(self, report):
        if report.failed:
            tell(node=report.nodeid, when="collect", outcome="failed", reason=str(report.longrepr))

    def pytest_runtest_logreport(self, report):
        outcome, reason = report.outcome, getattr(report, "wasxfail", None)
        if reason is not None:
            outcome = "xfailed" if outcome == "skipped" else "xpassed"
        elif outcome != "passed":
            is_skip = isinstance(report.longrepr, tuple)
            reason = report.longrepr[2].removeprefix("Skipped: ") if is_skip else str(report.longrepr)
        tell(node=report.nodeid, when=report.when, outcome=outcome, reason=reason)
"""


def _read(log: Path, run: Run) -> Run:
    """*run* with what its recorder has written down. Of a test that ran more than once the last time counts."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    run.collected = len({node for line in lines for node in line.get("collected", ())})
    for report in lines:
        if "node" in report:
            _take(run, **report)
    return run


def _take(run: Run, node: str, when: str, outcome: str, reason: str | None) -> None:
    if when == "setup":
        run.reasons.pop(node, None)
    if when == "teardown" and outcome == "passed":
        return
    run.outcomes[node] = "error" if outcome == "failed" and when in ("collect", "setup", "teardown") else outcome
    if reason is not None:
        run.reasons[node] = reason
