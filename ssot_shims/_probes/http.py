"""``http://`` and ``https://`` probes, through proxies where the environment names one."""

from __future__ import annotations

import os
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._probes.address import Authority, Url, read_authority, read_url
from ssot_shims._probes.network import ConnectionFailed, no_answer, reach
from ssot_shims._probes.notation import NotationError, Probe
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

    from ssot_shims._probes.connection import Head, Stream


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
    """The proxy for this address, or None; :class:`ConnectionFailed` for a variable that does not read."""
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
        raise ConnectionFailed(f"{variable} names a proxy that is not reached by plain http; {advice}")
    try:
        return read_authority(rest)[0]
    except NotationError:  # its words may quote half a password
        raise ConnectionFailed(f"{variable} does not read; {advice}") from None


_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class HttpProbe(Probe):
    """Whether an address answers 2xx."""

    is_service = True

    notation: str
    url: Url

    def __repr__(self) -> str:
        return f"HttpProbe({self.notation!r})"

    def ask(self, deadline: float) -> Availability:
        """Yes for 2xx, at the address itself or where it redirects to on the same host."""
        seconds = deadline - monotonic()
        try:
            return self._follow(deadline)
        except ConnectionFailed as error:
            return error.answer(seconds)

    def _follow(self, deadline: float) -> Availability:
        url = self.url
        for _ in range(_MOST_REDIRECTS + 1):
            # A password is for the server it was given for, and not for another port of that host.
            user = self.url.authority.user if url.origin == self.url.origin else ""
            head = _get(url, user, deadline)
            location = head.get("location")
            if head.status not in _REDIRECTS or not location:
                return _judge(url, head.status)
            url = _redirected(url, location)
        raise ConnectionFailed(
            f"{self.url.shown} redirects more than {_MOST_REDIRECTS} times; register the address where that ends"
        )


def _judge(url: Url, status: int) -> Availability:
    if 200 <= status < 300:
        return Availability(
            status="available", reason=f"{url.shown} answered {status}", details={"http_status": str(status)}
        )
    raise ConnectionFailed(f"{url.shown} answered {status}; {_advice(url, status)}")


def _advice(url: Url, status: int) -> str:
    match status:
        case 401 | 403:
            return f"give a user that it lets in: {url.scheme}://<user>:<password>@{url.netloc}/..."
        case 404:
            return "correct the path"
        case _:
            return f"see why with {_curl(url)} and mend that, or register an address that answers 2xx"


def _curl(url: Url) -> str:
    from ssot_shims._probes.remedy import quoted  # most answers need no look

    return f"curl -i {quoted(url.shown)}"


def _redirected(url: Url, location: str) -> Url:
    from urllib.parse import urljoin  # most answers redirect nowhere

    try:
        scheme, _, rest = urljoin(f"{url.scheme}://{url.netloc}{url.sent}", location).partition("://")
        there = read_url(scheme, rest.partition("#")[0]) if scheme in ("http", "https") else None
    except (NotationError, ValueError):
        there = None
    if there is None:
        raise ConnectionFailed(
            f"{url.shown} redirects to what is no http address; see it with {_curl(url)}, "
            "and register the address that is meant"
        )
    if there.host.lower() != url.host.lower():
        raise ConnectionFailed(f"{url.shown} redirects to another host; register {there.shown} if that one is meant")
    return there


def _get(url: Url, user: str, deadline: float) -> Head:
    """The head of the answer to GET."""
    from contextlib import suppress  # imports are for those who ask

    from ssot_shims._probes.connection import ProtocolError, read_head

    proxy = proxy_for(url.scheme, url.authority.host, url.port)
    place = f"{url.shown} through {proxy.shown}" if proxy else url.shown
    try:
        with _opened(url, proxy, deadline) as stream:
            with suppress(ConnectionError):  # it closed already: what it said before that says more
                stream.send(_request(url, user, proxy if url.scheme == "http" else None))
            head = read_head(stream)
    except TimeoutError:
        raise no_answer(place) from None
    except ProtocolError as error:
        tls = ", or write https:// if it speaks TLS" if url.scheme == "http" else ""
        raise ConnectionFailed(
            f"{place} did not answer in HTTP: {_told(error, url, user)}; correct the address{tls}"
        ) from None
    except OSError as error:
        step = "look into its log, or register an address that asks for less"
        raise ConnectionFailed(f"{place} broke the connection ({_words(error)}); {step}") from None
    if proxy and head.status >= 400:
        own = "" if head.status == 407 else f"{_advice(url, head.status)}, or "  # the answer may be the server's own
        raise ConnectionFailed(f"{place} answered {head.status}; {own}{_way_round(proxy, url, head.status)}")
    return head


