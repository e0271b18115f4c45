"""``command:`` and ``env:`` probes, and the probe for Docker Compose."""

from __future__ import annotations

import os

from ssot_shims._availability import Availability
from ssot_shims._probes.docker_address import config_folder, setting
from ssot_shims._probes.notation import NotationError, Probe
from ssot_shims._text import redact
from ssot_shims.errors import Unavailable

_HOW_TO_GET = "install it, or add its folder to PATH"
_PLUGIN_FOLDERS = [f"/usr/{folder}/docker/cli-plugins" for folder in ("local/lib", "local/libexec", "lib", "libexec")]
# By the path of a docker command: the folders of plugins that only that one has.
_IN_SNAP = {"/snap/bin/docker": ["/snap/docker/current/usr/libexec/docker/cli-plugins"]}


class CommandProbe(Probe):
    """Whether a command is there to be run, by name on ``PATH`` or by its own path. It is not run."""

    imports = "shutil"

    notation: str
    command: str

    def try_it(self, deadline: float) -> Availability:
        """Where the command is, or what to do about it."""
        from shutil import which

        if found := which(self.command):
            return Availability(status="available", reason=f"{self.command} is at {found}", details={"path": found})
        if found := which(self.command, mode=os.F_OK):
            raise Unavailable(f"{found} is there and may not be executed", "make it executable")
        if os.path.dirname(self.command):
            raise Unavailable(f"there is no file {redact(self.command)}", "install it there, or correct the path")
        raise Unavailable(f"there is no command {redact(repr(self.command))} in the folders of PATH", _HOW_TO_GET)


class ComposeProbe(Probe):
    """Looks where the docker command looks for its plugins, then for ``docker-compose`` on ``PATH``. Runs neither."""

    imports = "shutil"

    notation: str = "docker_compose"

    def try_it(self, deadline: float) -> Availability:
        """Which of the two there is, and where."""
        from shutil import which

        extra = setting("clipluginsextradirs")
        folders = [one for one in extra if isinstance(one, str)] if isinstance(extra, list) else []  # pyright: ignore[reportUnknownVariableType]
        docker = which("docker") or ""
        # In the order of the docker command.
        folders += [os.path.join(config_folder(), "cli-plugins"), *_PLUGIN_FOLDERS, *_IN_SNAP.get(docker, [])]
        plugin = next((file for folder in folders if (file := which("docker-compose", path=folder))), None)
        command, path = ("docker compose", plugin) if plugin and docker else ("docker-compose", None)
        if path := path or which("docker-compose"):
            details = {"command": command, "path": path}
            return Availability(status="available", reason=f"{command} is at {path}", details=details)
        if plugin:
            raise Unavailable(f"{plugin} needs the docker command, which is not in the folders of PATH", _HOW_TO_GET)
        hint = "install the Compose plugin (docs.docker.com/compose/install), or add its folder to PATH"
        raise Unavailable(f"no docker-compose in {', '.join(folders)} or the folders of PATH", hint)


class EnvProbe(Probe):
    """Whether an environment variable is set and not empty, or has a certain value. The one it has is not shown."""

    notation: str
    variable: str
    value: str = ""

    def __repr__(self) -> str:
        return f"EnvProbe({self.notation!r})"

    def try_it(self, deadline: float) -> Availability:
        """Whether there is a value, or the one that was asked for; never which."""
        value = os.environ.get(self.variable)
        if value == self.value if self.value else value:
            reason = f"{self.variable} has the value that is asked for" if self.value else f"{self.variable} is set"
            return Availability(status="available", reason=reason)
        from shlex import quote  # takes 5 ms

        other = "set to another value" if value else "set, and empty"
        wanted = quote(self.notation.partition("=")[2]) if self.value else "<a value>"
        reason = f"{self.variable} is {'not set' if value is None else other}"
        raise Unavailable(reason, f"export {self.variable}={wanted}")


def read_command(notation: str, command: str) -> CommandProbe:
    """The probe of ``command:git``."""
    if not command:
        raise NotationError("names no command")
    if "://" in command or (" " in command and os.path.dirname(command) == ""):
        raise NotationError(f"has more than a command in {redact(command)!r}", "the command alone: it is not run")
    return CommandProbe(notation=notation, command=command)


def read_env(notation: str, rest: str) -> EnvProbe:
    """The probe of ``env:NAME`` or ``env:NAME=value``."""
    variable, equals, value = rest.partition("=")
    if not (variable.isascii() and variable.isidentifier()):
        expected = "letters, digits and _, and no digit first: env:NAME"
        raise NotationError(f"names the variable {notation[4:].partition('=')[0]!r}", expected)
    if equals and not value:
        raise NotationError("compares with no value")
    return EnvProbe(notation=notation, variable=variable, value=value)
