"""The environment variables, and the pyproject table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssot_shims import InvalidSetting
from ssot_shims._pyproject import find_project
from ssot_shims._settings import in_force, misspelled, strict

SHIMS = frozenset({"HeartbeatConfig", "RetryPolicy"})


@pytest.mark.parametrize(("value", "expected"), [("1", True), (" Yes ", True), ("on", True), ("0", False), ("", False)])
def test_a_flag_reads_the_usual_words(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    """Case and blanks do not matter; empty is no."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", value)
    assert strict() is expected


def test_what_is_set_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable of ours that is set, in order, known or not."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    monkeypatch.setenv("SSOT_SHIMS_ODD", "x")
    assert in_force() == {"SSOT_SHIMS_ODD": "x", "SSOT_SHIMS_STRICT": "1"}


def test_a_setting_that_reaches_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelled variable, and a misspelled shim in one, get their close matches."""
    monkeypatch.setenv("SSOT_SHIMS_STIRCT", "1")
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_RETRYPOLCY", "a:B")
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", "HeartbeetConfig,RetryPolicy")
    assert misspelled(SHIMS) == {
        "SSOT_SHIMS_STIRCT": "no such setting; close: SSOT_SHIMS_STRICT",
        "SSOT_SHIMS_UPSTREAM_RETRYPOLCY": "no such setting; close: SSOT_SHIMS_UPSTREAM_RETRYPOLICY",
        "SSOT_SHIMS_PLACEHOLDERS=HeartbeetConfig": "no shim of that name; close: HeartbeatConfig",
    }


@pytest.mark.parametrize("value", ["1", "0", "RetryPolicy"])
def test_settings_that_reach_something_are_no_problem(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Known variables and names are not told."""
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", value)
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_RETRYPOLICY", "a:B")
    assert misspelled(SHIMS) == {}


def test_the_nearest_pyproject_is_the_project(tmp_path: Path) -> None:
    """The table is read from the folder itself or the first above it that has a pyproject.toml."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite.shims"]\n')
    project = find_project(tmp_path / "a" / "b")
    assert (project.root, project.file, project.modules) == (tmp_path, tmp_path / "pyproject.toml", ("suite.shims",))
    (tmp_path / "a" / "pyproject.toml").write_text("")
    project = find_project(tmp_path / "a" / "b")
    assert (project.root, project.modules) == (tmp_path / "a", ())


def test_a_folder_without_pyproject_says_nothing() -> None:
    """Then the folder is the root of a project without modules."""
    project = find_project(Path("/"))
    assert (project.root, project.file, project.modules) == (Path("/"), None, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.ssot_shims]\nmodule = []",
            "a key of tool.ssot_shims in {file} is 'module'; expected one of modules; close: modules",
        ),
        (
            "[tool.ssot_shims]\nmodules = 'suite'",
            "tool.ssot_shims.modules in {file} is \"'suite'\"; expected a list of strings",
        ),
        ("[tool.ssot_shims]\nmodules = [1]", "tool.ssot_shims.modules in {file} is '[1]'; expected a list of strings"),
        ("[tool]\nssot_shims = 3", "tool.ssot_shims in {file} is '3'; expected a table"),
        ("tool = 3", "tool in {file} is '3'; expected a table"),
        (
            "[tool",
            "{file} is \"Expected ']' at the end of a table declaration (at end of document)\"; "
            "expected a file in TOML",
        ),
    ],
)
def test_a_table_that_does_not_read_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the key and the value."""
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        find_project(tmp_path)
    assert str(caught.value) == message.format(file=file)


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    """TOML is UTF-8; the error says where it is not."""
    file = tmp_path / "pyproject.toml"
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(InvalidSetting, match="codec can't decode byte 0xff in position 8.*; expected a file in TOML$"):
        find_project(tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable file is an error and not an empty table."""

    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(Path, "read_text", refuse)  # root may read everything, so the refusal is made by hand
    with pytest.raises(InvalidSetting) as caught:
        find_project(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'pyproject.toml'} is '[Errno 13] Permission denied'; expected a file in TOML"
    )


def test_settings_are_read_when_the_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment is remembered."""
    monkeypatch.setitem(os.environ, "SSOT_SHIMS_STRICT", "1")
    assert strict()
    monkeypatch.setitem(os.environ, "SSOT_SHIMS_STRICT", "0")
    assert not strict()
