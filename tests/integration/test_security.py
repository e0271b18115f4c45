"""What somebody hostile can reach, and what becomes of it; SECURITY.md says the same in ten lines."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims import Availability, PlaceholderWarning, Registry, capabilities, cli, shim, shim_of
from ssot_shims._text import one_line
from ssot_shims.errors import CapabilityMissing, InvalidDeclaration, InvalidSetting, Unavailable, UnknownName
from tests.conftest import run
from tests.support.docker_machine import Machine, ask, seen
from tests.support.hostile import ANSWER, Peer, says
from tests.support.migrate_tree import plant

PACKAGE = Path(ssot_shims.__file__).parent
LONGEST = 2000  # characters of a reason
FOUND = b"HTTP/1.1 302 Found\r\nLocation: "

# What a liar says, and how it is shown.
LIES = {
    "colour": ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    "title of the window": ("\x1b]0;pwned\x07", r"\x1b]0;pwned\x07"),
    "one-byte escape": ("\x9b2J", r"\x9b2J"),
    "backspaces": ("no\b\byes", r"no\x08\x08yes"),
    "carriage return": ("no\ryes", "no yes"),
    "line feeds": ("no\n\ndocker  available  yes", "no docker available yes"),
    "other line ends": ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a b c d e f"),
    "right to left": ("\u202eon\u202c \u2066x\u2069", r"\u202eon\u202c \u2066x\u2069"),
    "zero width": ("do\u200bc\u200dk\u2060e\ufeffr", r"do\u200bc\u200dk\u2060e\ufeffr"),
    "lone surrogate": ("\udc80", r"\udc80"),
    "markdown": ("**bold** [click](http://evil.example) | x | `y`", "**bold** [click](http://evil.example) | x | `y`"),
    "html": ("<script>alert(1)</script><img src=x>&lt;b&gt;", "<script>alert(1)</script><img src=x>&lt;b&gt;"),
}


each_lie = pytest.mark.parametrize("lie", [lie for lie, _ in LIES.values()], ids=LIES)


def latin(lie: str) -> bytes:
    """As it goes over the wire."""
    return lie.encode("utf-8", "surrogateescape")


def wired(lie: str) -> str:
    """As a header arrives: every byte is a character, and white space at its ends is not part of it."""
    return one_line(latin(lie).decode("latin-1"))


def is_one_line(text: str) -> bool:
    return text.isprintable() and len(text) <= LONGEST


def reports(capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What ``status`` prints in its three forms, and ``verify``."""
    texts: dict[str, str] = {}
    for words in ("status", "status --json", "status --markdown", "verify"):
        cli.main(words.split())
        texts[words], err = capfd.readouterr()
        assert err == ""
    return texts


