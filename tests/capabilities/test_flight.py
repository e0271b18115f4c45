"""Many who ask at once: one probe, one answer, generations, deadlines, circles and forks."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

import ssot_shims
from ssot_shims import Availability, Capability, Registry
from ssot_shims._capabilities import registry as checks
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.notation import Probe
from ssot_shims.errors import CircularProbe, InvalidSetting
from tests.conftest import Write
from tests.support.flights import hanging

HERE = __file__
CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
MANY = 64


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Inline(Probe):
    """A probe of the kind that keeps its deadline itself, made from a function."""

    is_service = False

    notation: str = "inline"
    function: Callable[[float], Availability]

    def ask(self, deadline: float) -> Availability:
        return self.function(deadline)


def yes() -> Availability:
    return Availability(status="available", reason="it is")


def add_inline(registry: Registry, name: str, function: Callable[[float], Availability], **options: float) -> None:
    registry.add(capability(name, Inline(function=function), **options))


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets go of every probe that hangs, at the latest when the test ends; then waits until all have gone."""
    before = threading.active_count()
    event = threading.Event()
    yield event
    event.set()
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with nothing in it."""
    return Registry()


class Asker(threading.Thread):
    """A thread that asks one question, and keeps what came of it."""

    def __init__(self, registry: Registry, name: str, barrier: threading.Barrier | None = None) -> None:
        super().__init__(daemon=True)
        self.registry, self.capability, self.barrier = registry, name, barrier
        self.answer: Availability | None = None
        self.error: BaseException | None = None
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        if self.barrier:
            self.barrier.wait()
        start = time.monotonic()
        try:
            self.answer = self.registry.check(self.capability)
        except BaseException as error:
            self.error = error
        self.seconds = time.monotonic() - start

    def result(self) -> Availability:
        self.join(20)
        assert self.answer is not None, self.error
        return self.answer


def ask_at_once(registry: Registry, name: str, count: int = MANY) -> list[Asker]:
    """So many threads that all ask for *name* at the same moment, and have been answered."""
    barrier = threading.Barrier(count)
    askers = [Asker(registry, name, barrier) for _ in range(count)]
    for asker in askers:
        asker.join(20)
    return askers


def until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


# --- one probe for all


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


def test_sixty_four_threads_start_one_probe_of_ours(registry: Registry) -> None:
    """The same for a probe that runs in one of the asking threads."""
    asked: list[int] = []

    def slow(deadline: float) -> Availability:
        asked.append(1)
        time.sleep(0.2)
        return yes()

    add_inline(registry, "slow", slow)
    askers = ask_at_once(registry, "slow")
    assert (len(asked), {asker.result().reason for asker in askers}) == (1, {"it is"})


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


def test_acheck_raises_what_the_run_ended_with(registry: Registry) -> None:
    """A circle that only the probe itself closes is told to whoever awaits."""
    registry.register("selfish", lambda: registry.check("selfish"))
    with pytest.raises(CircularProbe, match="selfish -> selfish"):
        asyncio.run(registry.acheck("selfish"))


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


def test_a_probe_that_sleeps_a_minute_is_given_up(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    """The default deadline is a setting, and the reason names it."""
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "0.2")

    @registry.register("minute")
    def minute() -> None:
        release.wait(60)

    start = time.monotonic()
    answer = registry.check("minute")
    assert time.monotonic() - start < 0.2 + 0.3
    assert answer.explanation == (
        f"no answer in 0.2 s; its probe stands at {HERE}:{minute.__code__.co_firstlineno + 2}; "
        f"to give it longer: SSOT_SHIMS_TIMEOUT=10"
    )
    assert 0.2 <= answer.seconds < 0.5


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


def test_a_probe_of_ours_that_misses_its_deadline_is_given_up(registry: Registry, release: threading.Event) -> None:
    """Everybody is told where it stands, whoever asked first included."""

    def late(deadline: float) -> Availability:
        release.wait(60)
        return yes()

    add_inline(registry, "late", late, timeout=0.2)
    askers = ask_at_once(registry, "late", 4)
    assert max(asker.seconds for asker in askers) < 0.2 + 0.3
    assert {asker.result().reason for asker in askers} == {
        f"no answer in 0.2 s; its probe stands at {HERE}:{late.__code__.co_firstlineno + 1}"
    }
    assert {asker.result().hint for asker in askers} == {"to give it longer: timeout=10 where it is registered ()"}


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


# --- where no thread can be had


@contextlib.contextmanager
def no_threads() -> Iterator[None]:
    """The system has no thread to give."""
    with mock.patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
        yield


def test_without_threads_a_probe_runs_in_the_asking_thread(registry: Registry) -> None:
    """Each kind of question is answered, one probe after the other, in a copy of the context all the same."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    threads: list[int] = []

    @registry.register("gpu")
    def gpu() -> tuple[bool, str]:
        threads.append(threading.get_ident())
        variable.set("changed")
        return False, "no device"

    registry.register("path", "env:PATH")
    registry.register("both", "all:gpu,path")
    with no_threads():
        assert {name: answer.reason for name, answer in registry.check_all().items()} == {
            "both": "gpu: no device",
            "gpu": "no device",
            "path": "PATH is set",
        }
        registry.refresh()
        assert asyncio.run(registry.acheck("both")).reason == "gpu: no device"
    assert (threads, variable.get(), registry._answers.flights) == ([threading.get_ident()] * 2, "unset", [])


