"""The results of a run: verdicts of its tests added up, and the lines that show them."""

from __future__ import annotations

import pytest

from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._plugin.xdist import WIRE
from ssot_shims._project.requirement import Verdict
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from typing import Any

    from ssot_shims._plugin.settings import Settings


# The most serious first. The first two fail the run.
_LABELS = (
    "STRICT",
    "ERROR",
    "DRIFT",
    "PROBLEM",
    "TIMED OUT",
    "SKIPPED",
    "FORCED",
    "NOT ASKED",
    "PLACEHOLDER",
    "ENVIRONMENT",
)


class Line(Record):
    """What kind of thing is told, what it is about, and the rest."""

    label: str
    about: str
    text: str

    def __str__(self) -> str:
        return fit_to_show(f"{self.label} {self.about}: {self.text}")


def account(tally: Tally, settings: Settings) -> tuple[Line, ...]:
    """Everything there is to tell, the most serious first; nothing for a run that used nothing."""
    lines = (*_of_names(tally), *_of_shims(tally), *_of_settings(tally, settings))
    return tuple(sorted(lines, key=lambda line: _LABELS.index(line.label)))


def _of_names(tally: Tally) -> Iterator[Line]:
    """A line for each name, and each way in which it has kept tests from running, or has let them run unasked."""
    by_name = tally.by_name
    for name in sorted(by_name.keys() | tally.unmarked.keys()):
        reasons: dict[str, list[str]] = {}
        for _, verdict in by_name.get(name, ()):
            reasons.setdefault(_label(verdict), []).append(verdict.explanation)
        reasons.pop("", None)
        for label, told in reasons.items():
            others = len(set(told)) - 1
            more = f"; and {others} other reason{'s' * (others > 1)}" if others else ""
            yield Line(label=label, about=name, text=f"{len(told)} test{'s' * (len(told) > 1)}; {told[0]}{more}")
        unmarked = tally.unmarked.get(name)
        label = _label(unmarked) if unmarked else ""
        if unmarked and label and label not in reasons:
            yield Line(label=label, about=name, text=f"asked for without a marker; {unmarked.explanation}")


def _label(verdict: Verdict) -> str:
    """What kind of thing *verdict* is; empty when it is as it should be."""
    if verdict.outcome == "error":
        return "ERROR"
    if verdict.outcome == "run":
        return "FORCED" if verdict.is_forced else ""
    return "TIMED OUT" if verdict.status == "timed_out" else "SKIPPED"


def _of_shims(tally: Tally) -> Iterator[Line]:
    for shim in sorted(tally.shims.values(), key=lambda shim: shim.name):
        if shim in tally.violations:
            yield Line(label="STRICT", about=shim.name, text=f"{shim.state}: {shim.problem}")
        elif shim.state != "upstream":
            yield Line(label="PLACEHOLDER", about=shim.name, text=f"{shim.state}: {shim.reason}")
        for difference in shim.differences:
            yield Line(label="DRIFT", about=shim.name, text=difference)


def _of_settings(tally: Tally, settings: Settings) -> Iterator[Line]:
    for problem in (*(() if tally.is_refused else tally.problems), *tally.failures):
        yield Line(label="ERROR", about="ssot_shims", text=problem)
    for variable, what in tally.misspelled.items():
        yield Line(label="PROBLEM", about=variable, text=what)
    asked = tally.by_name.keys() | tally.unmarked.keys()
    for name, required_by in settings.required.items() if tally.is_complete else ():
        is_unknown = any(problem.startswith(f"{name}: ") for problem in tally.problems)
        if name not in asked and not is_unknown:
            yield Line(label="NOT ASKED", about=name, text=f"required by {required_by}, and no test asked for it")
    for name, told in tally.environments.items():
        yield Line(label="ENVIRONMENT", about=name, text=told)


ASKED = pytest.StashKey[tuple[Verdict, ...]]()  # of a test: the verdicts on what its markers name
COUNTED = "_ssot_shims_verdicts"  # the attribute of an exception that ends a test because of them


class ShimTold(Record):
    """What is to be told of a shim: as in its record, and how its upstream differs from the placeholder."""

    name: str
    state: str
    reason: str
    problem: str = ""
    differences: tuple[str, ...] = ()


