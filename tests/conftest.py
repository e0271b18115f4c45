"""What every test starts from: no shim declared, no capability registered but ours, none asked about, no setting in
force, nothing left of other tests' modules.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import importlib_metadata  # noqa: F401  # it adds a finder to sys.meta_path, which is to stay
import pytest

import ssot_shims
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._capabilities.capability import LEVELS
from ssot_shims._names import SHIMS
from ssot_shims._shims.shim import _records, _warned

if TYPE_CHECKING:
    from tests.support.chance import Chance
    from tests.support.docker_machine import Machine

Write = Callable[[dict[str, str]], Path]
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


class OnlyUnix(ModuleType):
    """In the place of a module that Windows has not: the test that uses it skips."""

    def __getattr__(self, name: str) -> Any:
        pytest.skip(f"only Unix has the module {self.__name__}")


for name in ("pty", "resource"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        sys.modules[name] = OnlyUnix(name)

# A shell has what it runs in its background ignore Ctrl-C, and so would whatever is started here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """A test that starts a program which is not installed, such as git or patch, skips."""
    try:
        return (yield)
    except FileNotFoundError as error:
        if error.filename is None or os.sep in str(error.filename) or shutil.which(error.filename):
            raise
        pytest.skip(f"{error.filename} is not installed")


def run(code: str, *options: str, **settings: str) -> tuple[str, str]:
    """What *code* prints, and what it complains of, in a process of its own."""
    env = {"PYTHONPATH": str(Path(ssot_shims.__file__).parents[1]), "PATH": os.environ["PATH"], **settings}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.stderr


def snapshot() -> Callable[[], None]:
    """A function that takes back which shims are declared, and which have been warned about, from now on."""
    records, warned = dict(_records), set(_warned)

    def restore() -> None:
        _records.clear()
        _records.update(records)
        _warned.clear()
        _warned.update(warned)

    return restore


def capability_snapshot() -> Callable[[], None]:
    """A function that takes back what is registered or overridden from now on, and forgets every answer."""
    answers, registered = capabilities._answers, capabilities._levels
    layers, levels = answers.layers, {name: dict(on_each_level) for name, on_each_level in registered.items()}

    def restore() -> None:
        answers.layers = layers
        names = registered.keys() | levels.keys()
        for name in names:
            for level in LEVELS:
                capabilities.set_level(name, level, levels.get(name, {}).get(level))
        answers.forget([*names, *answers.unnamed])

    return restore


forget_shims = snapshot()  # nobody has declared one yet


@pytest.fixture(autouse=True)
def a_fresh_process(monkeypatch: pytest.MonkeyPatch, our_capabilities: None) -> Iterator[None]:
    """As if nobody had declared a shim yet; whatever a test imports or sets is taken back."""
    for name in list(os.environ):
        if name.startswith(("SSOT_SHIMS_", "ORCHESTRATION_")) or name == "TEST_NO_SERVICES":
            monkeypatch.delenv(name)
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    restore_shims = snapshot()
    forget_shims()
    yield
    # Packages that were there, and those of Python itself, keep the parts that they load lazily; and compiled parts of
    # LibCST remember the modules they were first loaded with.
    kept = {"ssot_shims", "libcst", *sys.stdlib_module_names, *modules}
    for name in sys.modules.keys() - modules.keys():
        if name.partition(".")[0] not in kept:
            del sys.modules[name]
    sys.modules.update(modules)
    sys.path[:], sys.meta_path[:] = path, finders
    restore_shims()


@pytest.fixture
def our_capabilities() -> Iterator[None]:
    """The registry that everybody shares: what a test registers, overrides and finds out is taken back."""
    restore_capabilities = capability_snapshot()
    yield
    restore_capabilities()
    # Its import registers, and what it has registered is gone.
    sys.modules.pop("ssot_shims.orchestration", None)
    vars(ssot_shims).pop("orchestration", None)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Machine]:
    """A machine without Docker, on which nothing may be printed."""
    from tests.support.docker_machine import Machine  # imports the probe, which few tests need

    machine = Machine(monkeypatch)
    yield machine
    shutil.rmtree(machine.root)
    assert capfd.readouterr() == ("", "")


@pytest.fixture(params=["everyday", pytest.param("thorough", marks=pytest.mark.slow)])
def always(request: pytest.FixtureRequest) -> Chance:
    """Try a property on made-up inputs: ``always(holds, 100, text=strategies.text())``."""
    from tests.support.chance import Chance  # imports hypothesis, which few tests need

    is_seeded = request.config.getoption("--hypothesis-seed", None) is not None
    return Chance(is_thorough=request.param == "thorough", is_seeded=is_seeded)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below a folder that is on ``sys.path``, and give that folder."""

    def write(files: dict[str, str]) -> Path:
        root = tmp_path / "site"
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        return root

    return write


@pytest.fixture
def fresh_shims(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped shims as a new process finds them: not imported yet."""
    modules = [(sys.modules, f"ssot_shims.{home}") for home in SHIMS.values()]
    for where, name in (*modules, *((vars(ssot_shims), name) for names in SHIMS.items() for name in names)):
        monkeypatch.setitem(where, name, None)  # or what is not there would not be taken away again
        monkeypatch.delitem(where, name)
