"""The Docker probe over TLS: certificates of a real authority made by the test, and peers that break the handshake."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from ssot_shims import _settings
from ssot_shims._probes import resolver
from tests.docker_machine import Machine, ask, new_machine, seen
from tests.hostile import ANSWER, Act, Conversation, Peer, drips, hangs_up, mute, says

FOLDER = "name the folder of the right ca.pem, cert.pem and key.pem: DOCKER_CERT_PATH=FOLDER"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    machine = new_machine(monkeypatch)
    yield machine
    shutil.rmtree(machine.root)


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def client(authority: trustme.CA) -> dict[str, bytes]:
    """The files of a client that the engine knows."""
    certificate = authority.issue_cert("client")
    return {
        "ca.pem": authority.cert_pem.bytes(),
        "cert.pem": b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        "key.pem": certificate.private_key_pem.bytes(),
    }


def server(authority: trustme.CA, *names: str, client_certificates: bool = False) -> ssl.SSLContext:
    """What an engine speaks TLS with; its certificate is for *names*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    if client_certificates:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def written(folder: str, files: dict[str, bytes]) -> str:
    Path(folder).mkdir()
    for name, content in files.items():
        Path(folder, name).write_bytes(content)
    return folder


def engine(tls: ssl.SSLContext | None, act: Act | None = None) -> Peer:
    return Peer(("127.0.0.1", 0), act or says(ANSWER), tls)


# --- yes


@pytest.mark.parametrize("mutual", [False, True])
def test_an_engine_over_tls(machine: Machine, authority: trustme.CA, client: dict[str, bytes], mutual: bool) -> None:
    """DOCKER_TLS_VERIFY with the files of DOCKER_CERT_PATH reaches an engine, one that knows its clients too."""
    with engine(server(authority, client_certificates=mutual)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "0")  # any value but the empty one, as the docker command has it
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask().reason == f"a Docker engine with API 1.41 answers at {peer.host} (from DOCKER_HOST)"


def test_the_files_are_looked_for_beside_the_settings(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes]
) -> None:
    """Without DOCKER_CERT_PATH the files are those in the docker command's own folder; a host by its name is fine."""
    with engine(server(authority, client_certificates=True)) as peer:
        machine.set("DOCKER_HOST", peer.host.replace("127.0.0.1", "localhost"))
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CONFIG", written(machine.path("settings"), client))
        assert ask()


