"""Many who ask at once: one probe, one answer, and its deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from ssot_shims import Availability, Registry
from ssot_shims._capabilities.capability import capability
from tests.support.flights import Asker, Clock, Inline, add_inline, ask_at_once, hanging, until, yes

HERE = __file__


def test_sixty_four_threads_start_one_probe(registry: Registry) -> None:
    """A probe that sleeps runs once, and everybody has its answer."""
    asked: list[int] = []

    @registry.register("slow")
    def slow() -> None:
        asked.append(1)
        time.sleep(0.2)

    askers = ask_at_once(registry, "slow")
    assert len(asked) == 1
    assert {id(asker.result()) for asker in askers} == {id(registry.check("slow"))}
    assert registry.check("slow").status == "available"


def test_sixty_four_threads_share_what_was_raised(registry: Registry) -> None:
    """A probe that raises runs once, and everybody is told."""
    asked: list[int] = []

    @registry.register("broken")
    def broken() -> None:
        asked.append(1)
        time.sleep(0.1)
        raise OSError("disk full")

    askers = ask_at_once(registry, "broken")
    place = f"{HERE}:{broken.__code__.co_firstlineno + 4}"
    assert (len(asked), {(asker.result().status, asker.result().explanation) for asker in askers}) == (
        1,
        {
            (
                "failed",
                f"its probe raised OSError: disk full at {place}; to answer without it: SSOT_SHIMS_HAS_BROKEN=0",
            )
        },
    )


def test_a_probe_that_ends_after_its_deadline_is_too_late(registry: Registry, release: threading.Event) -> None:
    """All are told at the deadline, with the line where it stands, and its late answer changes nothing."""
    asked: list[int] = []

    @registry.register("late", timeout=0.3)
    def late() -> None:
        asked.append(1)
        release.wait(60)

    askers = ask_at_once(registry, "late")
    registered, stands = late.__code__.co_firstlineno, late.__code__.co_firstlineno + 3
    assert max(asker.seconds for asker in askers) < 0.3 + 0.3
    assert {(asker.result().status, asker.result().explanation) for asker in askers} == {
        (
            "timed_out",
            f"no answer in 0.3 s; its probe stands at {HERE}:{stands}; "
            f"to give it longer: timeout=10 where it is registered ({HERE}:{registered})",
        )
    }
    release.set()
    until(lambda: not hanging(registry))
    assert (registry.check("late").status, len(asked)) == ("timed_out", 1)


@pytest.mark.parametrize("way", ["check", "check_all", "acheck"])
def test_a_probe_of_ours_runs_in_a_daemon_thread_named_after_it(registry: Registry, way: str) -> None:
    """As every probe does; only what it imports is imported in the thread that asks."""
    threads: dict[str, threading.Thread] = {}

    class Importing(Inline):
        notation: str = "importing"
        function: Callable[[float], Availability]

        def prepare(self) -> None:
            threads["prepare"] = threading.current_thread()

    def ask(deadline: float) -> Availability:
        threads["ask"] = threading.current_thread()
        return yes()

    registry.add(capability("engine", Importing(function=ask)))
    ways: dict[str, Callable[[], object]] = {
        "check": lambda: registry.check("engine"),
        "check_all": registry.check_all,
        "acheck": lambda: asyncio.run(registry.acheck("engine")),
    }
    assert ways[way]()
    assert threads["prepare"] is threading.current_thread()
    assert (threads["ask"].name, threads["ask"].daemon) == ("engine", True)


def test_acheck_leaves_the_event_loop_running_while_another_thread_imports_the_probe(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes after one timeout, and the loop is never held up."""
    (tmp_path / "hanging_probe.py").write_text("import time\ntime.sleep(1.5)\ndef there(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.register("hanging", "python:hanging_probe:there", timeout=0.5)
    first = threading.Thread(target=registry.check, args=["hanging"])
    first.start()
    until(lambda: registry._answers.flights)

    async def ask() -> float:
        waiting = asyncio.create_task(registry.acheck("hanging"))
        longest, last = 0.0, time.monotonic()
        while not waiting.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert waiting.result().status == "timed_out"
        return longest

    assert asyncio.run(ask()) < 0.4
    first.join()


def test_a_probe_that_has_not_begun_in_time_is_on_its_way(registry: Registry) -> None:
    """The system has given a thread, and lets it wait."""
    asked: list[int] = []
    registry.register("late", lambda: asked.append(1), timeout=0.1)
    begin = threading.Thread.start
    with mock.patch("threading.Thread.start", autospec=True) as start:
        explanation = registry.check("late").explanation
    assert explanation == (
        "no answer in 0.1 s; its probe is on its way; "
        f"to give it longer: timeout=10 where it is registered ({registry['late'].where})"
    )
    begin(start.call_args.args[0])  # nobody waits any more, so the probe is not asked
    until(lambda: not registry._answers.flights)
    assert (asked, registry.check("late").status) == ([], "timed_out")


def test_a_probe_that_hangs_is_not_started_again(release: threading.Event) -> None:
    """Neither after 5 seconds nor after a refresh, and at once; when it has come back it may be."""
    clock = Clock()
    registry = Registry(clock=clock)
    asked: list[int] = []

    @registry.register("stuck", timeout=0.2)
    def stuck() -> None:
        asked.append(1)
        release.wait(60)

    first = registry.check("stuck")
    stands = f"{HERE}:{stuck.__code__.co_firstlineno + 3}"
    clock.now = 5
    start = time.monotonic()
    second = registry.check("stuck")
    registry.refresh("stuck")
    third = registry.check("stuck")
    assert time.monotonic() - start < 0.15
    assert (first.status, second.status, len(asked)) == ("timed_out", "timed_out", 1)
    assert (
        second.explanation
        == third.explanation
        == (
            f"no answer in 0.2 s; its probe, started before and not again, stands at {stands}; "
            f"to give it longer: timeout=10 where it is registered ({HERE}:{stuck.__code__.co_firstlineno})"
        )
    )
    assert hanging(registry) == {"stuck": stands}
    release.set()
    until(lambda: not hanging(registry))
    registry.refresh("stuck")
    assert (registry.check("stuck").status, len(asked)) == ("available", 2)


def test_a_probe_that_hangs_is_given_longer_in_the_process(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    """The cure works: who allows more waits for the call under way, and then has the answer of a new one."""
    asked: list[int] = []

    @registry.register("slow")
    def slow() -> None:
        asked.append(1)
        release.wait(60)

    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.2")
    assert registry.check("slow").hint == "to give it longer: SSOT_SHIMS_TIMEOUT=10"
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.6")
    registry.refresh("slow")
    start = time.monotonic()
    answer = registry.check("slow")
    assert 0.2 < time.monotonic() - start < 0.6
    assert answer.explanation == (
        "no answer in 0.6 s; its probe, started before and not again, "
        f"stands at {HERE}:{slow.__code__.co_firstlineno + 3}; to give it longer: SSOT_SHIMS_TIMEOUT=10"
    )
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "20")
    registry.refresh("slow")
    patient = Asker(registry, "slow")
    until(lambda: len(registry._answers.flights) == 2)
    assert asked == [1]
    release.set()
    assert (patient.result().status, len(asked)) == ("available", 2)


def test_a_probe_of_ours_may_say_itself_why_it_had_no_answer(registry: Registry) -> None:
    """Those who wait for it give it a moment past the deadline to do so."""

    def mute(deadline: float) -> Availability:
        time.sleep(max(deadline - time.monotonic(), 0))
        return Availability(status="timed_out", reason="the engine is mute")

    add_inline(registry, "mute", mute, timeout=0.2)
    askers = ask_at_once(registry, "mute", 8)
    assert {asker.result().reason for asker in askers} == {"the engine is mute"}


def test_a_late_result_is_timed_out_whether_somebody_waits_or_not(registry: Registry) -> None:
    """It is decided when the probe comes back, and kept as any other that timed out."""
    done = threading.Event()

    @registry.register("late", timeout=0.05)
    def late() -> None:
        time.sleep(0.15)
        done.set()

    registry.start_each(["late"])  # and nobody waits
    assert done.wait(20)
    until(lambda: not registry._answers.flights)
    asked = time.monotonic()
    assert (registry.check("late").status, hanging(registry)) == ("timed_out", {})
    assert time.monotonic() - asked < 0.05


def test_a_result_just_behind_the_deadline_counts(registry: Registry) -> None:
    """A probe that keeps its deadline needs a moment to say so, and to be heard."""

    def mute(deadline: float) -> Availability:
        time.sleep(max(deadline + 0.01 - time.monotonic(), 0))
        return Availability(status="unavailable", reason="just in time")

    add_inline(registry, "mute", mute, timeout=0.1)
    assert registry.check("mute").reason == "just in time"
