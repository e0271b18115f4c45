"""What becomes of a test that names what it needs in a marker."""

from __future__ import annotations

import re

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

@shim("real_pkg:Real")
class Real: ...
@shim("real_pkg:Forced")
class Forced: ...
@shim("missing_pkg:Absent")
class Absent: ...
@shim("moved_pkg:Moved")
class Moved: ...
@shim("broken_pkg:Broken")
class Broken: ...

capabilities.register("up", lambda: True)
capabilities.register("down", lambda: (False, "it is switched off"))
capabilities.register("slow", lambda: time.sleep(30), timeout=0.05)
capabilities.register("bug", lambda: 1 / 0)
""",
}

# One test a name.
EACH = """
import pytest

@pytest.mark.requires_capability("up")
def test_available(): pass
@pytest.mark.requires_capability("forced_yes")
def test_forced_yes(): pass
@pytest.mark.requires_capability("down")
def test_unavailable(): raise AssertionError("runs")
@pytest.mark.requires_capability("slow")
def test_timed_out(): raise AssertionError("runs")
@pytest.mark.requires_capability("bug")
def test_failed(): raise AssertionError("runs")
@pytest.mark.requires_capability("dwon")
def test_unknown(): raise AssertionError("runs")
@pytest.mark.requires_upstream("Real")
def test_upstream(): pass
@pytest.mark.requires_upstream("Absent")
def test_absent(): raise AssertionError("runs")
@pytest.mark.requires_upstream("Moved")
def test_moved(): raise AssertionError("runs")
@pytest.mark.requires_upstream("Broken")
def test_broken(): raise AssertionError("runs")
@pytest.mark.requires_upstream("Forced")
def test_forced(): raise AssertionError("runs")
@pytest.mark.requires_upstream("Reel")
def test_unknown_shim(): raise AssertionError("runs")
"""

# Each of the five states and four statuses: what becomes of a test without and with a requirement.
TABLE = {
    "available": ("passed", "passed"),
    "forced_yes": ("passed", "error"),  # a forced yes is not the real thing
    "unavailable": ("skipped", "error"),
    "timed_out": ("skipped", "error"),
    "failed": ("error", "error"),
    "unknown": ("error", "error"),
    "upstream": ("passed", "passed"),
    "absent": ("skipped", "error"),
    "moved": ("error", "error"),
    "broken": ("error", "error"),
    "forced": ("skipped", "error"),
    "unknown_shim": ("error", "error"),
}
REQUIRED = ["up", "forced_yes", "down", "slow", "bug", *(f"upstream:{name}" for name in ("Real", "Absent", "Moved"))]
REQUIRED += ["upstream:Broken", "upstream:Forced"]
FORCED = {"SSOT_SHIMS_HAS_FORCED_YES": "1", "SSOT_SHIMS_PLACEHOLDERS": "Forced"}
REGISTER_FORCED = 'capabilities.register("forced_yes", lambda: False)\n'


def test_the_table_of_the_readme_is_this_one() -> None:
    """Row by row."""
    (rows,) = re.findall(
        r"^\| what it needs is .*?\n\n", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    words = {"runs": "passed", "skips": "skipped", "error": "error"}
    shown: dict[str, tuple[str, str]] = {}
    for row in rows.strip().splitlines()[2:]:
        needed, without, required = (cell.strip() for cell in row.strip("|").split("|"))
        needed = needed.replace("available, because a setting or an override says so", "forced_yes")
        names = re.sub(r" \(.*?\)", "", needed).replace("timed_out", "timed_out").split("; ")
        shown.update(dict.fromkeys(names, (words[without], words[required])))
    assert shown == {name: became for name, became in TABLE.items() if name != "unknown_shim"}


def declared(**more: str) -> dict[str, str]:
    """The declarations, and a test module with each test once."""
    files = {**DECLARATIONS, "test_each.py": EACH, **more}
    return {**files, "conftest.py": files["conftest.py"] + REGISTER_FORCED}


def outcomes(column: int) -> dict[str, str]:
    return {f"test_each.py::test_{name}": became[column] for name, became in TABLE.items()}


def test_each_state_and_status_without_a_requirement(suite: Suite) -> None:
    """Available and upstream run; what is normal absence skips; breakage, a bug and a misspelling are errors."""
    suite.write(declared())
    run = suite.run(env=FORCED)
    assert (run.code, run.collected, run.outcomes) == (1, len(TABLE), outcomes(0))
    reasons = {node.rpartition("::")[2].removeprefix("test_"): reason for node, reason in run.reasons.items()}
    assert reasons["unavailable"] == "down: unavailable: it is switched off"
    assert reasons["timed_out"].startswith("slow: timed_out: no answer in 0.05 s; its probe stands at ")
    statuses = {name: reason.split(": ")[1] for name, reason in reasons.items()}
    assert statuses == {
        **{
            name: name
            for name in ("unavailable", "timed_out", "failed", "unknown", "absent", "moved", "broken", "forced")
        },
        "unknown_shim": "unknown",
    }


def test_each_state_and_status_under_a_requirement(suite: Suite) -> None:
    """Everything but what is really there is an error, with the same reason, who requires it, and no traceback."""
    suite.write(declared())
    run = suite.run("--ssot-require", ",".join(REQUIRED), env=FORCED)
    assert (run.code, run.collected, run.outcomes) == (1, len(TABLE), outcomes(1))
    forced = "SSOT_SHIMS_HAS_FORCED_YES says yes; to ask the machine: unset SSOT_SHIMS_HAS_FORCED_YES"
    assert run.reasons["test_each.py::test_forced_yes"] == (
        f"forced_yes: required by --ssot-require; available: forced: {forced}"
    )
    assert run.reasons["test_each.py::test_unavailable"] == (
        "down: required by --ssot-require; unavailable: it is switched off"
    )
    assert "ssot_shims/" not in run.out


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
def needs_it():
    raise AssertionError("a fixture ran before the marker was read")

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

def test_marked_while_running(request):
    request.node.add_marker(pytest.mark.requires_capability("down"))

def test_deselected_asks_nothing(): pass
"""


