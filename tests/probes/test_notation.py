"""The short notation of probes: what reads, and what is said about the part that does not."""

from __future__ import annotations

import pickle

import pytest

from ssot_shims._capabilities.capability import capability
from ssot_shims._probes.http import HttpProbe
from ssot_shims._probes.notation import Combination, Probe, read, without_secrets
from ssot_shims.errors import InvalidDeclaration
from tests.conftest import run

SCHEMES = (
    "tcp://host:port, unix:///absolute/path, http://host/path, https://host/path, command:NAME, "
    "module:NAME or module:NAME>=2, import:pkg.mod, docker:container=NAME, env:NAME or env:NAME=value, "
    "python:pkg.mod:function, all:NAME,NAME, any:NAME,NAME"
)
PORT = "a port from 1 to 65535"
VERSION = "module:NAME with a version specifier such as >=2 or >=1.26,<2"
CONTAINER = "letters, digits, _, . and -: docker:container=NAME"
ENV = "env:NAME or env:NAME=value"
ALONE = "the command alone: it is not run"
FUNCTION = "python:pkg.mod:function"
BLANK = "has a blank at its start or end, or a character that does not print"

WRONG = {
    " tcp://localhost:5432": (BLANK, "neither"),
    "tcp://localhost:5432\n": (BLANK, "neither"),
    "unix:///run/a\0b.sock": (BLANK, "neither"),
    "postgres": ("has an unknown scheme 'postgres'", SCHEMES),
    "tpc://localhost:5432": ("has an unknown scheme 'tpc'; close: tcp", SCHEMES),
    "localhost:5432": ("has an unknown scheme 'localhost'", "tcp://localhost:5432"),
    "docker:": ("names no container", "docker:container=NAME"),
    "docker:image=postgres": ("asks for 'image'", "docker:container=NAME"),
    "docker:container=../x": ("names the container '../x'", CONTAINER),
    "TCP://localhost:5432": ("has an unknown scheme 'TCP'; close: tcp", SCHEMES),
    # --- addresses
    "tcp:localhost:5432": ("has no // after tcp:", "tcp://host:port"),
    "tcp://localhost": ("is not a host and a port", "tcp://host:port"),
    "tcp://localhost:0": ("has the port '0'", PORT),
    "tcp://localhost:65536": ("has the port '65536'", PORT),
    "tcp://localhost:\u0665": ("has the port '\u0665'", PORT),
    "tcp://:5432": ("has no host", "tcp://host:port"),
    "tcp://::1:5432": ("has more than one colon in '::1:5432'", "brackets around an IPv6 address: [::1]:port"),
    "tcp://[::1]5432": ("has '[::1]5432', which is no IPv6 address in brackets", "[::1]:port"),
    "tcp://[::1]": ("is not a host and a port", "tcp://host:port"),
    "tcp://[localhost]:5432": ("has '[localhost]:5432', which is no IPv6 address in brackets", "[::1]:port"),
    "tcp://local host:5432": ("has the host 'local host' with ' ' in it", "a host name or an IP address"),
    "http://fa\u00df.example/health": ("has the host 'fa\u00df.example', which is not in ASCII", "its xn-- spelling"),
    "tcp://localhost:5432/db": ("is not a host and a port", "tcp://host:port"),
    "unix://run/app.sock": ("has no absolute path after the //", "unix:///absolute/path"),
    "https://localhost/a b": ("has ' ' after the host", "an escape such as %20 in its place"),
    "https://localhost/#top": ("has '#' after the host", "an escape such as %20 in its place"),
    # --- the rest
    "command:": ("names no command", "command:NAME"),
    "command:git status": ("has more than a command in 'git status'", ALONE),
    "module:": ("names the module '', which is not a dotted name", "module:NAME or module:NAME>=2"),
    "module:a-b": ("names the module 'a-b', which is not a dotted name", "module:NAME or module:NAME>=2"),
    "module:numpy>=2,banana": ("has the version '>=2,banana'", VERSION),
    "module:numpy~=2": ("has the version '~=2'", VERSION),
    "env:": ("names the variable ''", "letters, digits and _, and no digit first: env:NAME"),
    "env:CI=": ("compares with no value", ENV),
    "env:MY-VAR": ("names the variable 'MY-VAR'", "letters, digits and _, and no digit first: env:NAME"),
    "python:acme.probes": ("names the function '', which is not a dotted name", FUNCTION),
    "import:acme.ws:Limits": ("names the module 'acme.ws:Limits', which is not a dotted name", "import:pkg.mod"),
    "python:acme:gpu()": ("names the function 'gpu()', which is not a dotted name", FUNCTION),
    "any:Docker": ("names the capability 'Docker', which is not a valid name", "any:NAME,NAME"),
    "all:docker, postgres": ("names the capability ' postgres', which is not a valid name", "all:NAME,NAME"),
    "all:_x": ("names the capability '_x', which is not a valid name", "all:NAME,NAME"),
}


READS = [
    "tcp://localhost:5432",
    "tcp://[::1]:5432",
    "tcp://[fe80::1%eth0]:5432",
    "tcp://my_service.local.:80",
    "unix:///run/postgresql/.s.PGSQL.5432",
    "unix:///run/user@1000/a b?c#d.sock",
    "http://localhost:8000/health",
    "https://[::1]:8443/@vite/client",
    "command:/opt/python@3.12/bin/my tool",
    "module:numpy>=2",
    "module:google.cloud.storage >= 2, != 2.5.*",
    "env:CI",
    "env:RUN_E2E=true",
    "env:FLAGS=-x --y=1 //",
    "python:acme.probes:Gpu.is_there",
    "all:docker,postgres",
]

