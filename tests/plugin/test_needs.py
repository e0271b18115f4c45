"""What a test asks for in Python: ``import_or_skip`` and ``require``, under pytest, its workers, and unittest."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys

import pytest

from tests.plugin.conftest import ROOT, Suite, over_workers

PACKAGES = {
    "acme/__init__.py": "",
    "acme/limits.py": "class Limits: ...\n",
    "acme/submodule.py": "",
    "acme/broken.py": "raise RuntimeError('no licence')\n",
    "acme/cache.py": "try: import redis_here_not\nexcept ImportError: pass\nelse:\n    class Cache: ...\n",
    "capable.py": """
from ssot_shims import capabilities
capabilities.register("up", lambda: True)
capabilities.register("down", lambda: (False, "it is switched off"))
capabilities.register("bug", lambda: 1 / 0)
""",
}
# A statement, what becomes of a test with it, and the same when what it needs is required.
TABLE = {
    'import_or_skip("acme.limits")': ("passed", "passed"),
    'import_or_skip("acme.limits:Limits")': ("passed", "passed"),
    'import_or_skip("acme:submodule")': ("passed", "passed"),
    'import_or_skip("not_here")': ("skipped", "failed"),
    'import_or_skip("not_here.at:All")': ("skipped", "failed"),
    'import_or_skip("acme.cache:Cache")': ("skipped", "failed"),
    'import_or_skip("acme.moved")': ("failed", "failed"),
    'import_or_skip("acme.limits:Moved")': ("failed", "failed"),
    'import_or_skip("acme.broken")': ("failed", "failed"),
    'import_or_skip("acme limits")': ("failed", "failed"),
    'require("up", "module:json")': ("passed", "passed"),
    'require("up", "down")': ("skipped", "failed"),
    'require("module:not_here")': ("skipped", "failed"),
    'require("upstream:not_here:All")': ("skipped", "failed"),
    'require("down", "bug")': ("failed", "failed"),
    'require("dwon")': ("failed", "failed"),
    'pytest.raises(ValueError, require, "upstream:acme limits:Limits")': ("passed", "passed"),
    'require("up", wait=-1)': ("failed", "failed"),
}
REQUIRED = ["not_here.at:All", "acme.cache:Cache", "not_here:All"]
REQUIRE = ",".join(["down", "module:not_here", "import:not_here", *(f"upstream:{name}" for name in REQUIRED)])


def in_functions() -> str:
    """A test function and a method of unittest with each of the statements, and one whose setUp has it."""
    lines = ["import pytest, unittest", "import capable", "from ssot_shims import import_or_skip, require"]
    for number, statement in enumerate(TABLE):
        lines += [f"def test_{number}(): assert {statement} is not False"]
        lines += [f"class Case{number}(unittest.TestCase):", f"    def test(self): {statement}"]
        lines += [f"class SetUp{number}(unittest.TestCase):", f"    def setUp(self): {statement}"]
        lines += ["    def test(self): pass"]
    return "\n".join(lines)


def under_unittest(suite: Suite, *words: str, **env: str) -> str:
    """What unittest alone says at the end of a run."""
    command, env = [sys.executable, "-m", "unittest", *words], {"PYTHONPATH": str(ROOT), **env}
    return subprocess.run(command, cwd=suite.folder, env=env, capture_output=True, text=True, check=False).stderr


@over_workers
@pytest.mark.parametrize("column", [0, 1], ids=["not required", "required"])
def test_in_tests_and_setup(suite: Suite, workers: str, column: int) -> None:
    """Skip when absent or unavailable; an error for everything that is wrong, and for what is required."""
    suite.write({**PACKAGES, "test_it.py": in_functions()})
    run = suite.run(workers, *(["--ssot-require", REQUIRE] if column else []))
    expected: dict[str, str] = {}
    for number, outcomes in enumerate(TABLE.values()):
        places = (f"test_{number}", f"Case{number}::test", f"SetUp{number}::test")
        expected |= {f"test_it.py::{place}": outcomes[column] for place in places}
    assert (run.code, run.outcomes, "ssot_shims/_unittest.py" in run.out) == (1, expected, False)
    names = ("import:not_here", "upstream:not_here.at:All", "upstream:acme.cache:Cache", "module:not_here")
    label = "ERROR" if column else "SKIPPED"
    assert {"ERROR import:acme.broken: 3 tests", *(f"{label} {name}: 3 tests" for name in names)} <= {*run.told}
    assert "NOT ASKED" not in " ".join(run.told)


def test_what_is_needed_and_there_counts_too(suite: Suite) -> None:
    """For the test that asked, in the JSON report and in the property that a report of many jobs reads."""
    test = "from ssot_shims import require\ndef test_a(): require('env:PATH')\ndef test_b(): pass\n"
    suite.write({"test_it.py": test})
    assert suite.run("--ssot-report=report.json", "--junitxml=a.xml").summary == []
    (verdict,) = json.loads((suite.folder / "report.json").read_text())["verdicts"]
    assert (verdict["name"], verdict["outcome"], verdict["tests"]) == ("env:PATH", "run", ["test_it.py::test_a"])
    assert "needed&quot;: [{&quot;name&quot;: &quot;env:PATH&quot;" in (suite.folder / "a.xml").read_text()


@pytest.mark.parametrize("column", [0, 1], ids=["not required", "required"])
def test_under_unittest_alone(suite: Suite, column: int) -> None:
    """The same outcomes, without pytest."""
    suite.write({**PACKAGES, "test_it.py": in_functions()})
    err = under_unittest(suite, "-v", "test_it", **({"SSOT_SHIMS_REQUIRE": REQUIRE} if column else {}))
    found = re.findall(r"^test \(test_it\.(Case|SetUp)(\d+)\S*\) \.\.\. (ok|skipped|ERROR)", err, re.MULTILINE)
    words = {"passed": "ok", "skipped": "skipped", "failed": "ERROR"}
    expected = [(str(number), words[became[column]]) for number, became in enumerate(TABLE.values())]
    assert sorted(found) == sorted((kind, *row) for kind in ("Case", "SetUp") for row in expected)


LINES = """
import pytest, unittest
from ssot_shims import CapabilityMissing, import_or_skip, require
def test_line_4(): require("module:not_here")
@pytest.fixture
def needed(): import_or_skip("not_here")
def test_line_6(needed): pass
class Test:
    def setup_method(self): require("module:not_here")
    def test_line_9(self): pass
