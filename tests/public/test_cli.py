"""The commands status and check, and the words of the command line, as a person or a CI job uses them."""

from __future__ import annotations

import json
import os
import platform
import re
import runpy
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims import Availability, PlaceholderWarning, _settings, capabilities
from ssot_shims._names import SHIMS
from tests.conftest import Write
from tests.public.conftest import Run
from tests.support.command_line import ABSENT, CAPABILITIES, ONE, SUITE, TITLE, UPSTREAM, row, says, states

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "on_a_known_machine")


def test_status_is_a_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a command every shim and capability is listed with the reason, below what Python this is; exit code 0."""
    expected = f"""{TITLE}

SHIM             STATE   WHY
HeartbeatConfig  absent  {ABSENT}
RetryPolicy      absent  {ABSENT}

{CAPABILITIES}"""
    assert run() == run("status") == run("--format=text") == (0, expected, "")
    monkeypatch.setattr(platform, "python_implementation", lambda: "PyPy")
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    assert run()[1].splitlines()[0] == TITLE.replace("CPython", "PyPy").replace(" at ", ", free-threaded, at ")


def test_status_as_json(run: Run) -> None:
    """Programs get the same with every detail, under a numbered schema."""
    code, out, _ = run("--json")
    data = json.loads(out)
    shims, found = data.pop("shims"), data.pop("capabilities")
    python = {"python": platform.python_version(), "implementation": "CPython", "prefix": sys.prefix}
    head = {"schema": 1, "ssot_shims": ssot_shims.__version__, **python, "settings": {}}
    assert (code, data) == (0, {**head, "problems": [], "environments": []})
    assert 0 < shims[0].pop("seconds") < 60
    target = "netra_backend.app.websocket_core.manager:HeartbeatConfig"
    reason, hint = ABSENT.split("; ")
    answer = {"state": "absent", "cause": None, "reason": reason, "hint": hint}
    file = str(Path(ssot_shims.__file__).with_name("heartbeat_config.py"))
    home = {"declared": "ssot_shims.heartbeat_config.HeartbeatConfig", "file": file, "targets": [target]}
    results = [{"target": target, **answer}]
    assert shims[0] == {**answer, **home, "name": "HeartbeatConfig", "error": None, "results": results}
    assert 0 <= found[3].pop("seconds") < 60
    here = f"{says.__code__.co_filename}:{says.__code__.co_firstlineno + 2}"
    assert len(found) == 5
    assert found[3] == {
        **{"name": "git", "status": "available", "available": True, "reason": "git is here", "hint": ""},
        **{"source": "probe", "is_forced": False, "details": {}, "probe": here, "level": "user", "where": here},
    }


def test_status_as_markdown(run: Run, write: Write) -> None:
    """A CI summary gets tables in which nothing of a reason is taken for markup, and what is wrong."""
    _, out, _ = run("--markdown")
    assert out == run("--format", "markdown")[1]
    lines = out.splitlines()
    assert (lines[0][:17], lines[2:4]) == ("### ssot\\_shims 0", ["| shim | state | why |", "|---|---|---|"])
    assert lines[6:9] == ["", "| capability | status | why |", "|---|---|---|"]
    assert lines[10] == "| docker\\_compose | unavailable | no Compose here |"
    write({"suite.py": "raise ValueError('<b>|')"})
    lines = run("status", "--markdown", "suite")[1].splitlines()
    assert lines[-1] == "- problem: suite cannot be imported: ValueError: \\<b\\>\\|"


def test_a_project_is_found_from_below_it(run: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules and probes are imported from its folder, what they print spoils no output, and modules win."""
    table = """[tool.ssot_shims]
modules = ["suite.shims"]
[tool.ssot_shims.capabilities]
gpu = "python:suite.probes:gpu"
cache = { probe = "env:HOME", timeout = 1.0, ttl = 5.0, service = true }
queue = "env:HOME"
"""
    probes = "def gpu():\n    print('looking')\n    return False, 'no device'\n"
    shims = "from ssot_shims import capabilities\ncapabilities.register('queue', lambda: (False, 'x'))\n" + SUITE
    files = {"suite/probes.py": probes, "suite/shims.py": shims, "deep/er/x": "", "pyproject.toml": table}
    root = write({**UPSTREAM, **files})
    sys.path.remove(str(root))
    monkeypatch.chdir(root / "deep" / "er")
    code, out, err = run()
    assert (code, err, states(out)) == (0, "acme says hello\nlooking\n", {"Limits": "upstream", "Quota": "upstream"})
    assert row(out, "Quota") == f"Quota upstream acme.ws:Quota ({root}/acme/ws.py)"
    assert row(out, "gpu") == "gpu unavailable no device"
    assert row(out, "queue") == "queue unavailable x"
    assert str(root) not in sys.path
    cache, queue = capabilities["cache"], capabilities["queue"]
    assert (cache.level, cache.where) == ("pyproject", str(root / "pyproject.toml"))
    assert queue.where == f"{root}/suite/shims.py:2"
    assert (cache.timeout, cache.ttl, cache.is_service) == (1.0, 5.0, True)