def test_markers_add_up_and_come_first(suite: Suite) -> None:
    """Those of function, class, module and parameter count, before any fixture; the author's own skip comes before."""
    more = 'capabilities.register("off", lambda: (False, "nobody switched it on"))\n'
    suite.write({**DECLARATIONS, "conftest.py": DECLARATIONS["conftest.py"] + more, "test_it.py": SEVERAL})
    run = suite.run("--deselect", "test_it.py::test_deselected_asks_nothing")
    without_skipping = suite.run("-pno:skipping", "-k", "own_skip", lenient=True)
    assert without_skipping.counts == {"error": 2, "skipped": 1}  # then nobody else decides
    down, off = "down: unavailable: it is switched off", "off: unavailable: nobody switched it on"
    assert (run.code, run.collected, run.counts) == (1, 12, {"error": 2, "passed": 2, "skipped": 8})
    assert run.outcomes["test_it.py::test_parameter[plain]"] == "passed"
    assert run.outcomes["test_it.py::test_an_error_wins_over_a_skip"] == "error"
    assert run.outcomes["test_it.py::test_an_error_is_no_expected_failure"] == "error"
    skipped = {
        node.removeprefix("test_it.py::"): reason
        for node, reason in run.reasons.items()
        if run.outcomes[node] == "skipped"
    }
    assert skipped.pop("TestClass::test_both_kinds").startswith(f"{down}; upstream:Absent: absent: no package")
    assert skipped == {
        "test_every_missing_name_is_told": f"{down}; {off}",
        "TestClass::test_inherited": down,
        "test_parameter[marked]": off,
        "test_decided_before_fixtures": down,
        "test_its_own_skip_wins": "its author says so",
        "test_its_own_skipif_wins": "its author says so too",
        "test_its_own_skipif_does_not_hold": down,
    }
