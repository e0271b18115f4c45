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
from unittest import TestCase

import pytest

from ssot_shims import CapabilityMissing, capabilities, skip_unless_available
from ssot_shims.errors import InvalidDeclaration, InvalidSetting

ROOT = Path(__file__).parents[2]
SUITE = '''
import asyncio
import unittest
from ssot_shims import capabilities, skip_unless_available

asked = []

@capabilities.register("here")
def here():
    asked.append(1)

@capabilities.register("gone")
def gone():
    return False, "nobody is there; call somebody"

@capabilities.register("buggy")
def buggy():
    raise OSError("a bug")

assert not asked  # nothing is asked while a module is imported


class Methods(unittest.TestCase):
    @skip_unless_available("here")
    def test_runs(self):
        """Sentences of a test stay."""
        assert asked == [1], asked

    @skip_unless_available("here", "gone", "upstream:RetryPolicy")
    def test_skips(self):
        raise AssertionError

    @skip_unless_available("gone", "buggy")
    def test_breakage_wins(self):
        raise AssertionError

    @skip_unless_available("heer")
    def test_unknown(self):
        raise AssertionError

    @skip_unless_available("must")
    def test_required(self):
        raise AssertionError

    @skip_unless_available("here")
    def test_fails(self):
        self.fail("by itself")


class SetUp(unittest.TestCase):
    @skip_unless_available("gone")
    def setUp(self):
        raise AssertionError

    def test_skips(self):
        raise AssertionError


class Async(unittest.IsolatedAsyncioTestCase):
    @skip_unless_available("here")
    async def test_runs(self):
        await asyncio.sleep(0)
        self.ran = True

    @skip_unless_available("gone")
    async def test_skips(self):
        raise AssertionError

    async def asyncTearDown(self):
        assert hasattr(self, "ran") == (self._testMethodName == "test_runs")


@skip_unless_available("gone")
class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise AssertionError

    def test_a(self):
        raise AssertionError

    def test_b(self):
        raise AssertionError


class Child(Whole):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise AssertionError


class GrandChild(Child):
    def test_c(self):
        raise AssertionError


@skip_unless_available("buggy")
class Broken(unittest.TestCase):
    def test_a(self):
        raise AssertionError


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.order = ["base"]


@skip_unless_available("here")
class Runs(Base):
    def test_a(self):
        assert self.order == ["base"]


class RunsChild(Runs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order.append("child")

    def test_a(self):
        assert self.order == ["base", "child"]


class ExpectedFailures(unittest.TestCase):
    @unittest.expectedFailure
    @skip_unless_available("buggy")
    def test_breakage(self):
        raise AssertionError

    @skip_unless_available("must")
    @unittest.expectedFailure
    def test_required(self):
        raise AssertionError

    @unittest.expectedFailure
    @skip_unless_available("gone")
    def test_skips(self):
        raise AssertionError

    @unittest.expectedFailure
    @skip_unless_available("here")
    def test_fails(self):
        raise AssertionError

'''
FOR_PYTEST = """
import pytest

@skip_unless_available("here")
def test_function_runs(tmp_path):
    assert tmp_path.exists()

@skip_unless_available("gone")
def test_function_skips(tmp_path):
    raise AssertionError

@skip_unless_available("here")
@pytest.mark.parametrize("n", [1, 2])
def test_function_with_parameters(n):
    assert n
"""
GONE = "gone: unavailable: nobody is there; call somebody"
ABSENT = (
    "upstream:RetryPolicy: absent: no package 'netra_backend' is installed here; "
    "to use the real one, install it, or set PYTHONPATH=<the folder that holds netra_backend>"
)
OUTCOMES = {
    "Methods.test_runs": "ok",
    "Methods.test_skips": f"skipped {f'{GONE}; {ABSENT}'!r}",
    "Methods.test_breakage_wins": "ERROR",
    "Methods.test_unknown": "ERROR",
    "Methods.test_required": "ERROR",
    "Methods.test_fails": "FAIL",
    "SetUp.test_skips": f"skipped {GONE!r}",
    "Async.test_runs": "ok",
    "Async.test_skips": f"skipped {GONE!r}",
    "Whole.setUpClass": f"skipped {GONE!r}",
    "Child.setUpClass": f"skipped {GONE!r}",
    "GrandChild.setUpClass": f"skipped {GONE!r}",
    "Broken.setUpClass": "ERROR",
    "Runs.test_a": "ok",
    "RunsChild.test_a": "ok",
    "ExpectedFailures.test_breakage": "ERROR",
    "ExpectedFailures.test_required": "ERROR",
    "ExpectedFailures.test_skips": f"skipped {GONE!r}",
    "ExpectedFailures.test_fails": "expected failure",
}


