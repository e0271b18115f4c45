"""``http://`` probes, against real servers: good ones, hostile ones, and none at all."""

from __future__ import annotations

import base64
import socket
import ssl

import pytest

from ssot_shims._probes.notation import without_secrets
from tests.support.http_peer import MORE, OR_TLS, USER, Peer, Reply, answers, as_reply, ask, drips, mute, raw, said

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.parametrize("status", [200, 204, 299])
def test_2xx_is_yes(status: int) -> None:
    """The request is a plain GET of the path and query, and the query is not shown."""
    with Peer(f"{status} Fine") as peer:
        answer = ask(f"{peer.url}/health/\u00fc?token=hunter2")
    assert said(answer) == ("available", f"{peer.url}/health/\u00fc?*** answered {status}")
    assert answer.details == {"http_status": str(status)}
    assert peer.requests == [
        f"GET /health/%C3%BC?token=hunter2 HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nUser-Agent: ssot-shims\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ]


@pytest.mark.parametrize(
    ("status", "advice", "good"),
    [
        (404, "correct the path", "/good"),
        (401, USER, ""),
        *((no, "", "/good") for no in (500, 503, 403, 304, 302, 101)),
    ],
)
def test_anything_else_is_no(status: int, advice: str, good: str) -> None:
    """The status is told, with what to do about it where that is known: the path or the user."""
    token = base64.b64encode(b"me:good").decode()
    with Peer(answers(status, f"GET {good}" if good else token)) as peer:
        netloc = f"127.0.0.1:{peer.port}"
        answer = ask(f"{peer.url}/?x")
        assert (answer.reason, answer.hint) == (f"{peer.url}/?*** answered {status}", advice.format(netloc=netloc))
        assert ask(f"http://{'' if good else 'me:good@'}{netloc}{good}")


def test_a_user_in_the_address() -> None:
    """It is sent, decoded, and never shown."""
    with Peer("200 OK") as peer:
        assert ask(f"http://me:p%40ss@127.0.0.1:{peer.port}").reason == f"http://***@127.0.0.1:{peer.port} answered 200"
    token = base64.b64encode(b"me:p@ss").decode()
    assert f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\n" in peer.requests[0]
    assert f"\r\nAuthorization: Basic {token}\r\n" in peer.requests[0]


def test_redirects_on_the_same_host_are_followed() -> None:
    """Relative and absolute ones, up to five; the password stays with the port that it was given for, and no other."""
    with Peer("200 OK") as there, Peer("301 x\nLocation: /b?secret", "307 x\nLocation: c") as peer:
        back = f"302 x\nLocation: http://you:other@127.0.0.1:{peer.port}/d"
        away = f"308 x\nLocation: http://127.0.0.1:{there.port}/end?secret#part"
        peer.replies += [as_reply(back), as_reply(away)]
        answer = ask(f"http://me:hunter2@127.0.0.1:{peer.port}/a")
    assert said(answer) == ("available", f"http://127.0.0.1:{there.port}/end?*** answered 200")
    requests, token = [*peer.requests, *there.requests], base64.b64encode(b"me:hunter2").decode()
    assert [request.split()[1] for request in requests] == ["/a", "/b?secret", "/c", "/d", "/end?secret"]
    assert [f"Authorization: Basic {token}\r\n" in request for request in peer.requests] == [True] * 4
    assert "Authorization" not in there.requests[0]


def test_redirects_without_end() -> None:
    """Six answers are asked for, and no more; the address where that ends turns the answer."""
    with Peer(*[f"302 x\nLocation: /{number}" for number in range(1, 8)], "200 OK") as peer:
        reason = f"{peer.url}/ redirects more than 5 times; register where that ends"
        assert said(ask(f"{peer.url}/")) == ("unavailable", reason)
        assert [request.split()[1] for request in peer.requests] == ["/", "/1", "/2", "/3", "/4", "/5"]


def test_a_redirect_to_another_host_is_not_followed() -> None:
    """Where it points is told without secrets, and that address turns the answer."""
    with Peer("200 OK") as other, Peer(f"302 x\nLocation: http://me:hunter2@localhost:{other.port}/x?hunter2") as peer:
        answer, there = ask(peer.url), f"http://***@localhost:{other.port}/x?***"
        reason = f"{peer.url} redirects to {there} at another host; register that if it is meant"
        assert said(answer) == ("unavailable", reason)
        assert other.requests == []
        assert ask(f"http://localhost:{other.port}/x")


NOWHERE = ["ftp://127.0.0.1/", "http://127.0.0.1:x/", "http://[/", "/a\x01b", "mailto:me", "http://fa\xc3\x9f.example/"]


@pytest.mark.parametrize("location", NOWHERE, ids=ascii)
def test_a_redirect_to_nowhere(location: str) -> None:
    """What is no address, or none in ASCII, is not followed; the one that is meant turns the answer."""
    with Peer(f"302 x\nLocation: {location}", "200 OK") as peer:
        reason = f"{peer.url} does not redirect to http or https; register the final address"
        assert said(ask(peer.url)) == ("unavailable", reason)
        assert ask(f"{peer.url}/meant")


LOCATIONS = {
    "HTTP://127.0.0.1:{port}/b": "/b",
    "hTTp://127.0.0.1:{port}": "/",
    "/with a blank?and one": "/with%20a%20blank?and%20one",
    "/gr\xc3\xbc\xc3\x9fe": "/gr%C3%BC%C3%9Fe",
    "/\xfc": "/%FC",
    "/a%20b%2fc": "/a%20b%2fc",
    "  /b \t": "/b",
    "?c": "/a?c",
    "//127.0.0.1:{port}/d": "/d",
    "../../e": "/e",
}


@pytest.mark.parametrize(("location", "path"), LOCATIONS.items(), ids=ascii)
def test_a_redirect_as_servers_write_it(location: str, path: str) -> None:
    """Schemes in capitals, blanks and letters that are not in ASCII are followed as curl and requests do."""
    with Peer() as peer:
        peer.replies = [as_reply(f"302 x\nLocation: {location.format(port=peer.port)}"), as_reply("200 OK")]
        assert ask(f"{peer.url}/a")
    assert peer.requests[1].split()[1] == path


def test_a_redirect_to_tls(tls: ssl.SSLContext) -> None:
    """From plain HTTP to TLS on the same host, where the password does not go."""
    with Peer("200 OK", tls=tls) as there, Peer(f"301 x\nLocation: https://127.0.0.1:{there.port}/up") as peer:
        assert ask(f"http://me:hunter2@127.0.0.1:{peer.port}/")
    assert ["Authorization" in request for request in (*peer.requests, *there.requests)] == [True, False]


INTERIM = [f"HTTP/1.1 {line}\r\n\r\n".encode() for line in ("100 Continue", "102 x", "103 Hints\r\nLink: </x>")]


@pytest.mark.parametrize("interim", [*INTERIM, b"".join(INTERIM), INTERIM[1] * 9])
def test_interim_answers_are_passed_over(interim: bytes) -> None:
    """The answer is the one after them."""
    with Peer(raw(interim + b"HTTP/1.1 302 x\r\nLocation: /b\r\n\r\n"), "404 No") as peer:
        assert ask(peer.url).reason == f"{peer.url}/b answered 404"


@pytest.mark.parametrize("others", [b"A: b\r\n" * 150, b"no header\r\n"], ids=["many", "one without a colon"])
def test_headers_that_python_itself_gives_up_at(others: bytes) -> None:
    """Servers send more than a hundred, and lines that are none: what is after them is read."""
    with Peer(raw(b"HTTP/1.1 302 x\r\n" + others + b"Location: /b\r\n\r\n"), "200 OK") as peer:
        assert ask(peer.url).reason.endswith("/b answered 200")


def greets(client: socket.socket, request: str) -> None:
    client.sendall(b"\x4a\0\0\0\x0a8.0.36")
    client.recv(1)


NO_STATUS = "which is no HTTP/1 status line"
# What the Docker probe's tests ask of the same reader is not asked again here.
NOT_HTTP: dict[str, tuple[Reply, str]] = {
    "a greeting, and then it waits": (greets, r"it sent b'J\x00\x00\x00\n8.0.36', which is not HTTP/1"),
    "closes at once": (raw(b""), "it closed the connection without an answer"),
    "another version": (raw(b"HTTP/3 200 OK\r\n\r\n"), f"it sent b'HTTP/3 200 OK', {NO_STATUS}"),
}


@pytest.mark.parametrize(("reply", "words"), NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http(reply: Reply, words: str) -> None:
    """It is told what came instead."""
    with Peer(reply) as peer:
        assert said(ask(peer.url)) == ("unavailable", f"{peer.url} did not answer in HTTP/1: {words}; {OR_TLS}")


@pytest.mark.parametrize("is_secured", [False, True])
@pytest.mark.parametrize("reply", [mute, drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9)], ids=["mute", "drips"])
def test_no_answer_in_time(reply: Reply, is_secured: bool, tls: ssl.SSLContext) -> None:
    """A mute peer and one that drips end at the deadline, in TLS and without."""
    with Peer(reply, "200 OK", tls=tls if is_secured else None) as peer:
        answer = ask(f"{peer.url}/health?x", 0.3)
        assert said(answer) == ("timed_out", f"no answer from {peer.url}/health?*** in time; {MORE}")
        assert ask(peer.url)


NOT_SHOWN = {"/": ": it sent b'GET / HTTP/1.1\\r\\nHost', which is not HTTP/1", "/?hunter2": "", "me:hunter2@": ""}


@pytest.mark.parametrize(("part", "sent"), NOT_SHOWN.items())
def test_a_peer_that_echoes(part: str, sent: str) -> None:
    """What it sends is our own question, so nothing of it is shown where that held a secret."""
    with Peer(lambda client, request: client.sendall(request.encode())) as peer:
        place = f"127.0.0.1:{peer.port}"
        url = f"http://{part}{place}" if "@" in part else f"http://{place}{part}"
        assert ask(url).reason == f"{without_secrets(url)} did not answer in HTTP/1{sent}"
