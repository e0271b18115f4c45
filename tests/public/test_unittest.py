"""``@skip_unless_available``, in real runs of unittest and of pytest."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import pytest

from ssot_shims import CapabilityMissing, capabilities, import_or_skip, require, skip_unless_available
from ssot_shims.errors import InvalidDeclaration, InvalidSetting
from tests.conftest import Write

ROOT = Path(__file__).parents[2]
SUITE = '''
import asyncio
from unittest import TestCase, IsolatedAsyncioTestCase, expectedFailure
from ssot_shims import capabilities, import_or_skip, require, skip_unless_available

asked = []
@capabilities.register("here")
def here():
    asked.append(1)
@capabilities.register("gone")
def gone():
    return False, "nobody is there; call somebody"
def fail(): raise OSError("a bug")
@capabilities.register("buggy")
def buggy(): fail()
@capabilities.register("must")
def must(): return True

assert not asked  # nothing is asked while a module is imported
here, gone, buggy, must = map(skip_unless_available, ("here", "gone", "buggy", "must"))

class Methods(TestCase):
    @here
    def test_runs(self):
        """Sentences of a test stay."""
        assert asked == [1], asked
    @skip_unless_available("here", "gone", "upstream:RetryPolicy")
    def test_skips(self): never
    @skip_unless_available("gone", "buggy")
    def test_errs_for_breakage(self): never
    @skip_unless_available("heer")
    def test_errs_for_an_unknown_name(self): never
    @must
    def test_errs_for_what_is_required(self): never
    @here
    def test_fails(self): self.fail("by itself")

class SetUp(TestCase):
    @gone
    def setUp(self): never
    def test_skips(self): never

class Helped(TestCase):
    @skip_unless_available("buggy", "upstream:Nobody")
    def connect(self): never
    def test_errs_in_a_helper(self): self.connect(); self.fail("goes on")

class Async(IsolatedAsyncioTestCase):
    @here
    async def test_runs(self): self.ran = await asyncio.sleep(0, True)
    @gone
    async def test_skips(self): never
    @buggy
    async def test_errs(self): never
    @buggy
    @expectedFailure
    async def test_errs_all_the_same(self): never
    async def asyncTearDown(self):
        assert hasattr(self, "ran") == (self._testMethodName == "test_runs")

@gone
class Skipped(TestCase):
    @classmethod
    def setUpClass(cls): never
    def test_skips(self): never
    def test_skips_too(self): never
class SkippedChild(Skipped):
    @classmethod
    def setUpClass(cls): super().setUpClass(); never
class SkippedGrandChild(SkippedChild):
    def test_skips_as_well(self): never

@buggy
class Broken(TestCase):
    def test_breaks(self): never

class Base(TestCase):
    @classmethod
    def setUpClass(cls): cls.order = ["base"]
@here
class Runs(Base):
    def test_runs(self): assert self.order == ["base"]
@here
class Own(Runs):
    @classmethod
    def setUpClass(cls): super().setUpClass(); cls.order.append("own")
    def test_runs(self): assert self.order == ["base", "own"]

class ExpectedFailures(TestCase):
    @expectedFailure
    @buggy
    def test_errs(self): never
    @must
    @expectedFailure
    def test_errs_for_what_is_required(self): never
    @expectedFailure
    def test_errs_in_the_test(self): require("here", "buggy")
    @expectedFailure
    def test_errs_for_what_is_imported(self): import_or_skip("json:Moved")
    @expectedFailure
    @gone
    def test_skips(self): never
    @expectedFailure
    @here
    def test_expects(self): self.fail("as expected")
    @expectedFailure
    @here
    def test_surprises(self): pass
'''
FOR_PYTEST = """
import pytest

@here
def test_runs(tmp_path): assert tmp_path.exists()
@gone
def test_skips(tmp_path): never
@buggy
def test_errs(tmp_path): never
@buggy
async def test_errs_async(): never
@here
@pytest.mark.parametrize("n", [1, 2])
def test_runs_with_parameters(n): assert n
"""
RUNS_ASYNC_FUNCTIONS = """
import asyncio, inspect