def run(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and everything printed by a run in *folder*, where ``must`` is required."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("SSOT_SHIMS_", "PYTEST_"))}
    env.update(PYTHONPATH=str(ROOT), SSOT_SHIMS_REQUIRE="must", SSOT_SHIMS_HAS_MUST="1", NO_COLOR="1")
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout


MUST = '\n@capabilities.register("must")\ndef must():\n    return True\n'


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with the suite above."""
    (tmp_path / "test_suite.py").write_text(SUITE + MUST)
    return tmp_path


def test_a_run_of_unittest(suite: Path) -> None:
    """Each outcome, all counts, and errors without a line of ours."""
    code, out = run(suite, "-m", "unittest", "-v")
    found = re.findall(r"^(\w+) \(test_suite\.(\w+)(?:\.\w+)?\)(?:\n[^\n]+?)? \.\.\. (.+)$", out, re.MULTILINE)
    assert {f"{cls}.{name}": outcome for name, cls, outcome in found} == OUTCOMES
    assert out.splitlines()[-1] == "FAILED (failures=1, errors=6, skipped=7, expected failures=1)"
    assert re.search(r"^Ran 15 tests in ", out, re.MULTILINE)
    assert code == 1
    assert "ssot_shims/_" not in out
    errors = dict(re.findall(r"^ERROR: (\w+) .*\n-+\n(.*)\n", out, re.MULTILINE))
    missing = "ssot_shims.errors.CapabilityMissing: "
    bug = (
        f"buggy: failed: its probe raised OSError: a bug at {suite}/test_suite.py:18; "
        "to answer without it: SSOT_SHIMS_HAS_BUGGY=0"
    )
    assert errors["test_breakage_wins"] == f"{missing}{GONE}; {bug}"
    assert errors["setUpClass"] == missing + bug
    assert errors["test_required"] == (
        f"{missing}must: required by SSOT_SHIMS_REQUIRE; available: forced: SSOT_SHIMS_HAS_MUST says yes; "
        "to ask the machine: unset SSOT_SHIMS_HAS_MUST"
    )
    assert errors["test_unknown"].startswith(f"{missing}heer: unknown: no capability 'heer'; close: here; known: ")


def test_a_run_of_pytest(suite: Path) -> None:
    """The same outcomes, plain functions with fixtures and parameters too; the tests of a class count one by one."""
    with (suite / "test_suite.py").open("a") as file:
        file.write(FOR_PYTEST)
    code, out = run(suite, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=no", "--no-header")
    found = dict(re.findall(r"^test_suite\.py::(\S+) (PASSED|SKIPPED|FAILED|ERROR|XFAIL)", out, re.MULTILINE))
    words = {"ok": "PASSED", "ERROR": "FAILED", "FAIL": "FAILED", "expected failure": "XFAIL"}
    expected = {
        name.replace(".", "::"): words.get(outcome, "SKIPPED")
        for name, outcome in OUTCOMES.items()
        if "setUpClass" not in name
    }
    classes = {"Whole": "ab", "Child": "ab", "GrandChild": "abc"}
    expected.update({f"{name}::test_{test}": "SKIPPED" for name, tests in classes.items() for test in tests})
    expected["Broken::test_a"] = "ERROR"
    expected |= {
        "test_function_runs": "PASSED",
        "test_function_skips": "SKIPPED",
        "test_function_with_parameters[1]": "PASSED",
        "test_function_with_parameters[2]": "PASSED",
    }
    assert found == expected
    assert code == 1
    assert re.search(r"= 6 failed, 7 passed, 12 skipped, 1 xfailed, 1 error in ", out)


IN_TROUBLE = """
import unittest
from ssot_shims import capabilities, skip_unless_available

@capabilities.register("buggy")
def buggy():
    raise OSError("a bug")

class Methods(unittest.IsolatedAsyncioTestCase):
    @skip_unless_available("buggy")
    def test_plain(self): ...

    @skip_unless_available("buggy")
    async def test_async(self): ...

@skip_unless_available("buggy")
class Whole(unittest.TestCase):
    def test_a(self): ...

class Child(Whole):
    def test_b(self): ...

@skip_unless_available("buggy")
def test_function(): ...

@skip_unless_available("buggy")
async def test_async_function(): ...
"""
RUNS_ASYNC_FUNCTIONS = """
import asyncio, inspect

def pytest_pyfunc_call(pyfuncitem):
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        return asyncio.run(pyfuncitem.obj()) is None
"""


def test_pytest_shows_no_line_of_ours(tmp_path: Path) -> None:
    """Whatever was decorated: a traceback holds frames of the suite and of its runners."""
    (tmp_path / "test_trouble.py").write_text(IN_TROUBLE + MUST)
    (tmp_path / "conftest.py").write_text(RUNS_ASYNC_FUNCTIONS)
    code, out = run(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "--no-header")
    assert code == 1
    assert out.count("\nE   ssot_shims.errors.CapabilityMissing: buggy: failed: its probe raised OSError: a bug") == 7
    assert "ssot_shims/_" not in out


# --- the decorator itself


@pytest.fixture(autouse=True)
def on_a_known_machine() -> None:
    """One that is here and one that is not."""
    capabilities.register("here", lambda: True)
    capabilities.register("gone", lambda: (False, "nobody is there; call somebody"))


def test_a_function_stays_what_it_was() -> None:
    """Name, docstring, signature, result; and a coroutine function is one."""

    @skip_unless_available("here")
    def connect(host: str, *, port: int = 80) -> str:
        """Where to."""
        return f"{host}:{port}"

    @skip_unless_available("here")
    async def connect_later(host: str) -> str:
        return await asyncio.sleep(0, host)

    assert connect("h", port=1) == "h:1"
    assert (connect.__name__, connect.__doc__, connect.__module__) == ("connect", "Where to.", __name__)
    assert list(inspect.signature(connect).parameters) == ["host", "port"]
    assert inspect.iscoroutinefunction(connect_later)
    assert not inspect.iscoroutinefunction(connect)
    assert asyncio.run(connect_later("h")) == "h"


def test_a_helper_stops_the_test_that_calls_it() -> None:
    """It is no test method: the error is raised at once, and nothing behind it runs."""
    capabilities.register("buggy", lambda: 1 / 0)

    class Helped(TestCase):
        @skip_unless_available("buggy", "upstream:Nobody")
        def connect(self) -> None: ...

        def test_helped(self) -> None:
            self.connect()
            raise AssertionError

    with pytest.raises(CapabilityMissing, match="^buggy: failed: its probe raised ZeroDivisionError"):
        Helped("test_helped").debug()


def test_an_expected_failure_is_no_excuse() -> None:
    """One error, of the test itself; where nothing stands in the way the test passes, which nobody expected."""
    capabilities.register("buggy", lambda: 1 / 0)

    class Plain(TestCase):
        @unittest.expectedFailure
        @skip_unless_available("here", "buggy")
        def test(self) -> None: ...

    class Async(unittest.IsolatedAsyncioTestCase):
        @skip_unless_available("buggy")
        @unittest.expectedFailure
        async def test(self) -> None: ...

    for kind in (Plain, Async):
        broken, fine = unittest.TestResult(), unittest.TestResult()
        kind("test").run(broken)
        with capabilities.override(buggy=True):
            kind("test").run(fine)
        ((_, error),) = broken.errors
        assert "CapabilityMissing: buggy: failed: its probe raised ZeroDivisionError" in error
        assert (broken.expectedFailures, broken.skipped, broken.unexpectedSuccesses) == ([], [], [])
        assert (fine.errors, len(fine.unexpectedSuccesses)) == ([], 1)


def test_the_setup_of_a_class_runs_where_its_needs_are_met() -> None:
    """Its own, else that of its base."""
    steps: list[str] = []

    class Above(TestCase):
        @classmethod
        def setUpClass(cls) -> None:
            steps.append(cls.__name__)

    @skip_unless_available("here")
    class Below(Above): ...

    @skip_unless_available("here")
    class Own(Above):
        @classmethod
        def setUpClass(cls) -> None:
            super().setUpClass()
            steps.append("own")

    Below.setUpClass()
    Own.setUpClass()
    assert steps == ["Below", "Own", "own"]


def test_an_error_carries_each_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, as require() does."""
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "gone")

    @skip_unless_available("gone", "here")
    def test() -> None: ...

    with pytest.raises(CapabilityMissing) as caught:
        test()
    assert str(caught.value) == f"gone: required by SSOT_SHIMS_REQUIRE; {GONE.removeprefix('gone: ')}"
    assert caught.value.hints == {"gone": ""}
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "a b")
    with pytest.raises(InvalidSetting):
        test()


