"""``tcp://`` and ``unix://`` probes."""

from __future__ import annotations

import os
import stat
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._probes.address import Authority, read_authority
from ssot_shims._probes.connection import Stream, connect
from ssot_shims._probes.notation import NotationError, Probe
from ssot_shims._settings import longer
from ssot_shims.errors import Unavailable


class NotASocket(OSError):
    """Something that is no socket is at the path. The message says what: ``a directory``."""


def check(path: str) -> None:
    """Raise the OSError that connecting to *path* would end with, if a look at the path is enough to tell.

    FileNotFoundError when nothing is there, :class:`NotASocket`, PermissionError when a folder may not be entered.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISSOCK(mode):
        kinds = {stat.S_IFREG: "a regular file", stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe"}
        raise NotASocket(kinds.get(stat.S_IFMT(mode), "a device"))


class SocketProbe(Probe):
    """A probe that connects to something."""

    is_service = True
    imports = "socket"

    def ask(self, deadline: float) -> Availability:
        """What :meth:`try_it` gives. A TimeoutError that it raises names who did not answer."""
        seconds = deadline - monotonic()
        try:
            return super().ask(deadline)
        except TimeoutError as error:
            more = longer(seconds)
            hint = f"allow more time: timeout={more} where it is registered, else SSOT_SHIMS_TIMEOUT={more}"
            return Availability(status="timed_out", reason=f"no answer from {error} in time", hint=hint)


class TcpProbe(SocketProbe):
    """Whether a TCP port accepts connections."""

    notation: str
    host: str
    port: int

    def try_it(self, deadline: float) -> Availability:
        """Open a connection, and close it at once."""
        place = Authority(host=self.host, port=self.port).netloc
        reach(self.host, self.port, place, deadline).close()
        return Availability(status="available", reason=f"{place} accepts connections")


class UnixProbe(SocketProbe):
    """Whether a unix socket accepts connections."""

    notation: str
    path: str

    def try_it(self, deadline: float) -> Availability:
        """Open a connection, and close it at once."""
        try:
            check(self.path)
            connect(self.path, deadline).close()
        except TimeoutError:
            raise TimeoutError(self.path) from None
        except OSError as error:
            raise _no_socket(self.path, error) from None
        return Availability(status="available", reason=f"{self.path} accepts connections")


def reach(host: str, port: int, place: str, deadline: float) -> Stream:
    """A connection to *host* and *port*, which are called *place* in what this raises, as a probe does."""
    from socket import gaierror

    try:
        return connect((host, port), deadline)
    except TimeoutError:
        raise TimeoutError(place) from None
    except gaierror as error:
        reason = f"the name {host!r} does not resolve ({error.strerror})"
        raise Unavailable(reason, "correct it, or add it to the hosts file") from None
    except ConnectionRefusedError:
        raise Unavailable(f"nothing listens on {place}", "start it, or correct the address") from None
    except OSError as error:
        raise Unavailable(f"{place} cannot be reached ({error.strerror or error})") from None


def _no_socket(path: str, error: OSError) -> Unavailable:
    match error:
        case FileNotFoundError():
            return Unavailable(f"there is no socket at {path}", "start what makes it, or correct the path")
        case NotASocket():
            return Unavailable(f"{path} is {error}, not a socket", "correct the path")
        case ConnectionRefusedError():
            return Unavailable(f"nothing listens on {path}, a stale socket", "restart what made it")
        case PermissionError():
            return Unavailable(f"permission denied at {path}", "join its group, or have it opened to this user")
        case _:
            return Unavailable(f"{path} cannot be connected to ({error.strerror or error})")


def read_tcp(notation: str, rest: str) -> TcpProbe:
    """The probe of ``tcp://host:port``."""
    authority, tail = read_authority(rest)
    if authority.user or authority.port is None or tail:
        raise NotationError("is not a host and a port")
    return TcpProbe(notation=notation, host=authority.host, port=authority.port)


def read_unix(notation: str, path: str) -> UnixProbe:
    """The probe of ``unix:///path``."""
    if not path.startswith("/"):
        raise NotationError("has no absolute path after the //")
    return UnixProbe(notation=notation, path=path)
