"""A file is the old one or the new one, whole, at every moment; and the diff of a dry run makes one of the other."""

from __future__ import annotations

import os
import random
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user cannot mount a small disk: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    """The text that does not fit is taken away again."""
    (small_disk / "a.py").write_bytes(b"old")
    assert fails(small_disk / "a.py", new=b"x" * 100_000) == "No space left on device"


@pytest.mark.parametrize("step", ["copystat", "replace"])
def test_whatever_goes_wrong_leaves_no_temporary_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Not an interrupt either, at whatever step it comes."""

    def interrupted(*_: object, **__: object) -> None:
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


# The diff


def applies(tmp_path: Path, name: str, old: bytes, new: bytes) -> None:
    """Both tools that people use make *new* of *old* with our diff, whatever text follows it."""
    diff = unified_diff(name, old, new) + b"\nRULE  FILES\n\n1 file; 1 to rewrite\n"
    for tool in (["git", "apply", "--whitespace=nowarn", "-"], ["patch", "-p1", "--binary", "--silent"]):
        file = tmp_path / tool[0] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(old)
        done = subprocess.run(tool, input=diff, cwd=tmp_path / tool[0], capture_output=True, check=False)
        assert (done.returncode, done.stderr, file.read_bytes()) == (0, b"", new), (tool, diff)
        file.unlink()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"import a\n", b"import b\n"),
        (b"import a", b"import b"),
        (b"import a\nx", b"import b\nx\n"),
        (b"import a\r\nx\r\n", b"import b\r\nimport c\r\nx\r\n"),
        (b"import a\r\nx\ny\x0cz\n", b"import b\r\nx\ny\x0cz\n"),
        (b"import a\rx\ry\r", b"import b\rx\ry\r"),
        (b"\xef\xbb\xbfimport a\n# \xe9\xff\n", b"\xef\xbb\xbfimport b\n# \xe9\xff\n"),
        (b"a\n" * 50 + b"import a\n" + b"a\n" * 50, b"a\n" * 50 + b"import b\n" + b"a\n" * 50),
        (b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"1\nx\n3\n4\n5\n6\n7\n8\ny\n9\n"),
        (b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"x\n1\n2\n3\n4\n6\n7\n8\n9\n"),
        (b"-- a\n++ b\n", b"-- c\n++ b\n"),
    ],
)
def test_the_diff_applies(tmp_path: Path, old: bytes, new: bytes) -> None:
    """Whatever the line ends, the encoding, and the end of the file are."""
    applies(tmp_path, "a.py", old, new)


@pytest.mark.parametrize("name", ["a/b/c.py", "a b.py", "ä.py", 'q"uote.py', os.fsdecode(b"odd \xff.py")])
def test_the_diff_applies_whatever_the_name(tmp_path: Path, name: str) -> None:
    """A name that goes on over a blank has an end that readers see; nobody gives a line of the diff in a name."""
    applies(tmp_path, name, b"import a\n", b"import b\n")
    head = unified_diff("a\n+++ b/b.py", b"a\n", b"b\n").splitlines()[0]
    assert head == b"--- a/a?+++ b/b.py\t"


def test_the_diff_applies_at_random(tmp_path: Path) -> None:
    """A hundred files of few different lines, changed anywhere; the context never misleads."""
    chance = random.Random(7)
    for _ in range(100):
        old = [chance.choice([b"a\n", b"b\n", b"c\r\n", b"\n"]) for _ in range(chance.randrange(1, 60))]
        new = list(old)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(new) + 1)
            new[place : place + chance.randrange(2)] = [b"new\n"] * chance.randrange(1, 3)
        if old != new:
            applies(tmp_path, "a.py", b"".join(old), b"".join(new))
