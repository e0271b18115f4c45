"""A refresh, an override or another registration while a probe runs."""

from __future__ import annotations

import threading
import time

import pytest

from ssot_shims import Availability, Capability, Registry
from tests.support.flights import MANY, Asker, add_inline, hanging, until


def test_an_override_in_mid_flight_acts_at_once(registry: Registry, release: threading.Event) -> None:
    """New questions have its answer; those under way have the probe's; afterwards the machine is asked anew."""
    asked: list[int] = []

    @registry.register("docker", timeout=5)
    def docker() -> bool:
        asked.append(1)
        release.wait(60)
        return len(asked) == 1

    early = [Asker(registry, "docker") for _ in range(MANY)]
    until(lambda: asked)
    with registry.override(docker=False):
        assert registry.check("docker").source == "override"
        release.set()
        assert {asker.result().status for asker in early} == {"available"}
        assert not registry.check("docker")
    assert (registry.check("docker").status, len(asked)) == ("unavailable", 2)


def test_a_refresh_in_mid_flight_drops_the_late_result(registry: Registry, release: threading.Event) -> None:
    """Who asks afterwards waits for a new probe, which begins when the old one has come back: never two at once."""
    asked: list[int] = []
    running: list[int] = []

    @registry.register("docker", timeout=5)
    def docker() -> tuple[bool, str]:
        asked.append(1)
        running.append(1)
        assert len(running) == 1
        release.wait(60)
        running.pop()
        return False, f"run {len(asked)}"

    early = [Asker(registry, "docker") for _ in range(MANY // 2)]
    until(lambda: asked)
    registry.refresh("docker")
    late = [Asker(registry, "docker") for _ in range(MANY // 2)]
    until(lambda: registry._answers.flights)
    assert asked == [1]
    release.set()
    assert {asker.result().reason for asker in early} == {"run 1"}
    assert {asker.result().reason for asker in late} == {"run 2"}
    assert registry.check("docker").reason == "run 2"


def test_a_question_after_a_refresh_waits_for_the_old_run_and_then_has_its_own(registry: Registry) -> None:
    """Also of a probe of ours; what the old run found is not kept."""
    go = threading.Event()
    asked: list[int] = []

    def probe(deadline: float) -> Availability:
        asked.append(1)
        number = len(asked)
        if number == 1:
            go.wait(20)
        return Availability(status="available", reason=f"run {number}")

    add_inline(registry, "docker", probe, timeout=20)
    early = Asker(registry, "docker")
    until(lambda: asked)
    registry.refresh()
    late = Asker(registry, "docker")
    until(lambda: len(registry._answers.flights) == 2)
    assert asked == [1]
    go.set()
    assert (early.result().reason, late.result().reason) == ("run 1", "run 2")
    assert (registry.check("docker").reason, len(asked)) == ("run 2", 2)


def test_a_late_joiner_has_the_time_that_is_left(registry: Registry, release: threading.Event) -> None:
    """The deadline is that of the probe, not of each who asks."""

    @registry.register("late", timeout=0.5)
    def late() -> None:
        release.wait(60)

    first = Asker(registry, "late")
    time.sleep(0.3)
    second = Asker(registry, "late")
    assert first.result() is second.result()
    assert second.seconds < 0.4


def test_a_probe_that_is_replaced_while_it_hangs(registry: Registry, release: threading.Event) -> None:
    """The new one is another probe, so it starts; the old one is still shown."""
    registry.register("gpu", lambda: release.wait(60) and None, timeout=0.1)
    assert registry.check("gpu").status == "timed_out"
    registry.register("gpu", lambda: True, replace=True)
    assert registry.check("gpu")
    assert [*hanging(registry)] == ["gpu"]


def test_a_probe_that_is_replaced_just_before_it_starts(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one is asked, and not the one that was looked up a moment before."""
    find = registry._answers.find

    def find_and_replace(name: str) -> Capability:
        found = find(name)
        monkeypatch.undo()
        registry.register("gpu", lambda: (False, "new"), replace=True)
        return found

    registry.register("gpu", lambda: (False, "old"))
    monkeypatch.setattr(registry._answers, "find", find_and_replace)
    assert registry.check("gpu").reason == "new"


def test_a_probe_that_is_known_just_before_it_starts(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has found the answer since it was looked for: that counts, and the probe is not run again."""
    known = registry._answers.known
    asked: list[int] = []

    def look_and_find(name: str) -> Availability | None:
        found = known(name)
        monkeypatch.undo()
        assert registry.check("gpu")
        return found

    registry.register("gpu", lambda: asked.append(1))
    monkeypatch.setattr(registry._answers, "known", look_and_find)
    assert (bool(registry.check("gpu")), asked) == (True, [1])


def test_a_thousand_rounds_end_in_the_right_answer(registry: Registry) -> None:
    """Checks, refreshes and overrides, all at once: afterwards the machine's own answer counts."""
    truth = [True]
    registry.register("docker", lambda: truth[0])
    stop = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            answer = registry.check("docker")
            if answer.source == "override" and answer:
                wrong.append(answer)
            time.sleep(0)  # or a thread that does nothing else keeps the others from their turn

    def refresh() -> None:
        while not stop.is_set():
            registry.refresh("docker")
            time.sleep(0.0005)

    threads = [threading.Thread(target=target) for target in (ask, ask, ask, refresh)]
    for thread in threads:
        thread.start()
    for number in range(1000):
        with registry.override(docker=False):
            if registry.check("docker"):
                wrong.append(number)
        truth[0] = number % 2 == 0
        registry.refresh("docker")
        if bool(registry.check("docker")) is not truth[0]:
            wrong.append((number, truth))
    stop.set()
    for thread in threads:
        thread.join()
    registry.refresh()
    assert (wrong, bool(registry.check("docker")), hanging(registry)) == ([], truth[0], {})
