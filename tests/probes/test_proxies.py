"""``http://`` and ``https://`` probes through proxies that the environment names."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import suppress

import pytest

from tests.support.http_peer import MORE, USER, Peer, as_reply, ask, mute, said

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
    reason = f"http://***@acme.invalid/health?*** through the proxy 127.0.0.1:{peer.port} answered 200"
    assert said(answer) == ("available", reason)
    (request,) = peer.requests
    assert request.startswith("GET http://acme.invalid/health?x HTTP/1.1\r\nHost: acme.invalid\r\n")
    assert f"\r\nProxy-{basic('me:hunter2')}\r\n" in request
    assert f"\r\n{basic('you:secret')}\r\n" in request


def basic(user: str) -> str:
    return f"Authorization: Basic {base64.b64encode(user.encode()).decode()}"


def test_a_zone_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers refuse a name with one in it, and what they redirect to has none: it stays that of the address."""
    with Peer("302 x\nLocation: http://[fe80::1]:1/b", "200 OK") as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        assert ask("http://[fe80::1%25lo]:1/").reason.startswith("http://[fe80::1%25lo]:1/b through the proxy ")
    assert [("\r\nHost: [fe80::1]:1\r\n" in one, "%" in one) for one in proxy.requests] == [(True, False)] * 2


def test_https_goes_through_a_tunnel(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy learns host and port and nothing else."""
    with Peer("200 OK", tls=tls) as peer, Peer(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", f"me:hunter2@127.0.0.1:{proxy.port}")
        answer = ask(f"{peer.url}/x?secret")
    assert answer.reason == f"{peer.url}/x?*** through the proxy 127.0.0.1:{proxy.port} answered 200"
    place = f"127.0.0.1:{peer.port}"
    assert proxy.requests == [f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-{basic('me:hunter2')}\r\n\r\n"]
    assert "Proxy-Authorization" not in peer.requests[0]


@pytest.mark.parametrize("status", [407, 300, 502])
def test_a_tunnel_that_is_refused(status: int, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's status is told, and what it asks for or how to leave it out; each turns the answer."""

    def reply(client: socket.socket, request: str) -> None:
        (tunnel if basic("me:hunter2") in request else as_reply(f"{status} No"))(client, request)

    with Peer("200 OK", tls=tls) as peer, Peer(reply) as proxy:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("https_proxy", f"http://me:secret@{shown}")
        answer = ask(peer.url)
        assert answer.reason == f"the proxy {shown} answered {status} when asked for 127.0.0.1:{peer.port}"
        user = f"give the proxy a user: https_proxy=http://<user>:<password>@{shown}"
        assert answer.hint == (user if status == 407 else "leave the proxy out: no_proxy=127.0.0.1")
        if status == 407:
            monkeypatch.setenv("https_proxy", f"http://me:hunter2@{shown}")
        else:
            monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert ask(peer.url)


BEHIND = {
    502: "leave the proxy out: no_proxy=127.0.0.1",
    404: "correct the path",
    401: USER,
    407: "give the proxy a user: http_proxy=http://<user>:<password>@{proxy}",
}


@pytest.mark.parametrize(("status", "advice"), BEHIND.items())
def test_no_from_behind_a_proxy(status: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer may be the proxy's or the server's; the next step is for the one that gave it."""
    with Peer(f"{status} No") as proxy, Peer("200 OK") as peer:
        shown, netloc = f"127.0.0.1:{proxy.port}", f"127.0.0.1:{peer.port}"
        monkeypatch.setenv("http_proxy", f"http://me:secret@{shown}")
        answer = ask(f"{peer.url}/?x")
        assert answer.reason == f"{peer.url}/?*** through the proxy {shown} answered {status}"
        assert answer.hint == advice.format(netloc=netloc, proxy=shown)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert ask(f"{peer.url}/?x")


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused and mute proxies are told from refused and mute servers; one that is started is a yes."""
    with Peer(mute, "200 OK") as proxy:
        shown = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@{shown}")
        reason = f"no answer from http://acme.invalid/ through the proxy {shown} in time; {MORE}"
        assert said(ask("http://acme.invalid/", 0.2)) == ("timed_out", reason)
        assert ask("http://acme.invalid/")
    reason = f"nothing listens on the proxy {shown}; start it, or correct the address"
    assert said(ask("http://acme.invalid/")) == ("unavailable", reason)


UNUSABLE = ["https://me:hunter2@127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:hunter2", "http://"]


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", UNUSABLE)
def test_a_proxy_that_cannot_be_used(value: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is not shown, and leaving the proxy out turns the answer."""
    monkeypatch.setenv(variable, value)
    with Peer("200 OK") as peer:
        reason = "the proxy that the environment names for http is not an address of plain http"
        hint = "write it as http://host:port, or leave it out: no_proxy=127.0.0.1"
        assert said(ask(peer.url)) == ("unavailable", f"{reason}; {hint}")
        monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
        assert ask(peer.url)


# An address, the lists that leave it out, and those that do not.
LISTS = {
    "127.0.0.1:1": (
        ["127.0.0.1", "10.0.0.0/8,127.0.0.0/8", "127.0.0.1/8", "*", "localhost 127.0.0.1", "127.0.0.1:1"],
        ["10.0.0.0/8", "localhost", "", " , ", "nonsense/8", "127.0.0.1:2"],
    ),
    "API.acme.invalid:1": (["acme.invalid", ".acme.invalid", "*.acme.invalid", "*.ACME.invalid", "acme.invalid:1"], []),
    "theacme.invalid": ([], ["*.acme.invalid", "acme.invalid"]),
    "acme.invalid.": (["acme.invalid", "acme.invalid:80", "acme.invalid.:80", ".invalid."], ["acme.invalid:2", "."]),
    "[::1]:1": (["::1", "[::1]", "[::1]:1", "::/0"], ["[::1]:2"]),
    "[fe80::1%lo]:1": (["fe80::/10"], []),
}


@pytest.mark.parametrize("address", LISTS)
def test_who_is_left_out_of_the_proxy(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts, domains and networks, in a list with commas or blanks, as curl and requests read it."""
    left_out, through = LISTS[address]
    for no_proxy in left_out + through:
        with Peer("200 OK") as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("no_proxy", no_proxy)
            answer = ask(f"http://{address}", 20)
        assert bool(proxy.requests) is bool(answer) is (no_proxy in through), no_proxy


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