def test_while_the_interpreter_ends_a_probe_runs_in_the_asking_thread(registry: Registry) -> None:
    """Before Python 3.12 starting a thread would wait for ever there."""
    threads: list[int] = []
    registry.register("gpu", lambda: threads.append(threading.get_ident()))
    with mock.patch("sys.is_finalizing", return_value=True):
        assert registry.check("gpu")
    assert threads == [threading.get_ident()]


def test_without_threads_a_late_result_is_timed_out(registry: Registry) -> None:
    """Nobody can give it up before; it counts as if somebody had."""
    registry.register("late", lambda: time.sleep(0.15), timeout=0.05)
    with no_threads():
        answer = registry.check("late")
    assert answer.status == "timed_out"
    assert answer.seconds >= 0.15


def test_without_threads_a_circle_is_an_error(registry: Registry) -> None:
    """CircularProbe is a RuntimeError, and not one that says that there is no thread."""
    asked: list[int] = []
    registry.register("hen", lambda: asked.append(1) or registry.check("egg"))  # type: ignore[func-returns-value]
    registry.register("egg", lambda: registry.check("hen"))
    with no_threads(), pytest.raises(CircularProbe):
        registry.check("hen")
    assert asked == [1]


def test_an_error_behind_the_start_of_a_thread_does_not_start_the_probe_again(registry: Registry) -> None:
    """RuntimeError does not say whether the thread has begun; when it has, its answer counts."""
    asked: list[int] = []
    start = threading.Thread.start

    def start_and_raise(thread: threading.Thread) -> None:
        start(thread)
        until(lambda: asked)
        raise RuntimeError("from somewhere else")

    registry.register("gpu", lambda: asked.append(1))
    with mock.patch("threading.Thread.start", start_and_raise):
        assert registry.check("gpu")
    assert asked == [1]


def test_threads_and_locks_are_those_that_threading_has_by_now(registry: Registry) -> None:
    """gevent puts its own in their place, also after this library has been imported."""

    class Green(threading.Thread):
        pass

    threads: list[threading.Thread] = []
    registry.register("gpu", lambda: threads.append(threading.current_thread()))
    with mock.patch("threading.Thread", Green), mock.patch("threading.Lock", side_effect=threading.Lock) as lock:
        assert registry.check("gpu")
    assert (type(threads[0]), lock.called) == (Green, True)


# --- generations


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


# --- what passes through


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

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            registry.check("slow")
    finally:
        signal.signal(signal.SIGINT, before)
    other = Asker(registry, "slow")
    release.set()
    assert (other.result().status, len(asked), bool(registry.check("slow"))) == ("available", 1, True)


