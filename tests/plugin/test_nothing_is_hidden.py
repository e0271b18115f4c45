"""No run is green while a requirement is not met, and none ends without saying what answered instead of the machine."""

from __future__ import annotations

import json

from tests.plugin.conftest import Suite

ASKED_IN_PYTHON = """
import pytest
from ssot_shims import capabilities, is_available

state = {"engine": True, "started": False, "flaky": iter([False, True])}
capabilities.register("a", lambda: (False, "a is off"))
capabilities.register("either", "any:a")
capabilities.register("engine", lambda: state["engine"] or (False, "the engine died"))
capabilities.register("wiped", lambda: (False, "wiped is off"))
capabilities.register("faked", lambda: True)
capabilities.register("denied", lambda: True)
capabilities.register("started", lambda: state["started"])
capabilities.register("misset", "env:PATH")
capabilities.register("unasked", lambda: False)

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
    try:
        needs("wiped")
    finally:
        capabilities.refresh()
def test_faked(override_capabilities):
    override_capabilities(faked=True)
    needs("faked")
def test_denied(override_capabilities):
    needs("denied")
    override_capabilities(denied=False, unasked=True)
    needs("denied")
def test_started():
    if not is_available("started"):
        state["started"] = True
        capabilities.refresh("started")
    needs("started")
def test_misset(monkeypatch):
    monkeypatch.setenv("SSOT_SHIMS_HAS_MISSET", "perhaps")
    try:
        needs("misset")
    except ValueError:
        pytest.skip("somehow")
    finally:
        capabilities.refresh()
"""


def test_what_was_asked_in_python(suite: Suite) -> None:
    """What whoever asked was told last counts: through a combination, after a refresh, after a marker, by override."""
    suite.write({"test_it.py": ASKED_IN_PYTHON})
    run = suite.run("--ssot-require=either,engine,wiped,faked,denied,started,misset,unasked")
    assert (run.code, run.counts) == (1, {"passed": 3, "skipped": 5})
    required = "asked for without a marker; required by --ssot-require"
    assert run.summary == [
        f"ERROR either: {required}; unavailable: a: a is off",
        f"ERROR engine: {required}; unavailable: the engine died",
        f"ERROR faked: {required}; available: forced: override(faked=True) at {suite.folder / 'test_it.py'}:33; to ask "
        "the machine: leave that with block",
        f"ERROR wiped: {required}; unavailable: wiped is off",
        "NOT ASKED unasked: required by --ssot-require, and no test asked for it",
    ]


FORCED = """
import os
import pytest
from ssot_shims import capabilities, is_available

capabilities.register("old", lambda: False)
capabilities.register("new", lambda: False)
capabilities.register("faked", lambda: False)
capabilities.register("real", lambda: True)

@pytest.mark.requires_capability("old", "real")
@pytest.mark.parametrize("number", range(2))
def test_old(number): assert is_available("old")
@pytest.mark.skipif(not is_available("new"), reason="the old way")
def test_new(): pass
@pytest.fixture(scope="module", autouse=True)
def fake():
    with capabilities.override(faked=True):
        yield
@pytest.mark.requires_capability("faked", "old")
def test_faked(): del os.environ["ORCHESTRATION_OLD_AVAILABLE"]
"""


def test_what_was_forced(suite: Suite) -> None:
    """What ran on a forced yes is told with -q too, and so is a variable that reaches nothing; over workers as well."""
    suite.write(
        {
            "test_it.py": FORCED,
        }
    )
    env = {
        "ORCHESTRATION_OLD_AVAILABLE": "1",
        "SSOT_SHIMS_HAS_NEW": "1",
        "SSOT_SHIMS_REQUIRED": "docker",
        "SSOT_SHIMS_HAS_DOKER": "1",
    }
    run = suite.run("-q", env=env)
    assert (run.code, run.counts) == (0, {"passed": 4})
    says = "{0} says yes; to ask the machine: unset {0}"
    assert run.summary[:-1] == [  # the last line is pytest's own
        "PROBLEM SSOT_SHIMS_HAS_DOKER: no capability of that name; close: docker, docker_sdk",
        "PROBLEM SSOT_SHIMS_REQUIRED: no such setting; close: SSOT_SHIMS_REQUIRE",
        f"FORCED faked: 1 test; available: forced: override(faked=True) at {suite.folder / 'test_it.py'}:18; to ask "
        "the machine: leave that with block",
        "FORCED new: asked for without a marker; available: forced: " + says.format("SSOT_SHIMS_HAS_NEW"),
        "FORCED old: 3 tests; available: forced: " + says.format("ORCHESTRATION_OLD_AVAILABLE"),
    ]
    workers = suite.run("-q", "-n2", env=env, plugins=["xdist.plugin"])
    assert (workers.code, workers.outcomes, workers.summary[:-1]) == (run.code, run.outcomes, run.summary[:-1])


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


def test_strictness_that_a_test_has_lost(suite: Suite) -> None:
    """It is what it was when the run began, even if a test loses the variable."""
    suite.write({**MOVED, "test_it.py": "import os, moved_shims\ndef test_it(): del os.environ['SSOT_SHIMS_STRICT']\n"})
    run = suite.run("--ssot-strict")
    assert (run.code, run.counts) == (1, {"passed": 1})
    assert [line.split(":")[0] for line in run.summary] == ["STRICT Moved"]


