"""What a run was told holds for everybody who asks in it, whatever its tests do, and is told in the user's words."""

from __future__ import annotations

from tests.plugin.conftest import Suite

DOWN = """
import pytest
from ssot_shims import capabilities
capabilities.register("engine", lambda: (False, "it is down"), service=True)
"""
ENVIRONMENT = '[[tool.ssot_shims.environments]]\nname = "{}"\nrequires = [{}]\n'


def test_a_test_that_clears_the_environment_clears_no_requirement(suite: Suite) -> None:
    """A marker, a decorator and an environment fail alike, and are told as one reason."""
    tests = """
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
    pyproject = ENVIRONMENT.format("engine", '"engine"')
    suite.write({"conftest.py": DOWN, "test_it.py": tests, "pyproject.toml": pyproject})
    run = suite.run("--ssot-require=engine")
    assert (run.code, run.collected, run.counts) == (1, 3, {"error": 2, "failed": 1})
    assert run.summary == ["ERROR engine: 3 tests; required by --ssot-require; unavailable: it is down"]


def test_a_plugin_that_a_conftest_loads(suite: Suite) -> None:
    """What the user has said holds from then on: options, ini keys, variables and pyproject.toml."""
    tests = "import pytest\n@pytest.mark.requires_capability('docker', 'engine', 'env:PATH')\ndef test_it(): pass\n"
    files = {"conftest.py": "pytest_plugins = ['ssot_shims.pytest_plugin']\n", "test_it.py": tests}
    ini = "[tool.ssot_shims.capabilities]\nengine = 'env:NO'\n[tool.pytest.ini_options]\nssot_report = 'out.md'\n"
    suite.write({**files, "pyproject.toml": ini})
    run = suite.run("--ssot-require=engine", env={"SSOT_SHIMS_REQUIRE": "docker"}, with_ours=False)
    assert (run.code, run.counts, run.told) == (1, {"error": 1}, ["ERROR docker: 1 test", "ERROR engine: 1 test"])
    assert (suite.folder / "out.md").exists()
    assert suite.run(env={"SSOT_SHIMS_TIMEOUT": "soon"}, with_ours=False).code == 4


def test_markers_reach_every_kind_of_item(suite: Suite) -> None:
    """Items without a line in a file are skipped like others, and markers may be added in any way that pytest knows."""
    conftest = """
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
    assert run.told == ["SKIPPED engine: 2 tests"]


def test_a_test_elsewhere_chooses_among_the_environments_of_its_run(suite: Suite) -> None:
    """choose_environment() is the same in Python as the fixture, wherever the test has gone."""
    test = """
from ssot_shims import choose_environment
def test_elsewhere(ssot_environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert choose_environment().name == ssot_environment.name == "here"
"""
    suite.write({"test_it.py": test, "pyproject.toml": ENVIRONMENT.format("here", "")})
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
    environments = ENVIRONMENT.format("first", '"engine"') + ENVIRONMENT.format("last", "")
    pyproject = '[tool.ssot_shims.capabilities]\nengine = "python:probe:engine_later"\n' + environments
    suite.write({"probe.py": probe, "test_it.py": test, "pyproject.toml": pyproject})
    run = suite.run("-n2")
    assert (run.code, run.counts) == (0, {"passed": 4})
