"""What a probe function may return, raise and do."""

from __future__ import annotations

import contextvars
import functools
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

import ssot_shims
from ssot_shims import Availability, Registry, Unavailable, capabilities
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.notation import Probe
from tests.support.flights import line_of

EXPECTED = "expected True, None, False, (False, 'why') or an Availability"


def test_a_probe_says_yes_in_three_ways(registry: Registry) -> None:
    """None, True, or an available Availability."""

    def nothing() -> None: ...

    def yes() -> bool:
        return True

    def in_full() -> Availability:
        return Availability(status="available", reason="version 3", details={"version": "3"})

    for name, probe in (("nothing", nothing), ("yes", yes), ("in_full", in_full)):
        registry.register(name, probe)
    assert registry.check("nothing").reason == f"its probe ({line_of(nothing)}) says yes"
    assert registry.check("yes").reason == f"its probe ({line_of(yes)}) says yes"
    answer = registry.check("in_full")
    assert (answer.name, answer.status, answer.reason, answer.source, answer.details) == (
        "in_full",
        "available",
        "version 3",
        "probe",
        {"version": "3"},
    )
    assert all(registry.check(name) and registry.check(name).seconds < 2 for name in registry)


def test_a_probe_says_no_in_four_ways(registry: Registry) -> None:
    """False, ``(False, "why")``, ``Unavailable("why")``, or an Availability that says so; the reason is on one line."""

    def unsaid() -> bool:
        return False

    def empty() -> tuple[bool, str]:
        return False, " "

    def pair() -> tuple[bool, str]:
        return False, "no device\nnode"

    def raises() -> None:
        raise Unavailable("cannot reach postgres://me:secret@db/app?token=secret")

    def in_full() -> Availability:
        return Availability(status="timed_out", reason="no answer from it")

    for probe in (unsaid, empty, pair, raises, in_full):
        registry.register(probe.__name__, probe)
    answers = registry.check_all()
    assert {name: (answer.status, answer.explanation) for name, answer in answers.items()} == {
        "unsaid": (
            "unavailable",
            f"its probe ({line_of(unsaid)}) says no, and not why; to say why: return (False, 'why')",
        ),
        "empty": (
            "unavailable",
            f"its probe ({line_of(empty)}) says no, and not why; to say why: return (False, 'why')",
        ),
        "pair": ("unavailable", "no device node"),
        "raises": ("unavailable", "cannot reach postgres://***@db/app?***"),
        "in_full": ("timed_out", "no answer from it"),
    }


async def _coroutine() -> bool:
    return True


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "int"),
        ("yes", "str"),
        ((True, "why"), "tuple"),
        ((False, 3), "tuple"),
        ((False, "why", "else"), "tuple"),
    ],
)
def test_anything_else_is_failed(registry: Registry, value: object, kind: str) -> None:
    """The reason names the type."""

    def odd() -> object:
        return value

    registry.register("odd", odd)
    answer = registry.check("odd")
    assert (answer.status, answer.explanation) == (
        "failed",
        f"its probe ({line_of(odd)}) returned an object of type {kind}, {EXPECTED}; "
        f"to answer without it: SSOT_SHIMS_HAS_ODD=0",
    )


def test_a_coroutine_that_is_returned_is_failed(registry: Registry) -> None:
    """A plain function that hands one over cannot be seen through; the coroutine is closed, so nothing warns."""

    def odd() -> object:
        return _coroutine()

    registry.register("odd", odd)
    assert registry.check("odd").explanation == (
        f"its probe ({line_of(odd)}) returned an object of type coroutine, {EXPECTED}; "
        f"to answer without it: SSOT_SHIMS_HAS_ODD=0"
    )


def test_a_probe_that_raises_is_failed(registry: Registry) -> None:
    """The reason says what was raised and in which line of the probe, and no secret."""

    def raises() -> None:
        int("http://me:secret@db")

    def leaves() -> None:
        sys.exit("bye")

    registry.register("raises", raises)
    registry.register("leaves", leaves)
    assert registry.check("raises").explanation == (
        f"its probe raised ValueError: invalid literal for int() with base 10: 'http://***@db' "
        f"at {line_of(raises, 1)}; to answer without it: SSOT_SHIMS_HAS_RAISES=0"
    )
    assert registry.check("leaves").explanation == (
        f"its probe raised SystemExit: bye at {line_of(leaves, 1)}; to answer without it: SSOT_SHIMS_HAS_LEAVES=0"
    )
    assert {registry.check(name).status for name in registry} == {"failed"}


