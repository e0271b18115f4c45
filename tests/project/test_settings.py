"""The environment variables, and the pyproject table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssot_shims import capabilities, is_available, load_project
from ssot_shims._project.pyproject import find_project, read_project
from ssot_shims._settings import misspelled
from ssot_shims.errors import InvalidSetting
from tests.conftest import Write, capability_snapshot, run

SHIMS = frozenset({"HeartbeatConfig", "RetryPolicy"})
NO_SETTING, NO_CAPABILITY, NO_SHIM = "no such setting", "no capability of that name", "no shim of that name"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STIRCT", "1", {"": f"{NO_SETTING}; close: SSOT_SHIMS_STRICT"}),
        ("NO_SERVICE", "1", {"": f"{NO_SETTING}; close: SSOT_SHIMS_NO_SERVICES"}),
        ("ENVIROMENT", "staging", {"": f"{NO_SETTING}; close: SSOT_SHIMS_ENVIRONMENT"}),
        ("UPSTREAM_RETRYPOLCY", "a:B", {"": f"{NO_SETTING}; close: SSOT_SHIMS_UPSTREAM_RETRYPOLICY"}),
        ("HAS_docker", "1", {"": f"{NO_SETTING}; it is written SSOT_SHIMS_HAS_DOCKER"}),
        ("HAS_DOKCER", "1", {"": f"{NO_CAPABILITY}; close: docker"}),
        ("PLACEHOLDERS", "HeartbeetConfig,RetryPolicy", {"=HeartbeetConfig": f"{NO_SHIM}; close: HeartbeatConfig"}),
        (
            *("REQUIRE", "git,gti,upstream:RetryPolicy,upstream:Nobody"),
            {"=gti": f"{NO_CAPABILITY}; close: git", "=upstream:Nobody": NO_SHIM},
        ),
        *((name, "1", {}) for name in ("PLACEHOLDERS", "TIMEOUT", "HAS_GIT", "ENVIRONMENT")),
        *((name, "RetryPolicy", {}) for name in ("PLACEHOLDERS", "UPSTREAM_RETRYPOLICY")),
        ("PLACEHOLDERS", "0", {}),
    ],
)
def test_a_setting_without_effect(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: dict[str, str]) -> None:
    """A misspelled variable, and a misspelled name in one, get their close matches; others are no problem."""
    monkeypatch.setenv(f"SSOT_SHIMS_{name}", value)
    expected = {f"SSOT_SHIMS_{name}{what}": problem for what, problem in told.items()}
    assert misspelled(SHIMS, frozenset({"docker", "git"})) == expected


def test_the_nearest_pyproject_is_the_project(tmp_path: Path) -> None:
    """The table is read from the folder itself or the first above it that has a pyproject.toml."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite.shims"]\n')
    assert find_project(tmp_path / "a" / "b").modules == ("suite.shims",)
    (tmp_path / "a" / "pyproject.toml").write_text("")
    project = find_project(tmp_path / "a" / "b")
    assert (project.root, project.modules, find_project(Path("/")).file) == (tmp_path / "a", (), None)


def test_what_a_table_declares_is_read(tmp_path: Path) -> None:
    """A notation alone, or a table with more beside it; old and new places, and who says so; what is left out."""
    file = tmp_path / "pyproject.toml"
    file.write_text("""[tool.ssot_shims.capabilities]
web = "https://example.com/health"
db = { probe = "env:DB", timeout = 1, ttl = 5.0, service = true }
[tool.ssot_shims.migrate]
exclude = ["vendor/*", "**/generated_*.py"]
"old.mod:Name" = "new.mod:Name"
"old.all:*" = "new.all:*"
[tool.ssot]
of = "another"
""")
    project = find_project(tmp_path)
    assert [(one.name, one.notation, one.timeout, one.ttl, one.is_service) for one in project.capabilities] == [
        ("web", "https://example.com/health", None, None, True),
        ("db", "env:DB", 1, 5.0, True),
    ]
    assert {(one.level, one.where) for one in project.capabilities} == {("pyproject", str(file))}
    said_by = f"tool.ssot_shims.migrate in {file}"
    assert project.rules == (("old.mod:Name", "new.mod:Name", said_by), ("old.all:*", "new.all:*", said_by))
    assert project.exclude == ("vendor/*", "**/generated_*.py")


