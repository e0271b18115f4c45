"""A suite that uses nothing of the plugin pays nothing for it, and sees nothing of it."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Run, Suite

NOTHING = {
    "pyproject.toml": '[tool.other]\nname = "value"\n',
    "conftest.py": """
import pytest

def pytest_addoption(parser):
    parser.addoption("--require")
    parser.addoption("--environment")

@pytest.fixture
def capabilities(): return "its own"

@pytest.fixture
def environment(): return "its own too"
""",
    "test_it.py": """
import sys, warnings
import pytest

def test_passes(capabilities, environment, request):
    assert (capabilities, environment) == ("its own", "its own too")
    assert (request.config.getoption("--require"), request.config.getoption("--environment")) == ("a", "b")
def test_fails(): assert False
@pytest.mark.skip
def test_skips(): pass
@pytest.mark.xfail
def test_is_expected(): assert False
def test_warns(): warnings.warn("aloud")
def test_breaks(nothing_of_that_name): pass

def test_modules():
    ours = {name for name in sys.modules if name.partition(".")[0] == "ssot_shims"}
    assert ours <= {"ssot_shims", "ssot_shims.pytest_plugin"}
""",
}
AT_THE_END = """
import sys

def pytest_unconfigure():
    ours = sorted(name for name in sys.modules if name.partition(".")[0] == "ssot_shims")
    print("modules:", *ours, file=sys.stderr)
"""


def shown(run: Run) -> str:
    """The output, but for the seconds, and for what pytest lists: the plugins, and fixtures where one is missing."""
    out = re.sub(r"in \d+\.\d\ds", "in 0.00s", run.out)
    out = re.sub(r"^plugins: .*\n", "", out, flags=re.MULTILINE)
    return re.sub(
        r"(?<=>       available fixtures: ).*", lambda all_: re.sub("(override_|ssot_)\\w+, ", "", all_[0]), out
    )


def test_a_collection_that_fails(suite: Suite) -> None:
    """One that has nothing to do with shims looks as without the plugin."""
    suite.write(
        {
            "test_import.py": "import nothing_of_that_name\n",
            "test_name.py": "from os import nothing_of_that_name\n",
            "test_syntax.py": "def\n",
            "test_value.py": "raise ValueError\n",
        }
    )
    without, with_ours = (suite.run(with_ours=is_there) for is_there in (False, True))
    assert (with_ours.code, shown(with_ours), len(with_ours.outcomes)) == (2, shown(without), 4)


@pytest.mark.parametrize("options", [[], ["-vv", "-rA"], ["--collect-only"]])
def test_nothing_at_all(suite: Suite, options: list[str]) -> None:
    """The output is the same to the byte with and without the plugin, and two modules are all that is imported."""
    suite.write({**NOTHING, "end.py": AT_THE_END})
    options = [*options, "--require=a", "--environment=b", "-pend"]
    without, with_ours = (suite.run(*options, with_ours=is_there) for is_there in (False, True))
    assert shown(with_ours) == shown(without)
    assert (with_ours.code, with_ours.collected, with_ours.outcomes) == (without.code, 7, without.outcomes)
    assert without.err == "modules:\n"
    assert with_ours.err == "modules: ssot_shims ssot_shims.pytest_plugin\n"
    if options[0] != "--collect-only":
        assert with_ours.counts == {"error": 1, "failed": 1, "passed": 3, "skipped": 1, "xfailed": 1}
