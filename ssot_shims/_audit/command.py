"""``ssot-shims audit``: from its options to its exit code."""

from __future__ import annotations

import json
import os
import re
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TextIO

import ssot_shims._report as _report
from ssot_shims._audit.fallback import fallbacks
from ssot_shims._audit.pattern import BEST_FIRST, RULES, Pattern, Places, defined_elsewhere
from ssot_shims._audit.probe import probe
from ssot_shims._audit.skip import Conditions, importorskips, skips
from ssot_shims._codebase.files import Tree, add_file_arguments, find_files, import_roots, is_excluded, visit
from ssot_shims._codebase.findings import Finding, Problem, Report, counted, rendered, shown
from ssot_shims._codebase.source import FUNCTIONS, Source, Text, read_source, statements
from ssot_shims._project.pyproject import Project, Table
from ssot_shims._record import Record
from ssot_shims._text import close_as_text, read_regular_file
from ssot_shims.errors import InvalidSetting

_PROBE = rb"docker|connect|urlopen|requests\.|httpx|aiohttp"
_WORTH = rb"ImportError|ModuleNotFoundError|skip|Skip|" + _PROBE
_IGNORE = re.compile(rb"[^\r\n]*#\s*ssot-shims:\s*ignore\b[ \t]*(?:\[[ \t]*(SSA[^]\r\n]*)\])?")
_UNTOLD = frozenset({"imports", "replaced", "asked", "notation"})  # what only the search itself needs


class Job(Record):
    """What is to be done to each file: rules by how they begin, and the names of a suite's own checks."""

    places: Places
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    per_file: dict[str, tuple[str, ...]]  # rules to ignore, by glob
    exclude: tuple[str, ...]
    callables: tuple[str, ...]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the command to its *parser*."""
    add_file_arguments(parser, "json", "markdown", "github")
    rules = "rules: codes or how codes begin, such as SSA103,SSA2"
    parser.add_argument("--select", type=_split, metavar="RULES", help=f"report only these {rules}")
    parser.add_argument("--ignore", type=_split, default=(), metavar="RULES", help=f"do not report these {rules}")
    parser.add_argument("--baseline", metavar="FILE", help="report only findings that are not in this file")
    parser.add_argument("--write-baseline", metavar="FILE", help="write all findings to this file, and report none")


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def run(options: Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    """Do what *options* say, called in *folder* of *project*, and report on *out*; gives the exit code.

    That is 1 for findings, else 3 for files that cannot be read or parsed. Raises a :class:`SsotShimsError` for what
    keeps it from starting.
    """
    root = os.path.realpath(project.root)
    job = _job(options, project, Places(root=root, roots=import_roots(root, folder)))
    known = _read_baseline(options.baseline) if options.baseline else Counter[tuple[str, ...]]()
    tree = find_files(options.paths, root, job.exclude, not options.no_gitignore)
    seen = list(visit(tree.files, partial(audit_file, job=job), options.jobs, find_spec("rich") is not None))
    problems = (*tree.problems, *(each for each in seen if isinstance(each, Problem)))
    patterns = list(chain.from_iterable(each for each in seen if not isinstance(each, Problem)))
    found = _with_homes(patterns, tree.files, job.places.roots)
    if options.write_baseline:
        keys = sorted(_key(one, root) for one in found)
        Path(options.write_baseline).write_text(json.dumps(keys, indent=1) + "\n", encoding="utf-8")
        _report.write(out, f"{counted(len(keys), 'finding')} written to {options.write_baseline}\n")
        return 3 if problems else 0
    new: list[Pattern] = []
    for one in found:
        known[_key(one, root)] -= 1
        new += [one] if known[_key(one, root)] < 0 else []
    report = _report_of(new, problems, tree)
    if len(found) > len(new):
        report = report.replace(summary=f"{report.summary}; {len(found) - len(new)} in {options.baseline}")
    _report.write(out, rendered(report.replace(is_all=options.all), options.format))
    return 1 if new else 3 if problems else 0


def _report_of(found: Sequence[Pattern], problems: tuple[Problem, ...], tree: Tree) -> Report:
    counts = {level: sum(one.level == level for one in found) for level in ("error", "warning", "note")}
    parts = [counted(len(tree.files), "file"), counted(len(found), "finding")]
    parts += [counted(count, level) for level, count in counts.items() if count]
    parts += [counted(len(problems), "problem")] if problems else []
    return Report(
        findings=tuple(map(_shown, found)),
        rows=tuple({key: value for key, value in vars(one).items() if key not in _UNTOLD} for one in found),
        notes=tree.notes,
        problems=problems,
        summary="; ".join(parts),
        counts={"files": len(tree.files), **counts},
    )


def _shown(found: Pattern) -> Finding:
    """As people read it."""
    title = f"{found.rule} [{found.state}] {found.text}" if found.state else f"{found.rule} {found.text}"
    written = f"write: {found.replacement}" if found.replacement else ""
    text, what = "; ".join(filter(None, [title, found.reason, written])), RULES[found.rule]
    return Finding(path=found.path, line=found.line, kind=found.level, text=text, rule=found.rule, reason=what)


def _job(options: Namespace, project: Project, places: Places) -> Job:
    """What the table of *project* and *options* say together. Raises :class:`InvalidSetting`."""
    table = project.audit or Table(file=Path(), place="", entries={})
    table.refuse_other_keys("select", "ignore", "per-file-ignores", "exclude", "callables")
    files = table.table("per-file-ignores")
    job = Job(
        places=places,
        select=options.select or table.names("select"),
        ignore=(*table.names("ignore"), *options.ignore),
        per_file={glob: files.names(glob) for glob in files.entries},
        exclude=(*table.names("exclude"), *options.exclude),
        callables=table.names("callables"),
    )
    for rule in (*job.select, *job.ignore, *chain.from_iterable(job.per_file.values())):
        if not any(known.startswith(rule) for known in RULES):
            raise InvalidSetting("a rule to select or ignore", rule, f"a code such as SSA1{close_as_text(rule, RULES)}")
    return job


def audit_file(file: str, job: Job) -> list[Pattern]:
    """What is found in *file*."""
    body = Path(file).read_bytes()
    return [*_found(read_source(body), file, job)] if re.search(_WORTH, body) else []


def _found(source: Source, file: str, job: Job) -> Iterator[Pattern]:
    globs = [glob for glob in job.per_file if is_excluded(file, job.places.root, [glob])]
    unwanted = (*job.ignore, *(rule for glob in globs for rule in job.per_file[glob]))
    for pattern in sorted(patterns(source, shown(file), job.callables), key=lambda one: one.line):
        is_wanted = pattern.rule.startswith(job.select or ("SSA",)) and not pattern.rule.startswith(unwanted)
        if is_wanted and not _is_ignored(pattern, source.text) and (found := _judged(pattern, file, job.places)):
            yield found


def patterns(source: Source, file: str, callables: Sequence[str] = ()) -> Iterator[Pattern]:
    """Everything in the *source* of *file* that people write by hand; *callables* are checks of the suite's own."""
    nodes = [node for node, _ in statements(source.tree)]
    made = [*fallbacks(source, file)]
    if re.search(_PROBE, source.text.body):
        made += filter(None, (probe(node) for node in nodes if isinstance(node, FUNCTIONS)))
    yield from (*made, *skips(nodes, Conditions(nodes, made, callables)))
    if b"importorskip" in source.text.body:
        yield from importorskips(source.tree)


