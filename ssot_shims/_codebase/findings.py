"""Findings: what a command reports of a code base; as text in groups with one cause, as JSON, and for GitHub."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ssot_shims._codebase.source import Unparsable
from ssot_shims._lookup.lookup import Lookup, Target
from ssot_shims._record import Record
from ssot_shims._text import describe, escape_markdown, markdown_table, one_line, with_hint
from ssot_shims._version import __version__

_SHOWN = 3  # places of a group that are listed without --all
_GITHUB = {"error": "error", "note": "notice"}  # kinds; all others are warnings


class Finding(Record):
    """One place that is reported: a statement, a string, or a definition."""

    path: str
    line: int
    kind: str
    text: str  # what is written there
    rule: str = ""  # the one it is about
    reason: str = ""  # the same for all places with the same cause
    hint: str = ""  # what to write instead, or to do next
    names: tuple[str, ...] = ()
    other_line: int = 0  # the line of the same file that is the cause; 0: none


class Problem(Record):
    """Why a file was not done: it does not parse, or cannot be read or written."""

    path: str
    text: str
    line: int = 0  # 0: the whole file

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.text}"


def shown(path: str) -> str:
    """The real path *path* as people read it: from the current folder on, where it is below that."""
    return path.removeprefix(os.path.join(os.path.realpath(os.curdir), ""))


def unclear(target: Target, lookup: Lookup) -> str:
    """Why the *lookup* cannot tell whether *target* is there, and the line that makes it so."""
    where = f" ({shown(lookup.file)}{f':{lookup.line}' if lookup.line else ''})" if lookup.file else ""
    return f"cannot tell whether {target} is there: {lookup.why}{where}"


def attempt(work: Callable[[str], Any], file: str) -> Any:
    """What *work* gives for *file*, or why it gives nothing: one file must not keep the others from being done."""
    try:
        return work(file)
    except Unparsable as error:
        return Problem(path=shown(file), line=error.line, text=f"cannot be parsed: {error.cause}")
    except OSError as error:
        return Problem(path=shown(file), text=f"cannot be read or written: {error.strerror}")
    except Exception as error:
        return Problem(path=shown(file), text=f"cannot be done: {describe(error)}")


def grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    """*findings* by kind, rule and reason: the kinds in alphabetical order, notes last, in each the largest first."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for found in findings:
        groups.setdefault((found.kind, found.rule, found.reason), []).append(found)
    return sorted(
        groups.values(), key=lambda group: (group[0].kind == "note", group[0].kind, -len(group), group[0].rule)
    )


class Report(Record):
    """What a command has found, and a sentence that sums it up; *counts* are numbers for programs."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    summary: str
    counts: dict[str, int]
    is_all: bool = False  # list every place
    rows: tuple[dict[str, Any], ...] = ()  # what JSON lists instead of the findings


def counted(count: int, noun: str) -> str:
    """So many of *noun*.

    >>> counted(1, "file"), counted(2, "file")
    ('1 file', '2 files')
    """
    return f"{count} {noun}{'s' if count != 1 else ''}"


def as_text(report: Report) -> str:
    """A paragraph for each group, its places as ``path:line: text``; then notes, problems and the summary."""
    paragraphs = ["\n".join(_paragraph(group, report.is_all)) for group in grouped(report.findings)]
    rest = [f"note: {one_line(note)}" for note in report.notes]
    rest += [f"problem: {one_line(str(problem))}" for problem in report.problems]
    return "\n\n".join([*paragraphs, *filter(None, ["\n".join(rest)]), report.summary]) + "\n"


def _paragraph(group: list[Finding], is_all: bool) -> Iterator[str]:
    head = with_hint(": ".join(filter(None, [group[0].rule, group[0].reason])), group[0].hint)
    yield one_line(f"{group[0].kind} ({len(group)}): {head}")
    listed = group if is_all else group[:_SHOWN]
    for found in listed:
        see = f" (see line {found.other_line})" if found.other_line else ""
        yield one_line(f"{found.path}:{found.line}: {found.text}{see}")
    if left := len(group) - len(listed):
        yield f"... and {left} more; --all lists them"


def as_markdown(report: Report) -> str:
    """A table of the groups with their first places, the notes and problems, and the summary."""
    groups = [(group[0], group) for group in grouped(report.findings)]
    rows = [(one.kind, one.rule, one.reason, str(len(group)), _places(group, report.is_all)) for one, group in groups]
    lines = markdown_table(("level", "rule", "what", "count", "where"), rows) if rows else []
    rest = [f"- note: {escape_markdown(note)}" for note in report.notes]
    rest += [f"- problem: {escape_markdown(str(problem))}" for problem in report.problems]
    return "\n\n".join(filter(None, ["\n".join(lines), "\n".join(rest), escape_markdown(report.summary)])) + "\n"


def _places(group: list[Finding], is_all: bool) -> str:
    listed = [f"{found.path}:{found.line}" for found in (group if is_all else group[:_SHOWN])]
    return ", ".join(listed if len(listed) == len(group) else [*listed, "..."])


def as_json(report: Report) -> str:
    """The report as JSON: ``schema`` grows when a key changes its meaning or goes; keys may be added."""
    data: dict[str, Any] = {
        "schema": 1,
        "ssot_shims": __version__,
        **report.counts,
        "findings": report.rows or [vars(found) for found in report.findings],
        "notes": list(report.notes),
        "problems": [vars(problem) for problem in report.problems],
    }
    return json.dumps(data, indent=2) + "\n"


def as_github(report: Report) -> str:
    """One workflow command for each finding and problem, which GitHub shows beside the line; then the summary."""
    lines: list[str] = []
    for found in report.findings:
        message = with_hint(": ".join(filter(None, [found.text, found.rule, found.reason])), found.hint)
        level = _GITHUB.get(found.kind, "warning")
        lines.append(_annotation(level, found.path, found.line, f"ssot-shims {found.kind}", message))
    lines += [_annotation("error", each.path, each.line or 1, "ssot-shims", each.text) for each in report.problems]
    return "\n".join([*lines, report.summary]) + "\n"


def _annotation(level: str, path: str, line: int, title: str, message: str) -> str:
    def escaped(text: str) -> str:
        return one_line(text).replace("%", "%25")

    file = escaped(path).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} file={file},line={line},title={title}::{escaped(message)}"


def rendered(report: Report, form: str) -> str:
    """The *report* as ``text``, ``json``, ``markdown`` or ``github``."""
    return {"text": as_text, "json": as_json, "markdown": as_markdown, "github": as_github}[form](report)
