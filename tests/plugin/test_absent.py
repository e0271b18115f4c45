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
    "end.py": """
import sys
def pytest_unconfigure():
    ours = sorted(name for name in sys.modules if name.partition(".")[0] == "ssot_shims")
    print("modules:", *ours, file=sys.stderr)
""",
}
FAILS = {
    "test_import.py": "import nothing_of_that_name\n",
    "test_name.py": "from os import nothing_of_that_name\n",
    "test_syntax.py": "def\n",
    "test_value.py": "raise ValueError\n",
}


def shown(run: Run) -> str:
    """The output, but for the seconds and their line's width, the list of plugins, and that of fixtures."""
    out = re.sub(r"^=* ?(.*) in \d+\.\d\ds.*$", r"\1", run.out, flags=re.MULTILINE)
    out = re.sub(r"^plugins: .*\n", "", out, flags=re.MULTILINE)
    fixtures = "(?<=>       available fixtures: ).*"
    return re.sub(fixtures, lambda all_: re.sub("(override_|ssot_)\\w+, ", "", all_[0]), out)


COUNTS = {"error": 1, "failed": 1, "passed": 3, "skipped": 1, "xfailed": 1}


@pytest.mark.parametrize(
    ("options", "more", "counts"),
    [(["-vv", "-rA"], {}, COUNTS), (["--collect-only"], {}, {}), ([], FAILS, {"error": 4})],
    ids=["verbose", "listed", "collection fails"],
)
def test_nothing_at_all(suite: Suite, options: list[str], more: dict[str, str], counts: dict[str, int]) -> None:
    """The output is the same to the byte with and without the plugin, and two modules are all that is imported."""
    suite.write({**NOTHING, **more})
    options = [*options, "--require=a", "--environment=b", "-pend"]
    without, with_ours = (suite.run(*options, with_ours=is_there) for is_there in (False, True))
    assert shown(with_ours) == shown(without)
    assert (with_ours.code, with_ours.collected, with_ours.counts) == (without.code, 7, counts)
    assert with_ours.outcomes == without.outcomes
    assert (without.err, with_ours.err) == ("modules:\n", "modules: ssot_shims ssot_shims.pytest_plugin\n")
