"""What is kept, and for how long; asking for several."""

from __future__ import annotations

import asyncio
import functools
import threading
import time

import pytest

from ssot_shims import Availability, CapabilityMissing, Registry
from ssot_shims.errors import UnknownName
from tests.support.flights import Clock, counted


def test_an_answer_is_found_out_once(registry: Registry) -> None:
    """A yes and a no alike."""
    for answer in (True, False):
        probe, asked = counted([answer])
        registry.register("once", probe, replace=True)
        assert [bool(registry.check("once")) for _ in range(3)] == [answer] * 3
        assert len(asked) == 1


def test_timed_out_and_failed_are_asked_about_again_after_five_seconds() -> None:
    """They are no answers about the machine; the next question after that tries once more."""
    clock = Clock()
    registry = Registry(clock=clock)
    probe, asked = counted([3, Availability(status="timed_out", reason="busy"), True])
    registry.register("late", probe)
    seen = []
    for clock.now in (0, 4.9, 5.0, 9.9, 10.0, 1000):
        seen.append((registry.check("late").status, len(asked)))
    assert seen == [
        ("failed", 1),
        ("failed", 1),
        ("timed_out", 2),
        ("timed_out", 2),
        ("available", 3),
        ("available", 3),
    ]


def test_an_answer_with_a_ttl_is_kept_that_long() -> None:
    """Only those that ask for it are found out anew."""
    clock = Clock()
    registry = Registry(clock=clock)
    probe, asked = counted([True, False])
    registry.register("brief", probe, ttl=60)
    seen = []
    for clock.now in (0, 59, 60, 119, 120):
        seen.append((bool(registry.check("brief")), len(asked)))
    assert seen == [(True, 1), (True, 1), (False, 2), (False, 2), (False, 3)]


def test_refresh_forgets(registry: Registry) -> None:
    """The names given, or all; of a combination, its parts."""
    probes = {name: counted([True]) for name in ("one", "two", "three")}
    for name, (probe, _) in probes.items():
        registry.register(name, probe)
    registry.register("both", "all:one,two")
    registry.register("more", "any:both,three")

    def asked() -> list[int]:
        registry.check_all()
        return [len(asked) for _, asked in probes.values()]

    assert asked() == [1, 1, 1]
    registry.refresh("one")
    assert asked() == [2, 1, 1]
    registry.refresh("more")
    assert asked() == [3, 2, 2]
    registry.refresh()
    assert asked() == [4, 3, 3]


def test_check_all_takes_the_slowest_and_not_the_sum(registry: Registry) -> None:
    """Side by side, in the order of the alphabet, and no thread stays behind."""
    for name in ("a", "b", "c", "d", "e", "f"):
        registry.register(name, lambda: time.sleep(0.3))
    before = threading.active_count()
    start = time.monotonic()
    answers = registry.check_all()
    assert time.monotonic() - start < 1.2
    assert [*answers] == ["a", "b", "c", "d", "e", "f"]
    assert all(answers.values())
    while threading.active_count() > before:  # a thread that has answered is about to end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("notation", "status", "reason"),
    [
        ("all:yes,sure", "available", "yes: it is; sure: it is"),
        ("all:yes,no,late", "unavailable", "no: it is not; late: busy"),
        ("all:no,odd", "failed", "no: it is not; odd: it broke"),
        ("all:yes,late", "timed_out", "late: busy"),
        ("any:no,yes,odd", "available", "yes: it is"),
        ("any:no,late", "unavailable", "no: it is not; late: busy"),
    ],
)
def test_combinations(registry: Registry, notation: str, status: str, reason: str) -> None:
    """The reason is that of the parts that decide; breakage comes first, then a clear no."""
    for name, state, why in (
        ("yes", "available", "it is"),
        ("sure", "available", "it is"),
        ("no", "unavailable", "it is not"),
        ("late", "timed_out", "busy"),
        ("odd", "failed", "it broke"),
    ):
        registry.register(name, functools.partial(Availability, status=state, reason=why))
    registry.register("combined", notation)
    answer = registry.check("combined")
    assert (answer.name, answer.status, answer.reason, answer.source) == ("combined", status, reason, "probe")
    assert answer.details.keys() <= {"yes", "sure", "no", "late", "odd"}


def test_a_combination_joins_reasons_and_hints(registry: Registry) -> None:
    """Each in its own field, behind the name of its part; a part without a hint has none there."""
    for name, hint in (("db", "start it"), ("gpu", ""), ("web", "unplug it")):
        answer = Availability(status="unavailable", reason=f"no {name}", hint=hint)
        registry.register(name, functools.partial(Availability.replace, answer))
    registry.register("combined", "any:db,gpu,web")
    answer = registry.check("combined")
    assert answer.reason == "db: no db; gpu: no gpu; web: no web"
    assert answer.hint == "db: start it; web: unplug it"


def test_a_part_that_nobody_knows_counts_where_it_is_asked_for(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert registry.check("nested")


def test_a_combination_takes_as_long_as_its_slowest_part(registry: Registry) -> None:
    """Its parts are asked side by side."""
    for name in ("a", "b", "c", "d"):
        registry.register(name, lambda: time.sleep(0.3))
    registry.register("combined", "all:a,b,c,d")
    answer = registry.check("combined")
    assert answer
    assert 0.3 <= answer.seconds < 1.0


def test_acheck_leaves_the_event_loop_running(registry: Registry) -> None:
    """Other tasks go on meanwhile, several questions go side by side, and what is known is given at once."""
    registry.register("slow", lambda: time.sleep(0.3))
    registry.register("slower", lambda: time.sleep(0.3))
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def ask() -> None:
        ticking = asyncio.create_task(tick())
        start = time.monotonic()
        answers = await asyncio.gather(*map(registry.acheck, ["slow", "slower"]))
        assert all(answers)
        assert time.monotonic() - start < 1.0
        assert await registry.acheck("slow") is answers[0]
        ticking.cancel()
        with pytest.raises(UnknownName):
            await registry.acheck("slaw")

    asyncio.run(ask())
    assert len(ticks) > 5


def test_a_question_that_nobody_awaits_any_more_ends_quietly(registry: Registry) -> None:
    """Cancelled, or the loop gone: the answer is known afterwards all the same."""
    go = threading.Event()
    registry.register("slow", lambda: go.wait(2) and None)

    async def give_up(*, wait: bool) -> None:
        task = asyncio.create_task(registry.acheck("slow"))
        await asyncio.sleep(0.05)
        task.cancel()
        if wait:
            go.set()
            while not registry._answers.hits:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)

    asyncio.run(give_up(wait=False))
    go.set()
    assert registry.check("slow")
    registry.refresh()
    go.clear()
    asyncio.run(give_up(wait=True))
    assert registry.check("slow")


def test_require_names_everything_that_is_missing(registry: Registry) -> None:
    """One error, with each reason."""
    registry.register("one", lambda: True)
    registry.register("two", lambda: (False, "no socket"))
    registry.register("three", lambda: (False, "no token"))
    registry.require()
    registry.require("one")
    with pytest.raises(CapabilityMissing) as caught:
        registry.require("one", "two", "three")
    assert str(caught.value) == "two: no socket; three: no token"
    assert caught.value.reasons == {"two": "no socket", "three": "no token"}
