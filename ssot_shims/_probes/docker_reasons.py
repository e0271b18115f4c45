"""Why there is no Docker: what was seen, where, who chose that place, and what to do next.

Each reason ends with a command or a setting that changes the answer. An engine that is there but was not chosen comes
first; next is how to start one at the chosen place.
"""

from __future__ import annotations

import os
import stat
import sys

from ssot_shims._probes import docker_address
from ssot_shims._probes.docker_address import printable
from ssot_shims._probes.stream import BadAnswer
from ssot_shims._probes.unix_path import NotASocket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._probes.docker_address import DockerAddress, Tls

_OTHER_NAME = (62, 64)  # OpenSSL's numbers for a certificate that is good, but for another host or IP address
_SYSTEMD = "/run/systemd/system"  # this folder is there exactly where systemd runs


def too_late(address: DockerAddress, seconds: float) -> str:
    """The reason after *seconds* without an answer."""
    longer = max(10, round(2 * seconds))
    return (
        f"no answer from {_shown(address)} within {max(seconds, 0):.3g} s; "
        f"restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT={longer}"
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
            way = _pipe_permission() if address.scheme == "npipe" else _permission(place)
            return f"permission denied at {place} ({address.source}), {way}"
        case ConnectionRefusedError():
            return f"nothing listens at the socket {place} ({address.source}), which is stale; {_next(address)}"
        case _:
            return f"{_shown(address)} cannot be reached: {error.strerror or error}; {_other(address)}"


def _why_not_reached(address: DockerAddress, host: str, error: OSError) -> str:
    import socket

    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {_shown(address)}; {_next(address)}"
    if isinstance(error, socket.gaierror):
        return f"the name {host} in {_shown(address)} does not resolve: {error.strerror}; {_other(address)}"
    return f"{_shown(address)} cannot be reached: {error.strerror or error}; {_other(address)}"


def _why_no_engine(address: DockerAddress, error: Exception) -> str:
    reason = f"what answers at {_shown(address)} is not a Docker engine: {error}"
    tls_is_likely = "closed" in str(error) or "status 400" in str(error) or "x15" in str(error)
    if address.scheme == "tcp" and not address.tls and tls_is_likely:
        return f"{reason}; if it speaks TLS, say so: DOCKER_TLS_VERIFY=1"
    return f"{reason}; {_other(address)}"


def _why_not_tls(address: DockerAddress, error: Exception) -> str:
    """The reason when TLS did not come about; empty when *error* is about something else."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        problem = f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
        if error.verify_code in _OTHER_NAME:
            return f"no TLS with {_shown(address)}: {problem}; use a name that is in it: DOCKER_HOST=tcp://HOST:PORT"
    elif isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        plain = "unset DOCKER_TLS_VERIFY" if not address.context else f"DOCKER_HOST={address.host}"
        return f"what listens at {_shown(address)} does not speak TLS; go without: {plain}"
    elif isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionResetError | ConnectionAbortedError):
        problem = "it closed the connection"
    elif isinstance(error, ssl.SSLError):
        problem = (error.reason or str(error)).lower().replace("_", " ")
    elif isinstance(error, ValueError):
        problem = "no certificate can be for a host of that name"
    elif isinstance(error, BadAnswer) and "closed" in str(error) and address.tls and not address.tls.certificate:
        problem = "it closed the connection, as one does that wants to know its client"
    else:
        return ""
    return f"no TLS with {_shown(address)}: {problem}; {_certificates(address)}"


def _certificates(address: DockerAddress) -> str:
    if address.context:
        files = "ca=ca.pem,cert=cert.pem,key=key.pem"
        command = f'docker context update {_quoted(address.context)} --docker "host={address.host},{files}"'
        return f"give the right files: {command}"
    return "name the folder of the right ca.pem, cert.pem and key.pem: DOCKER_CERT_PATH=FOLDER"


def _permission(path: str) -> str:
    """Which folder or group stands in the way, and what to do."""
    for folder in _parents(path):
        if not _may_enter(folder):
            return f"because you may not enter {folder}; let others in: sudo chmod o+x {_quoted(folder)}"
    state = os.stat(path)
    if state.st_uid == os.geteuid():
        return f"which is yours, but closed to you; open it: chmod u+rw {_quoted(path)}"
    if not state.st_mode & stat.S_IWGRP:
        return f"which is for its owner alone; let its group in: sudo chmod g+rw {_quoted(path)}"
    group = _group(state.st_gid)
    return f"which is for the group {group}; join it and log in again: sudo usermod -aG {_quoted(group)} {_user()}"


def _pipe_permission() -> str:
    return "which is for the group docker-users; join it: net localgroup docker-users %USERNAME% /add"


def _may_enter(folder: str) -> bool:
    try:
        os.stat(os.path.join(folder, "."))
    except PermissionError:
        return False
    return True


def _parents(path: str) -> list[str]:
    """The folders above *path*, the outermost first."""
    folders: list[str] = []
    folder = os.path.dirname(os.path.abspath(path))
    while folder not in folders:
        folders.insert(0, folder)
        folder = os.path.dirname(folder)
    return folders


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _next(address: DockerAddress) -> str:
    """Another engine that is there, else how to start one at *address*."""
    return _elsewhere(address) or f"start an engine there: {_start(address)}"


def _other(address: DockerAddress) -> str:
    """Another engine that is there, else how to name one."""
    form = "tcp://HOST:PORT" if address.scheme == "tcp" else "unix:///PATH"
    return _elsewhere(address) or f"name an engine: DOCKER_HOST={form}"


def _elsewhere(address: DockerAddress) -> str:
    for whose, path in _sockets():
        if path != address.place and _is_socket(path):
            return f"{whose} socket is there: DOCKER_HOST=unix://{path}"
    return ""


def _sockets() -> list[tuple[str, str]]:
    """Where engines put their sockets, and whose it is."""
    home = os.path.expanduser("~")
    user = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid() if hasattr(os, 'getuid') else 0}"
    colima = os.environ.get("COLIMA_HOME") or f"{home}/.colima"
    return [
        ("the default", docker_address.DEFAULT_SOCKET),
        ("a rootless engine's", f"{user}/docker.sock"),
        ("Docker Desktop's", f"{home}/.docker/desktop/docker.sock"),
        ("Docker Desktop's", f"{home}/.docker/run/docker.sock"),
        ("colima's", f"{colima}/default/docker.sock"),
        ("podman's", f"{user}/podman/podman.sock"),
        ("podman's", docker_address.PODMAN_SOCKET),
    ]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _start(address: DockerAddress) -> str:
    """The command that starts an engine at *address*."""
    if address.host != docker_address.default_host():
        host = _quoted(address.host)
        return f"podman system service --time=0 {host}" if "podman" in host else f"dockerd -H {host}"
    if sys.platform in ("win32", "darwin"):
        return "docker desktop start"
    return "sudo systemctl start docker" if os.path.isdir(_SYSTEMD) else "sudo dockerd"


def _quoted(text: str) -> str:
    """*text* as a shell takes it for one word."""
    if text.isascii() and text.translate(dict.fromkeys(map(ord, "/:.-_@"))).isalnum():
        return text
    from shlex import quote  # takes a millisecond

    return quote(text)
