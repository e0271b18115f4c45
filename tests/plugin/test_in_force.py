"""What a run was told holds for everybody who asks in it, whatever its tests do, and is told in the user's words."""

from __future__ import annotations

import subprocess
import sys

from tests.plugin.conftest import ROOT, Suite

EVERY_WAY_TO_ASK = """
import os, unittest
from unittest import mock
import pytest
from ssot_shims import skip_unless_available

@pytest.mark.requires_capability("engine")
def test_marker(): pass

class TestMethod(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.dict(os.environ, {"APP": "test"}, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    @skip_unless_available("engine")
    def test_method(self): pass

def test_environment(ssot_environment): pass
"""
DOWN = """
from ssot_shims import capabilities
capabilities.register("engine", lambda: (False, "it is down"), service=True)
"""
ENVIRONMENT = """
[[tool.ssot_shims.environments]]
name = "engine"
requires = ["engine"]
"""


def test_a_test_that_clears_the_environment_clears_no_requirement(suite: Suite) -> None:
    """A marker, a decorator and an environment fail alike, and are told as one reason."""
    suite.write({"conftest.py": DOWN, "test_it.py": EVERY_WAY_TO_ASK, "pyproject.toml": ENVIRONMENT})
    run = suite.run("--ssot-require=engine")
    assert (run.code, run.collected, run.counts) == (1, 3, {"error": 2, "failed": 1})
    assert run.summary == ["ERROR engine: 3 tests; required by --ssot-require; unavailable: it is down"]


def test_the_cure_is_what_the_user_wrote(suite: Suite) -> None:
    """Whoever wrote an option is told to leave it out, wherever the answer is asked for."""
    test = EVERY_WAY_TO_ASK.replace("clear=True", "clear=False")
    suite.write({"conftest.py": DOWN, "test_it.py": test, "pyproject.toml": ENVIRONMENT})
    run = suite.run("--ssot-no-services")
    why = "forced: SSOT_SHIMS_NO_SERVICES turns every service off; to ask the machine: leave out --ssot-no-services"
    assert (run.code, run.collected, run.counts) == (0, 3, {"skipped": 3})
    assert run.summary == [f"SKIPPED engine: 3 tests; unavailable: {why}"]


def test_unittest_alone_remembers_what_was_required_at_import(suite: Suite) -> None:
    """A test that clears the environment fails under the runner of unittest as well."""
    folder = suite.write({"down.py": DOWN, "test_it.py": "import down\n" + EVERY_WAY_TO_ASK})
    env = {"PYTHONPATH": str(ROOT), "SSOT_SHIMS_REQUIRE": "engine"}
    command = [sys.executable, "-m", "unittest", "test_it"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "FAILED (errors=1)")
    error = "ssot_shims.errors.CapabilityMissing: "
    (reason,) = [line.removeprefix(error) for line in done.stderr.splitlines() if line.startswith(error)]
    assert reason == "engine: required by SSOT_SHIMS_REQUIRE; unavailable: it is down"


def test_a_misspelled_environment(suite: Suite) -> None:
    """Who named it is told, and the file that knows others."""
    root = suite.write({"test_it.py": "def test(): pass\n", "pyproject.toml": ENVIRONMENT})
    told = f"'engin'; expected an environment in {root}/pyproject.toml, which has engine; close: engine"
    run = suite.run("--ssot-environment=engin")
    assert (run.code, run.err.splitlines()[0]) == (4, f"ERROR: --ssot-environment is {told}")
    run = suite.run(env={"SSOT_SHIMS_ENVIRONMENT": "engin"})
    assert (run.code, run.err.splitlines()[0]) == (4, f"ERROR: SSOT_SHIMS_ENVIRONMENT is {told}")


def test_markers_reach_every_kind_of_item(suite: Suite) -> None:
    """Items without a line in a file are skipped like others, and markers may be added in any way that pytest knows."""
    conftest = """
import pytest

def pytest_collect_file(parent, file_path):
    return File.from_parent(parent, path=file_path) if file_path.suffix == ".yaml" else None

class File(pytest.File):
    def collect(self):
        item = Item.from_parent(self, name="item")
        item.add_marker(pytest.mark.requires_capability("engine"))
        yield item

class Item(pytest.Item):
    def runtest(self): raise AssertionError

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "test_appended":
            item.own_markers.append(pytest.mark.requires_capability("engine").mark)
"""
    suite.write({"conftest.py": DOWN + conftest, "a.yaml": "", "test_it.py": "def test_appended(): assert False\n"})
    run = suite.run()
    assert (run.code, run.outcomes) == (0, {"a.yaml::item": "skipped", "test_it.py::test_appended": "skipped"})
    assert run.summary == ["SKIPPED engine: 2 tests; unavailable: it is down"]


def test_a_test_elsewhere_chooses_among_the_environments_of_its_run(suite: Suite) -> None:
    """choose_environment() is the same in Python as the fixture, wherever the test has gone."""
    test = """
from ssot_shims import choose_environment

def test_elsewhere(ssot_environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert choose_environment().name == ssot_environment.name == "here"
"""
    suite.write({"test_it.py": test, "pyproject.toml": '[[tool.ssot_shims.environments]]\nname = "here"\n'})
    assert suite.run().outcomes == {"test_it.py::test_elsewhere": "passed"}


def test_all_workers_use_one_environment(suite: Suite) -> None:
    """A worker that finds out more than the first one goes where the first one went."""
    probe = """
import os
def engine():  # the first asker is told no in a way that nobody shares
    os.mkdir("asked")
    raise RuntimeError("busy")
def engine_later():
    try: engine()
    except FileExistsError: return True
"""
    test = """
import os, pathlib, time, pytest

@pytest.mark.parametrize("number", range(4))
def test_it(request, number):
    while os.environ["PYTEST_XDIST_WORKER"] == "gw1" and not pathlib.Path("chosen").exists():
        time.sleep(0.01)
    name = request.getfixturevalue("ssot_environment").name
    pathlib.Path("chosen").touch()
    assert name == "last"
"""
    pyproject = """
[tool.ssot_shims.capabilities]
engine = "python:probe:engine_later"
[[tool.ssot_shims.environments]]
name = "first"
requires = ["engine"]
[[tool.ssot_shims.environments]]
name = "last"
"""
    suite.write({"probe.py": probe, "test_it.py": test, "pyproject.toml": pyproject})
    run = suite.run("-n2", plugins=["xdist.plugin"])
    assert (run.code, run.counts) == (0, {"passed": 4})
