"""The registry: what can be registered and asked, what is kept and for how long, and what is said to bad input."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import importlib
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import importlib_metadata
import pytest

import ssot_shims
from ssot_shims import Availability, Capability, CapabilityMissing, Registry, Unavailable, capabilities
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.notation import Probe
from ssot_shims.errors import CircularProbe, InvalidDeclaration, InvalidSetting, UnknownName
from tests.conftest import Write

HERE = __file__
METADATA = importlib_metadata  # imported out here: its finder would go with the test that imports it first
CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
EXPECTED = "expected True, None, False, (False, 'why') or an Availability"


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def acheck(registry: Registry) -> Callable[[str], object]:
    """The question that is awaited, put in an event loop of its own."""
    return lambda name: asyncio.run(registry.acheck(name))


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with nothing in it."""
    return Registry()


def line_of(function: Callable[..., object], offset: int = 0) -> str:
    """Where *function* is defined, and so many lines further."""
    return f"{HERE}:{function.__code__.co_firstlineno + offset}"


def counted(answers: list[object]) -> tuple[Callable[[], object], list[int]]:
    """A probe that gives *answers* in turn, and how often it was asked."""
    asked: list[int] = []

    def probe() -> object:
        asked.append(1)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return probe, asked


# --- what a probe function may return


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


# --- what is kept, and for how long


def test_an_answer_is_found_out_once(registry: Registry) -> None:
    """A yes and a no alike."""
    for answer in (True, False):
        probe, asked = counted([answer])
        registry.register("once", probe, replace=True)
        assert [bool(registry.check("once")) for _ in range(3)] == [answer] * 3
        assert len(asked) == 1


def test_timed_out_and_failed_are_asked_about_again_after_five_seconds() -> None:
    """They are no answers about the machine; the next question after that tries once more."""
    clock = Clock()
    registry = Registry(clock=clock)
    probe, asked = counted([3, Availability(status="timed_out", reason="busy"), True])
    registry.register("late", probe)
    seen = []
    for clock.now in (0, 4.9, 5.0, 9.9, 10.0, 1000):
        seen.append((registry.check("late").status, len(asked)))
    assert seen == [
        ("failed", 1),
        ("failed", 1),
        ("timed_out", 2),
        ("timed_out", 2),
        ("available", 3),
        ("available", 3),
    ]


def test_an_answer_with_a_ttl_is_kept_that_long() -> None:
    """Only those that ask for it are found out anew."""
    clock = Clock()
    registry = Registry(clock=clock)
    probe, asked = counted([True, False])
    registry.register("brief", probe, ttl=60)
    seen = []
    for clock.now in (0, 59, 60, 119, 120):
        seen.append((bool(registry.check("brief")), len(asked)))
    assert seen == [(True, 1), (True, 1), (False, 2), (False, 2), (False, 3)]


def test_refresh_forgets(registry: Registry) -> None:
    """The names given, or all; of a combination, its parts."""
    probes = {name: counted([True]) for name in ("one", "two", "three")}
    for name, (probe, _) in probes.items():
        registry.register(name, probe)
    registry.register("both", "all:one,two")
    registry.register("more", "any:both,three")

    def asked() -> list[int]:
        registry.check_all()
        return [len(asked) for _, asked in probes.values()]

    assert asked() == [1, 1, 1]
    registry.refresh("one")
    assert asked() == [2, 1, 1]
    registry.refresh("more")
    assert asked() == [3, 2, 2]
    registry.refresh()
    assert asked() == [4, 3, 3]


# --- asking for several


