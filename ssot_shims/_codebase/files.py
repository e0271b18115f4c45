"""The files that a command visits: those below the paths it is given, never through a symbolic link; and the visit."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path, PurePath
from typing import Any

from ssot_shims._codebase.findings import Problem, attempt, shown
from ssot_shims._record import Record
from ssot_shims._text import one_line
from ssot_shims.errors import MigrationError

SUFFIXES = (".py", ".pyi")
_DECLINE = "or pass --no-gitignore"
_CHUNK = 20  # files that a process is given at a time
_WORTH = 500  # files; below that processes take longer to start than they save
_MOST = 60  # processes; Windows waits for no more at once


class Tree(Record):
    """The files to visit, in order; named files that are left out, and folders that cannot be read."""

    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def add_file_arguments(parser: ArgumentParser, *forms: str) -> None:
    """Add the arguments that say which files to visit, in how many processes, and in which of *forms* to report."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder, or a .py or .pyi file")
    exclude = "leave out files and folders, relative to the project's folder, such as tests/data or **/*_pb2.py"
    parser.add_argument("--exclude", action="append", default=[], metavar="GLOB", help=exclude)
    parser.add_argument("--no-gitignore", action="store_true", help="read files that git ignores as well")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="at most N processes (default: one a core)")
    parser.add_argument("--all", action="store_true", help="list every place, not only three of each group")
    form = "how the report is written (default: text)"
    parser.add_argument("--format", choices=("text", *forms), default="text", help=form)


def find_files(paths: Iterable[str], root: str, exclude: Sequence[str] = (), is_git_asked: bool = True) -> Tree:
    """The ``.py`` and ``.pyi`` files that *paths* mean, by their real paths.

    Left out are those that a glob of *exclude* fits, from *root* on, and if *is_git_asked*, those that git ignores.
    Raises :class:`MigrationError` for a path that is not there or is no Python, a glob that cannot fit, and a git that
    does not say what it ignores.
    """
    for glob in exclude:
        if not glob.strip("/") or PurePath(glob).is_absolute() or ".." in PurePath(glob).parts:
            problem = f"the exclude glob {glob!r} can fit nothing below {root}"
            raise MigrationError(problem, "write it relative to that folder, such as 'tests/fixtures' or '**/*_pb2.py'")
    places = list(map(_real, paths))
    named = sorted({place for place in places if not os.path.isdir(place)})
    ignored = _ignored_among(named) if is_git_asked else set[str]()
    files, problems = set(named) - ignored, list[Problem]()
    notes = [f"{shown(file)}: left out: git ignores it; to take it: --no-gitignore" for file in sorted(ignored)]
    for folder in dict.fromkeys(filter(os.path.isdir, places)):
        known = len(problems)
        below = {*_below(folder, is_git_asked, problems)}
        files |= below
        by_git = ", or git ignores it; to take it: --no-gitignore" if is_git_asked and _checkout_of(folder) else ""
        notes += [f"{shown(folder)}: no Python in it{by_git}"] if not below and len(problems) == known else []
    excluded = {file for file in (*files, *named) if is_excluded(file, root, exclude)}
    notes += [f"{shown(file)}: left out: an exclude glob names it" for file in named if file in excluded]
    return Tree(files=tuple(sorted(files - excluded)), notes=tuple(notes), problems=tuple(problems))


def _real(path: str) -> str:
    """The real path of what somebody named, which has to be a folder or Python source."""
    bare = path.rstrip(os.sep) or path
    real = os.path.realpath(bare)
    if not os.path.lexists(bare):
        raise MigrationError(f"there is no file or folder {path!r}", "name one that exists")
    if _is_link(bare):
        raise MigrationError(f"{path!r} is a symbolic link, which is never followed", f"name {real!r} instead")
    if not os.path.isdir(real) and not _is_python(real):
        raise MigrationError(f"{path!r} is neither a folder nor a .py or .pyi file", "name one of these")
    return real


def _is_link(path: str) -> bool:
    is_junction = getattr(os.path, "isjunction", os.path.islink)  # Windows, from Python 3.12 on
    return os.path.islink(path) or is_junction(path)


