"""The registry against a model of it: whatever is done in whatever order, both answer alike.

What the environment says and what combinations add up to is in tables elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import stateful, strategies as st

from ssot_shims import Availability, Registry, Unavailable
from ssot_shims._capabilities.capability import LEVELS, capability
from ssot_shims.errors import UnknownName
from tests.support.chance import Chance

NAMES = ("db", "gpu", "web")
SECOND_TRY = 5
TTL = 3

Answer = tuple[str, str]  # status and source
answered: Counter[Answer] = Counter()  # what both have said, and how often


def raises(error: BaseException) -> object:
    raise error


# What a probe does, and what becomes of it.
OUTCOMES: dict[str, tuple[Callable[[], object], str]] = {
    "says_yes": (lambda: True, "available"),
    "says_no": (lambda: (False, "it is not"), "unavailable"),
    "is_unavailable": (lambda: raises(Unavailable("it is not")), "unavailable"),
    "raises": (lambda: raises(OSError("no such device")), "failed"),
    "is_late": (lambda: Availability(status="timed_out", reason="no answer from it"), "timed_out"),
}


class Model:
    """What is promised: overrides first, then what is kept, then the probe on the highest level."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ttls: dict[str, dict[str, float | None]] = {}  # by name and level
        self.kept: dict[str, tuple[Answer, float | None]] = {}
        self.layers: list[dict[str, bool]] = []
        self.outcomes = dict.fromkeys(NAMES, "says_yes")
        self.asked: Counter[str] = Counter()

    def known(self, name: str) -> Answer | None:
        """What is answered without asking anybody."""
        layer = next((layer for layer in reversed(self.layers) if name in layer), None)
        if layer is not None:
            return ("available" if layer[name] else "unavailable"), "override"
        answer, until = self.kept.get(name, (None, None))
        return answer if until is None or self.now < until else None

    def check(self, name: str) -> Answer:
        found = self.known(name)
        if found is None:
            ttl = self.ttls[name][max(self.ttls[name], key=LEVELS.index)]
            self.asked[name] += 1
            found = OUTCOMES[self.outcomes[name]][1], "probe"
            seconds = SECOND_TRY if found[0] in ("failed", "timed_out") else ttl
            self.kept[name] = found, None if seconds is None else self.now + seconds
        answered[found] += 1
        return found


class Comparison(stateful.RuleBasedStateMachine):
    """Each rule does the same to a registry and to its model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.namespace: dict[str, bool] = {}
        self.registry = Registry(clock=lambda: self.model.now)
        self.hits = self.registry.publish("db", self.namespace)
        self.asked: Counter[str] = Counter()
        self.entered: list[AbstractContextManager[None]] = []
        for name in NAMES[:2]:
            self.add(name, "user", None)

    names, outcomes = st.sampled_from(NAMES), st.sampled_from(sorted(OUTCOMES))

    @stateful.rule(name=names, level=st.sampled_from(["pyproject", "user"]), ttl=st.sampled_from([None, TTL]))
    def add(self, name: str, level: Any, ttl: float | None) -> None:
        def probe() -> object:
            self.asked[name] += 1
            return OUTCOMES[self.model.outcomes[name]][0]()

        self.registry.add(capability(name, probe, timeout=60, ttl=ttl, level=level), replace=True)
        levels = self.model.ttls.setdefault(name, {})
        levels[level] = ttl
        if level == max(levels, key=LEVELS.index):
            self.model.kept.pop(name, None)

    @stateful.initialize(outcomes=st.fixed_dictionaries(dict.fromkeys(NAMES, outcomes)))
    def begin(self, outcomes: dict[str, str]) -> None:
        self.model.outcomes = outcomes

    @stateful.rule(name=names, outcome=outcomes)
    def change_the_machine(self, name: str, outcome: str) -> None:
        self.model.outcomes[name] = outcome
        self.check(name)

    @stateful.rule(seconds=st.sampled_from([1, 2.5, TTL, SECOND_TRY]))
    def wait(self, seconds: float) -> None:
        self.model.now += seconds

    @stateful.rule(name=names)
    def check(self, name: str) -> None:
        if name in self.model.ttls:
            answer = self.registry.check(name)
            assert (answer.status, answer.source) == self.model.check(name)
            assert (answer.name, bool(answer.reason)) == (name, True)
        else:
            with pytest.raises(UnknownName):
                self.registry.check(name)

    @stateful.rule(names=st.lists(names, max_size=2))
    def refresh(self, names: list[str]) -> None:
        if self.model.ttls.keys() >= {*names}:
            self.registry.refresh(*names)
            for name in names or NAMES:
                self.model.kept.pop(name, None)
        else:
            with pytest.raises(UnknownName):
                self.registry.refresh(*names)

    @stateful.precondition(lambda self: len(self.entered) < 4)
    @stateful.rule(answers=st.dictionaries(names, st.booleans(), min_size=1, max_size=3))
    def enter(self, answers: dict[str, bool]) -> None:
        if answers.keys() <= self.model.ttls.keys():
            override = self.registry.override(answers)
            override.__enter__()
            self.entered.append(override)
            self.model.layers.append(answers)
        else:
            with pytest.raises(UnknownName):
                self.registry.override(answers)

    @stateful.precondition(lambda self: self.entered)
    @stateful.rule(index=st.integers(0, 5))
    def leave(self, index: int) -> None:
        place = index % len(self.entered)
        self.entered.pop(place).__exit__(None, None, None)
        del self.model.layers[place]

    @stateful.invariant()
    def no_probe_is_asked_in_vain(self) -> None:
        assert self.asked == self.model.asked

    @stateful.invariant()
    def no_short_cut_is_stale(self) -> None:
        assert self.namespace == {f"_{name}": answer for name, answer in self.hits.items() if name == "db"}
        known = {name: self.model.known(name) for name in self.hits}
        assert self.hits == {name: answer is not None and answer[0] == "available" for name, answer in known.items()}
        assert None not in known.values()
        assert {name: bool(answer) for name, answer in self.registry._answers.cached.items()} == self.hits

    @stateful.invariant()
    def the_names_are_those_registered(self) -> None:
        assert list(self.registry) == sorted(self.model.ttls)


def test_the_registry_answers_as_its_model(always: Chance) -> None:
    """Registrations, answers, time and overrides in any order give what the model gives, each status among them."""
    answered.clear()
    stateful.run_state_machine_as_test(Comparison, settings=always.settings(40, stateful_step_count=30))
    by_probe = {(status, "probe") for status in ("available", "unavailable", "timed_out", "failed")}
    expected = by_probe | {("available", "override"), ("unavailable", "override")}
    assert {*answered} == expected, answered