def test_check_all_takes_the_slowest_and_not_the_sum(registry: Registry) -> None:
    """Side by side, in the order of the alphabet, and no thread stays behind."""
    for name in ("a", "b", "c", "d", "e", "f"):
        registry.register(name, lambda: time.sleep(0.3))
    before = threading.active_count()
    start = time.monotonic()
    answers = registry.check_all()
    assert time.monotonic() - start < 1.2
    assert [*answers] == ["a", "b", "c", "d", "e", "f"]
    assert all(answers.values())
    while threading.active_count() > before:  # a thread that has answered is about to end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("notation", "status", "reason"),
    [
        ("all:yes,sure", "available", "yes: it is; sure: it is"),
        ("all:yes,no,late", "unavailable", "no: it is not; late: busy"),
        ("all:no,odd", "failed", "no: it is not; odd: it broke"),
        ("all:yes,late", "timed_out", "late: busy"),
        ("any:no,yes,odd", "available", "yes: it is"),
        ("any:no,late", "unavailable", "no: it is not; late: busy"),
    ],
)
def test_combinations(registry: Registry, notation: str, status: str, reason: str) -> None:
    """The reason is that of the parts that decide; breakage comes first, then a clear no."""
    for name, state, why in (
        ("yes", "available", "it is"),
        ("sure", "available", "it is"),
        ("no", "unavailable", "it is not"),
        ("late", "timed_out", "busy"),
        ("odd", "failed", "it broke"),
    ):
        registry.register(name, functools.partial(Availability, status=state, reason=why))
    registry.register("combined", notation)
    answer = registry.check("combined")
    assert (answer.name, answer.status, answer.reason, answer.source) == ("combined", status, reason, "probe")
    assert answer.details.keys() <= {"yes", "sure", "no", "late", "odd"}


def test_a_combination_joins_reasons_and_hints(registry: Registry) -> None:
    """Each in its own field, behind the name of its part; a part without a hint has none there."""
    for name, hint in (("db", "start it"), ("gpu", ""), ("web", "unplug it")):
        answer = Availability(status="unavailable", reason=f"no {name}", hint=hint)
        registry.register(name, functools.partial(Availability.replace, answer))
    registry.register("combined", "any:db,gpu,web")
    answer = registry.check("combined")
    assert answer.reason == "db: no db; gpu: no gpu; web: no web"
    assert answer.hint == "db: start it; web: unplug it"


