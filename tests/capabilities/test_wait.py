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

import pytest

from ssot_shims import Availability, CapabilityMissing, Registry, Unavailable, require
from ssot_shims.errors import InvalidDeclaration, UnknownName
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
        timer = threading.Timer(0.5, listener.listen)
        timer.start()
        start = time.monotonic()
        answer = check(registry, f"tcp://{place}", wait=20)
        assert 0.4 < time.monotonic() - start < 5
        timer.join()
    assert (answer.status, answer.reason) == ("available", f"{place} accepts connections")


@BOTH
def test_the_pauses_grow_and_the_wait_has_an_end(registry: Registry, check: Check) -> None:
    """Each is twice as long as the one before; the last is cut, and one more try ends it."""
    probe, asked = counted(False)
    registry.register("never", probe)
    answer = check(registry, "never", wait=1.0)
    pauses = [second - first for first, second in pairwise(asked)]
    assert answer.status == "unavailable"
    assert len(pauses) == 4
    assert 0.1 <= pauses[0] < pauses[1] - 0.05 < pauses[2] - 0.1


@BOTH
@pytest.mark.parametrize(
    ("before", "tries", "status"),
    [
        (True, 1, "available"),
        (False, 2, "available"),
        (Unavailable("not yet"), 2, "available"),
        (Availability(status="timed_out", reason="slow"), 2, "available"),
        (TypeError("a bug"), 1, "failed"),
        ("maybe", 1, "failed"),
    ],
)
def test_what_may_pass_is_tried_again_and_a_bug_is_not(
    registry: Registry, check: Check, before: object, tries: int, status: str
) -> None:
    """A bug does not go away by waiting, and whoever made it wants to know at once."""
    probe, asked = counted(before, True)
    registry.register("it", probe)
    answer = check(registry, "it", wait=20)
    assert (answer.status, len(asked)) == (status, tries)


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
        answer = check(registry, "db", wait=20)
    assert (answer.status, answer.source, asked) == ("unavailable", way, [])
    assert time.monotonic() - start < 2


def test_an_override_during_the_wait_ends_it(registry: Registry) -> None:
    """The next try is answered by it."""
    registry.register("db", lambda: False)
    timer = threading.Timer(0.3, registry.override(db=True).__enter__)
    timer.start()
    assert registry.check("db", wait=20).source == "override"
    timer.join()


def test_names_share_the_seconds_and_one_that_cannot_come_ends_it(registry: Registry) -> None:
    """Those that are there are not asked again, and the others together have so many seconds."""
    there, asked_there = counted(True)
    late, asked_late = counted(False, False, True)
    never, asked_never = counted(False)
    for name, probe in {"there": there, "late": late, "never": never, "nor": lambda: False}.items():
        registry.register(name, probe)
    registry.require("there", "late", wait=5)
    assert (len(asked_there), len(asked_late)) == (1, 3)
    start = time.monotonic()
    with pytest.raises(CapabilityMissing) as caught:
        registry.require("there", "never", "nor", wait=0.5)
    assert 0.5 <= time.monotonic() - start < 2
    assert [*caught.value.reasons] == ["never", "nor"]
    tries = len(asked_never)
    with registry.override(there=False), pytest.raises(CapabilityMissing, match="there: override"):
        registry.require("never", "there", wait=20)
    assert len(asked_never) == tries
    require(wait=20)


def test_parts_of_a_combination_are_tried_again(registry: Registry) -> None:
    """Each part has the probe of its own."""
    registry.register("one", counted(False, True)[0])
    registry.register("two", counted(False, False, True)[0])
    registry.register("both", "all:one,two")
    assert registry.check("both", wait=20)


@BOTH
@pytest.mark.parametrize("wait", [-1, float("nan"), True, False, "3", 86_401, [1]])
def test_a_wait_that_is_no_number_of_seconds_is_refused(registry: Registry, check: Check, wait: object) -> None:
    """Before anything is asked, with what it is and what it may be; the same in ``require``."""
    probe, asked = counted(True)
    registry.register("it", probe)
    for ask in (lambda: check(registry, "it", wait=wait), lambda: registry.require("it", wait=wait)):  # type: ignore[arg-type]
        with pytest.raises(InvalidDeclaration, match="give seconds from 0, at most a day") as caught:
            ask()
        assert f"the wait is {wait!r}" in str(caught.value)
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
        registry.check("never", wait=20)
    assert time.monotonic() - start < 3
    timer.join()


def test_the_event_loop_goes_on_and_can_cancel_the_wait(registry: Registry) -> None:
    """Nothing is asked once the waiting has been cancelled."""
    probe, asked = counted(False)
    registry.register("never", probe)

    async def main() -> None:
        waiting = asyncio.create_task(registry.acheck("never", wait=20))
        await asyncio.sleep(0.5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    tries = len(asked)
    time.sleep(0.6)
    assert 2 <= tries == len(asked)
