"""Addresses: ``host:port`` and URLs."""

from __future__ import annotations

from ssot_shims._probes.notation import NotationError, split_before
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


_PORT = "a port from 1 to 65535"


class Authority(Record):
    """Where to connect to. ``host`` has no brackets; ``user`` is as written, ``name:password``, and never shown."""

    host: str
    port: int | None
    user: str = ""

    @property
    def netloc(self) -> str:
        """Host and port as they are written in an address, without the user."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Authority({self.netloc!r})"


def read_authority(rest: str) -> tuple[Authority, str]:
    """Host and port at the start of *rest*, and whatever follows them; :class:`NotationError` says what does not read.

    >>> read_authority("me:secret@[::1]:8000/health")
    (Authority('[::1]:8000'), '/health')
    """
    text, tail = split_before("/?#", rest)
    user, _, place = text.rpartition("@")
    try:
        host, port = _split_port(place)
        return Authority(host=_checked(host), port=_port(port), user=user), tail
    except NotationError:
        if "@" in tail:  # what looks like a host or a port may be half a password, so nothing is quoted
            raise NotationError(
                "has a / ? or # in what seems to be a user and a password", "%2F, %3F and %23 for them"
            ) from None
        raise


def _split_port(place: str) -> tuple[str, str | None]:
    if place.startswith("["):
        host, bracket, after = place[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise NotationError(f"has a bracket that does not close before the port in {place!r}", "[::1]:port")
        if not _is_ipv6(host):
            raise NotationError(f"has {host!r} in brackets, which is no IPv6 address", "one such as [::1]")
        return host, after[1:] if after else None
    if place.count(":") > 1:
        raise NotationError(f"has more than one colon in {place!r}", "brackets around an IPv6 address: [::1]:port")
    host, colon, port = place.partition(":")
    return host, port if colon else None


def _is_ipv6(host: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address  # only for what is in brackets

    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def _checked(host: str) -> str:
    """*host*, when the name system could be asked for it."""
    if not host:
        raise NotationError("has no host")
    if ":" in host:
        return host
    wrong = next((c for c in host if c.isspace() or c in "\"%<>[\\]^`{|}$,;!'()*+=&"), "")
    if wrong:
        raise NotationError(f"has the host {host!r} with {wrong!r} in it", "a host name or an IP address")
    try:
        host.encode("idna")
    except UnicodeError:
        raise NotationError(f"has the host {host!r}, which is no host name", "parts of 1 to 63 characters") from None
    return host


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise NotationError(
            f"has the port {text!r}, which is no number" if text else "has no port after the colon", _PORT
        )
    number = int(text[:6])
    if not 1 <= number <= 65535 or len(text) > 6:
        raise NotationError(f"has the port {text}", _PORT)
    return number


class Url(Record):
    """An address of http or https, in parts."""

    scheme: Literal["http", "https"]
    authority: Authority
    target: str  # path and query, as they are written

    @property
    def shown(self) -> str:
        """The address without user and query."""
        path, query = split_before("?", self.target)
        user = "***@" if self.authority.user else ""
        return f"{self.scheme}://{user}{self.authority.netloc}{path}{'?***' if query else ''}"

    @property
    def sent(self) -> str:
        """Path and query as they are sent: from a slash on, in ASCII."""
        text = self.target if self.target.startswith("/") else f"/{self.target}"
        return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in text.encode())

    @property
    def port(self) -> int:
        return self.authority.port or (443 if self.scheme == "https" else 80)

    @property
    def host(self) -> str:
        """The host as certificates and the name system know it: in ASCII, without a zone."""
        host = self.authority.host.partition("%")[0]
        return host if host.isascii() else host.encode("idna").decode()

    @property
    def netloc(self) -> str:
        """What the Host header says."""
        return Authority(host=self.host, port=self.authority.port).netloc

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host.lower(), self.port

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"


def read_url(scheme: str, rest: str) -> Url:
    """The address after ``http://`` or ``https://``; :class:`NotationError` says what does not read."""
    authority, tail = read_authority(rest)
    if "#" in tail:
        raise NotationError("has a # part, which is never sent to a server")
    wrong = next((c for c in tail if c.isspace() or not c.isprintable()), "")
    if wrong:
        raise NotationError(f"has {wrong!r} after the host", "%20 for a blank")
    return Url(scheme="https" if scheme == "https" else "http", authority=authority, target=tail)