def test_a_probe_may_be_anything_that_can_be_called(registry: Registry) -> None:
    """Partials, methods, objects with a call, mocks and built-in functions."""

    class Callable_:
        def __call__(self) -> bool:
            return True

        def method(self) -> bool:
            return True

    probes: dict[str, Callable[[], object]] = {
        "partial": functools.partial(functools.partial(lambda a, b: a < b, 1), 2),
        "object": Callable_(),
        "method": Callable_().method,
        "mock": mock.Mock(return_value=True),
        "builtin": functools.partial(bool, 1),
        "plain": threading.Lock().acquire,
    }
    for name, probe in probes.items():
        registry.register(name, probe)
    assert {name: bool(answer) for name, answer in registry.check_all().items()} == dict.fromkeys(sorted(probes), True)
    assert registry["plain"].notation == "lock.acquire, not in Python"


def test_a_probe_reads_the_context_variables_of_who_asks(registry: Registry) -> None:
    """It runs in a copy of that context: it sees what is set there, and cannot change it."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    @registry.register("seen")
    def seen() -> tuple[bool, str]:
        value = variable.get()
        variable.set("changed")
        return False, value

    variable.set("mine")
    assert (registry.check("seen").reason, variable.get()) == ("mine", "mine")


def test_a_probe_runs_in_a_daemon_thread_named_after_it(registry: Registry) -> None:
    """And the thread ends with it."""
    threads: list[threading.Thread] = []

    @registry.register("gpu")
    def gpu() -> None:
        threads.append(threading.current_thread())

    assert registry.check("gpu")
    threads[0].join(5)
    assert (threads[0].name, threads[0].daemon, threads[0].is_alive()) == ("gpu", True, False)


def test_a_probe_may_start_threads_that_ask(registry: Registry) -> None:
    """What its threads learn of other capabilities is its answer."""
    registry.register("part", lambda: (False, "it is not"))

    @registry.register("whole")
    def whole() -> Availability:
        found: list[Availability] = []
        thread = threading.Thread(target=lambda: found.append(registry.check("part")))
        thread.start()
        thread.join()
        return found[0]

    assert (registry.check("whole").name, registry.check("whole").reason) == ("whole", "it is not")


def test_a_probe_of_ours_that_has_a_bug_is_failed(registry: Registry) -> None:
    """Nothing but KeyboardInterrupt passes."""

    class Buggy(Probe):
        notation: str = "buggy"
        error: BaseException

        def ask(self, deadline: float) -> Availability:
            raise self.error

    registry.add(capability("buggy", Buggy(error=ZeroDivisionError("oops"))))
    reason = registry.check("buggy").explanation
    assert reason.startswith("its probe raised ZeroDivisionError: oops at ")
    assert reason.endswith("; to answer without it: SSOT_SHIMS_HAS_BUGGY=0")
    registry.add(capability("stopped", Buggy(error=KeyboardInterrupt())))
    with pytest.raises(KeyboardInterrupt):
        registry.check("stopped")


def test_a_probe_in_a_module_that_is_being_imported_does_not_block(tmp_path: Path) -> None:
    """Asked side by side with others, by the module that defines it, a ``python:`` probe ends in an answer."""
    (tmp_path / "suite.py").write_text(
        "from ssot_shims import capabilities as c\n"
        "c.register('db', 'python:suite:probe')\nc.register('path', 'env:PATH')\nc.register('both', 'all:db,path')\n"
        "def probe(): return True\n"
        "answers = c.check_all()\nprint(answers['db'].status, answers['path'].status, answers['both'].status)"
    )
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1]), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "import suite"]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (run.stdout, run.stderr) == ("available available available\n", "")


@pytest.mark.parametrize(
    "change",
    [
        {"status": "maybe"},
        {"reason": ""},
        {"reason": 5},
        {"hint": None},
        {"details": {(1, 2): "x"}},
        {"details": {"a": 1.5}},
    ],
    ids=str,
)
def test_an_unfinished_availability_is_failed(registry: Registry, change: dict[str, object]) -> None:
    """The reason says what it should have."""

    def probe() -> Availability:
        return Availability(status="available", reason="it is").replace(**change)

    registry.register("odd", probe)
    answer = registry.check("odd")
    assert (answer.status, answer.explanation) == (
        "failed",
        f"its probe ({line_of(probe)}) returned an unfinished Availability; give it one of the four statuses, a reason "
        "in words, and details of text by text",
    )


def test_a_secret_without_a_scheme_is_not_shown(registry: Registry) -> None:
    """In a reason of anybody's, whether it is given or raised."""

    def raises() -> None:
        raise RuntimeError("cannot reach 'me:hunter2@db:5432'")

    registry.register("given", lambda: (False, "no db at me:hunter2@db:5432"))
    registry.register("raised", raises)
    assert registry.check("given").reason == "no db at ***@db:5432"
    assert registry.check("raised").reason.startswith("its probe raised RuntimeError: cannot reach '***@db:5432' at ")


