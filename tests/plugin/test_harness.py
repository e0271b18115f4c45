"""The harness tells what a run of pytest did."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.plugin.conftest import Suite

EVERY_OUTCOME = """
import pytest

@pytest.fixture
def breaks():
    yield
    raise RuntimeError("after")

def test_passed(): pass
def test_failed(): assert False, "why"
def test_skipped(): pytest.skip("why not")
def test_error(nothing_of_that_name): pass
def test_error_after(breaks): pass
@pytest.mark.xfail(reason="known")
def test_xfailed(): assert False
@pytest.mark.xfail(reason="known")
def test_xpassed(): pass
@pytest.mark.parametrize("n", [1, 2])
def test_deselected(n): pass
"""

A_SECTION = """
def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("ssot_shims")
    terminalreporter.line("a")
    terminalreporter.line("b")
"""


def test_every_outcome_is_told(suite: Suite) -> None:
    """Each test by its node, with the reason that a user sees; also when workers ran them."""
    suite.write({"test_it.py": EVERY_OUTCOME, "test_broken.py": "1 / 0"})
    for more in ([], ["-n2"]):
        run = suite.run(
            "-k", "not deselected", "--continue-on-collection-errors", *more, plugins=["xdist.plugin"], with_ours=False
        )
        assert (run.code, run.collected) == (1, 7)
        assert run.outcomes == {
            "test_broken.py": "error",
            **{f"test_it.py::test_{name}": name for name in ("passed", "failed", "skipped", "error")},
            "test_it.py::test_error_after": "error",
            "test_it.py::test_xfailed": "xfailed",
            "test_it.py::test_xpassed": "xpassed",
        }
        assert run.counts == {"error": 3, "failed": 1, "passed": 1, "skipped": 1, "xfailed": 1, "xpassed": 1}
        assert run.reasons["test_it.py::test_skipped"] == "why not"
        assert run.reasons["test_it.py::test_xfailed"] == "known"
        assert "fixture 'nothing_of_that_name' not found" in run.reasons["test_it.py::test_error"]
        assert "ZeroDivisionError" in run.reasons["test_broken.py"]
        assert "test_it.py::test_passed" not in run.reasons


def test_a_section_is_found(suite: Suite) -> None:
    """From its heading to the next, and nothing when it is not there."""
    suite.write({"conftest.py": A_SECTION, "test_a.py": ""})
    run = suite.run(with_ours=False)
    assert (run.code, run.summary, run.section("other")) == (5, ["a", "b"], [])


AN_ACCOUNT = """
import os, sys, tempfile

def pytest_unconfigure():
    print(os.getcwd(), sys.argv, sys.path, sorted(os.environ.items()), sys.stdin.read(), sys.flags, sys.warnoptions)
    print(tempfile.gettempdir(), sys.stdout.encoding, file=sys.stderr)
    sys.exit(7)
"""


def test_a_run_is_as_if_started_anew(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder, arguments, path, environment, streams and exit code are those of a process that nobody forked."""
    suite.write({"conftest.py": AN_ACCOUNT, "elsewhere/empty": ""})
    env = {"TMPDIR": str(suite.folder / "elsewhere"), "MORE": "ü"}
    forked = suite.run("-qs", env=env)
    monkeypatch.delattr(os, "fork", raising=False)
    anew = suite.run("-qs", env=env)
    assert (forked.code, forked.out.splitlines()[2:], forked.err) == (anew.code, anew.out.splitlines()[2:], anew.err)
    assert (anew.code, "'MORE', 'ü'" in anew.out, str(suite.folder / "elsewhere") in anew.err) == (7, True, True)


def test_a_run_that_does_not_end(suite: Suite) -> None:
    """It is killed after its time, and the next begins as if nothing had been."""
    suite.write({"test_it.py": "import time\ndef test_it(): time.sleep(60)\n"})
    with pytest.raises(subprocess.TimeoutExpired):
        suite.run(timeout=0.5)
    assert suite.run("--collect-only").collected == 1