def test_a_context_with_tls(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """A context's own files are used, and DOCKER_TLS_VERIFY and DOCKER_CERT_PATH are not."""
    with engine(server(authority, client_certificates=True)) as peer:
        machine.add_context("remote", {"Host": peer.host}, client)
        machine.set("DOCKER_CONTEXT", "remote")
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", machine.path("nowhere"))
        assert ask().reason == (
            f"a Docker engine with API 1.41 answers at {peer.host} (from the context 'remote' in DOCKER_CONTEXT)"
        )


def test_a_context_that_does_not_verify(machine: Machine, authority: trustme.CA) -> None:
    """SkipTLSVerify is TLS with whoever answers."""
    with engine(server(authority, "other.example")) as peer:
        machine.add_context("remote", {"Host": peer.host, "SkipTLSVerify": True})
        machine.set("DOCKER_CONTEXT", "remote")
        assert ask()


def test_a_unix_socket_has_no_tls(machine: Machine) -> None:
    """DOCKER_TLS_VERIFY is about TCP."""
    with Peer(machine.path("engine.sock"), says(ANSWER)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        assert ask()


def test_a_certificate_path_alone(machine: Machine, client: dict[str, bytes]) -> None:
    """DOCKER_CERT_PATH, or an empty DOCKER_TLS_VERIFY, does not ask for TLS."""
    with engine(None) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        machine.set("DOCKER_TLS_VERIFY", "")
        assert ask()
    assert peer.questions[0].startswith(b"GET /_ping ")


# --- no


def test_no_certificate_authority(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """TLS without the file that says whom to trust is a no, as it is for the docker command."""
    with engine(server(authority)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        answer = ask()
        assert seen(answer) == (
            "unavailable",
            f"TLS is asked for with {peer.host} (from DOCKER_HOST), but there is no {machine.home}/.docker/ca.pem; "
            f"{FOLDER}",
        )
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask()


def test_a_certificate_of_another_authority(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """An engine with a certificate that nobody here trusts is a no."""
    with engine(server(authority)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        wrong = {"ca.pem": trustme.CA(organization_name="another").cert_pem.bytes()}
        machine.set("DOCKER_CERT_PATH", written(machine.path("wrong"), wrong))
        answer = ask()
        assert seen(answer) == (
            "unavailable",
            f"no TLS with {peer.host} (from DOCKER_HOST): its certificate is not accepted: "
            f"unable to get local issuer certificate; {FOLDER}",
        )
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask()


def test_a_certificate_for_another_name(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """A good certificate for another name is a no; under its own name the engine is a yes."""
    with engine(server(authority, "localhost")) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert seen(ask()) == (
            "unavailable",
            f"no TLS with {peer.host} (from DOCKER_HOST): its certificate is not accepted: "
            "IP address mismatch, certificate is not valid for '127.0.0.1'; "
            "use a name that is in it: DOCKER_HOST=tcp://HOST:PORT",
        )
        machine.set("DOCKER_HOST", peer.host.replace("127.0.0.1", "localhost"))
        assert ask()


def test_a_client_without_a_certificate(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """An engine that wants to know its client refuses one without a certificate."""

    def act(talk: Conversation) -> None:  # pragma: no cover  # the handshake fails before
        talk.listen()

    context = server(authority, client_certificates=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # later versions refuse after the handshake, and race with us
    with engine(context, act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("ca"), {"ca.pem": client["ca.pem"]}))
        # Releases of OpenSSL differ in the first word.
        assert seen(ask()) in [
            ("unavailable", f"no TLS with {peer.host} (from DOCKER_HOST): {word} alert handshake failure; {FOLDER}")
            for word in ("sslv3", "ssl/tls")
        ]
    with engine(server(authority, client_certificates=True)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        assert answer.status == "unavailable"
        assert answer.reason.startswith(f"no TLS with {peer.host} (from DOCKER_HOST): ")
        assert answer.reason.endswith(f"; {FOLDER}")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask()


def plain(talk: Conversation) -> None:
    """What web servers do: answer a question, and refuse whatever is none."""
    talk.question = talk.connection.recv(4096)
    talk.say(ANSWER if talk.question.startswith(b"GET ") else b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_plain_is_spoken_where_tls_is_asked_for(machine: Machine, client: dict[str, bytes]) -> None:
    """An engine that does not speak TLS is reached without."""
    with engine(None, plain) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert seen(ask()) == (
            "unavailable",
            f"what listens at {peer.host} (from DOCKER_HOST) does not speak TLS; go without: unset DOCKER_TLS_VERIFY",
        )
        machine.unset("DOCKER_TLS_VERIFY")
        assert ask()


def test_plain_is_spoken_where_a_context_has_tls(machine: Machine, client: dict[str, bytes]) -> None:
    """With a context, DOCKER_HOST is the way round its files."""
    with engine(None, plain) as peer:
        machine.add_context("remote", {"Host": peer.host}, client)
        machine.set("DOCKER_CONTEXT", "remote")
        assert seen(ask()) == (
            "unavailable",
            f"what listens at {peer.host} (from the context 'remote' in DOCKER_CONTEXT) does not speak TLS; "
            f"go without: DOCKER_HOST={peer.host}",
        )
        machine.set("DOCKER_HOST", peer.host)
        assert ask()


TLS_PEERS = {
    "closes": (says(b""), "it closed the connection without an answer"),
    "refuses": (says(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "it answered GET /_ping with status 400"),
    "alerts": (says(b"\x15\x03\x03\x00\x02\x02\x28"), r"it sent b'\x15\x03\x03\x00\x02\x02(', which is not HTTP"),
}


@pytest.mark.parametrize(("act", "evidence"), TLS_PEERS.values(), ids=TLS_PEERS)
def test_a_peer_that_may_speak_tls(machine: Machine, act: Act, evidence: str) -> None:
    """What servers that speak TLS do with a plain question names TLS as the next step."""
    with engine(None, act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        assert seen(ask()) == (
            "unavailable",
            f"what answers at {peer.host} (from DOCKER_HOST) is not a Docker engine: {evidence}; "
            "if it speaks TLS, say so: DOCKER_TLS_VERIFY=1",
        )


def test_tls_is_spoken_where_plain_is_asked_for(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes]
) -> None:
    """A real TLS engine that is asked plainly is a no; with TLS it is a yes."""
    with engine(server(authority)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        written(str(machine.home / ".docker"), client)
        answer = ask()
        assert answer.reason.endswith("; if it speaks TLS, say so: DOCKER_TLS_VERIFY=1")
        machine.set("DOCKER_TLS_VERIFY", "1")
        assert ask()


HANDSHAKES = {"hangs": mute, "drips": drips(b"\x16\x03\x03\x40\x00", b"\x02\x00")}


@pytest.mark.parametrize("act", HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_handshake_that_does_not_end(machine: Machine, client: dict[str, bytes], act: Act) -> None:
    """A handshake is given up at the deadline."""

    def without_question(talk: Conversation) -> None:
        talk.question = b"\r\n\r\n"  # there is none to listen to
        act(talk)

    with engine(None, without_question) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert seen(ask()) == (
            "timed out",
            f"no answer from {peer.host} (from DOCKER_HOST) within 0.5 s; "
            "restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT=10",
        )


def test_a_slow_handshake(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """With the time that the reason names, an engine that is slow to shake hands is a yes."""

    def late(talk: Conversation) -> None:
        talk.wait(0.8)
        talk.connection = context.wrap_socket(talk.connection, server_side=True)
        says(ANSWER)(talk)
        talk.connection.close()

    context = server(authority)
    with engine(None, late) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        name, _, value = ask().reason.rpartition(": ")[2].partition("=")
        machine.set(name, value)
        assert ask(_settings.timeout())


def test_a_handshake_that_is_broken_off(machine: Machine, client: dict[str, bytes]) -> None:
    """A peer that closes in the handshake is told as TLS that did not come about."""
    with engine(None, hangs_up) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert seen(ask()) == (
            "unavailable",
            f"no TLS with {peer.host} (from DOCKER_HOST): it closed the connection; {FOLDER}",
        )


def test_another_server_over_tls(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """What is wrong after the handshake is told as it is without TLS; a refused connection too."""
    with engine(server(authority), says(b"HTTP/1.1 404 Not Found\r\n\r\n")) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask().reason == (
            f"what answers at {peer.host} (from DOCKER_HOST) is not a Docker engine: "
            "it answered GET /_ping with status 404; name an engine: DOCKER_HOST=tcp://HOST:PORT"
        )
        host = peer.host
    assert ask().reason == f"nothing listens at {host} (from DOCKER_HOST); start an engine there: dockerd -H {host}"


def test_a_server_name_that_tls_does_not_take(
    machine: Machine, client: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that cannot be put into a handshake is a no."""
    with engine(None) as peer:
        endpoint = (socket.AF_INET, socket.SOCK_STREAM, 0, peer.place)
        monkeypatch.setattr(resolver, "resolve", lambda *_: [endpoint])
        machine.set("DOCKER_HOST", "tcp://.example:1")
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert seen(ask()) == (
            "unavailable",
            f"no TLS with tcp://.example:1 (from DOCKER_HOST): no certificate can be for a host of that name; {FOLDER}",
        )


def test_an_engine_that_closes_after_the_handshake(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes]
) -> None:
    """To a client without a certificate that is a sign to show one; to one with it the peer is no engine."""
    with engine(server(authority), says(b"")) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("ca"), {"ca.pem": client["ca.pem"]}))
        assert ask().reason == (
            f"no TLS with {peer.host} (from DOCKER_HOST): it closed the connection, "
            f"as one does that wants to know its client; {FOLDER}"
        )
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask().reason == (
            f"what answers at {peer.host} (from DOCKER_HOST) is not a Docker engine: "
            "it closed the connection without an answer; name an engine: DOCKER_HOST=tcp://HOST:PORT"
        )


# --- files


def test_a_key_with_a_password(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """A key that would ask for its password at the terminal is a no, and nobody is asked."""
    key = serialization.load_pem_private_key(client["key.pem"], None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with engine(server(authority)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS_VERIFY", "1")
        folder = written(machine.path("locked"), {**client, "key.pem": locked})
        machine.set("DOCKER_CERT_PATH", folder)
        answer = ask()
        files = ", ".join(f"{folder}/{name}" for name in ("ca.pem", "cert.pem", "key.pem"))
        assert answer.reason.startswith(
            f"the files for TLS with {peer.host} (from DOCKER_HOST) cannot be used: {files}: "
        )
        assert answer.reason.endswith(f"; {FOLDER}")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        assert ask()


def test_files_that_are_no_certificates(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """Files of a context that do not read are a no that ends with how to give others."""
    with engine(server(authority)) as peer:
        meta = machine.add_context("my remote", {"Host": peer.host}, {"ca.pem": b"no certificate"})
        machine.set("DOCKER_CONTEXT", "my remote")
        answer = ask()
        folder = machine.home / ".docker/contexts/tls" / meta.parent.name / "docker"
        assert answer.reason.startswith(
            f"the files for TLS with {peer.host} (from the context 'my remote' in DOCKER_CONTEXT) cannot be used: "
            f"{folder}/ca.pem: "
        )
        assert answer.reason.endswith(
            "; give the right files: docker context update 'my remote' "
            f'--docker "host={peer.host},ca=ca.pem,cert=cert.pem,key=key.pem"'
        )
        for name, content in client.items():
            (folder / name).write_bytes(content)
        assert ask()


def test_a_context_without_an_authority(machine: Machine, authority: trustme.CA) -> None:
    """A context with an empty folder for TLS trusts whom the system trusts, which is not our authority."""
    with engine(server(authority)) as peer:
        machine.add_context("remote", {"Host": peer.host}, {})
        machine.set("DOCKER_CONTEXT", "remote")
        assert ask(5).reason == (
            f"no TLS with {peer.host} (from the context 'remote' in DOCKER_CONTEXT): its certificate is not accepted: "
            "unable to get local issuer certificate; give the right files: docker context update remote "
            f'--docker "host={peer.host},ca=ca.pem,cert=cert.pem,key=key.pem"'
        )
