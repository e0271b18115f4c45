"""``docker:container=NAME`` probes."""

from __future__ import annotations

from typing import Any

from ssot_shims._availability import Availability
from ssot_shims._probes.connection import Answer, ProtocolError
from ssot_shims._probes.docker import DockerProbe, answer_at, can_run
from ssot_shims._probes.docker_address import DockerAddress, find, value_of
from ssot_shims._probes.notation import NotationError
from ssot_shims._text import one_line
from ssot_shims.errors import Unavailable

# What the docker command offers for a container in such a state.
_COMMANDS = {"created": "start", "exited": "start", "paused": "unpause", "unhealthy": "logs"}


class ContainerProbe(DockerProbe):
    """Whether a container runs in the engine that the docker command would use, and is healthy if that is checked."""

    notation: str = ""
    container: str

    def try_it(self, deadline: float) -> Availability:
        """Which state the engine gives for it, before *deadline*, a value of ``monotonic()``."""
        return answer_at(find(), deadline, f"/containers/{self.container}/json", self._meaning)

    def _meaning(self, address: DockerAddress, answer: Answer) -> Availability:
        import json

        try:
            described: Any = json.loads(answer.read_body())
        except (ValueError, RecursionError):
            described = None
        match answer.status, described:
            case 200, {"Name": str(name), "State": {"Status": str(state), **more}, **rest} if self.container in (
                name.strip("/"),
                identity := str(rest.get("Id")),
                identity[:12],  # as the docker command shows it
            ):
                return self._in_state(state, more.get("Health"))
            case (200, {"Name": str(), "State": {"Status": str()}}) | (404, {"message": str()}):
                # An engine takes the first digits of an identity for a name as well.
                hint = "see which there are: docker ps --all" if can_run("docker") else ""
                raise Unavailable(f"there is no container {self.container!r} at {address}", hint)
            case status, {"message": str(message)}:
                seen = f"{address} answered {status} for the container {self.container!r}: {message}"
                raise Unavailable(one_line(seen))
            case _:
                seen = f"it answered GET /containers/.../json with status {answer.status} and no container"
                raise ProtocolError(seen)

    def _in_state(self, state: str, check: object) -> Availability:
        health = str((state == "running" and value_of(check, "status")) or "none")
        is_there = state == "running" and health in ("none", "healthy")
        seen = f"the container {self.container!r} is {state}{'' if health == 'none' else f' (health: {health})'}"
        command = _COMMANDS.get(state if health == "none" else health)
        return Availability(
            status="available" if is_there else "unavailable",
            reason=one_line(seen),
            hint=f"next: docker {command} {self.container}" if command and can_run("docker") else "",
            details={"state": state, "health": health},
        )


def read_docker(notation: str, rest: str) -> ContainerProbe:
    """The probe of ``docker:container=db``."""
    key, _, container = rest.partition("=")
    if key != "container":
        raise NotationError(f"asks for {key!r}" if key else "names no container")
    # What engines take; nothing of it has a meaning in a URL or a shell.
    if not (container.isascii() and container[:1].isalnum() and all(c.isalnum() or c in "_.-" for c in container)):
        raise NotationError(f"names the container {container!r}", "letters, digits, _, . and -: docker:container=NAME")
    return ContainerProbe(notation=notation, container=container)
