"""``ssot-shims migrate``: from its options to its exit code."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import ssot_shims._report as _report
from ssot_shims._codebase.files import Tree, add_file_arguments, find_files, import_roots, module_names, visit
from ssot_shims._codebase.findings import Finding, Problem, Report, counted, rendered, shown
from ssot_shims._codebase.source import read_source
from ssot_shims._migrate.file import File
from ssot_shims._migrate.new_home import NewHomes, imported_by, located, parsed
from ssot_shims._migrate.rewrite import clear_leftovers, replace, rewrite, unified_diff
from ssot_shims._migrate.rules import Given, Rules, rules_of, shims_in
from ssot_shims._names import SHIMS
from ssot_shims._project.pyproject import Project
from ssot_shims._record import Record
from ssot_shims.errors import InvalidSetting, MigrationError

_PACKAGE = Path(__file__).parents[1]
_LEFT = frozenset({"left", "refused", "unsure", "star import", "module"})  # what --check fails for


class Job(Record):
    """What is to be done to each file."""

    rules: Rules
    homes: NewHomes
    is_written: bool
    has_diff: bool


class Outcome(Record):
    """What became of one file that had something to rewrite or to report."""

    findings: tuple[Finding, ...]
    diff: bytes = b""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the command to its *parser*."""
    add_file_arguments(parser, "json", "github")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="change the files instead of showing a diff")
    mode.add_argument("--check", action="store_true", help="change nothing; exit code 1 when any import is left")
    rule = "old.mod:Name=new.mod:Name, or old.mod:*=new.mod:* for all names; added to the rules of pyproject.toml"
    parser.add_argument("--rule", action="append", default=[], metavar="OLD=NEW", help=rule)


def run(options: Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    """Do what *options* say, called in *folder* of *project*, and report on *out*; gives the exit code.

    Raises a :class:`SsotShimsError` for what keeps it from starting. No file has been touched then.
    """
    if missing := [name for name in ("libcst", "rich") if find_spec(name) is None]:
        problem = f"migrate needs {' and '.join(missing)}, which this Python does not have"
        raise MigrationError(problem, f"install it: python -m pip install {' '.join(missing)}")
    root = os.path.realpath(project.root)
    homes = NewHomes(roots=import_roots(root, folder))
    rules, notes = _rules(options.rule, project, homes)
    has_diff = options.format == "text" and not (options.write or options.check)
    job = Job(rules=rules, homes=homes, is_written=options.write, has_diff=has_diff)
    tree = find_files(options.paths, root, (*project.exclude, *options.exclude), not options.no_gitignore)
    if options.write:
        clear_leftovers(tree.files)
    has_bar = not (has_diff and out is not None and out.isatty())  # a diff shows by itself how far it is
    findings, problems = list[Finding](), [*tree.problems]
    with closing(visit(tree.files, partial(migrate_file, job=job), options.jobs, has_bar)) as visiting:
        for outcome in visiting:
            if isinstance(outcome, Problem):
                problems.append(outcome)
            elif outcome:
                findings += outcome.findings
                if outcome.diff and not _report.write(out, outcome.diff):
                    break  # nobody reads on
    report = _summary(options, findings, problems, tree.replace(notes=(*tree.notes, *notes)))
    _report.write(out, rendered(report, options.format))
    return 1 if options.check and report.counts["left"] else 3 if report.problems else 0


def _rules(options: list[str], project: Project, homes: NewHomes) -> tuple[Rules, list[str]]:
    """The rules in *options*, of *project*, and of the shims; and a note for each shim that cannot be read."""
    given = [(old, new, "--rule") for old, _, new in (rule.partition("=") for rule in options)]
    by_shims: list[Given] = []
    upstreams: list[str] = []
    notes: list[str] = []
    for module, file in _shim_files(project, homes):
        for name, line, places, targets in shims_in(parsed(file).tree):
            where = f"{shown(file)}:{line}"
            by_shims += [(place, f"{module}:{name}", f"the shim {name}, {where}") for place in places if place]
            upstreams += (re.split("[.:]", target)[0] for target in targets if target and places)
            if None in places:
                notes.append(f"{where}: replaces= is not written as plain text; write a rule for {name}")
    return rules_of([*given, *project.rules], [*by_shims, *_drop_in_rules()], upstreams), notes


def _drop_in_rules() -> Iterator[Given]:
    """A rule for each public class, function and object of the drop-in for ``test_framework.ssot.orchestration``."""
    for node in parsed(str(_PACKAGE / "orchestration.py")).tree.body:
        name = getattr(node, "name", "") or getattr(getattr(node, "target", None), "id", "")
        if name and not name.startswith("_") and not name.isupper():
            place = "orchestration:" + name
            yield f"test_framework.ssot.{place}", f"ssot_shims.{place}", "the drop-in ssot_shims.orchestration"


def _shim_files(project: Project, homes: NewHomes) -> Iterator[tuple[str, str]]:
    """Where shims are imported from, and the file: those that ship, those in *project*, and in what that imports."""
    yield from (("ssot_shims", str(_PACKAGE / f"{module}.py")) for module in SHIMS.values())
    found: dict[str, str] = {}
    for module in project.modules:
        file = located(homes.roots, module)[0] if all(map(str.isidentifier, module.split("."))) else ""
        if not file:
            place = f"tool.ssot_shims.modules in {project.file}"
            raise InvalidSetting(place, module, f"a module whose source is below {project.root}")
        found |= {module: file} | imported_by(homes.roots, module)
    yield from ((module, file) for module, file in found.items() if not file.startswith(str(_PACKAGE)))


def migrate_file(file: str, job: Job) -> Outcome | None:
    """What became of *file*; None when no rule concerns it."""
    old = Path(file).read_bytes()
    if not job.rules.may_concern(old):
        return None
    names = module_names(file, *job.homes.roots)
    new, found = rewrite(File(file, read_source(old), names, job.rules, job.homes))
    if new is not None and job.is_written:
        replace(file, old, new)
    name = shown(file)
    diff = unified_diff(name, old, new) if new is not None and job.has_diff else b""
    return Outcome(findings=tuple(each.replace(path=name) for each in found), diff=diff)


def _summary(options: Namespace, findings: list[Finding], problems: list[Problem], tree: Tree) -> Report:
    kinds = Counter(found.kind for found in findings)
    rewritten = len({found.path for found in findings if found.kind == "left"})
    left = sum(kinds[kind] for kind in _LEFT) - (kinds["left"] if options.write else 0)
    if not options.check and (options.write or options.format == "text"):  # it is done, or the diff says it
        findings = [found for found in findings if found.kind != "left"]
    done = "rewritten" if options.write else "to rewrite with --write"
    parts = [counted(len(tree.files), "file"), f"{rewritten} {done}", f"{kinds.total() - kinds['left']} reported"]
    parts += [counted(len(problems), "problem")] if problems else []
    return Report(
        findings=tuple(findings),
        notes=tree.notes,
        problems=tuple(problems),
        summary="; ".join(parts),
        counts={"files": len(tree.files), "rewritten": rewritten, "left": left},
        is_all=options.all,
    )
