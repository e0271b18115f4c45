"""The command line, as a person or a CI job calls it."""

from __future__ import annotations

import io
import json
import os
import platform
import pty
import runpy
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

import ssot_shims
import ssot_shims._report as _report
from ssot_shims import Availability, PlaceholderWarning, capabilities, cli
from ssot_shims._text import table
from tests.conftest import Write

TITLE = f"ssot_shims {ssot_shims.__version__} on Python {platform.python_version()}"
ABSENT = (
    "no package 'netra_backend' is installed here; "
    "to use the real one, install it, or set PYTHONPATH=<the folder that holds netra_backend>"
)
CAPABILITIES = """\
CAPABILITY      STATUS       WHY
docker          unavailable  no engine here
docker_compose  unavailable  no Compose here
docker_sdk      available    the SDK is here
git             available    git is here
podman          unavailable  no podman here
"""
SUITE = """
from ssot_shims import shim

@shim("acme.ws:Limits")
class Limits:
    retries = 3

@shim("acme.old:Quota", "acme.ws:Quota")
class Quota:
    '''Of requests.

    >>> Quota().left
    5
    '''
    left = 5
"""
UPSTREAM = {
    "acme/__init__.py": "print('acme says hello')",
    "acme/ws.py": "class Limits:\n    retries = 3\nclass Quota:\n    left = 5\n",
    "suite/__init__.py": "",
    "suite/shims.py": SUITE,
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_shims: None) -> Path:
    """The command line is run outside any project, and every public name is loaded anew."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def on_a_known_machine() -> None:
    """What the machine below this test has or lacks does not matter."""
    for line in CAPABILITIES.splitlines()[1:]:
        name, status, reason = line.split(maxsplit=2)
        says(name, Availability(status=status, reason=reason))  # type: ignore[arg-type]


def says(name: str, answer: object) -> None:
    """Register a capability whose probe gives *answer*."""
    capabilities.register(name, lambda: answer, replace=True)


def row(out: str, name: str) -> str:
    """The line of the table that begins with *name*, its columns parted by single blanks."""
    return next(" ".join(line.split()) for line in out.splitlines() if line.split()[:1] == [name])


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    try:
        code = cli.main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_status_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command every shim and capability is listed with what it is and the reason; exit code 0."""
    expected = f"""{TITLE}

SHIM             STATE   WHY
HeartbeatConfig  absent  {ABSENT}
RetryPolicy      absent  {ABSENT}

{CAPABILITIES}"""
    assert run(capsys) == run(capsys, "status") == (0, expected, "")


def test_status_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the same with every detail, under a numbered schema."""
    code, out, _ = run(capsys, "--json")
    data = json.loads(out)
    shims, found = data.pop("shims"), data.pop("capabilities")
    assert (code, data) == (
        0,
        {
            "schema": 1,
            "ssot_shims": ssot_shims.__version__,
            "python": platform.python_version(),
            "settings": {},
            "problems": [],
            "environments": [],
        },
    )
    seconds = shims[0].pop("seconds")
    assert 0 < seconds < 5
    target = "netra_backend.app.websocket_core.manager:HeartbeatConfig"
    reason, hint = ABSENT.split("; ")
    assert shims[0] == {
        "name": "HeartbeatConfig",
        "state": "absent",
        "cause": None,
        "reason": reason,
        "error": None,
        "targets": [target],
        "declared": "ssot_shims.heartbeat_config.HeartbeatConfig",
        "file": str(Path(ssot_shims.__file__).with_name("heartbeat_config.py")),
        "hint": hint,
        "results": [{"target": target, "state": "absent", "cause": None, "reason": reason, "hint": hint}],
    }
    assert 0 <= found[3].pop("seconds") < 5
    here = f"{__file__}:{says.__code__.co_firstlineno + 2}"
    assert (len(found), found[3]) == (
        5,
        {
            "name": "git",
            "status": "available",
            "available": True,
            "reason": "git is here",
            "hint": "",
            "source": "probe",
            "details": {},
            "probe": here,
            "level": "user",
            "where": here,
        },
    )


def test_status_as_markdown(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A CI summary gets a table in which nothing of a reason is taken for markup, and what is wrong."""
    write({"suite.py": "from ssot_shims import shim\n@shim('acme:X')\nclass X: ...\nraise ValueError('<b>|')"})
    escaped = ABSENT.replace("'netra_backend'", "'acme'").replace("holds netra_backend", "holds acme")
    code, out, _ = run(capsys, "status", "--markdown", "suite")
    lines = out.splitlines()
    assert (code, lines[2:4]) == (0, ["| shim | state | why |", "|---|---|---|"])
    assert f"| X | absent | {escaped.replace('<', chr(92) + '<').replace('>', chr(92) + '>')} |" in lines
    assert lines[-1] == "- problem: suite cannot be imported: ValueError: \\<b\\>\\|"


