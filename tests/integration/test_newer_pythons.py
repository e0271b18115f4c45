"""What newer Pythons can say: each is understood where that Python runs, by lookups, the contract and migrate."""

from __future__ import annotations

import importlib
import sys

import pytest

from ssot_shims import PlaceholderWarning, compare, shim, shim_of
from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rules import rules_of
from tests.conftest import Write
from tests.support.migrate_tree import rewritten

PEP_649 = "class Config:\n    later: Later\n    def use(self, it: Later, *, then: Gone = None) -> Later: ...\n"
FORMS = {
    "PEP 649": ((3, 14), PEP_649 + "class Later: ...\n"),
    "PEP 750": ((3, 14), "class Config:\n    text = t'hi {1}'.strings\n"),
    "PEP 758": ((3, 14), "try:\n    import nowhere\nexcept ImportError, ValueError:\n    pass\nclass Config: ...\n"),
    "PEP 765": ((3, 14), "class Config: ...\ndef f():\n    try:\n        f()\n    finally:\n        return 1\n"),
    "PEP 810": ((3, 15), "lazy import json\nlazy from acme.real import Config\n"),
}


SOURCES = [
    pytest.param(source, id=name, marks=pytest.mark.skipif(sys.version_info < version, reason="it cannot be read here"))
    for name, (version, source) in FORMS.items()
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_lookup_reads_it(source: str, write: Write) -> None:
    """A symbol that is gone there has moved; no warning comes of reading it."""
    write({"acme/__init__.py": "", "acme/ws.py": source})
    with pytest.warns(PlaceholderWarning, match="read, not run"):

        @shim("acme.ws:Configuration")
        class Configuration: ...

    assert (shim_of(Configuration).state, "acme.ws" in sys.modules) == ("moved", False)


@pytest.mark.filterwarnings("ignore:'return' in a 'finally' block:SyntaxWarning")
@pytest.mark.parametrize("source", SOURCES)
def test_the_contract_is_kept_by_the_same_text(source: str, write: Write) -> None:
    """What is there is given, and the same text differs in nothing, although annotations cannot be evaluated."""
    write({"acme/__init__.py": "", "acme/real.py": "class Config: ...\n", "acme/ws.py": source, "mine.py": source})

    @shim("acme.ws:Config")
    class Config: ...

    assert shim_of(Config).state == "upstream"
    assert compare(importlib.import_module("mine").Config, Config) == ()


@pytest.mark.parametrize("source", SOURCES)
def test_migrate_keeps_it(source: str) -> None:
    """A statement beside it is rewritten, and not a byte of it changes."""
    homes = type("Known", (NewHomes,), {"why_refused": lambda *_: ("", "")})()
    rules = rules_of([("old.mod:A", "new.mod:A", "--rule")])
    done = rewritten(f"{source}from old.mod import A\n", ("tests.test_it",), rules, homes)
    assert done.source.decode() == f"{source}from new.mod import A\n"
