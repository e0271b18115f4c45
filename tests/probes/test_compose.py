"""Docker Compose: the plugin of the docker command, or the old command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ssot_shims import Availability
from ssot_shims._probes.command import ComposeProbe


def test_compose_is_the_plugin_or_the_old_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin needs the docker command; doing what a hint says turns the answer; extra folders come first."""

    def command(folder: str, name: str) -> Path:
        file = tmp_path / folder / (name + ".bat" * (os.name == "nt"))
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text("")
        file.chmod(0o755)
        return file

    def ask() -> Availability:
        probe = ComposeProbe()
        probe.prepare()
        return probe.ask(0)

    def assert_yes(reason: str) -> None:
        assert (ask().status, ask().reason) == ("available", reason)

    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("ssot_shims._probes.command._PLUGIN_FOLDERS", [str(tmp_path / "lib")])
    plugins = tmp_path / "config" / "cli-plugins"
    reason = f"no docker-compose in {plugins}, {tmp_path / 'lib'} or the folders of PATH"
    hint = "install the Compose plugin (docs.docker.com/compose/install), or add its folder to PATH"
    nothing = Availability(status="unavailable", reason=reason, hint=hint)
    assert ask() == nothing
    old = command("opt", "docker-compose")
    assert ask() == nothing
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(old.parent), prepend=os.pathsep)
        assert_yes(f"docker-compose is at {old}")
    old = command("bin", "docker-compose")
    assert_yes(f"docker-compose is at {old}")
    old.unlink()

    plugin = command("lib", "docker-compose")
    reason = f"{plugin} needs the docker command, which is not in the folders of PATH"
    hint = "install it, or add its folder to PATH"
    assert ask() == Availability(status="unavailable", reason=reason, hint=hint)
    docker = command("opt", "docker")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(docker.parent), prepend=os.pathsep)
        assert_yes(f"docker compose is at {plugin}")
    command("bin", "docker")
    assert_yes(f"docker compose is at {plugin}")
    plugin = command("config/cli-plugins", "docker-compose")
    assert_yes(f"docker compose is at {plugin}")
    plugin = command("extra", "docker-compose")
    config = tmp_path / "config" / "config.json"
    config.write_text(json.dumps({"CliPluginsExtraDirs": [5, str(tmp_path / "extra")]}))
    assert_yes(f"docker compose is at {plugin}")
    for damaged in ('{"cliPluginsExtraDirs": 5}', '{"cliPluginsExtraDirs"'):
        config.write_text(damaged)
        assert_yes(f"docker compose is at {plugins / plugin.name}")


@pytest.mark.parametrize("folder", ["DOCKER_CONFIG", "the home folder"])
def test_the_users_own_plugins_come_first(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the docker command's own folder, which DOCKER_CONFIG moves."""
    own = tmp_path / ("settings" if folder == "DOCKER_CONFIG" else ".docker")
    for file in (own / "cli-plugins/docker-compose", tmp_path / "bin/docker", tmp_path / "bin/docker-compose"):
        file = file.with_suffix(".bat" if os.name == "nt" else "")
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    if folder == "DOCKER_CONFIG":
        monkeypatch.setenv("DOCKER_CONFIG", str(own))
    answer = ComposeProbe().ask(0)
    assert answer.details["path"].startswith(str(own / "cli-plugins" / "docker-compose"))
