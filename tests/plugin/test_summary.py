"""What somebody reads at the end of a log."""

from __future__ import annotations

from tests.plugin.conftest import Suite

PACKAGES = {
    "drifted_pkg/__init__.py": "def limit(client, per_second=5): ...\n",
    "moved_pkg/__init__.py": "class MovedService: ...\n",
}
CONFTEST = """
import time
from ssot_shims import capabilities, shim

try:
    @shim("moved_pkg:Moved")
    class Moved: ...
except ImportError:  # as suites do, and hide it
    Moved = None

@shim("drifted_pkg:limit")
def limit(client, per_second=10): ...

@shim("missing_pkg:Absent")
class Absent: ...

capabilities.register("down", lambda: (False, "it is switched off"))
capabilities.register("slow", lambda: time.sleep(30), timeout=0.05)
capabilities.register("bug", lambda: (1, 2))
capabilities.register("required", lambda: (False, "nobody started it"))
capabilities.register("asked", lambda: (False, "it has no licence"))
capabilities.register("up", lambda: True)
capabilities.register("asked_and_there", lambda: True)
"""
TESTS = """
import pytest
from ssot_shims import is_available

is_there = is_available("asked_and_there")

@pytest.mark.requires_capability("down")
@pytest.mark.parametrize("number", range(3))
def test_down(number): pass
@pytest.mark.requires_capability("slow")
def test_slow(): pass
@pytest.mark.requires_capability("bug", "down")
def test_bug(): pass
@pytest.mark.requires_capability("required", "up")
def test_required(): pass
@pytest.mark.requires_capability("up")
def test_up(): assert is_there
@pytest.mark.skipif(not is_available("asked"), reason="the old way")
def test_that_hides_it(): pass
"""
UNITTEST = """
import unittest
from ssot_shims import skip_unless_available

@skip_unless_available("down")
class OfClass(unittest.TestCase):
    def test_one(self): pass
    def test_two(self): pass

class OfMethod(unittest.TestCase):
    @skip_unless_available("down")
    def test_skipped(self): pass
    @skip_unless_available("bug")
    def test_failed(self): pass
"""


def test_one_line_each_the_most_serious_first(suite: Suite) -> None:
    """By kind, name, number of tests and reason; what hides an error does not hide it here; the same over workers."""
    suite.write({**PACKAGES, "conftest.py": CONFTEST, "test_it.py": TESTS, "test_unit.py": UNITTEST})
    options = ["--ssot-strict", "--ssot-require=required,asked,asked_and_there,up,git", "-p", "xdist.plugin"]
    run = suite.run(*options, "--ssot-require=upstream:RetryPolicy")
    assert (run.code, run.collected) == (1, 12)
    assert run.counts == {"error": 2, "failed": 1, "passed": 1, "skipped": 8}
    conftest = suite.folder / "conftest.py"
    moved = suite.folder / "moved_pkg" / "__init__.py"
    strange = (
        f"its probe ({conftest}:19) returned an object of type tuple, expected True, None, False, (False, 'why') or an "
        "Availability; to answer without it: SSOT_SHIMS_HAS_BUG=0"
    )
    slow = (
        f"timed_out: no answer in 0.05 s; its probe stands at {conftest}:18; to give it longer: timeout=10 where it "
        f"is registered ({conftest}:18)"
    )
    absent = (
        "absent: no package 'missing_pkg' is installed here; to use the real one, install it, or set "
        "PYTHONPATH=<the folder that holds missing_pkg>"
    )
    assert run.summary == [
        f"STRICT Moved: moved: Moved is not in {moved} (looked at without running it); "
        f"similar: moved_pkg:MovedService; to follow it, write where it is now as the target at {conftest}:6; "
        "until then: SSOT_SHIMS_UPSTREAM_MOVED=<module>:Moved",
        "STRICT limit: error: limit(per_second): the placeholder has per_second=10; upstream has per_second=5; "
        "see ssot-shims verify",
        "ERROR asked: asked for without a marker; required by --ssot-require; unavailable: it has no licence",
        f"ERROR bug: 2 tests; failed: {strange}",
        "ERROR required: 1 test; required by --ssot-require; unavailable: nobody started it",
        f"TIMED OUT slow: 1 test; {slow}",
        "SKIPPED down: 7 tests; unavailable: it is switched off",
        "NOT ASKED git: required by --ssot-require, and no test asked for it",
        "NOT ASKED upstream:RetryPolicy: required by --ssot-require, and no test asked for it",
        f"PLACEHOLDER Absent: {absent}",
    ]
    workers = suite.run(*options, "--ssot-require=upstream:RetryPolicy", "-n2")
    assert (workers.code, workers.outcomes, workers.summary) == (run.code, run.outcomes, run.summary)


