"""Under pytest-xdist all workers of one host give one answer, and the run is told about once."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ssot_shims import Availability, capabilities
from ssot_shims._capabilities.cache import Answers
from ssot_shims._plugin import xdist as sharing
from ssot_shims._plugin.xdist import FOLDER, Sharing
from tests.plugin.conftest import Run, Suite

XDIST = ("xdist.plugin",)

MODULES = """
[tool.ssot_shims]
modules = ["declared"]
[tool.ssot_shims.capabilities]
staging = "{staging}"
"""

# Each process that asks for one of these gets another answer than the first: only an exchange can make them agree.
FICKLE = """
import os
from pathlib import Path
from ssot_shims import capabilities

def first_is_told_yes(name):
    try:
        os.close(os.open(f"{name}.asked", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False, f"process {os.getpid()} asked too late"
    return True
"""

CONFTEST = (
    FICKLE
    + """
capabilities.register("early", lambda: first_is_told_yes("early"))
AT_IMPORT = bool(capabilities.check("early"))
capabilities.register("fickle", lambda: first_is_told_yes("fickle"))
capabilities.register("short", lambda: first_is_told_yes("short"), ttl=60)
"""
)

FORTY = """
import json, os, stat
from pathlib import Path
import pytest
from conftest import AT_IMPORT
from ssot_shims import Registry, capabilities, is_available

@pytest.mark.requires_capability("staging")
@pytest.mark.parametrize("number", range(40))
def test_it(number, worker_id):
    registry = Registry()
    capabilities.register("own", lambda: (False, f"of test {number}"), replace=True)
    registry.register("fickle", lambda: (False, f"of test {number}"))
    folder, = Path(os.environ["TMPDIR"]).glob("pytest-of-*/pytest-0/ssot_shims-*")
    told = dict(
        worker=worker_id, at_import=AT_IMPORT, staging=is_available("staging"), fickle=is_available("fickle"),
        declared=is_available("declared"), short=is_available("short"),
        own=capabilities.check("own").reason == registry.check("fickle").reason == f"of test {number}",
        mode=oct(stat.S_IMODE(folder.stat().st_mode)), variable=os.environ.get("_SSOT_SHIMS_SHARED_ANSWERS"),
    )
    Path(f"told.{number}").write_text(json.dumps(told))
"""


class Staging(ThreadingHTTPServer):
    """A server that is well, and counts how often it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Healthy)
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_port}/health"


class _Healthy(BaseHTTPRequestHandler):
    server: Staging

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def staging() -> Iterator[Staging]:
    with Staging() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory, staging: Staging) -> tuple[Run, list[dict[str, Any]], Path]:
    """A run of 40 tests over 4 workers, what each test was told, and the folder for temporary files."""
    suite = Suite(tmp_path_factory.mktemp("forty"))
    temporary = suite.folder / "temporary"
    temporary.mkdir()
    declared = FICKLE + 'capabilities.register("declared", lambda: first_is_told_yes("declared"))\n'
    suite.write(
        {
            "pyproject.toml": MODULES.format(staging=staging.url),
            "conftest.py": CONFTEST,
            "declared.py": declared,
            "test_forty.py": FORTY,
        }
    )
    run = suite.run("-n4", plugins=XDIST, env={"TMPDIR": str(temporary)})
    told = [json.loads(file.read_text()) for file in suite.folder.glob("told.*")]
    return run, told, temporary


def test_forty_tests_over_four_workers(forty: tuple[Run, list[dict[str, Any]], Path], staging: Staging) -> None:
    """All run, all are told the same, and staging is asked at most once a worker."""
    run, told, _ = forty
    assert (run.code, run.collected, run.counts) == (0, 40, {"passed": 40}), run.out
    assert {one["worker"] for one in told} == {"gw0", "gw1", "gw2", "gw3"}
    assert {one["staging"] for one in told} == {True}
    assert 1 <= staging.asked <= 4


def test_a_probe_that_would_answer_each_worker_differently(forty: tuple[Run, list[dict[str, Any]], Path]) -> None:
    """One answer for all, whoever declared it and whenever it is asked; which one is a matter of luck."""
    _, told, _ = forty
    assert len({one["fickle"] for one in told}) == len({one["declared"] for one in told}) == 1


def test_a_question_in_conftest(forty: tuple[Run, list[dict[str, Any]], Path]) -> None:
    """What conftest.py asks while it is imported is agreed on too, by all workers."""
    _, told, _ = forty
    assert len({one["at_import"] for one in told}) == 1


def test_what_is_not_shared(forty: tuple[Run, list[dict[str, Any]], Path]) -> None:
    """Answers that are kept for some time only, those of a test's own registry, and of what it registers itself."""
    _, told, _ = forty
    assert {one["short"] for one in told} == {True, False}
    assert {one["own"] for one in told} == {True}


