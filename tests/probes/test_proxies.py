"""``http://`` and ``https://`` probes through proxies that the environment names."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.http_peer import MORE, USER, Peer, answers, as_reply, ask, free_port, mute, said

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def tunnel(client: socket.socket, request: str) -> None:
    """What a proxy does for CONNECT."""
    host, _, port = request.split()[1].rpartition(":")
    with socket.create_connection((host, int(port)), 5) as target:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(target, client), name="peer")
        back.start()
        pump(client, target)
        back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(8192):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_http_goes_through_the_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the whole address and its own password; the password for the server goes on to the server."""
    with Peer("200 OK") as peer:
        monkeypatch.setenv(variable, f"http://me:hunter2@127.0.0.1:{peer.port}/")
        answer = ask("http://you:secret@acme.invalid/health?x")
    assert said(answer) == (
        "available",
        f"http://***@acme.invalid/health?*** through the proxy 127.0.0.1:{peer.port} answered 200",
    )
    (request,) = peer.requests
    assert request.startswith("GET http://acme.invalid/health?x HTTP/1.1\r\nHost: acme.invalid\r\n")
    assert f"\r\nProxy-Authorization: Basic {base64.b64encode(b'me:hunter2').decode()}\r\n" in request
    assert f"\r\nAuthorization: Basic {base64.b64encode(b'you:secret').decode()}\r\n" in request


