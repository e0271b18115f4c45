"""Probes that ask for one another, and modules that are being imported meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
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
from tests.conftest import Write, run
from tests.support.flights import Asker, acheck, ask_at_once, until

CHECKOUT = Path(ssot_shims.__file__).parents[1]


def message(*names: str) -> str:
    return f"the probes ask for one another in a circle: {' -> '.join(names)}; let one of them answer by itself"


CIRCLES = ["snake snake", "fresh fresh", "hen egg hen", "farm hen egg hen", "one two one", "through probe through"]


@pytest.mark.parametrize("circle", CIRCLES)
def test_probes_in_a_circle_are_an_error(registry: Registry, circle: str) -> None:
    """With itself, behind a refresh too, with others, and through combinations; at once, in the order they ask."""
    for name, asked in (("snake", "snake"), ("hen", "egg"), ("egg", "hen"), ("farm", "hen"), ("probe", "through")):
        registry.register(name, lambda asked=asked: registry.check(asked), timeout=60)
    registry.register("fresh", lambda: registry.refresh() or registry.check("fresh"), timeout=60)
    registry.register("path", "env:PATH")
    registry.register("one", "all:two,path")
    registry.register("two", "any:one,path")
    registry.register("through", "all:probe,path")
    began = time.monotonic()
    for ask in (registry.check, acheck(registry)):
        with pytest.raises(CircularProbe) as caught:
            ask(circle.split()[0])
        assert str(caught.value) == message(*circle.removeprefix("farm ").split())
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("together", [False, True], ids=["two threads", "check_all"])
def test_a_circle_that_two_threads_close_is_an_error(registry: Registry, together: bool) -> None:
    """Each began with another of the two: both are told, at once and not at the deadline."""
    barrier = threading.Barrier(2)

    def meet_and_ask(name: str) -> Availability:
        with contextlib.suppress(threading.BrokenBarrierError):  # the second time around nobody comes to meet
            barrier.wait(2)
        return registry.check(name)

    registry.register("hen", lambda: meet_and_ask("egg"), timeout=60)
    registry.register("egg", lambda: meet_and_ask("hen"), timeout=60)
    began = time.monotonic()
    if together:
        with pytest.raises(CircularProbe):
            registry.check_all()
        assert time.monotonic() - began < 30
    else:
        askers = [Asker(registry, "hen"), Asker(registry, "egg")]
        for asker in askers:
            asker.join(30)
        assert {str(asker.error) for asker in askers} <= {message("hen", "egg", "hen"), message("egg", "hen", "egg")}
    until(lambda: not registry._answers.flights)


def test_a_probe_that_asks_for_others_is_no_circle(registry: Registry) -> None:
    """Not even when several ask for the same at once, the part asks for a third, or another registry has a namesake."""
    other = Registry()
    other.register("base", "env:PATH")
    registry.register("base", lambda: time.sleep(0.05) or other.check("base"))
    registry.register("left", lambda: registry.check("base"))
    registry.register("right", lambda: registry.check("base"))
    registry.register("top", "all:left,right")
    registry.register("over", lambda: registry.check("top"))
    askers = [asker for name in ("over", "top", "left", "right") for asker in ask_at_once(registry, name, 8)]
    assert all(asker.result() for asker in askers)
    assert (registry.check("left").name, registry.check("left").reason) == ("left", "PATH is set")


def test_what_a_probe_leaves_behind_may_ask_for_it(registry: Registry) -> None:
    """A context that outlives the probe does not belong to it any more."""
    contexts: list[contextvars.Context] = []
    registry.register("gpu", lambda: contexts.append(contextvars.copy_context()))
    assert registry.check("gpu")
    registry.refresh()
    assert contexts[0].run(registry.check, "gpu")


@pytest.fixture
def gate() -> threading.Event:
    """What the module ``acme_gate`` holds as ``go``, for modules that wait while they are imported."""
    module = sys.modules["acme_gate"] = type(sys)("acme_gate")
    module.go = threading.Event()  # type: ignore[attr-defined]
    return module.go


def test_a_slow_import_holds_nobody_past_a_deadline(registry: Registry, write: Write, gate: threading.Event) -> None:
    """That answer is not kept; who imports has the probe's, as have those who can wait; no event loop is held up."""
    write({"acme_slow.py": "import acme_gate\nacme_gate.go.wait(60)\ndef gpu(): ...\n"})
    registry.register("gpu", "python:acme_slow:gpu", timeout=2)
    leader = Asker(registry, "gpu")
    until(lambda: registry._answers.flights)

    async def ask_and_go_on() -> Availability:
        task = asyncio.create_task(registry.acheck("gpu"))
        await asyncio.sleep(0.05)
        assert not task.done()
        return await task

    early = asyncio.run(ask_and_go_on())
    assert (early.name, early.status) == ("gpu", "timed_out")
    assert early.reason == "no answer in 2 s; its probe is still running"
    patient = Asker(registry, "gpu")
    time.sleep(0.1)
    gate.set()
    assert leader.result() is patient.result() is registry.check("gpu")
    assert registry.check("gpu")


