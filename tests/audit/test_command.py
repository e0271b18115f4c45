"""``ssot-shims audit``, as a person or a CI job calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ssot_shims._audit import command
from ssot_shims._audit.pattern import verdict_of
from tests.support import command_line
from tests.support.command_line import Capsys, terminal
from tests.support.migrate_tree import plant

PLACEHOLDER = "try:\n    from {} import {}\nexcept ImportError:\n    class {}:\n        pass\n"
TREE = {
    "pyproject.toml": "",
    "acme/__init__.py": "",
    "acme/ws.py": "class Manager: ...\n\nclass Managers: ...\n",
    "acme/limits.py": "class Limits: ...\n",
    "tests/test_moved.py": PLACEHOLDER.format("acme.ws", "Limits", "Limits"),
    "tests/test_there.py": PLACEHOLDER.format("acme.ws", "Manager", "Manager"),
    "tests/test_hidden.py": "try:\n    from acme.ws import Manager\n    Manager()\nexcept ImportError:\n    pass\n",
    "tests/test_skip.py": 'import pytest\n\nnowhere = pytest.importorskip("nowhere")\n',
}
TEXT = """\
error (1): SSA101: an except ImportError binds a placeholder
tests/test_moved.py:1: SSA101 [moved] from acme.ws import Limits; Limits is not in {root}/acme/ws.py (read, \
not run); the same name is at acme.limits:Limits; write: @shim("acme.limits:Limits")

warning (1): SSA104: an except ImportError hides that code did not run
tests/test_hidden.py:1: SSA104 [there] from acme.ws import Manager; \
write: @pytest.mark.requires_upstream("acme.ws:Manager")

note (1): SSA101: an except ImportError binds a placeholder
tests/test_there.py:1: SSA101 [there] from acme.ws import Manager; write: @shim("acme.ws:Manager")

note (1): SSA304: importorskip hides what has moved or is broken
tests/test_skip.py:3: SSA304 [absent] pytest.importorskip('nowhere'); no package 'nowhere' is installed here; \
write: nowhere = import_or_skip("nowhere")

7 files; 4 findings; 1 error; 1 warning; 2 notes
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a project of its own, in which one name has moved."""
    folder = tmp_path / "project"
    plant(folder, {**TREE})
    monkeypatch.chdir(folder)
    return folder


def audit(capsys: Capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``audit``."""
    return command_line.run(capsys, "audit", *(words or ["."]))


def findings(capsys: Capsys, *words: str) -> list[dict[str, Any]]:
    """What ``audit --format json`` finds."""
    found: list[dict[str, Any]] = json.loads(audit(capsys, *(words or ["."]), "--format", "json")[1])["findings"]
    return found


def rules(capsys: Capsys, *words: str) -> list[str]:
    """The rules of what is found, in order."""
    return sorted(found["rule"] for found in findings(capsys, *words))


def one(capsys: Capsys, root: Path, text: str, file: str = "tests/test_it.py") -> dict[str, Any]:
    """The only finding in a file with *text*."""
    plant(root, {file: text})
    (found,) = findings(capsys, file)
    return found


def test_the_report_groups_and_gives_what_to_write(capsys: Capsys, root: Path) -> None:
    """Errors come first; each place says what was seen and what to write."""
    assert audit(capsys) == (1, TEXT.format(root=root), "")


def test_json_has_every_field(capsys: Capsys, root: Path) -> None:
    """Programs get the rule, the place, the targets and their state, and where what has moved is now."""
    code, out, _ = audit(capsys, ".", "--format", "json", "--select", "SSA101")
    report = json.loads(out)
    assert (code, report["files"], report["error"], report["note"], report["notes"]) == (1, 7, 1, 1, [])
    place = {"path": "tests/test_moved.py", "line": 1, "end_line": 5, "text": "from acme.ws import Limits"}
    what = {"rule": "SSA101", "level": "error", "state": "moved", "targets": ["acme.ws:Limits"], "names": ["Limits"]}
    gone = f"Limits is not in {root}/acme/ws.py (read, not run)"
    where = {"reason": f"{gone}; the same name is at acme.limits:Limits"}
    new = {"moved_to": {"acme.ws:Limits": ["acme.limits:Limits"]}, "replacement": '@shim("acme.limits:Limits")'}
    assert report["findings"][0] == place | what | where | new


