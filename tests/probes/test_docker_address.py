"""Where the Docker probe looks: the address that the docker command would use, and who chose it."""

from __future__ import annotations

import hashlib
import os

import pytest

from ssot_shims import capabilities
from ssot_shims._probes.docker_address import DockerAddress, Tls, find
from tests.support.docker_machine import Machine, ask, assert_no
from tests.support.hints import as_nobody, assert_it_turns
from tests.support.hostile import ANSWER, Peer, says

READ = {
    "tcp://127.0.0.1:7777": ("tcp://127.0.0.1:7777", ("127.0.0.1", 7777)),
    "127.0.0.1:7777": ("tcp://127.0.0.1:7777", ("127.0.0.1", 7777)),
    "engine": ("tcp://engine:2375", ("engine", 2375)),
    "tcp://:7777": ("tcp://localhost:7777", ("localhost", 7777)),
    "tcp://": ("tcp://localhost:2375", ("localhost", 2375)),
    "tcp://[::1]:7777": ("tcp://[::1]:7777", ("::1", 7777)),
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
CONTROL = "a control character is in it"
UNREADABLE = {
    "http://127.0.0.1:7777": SCHEME,
    "me:secret@engine://x": SCHEME,
    "tcp://engine:http": PLACE,
    "tcp://b\u00fccher.example:1": PLACE,
    "tcp://engine:": PLACE,
    "tcp://engine:99999": PLACE,
    "tcp://engine:²": PLACE,
    "tcp://engine:" + "9" * 5000: PLACE,
    "tcp://me:secret": PLACE,
    "tcp://::1:7777": PLACE,
    "tcp://[::1]7777": PLACE,
    "tcp://me:12/secret@engine:1": "an @ is in its path",
    "tcp://engine\n:1": CONTROL,
    "unix:///run/\x1b[31m.sock": CONTROL,
}


@pytest.mark.parametrize(("text", "problem"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_an_address_that_cannot_be_read(machine: Machine, text: str, problem: str) -> None:
    """What the docker command cannot use is a no that shows nothing of the text, and a readable one turns it."""
    machine.set("DOCKER_HOST", text)
    answer = ask()
    assert answer.reason == f"the Docker address from DOCKER_HOST cannot be read: {problem}"
    assert "secret" not in answer.explanation
    assert_it_turns(answer, machine)


@pytest.mark.parametrize("host", ["", "  ", "unix://", "npipe://"])
def test_no_choice_is_the_default_socket(machine: Machine, host: str) -> None:
    """An empty DOCKER_HOST is none, and without a path it is short for the default, as for the Docker command."""
    machine.set("DOCKER_HOST", host)
    source, default = "from DOCKER_HOST" if host.strip() else "the default", str(machine.default)
    assert find() == DockerAddress(host=f"unix://{default}", source=source, place=default)


def test_the_default_with_tls_is_a_port(machine: Machine) -> None:
    """DOCKER_TLS_VERIFY without an address is the command's own TLS port, with the files that are there."""
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
@pytest.mark.parametrize("variable", [None, "DOCKER_CONFIG"])
def test_the_current_context(machine: Machine, config: bytes, variable: str | None) -> None:
    """currentContext in config.json names a context, in the home folder or in the one that DOCKER_CONFIG names."""
    machine.configure(config)
    machine.add_context("mine", {"Host": "tcp://engine:1"})
    folder = machine.home / ".docker"
    if variable:
        folder = folder.rename(machine.path("settings"))
        machine.set(variable, str(folder))
    machine.set("DOCKER_CONTEXT", "")
    machine.set("DOCKER_HOST", "")
    assert str(find()) == f"tcp://engine:1 (from the context 'mine' in {folder}/config.json)"


MISSING = {
    "empty": b"",
    "malformed": b'{"currentContext": "mine"',
    "a byte order mark": b'\xef\xbb\xbf{"currentContext": "mine"}',
    "an object": b'{"currentContext": {"a": "mine"}}',
    "the default": b'{"currentContext": "default"}',
    "nobody's": b'{"currentContext": ""}',
    "deeply nested": b'{"currentContext": "mine", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "binary": bytes(range(256)) + b"currentContext",
}


@pytest.mark.parametrize("config", MISSING.values(), ids=MISSING)
def test_a_config_that_names_no_context(machine: Machine, config: bytes) -> None:
    """A config.json that cannot be read counts as missing, as it does for the docker command."""
    machine.configure(config)
    machine.add_context("mine", {"Host": "tcp://127.0.0.1:1"})
    assert str(find()) == f"unix://{machine.default} (the default)"


@pytest.mark.parametrize("kind", ["unreadable", "a directory", "a pipe"])
def test_a_config_that_is_no_file(machine: Machine, kind: str) -> None:
    """Neither a file without permission nor something that is no file holds the answer up."""
    machine.configure({"currentContext": "mine"})
    config = machine.home / ".docker" / "config.json"
    config.chmod(0)
    if kind != "unreadable":
        config.unlink()
        config.mkdir() if kind == "a directory" else os.mkfifo(config)
    with as_nobody():
        assert find().source == "the default"


UNKNOWN = "there is no Docker address from the context {name} in {chosen_by}: "


@pytest.mark.parametrize("name", ["gone", "a/b", "../../x", "ünïcode 名", "a\\b", "x" * 5000, "\udcff"])
def test_any_name_of_a_context(machine: Machine, name: str) -> None:
    """One that is not there is a no, never another socket; its folder is named after its hash."""
    machine.set("DOCKER_CONTEXT", name)
    identity = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    with Peer(str(machine.default), says(ANSWER)):
        answer = ask()
        assert_no(answer, UNKNOWN.format(name=repr(name), chosen_by="DOCKER_CONTEXT"))
        assert_no(answer, f"No such file or directory: '{machine.home}/.docker/contexts/meta/{identity}/meta.json'")
        if name.isprintable():
            machine.add_context(name, {"Host": "tcp://engine:1"})
            assert find().host == "tcp://engine:1"
        assert_it_turns(answer, machine)


def test_an_unknown_current_context(machine: Machine) -> None:
    """Where config.json names the missing context, DOCKER_CONTEXT gets the default one all the same."""
    name = "gone\x1b[31m"
    machine.configure({"currentContext": name, "auths": {}})
    with Peer(str(machine.default), says(ANSWER)):
        answer = ask()
        assert_no(answer, UNKNOWN.format(name=repr(name), chosen_by=f"{machine.home}/.docker/config.json"))
        assert_it_turns(answer, machine)


NO_ADDRESS = "it has no address of a Docker engine"
ENDPOINTS = {
    "no endpoint": (b'{"Endpoints": {}}', NO_ADDRESS),
    "null": (b'{"Endpoints": {"docker": null}}', NO_ADDRESS),
    "a list of endpoints": (b'{"Endpoints": ["docker"]}', NO_ADDRESS),
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


HOSTS = {
    "tcp://engine": "tcp://engine:80",
    "tcp://me:secret@engine:1?x=secret": "tcp://engine:1",
    "tcp://engine:1/a": "tcp://engine:1/a",
}


@pytest.mark.parametrize(("text", "host"), HOSTS.items(), ids=HOSTS)
def test_the_address_in_a_context(machine: Machine, text: str, host: str) -> None:
    """In a context the port that nobody names is that of HTTP, or of HTTPS with TLS."""
    machine.add_context("mine", {"Host": text})
    machine.add_context("with tls", {"Host": text}, {"ca.pem": b""})
    machine.set("DOCKER_CONTEXT", "mine")
    assert find().host == host
    machine.set("DOCKER_CONTEXT", "with tls")
    assert find().host == host.replace(":80", ":443")
    assert find().tls == Tls(ca=str(next(machine.home.rglob("ca.pem"))), certificate="", key="", verify=True)


def test_an_empty_address_in_a_context(machine: Machine) -> None:
    """A context with an empty address is the default socket; keys may be written in any case."""
    machine.add_context("mine", {}).write_text('{"endpoints": {"docker": {"host": ""}}}')
    machine.set("DOCKER_CONTEXT", "mine")
    assert find().place == str(machine.default)


CUT = [("127.0.0.1:1", SCHEME), (" unix:///x", SCHEME), ("unix://", "it has no path"), ("unix:///x\0y", CONTROL)]


@pytest.mark.parametrize(("text", "problem"), CUT)
def test_an_address_in_a_context_that_cannot_be_read(machine: Machine, text: str, problem: str) -> None:
    """A context's address is not completed as DOCKER_HOST's is, and a NUL does not cut it off."""
    machine.add_context("mine", {"Host": text})
    machine.set("DOCKER_CONTEXT", "mine")
    answer = ask()
    assert answer.reason == f"the Docker address from the context 'mine' in DOCKER_CONTEXT cannot be read: {problem}"
    assert_it_turns(answer, machine)


def test_a_path_in_a_context_that_no_file_system_has(machine: Machine) -> None:
    """JSON can hold half a character; it is shown as an escape."""
    machine.add_context("mine", {"Host": "unix:///x\ud800"})
    machine.set("DOCKER_CONTEXT", "mine")
    answer = capabilities.check("docker")
    assert_no(answer, "unix:///x\\ud800 (from the context 'mine' in DOCKER_CONTEXT) cannot be reached: ")
    assert_it_turns(answer, machine)
