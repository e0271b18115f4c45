"""The registry that everybody shares, the capabilities that come with it, and the shortest ways to ask."""

from __future__ import annotations

from ssot_shims._capabilities.capability import Capability
from ssot_shims._capabilities.registry import Registry
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ssot_shims._availability import Availability

# The fastest question reads a global, which has no value until the answer is known and none when it is forgotten.
_docker: bool
_hits: dict[str, bool] = {}


def _told(name: str, answer: bool | None) -> None:
    """Take down what the registry knows about *name*; it calls this under its lock, and nobody else writes here."""
    global _docker
    if answer is None:
        _hits.pop(name, None)
        if name == "docker":
            globals().pop("_docker", None)
        return
    _hits[name] = answer
    if name == "docker":
        _docker = answer


capabilities: Registry = Registry(told=_told)


def is_available(name: str) -> bool:
    """Whether the capability *name* is there; :meth:`capabilities.check` says why. Raises what that raises.

    >>> is_available("git") == bool(capabilities.check("git"))
    True
    """
    try:
        return _hits[name]
    except (KeyError, TypeError):
        pass  # asked out here, or what is raised would carry the KeyError
    return bool(capabilities.check(name))


def is_docker_available() -> bool:
    """Whether a Docker client with the settings of this process would reach an engine. It needs no SDK.

    >>> is_docker_available() == is_available("docker")
    True
    """
    try:
        return _docker
    except NameError:
        pass  # as above
    return bool(capabilities.check("docker"))


def require(*names: str) -> None:
    """Nothing, when all *names* are there. Raises :class:`CapabilityMissing` with every reason when one is not.

    >>> with capabilities.override(docker=True, git=True):
    ...     require("docker", "git")
    """
    capabilities.require(*names)


class _Noted(Record):
    """A probe in short notation, read when somebody asks: who asks for Docker alone pays for Docker alone."""

    is_service = False

    notation: str

    def ask(self, deadline: float) -> Availability | Callable[[], Availability]:
        from ssot_shims._probes.notation import read

        return read(self.notation).ask(deadline)  # type: ignore[union-attr]  # none of those below names a function


class _Docker(_Noted):
    is_service = True

    notation: str = "docker"

    def ask(self, deadline: float) -> Availability:
        from ssot_shims._probes.docker import DockerProbe  # socket

        return DockerProbe().ask(deadline)


class _Compose(_Noted):
    notation: str = "docker_compose"

    def ask(self, deadline: float) -> Availability:
        from ssot_shims._probes.command import ComposeProbe  # shutil

        return ComposeProbe().ask(deadline)


def _built_in(name: str, probe: Record) -> Capability:
    return Capability(name=name, probe=probe, level="built-in", where="ssot_shims")


capabilities.add(_built_in("docker", _Docker()))
# Not module:docker alone: many a project has a folder of that name.
capabilities.add(_built_in("docker_sdk", _Noted(notation="module:docker.client")))
capabilities.add(_built_in("docker_compose", _Compose()))
capabilities.add(_built_in("podman", _Noted(notation="command:podman")))
capabilities.add(_built_in("git", _Noted(notation="command:git")))
