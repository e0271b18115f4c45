"""The Docker probe over TLS: certificates of a real authority made by the test, and peers that break the handshake."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.support.certificates import Speaks, server
from tests.support.docker_machine import Machine, ask, assert_no
from tests.support.hints import assert_it_turns, step_of
from tests.support.hostile import ANSWER, Act, Conversation, Peer, hangs_up, mute, says

FOLDER = "DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def client(authority: trustme.CA) -> Files:
    """The files of a client that the engine knows."""
    certificate = authority.issue_cert("client")
    return {
        "ca.pem": authority.cert_pem.bytes(),
        "cert.pem": b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        "key.pem": certificate.private_key_pem.bytes(),
    }


@pytest.fixture
def right(machine: Machine, client: Files) -> str:
    """A folder with those files."""
    return written(machine.path("right"), client)


def written(folder: str, files: Files) -> str:
    Path(folder).mkdir()
    for name, content in files.items():
        Path(folder, name).write_bytes(content)
    return folder


def with_tls(machine: Machine, peer: Peer, folder: str) -> None:
    """Let the environment ask for *peer* over TLS with the files in *folder*."""
    machine.set("DOCKER_HOST", peer.host)
    machine.set("DOCKER_TLS_VERIFY", "1")
    machine.set("DOCKER_CERT_PATH", folder)


def engine(tls: ssl.SSLContext | None, act: Act | None = None) -> Peer:
    return Peer(("127.0.0.1", 0), act or says(ANSWER), tls)


knows_clients: Speaks = functools.partial(server, client_certificates=True)
# What the engine speaks, and the environment.
YES: dict[str, tuple[Speaks | None, str]] = {
    "a folder of files": (server, "DOCKER_TLS_VERIFY=0 DOCKER_CERT_PATH={right}"),  # any value but the empty one
    "an engine that knows its clients": (knows_clients, "DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={right}"),
    "files beside the settings": (knows_clients, "DOCKER_TLS_VERIFY=1 DOCKER_CONFIG={right}"),
    "a context's own files": (knows_clients, "DOCKER_CONTEXT=mine DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/nowhere"),
    "a context that does not verify": (
        *(lambda authority: server(authority, "other.example"), "DOCKER_CONTEXT=careless"),
    ),
    "files ask for no TLS": (None, "DOCKER_TLS_VERIFY= DOCKER_CERT_PATH={right}"),
}


@pytest.mark.parametrize(("speaks", "variables"), YES.values(), ids=YES)
def test_an_engine_over_tls(
    machine: Machine, authority: trustme.CA, client: Files, right: str, speaks: Speaks | None, variables: str
) -> None:
    """The files are those of the context, else of DOCKER_CERT_PATH, else beside the settings."""
    with engine(speaks and speaks(authority)) as peer:
        machine.add_context("mine", {"Host": peer.host}, client)
        # A certificate without its key is not used.
        machine.add_context("careless", {"Host": peer.host, "SkipTLSVerify": True}, {"cert.pem": client["cert.pem"]})
        if "CONTEXT" not in variables:
            machine.set("DOCKER_HOST", peer.host)
        for variable in variables.format(right=right).split():
            machine.set(*variable.split("="))
        assert ask().details["host"] == peer.host


def test_tls_with_whoever_answers(machine: Machine, authority: trustme.CA, right: str) -> None:
    """DOCKER_TLS alone asks for TLS and for no proof; as for the docker command, there has to be a ca.pem.

    A unix socket has no TLS, and that command wants the file all the same.
    """
    with Peer(machine.path("engine.sock"), says(ANSWER)) as peer:
        with_tls(machine, peer, right)
        assert ask()
        machine.set("DOCKER_CERT_PATH", "/nowhere")
        assert_no(ask(), "the docker command needs /nowhere/ca.pem for DOCKER_TLS_VERIFY or DOCKER_TLS, and it is not")
        assert ask().hint == "go without: unset DOCKER_TLS_VERIFY DOCKER_TLS"
        machine.set("DOCKER_HOST", "fd://")
        assert_no(ask(), "it starts with none of unix://")
    machine.unset("DOCKER_TLS_VERIFY")
    machine.unset("DOCKER_CERT_PATH")
    with engine(server(authority, "other.example")) as peer:
        machine.set("DOCKER_HOST", peer.host)
        machine.set("DOCKER_TLS", "1")
        answer = ask()
        assert_no(answer, f"the files for TLS with {peer.host} (from DOCKER_HOST) cannot be used: ")
        assert_no(answer, f"No such file or directory: '{machine.home}/.docker/ca.pem'")
        assert_it_turns(answer, machine, folder=right)


def test_a_certificate_that_is_not_accepted(machine: Machine, authority: trustme.CA, right: str) -> None:
    """The fault is told in the words of OpenSSL, and another certificate turns the answer."""
    with engine(server(authority, "localhost")) as peer:
        with_tls(machine, peer, right)
        answer = ask()
        assert_no(answer, f"no TLS with {peer.host} (from DOCKER_HOST): IP address mismatch, certificate is not valid")
        assert answer.hint == "use a name that is in the certificate"
        peer.tls = server(authority)
        assert ask()


@pytest.mark.parametrize("files", [{}, None], ids=["no files", "no TLS"])
def test_faults_of_a_context(machine: Machine, authority: trustme.CA, right: str, files: Files | None) -> None:
    """Variables for TLS do nothing for a context, so the next step goes round the context."""
    with engine(server(authority)) as peer:
        machine.add_context("remote", {"Host": peer.host}, files)
        machine.set("DOCKER_CONTEXT", "remote")
        answer = ask(5)
        assert_no(answer, "closed the connection without an answer" if files is None else "local issuer certificate")
        assert f"{peer.host} (from the context 'remote' in DOCKER_CONTEXT)" in answer.reason
        assert step_of(answer) == f"DOCKER_HOST={peer.host} {FOLDER}"
        assert_it_turns(answer, machine, folder=right)


def test_a_client_without_a_certificate(machine: Machine, authority: trustme.CA, client: Files, right: str) -> None:
    """An engine that wants to know its client refuses one without a certificate, and takes one with it."""
    context = server(authority, client_certificates=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # from 1.3 on the refusal comes later, and races with us
    with engine(context) as peer:
        with_tls(machine, peer, written(machine.path("ca"), {"ca.pem": client["ca.pem"]}))
        answer = ask()
        assert_no(answer, f"no TLS with {peer.host} (from DOCKER_HOST): ")
        assert_it_turns(answer, machine, folder=right)


@pytest.mark.parametrize("variables", ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CONTEXT"])
def test_plain_is_spoken_where_tls_is_asked_for(machine: Machine, client: Files, right: str, variables: str) -> None:
    """An engine that does not speak TLS is reached without; DOCKER_HOST is the way round the files of a context."""

    def plain(talk: Conversation) -> None:
        talk.question = talk.connection.recv(4096)
        talk.say(ANSWER if talk.question.startswith(b"GET ") else b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with engine(None, plain) as peer:
        if variables == "DOCKER_CONTEXT":
            machine.add_context("1", {"Host": peer.host}, client)
        else:
            machine.set("DOCKER_HOST", peer.host)
            machine.set("DOCKER_CERT_PATH", right)
        machine.set(variables, "1")
        answer = ask()
        assert_no(answer, f"what listens at {peer.host} (from ")
        assert_no(answer, "does not speak TLS")
        assert step_of(answer) == f"unset DOCKER_TLS_VERIFY DOCKER_TLS; export DOCKER_HOST={peer.host}"
        assert_it_turns(answer, machine)


ASKED_PLAINLY = {"closes": None, "refuses, as a real engine does": says(b"HTTP/1.0 400 Bad Request\r\n\r\n")}


@pytest.mark.parametrize("act", ASKED_PLAINLY.values(), ids=ASKED_PLAINLY)
def test_an_engine_that_wants_tls(machine: Machine, authority: trustme.CA, right: str, act: Act | None) -> None:
    """A TLS engine that is asked plainly is a no; with TLS it is a yes."""
    tls = server(authority)
    with engine(None if act else tls, act) as peer:
        machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        assert_no(answer, "is not a Docker engine: it ")
        assert answer.hint.startswith("if it speaks TLS, name the folder of ")
        peer.tls, peer.act = tls, says(ANSWER)
        assert_it_turns(answer, machine, folder=right)


def test_a_handshake_that_does_not_end(machine: Machine, right: str) -> None:
    """It is given up at the deadline; one that the peer breaks off did not come about, and other files may do."""
    with engine(None, mute) as peer:
        with_tls(machine, peer, right)
        assert_no(ask(0.3), f"no answer from {peer.host} (from DOCKER_HOST)", "timed_out")
        peer.act = hangs_up
        answer = ask()
        assert_no(answer, f"no TLS with {peer.host} (from DOCKER_HOST): ")
        assert step_of(answer) == f"DOCKER_HOST={peer.host} {FOLDER}"


def test_another_server_over_tls(machine: Machine, authority: trustme.CA, client: Files, right: str) -> None:
    """To a client without a certificate it may be a sign to show one; to one with it the peer is no engine."""
    with engine(server(authority), says(b"")) as peer, engine(server(authority)) as other:
        with_tls(machine, peer, written(machine.path("ca"), {"ca.pem": client["ca.pem"]}))
        answer = ask()
        evidence = "is not a Docker engine: it closed the connection without an answer"
        assert_no(answer, f"what answers at {peer.host} (from DOCKER_HOST) {evidence}")
        assert step_of(answer) == f"DOCKER_HOST={peer.host} {FOLDER}"
        with_tls(machine, peer, right)
        answer = ask()
        assert_no(answer, evidence)
        assert_it_turns(answer, machine, host=other.host)


def test_a_key_with_a_password(machine: Machine, authority: trustme.CA, client: Files, right: str) -> None:
    """A key that would ask for its password at the terminal is a no, and nobody is asked."""
    key, kind = serialization.load_pem_private_key(client["key.pem"], None), serialization.PrivateFormat
    password = serialization.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(serialization.Encoding.PEM, kind.TraditionalOpenSSL, password)
    with engine(server(authority)) as peer:
        folder = written(machine.path("locked"), {**client, "key.pem": locked})
        with_tls(machine, peer, folder)
        answer = ask()
        files = ", ".join(f"{folder}/{name}" for name in ("ca.pem", "cert.pem", "key.pem"))
        assert_no(answer, f"the files for TLS with {peer.host} (from DOCKER_HOST) cannot be used: {files}: SSLError")
        assert_it_turns(answer, machine, folder=right)
