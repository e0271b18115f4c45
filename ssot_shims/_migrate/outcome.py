"""One file of a migration, from its bytes to what became of it."""

from __future__ import annotations

import os

from ssot_shims._migrate.rewriting import Finding, Replacement, Unparsable, rewrite
from ssot_shims._migrate.tree import module_names, shown
from ssot_shims._migrate.writing import read, replace
from ssot_shims._record import Record
from ssot_shims._text import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from ssot_shims._migrate.homes import Homes
    from ssot_shims._migrate.rules import Rules

    Mode = Literal["dry run", "check", "write"]


class Job(Record):
    """What is to be done to each file; worker processes get it too."""

    rules: Rules
    homes: Homes
    root: str  # of the project: dotted names may begin there
    mode: Mode


class Outcome(Record):
    """What became of one file that had something to rewrite or to tell."""

    path: str  # as it is shown
    replacements: tuple[Replacement, ...] = ()
    findings: tuple[Finding, ...] = ()
    diff: bytes = b""
    problem: str = ""  # why the file is not as it should be, with its place


class Batch(Record):
    """How many files were looked at, and what became of those that concern somebody."""

    files: int
    outcomes: tuple[Outcome, ...]


def migrate_batch(files: Iterable[str], job: Job, is_stopped: Callable[[], bool]) -> Batch:
    """Do *job* to one of *files* after the other; once *is_stopped* says so, no further one is begun."""
    looked_at = 0
    found: list[Outcome] = []
    for file in files:
        if is_stopped():
            break
        looked_at += 1
        if outcome := migrate_file(file, job):
            found.append(outcome)
    return Batch(files=looked_at, outcomes=tuple(found))


def migrate_file(file: str, job: Job) -> Outcome | None:
    """What became of *file*; None when no rule concerns it. Whatever goes wrong with it is told, and not raised."""
    try:
        source = read(file)
        return _rewritten(file, source, job) if job.rules.may_concern(source) else None
    except Unparsable as error:
        return _failed(file, f"cannot be parsed: {error.cause}", f":{error.line}")
    except OSError as error:
        return _failed(file, f"cannot be read: {error.strerror}")
    except Exception as error:  # one file must not keep the others from being done
        return _failed(file, f"cannot be rewritten: {describe(error)}")


def _failed(file: str, why: str, line: str = "") -> Outcome:
    name = shown(file)
    return Outcome(path=name, problem=f"{name}{line}: {why}")


def _rewritten(file: str, source: bytes, job: Job) -> Outcome:
    name = shown(file)
    stem = os.path.splitext(os.path.basename(file))[0]
    names, path = module_names(file, job.root), os.path.realpath(file)
    made = rewrite(source, names, stem == "__init__", job.rules, job.homes, path)
    outcome = Outcome(path=name, replacements=made.replacements, findings=made.findings)
    if made.source == source:
        return outcome
    if job.mode == "write":
        try:
            replace(file, source, made.source)
        except OSError as error:
            return outcome.replace(replacements=(), problem=f"{name}: cannot be written: {error.strerror}")
    if job.mode == "dry run":
        from ssot_shims._migrate.diff import unified_diff  # difflib, and only a dry run shows one

        return outcome.replace(diff=unified_diff(name.replace(os.sep, "/").lstrip("/"), source, made.source))
    return outcome
