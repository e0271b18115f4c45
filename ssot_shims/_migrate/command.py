"""``ssot-shims migrate``: from its options to its exit code."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import ssot_shims._report as _report
from ssot_shims._codebase.files import Choice, find_files, module_names, shown
from ssot_shims._codebase.findings import Finding, Problem, Report, rendered
from ssot_shims._codebase.pool import all_cores, progress, stoppable, visit
from ssot_shims._codebase.source import Unparsable, read_source, read_text
from ssot_shims._migrate.file import File
from ssot_shims._migrate.new_home import NewHomes, parsed
from ssot_shims._migrate.rewrite import clear_leftovers, read, replace, rewrite, unified_diff
from ssot_shims._migrate.rules import read_rules, shims_in
from ssot_shims._names import SHIMS
from ssot_shims._record import Record
from ssot_shims._text import describe
from ssot_shims.errors import InvalidSetting, MigrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from ssot_shims._migrate.rules import Rules
    from ssot_shims._project.pyproject import Project

_PACKAGE = Path(__file__).parents[1]
_COUNTED = {"home": "inside a home", "kept": "kept by a comment"}  # nothing is to be decided about these
_LEFT = frozenset({"left", "refused", "unsure", "star import", "module"})  # what --check fails for


class Job(Record):
    """What is to be done to each file."""

    rules: Rules
    homes: NewHomes
    root: str  # of the project: dotted names may begin there
    mode: str  # "dry run", "check" or "write"


class Outcome(Record):
    """What became of one file that had something to rewrite or to report."""

    is_rewritten: bool = False  # or would be
    findings: tuple[Finding, ...] = ()
    diff: bytes = b""
    problem: Problem | None = None


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the command to its *parser*."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder, or a .py or .pyi file")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="rewrite the files; without it the changes are shown")
    mode.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if there is anything to rewrite"
    )
    rule = "where a name moved: old.mod:Name=new.mod:Name, or old.mod:*=new.mod:* for all of them; also read are the "
    rule += "rules in pyproject.toml and replaces= of the shims; as often as you like"
    parser.add_argument("--rule", action="append", default=[], metavar="OLD=NEW", help=rule)
    exclude = "leave these files out, such as tests/fixtures or **/*_pb2.py; as often as you like"
    parser.add_argument("--exclude", action="append", default=[], metavar="GLOB", help=exclude)
    parser.add_argument("--no-gitignore", action="store_true", help="also take the files that git ignores")
    parser.add_argument("--all", action="store_true", help="list every place, not only the first three of each kind")
    parser.add_argument("--format", choices=("text", "json", "github"), default="text", help="how to print it (text)")
    parser.add_argument("--jobs", metavar="N", help="how many processes to use at most (one a core)")


def run(options: Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    """Do what *options* say, called in *folder* of *project*, and report on *out*; gives the exit code.

    Raises a :class:`SsotShimsError` for what keeps it from starting. No file has been touched then.
    """
    if missing := [name for name in ("libcst", "rich") if find_spec(name) is None]:
        problem = f"migrate needs {' and '.join(missing)}, which this Python does not have"
        raise MigrationError(problem, "install it: python -m pip install 'ssot_shims[migrate]'")
    try:
        return _migrate(options, project, folder, out)
    except KeyboardInterrupt:
        return _interrupted("every file is whole, old or new")


def _migrate(options: Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    jobs = _jobs(options.jobs)
    root = os.path.realpath(project.root)
    places = dict.fromkeys((root, os.path.join(root, "src"), os.path.realpath(folder)))
    homes = NewHomes(roots=tuple(place for place in places if os.path.isdir(place)))
    rules, notes = _rules(options, project, homes)
    mode = "write" if options.write else "check" if options.check else "dry run"
    job = Job(rules=rules, homes=homes, root=root, mode=mode)
    exclude, is_git_asked = (*project.exclude, *options.exclude), not options.no_gitignore
    tree = find_files(Choice(paths=tuple(options.paths), root=root, exclude=exclude, is_git_asked=is_git_asked))
    leftovers = clear_leftovers(tree.files) if options.write else []
    problems = [Problem(path=place, text=text) for place, text in (*tree.problems, *leftovers)]
    is_bar_wanted = mode != "dry run" or out is None or not out.isatty()  # a diff shows by itself how far it is
    outcomes: list[Outcome] = []
    visited = 0
    with stoppable() as is_stopped:
        visiting = visit(tree.files, partial(migrate_file, job=job), jobs, is_stopped)
        with progress(len(tree.files), is_bar_wanted) as show, closing(visiting) as batches:
            for batch in batches:
                visited += batch.files
                show(batch.files)
                outcomes += [outcome.replace(diff=b"") for outcome in batch.results]
                problems += [Problem(path=options.paths[0], text=batch.problem)] if batch.problem else []
                diff = b"".join(outcome.diff for outcome in batch.results) if options.format == "text" else b""
                if diff and not _report.write(out, diff):
                    break  # nobody reads on
        report = _summary(job, visited, outcomes, (*tree.notes, *notes), problems)
        if mode != "check" and (mode == "write" or options.format == "text"):  # a diff says it, or it is done
            report = report.replace(findings=tuple(found for found in report.findings if found.kind != "left"))
        report = report.replace(is_all=options.all)
        if is_stopped() and visited < len(tree.files):
            done = f"{visited} of {len(tree.files)} files were visited, {report.counts['rewritten']} were rewritten"
            return _interrupted(f"{done}; every file is whole, old or new")
        _report.write(out, rendered(report, options.format))
        return _exit_code(mode, report)


def _interrupted(how_far: str) -> int:
    print(f"ssot-shims: interrupted: {how_far}; to do the rest, run it again", file=sys.stderr)
    return 130


def _jobs(value: str | None) -> int:
    if value is None:
        return all_cores()
    if not value.isdecimal() or int(value) < 1:
        raise InvalidSetting("--jobs", value, "how many processes to use at most, 1 or more")
    return int(value)


def _rules(options: Namespace, project: Project, homes: NewHomes) -> tuple[Rules, list[str]]:
    """The rules of the command line, of *project*, and of the shims; and a note for each shim that cannot be read."""
    given = [*_given(options.rule), *project.rules]
    by_shims: list[tuple[str, str, str]] = []
    upstreams: list[str] = []
    notes: list[str] = []
    for module, file in _shim_files(project, homes):
        tree = parsed(file)
        for found in shims_in(tree) if tree else ():
            place = f"{shown(file)}:{found.line}"
            public = "ssot_shims" if module.startswith("ssot_shims.") else module
            by_shims += [(old, f"{public}:{found.name}", f"the shim {found.name}, {place}") for old in found.places]
            upstreams += found.upstreams
            if not found.is_plain:
                notes.append(f"{place}: replaces= is not written as plain text; write a rule for {found.name}")
    return read_rules(given, [*by_shims, *_drop_in_rules()], upstreams), notes


def _drop_in_rules() -> Iterator[tuple[str, str, str]]:
    """A rule for each public class, function and object of the drop-in for ``test_framework.ssot.orchestration``."""
    tree = parsed(str(_PACKAGE / "orchestration.py"))
    for node in tree.body if tree else ():
        name = getattr(node, "name", "") or getattr(getattr(node, "target", None), "id", "")
        if name and not name.startswith("_") and not name.isupper():
            place = "orchestration:" + name
            yield f"test_framework.ssot.{place}", f"ssot_shims.{place}", "the drop-in ssot_shims.orchestration"


def _given(rules: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for rule in rules:
        old, sign, new = rule.partition("=")
        if not sign:
            raise InvalidSetting("--rule", rule, "OLD=NEW, such as old.mod:Name=new.mod:Name")
        yield old.strip(), new.strip(), "--rule"


def _shim_files(project: Project, homes: NewHomes) -> Iterator[tuple[str, str]]:
    """The modules that declare shims, each with its file: those that ship, those of *project*, what they import."""
    yield from ((f"ssot_shims.{module}", str(_PACKAGE / f"{module}.py")) for module in SHIMS.values())
    found: dict[str, str] = {}
    for module in project.modules:
        file = homes.file_of(module) if all(map(str.isidentifier, module.split("."))) else ""
        if not file:
            place = f"tool.ssot_shims.modules in {project.file}"
            raise InvalidSetting(place, module, f"a module whose source is below {project.root}")
        found |= {module: file} | homes.imported_by(module)
    yield from ((module, file) for module, file in found.items() if not file.startswith(str(_PACKAGE)))


def migrate_file(file: str, job: Job) -> Outcome | None:
    """What became of *file*; None when no rule concerns it. Whatever goes wrong is reported, and not raised."""
    name = shown(file)
    try:
        source = read(file)
        return _migrated(file, name, source, job) if job.rules.may_concern(source) else None
    except Unparsable as error:
        return Outcome(problem=Problem(path=name, line=error.line, text=f"cannot be parsed: {error.cause}"))
    except OSError as error:
        return Outcome(problem=Problem(path=name, text=f"cannot be read: {error.strerror}"))
    except Exception as error:  # one file must not keep the others from being done
        return Outcome(problem=Problem(path=name, text=f"cannot be rewritten: {describe(error)}"))


def _migrated(file: str, name: str, source: bytes, job: Job) -> Outcome | None:
    is_package = os.path.splitext(os.path.basename(file))[0] == "__init__"
    parsed_file = read_source(read_text(source))
    new, findings = rewrite(
        File(parsed_file, module_names(file, job.root), is_package, job.rules, job.homes, os.path.realpath(file)),
    )
    findings = tuple(found.replace(path=name) for found in findings)
    if new is None:
        return Outcome(findings=findings) if findings else None
    if job.mode == "write":
        try:
            replace(file, source, new)
        except OSError as error:
            problem = Problem(path=name, text=f"cannot be written: {error.strerror}")
            return Outcome(findings=findings, problem=problem)
    diff = unified_diff(name.replace(os.sep, "/").lstrip("/"), source, new) if job.mode == "dry run" else b""
    return Outcome(is_rewritten=True, findings=findings, diff=diff)


def _summary(
    job: Job, visited: int, outcomes: list[Outcome], notes: tuple[str, ...], problems: list[Problem]
) -> Report:
    findings = [found for outcome in outcomes for found in outcome.findings]
    shown_ones = tuple(found for found in findings if found.kind not in _COUNTED)
    problems = [*problems, *(outcome.problem for outcome in outcomes if outcome.problem)]
    kinds = Counter(found.kind for found in findings)
    rewritten = sum(outcome.is_rewritten for outcome in outcomes)
    done = {"write": "rewritten", "check": "left to rewrite: --write does it", "dry run": "to rewrite: --write does it"}
    reported = sum(found.kind != "left" for found in shown_ones)
    parts = [_number(visited, "file"), f"{rewritten} {done[job.mode]}", f"{reported} reported"]
    parts += [f"{kinds[kind]} {words}" for kind, words in _COUNTED.items() if kinds[kind]]
    parts += [_number(len(problems), "problem")] if problems else []
    counts = {"files": visited, "rewritten": rewritten, "left": sum(kinds[kind] for kind in _LEFT)}
    return Report(findings=shown_ones, notes=notes, problems=tuple(problems), summary="; ".join(parts), counts=counts)


def _exit_code(mode: str, report: Report) -> int:
    """1 when a check finds something left, else 3 when a file could not be done, else 0."""
    if mode == "check" and report.counts["left"]:
        return 1
    return 3 if report.problems else 0


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