def test_markdown_without_problems_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing follows the rows when nothing is wrong."""
    _, out, _ = run(capsys, "--markdown")
    lines = out.splitlines()
    assert lines[5].startswith("| RetryPolicy | absent | ")
    assert lines[6:9] == ["", "| capability | status | why |", "|---|---|---|"]
    assert lines[10] == "| docker\\_compose | unavailable | no Compose here |"
    assert lines[-1] == "| podman | unavailable | no podman here |"


def test_status_shows_the_shims_of_a_project(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules named in pyproject.toml are found from its folder, and what an upstream prints spoils no output."""
    root = write({**UPSTREAM, "deep/er/x": "", "pyproject.toml": '[tool.ssot_shims]\nmodules = ["suite.shims"]\n'})
    sys.path.remove(str(root))
    monkeypatch.chdir(root / "deep" / "er")
    code, out, err = run(capsys)
    rows = [" ".join(line.split()) for line in out.splitlines()[3:]]
    assert (code, err) == (0, "acme says hello\n")
    assert rows[2:4] == [
        f"Limits upstream acme.ws:Limits ({root}/acme/ws.py)",
        f"Quota upstream acme.ws:Quota ({root}/acme/ws.py)",
    ]
    assert str(root) not in sys.path


def test_status_shows_settings_and_what_is_misspelled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings in force are listed, and one that reaches nothing is a problem that is said."""
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", "RetryPolicy,Nobody\x1b[31m".replace("\x1b[31m", ""))
    monkeypatch.setenv("SSOT_SHIMS_STRIKT", "\x1b[31m1")
    code, out, _ = run(capsys)
    assert code == 0
    assert out.splitlines()[4:] == [
        "RetryPolicy      forced  SSOT_SHIMS_PLACEHOLDERS asks for the placeholder; "
        "to undo that: unset SSOT_SHIMS_PLACEHOLDERS",
        "",
        *CAPABILITIES.splitlines(),
        "",
        "settings: SSOT_SHIMS_PLACEHOLDERS=RetryPolicy,Nobody SSOT_SHIMS_STRIKT=\\x1b[31m1",
        "",
        "problem: SSOT_SHIMS_STRIKT: no such setting; close: SSOT_SHIMS_STRICT",
        "problem: SSOT_SHIMS_PLACEHOLDERS=Nobody: no shim of that name",
    ]


def test_status_tells_what_is_broken_even_when_strict(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under SSOT_SHIMS_STRICT=1 the status is still a status: everything is shown and nothing raises or warns."""
    write({"acme/__init__.py": "", "acme/old.py": "Quota = None", "acme/ws.py": "", "shims.py": SUITE})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    code, out, err = run(capsys, "status", "shims")
    states = [line.split()[:2] for line in out.splitlines()[3:7]]
    assert (code, err) == (0, "")
    assert states == [
        ["HeartbeatConfig", "absent"],
        ["RetryPolicy", "absent"],
        ["Limits", "moved"],
        ["Quota", "broken"],
    ]
    assert os.environ["SSOT_SHIMS_STRICT"] == "1"


