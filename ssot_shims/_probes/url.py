"""An address of http or https: how it is shown, which has no secrets, and how it is sent."""

from __future__ import annotations

from ssot_shims._probes import Misread, split_before
from ssot_shims._probes.authority import Authority, read_authority
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


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
    """The address after ``http://`` or ``https://``; :class:`Misread` says what does not read."""
    authority, tail = read_authority(rest)
    if "#" in tail:
        raise Misread("has a # part, which is never sent to a server")
    wrong = next((c for c in tail if c.isspace() or not c.isprintable()), "")
    if wrong:
        raise Misread(f"has {wrong!r} after the host", "%20 for a blank")
    return Url(scheme="https" if scheme == "https" else "http", authority=authority, target=tail)
