"""The environment variables, and the pyproject table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssot_shims._project.pyproject import find_project, read_project
from ssot_shims._settings import in_force, misspelled, strict
from ssot_shims.errors import InvalidSetting

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


def test_a_setting_for_no_capability_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in SSOT_SHIMS_HAS_... and SSOT_SHIMS_REQUIRE that nobody has, with close matches."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOKCER", "1")
    monkeypatch.setenv("SSOT_SHIMS_HAS_GIT", "1")
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "1")
    monkeypatch.setenv("SSOT_SHIMS_NO_SERVICE", "1")
    monkeypatch.setenv("SSOT_SHIMS_ENVIRONMENT", "staging")
    monkeypatch.setenv("SSOT_SHIMS_ENVIROMENT", "staging")
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "git,gti,upstream:RetryPolicy,upstream:Nobody")
    assert misspelled(SHIMS, frozenset({"docker", "git"})) == {
        "SSOT_SHIMS_HAS_DOKCER": "no capability of that name; close: docker",
        "SSOT_SHIMS_ENVIROMENT": "no such setting; close: SSOT_SHIMS_ENVIRONMENT",
        "SSOT_SHIMS_NO_SERVICE": "no such setting; close: SSOT_SHIMS_NO_SERVICES",
        "SSOT_SHIMS_REQUIRE=gti": "no capability of that name; close: git",
        "SSOT_SHIMS_REQUIRE=upstream:Nobody": "no shim of that name",
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
    assert (project.root, project.file, project.modules, project.capabilities) == (Path("/"), None, (), ())


def test_capabilities_are_read_in_both_forms(tmp_path: Path) -> None:
    """The notation alone, or a table with more beside it; each knows the file that it comes from."""
    file = tmp_path / "pyproject.toml"
    file.write_text("""[tool.ssot_shims.capabilities]
web = "https://example.com/health"
db = { probe = "env:DB", timeout = 1, ttl = 5.0, service = true }
""")
    web, db = find_project(tmp_path).capabilities
    assert (web.name, web.notation, web.timeout, web.ttl, web.is_service) == (
        *("web", "https://example.com/health", None, None, True),
    )
    assert (db.name, db.notation, db.timeout, db.ttl, db.is_service) == ("db", "env:DB", 1, 5.0, True)
    assert {(one.level, one.where) for one in (web, db)} == {("pyproject", str(file))}


def test_the_rules_of_a_migration_are_read(tmp_path: Path) -> None:
    """Old place, new place, and who says so; and the globs of what is left out."""
    file = tmp_path / "pyproject.toml"
    file.write_text("""[tool.ssot_shims.migrate]