SECRETS = {
    "tcp://me:hunter2@localhost:5432": "tcp://***@localhost:5432",
    "postgres://me:hunter2@localhost/db": "postgres://***@localhost/db",
    "me:hunter2@localhost": "***@localhost",
    "http://me:hunter2@localhost:99999/": "http://***@localhost:99999/",
    "http://localhost:99999/?token=hunter2": "http://localhost:99999/?***",
    "http://me:hun/hunter2@localhost/": "http://***@localhost/",
    "http://me@acme.example:hunter2/x@localhost/": "http://***@localhost/",
    "http://me:hunter2#x@localhost/": "http://***",
    "all:docker,http://me:hunter2@localhost/h?x=hunter2": "all:docker,http://***@localhost/h?***",
    "all:me:hun,ter2@localhost": "all:***@localhost",
    "env:A-B=postgres://me:hunter2@localhost/x": "env:A-B=postgres://***@localhost/x",
    "module:git+https://me:hunter2@localhost/x": "module:git+https://***@localhost/x",
    "module:numpy>=me:hunter2@localhost": "module:***@localhost",
    "python:acme:me:hunter2@localhost": "python:***@localhost",
    "command:psql postgres://me:hunter2@localhost/x": "command:psql postgres://***@localhost/x",
    "env://me:hunter2@localhost/run": "env://***@localhost/run",
    "unix://me:hunter2@localhost/run": "unix://***@localhost/run",
}


@pytest.mark.parametrize("notation", WRONG, ids=ascii)
def test_the_wrong_part_is_told(notation: str) -> None:
    """The message has the whole notation, what is wrong in it, and what would be right."""
    problem, expected = WRONG[notation]
    with pytest.raises(InvalidDeclaration) as caught:
        read(notation)
    assert str(caught.value) == f"the probe {notation.replace('#top', '#***')!r} {problem}; expected {expected}"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("notation", READS, ids=ascii)
def test_what_reads_is_shown_as_it_was_written(notation: str) -> None:
    """A readable notation without secrets is its own description, and the probe can be compared and pickled."""
    probe = read(notation)
    assert probe.notation == notation
    assert probe == read(notation)
    assert pickle.loads(pickle.dumps(probe)) == probe


@pytest.mark.parametrize("notation", SECRETS)
def test_no_error_holds_a_secret(notation: str) -> None:
    """A password or token shows neither in the message nor in an attribute, however the address is broken."""
    with pytest.raises(InvalidDeclaration) as caught:
        read(notation)
    assert caught.value.value == without_secrets(notation) == SECRETS[notation]
    assert "hun" not in f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__context__!r}"


KEPT = {
    "https://me:hunter2@localhost/health?token=hunter2": "https://***@localhost/health?***",
    "http://hunter2@[::1]:80?hunter2": "http://***@[::1]:80?***",
    "http://localhost/?mail=hunter2@acme.example": "http://localhost/?***",
    "command:/opt/acme/mysql me:hunter2@localhost": "command:/opt/acme/mysql ***@localhost",
}


@pytest.mark.parametrize(("notation", "shown"), KEPT.items())
def test_a_probe_keeps_its_secrets(notation: str, shown: str) -> None:
    """Neither the notation nor the repr of a probe has them, and no answer of a command that is a whole line."""
    probe = read(notation)
    assert probe.notation == shown
    if isinstance(probe, HttpProbe):
        assert repr(probe) == f"HttpProbe(notation={shown!r}, url=Url({shown!r}))"
        assert "hunter2" not in repr(probe.url.authority)
    else:
        assert probe.ask(0.0).reason == f"there is no file {shown.removeprefix('command:')}"  # type: ignore[union-attr]


def test_services_are_told_from_the_rest() -> None:
    """What goes over a socket is a service, the rest is not."""
    services = {notation for notation in READS if capability("x", notation).is_service}
    assert services == {notation for notation in READS if notation.startswith(("tcp:", "unix:", "http:", "https:"))}


def test_names_of_other_capabilities_are_given_in_their_order() -> None:
    """``all:`` and ``any:`` are read and not asked; that is for the registry."""
    names = ("docker", "postgres")
    assert read("all:docker,postgres") == Combination(notation="all:docker,postgres", kind="all", names=names)
    assert read("any:docker") == Combination(notation="any:docker", kind="any", names=("docker",))


def test_the_base_of_all_probes_answers_nothing() -> None:
    """Each kind says for itself what it looks for."""
    with pytest.raises(NotImplementedError):
        Probe(notation="x").ask(0)


def test_reading_brings_no_socket() -> None:
    """Reading every kind imports nothing that could open anything, and no module that is named; getting ready does."""
    names = "socket _socket ssl _ssl subprocess select selectors importlib_metadata acme numpy http urllib shutil"
    program = (
        "import sys, packaging.specifiers\nbefore = {*sys.modules}  # older ones import more\n"
        "from ssot_shims._probes.notation import read\n"
        f"for notation in {[*READS, 'http://me:hunter2@localhost/?x']!r}: read(notation)\n"
        f"print(sorted(set({names.split()!r}) & (sys.modules.keys() - before)))\n"
        "read('https://h').prepare()\nprint({'ssl', 'urllib.request'} <= sys.modules.keys())"
    )
    assert run(program) == ("[]\nTrue\n", "")