def test_the_end_goes_wrong(suite: Suite) -> None:
    """A report that cannot be written by then, a setting left behind that does not read: a line, and all is told."""
    suite.write(
        {
            "test_it.py": """
import os, pytest, shutil
from ssot_shims import capabilities
capabilities.register("gone", lambda: (False, "gone for good"))
def test_it():
    os.environ["SSOT_SHIMS_STRICT"] = "maybe"
    shutil.rmtree("out")
    open("out", "w").close()
@pytest.mark.requires_capability("gone")
def test_gone(): pass
""",
            "out/report.json": "that of an earlier run",
        }
    )
    run = suite.run("--ssot-report=out/report.json", "--ssot-report=report.json", "--ssot-report=report.md")
    assert (run.code, run.counts, run.err) == (1, {"passed": 1, "skipped": 1}, "")
    unread = "SSOT_SHIMS_STRICT is 'maybe'; expected 1, true, yes or on, or 0, false, no or off"
    report = suite.folder / "out" / "report.json"
    unwritable = f"the report {report} cannot be written: NotADirectoryError: [Errno 20] Not a directory: '{report}'"
    rest = ["SKIPPED gone: 1 test; unavailable: gone for good"]
    assert run.summary == [f"ERROR ssot_shims: {unread}", f"ERROR ssot_shims: {unwritable}", *rest]
    written = json.loads((suite.folder / "report.json").read_text())
    assert (written["exit_code"], written["problems"], written["summary"]) == (1, [unread, unwritable], run.summary)
    assert (suite.folder / "report.md").read_text().count("\n| ERROR |") == 2


def test_what_does_not_read_fails_the_run_even_where_a_failure_is_expected(suite: Suite) -> None:
    """A marker or an environment that does not read is no failure of the test: xfail does not cover it."""
    suite.write(
        {
            "pyproject.toml": """
[[tool.ssot_shims.environments]]
name = "staging"
values = { url = "${HOST_OF_STAGING}" }
""",
            "test_it.py": """
import pytest
pytestmark = pytest.mark.xfail
def test_environment(ssot_environment): pass
@pytest.mark.requires_capability
def test_bare(): pass
@pytest.mark.requires_capability("docker, git")
def test_two_in_one(): pass
@pytest.mark.requires_upstream(" ")
def test_empty(): pass
""",
        }
    )
    run = suite.run("--ssot-report=report.json")
    assert (run.code, run.counts) == (1, {"error": 3, "xfailed": 1})
    good = 'write @pytest.mark.requires_capability("docker")'
    wrong = "does not read: a marker takes names only, each as a string of its own"
    unset = (
        f"tool.ssot_shims.environments.staging.values.url in {suite.folder / 'pyproject.toml'} is "
        "'${HOST_OF_STAGING}'; expected HOST_OF_STAGING to be set and not empty"
    )
    assert run.summary == [
        f"ERROR requires_capability: 2 tests; failed: @pytest.mark.requires_capability() {wrong}; {good}; and 1 other "
        "reason",
        f"ERROR requires_upstream: 1 test; failed: @pytest.mark.requires_upstream(' ') {wrong}; write "
        '@pytest.mark.requires_upstream("HeartbeatConfig")',
        f"ERROR ssot_environment: 1 test; failed: {unset}",
    ]
    verdicts = json.loads((suite.folder / "report.json").read_text())["verdicts"]
    assert {
        "name": "requires_capability",
        "outcome": "error",
        "status": "failed",
        "reason": f"@pytest.mark.requires_capability('docker, git') {wrong}",
        "hint": good,
        "is_required": False,
        "is_forced": False,
        "required_by": "",
        "tests": ["test_it.py::test_two_in_one"],
    } in verdicts


def test_a_run_that_stops_early_has_not_asked_everything(suite: Suite) -> None:
    """After -x nobody knows what the rest would have asked for."""
    suite.write({"test_it.py": "def test_one(): assert False\ndef test_two(): pass\n"})
    for more in ((), ("-n1",)):
        run = suite.run("-x", "--ssot-require=git", *more, plugins=["xdist.plugin"])
        assert (run.code != 0, run.summary) == (True, [])


def test_the_same_suite_again_in_one_process(suite: Suite) -> None:
    """Its modules are not imported again, and what they have swallowed fails every run of it."""
    suite.write(
        {
            **MOVED,
            "one/test_one.py": "import moved_shims\ndef test_one(): pass\n",
            "again.py": """
import pytest
ours = ["-p", "no:cacheprovider", "-p", "ssot_shims.pytest_plugin", "--ssot-strict"]
print(*(int(pytest.main(["one", *ours])) for _ in range(2)))
""",
        }
    )
    out = suite.python("again.py")
    assert out.splitlines()[-1] == "1 1"
    assert out.count("STRICT Moved: moved: ") == 2


def test_a_controller_loads_nothing_for_workers_that_do_not_use_us(suite: Suite) -> None:
    """Under pytest-xdist a folder is made for what the workers may find, and that is all."""
    suite.write(
        {
            "conftest.py": """
import sys
def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        print(*sorted(name for name in sys.modules if name.startswith("ssot_shims")), file=sys.stderr)
""",
            "test_it.py": "def test_it(): pass\n",
        }
    )
    run = suite.run("-n1", plugins=["xdist.plugin"])
    assert run.counts == {"passed": 1}
    loaded = set(run.err.split())
    assert {name for name in loaded if "plugin" in name} == {
        "ssot_shims._plugin",
        "ssot_shims._plugin.xdist",
        "ssot_shims.pytest_plugin",
    }
    assert not loaded & {"ssot_shims._capabilities.builtin", "ssot_shims._capabilities.registry"}
