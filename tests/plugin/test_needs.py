"""What a test asks for in Python: ``import_or_skip`` and ``require``, under pytest, its workers, and unittest."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.plugin.conftest import ROOT, Suite

PACKAGES = {
    "acme/__init__.py": "",
    "acme/limits.py": "class Limits: ...\n",
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
    'require("modul:json")': ("failed", "failed"),
    'require("up", wait=-1)': ("failed", "failed"),
}
REQUIRED = ["not_here.at:All", "acme.cache:Cache", "not_here:All"]
REQUIRE = ",".join(["down", "module:not_here", "import:not_here", *(f"upstream:{name}" for name in REQUIRED)])


def in_functions() -> str:
    """A test function and a method of unittest with each of the statements, and one whose setUp has it."""
    lines = ["import unittest", "import capable", "from ssot_shims import import_or_skip, require"]
    for number, statement in enumerate(TABLE):
        lines += [f"def test_{number}(): assert {statement} is not False"]
        lines += [f"class Case{number}(unittest.TestCase):", f"    def test(self): {statement}"]
        lines += [f"class SetUp{number}(unittest.TestCase):", f"    def setUp(self): {statement}"]
        lines += ["    def test(self): pass"]
    return "\n".join(lines)


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("column", [0, 1], ids=["not required", "required"])
def test_in_tests_and_setup(suite: Suite, workers: str, column: int) -> None:
    """Skip when absent or unavailable; an error for everything that is wrong, and for what is required."""
    suite.write({**PACKAGES, "test_it.py": in_functions()})
    options = ["--ssot-require", REQUIRE] if column else []
    run = suite.run(workers, *options, plugins=["xdist.plugin"])
    expected: dict[str, str] = {}
    for number, outcomes in enumerate(TABLE.values()):
        places = (f"test_{number}", f"Case{number}::test", f"SetUp{number}::test")
        expected |= {f"test_it.py::{place}": outcomes[column] for place in places}
    assert run.outcomes == expected
    assert run.code == 1
    shown = {line.partition(": ")[0] for line in run.summary}
    label = "ERROR" if column else "SKIPPED"
    assert {f"{label} import:not_here", f"{label} upstream:not_here.at:All", "ERROR import:acme.broken"} <= shown
    counts = {line.partition(";")[0] for line in run.summary}
    assert {f"{label} upstream:acme.cache:Cache: 3 tests", f"{label} module:not_here: 3 tests"} <= counts
    assert "NOT ASKED" not in " ".join(run.summary)


@pytest.mark.parametrize("column", [0, 1], ids=["not required", "required"])
def test_under_unittest_alone(suite: Suite, column: int) -> None:
    """The same outcomes, without pytest."""
    folder = suite.write({**PACKAGES, "test_it.py": in_functions()})
    env = {"PYTHONPATH": str(ROOT), **({"SSOT_SHIMS_REQUIRE": REQUIRE} if column else {})}
    command = [sys.executable, "-m", "unittest", "-v", "test_it"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    found = re.findall(r"^test \(test_it\.(Case\d+|SetUp\d+)\S*\) \.\.\. (ok|skipped|ERROR)", done.stderr, re.MULTILINE)
    words = {"passed": "ok", "skipped": "skipped", "failed": "ERROR"}
    outcomes = [words[outcomes[column]] for outcomes in TABLE.values()]
    assert dict(found) == {
        f"{kind}{number}": outcome for kind in ("Case", "SetUp") for number, outcome in enumerate(outcomes)
    }


TOPS = {
    "there": "acme.limits:Limits",
    "absent": "not_here",
    "moved": "acme.limits:Moved",
    "broken": "acme.broken",
    "optional": "acme.cache:Cache",
}


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_at_the_top_of_a_module(suite: Suite, workers: str) -> None:
    """An absent one skips the module, and counts as a test that did; moved and broken are errors of its collection."""
    top = "from ssot_shims import import_or_skip\nX = import_or_skip({!r})\ndef test_it(): assert X\n"
    suite.write({**PACKAGES, **{f"test_{name}.py": top.format(target) for name, target in TOPS.items()}})
    options = [workers, "--continue-on-collection-errors", "-rs"]
    run = suite.run(*options, plugins=["xdist.plugin"])
    assert (run.code, run.outcomes) == (
        1,
        {"test_there.py::test_it": "passed", "test_moved.py": "error", "test_broken.py": "error"},
    )
    assert re.findall(r"^SKIPPED \[1\] (test_\w+\.py:2): ", run.out, re.MULTILINE) == [
        "test_absent.py:2",
        "test_optional.py:2",
    ]
    told = [line.partition(";")[0] for line in run.summary if ": 1 test;" in line]
    assert told == [
        "ERROR import:acme.broken: 1 test",
        "ERROR upstream:acme.limits:Moved: 1 test",
        "SKIPPED import:not_here: 1 test",
        "SKIPPED upstream:acme.cache:Cache: 1 test",
    ]
    required = suite.run(
        *options, "--ssot-require=import:not_here,upstream:acme.limits:Limits", plugins=["xdist.plugin"]
    )
    assert (required.code, required.outcomes["test_absent.py"]) == (1, "error")
    assert not [line for line in required.summary if line.startswith("NOT ASKED")]


def test_at_the_top_of_a_module_for_unittest(suite: Suite) -> None:
    """Discovery skips a module whose need is absent."""
    top = "import unittest\nfrom ssot_shims import import_or_skip\nX = import_or_skip({!r})\n"
    suite.write({**PACKAGES, "test_absent.py": top.format("not_here"), "test_moved.py": top.format("acme.moved")})
    command = [sys.executable, "-m", "unittest"]
    env = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=suite.folder, env=env, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "FAILED (errors=1, skipped=1)"
    assert "CapabilityMissing: import:acme.moved: moved: in " in done.stderr


MARKERS = """
import pytest, capable
from ssot_shims import skip_unless_available