def _way_round(proxy: Proxy, url: Url, status: int) -> str:
    """How to get past *proxy*, which answered *status*."""
    way = f"leave the proxy out: no_proxy={url.authority.host}"
    if status == 407:
        return f"give the proxy a user: {proxy.variable}=http://<user>:<password>@{proxy.authority.netloc}, or {way}"
    return way


def _told(error: Exception, url: Url, user: str) -> str:
    """What is wrong with the answer. A peer that echoes has our own question in it, with its secrets."""
    words = str(error)
    has_secret = bool(user) or "?" in url.target
    return "it sent what is not HTTP" if has_secret and words.startswith("it sent b") else words


def _opened(url: Url, proxy: Proxy | None, deadline: float) -> Stream:
    """A connection on which the request can be sent."""
    context = _context() if url.scheme == "https" else None
    if proxy:
        stream = reach(proxy.authority.host, proxy.port, proxy.shown, deadline)
    else:
        place = Authority(host=url.authority.host, port=url.port).netloc
        stream = reach(url.authority.host, url.port, place, deadline)
    try:
        if context:
            if proxy:
                _tunnel(stream, url, proxy)
            _secure(stream, context, url)
    except BaseException:
        stream.close()
        raise
    return stream


def _context() -> SSLContext:
    import ssl  # takes milliseconds

    try:
        _refuse_pipes()
        return ssl.create_default_context()
    except OSError as error:
        raise ConnectionFailed(
            f"TLS cannot be set up here ({_words(error)}); correct SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE"
        ) from None


def _refuse_pipes() -> None:
    """Raise OSError for a pipe in the place of a file: opening it would wait for its other end, past any deadline."""
    import os
    import stat

    for variable in ("SSL_CERT_FILE", "SSLKEYLOGFILE"):
        path = os.environ.get(variable, "")
        if os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode):
            raise OSError(f"{variable} names a pipe")


def _tunnel(stream: Stream, url: Url, proxy: Proxy) -> None:
    from ssot_shims._probes.connection import read_head

    place = Authority(host=url.host, port=url.port).netloc
    lines = [
        f"CONNECT {place} HTTP/1.1",
        f"Host: {place}",
        *_authorization("Proxy-Authorization", proxy.authority.user),
    ]
    stream.send(_joined(lines))
    status = read_head(stream).status
    if not 200 <= status < 300:
        raise ConnectionFailed(
            f"{proxy.shown} answered {status} when asked for {place}; {_way_round(proxy, url, status)}"
        )


def _secure(stream: Stream, context: SSLContext, url: Url) -> None:
    import ssl

    try:
        stream.secure(context, url.host.rstrip("."))
    except ssl.SSLCertVerificationError as error:
        raise ConnectionFailed(_why_not_trusted(url, error)) from None
    except ssl.SSLError as error:
        raise ConnectionFailed(
            f"{url.shown} does not speak TLS as we do ({_words(error)}); "
            "have it speak TLS 1.2 or 1.3, or write http:// if it speaks plain HTTP"
        ) from None


def _why_not_trusted(url: Url, error: object) -> str:
    code, message = getattr(error, "verify_code", 0), getattr(error, "verify_message", "")
    if code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        advice = "use a name that the certificate has"
    elif code in (2, 18, 19, 20, 21):  # good, if only we knew the authority
        advice = "trust its issuer: SSL_CERT_FILE=<a file with the certificate of that authority>"
    else:
        advice = "renew it" if code not in (9, 10) else "renew it, or set this machine's clock right"
    return f"the certificate of {url.shown} is not accepted: {message.rstrip('.')}; {advice}"


def _words(error: OSError) -> str:
    from ssot_shims._text import one_line

    return one_line(getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__)


def _request(url: Url, user: str, proxy: Proxy | None) -> bytes:
    """The question; *proxy* is one that reads it, which one with a tunnel does not."""
    target = f"http://{url.netloc}{url.sent}" if proxy else url.sent
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {url.netloc}",
        "User-Agent: ssot-shims",
        "Accept: */*",
        "Connection: close",
        *_authorization("Authorization", user),
        *_authorization("Proxy-Authorization", proxy.authority.user if proxy else ""),
    ]
    return _joined(lines)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


def _authorization(header: str, user: str) -> list[str]:
    if not user:
        return []
    from binascii import b2a_base64
    from urllib.parse import unquote_to_bytes

    name, _, password = user.partition(":")
    token = b2a_base64(unquote_to_bytes(name) + b":" + unquote_to_bytes(password), newline=False)
    return [f"{header}: Basic {token.decode()}"]


def read_http(notation: str, rest: str) -> HttpProbe:
    """The probe of ``http://host/path``."""
    url = read_url("http", rest)
    return HttpProbe(notation=url.shown, url=url)


def read_https(notation: str, rest: str) -> HttpProbe:
    """The probe of ``https://host/path``."""
    url = read_url("https", rest)
    return HttpProbe(notation=url.shown, url=url)