def test_a_part_that_nobody_knows_counts_where_it_is_asked_for(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A combination that the environment answers for is answered everywhere; else the part is told of everywhere."""
    registry.register("either", "any:web,gpu")
    registry.register("nested", "all:either")
    for ask in (registry.check, registry.require, lambda name: registry.check_all()[name]):
        for name in ("either", "nested"):
            with pytest.raises(UnknownName, match="no capability 'web'; known: either, nested"):
                ask(name)
    monkeypatch.setenv("SSOT_SHIMS_HAS_EITHER", "1")
    registry.require("either", "nested")
    assert all(registry.check_all().values())
    assert registry.check("nested")


def test_a_combination_takes_as_long_as_its_slowest_part(registry: Registry) -> None:
    """Its parts are asked side by side."""
    for name in ("a", "b", "c", "d"):
        registry.register(name, lambda: time.sleep(0.3))
    registry.register("combined", "all:a,b,c,d")
    answer = registry.check("combined")
    assert answer
    assert 0.3 <= answer.seconds < 1.0


def test_acheck_leaves_the_event_loop_running(registry: Registry) -> None:
    """Other tasks go on meanwhile, several questions go side by side, and what is known is given at once."""
    registry.register("slow", lambda: time.sleep(0.3))
    registry.register("slower", lambda: time.sleep(0.3))
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def ask() -> None:
        ticking = asyncio.create_task(tick())
        start = time.monotonic()
        answers = await asyncio.gather(*map(registry.acheck, ["slow", "slower"]))
        assert all(answers)
        assert time.monotonic() - start < 1.0
        assert await registry.acheck("slow") is answers[0]
        ticking.cancel()
        with pytest.raises(UnknownName):
            await registry.acheck("slaw")

    asyncio.run(ask())
    assert len(ticks) > 5


def test_a_question_that_nobody_awaits_any_more_ends_quietly(registry: Registry) -> None:
    """Cancelled, or the loop gone: the answer is known afterwards all the same."""
    go = threading.Event()
    registry.register("slow", lambda: go.wait(2) and None)

    async def give_up(*, wait: bool) -> None:
        task = asyncio.create_task(registry.acheck("slow"))
        await asyncio.sleep(0.05)
        task.cancel()
        if wait:
            go.set()
            while not registry._answers.hits:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)

    asyncio.run(give_up(wait=False))
    go.set()
    assert registry.check("slow")
    registry.refresh()
    go.clear()
    asyncio.run(give_up(wait=True))
    assert registry.check("slow")


def test_require_names_everything_that_is_missing(registry: Registry) -> None:
    """One error, with each reason."""
    registry.register("one", lambda: True)
    registry.register("two", lambda: (False, "no socket"))
    registry.register("three", lambda: (False, "no token"))
    registry.require()
    registry.require("one")
    with pytest.raises(CapabilityMissing) as caught:
        registry.require("one", "two", "three")
    assert str(caught.value) == "two: no socket; three: no token"
    assert caught.value.reasons == {"two": "no socket", "three": "no token"}


# --- registering


def test_a_registry_speaks_python(registry: Registry) -> None:
    """``in``, iteration, item access and repr."""

    @registry.register("gpu", timeout=1, ttl=5, service=True)
    def gpu() -> None: ...

    assert repr(Registry()) == "<Registry of nothing>"
    registry.register("git", "command:git")
    assert repr(registry) == "<Registry of git, gpu>"
    assert ("gpu" in registry, "gpus" in registry, 3 in registry) == (True, False, False)
    assert [*registry] == ["git", "gpu"]
    where = line_of(gpu, -0)
    assert registry["gpu"] == Capability(
        name="gpu", probe=gpu, timeout=1, ttl=5, service=True, level="user", where=where
    )
    assert (registry["gpu"].notation, registry["gpu"].is_service, registry["gpu"].parts) == (where, True, ())
    assert (registry["git"].notation, registry["git"].is_service) == ("command:git", False)


def test_the_shared_registry_is_the_same_after_a_trip() -> None:
    """Pickled or copied it is the one of the process; any other refuses."""
    shared = ssot_shims.capabilities
    assert pickle.loads(pickle.dumps(shared)) is copy.deepcopy(shared) is shared
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(Registry())


@pytest.mark.parametrize("levels", [("user", "pyproject", "built-in"), ("built-in", "pyproject", "user")])
def test_the_higher_level_wins_in_any_order(registry: Registry, levels: tuple[str, ...]) -> None:
    """User, pyproject, built-in; an answer from a lower level is forgotten."""
    highest = []
    for level in levels:
        registry.add(capability("gpu", functools.partial(lambda level: (False, level), level), level=level))
        highest.append(registry.check("gpu").reason)
    assert highest == (["user"] * 3 if levels[0] == "user" else [*levels])


def test_a_second_registration_names_the_first(registry: Registry) -> None:
    """With the place of both; ``replace=True`` replaces, and forgets the answer."""
    registry.register("gpu", lambda: True)
    first = test_a_second_registration_names_the_first.__code__.co_firstlineno + 2
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", lambda: False)
    assert str(caught.value) == (
        f"{HERE}:{first + 3} registers the capability 'gpu', which {HERE}:{first} has registered; "
        f"use another name, or pass replace=True"
    )
    assert registry.check("gpu")
    registry.register("gpu", lambda: False, replace=True)
    assert not registry.check("gpu")


def test_the_same_statement_may_be_run_again(registry: Registry) -> None:
    """The same probe in the same file is no second one, in whatever way it is held; another notation is one."""

    class Database:
        def ping(self) -> bool:
            return True

    database = Database()

    def always() -> bool:
        return True

    for _ in range(2):
        registry.register("function", always)
        registry.register("method", database.ping)
        registry.register("text", "env:PATH")

    def declare(notation: str) -> None:
        registry.register("home", notation)

    declare("env:PATH")
    with pytest.raises(InvalidDeclaration):
        declare("env:HOME")


def test_a_module_that_is_loaded_again_registers_again(write: Write) -> None:
    """What it registered before is replaced, and its answer forgotten; another file is refused."""
    text = (
        "from ssot_shims import capabilities\n"
        "@capabilities.register('gpu')\ndef gpu():\n    return answer\n"
        "capabilities.register('text', 'env:PATH')\n"
        "capabilities.register('plain', lambda: answer)\n"
    )
    write({"acme_again.py": f"answer = False\n{text}", "acme_other.py": f"answer = True\n{text}"})
    again = importlib.import_module("acme_again")
    assert not capabilities.check("gpu")
    write({"acme_again.py": f"answer = 0 == 0\n{text}"})
    importlib.reload(again)
    assert (bool(capabilities.check("gpu")), bool(capabilities.check("plain"))) == (True, True)
    with pytest.raises(
        InvalidDeclaration, match=r"acme_other\.py:\d+ registers the capability 'gpu', which .*acme_again"
    ):
        importlib.import_module("acme_other")


def test_what_is_registered_keeps_nothing_else_alive(registry: Registry) -> None:
    """Not the module that registers."""

    class Value:
        pass

    value = Value()
    gone = weakref.ref(value)
    exec("registry.register('home', 'env:PATH')", {"registry": registry, "value": value})
    del value
    assert (gone(), [*registry]) == (None, ["home"])


def test_a_registry_that_nobody_has_any_more_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be done for it in the child of a fork, for as long as there is one, does not keep it."""
    in_child: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda after_in_child: in_child.append(after_in_child), raising=False)
    registry = Registry()
    lock, gone = registry._answers.lock, [weakref.ref(registry), weakref.ref(registry._answers)]
    in_child[0]()
    assert registry._answers.lock is not lock
    del registry
    in_child[0]()
    assert [reference() for reference in gone] == [None, None]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "my-gpu",
            "'my-gpu' is no name for a capability; use lower-case letters, digits and _, beginning with a letter",
        ),
        (
            "Docker",
            "'Docker' is no name for a capability; use lower-case letters, digits and _, beginning with a letter",
        ),
        ("_x", "'_x' is no name for a capability; use lower-case letters, digits and _, beginning with a letter"),
        ("", "'' is no name for a capability; use lower-case letters, digits and _, beginning with a letter"),
        (3, "3 is no name for a capability; a name is a string such as 'docker'"),
    ],
)
def test_a_name_that_does_not_read_is_refused(registry: Registry, name: str, message: str) -> None:
    """With what it could be; as a decorator too, before there is a function."""
    for register in (lambda: registry.register(name, "env:PATH"), lambda: registry.register(name)):
        with pytest.raises(InvalidDeclaration) as caught:
            register()
        assert str(caught.value) == message


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 86401, True, "3"])
@pytest.mark.parametrize("option", ["timeout", "ttl"])
def test_seconds_that_do_not_read_are_refused(registry: Registry, option: str, seconds: float) -> None:
    """Above 0, and no more than a day."""
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", "env:PATH", **{option: seconds})  # type: ignore[call-overload]
    assert str(caught.value) == f"the {option} of 'gpu' is {seconds!r}; give seconds above 0, at most a day (86400)"


