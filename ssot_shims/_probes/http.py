"""``http://`` and ``https://`` probes, through proxies where the environment names one."""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import suppress

from ssot_shims._availability import Availability
from ssot_shims._probes.address import Authority, Url, in_ascii, read_authority, read_url
from ssot_shims._probes.connection import NOT_TLS, Answer, ProtocolError, Stream, tls_hint
from ssot_shims._probes.network import SocketProbe, reach
from ssot_shims._probes.notation import NotationError
from ssot_shims._text import one_line
from ssot_shims.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_FILES = ("SSL_CERT_FILE", "SSLKEYLOGFILE")


class HttpProbe(SocketProbe):
    """Whether an address answers 2xx."""

    imports = "ssl urllib.request"

    notation: str
    url: Url

    def try_it(self, deadline: float) -> Availability:
        """Yes for 2xx, at the address itself or where it redirects to on the same host."""
        url = self.url
        for _ in range(_MOST_REDIRECTS + 1):
            # A password is for the server it was given for, and not for another port of that host.
            is_there = (url.scheme, url.place) == (self.url.scheme, self.url.place)
            user = self.url.authority.user if is_there else ""
            proxy = _proxy_for(url)
            answer = _get(url, user, proxy, deadline)
            status, location = answer.status, answer.headers.get("location", "")
            reason = f"{_shown(url, proxy)} answered {status}"
            if 200 <= status < 300:
                return Availability(status="available", reason=reason, details={"http_status": str(status)})
            if status not in _REDIRECTS or not location:
                raise Unavailable(reason, _hint(url, proxy, status))
            url = _redirected(url, location)
        raise Unavailable(f"{self.url.shown} redirects more than {_MOST_REDIRECTS} times", "register where that ends")


def _shown(url: Url, proxy: Authority | None) -> str:
    return f"{url.shown} through the proxy {proxy.netloc}" if proxy else url.shown


def _hint(url: Url, proxy: Authority | None, status: int) -> str:
    if proxy and status == 407:
        return f"give the proxy a user: {url.scheme}_proxy=http://<user>:<password>@{proxy.netloc}"
    if proxy and status not in (401, 404):
        return f"leave the proxy out: no_proxy={url.host}"
    address = f"{url.scheme}://<user>:<password>@{url.authority.netloc}/..."
    user = f"put a user and password that it accepts into the address: {address}"
    return {401: user, 404: "correct the path"}.get(status, "")


def _redirected(url: Url, location: str) -> Url:
    from urllib.parse import urljoin

    try:
        target = urljoin(f"{url.scheme}://{url.authority.netloc}{url.sent}", in_ascii(location.encode("latin-1")))
        scheme, _, rest = target.partition("://")
        if scheme.lower() not in ("http", "https"):
            raise NotationError
        there = read_url(scheme.lower(), rest.partition("#")[0])
    except (NotationError, ValueError):
        raise Unavailable(f"{url.shown} does not redirect to http or https", "register the final address") from None
    if there.host != url.host:
        raise Unavailable(f"{url.shown} redirects to {there.shown} at another host", "register that if it is meant")
    host = url.authority.host if "%" in url.authority.host else there.authority.host  # servers know of no zone
    return there.replace(authority=there.authority.replace(host=host))


def _get(url: Url, user: str, proxy: Authority | None, deadline: float) -> Answer:
    """The answer to GET, without its body."""
    from ssl import SSLCertVerificationError

    tls = _context() if url.scheme == "https" else None
    target, headers = url.sent, ["User-Agent: ssot-shims", "Accept: */*", "Connection: close"]
    headers += _authorization("Authorization", user)
    named = url.authority.replace(host=url.authority.host.partition("%")[0]).netloc  # a zone is of this machine only
    if proxy and not tls:
        target = f"http://{named}{target}"
        headers += _authorization("Proxy-Authorization", proxy.user)
    shown, server = _shown(url, proxy), ((url.authority.host, url.port), url.place)
    peer = ((proxy.host, proxy.port or 80), f"the proxy {proxy.netloc}") if proxy else server
    try:
        with reach(*peer, deadline) as stream:
            if tls and proxy:
                _tunnel(stream, url, proxy)
            if tls:
                stream.secure(tls, url.host)
            return _ask(stream, "GET", target, named, headers)
    except TimeoutError:
        raise TimeoutError(shown) from None
    except ProtocolError as error:
        # A peer that echoes sends our own question, with its secrets.
        came = "" if user or "?" in url.target else f": {one_line(str(error))}"
        hint = f"write {'' if tls else 'https:// if it speaks TLS, '}tcp://host:port if it speaks another protocol"
        raise Unavailable(f"{shown} did not answer in HTTP/1{came}", hint) from None
    except SSLCertVerificationError as error:
        reason = f"the certificate of {url.shown} is not accepted: {error.verify_message.rstrip('.')}"
        raise Unavailable(reason, tls_hint(error)) from None
    except OSError as error:
        hint = "write http://" if getattr(error, "reason", "") in NOT_TLS else ""
        raise Unavailable(f"{shown} broke the connection ({_words(error)})", hint) from None


