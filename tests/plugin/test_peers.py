"""Beside the plugins that suites use most, and beside what suites call by the same names themselves."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Run, Suite

# By distribution: the module that shows it is there, and what to load of it.
PEERS = {
    "pytest-asyncio": ("pytest_asyncio", ["asyncio"]),
    "pytest-cov": ("pytest_cov", ["pytest_cov"]),
    "pytest-randomly": ("pytest_randomly", ["randomly"]),
    "pytest-rerunfailures": ("pytest_rerunfailures", ["rerunfailures"]),
    "pytest-selenium": ("pytest_selenium", []),
    "pytest-timeout": ("pytest_timeout", ["timeout"]),
    "pytest-xdist": ("xdist", ["xdist.plugin"]),
}
AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}


def need(*distributions: str) -> list[str]:
    """What to load of those peers; skips where one is not installed."""
    for distribution in distributions:
        pytest.importorskip(PEERS[distribution][0], reason=f"{distribution} is not installed; it is in the extra dev")
    return [name for distribution in distributions for name in PEERS[distribution][1]]


def told(run: Run, name: str) -> list[str]:
    """The lines of our section about *name*, without the reason."""
    return [line.partition(";")[0] for line in run.summary if re.match(rf"[A-Z ]+ {name}: ", line)]


RERUN = """
import os, pytest
from ssot_shims import capabilities

capabilities.register("here", lambda: True)
capabilities.register("missing", lambda: (False, "not today"))
capabilities.register("required", lambda: (False, "not today either"))
attempts = []

@pytest.mark.requires_capability("here")
def test_at_the_third_attempt():
    attempts.append(1)
    assert len(attempts) == 3

@pytest.mark.requires_capability("missing")
def test_skipped():
    pass

@pytest.mark.requires_capability("required")
def test_required():
    pass

@pytest.mark.requires_capability("here")
def test_fails():
    assert False
"""


RANDOMLY = """
import pytest
from ssot_shims import capabilities

capabilities.register("missing", lambda: (False, "not today"))

@pytest.mark.parametrize("number", range(8))
def test_runs(number, override_capabilities):
    override_capabilities(missing=True)
    assert capabilities.check("missing")

@pytest.mark.requires_capability("missing")
@pytest.mark.parametrize("number", range(8))
def test_skipped(number):
    pass
"""


TIMEOUT = """
import threading, pytest
from ssot_shims import capabilities

capabilities.register("hanging", lambda: threading.Event().wait(60), timeout=0.2)

@pytest.mark.timeout(5)
@pytest.mark.requires_capability("hanging")
def test_hanging():
    pass

@pytest.mark.timeout(0.2)
def test_too_slow():
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("method", ["signal", pytest.param("thread", marks=pytest.mark.slow)])
def test_timeout(suite: Suite, method: str) -> None:
    """A probe that hangs is given up by us, and a test that hangs by pytest-timeout."""
    peers = need("pytest-timeout")
    suite.write({"test_it.py": TIMEOUT})
    chosen = ["-k", "hanging"] if method == "thread" else []  # that method ends the whole process
    run = suite.run(f"--timeout-method={method}", *chosen, plugins=peers)
    assert run.outcomes["test_it.py::test_hanging"] == "skipped"
    assert told(run, "hanging") == ["TIMED OUT hanging: 1 test"]
    if method == "signal":
        assert (run.code, run.counts) == (1, {"failed": 1, "skipped": 1})
        assert "Failed: Timeout (>0.2s) from pytest-timeout." in run.reasons["test_it.py::test_too_slow"]


ASYNCIO = """
import pytest
from ssot_shims import capabilities

capabilities.register("here", lambda: True)
capabilities.register("missing", lambda: (False, "not today"))

@pytest.mark.requires_capability("here")
async def test_runs(override_capabilities, ssot_environment):
    override_capabilities(missing=True)
    assert await capabilities.acheck("missing")
    assert ssot_environment["url"] == "http://localhost:1"

@pytest.mark.requires_capability("missing")
async def test_skipped():
    raise RuntimeError("this must not run")
"""
AN_ENVIRONMENT = """
[[tool.ssot_shims.environments]]
name = "local"
requires = ["git"]
values = { url = "http://localhost:1" }
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""


COVERED = {
    "covered.py": "from ssot_shims import is_available\nYES = is_available('git')\nNO = 0\n",
    "test_it.py": """
import covered, pytest

@pytest.mark.requires_capability("git")
def test_it():
    assert covered.YES
""",
}


SELENIUM = """
import pytest

def test_theirs(capabilities):
    assert capabilities == {"browserName": "firefox"}

@pytest.mark.requires_capability("docker")
def test_ours(override_capabilities):
    override_capabilities(docker=False)
