"""Reports of shims, capabilities and environments: text, JSON and Markdown, and the stream they are written to."""

from __future__ import annotations

import json
import os
import platform
import sys
import textwrap
from contextlib import contextmanager, suppress

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._capabilities.function import fit_to_show
from ssot_shims._record import Record
from ssot_shims._shims.shim import ShimRecord, all_shims
from ssot_shims._text import describe, markdown, one_line
from ssot_shims._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from typing import Any, TextIO

    from ssot_shims._contract.difference import Difference
    from ssot_shims._project.declarations import ImportFailure
    from ssot_shims._project.environment import Chain, EnvironmentFinding
    from ssot_shims._project.requirement import Finding


SCHEMA = 1
_COLOURS = {
    "upstream": "32",
    "absent": "2",
    "forced": "36",
    "moved": "31",
    "broken": "31",
    "holds": "32",
    "differs": "31",
    "available": "32",
    "unavailable": "2",
    "timed_out": "33",
    "failed": "31",
    "chosen": "32",
    "unusable": "2",
}


class Status(Record):
    """What each shim, capability and environment is here, the settings in force, and what is wrong beside them."""

    shims: tuple[ShimRecord, ...]
    capabilities: tuple[Finding, ...]
    environments: tuple[EnvironmentFinding, ...]
    settings: dict[str, str]
    problems: tuple[str, ...]


def status(failures: Iterable[ImportFailure] = (), found: Iterable[Finding] = (), chain: Chain | None = None) -> Status:
    """The status of this process: all shims declared so far, after the modules in *failures* could not be imported.

    *found* is what the capabilities were found to be, *chain* what became of the environments of the project.
    """
    return Status(
        shims=all_shims(),
        capabilities=tuple(found),
        environments=chain.findings if chain else (),
        settings={name: fit_to_show(value) for name, value in _settings.in_force().items()},
        problems=(*problems(failures), *([chain.problem] if chain and chain.problem else [])),
    )


def problems(failures: Iterable[ImportFailure] = ()) -> tuple[str, ...]:
    """What is wrong beside the shims and capabilities themselves, a line each."""
    shims = frozenset(record.name for record in all_shims())
    wrong = _settings.misspelled(shims, frozenset(capabilities))
    told = [*map(str, failures), *(f"{setting}: {what}" for setting, what in wrong.items()), *capabilities.problems()]
    return tuple(map(fit_to_show, told))


def as_text(report: Status, *, width: int, colour: bool) -> str:
    """A table for people. With *width* (columns) reasons are wrapped; with 0 each stays on one line, for grep."""
    rows = [(record.name, record.state, record.explanation) for record in report.shims]
    lines = [_title(), "", *table(("SHIM", "STATE", "WHY"), rows, width=width, colour=colour)]
    answers = [(found.capability.name, found.answer.status, found.why) for found in report.capabilities]
    lines += ["", *table(("CAPABILITY", "STATUS", "WHY"), answers, width=width, colour=colour)]
    if report.environments:
        plans = [(found.plan.name, found.status, found.why) for found in report.environments]
        lines += ["", *table(("ENVIRONMENT", "STATUS", "WHY"), plans, width=width, colour=colour)]
    hanging = [found for found in report.capabilities if found.hanging]
    if hanging:
        places = ((found.capability.name, one_line(found.hanging)) for found in hanging)
        lines += ["", *(f"hanging: the probe of {name} at {place}" for name, place in places)]
    if report.settings:
        lines += ["", "settings: " + " ".join(f"{name}={one_line(value)}" for name, value in report.settings.items())]
    if report.problems:
        lines += ["", *(f"problem: {one_line(problem)}" for problem in report.problems)]
    return "\n".join(lines) + "\n"


