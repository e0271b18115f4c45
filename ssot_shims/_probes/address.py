"""Addresses: ``host:port`` and URLs."""

from __future__ import annotations

from ssot_shims._probes.notation import NotationError, split_before
from ssot_shims._record import Record


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
        return Authority(host=_checked(host), port=port, user=user), tail
    except NotationError:
        if "@" in tail:  # what looks like a host or a port may be half a password, so nothing is quoted
            raise NotationError("has a / ? or # in its user and password", "%2F, %3F and %23 for them") from None
        raise


def _split_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, bracket, after = place[1:].partition("]")
        if not bracket or ":" not in host or after[:1] not in ("", ":"):
            raise NotationError(f"has {place!r}, which is no IPv6 address in brackets", "[::1]:port")
        return host, _port(after[1:]) if after else None
    if place.count(":") > 1:
        raise NotationError(f"has more than one colon in {place!r}", "brackets around an IPv6 address: [::1]:port")
    host, colon, port = place.partition(":")
    return host, _port(port) if colon else None


def _checked(host: str) -> str:
    """*host*, when the name system could be asked for it."""
    if not host:
        raise NotationError("has no host")
    if ":" in host:
        return host
    wrong = next((c for c in host if c.isspace() or c in "\"%<>[\\]^`{|}$,;!'()*+=&"), "")
    if wrong:
        raise NotationError(f"has the host {host!r} with {wrong!r} in it", "a host name or an IP address")
    if not host.isascii():  # the ways to write it in ASCII differ, and may name different hosts
        raise NotationError(f"has the host {host!r}, which is not in ASCII", "its xn-- spelling")
    return host


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise NotationError(f"has the port {text!r}", "a port from 1 to 65535")
    return int(text)


class Url(Record):
    """An address of http or https, in parts."""

    scheme: str  # http or https
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
        return in_ascii(self.target if self.target.startswith("/") else f"/{self.target}")

    @property
    def port(self) -> int:
        return self.authority.port or (443 if self.scheme == "https" else 80)

    @property
    def host(self) -> str:
        """The host as certificates and servers know it: without a zone and the dot of the root."""
        return self.authority.host.partition("%")[0].lower().rstrip(".")

    @property
    def place(self) -> str:
        """Host and port, whether the address names the port or not."""
        return Authority(host=self.host, port=self.port).netloc

    def __repr__(self) -> str:
        return f"Url({self.shown!r})"


def in_ascii(text: str | bytes) -> str:
    """*text* of an address, with an escape for each blank and for whatever is not in ASCII."""
    from urllib.parse import quote  # takes milliseconds, and reading a notation needs none of it

    return quote(text, safe=bytes({*range(128)} - {*b" "}))


def read_url(scheme: str, rest: str) -> Url:
    """The address after ``http://`` or ``https://``; :class:`NotationError` says what does not read."""
    authority, tail = read_authority(rest)
    wrong = next((c for c in tail if c == "#" or c.isspace() or not c.isprintable()), "")
    if wrong:
        raise NotationError(f"has {wrong!r} after the host", "an escape such as %20 in its place")
    return Url(scheme=scheme, authority=authority, target=tail)
