"""The Docker probe, and a client of the Docker SDK for the engine it asks."""

from __future__ import annotations

import os
import sys
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._probes.connection import ProtocolError, connect, read_head
from ssot_shims._probes.docker_address import DockerConfigError, find
from ssot_shims._probes.notation import Probe
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

    from docker import DockerClient
    from docker.tls import TLSConfig

    from ssot_shims._probes.connection import Head, Pipe, Stream
    from ssot_shims._probes.docker_address import DockerAddress, Tls


_LONGEST_VERSION = 64  # characters; what answers may say anything


class DockerProbe(Probe):
    """Asks the engine that the docker command would use."""

    is_service = True
    notation: str = "docker"

    def ask(self, deadline: float) -> Availability:
        """Whether that engine answers before *deadline*, a value of ``time.monotonic()``."""
        try:
            return answer_at(find(), deadline)
        except DockerConfigError as error:
            return Availability(status="unavailable", reason=str(error))


def answer_at(address: DockerAddress, deadline: float) -> Availability:
    """Whether a Docker engine answers at *address* before *deadline*. Raises :class:`DockerConfigError`."""
    seconds = deadline - monotonic()
    try:
        head = _ping(address, deadline)
    except TimeoutError:
        from ssot_shims._probes.docker_reasons import too_late

        return Availability(status="timed_out", reason=too_late(address, seconds))
    except (OSError, ValueError, ProtocolError) as error:
        from ssot_shims._probes.docker_reasons import why_not

        return Availability(status="unavailable", reason=why_not(address, error))
    return _yes(address, head)


def _ping(address: DockerAddress, deadline: float) -> Head:
    """The head of the engine's answer, which proves to be an engine's."""
    with _connection(address, deadline) as stream:
        try:  # noqa: SIM105  # importing contextlib would cost more than the question
            stream.send(_question(address))
        except ConnectionError:  # it has closed already; what it said before that says more
            pass
        head = read_head(stream)
    if head.status != 200:
        raise ProtocolError(f"it answered GET {address.prefix}/_ping with status {head.status}")
    if not head.get("api-version"):
        raise ProtocolError(f"it answered GET {address.prefix}/_ping without an Api-Version")
    return head


def _connection(address: DockerAddress, deadline: float) -> Stream | Pipe:
    if address.scheme == "unix":
        return _unix_connection(str(address.place), deadline)
    if address.scheme == "npipe" and sys.platform == "win32":
        from ssot_shims._probes.connection import open_pipe

        return open_pipe(str(address.place), deadline)
    if address.scheme != "tcp":
        from ssot_shims._probes.docker_reasons import not_asked

        raise DockerConfigError(not_asked(address))
    context = _tls_context(address, address.tls) if address.tls else None
    stream = connect(address.place, deadline)
    if context:
        try:
            stream.secure(context, address.place[0])
        except BaseException:
            stream.close()
            raise
    return stream


def _unix_connection(path: str, deadline: float) -> Stream:
    if "socket" not in sys.modules:  # importing it takes longer than seeing that nothing is there
        _check(path)
    try:
        return connect(path, deadline)
    except OSError:
        _check(path)  # a look may tell more
        raise


def _check(path: str) -> None:
    from ssot_shims._probes.network import check

    check(path)


def _tls_context(address: DockerAddress, tls: Tls) -> SSLContext:
    import ssl  # takes 10 ms and more

    # Not create_default_context(): from Python 3.13 on that refuses certificates which the docker command takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.ca:  # the docker command wants to read it in any case
            _refuse_pipe(tls.ca)
            context.load_verify_locations(tls.ca)
        elif tls.verify:
            context.load_default_certs()
        if tls.certificate and tls.key:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")  # or it would ask at the terminal
    except (OSError, ValueError) as error:
        from ssot_shims._probes.docker_reasons import no_tls_files

        raise DockerConfigError(no_tls_files(address, tls, error)) from None
    return context


def _refuse_pipe(path: str) -> None:
    """Raise OSError for what is no file: opening a pipe would wait for its other end, past any deadline."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError("it is no file")


def _question(address: DockerAddress) -> bytes:
    path = address.prefix
    if path:
        from urllib.parse import quote

        path = quote(path, safe="/%:@!$&'()*+,;=~")
    host = address.host.partition("://")[2].partition("/")[0] if address.scheme == "tcp" else "docker"
    if not host.isascii():
        host = host.encode("idna").decode()
    return (
        f"GET {path}/_ping HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ssot-shims\r\nConnection: close\r\n\r\n"
    ).encode()


def _yes(address: DockerAddress, head: Head) -> Availability:
    version = head.get("api-version")[:_LONGEST_VERSION]
    podman = head.get("libpod-api-version")[:_LONGEST_VERSION]
    details = {"kind": "podman" if podman else "docker", "api_version": version, "host": address.host}
    if podman:
        details["podman_version"] = podman
    engine = f"Podman {podman}" if podman else "a Docker engine"
    reason = f"{engine} with API {version} answers at {address.host} ({address.source})"
    if not reason.isprintable():
        from ssot_shims._text import one_line

        reason, details = one_line(reason), {name: one_line(value) for name, value in details.items()}
    return Availability(status="available", reason=reason, details=details)


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
    from ssot_shims._probes.docker_address import DockerConfigError, find

    client_class = _sdk()
    try:
        address = find()
        if address.scheme == "ssh":
            url = f"ssh://{address.place}"
            options.setdefault("use_ssh_client", True)
            return client_class(base_url=url, **options)
        options.setdefault("version", _version(address))
    except DockerConfigError as error:
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
    """The version of the API that the engine at *address* offers. Raises Unavailable and DockerConfigError."""
    from ssot_shims import _settings

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
