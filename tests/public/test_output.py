"""Where the reports of the command line go: terminals, pipes and files, and what others print meanwhile."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, NoReturn

import pytest

import ssot_shims
import ssot_shims._report as _report
from ssot_shims import capabilities, cli
from ssot_shims._text import table, wrapped
from tests.support.command_line import terminal

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
PROGRAM = [sys.executable, "-m", "ssot_shims"]


def program(*words: str, redirect: str = "", cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with a *redirect* such as a shell reads."""
    env = {"PYTHONPATH": CHECKOUT, "PATH": os.environ["PATH"], **more}
    line = ["bash", "-c", f"{shlex.join([*PROGRAM, *words])} {redirect}"]
    return subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def statuses(text: str) -> dict[str, str]:
    """The status of each capability in a report in JSON, which is all that *text* has."""
    return {found["name"]: found["status"] for found in json.loads(text)["capabilities"]}


def on_a_terminal(*words: str, **settings: str) -> list[str]:
    """The lines of the status on a real terminal, by default 60 columns wide."""
    env = {"PYTHONPATH": CHECKOUT, "COLUMNS": "60", "TERM": "xterm", **settings}
    with terminal() as (theirs, shown):
        subprocess.run([*PROGRAM, *words], stdout=theirs, stdin=theirs, env=env, check=False)
    return b"".join(shown).decode().replace("\r\n", "\n").splitlines()


def exit_code(monkeypatch: pytest.MonkeyPatch, *words: str, threads: int = 1, **streams: IO[str] | None) -> object:
    """What the program ends with inside this process, on other standard streams, while so many threads are there."""
    monkeypatch.setattr(sys, "argv", ["ssot-shims", *words])
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as stop:
            cli.run()
    return stop.value.code


def test_a_terminal_is_told_for_what_a_check_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends that, and any other command, with exit code 130."""

    def interrupted() -> NoReturn:
        raise KeyboardInterrupt

    capabilities.register("slow", interrupted)
    with terminal() as (theirs, shown), open(theirs, "w", closefd=False) as stream:
        assert exit_code(monkeypatch, "check", "slow", "--wait=20", stdout=None, stderr=stream) == 130
    assert b"".join(shown).splitlines() == [b"waiting for slow, at most 20 s", b"ssot-shims: interrupted"]


@pytest.mark.parametrize("columns", [24, 60, 80])
@pytest.mark.parametrize("command", ["status", "verify"])
def test_no_line_is_wider_than_the_terminal(columns: int, command: str) -> None:
    """Titles, paths and problems are wrapped too; what colours a word counts as if it were seen."""
    lines = on_a_terminal(command, COLUMNS=str(columns), SSOT_SHIMS_PLACEHOLDERS="A" * 100)
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("problem: SSOT_SHIMS_") for line in lines)


def test_a_terminal_gets_colour_and_reasons_under_their_column() -> None:
    """The hint begins a line of its own there."""
    lines = on_a_terminal()
    start = next(number for number, line in enumerate(lines) if line.startswith("HeartbeatConfig"))
    assert lines[start : start + 3] == [
        "HeartbeatConfig  \x1b[2mabsent\x1b[0m  no package 'netra_backend'",
        " " * 25 + "is installed here",
        " " * 25 + "to use the real one, install it, or",
    ]


@pytest.mark.parametrize(
    ("name", "value", "is_coloured"), [("NO_COLOR", "1", 0), ("TERM", "dumb", 0), ("NO_COLOR", "", 1)]
)
def test_colour_can_be_declined(name: str, value: str, is_coloured: int) -> None:
    """NO_COLOR and a dumb terminal get none; as no-color.org has it, an empty NO_COLOR declines nothing."""
    assert ("\x1b" in "".join(on_a_terminal(**{name: value}))) == is_coloured


def test_a_table_takes_any_width() -> None:
    """Each status has its colour; names leave half of it to the reasons; a word without a break is broken."""
    colours = {"available": 32, "unavailable": 2, "timed_out": 33, "failed": 31}
    for word, colour in colours.items():
        assert table((), [("x", word, "y", "")], colour=True)[0].startswith(f"x  \x1b[{colour}m{word}\x1b[0m")
    row = ("n" * 30, "available", "w" * 25, "do it")
    parts = ["B", "C", "n" * 10, "available", "w" * 10, "w" * 10, "w" * 5, "do it"]
    under = [" " * 10 + part for part in parts]
    assert table(("A", "B", "C"), [row], width=20) == ["A", *under[:2], "n" * 20, *under[2:]]
    assert table(("A", "B", "C"), [row]) == [f"A{'':31}B          C", f"{'n' * 30}  available  {'w' * 25}; do it"]
    assert table(("A", "B", "C"), []) == ["A  B  C"]
    assert wrapped("one two", 0) == ["one two"]


@pytest.mark.parametrize(
    ("words", "redirect", "expected"),
    [
        (["status"], "| head -n 1 | cut -c -16; exit ${PIPESTATUS[0]}", (0, "ssot_shims 0.1.0", "")),
        (["status"], "| head -n 0; exit ${PIPESTATUS[0]}", (0, "", "")),
        (["status"], ">/dev/full", (2, "", "ssot-shims: [Errno 28] No space left on device")),
    ],
)
def test_a_reader_that_goes_away_is_no_error(words: list[str], redirect: str, expected: tuple[int, str, str]) -> None:
    """A disk that is full is told, once."""
    for settings in ({}, {"PYTHONUNBUFFERED": "1"}):
        done = program(*words, redirect=redirect, **settings)
        assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == expected


def test_a_report_is_written_inside_this_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a pipe that nobody reads, on a closed stream, and on a disk that is full, which is an error."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main([]) == 0
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["verify"]) == 0
    with open("/dev/full", "w", encoding="utf-8") as out, pytest.raises(OSError, match="No space left"):
        _report.write(out, "a line\n")


NOISE = """
import atexit, os, subprocess, sys
from ssot_shims import capabilities

