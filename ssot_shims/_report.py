"""Reports of what a command has found: as text, JSON and Markdown, and the stream they are written to."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import ssot_shims._settings as _settings
from ssot_shims._availability import Availability
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._project.environment import EnvironmentFinding
from ssot_shims._project.requirement import Verdict, misspelled
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._shims.shim import ShimRecord
from ssot_shims._text import describe, escape_markdown, fit_to_show, markdown_table, one_line, table, with_hint, wrapped
from ssot_shims._version import __version__

if TYPE_CHECKING:
    from ssot_shims._contract.difference import Difference

# The lists in the data of a report that people see as tables: what is in the first column, and the key of the second.
_TABLES = {
    "shims": ("shim", "state"),
    "contracts": ("shim", "contract"),
    "capabilities": ("capability", "status"),
    "environments": ("environment", "status"),
    "names": ("name", "status"),
}


class Report(Record):
    """What a command has found: data for programs, whose lists people see as tables, and lines for people alone.

    Without a *title* it is the answer to a question, and its table has no head.
    """

    data: Mapping[str, Any]
    lines: tuple[str, ...] = ()
    title: str = ""


def problems(failures: Iterable[str]) -> tuple[str, ...]:
    """What is wrong beside the shims and capabilities themselves, a line each."""
    return tuple(map(fit_to_show, [*failures, *(f"{setting}: {what}" for setting, what in misspelled().items())]))


def status(
    shims: Iterable[ShimRecord],
    answers: Mapping[str, Availability],
    environments: Iterable[EnvironmentFinding],
    problems: Iterable[str],
) -> Report:
    """What each shim, capability and environment is here, and what is wrong beside them.

    In the data ``shims`` holds one object a shim, with the attributes of :class:`ssot_shims.ShimRecord`; objects and
    exceptions are given by their text. ``capabilities`` holds one object a capability: the attributes of
    :class:`ssot_shims.Availability`, ``available`` (its truth), ``is_forced``, ``probe`` (in short notation, or where
    its function is), ``level`` and ``where`` (who registered it). ``environments`` holds one object an environment of
    the project: ``name``, ``status`` (``chosen``, ``usable``, ``unusable`` or ``failed``), ``reason``, ``hint``,
    ``requires``, and ``values``, which lists the keys alone because values may hold passwords.
    """
    data = {
        "problems": [*problems],
        "shims": [_shim_data(record) for record in shims],
        "capabilities": [_answer_data(answer) for answer in answers.values()],
        "environments": [_environment_data(found) for found in environments],
    }
    return Report(data=data, title=_title())


def _shim_data(record: ShimRecord) -> dict[str, Any]:
    return {
        **_fields(record, "name", "state", "cause", "reason", "hint", "targets", "declared", "file", "seconds"),
        "error": describe(record.error) if record.error else None,
        "results": [_fields(found, "target", "state", "cause", "reason", "hint") for found in record.results],
    }


def _answer_data(answer: Availability) -> dict[str, Any]:
    capability = capabilities[answer.name]
    about = {"available": bool(answer), "is_forced": answer.source != "probe", "probe": capability.notation}
    return {**vars(answer), **about, **_fields(capability, "level", "where")}


def _environment_data(found: EnvironmentFinding) -> dict[str, Any]:
    about, values = _fields(found.declaration, "name", "requires"), [*found.declaration.values]
    return {**about, **_fields(found, "status", "reason", "hint"), "values": values}


def _fields(record: Record, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def check(verdicts: Iterable[Verdict]) -> Report:
    """The answer for each name that was asked for."""
    names = [_fields(verdict, "name", "status", "reason", "hint", "is_forced") for verdict in verdicts]
    return Report(data={"names": names})


def verification(results: Sequence[tuple[ShimRecord, Sequence[Difference]]], problems: Sequence[str]) -> Report:
    """The contract of each shim, a line for each difference, then the count.

    In the data ``contracts`` holds one object a shim: ``name``, ``contract`` (``holds``, ``differs``, or the state of
    the shim), ``reason``, ``hint`` and ``differences``. ``holds`` is whether nothing moved, nothing broke, and no
    difference is an error.
    """
    found = [difference for _, differences in results for difference in differences]
    errors = sum(difference.is_error for difference in found)
    states = [record.state for record, _ in results]
    count = f"{states.count('upstream')} of {len(states)} shims compared with their upstream; {errors} errors"
    count += "".join(f"; {states.count(state)} {state}" for state in ("moved", "broken") if state in states)
    holds = not (errors or problems or any(record.problem for record, _ in results))
    data = {"problems": problems, "holds": holds, "contracts": [_contract_data(*result) for result in results]}
    return Report(data=data, lines=(*map(str, found), count), title=_title())


def _contract_data(record: ShimRecord, differences: Sequence[Difference]) -> dict[str, Any]:
    data = {**_fields(record, "name", "reason", "hint"), "contract": record.state}
    if record.state == "upstream":
        differs = any(difference.is_error for difference in differences)
        data |= {"contract": "differs" if differs else "holds", "hint": record.problem or record.hint}
    return {**data, "differences": [*map(vars, differences)]}


def _title() -> str:
    free_threaded = ", free-threaded," if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"ssot_shims {__version__} on {python}{free_threaded} at {sys.prefix}"


def show(out: TextIO | None, report: Report, form: str) -> None:
    """Write *report* on *out* as ``text``, ``json`` or ``markdown``."""
    write(out, {"text": _as_text, "json": _as_json, "markdown": _as_markdown}[form](report, out))


def _as_text(report: Report, out: TextIO | None) -> str:
    """For people: on a terminal in colour and wrapped to its width; elsewhere each row is one line, for grep."""
    is_terminal = out is not None and out.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else 0
    colour = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    # An old console of Windows shows escapes as they are; Windows Terminal and the shells of Unix set one of these.
    colour = colour and (sys.platform != "win32" or "WT_SESSION" in os.environ or "TERM" in os.environ)
    blocks = [wrapped(one_line(report.title), width)]
    for head, rows in _tables(report):
        blocks.append(table([*map(str.upper, head)] if report.title else (), rows, width=width, colour=colour))
    return _joined(blocks, (line for text in _lines(report) for line in wrapped(one_line(text), width)))


def _as_markdown(report: Report, _: object) -> str:
    """Markdown tables, fit for a CI step summary."""
    blocks = [[f"### {escape_markdown(report.title)}"]]
    for head, rows in _tables(report):
        texts = [(name, status, with_hint(reason, hint)) for name, status, reason, hint in rows]
        blocks.append(markdown_table(head, texts))
    return _joined(blocks, (f"- {escape_markdown(line)}" for line in _lines(report)))


def _tables(report: Report) -> Iterator[tuple[tuple[str, ...], list[tuple[str, str, str, str]]]]:
    """The head of each table that is not empty, and its rows, whose last cell is the hint."""
    for key, (name, status) in _TABLES.items():
        if found := report.data.get(key):
            reasons = [f"forced: {one['reason']}" if one.get("is_forced") else one["reason"] for one in found]
            rows = [(one["name"], one[status], why, one["hint"]) for one, why in zip(found, reasons, strict=True)]
            yield (name, status, "why"), rows


def _lines(report: Report) -> Iterator[str]:
    """The lines below the tables: the settings in force, those of the report, and what is wrong beside."""
    if report.title and (settings := _settings.in_force()):
        yield "settings: " + " ".join(f"{name}={value}" for name, value in settings.items())
    yield from report.lines
    yield from (f"problem: {problem}" for problem in report.data.get("problems", ()))


def _joined(blocks: Iterable[Iterable[str]], last: Iterable[str]) -> str:
    return "\n\n".join(filter(None, map("\n".join, [*blocks, last]))) + "\n"


def _as_json(report: Report, _: object) -> str:
    """The data behind ``schema``, which is 1 and grows when a key changes its meaning or goes; keys may be added."""
    head = {
        "schema": 1,
        "ssot_shims": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "prefix": sys.prefix,
        "settings": _settings.in_force(),
    }
    return json.dumps({**head, **report.data}, indent=2) + "\n"


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
        if not isinstance(error, BrokenPipeError) and (sys.platform, error.errno) != ("win32", errno.EINVAL):
            raise
        return False
    return True
