"""What there is to tell at the end of a run, one line each."""

from __future__ import annotations

from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._plugin.settings import Settings
    from ssot_shims._plugin.tally import Tally
    from ssot_shims._project.requirement import Verdict

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
            reasons.setdefault(_label(verdict), []).append(verdict.reason)
        reasons.pop("", None)
        for label, told in reasons.items():
            others = len(set(told)) - 1
            more = f"; and {others} other reason{'s' * (others > 1)}" if others else ""
            yield Line(label=label, about=name, text=f"{len(told)} test{'s' * (len(told) > 1)}; {told[0]}{more}")
        unmarked = tally.unmarked.get(name)
        label = _label(unmarked) if unmarked else ""
        if unmarked and label and label not in reasons:
            yield Line(label=label, about=name, text=f"asked for without a marker; {unmarked.reason}")


def _label(verdict: Verdict) -> str:
    """What kind of thing *verdict* is; empty when it is as it should be."""
    if verdict.outcome == "error":
        return "ERROR"
    if verdict.outcome == "run":
        return "FORCED" if verdict.reason.startswith(f"{verdict.status}: forced: ") else ""
    return "TIMED OUT" if verdict.status == "timed out" else "SKIPPED"


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
