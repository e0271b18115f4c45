"""The fallback chain, in real project folders: Docker, else staging, else a reason for each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ssot_shims import Availability, Environment, PlaceholderWarning, capabilities, choose_environment, cli
from ssot_shims.errors import InvalidSetting, NoEnvironment, UnknownName
from tests.conftest import Write
from tests.support.hostile import Conversation, Peer

ENVIRONMENTS = """
[[tool.ssot_shims.environments]]
name = "docker"
requires = ["docker", "backend"]
values = { backend_url = "http://localhost:8000" }

[[tool.ssot_shims.environments]]
name = "staging"
requires = ["staging"]
values = { backend_url = "${STAGING_URL}/api", websocket_url = "wss://staging.example.com/ws", price = "5 $$" }

[tool.ssot_shims.capabilities]
backend = "env:BACKEND_IS_UP"
staging = { probe = "<staging>", timeout = 0.4 }
"""
NO_DOCKER = "docker: unavailable: there is no socket; start an engine"
NO_BACKEND = "backend: unavailable: BACKEND_IS_UP is not set; export BACKEND_IS_UP=<a value>"
NO_CHOICE = f"{NO_DOCKER}; {NO_BACKEND}"

E = "tool.ssot_shims.environments"

Declare = Callable[..., Path]


@pytest.fixture(autouse=True)
def on_a_known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Docker and no backend here, no proxy in the way, and the address of staging is set."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT_") or name == "BACKEND_IS_UP":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STAGING_URL", "https://staging.example.com")
    docker_is(False)


def docker_is(answer: bool) -> None:
    """Whether this machine has Docker."""
    capabilities.register("docker", lambda: answer or (False, "there is no socket; start an engine"), replace=True)


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Write a pyproject.toml, by default the one above, and give its folder."""

    def declare(text: str = ENVIRONMENTS, staging: str = "http://127.0.0.1:9/health") -> Path:
        (tmp_path / "pyproject.toml").write_text(text.replace("<staging>", staging))
        return tmp_path

    return declare


class Staging(NamedTuple):
    """The address of a real HTTP server that is well, and what it was asked for."""

    health: str
    requests: list[bytes]


@pytest.fixture
def staging() -> Iterator[Staging]:
    """Where staging is, for as long as the test runs."""
    requests: list[bytes] = []

    def answer(talk: Conversation) -> None:
        requests.append(talk.listen().split()[1])
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with Peer(("127.0.0.1", 0), answer) as peer:
        yield Staging(peer.host.replace("tcp:", "http:") + "/health", requests)


@pytest.fixture
def folder(declare: Declare, staging: Staging) -> Path:
    """A project with both environments, of which staging is usable."""
    return declare(staging=staging.health)


def lacks(folder: Path, name: str | None = None) -> dict[str, str]:
    """Why no environment is usable."""
    with pytest.raises(NoEnvironment) as caught:
        choose_environment(name, folder=folder)
    return caught.value.reasons


def refusal(folder: Path) -> str:
    """What is wrong with the setting that stands in the way, without the path of its file."""
    with pytest.raises(InvalidSetting) as caught:
        choose_environment(folder=folder)
    return str(caught.value).replace(str(folder / "pyproject.toml"), "FILE")


