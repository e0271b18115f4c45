"""The address that the Docker command would use: from the environment, a context or the default."""

from __future__ import annotations

import os
import sys

from ssot_shims._record import Record
from ssot_shims._text import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_PIPE = "//./pipe/docker_engine"
PODMAN_SOCKET = "/run/podman/podman.sock"  # of the podman that root runs
_FROM_HOST = "from DOCKER_HOST"
_MOST = 1 << 24  # characters of a settings file; one without end would fill the memory
_SCHEMES = ("unix", "tcp", "npipe", "ssh")


class DockerConfigError(Exception):
    """There is no address to ask, or nothing to ask it with. The message is a whole reason, next step and all."""


class Tls(Record):
    """How to speak TLS: paths of PEM files, empty where there is none, and whether the engine has to prove itself."""

    ca: str = ""
    certificate: str = ""
    key: str = ""
    verify: bool = True


class DockerAddress(Record):
    """An address to ask, and who chose it."""

    host: str  # as DOCKER_HOST takes it: unix:///run/docker.sock, tcp://[::1]:2376/prefix; fit to be shown
    source: str
    place: str | tuple[str, int]  # what to connect to: a path, or a host and a port
    prefix: str = ""  # of every path that is asked for
    tls: Tls | None = None
    context: str = ""

    @property
    def scheme(self) -> str:
        return self.host.partition(":")[0]

    def __repr__(self) -> str:
        # Test tools show reprs; the place of an ssh address may hold a password.
        return f"DockerAddress(host={self.host!r}, source={self.source!r})"


def default_host() -> str:
    """The address where an engine is when nobody says anything."""
    return f"npipe://{DEFAULT_PIPE}" if sys.platform == "win32" else f"unix://{DEFAULT_SOCKET}"


def config_folder() -> str:
    """The folder of the docker command's own settings."""
    return os.environ.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")


