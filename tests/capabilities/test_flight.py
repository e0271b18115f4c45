"""Many who ask at once: one probe, one answer, and its deadline."""

from __future__ import annotations

import threading
import time
from unittest import mock

import pytest

from ssot_shims import Availability, Registry
from tests.support.flights import Asker, Clock, add_inline, ask_at_once, counted, hanging, line_of, until


@pytest.mark.parametrize(
    ("answer", "status"), [(True, "available"), (OSError("disk full"), "failed")], ids=["says yes", "raises"]
)
def test_sixty_four_threads_start_one_probe(registry: Registry, answer: object, status: str) -> None:
    """A probe that sleeps runs once, and everybody has its answer, or is told what it raised."""
    probe, asked = counted(answer)
    registry.register("slow", lambda: time.sleep(0.2) or probe())
    askers = ask_at_once(registry, "slow")
    assert len(asked) == 1
    assert {id(asker.result()) for asker in askers} == {id(registry.check("slow"))}
    assert registry.check("slow").status == status


def test_a_probe_that_ends_after_its_deadline_is_too_late(registry: Registry, release: threading.Event) -> None:
    """All are told at the deadline, with the line where it stands, and its late answer changes nothing."""
    asked: list[int] = []

    @registry.register("late", timeout=0.3)
    def late() -> None:
        asked.append(1)
        release.wait(60)

    askers = ask_at_once(registry, "late")
    assert max(asker.seconds for asker in askers) < 0.3 + 0.3
    assert {(asker.result().status, asker.result().explanation) for asker in askers} == {
        (
            "timed_out",
            f"no answer in 0.3 s; its probe stands at {line_of(late, 3)}; "
            f"to give it longer: timeout=10 where it is registered ({line_of(late)})",
        )
    }
    release.set()
    until(lambda: not hanging(registry))
    assert (registry.check("late").status, len(asked)) == ("timed_out", 1)


def test_a_probe_that_has_not_begun_in_time_is_on_its_way(registry: Registry) -> None:
    """The system has given a thread, and lets it wait; when it begins nobody waits any more, so nothing is asked."""
    probe, asked = counted(True)
    registry.register("late", probe, timeout=0.1)
    begin = threading.Thread.start
    with mock.patch("threading.Thread.start", autospec=True) as start:
        assert registry.check("late").reason == "no answer in 0.1 s; its probe is on its way"
    begin(start.call_args.args[0])
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
    clock.now = 5
    start = time.monotonic()
    second = registry.check("stuck")
    registry.refresh("stuck")
    third = registry.check("stuck")
    assert time.monotonic() - start < 0.15
    assert (first.status, second.status, len(asked)) == ("timed_out", "timed_out", 1)
    stands = line_of(stuck, 3)
    assert second.reason == f"no answer in 0.2 s; its probe, started before and not again, stands at {stands}"
    assert (third.explanation, hanging(registry)) == (second.explanation, {"stuck": stands})
    release.set()
    until(lambda: not hanging(registry))
    registry.refresh("stuck")
    assert (registry.check("stuck").status, len(asked)) == ("available", 2)


def test_a_probe_that_hangs_is_given_longer_in_the_process(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    """The cure works: who allows more waits for the call under way, and then has the answer of a new one."""
    probe, asked = counted(lambda: release.wait(60))
    registry.register("slow", probe)
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.2")
    assert registry.check("slow").hint == "to give it longer: SSOT_SHIMS_TIMEOUT=10"
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.6")
    registry.refresh("slow")
    start = time.monotonic()
    assert registry.check("slow").reason.startswith("no answer in 0.6 s; its probe, started before and not again,")
    assert 0.2 < time.monotonic() - start < 0.6
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "20")
    registry.refresh("slow")
    patient = Asker(registry, "slow")
    until(lambda: len(registry._answers.flights) == 2)
    assert len(asked) == 1
    release.set()
    assert (patient.result().status, len(asked)) == ("available", 2)


@pytest.mark.parametrize(("behind", "status"), [(0.0, "timed_out"), (0.01, "unavailable")])
def test_a_result_just_behind_the_deadline_counts(registry: Registry, behind: float, status: str) -> None:
    """A probe that keeps its deadline needs a moment to say so itself, and to be heard."""

    def mute(deadline: float) -> Availability:
        time.sleep(max(deadline + behind - time.monotonic(), 0))
        return Availability(status=status, reason="the engine is mute")

    add_inline(registry, "mute", mute, timeout=0.2)
    askers = ask_at_once(registry, "mute", 8)
    assert {(asker.result().status, asker.result().reason) for asker in askers} == {(status, "the engine is mute")}


def test_a_late_result_is_timed_out_whether_somebody_waits_or_not(registry: Registry) -> None:
    """It is decided when the probe comes back, and kept as any other that timed out."""
    done = threading.Event()
    registry.register("late", lambda: time.sleep(0.15) or done.set(), timeout=0.05)
    registry.start_each(["late"])  # and nobody waits
    assert done.wait(20)
    until(lambda: not registry._answers.flights)
    asked = time.monotonic()
    assert (registry.check("late").status, hanging(registry)) == ("timed_out", {})
    assert time.monotonic() - asked < 0.05


def test_a_late_joiner_has_the_time_that_is_left(registry: Registry, release: threading.Event) -> None:
    """The deadline is that of the probe, not of each who asks."""
    registry.register("late", lambda: release.wait(60) and None, timeout=0.5)
    first = Asker(registry, "late")
    time.sleep(0.3)
    second = Asker(registry, "late")
    assert first.result() is second.result()
    assert second.seconds < 0.4