WITH_NAMES = "write it with what is needed: @skip_unless_available('docker')"


def a_generator() -> object:
    yield


async def an_async_generator() -> object:  # type: ignore[misc]
    yield


class NoTestCase: ...


@pytest.mark.parametrize("names", [(), (a_generator,), (NoTestCase,)])
def test_a_decorator_without_names_is_an_error(names: tuple[str, ...]) -> None:
    """The parentheses that were forgotten, above all."""
    with pytest.raises(InvalidDeclaration) as caught:
        skip_unless_available(*names)
    assert str(caught.value) == f"@skip_unless_available stands without names; {WITH_NAMES}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (3, "3 is no name for a capability; a name is a string such as 'docker'"),
        (["docker"], "['docker'] is no name for a capability; a name is a string such as 'docker'"),
        (
            "Docker",
            "'Docker' is no name for a capability; use lower-case letters, digits and _, beginning with a letter",
        ),
    ],
)
def test_what_is_no_name_is_an_error(name: str, message: str) -> None:
    """When the decorator is made, not when the test runs."""
    with pytest.raises(InvalidDeclaration) as caught:
        skip_unless_available("here", name)
    assert str(caught.value) == message


@pytest.mark.parametrize("thing", [NoTestCase, classmethod(len), staticmethod(len), 7, a_generator, an_async_generator])
def test_what_cannot_be_decorated_is_an_error(thing: object) -> None:
    """It would be skipped never, or always."""
    with pytest.raises(InvalidDeclaration) as caught:
        skip_unless_available("here")(thing)  # type: ignore[type-var]  # what a type checker refuses as well
    assert str(caught.value) == (
        f"@skip_unless_available is put on {thing!r}; put it on a test function or method, "
        "below @staticmethod and @classmethod, or on a unittest.TestCase"
    )