def test_the_first_that_is_usable_is_chosen(folder: Path, staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker when it is there, with nothing asked of staging; else staging, which knows what Docker lacked."""
    environment = choose_environment(folder=folder)
    assert (environment.name, environment.passed_over) == ("staging", {"docker": NO_CHOICE})
    urls = {"backend_url": "https://staging.example.com/api", "websocket_url": "wss://staging.example.com/ws"}
    assert dict(environment) == {**urls, "price": "5 $"}
    assert choose_environment(folder=folder) == environment
    docker_is(True)
    monkeypatch.setenv("BACKEND_IS_UP", "1")
    capabilities.refresh()
    environment = choose_environment(folder=folder)
    assert (environment.name, dict(environment)) == ("docker", {"backend_url": "http://localhost:8000"})
    assert (environment.passed_over, staging.requests) == ({}, [b"/health"])


def test_a_name_is_that_environment(folder: Path, staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an argument or in the variable, of which the argument wins; what it lacks is the whole reason."""
    assert lacks(folder, "docker") == {"docker": NO_CHOICE}
    assert staging.requests == []
    monkeypatch.setenv("SSOT_SHIMS_ENVIRONMENT", " docker ")
    assert lacks(folder) == {"docker": NO_CHOICE}
    assert choose_environment("staging", folder=folder).name == "staging"
    docker_is(True)
    monkeypatch.setenv("SSOT_SHIMS_ENVIRONMENT", "staging")
    assert choose_environment(folder=folder).passed_over == {}
    for name, close in (("stagign", "close: staging; "), ("xyz", "")):
        with pytest.raises(UnknownName) as caught:
            choose_environment(name, folder=folder)
        assert str(caught.value) == f"no environment {name!r}; {close}known: docker, staging"


def test_a_failed_probe_is_no_normal_absence(folder: Path) -> None:
    """It is passed over like any other; where nothing else is usable the error says that something is broken."""
    capabilities.register("docker", lambda: Availability(status="failed", reason="a bug; repair it"), replace=True)
    told = {"docker": f"docker: failed: a bug; repair it; {NO_BACKEND}"}
    assert choose_environment(folder=folder).passed_over == told
    with pytest.raises(NoEnvironment) as caught:
        choose_environment("docker", folder=folder)
    assert caught.value.is_breakage


def test_nothing_behind_what_is_required(folder: Path, staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who requires Docker is not given staging instead; a forced yes is no Docker either."""
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "docker")
    required = "docker: required by SSOT_SHIMS_REQUIRE; "
    with pytest.raises(NoEnvironment) as caught:
        choose_environment(folder=folder)
    assert caught.value.reasons == {"docker": f"{required}{NO_DOCKER.removeprefix('docker: ')}; {NO_BACKEND}"}
    assert (caught.value.is_breakage, staging.requests) == (True, [])
    monkeypatch.setenv("SSOT_SHIMS_HAS_DOCKER", "1")
    capabilities.refresh("docker")
    assert lacks(folder)["docker"].startswith(f"{required}available: forced: SSOT_SHIMS_HAS_DOCKER says yes; ")


def test_values_are_a_mapping_that_lists_its_keys() -> None:
    """A wrong key is an error with the keys; what a mapping answers quietly stays quiet."""
    environment = Environment("staging", {"backend_url": "https://me:hunter2@example.com", "realm": "x"})
    with pytest.raises(KeyError, match="^no value 'backend' in environment 'staging'; close: backend_url; known: "):
        environment["backend"]
    assert ("backend" in environment, environment.get("backend"), environment.get("realm")) == (False, None, "x")
    assert (list(environment), len(environment)) == (["backend_url", "realm"], 2)
    assert repr(environment) == "<Environment staging: backend_url, realm>"
    with pytest.raises(UnknownName) as caught:
        Environment("bare", {})[3]  # type: ignore[index]
    assert str(caught.value) == "no value 3 in environment 'bare'; known: none"


URL = "postgresql://me:p%40ss@[::1]:5432/db?sslmode=off"
UNSET = " in FILE is '{}'; expected a value: {}"


@pytest.mark.parametrize(
    ("template", "a", "b", "value"),
    [
        ("http://$A:8000/$$x", "example.com", None, "http://example.com:8000/$x"),
        ("${A}${B}", "x", "", "x"),
        ("$$${A}", "${B}", None, "$${B}"),
        (URL, None, None, URL),
        ("", None, None, ""),
        ("${A}/x", None, None, UNSET.format("${A}", "export A=<a value>")),
        ("${A}", " ", None, UNSET.format("${A}", "export A=<a value>")),
        ("https://${B}:${A}@example.com", None, None, UNSET.format("${B} ${A}", "export B=<a value> A=<a value>")),
    ],
)
def test_values_take_variables(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, template: str, a: str | None, b: str | None, value: str
) -> None:
    """``${NAME}`` is that variable, ``$$`` a dollar; what a variable holds is not looked into.

    Where nothing comes of it the error names the file, the key and the variable, never a secret; and that environment
    alone cannot be used.
    """
    for name, text in (("A", a), ("B", b)):
        monkeypatch.delenv(name, raising=False) if text is None else monkeypatch.setenv(name, text)
    folder = declare(f"[[{E}]]\nname = 'e'\nvalues.key = '{template}'\n[[{E}]]\nname = 'f'\n")
    if "FILE" in value:
        assert refusal(folder) == f"{E}.e.values.key{value}"
        assert choose_environment("f", folder=folder).name == "f"
    else:
        assert choose_environment(folder=folder)["key"] == value


NAMED, OTHER = f"[[{E}]]\nname = 'e'\n", f"[[{E}]]\nname = 'f'\n"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        (f"[{E}]\nname = 'e'", "", f"is of type dict; expected a list of tables, each written [[{E}]]"),
        ("[tool.ssot_shims]\nenvironments = ['e']", "[0]", "is of type str; expected a table"),
        (f"[[{E}]]\nname = 'a b'", "[0].name", "is 'a b'; expected a word such as 'staging'"),
        (f"{NAMED}require = []", "[0]", "has the key 'require'; expected one of name, requires, values; close: req"),
        (f"{NAMED}{OTHER}{NAMED}", "[2].name", "is 'e'; expected a name that no other environment has"),
        (f"{NAMED}requires = 'git'", ".e.requires", "is of type str; expected a list of strings"),
        (f"{NAMED}requires = ['tcp://me:hunter2@h:x']", ".e.requires", "is 'tcp://***@h:x'; expected a known capab"),
        (f"{NAMED}{OTHER}requires = ['git', 'gti']", ".f.requires", "is 'gti'; expected a known capability; no capab"),
        (f"{NAMED}values = ['x']", ".e.values", "is of type list; expected a table"),
        (f'{NAMED}values."a\\tb" = 8', ".e.values.a b", "is of type int; expected a string"),
        (f"{NAMED}values.a = '5 $'", ".e.values.a", "is a string with a lone $; expected ${NAME} for an environment "),
        ("", "", f"is missing; expected at least one table that begins with [[{E}]]"),
    ],
)
def test_a_table_that_does_not_read_is_an_error(declare: Declare, text: str, place: str, what: str) -> None:
    """The error names the file, the key and the value, whichever environment would be chosen, and no secret."""
    told = refusal(declare(text))
    assert told.startswith(f"{E}{place} in FILE {what}")
    assert "hunter2" not in told


def test_without_a_project_there_is_nothing_to_choose_from() -> None:
    """That is no normal absence."""
    with pytest.raises(InvalidSetting, match=r" in pyproject.toml in / or above is missing; expected at least one"):
        choose_environment(folder=Path("/"))


def test_modules_of_the_project_are_imported_from_its_folder(write: Write) -> None:
    """They register capabilities; what they raise passes through, and sys.path is as before."""
    shims = "from ssot_shims import capabilities\ncapabilities.register('db', 'env:HOME')\n"
    table = """[tool.ssot_shims]
modules = ["suite.shims"]
capabilities.gpu = "python:suite.probes:gpu"
environments = [{ name = "local", requires = ["db", "gpu"] }]
"""
    root = write({"suite/probes.py": "def gpu(): return True\n", "suite/shims.py": shims, "pyproject.toml": table})
    sys.path.remove(str(root))
    assert choose_environment(folder=root).name == "local"
    assert str(root) not in sys.path
    (root / "suite" / "shims.py").write_text("raise OSError('disk full')\n")
    del sys.modules["suite.shims"]
    with pytest.raises(OSError, match="^disk full$"):
        choose_environment(folder=root)
    write({"pyproject.toml": "[tool.ssot_shims]\nmodules = ['nowhere.shims']"})
    assert refusal(root).startswith("tool.ssot_shims.modules in FILE is 'nowhere.shims'; expected a module that can ")


def test_a_shim_of_the_project_that_moved_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by any import: a warning at the line that asked, here for the project around the working directory."""
    shims = "from ssot_shims import shim\n@shim('acme:Limits')\nclass Limits: ...\n"
    table = '[tool.ssot_shims]\nmodules = ["shims"]\nenvironments = [{ name = "bare" }]\n'
    root = write({"acme.py": "", "shims.py": shims, "pyproject.toml": table})
    write({"deep/er/file": ""})
    monkeypatch.chdir(root / "deep" / "er")
    with pytest.warns(PlaceholderWarning) as caught:
        assert repr(choose_environment()) == "<Environment bare: no values>"
    assert [warning.filename for warning in caught] == [__file__]


def status(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["status", *words]) == 0
    return capsys.readouterr().out


def rows(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The environments in the table, and what is below it, columns parted by single blanks."""
    out = status(capsys)
    lines = out[out.index("ENVIRONMENT  STATUS") :].splitlines()[1:]
    return [" ".join(line.split()) for line in lines if line]


def test_status_shows_which_would_be_chosen(
    capsys: pytest.CaptureFixture[str], declare: Declare, staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third table with why not the others, in each form; secrets stay out of all of them."""
    last = f'[[{E}]]\nname = "bare"\nvalues.token = "hunter2"\n'
    monkeypatch.chdir(declare(ENVIRONMENTS + last, staging.health))
    docker = f"docker unusable it lacks {NO_CHOICE}"
    chosen = ["staging chosen it has staging", "bare usable it requires nothing; staging comes first"]
    assert rows(capsys) == [docker, *chosen]
    told, _, bare = json.loads(status(capsys, "--json"))["environments"]
    assert told == {
        "name": "docker",
        "status": "unusable",
        "reason": f"it lacks {NO_DOCKER}; backend: unavailable: BACKEND_IS_UP is not set",
        "hint": "export BACKEND_IS_UP=<a value>",
        "requires": ["docker", "backend"],
        "values": ["backend_url"],
    }
    assert (bare["hint"], bare["requires"], bare["values"]) == ("", [], ["token"])
    lines = status(capsys, "--markdown").splitlines()
    assert lines[-5:-3] == ["| environment | status | why |", "|---|---|---|"]
    assert lines[-2] == "| staging | chosen | it has staging |"
    monkeypatch.setenv("SSOT_SHIMS_ENVIRONMENT", "bare")
    usable = "staging usable it has staging; SSOT_SHIMS_ENVIRONMENT asks for bare"
    assert rows(capsys)[:3] == [docker, usable, "bare chosen it requires nothing"]
    monkeypatch.setenv("SSOT_SHIMS_ENVIRONMENT", "bear")
    assert rows(capsys)[-1] == "problem: no environment 'bear'; close: bare; known: docker, staging, bare"
    monkeypatch.delenv("SSOT_SHIMS_ENVIRONMENT")
    monkeypatch.delenv("STAGING_URL")
    unset = f"{E}.staging.values.backend_url in {Path.cwd() / 'pyproject.toml'} is '${{STAGING_URL}}'; expected "
    _, failed, usable, problem = rows(capsys)
    assert failed.startswith(f"staging failed {unset}a value: export STAGING_URL=<a value>")
    assert (usable, problem.startswith(f"problem: {unset}")) == ("bare usable it requires nothing", True)


def test_status_shows_a_chain_without_an_end(
    capsys: pytest.CaptureFixture[str], declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is chosen, and that is no problem of its own; a misspelled requirement is one."""
    monkeypatch.chdir(declare(f'[[{E}]]\nname = "only"\nrequires = ["docker"]\n'))
    assert rows(capsys) == [f"only unusable it lacks {NO_DOCKER}"]
    declare(f'[[{E}]]\nname = "only"\nrequires = ["dockre"]\n')
    only, problem = rows(capsys)
    assert only.startswith("only unusable it lacks dockre: unknown: no capability 'dockre'; close: docker, ")
    assert problem.startswith(f"problem: {E}.only.requires in ")
