"""The commands status and check, and the words of the command line, as a person or a CI job uses them."""

from __future__ import annotations

import json
import os
import platform
import re
import runpy
import socket
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims import Availability, PlaceholderWarning, _settings, capabilities, cli
from tests.conftest import Write
from tests.support.command_line import ABSENT, CAPABILITIES, ONE, SUITE, TITLE, UPSTREAM, row, run, says, states

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "on_a_known_machine")


# --- status


def test_status_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command every shim and capability is listed with what it is and the reason; exit code 0."""
    expected = f"""{TITLE}

SHIM             STATE   WHY
HeartbeatConfig  absent  {ABSENT}
RetryPolicy      absent  {ABSENT}

{CAPABILITIES}"""
    assert run(capsys) == run(capsys, "status") == run(capsys, "--format=text") == (0, expected, "")


def test_the_title_tells_what_python_this_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPy is told from CPython, and a build without the lock from one with it."""
    monkeypatch.setattr(platform, "python_implementation", lambda: "PyPy")
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    title = TITLE.replace("CPython", "PyPy").replace(" at ", ", free-threaded, at ")
    assert run(capsys)[1].splitlines()[0] == title


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
            "implementation": "CPython",
            "prefix": sys.prefix,
            "settings": {},
            "problems": [],
            "environments": [],
        },
    )
    assert 0 < shims[0].pop("seconds") < 5
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
    here = f"{says.__code__.co_filename}:{says.__code__.co_firstlineno + 2}"
    assert (len(found), found[3]) == (
        5,
        {
            "name": "git",
            "status": "available",
            "available": True,
            "reason": "git is here",
            "hint": "",
            "source": "probe",
            "is_forced": False,
            "details": {},
            "probe": here,
            "level": "user",
            "where": here,
        },
    )


def test_status_as_markdown(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A CI summary gets tables in which nothing of a reason is taken for markup, and what is wrong."""
    _, out, _ = run(capsys, "--markdown")
    assert out == run(capsys, "--format", "markdown")[1]
    lines = out.splitlines()
    assert (lines[0][:17], lines[2:4]) == ("### ssot\\_shims 0", ["| shim | state | why |", "|---|---|---|"])
    assert lines[6:9] == ["", "| capability | status | why |", "|---|---|---|"]
    assert lines[10] == "| docker\\_compose | unavailable | no Compose here |"
    assert lines[-1] == "| podman | unavailable | no podman here |"
    write({"suite.py": f"{ONE}raise ValueError('<b>|')"})
    escaped = ABSENT.replace("netra_backend", "acme").replace("<", "\\<").replace(">", "\\>")
    lines = run(capsys, "status", "--markdown", "suite")[1].splitlines()
    assert f"| X | absent | {escaped} |" in lines
    assert lines[-1] == "- problem: suite cannot be imported: ValueError: \\<b\\>\\|"


def test_status_shows_the_shims_of_a_project(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules named in pyproject.toml are found from its folder, and what an upstream prints spoils no output."""
    root = write({**UPSTREAM, "deep/er/x": "", "pyproject.toml": '[tool.ssot_shims]\nmodules = ["suite.shims"]\n'})
    sys.path.remove(str(root))
    monkeypatch.chdir(root / "deep" / "er")
    code, out, err = run(capsys)
    assert (code, err, states(out)) == (0, "acme says hello\n", {"Limits": "upstream", "Quota": "upstream"})
    assert row(out, "Quota") == f"Quota upstream acme.ws:Quota ({root}/acme/ws.py)"
    assert str(root) not in sys.path


@pytest.mark.parametrize("command", ["status", "verify"])
@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"suite.py": ONE}, {"X": "absent"}),
        ({"suite.py": "from ssot_shims import RetryPolicy"}, {"RetryPolicy": "absent"}),
        ({"suite.py": "", "netra_backend/__init__.py": ""}, {"HeartbeatConfig": "moved", "RetryPolicy": "moved"}),
        ({"suite.py": ""}, {}),
    ],
    ids=["neither", "somebody imports it", "its upstream is installed", "no shim at all"],
)
def test_a_project_of_its_own_sees_our_shims_only_when_they_matter(
    capsys: pytest.CaptureFixture[str], write: Write, files: dict[str, str], shown: dict[str, str], command: str
) -> None:
    """What ships is listed when its upstream is installed or somebody imports it."""
    write(files)
    Path("pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite"]\n')
    _, out, _ = run(capsys, command)
    head = "SHIM" if shown else "CAPABILITY" if command == "status" else "0 of 0"
    assert out.split("\n\n")[1].startswith(head)
    assert states(out) == shown or not shown


