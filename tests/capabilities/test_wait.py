"""``check``, ``acheck`` and ``require`` with ``wait=``: a probe is tried again until it says yes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from ssot_shims import Availability, CapabilityMissing, Registry, Unavailable, require
from ssot_shims.errors import InvalidDeclaration, UnknownName
from tests.conftest import run
from tests.support.flights import counted


def acheck(registry: Registry, name: str, wait: float) -> Availability:
    """The answer of the question that is awaited."""
    return asyncio.run(registry.acheck(name, wait=wait))


Check = Callable[..., Availability]
BOTH = pytest.mark.parametrize("check", [Registry.check, acheck])


@BOTH
def test_it_says_yes_as_soon_as_the_port_opens(registry: Registry, check: Check) -> None:
    """It does not wait any longer, and the answer is that of the last try."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        timer = threading.Timer(0.3, listener.listen)
        timer.start()
        start = time.monotonic()
        answer = check(registry, f"tcp://{place}", wait=60)
        assert time.monotonic() - start < 30
        timer.join()
    assert (answer.status, answer.reason) == ("available", f"{place} accepts connections")


@BOTH
def test_the_pauses_grow_and_the_wait_has_an_end(registry: Registry, check: Check) -> None:
    """Each is twice as long as the one before; the last is cut, and one more try ends it."""
    probe, asked = counted(False)
    registry.register("never", probe)
    start = time.monotonic()
    answer = check(registry, "never", wait=1.0)
    assert (answer.status, time.monotonic() - start >= 1.0) == ("unavailable", True)
    pauses = [second - first for first, second in pairwise(asked)]
    assert all(pause >= least for pause, least in zip(pauses[:-1], (0.1, 0.2, 0.4), strict=False))
    assert 1 < len(pauses) < 5  # on a busy machine a try takes long


def test_time_that_stands_still() -> None:
    """freezegun stops the monotonic clock as well; deadlines and waits end all the same."""
    frozen = "import time; time.monotonic = lambda: 1.0; from ssot_shims import Registry; registry = Registry()"
    hangs = "registry.register('hangs', lambda: time.sleep(60), timeout=0.2)"
    asks = "print(registry.check('hangs').status, registry.check('env:NO_SUCH', wait=0.2).status)"
    assert run(f"{frozen}; {hangs}; {asks}") == ("timed_out unavailable\n", "")


LATE = Availability(status="timed_out", reason="slow")
FIRST = [(True, 1), (False, 2), (Unavailable("not yet"), 2), (LATE, 2), (TypeError("a bug"), 1), ("maybe", 1)]


@BOTH
@pytest.mark.parametrize(("before", "tries"), FIRST)
def test_what_may_pass_is_tried_again(registry: Registry, check: Check, before: object, tries: int) -> None:
    """A bug does not go away by waiting, and whoever made it wants to know at once."""
    probe, asked = counted(before, True)
    registry.register("it", probe)
    answer = check(registry, "it", wait=20)
    assert (bool(answer), len(asked)) == (before is True or tries == 2, tries)


@BOTH
@pytest.mark.parametrize("way", ["override", "SSOT_SHIMS_HAS_DB", "SSOT_SHIMS_NO_SERVICES"])
def test_an_answer_that_is_forced_ends_the_wait_at_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, check: Check, way: str
) -> None:
    """No try can change what a setting or an override says."""
    probe, asked = counted(True)
    registry.register("db", probe, service=True)
    monkeypatch.setenv(way, "0" if way == "SSOT_SHIMS_HAS_DB" else "1")
    start = time.monotonic()
    with registry.override({"db": False} if way == "override" else {}):
        answer = check(registry, "db", wait=60)
    assert (answer.status, answer.source, asked) == ("unavailable", way, [])
    assert time.monotonic() - start < 30


def test_an_override_during_the_wait_ends_it(registry: Registry) -> None:
    """The next try is answered by it."""
    registry.register("db", lambda: registry.override(db=True).__enter__() or False)
    assert registry.check("db", wait=60).source == "override"


def test_names_share_the_seconds_and_one_that_cannot_come_ends_it(registry: Registry) -> None:
    """What is there is not asked again for its own sake, and the others together have so many seconds."""
    there, asked_there = counted(True)
    late, asked_late = counted(False, False, True)
    never, asked_never = counted(False)
    for name, probe in {"there": there, "late": late, "never": never, "nor": lambda: False}.items():
        registry.register(name, probe)
    registry.register("both", "all:late,there")  # whose parts are tried again
    registry.require("there", "both", wait=60)
    assert (len(asked_there), len(asked_late)) == (3, 3)
    start = time.monotonic()
    with pytest.raises(CapabilityMissing) as caught:
        registry.require("there", "never", "nor", wait=0.5)
    assert 0.5 <= time.monotonic() - start < 20
    assert [*caught.value.reasons] == ["never", "nor"]
    tries = len(asked_never)
    with registry.override(there=False), pytest.raises(CapabilityMissing, match="there: override"):
        registry.require("never", "there", wait=60)
    assert len(asked_never) == tries
    require(wait=60)


@pytest.mark.parametrize("wait", [-1, float("nan"), True, False, "3", 86_401, [1]])
def test_a_wait_that_is_no_number_of_seconds_is_refused(registry: Registry, wait: Any) -> None:
    """Before anything is asked, with what it is and what it may be."""
    probe, asked = counted(True)
    registry.register("it", probe)
    for ask in (Registry.check, acheck, Registry.require):
        with pytest.raises(InvalidDeclaration) as caught:
            ask(registry, "it", wait=wait)
        assert str(caught.value) == f"the wait is {wait!r}; give seconds from 0, at most a day (86400)"
    assert asked == []


def test_no_wait_is_one_try_and_an_unknown_name_is_no_absence(registry: Registry) -> None:
    """``wait=0`` asks once; nobody waits for a name that nobody has declared."""
    probe, asked = counted(False)
    registry.register("no", probe)
    assert (registry.check("no", wait=0).status, len(asked)) == ("unavailable", 1)
    for ask in (lambda: registry.check("on", wait=20), lambda: registry.require("no", "on", wait=20)):
        with pytest.raises(UnknownName):
            ask()


def test_ctrl_c_ends_the_wait(registry: Registry) -> None:
    """In a pause as well as in a try."""
    registry.register("never", lambda: False)
    timer = threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        registry.check("never", wait=60)
    assert time.monotonic() - start < 30
    timer.join()


def test_the_event_loop_goes_on_and_can_cancel_the_wait(registry: Registry) -> None:
    """Nothing is asked once the waiting has been cancelled."""
    probe, asked = counted(False)
    registry.register("never", probe)

    async def main() -> None:
        waiting = asyncio.create_task(registry.acheck("never", wait=60))
        while len(asked) < 2:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    tries = len(asked)
    time.sleep(0.6)
    assert len(asked) - tries < 1