def find() -> DockerAddress:
    """The address that the docker command would use in this process. Raises :class:`DockerConfigError`."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        return _from_environment(host.strip())
    name, chosen_by = os.environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name:
        chosen_by = os.path.join(config_folder(), "config.json")
        name = _current_context(chosen_by)
    if name not in ("", "default"):
        return read_context(name, chosen_by)
    return _from_environment("")


def _from_environment(host: str) -> DockerAddress:
    if host.startswith("unix:///"):  # what nearly everybody has
        return read_host(host, _FROM_HOST, None)
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    tls = _tls_from_environment(verify) if verify or os.environ.get("DOCKER_TLS") else None
    if not host:
        return read_host("tcp://localhost:2376" if tls else default_host(), "the default", tls)
    if "://" not in host:
        host = f"tcp://{host}"
    if host == "unix://":
        host = f"unix://{DEFAULT_SOCKET}"
    if host == "npipe://":
        host = f"npipe://{DEFAULT_PIPE}"
    return read_host(host, _FROM_HOST, tls, default_port=2375)


def _tls_from_environment(verify: bool) -> Tls:
    folder = os.environ.get("DOCKER_CERT_PATH") or config_folder()
    return Tls(
        ca=os.path.join(folder, "ca.pem"),
        certificate=existing(os.path.join(folder, "cert.pem")),
        key=existing(os.path.join(folder, "key.pem")),
        verify=verify,
    )


def existing(path: str) -> str:
    """*path* when a file is there, else empty."""
    return path if os.path.isfile(path) else ""


def read_host(text: str, source: str, tls: Tls | None, default_port: int = 0, context: str = "") -> DockerAddress:
    """The address written in *text*, with TLS where it goes over TCP. Raises :class:`DockerConfigError`."""
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES:
        raise _unreadable(source, "it starts with none of unix://, tcp://, npipe:// and ssh://")
    if not rest.isprintable() and any(ord(character) < 32 or ord(character) == 127 for character in rest):
        raise _unreadable(source, "a control character is in it")
    if scheme in ("unix", "npipe"):
        if not rest or "://" in rest:
            raise _unreadable(source, "it has no path" if not rest else "its path has a :// in it")
        return DockerAddress(host=text, source=source, place=rest, context=context)
    host, port, prefix = _tcp(rest, source, default_port or (443 if tls else 80))
    shown = f"{scheme}://{f'[{host}]' if ':' in host else host}"
    if scheme == "ssh":
        return DockerAddress(host=shown, source=source, place=rest, context=context)
    return DockerAddress(
        host=f"{shown}:{port}{prefix}", source=source, place=(host, port), prefix=prefix, tls=tls, context=context
    )


def _tcp(rest: str, source: str, default_port: int) -> tuple[str, int, str]:
    """Host, port and path in *rest*; whatever might be a secret in it is neither given nor shown."""
    before_query = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = before_query.partition("/")
    if "@" in path:  # what stands before it may be a password with a slash in it
        raise _unreadable(source, "an @ is in its path")
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        host, bracket, port = place[1:].partition("]")
        is_whole = bool(bracket) and port[:1] in ("", ":")
        port = port[1:]
    else:
        host, _, port = place.partition(":")
        is_whole = ":" not in port
    if not is_whole:
        raise _unreadable(source, "an IPv6 address is written in brackets, as in tcp://[::1]:2375")
    if port and not (port.isascii() and port.isdigit() and len(port) < 9 and int(port) < 65536):
        raise _unreadable(source, "its port is not a number from 0 to 65535")
    return host or "localhost", int(port or default_port), f"{slash}{path}".rstrip("/")


def _unreadable(source: str, problem: str) -> DockerConfigError:
    # The text itself is not shown: what does not read may have a password anywhere.
    return DockerConfigError(
        f"the Docker address {source} cannot be read: {problem}; write it so: DOCKER_HOST=tcp://HOST:PORT"
    )


def printable(text: str) -> str:
    """*text* on one line, with whatever does not print shown as an escape."""
    if text.isprintable():
        return text
    from ssot_shims._text import one_line  # takes a millisecond, for re

    return one_line(text)


def _current_context(config: str) -> str:
    """The context that the file *config* chooses; empty for none. A file that cannot be read counts as missing."""
    try:
        text = read_text(config)
    except OSError:
        return ""
    if "currentcontext" not in text.lower():  # most files have none, and importing json takes longer than all of this
        return ""
    try:
        name = value_of(read_json(text), "currentcontext", "")
    except ValueError:
        return ""
    return name if isinstance(name, str) else ""


def read_text(path: str) -> str:
    """The text of the file *path*, of none when it is no regular file: a pipe would keep its reader for ever."""
    if not existing(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_MOST)


def read_json(text: str) -> Any:
    """The first JSON value in *text*. Raises ValueError."""
    from json import JSONDecoder

    try:
        return JSONDecoder().raw_decode(text.lstrip())[0]
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def value_of(mapping: Any, key: str, missing: Any) -> Any:
    """What *mapping*, if it is one, has for *key*, in whatever case it is written; *missing* for nothing or null."""
    pairs = mapping.items() if hasattr(mapping, "items") else ()
    found = [value for name, value in pairs if name.lower() == key and value is not None]
    return found[-1] if found else missing


def read_context(name: str, chosen_by: str) -> DockerAddress:
    """The address that the context *name* holds; *chosen_by* is the variable or file that named it."""
    source = f"from the context {printable(name)!r} in {printable(chosen_by)}"
    identity, folder = _identity(name), os.path.join(config_folder(), "contexts")
    endpoint = _endpoint(os.path.join(folder, "meta", identity, "meta.json"), source, chosen_by)
    host = value_of(endpoint, "host", "")
    if not isinstance(host, str):
        raise _unusable(source, "its host is no text", chosen_by)
    tls = _tls(os.path.join(folder, "tls", identity, "docker"), bool(value_of(endpoint, "skiptlsverify", False)))
    return read_host(host or default_host(), source, tls, context=name)


def _identity(name: str) -> str:
    """The name of the folders of the context *name*."""
    from hashlib import sha256

    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _endpoint(file: str, source: str, chosen_by: str) -> Any:
    if not os.path.exists(file):
        raise _unusable(source, f"there is no {printable(file)}", chosen_by)
    try:
        endpoints = value_of(read_json(read_text(file)), "endpoints", {})
    except (OSError, ValueError) as error:
        raise _unusable(source, f"{printable(file)} cannot be read: {describe(error)}", chosen_by) from None
    endpoint = value_of(endpoints, "docker", None)
    if endpoint is None:
        raise _unusable(source, "it has no address of a Docker engine", chosen_by)
    return endpoint


def _tls(folder: str, skip_verify: bool) -> Tls | None:
    """TLS for a context that has a folder for its files, be it empty, or that asks not to verify the engine."""
    if not os.path.isdir(folder) and not skip_verify:
        return None
    ca, certificate, key = (existing(os.path.join(folder, name)) for name in ("ca.pem", "cert.pem", "key.pem"))
    return Tls(ca=ca, certificate=certificate, key=key, verify=not skip_verify)


def _unusable(source: str, problem: str, chosen_by: str) -> DockerConfigError:
    default = "DOCKER_CONTEXT=default" if chosen_by == "DOCKER_CONTEXT" else "docker context use default"
    return DockerConfigError(
        f"there is no Docker address {source}: {problem}; see the contexts there are with docker context ls, "
        f"or take the default one: {default}"
    )