exclude = ["vendor/*", "**/generated_*.py"]
"old.mod:Name" = "new.mod:Name"
"old.all:*" = "new.all:*"
""")
    project = find_project(tmp_path)
    said_by = f"tool.ssot_shims.migrate in {file}"
    assert project.rules == (("old.mod:Name", "new.mod:Name", said_by), ("old.all:*", "new.all:*", said_by))
    assert project.exclude == ("vendor/*", "**/generated_*.py")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.ssot_shims]\nmigrate = 1",
            "tool.ssot_shims.migrate in {file} is '<int>'; expected a table",
        ),
        (
            "[tool.ssot_shims.migrate]\nexclud = []",
            "a key of tool.ssot_shims.migrate in {file} is 'exclud'; "
            "expected exclude, or a rule such as 'old.mod:Name' in quotes; close: exclude",
        ),
        (
            "[tool.ssot_shims.migrate]\nold.mod = 'new.mod:Name'",
            "a key of tool.ssot_shims.migrate in {file} is 'old'; "
            "expected exclude, or a rule such as 'old.mod:Name' in quotes",
        ),
        (
            "[tool.ssot_shims.migrate]\nexclude = ['a', 1]",
            "tool.ssot_shims.migrate.exclude in {file} is '<list>'; expected a list of strings",
        ),
        (
            "[tool.ssot_shims.migrate]\n'old.mod:Name' = ['new.mod:Name']",
            "tool.ssot_shims.migrate.old.mod:Name in {file} is '<list>'; expected a new place such as 'new.mod:Name'",
        ),
        (
            "[tool.ssot_shims]\nmodule = []",
            "a key of tool.ssot_shims in {file} is 'module'; "
            "expected one of modules, capabilities, environments, migrate; "
            "close: modules",
        ),
        (
            "[tool.ssot_shims]\nmodules = 'suite'",
            "tool.ssot_shims.modules in {file} is '<str>'; expected a list of strings",
        ),
        ("[tool.ssot_shims]\ncapabilities = 1", "tool.ssot_shims.capabilities in {file} is '<int>'; expected a table"),
        (
            "[tool.ssot_shims.capabilities]\nMy-DB = 'env:A'",
            "a key of tool.ssot_shims.capabilities in {file} is 'My-DB'; "
            "expected a name of lower-case letters, digits and _, such as 'postgres'",
        ),
        (
            "[tool.ssot_shims.capabilities]\ndb = ['tcp://me:hunter2@h:1']",
            "tool.ssot_shims.capabilities.db.probe in {file} is '<list>'; expected a probe such as 'tcp://localhost:5432'",
        ),
        (
            "[tool.ssot_shims.capabilities]\ndb = {}",
            "tool.ssot_shims.capabilities.db.probe in {file} is '<NoneType>'; "
            "expected a probe such as 'tcp://localhost:5432'",
        ),
        (
            "[tool.ssot_shims.capabilities.db]\nprobe = 'env:A'\ntiemout = 1",
            "a key of tool.ssot_shims.capabilities.db in {file} is 'tiemout'; "
            "expected one of probe, timeout, ttl, service; close: timeout",
        ),
        (
            "[tool.ssot_shims.capabilities.db]\nprobe = 'env:A'\nservice = 1",
            "tool.ssot_shims.capabilities.db.service in {file} is '<int>'; expected true or false",
        ),
        (
            "[tool.ssot_shims.capabilities.db]\nprobe = 'env:A'\nttl = 'long'",
            "tool.ssot_shims.capabilities.db.ttl in {file} is '<str>'; expected seconds such as 2.5",
        ),
        (
            "[tool.ssot_shims.capabilities.db]\nprobe = 'env:A'\ntimeout = -1",
            "tool.ssot_shims.capabilities.db in {file} is 'env:A'; expected what can be registered: "
            "the timeout of 'db' is -1; give seconds above 0, at most a day (86400)",
        ),
        (  # more than an integer of TOML holds, which Python's reader takes all the same
            "[tool.ssot_shims.capabilities.db]\nprobe = 'env:A'\ntimeout = 0x8000000000000000",
            "tool.ssot_shims.capabilities.db in {file} is 'env:A'; expected what can be registered: "
            "the timeout of 'db' is 9223372036854775808; give seconds above 0, at most a day (86400)",
        ),
        (
            "[tool.ssot_shims.capabilities.db]\nprobe = 'all:a,b'\nttl = 1",
            "tool.ssot_shims.capabilities.db in {file} is 'all:a,b'; expected what can be registered: "
            "'db' combines other capabilities and has a timeout or ttl; give those to its parts",
        ),
        (
            "[tool.ssot_shims.capabilities]\ndb = 'tcp://me:hunter2@localhost'",
            "tool.ssot_shims.capabilities.db in {file} is 'tcp://***@localhost'; expected what can be registered: "
            "the probe 'tcp://***@localhost' is not a host and a port; expected tcp://host:port",
        ),
        (
            "[tool.ssot_shims]\nmodules = [1]",
            "tool.ssot_shims.modules in {file} is '<list>'; expected a list of strings",
        ),
        ("[tool]\nssot_shims = 3", "tool.ssot_shims in {file} is '<int>'; expected a table"),
        ("tool = 3", "tool in {file} is '<int>'; expected a table"),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "1" * 5000, "{file} is 'Exceeds the limit (4300 digits) for integer string conversion: "),
        ("a = " + "[" * 3000, "{file} is 'maximum recursion depth exceeded"),
        (
            f"tool.ssot_shims.capabilities.db = {{probe = 'env:A', ttl = 0x{'f' * 4000}}}",
            "tool.ssot_shims.capabilities.db in {file} is 'env:A'; expected what can be registered: Exceeds the limit",
        ),
    ],
    ids=["too long", "too deep", "too long to show"],
)
def test_a_file_that_is_too_much_for_the_parser_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """Numbers of thousands of digits and brackets by the thousand are refused like anything that does not read."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        find_project(tmp_path)
    assert str(caught.value).startswith(message.format(file=tmp_path / "pyproject.toml"))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is not an empty table; and a pipe is not opened, because reading it would never end."""
    file = tmp_path / "pyproject.toml"
    with pytest.raises(InvalidSetting, match="No such file or directory.*; expected a file in TOML$"):
        read_project(file)
    os.mkfifo(file)
    with pytest.raises(InvalidSetting) as caught:
        read_project(file)
    assert str(caught.value) == f"{file} is '{file} is no regular file'; expected a file in TOML"
    assert find_project(tmp_path).file != file


def test_settings_are_read_when_the_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment is remembered."""
    monkeypatch.setitem(os.environ, "SSOT_SHIMS_STRICT", "1")
    assert strict()
    monkeypatch.setitem(os.environ, "SSOT_SHIMS_STRICT", "0")
    assert not strict()


def test_a_variable_in_the_wrong_case_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSOT_SHIMS_HAS_docker reaches nothing, and the way to write it is named."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_docker", "1")
    assert misspelled(SHIMS, frozenset({"docker"})) == {
        "SSOT_SHIMS_HAS_docker": "no such setting; it is written SSOT_SHIMS_HAS_DOCKER"
    }


@pytest.mark.parametrize(
    "text",
    [
        'capabilities = ["https://me:secret@host/"]',
        'capabilities = "https://me:secret@host/"',
        'modules = "https://me:secret@host/"',
        '[tool.ssot_shims.capabilities]\n"https://me:secret@host" = "x"',
        '"https://me:secret@host/" = 1',
        '[tool.ssot_shims.capabilities.db]\n"https://me:secret@host/" = 1',
        '[tool.ssot_shims.capabilities.db]\nprobe = "env:A"\ntimeout = "https://me:secret@host/"',
        '[tool.ssot_shims.capabilities.db]\nprobe = "env:A"\nservice = ["https://me:secret@host/"]',
        'migrate = { "https://me:secret@host/" = 1 }',
        'environments = [{ name = "docker", values = { "https://me:secret@host/" = 1 } }]',
    ],
)
def test_an_address_in_the_wrong_place_is_not_shown(tmp_path: Path, text: str) -> None:
    """A table of the wrong shape may hold passwords; the error says of what kind the value is."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.ssot_shims]\n{text}")
    with pytest.raises(InvalidSetting) as caught:
        find_project(tmp_path)
    assert "secret" not in str(caught.value)