def assert_harmless(texts: dict[str, str]) -> None:
    """No control character but the line feed in any form, nothing with a meaning in Markdown but our own."""
    for text in texts.values():
        assert text.replace("\n", "").isprintable()
    data = json.loads(texts["status --json"])
    told = [*data["problems"], *(one[key] or "" for one in data["shims"] for key in ("reason", "error"))]
    told += [text for one in data["capabilities"] for text in (one["reason"], *one["details"].values())]
    assert all(map(str.isprintable, told))
    for line in texts["status --markdown"].splitlines():
        shown = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)  # what is escaped is only text
        assert not re.search(r"[<>`*\[\]&]", shown)
        if line.startswith("|"):
            assert shown.count("|") == 4


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy is not what is hostile."""
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", "20")


@pytest.fixture
def quiet_machine(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without Docker, and a current folder that says nothing."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return machine


@each_lie
def test_a_peer_that_lies(quiet_machine: Machine, lie: str) -> None:
    """Whatever an engine says, or what is none, is quoted on one line that prints, or not at all."""
    said, version = latin(lie).replace(b"\n", b"\n "), wired(lie.partition("\n")[0])
    head = b"HTTP/1.1 200 " + said + b"\r\nServer: " + said + b"\r\nApi-Version: " + said + b"\r\n\r\n"
    with Peer(("127.0.0.1", 0), says(head)) as peer:
        quiet_machine.set("DOCKER_HOST", peer.host)
        answer = ask()
        reason = f"a Docker engine with API {version} answers at {peer.host} (from DOCKER_HOST)"
        assert seen(answer) == ("available", reason)
        assert all(map(str.isprintable, answer.details.values()))
        for head in (latin(lie) + b"\r\n\r\n", b"HTTP/1.1 500 " + latin(lie) + b"\r\n\r\n", b"HTTP/" + latin(lie)):
            peer.act = says(head)
            page = Registry().check(f"http://127.0.0.1:{peer.place[1]}/health")
            assert ask().status == page.status == "unavailable"
            assert is_one_line(page.reason)


def test_what_is_huge_is_cut(quiet_machine: Machine) -> None:
    """An engine, a page or a probe cannot fill a terminal or a log; what to do about it is at the end, and stays."""
    with Peer(("127.0.0.1", 0), says(b"")) as peer:
        quiet_machine.set("DOCKER_HOST", peer.host)
        for head in ("Api-Version", "Api-Version: 1.41\r\nLibpod-Api-Version"):
            peer.act = says(f"HTTP/1.1 200 OK\r\n{head}: {'1' * 60_000}\r\n\r\n".encode())
            answer = ask()
            assert (bool(answer), len(answer.reason) < 300) == (True, True)
            assert max(map(len, answer.details.values())) <= 64
        peer.act = says(FOUND + b"http://evil.example/" + b"a" * 60_000 + b"\r\n\r\n")
        reason = Registry().check(f"http://127.0.0.1:{peer.place[1]}/").reason
    assert (LONGEST - len(reason) in (0, 1), reason[-19:]) == (True, "aaa at another host")
    registry = Registry()
    registry.register("chatty", lambda: raises(ValueError("x" * 1_000_000)))
    answer = registry.check("chatty")
    assert len(answer.reason) < LONGEST
    assert answer.reason.startswith("its probe raised ValueError: xxx")
    assert "xxx ... xxx" in answer.reason
    assert answer.hint == "to answer without it: SSOT_SHIMS_HAS_CHATTY=0"


ELSEWHERE = [
    *("http://localhost:{trap}/", "//localhost:{trap}/", "http://127.0.0.1:{port}@localhost:{trap}/"),
    *("http://127.0.0.1@localhost:{trap}/", "http://LOCALHOST:{trap}/", "hTTp://localhost:{trap}"),
    *(f"http://localhost:{{trap}}{end}@127.0.0.1:{{port}}/" for end in ("\\", "#", "?")),
    *("http:/\\localhost:{trap}/", "\\\\localhost:{trap}/", "/\\localhost:{trap}/", "http:///localhost:{trap}/"),
    *("http://[::ffff:127.0.0.1]:{trap}/", "http://2130706433:{trap}/", "http://127.1:{trap}/"),
    *("http://0x7f.0.0.1:{trap}/", "http://127.0.0.1.:{trap}/"),
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{trap}/",
    *("file:///etc/passwd", "gopher://localhost:{trap}/", "javascript:alert(1)"),
    *("http://localhost:{trap}/\r\nX-More: x", "\x1b[31mhttp://localhost:{trap}/"),
]


@pytest.mark.parametrize("location", ELSEWHERE)
def test_no_redirect_leads_to_another_host(location: str) -> None:
    """However another host is written, nobody connects there; a password goes nowhere else at all."""
    with Peer(("127.0.0.1", 0), says(ANSWER)) as trap, Peer(("127.0.0.1", 0), says(b"")) as page:
        port = page.place[1]
        where = location.format(trap=trap.place[1], port=port).encode()
        page.act = says(FOUND + where + b"\r\n\r\n")
        answer = Registry().check(f"http://me:hunter2@127.0.0.1:{port}/")
        assert answer.status == "unavailable"
        assert is_one_line(answer.reason)
        assert "hunter2" not in answer.reason
    assert trap.questions == []


def test_the_step_for_a_hostile_context_can_be_pasted(quiet_machine: Machine) -> None:
    """The address in a context is quoted where a command names it."""
    host = "tcp://127.0.0.1:1/a b;touch pwned;$(x)`y`'z"
    quiet_machine.add_context("mine", {"Host": host}, {"ca.pem": b"none"})
    quiet_machine.set("DOCKER_CONTEXT", "mine")
    step = ask().hint.rpartition(": ")[2]
    assert shlex.split(step) == [f"DOCKER_HOST={host}", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=FOLDER"]


def raises(error: Exception) -> bool:
    raise error


PROBES = """
def no(): return False
def fails(): raise ValueError
def odd(): return 3
def hangs(): wait(20)
for probe in (no, fails, odd, hangs): capabilities.register(probe.__name__, probe, timeout=0.05)
"""


@pytest.mark.parametrize(("lie", "shown"), LIES.values(), ids=LIES)
def test_a_reason_is_neutral(lie: str, shown: str, quiet_machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    """Text, JSON and Markdown show what was said, and names of files, and do nothing that these say."""
    capabilities.register("liar", lambda: (False, f"because {lie}"))
    capabilities.register("raiser", lambda: raises(Unavailable(lie)))
    answer, release = Availability(status="unavailable", reason=lie, details={"what": lie}), threading.Event()
    file = f"/suite/{lie.replace(chr(0xDC80), '?')}.py"
    exec(compile(PROBES, file, "exec"), {"capabilities": capabilities, "wait": release.wait})
    with capabilities.override(git=answer):
        texts = reports(capfd)
    assert all(is_one_line(capabilities.check(name).reason) for name in ("no", "fails", "odd", "hangs"))
    release.set()
    assert f"liar            unavailable  because {shown}\n" in texts["status"]
    found = {one["name"]: one for one in json.loads(texts["status --json"])["capabilities"]}
    assert (found["hangs"]["status"], found["liar"]["reason"]) == ("timed_out", f"because {shown}")
    assert found["git"]["details"] == {"what": shown}
    assert_harmless(texts)


@each_lie
def test_a_shim_is_neutral(lie: str, quiet_machine: Machine, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """So are the name of a placeholder, the folder of an upstream, and what the upstream raises."""
    site = tmp_path / os.fsdecode(latin(lie.replace("/", "-")))
    site.mkdir()
    (site / "acme.py").write_text("Limit = 3\n")
    (site / "broken.py").write_text(f"raise ValueError({lie!r})\n")
    sys.path.insert(0, str(site))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        moved = shim("acme:Limits")(type("Limits", (), {}))
        shim("broken:Quota", "broken:Other")(type(lie if lie.isprintable() else "Quota", (), {}))
    assert shim_of(moved).state == "moved"
    reasons = [one.message.reason for one in told if isinstance(one.message, PlaceholderWarning)]
    assert [reason.isprintable() for reason in reasons] == [True, True]
    assert all(record.reason.isprintable() for record in ssot_shims.all_shims())
    assert_harmless(reports(capfd))


@each_lie
def test_one_line_of_a_log_stays_one_line(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasons and errors can be logged as they are."""
    registry = Registry()
    registry.register("liar", lambda: (False, lie))
    registry.register("raiser", lambda: raises(ValueError(lie)))
    monkeypatch.setenv("SSOT_SHIMS_HAS_LIAR", lie.replace("\udc80", "\x80"))
    with pytest.raises(InvalidSetting) as setting:
        registry.check("liar")
    monkeypatch.undo()
    with pytest.raises(CapabilityMissing) as missing:
        registry.require("liar", "raiser")
    with pytest.raises((UnknownName, InvalidDeclaration)) as unknown:  # a colon makes it a notation
        registry.check(lie)
    with pytest.raises(InvalidDeclaration) as probe:
        registry.register("x", f"tcp://{lie}")
    errors = (setting.value, missing.value, unknown.value, probe.value)
    assert all(text.isprintable() for text in (*map(str, errors), registry.check("raiser").reason))


