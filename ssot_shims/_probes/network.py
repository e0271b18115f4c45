"""``tcp://`` and ``unix://`` probes."""

from __future__ import annotations

import os
import stat

from ssot_shims._availability import Availability
from ssot_shims._probes.address import read_authority
from ssot_shims._probes.connection import Address, Stream, connect
from ssot_shims._probes.notation import NotationError, Probe
from ssot_shims._settings import longer, monotonic
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


class ListenerProbe(SocketProbe):
    """Whether a TCP port or a unix socket accepts connections."""

    notation: str
    address: Address
    place: str  # what the address is called

    def try_it(self, deadline: float) -> Availability:
        """Open a connection, and close it at once."""
        with reach(self.address, self.place, deadline):
            return Availability(status="available", reason=f"{self.place} accepts connections")


def reach(address: Address, place: str, deadline: float) -> Stream:
    """A connection to *address*, which is called *place* in what this raises, as a probe does."""
    try:
        if isinstance(address, str):
            check(address)
        return connect(address, deadline)
    except TimeoutError:
        raise TimeoutError(place) from None
    except OSError as error:
        raise _unreachable(address, place, error) from None


def _unreachable(address: Address, place: str, error: OSError) -> Unavailable:
    from socket import gaierror

    is_path = isinstance(address, str)
    match error:
        case FileNotFoundError() if is_path:
            return Unavailable(f"there is no socket at {place}", "start what makes it, or correct the path")
        case NotASocket():
            return Unavailable(f"{place} is {error}, not a socket", "correct the path")
        case PermissionError() if is_path:
            hint = f"join the group that owns it (ls -l {place}), or have its owner let this user in"
            return Unavailable(f"permission denied at {place}", hint)
        case ConnectionRefusedError():
            if is_path:
                return Unavailable(f"nothing listens on {place}, a stale socket", "restart what made it")
            return Unavailable(f"nothing listens on {place}", "start it, or correct the address")
        case gaierror():
            reason = f"the name {address[0]!r} does not resolve ({error.strerror})"
            return Unavailable(reason, "correct it, or add it to the hosts file")
        case _:
            return Unavailable(f"{place} cannot be reached ({error.strerror or error})")


def read_tcp(notation: str, rest: str) -> ListenerProbe:
    """The probe of ``tcp://host:port``."""
    authority, tail = read_authority(rest)
    if authority.user or authority.port is None or tail:
        raise NotationError("is not a host and a port")
    return ListenerProbe(notation=notation, address=(authority.host, authority.port), place=authority.netloc)


def read_unix(notation: str, path: str) -> ListenerProbe:
    """The probe of ``unix:///path``."""
    if not path.startswith("/"):
        raise NotationError("has no absolute path after the //")
    return ListenerProbe(notation=notation, address=path, place=path)