def pytest_pyfunc_call(pyfuncitem):
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        return asyncio.run(pyfuncitem.obj()) is None
"""
GONE = "gone: unavailable: nobody is there; call somebody"
# What unittest and pytest say of a test, by the first word of its name.
OUTCOMES = {
    "runs": ("ok", "PASSED"),
    "skips": ("skipped ", "SKIPPED"),
    "errs": ("ERROR", "FAILED"),
    "breaks": ("ERROR", "ERROR"),
    "fails": ("FAIL", "FAILED"),
    "expects": ("expected failure", "XFAIL"),
    "surprises": ("unexpected success", "FAILED"),
}


def run(folder: Path, source: str, *words: str) -> tuple[int, str]:
    """Exit code and everything printed by a run of *source* in *folder*, where ``must`` is required."""
    (folder / "test_suite.py").write_text(source)
    env = {name: text for name, text in os.environ.items() if not name.startswith(("SSOT_SHIMS_", "PYTEST_"))}
    env.update(PYTHONPATH=str(ROOT), SSOT_SHIMS_REQUIRE="must", SSOT_SHIMS_HAS_MUST="1", NO_COLOR="1")
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=folder, env=env, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    # Async tests run in asyncio's debug mode, which tells of each step that a busy machine has made slow.
    return done.returncode, re.sub(r"(WARNING.*)?Executing <.* took \d.* seconds\n", "", done.stdout)


def test_a_run_of_unittest(tmp_path: Path) -> None:
    """Each outcome, all counts, and errors without a line of ours; an expected failure is no excuse for a breakage."""
    code, out = run(tmp_path, SUITE, "-m", "unittest", "-v")
    found = re.findall(r"^(\w+) \(test_suite\.(\w+)(?:\.\w+)?\)(?:\n[^\n]+?)? \.\.\. (.+)$", out, re.M)
    for name, cls, outcome in found:
        word = name.split("_")[1] if name != "setUpClass" else "breaks" if cls == "Broken" else "skips"  # of a class
        assert outcome.startswith(OUTCOMES[word][0]), name
    counts = "failures=1, errors=11, skipped=7, expected failures=1, unexpected successes=1"
    assert (code, len(found), out.splitlines()[-1]) == (1, 25, f"FAILED ({counts})")
    assert re.search(r"^Ran 21 tests in ", out, re.M)
    assert out.count(f"skipped {GONE!r}") == 6
    assert f"skipped \"{GONE}; upstream:RetryPolicy: absent: no package 'netra_backend' is installed here; " in out
    # Python leaves out frames at the beginning only, and none of async tests.
    inner = r"test_suite\.(Async|Helped)|test_errs_in_the_test|is_imported"
    told = [one for one in re.split("^=+$", out, flags=re.M) if not re.search(inner, one)]
    assert "ssot_shims/_" not in "".join(told[1:])
    errors = dict(re.findall(r"^ERROR: (\w+) .*\n-+\n(.*)\n", out, re.M))
    missing = "ssot_shims.errors.CapabilityMissing: "
    bug = f"buggy: failed: its probe raised OSError: a bug at {tmp_path}/test_suite.py:13; to answer "
    required = "must: required by SSOT_SHIMS_REQUIRE; available: forced: "
    assert errors["test_errs_for_breakage"].startswith(f"{missing}{GONE}; {bug}")
    assert errors["setUpClass"].startswith(missing + bug)
    assert errors["test_errs_for_what_is_required"].startswith(missing + required)
    assert errors["test_errs_for_an_unknown_name"].startswith(f"{missing}heer: unknown: no capability 'heer'; close: ")


def test_a_run_of_pytest(tmp_path: Path) -> None:
    """The same outcomes and no line of ours, for functions with fixtures and parameters, plain and async, too."""
    (tmp_path / "conftest.py").write_text(RUNS_ASYNC_FUNCTIONS)
    words = ("-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short", "--no-header")
    code, out = run(tmp_path, SUITE + FOR_PYTEST, *words)
    found = re.findall(r"^test_suite\.py::(?:\w+::)?test_([a-z]+)\S* (PASSED|SKIPPED|FAILED|ERROR|XFAIL)", out, re.M)
    assert [outcome for _, outcome in found] == [OUTCOMES[word][1] for word, _ in found]
    assert code == 1
    assert re.search(r"= 14 failed, 7 passed, 12 skipped, 1 xfailed, 1 error in ", out)
    assert out.count("\nE   ssot_shims.errors.CapabilityMissing: buggy: failed: its probe raised OSError: a bug") == 8
    assert "ssot_shims/_" not in out


def test_a_run_inside_this_process(write: Write, monkeypatch: pytest.MonkeyPatch, fresh_shims: None) -> None:
    """The same counts, for whoever loads the tests and runs them by hand."""
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "must")
    monkeypatch.setenv("SSOT_SHIMS_HAS_MUST", "1")
    write({"suite_by_hand.py": SUITE})
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromName("suite_by_hand").run(result)
    assert (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)) == (21, 1, 11, 7)
    assert (len(result.expectedFailures), len(result.unexpectedSuccesses)) == (1, 1)


def test_a_function_stays_what_it_was() -> None:
    """Name, docstring, signature, result; and a coroutine function is one."""
    capabilities.register("here", lambda: True)

    @skip_unless_available("here")
    def connect(host: str, *, port: int = 80) -> str:
        """Where to."""
        return f"{host}:{port}"

    assert connect("h", port=1) == "h:1"
    assert (connect.__name__, connect.__doc__, connect.__module__) == ("connect", "Where to.", __name__)
    assert list(inspect.signature(connect).parameters) == ["host", "port"]
    later = skip_unless_available("here")(asyncio.sleep)
    assert [inspect.iscoroutinefunction(one) for one in (connect, later)] == [False, True]
    assert asyncio.run(later(0, "h")) == "h"


def test_an_error_carries_each_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, as require() does; a requirement that does not read is an error of its own."""
    capabilities.register("here", lambda: True)
    capabilities.register("gone", lambda: (False, "nobody is there; call somebody"))
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "gone")
    test = skip_unless_available("gone", "here")(lambda: None)
    monkeypatch.delenv("SSOT_SHIMS_REQUIRE")  # as a test does that clears the environment
    with pytest.raises(CapabilityMissing) as caught:
        test()
    assert str(caught.value) == f"gone: required by SSOT_SHIMS_REQUIRE; {GONE.removeprefix('gone: ')}"
    assert caught.value.hints == {"gone": ""}
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "a b")
    with pytest.raises(InvalidSetting):
        test()