def test_the_shared_folder(forty: tuple[Run, list[dict[str, Any]], Path]) -> None:
    """Nobody else can read it, what a test starts does not learn of it, and it is gone after the run."""
    _, told, temporary = forty
    assert {(one["mode"], one["variable"]) for one in told} == {("0o700", None)}
    assert list(temporary.glob("**/ssot_shims-*")) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_the_shared_folder_of_a_run_that_is_killed(suite: Suite) -> None:
    """It stays among the temporary folders of pytest, which the next runs remove."""
    test = "import os, signal\ndef test_it(): os.kill(int(os.environ['CONTROLLER']), signal.SIGTERM)\n"
    conftest = "import os\nos.environ.setdefault('CONTROLLER', str(os.getpid()))\n"
    suite.write({"conftest.py": conftest, "test_it.py": test, "temporary/empty": ""})
    temporary = suite.folder / "temporary"
    run = suite.run("-n1", plugins=XDIST, env={"TMPDIR": str(temporary)})
    assert run.code == -signal.SIGTERM
    assert len(list(temporary.glob("pytest-of-*/pytest-0/ssot_shims-*"))) == 1
    assert [file.name for file in temporary.iterdir() if not file.name.startswith("pytest-of-")] == ["empty"]


CRASH = """
import os, pytest
from ssot_shims import capabilities

capabilities.register("missing", lambda: (False, "not today"))
capabilities.register("required", lambda: (False, "not today either"))

@pytest.mark.requires_capability("missing")
@pytest.mark.parametrize("number", range(12))
def test_skipped(number):
    pass

@pytest.mark.requires_capability("required")
@pytest.mark.parametrize("number", range(2))
def test_required(number):
    pass

@pytest.mark.requires_capability("missing")
def test_skipped_too():
    pass

def test_crashes():
    os._exit(3)

@pytest.mark.requires_capability("missing")
@pytest.mark.parametrize("number", range(12))
def test_skipped_later(number):
    pass
"""


def test_a_worker_that_crashes(suite: Suite) -> None:
    """It is replaced and listed, every test that it has reported counts once, and nothing is called not asked for."""
    suite.write({"test_it.py": CRASH})
    run = suite.run("-n2", "--ssot-require=required,git", plugins=XDIST)
    assert "replacing crashed worker" in run.out
    assert (run.code, run.collected) == (1, 28)
    assert run.counts == {"error": 2, "failed": 1, "skipped": 25}, run.out
    assert run.outcomes["test_it.py::test_crashes"] == "failed"
    assert [re.sub(r"gw\d", "gw", line) for line in run.summary] == [
        "ERROR required: 2 tests; required by --ssot-require; unavailable: not today either",
        "CRASHED gw: its process died, and not all that it asked for is known",
        "SKIPPED missing: 25 tests; unavailable: not today",
    ]


ASKS = """
from ssot_shims import is_available
def test_it(monkeypatch):
    {before}
    assert is_available("licence")
"""
FORCES = 'monkeypatch.setenv("SSOT_SHIMS_HAS_LICENCE", "1")'


def test_of_two_workers_the_one_without_counts(suite: Suite) -> None:
    """What was asked for in Python, and is required, was really there for one of them only: whoever ends first."""
    conftest = 'from ssot_shims import capabilities\ncapabilities.register("licence", lambda: True)'
    asks = {"test_a.py": ASKS.format(before="pass"), "test_b.py": ASKS.format(before=FORCES)}
    suite.write({"conftest.py": conftest, **asks})
    run = suite.run("-n2", "--dist=loadfile", "--ssot-require", "licence", plugins=XDIST)
    assert (run.code, run.counts) == (1, {"passed": 2})
    assert run.summary == [
        "ERROR licence: asked for without a marker; required by --ssot-require; available: forced: "
        "SSOT_SHIMS_HAS_LICENCE says yes; to ask the machine: unset SSOT_SHIMS_HAS_LICENCE"
    ]


@pytest.fixture
def manager() -> pytest.PytestPluginManager:
    return pytest.PytestPluginManager()


def test_the_folder_of_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: pytest.PytestPluginManager
) -> None:
    """It is taken out of the environment, for what a test starts has no part in it; without one nothing is shared."""
    monkeypatch.setattr(Answers, "shared", None)
    monkeypatch.setenv(FOLDER, "")
    sharing.join(manager)
    assert (Answers.shared, os.environ.get(FOLDER)) == (None, None)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    sharing.join(manager)
    assert manager.get_plugin("ssot_shims sharing") is Answers.shared is not None
    assert FOLDER not in os.environ


def test_no_folder_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """Where no temporary folder can be made, each worker asks for itself, and the run goes on."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with monkeypatch.context() as patch:  # some versions of pytest want it back before the end of the test
        patch.delattr(pytestconfig, "_tmp_path_factory")
        sharing.begin(pytestconfig)
    assert (Answers.shared, os.environ.get(FOLDER)) == (None, None)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that this process shares its answers in."""
    monkeypatch.setattr(Answers, "shared", Sharing(tmp_path))
    monkeypatch.setattr(capabilities._answers, "refreshed", set())
    return tmp_path


