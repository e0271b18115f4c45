"""What a test does that needs something: one table of every status and state, with and without a requirement."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from ssot_shims import Availability, PlaceholderWarning, all_shims, capabilities, shim
from ssot_shims._lookup.lookup import Target
from ssot_shims._project.requirement import Verdict, judge_each, judge_target
from ssot_shims.errors import CircularShim
from tests.conftest import Write

BY_OPTION = "--ssot-require"
BAD = "class Broken: ...\nraise OSError('full')\n"
ANSWERS: dict[str, Callable[[], object]] = {
    "there": lambda: Availability(status="available", reason="it answered"),
    "gone": lambda: (False, "nobody listens at https://me:hunter2@db; start it: acme up"),
    "slow": lambda: Availability(status="timed_out", reason="no answer in 1 s; allow more: timeout=4"),
    "buggy": lambda: Availability(status="failed", reason="its probe raised ZeroDivisionError; repair it"),
}


def judge(name: str, required: dict[str, str]) -> Verdict:
    """The verdict on one name."""
    (verdict,) = judge_each([name], required)
    return verdict


@pytest.fixture(autouse=True)
def root(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a capability of each status, forced ones, and a shim of each state; where the upstream is."""
    for name, probe in ANSWERS.items():
        capabilities.register(name, probe)
    capabilities.register("forced_yes", lambda: False)
    capabilities.register("forced_no", lambda: True)
    capabilities.register("muddled", lambda: True)
    capabilities.register("part_forced", "all:there,forced_yes")
    capabilities.register("part_unknown", "all:there,nowhere")
    capabilities.register("selfish", lambda: bool(capabilities.check("selfish")))
    monkeypatch.setenv("SSOT_SHIMS_HAS_FORCED_YES", "1")
    monkeypatch.setenv("SSOT_SHIMS_HAS_FORCED_NO", "0")
    monkeypatch.setenv("SSOT_SHIMS_HAS_MUDDLED", "maybe")
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", "Forced")
    root = write({"acme/__init__.py": "", "acme/ws.py": "class Real: ...\n", "acme/bad.py": BAD})
    targets = {"Moved": "acme.ws", "Real": "acme.ws", "Absent": "nowhere", "Broken": "acme.bad", "Forced": "acme.ws"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlaceholderWarning)
        for name, module in targets.items():
            shim(f"{module}:{name}")(type(name, (), {"__module__": __name__}))
    assert [record.state for record in all_shims()] == ["moved", "upstream", "absent", "broken", "forced"]
    return root


# Name, status, outcome, outcome when it is required, and how the reason after the status begins.
TABLE = [
    ("there", "available", "run", "run", "it answered"),
    ("gone", "unavailable", "skip", "error", "nobody listens at https://***@db; start it: acme up"),
    ("slow", "timed_out", "skip", "error", "no answer in 1 s; allow more: timeout=4"),
    ("buggy", "failed", "error", "error", "its probe raised ZeroDivisionError; repair it"),
    ("forced_yes", "available", "run", "error", "forced: SSOT_SHIMS_HAS_FORCED_YES says yes; to ask the machine: "),
    ("part_forced", "available", "run", "error", "forced: there: it answered; forced_yes: SSOT_SHIMS_HAS_FORCED_YES "),
    ("forced_no", "unavailable", "skip", "error", "forced: SSOT_SHIMS_HAS_FORCED_NO says no; to ask the machine: "),
    ("muddled", "failed", "error", "error", "SSOT_SHIMS_HAS_MUDDLED is 'maybe'; expected 1, true, yes or on, or 0, "),
    ("selfish", "failed", "error", "error", "the probes ask for one another in a circle: selfish -> selfish; let "),
    ("gonne", "unknown", "error", "error", "no capability 'gonne'; close: gone; known: buggy, docker, "),
    ("part_unknown", "unknown", "error", "error", "no capability 'nowhere'; close: there; known: buggy, docker, "),
    ("upstream:Real", "upstream", "run", "run", "acme.ws:Real ({root}/acme/ws.py)"),
    ("upstream:Absent", "absent", "skip", "error", "no package 'nowhere' is installed here; to use the real one, "),
    ("upstream:Forced", "forced", "skip", "error", "SSOT_SHIMS_PLACEHOLDERS asks for the placeholder; to undo that: "),
    ("upstream:Moved", "moved", "error", "error", "Moved is not in {root}/acme/ws.py (read, not run); "),
    ("upstream:Broken", "broken", "error", "error", "importing acme.bad raised OSError: full; to see the whole "),
    ("upstream:Raal", "unknown", "error", "error", "no shim 'Raal'; close: Real; known: Absent, Broken, Forced, "),
    ("upstream:acme.ws:Real", "upstream", "run", "run", "acme.ws:Real ({root}/acme/ws.py)"),
    ("import:acme.ws", "available", "run", "run", "acme.ws can be imported ({root}/acme/ws.py)"),
    ("upstream:acme.ws:Gone", "moved", "error", "error", "Gone is not in {root}/acme/ws.py"),
    ("upstream:acme.ws", "failed", "error", "error", "'acme.ws' has no colon; write a target as 'pkg.mod:Name'"),
]