def test_github_shows_errors_warnings_and_notices_beside_the_lines(capsys: Capsys) -> None:
    """A workflow command for each finding has its level, file and line."""
    _, out, _ = audit(capsys, ".", "--format", "github")
    heads = [line.partition(",title")[0] for line in out.splitlines()]
    assert heads[:3] == [
        "::warning file=tests/test_hidden.py,line=1",
        "::error file=tests/test_moved.py,line=1",
        "::notice file=tests/test_skip.py,line=3",
    ]


def test_markdown_is_a_table_of_the_groups(capsys: Capsys) -> None:
    """Each group is a row with its first places; problems follow."""
    plant(Path(), {"tests/broken.py": "skip(\n", **{f"tests/test_{n}.py": TREE["tests/test_skip.py"] for n in "abc"}})
    _, out, _ = audit(capsys, "tests", "--format", "markdown", "--select", "SSA304")
    first = r"tests/test\_a\.py:3, tests/test\_b\.py:3, tests/test\_c\.py:3, \.\.\."
    assert f"| note | SSA304 | importorskip hides what has moved or is broken | 4 | {first} |" in out
    assert r"- problem: tests/broken\.py:1: cannot be parsed" in out
    every = first.replace(r"\.\.\.", r"tests/test\_skip\.py:3")
    assert every in audit(capsys, "tests", "--format", "markdown", "--all")[1]


@pytest.mark.parametrize(
    ("code", "files"),
    [
        (0, {"tests/none.py": "import json\n"}),
        (1, {"tests/none.py": TREE["tests/test_there.py"], "tests/broken.py": "skip(\n"}),
        (3, {"tests/none.py": "", "tests/broken.py": "skip(\n"}),
        (3, {"tests/none.py": "", "tests/broken.py": b"# skip \xff\n"}),
    ],
)
def test_what_the_exit_code_tells(capsys: Capsys, root: Path, code: int, files: dict[str, str | bytes]) -> None:
    """0 is nothing, 1 findings, 3 a file that does not parse and nothing found."""
    plant(root, files)
    found, out, _ = audit(capsys, *files)
    assert (found, "cannot be parsed" in out) == (code, "tests/broken.py" in files)


