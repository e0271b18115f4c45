"""What is kept, and for how long; asking for several."""

from __future__ import annotations

import asyncio
import functools
import threading

import pytest

from ssot_shims import Availability, CapabilityMissing, Registry
from ssot_shims.errors import UnknownName
from tests.support.flights import Clock, counted

LATE = Availability(status="timed_out", reason="busy")


@pytest.mark.parametrize(
    ("answers", "ttl", "seen"),
    [
        ([True, False], None, {0: "available 1", 1e9: "available 1"}),
        ([False, True], None, {0: "unavailable 1", 1e9: "unavailable 1"}),
        ([True, False], 60, {0: "available 1", 59: "available 1", 60: "unavailable 2", 119: "unavailable 2"}),
        ([3, LATE, True], None, {0: "failed 1", 4.9: "failed 1", 5: "timed_out 2", 10: "available 3"}),
    ],
)
def test_an_answer_is_found_out_once(answers: list[object], ttl: float | None, seen: dict[float, str]) -> None:
    """A yes and a no are kept, with a ttl for so long; timed out and failed are asked about again after 5 seconds."""
    clock = Clock()
    registry = Registry(clock=clock)
    probe, asked = counted(*answers)
    registry.register("once", probe, ttl=ttl)
    found = {}
    for clock.now in seen:
        found[clock.now] = f"{registry.check('once').status} {len(asked)}"
    assert found == seen


@pytest.mark.parametrize(
    ("notation", "status", "reason", "source"),
    [
        ("all:yes,sure", "available", "yes: it is; sure: it is", "probe"),
        ("all:yes,no,late", "unavailable", "no: it is not; late: busy", "probe"),
        ("all:no,odd", "failed", "no: it is not; odd: it broke", "probe"),
        ("all:yes,late", "timed_out", "late: busy", "probe"),
        ("any:no,yes,odd", "available", "yes: it is", "probe"),
        ("any:no,late", "unavailable", "no: it is not; late: busy", "probe"),
        # One is forced if it would be another answer without its forced part.
        ("any:yes,forced_yes", "available", "yes: it is; forced_yes: yes", "probe"),
        ("any:no,forced_yes", "available", "forced_yes: yes", "override"),
        ("any:no,forced_no", "unavailable", "no: it is not; forced_no: no", "override"),
        ("all:yes,forced_yes", "available", "yes: it is; forced_yes: yes", "override"),
        ("all:no,forced_no", "unavailable", "no: it is not; forced_no: no", "probe"),
        ("all:yes,forced_no", "unavailable", "forced_no: no", "override"),
    ],
)
def test_combinations(registry: Registry, notation: str, status: str, reason: str, source: str) -> None:
    """The reason is that of the parts that decide, the hint of those that have one; the worst status wins."""
    forced = {
        "forced_yes": Availability(status="available", reason="yes"),
        "forced_no": Availability(status="unavailable", reason="no"),
    }
    parts = forced | {
        "yes": Availability(status="available", reason="it is"),
        "sure": Availability(status="available", reason="it is"),
        "no": Availability(status="unavailable", reason="it is not", hint="buy one"),
        "late": LATE,
        "odd": Availability(status="failed", reason="it broke", hint="mend it"),
    }
    for name, part in parts.items():
        registry.register(name, functools.partial(Availability.replace, part))
    registry.register("combined", notation)
    with registry.override(forced):
        answer = registry.check("combined")
    assert (answer.name, answer.status, answer.reason, answer.source) == ("combined", status, reason, source)
    deciding = {name: parts[name] for name in notation[4:].split(",") if f"{name}: " in reason}
    assert answer.details == {name: part.status for name, part in deciding.items()}
    assert answer.hint == "; ".join(f"{name}: {part.hint}" for name, part in deciding.items() if part.hint)


def test_an_unknown_part_counts_where_it_is_asked_for(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A combination that the environment answers for is answered everywhere; else the part is told of everywhere."""
    registry.register("either", "any:web,gpu")
    registry.register("nested", "all:either")
    for ask in (registry.check, registry.require, lambda name: registry.check_all()[name]):
        for name in ("either", "nested"):
            with pytest.raises(UnknownName, match="no capability 'web'; known: either, nested"):
                ask(name)
    monkeypatch.setenv("SSOT_SHIMS_HAS_EITHER", "1")
    registry.require("either", "nested")
    assert all(registry.check_all().values())


def test_acheck_leaves_the_event_loop_running(registry: Registry) -> None:
    """Other tasks go on meanwhile, several questions go side by side, and what is known is given at once."""
    all_run = threading.Barrier(3)
    for name in ("slow", "slower"):
        registry.register(name, lambda: all_run.wait(20) >= 0, timeout=30)

    async def ask() -> list[Availability]:
        waiting = asyncio.gather(registry.acheck("slow"), registry.acheck("slower"))
        await asyncio.to_thread(all_run.wait, 20)
        return await waiting

    answers = asyncio.run(ask())
    assert all(answers)
    assert asyncio.run(registry.acheck("slow")) is answers[0]
    with pytest.raises(UnknownName):
        asyncio.run(registry.acheck("slaw"))


@pytest.mark.parametrize("waits", [False, True], ids=["the loop has gone", "the loop goes on"])
def test_a_question_that_nobody_awaits_any_more_ends_quietly(registry: Registry, waits: bool) -> None:
    """Cancelled, or the loop gone: the answer is known afterwards all the same."""
    go = threading.Event()
    registry.register("slow", lambda: go.wait(20) and None, timeout=30)

    async def give_up() -> None:
        task = asyncio.create_task(registry.acheck("slow"))
        await asyncio.sleep(0.05)
        task.cancel()
        if waits:
            go.set()
            while not registry._answers.hits:
                await asyncio.sleep(0.01)

    asyncio.run(give_up())
    go.set()
    assert registry.check("slow")


def test_require_names_everything_that_is_missing(registry: Registry) -> None:
    """One error, with each reason and hint."""
    registry.register("one", lambda: True)
    registry.register("two", lambda: (False, "no socket"))
    registry.register("three", lambda: Availability(status="unavailable", reason="no token", hint="log in"))
    registry.require()
    registry.require("one")
    with pytest.raises(CapabilityMissing, match="^two: no socket; three: no token; log in$") as caught:
        registry.require("one", "two", "three")
    assert caught.value.reasons == {"two": "no socket", "three": "no token"}
    assert caught.value.hints == {"two": "", "three": "log in"}
