"""``docker_client()``: the SDK's client for the engine that the probe asks."""

from __future__ import annotations

import os
from time import monotonic

from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docker import DockerClient
    from docker.tls import TLSConfig

    from ssot_shims._probes.docker_address import DockerAddress, Tls


def docker_client(**options: Any) -> DockerClient:
    """A ``docker.DockerClient`` for the very engine, with the TLS, that ``is_docker_available()`` asks about.

    The engine is asked first, whatever is cached or overridden, for at most the default timeout of a probe;
    ``SSOT_SHIMS_TIMEOUT`` (seconds) changes it. *options* go to ``docker.DockerClient``. Proxy variables are not used.
    An ``ssh://`` address is not asked; the SDK's client goes there through the ssh command. Close the client when done.

    Raises :class:`Unavailable` with the reason when no engine answers, or when ``import docker`` does not find the SDK.

    >>> from ssot_shims import is_docker_available
    >>> if is_docker_available():
    ...     client = docker_client()
    ...     client.close()
    """
    from ssot_shims._probes.docker_address import Misconfigured, find

    client_class = _sdk()
    try:
        address = find()
        if address.scheme == "ssh":
            url = f"ssh://{address.place}"
            options.setdefault("use_ssh_client", True)
            return client_class(base_url=url, **options)
        options.setdefault("version", _version(address))
    except Misconfigured as error:
        raise Unavailable(str(error)) from None
    client = client_class(base_url=_url(address), tls=_sdk_tls(address.tls), **options)
    client.api.trust_env = False  # or a proxy variable would lead it to another place than the one that answered
    return client


def _sdk() -> type[DockerClient]:
    """The SDK's class. Raises Unavailable, also when something else goes by its name."""
    install = "install it: pip install 'ssot-shims[docker]'"
    try:
        import docker
    except ImportError as error:
        problem = "the docker SDK is not installed" if error.name == "docker" else f"the docker SDK is broken: {error}"
        raise Unavailable(f"{problem}; {install}") from error
    if hasattr(docker, "DockerClient"):
        return docker.DockerClient
    if docker.__file__:
        raise Unavailable(f"{docker.__file__} hides the docker SDK; rename it")
    raise Unavailable(f"the docker SDK is not installed, and {', '.join(docker.__path__)} is something else; {install}")


def _version(address: DockerAddress) -> str:
    """The version of the API that the engine at *address* offers. Raises Unavailable and Misconfigured."""
    from ssot_shims import _settings
    from ssot_shims._probes.docker import answer_at

    answer = answer_at(address, monotonic() + _settings.timeout())
    if not answer:
        raise Unavailable(answer.reason)
    return answer.details["api_version"]


def _url(address: DockerAddress) -> str:
    # The SDK reads the first part of a relative path as a host.
    return f"unix://{os.path.abspath(str(address.place))}" if address.scheme == "unix" else address.host


def _sdk_tls(tls: Tls | None) -> TLSConfig | bool:
    if tls is None:
        return False
    from docker.tls import TLSConfig

    pair = (tls.certificate, tls.key) if tls.certificate and tls.key else None
    return TLSConfig(client_cert=pair, ca_cert=tls.ca or None, verify=tls.verify)