def test_status_shows_settings_and_what_is_misspelled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings in force are listed, and one that reaches nothing is a problem that is said."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOKCER", "1")
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", "RetryPolicy,Nobody")
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "gti")
    monkeypatch.setenv("SSOT_SHIMS_STRIKT", "\x1b[31m1")
    code, out, _ = run(capsys)
    assert (code, row(out, "RetryPolicy")) == (
        0,
        "RetryPolicy forced SSOT_SHIMS_PLACEHOLDERS asks for the placeholder; "
        "to undo that: unset SSOT_SHIMS_PLACEHOLDERS",
    )
    assert out.split("\n\n")[-1].splitlines() == [
        "settings: SSOT_SHIMS_HAS_DOKCER=1 SSOT_SHIMS_PLACEHOLDERS=RetryPolicy,Nobody SSOT_SHIMS_REQUIRE=gti "
        "SSOT_SHIMS_STRIKT=\\x1b[31m1",
        "problem: SSOT_SHIMS_HAS_DOKCER: no capability of that name; close: docker, docker_sdk",
        "problem: SSOT_SHIMS_STRIKT: no such setting; close: SSOT_SHIMS_STRICT",
        "problem: SSOT_SHIMS_PLACEHOLDERS=Nobody: no shim of that name",
        "problem: SSOT_SHIMS_REQUIRE=gti: no capability of that name; close: git",
    ]