def test_who_joins_during_the_import_has_all_the_time(registry: Registry, write: Write, gate: threading.Event) -> None:
    """Also when that begins late, and is more than this asker has had to begin with."""
    write({"acme_slow.py": "import time, acme_gate\nacme_gate.go.wait(60)\ndef gpu():\n    time.sleep(1.2)\n"})
    registry.register("gpu", "python:acme_slow:gpu", timeout=2)
    leader = Asker(registry, "gpu")
    until(lambda: registry._answers.flights)
    joiner = Asker(registry, "gpu")
    time.sleep(1.2)
    gate.set()
    assert leader.result() is joiner.result()
    assert (joiner.result().status, joiner.seconds > 2.05) == ("available", True)


def test_a_module_that_asks_for_its_own_probe_again_and_again(registry: Registry, write: Write) -> None:
    """One that makes its functions when they are looked up, and asks for that, comes to an end."""
    code = "import builtins\ndef __getattr__(name):\n    return builtins.ask_capability('gpu') and (lambda: True)\n"
    write({"acme_lazy.py": code})
    registry.register("gpu", "python:acme_lazy:gpu")
    with mock.patch("builtins.ask_capability", registry.check, create=True), pytest.raises(CircularProbe) as caught:
        registry.check("gpu")
    assert str(caught.value) == message("gpu", "gpu")


ASKS: dict[str, Callable[[Registry], object]] = {
    "check_all": Registry.check_all,
    "require": lambda registry: registry.require("p0", "p1", "p2", "p3"),
    "a combination": lambda registry: registry.check("all"),
    "a combination beside another": lambda registry: registry.require("path", "all"),
    "acheck": lambda registry: asyncio.run(registry.acheck("all")),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_named_probes_run_side_by_side(registry: Registry, write: Write, ask: Callable[[Registry], object]) -> None:
    """They are imported in the asking thread, and then run all at the same time: none ends before all have begun."""
    code = "import threading\nthread = threading.current_thread()\nall_run = threading.Barrier(4)\n"
    write({"acme_four.py": code + "".join(f"def p{i}():\n    all_run.wait(20)\n" for i in range(4))})
    for i in range(4):
        registry.register(f"p{i}", f"python:acme_four:p{i}", timeout=30)
    registry.register("path", "env:PATH")
    registry.register("all", "all:p0,p1,p2,p3,path")
    ask(registry)
    assert sys.modules["acme_four"].thread is threading.current_thread()
    assert [*registry.check_all()] == ["all", "p0", "p1", "p2", "p3", "path"]
    assert all(registry.check_all().values())


QUESTIONS = ["asyncio.run(c.acheck('x'))", "asyncio.run(c.acheck('both'))", "c.check('both')", "c.check_all()['x']"]


@pytest.mark.parametrize("question", [*QUESTIONS, "c.require('x', 'y') or c.check('x')"])
def test_a_module_that_is_being_imported_may_ask_for_its_own_probe(tmp_path: Path, question: str) -> None:
    """In whatever way: no other thread waits for the import, which would be for ever."""
    (tmp_path / "acme_own.py").write_text(
        "import asyncio\nfrom ssot_shims import Registry\ndef probe(): ...\nc = Registry()\n"
        "for name in 'xy':\n    c.register(name, 'python:acme_own:probe')\nc.register('both', 'all:x,y')\n"
        f"print(({question}).status)\n"
    )
    assert run("import acme_own", PYTHONPATH=f"{CHECKOUT}{os.pathsep}{tmp_path}") == ("available\n", "")
