"""Probes of commands, Docker Compose and environment variables: what they answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ssot_shims import Availability
from ssot_shims._probes import command
from ssot_shims._probes.command import ComposeProbe
from ssot_shims._probes.notation import read
from tests.support.http_peer import ask


def test_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for in PATH, or at its own path, which may have blanks in it; the answer says where it is."""
    tool = tmp_path / "my folder" / "tool"
    tool.parent.mkdir()
    tool.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}{os.pathsep}{tool.parent}")
    for name in ("tool", str(tool)):
        reason = f"{name} is at {tool}"
        assert ask(f"command:{name}") == Availability(status="available", reason=reason, details={"path": str(tool)})


@pytest.mark.parametrize("value", ["true", "false", "", "1", "True", "true "])
def test_the_value_of_an_environment_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """It is compared letter by letter, and the one that the variable has is not shown."""
    monkeypatch.setenv("RUN_E2E", value)
    reason = "RUN_E2E has the value that is asked for"
    assert (ask("env:RUN_E2E=true").reason == reason) is bool(ask("env:RUN_E2E=true")) is (value == "true")
    monkeypatch.setenv("RUN_E2E", "hunter2")
    assert "hunter2" not in ask("env:RUN_E2E=true").explanation
    assert ask("env:RUN_E2E") == Availability(status="available", reason="RUN_E2E is set")


def test_a_value_that_is_an_address_is_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is masked where it is shown is not masked where it is compared."""
    notation = "env:ACME_URL=http://me:hunter2@localhost"
    for value, is_it in (("http://me:hunter2@localhost", True), ("http://***@localhost", False)):
        monkeypatch.setenv("ACME_URL", value)
        assert bool(ask(notation)) is is_it
        assert "hunter2" not in repr(ask(notation))
    assert repr(read(notation)) == "EnvProbe('env:ACME_URL=http://***@localhost')"


def test_a_command_that_reads_like_a_password_is_masked() -> None:
    """Where the reason names it, as where the notation is shown."""
    assert ask("command:me:hunter2@localhost").reason == "there is no command '***@localhost' in the folders of PATH"


@pytest.fixture(params=["DOCKER_CONFIG", "the home folder"])
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[str]:
    """Where the plugins of all users are, on a machine without any; those of one user are in ``.docker``."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker") if request.param == "DOCKER_CONFIG" else "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folders = [f"/usr/{name}/docker/cli-plugins" for name in ("local/lib", "local/libexec", "lib", "libexec")]
    assert folders == command._PLUGIN_FOLDERS
    folders[:] = [f"{tmp_path}{folder}" for folder in folders]
    monkeypatch.setattr(command, "_PLUGIN_FOLDERS", folders)
    return folders


def install(folder: Path, name: str) -> Path:
    file = folder / (name + ".bat" * (os.name == "nt"))
    file.parent.mkdir(exist_ok=True, parents=True)
    file.touch(0o755)
    return file


def ask_for_compose() -> Availability:
    probe = ComposeProbe()
    probe.prepare()
    return probe.ask(0)


def assert_compose_is(name: str, path: Path) -> None:
    details = {"command": name, "path": str(path)}
    assert ask_for_compose() == Availability(status="available", reason=f"{name} is at {path}", details=details)


def test_compose_as_plugin_or_old_command(tmp_path: Path, folders: list[str]) -> None:
    """The plugin needs the docker command; doing what a hint says turns the answer."""
    reason = (
        f"no docker-compose in {', '.join([str(tmp_path / '.docker/cli-plugins'), *folders])} or the folders of PATH"
    )
    hint = "install the Compose plugin (docs.docker.com/compose/install), or add its folder to PATH"
    assert ask_for_compose() == Availability(status="unavailable", reason=reason, hint=hint)
    old = install(tmp_path / "bin", "docker-compose")
    assert_compose_is("docker-compose", old)
    old.unlink()
    plugin = install(Path(folders[2]), "docker-compose")
    reason = f"{plugin} needs the docker command, which is not in the folders of PATH"
    hint = "install it, or add its folder to PATH"
    assert ask_for_compose() == Availability(status="unavailable", reason=reason, hint=hint)
    install(tmp_path / "bin", "docker")
    assert_compose_is("docker compose", plugin)


@pytest.mark.usefixtures("folders")
def test_folders_of_compose_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the snap, of all users and of one user, and the extra ones of a config.json that can be read."""
    docker, config = install(tmp_path / "bin", "docker"), tmp_path / ".docker" / "config.json"
    monkeypatch.setitem(command._IN_SNAP, str(docker), [str(tmp_path / "snap")])
    for folder in (
        "snap",
        "usr/local/lib/docker/cli-plugins",
        ".docker/cli-plugins",
        "extra",
    ):  # the last in order first
        if folder == "extra":
            config.write_text(json.dumps({"CliPluginsExtraDirs": [5, str(tmp_path / "extra")]}))
        plugin = install(tmp_path / folder, "docker-compose")
        assert_compose_is("docker compose", plugin)
    for damaged in ('{"cliPluginsExtraDirs": 5}', '{"cliPluginsExtraDirs"'):
        config.write_text(damaged)
        assert_compose_is("docker compose", config.parent / "cli-plugins" / plugin.name)
