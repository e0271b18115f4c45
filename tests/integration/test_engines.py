"""Real engines: dockerd and podman, which only root can start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker  # noqa: F401  # what a test imports is taken back after it, and requests is no whole twice
import pytest
import trustme

from ssot_shims import capabilities
from ssot_shims._probes.docker import DockerProbe, docker_client
from tests.support.docker_machine import Machine, ask, assert_no, seen
from tests.support.hostile import free_port
from tests.support.servers import need, running, short_folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def answers(host: str) -> bool:
    """Whether an engine answers at *host*."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", host)
        return bool(DockerProbe().ask(time.monotonic() + 5))


def dockerd_command(folder: Path, host: str) -> list[str]:
    command = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs", "-H", host]
    command += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    return [*command, "--pidfile", f"{folder}/dockerd.pid"]


def podman_command(folder: Path) -> list[str]:
    return ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/runroot", "--storage-driver", "vfs"]


@pytest.fixture(scope="module")
def dockerd(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and process of a real dockerd, which listens with TLS at a port too."""
    need("docker", "dockerd", "docker.io", as_root=True)
    host = f"unix://{folder}/dockerd.sock"
    with running(dockerd_command(folder, host), folder / "dockerd.log", lambda: answers(host)) as process:
        yield host, process


@pytest.fixture(scope="module")
def podman(folder: Path) -> Iterator[str]:
    """The address of a real podman."""
    need("podman", "podman", "podman", as_root=True)
    host = f"unix://{folder}/podman.sock"
    command = [*podman_command(folder), "system", "service", "--time=0", host]
    with running(command, folder / "podman.log", lambda: answers(host)):
        yield host


def host_of(request: pytest.FixtureRequest, kind: str) -> str:
    """Where the engine of that kind listens."""
    return request.getfixturevalue("dockerd")[0] if kind == "docker" else request.getfixturevalue("podman")


@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_an_engine(request: pytest.FixtureRequest, machine: Machine, kind: str) -> None:
    """A real dockerd or podman is a yes with its kind and version, and the SDK's client agrees."""
    host = host_of(request, kind)
    machine.set("DOCKER_HOST", host)
    answer = ask(5)
    with contextlib.closing(docker_client()) as client:
        found = client.version()
        assert client.ping() is True
    api = found["ApiVersion"]
    name = "a Docker engine" if kind == "docker" else f"Podman {found['Version']}"
    assert seen(answer) == ("available", f"{name} with API {api} answers at {host} (from DOCKER_HOST)")
    assert answer.details == {"kind": kind, "api_version": api, "host": host}


def test_a_stopped_dockerd(machine: Machine, dockerd: tuple[str, subprocess.Popen[bytes]]) -> None:
    """A dockerd that does not run on is no answer at the deadline; when it runs on it is a yes."""
    host, process = dockerd
    machine.set("DOCKER_HOST", host)
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # the signal is sent before it has stopped anything
    try:
        answer = ask(1.0)
    finally:
        process.send_signal(signal.SIGCONT)
    assert_no(answer, f"no answer from {host} (from DOCKER_HOST) within 1 s", "timed_out")
    assert ask(10)


def test_dockerd_with_tls(machine: Machine, tmp_path: Path) -> None:
    """A real dockerd that knows its clients is a yes with a certificate, and no TLS answer without."""
    need("docker", "dockerd", "docker.io", as_root=True)
    authority = trustme.CA()
    certificates = machine.root / "certs"
    certificates.mkdir()
    authority.cert_pem.write_to_path(str(certificates / "ca.pem"))
    for name, issued in (("", authority.issue_cert("client")), ("server-", authority.issue_cert("127.0.0.1"))):
        (certificates / f"{name}cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        issued.private_key_pem.write_to_path(str(certificates / f"{name}key.pem"))
    tls = ["--tlsverify", "--tlscacert", f"{certificates}/ca.pem"]
    tls += ["--tlscert", f"{certificates}/server-cert.pem", "--tlskey", f"{certificates}/server-key.pem"]
    machine.set("DOCKER_CERT_PATH", str(certificates))
    machine.set("DOCKER_TLS_VERIFY", "1")
    with contextlib.ExitStack() as stack:
        host = f"tcp://127.0.0.1:{stack.enter_context(free_port())}"
        machine.set("DOCKER_HOST", host)
        command = [*dockerd_command(machine.root, host), *tls]
        stack.enter_context(running(command, tmp_path / "log", lambda: DockerProbe().ask(time.monotonic() + 1)))
        with contextlib.closing(docker_client()) as client:
            assert client.ping() is True
        (certificates / "cert.pem").unlink()
        assert ask(5).reason.startswith(f"no TLS with {host} (from DOCKER_HOST): ")
        machine.unset("DOCKER_TLS_VERIFY")
        assert_no(ask(5), "is not a Docker engine: it answered GET /_ping with status 400")


def test_the_docker_command_agrees(machine: Machine, dockerd: tuple[str, subprocess.Popen[bytes]]) -> None:
    """For each way to choose an address, the real docker command reaches an engine exactly where the probe does."""
    need("docker", "docker", "docker.io")
    host, _ = dockerd
    path = host.removeprefix("unix://")
    machine.add_context("real", {"Host": host})
    machine.add_context("a/b ü", {"Host": host})
    machine.add_context("gone", {"Host": f"unix://{path}x"})
    machine.add_context("empty", None)
    nested = b'{"currentContext": "real", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    hosts = ("", host, path, host.upper(), f"{host}?x")
    contexts = ("a/b ü", "empty", "unknown")
    settings: list[tuple[dict[str, str], bytes]] = [
        *(({"DOCKER_HOST": host} if host else {}, b"") for host in hosts),
        *(({"DOCKER_CONTEXT": context}, b"") for context in contexts),
        ({"DOCKER_HOST": f" {host} "}, b'{"currentContext": "gone"}'),
        ({"DOCKER_HOST": host, "DOCKER_CONTEXT": "gone"}, b""),
        ({"DOCKER_HOST": host, "DOCKER_CERT_PATH": "/nowhere"}, b""),
        ({"DOCKER_CONTEXT": "real"}, b'{"currentContext": "gone"}'),
        ({"DOCKER_CONTEXT": "gone"}, b'{"currentContext": "real"}'),
        ({"DOCKER_CONTEXT": "default"}, b'{"currentContext": "real"}'),
        *(({}, text) for text in (b'{"currentContext": "real"}', b'{"CURRENTcontext": "real"} and more', nested)),
        *(({}, text) for text in (b'{"currentContext": "real"', b'["currentContext", "real"]')),
    ]
    for variables, config in settings:
        machine.configure(config)
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"):
            machine.set(name, variables[name]) if name in variables else machine.unset(name, raising=False)
        printed = subprocess.run(["docker", "version"], capture_output=True, check=False)
        assert (printed.returncode == 0) is bool(ask(5)), (variables, config[:50], printed.stderr)


@pytest.fixture(scope="module")
def image(folder: Path) -> str:
    """An image of one program that needs nothing else, as a tar file."""
    program = shutil.which("busybox")
    if program is None:
        pytest.skip("busybox is not installed; to test it: apt-get install busybox-static")
    with tarfile.open(folder / "tiny.tar", "w") as tar:
        tar.add(os.path.realpath(program), "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    return str(folder / "tiny.tar")


STATES = {"up": "running", "made": "created", "done": "exited", "held": "paused"}
HERE = {name: (state, f"is {state}", []) for name, state in STATES.items()}
CHECKED = {
    "well": ("running", "is running (health: healthy)", ["--health-cmd", "/bin/busybox true"]),
    "ill": ("running", "is running (health: unhealthy)", ["--health-cmd", "/bin/busybox false"]),
}


@pytest.mark.parametrize("kind", ["docker", pytest.param("podman", marks=pytest.mark.slow)])
def test_real_containers(request: pytest.FixtureRequest, machine: Machine, folder: Path, image: str, kind: str) -> None:
    """In each state, of a real engine; health checks of podman need systemd, and are left to dockerd."""
    host = host_of(request, kind)
    machine.set("DOCKER_HOST", host)
    command = ["docker"]
    if kind == "podman":  # crun wants another kind of control groups than some machines have
        command = podman_command(folder) + (["--runtime", "runc"] if shutil.which("runc") else [])
    containers = HERE | (CHECKED if kind == "docker" else {})

    def run(*arguments: str) -> None:
        subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=60)

    run("import", image, "tiny")
    try:
        for name, (state, _, options) in containers.items():
            options = [*options, "--health-interval", "1s", "--health-retries", "1"] if options else options
            options = ["--name", name, "--network", "none", "--ulimit", "nofile=1024:1024", *options]
            start = ["create"] if state == "created" else ["run", "--detach"]
            what = ["true"] if state == "exited" else ["sleep", "1000"]
            run(*start, *options, "--ulimit", "nproc=16384:16384", "tiny", "/bin/busybox", *what)
        run("pause", "held")
        for name, (state, reason, _) in containers.items():
            notation = f"docker:container={name}"
            until = time.monotonic() + 20
            while reason not in capabilities.check(notation).reason and time.monotonic() < until:
                time.sleep(0.2)
                capabilities.refresh(notation)
            answer = capabilities.check(notation)
            assert f"the container {name!r} {reason}" == answer.reason
            assert bool(answer) is (name in ("up", "well"))
            assert answer.details["state"] == state
        assert_no(capabilities.check("docker:container=gone"), f"there is no container 'gone' at {host}")
        assert capabilities.check("docker:container=up", wait=5)
    finally:
        run("rm", "--force", *containers)
