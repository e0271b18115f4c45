"""``docker:container=NAME`` probes."""

from __future__ import annotations

from importlib import import_module

from ssot_shims._availability import Availability
from ssot_shims._probes.connection import Answer, ProtocolError
from ssot_shims._probes.docker import DockerProbe, ask, can_run
from ssot_shims._probes.docker_address import DockerAddress, find
from ssot_shims._probes.notation import NotationError
from ssot_shims._text import one_line
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HINTS = {
    "missing": "see which there are: docker ps --all",
    "created": "start it: docker start {}",
    "exited": "start it: docker start {}",
    "paused": "let it go on: docker unpause {}",
    "unhealthy": "see why: docker logs {}",
}


class ContainerProbe(DockerProbe):
    """Whether a container runs in the engine that the docker command would use, and is healthy if that is checked."""

    notation: str
    container: str

    def prepare(self) -> None:
        """Import what reading an answer takes, too."""
        super().prepare()
        import_module("json")

    def try_it(self, deadline: float) -> Availability:
        """Which state the engine gives for it, before *deadline*, a value of ``time.monotonic()``."""
        return ask(find(), f"/containers/{self.container}/json", self._meaning, deadline)

    def _meaning(self, address: DockerAddress, answer: Answer) -> Availability:
        import json

        try:
            described: Any = json.loads(answer.read_body())
        except (ValueError, RecursionError):
            described = None
        match answer.status, described:
            case 200, {"Name": str(name), "State": {"Status": str(state)}} if name.removeprefix("/") == self.container:
                return self._in_state(state, described["State"].get("Health"))
            case (200, {"Name": str(), "State": {"Status": str()}}) | (404, {"message": str()}):
                # An engine takes the first digits of an identity for a name as well.
                raise Unavailable(f"there is no container {self.container!r} at {address}", self._hint("missing"))
            case status, {"message": str(message)}:
                reason = one_line(f"{address} answered {status} for the container {self.container!r}: {message}")
                raise Unavailable(reason)
            case status, _:
                raise ProtocolError(f"it answered GET /containers/.../json with status {status} and no container")

    def _in_state(self, state: str, described: Any) -> Availability:
        health = str(described.get("Status") or "none") if isinstance(described, dict) else "none"
        is_checked = state == "running" and health != "none"
        seen = f"{state}, and its health check says {health}" if is_checked else state
        is_there = state == "running" and health in ("none", "healthy")
        return Availability(
            status="available" if is_there else "unavailable",
            reason=one_line(f"the container {self.container!r} is {seen}"),
            hint="" if is_there else self._hint(health if is_checked else state),
            details={"state": state, "health": health},
        )

    def _hint(self, state: str) -> str:
        return _HINTS.get(state, "").format(self.container) if can_run("docker") else ""


def read_docker(notation: str, rest: str) -> ContainerProbe:
    """The probe of ``docker:container=db``."""
    key, _, container = rest.partition("=")
    if key != "container":
        raise NotationError(f"asks for {key!r}")
    if not container:
        raise NotationError("names no container")
    # What engines take; nothing of it has a meaning in a URL or a shell.
    if not (container.isascii() and container[0].isalnum() and all(c.isalnum() or c in "_.-" for c in container)):
        raise NotationError(f"names the container {container!r}", "letters, digits, _, . and -: docker:container=NAME")
    return ContainerProbe(notation=notation, container=container)