def test_status_tells_what_is_broken_even_when_strict(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under SSOT_SHIMS_STRICT=1 the status is still a status: everything is shown and nothing raises or warns."""
    write({"acme/__init__.py": "", "acme/old.py": "Quota = None", "acme/ws.py": "", "shims.py": SUITE})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("error", PlaceholderWarning)
        code, out, err = run(capsys, "status", "shims")
    ours = {"HeartbeatConfig": "absent", "RetryPolicy": "absent"}
    assert (code, err, states(out)) == (0, "", {"Limits": "moved", "Quota": "broken", **ours})
    assert os.environ["SSOT_SHIMS_STRICT"] == "1"


# --- check


@pytest.mark.parametrize(
    ("words", "code", "lines"),
    [
        (["git"], 0, ["git  available  git is here"]),
        (["git", "docker"], 1, ["git     available    git is here", "docker  unavailable  no engine here"]),
        (["podman"], 0, ["podman  available  forced: SSOT_SHIMS_HAS_PODMAN says yes; to ask the machine: {unset}"]),
        (["upstream:RetryPolicy", "git"], 1, [f"upstream:RetryPolicy  absent     {ABSENT}", "{git}"]),
        (["cache", "env:HOME"], 0, ["cache     available  HOME is set", "env:HOME  available  HOME is set"]),
        (["docker_sdk", "docker_sdk"], 0, ["docker_sdk  available  the SDK is here"]),
        (["git", "docker", "--quiet"], 1, []),
        (["git", "--quiet"], 0, []),
    ],
    ids=["yes", "no", "forced", "a shim", "of pyproject.toml", "twice", "no, quiet", "yes, quiet"],
)
def test_check_answers_with_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, lines: list[str]
) -> None:
    """Name, status and reason, in the order asked, each once; exit code 0 when all are there, else 1."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "1")
    Path("pyproject.toml").write_text('[tool.ssot_shims.capabilities]\ncache = "env:HOME"\n')
    told, out, err = run(capsys, "check", *words)
    known = {"unset": "unset SSOT_SHIMS_HAS_PODMAN", "git": f"{'git':20}  available  git is here"}
    assert (told, err, out.splitlines()) == (code, "", [line.format(**known) for line in lines])


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get an object for each name."""
    code, out, _ = run(capsys, "check", "docker", "--json")
    found = {"name": "docker", "status": "unavailable", "reason": "no engine here", "hint": "", "is_forced": False}
    assert (code, json.loads(out)["names"]) == (1, [found])


@pytest.mark.parametrize("names", [["docker", "git"], ["upstream:HeartbeatConfig"], ["gpu"]])
def test_check_imports_no_modules(capsys: pytest.CaptureFixture[str], write: Write, names: list[str]) -> None:
    """Those of the project may take long; who asks for what only they declare is told so."""
    write({"suite.py": "raise SystemExit('imported')"})
    Path("pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite"]\n')
    code, _, err = run(capsys, "check", *names)
    assert code == (2 if names == ["gpu"] else 1)
    assert "suite" not in sys.modules
    assert err.endswith(
        "no capability 'gpu'; known: docker, docker_compose, docker_sdk, git, podman; "
        "what modules declare is shown by ssot-shims status, which imports them\n"
        if names == ["gpu"]
        else ""
    )


def test_check_waits_for_what_is_starting(capsys: pytest.CaptureFixture[str]) -> None:
    """With --wait it asks again until all are there, or the seconds are up; exit code 0 when they came."""
    answers = iter([False, False, True])
    capabilities.register("slow", lambda: next(answers))
    assert run(capsys, "check", "slow", "git", "--wait", "20")[0] == 0
    assert run(capsys, "check", "slow", "docker", "--wait=0.1")[0] == 1
    code, out, err = run(capsys, "check", "git", "--wait=-1")
    assert (code, out, err) == (2, "", "ssot-shims: the wait is -1.0; give seconds from 0, at most a day (86400)\n")


def test_check_asks_nothing_when_a_name_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """That is exit code 2, with the names that come close, under --quiet too."""
    asked: list[int] = []
    capabilities.register("costly", lambda: asked.append(1))
    for words in (["check", "costly", "dokcer"], ["check", "--quiet", "costly", "dokcer"]):
        code, out, err = run(capsys, *words)
        assert (code, out, asked) == (2, "", [])
        assert err.startswith("ssot-shims: no capability 'dokcer'; close: docker, docker_sdk; known: costly, docker,")
    assert run(capsys, "check", "git", "upstream:Nobody")[0] == 2
    code, _, err = run(capsys, "check", "git", "tcp://localhost")
    assert (code, err) == (
        2,
        "ssot-shims: the probe 'tcp://localhost' is not a host and a port; expected tcp://host:port\n",
    )


# --- capabilities


def test_status_shows_what_is_forced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers instead of the machine is named, in the table and in JSON."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOCKER", "yes")
    with capabilities.override(git=Availability(status="timed_out", reason="as\nif")):
        _, out, _ = run(capsys)
        _, data, _ = run(capsys, "--json")
    says_yes = "SSOT_SHIMS_HAS_DOCKER says yes"
    assert row(out, "docker") == f"docker available forced: {says_yes}; to ask the machine: unset SSOT_SHIMS_HAS_DOCKER"
    assert row(out, "git") == "git timed_out forced: as if"
    found = {item["name"]: (item["source"], item["reason"]) for item in json.loads(data)["capabilities"]}
    assert (found["docker"], found["git"]) == (("SSOT_SHIMS_HAS_DOCKER", says_yes), ("override", "as if"))


def test_one_capability_spoils_no_other(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A circle, an unknown part and a setting that does not read are failures of the capabilities they are about."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "maybe")
    capabilities.register("selfish", lambda: bool(capabilities.check("selfish")))
    capabilities.register("both", "all:git,gti")
    code, out, _ = run(capsys)
    assert (code, row(out, "git")) == (0, "git available git is here")
    assert row(out, "selfish").startswith("selfish failed the probes ask for one another in a circle: ")
    assert row(out, "both").startswith("both failed no capability 'gti'; close: git; known: both, docker, ")
    assert row(out, "podman").startswith("podman failed SSOT_SHIMS_HAS_PODMAN is 'maybe'; expected 1, true, ")


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
    source = "from ssot_shims import capabilities\ncapabilities.register('gpu', lambda: (False, 'x'))"
    root = write({"suite.py": source})
    Path("pyproject.toml").write_text('[tool.ssot_shims.capabilities]\ngpu = "env:HOME"\n')
    _, out, _ = run(capsys, "status", "suite")
    assert row(out, "gpu") == "gpu unavailable x"
    assert capabilities["gpu"].where == f"{root}/suite.py:2"


def test_no_report_shows_a_secret(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords and tokens in addresses are out of sight in every form, wherever they come from."""
    address = "http://me:hunter2@127.0.0.1:9/x?token=hunter2"
    Path("pyproject.toml").write_text(f'[tool.ssot_shims.capabilities]\nweb = "{address}"\n')
    monkeypatch.setenv("SSOT_SHIMS_ADDRESS", address)
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "web,docker,git,podman")
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "me:hunter2@127.0.0.1")
    says("git", Availability(status="unavailable", reason=address, details={"address": address}))
    says("docker_sdk", (False, "cannot reach (me:hunter2@127.0.0.1:9)"))
    write({"suite.py": f"raise OSError('cannot reach {address}')"})
    forms = ["text", "json", "markdown"]
    commands = [[command, "suite", "--format", form] for command in ("status", "verify") for form in forms]
    with capabilities.override(docker=Availability(status="unavailable", reason=f"not at {address}")):
        for words in (*commands, ["check", "web", "git", "docker_sdk"], ["check", "--json", "docker", address]):
            _, out, err = run(capsys, *words)
            assert "hunter2" not in out + err
            assert "127" in out


