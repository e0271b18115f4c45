"""What somebody reads at the end of a log."""

from __future__ import annotations

from tests.plugin.conftest import Suite, over_workers

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


@over_workers
def test_one_line_each_the_most_serious_first(suite: Suite, workers: str) -> None:
    """By kind, name, number of tests and reason; what hides an error does not hide it here."""
    suite.write({**PACKAGES, "conftest.py": CONFTEST, "test_it.py": TESTS, "test_unit.py": UNITTEST})
    names = "required,asked,asked_and_there,up,git,upstream:RetryPolicy"
    run = suite.run("--ssot-strict", f"--ssot-require={names}", workers)
    assert (run.code, run.collected) == (1, 12)
    assert run.counts == {"error": 2, "failed": 1, "passed": 1, "skipped": 8}
    required, default = "required by --ssot-require", "limit(per_second): the placeholder has per_second=10; upstream"
    expected = [
        f"STRICT Moved: moved: Moved is not in {suite.folder / 'moved_pkg/__init__.py'} (read, not ",
        f"STRICT limit: error: {default} has per_second=5; see ssot-shims verify",
        f"ERROR asked: asked for without a marker; {required}; unavailable: it has no licence",
        f"ERROR bug: 2 tests; failed: its probe ({suite.folder / 'conftest.py'}:15) returned an object of type tuple, ",
        f"ERROR required: 1 test; {required}; unavailable: nobody started it",
        "TIMED OUT slow: 1 test; timed_out: no answer in 0.05 s; its probe is still at ",
        "SKIPPED down: 7 tests; unavailable: it is switched off",
        f"NOT ASKED git: {required}, and no test asked for it",
        f"NOT ASKED upstream:RetryPolicy: {required}, and no test asked for it",
        "PLACEHOLDER Absent: absent: no package 'missing_pkg' is installed here; ",
    ]
    assert [line[: len(start)] for line, start in zip(run.summary, expected, strict=True)] == expected


def test_a_violation_fails_a_run_in_which_everything_passed(suite: Suite) -> None:
    """A swallowed import error under strictness, which no test can turn off, and an unmet requirement: exit code 1."""
    test = "import os\ndef test_it(): os.environ.pop('SSOT_SHIMS_STRICT', None)\n"
    suite.write({**PACKAGES, "conftest.py": CONFTEST, "test_it.py": test})
    for code, options, env, told in (
        (0, [], {}, ["DRIFT limit", "PLACEHOLDER Absent", "PLACEHOLDER Moved"]),
        (1, [], {"SSOT_SHIMS_STRICT": "1"}, ["STRICT Moved", "STRICT limit", "PLACEHOLDER Absent"]),
        (1, ["--ssot-strict"], {"SSOT_SHIMS_PLACEHOLDERS": "Moved"}, ["STRICT limit", "PLACEHOLDER Absent"]),
        (1, ["--ssot-require=upstream:Absent"], {}, ["ERROR upstream:Absent", "DRIFT limit"]),
    ):
        run = suite.run(*options, env=env)
        assert (run.code, run.counts, run.told[: len(told)]) == (code, {"passed": 1}, told)
    listed = suite.run("--collect-only", "--ssot-require=git")
    assert (listed.code, [line for line in listed.summary if "git" in line]) == (0, [])


PROJECT = """
[tool.ssot_shims.capabilities]
local = "env:LOCAL"
remote = "env:REMOTE"
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
    suite.write({"pyproject.toml": PROJECT, "test_it.py": USES_IT})
    local, remote = (f"unavailable: {name} is not set; export {name}=<a value>" for name in ("LOCAL", "REMOTE"))

    required = f"required by --ssot-require; {local}"
    lacks = f"environment 'docker' lacks local: {local}"
    one, both, errors = {"REMOTE": "1"}, {"LOCAL": "1", "REMOTE": "1"}, {"error": 2, "passed": 1}
    skipped = [f"SKIPPED local: 2 tests; {local}", f"SKIPPED remote: 2 tests; {remote}"]
    for options, env, counts, reason, summary in (
        ([], both, {"passed": 3}, None, ["ENVIRONMENT docker: all that it requires is there"]),
        ([], one, {"passed": 3}, None, [f"ENVIRONMENT staging: docker was passed over: local: {local}"]),
        ([], {}, {"passed": 1, "skipped": 2}, f"{lacks}; environment 'staging' lacks remote: {remote}", skipped),
        (["--ssot-require=local"], one, errors, lacks.replace(local, required), [f"ERROR local: 2 tests; {required}"]),
        (["--ssot-environment=docker"], one, errors, lacks, [f"ERROR local: 2 tests; {local}"]),
        (["-k", "other"], one, {"passed": 1}, None, []),
        (["--collect-only"], one, {}, None, []),
    ):
        run = suite.run(*options, env=env)
        assert (run.counts, run.reasons.get("test_it.py::test_two"), run.summary) == (counts, reason, summary)

    suite.write({"pyproject.toml": PROJECT + '[[tool.ssot_shims.environments]]\nname = "laptop"\n'})
    passed_over = f"docker was passed over: local: {local}; staging was passed over: remote: {remote}"
    assert suite.run().summary == [f"ENVIRONMENT laptop: {passed_over}"]
    suite.write({"pyproject.toml": PROJECT.replace("localhost:2", "${HOST_OF_STAGING}")})
    wrong = suite.run(env=one)
    unset = wrong.reasons["test_it.py::test_one"]
    assert unset.endswith(" is '${HOST_OF_STAGING}'; expected a value: export HOST_OF_STAGING=<a value>")
    assert (wrong.counts, wrong.summary) == (errors, [f"ERROR ssot_environment: 2 tests; failed: {unset}"])


MARKED = """
import pytest
from ssot_shims import shim
@shim("moved_pkg:Moved")
class Moved: ...
@shim("missing_pkg:Absent")
class Absent: ...
@pytest.mark.requires_upstream("Moved")
def test_moved(): pass
def test_absent(): pass
"""


def test_a_reason_is_given_once(suite: Suite) -> None:
    """The line of a placeholder gives its state alone where a test that needs the real one has given the reason."""
    suite.write({**PACKAGES, "test_it.py": MARKED})
    error, absent, moved = suite.run().summary
    assert error.startswith("ERROR upstream:Moved: 1 test; moved: Moved is not in ")
    assert absent.startswith("PLACEHOLDER Absent: absent: no package 'missing_pkg' ")
    assert moved == "PLACEHOLDER Moved: moved"