def test_verify_holds(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """Every upstream that keeps its promise is said to hold; absence is no failure; exit code 0."""
    root = write(UPSTREAM)
    code, out, err = run(capsys, "verify", "suite.shims")
    expected = f"""{TITLE}

SHIM             CONTRACT  WHY
HeartbeatConfig  absent    {ABSENT}
RetryPolicy      absent    {ABSENT}
Limits           holds     acme.ws:Limits ({root}/acme/ws.py)
Quota            holds     acme.ws:Quota ({root}/acme/ws.py)

2 of 4 shims compared with their upstream; 0 errors
"""
    assert (code, out, err) == (0, expected, "acme says hello\n")


def test_verify_names_each_difference(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A promise that does not hold is one line, in structure or in an example; exit code 1."""
    root = write({**UPSTREAM, "acme/ws.py": "class Limits: ...\nclass Quota:\n    left = 4\n"})
    code, out, _ = run(capsys, "verify", "suite.shims")
    assert code == 1
    assert out.splitlines()[5:] == [
        f"Limits           differs   acme.ws:Limits ({root}/acme/ws.py); the differences are below",
        f"Quota            differs   acme.ws:Quota ({root}/acme/ws.py); the differences are below",
        "",
        "error: Limits.retries: the placeholder has attribute; upstream has no such name",
        "error: Quota.left: the placeholder has left=5; upstream has left=4",
        "error: Quota docstring, line 3: Quota().left: the placeholder has 5; upstream has 4",
        "2 of 4 shims compared with their upstream; 3 errors",
    ]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"acme/ws.py": "class Quota: left = 5"}, "Limits is not in"),
        ({"acme/ws.py": "1/0\nclass Limits: ...\nclass Quota: ..."}, "importing acme.ws raised ZeroDivisionError"),
        ({"acme/old.py": "Quota = 0"}, "acme.old:Quota is of type int, not a class"),
        ({"suite/shims.py": "raise OSError('no')"}, "problem: suite.shims cannot be imported: OSError: no"),
    ],
    ids=["moved", "broken", "a broken target before the one that won", "a module that raises"],
)
def test_verify_fails_for_what_is_not_quiet(
    capsys: pytest.CaptureFixture[str], write: Write, files: dict[str, str], told: str
) -> None:
    """Moved, broken, and modules that cannot be imported are exit code 1, whatever else holds."""
    write({**UPSTREAM, **files})
    code, out, _ = run(capsys, "verify", "suite.shims")
    assert code == 1
    assert told in out


def test_verify_fails_for_what_an_except_would_hide(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``except ImportError: X = None`` around a shim hides nothing, strict or not: the record remembers."""
    write({"acme.py": "", "shims.py": "try:\n    from declares import X\nexcept ImportError:\n    X = None"})
    write({"declares.py": "from ssot_shims import shim\n@shim('acme:X')\nclass X: ..."})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    code, out, _ = run(capsys, "verify", "shims")
    assert (code, "X                moved" in out) == (1, True)


def test_examples_find_what_the_project_finds(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that imports a neighbour when it is called finds it, as it did when it was imported."""
    docstring = "'''\n    >>> f()\n    2\n    '''"
    suite = f"from ssot_shims import shim\n@shim('acme:f')\ndef f() -> int:\n    {docstring}\n    return 2"
    root = write({"acme.py": "def f() -> int:\n    import helper\n    return helper.two", "helper.py": "two = 2"})
    write({"suite.py": suite})
    sys.path.remove(str(root))
    monkeypatch.chdir(root)
    assert run(capsys, "verify", "suite")[0] == 0


def test_a_folder_that_is_gone_is_wrong_usage(capsys: pytest.CaptureFixture[str], in_an_empty_folder: Path) -> None:
    """Called from a folder that was removed, the command line says so in one line."""
    in_an_empty_folder.rmdir()
    problem = "ssot-shims: [Errno 2] No such file or directory\n"
    assert run(capsys) == run(capsys, "migrate", ".") == (2, "", problem)


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """``ssot-shims verify >&-`` gives its exit code."""
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["verify"]) == 0


@pytest.mark.parametrize("flags", [["-u"], []])
def test_a_full_disk_is_told(flags: list[str]) -> None:
    """What cannot be written for another reason is one line on standard error and exit code 2."""
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1])}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, *flags, "-m", "ssot_shims"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "ssot-shims: [Errno 28] No space left on device\n")


def test_a_note_is_no_error(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A difference that breaks nobody is shown and counted as no error."""
    suite = "from ssot_shims import shim\n@shim('acme:f')\ndef f(x: float) -> None: ..."
    write({"acme.py": "def f(x: int) -> None: ...", "suite.py": suite})
    code, out, _ = run(capsys, "verify", "suite")
    assert code == 0
    assert out.splitlines()[-2:] == [
        "note: f(x): the placeholder has x: float; upstream has x: int",
        "1 of 3 shims compared with their upstream; 0 errors",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["status", "no.such.suite"],
            "ssot-shims: MODULE is 'no.such.suite'; expected a module that can be imported from {folder}\n",
        ),
        (
            ["verify", "json.nothing"],
            "ssot-shims: MODULE is 'json.nothing'; expected a module that can be imported from {folder}\n",
        ),
        (
            ["verify", "../suite"],
            "ssot-shims: MODULE is '../suite'; expected a module that can be imported from {folder}\n",
        ),
    ],
)
def test_a_module_that_is_not_there_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str, in_an_empty_folder: Path
) -> None:
    """A misspelled module on the command line is exit code 2, with where it was looked for."""
    assert run(capsys, *words) == (2, "", message.format(folder=in_an_empty_folder))