class Tally:
    """The verdicts by test and name, and what else the processes of the run have found. It is a plugin by itself.

    A test that is run again counts once, as it went the last time.
    """

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, Verdict]] = {}
        self.unmarked: dict[str, Verdict] = {}  # asked for in Python, and required or forced
        self.shims: dict[str, ShimTold] = {}
        self.environments: dict[str, str] = {}  # those chosen (of one machine one), and what is to be told of each
        self.problems: dict[str, None] = {}
        self.failures: dict[str, None] = {}  # what went wrong at the end
        self.misspelled: dict[str, str] = {}  # the variables that reach nothing, and what is wrong with each
        self.is_complete = False  # the run has come to its end, and not only to that of its collection
        self.is_strict = False
        self.is_refused = False  # the problems have been raised, and need not be told again
        self.before: frozenset[str] = frozenset()  # the shims declared before this run, in which they are not told

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        raised = _raised(call)
        report = yield
        verdicts = item.stash.get(ASKED, ()) if call.when == "setup" else ()
        for error in (*raised, *_raised(call)):  # of a SkipTest pytest makes a skip of its own, here or on the way
            verdicts = (*verdicts, *getattr(error, COUNTED, ()))
        if verdicts:
            vars(report)[WIRE] = [dict(vars(verdict)) for verdict in verdicts]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for told in vars(report).get(WIRE, ()):
            verdict = Verdict(**told)
            self.tests.setdefault(str(report.nodeid), {})[verdict.name] = verdict

    def add(self, told: Mapping[str, Any]) -> None:
        """Add what another process has found."""
        self.note_verdicts(Verdict(**verdict) for verdict in told.get("unmarked", ()))
        self.note_shims(ShimTold(**shim) for shim in told.get("shims", ()))
        self.environments.update(told.get("environments", {}))
        self.problems.update(dict.fromkeys(told.get("problems", ())))
        self.failures.update(dict.fromkeys(told.get("failures", ())))
        self.misspelled.update(told.get("misspelled", {}))
        self.is_strict |= told.get("is_strict", False)

    def note_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Note what was asked for in Python; of two processes the one that could not run it counts."""
        for verdict in verdicts:
            if verdict.outcome == "error" or verdict.name not in self.unmarked:
                self.unmarked[verdict.name] = verdict

    def note_shims(self, shims: Iterable[ShimTold]) -> None:
        """Note the shims of a process; in all those of one run they are the same."""
        self.shims.update({shim.name: shim for shim in shims})

    def to_send(self) -> dict[str, Any]:
        """What the reports do not hold, as plain data."""
        return {
            "unmarked": [dict(vars(verdict)) for verdict in self.unmarked.values()],
            "shims": [dict(vars(shim)) for shim in self.shims.values()],
            "environments": dict(self.environments),
            "problems": list(self.problems),
            "failures": list(self.failures),
            "misspelled": dict(self.misspelled),
            "is_strict": self.is_strict,
        }

    @property
    def by_name(self) -> dict[str, list[tuple[str, Verdict]]]:
        """The tests that asked for each name, with their verdicts."""
        by_name: dict[str, list[tuple[str, Verdict]]] = {}
        for test, verdicts in self.tests.items():
            for name, verdict in verdicts.items():
                by_name.setdefault(name, []).append((test, verdict))
        return by_name

    @property
    def violations(self) -> tuple[ShimTold, ...]:
        """The shims that moved or are broken although that was forbidden."""
        return tuple(shim for shim in self.shims.values() if self.is_strict and shim.problem)

    @property
    def is_failure(self) -> bool:
        """Whether the run has failed, even when nothing of it was reported as failed."""
        verdicts = [verdict for of_one in self.tests.values() for verdict in of_one.values()]
        is_unmet = any(verdict.outcome == "error" for verdict in [*verdicts, *self.unmarked.values()])
        return is_unmet or bool(self.violations) or bool(self.failures)


def _raised(call: pytest.CallInfo[None]) -> tuple[BaseException | None, ...]:
    return (call.excinfo.value, call.excinfo.value.__context__) if call.excinfo else ()


_KEY = pytest.StashKey[Tally]()


def tally_of(config: pytest.Config) -> Tally:
    """The tally of a run."""
    return config.stash.setdefault(_KEY, Tally())
