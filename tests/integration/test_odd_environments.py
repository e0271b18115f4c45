"""The same questions where the interpreter, the machine or the user is odd: the same answers, and not a word more.

Each case is one process that asks everything at once; what it says is compared with what a plain process says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest
import typing_extensions

import ssot_shims
from ssot_shims._names import SHIMS

CHECKOUT = Path(ssot_shims.__file__).parents[1]

EVERYTHING = """
import os; exec(os.environ.pop("BEFORE", ""))
import json, os, socket, sys, threading, warnings
import ssot_shims
from ssot_shims._names import SHIMS
warnings.simplefilter("ignore", ssot_shims.PlaceholderWarning)  # of a shim that moved, which is one of the questions
for name in dir(ssot_shims):
    getattr(ssot_shims, name)
from ssot_shims import (HeartbeatConfig, RetryPolicy, all_shims, capabilities, is_available, is_docker_available,
                        orchestration, orchestration_enums, shim, verify)

@shim("shutil:copyfyle")
def copyfyle(): ...

@shim("json:dumps")
def dumps(obj): ...

release = threading.Event()
refusing = socket.socket()
refusing.bind(("127.0.0.1", 0))
port = refusing.getsockname()[1]
listening = socket.create_server(("127.0.0.1", 0))
for name, notation in {
    "refusing": f"tcp://127.0.0.1:{port}",
    "listening": f"tcp://127.0.0.1:{listening.getsockname()[1]}",
    "web": f"http://127.0.0.1:{port}/health", "secure": f"https://127.0.0.1:{port}/health",
    "stale": "unix:///nowhere/x.sock", "shell": "command:sh", "extensions": "module:typing_extensions>=4",
    "calendar": "python:calendar:isleap_", "home": "env:HOME", "either": "any:refusing,listening",
    "name": "tcp://nowhere.invalid:1",
}.items():
    capabilities.register(name, notation)

@capabilities.register("mine")
def mine():
    return False, "w\u00e4il \u2603"

@capabilities.register("slow", timeout=0.05)
def slow():
    release.wait(20)

answers = capabilities.check_all()
with capabilities.override(docker=True):
    assert is_docker_available()
