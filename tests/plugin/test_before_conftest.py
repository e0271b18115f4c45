"""What the user has said is in force before the first conftest.py is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite

SUITE = {
    "pyproject.toml": """
[tool.ssot_shims]
modules = ["acme_tests.shims"]
[tool.ssot_shims.capabilities]
backend = "env:PATH"
by_module = "python:acme_tests.shims:probe"
""",
    "conftest.py": """
import sys
import pytest
from ssot_shims import HeartbeatConfig, capabilities, is_available, shim_of
SEEN = (
    is_available("docker") or capabilities.check("docker").source,
    is_available("backend"),
    capabilities["backend"].level,
    shim_of(HeartbeatConfig).state,
    "acme_tests.shims" in sys.modules,  # not yet: paths and rewriting come from conftests
)
@pytest.fixture
def seen(): return SEEN
""",
    "acme_tests/shims.py": """
from ssot_shims import capabilities, shim
@shim("missing_pkg:Limits")
class Limits: ...
capabilities.register("of_module", lambda: True)
def probe(): return True
""",
    "test_it.py": """
import pytest
def test_seen(seen): assert seen == ("SSOT_SHIMS_NO_SERVICES", True, "pyproject", "absent", False)
@pytest.mark.requires_capability("of_module", "backend", "by_module")
def test_declared_by_the_project(): pass
@pytest.mark.requires_capability("of_nested")
@pytest.mark.requires_upstream("Limits")
def test_skipped(): pass
""",
    "nested/conftest.py": "from ssot_shims import capabilities\ncapabilities.register('of_nested', lambda: True)\n",
    "nested/test_nested.py": "import pytest\n@pytest.mark.requires_capability('of_nested')\ndef test_it(): pass\n",
}


def test_options_and_project_before_the_first_conftest(suite: Suite) -> None:
    """What conftest.py imports and asks is under them; modules and nested conftests are known in time."""
    suite.write(SUITE)
    run = suite.run("--ssot-no-services", "--ssot-require=of_nested,of_module,backend", ".")
    assert (run.code, run.collected, run.counts) == (0, 4, {"passed": 3, "skipped": 1}), run.out
    assert run.outcomes["test_it.py::test_skipped"] == "skipped"
    assert run.told == ["SKIPPED upstream:Limits: 1 test", "PLACEHOLDER HeartbeatConfig", "PLACEHOLDER Limits"]
    only_nested = suite.run("nested", "--ssot-require=of_nested")
    assert (only_nested.code, only_nested.counts) == (0, {"passed": 1})


PROJECT = {
    "pyproject.toml": "[tool.ssot_shims.capabilities]\nlocal = 'env:PATH'\n",
    "middle/inner/pytest.ini": "[pytest]\n",
    "middle/inner/test_it.py": "import pytest\n@pytest.mark.requires_capability('local')\ndef test_it(): pass\n",
}
UNREAD = "import sys\ndef test_it(): assert 'ssot_shims._project.pyproject' not in sys.modules\n"
no_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
no_mem = pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="there is no file that even root cannot read")


@pytest.mark.parametrize(
    "nearer",
    ["none", "of others", "folder", pytest.param("pipe", marks=no_pipes), pytest.param("unreadable", marks=no_mem)],
)
def test_the_nearest_pyproject_counts(suite: Suite, nearer: str) -> None:
    """What is no file, or nobody may read, is passed over; a file that does not mention us is not read as TOML."""
    file = suite.write(PROJECT) / "middle/pyproject.toml"
    if nearer == "of others":
        suite.write({"middle/pyproject.toml": "# nothing for anybody here", "middle/inner/test_it.py": UNREAD})
    elif nearer == "folder":
        file.mkdir()
    elif nearer == "pipe":
        os.mkfifo(file)
    elif nearer == "unreadable":
        file.symlink_to("/proc/self/mem")
    run = suite.run("middle/inner")
    assert (run.code, run.err, run.counts) == (0, "", {"passed": 1})