class NotReady:
    """An object that raises whatever one asks of it."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("not configured")


@pytest.mark.parametrize(
    ("returned", "status", "reason"),
    [
        (NotReady, "failed", "its probe raised RuntimeError: not configured"),
    ],
)
def test_a_strange_return_value_is_failed(returned: Callable[[], object], status: str, reason: str) -> None:
    """What cannot be looked at, or is no whole answer, does not get out of a check."""
    capabilities.register("strange", lambda: returned())
    answer = capabilities.check("strange")
    assert answer.status == status
    assert answer.reason.startswith(reason)


@pytest.mark.parametrize(("why", "reason"), [(OSError("no db"), "no db"), (None, "its probe (")])
def test_unavailable_takes_anything_for_a_reason(why: object, reason: str) -> None:
    """An exception given as the reason is told by its text, none at all by where the probe is."""

    def probe() -> None:
        raise Unavailable(why)  # type: ignore[arg-type]

    capabilities.register("strange", probe)
    answer = capabilities.check("strange")
    assert (answer.status, answer.reason.startswith(reason)) == ("unavailable", True)


def test_unavailable_may_bring_a_hint(registry: Registry) -> None:
    """The next step is its own field, of a function's no as of any other, and shows no secret."""

    def probe() -> None:
        raise Unavailable("no\ndb", "start it: psql postgres://me:secret@db")

    registry.register("db", probe)
    answer = registry.check("db")
    assert (answer.reason, answer.hint) == ("no db", "start it: psql postgres://***@db")
    registry.register("full", lambda: Availability(status="unavailable", reason="no db", hint="ask\nme:secret@db"))
    assert registry.check("full").hint == "ask ***@db"


def test_a_probe_of_ours_may_say_no_as_a_function_does(registry: Registry) -> None:
    """By raising Unavailable."""

    class Absent(Probe):
        notation: str = "absent"

        def ask(self, deadline: float) -> Availability:
            raise Unavailable("it is not there", "start it")

    registry.add(capability("absent", Absent()))
    answer = registry.check("absent")
    assert (answer.status, answer.reason, answer.hint) == ("unavailable", "it is not there", "start it")


def test_a_reason_that_cannot_be_had_is_failed(registry: Registry) -> None:
    """An exception whose own text raises does not get out of a check."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def probe() -> None:
        raise Unavailable(Mute())  # type: ignore[arg-type]

    registry.register("strange", probe)
    assert (registry.check("strange").status, registry.check("strange").explanation) == (
        "failed",
        f"its probe raised RuntimeError: no words at {line_of(Mute.__str__, 1)}; "
        "to answer without it: SSOT_SHIMS_HAS_STRANGE=0",
    )


def test_a_probe_that_cannot_be_called_without_arguments_is_failed(registry: Registry) -> None:
    """Its own words say which; no line of ours is named, for there is nothing wrong with that."""

    def gpu(number: int) -> None: ...

    registry.register("gpu", gpu)  # type: ignore[arg-type]
    name = gpu.__qualname__
    assert registry.check("gpu").explanation == (
        f"its probe raised TypeError: {name}() missing 1 required positional argument: 'number'; "
        "to answer without it: SSOT_SHIMS_HAS_GPU=0"
    )


def test_the_arguments_of_a_partial_are_not_shown() -> None:
    """They may hold a password; a function that is not in Python is told by its name."""
    capabilities.register("strange", functools.partial(len, "PWD=secret"))
    assert "its probe (len, not in Python) returned" in capabilities.check("strange").reason
    assert "secret" not in capabilities["strange"].notation


def test_what_a_signal_handler_raises_goes_through_a_probe(tmp_path: Path) -> None:
    """SystemExit from a handler ends the program, although it came while a probe of ours was asked."""
    (tmp_path / "main.py").write_text(
        "import signal, socket, sys\nfrom ssot_shims import capabilities as c\n"
        "s = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\n"
        "c.register('web', f'http://127.0.0.1:{s.getsockname()[1]}/')\n"
        "signal.signal(signal.SIGALRM, lambda *_: sys.exit(3))\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "c.check('web')"
    )
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1])}
    command = [sys.executable, "main.py"]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stderr) == (3, "")


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
