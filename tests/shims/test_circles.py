"""Shims whose upstream is being imported, declared by several threads at once, or interrupted."""

from __future__ import annotations

import importlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import ssot_shims
from ssot_shims import PlaceholderWarning, all_shims, shim, shim_of
from ssot_shims.errors import CircularShim
from tests.conftest import Write, forget_shims
from tests.shims.test_shim import DECLARES, declare

SOURCES = ("import declares\nclass Limits: ...", "from declares import Limits", "class Limits: ...\nimport declares")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("first", ["acme", "declares"])
def test_a_half_imported_target_is_a_clear_error(write: Write, source: str, first: str) -> None:
    """An upstream that imports the shim before it defines the symbol gets an error, and nothing is remembered."""
    write({"acme.py": source, "declares.py": DECLARES})
    if source[0] == "c" or (first, source[0]) == ("declares", "i"):  # it is there before the circle closes
        importlib.import_module(first)
        assert sys.modules["declares"].Limits is sys.modules["acme"].Limits
        return
    told = f"^Limits cannot be resolved yet: {first} is still being imported; import Limits inside the function that "
    with pytest.raises(CircularShim, match=f"{told}uses it, or below the definitions of {first}$"):
        importlib.import_module(first)
    assert all_shims() == ()


def test_a_half_imported_package_above_the_target_is_a_clear_error(write: Write) -> None:
    """When the target fails only because a package above it is not done, that is a circle and not a breakage."""
    files = {"acme/__init__.py": "import declares\nlate = 1", "acme/ws.py": "from acme import late\nclass Limits: ..."}
    write({**files, "declares.py": DECLARES.replace("acme:", "acme.ws:")})
    with pytest.raises(CircularShim, match="^Limits cannot be resolved yet: acme is still being imported") as caught:
        importlib.import_module("acme")
    assert isinstance(caught.value.__cause__, ImportError)
    assert all_shims() == ()


def test_what_has_moved_from_a_half_imported_package_has_moved(write: Write) -> None:
    """The symbol is not in a module that is done; where else it is cannot be read before the package is."""
    files = {"acme/__init__.py": "import acme.ws, declares", "acme/ws.py": "class LimitsV2: ..."}
    write({**files, "declares.py": DECLARES.replace("acme:", "acme.ws:")})
    with pytest.warns(PlaceholderWarning, match="Limits is not in .*ws.py; similar: acme.ws:LimitsV2; "):
        importlib.import_module("acme")
    write({"main.py": "class Outer: ...\nimport nested", "nested.py": DECLARES.replace("acme:", "main:Outer.")})
    forget_shims()
    with pytest.warns(PlaceholderWarning, match="Outer.Limits is not in .*main.py; "):
        importlib.import_module("main")


def test_an_upstream_that_imports_the_shipped_shim_back_is_a_clear_error(write: Write, fresh_shims: None) -> None:
    """The shim module is half imported then, and the error says so whoever is asked first."""
    manager = "from ssot_shims import HeartbeatConfig as Base\nclass HeartbeatConfig(Base): ..."
    package = "netra_backend/app/websocket_core"
    write({"netra_backend/app/__init__.py": "", f"{package}/__init__.py": "", f"{package}/manager.py": manager})
    with pytest.raises(CircularShim, match="^HeartbeatConfig cannot be resolved yet: ssot_shims.heartbeat_config is s"):
        getattr(ssot_shims, "HeartbeatConfig")  # noqa: B009


def test_keyboard_interrupt_passes_through(write: Write) -> None:
    """Ctrl-C inside an upstream is not an answer about it; the next import asks again."""
    root = write({"acme.py": "raise KeyboardInterrupt\nclass Limits: ..."})
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module("acme")
    (root / "acme.py").write_text("class Limits: ...\nraise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        declare()
    assert all_shims() == ()
    (root / "acme.py").write_text("class Limits: ...")
    importlib.invalidate_caches()
    assert shim_of(declare()).state == "upstream"


def test_declaring_from_many_threads_keeps_every_record() -> None:
    """Shims declared at the same time in different threads are all there afterwards."""
    names = [f"Thing{number}" for number in range(32)]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda name: shim(f"{name}:Thing")(type(name, (), {})), names))
    assert {record.name for record in all_shims()} == set(names)


def test_an_import_error_that_is_no_circle_is_a_breakage(write: Write) -> None:
    """A package that is half imported above the target does not make every failure below it a circle."""
    files = {"suite/__init__.py": "from .shims import Limits", "suite/impl.py": "import json.never\nclass Limits: ..."}
    write({**files, "suite/shims.py": DECLARES.replace("acme:", "suite.impl:")})
    with pytest.warns(PlaceholderWarning, match="No module named 'json.never'"):
        suite = importlib.import_module("suite")
    assert shim_of(suite.Limits).cause == "dependency missing"