def _is_python(path: str) -> bool:
    """Whether this is a plain file of Python source; to open a pipe or a device would hang or worse."""
    try:
        return path.endswith(SUFFIXES) and stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False  # tracked by git and deleted
    except OSError:
        return True  # reading it shows what is wrong


def _below(folder: str, is_git_asked: bool, problems: list[Problem]) -> Iterator[str]:
    """Python source below *folder*: of a git checkout what git tracks or would, elsewhere all of it."""
    if is_git_asked and _checkout_of(folder):
        yield from _below_in_checkout(folder, problems)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(path=shown(folder), text=f"cannot be read: {error.strerror}"))
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            yield from filter(_is_python, [entry.path])
        elif not _is_closed(entry.path):
            yield from _below(entry.path, is_git_asked, problems)


def _is_closed(folder: str) -> bool:
    """Whether nothing below is anybody's source: git's own files, byte code, a virtual environment; or it is a link."""
    is_named_so = os.path.basename(folder) in (".git", "__pycache__")
    return is_named_so or _is_link(folder) or os.path.isfile(os.path.join(folder, "pyvenv.cfg"))


def _below_in_checkout(folder: str, problems: list[Problem]) -> Iterator[str]:
    @cache
    def is_open(inner: str) -> bool:
        if len(inner) <= len(folder):
            return inner == folder  # git names an empty submodule by itself
        return is_open(os.path.dirname(inner)) and not _is_closed(inner)

    paths, warnings = _not_ignored(folder)
    problems += [Problem(path=shown(folder), text=f"git: {warning}") for warning in warnings]
    for path in paths:
        if not is_open(os.path.dirname(path)):
            continue
        if _is_checkout(path):  # one inside another is named as a whole
            yield from _below(path, True, problems) if is_open(path) else ()
        elif _is_python(path):
            yield path


def _checkout_of(folder: str) -> str:
    """The topmost folder of the git checkout that *folder* is in; empty when it is in none."""
    return next((str(place) for place in (Path(folder), *Path(folder).parents) if _is_checkout(str(place))), "")


def _is_checkout(folder: str) -> bool:
    place = os.path.join(folder, ".git")  # a file in a second working tree and in a submodule
    return os.path.isfile(place) or os.path.isfile(os.path.join(place, "HEAD"))


def _ignored_among(files: Sequence[str]) -> set[str]:
    by_checkout: dict[str, set[str]] = {}
    for file in files:
        by_checkout.setdefault(_checkout_of(os.path.dirname(file)), set()).add(file)
    by_checkout.pop("", None)
    return {file for checkout, some in by_checkout.items() for file in some - {*_not_ignored(checkout, *some)[0]}}


def _not_ignored(folder: str, *paths: str) -> tuple[list[str], list[str]]:
    """The files below *folder*, or those of *paths*, that git tracks or would track; and what git warns of."""
    # In a hook such variables name the repository that is committed to.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}
    # A file system monitor is a program that the checkout names; nothing of it is to run.
    command = ["git", "-C", folder, "-c", "core.fsmonitor=false", "--literal-pathspecs", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard", "--", *paths]
    try:
        done = subprocess.run(command, capture_output=True, env={**kept, "LC_ALL": "C"}, check=False)
    except FileNotFoundError as error:
        problem = f"git is not installed, and only git knows what it ignores in {folder}"
        raise MigrationError(problem, f"install git, {_DECLINE}") from error
    warnings = [one_line(line) for line in os.fsdecode(done.stderr).splitlines()]
    if done.returncode:
        problem = f"git does not say what it ignores in {folder}: {' '.join(warnings)}"
        raise MigrationError(problem, f"repair that, {_DECLINE}")
    names = filter(None, os.fsdecode(done.stdout).split("\0"))
    return [os.path.normpath(os.path.join(folder, name)) for name in names], warnings


def is_excluded(file: str, root: str, globs: Iterable[str]) -> bool:
    """Whether one of *globs*, below *root*, names *file*, or a folder above it."""
    start = os.path.join(root, "")
    names = file.removeprefix(start).split(os.sep)
    return file.startswith(start) and any(_fits(PurePath(glob).parts, names) for glob in globs)


def _fits(glob: Sequence[str], names: Sequence[str]) -> bool:
    """Whether *glob* fits *names*, one of each a level, or as many of the first as it is long.

    >>> _fits(["**", "generated"], ["src", "acme", "generated", "api.py"]), _fits(["*.py"], ["src", "api.py"])
    (True, False)
    """
    if not glob:
        return True
    if glob[0] == "**":
        return any(_fits(glob[1:], names[start:]) for start in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], glob[0]) and _fits(glob[1:], names[1:])


