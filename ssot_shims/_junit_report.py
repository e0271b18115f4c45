"""``ssot-shims report``: from its options to its exit code."""

from __future__ import annotations

import json
import tomllib
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TextIO

import ssot_shims._report as _report
from ssot_shims._junit import Totals, around, find_files, read_files
from ssot_shims._project.pyproject import Project
from ssot_shims._text import escape_markdown, one_line, read_regular_file
from ssot_shims._version import __version__
from ssot_shims.errors import InvalidSetting

_SHOWN = 20  # tests of a group that are shown without --all
_CONDITIONS = ("never-ran", "newly-skipped")


def add_arguments(parser: ArgumentParser) -> None:
    """Give *parser* the arguments of the command."""
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="JUnit XML of a job; a folder with .xml files below it; a glob")
    add("--against", nargs="+", action="extend", default=[], metavar="OLD", help="JUnit XML of an earlier run")
    about = "exit code 1 for a test that ran in no job, or that ran in an earlier run and in no job now"
    add("--fail-on", action="append", default=[], choices=_CONDITIONS, help=about)
    add("--allow", metavar="FILE", help='a TOML file of tests, or globs, that need not run: "test" = "why"')
    about = "put PREFIX before the names of the tests in files that match GLOB"
    add("--suite", action="append", default=[], metavar="PREFIX=GLOB", help=about)
    add("--all", action="store_true", help=f"list every test, not only {_SHOWN} of each group")
    add("--format", choices=_FORMATS, default="text", help="how the report is written (default: text)")


def run(options: Namespace, _project: Project, _folder: Path, out: TextIO | None) -> int:
    """Do what *options* say, report on *out*, and give the exit code. Raises :class:`InvalidSetting`."""
    if "newly-skipped" in options.fail_on and not options.against:
        raise InvalidSetting("--fail-on", "newly-skipped", "--against OLD.xml beside it")
    allowed, prefixes = _allowed(options.allow), [_prefix(text) for text in options.suite]
    totals = read_files(find_files("FILE", options.files), prefixes)
    data = _added_up(totals, read_files(find_files("--against", options.against), prefixes), allowed)
    _report.write(out, _FORMATS[options.format](data, None if options.all else _SHOWN))
    if any(data[condition.replace("-", "_")] for condition in options.fail_on):
        return 1
    return 3 if data["problems"] else 0


def _prefix(text: str) -> tuple[str, str]:
    prefix, _, pattern = text.partition("=")
    if not prefix or not pattern:
        raise InvalidSetting("--suite", text, "PREFIX=GLOB, such as api=api-*.xml")
    return prefix, pattern


def _allowed(file: str | None) -> dict[str, str]:
    """The reasons that *file* gives, by test or glob."""
    try:
        entries = tomllib.loads(read_regular_file(file).decode()) if file else {}
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidSetting("--allow", str(file), f"a file in TOML: {error}") from error
    for entry, why in entries.items():
        if not isinstance(why, str) or not why.strip():
            raise InvalidSetting(f"{entry!r} in {file}", str(why), "a text that says why it need not run")
    return entries


def _allows(entry: str, test: str) -> bool:
    """Whether *entry* is *test*, or a glob for it, in which only ``*`` and ``?`` have a meaning.

    >>> _allows("tests.test_gpu::*[8-*]", "tests.test_gpu::test_sum[8-float]")
    True
    """
    return entry == test or fnmatchcase(test, entry.replace("[", "[[]"))


def _added_up(totals: Totals, before: Totals, allowed: Mapping[str, str]) -> dict[str, Any]:
    """What the report says: the JSON that docs/ci.md describes."""
    never_ran, ran_before = totals.never_ran, before.ran
    reasons = {test: why for test in never_ran for entry, why in allowed.items() if _allows(entry, test)}
    counted = {test: by_job for test, by_job in never_ran.items() if test not in reasons}
    left = [test for test in before.outcomes.keys() & ran_before if not {test, *around(test)} & totals.outcomes.keys()]
    stale = [entry for entry in allowed if not any(_allows(entry, test) for test in reasons)]
    return {
        "schema": 1,
        "ssot_shims": __version__,
        "tests": len(totals.outcomes),
        "jobs": totals.jobs,
        "never_ran": counted,
        "allowed": reasons,
        "newly_skipped": {test: by_job for test, by_job in counted.items() if test in ran_before},
        "gone": sorted(left),
        "needed": dict(sorted(totals.needed.items())),
        "required": totals.nowhere(totals.required),
        "placeholders": totals.nowhere(totals.shims),
        "notes": [*totals.notes, *before.notes, *(f"--allow: {entry!r} applies to no test" for entry in stale)],
        "problems": [*totals.problems, *before.problems],
    }


