"""The registry against a model of it: whatever is done in whatever order, both answer alike."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ssot_shims import Availability, CapabilityMissing, Registry, Unavailable
from ssot_shims._capabilities import flight as _flight
from ssot_shims._capabilities.capability import LEVELS, capability
from ssot_shims._capabilities.registry import wait_for
from ssot_shims.errors import InvalidSetting, UnknownName
from tests.support.chance import Chance
from tests.support.flights import hanging

NAMES = ("db", "gpu", "web")
COMBINED = {"both": "all:db,gpu", "either": "any:gpu,web", "nested": "all:either,db,slow"}
HANGING = "slow"  # a service whose probe comes back when it is told to, and never in time
EVERY = (*NAMES, *COMBINED, HANGING)
SECOND_TRY = 5
TTL = 3
WAITS = st.sampled_from([1, 2.5, TTL, SECOND_TRY])
VARIABLES = st.sampled_from(
    ["SSOT_SHIMS_HAS_{}", "SSOT_SHIMS_NO_SERVICES", "ORCHESTRATION_{}_AVAILABLE", "TEST_NO_SERVICES"]
)
WORDS = {"1": True, " Yes ": True, "0": False, "off": False}
SETTINGS = st.dictionaries(VARIABLES, st.sampled_from(["", *WORDS, *WORDS, "maybe"]), max_size=3)

# Of what a combination says: breakage first, then a clear no.
BAD_BEFORE_WORSE = ("failed", "unavailable", "timed_out", "available")

Answer = tuple[str, str]  # status and source


def raises(error: BaseException) -> object:
    raise error


# What a probe does, and what becomes of it.
OUTCOMES: dict[str, tuple[Callable[[], object], str]] = {
    "says_yes": (lambda: True, "available"),
    "says_no": (lambda: (False, "it is not"), "unavailable"),
    "is_unavailable": (lambda: raises(Unavailable("it is not")), "unavailable"),
    "raises": (lambda: raises(OSError("no such device")), "failed"),
    "exits": (lambda: raises(SystemExit(3)), "failed"),
    "says_nonsense": (lambda: "yes", "failed"),
    "is_late": (lambda: Availability(status="timed_out", reason="no answer from it"), "timed_out"),
}


class Model:
    """What is promised: overrides first, then what is kept, then the environment, then the probe."""

    def __init__(self) -> None:
        self.now = 0.0
        self.probes: dict[str, dict[str, tuple[Any, float | None, bool]]] = {}  # by name and level: probe, ttl, service
        self.kept: dict[str, tuple[Answer, float | None]] = {}
        self.layers: list[dict[str, bool]] = []
        self.environment: dict[str, str] = {}
        self.outcomes = {**dict.fromkeys(NAMES, "says_yes"), HANGING: "is_late"}
        self.is_hanging = False
        self.asked: Counter[str] = Counter()

    def effective(self, name: str) -> tuple[Any, float | None, bool]:
        return self.probes[name][max(self.probes[name], key=LEVELS.index)]

    def known(self, name: str) -> Answer | None:
        """What is answered without asking anybody."""
        layer = next((layer for layer in reversed(self.layers) if name in layer), None)
        if layer is not None:
            return ("available" if layer[name] else "unavailable"), "override"
        answer, until = self.kept.get(name, (None, None))
        return answer if until is None or self.now < until else None

    def forced(self, name: str, is_service: bool) -> Answer | None:
        variables = [f"SSOT_SHIMS_HAS_{name.upper()}", *["SSOT_SHIMS_NO_SERVICES"] * is_service]
        variables += [f"ORCHESTRATION_{name.upper()}_AVAILABLE", *["TEST_NO_SERVICES"] * is_service]
        words = {variable: self.environment[variable] for variable in variables if self.environment.get(variable)}
        for variable, word in words.items():
            if word not in WORDS:  # one before it may have decided
                raise InvalidSetting(variable, word, "")
            if "SERVICES" not in variable:
                return ("available" if WORDS[word] else "unavailable"), variable
            if WORDS[word]:
                return "unavailable", variable
        return None

    def check(self, name: str) -> Answer:
        found = self.known(name)
        if found is None:
            probe, ttl, is_service = self.effective(name)
            found = self.forced(name, is_service)
            if isinstance(probe, str):
                return found or self.combine(*probe.split(":"))
            if found is None:
                self.asked[name] += not (name == HANGING and self.is_hanging)
                self.is_hanging |= name == HANGING
                found = OUTCOMES[self.outcomes[name]][1], "probe"
            seconds = SECOND_TRY if found[0] in ("failed", "timed_out") else ttl
            self.kept[name] = found, None if seconds is None else self.now + seconds
        return found

    def combine(self, kind: Any, names: str) -> Answer:
        parts: list[Answer] = []
        errors: list[InvalidSetting | KeyError] = []
        for name in names.split(","):
            try:
                parts.append(self.check(name))
            except (InvalidSetting, KeyError) as error:  # the others are asked all the same
                errors.append(error)
        if errors:
            raise errors[0]
        yes = [status == "available" for status, _ in parts]
        is_yes = all(yes) if kind == "all" else any(yes)
        deciding = [part for part, one in zip(parts, yes, strict=True) if one is is_yes]
        forced = [source for _, source in deciding if source != "probe"]
        is_forced = bool(forced) if is_yes is (kind == "all") else len(forced) == len(deciding)
        status = next(status for status in BAD_BEFORE_WORSE if status in dict(deciding))
        return status, forced[0] if is_forced else "probe"

    def parts(self, name: str) -> set[str]:
        """*name*, and all that it is made of."""
        probe = self.effective(name)[0]
        below = probe.partition(":")[2].split(",") if isinstance(probe, str) else []
        return {name}.union(*map(self.parts, below))


def attempt(ask: Callable[[], object]) -> object:
    """What it gives, or what its error says."""
    try:
        found = ask()
        return (found.status, found.source) if isinstance(found, Availability) else found
    except InvalidSetting as error:
        return error.setting, error.value
    except UnknownName as error:
        return error.name
    except KeyError as error:  # as the model says it
        return error.args[0]


class Comparison(RuleBasedStateMachine):
    """Each rule does the same to a registry and to its model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.namespace: dict[str, bool] = {}
        self.registry = Registry(clock=lambda: self.model.now)
        self.hits = self.registry.publish("db", self.namespace)
        self.asked: Counter[str] = Counter()
        self.entered: list[tuple[AbstractContextManager[None], dict[str, bool]]] = []
        self.environment = mock.patch.dict(os.environ)
        self.environment.start()
        self.grace = mock.patch.object(_flight, "GRACE", 0)  # for a late reason, which this probe never gives
        self.grace.start()
        self.may_come_back = threading.Event()
        self.registry.register(HANGING, self.hang, timeout=0.01, service=True)
        self.model.probes[HANGING] = {"user": (self.hang, None, True)}
        for name in NAMES[:2]:
            self.add(name, "user", None, name == "db")
        for name, notation in COMBINED.items():
            self.registry.register(name, notation)
            self.model.probes[name] = {"user": (notation, None, False)}

    def teardown(self) -> None:
        self.come_back()
        self.grace.stop()
        self.environment.stop()

    def hang(self) -> bool:
        self.asked[HANGING] += 1
        self.may_come_back.wait(60)
        return True

    def both(self, ask: Callable[[], Availability], name: str) -> None:
        """Ask both, and compare what they answer or raise."""

        def named() -> Availability:
            answer = ask()
            assert answer.reason
            assert answer.name == name
            return answer

        expected = attempt(lambda: self.model.check(name))
        assert attempt(named) == expected
        for flight in [*self.registry._answers.flights]:  # parts are still asked when one has ended in an error
            if not flight.is_over:
                wait_for(self.registry._answers, flight)

    # --- what may happen

    names = st.sampled_from(NAMES)
    levels, ttls = st.sampled_from(["pyproject", "user"]), st.sampled_from([None, TTL])

    @rule(name=names, level=levels, ttl=ttls, is_service=st.booleans())
    def add(self, name: str, level: Any, ttl: float | None, is_service: bool) -> None:
        def probe() -> object:
            self.asked[name] += 1
            return OUTCOMES[self.model.outcomes[name]][0]()

        self.registry.add(capability(name, probe, timeout=60, ttl=ttl, service=is_service, level=level), replace=True)
        levels = self.model.probes.setdefault(name, {})
        levels[level] = probe, ttl, is_service
        if level == max(levels, key=LEVELS.index):
            self.model.kept.pop(name, None)

    @rule(name=names, outcome=st.sampled_from(sorted(OUTCOMES)), is_asked=st.booleans())
    def change_the_machine(self, name: str, outcome: str, is_asked: bool) -> None:
        self.model.outcomes[name] = outcome
        if is_asked:
            self.refresh([name])
            self.check(name)

    @rule(name=st.sampled_from(EVERY), values=SETTINGS, is_asked=st.sampled_from([True, True, False]))
    def set_variables(self, name: str, values: dict[str, str], is_asked: bool) -> None:
        for variable in self.model.environment:
            del os.environ[variable]
        self.model.environment = {variable.format(name.upper()): value for variable, value in values.items()}
        os.environ.update(self.model.environment)
        if is_asked:
            self.refresh([name])
            self.check(name)

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.model.now += seconds

    @rule()
    def come_back(self) -> None:
        self.may_come_back.set()
        for thread in threading.enumerate():
            if thread.name == HANGING:
                thread.join(60)
        self.may_come_back.clear()
        self.model.is_hanging = False

    @rule(name=st.sampled_from(EVERY))
    def check(self, name: str) -> None:
        self.both(lambda: self.registry.check(name), name)

    @rule(name=st.sampled_from((*NAMES, HANGING)), seconds=WAITS)
    def check_later(self, name: str, seconds: float) -> None:
        self.check(name)
        self.wait(seconds)
        self.check(name)

    @precondition(lambda self: "web" in self.model.probes and "maybe" not in self.model.environment.values())
    @rule()
    def check_all(self) -> None:
        expected = {name: self.model.check(name) for name in self.registry}
        assert {name: (one.status, one.source) for name, one in self.registry.check_all().items()} == expected

    @rule(name=st.sampled_from(EVERY))
    def require(self, name: str) -> None:
        def required() -> Availability:
            answer = self.registry.check(name)
            if answer:
                self.registry.require(name)
            else:
                with pytest.raises(CapabilityMissing) as caught:
                    self.registry.require(name)
                assert caught.value.reasons == {name: answer.reason}
            return answer

        self.both(required, name)

    @rule(names=st.lists(st.sampled_from(EVERY), max_size=2))
    def refresh(self, names: list[str]) -> None:
        wanted = names or list(self.model.probes)
        try:
            forgotten = set[str]().union(*map(self.model.parts, wanted))
        except KeyError:
            with pytest.raises(UnknownName):
                self.registry.refresh(*names)
        else:
            self.registry.refresh(*names)
            for name in forgotten:
                self.model.kept.pop(name, None)

    @precondition(lambda self: len(self.entered) < 4)
    @rule(answers=st.dictionaries(st.sampled_from(EVERY), st.booleans(), min_size=1, max_size=3))
    def enter(self, answers: dict[str, bool]) -> None:
        if answers.keys() <= self.model.probes.keys():
            self.enter_again((self.registry.override(answers), answers))
        else:
            with pytest.raises(UnknownName):
                self.registry.override(answers)

    def enter_again(self, override: tuple[AbstractContextManager[None], dict[str, bool]]) -> None:
        override[0].__enter__()
        self.entered.append(override)
        self.model.layers.append(override[1])

    @precondition(lambda self: self.entered)
    @rule(index=st.integers(0, 5), leaves=st.sampled_from([True, True, False]))
    def leave(self, index: int, leaves: bool) -> None:
        """One that was entered twice is left as it was entered last."""
        override = self.entered[index % len(self.entered)]
        if not leaves:
            self.enter_again(override)
        else:
            override[0].__exit__(None, None, None)
            last = max(place for place, other in enumerate(self.entered) if other is override)
            del self.entered[last], self.model.layers[last]

    # --- what always holds

    @invariant()
    def no_probe_is_asked_in_vain(self) -> None:
        assert self.asked == self.model.asked

    @invariant()
    def no_short_cut_is_stale(self) -> None:
        assert self.namespace == {f"_{name}": answer for name, answer in self.hits.items() if name == "db"}
        known = {name: self.model.known(name) for name in self.hits}
        assert self.hits == {name: answer is not None and answer[0] == "available" for name, answer in known.items()}
        assert None not in known.values()
        assert {name: bool(answer) for name, answer in self.registry._answers.cached.items()} == self.hits

    @invariant()
    def what_hangs_is_known(self) -> None:
        assert list(hanging(self.registry)) == [HANGING] * self.model.is_hanging

    @invariant()
    def the_names_are_those_registered(self) -> None:
        assert list(self.registry) == sorted(self.model.probes)


def test_the_registry_answers_as_its_model(always: Chance) -> None:
    """Registrations, answers, environment, time and overrides in any order give what the model gives."""
    run_state_machine_as_test(Comparison, settings=always.settings(40, stateful_step_count=30))
