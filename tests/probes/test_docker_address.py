"""Where the Docker probe looks: the address that the docker command would use, and who chose it."""

from __future__ import annotations

import hashlib

import pytest

from ssot_shims import capabilities
from ssot_shims._probes.docker_address import DockerAddress, Tls, find
from tests.support.docker_machine import Machine, ask, assert_no
from tests.support.hints import as_nobody, assert_it_turns
from tests.support.hostile import ANSWER, Peer, says

READ = {
    "tcp://127.0.0.1:7777": ("tcp://127.0.0.1:7777", ("127.0.0.1", 7777)),
    "engine": ("tcp://engine:2375", ("engine", 2375)),
    "tcp://:7777": ("tcp://localhost:7777", ("localhost", 7777)),
    "[::1]": ("tcp://[::1]:2375", ("::1", 2375)),
    "tcp://engine:07777/a/b/": ("tcp://engine:7777/a/b", ("engine", 7777)),
    "tcp://me:secret@engine:1": ("tcp://engine:1", ("engine", 1)),
    "tcp://engine:1/a?token=secret#x": ("tcp://engine:1/a", ("engine", 1)),
    "/run/docker.sock": ("tcp://localhost:2375/run/docker.sock", ("localhost", 2375)),
    "  unix:///run/x.sock ": ("unix:///run/x.sock", "/run/x.sock"),
    "unix:///run/%41.sock": ("unix:///run/%41.sock", "/run/%41.sock"),
    "unix://x.sock": ("unix://x.sock", "x.sock"),
    "npipe:////./pipe/x": ("npipe:////./pipe/x", "//./pipe/x"),
    "ssh://me:secret@engine:22": ("ssh://engine:22", "me:secret@engine:22"),
}


@pytest.mark.parametrize(("text", "expected"), READ.items(), ids=READ)
def test_an_address_is_read_as_the_docker_command_reads_it(machine: Machine, text: str, expected: object) -> None:
    """Scheme, port and path have the command's defaults; user, password and query are in nothing shown, nor a repr."""
    machine.set("DOCKER_HOST", text)
    address = find()
    assert ((address.host, address.place), address.source) == (expected, "from DOCKER_HOST")
    assert "secret" not in f"{address} {address!r}"


SCHEME = "it starts with none of unix://, tcp://, npipe:// and ssh://"
PLACE = "its host or its port is not written as one, in ASCII"
PATH = "an @ is in its path, or what does not print"
UNREADABLE = {
    "http://127.0.0.1:7777": SCHEME,
    "me:secret@engine://x": SCHEME,
    "tcp://engine:http": PLACE,
    "tcp://b\u00fccher.example:1": PLACE,
    "tcp://me:secret": PLACE,
    "tcp://me:12/secret@engine:1": PATH,
    "tcp://engine:1/secret HTTP/1.1\r\nX-Other: 1": PATH,
    "tcp://engine\n:1": PLACE,
}


