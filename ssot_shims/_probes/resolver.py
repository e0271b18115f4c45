"""The addresses behind a host's name, within a deadline.

The system's ``getaddrinfo`` takes no deadline, and a thread that waits in it cannot be ended. So names are looked up in
a process of their own, which can.
"""

from __future__ import annotations

import os
import sys

from ssot_shims._probes.stream import remaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Endpoint = tuple[int, int, int, Any]  # what socket.socket() takes, and what its connect() takes

_LOOK_UP = """
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1].encode(), int(sys.argv[2]), type=socket.SOCK_STREAM)
    print(ascii((0, '', [(int(family), int(kind), protocol, place) for family, kind, protocol, _, place in found])))
except socket.gaierror as error:
    print(ascii((error.errno, error.strerror, [])))
"""


def resolve(host: str, port: int, deadline: float) -> list[Endpoint]:
    """Where to connect for *host* and *port*, the preferred first.

    Raises ``socket.gaierror`` for a name that does not resolve, TimeoutError at the *deadline*.
    """
    import socket

    try:
        # As bytes: Python would import a codec for other alphabets first, even for digits.
        name = (host if host.isascii() else host.encode("idna").decode()).encode("ascii")
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    if not name or b"\0" in name:  # the system would cut the name off there, and find another host
        raise socket.gaierror(socket.EAI_NONAME, "not a host name")
    try:
        return _look_up_here(name, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, then, and no number
    if name.lower() == b"localhost" or not _is_python(sys.executable):
        return _look_up_here(name, port)
    return _look_up_elsewhere(name, port, remaining(deadline))


def _is_python(executable: str | None) -> bool:
    """Whether *executable* would run our code: in a frozen or embedding program it is that program."""
    name = os.path.basename(executable or "").lower()
    return name.startswith(("python", "pypy")) and not hasattr(sys, "frozen")


def _look_up_here(name: bytes, port: int, flags: int = 0) -> list[Endpoint]:
    import socket

    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, kind, protocol, place) for family, kind, protocol, _, place in found]


def _look_up_elsewhere(name: bytes, port: int, seconds: float) -> list[Endpoint]:
    import ast
    import socket
    import subprocess

    command = [sys.executable, "-I", "-S", "-c", _LOOK_UP, name.decode(), str(port)]
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        child = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, creationflags=hidden
        )
        code, message, found = ast.literal_eval(child.stdout.decode())
    except subprocess.TimeoutExpired:
        raise TimeoutError("the name did not resolve within the deadline") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise socket.gaierror(socket.EAI_FAIL, "the process that looks names up failed") from error
    if code:
        raise socket.gaierror(code, message)
    endpoints: list[Endpoint] = found
    return endpoints