def test_a_module_of_the_project_that_is_not_there_names_the_file(
    capsys: pytest.CaptureFixture[str], in_an_empty_folder: Path
) -> None:
    """A misspelled module in pyproject.toml is exit code 2, with the file and the key."""
    file = in_an_empty_folder / "pyproject.toml"
    file.write_text('[tool.ssot_shims]\nmodules = ["suit"]\n')
    message = (
        f"ssot-shims: tool.ssot_shims.modules in {file} is 'suit'; "
        f"expected a module that can be imported from {in_an_empty_folder}\n"
    )
    assert run(capsys) == (2, "", message)


def test_a_setting_that_does_not_read_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value such as SSOT_SHIMS_STRICT=maybe is exit code 2, not a traceback."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "maybe")
    message = "ssot-shims: SSOT_SHIMS_STRICT is 'maybe'; expected 1, true, yes or on, or 0, false, no or off\n"
    assert run(capsys) == (2, "", message)


def test_two_declarations_of_one_shim_are_told(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """The second module is a problem that names the first."""
    write({"one.py": SUITE, "two.py": SUITE})
    code, out, _ = run(capsys, "verify", "one", "two")
    assert code == 1
    assert (
        "problem: two cannot be imported: InvalidDeclaration: two.Limits declares the shim Limits, which one.Limits "
        "has declared already; import it from there, or give one of the two another name\n"
    ) in out


@pytest.mark.parametrize("words", [["verfy"], ["verify", "--json"], ["status", "--json", "--markdown"]])
def test_wrong_words_are_wrong_usage(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """An unknown command or option is exit code 2, with the usage on standard error."""
    code, out, err = run(capsys, *words)
    assert (code, out, err.startswith("usage: ssot-shims")) == (2, "", True)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Both answer on standard output with exit code 0."""
    assert run(capsys, "--version") == (0, f"ssot-shims {ssot_shims.__version__}\n", "")
    code, out, _ = run(capsys, "--help")
    assert (code, "what every shim and capability is here, and why (the default)" in out) == (0, True)


def test_ctrl_c_in_a_module_stops(write: Write) -> None:
    """KeyboardInterrupt is no answer about a module."""
    write({"suite.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        cli.main(["status", "suite"])


def test_python_dash_m_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m ssot_shims`` runs the same."""
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__main__")
    assert (stop.value.code, capsys.readouterr().out) == (0, f"ssot-shims {ssot_shims.__version__}\n")


def on_a_terminal(**settings: str) -> str:
    """What the status looks like on a real terminal, 60 columns wide."""
    ours, theirs = pty.openpty()
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1]), "COLUMNS": "60", "TERM": "xterm", **settings}
    subprocess.run([sys.executable, "-m", "ssot_shims"], stdout=theirs, stdin=theirs, env=env, check=True)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colour_and_wrapped_reasons() -> None:
    """On a terminal states are coloured and reasons wrapped under their column."""
    lines = on_a_terminal().splitlines()
    assert lines[3] == "HeartbeatConfig  \x1b[2mabsent\x1b[0m  no package 'netra_backend' is"
    assert lines[4] == " " * 25 + "installed here; to use the real"
    assert max(len(line) for line in lines if "\x1b" not in line) <= 60 + len("netra_backend>")


def test_a_terminal_is_asked_for_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the stream is; a dumb one gets no colour."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli.main([]) == 0
    assert "\nHeartbeatConfig  absent  no package 'netra_backend' is\n" in sys.stdout.getvalue()


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_declined(settings: dict[str, str]) -> None:
    """NO_COLOR and a dumb terminal get none."""
    assert "\x1b" not in on_a_terminal(**settings)