@pytest.mark.parametrize("name", ["a\nb\x1b[31m", "caf\u202e\u00e9 <b>"])
def test_a_wrong_word_to_the_command_line_is_told_on_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither a folder with a hostile name nor a hostile table in it gets at the terminal."""
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    for table in ('"\\u001b[31m" = 1', "modules = '\x7f'", 'capabilities = { x = "tcp://\\u001b[31m" }'):
        (folder / "pyproject.toml").write_text(f"[tool.ssot_shims]\n{table}\n")
        code = cli.main(["status"])
        out, err = capfd.readouterr()
        assert (code, out, err[-1:], err[:-1].isprintable()) == (2, "", "\n", True)


WATCHED = """
import os, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event in ("open", "import") else None)
from ssot_shims import orchestration
from ssot_shims import HeartbeatConfig, RetryPolicy, capabilities, is_docker_available
is_docker_available()
for name in capabilities:
    capabilities.check(name)
orchestration.get_orchestration_status()
print([name for name in opened if "evil" in name or "pyproject" in name])
"""


def test_an_import_takes_no_orders_from_the_folder_it_stands_in(tmp_path: Path) -> None:
    """Nothing of a project is read or run by importing and asking; it is by the command line, which is there for it."""
    toml = '[tool.ssot_shims]\nmodules = ["evil"]\n[tool.ssot_shims.capabilities]\ndocker = "python:evil_probe:yes"\n'
    probe = "def yes():\n    open('probed', 'w').close()\n"
    plant(tmp_path, {"pyproject.toml": toml, "evil.py": "open('pwned', 'w').close()\n", "evil_probe.py": probe})
    others = ("conftest.py", "sitecustomize.py.txt", ".env", "setup.cfg", "ssot_shims.toml")
    plant(tmp_path, dict.fromkeys(others, "evil = 1\n"))
    before = f"import os; os.chdir({str(tmp_path)!r})\n"
    made = [tmp_path / "pwned", tmp_path / "probed"]
    assert run(before + WATCHED) == ("[]\n", "")
    assert [file.exists() for file in made] == [False, False]
    out, err = run(before + "from ssot_shims import cli; cli.main(['status'])")
    assert ("docker          available" in out, err) == (True, "")
    assert [file.exists() for file in made] == [True, True]


FORBIDDEN_MODULES = {"pickle", "_pickle", "marshal", "shelve", "dbm", "copyreg", "dill", "yaml", "code", "pty"}
FORBIDDEN_CALLS = {"eval", "exec", "__import__", "system", "popen", "mktemp", "unpack_archive", "execfile"}


def orders(source: str) -> list[str]:
    """What in a module would run foreign data, or could."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"import {name}" for name in modules if name.split(".")[0] in FORBIDDEN_MODULES]
        if isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in FORBIDDEN_CALLS or (name == "compile" and isinstance(called, ast.Name)):
                found.append(f"{name}()")
            found += ["shell" for keyword in node.keywords if keyword.arg == "shell"]
    return found


