"""Under pytest-xdist all workers of one host give one answer, and the run is told about once."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from ssot_shims import Availability, capabilities
from ssot_shims._capabilities.cache import Answers
from ssot_shims._plugin.xdist import Sharing
from tests.plugin.conftest import Suite

# Each process that asks for one of these gets another answer than the first: only an exchange can make them agree.
FICKLE = """
import os
from ssot_shims import capabilities
def first_is_told_yes(name):
    try: os.close(os.open(f"{name}.asked", os.O_CREAT | os.O_EXCL))
    except FileExistsError: return False, f"process {os.getpid()} asked too late"
    return True
"""
FORTY = {
    "pyproject.toml": """
[tool.ssot_shims]
modules = ["declared"]
[tool.ssot_shims.capabilities]
staging = "tcp://127.0.0.1:PORT"
""",
    "conftest.py": f"""{FICKLE}
capabilities.register("early", lambda: first_is_told_yes("early"))
AT_IMPORT = bool(capabilities.check("early"))
capabilities.register("fickle", lambda: first_is_told_yes("fickle"))
capabilities.register("short", lambda: first_is_told_yes("short"), ttl=60)
""",
    "declared.py": f"{FICKLE}capabilities.register('declared', lambda: first_is_told_yes('declared'))\n",
    "test_forty.py": """
import json, os, stat
from pathlib import Path
import pytest
from conftest import AT_IMPORT
from ssot_shims import Registry, capabilities, is_available
@pytest.mark.requires_capability("staging")
@pytest.mark.parametrize("number", range(40))
def test_it(number, worker_id):
    registry = Registry()
    capabilities.register("own", lambda: (False, f"of test {number}"), replace=True)
    registry.register("fickle", lambda: (False, f"of test {number}"))
    folder, = Path(os.environ["TMPDIR"]).glob("pytest-of-*/pytest-0/ssot_shims-*")
    told = {name: is_available(name) for name in ("staging", "fickle", "declared", "short")}
    told |= dict(
        worker=worker_id, at_import=AT_IMPORT, variable=os.environ.get("_SSOT_SHIMS_SHARED_ANSWERS"),
        own=capabilities.check("own").reason == registry.check("fickle").reason == f"of test {number}",
        mode=oct(stat.S_IMODE(folder.stat().st_mode)),
    )
    Path(f"told.{number}").write_text(json.dumps(told))
""",
    "temporary/empty": "",
}


def test_forty_tests_over_four_workers(suite: Suite) -> None:
    """One answer for all, whoever declared it and whenever it is asked; answers of a test or with a ttl are its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=40) as server:
        project = FORTY["pyproject.toml"].replace("PORT", str(server.getsockname()[1]))
        temporary = suite.write({**FORTY, "pyproject.toml": project}) / "temporary"
        run = suite.run("-n4", env={"TMPDIR": str(temporary)})
    assert (run.code, run.collected, run.counts) == (0, 40, {"passed": 40}), run.out
    each = [json.loads(file.read_text()) for file in suite.folder.glob("told.*")]
    told = {key: {one[key] for one in each} for key in each[0]}
    assert told["worker"] == {"gw0", "gw1", "gw2", "gw3"}
    assert [len(told[name]) for name in ("fickle", "declared", "at_import")] == [1, 1, 1]  # which is a matter of luck
    assert (told["staging"], told["own"], told["short"]) == ({True}, {True}, {True, False})
    assert (told["mode"], told["variable"]) == ({"0o700"}, {None})  # nobody else can read it, nor learns of it
    assert list(temporary.glob("**/ssot_shims-*")) == []


CRASH = """
import os, pytest
from ssot_shims import capabilities
capabilities.register("missing", lambda: (False, "not today"))
capabilities.register("required", lambda: (False, "not today either"))
@pytest.mark.requires_capability("missing")
@pytest.mark.parametrize("number", range(13))
def test_skipped(number): pass
@pytest.mark.requires_capability("required")
@pytest.mark.parametrize("number", range(2))
def test_required(number): pass
def test_crashes(): os._exit(3)
@pytest.mark.requires_capability("missing")
@pytest.mark.parametrize("number", range(12))
def test_skipped_later(number): pass
"""


