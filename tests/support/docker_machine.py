"""A machine without Docker for the tests of the Docker probe: what is set on the real one is out of sight."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tempfile
from pathlib import Path

import pytest

from ssot_shims import Availability
from ssot_shims._probes import docker, docker_address
from ssot_shims._probes.docker import DockerProbe
from tests.support.http_peer import answer_of


class Machine:
    """A home folder and the place of the default socket, in a folder whose path is short enough for sockets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # The folder that pytest offers has a name too long for a socket on some machines.
        self.root = root = Path(os.path.realpath(tempfile.mkdtemp(prefix="d", dir="/tmp")))
        root.chmod(0o755)
        self.set = monkeypatch.setenv
        self.unset = monkeypatch.delenv
        for name in [name for name in os.environ if name.startswith("DOCKER_")]:
            monkeypatch.delenv(name)
        self.home, self.run, self.default = root / "home", root / "run", root / "docker.sock"
        self.home.mkdir()
        self.run.mkdir()
        self.set("HOME", str(self.home))
        self.set("XDG_RUNTIME_DIR", str(self.run))
        monkeypatch.setattr(docker_address, "DEFAULT_SOCKET", str(self.default))
        monkeypatch.setattr(docker, "_PODMAN", str(root / "podman.sock"))

    def path(self, name: str) -> str:
        return str(self.root / name)

    def offer(self, *programs: str) -> None:
        """Let *programs*, which do nothing, be all that is on PATH."""
        folder = self.root / "bin"
        folder.mkdir()
        for name in programs:
            (folder / name).touch(0o755)
        self.set("PATH", str(folder))

    def configure(self, config: object) -> None:
        """Write the docker command's config.json: bytes as they are, anything else as JSON."""
        folder = self.home / ".docker"
        folder.mkdir(exist_ok=True)
        text = config if isinstance(config, bytes) else json.dumps(config).encode()
        (folder / "config.json").write_bytes(text)

    def add_context(self, name: str, endpoint: object, tls: dict[str, bytes] | None = None) -> Path:
        """Write a context as ``docker context create`` does, and give its meta.json."""
        identity = hashlib.sha256(name.encode()).hexdigest()
        meta = self.home / ".docker" / "contexts" / "meta" / identity / "meta.json"
        meta.parent.mkdir(parents=True)
        meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
        if tls is not None:
            folder = self.home / ".docker" / "contexts" / "tls" / identity / "docker"
            folder.mkdir(parents=True)
            for file, content in tls.items():
                (folder / file).write_bytes(content)
        return meta


def ask(seconds: float = 10.0, probe: DockerProbe | None = None) -> Availability:
    """The probe's answer, which came in time, left no thread, and no socket for the garbage collector to find."""
    gc.freeze()  # so that only what this question leaves is gone through below, and not all that the whole run holds
    answer = answer_of(probe or DockerProbe(), seconds)
    gc.collect()  # an unclosed socket would be a ResourceWarning, which is an error
    gc.unfreeze()
    assert (answer.reason + answer.hint).isprintable()
    return answer


def assert_no(answer: Availability, fragment: str, status: str = "unavailable") -> None:
    """The answer is a no of that *status*, with *fragment* in what was seen."""
    assert answer.status == status, answer
    assert fragment in answer.reason


def seen(answer: Availability) -> tuple[str, str]:
    return answer.status, answer.reason
