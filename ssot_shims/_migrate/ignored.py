"""What git takes notice of below a folder: git itself is asked, because nobody else reads ``.gitignore`` as it does."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ssot_shims._text import one_line
from ssot_shims.errors import MigrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

# Inside a hook git says with these what it works on; they would lead our questions there.
_LEADING_ELSEWHERE = {
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_INDEX_FILE"),
    *("GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_WORK_TREE"),
}
_CURE = "or pass --no-gitignore"


def checkout_of(folder: str) -> str:
    """The git checkout that *folder* is in, by its topmost folder; empty when it is in none."""
    for parent in (Path(folder), *Path(folder).parents):
        if _is_checkout(str(parent)):
            return str(parent)
    return ""


def _is_checkout(folder: str) -> bool:
    place = os.path.join(folder, ".git")  # a file in a second working tree and in a submodule
    return os.path.isfile(place) or os.path.isfile(os.path.join(place, "HEAD"))


def noticed_below(folder: str, root: str) -> tuple[list[str], list[str]]:
    """The files below *folder* that git tracks, or would, and what it warns of, such as a folder that it cannot read.

    A checkout below is asked in its turn. Outside of any, the ``.gitignore`` files from *root* on decide. Raises
    :class:`MigrationError` when git is not there or has no answer.
    """
    files: list[str] = []
    warnings: list[str] = []
    folders = [folder]
    while folders:
        place = folders.pop()
        with _repository(place, root) as repository:
            names, told = _ask(place, [*repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        warnings += told
        for name in names:
            path = os.path.join(place, name.rstrip("/"))
            if not name.endswith((".py", ".pyi")) and os.path.isdir(path):
                if _is_checkout(path) and not os.path.islink(path):
                    folders.append(path)
            else:
                files.append(path)
    return files, warnings


def ignored_among(files: Sequence[str], root: str) -> set[str]:
    """Those of *files* that git ignores; raises like :func:`noticed_below`."""
    by_checkout: dict[str, list[str]] = {}
    for file in files:
        folder = os.path.dirname(file)
        if checkout := checkout_of(folder):
            by_checkout.setdefault(checkout, []).append(file)
        elif begins := _first_gitignore(folder, root):
            by_checkout.setdefault(begins, []).append(file)
    found: set[str] = set()
    for top, some in by_checkout.items():
        with _repository(top, root) as repository:
            given = b"".join(os.fsencode(file) + b"\0" for file in some)
            found.update(_ask(top, [*repository, "check-ignore", "-z", "--stdin"], given)[0])
    return found


def begins_above(folder: str, root: str) -> bool:
    """Whether a ``.gitignore`` from *root* down to *folder*, which is in no checkout, may have a say below it."""
    return bool(_first_gitignore(folder, root))


def _first_gitignore(folder: str, root: str) -> str:
    top = Path(_top(folder, root))
    steps = [place for place in (Path(folder), *Path(folder).parents) if place.is_relative_to(top)]
    return next((str(top) for place in steps if (place / ".gitignore").is_file()), "")


def _top(folder: str, root: str) -> str:
    return root if Path(folder).is_relative_to(root) else folder


@contextmanager
def _repository(folder: str, root: str) -> Generator[list[str]]:
    """What names to git the checkout around *folder*; where there is none, an empty one for as long as this lasts."""
    if checkout_of(folder):
        yield []
        return
    with TemporaryDirectory(prefix="ssot-shims-") as empty:
        for name in ("objects", "refs"):
            os.mkdir(os.path.join(empty, name))
        Path(empty, "HEAD").write_text("ref: refs/heads/none\n", "ascii")
        yield ["--git-dir", empty, "--work-tree", _top(folder, root)]


def _ask(folder: str, words: list[str], given: bytes = b"") -> tuple[list[str], list[str]]:
    """The names that git answers with, asked in *folder*, and the lines that it warns with."""
    environment = {name: value for name, value in os.environ.items() if name not in _LEADING_ELSEWHERE}
    # A file system monitor is a program that the checkout names; nothing of it is to run.
    command = ["git", "-C", folder, "-c", "core.fsmonitor=false", *words]
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, env={**environment, "LC_ALL": "C"}, check=False
        )
    except FileNotFoundError as error:
        problem = f"git is not installed, and only git knows what it ignores in {folder}"
        raise MigrationError(problem, f"install git, {_CURE}") from error
    said = one_line(os.fsdecode(done.stderr))
    if done.returncode not in (0, 1):  # 1 is how check-ignore says that it ignores none
        raise MigrationError(f"git does not say what it ignores in {folder}: {said}", f"repair that, {_CURE}")
    warnings = [one_line(line) for line in os.fsdecode(done.stderr).splitlines()]
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name], warnings