# --- wrong usage

MODULE = "a module that can be imported from {folder}"
FLAG = "1, true, yes or on, or 0, false, no or off"


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (["status", "no.such.suite"], "", f"MODULE is 'no.such.suite'; expected {MODULE}"),
        (["verify", "json.nothing"], "", f"MODULE is 'json.nothing'; expected {MODULE}"),
        (["verify", "../suite"], "", f"MODULE is '../suite'; expected {MODULE}"),
        (
            ["status", "docker"],
            "",
            "MODULE is 'docker'; expected a module; to ask for that capability: ssot-shims check docker",
        ),
        (
            ["status"],
            '[tool.ssot_shims]\nmodules = ["suit"]\n',
            f"tool.ssot_shims.modules in {{file}} is 'suit'; expected {MODULE}",
        ),
        (
            ["check", "git"],
            "[tool.ssot_shims]\ncapabilites = {}\n",
            "tool.ssot_shims in {file} has the key 'capabilites'; "
            "expected one of modules, capabilities, environments, migrate, audit; close: capabilities",
        ),
    ],
)
def test_a_name_in_the_wrong_place_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], text: str, message: str
) -> None:
    """Whether on the command line or in pyproject.toml: exit code 2, with what was expected and where."""
    file = Path.cwd() / "pyproject.toml"
    file.write_text(text)
    assert run(capsys, *words) == (2, "", f"ssot-shims: {message.format(folder=file.parent, file=file)}\n")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SSOT_SHIMS_STRICT", "maybe", FLAG),
        ("SSOT_SHIMS_TIMEOUT", "-1", "seconds above 0, such as 2.5, at most a day (86400)"),
        ("SSOT_SHIMS_NO_SERVICES", "maybe", FLAG),
        ("SSOT_SHIMS_REQUIRE", "a b", "names such as docker,postgres,upstream:HeartbeatConfig"),
    ],
)
def test_a_setting_that_spoils_every_answer_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """What no capability could be asked under is exit code 2, whether or not one is asked."""
    monkeypatch.setenv(variable, value)
    answers = [run(capsys, command) for command in ("status", "verify")]
    if variable == "SSOT_SHIMS_TIMEOUT":
        answers.append(run(capsys, "check", "git"))
    assert {*answers} == {(2, "", f"ssot-shims: {variable} is {value!r}; expected {expected}\n")}


def test_a_folder_that_is_gone_is_wrong_usage(capsys: pytest.CaptureFixture[str], in_an_empty_folder: Path) -> None:
    """Called from a folder that was removed, the command line says so in one line."""
    in_an_empty_folder.rmdir()
    answers = {run(capsys), run(capsys, "migrate", "."), run(capsys, "check", "git")}
    assert answers == {(2, "", "ssot-shims: [Errno 2] No such file or directory\n")}


@pytest.mark.parametrize(
    "words", [["verfy"], ["check"], ["check", "git", "--markdown"], ["status", "--json", "--markdown"], ["--jsn"]]
)
def test_wrong_words_are_wrong_usage(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """An unknown command or option is exit code 2, with the usage on standard error."""
    code, out, err = run(capsys, *words)
    assert (code, out, err.startswith("usage: ssot-shims")) == (2, "", True)


def test_ctrl_c_in_a_module_stops(write: Write) -> None:
    """KeyboardInterrupt is no answer about a module."""
    write({"suite.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        cli.main(["status", "suite"])


def test_help_and_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard output with exit code 0, and ``python -m ssot_shims`` is the same program."""
    version = f"ssot-shims {ssot_shims.__version__}\n"
    assert run(capsys, "--version") == (0, version, "")
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__main__")
    assert (stop.value.code, capsys.readouterr().out) == (0, version)


def test_the_help_names_commands_settings_and_exit_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In at most 80 columns; each setting that it names exists, and each command has a help of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, "--help")
    assert (code, max(map(len, out.splitlines())) <= 80) == (0, True)
    assert {"Exit codes:", "Settings (environment variables):"} <= {*out.splitlines()}
    for setting in re.findall(r"SSOT_SHIMS_\w+", out):
        assert setting == "SSOT_SHIMS_HAS_DOCKER" or setting in vars(_settings).values()
    for command in ("status", "check", "verify", "migrate"):
        assert f"\n    {command} " in out
        assert run(capsys, command, "--help")[1].startswith(f"usage: ssot-shims {command} ")
