"""The proxy for an address, from the usual variables: ``http_proxy``, ``https_proxy``, ``all_proxy``, ``no_proxy``."""

from __future__ import annotations

import os

from ssot_shims._probes import Misread
from ssot_shims._probes.authority import Authority, read_authority
from ssot_shims._probes.network import NotReached
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Proxy(Record):
    """Where the proxy is, and the variable that says so."""

    authority: Authority
    variable: str

    @property
    def port(self) -> int:
        return self.authority.port or 80

    @property
    def shown(self) -> str:
        return f"the proxy {self.authority.netloc} ({self.variable})"


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy for this address, or None; :class:`NotReached` for a variable that does not read."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib import request  # takes tens of milliseconds, and most have no such variable

    # typeshed does not know these two; those it knows read the system's settings too.
    variables: Any = request
    proxies: dict[str, str] = variables.getproxies_environment()
    value = proxies.get(scheme) or proxies.get("all")
    place = Authority(host=host, port=port).netloc
    if not value or any(variables.proxy_bypass_environment(form, proxies) for form in (place, host)):
        return None
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name) == value), names[0])
    return Proxy(authority=_read(value, variable), variable=variable)


def _read(value: str, variable: str) -> Authority:
    kind, slashes, rest = value.partition("://")
    if not slashes:
        kind, rest = "http", value
    advice = f"{variable}=http://host:port, or leave the proxy out: no_proxy=<the host>"
    if kind.lower() != "http":
        raise NotReached(f"{variable} names a proxy that is not reached by plain http; {advice}")
    try:
        return read_authority(rest)[0]
    except Misread:  # its words may quote half a password
        raise NotReached(f"{variable} does not read; {advice}") from None