def test_a_worker_that_crashes(suite: Suite) -> None:
    """It is replaced and listed, every test that it has reported counts once, and nothing is called not asked for."""
    suite.write({"test_it.py": CRASH})
    run = suite.run("-n2", "--ssot-require=required,git")
    assert "replacing crashed worker" in run.out
    assert (run.code, run.collected) == (1, 28)
    assert run.counts == {"error": 2, "failed": 1, "skipped": 25}, run.out
    assert run.outcomes["test_it.py::test_crashes"] == "failed"
    assert [re.sub(r"gw\d", "gw", line) for line in run.summary] == [
        "ERROR required: 2 tests; required by --ssot-require; unavailable: not today either",
        "CRASHED gw: its process died, and not all that it asked for is known",
        "SKIPPED missing: 25 tests; unavailable: not today",
    ]


def test_of_two_workers_the_one_without_counts(suite: Suite) -> None:
    """What was asked for in Python, and is required, was really there for one of them only: whoever ends first."""
    conftest = 'from ssot_shims import capabilities\ncapabilities.register("licence", lambda: True)'
    asks = "from ssot_shims import is_available\ndef test_it(monkeypatch): {}; assert is_available('licence')\n"
    forces = asks.format("monkeypatch.setenv('SSOT_SHIMS_HAS_LICENCE', '1')")
    suite.write({"conftest.py": conftest, "test_a.py": asks.format("pass"), "test_b.py": forces})
    run = suite.run("-n2", "--dist=loadfile", "--ssot-require", "licence")
    assert (run.code, run.counts, run.told) == (1, {"passed": 2}, ["ERROR licence"])
    assert "; available: forced: SSOT_SHIMS_HAS_LICENCE says yes; " in run.summary[0]


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sharing:
    """What another worker sees of the answers that this process shares."""
    monkeypatch.setattr(Answers, "shared", Sharing(tmp_path))
    monkeypatch.setattr(capabilities._answers, "refreshed", set())
    return Sharing(tmp_path)


YES = Availability(status="available", reason="version 3", details={"version": "3"})


def test_what_is_told_of_an_answer(shared: Sharing) -> None:
    """All of it: status, reason and details; whoever asks anew gets a new answer, and keeps it to this process."""
    answers = iter([YES, (False, "second")])
    capabilities.register("mine", lambda: next(answers))
    assert capabilities.check("mine").replace(name="", seconds=0.0) == YES
    capabilities.refresh("mine")
    assert capabilities.check("mine").reason == "second"
    assert shared.read(capabilities["mine"]) == YES


@pytest.mark.parametrize("own", [(False, "found here"), "which fails"], ids=["another answer", "no answer"])
def test_an_answer_found_meanwhile(shared: Sharing, own: object) -> None:
    """When both have looked and found nothing, the first answer counts, whatever the second probe finds out."""

    def other_first() -> object:
        assert shared.offer(capabilities["mine"], YES) == YES
        return own

    capabilities.register("mine", other_first)
    assert capabilities.check("mine").reason == "version 3"


def test_only_yes_and_no_are_shared(shared: Sharing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a probe that failed nor an answer that somebody forces is told to others."""
    capabilities.register("mine", lambda: 1 / 0)
    assert capabilities.check("mine").status == "failed"
    monkeypatch.setenv("SSOT_SHIMS_HAS_OTHER", "1")
    capabilities.register("other", lambda: False)
    capabilities.register("derived", lambda: capabilities.check("other"))
    assert capabilities.check("other")
    assert capabilities.check("derived").source == "SSOT_SHIMS_HAS_OTHER"
    assert list(tmp_path.iterdir()) == []


def test_what_is_declared_while_tests_are_collected(shared: Sharing) -> None:
    """It is shared, whoever has registered it: a module of a test is the same in each worker."""
    capabilities.register("mine", lambda: True)
    Answers.shared.include(["mine"])  # type: ignore[union-attr]  # the fixture has set it
    assert capabilities.check("mine")
    assert shared.read(capabilities["mine"]) is not None


REGISTRY = """
import sys
def test_it():
    from ssot_shims import Registry  # somebody's own
    registry = Registry()
    registry.register("git", "command:git")
    registry.check("git")
    assert "ssot_shims._capabilities.builtin" not in sys.modules
"""


def test_a_suite_with_a_registry_of_its_own(suite: Suite) -> None:
    """Neither controller nor workers import our capabilities, and the run does not mention us."""
    suite.write({"test_it.py": REGISTRY})
    run = suite.run("-n1")
    assert (run.code, run.outcomes, run.summary) == (0, {"test_it.py::test_it": "passed"}, [])
    out = re.sub(r"^plugins: .*\n", "", run.out, flags=re.MULTILINE)  # where ours is installed, it is listed
    assert "ssot" not in out.replace(str(suite.folder), "")