def noise(text):
    print(text, "printed", flush=True)
    print(text, "kept", file=sys.__stdout__)
    os.write(1, f"{text} written\\n".encode())
    subprocess.run(["echo", text, "started"])

noise("import")
atexit.register(os.write, 1, b"end written\\n")
atexit.register(print, "end printed", flush=True)

@capabilities.register("noisy")
def noisy():
    noise("probe")
"""
HEARD = {f"{who} {how}" for who in ("import", "probe") for how in ("printed", "kept", "written", "started")}


def test_what_others_print_spoils_no_report(tmp_path: Path) -> None:
    """Modules, probes, processes that they start, what runs at exit: all of it is on standard error."""
    (tmp_path / "noise.py").write_text(NOISE)
    done = program("status", "noise", "--json", cwd=tmp_path)
    assert (done.returncode, {*done.stderr.splitlines()}) == (0, HEARD | {"end written", "end printed"})
    assert statuses(done.stdout)["noisy"] == "available"


def test_nobody_else_prints_where_the_report_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks for standard output meanwhile is given standard error; afterwards it is what it was."""

    class Report(io.StringIO):
        def write(self, text: str) -> int:
            assert sys.stdout is sys.stderr
            return super().write(text)

    report = Report()
    monkeypatch.setattr(sys, "stdout", report)
    assert cli.main(["status", "--json"]) == 0
    assert (bool(statuses(report.getvalue())["git"]), sys.stdout) == (True, report)


LEFT = """
import time
from concurrent.futures import ThreadPoolExecutor
from ssot_shims import capabilities

@capabilities.register("hanging", timeout=0.3)
def hanging():
    with ThreadPoolExecutor() as executor: executor.submit(time.sleep, 60).result()
executor = ThreadPoolExecutor()
@capabilities.register("leaving")
def leaving(): executor.submit(time.sleep, 60)
@capabilities.register("chatty", timeout=0.2)
def chatty():
    while True: print("waiting", flush=True)
"""


def test_the_program_ends_whatever_probes_have_left(tmp_path: Path) -> None:
    """One that hangs, threads that one has started, one that goes on printing: the report is whole, and it ends."""
    (tmp_path / "left.py").write_text(LEFT)
    done = program("status", "left", "--json", cwd=tmp_path)  # at most 60 s
    found = statuses(done.stdout)
    assert (done.returncode, {*done.stderr.splitlines()}) == (0, {"waiting"})
    assert [found[name] for name in ("hanging", "leaving", "chatty")] == ["timed_out", "available", "timed_out"]


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_the_program_leaves_with_its_code(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    """When a thread is left, and standard output and error are not there, too."""
    monkeypatch.setattr(os, "_exit", lambda code: sys.exit(f"left with {code}"))
    assert exit_code(monkeypatch, "verify", threads=2, stdout=None, stderr=stream) == "left with 0"


@pytest.mark.parametrize("is_heard", [True, False])
def test_the_program_keeps_standard_output_for_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], is_heard: bool
) -> None:
    """What is printed there afterwards goes to standard error, and nowhere when that is closed."""
    with (tmp_path / "out").open("w") as out:
        code = exit_code(monkeypatch, "--json", stdout=out, stderr=sys.stderr if is_heard else None)
        os.write(out.fileno(), b"late")
    assert (code, "git" in statuses((tmp_path / "out").read_text())) == (0, True)
    assert capfd.readouterr().err == ("late" if is_heard else "")
