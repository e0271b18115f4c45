"""Reports of shims, capabilities and environments: text, JSON and Markdown, and the stream they are written to."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._project.declarations import ImportFailure
from ssot_shims._project.environment import EnvironmentFinding
from ssot_shims._project.requirement import explanation_of
from ssot_shims._record import Record
from ssot_shims._shims.shim import ShimRecord, all_shims
from ssot_shims._text import describe, fit_to_show, markdown, markdown_table, one_line, table, with_hint
from ssot_shims._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._contract.difference import Difference

    Table = tuple[tuple[str, str, str], Sequence[tuple[str, str, str]]]


SCHEMA = 1


class Status(Record):
    """What each shim, capability and environment is here, and what is wrong beside them."""

    shims: tuple[ShimRecord, ...]
    answers: dict[str, Availability]  # by the name of the capability
    environments: tuple[EnvironmentFinding, ...]
    problems: tuple[str, ...]


def problems(failures: Iterable[ImportFailure] = ()) -> tuple[str, ...]:
    """What is wrong beside the shims and capabilities themselves, a line each."""
    shims = frozenset(record.name for record in all_shims())
    wrong = _settings.misspelled(shims, frozenset(capabilities))
    found = [*map(str, failures), *(f"{setting}: {what}" for setting, what in wrong.items())]
    return tuple(map(fit_to_show, found))


def _tables(report: Status) -> Iterator[Table]:
    """The head and the rows of each table that a person is shown."""
    yield ("shim", "state", "why"), [(record.name, record.state, record.explanation) for record in report.shims]
    answers = report.answers.items()
    yield ("capability", "status", "why"), [(name, answer.status, explanation_of(answer)) for name, answer in answers]
    environments = report.environments
    rows = [(one.declaration.name, one.status, with_hint(one.reason, one.hint)) for one in environments]
    if rows:
        yield ("environment", "status", "why"), rows


def as_text(report: Status, *, width: int = 0, colour: bool = False) -> str:
    """A table for people. With *width* (columns) reasons are wrapped; with 0 each stays on one line, for grep."""
    blocks = [[_title()]]
    blocks += [table([*map(str.upper, head)], rows, width=width, colour=colour) for head, rows in _tables(report)]
    settings = " ".join(f"{name}={value}" for name, value in _settings.in_force().items())
    blocks.append([f"settings: {settings}"] if settings else [])
    blocks.append([f"problem: {one_line(problem)}" for problem in report.problems])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def as_markdown(report: Status) -> str:
    """The status as Markdown tables, fit for a CI step summary."""
    blocks = [[f"### {markdown(_title())}"], *(markdown_table(head, rows) for head, rows in _tables(report))]
    blocks.append([f"- problem: {markdown(problem)}" for problem in report.problems])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def as_json(report: Status) -> str:
    """The status as JSON.

    ``schema`` is 1 and grows when a key changes its meaning or goes; keys may be added. ``shims`` holds one object a
    shim, with the attributes of :class:`ssot_shims.ShimRecord`; objects and exceptions are given by their text.
    ``capabilities`` holds one object a capability: the attributes of :class:`ssot_shims.Availability`, ``available``
    (its truth), ``probe`` (in short notation, or where its function is), ``level`` and ``where`` (who registered it).
    ``environments`` holds one object an environment of the project: ``name``, ``status`` (``chosen``, ``usable``,
    ``unusable`` or ``failed``), ``reason``, ``hint``, ``requires``, and ``values``, which lists the keys alone because
    values may hold passwords.
    """
    data = {
        "schema": SCHEMA,
        "ssot_shims": __version__,
        "python": platform.python_version(),
        "settings": _settings.in_force(),
        "problems": list(report.problems),
        "shims": [_shim_data(record) for record in report.shims],
        "capabilities": [_answer_data(name, answer) for name, answer in report.answers.items()],
        "environments": [_environment_data(found) for found in report.environments],
    }
    return json.dumps(data, indent=2) + "\n"


def _shim_data(record: ShimRecord) -> dict[str, Any]:
    return {
        **_fields(record, "name", "state", "cause", "reason", "hint", "targets", "declared", "file"),
        "error": describe(record.error) if record.error else None,
        "seconds": round(record.seconds, 6),
        "results": [_fields(found, "target", "state", "cause", "reason", "hint") for found in record.results],
    }


def _answer_data(name: str, answer: Availability) -> dict[str, Any]:
    capability = capabilities[name]
    return {
        **vars(answer),
        "name": name,
        "available": bool(answer),
        "seconds": round(answer.seconds, 6),
        "probe": capability.notation,
        **_fields(capability, "level", "where"),
    }


def _environment_data(found: EnvironmentFinding) -> dict[str, Any]:
    return {
        "name": found.declaration.name,
        **_fields(found, "status", "reason", "hint"),
        "requires": list(found.declaration.requires),
        "values": list(found.declaration.values),
    }


def _fields(record: Record, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


class Verification(Record):
    """Every shim with the differences between its placeholder and its upstream, and what is wrong beside them."""

    results: tuple[tuple[ShimRecord, tuple[Difference, ...]], ...]
    problems: tuple[str, ...]

    @property
    def errors(self) -> int:
        """How many differences are errors."""
        return sum(difference.is_error for _, differences in self.results for difference in differences)

    @property
    def holds(self) -> bool:
        """Whether nothing moved, nothing broke, and no difference is an error."""
        return not (self.errors or self.problems or any(record.problem for record, _ in self.results))


def verification_text(report: Verification, *, width: int = 0, colour: bool = False) -> str:
    """A table of the shims, then one line a difference, then the count."""
    rows = [_contract_row(record, differences) for record, differences in report.results]
    lines = [_title(), "", *table(("SHIM", "CONTRACT", "WHY"), rows, width=width, colour=colour), ""]
    lines += [str(difference) for _, differences in report.results for difference in differences]
    lines += [f"problem: {one_line(problem)}" for problem in report.problems]
    compared = sum(record.state == "upstream" for record, _ in report.results)
    lines.append(f"{compared} of {len(report.results)} shims compared with their upstream; {report.errors} errors")
    return "\n".join(lines) + "\n"


def _contract_row(record: ShimRecord, differences: Sequence[Difference]) -> tuple[str, str, str]:
    if record.state != "upstream":
        return record.name, record.state, record.explanation
    if any(difference.is_error for difference in differences):
        return record.name, "differs", f"{record.explanation}; the differences are below"
    return record.name, "holds", "; ".join(filter(None, [record.explanation, record.problem]))


def _title() -> str:
    return f"ssot_shims {__version__} on Python {platform.python_version()}"


def take_stdout() -> TextIO | None:
    """Standard output, for a report alone: whatever else this process prints from now on goes to standard error.

    That includes what processes started by it print, and what is printed when the interpreter ends. None when standard
    output is closed.
    """
    out = sys.stdout
    sys.stdout = sys.stderr
    if out is None:  # pyright: ignore[reportUnnecessaryComparison]  # closed
        return None
    out.flush()
    taken = open(os.dup(out.fileno()), "w", encoding=out.encoding, closefd=False)  # noqa: SIM115  # for as long as the process
    error = os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else sys.stderr.fileno()  # pyright: ignore[reportUnnecessaryComparison]  # closed
    os.dup2(error, out.fileno())
    return taken


def write(out: TextIO | None, text: str | bytes) -> bool:
    """Print *text* on *out*, with escapes for what its encoding cannot hold; bytes as they are.

    False when nobody reads it.
    """
    if out is None:  # closed
        return False
    try:
        if isinstance(text, bytes):
            out.buffer.write(text)
            out.buffer.flush()
        else:
            encoding = out.encoding or "utf-8"
            print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True, file=out)
    except OSError as error:
        # The interpreter flushes once more at exit; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
        return False
    return True
