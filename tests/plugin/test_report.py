"""What ``--ssot-report`` writes: JSON for programs, Markdown for a CI step summary."""

from __future__ import annotations

import json
import os
import platform
from typing import Any

import pytest

import ssot_shims
from tests.plugin.conftest import Suite

SUITE = {
    "pyproject.toml": """
[tool.ssot_shims.capabilities]
local = "env:LOCAL"
[[tool.ssot_shims.environments]]
name = "only"
values = { url = "http://localhost:1" }
""",
    "conftest.py": """
from ssot_shims import capabilities, shim
@shim("missing_pkg:Absent")
class Absent: ...
capabilities.register("down", lambda: (False, "a|b at http://me:secret@host/"))
""",
    "test_it.py": """
import pytest
@pytest.mark.requires_capability("down")
@pytest.mark.parametrize("number", range(2))
def test_down(number): pass
@pytest.mark.requires_capability("local")
def test_local(ssot_environment): pass
""",
}
ABSENT = (
    "no package 'missing_pkg' is installed here; to use the real one, install it, or set PYTHONPATH=<the folder that "
    "holds missing_pkg>"
)
SUMMARY = [
    "SKIPPED down: 2 tests; unavailable: a|b at http://***@host/",
    "NOT ASKED git: required by --ssot-require, and no test asked for it",
    f"PLACEHOLDER Absent: absent: {ABSENT}",
    "ENVIRONMENT only: all that it requires is there",
]


def test_json(suite: Suite) -> None:
    """Everything in the summary and behind it, with the tests by name; folders that are missing are made."""
    suite.write(SUITE)
    run = suite.run("--ssot-report=out/deep/report.json", "--ssot-require=git", env={"LOCAL": "http://me:secret@host"})
    assert (run.code, run.counts, run.summary) == (0, {"passed": 1, "skipped": 2}, SUMMARY)
    report: dict[str, Any] = json.loads((suite.folder / "out/deep/report.json").read_text("utf-8"))
    common = {"hint": "", "is_required": False, "is_forced": False, "required_by": ""}
    down = {"name": "down", "outcome": "skip", "status": "unavailable", "reason": "a|b at http://***@host/", **common}
    local = {"name": "local", "outcome": "run", "status": "available", "reason": "LOCAL is set", **common}
    reason, _, hint = ABSENT.partition("; ")
    absent = {"name": "Absent", "state": "absent", "reason": reason, "hint": hint, "problem": "", "differences": []}
    assert report == {
        "schema": 1,
        "ssot_shims": ssot_shims.__version__,
        "python": platform.python_version(),
        "pytest": pytest.__version__,
        "exit_code": 0,
        "settings": {"SSOT_SHIMS_REQUIRE": "git"},
        "required": {"git": "--ssot-require"},
        "verdicts": [
            {**down, "tests": ["test_it.py::test_down[0]", "test_it.py::test_down[1]"]},
            {**local, "tests": ["test_it.py::test_local"]},
        ],
        "shims": [absent],
        "environments": ["only"],
        "problems": [],
        "summary": SUMMARY,
    }


def test_markdown(suite: Suite) -> None:
    """A table with what the summary says, from the ini key, relative to the root; without anything to say that."""
    suite.write({**SUITE, "pytest.ini": "[pytest]\nssot_report = report.md\nssot_require = git\n", "sub/test_a.py": ""})
    run = suite.run("--rootdir=.", "test_it.py")
    report, version = suite.folder / "report.md", ssot_shims.__version__.replace(".", "\\.")
    assert run.counts == {"skipped": 3}
    head, _, *table = report.read_text("utf-8").splitlines()
    assert (head, table[:2]) == (f"### ssot\\_shims {version}", ["| what | name | why |", "|---|---|---|"])
    assert table[2:-1] == [
        "| SKIPPED | down | 2 tests; unavailable: a\\|b at http://\\*\\*\\*@host/ |",
        "| SKIPPED | local | 1 test; unavailable: LOCAL is not set; export LOCAL=\\<a value\\> |",
        "| NOT ASKED | git | required by ini ssot\\_require, and no test asked for it |",
    ]
    assert table[-1].startswith("| PLACEHOLDER | Absent | absent: no package 'missing\\_pkg' is installed here; ")
    (suite.folder / "conftest.py").unlink()
    assert suite.run("-o", "ssot_require=", "sub").code == 5
    assert report.read_text("utf-8").endswith("\n\nNothing was skipped, and no placeholder is in use.\n")


def test_the_summary_of_a_step_is_added_to(suite: Suite) -> None:
    """A file that GITHUB_STEP_SUMMARY names gets Markdown, behind what others have written; no other file does."""
    summary = suite.write({**SUITE, "summary": "of others\n"}) / "summary"
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    for _ in range(2):
        assert suite.run(f"--ssot-report={summary}", "--ssot-report=report.json", env=env).counts == {"skipped": 3}
    first, *reports = summary.read_text("utf-8").split("### ")
    assert (first, [report.count("| SKIPPED | down |") for report in reports]) == ("of others\n", [1, 1])
    assert suite.run(f"--ssot-report={summary}").code == suite.run("--ssot-report=", env={**env, "X": ""}).code == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_report_behind_a_link(suite: Suite) -> None:
    """It is written where the link points, which may be no file, as /dev/null; the link and that stay what they are."""
    folder = suite.write({**SUITE, "kept/report.md": "that of an earlier run"})
    os.mkfifo(folder / "pipe")
    (folder / "report.md").symlink_to("kept/report.md")
    (folder / "piped.md").symlink_to("pipe")
    with open(os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        suite.run("--ssot-report=report.md", "--ssot-report=piped.md")
        assert ((folder / "pipe").is_fifo(), reader.read(8)) == (True, b"### ssot")
    assert (folder / "report.md").is_symlink()
    assert (folder / "kept/report.md").read_text("utf-8").startswith("### ssot")


def test_the_report_of_a_run_that_could_not_begin_is_no_empty_file(suite: Suite) -> None:
    """What could be written is tried before collection; that of an earlier run does not stay, to be taken for it."""
    suite.write({"conftest.py": "import pytest\ndef pytest_sessionstart(): pytest.exit('no')\n", "old.json": "old"})
    suite.run("--ssot-report=new.json", "--ssot-report=old.json")
    assert list(suite.folder.glob("*.json")) == []
