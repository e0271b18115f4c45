"""``command:`` and ``env:`` probes, and the probe for Docker Compose."""

from __future__ import annotations

import os

from ssot_shims._availability import Availability
from ssot_shims._probes.notation import NotationError, Probe
from ssot_shims._probes.remedy import quoted
from ssot_shims._text import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


class CommandProbe(Probe):
    """Whether a command is there to be run, by name on ``PATH`` or by its own path. It is not run."""

    notation: str
    command: str

    def ask(self, deadline: float) -> Availability:
        """Where the command is, or what to do about it."""
        import shutil  # zlib, bz2 and lzma come with it

        found = shutil.which(self.command)
        if found:
            return Availability(status="available", reason=f"{self.command} is at {found}", details={"path": found})
        return Availability(status="unavailable", reason=self._reason())

    def _reason(self) -> str:
        is_path = os.path.dirname(self.command) != ""
        folders = [""] if is_path else os.get_exec_path()
        for file in (os.path.join(folder, self.command) for folder in folders):
            if os.path.isfile(file):
                return f"{file} is there and may not be executed; chmod +x {quoted(file)}"
        if is_path:
            return f"there is no file {redact(self.command)}; install it there, or register the command by another path"
        return f"there is no command {self.command!r} in the folders of PATH; install it, or add its folder to PATH"


class EnvProbe(Probe):
    """Whether an environment variable is set and not empty. Its value is nobody's business."""

    notation: str
    variable: str

    def ask(self, deadline: float) -> Availability:
        """Whether there is a value, never which."""
        value = os.environ.get(self.variable)
        if value:
            return Availability(status="available", reason=f"{self.variable} is set")
        what = "not set" if value is None else "set, and empty"
        return Availability(status="unavailable", reason=f"{self.variable} is {what}; export {self.variable}=<a value>")


def read_command(notation: str, command: str) -> CommandProbe:
    """The probe of ``command:git``."""
    if not command:
        raise NotationError("names no command")
    expected = "the command alone: it is looked for and not run"
    if "://" in command:
        raise NotationError("has an address in the command", expected)
    if " " in command and os.path.dirname(command) == "":
        raise NotationError(f"has a blank in the command {redact(command)!r}", expected)
    return CommandProbe(notation=notation, command=command)


def read_env(notation: str, variable: str) -> EnvProbe:
    """The probe of ``env:NAME``."""
    if not variable:
        raise NotationError("names no variable")
    if not (variable.isascii() and variable.isidentifier()):
        raise NotationError(f"names the variable {variable!r}", "letters, digits and _, and no digit first: env:NAME")
    return EnvProbe(notation=notation, variable=variable)


_FOLDERS = {
    "nt": (r"%ProgramData%\Docker\cli-plugins", r"%ProgramFiles%\Docker\cli-plugins"),
    "posix": (
        "/usr/local/lib/docker/cli-plugins",
        "/usr/local/libexec/docker/cli-plugins",
        "/usr/lib/docker/cli-plugins",
        "/usr/libexec/docker/cli-plugins",
    ),
}


class ComposeProbe(Probe):
    """Looks where the docker command looks for its plugins, then for ``docker-compose`` on ``PATH``. Runs neither."""

    notation: str = "docker_compose"

    def ask(self, deadline: float) -> Availability:
        """Which of the two there is, and where."""
        from shutil import which  # zlib, bz2 and lzma come with it

        plugin = next((file for folder in _folders() if (file := which("docker-compose", path=folder))), None)
        if plugin and which("docker"):
            return _yes("docker compose", plugin)
        old = which("docker-compose")
        if old:
            return _yes("docker-compose", old)
        if plugin:
            reason = f"{plugin} is a plugin of the docker command, which is not in the folders of PATH; "
            reason += "install docker, or add its folder to PATH"
        else:
            reason = (
                f"no docker-compose in {', '.join(_folders())} or the folders of PATH; install the Compose plugin "
                f"(docs.docker.com/compose/install) or docker-compose, or add its folder to PATH"
            )
        return Availability(status="unavailable", reason=reason)


def _folders() -> tuple[str, ...]:
    own = os.environ.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")
    return (os.path.join(own, "cli-plugins"), *map(os.path.expandvars, _FOLDERS.get(os.name, ())))


def _yes(command: str, path: str) -> Availability:
    return Availability(
        status="available", reason=f"{command} is at {path}", details={"command": command, "path": path}
    )
