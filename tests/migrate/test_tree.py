"""Which files ``migrate`` looks at, and under which names they may be imported."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ssot_shims._codebase.files import find_files, module_names
from ssot_shims.errors import MigrationError


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a project of its own, and stands in it; what the user's own git is told does not matter."""
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return root


def make(*names: str, **texts: str) -> None:
    """Write files below the current folder, empty, or with a text by its name."""
    for name in (*names, *texts):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(texts.get(name, ""))


def git(*words: str, folder: str = ".") -> str:
    """What git prints."""
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout.strip()


def found(*paths: str, exclude: tuple[str, ...] = (), is_git_asked: bool = True, root: str = "") -> list[str]:
    """The files below the current folder that *paths* mean, as they are written from there."""
    here = os.path.join(os.path.realpath("."), "")
    tree = find_files(paths or (".",), root or here[:-1], exclude, is_git_asked)
    assert (tree.notes, tree.problems) == ((), ())
    return [file.removeprefix(here) for file in tree.files]


def refused(*paths: str, exclude: tuple[str, ...] = ()) -> str:
    with pytest.raises(MigrationError) as stop:
        found(*paths, exclude=exclude)
    return str(stop.value)


def test_python_files_and_stubs_are_found_in_order() -> None:
    """Sources and stubs, each once, however often a path means them; nothing else."""
    make("b.py", "a/x.pyi", "a/deep/er/y.py", "a/z.txt", "a/w.pyc", "noise.PY")
    assert found() == found("a", ".", "b.py", "a/../b.py", "a/") == ["a/deep/er/y.py", "a/x.pyi", "b.py"]
    assert found("a/x.pyi") == ["a/x.pyi"]


def test_what_is_nobodys_source_is_left_out() -> None:
    """Git's own files, bytecode and virtual environments; but a folder named by hand is looked at, whatever it is."""
    make(".git/hooks/x.py", "__pycache__/x.py", ".venv/pyvenv.cfg", ".venv/lib/x.py", "a/.hidden/y.py")
    assert found() == found(is_git_asked=False) == ["a/.hidden/y.py"]
    git("init")
    assert found() == ["a/.hidden/y.py"]
    assert found(".venv") == [".venv/lib/x.py"]


def test_links_are_not_followed(in_a_folder: Path) -> None:
    """Neither to a file nor to a folder, inside the tree or out of it; a loop of folders ends."""
    (in_a_folder.parent / "outside").mkdir()
    (in_a_folder.parent / "outside" / "x.py").write_text("")
    make("a/real.py")
    os.symlink("../../outside", "a/away")
    os.symlink("../../outside/x.py", "a/away.py")
    os.symlink("real.py", "a/near.py")
    os.symlink("..", "a/loop")
    os.symlink("nowhere", "a/dangling.py")
    for is_git_asked in (False, True):
        assert found(is_git_asked=is_git_asked) == ["a/real.py"]
    git("init")
    git("add", ".")
    assert found() == ["a/real.py"]


def test_a_link_named_by_hand_is_refused() -> None:
    """Whoever names one learns what to name instead; a link further up does no harm."""
    make("a/b/x.py")
    os.symlink("a", "link")
    os.symlink("a/b/x.py", "x.py")
    here = os.path.realpath(".")
    what = "is a symbolic link, which is never followed; name"
    assert refused("link/") == f"'link/' {what} '{here}/a' instead"
    assert refused("x.py") == f"'x.py' {what} '{here}/a/b/x.py' instead"
    assert found("link/b") == ["a/b/x.py"]


def test_what_is_no_file_is_not_opened() -> None:
    """A pipe would hang whoever reads it; a folder may be called like a file."""
    make("odd.py/x.py")
    os.mkfifo("pipe.py")
    assert found() == found("odd.py") == ["odd.py/x.py"]
    make("build/kept.py", "gone.py", **{".gitignore": "build/"})
    git("init")
    git("add", "--force", "gone.py", "build/kept.py")  # a pattern says nothing of what is tracked
    os.remove("gone.py")
    assert found() == ["build/kept.py", "odd.py/x.py"]


def test_a_path_that_is_no_source_is_refused() -> None:
    """It is said which, and what to do; nothing is left out in silence."""
    make("README.md", "x.py")
    os.mkfifo("pipe.py")
    for path in ("nowhere", ""):
        assert refused(".", path) == f"there is no file or folder {path!r}; name one that exists"
    for path in ("README.md", "pipe.py"):
        assert refused(".", path) == f"{path!r} is neither a folder nor a .py or .pyi file; name one of these"


