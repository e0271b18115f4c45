"""Which files a migration looks at: those below the paths that were given, and never through a symbolic link."""

from __future__ import annotations

import os
import stat
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath

from ssot_shims._migrate.ignored import begins_above, checkout_of, ignored_among, noticed_below
from ssot_shims._record import Record
from ssot_shims.errors import MigrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SUFFIXES = (".py", ".pyi")


class Tree(Record):
    """The files to look at, in order, and what is to be told of those that are not."""

    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # named by somebody, and left out by a rule
    problems: tuple[str, ...] = ()  # what could not be read


class Choice(Record):
    """What somebody chose: *paths*, the project's *root*, the *exclude* globs below it, and whether git has a say."""

    paths: tuple[str, ...]
    root: str
    exclude: tuple[str, ...] = ()
    is_git_asked: bool = True


def find_files(choice: Choice) -> Tree:
    """The ``.py`` and ``.pyi`` files that *choice* means, by their real paths.

    Raises :class:`MigrationError` for a path that is not there or is no Python, a glob that cannot fit, and when git
    should say what it ignores and cannot.
    """
    _refuse_globs_elsewhere(choice)
    paths = list(map(_real, choice.paths))
    folders = [path for path in paths if os.path.isdir(path)]
    named = sorted({path for path in paths if not os.path.isdir(path)})
    ignored = ignored_among(named, choice.root) if choice.is_git_asked else set[str]()
    files = set(named) - ignored
    problems: list[str] = []
    for folder in dict.fromkeys(folders):
        files.update(_below(folder, choice, problems))
    is_excluded = _excluding(choice)
    kept = sorted(file for file in files if not is_excluded(file))
    notes = [f"{shown(file)}: left out: git ignores it; to take it: --no-gitignore" for file in sorted(ignored)]
    notes += [f"{shown(file)}: left out: an exclude glob names it" for file in named if is_excluded(file)]
    return Tree(files=tuple(kept), notes=tuple(notes), problems=tuple(problems))


def shown(path: str) -> str:
    """The real path *path* as people read it: from the current folder on, where it is below that."""
    folder = os.path.join(os.path.realpath(os.curdir), "")
    return path.removeprefix(folder)


def _real(path: str) -> str:
    """The real path of what somebody named, which has to be a folder or Python source."""
    bare = path.rstrip(os.sep) or path
    real = os.path.realpath(bare)
    if not os.path.lexists(bare):
        raise MigrationError(f"there is no file or folder {path!r}", "name one that is there")
    if os.path.islink(bare):
        raise MigrationError(f"{path!r} is a symbolic link, which is never followed", f"name {real!r} instead")
    if not os.path.isdir(real) and not _is_python(real):
        raise MigrationError(f"{path!r} is neither a folder nor a .py or .pyi file", "name one of these")
    return real


def _is_python(path: str) -> bool:
    """Whether this is a plain file of Python source; to open a pipe or a device would hang or worse."""
    try:
        return path.endswith(_SUFFIXES) and stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False  # tracked by git and deleted
    except OSError:
        return True  # whoever reads it says what is wrong


def _below(folder: str, choice: Choice, problems: list[str]) -> Iterator[str]:
    """Python below *folder*, but for what git ignores."""
    if choice.is_git_asked and checkout_of(folder):
        return _noticed(folder, choice, problems)
    unread: list[str] = []
    files = list(_walk(folder, unread))
    if choice.is_git_asked and (begins_above(folder, choice.root) or any(map(_has_git_a_say, files))):
        return _noticed(folder, choice, problems)
    problems += unread
    return filter(_is_python, files)


def _has_git_a_say(file: str) -> bool:
    return os.path.basename(file) in (".gitignore", ".git")


def _noticed(folder: str, choice: Choice, problems: list[str]) -> Iterator[str]:
    files, warnings = noticed_below(folder, choice.root)
    problems += [f"git: {warning}" for warning in warnings]
    is_open = _opening(folder)
    return (file for file in files if is_open(os.path.dirname(file)) and _is_python(file))


def _walk(top: str, unread: list[str]) -> Iterator[str]:
    """Every file below *top*, Python or not; a folder that cannot be read is told in *unread*."""
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name == ".git" or not entry.is_dir(follow_symlinks=False):
                        yield entry.path
                    elif not _is_closed(entry.path):
                        folders.append(entry.path)
        except OSError as error:
            unread.append(f"{shown(folder)}: cannot be read: {error.strerror}")


def _opening(top: str) -> Callable[[str], bool]:
    """What tells of a folder at or below *top* whether the way to it is open."""

    @cache
    def is_open(folder: str) -> bool:
        return folder == top or (is_open(os.path.dirname(folder)) and not _is_closed(folder))

    return is_open


def _is_closed(folder: str) -> bool:
    """Whether nothing below is anybody's source: git's own files, bytecode, a virtual environment; or it is a link."""
    return (
        os.path.basename(folder) in (".git", "__pycache__")
        or os.path.islink(folder)
        or os.path.isfile(os.path.join(folder, "pyvenv.cfg"))
    )


def _refuse_globs_elsewhere(choice: Choice) -> None:
    for glob in choice.exclude:
        if not glob.strip("/") or PurePath(glob).is_absolute() or ".." in PurePath(glob).parts:
            problem = f"the exclude glob {glob!r} can fit nothing below {choice.root}"
            raise MigrationError(problem, "write it from there on, such as 'tests/fixtures' or '**/*_pb2.py'")


def _excluding(choice: Choice) -> Callable[[str], bool]:
    """What tells of a file whether one of the globs names it, or a folder above it."""
    globs = [PurePath(glob).parts for glob in choice.exclude]
    start = os.path.join(choice.root, "")

    def is_excluded(file: str) -> bool:
        names = file.removeprefix(start).split(os.sep)
        return file.startswith(start) and any(_fits(glob, names) for glob in globs)

    return is_excluded


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


def module_names(file: str, root: str) -> tuple[str, ...]:
    """The dotted names under which *file* may be imported, the most likely first.

    They begin below the topmost package around it, at the *root* of the project, and in its ``src``.
    """
    path = Path(file)
    steps = path.with_suffix("") if path.stem != "__init__" else path.parent
    starts = [_import_folder(path.parent), os.path.join(root, "src"), root]
    return tuple(dict.fromkeys(filter(None, (_dotted(steps, start) for start in starts))))


def _dotted(steps: Path, start: str) -> str:
    if not steps.is_relative_to(start):
        return ""
    first, *rest = steps.relative_to(start).parts or ("",)
    names = [first.removesuffix("-stubs"), *rest]  # PEP 561: the folder acme-stubs holds the stubs of acme
    return ".".join(names) if all(map(str.isidentifier, names)) else ""


@cache
def _import_folder(folder: Path) -> str:
    """The nearest folder at or above *folder* that is no package."""
    package = any((folder / f"__init__{suffix}").is_file() for suffix in _SUFFIXES)
    return _import_folder(folder.parent) if package and folder != folder.parent else str(folder)