def test_an_empty_no_color_declines_nothing() -> None:
    """As no-color.org has it, NO_COLOR counts when it is not empty."""
    assert "\x1b[2mabsent" in on_a_terminal(NO_COLOR="")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``ssot-shims status | head -0`` ends without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1])}
    command = [sys.executable, "-m", "ssot_shims"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=env, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is always full")
def test_a_full_disk_is_an_error_once() -> None:
    """Whoever writes is told, and the end of the file says nothing more."""
    with open("/dev/full", "w", encoding="utf-8") as out, pytest.raises(OSError, match="No space left"):
        _report.write(out, "a line\n")


def test_a_closed_pipe_is_noticed_when_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same inside this process: what cannot be written is dropped, and nothing is raised then or at exit."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main([]) == 0


def test_an_output_that_cannot_hold_a_character_gets_an_escape(tmp_path: Path) -> None:
    """Paths and messages in any script are shown on an ASCII terminal too."""
    (tmp_path / "müll.py").write_text(
        "from ssot_shims import shim\n@shim('acme:X')\nclass X: ...\nraise OSError('größe')"
    )
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1]), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "ssot_shims", "status", "müll"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
    assert done.stdout.splitlines()[-1] == "problem: m\\xfcll cannot be imported: OSError: gr\\xf6\\xdfe"


def test_a_table_without_rows_is_its_head() -> None:
    """Nothing to show is no error."""
    assert table(("A", "B", "C"), [], width=80, colour=True) == ["A  B  C"]


def test_the_command_line_never_warns(write: Write) -> None:
    """What a shim would warn about is in the table instead."""
    write({"acme.py": "", "suite.py": "from ssot_shims import shim\n@shim('acme:X')\nclass X: ..."})
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", PlaceholderWarning)
        assert cli.main(["status", "suite"]) == 0


# --- what others print

NOISE = """
import os, subprocess, sys
from ssot_shims import capabilities

def noise(text):
    print(text, "printed", flush=True)
    print(text, "kept", file=sys.__stdout__)
    os.write(1, f"{text} written\\n".encode())
    subprocess.run(["echo", text, "started"])

noise("import")

@capabilities.register("noisy")
def noisy():
    noise("probe")
"""
HEARD = {f"{who} {how}" for who in ("import", "probe") for how in ("printed", "kept", "written", "started")}


def program(*words: str, cwd: Path, redirect: str = "") -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with a *redirect* such as a shell reads."""
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1]), "PATH": os.environ["PATH"]}
    line = f"{shlex.join([sys.executable, '-m', 'ssot_shims', *words])} {redirect}"
    return subprocess.run(line, shell=True, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def statuses(text: str) -> dict[str, str]:
    """The status of each capability in a report in JSON, which is all that *text* has."""
    return {found["name"]: found["status"] for found in json.loads(text)["capabilities"]}


def test_what_others_print_spoils_no_report(tmp_path: Path) -> None:
    """Modules, probes, and the processes that they start: all of that is on standard error, and the report is whole."""
    (tmp_path / "noise.py").write_text(NOISE)
    done = program("status", "noise", "--json", cwd=tmp_path)
    assert (done.returncode, set(done.stderr.splitlines())) == (0, HEARD)
    assert statuses(done.stdout)["noisy"] == "available"


def test_nothing_that_is_printed_at_the_end_spoils_a_report(tmp_path: Path) -> None:
    """An upstream that has something printed when the interpreter ends prints it on standard error."""
    (tmp_path / "noise.py").write_text("import atexit, os\natexit.register(os.write, 1, b'written')\n")
    (tmp_path / "farewell.py").write_text("import atexit, noise\natexit.register(print, 'bye', flush=True)\n")
    done = program("status", "farewell", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "bye\nwritten")
    assert statuses(done.stdout)["git"]


def test_what_is_printed_inside_this_process_spoils_no_report(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What Python code prints, that is; afterwards standard output is what it was."""
    write({"noise.py": "print('heard')"})
    print("before")
    assert cli.main(["status", "--json", "noise"]) == 0
    print("after")
    out, err = capsys.readouterr()
    before, _, report = out.partition("\n")
    assert (before, err) == ("before", "heard\n")
    assert statuses(report.removesuffix("after\n"))["git"] == "available"


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_stay_closed(tmp_path: Path, redirect: str) -> None:
    """With standard output closed there is no report, with standard error closed nobody hears what others print."""
    (tmp_path / "noise.py").write_text(NOISE.replace("    os.write", "    # os.write"))
    done = program("status", "noise", "--json", cwd=tmp_path, redirect=redirect)
    assert done.returncode == 0
    if redirect == "2>&-":
        assert statuses(done.stdout)["noisy"] == "available"
    else:
        assert done.stdout == ""


