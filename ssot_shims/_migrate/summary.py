"""What a migration tells at its end: every finding with its place, a table by rule, and one line that sums up."""

from __future__ import annotations

from collections import Counter

from ssot_shims._record import Record
from ssot_shims._text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._migrate.outcome import Mode, Outcome
    from ssot_shims._migrate.rules import Rules

# Nothing is to be done about these; how many there are is enough.
_COUNTED = {"mention": "mentions in longer strings", "home": "inside a home", "kept": "kept by a comment"}
_HEAD = ("RULE", "FILES", "STATEMENTS", "REFUSED", "STRINGS")


class Summary(Record):
    """What became of *files* files under *rules*, and what else is to be told."""

    mode: Mode
    rules: Rules
    files: int
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # beside those of the files

    @property
    def exit_code(self) -> int:
        """3 when a file could not be done, 1 when a check has found something to do, else 0."""
        if self.problems or any(outcome.problem for outcome in self.outcomes):
            return 3
        return int(self.mode == "check" and self.rewritten > 0)

    @property
    def rewritten(self) -> int:
        """How many files are other than before, or would be."""
        return sum(bool(outcome.replacements) for outcome in self.outcomes)


def summary_text(summary: Summary) -> str:
    """All of it, as text for people and for grep: ``path:line: kind: text; suggestion`` is one finding."""
    problems = [*summary.problems, *(outcome.problem for outcome in summary.outcomes if outcome.problem)]
    lines = list(_listed(summary))
    lines += [f"note: {one_line(note)}" for note in summary.notes]
    lines += [f"problem: {one_line(problem)}" for problem in problems]
    if lines:
        lines.append("")
    lines += [*_table(summary), _sum(summary, len(problems))]
    return "\n".join(lines) + "\n"


def _listed(summary: Summary) -> Iterator[str]:
    for outcome in summary.outcomes:
        if summary.mode == "check":
            for made in outcome.replacements:
                yield one_line(f"{outcome.path}:{made.line}: left: {made.old}; {made.new}")
        for found in outcome.findings:
            if found.kind not in _COUNTED:
                cure = f"; {found.suggestion}" if found.suggestion else ""
                yield one_line(f"{outcome.path}:{found.line}: {found.kind}: {found.text}{cure}")


def _table(summary: Summary) -> list[str]:
    """A row a rule, if there is one; that of a shim only if it was met, because nobody has asked for it by name."""
    counts = {column: Counter[str]() for column in _HEAD[1:]}
    for outcome in summary.outcomes:
        counts["FILES"].update({made.rule for made in outcome.replacements})
        counts["STATEMENTS"].update(made.rule for made in outcome.replacements)
        counts["REFUSED"].update(found.rule for found in outcome.findings if found.kind == "refused")
        counts["STRINGS"].update(found.rule for found in outcome.findings if found.kind == "string")
    met = set[str]().union(*counts.values())
    rules = [rule for rule in summary.rules.rules if str(rule) in met or not rule.is_of_shim]
    if not rules:
        return []
    rows = [_HEAD, *((str(rule), *(str(counts[column][str(rule)]) for column in _HEAD[1:])) for rule in rules)]
    width = max(len(row[0]) for row in rows)
    lines = (
        f"{row[0]:{width}}" + "".join(f"  {cell:>{len(head)}}" for cell, head in zip(row[1:], _HEAD[1:], strict=True))
        for row in rows
    )
    return [*lines, ""]


def _sum(summary: Summary, problems: int) -> str:
    done = {"write": "rewritten", "check": "left to rewrite: --write does it", "dry run": "to rewrite: --write does it"}
    kinds = Counter[str](found.kind for outcome in summary.outcomes for found in outcome.findings)
    counted = [f"{kinds[kind]} {words}" for kind, words in _COUNTED.items() if kinds[kind]]
    listed = sum(count for kind, count in kinds.items() if kind not in _COUNTED)
    parts = [_number(summary.files, "file"), f"{summary.rewritten} {done[summary.mode]}", f"{listed} reported"]
    return "; ".join([*parts, *counted, *([_number(problems, "problem")] if problems else [])])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
