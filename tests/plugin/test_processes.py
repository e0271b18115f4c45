"""Tests that run in processes of their own, and processes that die: what they asked for is told all the same."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.plugin.conftest import Suite, over_workers
from tests.plugin.test_nothing_is_hidden import MOVED
from tests.plugin.test_peers import need

FORKED = """
import os, pickle, pytest
from _pytest.runner import runtestprotocol
from ssot_shims import capabilities
capabilities.register("down", lambda: (False, "it is switched off"))
capabilities.register("sick", lambda: 1 / 0)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    hook, config, about = item.ihook, item.config, {"nodeid": item.nodeid, "location": item.location}
    hook.pytest_runtest_logstart(**about)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        reports = runtestprotocol(item, log=False)
        sent = [hook.pytest_report_to_serializable(config=config, report=report) for report in reports]
        with os.fdopen(writer, "wb") as out:
            pickle.dump(sent, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    sent = pickle.loads(text) if text else []
    reports = [hook.pytest_report_from_serializable(config=config, data=data) for data in sent]
    died = pytest.TestReport(item.nodeid, item.location, {}, "failed", "its process died", "???")
    for report in reports or [died]:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(**about)
    return True
"""
ASKS = """
import pytest
@pytest.mark.requires_capability("down")
def test_marked(): pass
def test_python():
    from ssot_shims import is_available
    if not is_available("down"): pytest.skip("it is down")
def test_fails_to_ask():
    from ssot_shims import is_available
    is_available("sick")
def test_shim():
    import moved_shims
    from ssot_shims import RetryPolicy
"""
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a process")


@needs_fork
@over_workers
def test_each_test_in_a_process_of_its_own(suite: Suite, workers: str) -> None:
    """Skips, requirements, shims and violations of strictness count as if one process had run them all."""
    suite.write({**MOVED, "conftest.py": FORKED, "test_it.py": ASKS})
    run = suite.run("-Wignore", workers)
    assert (run.code, run.counts) == (0, {"passed": 2, "skipped": 2}), run.out
    assert run.told == ["SKIPPED down: 1 test", "PLACEHOLDER Moved", "PLACEHOLDER RetryPolicy"]
    required = suite.run("-Wignore", "--ssot-require=down,upstream:RetryPolicy,git", workers)
    assert (required.code, required.counts) == (1, {"error": 1, "passed": 2, "skipped": 1})
    told = ["ERROR down: 1 test", "ERROR upstream:RetryPolicy", "NOT ASKED git"]
    assert [line for line in required.told if not line.startswith("PLACEHOLDER")] == told
    environment = '[[tool.ssot_shims.environments]]\nname = "here"\n'
    suite.write({"pyproject.toml": environment, "test_here.py": "def test_it(ssot_environment): pass\n"})
    chosen = suite.run("test_here.py", workers)
    assert (chosen.counts, chosen.told) == ({"passed": 1}, ["ENVIRONMENT here"])
    assert suite.run("-k", "shim", "--ssot-strict", workers).told[0] == "STRICT Moved"


@needs_fork
def test_a_test_whose_process_dies(suite: Suite) -> None:
    """It is listed, nothing is called not asked for, and a suite that uses nothing is not told."""
    suite.write({"conftest.py": FORKED, "test_it.py": "import os\ndef test_dies(): os._exit(3)\n"})
    run = suite.run("--ssot-require=git,down")
    assert (run.code, run.outcomes) == (1, {"test_it.py::test_dies": "failed"})
    assert run.summary == ["CRASHED test_it.py::test_dies: its process died, and not all that it asked for is known"]
    suite.write({"conftest.py": re.sub(".*capabilities.*", "", FORKED)})
    unused = suite.run("-n1")
    assert (unused.counts, unused.summary) == ({"failed": 1}, [])


def properties(suite: Suite, test: str) -> list[dict[str, Any]]:
    """What the properties of *test* say, as JUnit XML has them."""
    case = ElementTree.parse(suite.folder / "out.xml").find(f".//testcase[@name='{test}']")
    assert case is not None
    return [json.loads(each.attrib["value"]) for each in case.findall(".//property[@name='ssot_shims']")]


REPORTED = """
import pytest
from ssot_shims import capabilities, is_available
capabilities.register("asked", lambda: (False, "no answer at http://me:secret@host/"))
capabilities.register("at_import", lambda: True)
capabilities.register("here", lambda: True)
capabilities.register("unclear", "env:PATH")
is_available("at_import")
attempts = []
@pytest.mark.requires_capability("here")
def test_at_the_second_attempt():
    attempts.append(1)
    assert len(attempts) == 2
def test_asks(record_property):
    record_property("its own", "value")
    assert not is_available("asked")
def test_is_told_nothing(monkeypatch):
    monkeypatch.setenv("SSOT_SHIMS_HAS_UNCLEAR", "perhaps")
    with pytest.raises(ValueError):
        is_available("unclear")
def test_asks_for_nothing(): pass
"""


def test_what_a_test_asked_is_in_its_properties(suite: Suite) -> None:
    """Once, however often it ran, without secrets, and beside those of others; a test that asked nothing has none."""
    need("pytest_rerunfailures")
    suite.write({"test_it.py": REPORTED})
    options = ("--reruns=1", "--junitxml=out.xml", "-ojunit_family=xunit1", "--ssot-require=asked")
    run = suite.run(*options, plugins=["rerunfailures"])
    assert run.counts == {"passed": 4}, run.out
    (twice,) = properties(suite, "test_at_the_second_attempt")
    assert [(one["name"], one["outcome"]) for one in twice["needed"]] == [("here", "run")]
    (asked,) = properties(suite, "test_asks")
    verdict = asked["verdicts"].pop("asked")
    assert (verdict["outcome"], verdict["reason"]) == ("error", "no answer at http://***@host/")
    assert (verdict["is_required"], verdict["required_by"]) == (True, "--ssot-require")
    assert (asked["needed"], asked["verdicts"], asked["shims"], type(asked["process"])) == ([], {}, [], int)
    (unclear,) = properties(suite, "test_is_told_nothing")
    assert unclear["verdicts"] == {"unclear": None}
    assert properties(suite, "test_asks_for_nothing") == []
    assert 'name="its own"' in (suite.folder / "out.xml").read_text()


def test_properties_of_any_kind(suite: Suite) -> None:
    """What a suite puts there itself, well-formed or not, is left alone, whether it uses the plugin or not."""
    test = """
def test_it(request):
    request.node.user_properties += [(), ("a", 1), ("a", 1, 2), {"a": 1}, "ab", 7]
    if USES:
        import ssot_shims
        assert ssot_shims.capabilities.check("git")
def test_after(request):
    assert request.session.items[0].user_properties[:6] == [(), ("a", 1), ("a", 1, 2), {"a": 1}, "ab", 7]
"""
    for uses in ("True", "False"):
        suite.write({"test_it.py": test.replace("USES", uses)})
        run = suite.run(env={"SSOT_SHIMS_HAS_GIT": "1"})
        assert (run.code, run.counts) == (0, {"passed": 2}), run.out


def test_a_contract_that_cannot_be_compared(suite: Suite) -> None:
    """It is one line of the section, and fails the run."""
    conftest = """
from ssot_shims import shim
from ssot_shims._contract import comparison
def broken(*_): raise RecursionError("too deep")
comparison.compare = broken  # whatever an upstream may make it raise
@shim("real_pkg:Real")
class Real: ...
"""
    suite.write({"real_pkg.py": "class Real: ...\n", "conftest.py": conftest, "test_it.py": "def test_it(): pass\n"})
    run = suite.run()
    assert (run.code, run.counts) == (1, {"passed": 1})
    assert run.summary == ["ERROR ssot_shims: Real cannot be compared with its upstream: RecursionError: too deep"]