def place_of(shared: Path, name: str) -> Path:
    return Sharing(shared)._place(capabilities[name])


def test_what_is_told_of_an_answer(shared: Path) -> None:
    """All of it: status, reason and details."""
    mine = Availability(status="available", reason="version 3", details={"version": "3"})
    capabilities.register("mine", lambda: mine)
    answer = capabilities.check("mine")
    told = Sharing(shared).read(capabilities["mine"])
    assert told == mine
    assert told == answer.replace(name="", seconds=0.0)


def test_an_answer_found_meanwhile(shared: Path) -> None:
    """A worker whose own probe fails takes the answer that another has found in the meantime."""

    def other_first() -> bool:
        yes = Availability(status="available", reason="another worker says so")
        Sharing(shared).offer(capabilities["mine"], yes)
        raise RuntimeError("here it does not work")

    capabilities.register("mine", other_first)
    assert capabilities.check("mine").reason == "another worker says so"


def test_two_at_the_same_moment(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When both have looked and found nothing, the one that comes second takes the answer of the first."""
    make_folder, other = tempfile.mkdtemp, Availability(status="available", reason="the other was first")

    def after_the_other(**where: Any) -> str:
        monkeypatch.setattr(tempfile, "mkdtemp", make_folder)
        assert Sharing(shared).offer(capabilities["mine"], other).reason == "the other was first"
        return str(make_folder(**where))

    monkeypatch.setattr(tempfile, "mkdtemp", after_the_other)
    capabilities.register("mine", lambda: (False, "found here"))
    assert capabilities.check("mine").reason == "the other was first"


def test_only_yes_and_no_are_shared(shared: Path) -> None:
    """Neither a probe that failed nor an answer that somebody forces is told to others."""

    def fails() -> bool:
        raise RuntimeError("boom")

    capabilities.register("mine", fails)
    assert capabilities.check("mine").status == "failed"
    os.environ["SSOT_SHIMS_HAS_OTHER"] = "1"
    capabilities.register("other", lambda: False)
    assert capabilities.check("other")
    capabilities.register("derived", lambda: capabilities.check("other"))
    assert capabilities.check("derived").source == "SSOT_SHIMS_HAS_OTHER"
    del os.environ["SSOT_SHIMS_HAS_OTHER"]
    assert list(shared.iterdir()) == []


def test_what_is_declared_while_tests_are_collected(shared: Path) -> None:
    """It is shared, whoever has registered it: a module of a test is the same in each worker."""
    assert isinstance(Answers.shared, Sharing)
    capabilities.register("mine", lambda: True)
    Answers.shared.include(["mine"])
    assert capabilities.check("mine")
    assert Sharing(shared).read(capabilities["mine"]) is not None


def test_what_another_has_found_out(shared: Path) -> None:
    """It is taken as it is, and the probe does not run."""
    asked: list[bool] = []
    capabilities.register("mine", lambda: asked.append(True))
    Sharing(shared).offer(capabilities["mine"], Availability(status="unavailable", reason="not there"))
    assert (capabilities.check("mine").reason, asked) == ("not there", [])


def test_after_a_refresh(shared: Path) -> None:
    """Whoever asks anew gets a new answer, and keeps it to this process."""
    answers = iter([(False, "first"), (False, "second")])
    capabilities.register("mine", lambda: next(answers))
    assert capabilities.check("mine").reason == "first"
    capabilities.refresh("mine")
    assert capabilities.check("mine").reason == "second"
    told = Sharing(shared).read(capabilities["mine"])
    assert told is not None
    assert told.reason == "first"


NOTHING = """
import json, sys
from pathlib import Path

def test_it():
    from ssot_shims import Registry  # somebody's own

    registry = Registry()
    registry.register("git", "command:git")
    before = "ssot_shims._capabilities.builtin" in sys.modules
    registry.check("git")
    Path("told").write_text(json.dumps([before, "ssot_shims._capabilities.builtin" in sys.modules]))
"""


def test_a_suite_that_does_not_use_us(suite: Suite) -> None:
    """Its workers do not import the capabilities that nobody asks about, and the run does not mention us."""
    suite.write({"test_it.py": NOTHING})
    run = suite.run("-n1", plugins=XDIST)
    assert (run.code, run.outcomes, run.summary) == (0, {"test_it.py::test_it": "passed"}, [])
    assert json.loads((suite.folder / "told").read_text()) == [False, False]
    out = re.sub(r"^plugins: .*\n", "", run.out, flags=re.MULTILINE)  # where ours is installed, it is listed
    assert "ssot" not in out.replace(str(suite.folder), "")
