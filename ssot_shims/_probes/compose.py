"""Whether Docker Compose is there: the plugin of the docker command, or the old command of its own."""

from __future__ import annotations

import os

from ssot_shims._availability import Availability
from ssot_shims._record import Record

_FOLDERS = {
    "nt": (r"%ProgramData%\Docker\cli-plugins", r"%ProgramFiles%\Docker\cli-plugins"),
    "posix": (
        "/usr/local/lib/docker/cli-plugins",
        "/usr/local/libexec/docker/cli-plugins",
        "/usr/lib/docker/cli-plugins",
        "/usr/libexec/docker/cli-plugins",
    ),
}


class ComposeProbe(Record):
    """Looks where the docker command looks for its plugins, then for ``docker-compose`` on ``PATH``. Runs neither."""

    is_service = False

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
