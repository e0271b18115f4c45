"""``import:`` probes: a module is imported, in the thread of the probe."""

from __future__ import annotations

import sys

import pytest

from ssot_shims import Availability, Registry
from tests.conftest import Write


def check(notation: str) -> Availability:
    """The answer of a registry of its own."""
    registry = Registry()
    registry.register("it", notation)
    return registry.check("it")


def test_a_module_that_imports(write: Write) -> None:
    """It is run in the probe's thread, once, and the reason says from where."""
    folder = write({"acme/__init__.py": "", "acme/ws.py": "import threading\nname = threading.current_thread().name\n"})
    answer = check("import:acme.ws")
    assert answer.reason == f"acme.ws can be imported ({folder}/acme/ws.py)"
    assert answer.details == {"path": f"{folder}/acme/ws.py"}
    assert sys.modules["acme.ws"].name == "it"
    assert check("import:sys").reason == "sys can be imported (built in)"


BY_HAND = """
try:
    import {missing}
except ImportError as error:
    raise ImportError("the extra is not installed"){cause}
"""

ABSENT = {
    "a parent": ("", "no module 'gone' is installed here", "import:gone.ws.manager"),
    "a submodule": ("", "has no module acme.wss; close: ws", "import:acme.wss"),
    "below a module": ("", "has no module acme.ws.x", "import:acme.ws.x"),
    "a dependency": ("import gone", "acme.ws needs 'gone', which is not installed here", ""),
    "a submodule of a dependency": ("import gone.sub", "acme.ws needs 'gone', which is not installed here", ""),
    "another portion": ("import space.gone", "acme.ws needs 'space.gone', which is not installed here", ""),
    "chained": (BY_HAND.format(missing="gone", cause=" from error"), "acme.ws needs 'gone'", ""),
    "in context": (BY_HAND.format(missing="gone", cause=""), "acme.ws needs 'gone'", ""),
    "hidden": (BY_HAND.format(missing="gone", cause=" from None"), "acme.ws needs 'gone'", ""),
}


@pytest.mark.parametrize(("source", "seen", "notation"), ABSENT.values(), ids=ABSENT)
def test_what_is_not_installed_is_absence(write: Write, source: str, seen: str, notation: str) -> None:
    """Of the module, of a package above it, or of what it needs, which the reason names."""
    write({"acme/__init__.py": "", "acme/ws.py": source, "space/here.py": ""})
    answer = check(notation or "import:acme.ws")
    assert (answer.status, answer.hint[:7]) == ("unavailable", "install")
    assert seen in answer.reason


BROKEN = {
    "a moved name": ("from acme import Gone", "cannot import name 'Gone' from 'acme'"),
    "a moved module": ("import acme.gone", "No module named 'acme.gone'"),
    "a moved module of what it needs": ("import other.gone", "No module named 'other.gone'"),
    "a moved module in context": (BY_HAND.format(missing="acme.gone", cause=""), "the extra is not installed"),
    "by hand": ("raise ImportError('no')", "ImportError: no"),
    "by hand, without a name": ("raise ModuleNotFoundError('no')", "ModuleNotFoundError: no"),
    "a bug": ("1 / 0", "ZeroDivisionError"),
    "a bug in a fallback": ("try:\n    import gone\nexcept ImportError:\n    1 / 0", "ZeroDivisionError"),
    "syntax": ("def", "SyntaxError"),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "a message that raises": ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "E"),
}


@pytest.mark.parametrize(("source", "seen"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_has_failed(write: Write, source: str, seen: str) -> None:
    """What is installed and does not import is no absence: the reason says what it raised, and where."""
    folder = write({"acme/__init__.py": "", "acme/ws.py": source, "other.py": ""})
    answer = check("import:acme.ws")
    assert answer.status == "failed"
    assert seen in answer.reason
    if "SyntaxError" not in seen:
        assert f"{folder}/acme/ws.py:" in answer.reason


def test_a_package_that_lacks_a_part_of_its_own_has_failed(write: Write) -> None:
    """Although it is not in ``sys.modules`` any more when that is known."""
    write({"acme/__init__.py": "import acme.part"})
    assert check("import:acme").status == "failed"
