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


@pytest.mark.parametrize("is_named", [True, False], ids=["DOCKER_CONFIG", "the home folder"])
def test_compose_as_plugin_or_old_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named: bool) -> None:
    """The plugin needs the docker command; doing what a hint says turns the answer; extra folders come first."""

    def install(folder: str, name: str) -> Path:
        file = tmp_path / folder / (name + ".bat" * (os.name == "nt"))
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch(0o755)
        return file

    def ask() -> Availability:
        probe = ComposeProbe()
        probe.prepare()
        return probe.ask(0)

    def assert_yes(name: str, path: Path) -> None:
        details = {"command": name, "path": str(path)}
        assert ask() == Availability(status="available", reason=f"{name} is at {path}", details=details)

    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker") if is_named else "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folders = [f"/usr/{name}/docker/cli-plugins" for name in ("local/lib", "local/libexec", "lib", "libexec")]
    assert folders == command._PLUGIN_FOLDERS
    folders[:] = [f"{tmp_path}{folder}" for folder in folders]
    monkeypatch.setattr(command, "_PLUGIN_FOLDERS", folders)
    plugins = tmp_path / ".docker" / "cli-plugins"
    reason = f"no docker-compose in {', '.join([str(plugins), *folders])} or the folders of PATH"
    hint = "install the Compose plugin (docs.docker.com/compose/install), or add its folder to PATH"
    assert ask() == Availability(status="unavailable", reason=reason, hint=hint)
    old = install("bin", "docker-compose")
    assert_yes("docker-compose", old)
    old.unlink()

    plugin = install("usr/lib/docker/cli-plugins", "docker-compose")
    reason = f"{plugin} needs the docker command, which is not in the folders of PATH"
    hint = "install it, or add its folder to PATH"
    assert ask() == Availability(status="unavailable", reason=reason, hint=hint)
    docker = install("bin", "docker")
    assert_yes("docker compose", plugin)
    plugin.unlink()
    in_snap = install("snap", "docker-compose")
    monkeypatch.setitem(command._IN_SNAP, str(docker), [str(in_snap.parent)])
    assert_yes("docker compose", in_snap)
    for folder in ("usr/local/lib/docker/cli-plugins", ".docker/cli-plugins", "extra"):  # the last in order first
        plugin = install(folder, "docker-compose")
        config = tmp_path / ".docker" / "config.json"
        if folder == "extra":
            config.write_text(json.dumps({"CliPluginsExtraDirs": [5, str(tmp_path / "extra")]}))
        assert_yes("docker compose", plugin)
    for damaged in ('{"cliPluginsExtraDirs": 5}', '{"cliPluginsExtraDirs"'):
        config.write_text(damaged)
        assert_yes("docker compose", plugins / plugin.name)