class Case(unittest.TestCase):
    def test_line_12(self): require("module:not_here")
class OfClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls): import_or_skip("not_here")
    def test_line_15(self): pass
def test_catches():
    with pytest.raises(CapabilityMissing): require("module:not_here")
"""


@over_workers
def test_a_skip_is_shown_at_its_line(suite: Suite, workers: str) -> None:
    """The line of the user's file that asked, in a test, a fixture or a setup; of a TestCase the test."""
    suite.write({"test_it.py": LINES})
    run = suite.run(workers, "-rs", "--junitxml=junit.xml")
    assert run.counts == {"passed": 1, "skipped": 5}
    lines = [4, 6, 9, 12, 15]
    assert sorted(map(int, re.findall(r"^SKIPPED \[1\] test_it\.py:(\d+): [im]", run.out, re.MULTILINE))) == lines
    found = re.findall(r'name="test_line_(\d+)".*?test_it\.py:(\d+): ', (suite.folder / "junit.xml").read_text("utf-8"))
    assert sorted(found) == sorted((str(line), str(line)) for line in lines)


TOP = "import unittest\nfrom ssot_shims import import_or_skip\nX = import_or_skip({!r})\ndef test_it(): assert X\n"
TOPS = {
    "there": "acme.limits:Limits",
    "absent": "not_here",
    "moved": "acme.limits:Moved",
    "broken": "acme.broken",
    "optional": "acme.cache:Cache",
}


@over_workers
def test_at_the_top_of_a_module(suite: Suite, workers: str) -> None:
    """An absent one skips the module, and counts as a test that did; moved and broken are errors of its collection."""
    suite.write({**PACKAGES, **{f"test_{name}.py": TOP.format(target) for name, target in TOPS.items()}})
    options = [workers, "--continue-on-collection-errors", "-rs"]
    run, errors = suite.run(*options), {"test_moved.py": "error", "test_broken.py": "error"}
    assert (run.code, run.outcomes) == (1, {"test_there.py::test_it": "passed", **errors})
    skipped = re.findall(r"^SKIPPED \[1\] test_(\w+\.py:3): (.*?): ", run.out, re.MULTILINE)
    assert skipped == [("absent.py:3", "import:not_here"), ("optional.py:3", "upstream:acme.cache:Cache")]
    assert [line for line in run.told if line.endswith(": 1 test")] == [
        "ERROR import:acme.broken: 1 test",
        "ERROR upstream:acme.limits:Moved: 1 test",
        "SKIPPED import:not_here: 1 test",
        "SKIPPED upstream:acme.cache:Cache: 1 test",
    ]
    required = suite.run(*options, "--ssot-require=import:not_here,upstream:acme.limits:Limits")
    assert (required.code, required.outcomes["test_absent.py"]) == (1, "error")
    assert "NOT ASKED" not in " ".join(required.told)