def test_nobody_else_prints_where_the_report_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks for standard output meanwhile is given standard error."""

    class Report(io.StringIO):
        def write(self, text: str) -> int:
            assert sys.stdout is sys.stderr
            return super().write(text)

    report = Report()
    monkeypatch.setattr(sys, "stdout", report)
    assert cli.main(["status", "--json"]) == 0
    assert statuses(report.getvalue())["git"] == "available"
    assert sys.stdout is report


def test_a_probe_that_goes_on_printing_spoils_no_report(tmp_path: Path) -> None:
    """One that was given up, and prints while the report is written and after."""
    (tmp_path / "chatty.py").write_text(
        "from ssot_shims import capabilities\n"
        "@capabilities.register('chatty', timeout=0.2)\ndef chatty():\n"
        "    while True:\n        print('waiting', flush=True)\n"
    )
    done = program("status", "chatty", "--json", cwd=tmp_path)
    assert (done.returncode, set(done.stderr.splitlines())) == (0, {"waiting"})
    assert statuses(done.stdout)["chatty"] == "timed_out"


# --- capabilities


def test_status_shows_what_is_forced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers instead of the machine is named, in the table and in JSON."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOCKER", "yes")
    with capabilities.override(git=Availability(status="timed_out", reason="as\nif")):
        _, out, _ = run(capsys)
        _, data, _ = run(capsys, "--json")
    says_yes = "SSOT_SHIMS_HAS_DOCKER says yes; to ask the machine: unset SSOT_SHIMS_HAS_DOCKER"
    assert row(out, "docker") == f"docker available forced: {says_yes}"
    assert row(out, "git") == "git timed_out forced: as if"
    says_yes = "SSOT_SHIMS_HAS_DOCKER says yes"
    found = {item["name"]: (item["source"], item["reason"]) for item in json.loads(data)["capabilities"]}
    assert (found["docker"], found["git"]) == (("SSOT_SHIMS_HAS_DOCKER", says_yes), ("override", "as if"))


def test_one_capability_spoils_no_other(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A circle, an unknown part and a setting that does not read are failures of the capabilities they are about."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "maybe")
    capabilities.register("selfish", lambda: bool(capabilities.check("selfish")))
    capabilities.register("both", "all:git,gti")
    code, out, _ = run(capsys)
    circle = "the probes ask for one another in a circle: selfish -> selfish; let one of them answer by itself"
    expected = "'maybe'; expected 1, true, yes or on, or 0, false, no or off"
    assert (code, row(out, "selfish")) == (0, f"selfish failed {circle}")
    assert row(out, "both").startswith("both failed no capability 'gti'; close: git; known: both, docker, ")
    assert row(out, "podman") == f"podman failed SSOT_SHIMS_HAS_PODMAN is {expected}"
    assert row(out, "git") == "git available git is here"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SSOT_SHIMS_TIMEOUT", "-1", "seconds above 0, such as 2.5, at most a day (86400)"),
        ("SSOT_SHIMS_NO_SERVICES", "maybe", "1, true, yes or on, or 0, false, no or off"),
        ("SSOT_SHIMS_REQUIRE", "a b", "names such as docker,postgres,upstream:HeartbeatConfig"),
    ],
)
def test_a_setting_that_spoils_them_all_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """What no capability could be asked under is exit code 2, whether or not one is asked."""
    monkeypatch.setenv(variable, value)
    for command in ("status", "verify"):
        assert run(capsys, command) == (2, "", f"ssot-shims: {variable} is {value!r}; expected {expected}\n")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a probe can hang on; it opens when the test ends."""
    gate = threading.Event()
    yield gate
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "sleepy":
            thread.join()


def test_status_shows_what_hangs(capsys: pytest.CaptureFixture[str], gate: threading.Event) -> None:
    """A probe that was given up and has not come back is told with the line where it stands."""

    def sleepy() -> None:
        gate.wait()

    capabilities.register("sleepy", sleepy, timeout=0.05)
    place = f"{__file__}:{sleepy.__code__.co_firstlineno + 1}"
    _, out, _ = run(capsys)
    assert row(out, "sleepy").startswith(f"sleepy timed_out no answer in 0.05 s; its probe stands at {place}; ")