@pytest.mark.requires_upstream("acme.limits:Limits")
@pytest.mark.requires_capability("module:json", "all:up,git", "import:acme.limits")
def test_there(): pass
@pytest.mark.requires_upstream("not_here.at:All")
def test_absent(): pass
@pytest.mark.requires_upstream("acme.limits:Moved")
def test_moved(): pass
@pytest.mark.requires_upstream("acme limits:Moved")
def test_unreadable(): pass
@pytest.mark.requires_upstream("json")
def test_no_shim(): pass
@pytest.mark.requires_capability("module:not_here>=2024")
def test_module(): pass
@pytest.mark.requires_capability("all:up,down")
def test_all(): pass
@pytest.mark.requires_capability("modul:json")
def test_scheme(): pass
@pytest.mark.requires_capability("up", wait="long")
def test_bad_wait(): pass
@pytest.mark.requires_upstream("acme.limits:Limits", wait=1)
def test_wait_for_upstream(): pass
@skip_unless_available("upstream:acme.limits:Limits", "module:json")
def test_decorator_there(): pass
@skip_unless_available("upstream:not_here.at:All")
def test_decorator_absent(): pass
"""
SKIPPED = ("absent", "module", "all", "decorator_absent")


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_notation_and_targets_in_markers(suite: Suite, workers: str) -> None:
    """They need no registration and no shim; what does not read is an error."""
    suite.write({**PACKAGES, "test_it.py": MARKERS})
    run = suite.run(workers, plugins=["xdist.plugin"], env={"SSOT_SHIMS_HAS_GIT": "1"})
    skipped = {f"test_it.py::test_{name}": "skipped" for name in SKIPPED}
    passed = {f"test_it.py::test_{name}": "passed" for name in ("there", "decorator_there")}
    assert {node: outcome for node, outcome in run.outcomes.items() if outcome != "error"} == skipped | passed
    reasons = {node.removeprefix("test_it.py::test_"): reason for node, reason in run.reasons.items()}
    assert reasons["absent"].startswith("upstream:not_here.at:All: absent: no package 'not_here' is installed here; ")
    assert reasons["module"].startswith("module:not_here>=2024: unavailable: ")
    assert "'modul'; close: module" in reasons["scheme"]
    assert "the wait is 'long'" in reasons["bad_wait"]
    assert "a symbol 'Moved'" not in reasons["moved"]
    assert reasons["no_shim"].startswith("upstream:json: unknown: no shim 'json'; ")


@pytest.fixture
def late_port(suite: Suite) -> Iterator[int]:
    """A port on which something listens a moment after the first question."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def listen() -> None:
        while not (suite.folder / "asked").exists():
            time.sleep(0.02)
        time.sleep(0.3)
        server.bind(("127.0.0.1", port))
        server.listen()

    thread = threading.Thread(target=listen)
    thread.start()
    yield port
    thread.join()
    server.close()


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize(
    "test",
    [
        "@pytest.mark.requires_capability('late', wait=60)\ndef test_it(): pass",
        "def test_it(): require('tcp://127.0.0.1:{port}', wait=60)",
    ],
)
def test_waiting_for_a_service(suite: Suite, late_port: int, workers: str, test: str) -> None:
    """A test waits for what is being started, also when another worker has seen that it was not there."""
    early = f"from ssot_shims import capabilities\ncapabilities.register('late', 'tcp://127.0.0.1:{late_port}')\n"
    early += "capabilities.check('late')\n"
    imports = "import pytest\nfrom ssot_shims import require\n"
    suite.write(
        {"conftest.py": early + "open('asked', 'w').close()\n", "test_it.py": imports + test.format(port=late_port)}
    )
    run = suite.run(workers, plugins=["xdist.plugin"])
    assert (run.code, run.counts) == (0, {"passed": 1}), run.out


def test_a_marker_waits_once(suite: Suite) -> None:
    """What has not come in that time would hold up every test anew."""
    test = """
import pytest
@pytest.mark.parametrize("number", range(20))
@pytest.mark.requires_capability("tcp://127.0.0.1:1", wait=0.5)
def test_it(number): pass
"""
    suite.write({"test_it.py": test})
    began = time.monotonic()
    assert suite.run().counts == {"skipped": 20}
    assert time.monotonic() - began < 9