@pytest.mark.parametrize("command", ["status", "verify"])
@pytest.mark.parametrize(
    ("suite", "more", "shown"),
    [
        (ONE, {}, {"X": "absent"}),
        ("from ssot_shims import RetryPolicy", {}, {"RetryPolicy": "absent"}),
        ("", {"netra_backend/__init__.py": ""}, {"HeartbeatConfig": "moved", "RetryPolicy": "moved"}),
        ("", {}, {}),
    ],
    ids=["neither", "somebody imports it", "its upstream is installed", "no shim at all"],
)
def test_a_project_of_its_own_sees_our_shims_only_when_they_matter(
    run: Run, write: Write, suite: str, more: dict[str, str], shown: dict[str, str], command: str
) -> None:
    """What ships is listed when its upstream is installed or somebody imports it."""
    write({"suite.py": suite, **more})
    Path("pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite"]\n')
    _, out, _ = run(command)
    head = "SHIM" if shown else "CAPABILITY" if command == "status" else "0 of 0"
    assert out.split("\n\n")[1].startswith(head)
    assert states(out) == shown or not shown


def test_status_shows_settings_and_what_is_misspelled(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in force are listed with what they force, and one that reaches nothing is a problem that is said."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOKCER", "1")
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", "RetryPolicy,Nobody")
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "gti")
    monkeypatch.setenv("SSOT_SHIMS_STRIKT", "\x1b[31m1")
    with capabilities.override(git=Availability(status="timed_out", reason="as\nif")):
        code, out, _ = run()
        data = json.loads(run("--json")[1])
    assert row(out, "RetryPolicy").startswith("RetryPolicy forced SSOT_SHIMS_PLACEHOLDERS asks for the placeholder; ")
    assert (code, row(out, "git")) == (0, "git timed_out forced: as if")
    assert (data["capabilities"][3]["source"], data["capabilities"][3]["reason"]) == ("override", "as if")
    assert out.split("\n\n")[-1].splitlines() == [
        "settings: SSOT_SHIMS_HAS_DOKCER=1 SSOT_SHIMS_PLACEHOLDERS=RetryPolicy,Nobody SSOT_SHIMS_REQUIRE=gti "
        "SSOT_SHIMS_STRIKT=\\x1b[31m1",
        "problem: SSOT_SHIMS_HAS_DOKCER: no capability of that name; close: docker, docker_sdk",
        "problem: SSOT_SHIMS_STRIKT: no such setting; close: SSOT_SHIMS_STRICT",
        "problem: SSOT_SHIMS_PLACEHOLDERS=Nobody: no shim of that name",
        "problem: SSOT_SHIMS_REQUIRE=gti: no capability of that name; close: git",
    ]


