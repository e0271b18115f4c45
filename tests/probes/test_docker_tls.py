"""The Docker probe over TLS: certificates of a real authority made by the test, and peers that break the handshake."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.conftest import IS_ROOT
from tests.support.certificates import Speaks, expired, for_clients_only, not_yet_valid, server
from tests.support.docker_machine import Machine, ask, assert_no
from tests.support.hints import as_nobody, assert_it_turns, done, step_of
from tests.support.hostile import ANSWER, Act, Conversation, Peer, drips, hangs_up, mute, says

FOLDER = "DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER"


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


def written(folder: str, files: dict[str, bytes]) -> str:
    Path(folder).mkdir()
    for name, content in files.items():
        Path(folder, name).write_bytes(content)
    return folder


def with_tls(machine: Machine, peer: Peer, files: dict[str, bytes], folder: str = "certs") -> None:
    """Let the environment ask for *peer* over TLS with *files*."""
    machine.set("DOCKER_HOST", peer.host)
    machine.set("DOCKER_TLS_VERIFY", "1")
    machine.set("DOCKER_CERT_PATH", written(machine.path(folder), files))


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


def test_tls_with_whoever_answers(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """DOCKER_TLS alone asks for TLS and for no proof; as for the docker command, there has to be a ca.pem."""
    with engine(server(authority, "other.example")) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS", "1")
        answer = ask()
        assert_no(answer, f"the files for TLS with {peer.host} (from DOCKER_HOST) cannot be used: ")
        assert_no(answer, f"No such file or directory: '{machine.home}/.docker/ca.pem'")
        assert_it_turns(answer, machine, folder=written(machine.path("certs"), client))


def test_a_certificate_path_alone(machine: Machine, client: dict[str, bytes]) -> None:
    """DOCKER_CERT_PATH, or an empty DOCKER_TLS_VERIFY, does not ask for TLS."""
    with engine(None) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        machine.set("DOCKER_TLS_VERIFY", "")
        assert ask()
    assert peer.questions[0].startswith(b"GET /_ping ")


# --- no


STRANGER = trustme.CA(organization_name="another").cert_pem.bytes()
# What the engine speaks, the files of the client that are other than the right ones, and the problem.
FAULTS: dict[str, tuple[Speaks, dict[str, bytes], str]] = {
    "an authority that nobody here trusts": (server, {"ca.pem": STRANGER}, "unable to get local issuer certificate"),
    "another name": (
        lambda authority: server(authority, "localhost"),
        {},
        "IP address mismatch, certificate is not valid for '127.0.0.1'",
    ),
    "a certificate that has expired": (expired, {}, "certificate has expired"),
    "a certificate that is not valid yet": (not_yet_valid, {}, "certificate is not yet valid"),
    "a certificate for clients": (for_clients_only, {}, "unsuitable certificate purpose"),
}


@pytest.mark.parametrize(("speaks", "wrong", "problem"), FAULTS.values(), ids=FAULTS)
def test_a_certificate_that_is_not_accepted(
    machine: Machine,
    authority: trustme.CA,
    client: dict[str, bytes],
    speaks: Speaks,
    wrong: dict[str, bytes],
    problem: str,
) -> None:
    """The fault is told in the words of OpenSSL, and the right files, name or certificate turn the answer."""
    with engine(speaks(authority)) as peer:
        with_tls(machine, peer, client | wrong)
        answer = ask()
        assert_no(answer, f"no TLS with {peer.host} (from DOCKER_HOST): {problem}")
        if wrong:
            assert_it_turns(answer, machine, folder=written(machine.path("right"), client))
        elif "IP address" in problem:
            machine.set("DOCKER_HOST", peer.host.replace("127.0.0.1", "localhost"))
            assert ask()
        place = peer.place
    if not wrong and "IP address" not in problem:
        with Peer(place, says(ANSWER), server(authority)):
            assert ask()


IN_A_CONTEXT: dict[str, tuple[Speaks, dict[str, bytes] | None, str]] = {
    "an authority that nobody here trusts": (server, {}, "no TLS with {shown}: unable to get local issuer certificate"),
    "no TLS asked for": (
        *(server, None),
        "what answers at {shown} is not a Docker engine: it closed the connection without an answer",
    ),
}


@pytest.mark.parametrize(("speaks", "files", "problem"), IN_A_CONTEXT.values(), ids=IN_A_CONTEXT)
def test_faults_of_a_context(
    machine: Machine,
    authority: trustme.CA,
    client: dict[str, bytes],
    speaks: Speaks,
    files: dict[str, bytes] | None,
    problem: str,
) -> None:
    """Variables for TLS do nothing for a context, so the next step goes round the context."""
    with engine(speaks(authority)) as peer:
        machine.add_context("remote", {"Host": peer.host}, files)
        machine.set("DOCKER_CONTEXT", "remote")
        answer = ask(5)
        assert_no(answer, problem.format(shown=f"{peer.host} (from the context 'remote' in DOCKER_CONTEXT)"))
        assert step_of(answer) == f"DOCKER_HOST={peer.host} {FOLDER}"
        assert_it_turns(answer, machine, folder=written(machine.path("right"), client))


def test_a_client_without_a_certificate(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """An engine that wants to know its client refuses one without a certificate, and takes one with it."""
    for version, words in MUTUAL.items():
        context = server(authority, client_certificates=True)
        context.maximum_version = version
        with engine(context) as peer:
            with_tls(machine, peer, {"ca.pem": client["ca.pem"]}, f"ca {version}")
            answer = ask()
            assert answer.status == "unavailable"
            shown = f"{peer.host} (from DOCKER_HOST)"
            assert answer.reason.startswith(tuple(word.format(shown=shown) for word in words))
            assert_it_turns(answer, machine, folder=written(machine.path(f"certs {version}"), client))


# Releases of OpenSSL differ in the first word. From TLS 1.3 on it comes after the handshake, and races with us.
MUTUAL = {
    ssl.TLSVersion.TLSv1_2: (
        "no TLS with {shown}: SSLV3_ALERT_HANDSHAKE_FAILURE",
        "no TLS with {shown}: SSL/TLS_ALERT_HANDSHAKE_FAILURE",
    ),
    ssl.TLSVersion.TLSv1_3: (
        "no TLS with {shown}: TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "no TLS with {shown}: Connection reset by peer",
        "no TLS with {shown}: EOF occurred in violation of protocol",
        "what answers at {shown} is not a Docker engine: it closed the connection without an answer",
    ),
}


def plain(talk: Conversation) -> None:
    """What web servers do: answer a question, and refuse whatever is none."""
    talk.question = talk.connection.recv(4096)
    talk.say(ANSWER if talk.question.startswith(b"GET ") else b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("variables", ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_TLS_VERIFY DOCKER_TLS"])
def test_plain_is_spoken_where_tls_is_asked_for(machine: Machine, client: dict[str, bytes], variables: str) -> None:
    """An engine that does not speak TLS is reached without."""
    with engine(None, plain) as peer:
        machine.set("DOCKER_HOST", peer.host)
        for variable in variables.split():
            machine.set(variable, "1")
        machine.set("DOCKER_CERT_PATH", written(machine.path("certs"), client))
        answer = ask()
        assert_no(answer, f"what listens at {peer.host} (from DOCKER_HOST) does not speak TLS")
        assert step_of(answer) == f"unset DOCKER_TLS_VERIFY DOCKER_TLS; export DOCKER_HOST={peer.host}"
        assert_it_turns(answer, machine)


def test_plain_is_spoken_where_a_context_has_tls(machine: Machine, client: dict[str, bytes]) -> None:
    """With a context, DOCKER_HOST is the way round its files."""
    with engine(None, plain) as peer:
        machine.add_context("remote", {"Host": peer.host}, client)
        machine.set("DOCKER_CONTEXT", "remote")
        answer = ask()
        assert_no(
            answer, f"what listens at {peer.host} (from the context 'remote' in DOCKER_CONTEXT) does not speak TLS"
        )
        assert_it_turns(answer, machine)


TLS_PEERS = {
    "closes": (says(b""), "it closed the connection without an answer"),
    "refuses": (says(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "it answered GET /_ping with status 400"),
    "alerts": (says(b"\x15\x03\x03\x00\x02\x02\x28"), r"it sent b'\x15\x03\x03\x00\x02\x02(', which is not HTTP"),
}


@pytest.mark.parametrize(("act", "evidence"), TLS_PEERS.values(), ids=TLS_PEERS)
def test_a_peer_that_may_speak_tls(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes], act: Act, evidence: str
) -> None:
    """What servers that speak TLS do with a plain question is a no, and asking them with TLS turns it."""

    def speaks_tls_where_asked(talk: Conversation) -> None:
        if talk.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            with context.wrap_socket(talk.connection, server_side=True) as talk.connection:
                says(ANSWER)(talk)
        else:
            act(talk)

    context = server(authority)
    written(str(machine.home / ".docker"), client)
    with engine(None, speaks_tls_where_asked) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        assert_no(answer, f"is not a Docker engine: {evidence}")
        assert answer.hint.startswith("if it speaks TLS, ")
        assert_it_turns(answer, machine, folder=str(machine.home / ".docker"))


def test_tls_is_spoken_where_plain_is_asked_for(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes]
) -> None:
    """A real TLS engine that is asked plainly is a no; with TLS it is a yes."""
    with engine(server(authority)) as peer:
        machine.set("DOCKER_HOST", peer.host)
        written(str(machine.home / ".docker"), client)
        answer = ask()
        assert_no(answer, "is not a Docker engine: it closed the connection without an answer")
        assert_it_turns(answer, machine, folder=str(machine.home / ".docker"))


HANDSHAKES = {"hangs": mute, "drips": drips(b"\x16\x03\x03\x40\x00", b"\x02\x00", every=0.1)}


@pytest.mark.parametrize("act", HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_handshake_that_does_not_end(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes], act: Act
) -> None:
    """A handshake is given up at the deadline; a restarted engine is a yes."""

    def without_question(talk: Conversation) -> None:
        talk.question = b"\r\n\r\n"  # there is none to listen to
        act(talk)

    with engine(None, without_question) as peer:
        with_tls(machine, peer, client)
        assert_no(ask(0.3), f"no answer from {peer.host} (from DOCKER_HOST)", "timed_out")
        place = peer.place
    with Peer(place, says(ANSWER), server(authority)):
        assert ask()


def test_a_slow_handshake(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """With the time that the reason names, an engine that is slow to shake hands is a yes."""

    def late(talk: Conversation) -> None:
        talk.wait(0.5)
        talk.connection = context.wrap_socket(talk.connection, server_side=True)
        says(ANSWER)(talk)
        talk.connection.close()

    context = server(authority)
    with engine(None, late) as peer:
        with_tls(machine, peer, client)
        answer = ask(0.3)
        assert_no(answer, f"no answer from {peer.host} (from DOCKER_HOST)", "timed_out")
        assert_it_turns(answer, machine)


def hangs_up_on_strangers(context: ssl.SSLContext) -> Act:
    """Speak TLS with clients that show a certificate, and close on any other without an alert."""

    def act(talk: Conversation) -> None:
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(received, sent, server_side=True)
        steps: list[Callable[[], object]] = [tls.do_handshake, lambda: tls.read(4096), lambda: tls.write(ANSWER)]
        while steps:
            try:
                steps[0]()
                del steps[0]
            except ssl.SSLWantReadError:
                talk.say(sent.read())
                received.write(talk.connection.recv(4096))
        talk.say(sent.read())

    return act


def test_a_handshake_that_is_broken_off(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """A peer that closes in the handshake is told as TLS that did not come about; the right files may do."""
    context = server(authority, client_certificates=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    for act in (hangs_up, hangs_up_on_strangers(context)):
        with engine(None, act) as peer:
            with_tls(machine, peer, {"ca.pem": client["ca.pem"]}, act.__name__)
            answer = ask()
            assert_no(answer, f"no TLS with {peer.host} (from DOCKER_HOST): ")
            if act is not hangs_up:
                assert_it_turns(answer, machine, folder=written(machine.path("certs"), client))


def test_another_server_over_tls(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """What is wrong after the handshake is told as it is without TLS; a refused connection too."""
    with engine(server(authority), says(b"HTTP/1.1 404 Not Found\r\n\r\n")) as peer, engine(server(authority)) as other:
        with_tls(machine, peer, client)
        answer, host = ask(), peer.host
        assert_no(answer, f"what answers at {host} (from DOCKER_HOST) is not a Docker engine: ")
        assert_it_turns(answer, machine, host=other.host)
    machine.set("DOCKER_HOST", host)
    answer = ask()
    assert_no(answer, f"nothing listens at {host} (from DOCKER_HOST)")


def test_an_engine_that_closes_after_the_handshake(
    machine: Machine, authority: trustme.CA, client: dict[str, bytes]
) -> None:
    """To a client without a certificate that is a sign to show one; to one with it the peer is no engine."""
    with engine(server(authority), says(b"")) as peer, engine(server(authority)) as other:
        with_tls(machine, peer, {"ca.pem": client["ca.pem"]}, "ca")
        answer = ask()
        assert_no(answer, "is not a Docker engine: it closed the connection without an answer")
        with done(step_of(answer), machine, folder=written(machine.path("certs"), client)):
            answer = ask()
        assert_no(answer, "is not a Docker engine: it closed the connection without an answer")
        assert_it_turns(answer, machine, host=other.host)


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
        with_tls(machine, peer, {**client, "key.pem": locked}, "locked")
        answer, folder = ask(), machine.path("locked")
        files = ", ".join(f"{folder}/{name}" for name in ("ca.pem", "cert.pem", "key.pem"))
        assert_no(answer, f"the files for TLS with {peer.host} (from DOCKER_HOST) cannot be used: {files}: SSLError")
        assert_it_turns(answer, machine, folder=written(machine.path("certs"), client))


@pytest.mark.skipif(not IS_ROOT, reason="only root can be somebody whom the file system refuses, and back")
def test_files_of_somebody_else(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """A key that this user may not read is told in the system's words; a folder with one that he may turns it."""
    with engine(server(authority)) as peer:
        with_tls(machine, peer, client)
        folder = Path(machine.path("certs"))
        (folder / "key.pem").chmod(0o600)
        files = ", ".join(f"{folder}/{name}" for name in ("ca.pem", "cert.pem", "key.pem"))
        right = written(machine.path("right"), client)
        with as_nobody():
            answer = ask()
            assert_no(answer, f" cannot be used: {files}: PermissionError: [Errno 13] Permission denied")
            assert_it_turns(answer, machine, folder=right)


def test_files_that_are_no_certificates(machine: Machine, authority: trustme.CA, client: dict[str, bytes]) -> None:
    """Files of a context that do not read are a no that ends with how to give others."""
    with engine(server(authority)) as peer:
        meta = machine.add_context("my remote", {"Host": peer.host}, {"ca.pem": b"no certificate"})
        machine.set("DOCKER_CONTEXT", "my remote")
        answer = ask()
        file = machine.home / ".docker/contexts/tls" / meta.parent.name / "docker/ca.pem"
        assert_no(answer, f"the files for TLS with {peer.host} (from the context 'my remote' in DOCKER_CONTEXT)")
        assert_no(answer, f"{file}: SSLError")
        assert_it_turns(answer, machine, folder=written(machine.path("right"), client))
