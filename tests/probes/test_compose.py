"""Docker Compose: the plugin of the docker command, or the old command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ssot_shims import Availability
from ssot_shims._probes.command import ComposeProbe


@pytest.mark.parametrize("is_named", [True, False], ids=["DOCKER_CONFIG", "the home folder"])
def test_compose_is_the_plugin_or_the_old_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    """The plugin needs the docker command; doing what a hint says turns the answer; extra folders come first."""

    def command(folder: str, name: str) -> Path:
        file = tmp_path / folder / (name + ".bat" * (os.name == "nt"))
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch(0o755)
        return file

    def ask() -> Availability:
        probe = ComposeProbe()
        probe.prepare()
        return probe.ask(0)

    def assert_yes(command: str, path: Path) -> None:
        details = {"command": command, "path": str(path)}
        assert ask() == Availability(status="available", reason=f"{command} is at {path}", details=details)

    def assert_yes_with(folder: Path, command: str, path: Path) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(folder), prepend=os.pathsep)
            assert_yes(command, path)

    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker") if is_named else "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("ssot_shims._probes.command._PLUGIN_FOLDERS", [str(tmp_path / "lib")])
    plugins = tmp_path / ".docker" / "cli-plugins"
    reason = f"no docker-compose in {plugins}, {tmp_path / 'lib'} or the folders of PATH"
    hint = "install the Compose plugin (docs.docker.com/compose/install), or add its folder to PATH"
    nothing = Availability(status="unavailable", reason=reason, hint=hint)
    old = command("opt", "docker-compose")
    assert ask() == nothing
    assert_yes_with(old.parent, "docker-compose", old)
    old = command("bin", "docker-compose")
    assert_yes("docker-compose", old)
    old.unlink()

    plugin = command("lib", "docker-compose")
    reason = f"{plugin} needs the docker command, which is not in the folders of PATH"
    hint = "install it, or add its folder to PATH"
    assert ask() == Availability(status="unavailable", reason=reason, hint=hint)
    assert_yes_with(command("opt", "docker").parent, "docker compose", plugin)
    command("bin", "docker")
    for folder in ("lib", ".docker/cli-plugins", "extra"):  # from the last in order to the first
        plugin = command(folder, "docker-compose")
        config = tmp_path / ".docker" / "config.json"
        if folder == "extra":
            config.write_text(json.dumps({"CliPluginsExtraDirs": [5, str(tmp_path / "extra")]}))
        assert_yes("docker compose", plugin)
    for damaged in ('{"cliPluginsExtraDirs": 5}', '{"cliPluginsExtraDirs"'):
        config.write_text(damaged)
        assert_yes("docker compose", plugins / plugin.name)