def test_capabilities_of_the_project(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of pyproject.toml is registered, and a function that it names is found from the project's folder."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        table = f"""[tool.ssot_shims.capabilities]
gpu = "python:suite.probes:gpu"
cache = {{ probe = "tcp://127.0.0.1:{port}", timeout = 1.0, ttl = 5.0, service = true }}
"""
        probes = "def gpu():\n    print('looking')\n    return False, 'no device'\n"
        root = write({"suite/__init__.py": "", "suite/probes.py": probes, "deep/x": "", "pyproject.toml": table})
        sys.path.remove(str(root))
        monkeypatch.chdir(root / "deep")
        _, out, err = run(capsys)
        assert row(out, "gpu") == "gpu unavailable no device"
        assert row(out, "cache") == f"cache available 127.0.0.1:{port} accepts connections"
        assert err == "looking\n"
    cache = capabilities["cache"]
    assert (cache.level, cache.where) == ("pyproject", str(root / "pyproject.toml"))
    assert (cache.timeout, cache.ttl, cache.is_service) == (1.0, 5.0, True)


def test_capabilities_of_a_module(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A module named on the command line may register some; what it registers wins over the table of the project."""
    root = write(
        {"suite.py": "from ssot_shims import capabilities\ncapabilities.register('gpu', lambda: (False, 'x'))"}
    )
    (Path.cwd() / "pyproject.toml").write_text('[tool.ssot_shims.capabilities]\ngpu = "env:HOME"\n')
    _, out, _ = run(capsys, "status", "suite")
    assert row(out, "gpu") == "gpu unavailable x"
    assert capabilities["gpu"].where == f"{root}/suite.py:2"


def test_status_says_what_is_misspelled_about_capabilities(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting for a capability that nobody knows is a problem."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOKCER", "1")
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "gti")
    _, out, _ = run(capsys)
    assert out.splitlines()[-2:] == [
        "problem: SSOT_SHIMS_HAS_DOKCER: no capability of that name; close: docker, docker_sdk",
        "problem: SSOT_SHIMS_REQUIRE=gti: no capability of that name; close: git",
    ]


def test_no_report_shows_a_secret(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords and tokens in addresses are out of sight in every form, wherever they come from."""
    address = "http://me:hunter2@127.0.0.1:9/x?token=hunter2"
    (Path.cwd() / "pyproject.toml").write_text(f'[tool.ssot_shims.capabilities]\nweb = "{address}"\n')
    monkeypatch.setenv("SSOT_SHIMS_ADDRESS", address)
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "web,docker,git,podman")
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "me:hunter2@127.0.0.1")
    says("git", Availability(status="unavailable", reason=address, details={"address": address}))
    says("docker_sdk", (False, "cannot reach (me:hunter2@127.0.0.1:9)"))
    write({"suite.py": f"raise OSError('cannot reach {address}')"})
    with capabilities.override(docker=Availability(status="unavailable", reason=f"not at {address}")):
        for words in (["status"], ["status", "--json"], ["status", "--markdown"], ["verify"]):
            _, out, err = run(capsys, *words, "suite")
            assert "hunter2" not in out + err
            assert "127" in out


@pytest.mark.parametrize(
    ("required", "lines"),
    [
        ("git, docker_sdk", []),
        (
            "git,docker,podman",
            [
                "problem: SSOT_SHIMS_REQUIRE=docker: unavailable: no engine here",
                "problem: SSOT_SHIMS_REQUIRE=podman: available: forced: SSOT_SHIMS_HAS_PODMAN says yes; "
                "to ask the machine: unset SSOT_SHIMS_HAS_PODMAN",
            ],
        ),
        ("upstream:RetryPolicy,git", [f"problem: SSOT_SHIMS_REQUIRE=upstream:RetryPolicy: absent: {ABSENT}"]),
        (
            "nobody,upstream:Nobody",
            [
                "problem: SSOT_SHIMS_REQUIRE=nobody: no capability of that name",
                "problem: SSOT_SHIMS_REQUIRE=upstream:Nobody: no shim of that name",
            ],
        ),
    ],
    ids=["real", "not there, and forced", "a placeholder", "unknown"],
)
def test_verify_fails_for_what_is_required_and_not_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, required: str, lines: list[str]
) -> None:
    """One line for each required name that is not really there; neither a forced yes nor a placeholder is."""
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", required)
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "1")
    code, out, _ = run(capsys, "verify")
    assert [line for line in out.splitlines() if line.startswith("problem")] == lines
    assert code == (1 if lines else 0)


def test_an_override_does_not_satisfy_a_requirement(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in front of the machine is not the machine, for a combination of capabilities either."""
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "both")
    capabilities.register("both", "all:git,docker")
    with capabilities.override(docker=Availability(status="available", reason="as if")):
        code, out, _ = run(capsys, "verify")
    assert code == 1
    assert "problem: SSOT_SHIMS_REQUIRE=both: available: forced: git: git is here; docker: as if\n" in out


