"""The address that the Docker command would use: from the environment, a context or the default."""

from __future__ import annotations

import os
import sys

from ssot_shims._probes.address import read_authority
from ssot_shims._probes.connection import Address
from ssot_shims._probes.notation import NotationError, split_before
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._text import describe, one_line, read_regular_file
from ssot_shims.errors import Unavailable

if TYPE_CHECKING:
    from typing import Any

DEFAULT_SOCKET = "/var/run/docker.sock"
MOST_BYTES = 1 << 24  # of a settings file; one without end would fill the memory


class Tls(Record):
    """How to speak TLS: paths of PEM files, empty where there is none, and whether the engine has to prove itself."""

    ca: str = ""
    certificate: str = ""
    key: str = ""
    verify: bool = True


class DockerAddress(Record):
    """An address to ask, and who chose it."""

    host: str  # as DOCKER_HOST takes it: unix:///run/docker.sock, tcp://[::1]:2376/prefix; without user and password
    source: str
    place: Address
    tls: Tls | None = None

    @property
    def scheme(self) -> str:
        return self.host.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.host} ({self.source})"

    def __repr__(self) -> str:
        return f"DockerAddress({self})"  # test tools show reprs, and the place of an ssh address may hold a password


def default_host() -> str:
    """The address where an engine is when nobody says anything."""
    return "npipe:////./pipe/docker_engine" if sys.platform == "win32" else f"unix://{DEFAULT_SOCKET}"


def config_folder() -> str:
    """The folder of the docker command's own settings."""
    return os.environ.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")


def find() -> DockerAddress:
    """The address that the docker command would use in this process. Raises :class:`Unavailable`."""
    if host := os.environ.get("DOCKER_HOST"):
        return _from_environment(host.strip())
    name, chosen_by = os.environ.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not name:
        name, chosen_by = setting("currentcontext"), os.path.join(config_folder(), "config.json")
    if isinstance(name, str) and name not in ("", "default"):
        return _from_context(name, one_line(f"from the context {name!r} in {chosen_by}"))
    return _from_environment("")


def _from_environment(host: str) -> DockerAddress:
    verify, tls = bool(os.environ.get("DOCKER_TLS_VERIFY")), None
    if verify or os.environ.get("DOCKER_TLS"):
        folder = os.environ.get("DOCKER_CERT_PATH") or config_folder()
        # The docker command refuses to go without a ca.pem, so a missing one stays in.
        tls = _tls_files(folder, verify).replace(ca=os.path.join(folder, "ca.pem"))
    if not host:
        return _read_host("tcp://localhost:2376" if tls else default_host(), "the default", tls)
    if host in ("unix://", "npipe://"):  # the docker command takes its default there, too
        host = default_host()
    if "://" not in host:
        host = f"tcp://{host}"
    address = _read_host(host, "from DOCKER_HOST", tls, default_port=2375)
    if tls and address.scheme != "tcp" and not os.path.exists(tls.ca):  # that command reads it before it connects
        reason = f"the docker command needs {one_line(tls.ca)} for DOCKER_TLS_VERIFY or DOCKER_TLS, and it is not there"
        raise Unavailable(reason, "go without: unset DOCKER_TLS_VERIFY DOCKER_TLS")
    return address


def _tls_files(folder: str, verify: bool) -> Tls:
    paths = (os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    ca, certificate, key = (path if os.path.isfile(path) else "" for path in paths)
    return Tls(ca=ca, certificate=certificate, key=key, verify=verify)


def _read_host(text: str, source: str, tls: Tls | None, default_port: int = 0) -> DockerAddress:
    """The address written in *text*, with TLS where it goes over TCP. Raises :class:`Unavailable`."""
    scheme, _, rest = text.partition("://")
    if scheme not in ("unix", "tcp", "npipe", "ssh"):
        raise _unreadable(source, "it starts with none of unix://, tcp://, npipe:// and ssh://")
    if scheme in ("unix", "npipe"):
        if not rest:
            raise _unreadable(source, "it has no path")
        return DockerAddress(host=text, source=source, place=rest)
    try:
        authority, tail = read_authority(rest if rest[:1] not in ("", ":", "/") else f"localhost{rest}")
    except NotationError:  # whose words may quote half a password
        raise _unreadable(source, "its host or its port is not written as one, in ASCII") from None
    prefix = split_before("?#", tail)[0].rstrip("/")
    if "@" in prefix or not prefix.isprintable():  # what is before an @ may be a password with a slash in it
        raise _unreadable(source, "an @ is in its path, or what does not print")
    if scheme == "ssh":
        return DockerAddress(host=f"ssh://{authority.netloc}", source=source, place=rest)
    authority = authority.replace(port=authority.port or default_port or (443 if tls else 80), user="")
    host, place = f"tcp://{authority.netloc}{prefix}", (authority.host, authority.port or 0)
    return DockerAddress(host=host, source=source, place=place, tls=tls)


def _unreadable(source: str, problem: str) -> Unavailable:
    # The text itself is not shown: what does not read may have a password anywhere.
    reason = f"the Docker address {source} cannot be read: {problem}"
    return Unavailable(reason, "write it like this: DOCKER_HOST=tcp://HOST:PORT")


def setting(key: str) -> Any:
    """What config.json has for *key*, in lower case; None for nothing. A file that cannot be read counts as missing."""
    try:
        text = read_regular_file(os.path.join(config_folder(), "config.json"), MOST_BYTES)
        # Most files have no such key, and importing json takes longer than all of this.
        return value_of(_read_json(text), key) if key.encode() in text.lower() else None
    except (OSError, ValueError, RecursionError):
        return None


def _read_json(text: bytes) -> Any:
    """The first JSON value in *text*. Raises ValueError, and RecursionError for one that is nested deeply."""
    from json import JSONDecoder

    return JSONDecoder().raw_decode(text.decode(errors="replace").lstrip())[0]


def value_of(mapping: Any, key: str) -> Any:
    """What *mapping*, if it is one, has for *key*, in whatever case it is written; None for nothing."""
    pairs: Any = mapping.items() if hasattr(mapping, "items") else ()
    return next((value for name, value in [*pairs][::-1] if name.lower() == key and value is not None), None)


def _from_context(name: str, source: str) -> DockerAddress:
    """The address that the context *name* holds."""
    from hashlib import sha256

    identity = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    meta, files = (os.path.join(config_folder(), "contexts", kind, identity) for kind in ("meta", "tls"))
    problem = "it has no address of a Docker engine"
    try:
        described = _read_json(read_regular_file(os.path.join(meta, "meta.json"), MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        described, problem = {}, f"{meta}: {getattr(error, 'strerror', None) or describe(error)}"
    endpoint = value_of(value_of(described, "endpoints"), "docker")
    if endpoint is None:
        hint = "choose another context, or the default one: DOCKER_CONTEXT=default"
        raise Unavailable(one_line(f"there is no Docker address {source}: {problem}"), hint)
    skips, files = bool(value_of(endpoint, "skiptlsverify")), os.path.join(files, "docker")
    # A context speaks TLS when it has a folder for the files, be it empty, or when it asks not to verify the engine.
    tls = _tls_files(files, not skips) if skips or os.path.isdir(files) else None
    return _read_host(str(value_of(endpoint, "host") or default_host()), source, tls)