def test_a_file_that_cannot_be_read_or_looked_at_is_a_problem(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other files are looked at all the same."""

    def fallbacks(source: object, file: str) -> list[object]:
        if "moved" in file:
            raise PermissionError(13, "Permission denied")
        raise ValueError("a bug")

    monkeypatch.setattr(command, "fallbacks", fallbacks)
    code, out, _ = audit(capsys)
    assert (code, out.count("problem: ")) == (3, 4)
    assert "problem: tests/test_moved.py: cannot be read or written: Permission denied" in out
    assert "problem: tests/test_there.py: cannot be done: ValueError: a bug" in out


@pytest.mark.parametrize(
    ("words", "table", "message"),
    [
        (["nowhere"], "", "there is no file or folder 'nowhere'"),
        ([".", "--select", "SSA999"], "", "a rule to select or ignore is 'SSA999'; expected a code such as SSA1"),
        ([".", "--baseline", "nowhere.json"], "", "--baseline is 'nowhere.json'; expected a file that --write"),
        ([".", "--baseline", "acme/ws.py"], "", "--baseline is 'acme/ws.py'; expected a file that --write-baseline"),
        ([".", "--exclude", "/x"], "", "the exclude glob '/x' can fit nothing"),
        (["."], 'selct = ["SSA3"]', "tool.ssot_shims.audit in "),
        (["."], 'ignore = ["E501"]', "a rule to select or ignore is 'E501'"),
        (["."], 'per-file-ignores = { "**" = ["E501"] }', "a rule to select or ignore is 'E501'"),
        (["."], "callables = 3", "tool.ssot_shims.audit.callables"),
    ],
)
def test_wrong_usage_is_told_in_one_line(capsys: Capsys, words: list[str], table: str, message: str) -> None:
    """Exit code 2, nothing on standard output, and one line that names the value, in pyproject.toml or not."""
    plant(Path(), {"pyproject.toml": f"[tool.ssot_shims.audit]\n{table}\n"})
    code, out, err = audit(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('select = ["SSA3", "SSA104"]', ["SSA104", "SSA304"]),
        ('ignore = ["SSA1"]', ["SSA304"]),
        ('exclude = ["tests/test_[mst]*.py"]', ["SSA104"]),
        ('per-file-ignores = { "tests/test_s*.py" = ["SSA304"], tests = ["SSA101"] }', ["SSA104"]),
    ],
)
def test_pyproject_says_what_is_reported(capsys: Capsys, root: Path, table: str, expected: list[str]) -> None:
    """Rules are named by how they begin, files by globs."""
    plant(root, {"pyproject.toml": f"[tool.ssot_shims.audit]\n{table}\n"})
    assert rules(capsys) == expected


def test_the_command_line_goes_before_the_table(capsys: Capsys, root: Path) -> None:
    """``--select`` replaces what the table selects, ``--ignore`` adds to what it ignores."""
    plant(root, {"pyproject.toml": '[tool.ssot_shims.audit]\nselect = ["SSA3"]\nignore = ["SSA104"]\n'})
    assert rules(capsys, ".", "--select", "SSA1, SSA3", "--ignore", "SSA304") == ["SSA101", "SSA101"]


def test_callables_are_checks_of_the_suite_itself(capsys: Capsys, root: Path) -> None:
    """A function that is named there counts as a check, however it is reached."""
    plant(root, {"pyproject.toml": '[tool.ssot_shims.audit]\ncallables = ["acme.testing.has_engine"]\n'})
    text = "@pytest.mark.skipif(not testing.has_engine('x'), reason='')\ndef test_it(): ...\n"
    found = one(capsys, root, text)
    assert (found["rule"], found["replacement"]) == ("SSA302", '@pytest.mark.requires_capability("NAME")')


@pytest.mark.parametrize(
    ("comment", "is_ignored"),
    [
        ("# ssot-shims: ignore", True),
        ("# ssot-shims: ignore[SSA101]  # why", True),
        ("#ssot-shims:ignore[SSA999, SSA101]", True),
        ("# ssot-shims: ignore [SSA102]", False),
        ("# ssot-shims: ignore [see the ticket]", True),
        ("# noqa", False),
    ],
)
def test_a_comment_ignores_a_place(capsys: Capsys, root: Path, comment: str, is_ignored: bool) -> None:
    """It stands on the line that is reported."""
    plant(root, {"tests/test_it.py": TREE["tests/test_there.py"].replace("try:", f"try:  {comment}")})
    assert audit(capsys, "tests/test_it.py")[0] == int(not is_ignored)


def test_a_baseline_leaves_what_is_new(capsys: Capsys, root: Path) -> None:
    """Known places are left out wherever they moved in their file, from any folder; new ones are told."""
    assert audit(capsys, ".", "--write-baseline", "known.json") == (0, "4 findings written to known.json\n", "")
    plant(root, {"tests/test_there.py": "import json\n\n" + TREE["tests/test_there.py"]})
    code, out, _ = audit(capsys, ".", "--baseline", "known.json")
    assert (code, out) == (0, "7 files; 0 findings; 4 in known.json\n")
    plant(root, {"tests/test_there.py": TREE["tests/test_there.py"] * 2, "tests/test_skip.py": ""})
    os.chdir("tests")
    code, out, _ = audit(capsys, ".", "--baseline", "../known.json")
    assert (code, "note (1): SSA101" in out) == (1, True)


def test_what_moves_after_the_baseline_is_new(capsys: Capsys, root: Path) -> None:
    """A place that was harmless is told again when its import has moved."""
    audit(capsys, "tests/test_there.py", "--write-baseline", "known.json")
    plant(root, {"acme/ws.py": "class Other: ...\n"})
    verdict_of.cache_clear()  # a command is a process of its own
    code, out, _ = audit(capsys, "tests/test_there.py", "--baseline", "known.json")
    assert (code, "test_there.py:1: SSA101 [moved]" in out) == (1, True)


def test_a_baseline_is_written_in_spite_of_problems(capsys: Capsys, root: Path) -> None:
    """The exit code still tells that a file does not parse."""
    plant(root, {"tests/broken.py": "skip(\n"})
    assert audit(capsys, ".", "--write-baseline", "known.json")[0] == 3
    assert len(json.loads((root / "known.json").read_text())) == 4


def test_many_files_are_visited_in_processes(root: Path) -> None:
    """The result is the same on all cores; a bar is shown on a terminal alone, as migrate's."""
    plant(root, {f"many/test_{number}.py": TREE["tests/test_moved.py"] for number in range(600)})
    words = [sys.executable, "-m", "ssot_shims", "audit", "many", "--jobs", "2"]
    with terminal() as (theirs, shown):
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "600 files; 600 findings; 600 errors")
    assert b"files" in b"".join(shown)