def as_json(report: Status) -> str:
    """The status as JSON.

    ``schema`` is 1 and grows when a key changes its meaning or goes; keys may be added. ``shims`` holds one object a
    shim, with the attributes of :class:`ssot_shims.ShimRecord`; objects and exceptions are given by their text.
    ``capabilities`` holds one object a capability: the attributes of :class:`ssot_shims.Availability`, ``available``
    (its truth), ``probe`` (in short notation, or where its function is), ``level`` and ``where`` (who registered it),
    and ``hanging`` (the line at which a probe that was given up still stands, or null). ``environments`` holds one
    object an environment of the project: ``name``, ``status`` (``chosen``, ``usable``, ``unusable`` or ``failed``),
    ``reason``, ``requires``, and ``values``, which lists the keys alone because values may hold passwords.
    """
    data = {
        "schema": SCHEMA,
        "ssot_shims": __version__,
        "python": platform.python_version(),
        "settings": report.settings,
        "problems": list(report.problems),
        "shims": [_shim_data(record) for record in report.shims],
        "capabilities": [_capability_data(found) for found in report.capabilities],
        "environments": [_environment_data(found) for found in report.environments],
    }
    return json.dumps(data, indent=2) + "\n"


def as_markdown(report: Status) -> str:
    """The status as Markdown tables, fit for a CI step summary."""
    lines = [f"### {markdown(_title())}", "", "| shim | state | why |", "|---|---|---|"]
    lines += [
        f"| {markdown(record.name)} | {record.state} | {markdown(record.explanation)} |" for record in report.shims
    ]
    lines += ["", "| capability | status | why |", "|---|---|---|"]
    lines += [
        f"| {markdown(found.capability.name)} | {found.answer.status} | {markdown(found.why)} |"
        for found in report.capabilities
    ]
    if report.environments:
        lines += ["", "| environment | status | why |", "|---|---|---|"]
        lines += [
            f"| {markdown(found.plan.name)} | {found.status} | {markdown(found.why)} |" for found in report.environments
        ]
    if report.problems:
        lines += ["", *(f"- problem: {markdown(problem)}" for problem in report.problems)]
    return "\n".join(lines) + "\n"