def test_globs_exclude() -> None:
    """They are read from the project's folder on, fit whole names, and what lies below a folder goes with it."""
    everything = ["a.py", "src/a.py", "src/gen/b.py", "src/gen/deep/c.py", "src/x_pb2.py", "tests/data/[1]/d.py"]
    make(*everything)
    left: dict[tuple[str, ...], list[int]] = {
        (): [0, 1, 2, 3, 4, 5],
        ("src",): [0, 5],
        ("./src/", "tests/*"): [0],
        ("*.py",): [1, 2, 3, 4, 5],
        ("**/*.py",): [],
        ("**/gen", "**/*_pb2.py"): [0, 1, 5],
        ("src/**/c.py",): [0, 1, 2, 4, 5],
        ("src/gen/**",): [0, 1, 4, 5],
        ("src/ge",): [0, 1, 2, 3, 4, 5],
        ("src/[a-c].py", "tests/data/[[]1[]]"): [0, 2, 3, 4],
    }
    for globs, kept in left.items():
        assert found(exclude=globs) == [everything[index] for index in kept], globs


@pytest.mark.parametrize("glob", ["/src", "../src", "", "/", "a/../b"])
def test_a_glob_that_fits_nothing_is_refused(glob: str) -> None:
    """It would exclude nothing, and nobody would know."""
    here = os.path.realpath(".")
    assert refused(exclude=(glob,)) == (
        f"the exclude glob {glob!r} can fit nothing below {here}; "
        "write it relative to that folder, such as 'tests/fixtures' or '**/*_pb2.py'"
    )


def test_a_file_named_by_hand_and_left_out_is_told() -> None:
    """Neither git nor a glob gives way to a path; but it is said. So is a folder of which nothing is left."""
    make("a.py", "b.py", "c.py", "build/d.py", **{".gitignore": "a.py\nbuild"})
    git("init")
    tree = find_files(("a.py", "b.py", "c.py", "build"), os.path.realpath("."), ("b.py",))
    assert [Path(file).name for file in tree.files] == ["c.py"]
    assert tree.notes == (
        "a.py: left out: git ignores it; to take it: --no-gitignore",
        "build: no Python in it, or git ignores it; to take it: --no-gitignore",
        "b.py: left out: an exclude glob names it",
    )


def test_a_folder_without_python_is_told() -> None:
    """Git is named where it was asked only."""
    make("empty/x.txt")
    for is_git_asked in (False, True):
        assert find_files(("empty",), ".", (), is_git_asked).notes == ("empty: no Python in it",)
    git("init")
    assert find_files(("empty",), ".", (), False).notes == ("empty: no Python in it",)
    assert "or git ignores it" in find_files(("empty",), ".").notes[0]


IGNORING = {
    ".gitignore": "/build/\n*_gen.py\n!keep_gen.py\n",
    "a/.gitignore": "local.py\n",
    "a/in/.gitignore": "*\n!.gitignore\n!yes.py\n",
}
IGNORED = ("build/x.py", "a/b_gen.py", "a/local.py", "a/in/no.py")
KEPT = ["a/in/yes.py", "a/keep_gen.py", "a/x.py", "local.py"]


def test_git_decides_what_it_ignores() -> None:
    """Patterns of every ``.gitignore`` on the way count as in git; outside of a checkout none does."""
    make(*IGNORED, *KEPT, **IGNORING)
    assert found() == sorted([*KEPT, *IGNORED])
    git("init")
    assert found() == KEPT
    assert found("a") == KEPT[:-1]
    assert found("a/in") == ["a/in/yes.py"]
    assert found(is_git_asked=False) == sorted([*KEPT, *IGNORED])
    tree = find_files((*IGNORED, *KEPT), os.path.realpath("."))
    assert [os.path.relpath(file) for file in tree.files] == KEPT
    assert len(tree.notes) == len(IGNORED)