def _paragraphs(data: dict[str, Any], most: int | None) -> Iterator[tuple[str, str, list[str]]]:
    """What a person is shown: the level of each paragraph, what it is about, and at most so many lines of it."""
    found = [("error", "problems", data["problems"]), ("", "notes", data["notes"])]
    for key, what in (("never_ran", "ran in no job"), ("newly_skipped", "ran before, and in no job now")):
        found += [("warning", f"{what}: {reasons}", tests) for reasons, tests in _groups(data[key])]
    found.append(("", "ran before, and are in no file now", data["gone"]))
    seen = ("warning", "required", "required, and met in no job"), ("", "placeholders", "placeholders in every job")
    for level, key, what in seen:
        lines = [f"{name}: {'; '.join(map(': '.join, by_job.items()))}" for name, by_job in data[key].items()]
        found.append((level, what, lines))
    found.append(("", "needed by tests, or the reason of their skip", [_need(*one) for one in data["needed"].items()]))
    found.append(("", "jobs", [f"{job}: {_share(counts)}" for job, counts in data["jobs"].items()]))
    for level, what, lines in found:
        more = [] if most is None or len(lines) <= most else [f"... and {len(lines) - most} more; --all lists them"]
        if lines:
            yield level, one_line(f"{what} ({len(lines)})"), [*map(one_line, lines[:most]), *more]


def _groups(tests: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """The tests with the same reasons, the largest group first, and these reasons with their jobs."""
    groups: dict[frozenset[str], list[str]] = {}
    for test, by_job in sorted(tests.items()):
        groups.setdefault(frozenset(by_job.values()), []).append(test)
    for group in sorted(groups.values(), key=len, reverse=True):
        jobs: dict[str, dict[str, None]] = {}
        for job, reason in (outcome for test in group for outcome in tests[test].items()):
            jobs.setdefault(reason, {})[job] = None
        yield "; ".join(f"{reason} [{', '.join(of_it)}]" for reason, of_it in jobs.items()), group


def _need(name: str, by_job: Mapping[str, Counter[str]]) -> str:
    where = ", ".join(f"{job}: {_share(counts)}" for job, counts in by_job.items())
    return f"{name}: {_share(sum(by_job.values(), Counter[str]()))} ({where})"


def _share(counts: Counter[str]) -> str:
    return f"{counts['ran']} of {counts.total()} ran"


def _summary(data: dict[str, Any]) -> str:
    never, allowed = len(data["never_ran"]), len(data["allowed"])
    return f"jobs: {len(data['jobs'])}; tests: {data['tests']}; ran in no job: {never}; allowed not to run: {allowed}"


def _text(data: dict[str, Any], most: int | None) -> str:
    blocks = ([what, *(f"  {line}" for line in lines)] for _, what, lines in _paragraphs(data, most))
    return "\n\n".join([_summary(data), *map("\n".join, blocks)]) + "\n"


def _markdown(data: dict[str, Any], most: int | None) -> str:
    found = ((escape_markdown(what), map(escape_markdown, lines)) for _, what, lines in _paragraphs(data, most))
    blocks = (f"**{what}**\n\n- " + "\n- ".join(lines) for what, lines in found)
    return "\n\n".join([f"### {_summary(data)}", *blocks]) + "\n"


def _github(data: dict[str, Any], most: int | None) -> str:
    shown = ((level, f"{what}: {', '.join(lines)}") for level, what, lines in _paragraphs(data, most) if level)
    lines = [f"::{level} title=ssot-shims report::{one_line(text).replace('%', '%25')}" for level, text in shown]
    return "\n".join([*lines, _summary(data)]) + "\n"


_FORMATS: dict[str, Callable[[dict[str, Any], int | None], str]] = {
    "text": _text,
    "json": lambda data, _: json.dumps(data, indent=2) + "\n",
    "markdown": _markdown,
    "github": _github,
}
