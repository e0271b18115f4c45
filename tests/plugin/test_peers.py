"""Beside the plugins that suites use most, and beside what suites call by the same names themselves."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Suite, over_workers

# The modules that show that they are there.
PEERS = ("pytest_asyncio", "pytest_cov", "pytest_randomly", "pytest_rerunfailures", "pytest_selenium", "pytest_timeout")
AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
IMPORTS = "import threading, pytest\nfrom ssot_shims import capabilities\n"


def need(*modules: str) -> None:
    """Skips where one of those plugins is not installed."""
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed; it is in the extra dev")


TIMEOUT = """
capabilities.register("hanging", lambda: threading.Event().wait(60), timeout=0.2)
@pytest.mark.timeout(5)
@pytest.mark.requires_capability("hanging")
def test_hanging(): pass
@pytest.mark.timeout(0.2)
def test_too_slow(): threading.Event().wait(60)
"""


@pytest.mark.parametrize("method", ["signal", pytest.param("thread", marks=pytest.mark.slow)])
def test_timeout(suite: Suite, method: str) -> None:
    """A probe that hangs is given up by us, and a test that hangs by pytest-timeout."""
    need("pytest_timeout")
    suite.write({"test_it.py": IMPORTS + TIMEOUT})
    chosen = ["-k", "hanging"] if method == "thread" else []  # that method ends the whole process
    run = suite.run(f"--timeout-method={method}", *chosen, plugins=["timeout"])
    assert (run.outcomes["test_it.py::test_hanging"], run.told) == ("skipped", ["TIMED OUT hanging: 1 test"])
    if method == "signal":
        assert (run.code, run.counts) == (1, {"failed": 1, "skipped": 1})
        assert "Failed: Timeout (>0.2s) from pytest-timeout." in run.reasons["test_it.py::test_too_slow"]


ALL = {
    "pyproject.toml": """
[[tool.ssot_shims.environments]]
name = "local"
requires = ["git"]
values = { url = "http://localhost:1" }
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
""",
    "covered.py": "from ssot_shims import is_available\nYES = is_available('git')\nNO = 0\n",
    "conftest.py": """
from ssot_shims import capabilities
capabilities.register("here", lambda: True)
for name in ("missing", "absent", "gone", "required"):
    capabilities.register(name, lambda: (False, "not today"))
""",
    "test_cov.py": """
import covered, pytest
def test_selenium(capabilities): assert capabilities == {"browserName": "firefox"}  # the fixture is theirs
@pytest.mark.requires_capability("git")
def test_it(): assert covered.YES
""",
    "test_rerun.py": """
import pytest
attempts = []
@pytest.mark.requires_capability("here")
def test_at_the_third_attempt():
    attempts.append(1)
    assert len(attempts) == 3
@pytest.mark.requires_capability("missing")
def test_skipped(): pass
@pytest.mark.requires_capability("required")
def test_required(): pass
@pytest.mark.requires_capability("here")
def test_fails(): assert False
""",
    "test_random.py": f"""{IMPORTS}
@pytest.mark.parametrize("number", range(8))
def test_runs(number, override_capabilities):
    override_capabilities(absent=True)
    assert capabilities.check("absent")
@pytest.mark.requires_capability("absent")
@pytest.mark.parametrize("number", range(8))
def test_skipped(number): pass
""",
    "test_async.py": f"""{IMPORTS}
@pytest.mark.requires_capability("here")
async def test_runs(override_capabilities, ssot_environment):
    override_capabilities(gone=True)
    assert await capabilities.acheck("gone")
    assert ssot_environment["url"] == "http://localhost:1"
@pytest.mark.requires_capability("gone")
async def test_skipped(): raise RuntimeError("this must not run")
""",
    "test_time.py": IMPORTS + TIMEOUT,
}


@over_workers
def test_all_of_them_at_once(suite: Suite, workers: str) -> None:
    """As in a virtual environment that holds every one of them."""
    need(*PEERS, "xdist")
    suite.write(ALL)
    # pytest-timeout does not watch the second attempt of a test, which would hang.
    arguments = [workers, "--reruns=2", "--timeout=20", "--cov=covered", "-k", "not too_slow"]
    arguments += ["--capability", "browserName", "firefox", "--driver=Remote"]
    run = suite.run(*arguments, "--ssot-require=required", env={**AUTOLOAD, "SSOT_SHIMS_HAS_GIT": "1"}, lenient=True)
    assert (run.code, run.collected) == (1, 25)
    assert run.told == [
        "ERROR required: 1 test",
        "TIMED OUT hanging: 1 test",
        "SKIPPED absent: 8 tests",
        "SKIPPED gone: 1 test",
        "SKIPPED missing: 1 test",
        "FORCED git: 1 test",
        "ENVIRONMENT local",
    ]
    assert run.counts == {"error": 1, "failed": 1, "passed": 12, "skipped": 11}


INSIDE = """
import os, pytest
from ssot_shims import capabilities
from ssot_shims._capabilities.cache import Answers
INNER = "import pytest\\n@pytest.mark.requires_capability('git')\\ndef test_inner(): pass"
@pytest.fixture
def unchanged():
    def state():
        ours = {name: value for name, value in os.environ.items() if "SSOT_SHIMS" in name}
        return ours, Answers.shared, capabilities["git"], capabilities["mine"], list(capabilities)
    before = state()
    yield
    assert state() == before
@pytest.mark.requires_capability("missing")
def test_outer(): pass
@pytest.mark.parametrize("answer", ["1", "0"])
def test_outer_with_inner(unchanged, pytester, monkeypatch, answer):
    monkeypatch.setenv("SSOT_SHIMS_HAS_GIT", answer)
    capabilities.refresh("git")
    pytester.makepyprojecttoml("[tool.ssot_shims.capabilities]\\nmine = 'env:HOME'\\nother = 'env:HOME'\\n")
    pytester.makepyfile(INNER)
    options = ["-pssot_shims.pytest_plugin", "-pno:cacheprovider", "--ssot-require=git", "--ssot-strict"]
    done = pytester.runpytest_inprocess(*options, INNER_WORKERS)
    done.assert_outcomes(errors=1)
    told = "required by --ssot-require; " + ("available" if answer == "1" else "unavailable")
    (error,) = [line for line in done.outlines if line.startswith("ERROR git")]
    assert error.startswith(f"ERROR git: 1 test; {told}: forced")
    assert not any("missing" in line for line in done.outlines)
"""


@over_workers
def test_pytester_inside_pytester(suite: Suite, workers: str) -> None:
    """A run inside a test of a run, in one process: neither sees the settings or counts of the other."""
    conftest = """
from ssot_shims import capabilities
pytest_plugins = ["pytester"]
capabilities.register("missing", lambda: (False, "not today"))
capabilities.register("mine", lambda: True)
"""
    inner = "'-q'" if workers == "-n0" else "'-pxdist.plugin', '-n1'"
    suite.write({"conftest.py": conftest, "test_it.py": INSIDE.replace("INNER_WORKERS", inner)})
    run = suite.run(workers, "--ssot-no-services")
    assert (run.code, run.collected, run.counts) == (0, 3, {"passed": 2, "skipped": 1}), run.out
    assert run.told == ["SKIPPED missing: 1 test"]
