"""What a probe function may return, raise and do."""

from __future__ import annotations

import contextvars
import functools
import sys
import threading
from collections.abc import Callable
from unittest import mock

import pytest

from ssot_shims import Availability, Registry, Unavailable
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.notation import Probe
from tests.support.flights import Inline, add_inline, line_of

FULL = Availability(status="available", reason="version 3", details={"version": "3"})


async def coroutine() -> bool:
    return True


class NotReady:
    """An object that raises whatever one asks of it."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("not configured")


class Mute(Exception):
    """An exception whose own text raises."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


# What is told, with {at} where a function is defined, or where a probe raises.
WITHOUT = "; to answer without it: SSOT_SHIMS_HAS_IT=0"
EXPECTED = f", expected True, None, False, (False, 'why') or an Availability{WITHOUT}"
UNSAID = "its probe ({at}) says no, and not why; to say why: return (False, 'why')"
HALF = (
    "its probe ({at}) returned an unfinished Availability; "
    "give it one of the four statuses, a reason in words, and details of text by text"
)


def odd(kind: str) -> str:
    return f"its probe ({{at}}) returned an object of type {kind}{EXPECTED}"


NOT_READY, ARGUMENT = line_of(NotReady.__getattr__, 1), "positional argument: 'number'"
# What a function returns, the status, and reason and hint.
RETURNED: list[tuple[Callable[[], object], str, str]] = [
    (lambda: None, "available", "its probe ({at}) says yes"),
    (lambda: True, "available", "its probe ({at}) says yes"),
    (lambda: FULL, "available", "version 3"),
    (lambda: False, "unavailable", UNSAID),
    (lambda: (False, " "), "unavailable", UNSAID),
    (lambda: (False, "no device\nnode"), "unavailable", "no device node"),
    (lambda: (False, "no db at me:hunter2@db:5432"), "unavailable", "no db at ***@db:5432"),
    (lambda: FULL.replace(status="timed_out", reason="no answer"), "timed_out", "no answer"),
    (lambda: FULL.replace(status="unavailable", hint="ask\nme:secret@db"), "unavailable", "version 3; ask ***@db"),
    (lambda: 1, "failed", odd("int")),
    (lambda: (True, "why"), "failed", odd("tuple")),
    (lambda: (False, 3), "failed", odd("tuple")),
    (lambda: coroutine(), "failed", odd("coroutine")),  # is closed, so nothing warns
    (lambda: FULL.replace(status="maybe"), "failed", HALF),
    (lambda: FULL.replace(reason=""), "failed", HALF),
    (lambda: FULL.replace(reason=5), "failed", HALF),
    (lambda: FULL.replace(hint=None), "failed", HALF),
    (lambda: FULL.replace(details={"a": 1.5}), "failed", HALF),
    (lambda: NotReady(), "failed", f"its probe raised RuntimeError: not configured at {NOT_READY}{WITHOUT}"),
    (lambda number: None, "failed", f"its probe raised TypeError: <lambda>() missing 1 required {ARGUMENT}{WITHOUT}"),  # type: ignore[misc]
]


@pytest.mark.parametrize(("probe", "status", "text"), RETURNED)
def test_what_a_function_returns(registry: Registry, probe: Callable[[], object], status: str, text: str) -> None:
    """Yes, no, or an error that says what was returned and what is expected; on one line, without secrets."""
    registry.register("it", probe)
    answer = registry.check("it")
    assert (answer.name, answer.status, answer.source) == ("it", status, "probe")
    assert answer.explanation == text.replace("{at}", line_of(probe))
    assert answer.details == (FULL.details if text.startswith(("version", "no answer")) else {})


