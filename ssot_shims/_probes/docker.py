"""The Docker probe, why it says no, and a client of the Docker SDK for the engine it asks."""

from __future__ import annotations

import os
import stat

from ssot_shims._availability import Availability
from ssot_shims._probes import docker_address
from ssot_shims._probes.connection import NOT_TLS, Answer, Pipe, ProtocolError, Stream, connect, tls_hint
from ssot_shims._probes.docker_address import MOST_BYTES, DockerAddress, Tls, default_host, find
from ssot_shims._probes.network import NotASocket, SocketProbe, check
from ssot_shims._settings import longer, monotonic, timeout
from ssot_shims._text import describe, one_line, read_regular_file
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext
    from typing import Any

    from docker import DockerClient

    Reader = Callable[[DockerAddress, Answer], Availability]

_MOST = 64  # characters of a version; what answers may say anything
# Where the sockets of Desktop on Linux and elsewhere, colima, OrbStack and Rancher Desktop are in a home folder.
_FOLDERS = (".docker/desktop", ".docker/run", ".colima/default", ".orbstack/run", ".rd")
_PODMAN = "/run/podman/podman.sock"  # of root


class DockerProbe(SocketProbe):
    """Asks the engine that the docker command would use."""

    # Nothing before the clock: a look may hang, and only where it finds a socket is more to be imported.
    imports = ""

    notation: str = "docker"

    def try_it(self, deadline: float) -> Availability:
        """Whether that engine answers before *deadline*, a value of ``monotonic()``."""
        return answer_at(find(), deadline)


def _engine(address: DockerAddress, answer: Answer) -> Availability:
    """Yes, when *answer* to a ping proves to be an engine's."""
    headers = answer.headers
    if answer.status != 200:
        raise ProtocolError(f"it answered GET /_ping with status {answer.status}")
    if not headers.get("api-version"):
        raise ProtocolError("it answered GET /_ping without an Api-Version")
    version, podman = (one_line(headers.get(name, "")[:_MOST]) for name in ("api-version", "libpod-api-version"))
    details = {"kind": "podman" if podman else "docker", "api_version": version, "host": one_line(address.host)}
    reason = f"{f'Podman {podman}' if podman else 'a Docker engine'} with API {version} answers at {address}"
    return Availability(status="available", reason=reason, details=details)


def answer_at(address: DockerAddress, deadline: float, path: str = "/_ping", reader: Reader = _engine) -> Availability:
    """What *reader* makes of a Docker engine's answer to ``GET path``, given before *deadline*, or why there is none.

    Raises :class:`Unavailable`.
    """
    seconds = deadline - monotonic()
    try:
        context = _tls_context(address, address.tls) if address.tls else None
        with _connection(address, deadline) as stream:
            from contextlib import suppress  # not before there is an engine

            if context:
                stream.secure(context, str(address.place[0]))
            with suppress(ConnectionError):  # it has closed already; what it said before that says more
                stream.send(_question(address, path))
            return reader(address, Answer(stream))
    except (OSError, ValueError, ProtocolError) as error:
        return _why_not(address, error, seconds)


def _connection(address: DockerAddress, deadline: float) -> Stream:
    if address.scheme == "ssh":
        reason = f"the engine at {address} is not probed, because that takes a login"
        raise Unavailable(reason, "if it is there, say so: SSOT_SHIMS_HAS_DOCKER=1")
    if address.scheme == "npipe":
        return Pipe(str(address.place), deadline)
    if isinstance(address.place, str):
        check(address.place)  # before socket is imported: that takes longer than seeing that nothing is there
    return connect(address.place, deadline)


def _tls_context(address: DockerAddress, tls: Tls) -> SSLContext:
    import ssl

    # Not create_default_context(): from Python 3.13 on that refuses certificates which the docker command takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.verify
    context.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    try:
        if tls.ca:  # the docker command wants to read it in any case
            context.load_verify_locations(cadata=read_regular_file(tls.ca, MOST_BYTES).decode("ascii", "ignore"))
        elif tls.verify:
            context.load_default_certs()
        if tls.certificate and tls.key:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")  # or it would ask at the terminal
    except (OSError, ValueError) as error:
        files = ", ".join(file for file in (tls.ca, tls.certificate, tls.key) if file)
        reason = one_line(f"the files for TLS with {address} cannot be used: {files}: {describe(error)}")
        raise Unavailable(reason, _tls_files_hint(address)) from None
    return context


def _question(address: DockerAddress, path: str) -> bytes:
    is_tcp = address.scheme == "tcp"
    host, slash, prefix = address.host.removeprefix("tcp://").partition("/") if is_tcp else ("docker", "", "")
    head = f"GET {slash}{prefix}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ssot-shims\r\nConnection: close\r\n\r\n"
    return head.encode()


