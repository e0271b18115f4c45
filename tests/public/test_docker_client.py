"""docker_client(): the SDK's client, for the engine that the probe asks."""

from __future__ import annotations

import sys
from contextlib import closing

import docker
import pytest
import trustme

from ssot_shims import capabilities
from ssot_shims._probes.docker import docker_client
from ssot_shims.errors import Unavailable
from tests.conftest import Write
from tests.support.certificates import server
from tests.support.docker_machine import Machine
from tests.support.hostile import ANSWER, Peer, mute, says


def test_a_client_for_a_unix_socket_and_over_tcp(machine: Machine) -> None:
    """The client goes where the probe went, with the version that the engine offers, and uses no proxy."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        machine.set(name, "http://127.0.0.1:1")
    for place, below, version, options in (
        (machine.path("engine.sock"), "", "1.41", {"timeout": 3}),
        (("127.0.0.1", 0), "/below", "1.40", {"timeout": 3, "version": "1.40"}),
    ):
        with Peer(place, says(ANSWER)) as engine:
            machine.set("DOCKER_HOST", f"{engine.host}{below}")
            with closing(docker_client(**options)) as client:
                assert client.ping() is True
        assert (client.api.api_version, client.api.timeout) == (version, 3)
        asked = [question.split()[1].decode() for question in engine.questions]
        assert sorted(asked) == [f"{below}/_ping", f"{below}/v{version}/_ping"]


@pytest.mark.parametrize("verify", [True, False])
def test_a_client_over_tls(machine: Machine, verify: bool) -> None:
    """The client shows the certificate that the probe shows, and trusts whom the probe trusts."""
    authority = trustme.CA()
    own = authority.issue_cert("client")
    chain = b"".join(blob.bytes() for blob in own.cert_chain_pems)
    files = {"cert.pem": chain, "key.pem": own.private_key_pem.bytes()}
    if verify:
        files["ca.pem"] = authority.cert_pem.bytes()
    with Peer(("127.0.0.1", 0), says(ANSWER), server(authority, client_certificates=True)) as engine:
        machine.add_context("remote", {"Host": engine.host, "SkipTLSVerify": not verify}, files)
        machine.set("DOCKER_CONTEXT", "remote")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            machine.set(name, "/nowhere.pem")
        with closing(docker_client()) as client:
            assert not verify or client.ping() is True
        assert client.api.base_url == engine.host.replace("tcp", "https")


def refusal() -> Unavailable:
    """Why there is no client."""
    with pytest.raises(Unavailable) as caught:
        docker_client()
    return caught.value


def test_no_engine(machine: Machine) -> None:
    """The probe's reason and hint are raised, at once, from an engine that never answers too, or of a bad address."""
    assert refusal().reason == f"there is no socket at {machine.default} (the default)"
    machine.set("SSOT_SHIMS_TIMEOUT", "0.2")
    with Peer(str(machine.default), mute):
        error = refusal()
    assert error.reason == f"no answer from unix://{machine.default} (the default) within 0.2 s"
    assert error.hint.endswith("SSOT_SHIMS_TIMEOUT=10")
    with Peer(str(machine.default), says(ANSWER)):
        docker_client().close()
    machine.set("DOCKER_HOST", "junk://x")
    assert refusal().reason.startswith("the Docker address from DOCKER_HOST cannot be read: ")


def test_no_sdk(machine: Machine, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    """Without the SDK the reason says how to install it; one that cannot be imported is told with its cause."""
    monkeypatch.setitem(sys.modules, "docker", None)
    error = refusal()
    assert error.reason.startswith("the docker SDK cannot be imported: ")
    assert (error.hint, type(error.__cause__)) == ("install the extra: ssot-shims[docker]", ModuleNotFoundError)
    monkeypatch.setitem(sys.modules, "docker", docker)  # installed
    with Peer(str(machine.default), says(ANSWER)):
        docker_client().close()
    for name in [name for name in sys.modules if name.partition(".")[0] == "docker"]:
        monkeypatch.delitem(sys.modules, name)
    write({"docker/__init__.py": "import no_such_module"})
    assert refusal().reason == "the docker SDK cannot be imported: No module named 'no_such_module'"


@pytest.mark.parametrize("file", ["docker/build_images.py", "docker/__init__.py", "docker.py"])
def test_a_namesake_of_the_sdk(machine: Machine, monkeypatch: pytest.MonkeyPatch, write: Write, file: str) -> None:
    """A project's own folder or file is not taken for the SDK, and is told; docker_sdk says no too."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "docker"]:
        monkeypatch.delitem(sys.modules, name)
    # Before anything is written: what is put on the path goes with it.
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    is_namespace = "build" in file
    found = write({file: ""}) / ("docker" if is_namespace else file)
    shown = "(unknown location)" if is_namespace else f"({found})"
    answer = capabilities.check("docker_sdk")
    with Peer(str(machine.default), says(ANSWER)):
        reason = refusal().reason
    assert reason.endswith(f"cannot import name 'DockerClient' from 'docker' {shown}")
    assert answer.status == "unavailable"
    assert answer.reason.startswith(f"docker ({found}) has no module docker.client")


def test_ssh_is_left_to_the_sdk(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ssh address, which is not probed, goes to the SDK as it was written, to be reached by the ssh command."""
    monkeypatch.setattr(docker, "DockerClient", lambda **options: options)
    machine.set("DOCKER_HOST", "ssh://me@engine:22")
    assert docker_client(timeout=3) == {"base_url": "ssh://me@engine:22", "use_ssh_client": True, "timeout": 3}
    assert docker_client(use_ssh_client=False) == {"base_url": "ssh://me@engine:22", "use_ssh_client": False}