def test_a_service_that_is_no_truth_value_is_refused(registry: Registry) -> None:
    """Text would be a yes, whatever it says."""
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", "env:PATH", service="no")  # type: ignore[call-overload]
    assert str(caught.value) == "the service of 'gpu' is 'no'; give True, False or None"


def test_a_probe_that_cannot_be_one_is_refused(registry: Registry) -> None:
    """An async function, a class, a number, an answer, a capability; a combination with a deadline of its own."""

    async def gpu() -> bool:
        return True

    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", gpu)
    assert str(caught.value) == (
        f"the probe of 'gpu' is an async function ({line_of(gpu)}); "
        f"make it a plain function, and ask for it with: await capabilities.acheck('gpu')"
    )
    with pytest.raises(InvalidDeclaration, match="^the probe of 'gpu' is an async function"):
        registry.register("gpu")(functools.partial(gpu))
    for wrong in (int, 3, Availability(status="available", reason="here"), capabilities["git"]):
        with pytest.raises(InvalidDeclaration) as caught:
            registry.register("gpu", wrong)  # type: ignore[call-overload]
        assert str(caught.value) == (
            f"the probe of 'gpu' is {wrong!r}; give a function, or text such as 'tcp://localhost:5432'"
        )
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", "all:docker,postgres", timeout=3)
    assert str(caught.value) == "'gpu' combines other capabilities and has a timeout or ttl; give those to its parts"


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("tcp://localhost:99999", "the probe 'tcp://localhost:99999' has "),
        ("tcp://localhost", "the probe 'tcp://localhost' is not a host and a port"),
        ("tpc://localhost:1", "the probe 'tpc://localhost:1' has an unknown scheme 'tpc'; close: tcp; expected "),
    ],
)
def test_a_notation_that_does_not_read_is_refused(registry: Registry, notation: str, message: str) -> None:
    """When it is registered, with the part that is wrong."""
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", notation)
    assert str(caught.value).startswith(message)
    assert "gpu" not in registry


def test_more_may_be_declared_when_a_name_is_unknown(registry: Registry) -> None:
    """Once, for the first such name; what that registers is found, and what it asks for itself is just unknown."""
    unknown: list[object] = []

    def declare() -> None:
        with pytest.raises(UnknownName):
            registry.check("nowhere")
        unknown.append(1)
        registry.register("late", "env:PATH")

    registry.register("early", "env:PATH")
    assert registry.when_unknown(declare) is None
    assert (bool(registry.check("early")), unknown) == (True, [])
    assert (bool(registry.check("late")), unknown) == (True, [1])
    with pytest.raises(UnknownName):
        registry.check("elsewhere")
    assert (registry.when_unknown(declare), registry.when_unknown(None), unknown) == (None, declare, [1])