def test_a_violation_fails_a_run_in_which_everything_passed(suite: Suite) -> None:
    """A swallowed import error under strictness, and an unmet requirement that no marker names: exit code 1."""
    suite.write({**PACKAGES, "conftest.py": CONFTEST, "test_it.py": "def test_it(): pass\n"})
    quiet = suite.run()
    assert (quiet.code, quiet.outcomes) == (0, {"test_it.py::test_it": "passed"})
    assert [line.split(":")[0] for line in quiet.summary] == ["DRIFT limit", "PLACEHOLDER Absent", "PLACEHOLDER Moved"]
    strict = suite.run(env={"SSOT_SHIMS_STRICT": "1"})
    assert (strict.code, strict.outcomes) == (1, {"test_it.py::test_it": "passed"})
    drift = suite.run("--ssot-strict", env={"SSOT_SHIMS_PLACEHOLDERS": "Moved"})
    assert (drift.code, [line.split(":")[0] for line in drift.summary]) == (
        1,
        ["STRICT limit", "PLACEHOLDER Absent", "PLACEHOLDER Moved"],
    )
    unmet = suite.run("--ssot-require=upstream:Absent")
    assert (unmet.code, unmet.outcomes) == (1, {"test_it.py::test_it": "passed"})
    assert unmet.summary[0].startswith(
        "ERROR upstream:Absent: asked for without a marker; required by --ssot-require; absent: no package"
    )
    listed = suite.run("--collect-only", "--ssot-require=git")
    assert (listed.code, [line for line in listed.summary if "git" in line]) == (0, [])


def test_different_reasons_for_one_name_are_counted(suite: Suite) -> None:
    """One line a name, with the first reason, and how many others there were."""
    suite.write(
        {
            "test_it.py": """
import pytest
from ssot_shims import capabilities

reasons = iter(["the first", "the second", "the third"])
capabilities.register("gone", lambda: (False, next(reasons)), ttl=1e-9)

@pytest.mark.requires_capability("gone")
@pytest.mark.parametrize("number", range(3))
def test_it(number): pass
"""
        }
    )
    run = suite.run()
    assert run.counts == {"skipped": 3}
    assert run.summary == ["SKIPPED gone: 3 tests; unavailable: the first; and 2 other reasons"]


PROJECT = """
[tool.ssot_shims.capabilities]
local = "env:LOCAL"
remote = "env:REMOTE"
broken = "python:probes:broken"
[[tool.ssot_shims.environments]]
name = "docker"
requires = ["local"]
values = { url = "http://localhost:1" }
[[tool.ssot_shims.environments]]
name = "staging"
requires = ["remote"]
values = { url = "http://localhost:2" }
"""
USES_IT = """
def test_one(ssot_environment): assert ssot_environment["url"]
def test_two(ssot_environment): pass
def test_other(): pass
"""


def test_the_environment_in_use(suite: Suite) -> None:
    """It is told when a test uses it, with what was passed over; without one each test says why there is none."""
    suite.write({"pyproject.toml": PROJECT, "probes.py": "def broken(): return 1 / 0", "test_it.py": USES_IT})
    passed_over = "docker was passed over: local: unavailable: LOCAL is not set; export LOCAL=<a value>"

    first = suite.run(env={"LOCAL": "1", "REMOTE": "1"})
    assert first.counts == {"passed": 3}
    assert first.summary == ["ENVIRONMENT docker: all that it requires is there"]

    second = suite.run(env={"REMOTE": "1"})
    assert second.counts == {"passed": 3}
    assert second.summary == [f"ENVIRONMENT staging: {passed_over}"]

    none = suite.run()
    assert none.counts == {"passed": 1, "skipped": 2}
    local, remote = (f"unavailable: {name} is not set; export {name}=<a value>" for name in ("LOCAL", "REMOTE"))
    assert none.reasons["test_it.py::test_two"] == (
        f"environment 'docker' lacks local: {local}; environment 'staging' lacks remote: {remote}"
    )
    assert none.summary == [f"SKIPPED local: 2 tests; {local}", f"SKIPPED remote: 2 tests; {remote}"]

    required = suite.run("--ssot-require=local", env={"REMOTE": "1"})
    assert required.counts == {"error": 2, "passed": 1}
    assert required.summary == [f"ERROR local: 2 tests; required by --ssot-require; {local}"]

    named = suite.run("--ssot-environment=docker", env={"REMOTE": "1"})
    assert (named.counts, named.code) == ({"error": 2, "passed": 1}, 1)
    assert named.reasons["test_it.py::test_one"] == f"environment 'docker' lacks local: {local}"
    assert named.summary == [f"ERROR local: 2 tests; {local}"]

    suite.write({"pyproject.toml": PROJECT.replace("localhost:2", "${HOST_OF_STAGING}")})
    wrong = suite.run(env={"REMOTE": "1"})
    unset = (
        f"tool.ssot_shims.environments.staging.values.url in {suite.folder / 'pyproject.toml'} is "
        "'${HOST_OF_STAGING}'; expected HOST_OF_STAGING to be set and not empty"
    )
    assert (wrong.counts, wrong.reasons["test_it.py::test_one"]) == ({"error": 2, "passed": 1}, unset)
    assert wrong.summary == [f"ERROR ssot_environment: 2 tests; failed: {unset}"]

    for unused in (suite.run("-k", "other"), suite.run("--collect-only")):
        assert unused.summary == []
