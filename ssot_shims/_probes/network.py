"""``tcp://`` and ``unix://`` probes."""

from __future__ import annotations

import os
import stat
import sys
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._probes.address import Authority, read_authority
from ssot_shims._probes.notation import NotationError, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from ssot_shims._probes.connection import Stream


class NotASocket(OSError):
    """Something that is no socket is at the path. The message says what: ``a directory``."""


def check(path: str) -> None:
    """Raise the OSError that connecting to *path* would end with, if a look at the path is enough to tell.

    FileNotFoundError when nothing is there, :class:`NotASocket`, PermissionError when a folder may not be entered,
    OSError with a message for a path that no socket can have.
    """
    most = 103 if sys.platform == "darwin" else 107
    size = len(os.fsencode(path))
    if size > most:
        raise OSError(f"its path has {size} bytes, and that of a socket at most {most}")
    if "\0" in path:
        raise OSError("a NUL is in its path")
    try:
        mode = os.stat(path).st_mode
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, "No such file or directory") from None
    if not stat.S_ISSOCK(mode):
        raise NotASocket(_what(mode))


def _what(mode: int) -> str:
    kinds = ((stat.S_ISREG, "a regular file"), (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"))
    return next((what for is_one, what in kinds if is_one(mode)), "a device")


class ConnectionFailed(Exception):
    """Why there is no connection, or no answer over it, with the next step but that of giving more time."""

    def __init__(self, reason: str, status: Literal["unavailable", "timed_out"] = "unavailable") -> None:
        super().__init__(reason, status)
        self.reason = reason
        self.status: Literal["unavailable", "timed_out"] = status

    def answer(self, seconds: float) -> Availability:
        """What a probe says about it that had so many *seconds*."""
        if self.status == "timed_out":
            from ssot_shims._probes.remedy import more_time

            return Availability(status="timed_out", reason=f"{self.reason}, {more_time(seconds)}")
        return Availability(status=self.status, reason=self.reason)


class TcpProbe(Probe):
    """Whether a TCP port accepts connections."""

    is_service = True

    notation: str
    host: str
    port: int

    def ask(self, deadline: float) -> Availability:
        """Yes when a connection opens; it is closed at once."""
        seconds = deadline - monotonic()
        place = Authority(host=self.host, port=self.port).netloc
        try:
            reach(self.host, self.port, place, deadline).close()
        except ConnectionFailed as error:
            return error.answer(seconds)
        return Availability(status="available", reason=f"{place} accepts connections")


class UnixProbe(Probe):
    """Whether a unix socket accepts connections."""

    is_service = True

    notation: str
    path: str

    def ask(self, deadline: float) -> Availability:
        """Yes when a connection opens; it is closed at once."""
        from ssot_shims._probes.connection import connect  # imports are for those who ask

        seconds = deadline - monotonic()
        try:
            check(self.path)
            connect(self.path, deadline).close()
        except TimeoutError:
            return no_answer(self.path).answer(seconds)
        except OSError as error:
            return Availability(status="unavailable", reason=_why_no_socket(self.path, error))
        return Availability(status="available", reason=f"{self.path} accepts connections")


def reach(host: str, port: int, place: str, deadline: float) -> Stream:
    """A connection to *host* and *port*, called *place* in the :class:`ConnectionFailed` that this raises."""
    from socket import gaierror  # imports are for those who ask

    from ssot_shims._probes.connection import connect

    try:
        return connect((host, port), deadline)
    except TimeoutError as error:
        if "resolve" in str(error):
            reason = f"the name {host!r} did not resolve in time; repair the name server"
            raise ConnectionFailed(reason, "timed_out") from None
        raise no_answer(place) from None
    except gaierror as error:
        raise ConnectionFailed(
            f"the name {host!r} does not resolve ({error.strerror}); correct it, or add it to the hosts file"
        ) from None
    except ConnectionRefusedError:
        raise ConnectionFailed(f"nothing listens on {place}; start it, or correct the address") from None
    except PermissionError as error:
        raise ConnectionFailed(
            f"connecting to {place} is not permitted ({error.strerror}); allow it in the firewall or sandbox"
        ) from None
    except OSError as error:
        from ssot_shims._probes.remedy import too_many_files

        step = too_many_files(error) or "mend the network, or correct the address"
        raise ConnectionFailed(f"{place} cannot be reached ({error.strerror or error}); {step}") from None


def no_answer(place: str) -> ConnectionFailed:
    """What is said when the deadline came first."""
    return ConnectionFailed(f"no answer from {place} in time; start it anew if it hangs", "timed_out")


def _why_no_socket(path: str, error: OSError) -> str:
    from ssot_shims._probes.remedy import permission, too_many_files

    if isinstance(error, FileNotFoundError):
        return f"there is no socket at {path}; start what makes it, or correct the path"
    if isinstance(error, NotASocket):
        return f"{path} is {error}, not a socket; correct the path"
    if isinstance(error, ConnectionRefusedError):
        return f"{path} is a stale socket, nothing listens on it any more; start what made it anew"
    if isinstance(error, PermissionError):
        return f"permission denied at {path}, {permission(path)}"
    step = too_many_files(error) or "correct the path"
    return f"{path} cannot be connected to ({error.strerror or error}); {step}"


def read_tcp(notation: str, rest: str) -> TcpProbe:
    """The probe of ``tcp://host:port``."""
    authority, tail = read_authority(rest)
    if authority.user:
        raise NotationError("has a user, which a TCP port does not ask for")
    if authority.port is None:
        raise NotationError("has no port")
    if tail:
        raise NotationError("has something after the port")
    return TcpProbe(notation=notation, host=authority.host, port=authority.port)


def read_unix(notation: str, path: str) -> UnixProbe:
    """The probe of ``unix:///path``."""
    if not path:
        raise NotationError("has no path")
    if not path.startswith("/"):
        raise NotationError("has a host or a relative path after the //")
    return UnixProbe(notation=notation, path=path)
