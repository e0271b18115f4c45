"""Defaults and constants: which two values a user could tell apart."""

from __future__ import annotations

import re
from dataclasses import make_dataclass
from enum import Enum
from unittest.mock import MagicMock

import pytest

from ssot_shims._contract.difference import value_severity
from tests.contract.pairs import pairs, said_of


class Undecided:
    def __eq__(self, other):
        return NotImplemented if other is None else "perhaps"

    def __repr__(self):
        return "undecided"


def limits(size):
    """From a class of that name, which each of the two modules defines for itself."""
    return make_dataclass("Limits", ["size"])(size)


def named(module, shown="{0.__module__}.Named(1)"):
    """From a class of that module, the name of which it shows."""
    return type("Named", (), {"__module__": module, "__repr__": lambda self: shown.format(type(self), id(self))})()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        *((30, 30.0, None), (True, 1, True), (float("nan"), float("nan"), None), ("a", "b", True), (..., 3, None)),
        *((3, ..., False), (object(), object(), None), (object(), 3, False), (Undecided(), Undecided(), None)),
        *((ValueError, TypeError, True), (OSError, TimeoutError, False), (ValueError, 3, True)),
        *((re.compile("a"), re.compile("b"), True), (Enum("Mode", "FAST").FAST, Enum("Mode", "FAST").FAST, None)),
        *((Enum("Mode", "FAST SLOW").FAST, Enum("Mode", "FAST SLOW").SLOW, True), (lambda: 1, lambda: 2, None)),
        *((named, print, False), (MagicMock(), MagicMock(), None), ({"a": limits(3)}, {"a": limits(3)}, None)),
        *((limits(3), limits(4), True), (named("acme"), named("other"), None)),
        (named("acme", "acme.UNSET"), named("other", "acme.UNSET"), None),
        (named("acme", "<Named {1}>"), named("other", "<Named {1}>"), None),
        (named("acme", "Named('other')"), named("other", "Named('acme')"), True),
        *((named(None, "1"), named(None, shown), is_error) for shown, is_error in (("1", None), ("2", True))),
    ],
)
def test_values(one, other, expected):
    """Values differ if a user could tell them apart, which of what only shows an address is not certain."""
    assert value_severity(one, other) is expected


VALUES = """
# sentinels and unknown defaults
class _Missing: ...
MISSING = _Missing()
class C:
    default = MISSING
    def get(self, key, default=MISSING, wait=MISSING, limit=5, mode=...): ...
--
class _Missing: ...
class _Unset: ...
MISSING, UNSET = _Missing(), _Unset()
class C:
    default = MISSING
    def get(self, key, default=MISSING, wait=UNSET, limit=..., mode="r"): ...
note: C.get(wait): wait=<acme_placeholder._Missing object at 0x> | wait=<acme._Unset object at 0x>
note: C.get(limit): limit=5 | limit=Ellipsis
# what each module defines for itself
class One(Exception): ...
class Two(Exception): ...
class C:
    log = logging.getLogger(__name__); name = __name__; kinds = {"one": One, 2: (Two, One())}
    errors = {One, Two}; frozen: frozenset = frozenset({One, Two})
    def get(self, log=logging.getLogger(__name__)): ...
--
class One(Exception): ...
class Two(Exception): ...
class C:
    log = logging.getLogger(__name__); name = __name__; kinds = {"one": One, 2: (Two, One())}
    errors = {Two, One}; frozen: frozenset = frozenset({One, Two})
    def get(self, log=logging.getLogger(__name__)): ...
# annotated in a base from elsewhere
class Base: log: logging.Logger
class C(Base): log = logging.getLogger(__name__)
--
from acme_placeholder import Base
class C(Base): log = logging.getLogger(__name__)
# the names of both modules, each in the other
kind = "acme"
def get(self, kind="acme", url="acme_placeholder://acme"): ...
--
kind = "acme_placeholder"
def get(self, kind="acme_placeholder", url="acme://acme_placeholder"): ...
error: C.kind: kind='acme' | kind='acme_placeholder'
error: C.get(kind): kind='acme' | kind='acme_placeholder'
error: C.get(url): url='acme_placeholder://acme' | url='acme://acme_placeholder'
# classes of no module
class C:
    limit = 3
    def get(self, wait=1): ...
C.__module__ = None
--
class C:
    limit = 4
    def get(self, wait=2): ...
C.__module__ = None
error: C.limit: limit=3 | limit=4
error: C.get(wait): wait=1 | wait=2
# the same text with another meaning
name = "acme_placeholder"; host = "acme"; errors = {ValueError, "a"}
--
name = ""; host = "localhost"; errors = {ValueError, "b"}
error: C.name: name='acme_placeholder' | name=''
error: C.host: host='acme' | host='localhost'
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(VALUES))
def test_values_of_two_modules(mine, theirs, expected):
    """Whatever goes by the name of its module is the same in both."""
    lines = said_of(mine, theirs)
    assert [line for line in lines if "C.errors: errors={" not in line] == expected
    assert len(lines) == len(expected) + ('"b"' in theirs)