def test_verify_asks_only_what_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a requirement no probe is asked."""
    asked: list[int] = []
    capabilities.register("costly", lambda: asked.append(1))
    assert run(capsys, "verify")[0] == 0
    assert not asked


def test_an_upstream_that_is_there_is_real(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that gives its upstream satisfies the requirement."""
    write(UPSTREAM)
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "upstream:Limits,upstream:Quota")
    assert run(capsys, "verify", "suite.shims")[0] == 0


def test_a_terminal_gets_colour_for_each_status() -> None:
    """Green for what is there, dim for what is not, yellow and red for what gave no answer."""
    words = ["available", "unavailable", "timed_out", "failed"]
    colours = [table(("", "", ""), [("x", word, "y")], width=0, colour=True)[1].split("m")[0] for word in words]
    assert colours == ["x  \x1b[32", "x  \x1b[2", "x  \x1b[33", "x  \x1b[31"]


def test_the_program_ends_although_a_probe_hangs(tmp_path: Path) -> None:
    """What a probe that was given up has started is not waited for, and the report is whole."""
    (tmp_path / "pool.py").write_text(
        "from ssot_shims import capabilities\nimport time\n"
        "@capabilities.register('pool', timeout=0.3)\ndef pool():\n"
        "    from concurrent.futures import ThreadPoolExecutor\n"
        "    with ThreadPoolExecutor() as executor:\n        return executor.submit(time.sleep, 60).result()\n"
    )
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1])}
    command = [sys.executable, "-m", "ssot_shims", "status", "pool", "--json"]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=40, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert [found["status"] for found in json.loads(run.stdout)["capabilities"] if found["name"] == "pool"] == [
        "timed_out"
    ]


def test_the_program_ends_although_a_probe_has_left_threads(tmp_path: Path) -> None:
    """A pool that the interpreter would wait for is left behind, even though its probe has answered."""
    (tmp_path / "pool.py").write_text(
        "from ssot_shims import capabilities\nimport time\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "executor = ThreadPoolExecutor()\n"
        "@capabilities.register('pool')\ndef pool():\n    executor.submit(time.sleep, 60)\n"
    )
    started = time.monotonic()
    done = program("status", "pool", "--json", cwd=tmp_path)
    assert time.monotonic() - started < 20
    assert (done.returncode, done.stderr) == (0, "")
    assert statuses(done.stdout)["pool"] == "available"


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_the_program_leaves_with_its_code(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    """When a thread is left, and standard output and error are not there, too."""
    codes: list[int] = []

    def leave(code: int) -> NoReturn:
        codes.append(code)
        raise SystemExit(code)

    end = threading.Event()
    thread = threading.Thread(target=end.wait, daemon=True)
    thread.start()
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "verify"])
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(SystemExit):
        cli.run()
    end.set()
    thread.join()
    assert codes == [0]


def test_the_program_exits_with_the_code_of_the_command(write: Write) -> None:
    """Where nothing hangs the interpreter ends as it always does."""
    root = write({"acme.py": "", "suite.py": "from ssot_shims import shim\n@shim('acme:X')\nclass X: ..."})
    assert [program("verify", "suite", cwd=root).returncode, program("status", "suite", cwd=root).returncode] == [1, 0]


@pytest.mark.parametrize("is_heard", [True, False])
def test_the_program_keeps_standard_output_for_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], is_heard: bool
) -> None:
    """What is printed there afterwards goes to standard error, and nowhere when that is closed."""
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "argv", ["ssot-shims", "--json"])
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", sys.stderr if is_heard else None)
        monkeypatch.setattr(threading, "active_count", lambda: 1)  # the runner of these tests may have more
        with pytest.raises(SystemExit) as stop:
            cli.run()
        os.write(out.fileno(), b"late")
    assert (stop.value.code, statuses((tmp_path / "out").read_text())["git"]) == (0, "available")
    assert capfd.readouterr().err == ("late" if is_heard else "")
