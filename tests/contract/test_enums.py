"""Enums: their members, their text, and what they set on their members."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

import pytest

from tests.contract.pairs import pairs, said, said_of

ENUMS = """
# members
class C(IntFlag):
    READ = 1; SMALL = 1; WRITE = 2
    def double(self): ...
    @property
    def is_small(self): ...
--
class C(IntFlag):
    SMALL = 2; WRITE = auto(); NEW = 8
    def is_small(self): ...
error: C.READ: 1 | no such member
error: C.SMALL: 1 | 2
error: C.WRITE: 2 | 4
error: C.double: method | no such name
error: C.is_small: property | method
# values that nobody can tell apart
class C(Enum): ONE = object(); TWO = 2
--
class C(Enum): ONE = object(); TWO = ...
note: C.TWO: 2 | Ellipsis
# base
class C(IntFlag): READ = 1
--
class C(Enum): READ = 1
error: C bases: IntFlag | Enum
error: C.__str__: text by int.__repr__ | text by Enum.__str__
# became a class
class C(Enum): LOW = 1
--
LOW = 1
error: C: enum | class
# text by the base
class C(str, Enum): ON = "on"
--
class C(StrEnum): ON = "on"
error: C.__str__: text by Enum.__str__ | text by str.__str__
# text of its own
--
class C(str, Enum):
    ON = "on"
    def __str__(self): ...
note: C.__str__: text by Enum.__str__ | text by C.__str__
# own text is now the base's
class C(str, Enum):
    ON = "on"
    def __str__(self): return self.value
--
class C(StrEnum): ON = "on"
note: C.__str__: text by C.__str__ | text by str.__str__
# own text is gone
--
class C(str, Enum): ON = "on"
error: C.__str__: text by C.__str__ | text by Enum.__str__
# own text of both
class C(Enum):
    ON = "on"
    def __str__(self): ...
--
class C(Enum):
    ON = "on"
    def __str__(self): ...
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(ENUMS))
def test_enums(mine, theirs, expected):
    """Aliases are members; upstream may have more, and its own methods."""
    assert said_of(mine, theirs) == expected


def test_attributes_of_members():
    """What an enum sets on its members as it makes them is there, as in http.HTTPStatus."""

    class Mine(Enum):
        OK = 200
        phrase: str
        description: str
        missing: str

    assert said(Mine, HTTPStatus)[1:] == ["error: Mine.missing: attribute | no such name"]
