"""``ssot-shims migrate``, as a person, a CI job or a hook calls it."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims import cli
from ssot_shims._migrate import command
from tests.support import command_line
from tests.support.command_line import Capsys, terminal
from tests.support.migrate_tree import HOMES, NEW, OLD, body, plant, plant_many

ROOT = Path(ssot_shims.__file__).parents[1]
USERS = {
    "suite/one.py": f"{OLD}\nlimits = Limits()\n",
    "suite/two.py": "from legacy.ws import Quota, Limits\n",
    "suite/none.py": "import json\n",
    "suite/mock.py": 'import mock\n\nmock.patch("legacy.ws.Limits")\n',
}
blank = " "
RULE = "legacy.ws:Limits = acme.limits:Limits"
DIFF = f"""\
--- a/suite/one.py
+++ b/suite/one.py
@@ -1,3 +1,3 @@
-from legacy.ws import Limits
+from acme.limits import Limits
{blank}
 limits = Limits()
--- a/suite/two.py
+++ b/suite/two.py
@@ -1 +1,2 @@
-from legacy.ws import Quota, Limits
+from acme.limits import Limits
+from legacy.ws import Quota
"""
STRING = f"""\
string (1): {RULE}: a string names a symbol that has moved; only its reader knows whether to change it; \
acme.limits.Limits
suite/mock.py:3: legacy.ws.Limits

"""


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_shims: None) -> Path:
    """Each test stands in a project of its own, in which one name has moved."""
    root = tmp_path / "project"
    plant(root, {**HOMES, **USERS})
    monkeypatch.chdir(root)
    return root


def run(capsys: Capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``migrate``."""
    return command_line.run(capsys, "migrate", *words)


