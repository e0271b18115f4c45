"""Where the commands are tried: outside any project, on a known machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ssot_shims import Availability
from tests.support.command_line import CAPABILITIES, run as run_in_this_process, says

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line with some words: exit code, standard output and standard error."""
    return lambda *words: run_in_this_process(capsys, *words)


@pytest.fixture
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_shims: None) -> Path:
    """The command line is run outside any project, and every public name is loaded anew."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def on_a_known_machine() -> None:
    """What the machine below this test has or lacks does not matter."""
    for line in CAPABILITIES.splitlines()[1:]:
        name, status, reason = line.split(maxsplit=2)
        says(name, Availability(status=status, reason=reason))  # type: ignore[arg-type]
