"""What the user has said is in force before the first conftest.py is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite

PROJECT = """
[tool.ssot_shims]
modules = ["acme_tests.shims"]
[tool.ssot_shims.capabilities]
backend = "env:PATH"
by_module = "python:acme_tests.shims:probe"
"""
CONFTEST = """
import sys
import pytest
from ssot_shims import HeartbeatConfig, capabilities, is_available, shim_of

TOLD = {
    "no services": is_available("docker") or capabilities.check("docker").source,
    "the table": (is_available("backend"), capabilities["backend"].level),
    "the placeholder": shim_of(HeartbeatConfig).state,
    "the modules": "acme_tests.shims" in sys.modules,  # not yet: paths and rewriting come from conftests
}

@pytest.fixture
def told(): return TOLD
"""
NESTED = """
from ssot_shims import capabilities
capabilities.register("of_nested", lambda: True)
"""
TEST_NESTED = """
import pytest

@pytest.mark.requires_capability("of_nested")
def test_it(): pass
"""
SHIMS = """
from ssot_shims import capabilities, shim

@shim("missing_pkg:Limits")
class Limits: ...
capabilities.register("of_module", lambda: True)
def probe(): return True
"""
TESTS = """
import pytest

def test_told(told):
    assert told == {
        "no services": "SSOT_SHIMS_NO_SERVICES",
        "the table": (True, "pyproject"),
        "the placeholder": "absent",
        "the modules": False,
    }

@pytest.mark.requires_capability("of_module", "backend", "by_module")
def test_declared_by_the_project(): pass

@pytest.mark.requires_capability("of_nested")
@pytest.mark.requires_upstream("Limits")
def test_declared_by_a_nested_conftest(): pass
"""


def test_options_and_project_before_the_first_conftest(suite: Suite) -> None:
    """What conftest.py imports and asks is under them; modules and nested conftests are known in time."""
    suite.write(
        {
            "pyproject.toml": PROJECT,
            "conftest.py": CONFTEST,
            "acme_tests/shims.py": SHIMS,
            "test_it.py": TESTS,
            "nested/conftest.py": NESTED,
            "nested/test_nested.py": TEST_NESTED,
        }
    )
    run = suite.run("--ssot-no-services", "--ssot-require=of_nested,of_module,backend", ".")
    assert (run.code, run.collected) == (0, 4), run.out
    assert run.outcomes == {
        "nested/test_nested.py::test_it": "passed",
        "test_it.py::test_told": "passed",
        "test_it.py::test_declared_by_the_project": "passed",
        "test_it.py::test_declared_by_a_nested_conftest": "skipped",
    }
    assert [line.split(":")[0] for line in run.summary] == [
        "SKIPPED upstream",
        "PLACEHOLDER HeartbeatConfig",
        "PLACEHOLDER Limits",
    ]
    only_nested = suite.run("nested", "--ssot-require=of_nested")
    assert (only_nested.code, only_nested.counts) == (0, {"passed": 1})


def test_strict_acts_on_a_shim_in_the_first_conftest(suite: Suite) -> None:
    """The import of a shim whose upstream moved raises where it is written."""
    suite.write(
        {
            "moved_pkg/__init__.py": "",
            "conftest.py": "from ssot_shims import shim\n@shim('moved_pkg:Moved')\nclass Moved: ...\n",
            "test_it.py": "def test_it(): pass\n",
        }
    )
    run = suite.run("--ssot-strict")
    assert (run.code, run.collected) == (4, 0)
    assert run.err.splitlines()[-1].startswith("E   ssot_shims.errors.UpstreamMoved: Moved: Moved is not in ")
    assert suite.run().code == 0


def test_the_nearest_pyproject_counts(suite: Suite) -> None:
    """That of the root or the next above it; one that does not mention us is not even read as TOML."""
    suite.write(
        {
            "pyproject.toml": PROJECT.replace('"acme_tests.shims"', ""),
            "inner/pytest.ini": "[pytest]\n",
            "inner/test_it.py": "import pytest\n@pytest.mark.requires_capability('backend')\ndef test_it(): pass\n",
            "inner/nearer/pytest.ini": "[pytest]\n",
            "inner/nearer/pyproject.toml": "# nothing for anybody here",
            "inner/nearer/test_it.py": "import sys\n"
            "def test_it(): assert 'ssot_shims._project.pyproject' not in sys.modules\n",
        }
    )
    assert suite.run("inner/test_it.py").counts == {"passed": 1}
    assert suite.run("inner/nearer").counts == {"passed": 1}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pyproject_that_is_no_file(suite: Suite) -> None:
    """A pipe of that name, or a folder, holds nobody up: the next one above it counts."""
    suite.write(
        {
            "pyproject.toml": "[tool.ssot_shims.capabilities]\nlocal = 'env:PATH'\n",
            "folder/pyproject.toml/nothing": "",
            "folder/inner/pytest.ini": "[pytest]\n",
            "folder/inner/test_it.py": "import pytest\n@pytest.mark.requires_capability('local')\ndef test_(): pass\n",
        }
    )
    os.mkfifo(suite.folder / "folder/inner/pyproject.toml")
    assert suite.run("folder/inner").counts == {"passed": 1}


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="there is no file here that even root cannot read")
def test_a_pyproject_that_nobody_may_read(suite: Suite) -> None:
    """It is somewhere above the suite and none of its business: the next one above it counts, if there is one."""
    suite.write({"inner/pytest.ini": "[pytest]\n", "inner/test_it.py": "def test_it(): pass\n"})
    (suite.folder / "pyproject.toml").symlink_to("/proc/self/mem")
    run = suite.run("inner")
    assert (run.code, run.err, run.outcomes) == (0, "", {"test_it.py::test_it": "passed"})