@pytest.mark.parametrize(("text", "problem"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_an_address_that_cannot_be_read(machine: Machine, text: str, problem: str) -> None:
    """What the docker command cannot use is a no that shows nothing of the text, and a readable one turns it."""
    machine.set("DOCKER_HOST", text)
    answer = ask()
    assert answer.reason == f"the Docker address from DOCKER_HOST cannot be read: {problem}"
    assert "secret" not in answer.explanation
    assert_it_turns(answer, machine)


def test_no_choice_is_the_default(machine: Machine) -> None:
    """An empty DOCKER_HOST is none, and without a path it is the default, too; with DOCKER_TLS_VERIFY a port."""
    for host in ("unix://", "npipe://", "", "  "):
        machine.set("DOCKER_HOST", host)
        source, default = "from DOCKER_HOST" if host.strip() else "the default", str(machine.default)
        assert find() == DockerAddress(host=f"unix://{default}", source=source, place=default)
    machine.set("DOCKER_TLS_VERIFY", "1")
    machine.set("DOCKER_CERT_PATH", str(machine.run))
    (machine.run / "key.pem").touch()
    tls = Tls(ca=f"{machine.run}/ca.pem", certificate="", key=f"{machine.run}/key.pem", verify=True)
    place = ("localhost", 2376)
    assert find() == DockerAddress(host="tcp://localhost:2376", source="the default", place=place, tls=tls)


def test_a_context_from_the_environment(machine: Machine) -> None:
    """DOCKER_CONTEXT names a context, and wins over the one in config.json; DOCKER_HOST wins over both."""
    machine.configure({"currentContext": "other"})
    machine.add_context("mine", {"Host": "tcp://engine:1"})
    machine.set("DOCKER_CONTEXT", "mine")
    assert str(find()) == "tcp://engine:1 (from the context 'mine' in DOCKER_CONTEXT)"
    machine.set("DOCKER_HOST", "tcp://host:1")
    assert str(find()) == "tcp://host:1 (from DOCKER_HOST)"


CONFIGS = {
    "another case": b'{"CURRENTCONTEXT": "mine"}',
    "text behind it": b'{"currentContext": "mine"} and more',
    "not UTF-8": b'{"currentContext": "mine", "x": "\xff\xfe"}',
    "twice": b'{"currentContext": "other", "currentContext": "mine"}',
    "null later": b'{"currentContext": "mine", "currentcontext": null}',
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_current_context(machine: Machine, config: bytes) -> None:
    """currentContext in config.json names a context, in the home folder or in the one that DOCKER_CONFIG names."""
    machine.configure(config)
    machine.add_context("mine", {"Host": "tcp://engine:1"})
    machine.set("DOCKER_CONTEXT", "")
    machine.set("DOCKER_HOST", "")
    assert str(find()) == f"tcp://engine:1 (from the context 'mine' in {machine.home}/.docker/config.json)"
    folder = (machine.home / ".docker").rename(machine.path("settings"))
    machine.set("DOCKER_CONFIG", str(folder))
    assert str(find()) == f"tcp://engine:1 (from the context 'mine' in {folder}/config.json)"


MISSING = {
    "empty": b"",
    "malformed": b'{"currentContext": "mine"',
    "a byte order mark": b'\xef\xbb\xbf{"currentContext": "mine"}',
    "an object": b'{"currentContext": {"a": "mine"}}',
    "the default": b'{"currentContext": "default"}',
    "nobody's": b'{"currentContext": ""}',
    "deeply nested": b'{"currentContext": "mine", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "without permission": b'{"currentContext": "mine"}',
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_config_that_names_no_context(machine: Machine, kind: str) -> None:
    """A config.json that cannot be read, or is no file, counts as missing, as it does for the docker command."""
    machine.add_context("mine", {"Host": "tcp://127.0.0.1:1"})
    machine.configure(MISSING[kind])
    if kind == "without permission":
        (machine.home / ".docker" / "config.json").chmod(0)
    with as_nobody():
        assert str(find()) == f"unix://{machine.default} (the default)"


UNKNOWN = "there is no Docker address from the context {name} in {chosen_by}: "


@pytest.mark.parametrize("name", ["gone", "../../x", "ünïcode 名", "x" * 5000, "\udcff", "gone\x1b[31m"])
def test_any_name_of_a_context(machine: Machine, name: str) -> None:
    """One that is not there is a no, never another socket, whoever names it; its folder is named after its hash."""
    identity, by = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(), "DOCKER_CONTEXT"
    if "\x1b" in name:
        by = f"{machine.home}/.docker/config.json"
        machine.configure({"currentContext": name, "auths": {}})
    else:
        machine.set("DOCKER_CONTEXT", name)
    with Peer(str(machine.default), says(ANSWER)):
        answer = ask()
        assert_no(answer, UNKNOWN.format(name=repr(name), chosen_by=by))
        assert_no(answer, f"{machine.home}/.docker/contexts/meta/{identity}: No such file or directory")
        if name.isprintable():
            machine.add_context(name, {"Host": "tcp://engine:1"})
            assert find().host == "tcp://engine:1"
        assert_it_turns(answer, machine)


NO_ADDRESS = "it has no address of a Docker engine"
ENDPOINTS = {
    "no endpoint": (b'{"Endpoints": {}}', NO_ADDRESS),
    "null": (b'{"Endpoints": {"docker": null}}', NO_ADDRESS),
    "a list": (b"[]", NO_ADDRESS),
    "malformed": (b"{", "{meta}: JSONDecodeError: Expecting property name"),
    "deeply nested": (b"[" * 100_000, "{meta}: RecursionError: "),
}


@pytest.mark.parametrize(("text", "problem"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_context_without_an_address(machine: Machine, text: bytes, problem: str) -> None:
    """A context that holds no address to use is a no that says what is wrong with it."""
    meta = machine.add_context("mine", {})
    meta.write_bytes(text)
    machine.set("DOCKER_CONTEXT", "mine")
    with Peer(str(machine.default), says(ANSWER)):
        answer = ask()
        assert_no(answer, UNKNOWN.format(name="'mine'", chosen_by="DOCKER_CONTEXT") + problem.format(meta=meta.parent))
        assert answer.reason.endswith(NO_ADDRESS) is (problem == NO_ADDRESS)
        assert_it_turns(answer, machine)


def test_the_address_in_a_context(machine: Machine) -> None:
    """The port that nobody names is that of HTTP, or of HTTPS with TLS; an empty address is the default socket."""
    machine.add_context("mine", {"Host": "tcp://me:secret@engine/a?x=secret"})
    machine.add_context("with tls", {"Host": "tcp://engine"}, {"ca.pem": b""})
    machine.add_context("empty", {}).write_text('{"endpoints": {"docker": {"host": ""}}}')  # keys in any case
    hosts = {"mine": "tcp://engine:80/a", "with tls": "tcp://engine:443", "empty": f"unix://{machine.default}"}
    for name, host in hosts.items():
        machine.set("DOCKER_CONTEXT", name)
        assert find().host == host
        tls = Tls(ca=str(next(machine.home.rglob("ca.pem"))), certificate="", key="", verify=True)
        assert find().tls == (tls if name == "with tls" else None)


UNREADABLE_THERE = f"the Docker address {{by}} cannot be read: {SCHEME}"
ODD = [
    ("127.0.0.1:1", UNREADABLE_THERE),
    ("unix://", "the Docker address {by} cannot be read: it has no path"),
    ("unix:///x\0y", "unix:///x\\x00y ({by}) cannot be reached: "),
    ("unix:///x\ud800", "unix:///x\\ud800 ({by}) cannot be reached: "),
]


@pytest.mark.parametrize(("text", "words"), ODD)
def test_an_address_in_a_context_that_cannot_be_used(machine: Machine, text: str, words: str) -> None:
    """It is not completed as DOCKER_HOST's is, a NUL does not cut it off, and half a character is an escape."""
    machine.add_context("mine", {"Host": text})
    machine.set("DOCKER_CONTEXT", "mine")
    answer = capabilities.check("docker")
    assert_no(answer, words.format(by="from the context 'mine' in DOCKER_CONTEXT"))
    assert_it_turns(answer, machine)