def test_status_tells_what_is_broken_even_when_strict(run: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SSOT_SHIMS_STRICT=1 the status is still a status: everything is shown and nothing raises or warns."""
    write({"acme/__init__.py": "", "acme/old.py": "Quota = None", "acme/ws.py": "", "shims.py": SUITE})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("error", PlaceholderWarning)
        code, out, err = run("status", "shims")
    ours = dict.fromkeys(SHIMS, "absent")
    assert (code, err, states(out)) == (0, "", {"Limits": "moved", "Quota": "broken", **ours})
    assert os.environ["SSOT_SHIMS_STRICT"] == "1"


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
        (["git", "upstream:json:loads", "--quiet"], 0, []),
    ],
    ids=["yes", "no", "forced", "a shim", "of pyproject.toml", "twice", "no, quiet", "yes, quiet"],
)
def test_check_answers_with_a_line_each(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, lines: list[str]
) -> None:
    """Name, status and reason, in the order asked, each once; exit code 0 when all are there, else 1; as JSON too."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "1")
    Path("pyproject.toml").write_text('[tool.ssot_shims.capabilities]\ncache = "env:HOME"\n')
    told, out, err = run("check", *words)
    known = {"unset": "unset SSOT_SHIMS_HAS_PODMAN", "git": f"{'git':20}  available  git is here"}
    assert (told, err, out.splitlines()) == (code, "", [line.format(**known) for line in lines])
    if "--quiet" not in words:
        told, out, _ = run("check", *words, "--json")
        names = {one.pop("name"): one for one in json.loads(out)["names"]}
        assert (told, [*names]) == (code, [*dict.fromkeys(words)])
        docker = {"status": "unavailable", "reason": "no engine here", "hint": "", "is_forced": False}
        assert names.get("docker", docker) == docker


def test_check_imports_no_modules_for_a_capability(run: Run, write: Write) -> None:
    """Those of the project may take long; who asks for what only they declare is told so."""
    write({"suite.py": "raise SystemExit('imported')"})
    Path("pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["suite"]\n')
    for names in (["docker", "git"], ["upstream:HeartbeatConfig"]):
        assert run("check", *names)[::2] == (1, "")
    unknown = "no capability 'gpu'; known: docker, docker_compose, docker_sdk, git, podman"
    told = f"ssot-shims: {unknown}; ssot-shims status imports modules and shows what they declare\n"
    assert run("check", "gpu") == (2, "", told)
    assert "suite" not in sys.modules


def test_check_finds_a_shim_of_the_project(run: Run, write: Write) -> None:
    """Its modules are imported for a shim that is not known yet; one that cannot be imported is told."""
    write({"acme/__init__.py": "", "acme/old.py": "", "acme/ws.py": "", "suite.py": SUITE, "ill.py": "1/0"})
    Path("pyproject.toml").write_text('[tool.ssot_shims]\nmodules = ["ill", "suite"]\n')
    code, out, err = run("check", "upstream:Limits")
    assert (code, out.split()[:2]) == (1, ["upstream:Limits", "moved"])
    assert err == "ssot-shims: ill cannot be imported: ZeroDivisionError: division by zero\n"
    code, out, _ = run("check", "upstream:Limit")
    assert (code, "close: Limits; known: HeartbeatConfig, Limits" in out) == (2, True)


def test_check_waits_for_what_is_starting(run: Run) -> None:
    """With --wait it asks again until all are there, or the seconds are up; exit code 0 when they came."""
    answers = iter([False, False, True])
    capabilities.register("slow", lambda: next(answers))
    assert run("check", "slow", "git", "--wait", "20")[0] == 0
    assert run("check", "slow", "docker", "--wait=0.1")[0] == 1
    told = "ssot-shims: the wait is -1.0; give seconds from 0, at most a day (86400)\n"
    assert run("check", "git", "--wait=-1") == (2, "", told)


def test_check_asks_nothing_when_a_name_is_unknown(run: Run) -> None:
    """That is exit code 2, with the names that come close, under --quiet too."""
    asked: list[int] = []
    capabilities.register("costly", lambda: asked.append(1))
    for words in (["check", "costly", "dokcer"], ["check", "--quiet", "costly", "dokcer"]):
        code, out, err = run(*words)
        assert (code, out, asked) == (2, "", [])
        assert err.startswith("ssot-shims: no capability 'dokcer'; close: docker, docker_sdk; known: costly, docker,")
    assert run("check", "git", "upstream:Nobody")[0] == 2
    code, _, err = run("check", "git", "tcp://localhost")
    assert (code, err[:59]) == (2, "ssot-shims: the probe 'tcp://localhost' is not a host and a")


def test_one_capability_spoils_no_other(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A circle, an unknown part and a setting that does not read are failures of the capabilities they are about."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "maybe")
    capabilities.register("selfish", lambda: bool(capabilities.check("selfish")))
    capabilities.register("both", "all:git,gti")
    code, out, _ = run()
    assert (code, row(out, "git")) == (0, "git available git is here")
    assert row(out, "selfish").startswith("selfish failed the probes ask for one another in a circle: ")
    assert row(out, "both").startswith("both failed no capability 'gti'; close: git; known: both, docker, ")
    assert row(out, "podman").startswith("podman failed SSOT_SHIMS_HAS_PODMAN is 'maybe'; expected 1, true, ")


def test_no_report_shows_a_secret(run: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords and tokens in addresses are out of sight in every form, wherever they come from."""
    address = "http://me:hunter2@127.0.0.1:9/x?token=hunter2"
    Path("pyproject.toml").write_text(f'[tool.ssot_shims.capabilities]\nweb = "{address}"\n')
    monkeypatch.setenv("SSOT_SHIMS_ADDRESS", address)
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "web,docker,git,podman")
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "me:hunter2@127.0.0.1")
    says("git", Availability(status="unavailable", reason=address, details={"address": address}))
    says("docker_sdk", (False, "cannot reach (me:hunter2@127.0.0.1:9)"))
    write({"suite.py": f"raise OSError('cannot reach {address}')"})
    forms = [f"--format={form}" for form in ("text", "json", "markdown")]
    commands = [[command, "suite", form] for command in ("status", "verify") for form in forms]
    with capabilities.override(docker=Availability(status="unavailable", reason=f"not at {address}")):
        for words in (*commands, ["check", "web", "git", "docker_sdk"], ["check", "--json", "docker", address]):
            _, out, err = run(*words)
            assert ("hunter2" in out + err, "127" in out) == (False, True)


MODULE, ASK = "a module that can be imported from {folder}", "to ask for that capability: ssot-shims"
BAD_MODULE = '[tool.ssot_shims]\nmodules = ["suit"]\n'


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        ("status no.such.suite", "", f"MODULE is 'no.such.suite'; expected {MODULE}"),
        ("verify json.nothing", "", f"MODULE is 'json.nothing'; expected {MODULE}"),
        ("verify ../suite", "", f"MODULE is '../suite'; expected {MODULE}"),
        ("status docker", "", f"MODULE is 'docker'; expected a module; {ASK} check docker"),
        ("status", BAD_MODULE, f"tool.ssot_shims.modules in {{file}} is 'suit'; expected {MODULE}"),
        ("check git", "tool = 3", "tool in {file} is of type int; expected a table"),
    ],
)
def test_a_name_in_the_wrong_place_is_wrong_usage(run: Run, words: str, text: str, message: str) -> None:
    """Whether on the command line or in pyproject.toml: exit code 2, with what was expected and where."""
    file = Path.cwd() / "pyproject.toml"
    file.write_text(text)
    assert run(*words.split()) == (2, "", f"ssot-shims: {message.format(folder=file.parent, file=file)}\n")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SSOT_SHIMS_STRICT", "maybe", "1, true, yes or on, or 0, false, no or off"),
        ("SSOT_SHIMS_TIMEOUT", "-1", "seconds above 0, such as 2.5, at most a day (86400)"),
        ("SSOT_SHIMS_NO_SERVICES", "maybe", "1, true, yes or on, or 0, false, no or off"),
        ("SSOT_SHIMS_REQUIRE", "a b", "names such as docker,postgres,upstream:HeartbeatConfig"),
    ],
)
def test_a_setting_that_spoils_every_answer_is_wrong_usage(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """What no capability could be asked under is exit code 2, whether or not one is asked."""
    monkeypatch.setenv(variable, value)
    commands = [["status"], ["verify"], *([["check", "git"]] if variable == "SSOT_SHIMS_TIMEOUT" else [])]
    told = f"ssot-shims: {variable} is {value!r}; expected {expected}\n"
    assert {run(*words) for words in commands} == {(2, "", told)}


def test_a_folder_that_is_gone_is_wrong_usage(run: Run, in_an_empty_folder: Path) -> None:
    """Called from a folder that was removed, the command line says so in one line."""
    in_an_empty_folder.rmdir()
    answers = {run(), run("migrate", "."), run("check", "git")}
    assert answers == {(2, "", "ssot-shims: [Errno 2] No such file or directory\n")}


@pytest.mark.parametrize("words", ["verfy", "check", "check git --markdown", "status --json --markdown", "--jsn"])
def test_wrong_words_are_wrong_usage(run: Run, words: str) -> None:
    """An unknown command or option is exit code 2, with the usage on standard error."""
    code, out, err = run(*words.split())
    assert (code, out, err.startswith("usage: ssot-shims")) == (2, "", True)


def test_ctrl_c_in_a_module_stops(run: Run, write: Write) -> None:
    """KeyboardInterrupt is no answer about a module."""
    write({"suite.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        run("status", "suite")


def test_help_and_version(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output with exit code 0, in at most 80 columns; what the help names exists.

    ``python -m ssot_shims`` is the same program.
    """
    version = f"ssot-shims {ssot_shims.__version__}\n"
    assert run("--version") == (0, version, "")
    monkeypatch.setattr(sys, "argv", ["ssot-shims", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(Path(ssot_shims.__file__).with_name("__main__.py")), run_name="__main__")
    assert (stop.value.code, capsys.readouterr().out) == (0, version)
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("--help")
    assert (code, max(map(len, out.splitlines())) <= 80) == (0, True)
    assert {"Exit codes:", "Settings (environment variables):"} <= {*out.splitlines()}
    assert {*re.findall(r"SSOT_SHIMS_\w+", out)} - {"SSOT_SHIMS_HAS_DOCKER"} <= {*map(str, vars(_settings).values())}
    for command in ("status", "check", "verify", "migrate", "audit"):
        assert f"\n    {command} " in out
        assert run(command, "--help")[1].startswith(f"usage: ssot-shims {command} ")
