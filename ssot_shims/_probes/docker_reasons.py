"""Why there is no Docker: what was seen, where, who chose that place, and what to do next.

Each reason ends with a command or a setting that changes the answer. An engine that is there but was not chosen comes
first; next is how to start one at the chosen place.
"""

from __future__ import annotations

import os
import stat
import sys

from ssot_shims._probes import docker_address
from ssot_shims._probes.connection import ProtocolError
from ssot_shims._probes.docker_address import printable
from ssot_shims._probes.network import NotASocket
from ssot_shims._probes.remedy import permission, quoted, too_many_files
from ssot_shims._settings import longer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._probes.docker_address import DockerAddress, Tls

_OTHER_NAME = (62, 64)  # OpenSSL's numbers for a certificate that is good, but for another host or IP address
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)  # for one that is good, if only we knew the authority
_WRONG_TIME = (9, 10)  # for one that is not valid yet, or not any more
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")  # releases of OpenSSL differ
_START_DESKTOP = "docker desktop start"
_SYSTEMD = "/run/systemd/system"  # this folder is there exactly where systemd runs


def too_late(address: DockerAddress, seconds: float) -> str:
    """The reason after *seconds* without an answer."""
    return (
        f"no answer from {_shown(address)} within {round(max(seconds, 0), 1):g} s; "
        f"restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT={longer(seconds)}"
    )


def why_not(address: DockerAddress, error: Exception) -> str:
    """The reason for *error*, which the first step that went wrong has raised."""
    reason = _why_not_tls(address, error) if address.tls else ""
    if not reason:
        reason = _why_not_there(address, error) if isinstance(error, OSError) else _why_no_engine(address, error)
    return printable(reason)


def not_asked(address: DockerAddress) -> str:
    """The reason for an address that is not asked at all."""
    if address.scheme == "ssh":
        return (
            f"the engine at {_shown(address)} is not probed, because that takes a login; "
            f"if it is there, say so: SSOT_SHIMS_HAS_DOCKER=1"
        )
    return f"{_shown(address)} is a Windows pipe, which this system does not have; {_other(address)}"


def no_tls_files(address: DockerAddress, tls: Tls, error: Exception) -> str:
    """The reason when the files for TLS cannot be used."""
    if tls.ca and not os.path.exists(tls.ca):
        return f"TLS is asked for with {_shown(address)}, but there is no {printable(tls.ca)}; {_certificates(address)}"
    what = printable(getattr(error, "reason", None) or str(error))
    files = ", ".join(printable(file) for file in (tls.ca, tls.certificate, tls.key) if file)
    return f"the files for TLS with {_shown(address)} cannot be used: {files}: {what}; {_certificates(address)}"


def _shown(address: DockerAddress) -> str:
    return f"{printable(address.host)} ({address.source})"


def _why_not_there(address: DockerAddress, error: OSError) -> str:
    place = address.place
    if not isinstance(place, str):
        return _why_not_reached(address, place[0], error)
    match error:
        case FileNotFoundError():
            what = "pipe" if address.scheme == "npipe" else "socket"
            return f"there is no {what} at {place} ({address.source}); {_next(address)}"
        case NotASocket():
            return f"{place} ({address.source}) is {error}, not a socket; {_other(address)}"
        case PermissionError():
            way = _pipe_permission() if address.scheme == "npipe" else permission(place)
            return f"permission denied at {place} ({address.source}), {way}"
        case ConnectionRefusedError():
            return (
                f"nothing listens at the socket {place} ({address.source}), which is stale; {_next_to_stale(address)}"
            )
        case _:
            return _why_not_connected(address, error)


def _why_not_reached(address: DockerAddress, host: str, error: OSError) -> str:
    import socket

    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {_shown(address)}; {_next(address)}"
    if isinstance(error, socket.gaierror):
        return f"the name {host} in {_shown(address)} does not resolve: {error.strerror}; {_other(address)}"
    return _why_not_connected(address, error)


def _why_not_connected(address: DockerAddress, error: OSError) -> str:
    step = too_many_files(error) or _other(address)
    return f"{_shown(address)} cannot be reached: {error.strerror or error}; {step}"


def _why_no_engine(address: DockerAddress, error: Exception) -> str:
    reason = f"what answers at {_shown(address)} is not a Docker engine: {error}"
    tls_is_likely = "closed" in str(error) or "status 400" in str(error) or "x15" in str(error)
    if address.scheme == "tcp" and not address.tls and tls_is_likely:
        tls = _with_tls(address.host) if address.context else "DOCKER_TLS_VERIFY=1"
        return f"{reason}; {_other(address)}, or if this one speaks TLS, say so: {tls}"
    return f"{reason}; {_other(address)}"


