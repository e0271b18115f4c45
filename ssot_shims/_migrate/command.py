"""``ssot-shims migrate``: from what was said on the command line to the exit code."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from importlib.util import find_spec

import ssot_shims._report as _report
from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.outcome import Job
from ssot_shims._migrate.progress import progress
from ssot_shims._migrate.rules import read_rules, shim_rules, upstreams_of
from ssot_shims._migrate.summary import Summary, summary_text
from ssot_shims._migrate.tree import Choice, find_files
from ssot_shims._migrate.workers import all_cores, migrate_all, stoppable
from ssot_shims._migrate.writing import clear_leftovers
from ssot_shims._project.declarations import importable, load_declarations
from ssot_shims._report import write, write as write_bytes
from ssot_shims._shims.shim import all_shims
from ssot_shims.errors import InvalidSetting, MigrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from ssot_shims._migrate.outcome import Mode, Outcome
    from ssot_shims._migrate.rules import Rules
    from ssot_shims._project.pyproject import Project


def migrate(options: Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    """Do what *options* say, called in *folder* of *project*, and tell of it on *out*; gives the exit code.

    Raises a :class:`SsotShimsError` for what keeps it from starting. No file has been touched then.
    """
    _refuse_without_extra()
    try:
        with importable(folder, project.root):
            problems = _report.problems(load_declarations(project, (), folder))
        # From here on the folders of the tree are not on the path: nothing of it is imported.
        return _migrate(options, project, problems, out)
    except KeyboardInterrupt:
        return _interrupted("every file is whole, old or new")


def _refuse_without_extra() -> None:
    missing = [name for name in ("libcst", "rich") if find_spec(name) is None]
    if missing:
        problem = f"migrate needs {' and '.join(missing)}, which this Python does not have"
        raise MigrationError(problem, "install it: python -m pip install 'ssot_shims[migrate]'")


def _migrate(options: Namespace, project: Project, problems: tuple[str, ...], out: TextIO | None) -> int:
    jobs = _jobs(options.jobs)
    said = [*_said(options.rule), *project.rules, *shim_rules(all_shims())]
    rules = read_rules(said, upstreams_of(all_shims()))
    job = _job(options, os.path.realpath(project.root), rules)
    exclude = (*project.exclude, *options.exclude)
    tree = find_files(
        Choice(paths=tuple(options.paths), root=job.root, exclude=exclude, is_git_asked=not options.no_gitignore)
    )
    job = job.replace(homes=job.homes.replace(files=tree.files))
    left = clear_leftovers(tree.files) if options.write else []
    with stoppable() as is_stopped:
        files, outcomes = _run(tree.files, job, jobs, is_stopped, out)
        summary = Summary(
            mode=job.mode,
            rules=rules,
            files=files,
            outcomes=tuple(outcomes),
            notes=tree.notes,
            problems=(*problems, *tree.problems, *left),
        )
        if is_stopped() and files < len(tree.files):
            done = f"{files} of {len(tree.files)} files were looked at, {summary.rewritten} were rewritten"
            return _interrupted(f"{done}; every file is whole, old or new")
        write(out, summary_text(summary))
        return summary.exit_code


def _jobs(said: str | None) -> int:
    if said is None:
        return all_cores()
    if not said.isdecimal() or int(said) < 1:
        raise InvalidSetting("--jobs", said, "how many processes to use at most, 1 or more")
    return int(said)


def _said(rules: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The rules of the command line as pairs of what is old and what is new."""
    for rule in rules:
        old, sign, new = rule.partition("=")
        if not sign:
            raise InvalidSetting("--rule", rule, "OLD=NEW, such as old.mod:Name=new.mod:Name")
        yield old.strip(), new.strip(), "--rule"


def _job(options: Namespace, root: str, rules: Rules) -> Job:
    mode: Mode = "write" if options.write else "check" if options.check else "dry run"
    roots = tuple(folder for folder in (root, os.path.join(root, "src")) if os.path.isdir(folder))
    return Job(rules=rules, homes=Homes(roots=roots), root=root, mode=mode)


def _run(
    files: tuple[str, ...], job: Job, jobs: int, is_stopped: Callable[[], bool], out: TextIO | None
) -> tuple[int, list[Outcome]]:
    """How many files were looked at, and what became of some of them; in a dry run the differences are shown."""
    looked_at = 0
    outcomes: list[Outcome] = []
    # On a terminal the differences themselves show how it goes, and a bar would run through them.
    is_bar_wanted = job.mode != "dry run" or out is None or not out.isatty()
    with progress(len(files), is_bar_wanted) as show, closing(migrate_all(files, job, jobs, is_stopped)) as batches:
        for batch in batches:
            looked_at += batch.files
            show(batch)
            outcomes += [outcome.replace(diff=b"") for outcome in batch.outcomes]
            diff = b"".join(outcome.diff for outcome in batch.outcomes)
            if diff and not write_bytes(out, diff):
                break  # nobody reads on
    return looked_at, outcomes


def _interrupted(how_far: str) -> int:
    print(f"ssot-shims: interrupted: {how_far}; to do the rest, run it again", file=sys.stderr)
    return 130