def test_at_the_top_of_a_module_for_unittest(suite: Suite) -> None:
    """Discovery skips a module whose need is absent."""
    suite.write({**PACKAGES, "test_absent.py": TOP.format("not_here"), "test_moved.py": TOP.format("acme.moved")})
    err = under_unittest(suite)
    assert err.splitlines()[-1] == "FAILED (errors=1, skipped=1)"
    assert "CapabilityMissing: import:acme.moved: moved: there is no module acme.moved in " in err


# By name of the test: a line before it, what becomes of it, and how the reason begins.
MARKERS = {
    "upstream": ("@mark.requires_upstream('acme.limits:Limits')", "passed", ""),
    "notations": ("@mark.requires_capability('module:json', 'all:up,git', 'import:acme.limits')", "passed", ""),
    "decorated": ("@skip_unless_available('upstream:acme.limits:Limits', 'module:json')", "passed", ""),
    "module": ("@mark.requires_capability('module:no>=4')", "skipped", "module:no>=4: unavailable: "),
    "all": ("@mark.requires_capability('all:up,down')", "skipped", "all:up,down: unavailable: "),
    "by_decorator": ("@skip_unless_available('upstream:not_here:All')", "skipped", "upstream:not_here:All: absent: "),
    "unreadable": ("@mark.requires_upstream('acme limits:Moved')", "error", "upstream:acme limits:Moved: failed: "),
    "scheme": ("@mark.requires_capability('modul:json')", "error", "modul:json: failed: "),
    "bad_wait": ("@mark.requires_capability('up', wait='long')", "error", "up: failed: the wait is 'long'"),
    "wait": ("@mark.requires_upstream('acme.limits:Limits', wait=1)", "error", "@pytest.mark.requires_upstream("),
}


@over_workers
def test_notation_and_targets_in_markers(suite: Suite, workers: str) -> None:
    """They need no registration and no shim; what does not read is an error."""
    tests = [f"{line}\ndef test_{name}(): pass\n" for name, (line, *_) in MARKERS.items()]
    imports = "import capable\nfrom pytest import mark\nfrom ssot_shims import skip_unless_available\n"
    suite.write({**PACKAGES, "test_it.py": imports + "".join(tests)})
    run = suite.run(workers, env={"SSOT_SHIMS_HAS_GIT": "1"})
    assert run.outcomes == {f"test_it.py::test_{name}": outcome for name, (_, outcome, _) in MARKERS.items()}
    reasons = {name: run.reasons.get(f"test_it.py::test_{name}", "") for name in MARKERS}
    assert [name for name, (*_, start) in MARKERS.items() if not reasons[name].startswith(start)] == []


LATE = """
import contextlib, socket, threading
from ssot_shims import capabilities
capabilities.register("late", "tcp://127.0.0.1:PORT")
servers = [capabilities.check("late")]
def listen():
    with contextlib.suppress(OSError):  # another worker does
        servers.append(socket.create_server(("127.0.0.1", PORT)))
def pytest_collection_finish(session):
    if not session.config.getoption("numprocesses"):  # not in the controller
        threading.Timer(0.3, listen).start()
"""
MARKED = "import pytest\n@pytest.mark.requires_capability('late', wait=60)\ndef test_it(): pass\n"
REQUIRES = "from ssot_shims import require\ndef test_it(): require('tcp://127.0.0.1:PORT', wait=60)\n"


@over_workers
@pytest.mark.parametrize("test", [MARKED, REQUIRES], ids=["marker", "require"])
def test_waiting_for_a_service(suite: Suite, workers: str, test: str) -> None:
    """A test waits for what is being started, also when another worker has seen that it was not there."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = str(reserved.getsockname()[1])
    suite.write({"conftest.py": LATE.replace("PORT", port), "test_it.py": test.replace("PORT", port)})
    run = suite.run(workers)
    assert (run.code, run.counts) == (0, {"passed": 1}), run.out


NEVER_COMES = """
import time, pytest
from ssot_shims import capabilities, require

asked = []
for name in ("one", "two"):
    capabilities.register(name, lambda: (asked.append(1), False)[1])
@pytest.mark.parametrize("number", range(90))
@pytest.mark.requires_capability("one", wait=0.5)
def test_marked(number): pass
@pytest.mark.parametrize("number", range(90))
def test_asks(number): require("one", "two", "upstream:json:loads", wait=0.5)
def test_last():
    before = len(asked)
    with pytest.raises(Exception, match="one: unavailable: .*; two: unavailable: "):
        require("one", "two", wait=60)
    assert len(asked) == before > 4
"""


def test_a_name_is_waited_for_once(suite: Suite) -> None:
    """What has not come in that time would hold up every test anew, whoever asks: markers or require()."""
    suite.write({"test_it.py": NEVER_COMES})
    assert suite.run().counts == {"passed": 1, "skipped": 180}