def test_nothing_unpickles_or_evaluates() -> None:
    """No pickle, no marshal, no exec, no shell anywhere in the package, and sources are parsed, not compiled.

    The one eval reads the annotations of a class that has been imported, as typing.get_type_hints() does; the one
    __import__ imports a target as a from statement does.
    """
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 50
    found = {file.name: orders(file.read_text("utf-8")) for file in files}
    assert {name: orders for name, orders in found.items() if orders} == {
        "difference.py": ["eval()"],
        "upstream.py": ["__import__()"],
    }


SECRET = "hunter2"  # of nobody


def test_secrets_in_the_environment_are_not_shown(
    quiet_machine: Machine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No report, reason or error has a value of another program's variables, or a password out of an address."""
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PGPASSWORD", "DOCKER_AUTH_CONFIG"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("DATABASE_URL", f"postgres://me:{SECRET}@127.0.0.1:9/app")
    monkeypatch.setenv("http_proxy", f"http://me:{SECRET}@127.0.0.1:9")
    quiet_machine.configure({"auths": {"example": {"auth": SECRET}}, "currentContext": "gone"})
    capabilities.register("token", "env:GITHUB_TOKEN")
    capabilities.register("web", f"http://me:{SECRET}@127.0.0.1:9/?key={SECRET}")
    said: list[str] = []
    for host in (None, f"tcp://me:{SECRET}@127.0.0.1:9", f"ssh://me:{SECRET}@127.0.0.1", f"tcp://127.0.0.1:9?{SECRET}"):
        if host:
            quiet_machine.set("DOCKER_HOST", host)
        capabilities.refresh()
        said += reports(capfd).values()
        with pytest.raises(CapabilityMissing) as missing:
            capabilities.require("docker", "web", "token")
        said += [str(missing.value), repr(missing.value), repr(capabilities["web"]), repr(capabilities.check("token"))]
    assert len(said) == 32
    assert not any(SECRET in text for text in said)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"currentContext": "mine"')
        file.truncate(1 << 30)


ODD_FILES: dict[str, Callable[[Path], object]] = {
    "a pipe": lambda path: os.mkfifo(path),
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "a device": lambda path: path.symlink_to("/dev/full"),
    "the terminal": lambda path: path.symlink_to("/dev/tty"),
    "its own link": lambda path: path.symlink_to(path.name),
    "a gigabyte": sparse,
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("make", ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_holds_nobody_up(quiet_machine: Machine, make: Callable[[Path], object]) -> None:
    """A config.json that is no file counts as missing, unread; a context or certificate is told of."""
    folder = quiet_machine.home / ".docker"
    folder.mkdir()
    make(folder / "config.json")
    with Peer(str(quiet_machine.default), says(ANSWER)):
        assert ask(5)  # of a gigabyte, 16 megabytes are read
    meta = quiet_machine.add_context("mine", {"Host": "tcp://127.0.0.1:1"})
    meta.unlink()
    make(meta)
    quiet_machine.set("DOCKER_CONTEXT", "mine")
    assert ask(5).reason.startswith("there is no Docker address from the context 'mine' in DOCKER_CONTEXT: ")
    quiet_machine.set("DOCKER_HOST", "tcp://127.0.0.1:1")
    quiet_machine.set("DOCKER_TLS_VERIFY", "1")
    for name in ("ca.pem", "cert.pem", "key.pem"):
        certificates = quiet_machine.root / name
        certificates.mkdir()
        make(certificates / name)
        quiet_machine.set("DOCKER_CERT_PATH", str(certificates))
        answer = ask()
        assert (answer.status, answer.hint[-24:]) == ("unavailable", " DOCKER_CERT_PATH=FOLDER")


def test_a_large_config_is_read(quiet_machine: Machine) -> None:
    """A megabyte of other people's credentials before it does not hide the context."""
    auths = {f"registry-{number}.example": {"auth": "x" * 100} for number in range(8000)}
    quiet_machine.configure({"auths": auths, "currentContext": "gone"})
    assert ask().reason.startswith("there is no Docker address from the context 'gone' in ")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_a_pipe_of_certificates_holds_nobody_up(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a pipe waits for its other end; so a probe of https does not open one."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv(variable, str(tmp_path / "pipe"))
    reason = f"TLS cannot be set up here ({variable} names a pipe)"
    assert seen(Registry().check("https://127.0.0.1:1/")) == ("unavailable", reason)