def _why_not(address: DockerAddress, error: Exception, seconds: float) -> Availability:
    """The answer for *error*, which a question with so many *seconds* ended with."""
    if isinstance(error, TimeoutError):
        reason = f"no answer from {address} within {round(max(seconds, 0), 1):g} s"
        hint = f"restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT={longer(seconds)}"
        return Availability(status="timed_out", reason=reason, hint=hint)
    reason, hint = (address.tls and _no_tls(address, error)) or _no_engine(address, error)
    hint = hint or _elsewhere(address) or f"name an engine: DOCKER_HOST={default_host().partition(':')[0]}:///PATH"
    return Availability(status="unavailable", reason=reason, hint=hint)


def _no_engine(address: DockerAddress, error: Exception) -> tuple[str, str]:
    """Reason and hint; where another engine may do, the hint is empty."""
    is_path = isinstance(address.place, str)
    at = f"{address.place} ({address.source})" if is_path else str(address)
    match error:
        case ProtocolError():
            may_be_tls = address.scheme == "tcp" and not (address.tls and address.tls.certificate)
            hint = f"if it speaks TLS, {_tls_files_hint(address)}" if may_be_tls else ""
            return f"what answers at {address} is not a Docker engine: {error}", hint
        case FileNotFoundError():
            return f"there is no {'pipe' if address.scheme == 'npipe' else 'socket'} at {at}", _start(address)
        case NotASocket():
            return f"{at} is {error}, not a socket", ""
        case PermissionError() if address.scheme == "unix":
            return f"permission denied at {at}", _group_hint(str(address.place))
        case ConnectionRefusedError():
            return f"nothing listens at {f'the socket {at}, which is stale' if is_path else at}", _start(address)
        case _:
            return f"{address} cannot be reached: {getattr(error, 'strerror', None) or error}", ""


def _no_tls(address: DockerAddress, error: Exception) -> tuple[str, str] | None:
    """Reason and hint for what went wrong in TLS; None when *error* is about something else."""
    import ssl

    if not isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError):
        return None
    if getattr(error, "reason", "") in NOT_TLS:
        hint = f"go without: unset DOCKER_TLS_VERIFY DOCKER_TLS; export {_chosen(address.host)}"
        return f"what listens at {address} does not speak TLS", hint
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"no TLS with {address}: {error.verify_message.rstrip('.')}", tls_hint(error, _tls_files_hint(address))
    words = getattr(error, "reason", None) or error.strerror or error
    return f"no TLS with {address}: {words}", _tls_files_hint(address)


def _tls_files_hint(address: DockerAddress) -> str:
    """How to choose other files for TLS, also for the address of a context."""
    verify = "DOCKER_TLS_VERIFY" if address.tls is None or address.tls.verify else "DOCKER_TLS"
    settings = f"{_chosen(address.host)} {verify}=1 DOCKER_CERT_PATH=FOLDER"
    return f"name the folder of its ca.pem, cert.pem and key.pem: {settings}"


def _group_hint(path: str) -> str:
    """How to become one of those who may use the socket *path*; empty where that is for somebody else to allow."""
    try:
        from grp import getgrgid

        state = os.stat(path)
        group = getgrgid(state.st_gid).gr_name
    except (ImportError, OSError, KeyError):  # Windows; a folder that may not be entered; a group without a name
        return ""
    if not state.st_mode & stat.S_IWGRP:
        return ""
    command = f": sudo usermod -aG {group} $USER" if can_run("sudo", "usermod") else ""
    return f"join the group {group}, and log in again{command}"


def _elsewhere(address: DockerAddress) -> str:
    """The first other socket that is there; empty when none is."""
    run = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid() if hasattr(os, 'geteuid') else 0}"
    own = [os.path.join(os.path.expanduser("~"), folder, "docker.sock") for folder in _FOLDERS]
    for path in (docker_address.DEFAULT_SOCKET, f"{run}/docker.sock", *own, f"{run}/podman/podman.sock", _PODMAN):
        if path != address.place and os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            return f"another socket is there: {_chosen(f'unix://{path}')}"
    return ""


def _chosen(host: str) -> str:
    from shlex import quote  # takes 5 ms, for re

    return f"DOCKER_HOST={quote(one_line(host))}"


def _start(address: DockerAddress) -> str:
    """Another engine, else how to start the usual one; empty where that is not asked for, or cannot be run."""
    is_usual = address.place == docker_address.DEFAULT_SOCKET
    command = "start an engine there: sudo dockerd" if is_usual and can_run("sudo", "dockerd") else ""
    return _elsewhere(address) or command


def can_run(*programs: str) -> bool:
    """Whether all *programs* are on ``PATH``; importing shutil would take longer than asking for Docker."""
    folders = os.get_exec_path()
    return all(any(os.access(os.path.join(folder, name), os.X_OK) for folder in folders) for name in programs)


def docker_client(**options: Any) -> DockerClient:
    """A ``docker.DockerClient`` for the engine that ``is_docker_available()`` asks, with the same TLS settings.

    It first asks the engine, past the cache and overrides, for at most 2.5 seconds (``SSOT_SHIMS_TIMEOUT``). *options*
    go to ``docker.DockerClient``. Proxy variables are not used. An ``ssh://`` address is not asked: the SDK connects
    through the ssh command. Close the client when done.

    Raises :class:`Unavailable` with the reason when no engine answers or the SDK is not installed.

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