S = "tool.ssot_shims"
C = f"{S}.capabilities"
STRINGS = "expected a list of strings"
KEYS = "expected one of modules, capabilities, environments, migrate, audit"
PROBE = "expected a probe such as 'tcp://localhost:5432'"
DB = f"[{C}.db]\nprobe = 'env:A'\n"
M, RULE = f"{S}.migrate", "or a rule such as 'old.mod:Name' in quotes"
SECONDS = "give seconds above 0, at most a day (86400)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 3", "tool in FILE is of type int; expected a table"),
        ("[tool.ssot-shims]", "tool in FILE has the key 'ssot-shims'; expected ssot_shims"),
        (f"[{S}]\n[tool.SsotShims]", "tool in FILE has the key 'SsotShims'; expected ssot_shims"),
        (f"[{S}]\nmodule = []", f"{S} in FILE has the key 'module'; {KEYS}; close: modules"),
        (f"[{S}]\nmodules = 'suite'", f"{S}.modules in FILE is of type str; {STRINGS}"),
        (f"[{S}]\nmodules = [1]", f"{S}.modules in FILE is a list that holds something else; {STRINGS}"),
        (f"[{S}]\ncapabilities = true", f"{C} in FILE is of type bool; expected a table"),
        (f"[{S}]\nmigrate = 1979-05-27", f"{S}.migrate in FILE is of type date; expected a table"),
        (f"[{M}]\nexclud = []", f"{M} in FILE has the key 'exclud'; expected exclude, {RULE}; close: exclude"),
        (f"[{M}]\nold.mod = 'new.mod:Name'", f"{M} in FILE has the key 'old'; expected exclude, {RULE}"),
        (f"[{M}]\n'old.mod:Name' = ['new:Name']", f"{M}.old.mod:Name in FILE is of type list; expected a new place"),
        (f"[{C}]\nMy-DB = 'env:A'", "'My-DB' is not a valid capability name; use lower-case letters, digits and _, "),
        (f"[{C}]\ndb = ['tcp://me:hunter2@h:1']", f"{C}.db.probe in FILE is of type list; {PROBE}"),
        (f"[{C}]\ndb = {{}}", f"{C}.db.probe in FILE is missing; {PROBE}"),
        (f"{DB}tiemout = 1", f"{C}.db in FILE has the key 'tiemout'; expected one of probe, timeout, ttl, service; "),
        (f"{DB}service = 1", "the service of 'db' is 1; give True, False or None"),
        (f"{DB}ttl = 'long'", f"the ttl of 'db' is 'long'; {SECONDS}"),
        (f"{DB}timeout = -1", "is 'env:A'; expected a valid capability: the timeout of 'db' is -1; "),
        # More than an integer of TOML holds, which Python's reader takes all the same.
        (f"{DB}timeout = 0x8000000000000000", f"the timeout of 'db' is 9223372036854775808; {SECONDS}"),
        (f"{DB}ttl = 0x{'f' * 4000}", "expected a valid capability: Exceeds the limit"),
        (f"[{C}.db]\nprobe = 'all:a,b'\nttl = 1", "'db' combines others and has a timeout or ttl; give "),
        (f"[{C}]\ndb = 'tcp://me:hunter2@localhost'", f"{C}.db in FILE is 'tcp://***@localhost'; expected a valid "),
        ("[tool", "FILE cannot be read: Expected ']' at the end of a table declaration (at end of document); expected"),
        ("a = " + "1" * 5000, "FILE cannot be read: Exceeds the limit (4300 digits) for integer string conversion: "),
        ("a = " + "[" * 3000, "FILE cannot be read: maximum recursion depth exceeded"),
        ("name = '\udcff'", "FILE cannot be read: 'utf-8' codec can't decode byte 0xff in position 8: invalid start "),
    ],
)
def test_a_table_that_does_not_read_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the key and the value, what was expected, and no address where none belongs."""
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidSetting) as caught:
        find_project(tmp_path)
    assert message in str(caught.value).replace(str(file), "FILE")
    assert "hunter2" not in f"{caught.value} {caught.value.args}"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is not an empty table; and a pipe is not opened, because reading it would never end."""
    file = tmp_path / "pyproject.toml"
    with pytest.raises(InvalidSetting, match="cannot be read: .*No such file or directory.*; expected a file in TOML$"):
        read_project(file)
    os.mkfifo(file)
    with pytest.raises(InvalidSetting, match=f"^{file} cannot be read: {file} is not a regular file; expected a "):
        read_project(file)
    assert find_project(tmp_path).file != file


def test_a_project_is_loaded_from_where_it_is_or_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the nearest file in or above the working directory or a folder, or from a file; it imports no modules."""
    file, deep = tmp_path / "pyproject.toml", tmp_path / "deep" / "er"
    deep.mkdir(parents=True)
    file.write_text('[tool.ssot_shims]\nmodules = ["no.such.suite"]\ncapabilities.cache = "env:CACHE"\n')
    for path, folder in ((None, deep), (deep, Path("/")), (str(tmp_path), Path("/")), (file, Path("/"))):
        restore = capability_snapshot()
        monkeypatch.chdir(folder)
        assert load_project(path) == tmp_path
        assert (is_available("cache"), capabilities["cache"].where) == (False, str(file))
        with monkeypatch.context() as patch:
            patch.setenv("CACHE", "1")
            load_project(path)  # keeps what is known
            assert not is_available("cache")
        restore()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere/pyproject.toml", "nowhere/pyproject.toml cannot be read: [Errno 2] No such file or directory"),
        ("/", f"pyproject.toml in / or above is missing; expected a file with a table [{C}]"),
    ],
)
def test_a_project_that_cannot_be_loaded_is_an_error(tmp_path: Path, path: str, message: str) -> None:
    """With its place: who asks for a project does not go on without one."""
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(InvalidSetting) as caught:
        load_project(tmp_path / path)
    assert message in str(caught.value)


def test_an_unknown_capability_names_load_project_until_it_was_called(write: Write) -> None:
    """In plain Python; a registry of one's own is loaded by nobody."""
    root = write({"pyproject.toml": "[tool.ssot_shims.capabilities]\ndb = 'env:DB'\n"})
    code = f"""
from ssot_shims import Registry, capabilities, errors, load_project
for registry in (capabilities, capabilities, Registry()):
    try:
        registry.check("dbx")
    except errors.UnknownName as error:
        print(error)
    load_project({str(root)!r})
"""
    known = "known: {}docker, docker_compose, docker_sdk, git, podman"
    assert run(code)[0].splitlines() == [
        f"no capability 'dbx'; {known.format('')}; names in pyproject.toml are registered by load_project()",
        f"no capability 'dbx'; close: db; {known.format('db, ')}",
        "no capability 'dbx'; known: none",
    ]
