"""A refresh, an override or another registration while a probe runs."""

from __future__ import annotations

import threading

import pytest

from ssot_shims import Availability, Registry
from tests.support.flights import MANY, Asker, counted, hanging, until


def test_an_override_in_mid_flight_acts_at_once(registry: Registry, release: threading.Event) -> None:
    """New questions have its answer; those under way have the probe's; afterwards the machine is asked anew."""
    probe, asked = counted(lambda: release.wait(60), False)
    registry.register("docker", probe, timeout=5)
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

    @registry.register("docker", timeout=20)
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
    until(lambda: len(registry._answers.flights) == 2)
    assert asked == [1]
    release.set()
    assert {asker.result().reason for asker in early} == {"run 1"}
    assert {asker.result().reason for asker in late} == {"run 2"}
    assert registry.check("docker").reason == "run 2"


def test_a_probe_that_is_replaced_while_it_hangs(registry: Registry, release: threading.Event) -> None:
    """The new one is another probe, so it starts; the old one is still shown."""
    registry.register("gpu", lambda: release.wait(60) and None, timeout=0.1)
    assert registry.check("gpu").status == "timed_out"
    registry.register("gpu", lambda: True, replace=True)
    assert registry.check("gpu")
    assert [*hanging(registry)] == ["gpu"]


def test_a_probe_that_is_known_just_before_it_starts(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has found the answer since it was looked for: that counts, and the probe is not run again."""
    known = registry._answers.known

    def look_and_find(name: str) -> Availability | None:
        found = known(name)
        monkeypatch.undo()
        assert registry.check("gpu")
        return found

    probe, asked = counted(True)
    registry.register("gpu", probe)
    monkeypatch.setattr(registry._answers, "known", look_and_find)
    assert (bool(registry.check("gpu")), len(asked)) == (True, 1)
