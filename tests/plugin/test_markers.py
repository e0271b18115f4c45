"""What becomes of a test that names what it needs in a marker."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import ROOT, Suite

# Upstreams in every state, and capabilities with every status.
DECLARATIONS = {
    "real_pkg/__init__.py": "class Real: ...\nclass Forced: ...\n",
    "moved_pkg/__init__.py": "class MovedService: ...\n",
    "broken_pkg/__init__.py": "class Broken: ...\nraise RuntimeError('boom')\n",
    "conftest.py": """
import time, warnings
from ssot_shims import PlaceholderWarning, capabilities, shim
warnings.simplefilter("ignore", PlaceholderWarning)
for target in ("real_pkg:Real", "real_pkg:Forced", "missing_pkg:Absent", "moved_pkg:Moved", "broken_pkg:Broken"):
    shim(target)(type(target.partition(":")[2], (), {"__module__": __name__}))
capabilities.register("up", lambda: True)
capabilities.register("down", lambda: (False, "it is switched off"))
capabilities.register("off", lambda: (False, "nobody switched it on"))
capabilities.register("slow", lambda: time.sleep(30), timeout=0.05)
capabilities.register("bug", lambda: 1 / 0)
capabilities.register("forced_yes", lambda: False)
""",
}
# By state or status: what a test names, and what becomes of it without and with a requirement.
TABLE = {
    "available": ("up", "passed", "passed"),
    "forced_yes": ("forced_yes", "passed", "error"),  # a forced yes is not the real thing
    "unavailable": ("down", "skipped", "error"),
    "timed_out": ("slow", "skipped", "error"),
    "failed": ("bug", "error", "error"),
    "unknown": ("dwon", "error", "error"),
    "upstream": ("upstream:Real", "passed", "passed"),
    "absent": ("upstream:Absent", "skipped", "error"),
    "moved": ("upstream:Moved", "error", "error"),
    "broken": ("upstream:Broken", "error", "error"),
    "forced": ("upstream:Forced", "skipped", "error"),
    "unknown_shim": ("upstream:Reel", "error", "error"),
}
REQUIRED = ",".join(name for name, *_ in TABLE.values() if name not in ("dwon", "upstream:Reel"))
FORCED = {"SSOT_SHIMS_HAS_FORCED_YES": "1", "SSOT_SHIMS_PLACEHOLDERS": "Forced"}


def test_the_table_of_the_documentation_is_this_one() -> None:
    """Row by row."""
    (rows,) = re.findall(r"(?ms)^\| what it needs is .*?\n\n", (ROOT / "docs/reference/outcomes.md").read_text("utf-8"))
    words = {"runs": "passed", "skips": "skipped", "error": "error"}
    shown: dict[str, tuple[str, str]] = {}
    for row in rows.strip().splitlines()[2:]:
        needed, without, required = (cell.strip() for cell in row.strip("|").split("|"))
        needed = needed.replace("available, because a setting or an override says so", "forced_yes")
        names = re.sub(r" \(.*?\)", "", needed).split("; ")
        shown.update(dict.fromkeys(names, (words[without], words[required])))
    assert shown == {status: tuple(became) for status, (_, *became) in TABLE.items() if status != "unknown_shim"}


@pytest.mark.parametrize("column", [1, 2], ids=["not required", "required"])
def test_each_state_and_status(suite: Suite, column: int) -> None:
    """Normal absence skips; breakage, a bug and a misspelling are errors, and what is required and not really there."""
    tests = ["import pytest"]
    for status, (name, *_) in TABLE.items():
        marker = "requires_upstream" if name.startswith("upstream:") else "requires_capability"
        tests += [f"@pytest.mark.{marker}('{name.removeprefix('upstream:')}')", f"def test_{status}(): pass"]
    suite.write({**DECLARATIONS, "test_it.py": "\n".join(tests)})
    run = suite.run(*([] if column == 1 else ["--ssot-require", REQUIRED]), env=FORCED)
    assert (run.code, run.collected) == (1, len(TABLE))
    assert run.outcomes == {f"test_it.py::test_{status}": row[column] for status, row in TABLE.items()}
    assert "ssot_shims/_" not in run.out  # no traceback: the folder of a checkout may have the name of the package
    required = "required by --ssot-require; " if column == 2 else ""
    assert run.reasons["test_it.py::test_timed_out"].startswith(f"slow: {required}timed_out: ")


SEVERAL = """
import pytest
pytestmark = pytest.mark.requires_capability("up")

@pytest.mark.requires_capability("down", "up", "off")
def test_every_missing_name_is_told(): pass
@pytest.mark.requires_capability("down")
@pytest.mark.requires_capability("bug")
def test_an_error_wins_over_a_skip(): pass
@pytest.mark.requires_capability("down")
class TestClass:
    def test_inherited(self): pass
    @pytest.mark.requires_upstream("Absent")
    def test_both_kinds(self): pass
@pytest.mark.parametrize("name", ["plain", pytest.param("marked", marks=pytest.mark.requires_capability("off"))])
def test_parameter(name): pass

@pytest.fixture
def needs_it(): raise AssertionError("a fixture ran before the marker was read")
@pytest.mark.requires_capability("down")
def test_decided_before_fixtures(needs_it): pass

@pytest.mark.skip(reason="its author says so")
@pytest.mark.requires_capability("bug")
def test_its_own_skip_wins(): pass
@pytest.mark.skipif(True, reason="its author says so too")
@pytest.mark.requires_capability("bug")
def test_its_own_skipif_wins(): pass
@pytest.mark.skipif(False, reason="does not hold")
@pytest.mark.requires_capability("down")
def test_its_own_skipif_does_not_hold(): pass
@pytest.mark.xfail
@pytest.mark.requires_capability("bug")
def test_an_error_is_no_expected_failure(): pass
def test_marked_while_running(request): request.node.add_marker(pytest.mark.requires_capability("down"))
def test_deselected_asks_nothing(): pass
"""


def test_markers_add_up_and_come_first(suite: Suite) -> None:
    """Those of function, class, module and parameter count, before any fixture; the author's own skip comes before."""
    suite.write({**DECLARATIONS, "test_it.py": SEVERAL})
    without_skipping = suite.run("-pno:skipping", "-k", "own_skip", lenient=True)
    assert without_skipping.counts == {"error": 2, "skipped": 1}  # then nobody else decides
    run = suite.run("--deselect", "test_it.py::test_deselected_asks_nothing")
    assert (run.code, run.collected, run.counts) == (1, 12, {"error": 2, "passed": 2, "skipped": 8})
    reasons = {node.removeprefix("test_it.py::"): reason for node, reason in run.reasons.items()}
    assert reasons.pop("test_an_error_wins_over_a_skip").startswith("bug: failed: ")
    assert reasons.pop("test_an_error_is_no_expected_failure").startswith("bug: failed: ")
    down, off = "down: unavailable: it is switched off", "off: unavailable: nobody switched it on"
    assert reasons.pop("TestClass::test_both_kinds").startswith(f"{down}; upstream:Absent: absent: no package")
    assert reasons == {
        "test_every_missing_name_is_told": f"{down}; {off}",
        "TestClass::test_inherited": down,
        "test_parameter[marked]": off,
        "test_decided_before_fixtures": down,
        "test_its_own_skip_wins": "its author says so",
        "test_its_own_skipif_wins": "its author says so too",
        "test_its_own_skipif_does_not_hold": down,
    }
