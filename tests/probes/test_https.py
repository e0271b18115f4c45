"""``https://`` probes: certificates, and what goes wrong in TLS."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
from pathlib import Path

import pytest
import trustme

from tests.support.certificates import Speaks, expired, for_clients_only, not_yet_valid, server, signed_by_itself
from tests.support.http_peer import MORE, OR_TLS, Peer, Reply, as_reply, ask, drips, raw, said

pytestmark = pytest.mark.usefixtures("plain_surroundings")


TRUST = "trust its issuer: SSL_CERT_FILE=<a file with the certificate of that authority>"
NAME = "use a name that is in the certificate"
REPLACE = "replace it by a valid one for servers, or set this machine's clock right"
# What the server speaks, the name it is asked by, what is said, the next step.
FAULTS: dict[str, tuple[Speaks, str, str, str]] = {
    "an authority that nobody here trusts": (server, "127.0.0.1", "unable to get local issuer certificate", TRUST),
    "another IP address": (
        *(lambda authority: server(authority, "localhost"), "127.0.0.1"),
        *("IP address mismatch, certificate is not valid for '127.0.0.1'", NAME),
    ),
    "another name": (
        *(lambda authority: server(authority, "127.0.0.1"), "localhost"),
        *("Hostname mismatch, certificate is not valid for 'localhost'", NAME),
    ),
    "one that has expired": (expired, "127.0.0.1", "certificate has expired", REPLACE),
    "one that is not valid yet": (not_yet_valid, "127.0.0.1", "certificate is not yet valid", REPLACE),
    "one for clients": (for_clients_only, "127.0.0.1", "unsuitable certificate purpose", REPLACE),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_bad_certificate(authority: trustme.CA, trusted: str, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Each fault has a next step of its own: trusting the authority, another name, another certificate."""
    speaks, host, fault, step = FAULTS[case]
    if step == TRUST:
        monkeypatch.delenv("SSL_CERT_FILE")
    with Peer("200 OK", tls=speaks(authority)) as peer:
        url = f"https://{host}:{peer.port}/health"
        answer = ask(url)
        assert answer.reason.startswith(f"the certificate of {url} is not accepted: {fault}")  # OpenSSL may say more
        assert (answer.status, answer.hint) == ("unavailable", step)
        if step == NAME:
            url = url.replace(host, "localhost" if host == "127.0.0.1" else "127.0.0.1")
        elif step == TRUST:
            monkeypatch.setenv("SSL_CERT_FILE", trusted)
        else:
            peer.tls = server(authority)  # renewed
        assert said(ask(url)) == ("available", f"{url} answered 200")


def test_a_certificate_that_is_its_own_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what there is to trust."""
    speaks, certificate = signed_by_itself()
    with Peer("200 OK", tls=speaks) as peer:
        url = f"https://localhost:{peer.port}/health"
        answer = ask(url)
        assert (answer.status, answer.hint) == ("unavailable", TRUST)
        assert answer.reason.replace("-", " ").endswith(" is not accepted: self signed certificate")
        (tmp_path / "it.pem").write_bytes(certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "it.pem"))
        assert ask(url)


def test_plain_and_tls_mixed_up(tls: ssl.SSLContext) -> None:
    """TLS spoken to a plain server, and the other way round, end with the address to write, which turns the answer."""

    def refuses_what_is_no_question(client: socket.socket, request: str) -> None:
        is_question = client.recv(4096).startswith(b"GET ")
        as_reply("200 OK" if is_question else "400 Bad Request")(client, request)

    with Peer(refuses_what_is_no_question, reads=False) as peer, Peer("200 OK", tls=tls) as secure:
        address, other = f"127.0.0.1:{peer.port}", f"127.0.0.1:{secure.port}"
        answer = ask(f"https://{address}")
        words = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # releases of OpenSSL differ
        assert answer.reason in [f"https://{address} broke the connection ({word})" for word in words]
        assert answer.hint == "write http://"
        assert ask(f"http://{address}")
        answer = ask(f"http://{other}")
        assert answer.reason.endswith(" did not answer in HTTP/1: it closed the connection without an answer")
        assert answer.hint == OR_TLS
        assert ask(f"https://{other}")


def hangs(client: socket.socket, request: str) -> None:
    """Take what opens the handshake, and say nothing until the client goes."""
    while client.recv(4096):
        pass


@pytest.mark.parametrize("reply", [hangs, drips(b"\x16\x03\x03\x40\x00" + b"\x02" * 60)], ids=["hangs", "drips"])
def test_a_handshake_that_does_not_end(reply: Reply, tls: ssl.SSLContext) -> None:
    """It ends at the deadline; a server that was started anew is a yes."""
    with Peer(reply, reads=False) as peer:
        url = f"https://127.0.0.1:{peer.port}/x"
        assert said(ask(url, 0.3)) == ("timed_out", f"no answer from {url} in time; {MORE}")
        peer.tls, peer.reads, peer.replies[:] = tls, True, [as_reply("200 OK")]
        assert ask(url)


def resets(client: socket.socket, request: str) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_before_the_handshake(trusted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves no socket open: neither a server's nor a proxy's behind its tunnel."""

    def connects_and_resets(client: socket.socket, request: str) -> None:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        resets(client, request)

    with Peer(resets, reads=False) as peer, Peer(connects_and_resets) as proxy:
        for _ in range(20):
            assert ask(f"https://127.0.0.1:{peer.port}").status == "unavailable"
            with monkeypatch.context() as patch:
                patch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
                assert ask("https://acme.invalid").status == "unavailable"
        gc.collect()  # an unclosed socket would be a ResourceWarning, which is an error


def test_not_http_over_tls(tls: ssl.SSLContext) -> None:
    """Garbage is garbage, encrypted or not."""
    with Peer(raw(b"hello"), tls=tls) as peer:
        answer = ask(peer.url)
    assert answer.reason == f"{peer.url} did not answer in HTTP/1: it sent b'hello', which is not HTTP/1"
    assert answer.hint == "write tcp://host:port if it speaks another protocol"


def test_tls_that_cannot_be_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls: ssl.SSLContext) -> None:
    """A log for keys that cannot be written is the user's to correct, which turns the answer."""
    with Peer("200 OK", tls=tls) as peer:
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "log"))
        reason = "TLS cannot be set up here (No such file or directory); correct SSL_CERT_FILE or SSLKEYLOGFILE"
        assert said(ask(peer.url)) == ("unavailable", reason)
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "log"))
        assert ask(peer.url)