"""


def test_selenium(suite: Suite) -> None:
    """Its own fixture ``capabilities`` is the one that tests get."""
    need("pytest-selenium")
    suite.write({"test_it.py": SELENIUM})
    run = suite.run(
        *("--capability", "browserName", "firefox", "--driver=Remote"),
        env={**AUTOLOAD, "SSOT_SHIMS_HAS_DOCKER": "0"},
        lenient=True,
    )
    assert (run.code, run.counts) == (0, {"passed": 1, "skipped": 1}), run.out
    assert told(run, "docker") == ["SKIPPED docker: 1 test"]


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])
def test_all_of_them_at_once(suite: Suite, workers: str) -> None:
    """As in a virtual environment that holds every one of them."""
    need(*PEERS)
    suite.write(COVERED)
    suite.write({"test_rerun.py": RERUN, "test_random.py": RANDOMLY.replace("missing", "absent")})
    suite.write({"test_async.py": ASYNCIO.replace('"here"', '"there"').replace("missing", "gone")})
    suite.write({"test_time.py": TIMEOUT, "pyproject.toml": AN_ENVIRONMENT})
    # pytest-timeout does not watch the second attempt of a test, which would hang.
    arguments = [workers, "--reruns=2", "--timeout=20", "--cov=covered", "-k", "not too_slow"]
    run = suite.run(*arguments, "--ssot-require=required", env={**AUTOLOAD, "SSOT_SHIMS_HAS_GIT": "1"}, lenient=True)
    assert (run.code, run.collected) == (1, 24)
    lines = [line.partition(";")[0] for line in run.summary]
    assert lines == [
        "ERROR required: 1 test",
        "TIMED OUT hanging: 1 test",
        "SKIPPED absent: 8 tests",
        "SKIPPED gone: 1 test",
        "SKIPPED missing: 1 test",
        "FORCED git: 1 test",
        "ENVIRONMENT local: all that it requires is there",
    ]
    assert run.counts == {"error": 1, "failed": 1, "passed": 11, "skipped": 11}


INSIDE = """
import os, pytest
from ssot_shims import capabilities, is_available
from ssot_shims._capabilities.cache import Answers

INNER = '''
import pytest
@pytest.mark.requires_capability("git")
def test_inner(): pass
'''

@pytest.fixture
def unchanged():
    def state():
        ours = {name: value for name, value in os.environ.items() if "SSOT_SHIMS" in name}
        return ours, Answers.shared, capabilities["git"], capabilities["mine"], list(capabilities)
    before = state()
    yield
    assert state() == before

@pytest.mark.requires_capability("missing")
def test_outer():
    pass

@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("answer", ["1", "0"])
def test_outer_with_inner(unchanged, pytester, monkeypatch, workers, answer):
    monkeypatch.setenv("SSOT_SHIMS_HAS_GIT", answer)
    capabilities.refresh("git")
    pytester.makepyprojecttoml("[tool.ssot_shims.capabilities]\\nmine = 'env:HOME'\\nother = 'env:HOME'\\n")
    pytester.makepyfile(INNER)
    plugins = ["-pxdist.plugin", "-pssot_shims.pytest_plugin", "-pno:cacheprovider"]
    done = pytester.runpytest_inprocess(*plugins, workers, "--ssot-require=git", "--ssot-strict")
    done.assert_outcomes(errors=1)
    told = "required by --ssot-require; " + ("available" if answer == "1" else "unavailable")
    assert [line.partition(": forced")[0] for line in done.outlines if line.startswith("ERROR git")] == [
        f"ERROR git: 1 test; {told}"
    ]
    assert not any("missing" in line for line in done.outlines)
"""


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])
def test_pytester_inside_pytester(suite: Suite, workers: str) -> None:
    """A run inside a test of a run, in one process: neither sees the settings or counts of the other."""
    need("pytest-xdist")
    inner = ["-n0"] if workers == "-n0" else ["-n0", "-n1"]
    suite.write(
        {
            "conftest.py": """
from ssot_shims import capabilities
pytest_plugins = ["pytester"]
capabilities.register("missing", lambda: (False, "not today"))
capabilities.register("mine", lambda: True)
""",
            "test_it.py": INSIDE.replace("WORKERS", repr(inner)),
        }
    )
    run = suite.run(workers, "--ssot-no-services", plugins=["xdist.plugin"])
    tests = 1 + 2 * len(inner)
    assert (run.code, run.collected, run.counts) == (0, tests, {"passed": tests - 1, "skipped": 1}), run.out
    told_first = [line.partition(";")[0] for line in run.summary]
    assert told_first == ["SKIPPED missing: 1 test", *(["FORCED git: asked for without a marker"] if inner[1:] else [])]