def _why_not_tls(address: DockerAddress, error: Exception) -> str:
    """The reason when TLS did not come about; empty when *error* is about something else."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        problem = f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
        return f"no TLS with {_shown(address)}: {problem}; {_certificate(address, error.verify_code)}"
    if isinstance(error, ValueError):
        step = f"use another name: {_by_name(address)}"
        return f"no TLS with {_shown(address)}: no certificate can be for a host of that name; {step}"
    if isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
        return f"what listens at {_shown(address)} does not speak TLS; go without: {_without_tls(address)}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionResetError | ConnectionAbortedError):
        problem = "it closed the connection"
    elif isinstance(error, ssl.SSLError):
        problem = (error.reason or str(error)).lower().replace("_", " ")
    elif isinstance(error, ProtocolError) and "closed" in str(error) and address.tls and not address.tls.certificate:
        problem = "it closed the connection, as one does that wants to know its client"
    else:
        return ""
    return f"no TLS with {_shown(address)}: {problem}; {_certificates(address)}"


def _without_tls(address: DockerAddress) -> str:
    if address.context:
        return f"DOCKER_HOST={quoted(address.host)}"
    return f"unset {' '.join(name for name in ('DOCKER_TLS_VERIFY', 'DOCKER_TLS') if os.environ.get(name))}"


def _certificate(address: DockerAddress, code: int) -> str:
    """What to do about the engine's own certificate, which OpenSSL finds fault *code* with."""
    if code in _OTHER_NAME:
        return f"use a name that is in it: {_by_name(address)}"
    if code in _UNKNOWN_ISSUER:
        return _certificates(address)
    clock = "set this machine's clock right, or " if code in _WRONG_TIME else ""
    return f"{clock}give that engine another one: dockerd --tlscert=FILE --tlskey=FILE"


def _certificates(address: DockerAddress) -> str:
    folder = _with_tls(address.host) if address.context else "DOCKER_CERT_PATH=FOLDER"
    return f"name the folder of the right ca.pem, cert.pem and key.pem: {folder}"


def _by_name(address: DockerAddress) -> str:
    host = "tcp://HOST:PORT"
    return _with_tls(host) if address.context else f"DOCKER_HOST={host}"


def _with_tls(host: str) -> str:
    # Variables for TLS do nothing for a context, and `docker context update` refuses names that others can write.
    return f"DOCKER_HOST={quoted(host)} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER"


def _pipe_permission() -> str:
    return "which is for the group docker-users; join it: net localgroup docker-users %USERNAME% /add"


def _next(address: DockerAddress) -> str:
    """Another engine that is there, else how to start one at *address*."""
    return _elsewhere(address) or _start(address)


def _next_to_stale(address: DockerAddress) -> str:
    # The other socket may be as stale as this one, so it is not all that is said.
    other = _elsewhere(address)
    return f"{other}, or {_start(address)}" if other else _start(address)


def _other(address: DockerAddress) -> str:
    """Another engine that is there, else how to name one."""
    return _elsewhere(address) or _name_one(address)


def _name_one(address: DockerAddress) -> str:
    form = "npipe:////./pipe/NAME" if sys.platform == "win32" else "unix:///PATH"
    return f"name an engine: DOCKER_HOST={'tcp://HOST:PORT' if address.scheme == 'tcp' else form}"


def _elsewhere(address: DockerAddress) -> str:
    for whose, path, _ in _sockets():
        if path != address.place and _is_socket(path):
            return f"{whose} socket is there: DOCKER_HOST={quoted(f'unix://{path}')}"
    return ""


def _sockets() -> list[tuple[str, str, str]]:
    """Where engines put their sockets, whose it is, and the command that starts it where it is not the usual one."""
    home = os.path.expanduser("~")
    user = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid() if hasattr(os, 'getuid') else 0}"
    colima = os.environ.get("COLIMA_HOME") or f"{home}/.colima"
    return [
        ("the default", docker_address.DEFAULT_SOCKET, _start_default()),
        ("a rootless engine's", f"{user}/docker.sock", "dockerd-rootless.sh"),
        ("Docker Desktop's", f"{home}/.docker/desktop/docker.sock", _START_DESKTOP),
        ("Docker Desktop's", f"{home}/.docker/run/docker.sock", _START_DESKTOP),
        ("colima's", f"{colima}/default/docker.sock", "colima start"),
        ("podman's", f"{user}/podman/podman.sock", "podman system service --time=0"),  # it makes that folder
        ("podman's", docker_address.PODMAN_SOCKET, ""),
    ]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _start(address: DockerAddress) -> str:
    """How to start an engine at *address*, or how to name another where no command does that."""
    command = next((start for _, path, start in _sockets() if path == address.place), "") or _command(address)
    return f"start an engine there: {command}" if command else _name_one(address)


def _command(address: DockerAddress) -> str:
    """The command that starts an engine at *address*, which is nobody's usual one; empty where there is none."""
    host = quoted(address.host)
    if address.scheme == "npipe":
        return _start_default() if address.host == docker_address.default_host() else f"dockerd -H {host}"
    if address.scheme == "unix":
        try:
            folder = os.path.dirname(os.path.abspath(str(address.place)))
        except FileNotFoundError:  # a relative path in a current folder that has been deleted
            return ""
        if not os.path.isdir(folder) or sys.platform in ("win32", "darwin"):  # engines there have their own places
            return ""
        if "podman" in address.host:
            may_write = os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
            return f"{'' if may_write else 'sudo '}podman system service --time=0 {host}"
    tls = "--tlsverify --tlscacert=FILE --tlscert=FILE --tlskey=FILE " if address.tls else ""
    return "" if address.prefix else f"sudo dockerd {tls}-H {host}"


def _start_default() -> str:
    if sys.platform in ("win32", "darwin"):
        return _START_DESKTOP
    return "sudo systemctl start docker" if os.path.isdir(_SYSTEMD) else "sudo dockerd"
