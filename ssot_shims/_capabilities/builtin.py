"""The registry that everybody shares, the capabilities that come with it, and the shortest ways to ask."""

from __future__ import annotations

from ssot_shims._capabilities.capability import Capability
from ssot_shims._capabilities.registry import Registry
from ssot_shims._probes.command import CommandProbe, ComposeProbe
from ssot_shims._probes.docker import DockerProbe
from ssot_shims._probes.module import ModuleProbe
from ssot_shims._probes.notation import Probe

capabilities: Registry = Registry()
capabilities.explain_unknown("names in pyproject.toml are registered by load_project()")

# The fastest questions: a name in this dictionary, and a global that has no value while the answer is not known.
_docker: bool
_hits = capabilities.publish("docker", globals())


def is_available(name: str) -> bool:
    """Whether *name* is available: the answer of ``capabilities.check(name)`` as a bool. Raises what that raises.

    >>> is_available("git") == bool(capabilities.check("git"))
    True
    """
    try:
        return _hits[name]
    except (KeyError, TypeError):
        pass  # asked below, or what is raised would carry the KeyError
    return capabilities.check(name).status == "available"


def is_docker_available() -> bool:
    """Whether a Docker client with the settings of this process would reach an engine. It needs no SDK.

    >>> is_docker_available() == is_available("docker")
    True
    """
    try:
        return _docker
    except NameError:
        pass  # asked below, or what is raised would carry the NameError
    return capabilities.check("docker").status == "available"


def _add(name: str, probe: Probe) -> None:
    capabilities.add(Capability(name=name, probe=probe, level="built-in", where="ssot_shims"))


_add("docker", DockerProbe())
# Not module:docker alone: many a project has a folder of that name.
_add("docker_sdk", ModuleProbe(notation="module:docker.client", module="docker.client"))
_add("docker_compose", ComposeProbe())
_add("podman", CommandProbe(notation="command:podman", command="podman"))
_add("git", CommandProbe(notation="command:git", command="git"))