def test_at_most_three_close_matches(registry: Registry) -> None:
    """Those that are spelled alike come first; the rest of a family is in the list of what is known."""
    for name in ("gpu_one", "gpu_two", "gpu_three", "gpu_four"):
        registry.register(name, lambda: True)
    with pytest.raises(UnknownName) as caught:
        registry.check("gpu")
    assert str(caught.value) == (
        "no capability 'gpu'; close: gpu_two, gpu_one, gpu_four; known: gpu_four, gpu_one, gpu_three, gpu_two"
    )


def test_an_unknown_name_gets_close_matches(registry: Registry) -> None:
    """Wherever a name is asked for: check, require, override, refresh, an item, a part of a combination."""
    for name in ("docker", "postgres"):
        registry.register(name, lambda: True)
    registry.register("typo", "all:docker,postgers")
    for ask in (registry.check, registry.require, registry.refresh, registry.__getitem__):
        with pytest.raises(UnknownName) as caught:
            ask("dokcer")
        assert str(caught.value) == "no capability 'dokcer'; close: docker; known: docker, postgres, typo"
        assert caught.value.__context__ is None
    with pytest.raises(UnknownName):
        registry.override(dokcer=True)
    with pytest.raises(UnknownName, match="^no capability 'xyz'; known: docker, postgres, typo$"):
        registry.check("xyz")
    with pytest.raises(UnknownName, match="^no capability 'postgers'; close: postgres; known: docker"):
        registry.check("typo")
    for wrong in (3, ["docker"]):
        for ask in (registry.check, registry.require, registry.refresh, ssot_shims.is_available, acheck(registry)):
            with pytest.raises(InvalidDeclaration) as refused:
                ask(wrong)  # type: ignore[arg-type]
            told = f"{wrong!r} is no name for a capability; a name is a string such as 'docker'"
            assert (str(refused.value), refused.value.__context__) == (told, None)
        assert wrong not in registry


# --- probes that are named as text


def test_a_python_probe_is_imported_in_the_asking_thread(registry: Registry, write: Write) -> None:
    """Once, before the clock starts, and called in its own thread."""
    write(
        {
            "acme_slow.py": "import threading, time\ntime.sleep(0.5)\nimported = threading.current_thread()\n"
            "def gpu():\n    assert threading.current_thread() is not imported\n"
        }
    )
    registry.register("gpu", "python:acme_slow:gpu", timeout=0.3)
    assert registry.check("gpu"), registry.check("gpu").reason
    import acme_slow  # type: ignore[import-not-found]

    assert acme_slow.imported is threading.current_thread()


def test_a_python_probe_that_breaks_is_failed(registry: Registry, write: Write) -> None:
    """A module that is missing, raises or exits, a name that is none in it, an object that is no function, async."""
    write(
        {
            "acme_broken.py": "raise RuntimeError('no licence for me:hunter2@db')",
            "acme_leaves.py": "import sys\nsys.exit(3)",
            "acme_probes.py": "gpu = 3\nasync def tpu(): ...",
        }
    )
    reasons = {
        "acme_missing:gpu": "raised ModuleNotFoundError: No module named 'acme_missing'",
        "acme_broken:gpu": "raised RuntimeError: no licence for ***@db",
        "acme_leaves:gpu": "raised SystemExit: 3",
        "acme_probes:gone": "raised AttributeError: module 'acme_probes' has no attribute 'gone'",
        "acme_probes:gpu": "raised TypeError: acme_probes:gpu is of type int, not a function",
    }
    for target, reason in reasons.items():
        registry.register("gpu", f"python:{target}", replace=True)
        answer = registry.check("gpu")
        assert (answer.status, answer.reason) == ("failed", f"loading python:{target} {reason}")
        assert answer.hint == "to answer without it: SSOT_SHIMS_HAS_GPU=0"
    registry.register("tpu", "python:acme_probes:tpu")
    assert registry.check("tpu").reason == "python:acme_probes:tpu is an async function, and nobody would await it"


