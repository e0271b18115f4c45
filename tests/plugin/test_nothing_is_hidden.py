"""No run is green while a requirement is not met, and none ends without saying what answered instead of the machine."""

from __future__ import annotations

import json

from tests.plugin.conftest import Suite, over_workers

ASKED_IN_PYTHON = """
import pytest
from ssot_shims import capabilities, is_available
state = {"engine": True, "started": False}
capabilities.register("a", lambda: (False, "a is off"))
capabilities.register("either", "any:a")
capabilities.register("engine", lambda: state["engine"] or (False, "the engine died"))
capabilities.register("wiped", lambda: (False, "wiped is off"))
capabilities.register("started", lambda: state["started"])
capabilities.register("misset", "env:PATH")
capabilities.register("unasked", lambda: False)
for name in ("faked", "denied"):
    capabilities.register(name, lambda: True)

def needs(name):
    if not is_available(name):
        pytest.skip("the old way")

def test_combination(): needs("either")
@pytest.mark.requires_capability("engine")
def test_engine(): pass
def test_engine_later():
    state["engine"] = False
    capabilities.refresh("engine")
    needs("engine")
def test_wiped():
    try: needs("wiped")
    finally: capabilities.refresh()
def test_faked(override_capabilities):
    override_capabilities(faked=True)
    needs("faked")
def test_denied(override_capabilities):
    needs("denied")
    override_capabilities(denied=False, unasked=True)
    needs("denied")
def test_before_it_is_started():
    assert not is_available("started")
    state["started"] = True
    capabilities.refresh("started")
def test_started(): needs("started")
def test_misset(monkeypatch):
    monkeypatch.setenv("SSOT_SHIMS_HAS_MISSET", "perhaps")
    try: needs("misset")
    except ValueError: pytest.skip("somehow")
    finally: capabilities.refresh()
"""


def test_what_was_asked_in_python(suite: Suite) -> None:
    """What whoever asked was told last counts: through a combination, after a refresh, after a marker, by override."""
    suite.write({"test_it.py": ASKED_IN_PYTHON})
    run = suite.run("--ssot-require=either,engine,wiped,faked,denied,started,misset,unasked")
    assert (run.code, run.counts) == (1, {"passed": 4, "skipped": 5})
    required = "asked for without a marker; required by --ssot-require"
    override = f"override(faked=True) at {suite.folder / 'test_it.py'}:30; to ask the machine: leave that with block"
    assert run.summary == [
        f"ERROR either: {required}; unavailable: a: a is off",
        f"ERROR engine: {required}; unavailable: the engine died",
        f"ERROR faked: {required}; available: forced: {override}",
        f"ERROR wiped: {required}; unavailable: wiped is off",
        "NOT ASKED unasked: required by --ssot-require, and no test asked for it",
    ]


FORCED = """
import os
import pytest
from ssot_shims import capabilities, is_available
for name in ("old", "new", "faked"):
    capabilities.register(name, lambda: False)
capabilities.register("real", lambda: True)

@pytest.mark.requires_capability("old", "real")
@pytest.mark.parametrize("number", range(2))
def test_old(number): assert is_available("old")
@pytest.mark.skipif(not is_available("new"), reason="the old way")
def test_new(): pass
@pytest.fixture(scope="module", autouse=True)
def fake():
    with capabilities.override(faked=True): yield
@pytest.mark.requires_capability("faked", "old")
def test_faked(): del os.environ["ORCHESTRATION_OLD_AVAILABLE"]
"""


@over_workers
def test_what_was_forced(suite: Suite, workers: str) -> None:
    """What ran on a forced yes is told with -q too, and so is a variable that reaches nothing."""
    suite.write({"test_it.py": FORCED})
    env = {"ORCHESTRATION_OLD_AVAILABLE": "1", "SSOT_SHIMS_HAS_NEW": "1"}
    misspelled = {"SSOT_SHIMS_REQUIRED": "docker", "SSOT_SHIMS_HAS_DOKER": "1"}
    run = suite.run("-q", workers, env={**env, **misspelled})
    assert (run.code, run.counts) == (0, {"passed": 4})
    says = "{0} says yes; to ask the machine: unset {0}"
    assert run.summary[:2] == [
        "PROBLEM SSOT_SHIMS_HAS_DOKER: no capability of that name; close: docker, docker_sdk",
        "PROBLEM SSOT_SHIMS_REQUIRED: no such setting; close: SSOT_SHIMS_REQUIRE",
    ]
    assert run.summary[2].startswith("FORCED faked: 1 test; available: forced: override(faked=True) at ")
    assert run.summary[3:-1] == [  # the last line is pytest's own
        "FORCED new: asked for without a marker; available: forced: " + says.format("SSOT_SHIMS_HAS_NEW"),
        "FORCED old: 3 tests; available: forced: " + says.format("ORCHESTRATION_OLD_AVAILABLE"),
    ]


MOVED = {
    "moved_pkg/__init__.py": "class Other: ...\n",
    "moved_shims.py": """
from ssot_shims import shim
try:
    @shim("moved_pkg:Moved")
    class Moved: ...
except ImportError:
    Moved = None
""",
}


def test_the_end_goes_wrong(suite: Suite) -> None:
    """A report that cannot be written by then is a line, and all is told."""
    test = """
import pytest, shutil
def test_it():
    shutil.rmtree("out")
    open("out", "w").close()
@pytest.mark.requires_capability("env:GONE")
def test_gone(): pass
"""
    suite.write({"test_it.py": test, "out/report.json": "that of an earlier run"})
    run = suite.run("--ssot-report=out/report.json", "--ssot-report=report.json", "--ssot-report=report.md")
    assert (run.code, run.counts, run.err) == (1, {"passed": 1, "skipped": 1}, "")
    assert run.told == ["ERROR ssot_shims", "SKIPPED env:GONE: 1 test"]
    unwritable = run.summary[0].removeprefix("ERROR ssot_shims: ")
    assert unwritable.startswith(f"the report {suite.folder / 'out/report.json'} cannot be written: NotADirectoryError")
    written = json.loads((suite.folder / "report.json").read_text())
    assert (written["exit_code"], written["problems"], written["summary"]) == (1, [unwritable], run.summary)
    assert (suite.folder / "report.md").read_text().count("\n| ERROR |") == 1


@over_workers
def test_a_run_that_stops_early_has_not_asked_everything(suite: Suite, workers: str) -> None:
    """After -x nobody knows what the rest would have asked for."""
    suite.write({"test_it.py": "def test_one(): assert False\ndef test_two(): pass\n"})
    run = suite.run("-x", "--ssot-require=git", workers)
    assert (run.code != 0, run.summary) == (True, [])


def test_the_same_suite_again_in_one_process(suite: Suite) -> None:
    """Its modules are not imported again, and what they have swallowed fails every run of it."""
    again = """
import pytest
def test_again():
    ours = ["one", "-pno:cacheprovider", "-pssot_shims.pytest_plugin", "--ssot-strict"]
    assert [pytest.main(ours) for _ in range(2)] == [1, 1]
"""
    suite.write({**MOVED, "one/test_one.py": "import moved_shims\ndef test_one(): pass\n", "test_again.py": again})
    run = suite.run("-s", "test_again.py", with_ours=False)
    assert (run.counts, run.out.count("STRICT Moved: moved: ")) == ({"passed": 1}, 2)