def test_a_checkout_within_decides_for_itself() -> None:
    """The outer patterns end where it begins, be it a submodule, another checkout, or the only one."""
    for name in ("inner", "unrelated"):
        make(f"{name}/a.py", f"{name}/own.py", **{f"{name}/.gitignore": "own.py"})
        git("init", folder=name)
    assert found() == ["inner/a.py", "unrelated/a.py"]
    git("init")
    make("b.py", **{".gitignore": "b.py"})
    git("add", ".gitignore")
    git("-C", "inner", "add", ".")
    git("-C", "inner", "-c", "user.name=x", "-c", "user.email=x", "commit", "-m", "x")
    head = git("rev-parse", "HEAD", folder="inner")
    git("update-index", "--add", "--cacheinfo", f"160000,{head},inner")
    assert found() == ["inner/a.py", "unrelated/a.py"]
    assert found("inner/a.py", "unrelated") == ["inner/a.py", "unrelated/a.py"]


def test_a_hook_of_git_does_not_lead_elsewhere(in_a_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a hook git's variables name the repository that is committed to; ours is another question."""
    git("init", "--bare", "../other.git")
    make("a.py", "b.py", **{".gitignore": "b.py"})
    git("init")
    monkeypatch.setenv("GIT_DIR", str(in_a_folder.parent / "other.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(in_a_folder.parent))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
    assert found() == ["a.py"]


def test_nothing_of_a_checkout_runs(in_a_folder: Path) -> None:
    """A checkout can name a program that watches its files; looking at a tree must not start it."""
    make("a.py")
    git("init")
    spy = in_a_folder.parent / "spy"
    spy.write_text(f"#!/bin/sh\ntouch '{in_a_folder.parent}/seen'\n")
    spy.chmod(0o755)
    git("config", "core.fsmonitor", str(spy))
    assert found() == ["a.py"]
    assert not (in_a_folder.parent / "seen").exists()


def test_without_git_nobody_guesses_what_it_ignores(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout a missing git is told with what to do; elsewhere nobody needs it."""
    make("a/x.py")
    git("init")
    monkeypatch.setenv("PATH", "")
    here = os.path.realpath(".")
    problem = f"git is not installed, and only git knows what it ignores in {here}; install git, or pass --no-gitignore"
    assert refused() == refused("a/x.py") == problem
    assert found(is_git_asked=False) == ["a/x.py"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_git_that_has_no_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as for a checkout that it takes for broken."""
    make("a.py", **{".git/HEAD": "nonsense"})
    here = os.path.realpath(".")
    assert refused() == (
        f"git does not say what it ignores in {here}: fatal: not a git repository (or any of the parent directories): "
        ".git; repair that, or pass --no-gitignore"
    )


def test_folders_and_files_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is told and passed over; about a file, whoever reads it has the word."""
    make("a/x.py", "b.py")
    scandir, lstat = os.scandir, os.lstat

    def forbidden(real: object, word: str) -> object:
        def ask(path: str) -> object:
            if os.path.basename(os.fspath(path)) == word:
                raise PermissionError(13, "Permission denied", path)
            return real(path)  # type: ignore[operator]

        return ask

    monkeypatch.setattr(os, "scandir", forbidden(scandir, "a"))
    monkeypatch.setattr(os, "lstat", forbidden(lstat, "b.py"))
    tree = find_files((".", "a"), os.path.realpath("."))
    assert [Path(file).name for file in tree.files] == ["b.py"]
    assert tree.notes == ()
    assert [*map(str, tree.problems)] == ["a: cannot be read: Permission denied"] * 2


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("acme/ws/manager.py", ("acme.ws.manager",)),
        ("acme/ws/__init__.py", ("acme.ws",)),
        ("src/acme/x.py", ("acme.x", "src.acme.x")),
        ("tests/test_x.py", ("test_x", "tests.test_x")),
        ("tests/pkg/x.py", ("pkg.x", "tests.pkg.x")),
        ("stubs/acme-stubs/x.pyi", ("x",)),
        ("typed-stubs/x.pyi", ("typed.x",)),
        ("typed-stubs/__init__.pyi", ("typed",)),
        ("my-scripts/run.py", ("run",)),
        ("my-scripts/run-it.py", ()),
        ("__init__.py", ()),
    ],
)
def test_the_names_of_a_module(file: str, names: tuple[str, ...]) -> None:
    """Below the topmost package around it, from the project's ``src`` on, and from its folder on; none twice."""
    make(file, "acme/ws/__init__.py", "acme/__init__.py", "src/acme/__init__.py", "tests/pkg/__init__.py")
    if "typed" in file:
        make("typed-stubs/__init__.pyi")
    root = os.path.realpath(".")
    expected = names if file != "__init__.py" else (os.path.basename(root),)
    assert module_names(os.path.join(root, file), os.path.join(root, "src"), root) == expected
