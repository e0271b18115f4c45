"""Probes that are counted, threads that ask, and what a registry has under way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from ssot_shims import Availability, Registry
from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.notation import Probe

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


def add_inline(registry: Registry, name: str, function: Callable[[float], Availability], **options: float) -> None:
    registry.add(capability(name, Inline(function=function), **options))


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
        self.join(40)
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
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def acheck(registry: Registry) -> Callable[[str], object]:
    """The question that is awaited, put in an event loop of its own."""
    return lambda name: asyncio.run(registry.acheck(name))


def line_of(function: Callable[..., object], offset: int = 0) -> str:
    """Where *function* is defined, and so many lines further."""
    return f"{function.__code__.co_filename}:{function.__code__.co_firstlineno + offset}"


def counted(*answers: object) -> tuple[Callable[[], object], list[float]]:
    """A probe that gives *answers* in turn, and when it was asked: an error is raised, a function is called."""
    asked: list[float] = []

    def probe() -> object:
        asked.append(time.monotonic())
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer

    return probe, asked


def hanging(registry: Registry) -> set[str]:
    """The names of the probes that were given up and have not come back."""
    with registry._answers.lock:
        late = [flight for flight in registry._answers.flights if flight.ident and flight.deadline < time.monotonic()]
    return {flight.capability.name for flight in late}
