"""Why there is no Docker: what was seen, where, who chose that place, and what may change it."""

from __future__ import annotations

import os
import stat

from ssot_shims._availability import Availability
from ssot_shims._probes import docker_address
from ssot_shims._probes.connection import NOT_TLS, ProtocolError, tls_hint
from ssot_shims._probes.docker_address import DockerAddress, default_host
from ssot_shims._probes.network import NotASocket
from ssot_shims._settings import longer
from ssot_shims._text import one_line

# Where engines put their sockets beside the default: rootless, Desktop on Linux and elsewhere, colima, OrbStack,
# Rancher Desktop, podman of the user and of root.
_SOCKETS = (
    "{run}/docker.sock",
    "{home}/.docker/desktop/docker.sock",
    "{home}/.docker/run/docker.sock",
    "{home}/.colima/default/docker.sock",
    "{home}/.orbstack/run/docker.sock",
    "{home}/.rd/docker.sock",
    "{run}/podman/podman.sock",
    "/run/podman/podman.sock",
)


def why_not(address: DockerAddress, error: Exception, seconds: float) -> Availability:
    """The answer for *error*, which a question with so many *seconds* ended with."""
    if isinstance(error, TimeoutError):
        reason = f"no answer from {address} within {round(max(seconds, 0), 1):g} s"
        hint = f"restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT={longer(seconds)}"
        return Availability(status="timed_out", reason=reason, hint=hint)
    reason, hint = (address.tls and _no_tls(address, error)) or _no_engine(address, error)
    hint = hint or _elsewhere(address) or f"name an engine: DOCKER_HOST={default_host().partition(':')[0]}:///PATH"
    return Availability(status="unavailable", reason=one_line(reason), hint=hint)


def _no_engine(address: DockerAddress, error: Exception) -> tuple[str, str]:
    """Reason and hint; where another engine may do, the hint is empty."""
    is_path = isinstance(address.place, str)
    at = f"{address.place} ({address.source})" if is_path else str(address)
    match error:
        case ProtocolError():
            may_be_tls = address.scheme == "tcp" and not (address.tls and address.tls.certificate)
            hint = f"if it speaks TLS, {tls_files_hint(address)}" if may_be_tls else ""
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
        return f"no TLS with {address}: {error.verify_message.rstrip('.')}", tls_hint(error, tls_files_hint(address))
    words = getattr(error, "reason", None) or error.strerror or error
    return f"no TLS with {address}: {words}", tls_files_hint(address)


def tls_files_hint(address: DockerAddress) -> str:
    """How to choose other files for TLS, also for the address of a context."""
    verify = "DOCKER_TLS_VERIFY" if address.tls is None or address.tls.verify else "DOCKER_TLS"
    settings = f"{_chosen(address.host)} {verify}=1 DOCKER_CERT_PATH=FOLDER"
    return f"name the folder of its ca.pem, cert.pem and key.pem: {settings}"


def _group_hint(path: str) -> str:
    """How to become one of those who may use the socket *path*; empty where that is for somebody else to allow."""
    from grp import getgrgid  # not on Windows

    try:
        state = os.stat(path)
        group = getgrgid(state.st_gid).gr_name
    except OSError:  # in a folder that this user may not enter, or behind a link into one
        return ""
    except KeyError:  # in a container, mostly
        group = str(state.st_gid)
    if not state.st_mode & stat.S_IWGRP:
        return ""
    command = f": sudo usermod -aG {group} $USER" if _can_run("sudo", "usermod") else ""
    return f"join the group {group}, and log in again{command}"


def _elsewhere(address: DockerAddress) -> str:
    """The first other socket that is there; empty when none is."""
    run = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid() if hasattr(os, 'geteuid') else 0}"
    home = os.path.expanduser("~")
    for path in (docker_address.DEFAULT_SOCKET, *(path.format(home=home, run=run) for path in _SOCKETS)):
        if path != address.place and os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            return f"another socket is there: {_chosen(f'unix://{path}')}"
    return ""


def _chosen(host: str) -> str:
    from shlex import quote  # takes 5 ms, for re

    return f"DOCKER_HOST={quote(one_line(host))}"


def _start(address: DockerAddress) -> str:
    """Another engine, else how to start the usual one; empty where that is not asked for, or cannot be run."""
    is_usual = address.place == docker_address.DEFAULT_SOCKET
    command = "start an engine there: sudo dockerd" if is_usual and _can_run("sudo", "dockerd") else ""
    return _elsewhere(address) or command


def _can_run(*programs: str) -> bool:
    """Whether all *programs* are on ``PATH``; importing shutil would take longer than asking for Docker."""
    folders = os.get_exec_path()
    return all(any(os.access(os.path.join(folder, name), os.X_OK) for folder in folders) for name in programs)