def test_a_probe_in_a_module_that_is_still_being_imported(registry: Registry, write: Write) -> None:
    """Asked for by that module itself, above the definition: failed, and there after 5 seconds."""
    clock = Clock()
    registry = Registry(clock=clock)
    registry.register("gpu", "python:acme_half:gpu")
    write(
        {
            "acme_half.py": "from tests import registry_of_the_test as r\nearly = r.registry.check('gpu')\n"
            "def gpu(): ...\nlate = r.registry.check('gpu')\n"
        }
    )
    module = type(sys)("tests.registry_of_the_test")
    module.registry = registry  # type: ignore[attr-defined]
    sys.modules["tests.registry_of_the_test"] = module
    import tests

    tests.registry_of_the_test = module  # type: ignore[attr-defined]
    import acme_half  # type: ignore[import-not-found]

    del tests.registry_of_the_test  # type: ignore[attr-defined]
    assert acme_half.early.status == "failed"
    assert acme_half.early.reason.startswith("loading python:acme_half:gpu raised ")
    assert acme_half.early.hint == "to answer without it: SSOT_SHIMS_HAS_GPU=0"
    assert acme_half.late is acme_half.early
    clock.now = 5
    assert registry.check("gpu")


def test_a_module_that_asks_for_its_own_probe_while_it_is_imported_for_it(registry: Registry, write: Write) -> None:
    """It asks for itself."""
    write({"acme_circle.py": "import builtins\nearly = builtins.ask_capability('gpu')\ndef gpu(): ...\n"})
    registry.register("gpu", "python:acme_circle:gpu")
    with mock.patch("builtins.ask_capability", registry.check, create=True), pytest.raises(CircularProbe) as caught:
        registry.check("gpu")
    assert caught.value.names == ("gpu", "gpu")


# --- what comes with the package


def test_the_built_in_capabilities() -> None:
    """Five, each with its notation; none is asked by being looked at."""
    shared = ssot_shims.capabilities
    names = ("docker", "docker_compose", "docker_sdk", "git", "podman")
    assert {name: (shared[name].notation, shared[name].is_service, shared[name].level) for name in names} == {
        "docker": ("docker", True, "built-in"),
        "docker_compose": ("docker_compose", False, "built-in"),
        "docker_sdk": ("module:docker.client", False, "built-in"),
        "git": ("command:git", False, "built-in"),
        "podman": ("command:podman", False, "built-in"),
    }


def test_the_short_questions_agree_with_the_long_one() -> None:
    """``is_available``, ``is_docker_available`` and ``require``, known or not, under overrides, and for wrong names."""
    shared = ssot_shims.capabilities
    shared.refresh()
    for _ in range(2):
        assert ssot_shims.is_docker_available() is ssot_shims.is_available("docker") is bool(shared.check("docker"))
    for answer in (True, False):
        with shared.override(docker=answer):
            assert ssot_shims.is_docker_available() is ssot_shims.is_available("docker") is answer
    with shared.override(docker=False, git=True):
        ssot_shims.require("git")
        with pytest.raises(CapabilityMissing, match=r"^docker: override\(docker=False\) at .*test_registry.py:\d+; "):
            ssot_shims.require("git", "docker")
    with pytest.raises(UnknownName) as caught:
        ssot_shims.is_available("dcoker")
    assert caught.value.__context__ is None
    assert all(shared.check(name).reason for name in ("docker_compose", "docker_sdk", "git", "podman"))


def test_importing_it_asks_nothing_and_loads_little() -> None:
    """No socket, no thread, no subprocess, no typing, no json, before somebody asks."""
    code = (
        "import sys\nfrom ssot_shims import capabilities, is_available, is_docker_available\n"
        "print({'socket', 'ssl', 'threading', 'subprocess', 'typing', 'json', 'dataclasses', 're', 'asyncio', "
        "'importlib_metadata'} & sys.modules.keys(), capabilities._answers.hits)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": CHECKOUT}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("set() {}\n", "")


def test_a_wrong_setting_is_an_error_and_not_an_answer(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question says so, until the setting is put right."""
    registry.register("docker", lambda: True)
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOCKER", "maybe")
    for _ in range(2):
        with pytest.raises(InvalidSetting) as caught:
            registry.check("docker")
        assert str(caught.value) == (
            "SSOT_SHIMS_HAS_DOCKER is 'maybe'; expected 1, true, yes or on, or 0, false, no or off"
        )
    monkeypatch.delenv("SSOT_SHIMS_HAS_DOCKER")
    assert registry.check("docker")


# --- what a probe may do to the question


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
