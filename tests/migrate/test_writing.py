"""A file is the old one or the new one, whole, at every moment; and the diff of a dry run makes one of the other."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ssot_shims._migrate import rewrite
from ssot_shims._migrate.rewrite import clear_leftovers, replace, unified_diff


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_bytes(b"old")
    return tmp_path / "a.py"


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_the_new_text_takes_the_place_of_the_old(file: Path) -> None:
    """Whoever has the file open goes on reading the old one; mode and owner stay, the time is new."""
    file.chmod(0o754)
    if os.getuid() == 0:
        os.chown(file, 1234, 4321)
    os.utime(file, (1, 1))
    with open(file, "rb") as reader:
        replace(str(file), b"old", b"new\r\n\xff")
        assert reader.read() == b"old"
    found = file.stat()
    assert (file.read_bytes(), stat.S_IMODE(found.st_mode), names(file.parent)) == (b"new\r\n\xff", 0o754, ["a.py"])
    assert (found.st_uid, found.st_gid) == ((1234, 4321) if os.getuid() == 0 else (os.getuid(), os.getgid()))
    assert found.st_mtime > 1_000_000


def test_of_anothers_file_one_becomes_the_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can give a file away; that is no reason not to write it."""

    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", forbidden)
    replace(str(file), b"old", b"new")
    assert file.read_bytes() == b"new"


def fails(file: Path, old: bytes = b"old", new: bytes = b"new") -> str:
    """Why the file cannot be replaced, after it was seen to be as it was, and alone."""
    before, beside = (file.read_bytes() if file.exists() else None), names(file.parent)
    with pytest.raises(OSError) as stop:  # noqa: PT011  # the caller compares the message
        replace(str(file), old, new)
    assert (file.read_bytes() if file.exists() else None, names(file.parent)) == (before, beside)
    return str(stop.value.strerror)


def test_a_read_only_file_stays(file: Path) -> None:
    """Its folder would let it be replaced, and root may do all; whoever made it read-only meant it."""
    file.chmod(0o444)
    assert fails(file) == "the file is read-only"


def test_a_file_that_changed_meanwhile_stays(file: Path) -> None:
    """An editor was quicker: its text is not lost."""
    file.write_bytes(b"edited")
    assert fails(file) == "somebody has changed the file since it was read"


@pytest.mark.parametrize("step", ["open", "copystat", "replace"])
def test_whatever_goes_wrong_leaves_no_temporary_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Not an interrupt either, at whatever step it comes."""

    real = os.open

    def interrupted(*words: Any, **more: Any) -> None:
        if step == "open":
            os.close(real(*words, **more))
        raise KeyboardInterrupt

    monkeypatch.setattr(rewrite.shutil if step == "copystat" else rewrite.os, step, interrupted)  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        replace(str(file), b"old", b"new")
    assert (file.read_bytes(), names(file.parent)) == (b"old", ["a.py"])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_leftovers_are_cleared(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed run has left beside the files goes, where it can be removed, and nothing else."""
    monkeypatch.setattr(os, "replace", lambda *_: os._exit(9))
    if (child := os.fork()) == 0:
        replace(str(file), b"old", b"new")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (left,) = {*names(tmp_path)} - {"a.py"}
    assert left.startswith(".ssot-shims-migrate-")
    (tmp_path / "mine.tmp").touch()
    (tmp_path / ".ssot-shims-migrate-notes.md").touch()
    (tmp_path / ".ssot-shims-migrate-folder.tmp").mkdir()
    clear_leftovers([str(file), str(file)])
    assert names(tmp_path) == [".ssot-shims-migrate-folder.tmp", ".ssot-shims-migrate-notes.md", "a.py", "mine.tmp"]


def applied(tmp_path: Path, name: str, old: bytes, new: bytes) -> list[tuple[int, bytes, bytes]]:
    """What git and patch make of a file with our diff, whatever text follows that: exit code, complaints, content."""
    diff = unified_diff(name, old, new) + b"\nRULE  FILES\n\n1 file; 1 to rewrite\n"
    results: list[tuple[int, bytes, bytes]] = []
    for tool in (["git", "apply", "--whitespace=nowarn", "-"], ["patch", "-p1", "--binary", "--silent"]):
        file = tmp_path / tool[0] / name
        file.parent.mkdir(parents=True)
        file.write_bytes(old)
        done = subprocess.run(tool, input=diff, cwd=tmp_path / tool[0], capture_output=True, check=False)
        results.append((done.returncode, done.stderr, file.read_bytes()))
    return results


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"import a\n", b"import b\n"),
        (b"import a", b"import b"),
        (b"import a\nx", b"import b\nx\n"),
        (b"import a\r\nx\ny\x0cz\n", b"import b\r\nx\ny\x0cz\n"),
        (b"import a\rx\ry\r", b"import b\rx\ry\r"),
        (b"\xef\xbb\xbfimport a\n# \xe9\xff\n", b"\xef\xbb\xbfimport b\n# \xe9\xff\n"),
        (b"a\n" * 50 + b"import a\n" + b"a\n" * 50, b"a\n" * 50 + b"import b\n" + b"a\n" * 50),
        (b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"x\n1\n2\n3\n4\n6\n7\n8\n9\n"),
        (b"-- a\n++ b\n", b"-- c\n++ b\n"),
    ],
)
def test_the_diff_applies(tmp_path: Path, old: bytes, new: bytes) -> None:
    """Whatever the line ends, the encoding, and the end of the file are."""
    assert applied(tmp_path, "a.py", old, new) == [(0, b"", new)] * 2


@pytest.mark.parametrize("name", ["a/b/c.py", "a b.py", "ä.py", 'q"uote.py', os.fsdecode(b"odd \xff.py")])
def test_the_diff_applies_whatever_the_name(tmp_path: Path, name: str) -> None:
    """A name that goes on over a blank has an end that readers see; nobody gives a line of the diff in a name."""
    assert applied(tmp_path, name, b"import a\n", b"import b\n") == [(0, b"", b"import b\n")] * 2
    head = unified_diff("a\n+++ b/b.py", b"a\n", b"b\n").splitlines()[0]
    assert head == b"--- a/a?+++ b/b.py\t"