def test_require_in_a_handler_keeps_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads why nothing connected sees that failure too; an import that raised is the cause."""
    try:
        raise ConnectionError
    except ConnectionError:
        with pytest.raises(CapabilityMissing) as caught:
            require("module:not_here")
    assert (type(caught.value.__context__), caught.value.__suppress_context__) == (ConnectionError, False)
    (tmp_path / "raises.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CapabilityMissing) as caught:
        import_or_skip("raises")
    assert caught.value.__cause__


def a_generator() -> object:
    yield


async def an_async_generator() -> object:
    yield


BARE = "@skip_unless_available is given no names; write it with what is needed: @skip_unless_available('docker')"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), BARE),
        ((a_generator,), BARE),
        ((object,), BARE),
        (("env:HOME", 3), "3 is not a valid capability name; use lower-case letters"),
        (("env:HOME", ["docker"]), "['docker'] is not a valid capability name; use lower-case letters"),
        (("env:HOME", "Docker"), "'Docker' is not a valid capability name; use lower-case letters, "),
    ],
)
def test_what_is_no_name_is_an_error(names: tuple[str, ...], told: str) -> None:
    """When the decorator is made, not when the test runs; the parentheses that were forgotten, above all."""
    with pytest.raises(InvalidDeclaration) as caught:
        skip_unless_available(*names)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("thing", [object, classmethod(len), staticmethod(len), 7, a_generator, an_async_generator])
def test_what_cannot_be_decorated_is_an_error(thing: object) -> None:
    """It would be skipped never, or always."""
    with pytest.raises(InvalidDeclaration) as caught:
        skip_unless_available("env:HOME")(thing)
    assert str(caught.value).startswith(
        f"@skip_unless_available is put on {thing!r}; put it on a test function or method, below @staticmethod"
    )
