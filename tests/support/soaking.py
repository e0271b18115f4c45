"""Threads that ask, refresh and override one registry as fast as they can, and hold every answer against the truth.

Run by test_soak.py in a process of its own: ``python -m tests.support.soaking CHILDREN THREADS ROUNDS SECONDS``. So
many children, forked off while the threads are at it, do the same. The exit code is 0 when no answer was wrong; after
SECONDS every stack is dumped, and the exit code is 1.
"""

from __future__ import annotations

import asyncio
import faulthandler
import itertools
import os
import random
import sys
import threading
import traceback
import warnings
from collections.abc import Callable

from ssot_shims import Registry, capabilities, is_available, is_docker_available

PATIENCE = 300.0  # of a probe: the answers are to be right, however slow the machine is
TRUTH = {"yes": True, "no": False, "both": False, "either": True, "counted": False, "brief": True}


class World:
    """A registry whose every true answer is known."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.wrong: list[str] = []
        self.last_run = 0
        self._runs = itertools.count(1)  # next() of it is atomic
        self.registry.register("yes", "env:PATH", timeout=PATIENCE)
        self.registry.register("no", "unix:///nowhere/at/all.sock", timeout=PATIENCE)
        self.registry.register("both", "all:yes,no")
        self.registry.register("either", "any:no,yes")
        self.registry.register("counted", self.count, timeout=PATIENCE)
        self.registry.register("flipped", lambda: True, timeout=PATIENCE)
        self.registry.register("brief", "env:PATH", ttl=0.0001, timeout=PATIENCE)

    def count(self) -> tuple[bool, str]:
        """The probe of ``counted``: a no that says which run of it this is."""
        run = next(self._runs)
        self.last_run = max(self.last_run, run)
        return False, f"run {run}"

    def expect(self, what: str, holds: object) -> None:
        if not holds:
            self.wrong.append(f"{threading.current_thread().name} in {os.getpid()}: {what}")


class Soaker(threading.Thread):
    """One thread, with a capability that it alone overrides."""

    def __init__(self, world: World, name: str, rounds: int) -> None:
        super().__init__(name=name)
        self.world, self.rounds = world, rounds
        self.registry, self.expect = world.registry, world.expect
        self.random = random.Random(name)
        self.registry.register(name, lambda: True, timeout=PATIENCE)

    def run(self) -> None:
        steps: list[Callable[[], None]] = [self.ask, self.refresh, self.own, self.flip, self.shared, self.several]
        try:
            for _ in range(self.rounds):
                self.random.choice(steps)()
        except BaseException:
            self.expect(traceback.format_exc(), False)

    def ask(self) -> None:
        """The truth does not change, whoever refreshes."""
        name, truth = self.random.choice([*TRUTH.items()])
        answer = self.registry.check(name)
        self.expect(f"{name} is {answer}", bool(answer) == truth and answer.status in ("available", "unavailable"))
        self.expect(f"{name} is {answer}", answer.name == name and answer.source == "probe")

    def refresh(self) -> None:
        """After a refresh nobody is given what was found before it."""
        before = self.world.last_run
        self.registry.refresh("counted")
        run = int(self.registry.check("counted").reason.removeprefix("run "))
        self.expect(f"run {run} after a refresh at {before}", run > before)
        self.registry.refresh("both")

    def own(self) -> None:
        """Overrides of a name that nobody else overrides are exactly as they are nested."""
        name = self.name
        with self.registry.override({name: False}):
            self.expect(f"{name} in its override", not self.registry.check(name))
            with self.registry.override({name: True}):
                self.registry.refresh(name)
                answer = self.registry.check(name)
                self.expect(f"{name} in the inner one is {answer}", answer and answer.source == "override")
            self.expect(f"{name} in the outer one again", not self.registry.check(name))
        answer = self.registry.check(name)
        self.expect(f"{name} behind its overrides is {answer}", answer and answer.source == "probe")

    def flip(self) -> None:
        """Where somebody's override is in force, and nobody knows whose, it is an override that answers."""
        with self.registry.override(flipped=self.random.random() < 0.5):
            self.expect("flipped", self.registry.check("flipped").source == "override")

    def shared(self) -> None:
        """The shortest ways to ask know of an override the moment it is there."""
        with capabilities.override(docker=True):
            self.expect("docker in an override", is_docker_available() and is_available("docker"))

    def several(self) -> None:
        """Side by side, and beside an event loop."""
        if self.random.random() < 0.1:
            answers = self.registry.check_all()
            found = {name: bool(one) for name, one in answers.items()}
            self.expect(f"all are {answers}", TRUTH.items() <= found.items())
        elif self.random.random() < 0.2:
            self.expect("either, awaited", asyncio.run(self.registry.acheck("either")))


def soak(world: World, prefix: str, threads: int, rounds: int, meanwhile: Callable[[], None] = int) -> None:
    """So many threads at once; *meanwhile* is called while they are at it."""
    soakers = [Soaker(world, f"{prefix}{number}", rounds) for number in range(threads)]
    for soaker in soakers:
        soaker.start()
    meanwhile()
    for soaker in soakers:
        soaker.join()


def settle(world: World) -> int:
    """The exit code: 0 when nothing was wrong and everything is as it was in the beginning."""
    answers = world.registry._answers
    world.expect("flipped in the end", world.registry.check("flipped").source == "probe")
    world.expect("docker in the end", not is_docker_available())
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(20)  # it has given its answer, and may be on its way out
    world.expect(f"flights {answers.flights}", not answers.flights)
    world.expect(f"layers {answers.layers}", not answers.layers)
    world.expect(f"threads {threading.enumerate()}", threading.active_count() == 1)
    return report(world)


def report(world: World) -> int:
    for what in world.wrong[:20]:
        print("wrong:", what, flush=True)
    return 1 if world.wrong else 0


def forked(world: World, number: int, threads: int, rounds: int, seconds: float) -> int:
    """In a child that was forked off in the middle of it all; overrides that were in force there stay in force here."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    world.wrong.clear()
    soak(world, f"child{number}_", threads, rounds)
    return report(world)


def prepare(seconds: float) -> None:
    """Arm the watchdog, switch threads all the time, and import what a first question imports.

    A child that is forked off while another thread imports a module waits for that for ever, as CPython has it.
    """
    first = World()
    first.registry.check_all()
    asyncio.run(first.registry.acheck("either"))
    faulthandler.dump_traceback_later(seconds, exit=True)
    sys.setswitchinterval(1e-6)
    os.environ["SSOT_SHIMS_HAS_DOCKER"] = "0"
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)


def main(children: int, threads: int, rounds: int, seconds: float) -> int:
    prepare(seconds)
    world = World()
    forked_off: list[int] = []

    def fork() -> None:
        # Its thread is not in a child, where arming it again would wait for that thread.
        faulthandler.cancel_dump_traceback_later()
        for number in range(children):
            child = os.fork()
            if child == 0:
                try:
                    os._exit(forked(world, number, threads, rounds, seconds))
                finally:
                    os._exit(1)  # else it would go on as if it were the parent
            forked_off.append(child)
        faulthandler.dump_traceback_later(seconds, exit=True)

    soak(world, "soaker", threads, rounds, fork)
    for child in forked_off:
        world.expect(f"the child {child}", os.waitpid(child, 0)[1] == 0)
    return settle(world)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