def visit(files: Sequence[str], work: Callable[[str], Any], jobs: int = 0, has_bar: bool = True) -> Generator[Any]:
    """What *work* gives for each of *files*, in their order; done in at most *jobs* processes (0: one for each core).

    That is a :class:`Problem` where something goes wrong, and the last when a process ends before its files are done.
    On a terminal a bar on standard error shows how far it is, unless *has_bar* is false.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    is_terminal = sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]  # closed: None
    with _processes(min(jobs if jobs > 0 else cores, _MOST) if len(files) >= _WORTH else 1) as run:
        results = _results(run, work, files)
        if not (has_bar and is_terminal):
            yield from results
            return
        from rich.console import Console  # slow to import, and few look on
        from rich.progress import Progress

        console = Console(stderr=True)
        with Progress(console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
            yield from bar.track(results, total=len(files), description="files")


def _results(run: Callable[..., Iterator[Any]], work: Callable[[str], Any], files: Sequence[str]) -> Iterator[Any]:
    """What *run* gives for *files*, and a problem when a process has ended before that was all."""
    left = list(reversed(files))
    try:
        for result in run(partial(attempt, work), files):
            left.pop()
            yield result
    except BrokenExecutor:
        text = f"a process has ended, and {len(left)} files from here on are not done; run it again with --jobs 1"
        yield Problem(path=shown(left[-1]), text=text)


@contextmanager
def _processes(count: int) -> Generator[Callable[..., Iterator[Any]]]:
    """What calls a function with each of many values, as ``map`` does: in *count* processes, or for one in this."""
    if count < 2:
        yield map
        return
    from concurrent.futures import ProcessPoolExecutor  # most runs are too small to need it
    from multiprocessing import get_context

    # The other ways to start a process copy this one, and with it the locks that its threads hold.
    pool = ProcessPoolExecutor(count, get_context("spawn"), _end_with_parent)
    try:
        yield partial(pool.map, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)  # which waits for the files in hand


def _end_with_parent() -> None:
    """Have this process end when the one that has started it does, however that ends; Ctrl-C is left to that one."""
    from multiprocessing import parent_process

    def wait(parent: Any) -> None:
        parent.join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=wait, args=[parent_process()], daemon=True).start()


def import_roots(root: str, folder: Path) -> tuple[str, ...]:
    """The folders that imports begin in: the project's folder *root*, ``src`` in it, and the current *folder*."""
    places = dict.fromkeys((root, os.path.join(root, "src"), os.path.realpath(folder)))
    return tuple(filter(os.path.isdir, places))


def module_names(file: str, *roots: str) -> tuple[str, ...]:
    """The dotted names under which *file* may be imported, the most likely first.

    They begin below the topmost package around it, and below each of the folders *roots*.
    """
    path = Path(file)
    steps = path.with_suffix("") if path.stem != "__init__" else path.parent
    names = (_dotted(steps, start) for start in (_import_folder(path.parent), *roots))
    return tuple(dict.fromkeys(filter(None, names)))


def _dotted(steps: Path, start: str) -> str:
    if not steps.is_relative_to(start):
        return ""
    first, *rest = steps.relative_to(start).parts or ("",)
    names = [first.removesuffix("-stubs"), *rest]  # PEP 561: the folder acme-stubs holds the stubs of acme
    return ".".join(names) if all(map(str.isidentifier, names)) else ""


@cache
def _import_folder(folder: Path) -> str:
    """The nearest folder at or above *folder* that is no package."""
    package = any((folder / f"__init__{suffix}").is_file() for suffix in SUFFIXES)
    return _import_folder(folder.parent) if package and folder != folder.parent else str(folder)