# What is raised, the status, and the reason with its hint.
RAISED: list[tuple[BaseException, str, str]] = [
    (Unavailable("no db at postgres://me:secret@db/?token=s"), "unavailable", "no db at postgres://***@db/?***"),
    (Unavailable("no\ndb", "psql postgres://me:secret@db"), "unavailable", "no db; psql postgres://***@db"),
    (Unavailable(OSError("no db")), "unavailable", "no db"),  # type: ignore[arg-type]
    (Unavailable(None), "unavailable", UNSAID),  # type: ignore[arg-type]
    (ValueError("not 'me:secret@db'"), "failed", "its probe raised ValueError: not '***@db' at {at}" + WITHOUT),
    (SystemExit("bye"), "failed", "its probe raised SystemExit: bye at {at}" + WITHOUT),
    (Unavailable(Mute()), "failed", f"its probe raised RuntimeError: no words at {line_of(Mute.__str__, 1)}{WITHOUT}"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("error", "status", "text"), RAISED, ids=repr)
@pytest.mark.parametrize("is_ours", [False, True], ids=["a function", "a probe of ours"])
def test_what_a_probe_raises(registry: Registry, error: BaseException, status: str, text: str, is_ours: bool) -> None:
    """Unavailable is a no, with its hint in a field of its own; anything else is a failure with its line."""

    def function() -> None:
        raise error.with_traceback(None)

    class Ours(Probe):
        notation: str = "ours"

        def ask(self, deadline: float) -> Availability:
            raise error.with_traceback(None)

    registry.add(capability("it", Ours() if is_ours else function))
    with mock.patch("threading.excepthook") as hook:
        answer = registry.check("it")
    at = line_of(Ours.ask, 1) if is_ours else line_of(function, 0 if text == UNSAID else 1)
    assert (answer.status, hook.called) == (status, False)
    if not (is_ours and text == UNSAID):  # where ours is defined is no help to anybody
        assert answer.explanation == text.replace("{at}", at)


def test_a_probe_may_be_anything_that_can_be_called(registry: Registry) -> None:
    """Partials, methods, objects with a call, and built-in functions; arguments of a partial are not shown."""
    probes: dict[str, Callable[[], object]] = {
        "partial": functools.partial(functools.partial(lambda a, b: a < b, 1), 2),
        "object": mock.Mock(return_value=True),
        "plain": threading.Lock().acquire,
    }
    for name, probe in probes.items():
        registry.register(name, probe)
    assert all(registry.check_all().values())
    assert registry["plain"].notation == "lock.acquire, not in Python"
    registry.register("strange", functools.partial(len, "PWD=secret"))
    assert "its probe (len, not in Python) returned" in registry.check("strange").reason
    assert "secret" not in registry["strange"].notation


def test_a_probe_runs_in_a_thread_and_context_of_its_own(registry: Registry) -> None:
    """A daemon thread named after it, which ends with it; it sees the asker's variables, and cannot change them."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    threads: list[threading.Thread] = []

    def seen(deadline: float) -> Availability:
        threads.append(threading.current_thread())
        value = variable.get()
        variable.set("changed")
        return Availability(status="available", reason=value)

    variable.set("mine")
    add_inline(registry, "seen", seen)
    with mock.patch.object(Inline, "prepare", side_effect=lambda: threads.append(threading.current_thread())):
        assert (registry.check("seen").reason, variable.get()) == ("mine", "mine")
    assert threads.pop(0) is threading.current_thread()  # imports what the probe needs
    threads[0].join(5)
    assert (threads[0].name, threads[0].daemon, threads[0].is_alive()) == ("seen", True, False)


@pytest.mark.parametrize(("ttl", "most"), [(None, 1), (60, None)])
def test_a_cached_answer_is_one_look_into_a_dictionary(registry: Registry, ttl: float | None, most: int | None) -> None:
    """No other function runs, of Python or C (a lock, a clock); an answer with a ttl is held against the clock."""
    registry.register("path", "env:PATH", ttl=ttl)
    answer = registry.check("path")
    calls: list[str] = []
    sys.setprofile(lambda _frame, event, _argument: calls.append(event) if "call" in event else None)
    found = registry.check("path")
    sys.setprofile(None)
    assert found is answer
    assert calls[:-1] == ["call"] if most else len(calls) > 5  # the last one is setprofile() itself