@pytest.mark.parametrize(("name", "status", "outcome", "when_required", "why"), TABLE, ids=[row[0] for row in TABLE])
def test_skip_error_or_run(name: str, status: str, outcome: str, when_required: str, why: str, root: Path) -> None:
    """By status or state; under a requirement everything but what is really there is an error, and says who asks."""
    verdict = judge(name, {})
    assert (verdict.name, verdict.outcome, verdict.status) == (name, outcome, status)
    assert verdict.explanation.startswith(f"{status}: {why.replace('{root}', str(root))}")
    assert (verdict.is_required, verdict.required_by) == (False, "")
    assert judge(name, {"other": BY_OPTION}) == verdict
    required = judge(name, {name: BY_OPTION})
    assert required == verdict.replace(outcome=when_required, is_required=True, required_by=BY_OPTION)
    assert str(required) == f"{name}: required by {BY_OPTION}; {verdict.explanation}"
    assert verdict.is_forced == why.startswith("forced: ")
    assert (status == "unknown") == verdict.hint.endswith("in tool.ssot_shims.modules")


def test_our_own_shims_when_needed(fresh_shims: None, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has imported is imported for its verdict, which says all: no warning and no raise."""
    write({"netra_backend/app/db/intelligent_retry_system.py": "print('hello')\nclass RetryPolicyService: ...\n"})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    verdict = judge("upstream:RetryPolicy", {})
    assert (verdict.status, verdict.outcome) == ("moved", "error")
    assert "similar: netra_backend.app.db.intelligent_retry_system:RetryPolicyService" in verdict.explanation
    assert judge("upstream:RetryPolicy", {}) == verdict


def test_a_shim_that_cannot_be_resolved_is_an_error(fresh_shims: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that does not read is told in the verdict."""
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_RETRYPOLICY", "nonsense")
    verdict, told = judge("upstream:RetryPolicy", {}), "SSOT_SHIMS_UPSTREAM_RETRYPOLICY is 'nonsense'; expected "
    assert (verdict.outcome, verdict.status, verdict.hint) == ("error", "failed", "")
    assert verdict.reason == f"{told}a target such as pkg.mod:Name"


def test_names_are_judged_side_by_side_and_once() -> None:
    """In the order asked; two probes that wait for one another both answer."""
    meeting = threading.Barrier(2, timeout=5)
    capabilities.register("left", lambda: meeting.wait() >= 0)
    capabilities.register("right", lambda: meeting.wait() >= 0)
    verdicts = judge_each(["right", "upstream:Absent", "left", "right"], {"left": BY_OPTION})
    found = [(verdict.name, verdict.outcome) for verdict in verdicts]
    assert found == [("right", "run"), ("upstream:Absent", "skip"), ("left", "run")]


MISSING = "there is no module acme.wss in {root}/acme/__init__.py; similar: acme.ws"


@pytest.mark.parametrize(
    ("name", "reason", "hint"),
    [
        ("acme.wss", MISSING, "to follow it, write its new place as the target at /a/test.py:3"),
        ("acme.bad", "importing acme.bad raised OSError: full", "to see the whole traceback: "),
        ("nowhere", "no package 'nowhere' is installed here", "to use the real one, install it, or set PYTHONPATH="),
    ],
)
def test_a_module_that_cannot_be_had(name: str, reason: str, hint: str, root: Path) -> None:
    """It is moved, broken or absent, with what to do."""
    result = judge_target(Target.parse(name, may_be_module=True), {}, "/a/test.py:3")[1]
    assert (result.reason, result.hint[: len(hint)]) == (reason.format(root=root), hint)


def test_a_module_in_the_middle_of_its_own_import(write: Write) -> None:
    """That is an error by itself."""
    write({"circle.py": "from ssot_shims import import_or_skip\nimport_or_skip('circle:Name')\n"})
    with pytest.raises(CircularShim, match="^Name cannot be resolved yet"):
        judge_target(Target.parse("circle", may_be_module=True), {})