def _is_ignored(pattern: Pattern, text: Text) -> bool:
    """Whether a comment on the first line of *pattern* says so; without rules it means all of them."""
    found = _IGNORE.match(text.body, text.starts[pattern.line - 1])
    return found is not None and (found[1] is None or pattern.rule in _split(found[1].decode()))


def _judged(pattern: Pattern, file: str, places: Places) -> Pattern | None:
    """What is reported of *pattern* when it is known whether its imports are there; None for nothing."""
    verdicts = [places.verdict(imported, file) for imported in pattern.imports]
    state = max((one.state for one in verdicts), key=BEST_FIRST.index, default="")
    if not pattern.level and state != "moved":
        return None
    pairs = zip(pattern.imports, verdicts, strict=True)
    filled = dict.fromkeys(one.imported.fill(pattern.replacement) for each, one in pairs if each in pattern.replaced)
    reasons = dict.fromkeys(one.reason for one in verdicts if one.state == state)
    asked, replacement = [places.verdict(imported, file) for imported in pattern.asked], pattern.replacement
    for imported, verdict in zip(pattern.asked, asked, strict=True):
        for start in ('"', '"module:'):  # by its absolute name
            replacement = replacement.replace(f'{start}{imported.target}"', f'{start}{verdict.imported.target}"')
    return pattern.replace(
        level="error" if state == "moved" else pattern.level,
        path=shown(file),
        targets=tuple(one.imported.target for one in verdicts),
        state=state,
        reason="; ".join(filter(None, reasons)),
        moved_to={one.imported.target: one.homes for one in (*verdicts, *asked) if one.state == "moved"},
        replacement=", ".join(filled) or replacement,
    )


def _with_homes(found: list[Pattern], files: Sequence[str], roots: Sequence[str]) -> list[Pattern]:
    """*found*, with the *files* that define what its own package no longer has; a single one is what to import from."""
    lost = {target.partition(":")[2] for one in found for target, homes in one.moved_to.items() if not homes}
    elsewhere = defined_elsewhere(lost - {""}, files, roots)
    for number, one in enumerate(found):
        in_tree = {target: elsewhere.get(target.partition(":")[2], ()) for target in one.moved_to}
        moved_to = {target: homes or in_tree[target] for target, homes in one.moved_to.items()}
        replacement, reasons = one.replacement, [one.reason]
        for target, homes in moved_to.items():
            reasons += [f"now at {', '.join(homes)}"] if homes != one.moved_to[target] else []
            if len(homes) == 1:
                replacement = replacement.replace(f'"{target}"', f'"{homes[0]}"')
            is_asked = one.asked and f'{target}"' in replacement  # its test would never run
            if is_asked or f'("import:{target.partition(":")[0]}")' in replacement:
                replacement = ""
        found[number] = one.replace(moved_to=moved_to, replacement=replacement, reason="; ".join(reasons))
    return found


def _key(found: Pattern, root: str) -> tuple[str, ...]:
    """What a finding is known by in a baseline, wherever it moves in its file."""
    path = os.path.relpath(os.path.realpath(found.path), root).replace(os.sep, "/")
    return path, found.rule, found.level, found.text


def _read_baseline(file: str) -> Counter[tuple[str, ...]]:
    try:
        return Counter(tuple(map(str, entry)) for entry in json.loads(read_regular_file(file)))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InvalidSetting("--baseline", file, f"a file that --write-baseline has written: {error}") from error