def test_https_goes_through_a_tunnel(
    tls: ssl.SSLContext, trusted: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy learns host and port and nothing else."""
    trusted()
    with Peer("200 OK", tls=tls) as peer, Peer(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", f"me:hunter2@127.0.0.1:{proxy.port}")
        assert ask(f"{peer.url}/x?secret").reason == (
            f"{peer.url}/x?*** through the proxy 127.0.0.1:{proxy.port} answered 200"
        )
    token = base64.b64encode(b"me:hunter2").decode()
    assert proxy.requests == [
        f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\n"
        f"Proxy-Authorization: Basic {token}\r\n\r\n"
    ]
    assert "Proxy-Authorization" not in peer.requests[0]


@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_tunnel_that_is_refused(
    status: int, tls: ssl.SSLContext, trusted: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's status is told, and what it asks for or how to leave it out; each turns the answer."""
    trusted()
    token = base64.b64encode(b"me:hunter2").decode()

    def reply(client: socket.socket, request: str) -> None:
        (tunnel if f"Proxy-Authorization: Basic {token}" in request else as_reply(f"{status} No"))(client, request)

    with Peer("200 OK", tls=tls) as peer, Peer(reply) as proxy:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("https_proxy", f"http://me:secret@{shown}")
        user = f"give the proxy a user: https_proxy=http://<user>:<password>@{shown}" if status == 407 else ""
        assert said(ask(peer.url)) == (
            "unavailable",
            f"the proxy {shown} answered {status} when asked for 127.0.0.1:{peer.port}; "
            f"{user or 'leave the proxy out: no_proxy=127.0.0.1'}",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "127.0.0.1")
            assert ask(peer.url)
        if user:
            monkeypatch.setenv("https_proxy", f"http://me:hunter2@{shown}")
            assert ask(peer.url)


@pytest.mark.parametrize(
    ("status", "advice", "good"),
    [
        (502, "leave the proxy out: no_proxy=127.0.0.1", ""),
        (404, "correct the path", "GET http://127.0.0.1:1/good"),
        (401, USER, f"\r\nAuthorization: Basic {base64.b64encode(b'me:good').decode()}"),
        (
            *(407, "give the proxy a user: http_proxy=http://<user>:<password>@{proxy}"),
            f"Proxy-Authorization: Basic {base64.b64encode(b'me:good').decode()}",
        ),
    ],
)
def test_no_from_behind_a_proxy(status: int, advice: str, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer may be the proxy's or the server's; the next step turns the answer."""
    with Peer(answers(status, good or "nobody")) as proxy, Peer("200 OK") as peer:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", f"http://me:secret@{shown}")
        step = advice.format(url=peer.url, netloc=f"127.0.0.1:{peer.port}", proxy=shown)
        assert said(ask(f"{peer.url}/?x")) == (
            "unavailable",
            f"{peer.url}/?*** through the proxy {shown} answered {status}; {step}",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "127.0.0.1")
            assert ask(f"{peer.url}/?x")
        if status == 407:
            monkeypatch.setenv("http_proxy", f"http://me:good@{shown}")
        notation = {404: "http://127.0.0.1:1/good", 401: f"http://me:good@127.0.0.1:{peer.port}", 407: peer.url}
        assert status not in notation or ask(notation[status])


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused and mute proxies are told from refused and mute servers; one that is started is a yes."""
    with Peer("200 OK") as proxy:
        port = proxy.port
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{port}")
        assert ask("http://acme.invalid/")
    assert said(ask("http://acme.invalid/")) == (
        "unavailable",
        f"nothing listens on the proxy 127.0.0.1:{port}; start it, or correct the address",
    )
    with Peer(mute, "200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert said(ask("http://acme.invalid/", 0.2)) == (
            "timed_out",
            f"no answer from http://acme.invalid/ through the proxy 127.0.0.1:{proxy.port} in time; {MORE}",
        )
        assert ask("http://acme.invalid/")


def test_a_proxy_whose_name_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that is told is the proxy's; a correct one turns the answer."""
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("proxy.invalid", 80)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid")
    assert said(ask("http://acme.invalid/", 30)) == (
        "unavailable",
        f"the name 'proxy.invalid' does not resolve ({caught.value.strerror}); correct it, or add it to the hosts file",
    )
    with Peer("200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://localhost:{proxy.port}")
        assert ask("http://acme.invalid/")


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value", ["https://me:hunter2@127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:hunter2", "http://"]
)
def test_a_proxy_that_cannot_be_used(value: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is not shown, and leaving the proxy out turns the answer."""
    monkeypatch.setenv(variable, value)
    with Peer("200 OK") as peer:
        assert said(ask(peer.url)) == (
            "unavailable",
            "the proxy that the environment names for http is not an address of plain http; "
            "write it as http://host:port, or leave it out: no_proxy=127.0.0.1",
        )
        with monkeypatch.context() as patch:
            patch.setenv("no_proxy", "localhost,127.0.0.1")
            assert ask(peer.url)
        monkeypatch.setenv(variable, f"http://127.0.0.1:{peer.port}")
        assert ask("http://acme.invalid")


@pytest.mark.parametrize(
    ("no_proxy", "address", "is_left_out"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.0/8", "127.0.0.1", True),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1", True),
        ("10.0.0.0/8", "127.0.0.1", False),
        ("127.0.0.1/8", "127.0.0.1", True),
        ("localhost 127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", False),
        ("*", "127.0.0.1", True),
        ("acme.invalid", "api.acme.invalid", True),
        (".acme.invalid", "api.acme.invalid", True),
        ("*.acme.invalid", "api.acme.invalid", True),
        ("*.ACME.invalid", "API.acme.invalid", True),
        ("*.acme.invalid", "theacme.invalid", False),
        ("acme.invalid", "theacme.invalid", False),
        ("acme.invalid:1", "acme.invalid:1", True),
        ("acme.invalid:2", "acme.invalid:1", False),
        ("127.0.0.1:1", "127.0.0.1:1", True),
        ("127.0.0.1:2", "127.0.0.1:1", False),
        ("::1", "[::1]", True),
        ("[::1]", "[::1]:1", True),
        ("[::1]:1", "[::1]:1", True),
        ("[::1]:2", "[::1]:1", False),
        ("::/0", "[::1]", True),
        ("fe80::/10", "[fe80::1%lo]:1", True),
        ("", "127.0.0.1", False),
        (" , ", "127.0.0.1", False),
        ("nonsense/8", "127.0.0.1", False),
    ],
)
def test_who_is_left_out_of_the_proxy(
    no_proxy: str, address: str, is_left_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts, domains and networks, in a list with commas or blanks, as curl and requests read it."""
    with Peer("200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", no_proxy)
        answer = ask(f"http://{address}", 20)
    assert bool(proxy.requests) is not is_left_out
    assert bool(answer) is not is_left_out


def test_the_settings_of_the_system_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies that macOS and Windows are set up with are nothing that the user said to this process."""
    import urllib.request

    def system() -> dict[str, str]:
        raise AssertionError

    for name in ("getproxies", "getproxies_macosx_sysconf", "getproxies_registry"):
        monkeypatch.setattr(urllib.request, name, system, raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with Peer("200 OK") as peer:
        assert ask(peer.url)


def test_an_ipv6_address_is_left_out_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a port."""
    port = free_port()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for value in ("::1", f"[::1]:{port}"):
        monkeypatch.setenv("no_proxy", value)
        assert ask(f"http://[::1]:{port}").reason == f"nothing listens on [::1]:{port}"