class Verification(Record):
    """Every shim with the differences between its placeholder and its upstream, and what is wrong beside them."""

    results: tuple[tuple[ShimRecord, tuple[Difference, ...]], ...]
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing moved, nothing broke, and no difference is an error."""
        broken = any(record.problem for record, _ in self.results)
        return (
            not broken and not self.problems and not any(found.is_error for _, all_ in self.results for found in all_)
        )


def verification_text(report: Verification, *, width: int = 0, colour: bool = False) -> str:
    """A table of the shims, then one line a difference, then the count."""
    rows = [_verdict(record, differences) for record, differences in report.results]
    lines = [_title(), "", *table(("SHIM", "CONTRACT", "WHY"), rows, width=width, colour=colour), ""]
    lines += [str(difference) for _, differences in report.results for difference in differences]
    lines += [f"problem: {one_line(problem)}" for problem in report.problems]
    compared = sum(record.state == "upstream" for record, _ in report.results)
    errors = sum(found.is_error for _, differences in report.results for found in differences)
    lines.append(f"{compared} of {len(report.results)} shims compared with their upstream; {errors} errors")
    return "\n".join(lines) + "\n"


def _verdict(record: ShimRecord, differences: Sequence[Difference]) -> tuple[str, str, str]:
    if record.state != "upstream":
        return record.name, record.state, record.explanation
    if any(difference.is_error for difference in differences):
        return record.name, "differs", f"{record.explanation}; the differences are below"
    return record.name, "holds", "; ".join(filter(None, [record.explanation, record.problem]))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, width: int, colour: bool) -> list[str]:
    """Lines with two narrow columns and a wide last one; the second holds a word that may be coloured."""
    first, second = (max(len(one_line(row[column])) for row in [head, *rows]) for column in (0, 1))
    indent = " " * (first + second + 4)
    lines: list[str] = []
    for name, word, text in [head, *rows]:
        start = f"{one_line(name):{first}}  {_painted(word, second, colour)}  "
        room = max(width - len(indent), 30)
        wrapped = textwrap.wrap(one_line(text), room, break_on_hyphens=False) if width else [one_line(text)]
        lines.append((start + f"\n{indent}".join(wrapped)).rstrip())
    return lines


def _title() -> str:
    return f"ssot_shims {__version__} on Python {platform.python_version()}"


def _painted(word: str, width: int, colour: bool) -> str:
    code = _COLOURS.get(word) if colour else None
    return f"\x1b[{code}m{word:{width}}\x1b[0m" if code else f"{word:{width}}"


def _shim_data(record: ShimRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "state": record.state,
        "cause": record.cause,
        "reason": record.reason,
        "hint": record.hint,
        "error": describe(record.error) if record.error else None,
        "seconds": round(record.seconds, 6),
        "targets": record.targets,
        "declared": record.declared,
        "file": record.file,
        "results": [
            {
                "target": found.target,
                "state": found.state,
                "cause": found.cause,
                "reason": found.reason,
                "hint": found.hint,
            }
            for found in record.results
        ],
    }


def _capability_data(found: Finding) -> dict[str, Any]:
    capability, answer = found.capability, found.answer
    return {
        "name": capability.name,
        "status": answer.status,
        "available": bool(answer),
        "reason": answer.reason,
        "hint": answer.hint,
        "source": answer.source,
        "details": dict(answer.details),
        "seconds": round(answer.seconds, 6),
        "probe": capability.notation,
        "level": capability.level,
        "where": capability.where,
        "hanging": found.hanging or None,
    }


def _environment_data(found: EnvironmentFinding) -> dict[str, Any]:
    return {
        "name": found.plan.name,
        "status": found.status,
        "reason": found.why,
        "requires": list(found.plan.requires),
        "values": list(found.plan.values),
    }


def write(out: TextIO | None, text: str) -> bool:
    """Print *text* on *out*, with escapes for what its encoding cannot hold. False when nobody reads it."""

    def put(out: TextIO) -> None:
        encoding = out.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True, file=out)

    return _is_read(out, put)


def write_bytes(out: TextIO | None, data: bytes) -> bool:
    """Print *data* on *out* as they are, for programs. False when nobody reads them."""

    def put(out: TextIO) -> None:
        out.buffer.write(data)
        out.buffer.flush()

    return _is_read(out, put)


def _is_read(out: TextIO | None, put: Callable[[TextIO], None]) -> bool:
    if out is None:  # closed
        return False
    try:
        put(out)
    except BrokenPipeError:
        # The interpreter flushes once more at exit; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return False
    return True


_OUT, _ERR = 1, 2  # the descriptors that every process is given


@contextmanager
def aside(out: TextIO | None) -> Generator[None]:
    """While this lasts, the descriptor of standard output is that of standard error, for subprocesses too.

    *out* is the stream over it. Where that is None, or the descriptor is closed, there is nothing to keep free.
    """
    kept = None if out is None else _copy(_OUT)
    if kept is None:
        yield
        return
    _flush(out)
    try:
        _point_to_standard_error()
        yield
    finally:
        _flush(out)  # what was written meanwhile, by whoever holds the stream itself
        os.dup2(kept, _OUT)
        os.close(kept)


def _point_to_standard_error() -> None:
    # With standard error closed, its number may be that of any file.
    error = _copy(_ERR) if sys.stderr is not None else None  # pyright: ignore[reportUnnecessaryComparison]  # closed: None
    if error is None:
        error = os.open(os.devnull, os.O_WRONLY)
    os.dup2(error, _OUT)
    os.close(error)


def _copy(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _flush(out: TextIO | None) -> None:
    for stream in {out, sys.__stdout__}:
        with suppress(OSError, ValueError, AttributeError):  # a full disk, a closed stream, none at all
            stream.flush()  # type: ignore[union-attr]
