"""The results of a run: what its tests needed and asked for, added up over its processes, and the lines for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ssot_shims._project.requirement import UPSTREAM, Verdict
from ssot_shims._record import Record
from ssot_shims._text import fit_to_show, with_hint

# The labels of lines, the most serious first, each with its colour in a terminal. The first two fail the run.
LABELS = {
    **dict.fromkeys(("STRICT", "ERROR", "CRASHED", "DRIFT"), "red"),
    **dict.fromkeys(("PROBLEM", "TIMED OUT", "SKIPPED", "FORCED"), "yellow"),
    **dict.fromkeys(("NOT ASKED", "PLACEHOLDER", "ENVIRONMENT"), ""),
}


class Line(Record):
    """A line of the section at the end: its label, what it is about, and the rest."""

    label: str
    about: str
    text: str

    def __str__(self) -> str:
        return fit_to_show(f"{self.label} {self.about}: {self.text}")


class ShimResult(Record):
    """What is shown of a shim: its record, and how its upstream differs from the placeholder."""

    name: str
    state: str
    reason: str
    hint: str = ""
    problem: str = ""
    differences: tuple[str, ...] = ()


class Results:
    """The results of a run. A test that ran more than once counts once, as it went the last time."""

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, Verdict]] = {}  # by test and name: what markers, decorators and fixtures need
        self.asked: dict[int, dict[str, Verdict | None]] = {}  # by process and name: the last verdict in each process
        self.shims: dict[str, ShimResult] = {}
        self.notes: dict[Line, None] = {}  # lines about the run: ERROR, CRASHED, PROBLEM, ENVIRONMENT
        self.problems: dict[str, str] = {}  # what is wrong on every machine, and the required name that it is about
        self.is_complete = False  # the run has come to its end, and not only to that of its collection
        self.is_strict = False

    def add_test(self, test: str, text: str) -> None:
        """Add what the property of *test* says that it has needed and asked for."""
        data = json.loads(text)
        self.tests[test] = {verdict["name"]: Verdict(**verdict) for verdict in data["needed"]}
        self.add_asked(data)

    def add_asked(self, data: Mapping[str, Any]) -> None:
        """Add what a process has asked for in Python; what it was answered last counts."""
        verdicts = {name: Verdict(**verdict) if verdict else None for name, verdict in data["verdicts"].items()}
        self.asked.setdefault(data["process"], {}).update(verdicts)
        self.shims.update({shim["name"]: ShimResult(**shim) for shim in data["shims"]})
        self.notes.update({Line(**line): None for line in data["notes"]})

    def add_worker(self, data: Mapping[str, Any]) -> None:
        """Add what a worker of pytest-xdist has sent at its end."""
        self.add_asked(data)
        self.is_strict |= data["is_strict"]
        self.problems.update(data["problems"])

    def note(self, label: str, about: str, text: str) -> None:
        """Add a line about the run; it may travel between processes, and into JUnit XML."""
        self.notes[Line(label=label, about=about, text=fit_to_show(text))] = None

    def noted(self, label: str) -> list[Line]:
        """The lines about the run with this *label*."""
        return [line for line in self.notes if line.label == label]

    @property
    def by_name(self) -> dict[str, list[tuple[str, Verdict]]]:
        """The tests that needed each name, with their verdicts."""
        by_name: dict[str, list[tuple[str, Verdict]]] = {}
        for test, verdicts in self.tests.items():
            for name, verdict in verdicts.items():
                by_name.setdefault(name, []).append((test, verdict))
        return by_name

    @property
    def unmarked(self) -> dict[str, Verdict]:
        """The verdicts on what was asked for in Python and is required, or forced to a yes.

        Of two processes the one that could not run it counts.
        """
        unmarked: dict[str, Verdict] = {}
        for verdict in (verdict for of_process in self.asked.values() for verdict in of_process.values() if verdict):
            is_forced_yes = verdict.is_forced and verdict.outcome == "run"
            if (verdict.is_required or is_forced_yes) and (verdict.outcome == "error" or verdict.name not in unmarked):
                unmarked[verdict.name] = verdict
        return unmarked

    @property
    def is_failure(self) -> bool:
        """Whether the run has failed, even when nothing of it was reported as failed."""
        verdicts = [*self.unmarked.values(), *(verdict for each in self.by_name.values() for _, verdict in each)]
        is_violated = self.is_strict and any(shim.problem or shim.differences for shim in self.shims.values())
        return any(verdict.outcome == "error" for verdict in verdicts) or is_violated or bool(self.noted("ERROR"))


_KEY = pytest.StashKey[Results]()


def results_of(config: pytest.Config) -> Results:
    """The results of a run so far."""
    return config.stash.setdefault(_KEY, Results())


def lines(results: Results, required: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines of the section at the end, the most serious first; none for a run that used nothing."""
    problems = (Line(label="ERROR", about="ssot_shims", text=problem) for problem in results.problems)
    found = (*_of_names(results), *_of_shims(results), *problems, *results.notes, *_not_asked(results, required))
    return tuple(sorted(found, key=lambda line: [*LABELS].index(line.label)))


def _of_names(results: Results) -> Iterator[Line]:
    """A line for each name, and each way in which it has kept tests from running, or has let them run unasked."""
    by_name, unmarked = results.by_name, results.unmarked
    for name in sorted(by_name.keys() | unmarked.keys()):
        reasons: dict[str, list[str]] = {}
        for _, verdict in by_name.get(name, ()):
            reasons.setdefault(_label(verdict), []).append(verdict.explanation)
        reasons.pop("", None)
        for label, texts in reasons.items():
            others = len(set(texts)) - 1
            more = f"; and {others} other reason{'s' * (others > 1)}" if others else ""
            yield Line(label=label, about=name, text=f"{len(texts)} test{'s' * (len(texts) > 1)}; {texts[0]}{more}")
        label = _label(unmarked[name]) if name in unmarked else ""
        if label and label not in reasons:
            yield Line(label=label, about=name, text=f"asked for without a marker; {unmarked[name].explanation}")


def _label(verdict: Verdict) -> str:
    """What kind of thing *verdict* is; empty when it is as it should be."""
    if verdict.outcome == "error":
        return "ERROR"
    if verdict.outcome == "run":
        return "FORCED" if verdict.is_forced else ""
    return "TIMED OUT" if verdict.status == "timed_out" else "SKIPPED"


def _of_shims(results: Results) -> Iterator[Line]:
    names = {line.about for line in _of_names(results)}  # with their reasons
    for shim in sorted(results.shims.values(), key=lambda shim: shim.name):
        if results.is_strict and shim.problem:
            yield Line(label="STRICT", about=shim.name, text=f"{shim.state}: {shim.problem}")
        elif shim.state != "upstream":
            reason = "" if UPSTREAM + shim.name in names else f": {with_hint(shim.reason, shim.hint)}"
            yield Line(label="PLACEHOLDER", about=shim.name, text=shim.state + reason)
        for difference in shim.differences:
            label = "STRICT" if results.is_strict else "DRIFT"
            yield Line(label=label, about=shim.name, text=f"{difference}; see ssot-shims verify")


def _not_asked(results: Results, required: Mapping[str, str]) -> Iterator[Line]:
    if not results.is_complete or results.noted("CRASHED"):
        return
    asked = {*results.by_name, *results.problems.values()}.union(*results.asked.values())
    for name, required_by in required.items():
        if name not in asked:
            yield Line(label="NOT ASKED", about=name, text=f"required by {required_by}, and no test asked for it")