def program(*words: str, folder: str | Path = ".", before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    line = [*before, sys.executable, "-m", "ssot_shims", "migrate", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def contents(folder: str = ".") -> dict[str, bytes]:
    """Every file below *folder*, with what is in it."""
    return {str(file): file.read_bytes() for file in sorted(Path(folder).rglob("*")) if file.is_file()}


def test_writing_does_what_the_dry_run_shows(capsys: Capsys, in_a_project: Path) -> None:
    """``git apply`` and ``patch`` make the same of the diff as ``--write`` does; a second run changes nothing."""
    before = contents()
    done = program(".")
    assert (done.returncode, done.stdout) == (0, f"{DIFF}{STRING}8 files; 2 to rewrite with --write; 1 reported\n")
    assert contents() == before
    line = {"git": ["git", "apply"], "patch": ["patch", "-p1", "--silent"]}
    for tool, words in line.items():
        shutil.copytree(in_a_project, in_a_project.parent / tool)
        subprocess.run(words, input=done.stdout, cwd=in_a_project.parent / tool, text=True, check=True)
    assert run(capsys, ".", "--write") == (0, f"{STRING}8 files; 2 rewritten; 1 reported\n", "")
    written = contents()
    assert written["suite/one.py"] == f"{NEW}\nlimits = Limits()\n".encode()
    for tool in line:
        os.chdir(in_a_project.parent / tool)
        assert contents() == written
    os.chdir(in_a_project)
    assert run(capsys, ".", "--write")[1].endswith("8 files; 0 rewritten; 1 reported\n")
    assert contents() == written


def test_rules_and_globs_of_the_command_line_and_of_the_project(capsys: Capsys) -> None:
    """Both count."""
    table = HOMES["pyproject.toml"] + 'exclude = ["suite/one.py"]\n'
    plant(Path(), {"pyproject.toml": table, "acme/quota.py": "class Quota: ...\n"})
    rules = ("--rule", "legacy.ws:Quota=acme.quota:Quota", "--rule", "legacy.no:X = acme.no:X")
    code, out, _ = run(capsys, "suite", "--exclude", "**/none.py", *rules)
    assert (code, "+from acme.quota import Quota\n" in out) == (0, True)
    assert out.endswith("2 files; 1 to rewrite with --write; 1 reported\n")


def test_a_check_fails_while_anything_is_left(capsys: Capsys) -> None:
    """Each statement is listed; exit code 1, and 0 once it is done. A string alone fails no check."""
    out = f"""\
left (2): {RULE}; from acme.limits import Limits
suite/one.py:1: from legacy.ws import Limits
suite/two.py:1: from legacy.ws import Quota, Limits

{STRING}8 files; 2 to rewrite with --write; 1 reported
"""
    assert run(capsys, ".", "--check") == (1, out, "")
    run(capsys, ".", "--write")
    assert run(capsys, ".", "--check")[0] == 0


def test_the_drop_in_replaces_the_module_that_it_stands_for(capsys: Capsys) -> None:
    """By name: what only the original has stays, and whatever the drop-in offers is there."""
    line = "from test_framework.ssot.orchestration import {}\n"
    source = (ROOT / "ssot_shims/orchestration.py").read_text()
    public = ["OrchestrationConfig", "orchestration_config", *re.findall(r"^def ([a-z]\w+)", source, re.MULTILINE)]
    plant(Path(), {"x.py": line.format(", ".join([*public, "Original"]))})
    assert run(capsys, "x.py", "--write") == (0, "1 file; 1 rewritten; 0 reported\n", "")
    new = line.replace("test_framework.ssot", "ssot_shims")
    assert Path("x.py").read_text() == new.format(", ".join(public)) + line.format("Original")
    assert len(public) > 10


def test_the_hook_for_pre_commit_names_a_command_that_there_is(capsys: Capsys) -> None:
    """It gets the files at the end of its command line, and none that it refuses."""
    text = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text()
    assert "  files: \\.pyi?$" in text
    (entry,) = (line.split(": ")[1] for line in text.splitlines() if "entry: " in line)
    program_name, command_name, *words = entry.split()
    assert (program_name, command_name) == ("ssot-shims", "migrate")
    assert run(capsys, *words, "suite/one.py", "suite/none.py")[0] == 1
    assert run(capsys, *words, "suite/none.py")[0] == 0


def test_a_group_lists_three_places_and_all_when_asked(capsys: Capsys) -> None:
    """The statements of one rule that stay for one reason are one paragraph, and each names the other line."""
    plant(Path(), {f"many/t{number}.py": f"{OLD}x = 'legacy.ws.Limits'\n" for number in range(5)})
    _, out, _ = run(capsys, "many", "--check")
    why = "a string names the old place, which may be stubbed, patched or hidden by it"
    lines = [f"unsure (5): {RULE}: {why}; move both by hand"]
    lines += [f"many/t{number}.py:1: from legacy.ws import Limits (see line 2)" for number in range(3)]
    assert "\n".join([*lines, "... and 2 more; --all lists them", ""]) in out
    assert out.count("... and 2 more; --all lists them\n") == 2
    _, out, _ = run(capsys, "many", "--check", "--all")
    assert out.count("(see line 2)") == 5
    assert "more" not in out


def test_the_report_for_programs(capsys: Capsys) -> None:
    """JSON says all that the text says, with every place and no diff; GitHub gets a command for each, escaped."""
    plant(Path(), {"suite/broken.py": f"{OLD}def f(:\n"})
    for mode in ([], ["--check"]):
        code, out, _ = run(capsys, "suite", "--format", "json", *mode)
        report = json.loads(out)
        assert code == (1 if mode else 3)
        assert [report[name] for name in ("schema", "files", "rewritten", "left")] == [1, 5, 2, 2]
    assert report["problems"] == [{"path": "suite/broken.py", "line": 2, "text": "cannot be parsed: invalid syntax"}]
    place = {"path": "suite/one.py", "line": 1, "other_line": 0, "kind": "left", "rule": RULE, "names": ["Limits"]}
    text = {"text": "from legacy.ws import Limits", "reason": "", "hint": "from acme.limits import Limits"}
    assert report["findings"][1] == place | text
    plant(Path(), {"odd,:100%/one.py": OLD, "odd,:100%/broken.py": f"{OLD}def f(:\n"})
    assert run(capsys, "odd,:100%", "--check", "--format", "github")[1].splitlines() == [
        "::warning file=odd%2C%3A100%25/one.py,line=1,title=ssot-shims left::"
        f"from legacy.ws import Limits: {RULE}; from acme.limits import Limits",
        "::error file=odd%2C%3A100%25/broken.py,line=2,title=ssot-shims::cannot be parsed: invalid syntax",
        "2 files; 1 to rewrite with --write; 0 reported; 1 problem",
    ]


def test_an_error_of_this_library_spoils_no_file(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a problem; exit code 3."""
    real = command.replace

    def replace(path: str, *texts: bytes) -> None:
        if path.endswith("two.py"):
            raise RuntimeError("boom")
        real(path, *texts)

    monkeypatch.setattr(command, "replace", replace)
    code, out, _ = run(capsys, "suite", "--write")
    assert (code, "problem: suite/two.py: cannot be done: RuntimeError: boom\n" in out) == (3, True)
    assert out.endswith("4 files; 1 rewritten; 1 reported; 1 problem\n")


MODULE = "tool.ssot_shims.modules in {0}/pyproject.toml is 'acme.no'; expected a module whose source is below {0}"
NOTATION = "write a rule as 'old.mod:Name' = 'new.mod:Name', or for every name 'old.mod:*' = 'new.mod:*'"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere"], "there is no file or folder 'nowhere'; name one that exists"),
        ([".", "--rule", "a:B"], f"a:B = (--rule): '' has no colon; {NOTATION}"),
        (["."], MODULE),
    ],
)
def test_wrong_usage(capsys: Capsys, in_a_project: Path, words: list[str], problem: str) -> None:
    """One line that says what to write instead, and exit code 2; nothing is touched."""
    if problem is MODULE:
        plant(Path(), {"pyproject.toml": '[tool.ssot_shims]\nmodules = ["acme.no"]\n'})
    before = contents()
    assert run(capsys, *words, "--write") == (2, "", f"ssot-shims: {problem.format(in_a_project)}\n")
    assert contents() == before


def test_without_the_extra_its_line_is_told(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """And exit code 2; nothing else of the command line needs it."""
    cure = "which this Python does not have; install it: python -m pip install"
    found = importlib.util.find_spec
    for missing, named in ((["libcst", "rich"], "libcst and rich"), (["rich"], "rich")):
        absent = lambda name, missing=missing: None if name in missing else found(name)  # noqa: E731
        monkeypatch.setattr(command, "find_spec", absent)
        assert run(capsys, ".") == (2, "", f"ssot-shims: migrate needs {named}, {cure} {' '.join(missing)}\n")
        assert cli.main(["status"]) == 0
        capsys.readouterr()


@pytest.mark.parametrize("words", [("status",), ("migrate", "suite/none.py")])
def test_other_commands_load_nothing_of_it(words: tuple[str, ...]) -> None:
    """Nor does a run without a candidate load LibCST, which takes long to import, or rich, as nobody looks on."""
    code = f"import sys\nfrom ssot_shims.cli import main\nmain({[*words]})\nprint(*sys.modules, file=sys.stderr)"
    line = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stderr.split()
    own = [] if "migrate" in words else ["ssot_shims._migrate", "ssot_shims._codebase"]
    assert "ssot_shims.cli" in loaded
    assert not [name for name in loaded if name.startswith((*own, "libcst", "rich", "multiproc"))]


@pytest.fixture
def weak() -> tuple[str, ...]:
    """What makes of root a user for whom the modes of files count."""
    if os.getuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv, and for root no file is unreadable")
    return "setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_files_and_folders_that_cannot_be_done_are_told(weak: tuple[str, ...]) -> None:
    """Everything else is done; then the exit code is 3, of a check too, and those are as they were."""
    plant(Path(), dict.fromkeys(("a/secret.py", "a/fixed.py", "shut/x.py", "ro/y.py", "z.py"), OLD))
    plant(Path(), {"a/broken.py": f"{OLD}def f(:\n", "a/utf16.py": f"\ufeff{OLD}".encode("utf-16-le")})
    before = contents()
    modes = {"a/secret.py": 0o000, "a/fixed.py": 0o444, "shut": 0o000, "ro": 0o555}
    for name, mode in modes.items():
        os.chmod(name, mode)
    done, check = program(".", "--write", before=weak), program("a/broken.py", "--check")
    for name in modes:
        os.chmod(name, 0o755)
    written = contents()
    assert {name for name in written if written[name] != before[name]} == {"suite/one.py", "suite/two.py", "z.py"}
    assert {*written} == {*before}
    assert (done.returncode, done.stderr, check.returncode) == (3, "", 3)
    assert [line for line in done.stdout.splitlines() if line.startswith("problem: ")] == [
        "problem: shut: cannot be read: Permission denied",
        "problem: a/broken.py:2: cannot be parsed: invalid syntax",
        "problem: a/fixed.py: cannot be read or written: the file is read-only",
        "problem: a/secret.py: cannot be read or written: Permission denied",
        "problem: a/utf16.py:1: cannot be parsed: it is UTF-16, which Python does not read; save it as UTF-8",
        "problem: ro/y.py: cannot be read or written: Permission denied",
    ]
    assert done.stdout.splitlines()[-1].endswith("; 6 problems")


def test_nothing_of_the_tree_runs(capsys: Capsys) -> None:
    """The modules that declare shims, and what they import, are read and not run: whatever they would do."""
    ran = "open('ran', 'w').close()\n1 / 0\n"
    shims = "from ssot_shims import shim\n@shim('acme.up:{0}', replaces='legacy.up:{0}')\nclass {0}: ...\n"
    plant(
        Path(),
        {
            "pyproject.toml": '[tool.ssot_shims]\nmodules = ["acme.shims"]\n',
            "acme/__init__.py": ran,
            "acme/shims.py": "from .more import *\n" + ran + shims.format("Up"),
            "acme/more.py": ran + shims.format("More") + "@shim('a:B', replaces=PLACES)\nclass Odd: ...\n",
            "x.py": "from legacy.up import Up, More\n",
            "y.py": "from netra_backend.app.websocket_core.manager import HeartbeatConfig\n",
        },
    )
    code, out, err = run(capsys, "x.py", "y.py", "--write")
    assert (code, err) == (0, "")
    assert Path("x.py").read_text() == "from acme.shims import Up\nfrom acme.more import More\n"
    assert Path("y.py").read_text() == "from ssot_shims import HeartbeatConfig\n"
    note = "note: acme/more.py:6: replaces= is not written as plain text; write a rule for Odd"
    assert out.splitlines() == [note, "", "2 files; 2 rewritten; 0 reported"]
    assert not Path("ran").exists()


def is_running(session: int) -> bool:
    """Whether a process of that session is left."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if os.getsid(int(folder.name)) == session:
                return True
    return False


AT_ONCE = "import ssot_shims._codebase.files as files; files._WORTH = 0; from ssot_shims.cli import run; run()"


def stopped(folder: Path, after: Path, whom: str, by: signal.Signals, *how: str) -> tuple[int, str, str]:
    """Exit code and output of the program when it, or all its processes, gets a signal once a file is rewritten."""
    line = ["env", f"PYTHONPATH={ROOT}", sys.executable, *how, "migrate", ".", "--write", "--jobs=2"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(line, cwd=folder, start_new_session=True, stdout=pipe, stderr=pipe, text=True)
    deadline = time.monotonic() + 120
    while not after.read_text().startswith(NEW):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    (os.killpg if whom == "all" else os.kill)(process.pid, by)
    out, err = process.communicate(timeout=60)
    while is_running(process.pid):  # Python's own tidying process takes a moment, and workers see that the line ended
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process.returncode, out, err


def rewritten(files: list[Path]) -> int:
    """How many are new; the others are old, and each is whole."""
    before, after = [body(int(file.stem[1:])) for file in files], [file.read_text() for file in files]
    assert all(new in (old, old.replace(OLD, NEW)) for old, new in zip(before, after, strict=True))
    return sum(map(str.__ne__, before, after))


@pytest.mark.parametrize(
    ("whom", "after", "how"),
    [
        ("all", 1, ("-m", "ssot_shims")),
        ("all", 40, ("-c", AT_ONCE)),
        pytest.param("the program", 40, ("-c", AT_ONCE), marks=pytest.mark.slow),
        pytest.param("all", 150, ("-m", "ssot_shims"), marks=pytest.mark.slow),
    ],
    ids=["at the beginning", "with workers", "only to the program", "at the end"],
)
def test_ctrl_c_leaves_every_file_whole(tmp_path: Path, whom: str, after: int, how: tuple[str, ...]) -> None:
    """A terminal sends it to all processes, a supervisor to one: exit code 130, and no process is left."""
    files = plant_many(tmp_path / "many", 400)
    done = stopped(tmp_path / "many", files[after], whom, signal.SIGINT, *how)
    assert done == (130, "", "ssot-shims: interrupted\n")
    assert 0 < rewritten(files) < 400
    assert not list(tmp_path.rglob(".ssot*"))


@pytest.mark.slow
def test_killed_at_any_moment_every_file_is_whole(tmp_path: Path) -> None:
    """Ten times SIGKILL, at the program alone or at all its processes; the next run clears what was left."""
    chance = random.Random(5)
    for number in range(10):
        files = plant_many(tmp_path / "many", 600)
        after, whom = files[chance.randrange(500)], "all" if number % 2 else "the program"
        assert stopped(tmp_path / "many", after, whom, signal.SIGKILL, "-c", AT_ONCE)[0] == -signal.SIGKILL
        assert 0 < rewritten(files) < 600
        assert len(list(tmp_path.rglob(".ssot*"))) <= 2  # one a worker
        done = program(".", "--write", folder=tmp_path / "many")
        assert (done.returncode, done.stderr, rewritten(files)) == (0, "", 600)
        assert not list(tmp_path.rglob(".ssot*"))
        shutil.rmtree(tmp_path / "many")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """``ssot-shims migrate . | head -1`` ends at once, without a traceback."""
    plant_many(tmp_path / "many", 300)
    done = program(".", folder=tmp_path / "many", before=("sh", "-c", '"$@" | head -1', "sh"))
    assert (done.stdout, done.stderr) == ("--- a/suite/0/t0.py\n", "")


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """``ssot-shims migrate . >&- 2>&-`` does its work."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["migrate", "."]) == cli.main(["migrate", ".", "--write"]) == 0
    assert Path("suite/one.py").read_text().startswith(NEW)


def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: Capsys) -> None:
    """A bar on standard error; it goes when it has served, and where a diff shows how far it is there is none."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (theirs, written), os.fdopen(theirs, "w", closefd=False) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert cli.main(["migrate", ".", "--write"]) == 0
        assert "8 files; 2 rewritten" in capsys.readouterr().out
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["migrate", "."]) == 0
    shown = b"".join(written).decode()
    assert (shown.count("\x1b[?25l"), shown.count("\x1b[?25h")) == (1, 1)  # the cursor is hidden while there is a bar
    assert "100%" in shown