def _tunnel(stream: Stream, url: Url, proxy: Authority) -> None:
    """Have *proxy* connect *stream* to the server."""
    headers = _authorization("Proxy-Authorization", proxy.user)
    status = _ask(stream, "CONNECT", url.place, url.place, headers).status
    if not 200 <= status < 300:
        reason = f"the proxy {proxy.netloc} answered {status} when asked for {url.place}"
        raise Unavailable(reason, _hint(url, proxy, status))


def _ask(stream: Stream, method: str, target: str, host: str, headers: list[str]) -> Answer:
    """The final answer to one request, without its body."""
    from ssl import SSLEOFError

    question = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *headers, "", ""])
    with suppress(ConnectionError, SSLEOFError):  # it closed already: what it said before that says more
        stream.send(question.encode("ascii"))
    return Answer(stream)


def _context() -> SSLContext:
    import ssl
    from pathlib import Path

    try:
        for variable in _FILES:
            if Path(os.environ.get(variable, "")).is_fifo():  # opening it would wait for its other end
                raise OSError(f"{variable} names a pipe")
        return ssl.create_default_context()
    except OSError as error:
        raise Unavailable(f"TLS cannot be set up here ({_words(error)})", f"correct {' or '.join(_FILES)}") from None


def _words(error: OSError) -> str:
    return one_line(getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__)


def _authorization(header: str, user: str) -> list[str]:
    from urllib.parse import unquote_to_bytes

    name, _, password = user.partition(":")
    token = b64encode(unquote_to_bytes(name) + b":" + unquote_to_bytes(password)).decode()
    return [f"{header}: Basic {token}"] if user else []


def _proxy_for(url: Url) -> Authority | None:
    """The proxy that the environment names for *url*. Raises Unavailable for one that cannot be used."""
    from urllib.request import getproxies_environment

    proxies = getproxies_environment()  # getproxies() would read the system's settings, too
    value = proxies.get(url.scheme) or proxies.get("all")
    if not value or _is_left_out(url, proxies.get("no", "")):
        return None
    kind, slashes, rest = value.partition("://")
    try:
        if slashes and kind.lower() != "http":
            raise NotationError
        return read_authority(rest if slashes else value)[0]
    except NotationError:  # its words may quote half a password
        reason = f"the proxy that the environment names for {url.scheme} is not an address of plain http"
        raise Unavailable(reason, f"write it as http://host:port, or leave it out: no_proxy={url.host}") from None


def _is_left_out(url: Url, no_proxy: str) -> bool:
    """Whether the list *no_proxy* has *url* in it: its host, a domain above that or a network, and maybe its port."""
    from ipaddress import ip_address, ip_network

    for entry in no_proxy.lower().replace(",", " ").split():
        for place in (entry, entry.removesuffix(f":{url.port}")):
            try:
                if ip_address(url.host) in ip_network(place.strip("[]"), strict=False):
                    return True
            except ValueError:
                if place == "*" or f".{url.host}".endswith(f".{place.removeprefix('*').strip('.')}"):
                    return True
    return False


def read_http(notation: str, rest: str) -> HttpProbe:
    """The probe of ``http://host/path`` or ``https://host/path``."""
    url = read_url(notation.partition(":")[0], rest)
    return HttpProbe(notation=url.shown, url=url)