@pytest.mark.parametrize("is_started", [True, False])
def test_a_keyboard_interrupt_while_the_thread_is_started(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event, is_started: bool
) -> None:
    """When the probe has begun it goes on; else the next who asks starts it, and a thread that begins late does not."""
    late: list[threading.Thread] = []
    asked: list[int] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        monkeypatch.undo()
        if is_started:
            start(thread)
            until(lambda: asked)
        else:
            late.append(thread)
        raise KeyboardInterrupt

    @registry.register("slow", timeout=10)
    def slow() -> None:
        asked.append(1)
        release.wait(60)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.check("slow")
    release.set()
    for thread in late:
        thread.start()
        thread.join(20)
    assert (len(asked), len(registry._answers.flights) <= 1) == (is_started, True)
    assert (registry.check("slow").status, len(asked)) == ("available", 1)


@pytest.mark.parametrize("place", ["_launch", "prepared", "in_thread"])
def test_a_keyboard_interrupt_before_the_thread_is_started(registry: Registry, place: str) -> None:
    """Wherever it comes, nobody waits for a probe that never begins."""
    asked: list[int] = []
    registry.register("gpu", lambda: asked.append(1))
    with mock.patch.object(checks, place, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        registry.check("gpu")
    assert registry._answers.flights == []
    assert (bool(registry.check("gpu")), asked) == (True, [1])


@pytest.mark.parametrize("error", [KeyboardInterrupt, CircularProbe])
def test_an_error_of_the_run_is_for_those_who_wait(registry: Registry, error: type[BaseException]) -> None:
    """All of them, and not for the thread of the probe; it is not kept."""
    asked: list[int] = []

    @registry.register("gpu")
    def gpu() -> None:
        asked.append(1)
        if len(asked) == 1:
            time.sleep(0.2)
            raise error(("gpu", "gpu")) if error is CircularProbe else error

    with mock.patch("threading.excepthook") as hook:
        askers = ask_at_once(registry, "gpu", 8)
    assert [type(asker.error) for asker in askers] == [error] * 8
    assert (hook.called, bool(registry.check("gpu")), len(asked)) == (False, True, 2)


def test_what_exits_in_a_probe_is_failed(registry: Registry) -> None:
    """SystemExit ends neither the thread nor the program."""
    registry.register("gpu", lambda: sys.exit(3))
    with mock.patch("threading.excepthook") as hook:
        assert registry.check("gpu").status == "failed"
    assert not hook.called


def test_a_wrong_setting_is_told_to_each(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who asks is told, and the probe is not started."""
    asked: list[int] = []
    registry.register("gpu", lambda: asked.append(1))
    monkeypatch.setenv("SSOT_SHIMS_HAS_GPU", "maybe")
    askers = ask_at_once(registry, "gpu", 8)
    assert ({type(asker.error) for asker in askers}, asked) == ({InvalidSetting}, [])


# --- circles


def message(*names: str) -> str:
    return f"the probes ask for one another in a circle: {' -> '.join(names)}; let one of them answer by itself"


def test_a_probe_that_asks_for_itself_is_an_error(registry: Registry) -> None:
    """Everybody who asks has it; nothing is kept."""
    asked: list[int] = []

    @registry.register("snake")
    def snake() -> Availability:
        asked.append(1)
        time.sleep(0.1)
        return registry.check("snake")

    askers = ask_at_once(registry, "snake")
    assert {str(asker.error) for asker in askers} == {message("snake", "snake")}
    assert len(asked) == 1
    assert registry._answers.known("snake") is None


def test_a_circle_through_another_is_an_error(registry: Registry) -> None:
    """Named in the order in which they ask, from whichever side one comes."""
    registry.register("hen", lambda: registry.check("egg"))
    registry.register("egg", lambda: registry.check("hen"))
    registry.register("farm", lambda: registry.check("hen"))
    for name, circle in (
        ("hen", ("hen", "egg", "hen")),
        ("egg", ("egg", "hen", "egg")),
        ("farm", ("hen", "egg", "hen")),
    ):
        with pytest.raises(CircularProbe) as caught:
            registry.check(name)
        assert str(caught.value) == message(*circle)


def test_a_circle_that_two_threads_close_is_an_error(registry: Registry) -> None:
    """Each began with another of the two: both are told, at once and not at the deadline."""
    barrier = threading.Barrier(2)

    def meet() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):  # the second time around nobody comes to meet
            barrier.wait(2)

    @registry.register("hen", timeout=10)
    def hen() -> Availability:
        meet()
        return registry.check("egg")

    @registry.register("egg", timeout=10)
    def egg() -> Availability:
        meet()
        return registry.check("hen")

    askers = [Asker(registry, "hen"), Asker(registry, "egg")]
    for asker in askers:
        asker.join(8)
    assert {type(asker.error) for asker in askers} == {CircularProbe}
    assert {str(asker.error) for asker in askers} <= {message("hen", "egg", "hen"), message("egg", "hen", "egg")}


def test_a_circle_through_check_all_is_an_error_at_once(registry: Registry) -> None:
    """Both have begun when they ask for each other, and neither waits for the deadline."""
    barrier = threading.Barrier(2)

    def meet_and_ask(name: str) -> Availability:
        barrier.wait(2)
        return registry.check(name)

    registry.register("hen", lambda: meet_and_ask("egg"), timeout=10)
    registry.register("egg", lambda: meet_and_ask("hen"), timeout=10)
    began = time.monotonic()
    with pytest.raises(CircularProbe):
        registry.check_all()
    assert time.monotonic() - began < 1
    until(lambda: not registry._answers.flights)


def test_a_probe_that_asks_for_itself_behind_a_refresh_is_an_error(registry: Registry) -> None:
    """It would wait for its own run to end before the new one begins."""

    @registry.register("snake", timeout=10)
    def snake() -> Availability:
        registry.refresh()
        return registry.check("snake")

    began = time.monotonic()
    with pytest.raises(CircularProbe):
        registry.check("snake")
    assert time.monotonic() - began < 1


def test_combinations_in_a_circle_are_an_error(registry: Registry) -> None:
    """With each other, with themselves, and through a probe."""
    registry.register("one", "all:two,path")
    registry.register("two", "any:one,path")
    registry.register("path", "env:PATH")
    registry.register("self", "all:self,path")
    registry.register("probe", lambda: registry.check("through"))
    registry.register("through", "all:probe,path")
    for name, circle in (
        ("one", ("one", "two", "one")),
        ("self", ("self", "self")),
        ("through", ("through", "probe", "through")),
    ):
        with pytest.raises(CircularProbe) as caught:
            registry.check(name)
        assert str(caught.value) == message(*circle)


def test_a_probe_that_asks_for_others_is_no_circle(registry: Registry) -> None:
    """Not even when several ask for the same at once, or the part asks for a third."""
    registry.register("base", lambda: time.sleep(0.05))
    registry.register("left", lambda: registry.check("base"))
    registry.register("right", lambda: registry.check("base"))
    registry.register("top", "all:left,right")
    registry.register("over", lambda: registry.check("top"))
    askers = [asker for name in ("over", "top", "left", "right") for asker in ask_at_once(registry, name, 8)]
    assert all(asker.result() for asker in askers)


def test_what_a_probe_leaves_behind_may_ask_for_it(registry: Registry) -> None:
    """A context that outlives the probe does not belong to it any more."""
    contexts: list[contextvars.Context] = []
    registry.register("gpu", lambda: contexts.append(contextvars.copy_context()))
    assert registry.check("gpu")
    registry.refresh()
    assert contexts[0].run(registry.check, "gpu")


def test_a_slow_import_keeps_others_waiting_no_longer_than_their_deadline(registry: Registry, write: Write) -> None:
    """That answer is not kept; the one who imports has the probe's, and so have those who can wait for that."""
    go = threading.Event()
    module = type(sys)("acme_gate")
    module.go = go  # type: ignore[attr-defined]
    sys.modules["acme_gate"] = module
    write({"acme_slow.py": "import acme_gate\nacme_gate.go.wait(20)\ndef gpu(): ...\n"})
    registry.register("gpu", "python:acme_slow:gpu", timeout=0.3)
    leader = Asker(registry, "gpu")
    until(lambda: registry._answers.flights)
    early = Asker(registry, "gpu").result()
    assert (early.name, early.status, early.reason) == (
        "gpu",
        "timed_out",
        "no answer in 0.3 s; its probe is on its way",
    )
    patient = Asker(registry, "gpu")
    time.sleep(0.1)
    go.set()
    assert leader.result() is patient.result() is registry.check("gpu")
    assert registry.check("gpu")


def test_who_joins_during_the_import_has_all_the_time_of_the_probe(registry: Registry, write: Write) -> None:
    """Also when that begins late, and is more than this asker has had to begin with."""
    gate = type(sys)("acme_gate")
    gate.go = threading.Event()  # type: ignore[attr-defined]
    sys.modules["acme_gate"] = gate
    write(
        {
            "acme_slow.py": "import time, acme_gate\nacme_gate.go.wait(20)\ndef gpu():\n    time.sleep(0.4)\n",
        }
    )
    registry.register("gpu", "python:acme_slow:gpu", timeout=0.5)
    leader = Asker(registry, "gpu")
    until(lambda: registry._answers.flights)
    joiner = Asker(registry, "gpu")
    time.sleep(0.3)
    gate.go.set()
    assert leader.result() is joiner.result()
    assert (joiner.result().status, joiner.seconds > 0.5 + 0.05) == ("available", True)


def test_a_thread_that_an_import_waits_for_may_ask(registry: Registry, write: Write) -> None:
    """Each would wait for the other; the thread has no answer in its time."""
    write(
        {
            "acme_thread.py": "import builtins, threading\n"
            "thread = threading.Thread(target=lambda: answers.append(builtins.ask_capability('gpu')))\n"
            "answers = []\nthread.start()\nthread.join()\ndef gpu(): ...\n"
        }
    )
    registry.register("gpu", "python:acme_thread:gpu", timeout=0.2)
    with mock.patch("builtins.ask_capability", registry.check, create=True):
        assert registry.check("gpu")
    assert [answer.status for answer in sys.modules["acme_thread"].answers] == ["timed_out"]


def test_a_module_that_asks_for_its_own_probe_again_and_again(registry: Registry, write: Write) -> None:
    """One that makes its functions when they are looked up, and asks for that, comes to an end."""
    code = "import builtins\ndef __getattr__(name):\n    return builtins.ask_capability('gpu') and (lambda: True)\n"
    write({"acme_lazy.py": code})
    registry.register("gpu", "python:acme_lazy:gpu")
    with (
        mock.patch("builtins.ask_capability", registry.check, create=True),
        pytest.raises(CircularProbe) as caught,
    ):
        registry.check("gpu")
    assert str(caught.value) == message("gpu", "gpu")


def test_a_namesake_in_another_registry_is_no_circle(registry: Registry) -> None:
    """A probe may ask another registry for what has the same name there."""
    other = Registry()
    other.register("gpu", "env:PATH")
    registry.register("gpu", lambda: other.check("gpu"))
    assert registry.check("gpu").reason == "PATH is set"


def python_probes(registry: Registry, write: Write) -> None:
    """Four probes that are named as text, none of which ends before all have begun, and what combines them."""
    code = "import threading\nthread = threading.current_thread()\nall_run = threading.Barrier(4)\n"
    write({"acme_four.py": code + "".join(f"def p{i}():\n    all_run.wait(2)\n" for i in range(4))})
    for i in range(4):
        registry.register(f"p{i}", f"python:acme_four:p{i}")
    registry.register("path", "env:PATH")
    registry.register("all", "all:p0,p1,p2,p3,path")


@pytest.mark.parametrize(
    "ask",
    [
        Registry.check_all,
        lambda registry: registry.require("p0", "p1", "p2", "p3"),
        lambda registry: registry.check("all"),
        lambda registry: registry.require("path", "all"),
        lambda registry: asyncio.run(registry.acheck("all")),
    ],
    ids=["check_all", "require", "a combination", "a combination beside another", "acheck"],
)
def test_probes_that_are_named_as_text_run_side_by_side(
    registry: Registry, write: Write, ask: Callable[[Registry], object]
) -> None:
    """They are imported in the asking thread, and then run all at the same time."""
    python_probes(registry, write)
    ask(registry)
    assert sys.modules["acme_four"].thread is threading.current_thread()
    assert registry.check("all")


def test_side_by_side_each_has_its_own_deadline(registry: Registry, release: threading.Event) -> None:
    """One that ends after its deadline, while a slower one is still waited for, is too late."""
    registry.register("first", lambda: time.sleep(0.5), timeout=5)
    registry.register("late", lambda: time.sleep(0.3), timeout=0.1)
    assert {name: answer.status for name, answer in registry.check_all().items()} == {
        "first": "available",
        "late": "timed_out",
    }


@pytest.mark.parametrize(
    "question",
    [
        "asyncio.run(c.acheck('x'))",
        "asyncio.run(c.acheck('both'))",
        "c.check('both')",
        "c.check_all()['x']",
        "c.require('x', 'y') or c.check('x')",
    ],
)
def test_a_module_that_is_being_imported_may_ask_for_its_own_probe(tmp_path: Path, question: str) -> None:
    """In whatever way: no other thread waits for the import, which would be for ever."""
    (tmp_path / "acme_own.py").write_text(
        "import asyncio\nfrom ssot_shims import Registry\ndef probe(): ...\nc = Registry()\n"
        "for name in 'xy':\n    c.register(name, 'python:acme_own:probe')\nc.register('both', 'all:x,y')\n"
        f"print(({question}).status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import acme_own"],
        env={"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("available\n", "")


# --- forks


def test_what_is_left_in_a_child(registry: Registry, monkeypatch: pytest.MonkeyPatch, release: threading.Event) -> None:
    """Answers and overrides stay; locks that others hold, flights and threads do not. Seen from inside the process."""
    registry.register("known", lambda: (False, "found before"))
    registry.register("slow", lambda: release.wait(60) and None, timeout=0.4)
    known = registry.check("known")
    asker = Asker(registry, "slow")
    until(lambda: registry._answers.flights)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with registry._answers.lock:
            held.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    with registry.override(slow=False):
        holder.start()
        held.wait(20)
        registry._answers.after_fork()  # what the child calls first
        assert (registry.check("known"), registry.check("slow").source) == (known, "override")
        assert hanging(registry) == {}
    let_go.set()
    release.set()
    holder.join()
    assert registry.check("slow")
    asker.join()  # in a real child that thread does not exist
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    assert [*Registry()] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="a thread that was joined may still be counted there")
def test_a_fork_behind_an_answer_warns_of_no_thread() -> None:
    """The thread of the probe has ended when the answer is given, however quick it was."""
    code = """
        import os
        from ssot_shims import Registry
        registry = Registry()
        registry.register("quick", lambda: True)
        for _ in range(50):
            registry.refresh()
            registry.check("quick")
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    env = {"PYTHONPATH": CHECKOUT}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_of_a_probe() -> None:
    """The child keeps answers and overrides, drops flights and locks, and answers; also when the probe itself forks."""
    code = """
        import os, threading, time, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # "multi-threaded, use of fork() may lead to deadlocks"
        from ssot_shims import capabilities, is_available, is_docker_available

        capabilities.register("known", lambda: (False, "found before"))
        capabilities.check("known")
        parent, go = os.getpid(), threading.Event()

        @capabilities.register("slow", timeout=20)
        def slow():
            if os.getpid() == parent:
                go.wait(20)
            return False, "in the parent" if os.getpid() == parent else "in the child"

        def in_child(what):
            pid = os.fork()
            if pid == 0:
                try:
                    what()
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)

        def child():
            reasons = [capabilities.check(name).reason for name in ("slow", "known")]
            print(*reasons, is_docker_available(), flush=True)

        asker = threading.Thread(target=capabilities.check, args=["slow"])
        asker.start()
        while not capabilities._answers.flights:
            time.sleep(0.01)
        with capabilities.override(docker=True), capabilities._answers.lock:
            in_child(child)
        holder_has_it, let_go = threading.Event(), threading.Event()
        def hold():
            with capabilities._answers.lock:
                holder_has_it.set()
                let_go.wait(20)
        holder = threading.Thread(target=hold)
        holder.start()
        holder_has_it.wait(20)
        with_override = capabilities.check("known").reason
        in_child(lambda: print(capabilities.check("slow").reason, flush=True))
        let_go.set()
        go.set()
        asker.join()
        holder.join()
        print(capabilities.check("slow").reason, flush=True)

        @capabilities.register("forks")
        def forks():
            if os.getpid() == parent:
                in_child(lambda: print("forks in the child:", capabilities.check("forks").reason, flush=True))
            return False, "parent" if os.getpid() == parent else "child"

        print(capabilities.check("forks").reason, flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": CHECKOUT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            "in the child found before True",
            "in the child",
            "in the parent",
            "forks in the child: child",
            "parent",
        ],
        "",
    )
