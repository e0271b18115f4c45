"""What a reason says to do next, done: variables set, commands run, engines started where the reason has them start.

Only what would change the machine for others is played: programs that start an engine (a live peer stands there
instead), ``sudo`` (a test may do what it needs without) and ``usermod`` (the process joins the group by itself).
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import resource
import shlex
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ssot_shims import Availability, _settings
from ssot_shims._probes.docker_address import find
from tests.docker_machine import Machine, ask
from tests.hostile import ANSWER, Peer, says

OPEN = ("unix:///PATH", "tcp://HOST:PORT", "npipe:////./pipe/NAME")
ENGINES = ("dockerd", "dockerd-rootless.sh", "docker desktop start", "systemctl start docker", "colima start", "podman")


def step_of(answer: Availability) -> str:
    """The command or setting that the reason ends with."""
    return answer.reason.rpartition(": ")[2]


def assert_it_turns(answer: Availability, machine: Machine, **options: object) -> None:
    """The next step that a no ends with, done, makes it a yes."""
    assert not answer
    with done(step_of(answer), machine, **options):  # type: ignore[arg-type]  # those of done
        assert ask(_settings.timeout())


@contextlib.contextmanager
def done(
    step: str, machine: Machine, host: str = "", folder: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[None]:
    """*step*, done.

    Where it leaves names open, *host* and *folder* are put in; without a host that of a live engine. An engine that it
    starts speaks *tls*.
    """
    with contextlib.ExitStack() as stack:
        for command in step.removeprefix("sudo ").split(" && sudo "):
            words = shlex.split(command)
            if command.startswith(ENGINES):
                assert "-H" not in words or words[-1] == find().host
                stack.enter_context(Peer(free(find().host), says(ANSWER), tls))
            elif words[0] == "usermod":
                stack.enter_context(as_member(words[-1], words[-2]))
            elif words[0] == "ulimit":
                _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
                resource.setrlimit(resource.RLIMIT_NOFILE, (int(words[-1]), most))
            elif words[0] == "unset":
                for name in words[1:]:
                    machine.unset(name)
            elif words[0] in ("chmod", "docker"):
                subprocess.run(words, check=True, capture_output=True)
            else:
                settings = dict(word.split("=", 1) for word in words)
                assert all(name.isupper() for name in settings)
                if settings.get("DOCKER_HOST") in OPEN and not host:
                    at = ("127.0.0.1", 0) if "tcp" in settings["DOCKER_HOST"] else machine.path("other.sock")
                    host = stack.enter_context(Peer(at, says(ANSWER))).host
                for name, value in settings.items():
                    machine.set(name, {"FOLDER": folder, **dict.fromkeys(OPEN, host)}.get(value, value))
        yield


def free(host: str) -> str | tuple[str, int]:
    """The place that *host* names, made free for a new engine."""
    scheme, _, place = host.partition("://")
    if scheme == "unix":
        Path(place).parent.mkdir(parents=True, exist_ok=True)  # as those programs do in the folders that are their own
        Path(place).unlink(missing_ok=True)
        return place
    address, _, port = place.rpartition(":")
    return address.strip("[]"), int(port)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """As somebody whom the file system may refuse; root becomes that user, anybody else is one already."""
    with as_member("nobody", "") if os.getuid() == 0 else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def as_member(user: str, group: str) -> Iterator[None]:
    """As *user* who has logged in again as a member of *group*, by name or by number; only root can do that."""
    who, groups, acting = pwd.getpwnam(user), os.getgroups(), (os.geteuid(), os.getegid())
    os.seteuid(0)
    os.setgroups([int(group) if group.isdigit() else grp.getgrnam(group).gr_gid] if group else [])
    os.setegid(who.pw_gid)
    os.seteuid(who.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setgroups(groups)
        os.setegid(acting[1])
        os.seteuid(acting[0])
