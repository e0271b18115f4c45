"""The Docker probe, and a client of the Docker SDK for the engine it asks."""

from __future__ import annotations

import sys
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._probes.connection import Pipe, ProtocolError, Stream, connect, read_head
from ssot_shims._probes.docker_address import MOST_BYTES, DockerAddress, Tls, find
from ssot_shims._probes.network import SocketProbe, check
from ssot_shims._settings import timeout
from ssot_shims._text import describe, one_line, read_regular_file
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

    from docker import DockerClient

_LONGEST_VERSION = 64  # characters; what answers may say anything


class DockerProbe(SocketProbe):
    """Asks the engine that the docker command would use."""

    notation: str = "docker"

    def try_it(self, deadline: float) -> Availability:
        """Whether that engine answers before *deadline*, a value of ``time.monotonic()``."""
        return answer_at(find(), deadline)


def answer_at(address: DockerAddress, deadline: float) -> Availability:
    """Whether a Docker engine answers at *address* before *deadline*. Raises :class:`Unavailable`."""
    seconds = deadline - monotonic()
    try:
        headers = _ping(address, deadline)
    except (OSError, ValueError, ProtocolError) as error:
        from ssot_shims._probes.docker_reasons import why_not

        return why_not(address, error, seconds)
    version, podman = (
        one_line(headers.get(name, "")[:_LONGEST_VERSION]) for name in ("api-version", "libpod-api-version")
    )
    details = {"kind": "podman" if podman else "docker", "api_version": version, "host": one_line(address.host)}
    reason = f"{f'Podman {podman}' if podman else 'a Docker engine'} with API {version} answers at {address}"
    return Availability(status="available", reason=reason, details=details)


def _ping(address: DockerAddress, deadline: float) -> dict[str, str]:
    """The headers of the engine's answer, which proves to be an engine's."""
    context = _tls_context(address, address.tls) if address.tls else None
    with _connection(address, deadline) as stream:
        from contextlib import suppress  # not before there is an engine

        if context:
            stream.secure(context, str(address.place[0]))
        with suppress(ConnectionError):  # it has closed already; what it said before that says more
            stream.send(_question(address))
        status, headers = read_head(stream)
    if status != 200:
        raise ProtocolError(f"it answered GET /_ping with status {status}")
    if not headers.get("api-version"):
        raise ProtocolError("it answered GET /_ping without an Api-Version")
    return headers


def _connection(address: DockerAddress, deadline: float) -> Stream:
    if address.scheme == "ssh":
        reason = f"the engine at {address} is not probed, because that takes a login"
        raise Unavailable(reason, "if it is there, say so: SSOT_SHIMS_HAS_DOCKER=1")
    if address.scheme == "npipe" and sys.platform != "win32":
        raise OSError("only Windows has such pipes")
    if address.scheme == "npipe":
        return Pipe(str(address.place), deadline)
    if isinstance(address.place, str):
        check(address.place)
    return connect(address.place, deadline)


def _tls_context(address: DockerAddress, tls: Tls) -> SSLContext:
    import ssl

    # Not create_default_context(): from Python 3.13 on that refuses certificates which the docker command takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.verify
    context.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    try:
        if tls.ca:  # the docker command wants to read it in any case
            pem = read_regular_file(tls.ca, MOST_BYTES)
            context.load_verify_locations(cadata=pem.decode("ascii", "ignore"))
        elif tls.verify:
            context.load_default_certs()
        if tls.certificate and tls.key:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")  # or it would ask at the terminal
    except (OSError, ValueError) as error:
        from ssot_shims._probes.docker_reasons import tls_files_hint

        files = ", ".join(file for file in (tls.ca, tls.certificate, tls.key) if file)
        reason = one_line(f"the files for TLS with {address} cannot be used: {files}: {describe(error)}")
        raise Unavailable(reason, tls_files_hint(address)) from None
    return context


def _question(address: DockerAddress) -> bytes:
    is_tcp = address.scheme == "tcp"
    host, slash, path = address.host.removeprefix("tcp://").partition("/") if is_tcp else ("docker", "", "")
    head = f"GET {slash}{path}/_ping HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ssot-shims\r\nConnection: close\r\n\r\n"
    return head.encode()


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
    try:
        from docker import DockerClient
        from docker.tls import TLSConfig
    except ImportError as error:
        reason = f"the docker SDK cannot be imported: {error}"
        raise Unavailable(reason, "install the extra: ssot-shims[docker]") from error
    address = find()
    if address.scheme == "ssh":
        options.setdefault("use_ssh_client", True)
        return DockerClient(base_url=f"ssh://{address.place}", **options)
    answer = answer_at(address, monotonic() + timeout())
    if not answer:
        raise Unavailable(answer.reason, answer.hint)
    if tls := address.tls:
        pair = (tls.certificate, tls.key) if tls.certificate and tls.key else None
        options["tls"] = TLSConfig(client_cert=pair, ca_cert=tls.ca or None, verify=tls.verify)
    options.setdefault("version", answer.details["api_version"])
    client = DockerClient(base_url=address.host, **options)
    client.api.trust_env = False  # or a proxy variable would lead it to another place than the one that answered
    return client
