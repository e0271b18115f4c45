"""Fields of dataclasses and named tuples: their place, type, default, options, and what only the constructor knows."""

from __future__ import annotations

import pytest

from tests.contract.pairs import pairs, said_of

FIELDS = """
# of another place, type or default
@dataclass
host: str; port: int = 1; wait: float = 30
started: bool = field(default=False, init=False)
--
@dataclass
epoch: int; host: str; port: str = 1; wait: int = 45
started: bool = field(default=True, init=False)
error: C(host): host: str | position 2: host: str
error: C(port): port: int = 1 | position 3: port: str = 1
error: C(wait): wait: float = 30 | position 4: wait: int = 45
error: C(epoch): no such parameter | position 1, required: epoch: int
error: C.started: started: bool = False | started: bool = True
# factories
def one(): ...
@dataclass
class C:
    tags: list = field(default_factory=list); same: list = field(default_factory=lambda: [])
    made: list = field(default_factory=one)
    hidden: list = field(default_factory=list, init=False)
    names: dict = field(default_factory=dict); plain: list = field(default_factory=list)
    required: list = field(default_factory=list, kw_only=True)
--
def two(): ...
@dataclass
class C:
    tags: list = field(default_factory=dict); same: list = field(default_factory=lambda: [])
    made: list = field(default_factory=two); hidden: list = field(default=(), init=False)
    names: dict = field(default_factory=OrderedDict); plain: list = ()
    required: list = field(kw_only=True)
error: C(plain): plain: list = <factory> | plain: list = ()
error: C(required): required: list = <factory> | required: required: list
error: C.tags: tags: list = <factory list> | tags: list = <factory dict>
note: C.made: made: list = <factory <function one at 0x>> | made: list = <factory <function two at 0x>>
error: C.hidden: hidden: list = <factory list> | hidden: list = ()
note: C.names: names: dict = <factory dict> | names: dict = <factory OrderedDict>
# InitVar
@dataclass
rps: int; burst: int = 1; kept: int = 1; read: int = 1
--
@dataclass
class C:
    rps: InitVar[int]; burst: "InitVar[int]" = 1; kept: InitVar[int] = 1
    read: InitVar[int] = 1
    def __post_init__(self, rps, burst, kept, read): self.kept = kept
C.read = settable
error: C.rps: attribute | parameter of the constructor only
error: C.burst: attribute | parameter of the constructor only
# InitVar and ClassVar promised
@dataclass
seed: InitVar[int]; kind: ClassVar[str] = "mine"; level: int = 3; changed: InitVar[int] = 3
--
@dataclass
seed: int; kind = "mine"; level: int = 3; changed: InitVar[int] = 4
error: C(changed): changed: InitVar[int] = 3 | changed: InitVar[int] = 4
# became a plain class
@dataclass
level: int; tags: list = field(default_factory=list)
--
def __init__(self, level: int, tags=None):
    self.tags = tags or []
level = readonly
error: C: dataclass | class
error: C(tags): tags: list = <factory> | tags=None
error: C.level: attribute | property
# frozen fields are only read
@dataclass(frozen=True)
level: int
--
def __init__(self, level: int): ...
level = readonly
error: C: dataclass | class
"""

OPTIONS = """
# of the class
@dataclass(frozen=True, order=True)
host: str
--
@dataclass
host: str
error: C dataclass options: order=True | order=False
error: C dataclass options: frozen=True | frozen=False
# of the class, the other way
@dataclass(eq=False)
host: str
--
@dataclass(frozen=True, order=True)
host: str
error: C dataclass options: frozen=False | frozen=True
# equality and hash
@dataclass(unsafe_hash=True)
host: str
--
@dataclass
host: str
error: C.__hash__: special method | None
# of fields
@dataclass
host: str; note: str = field(default="", compare=False); port: int = 1
--
@dataclass
host: str = field(compare=False); note: str = ""; port: int = field(default=1, hash=False)
new: int = 2
error: C dataclass options: host.compare=True | host.compare=False
note: C dataclass options: host.hash=True | host.hash=False
error: C dataclass options: note.compare=False | note.compare=True
note: C dataclass options: note.hash=False | note.hash=True
note: C dataclass options: port.hash=True | port.hash=False
# keyword only
@dataclass
host: str; port: int = 1
--
@dataclass
host: str; _: dataclasses.KW_ONLY; port: int = 1
error: C(port): port: int = 1 | keyword-only: port: int = 1
# patterns
--
@dataclass(match_args=False)
host: str; port: int = 1
error: C.__match_args__: ('host', 'port') | ()
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(FIELDS + OPTIONS))
def test_fields(mine, theirs, expected):
    """A field is compared as a parameter of the constructor, as an attribute, and by what its options change."""
    # Before Python 3.14 an annotation is told by its value.
    assert [line.replace("dataclasses.", "") for line in said_of(mine, theirs)] == expected


MINE = """
@dataclass
class C:
    port: int = 1; host: str = ""; tags: list = field(default_factory=list); names: list = field(default_factory=list)
"""
OWN_KIND = """
import inspect
Plain = C
class Field:
    def __init__(self, default=None, default_factory=None):
        self.default, self.default_factory = default, default_factory
@dataclass
class C:
    port: int = Field(1); host: str = Field("acme")
    tags: list = Field(default_factory=list); names: list = Field(default_factory=dict)
    __signature__ = inspect.signature(Plain)
"""
PYDANTIC = """
from pydantic import Field, dataclasses
@dataclasses.dataclass
class C:
    port: int = Field(1, ge=0); host: str = "acme"
    tags: list = Field(default_factory=list); names: list = Field(default_factory=dict)
"""


@pytest.mark.parametrize(("theirs", "place"), [(OWN_KIND, "C.host"), (PYDANTIC, "C(host)")], ids=["own", "pydantic"])
def test_a_default_that_describes_a_field(theirs, place):
    """What looks like a default may hold the default, as in a library's own kind of field."""
    if theirs is PYDANTIC:
        pytest.importorskip("pydantic")
    assert said_of(MINE, MINE + theirs) == [
        f"error: {place}: host: str = '' | host: str = 'acme'",
        "error: C.names: names: list = <factory list> | names: list = <factory dict>",
    ]
