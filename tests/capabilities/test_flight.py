"""Many who ask at once: one probe, one answer, and its deadline."""

from __future__ import annotations

import signal
import threading
import time
from unittest import mock

import pytest

from ssot_shims import Availability, Registry
from ssot_shims.errors import CircularProbe, InvalidSetting
from tests.conftest import run
from tests.support.flights import MANY, Asker, Clock, add_inline, ask_at_once, counted, hanging, line_of, until


@pytest.mark.parametrize(("answer", "status"), [(True, "available"), (OSError("disk full"), "failed")])
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
    assert max(asker.seconds for asker in askers) < 20  # and not when it has come back
    longer = f"to give it longer: timeout=10 where it is registered ({line_of(late)})"
    told = f"no answer in 0.3 s; its probe is still at {line_of(late, 3)}; {longer}"
    assert {(asker.result().status, asker.result().explanation) for asker in askers} == {("timed_out", told)}
    release.set()
    until(lambda: not hanging(registry))
    assert (registry.check("late").status, len(asked)) == ("timed_out", 1)


def test_a_probe_that_has_not_begun_in_time_is_on_its_way(registry: Registry) -> None:
    """The system has given a thread, and lets it wait; when it begins nobody waits any more, so nothing is asked."""
    probe, asked = counted(True)
    registry.register("late", probe, timeout=0.1)
    begin = threading.Thread.start
    with mock.patch("threading.Thread.start", autospec=True) as start:
        assert registry.check("late").reason == "no answer in 0.1 s; its probe is still running"
    begin(start.call_args.args[0])
    until(lambda: not registry._answers.flights)
    assert (asked, registry.check("late").status) == ([], "timed_out")


def test_a_probe_that_hangs_is_not_started_again(release: threading.Event) -> None:
    """Neither after 5 seconds nor after a refresh; another in its place is, and itself when it has come back."""
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
    assert time.monotonic() - start < 20
    assert (first.status, second.status, len(asked)) == ("timed_out", "timed_out", 1)
    stands = line_of(stuck, 3)
    assert second.reason == f"no answer in 0.2 s; its probe, started earlier, is still at {stands}"
    assert (third.explanation, hanging(registry)) == (second.explanation, {"stuck"})
    registry.register("stuck", lambda: (False, "the other one"), replace=True)
    assert registry.check("stuck").reason == "the other one"
    registry.register("stuck", stuck, replace=True)
    release.set()
    until(lambda: not hanging(registry))
    assert (registry.check("stuck").status, len(asked)) == ("available", 2)


def test_a_probe_that_hangs_is_given_longer_in_the_process(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    """The cure works: who allows more waits for the call under way, and then has the answer of a new one."""
    probe, asked = counted(lambda: release.wait(60))
    registry.register("slow", probe)
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.2")
    assert registry.check("slow").hint == "to give it longer: SSOT_SHIMS_TIMEOUT=10"
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "20")
    registry.refresh("slow")
    patient = Asker(registry, "slow")
    until(lambda: len(registry._answers.flights) == 2)
    assert len(asked) == 1
    release.set()
    assert (patient.result().status, len(asked)) == ("available", 2)


def test_nothing_is_imported_after_the_deadline() -> None:
    """An import may hang as the probe does, and then the asker would."""
    asks = "print(registry.check('slow').status, {*sys.modules} - before)"
    out, _ = run(
        "import sys, time; from ssot_shims import Registry; registry = Registry()\n"
        "registry.register('yes', lambda: True); registry.register('slow', lambda: time.sleep(9), timeout=0.05)\n"
        f"registry.check('yes'); before = {{*sys.modules}}\n{asks}"
    )
    assert out == "timed_out set()\n"


@pytest.mark.parametrize("status", ["timed_out", "unavailable"])
def test_a_result_just_behind_the_deadline_counts(registry: Registry, status: str) -> None:
    """A probe that keeps its deadline needs a moment to say so itself, and to be heard; a busy machine takes longer."""

    def mute(deadline: float) -> Availability:
        time.sleep(max(deadline + 0.001 - time.monotonic(), 0))
        return Availability(status=status, reason="the engine is mute")

    add_inline(registry, "mute", mute, timeout=0.05)
    until(lambda: registry.refresh() or registry.check("mute").reason == "the engine is mute")
    assert registry.check("mute").status == status


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


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="here only the console can interrupt the main thread")
def test_a_keyboard_interrupt_in_the_asking_main_thread(registry: Registry, release: threading.Event) -> None:
    """It goes to the one who asked; the probe goes on, and the others have its answer."""

    def interrupt() -> None:
        time.sleep(0.1)  # by now the main thread waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        release.wait(60)

    probe, asked = counted(interrupt)
    registry.register("slow", probe, timeout=20)
    with pytest.raises(KeyboardInterrupt):
        registry.check("slow")
    other = Asker(registry, "slow")
    release.set()
    assert (other.result().status, len(asked), bool(registry.check("slow"))) == ("available", 1, True)


@pytest.mark.parametrize("is_started", [True, False])
def test_a_keyboard_interrupt_while_the_thread_is_started(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event, is_started: bool
) -> None:
    """When the probe has begun it goes on; else the next who asks starts it, and a thread that begins late does not."""
    late: list[threading.Thread] = []
    probe, asked = counted(lambda: release.wait(60))
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        monkeypatch.undo()
        if is_started:
            start(thread)
            until(lambda: asked)
        else:
            late.append(thread)
        raise KeyboardInterrupt

    registry.register("slow", probe, timeout=10)
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.check("slow")
    release.set()
    for thread in late:
        thread.start()
        thread.join(20)
    assert (len(asked), len(registry._answers.flights) <= 1) == (is_started, True)
    assert (registry.check("slow").status, len(asked)) == ("available", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CircularProbe(("gpu", "gpu"))], ids=["Ctrl-C", "a circle"])
def test_an_error_of_the_run_is_for_those_who_wait(registry: Registry, error: BaseException) -> None:
    """All of them, and not for the thread of the probe; it is not kept."""
    probe, asked = counted(error, True)
    registry.register("gpu", lambda: time.sleep(0.2) or probe())
    with mock.patch("threading.excepthook") as hook:
        assert [type(asker.error) for asker in ask_at_once(registry, "gpu", 8)] == [type(error)] * 8
    assert (hook.called, bool(registry.check("gpu")), len(asked)) == (False, True, 2)


def test_a_wrong_setting_is_told_to_each(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who asks is told, without a secret, and the probe is not started until it is put right."""
    probe, asked = counted(True)
    registry.register("gpu", probe)
    monkeypatch.setenv("SSOT_SHIMS_HAS_GPU", "tcp://me:hunter2@db:5432")
    errors = [asker.error for asker in ask_at_once(registry, "gpu", 8)]
    told = "SSOT_SHIMS_HAS_GPU is 'tcp://***@db:5432'; expected 1, true, yes or on, or 0, false, no or off"
    assert ({type(error) for error in errors}, {str(error) for error in errors}) == ({InvalidSetting}, {told})
    assert ("hunter2" in f"{errors[0]!r} {vars(errors[0])}", asked) == (False, [])
    monkeypatch.delenv("SSOT_SHIMS_HAS_GPU")
    assert registry.check("gpu")
