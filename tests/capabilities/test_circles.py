"""Probes that ask for one another, and modules that are being imported meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

import ssot_shims
from ssot_shims import Availability, Registry
from ssot_shims.errors import CircularProbe
from tests.conftest import Write
from tests.support.flights import Asker, ask_at_once, until

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])


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
    with pytest.raises(CircularProbe, match="snake -> snake"):
        asyncio.run(registry.acheck("snake"))


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
