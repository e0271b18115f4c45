"""What a hint says to do, done: variables set, commands run, engines started. And every reason with its hint, in full.

Only what would change the machine for others is played: programs that start an engine (a live peer stands there
instead), ``sudo`` (a test may do what it needs without) and ``usermod`` (the process joins the group by itself).
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shlex
import ssl
from collections.abc import Iterator
from pathlib import Path

from ssot_shims import Availability, _settings
from tests.support.docker_machine import Machine, ask
from tests.support.hostile import ANSWER, Peer, says

OPEN = ("unix:///PATH", "tcp://HOST:PORT", "npipe:///PATH")

# The whole texts of the Docker probe, which other tests assert by a fragment.
NAME_ONE = "name an engine: DOCKER_HOST=unix:///PATH"
META = "{home}/.docker/contexts/meta/{identity}"
DOCKER = {
    "no socket": ("there is no socket at {path} (from DOCKER_HOST)", NAME_ONE),
    "no socket at the default": (
        "there is no socket at {default} (the default)",
        "start an engine there: sudo dockerd",
    ),
    "no socket, another is there": (
        "there is no socket at {path} (from DOCKER_HOST)",
        "another socket is there: DOCKER_HOST=unix://{default}",
    ),
    "a stale socket": ("nothing listens at the socket {path} (from DOCKER_HOST), which is stale", NAME_ONE),
    "permission": (
        "permission denied at {path} (from DOCKER_HOST)",
        "join the group {group}, and log in again: sudo usermod -aG {group} $USER",
    ),
    "no answer": (
        "no answer from unix://{path} (from DOCKER_HOST) within 0.3 s",
        "restart that engine, or give it longer: SSOT_SHIMS_TIMEOUT=10",
    ),
    "not an engine": (
        "what answers at unix://{path} (from DOCKER_HOST) is not a Docker engine: "
        "it closed the connection without an answer",
        NAME_ONE,
    ),
    "an unknown context": (
        f"there is no Docker address from the context 'gone' in DOCKER_CONTEXT: {META}: No such file or directory",
        "choose another context, or the default one: DOCKER_CONTEXT=default",
    ),
    "an unreadable address": (
        "the Docker address from DOCKER_HOST cannot be read: "
        "it starts with none of unix://, tcp://, npipe:// and ssh://",
        "write it like this: DOCKER_HOST=tcp://HOST:PORT",
    ),
    "ssh": (
        "the engine at ssh://engine (from DOCKER_HOST) is not probed, because that takes a login",
        "if it is there, say so: SSOT_SHIMS_HAS_DOCKER=1",
    ),
}


def step_of(answer: Availability) -> str:
    """The command or setting that the hint ends with."""
    return answer.hint.rpartition(": ")[2]


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
    step, _, rest = step.removeprefix("sudo ").partition("; ")
    words = shlex.split(step)
    with contextlib.ExitStack() as stack:
        if words[0] == "dockerd":
            Path(machine.default).unlink(missing_ok=True)
            stack.enter_context(Peer(str(machine.default), says(ANSWER), tls))
        elif words[0] == "usermod":
            stack.enter_context(as_member("nobody", words[-2]))
        elif words[0] == "unset":
            for name in words[1:]:
                machine.unset(name, raising=False)
        else:
            settings = dict(word.split("=", 1) for word in words if word != "export")
            assert all(name.isupper() for name in settings)
            if settings.get("DOCKER_HOST") in OPEN and not host:
                at = ("127.0.0.1", 0) if "tcp" in settings["DOCKER_HOST"] else machine.path("other.sock")
                host = stack.enter_context(Peer(at, says(ANSWER))).host
            for name, value in settings.items():
                machine.set(name, {"FOLDER": folder, **dict.fromkeys(OPEN, host)}.get(value, value))
        if rest:
            stack.enter_context(done(rest, machine, host, folder, tls))
        yield


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
