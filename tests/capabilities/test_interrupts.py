"""What passes through a question: Ctrl-C, and the errors of a run."""

from __future__ import annotations

import signal
import threading
import time
from unittest import mock

import pytest

from ssot_shims import Registry
from ssot_shims.errors import CircularProbe, InvalidSetting
from tests.support.flights import Asker, ask_at_once, counted, until


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="here only the console can interrupt the main thread")
def test_a_keyboard_interrupt_in_the_asking_main_thread(registry: Registry, release: threading.Event) -> None:
    """It goes to the one who asked; the probe goes on, and the others have its answer."""
    asked: list[int] = []

    @registry.register("slow", timeout=10)
    def slow() -> None:
        asked.append(1)
        if len(asked) == 1:
            time.sleep(0.1)  # by now the main thread waits
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        release.wait(60)

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
        askers = ask_at_once(registry, "gpu", 8)
    assert [type(asker.error) for asker in askers] == [type(error)] * 8
    assert (hook.called, bool(registry.check("gpu")), len(asked)) == (False, True, 2)


def test_a_wrong_setting_is_told_to_each(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who asks is told, without a secret, and the probe is not started until it is put right."""
    probe, asked = counted(True)
    registry.register("gpu", probe)
    monkeypatch.setenv("SSOT_SHIMS_HAS_GPU", "tcp://me:hunter2@db:5432")
    errors = [asker.error for asker in ask_at_once(registry, "gpu", 8)]
    assert ({type(error) for error in errors}, asked) == ({InvalidSetting}, [])
    assert {str(error) for error in errors} == {
        "SSOT_SHIMS_HAS_GPU is 'tcp://***@db:5432'; expected 1, true, yes or on, or 0, false, no or off"
    }
    assert "hunter2" not in f"{errors[0]!r} {vars(errors[0])}"
    monkeypatch.delenv("SSOT_SHIMS_HAS_GPU")
    assert registry.check("gpu")