told = {name: [answer.status, answer.reason.replace(str(port), "PORT")] for name, answer in answers.items()}
told["listening"][1] = told["either"][1] = ""
shims = {record.name: [record.state, record.reason] for record in all_shims()}
differences = [str(difference) for record in all_shims() for difference in verify(record.object)]
release.set()
refusing.close()
listening.close()
print(json.dumps({"capabilities": told, "shims": shims, "differences": dict.fromkeys(differences, 1)}))
"""


def ask_everything(
    *options: str, before: str = "", command: tuple[str, ...] = (), cwd: Path | None = None, **settings: str
) -> dict[str, Any]:
    """What the whole script says in a process with these *options* and *settings*, which complains of nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        script = Path(folder) / "everything.py"
        script.write_text(EVERYTHING, "utf-8")
        done = python(*options, str(script), command=command, cwd=cwd, BEFORE=before, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    said: dict[str, Any] = json.loads(done.stdout.replace(folder, "FOLDER"))
    return said


def otherwise(said: dict[str, Any], plain: dict[str, Any], *but: str) -> dict[str, tuple[Any, Any]]:
    """What is said otherwise than in a plain process, or not at all, *but* these: each with what that says."""
    return {
        name: (said[kind].get(name), plain[kind].get(name))
        for kind in plain
        for name in {**said[kind], **plain[kind]}
        if name not in but and said[kind].get(name) != plain[kind].get(name)
    }


def python(
    *words: str, command: tuple[str, ...] = (), cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """An interpreter that sees the checkout and nothing of this machine's settings."""
    env = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "HOME": "/", "DOCKER_HOST": "unix:///no/d.sock"}
    call, env = [*command, sys.executable, *words], {**env, "SSOT_SHIMS_TIMEOUT": "20", **settings}
    return subprocess.run(call, env=env, cwd=cwd, capture_output=True, encoding="utf-8", timeout=60, check=False)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    said = ask_everything()
    states = {name: state for name, (state, _) in said["shims"].items()}
    assert states == {**dict.fromkeys(SHIMS, "absent"), "copyfyle": "moved", "dumps": "upstream"}
    statuses = {name: status for name, (status, _) in said["capabilities"].items()}
    assert statuses["docker"] == statuses["secure"] == statuses["name"] == "unavailable"
    assert statuses["listening"] == statuses["shell"] == statuses["extensions"] == "available"
    assert (statuses["slow"], statuses["calendar"]) == ("timed_out", "failed")
    return said


AS_ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (("-W", "error", "-X", "dev", "-bb"), {"PYTHONWARNDEFAULTENCODING": "1"}),
        (("-O", "-s", "-P", "-u", "-B"), {**AS_ASCII, "PYTHONIOENCODING": "ascii"}),
        ((), {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr", "TZ": "Antarctica/Troll", "HOME": "/no/such/home"}),
        ((), {"LC_ALL": "xx_YY.nonsense", "TZ": ":/no/such/zone", "TERM": "", "HOME": "/dev/null"}),
    ],
    ids=["warnings as errors", "C", "Turkish, without a home", "nonsense, with a device for a home"],
)
def test_the_answers_are_those_of_a_plain_process(
    options: tuple[str, ...], settings: dict[str, str], plain: dict[str, Any], tmp_path: Path
) -> None:
    """Nothing is added on standard error, nothing is answered otherwise, and no file is left behind."""
    said = ask_everything(*options, cwd=tmp_path, TMPDIR=str(tmp_path), **settings)  # type: ignore[arg-type]  # all of them variables
    # Plug-ins of the docker command are looked for at home.
    assert otherwise(said, plain, *["docker_compose"] * ("HOME" in settings)) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_current_folder_that_was_deleted(tmp_path: Path, plain: dict[str, Any]) -> None:
    """The same answers, also about a path that is relative to it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    before = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
    said = ask_everything(before=before, DOCKER_HOST="unix://d.sock")
    reason = "there is no socket at d.sock (from DOCKER_HOST)"
    assert said["capabilities"]["docker"] == ["unavailable", reason]
    assert otherwise(said, plain, "docker") == {}


def alone(folder: Path) -> Path:
    """The package in *folder*, and nothing of what may be installed beside it."""
    folder.mkdir()
    (folder / "ssot_shims").symlink_to(CHECKOUT / "ssot_shims")
    return folder


def test_blanks_and_unicode_in_every_path(tmp_path: Path, plain: dict[str, Any]) -> None:
    """The package, the home, the current folder and the socket may be anywhere, even where the locale is ASCII."""
    folder = tmp_path / os.fsdecode('sp äce\'s "☃" % $HOME \\'.encode() + b"\xff")
    folder.mkdir()
    alone(folder / "site")
    places = {"PYTHONPATH": f"{folder}/site", "HOME": str(folder), "DOCKER_HOST": f"unix://{folder}/d.sock"}
    said = ask_everything(cwd=folder, **places, **AS_ASCII)
    status, reason = said["capabilities"]["docker"]
    assert (status, reason.isprintable()) == ("unavailable", True)
    assert reason.startswith("there is no socket at ")
    assert otherwise(said, plain, "docker", "docker_compose") == {}


def test_without_site_packages(tmp_path: Path) -> None:
    """What needs no other distribution works without any; what does says which one is missing."""
    before = f"import sys; sys.path.insert(0, {str(alone(tmp_path / 'site'))!r})\n"
    code = (
        "from ssot_shims import HeartbeatConfig, RetryPolicy, capabilities, is_docker_available, shim_of\n"
        "print(HeartbeatConfig().max_missed_heartbeats, shim_of(RetryPolicy).state, is_docker_available())\n"
        "print(capabilities.check('git').status, capabilities.check('docker_sdk').status)\n"
        "try:\n    from ssot_shims import verify\nexcept ModuleNotFoundError as error:\n    print(error)\n"
    )
    done = python("-S", "-E", "-I", "-c", before + code)
    assert done.stderr == ""
    first, second, third = done.stdout.splitlines()
    assert (first, second.split()[1]) == ("2 absent False", "unavailable")
    assert third == "No module named 'typing_extensions'"


def test_like_a_frozen_program(plain: dict[str, Any]) -> None:
    """Without arguments, and with a ``sys.executable`` that is not Python, the answers are the same."""
    before = "import sys; sys.argv = []; sys.frozen = True; sys.executable = '/opt/app'; sys._MEIPASS = '/opt'\n"
    assert otherwise(ask_everything(before=before), plain) == {}
    done = python("-c", before + "del sys.argv\nfrom ssot_shims import cli\nprint(cli.main(['verify']))")
    assert (done.stdout.splitlines()[-1:], done.stderr) == (["0"], "")


def test_from_a_zip(tmp_path: Path, plain: dict[str, Any]) -> None:
    """Packed with what it needs, it needs no folder of its own."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for root in (CHECKOUT / "ssot_shims", Path(importlib_metadata.__file__).parent):
            for file in root.rglob("*.py"):
                archive.write(file, file.relative_to(root.parent))
        archive.write(typing_extensions.__file__, "typing_extensions.py")
    said = ask_everything("-P", PYTHONPATH=str(tmp_path / "all.zip"))
    assert said["shims"] == plain["shims"]
    named = ("extensions", "slow", "calendar")  # they name files
    assert otherwise({**said, "differences": plain["differences"]}, plain, *named) == {}


NOBODY = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    # The interpreter may be in a folder of root's.
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"),
)
READ_ONLY = ("unshare", "-m", "sh", "-c", 'mount -o remount,bind,ro / && ! touch /tmp/x 2>&- && exec "$@"', "sh")


@pytest.mark.parametrize("command", [NOBODY, READ_ONLY], ids=["another user", "a read-only file system"])
def test_where_nothing_may_be_written(command: tuple[str, ...], tmp_path: Path, plain: dict[str, Any]) -> None:
    """Nothing is written, so nothing misses what cannot be, and who owns nothing here gets the same answers."""
    if not shutil.which(command[0]) or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip(f"not possible here: that takes root and {command[0]}")
    assert otherwise(ask_everything("-B", command=command, cwd=tmp_path), plain) == {}
    done = python("-m", "ssot_shims", "status", command=command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
