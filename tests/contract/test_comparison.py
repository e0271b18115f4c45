"""``compare`` as a whole: what it takes, what it gives, the shipped placeholders, and upstreams that fight back."""

from __future__ import annotations

import pickle
import re
from functools import partial
from types import FunctionType

import pytest

from ssot_shims import Difference, HeartbeatConfig, RetryPolicy, compare
from ssot_shims._contract.comparison import _differences
from ssot_shims._contract.verification import run_examples
from ssot_shims.errors import InvalidDeclaration
from tests.contract.pairs import load, pairs, said, said_of


def test_a_difference_is_one_line_and_travels():
    """Line breaks become blanks, what a terminal cannot show is escaped; pytest-xdist sends it between processes."""
    difference = Difference("f(x)", "x='a\nb'", "x='\x1b\udc80'", is_error=False)
    assert str(difference) == r"note: f(x): the placeholder has x='a b'; upstream has x='\x1b\udc80'"
    assert str(Difference("f(x)", "x", "y")) == "error: f(x): the placeholder has x; upstream has y"
    assert pickle.loads(pickle.dumps(difference)) == difference


@pytest.mark.parametrize("thing", [3, "text", None, property(), partial(print)])
def test_what_is_no_placeholder(thing):
    """Only classes and functions can promise anything."""
    with pytest.raises(InvalidDeclaration, match=re.escape(f"{thing!r} is neither a class nor a function; ")):
        compare(thing, thing)


FUNCTIONS = """
# nothing changed but the name of a variable
def C(host, port: int = 80, *rest, wait=1): ...
--
def C(host, port: int = 80, *others, wait=1, more=2): ...
# a parameter changed
def C(host, port: int = 80) -> int | None: ...
--
def C(host, port: int = 443) -> int: ...
error: C(port): port: int = 80 | port: int = 443
note: C return type: int | None | int
# a function became something else
def C(text): ...
--
C = None
error: C: function | NoneType object
"""


ODD = """
# a metaclass whose == raises
class Meta(type):
    def __eq__(cls, other): raise RuntimeError("no")
    __hash__ = type.__hash__
class C(metaclass=Meta):
    limit: int
    def send(self, text): ...
--
class Meta(type):
    def __eq__(cls, other): raise RuntimeError("no")
    __hash__ = type.__hash__
class C(metaclass=Meta):
    limit: Meta
    def send(self): ...
error: C.limit: limit: int | limit: Meta
error: C.send(text): text | no such parameter
# annotations that are no dict
def __init__(self, host): ...
def send(self, text): ...
--
__annotations__ = 3
def __init__(self): ...
error: C(host): host | no such parameter
note: C: a structure that can be read | one that raises ValueError
# an attribute that raises when it is touched
request: int
--
class Proxy:
    def __repr__(self): raise RuntimeError("no request")
    __class__ = property(__repr__)
class C:
    request = Proxy()
note: C: a structure that can be read | one that raises RuntimeError: no request
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(FUNCTIONS + ODD))
def test_functions_and_odd_upstreams(mine, theirs, expected):
    """Calls and what they give are compared; whatever an upstream does when it is looked at, there is an answer."""
    lines = [
        # Before Python 3.14 an annotation is told by its value.
        line.removesuffix(": <class 'acme.C'>.__annotations__ is neither a dict nor None").replace("acme.Meta", "Meta")
        for line in said_of(mine, theirs)
    ]
    assert lines == expected


REAL_STYLE = """
@dataclass
class HeartbeatConfig:
    heartbeat_interval_seconds: int = 30; heartbeat_timeout_seconds: int = 90
    max_missed_heartbeats: int = 2; cleanup_interval_seconds: int = 120
    ping_payload_size_limit: int = 125

    @classmethod
    def for_environment(cls, environment: str = "development") -> "HeartbeatConfig":
        if environment == "staging":
            return cls()
        if environment == "production":
            return cls(25, 75, 2, 180)
        return cls(45, 60, 3, 60)

class RetryStrategy(Enum):
    EXPONENTIAL_BACKOFF = "exponential_backoff"

@dataclass
class RetryPolicy:
    max_attempts: int = 5; base_delay: float = 1.0; max_delay: float = 60.0
    backoff_factor: float = 2.0; jitter: bool = True
    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL_BACKOFF
    error_classifications: List[str] = field(default_factory=list)
    circuit_breaker_threshold: int = 10; circuit_breaker_timeout: float = 300.0
"""


def test_the_shipped_placeholders():
    """Upstream's whole seconds are notes, and fields in between no difference; the examples hold."""
    upstream = load("acme", REAL_STYLE)
    fields = {"heartbeat_interval_seconds": 30, "heartbeat_timeout_seconds": 90, "cleanup_interval_seconds": 120}
    assert said(HeartbeatConfig, upstream.HeartbeatConfig) == [
        f"note: HeartbeatConfig({name}): {name}: float = {value} | {name}: int = {value}"
        for name, value in fields.items()
    ]
    assert said(RetryPolicy, upstream.RetryPolicy) == []
    for placeholder in (HeartbeatConfig, RetryPolicy):
        assert run_examples(placeholder, vars(upstream)[placeholder.__name__]) == ()


@pytest.mark.parametrize("placeholder", [HeartbeatConfig, RetryPolicy])
def test_an_upstream_that_takes_any_keyword(placeholder):
    """A class that swallows what it does not know is noted, and fails the example."""

    class Swallowing(placeholder):
        def __init__(self, *args, **kwargs):
            known = placeholder(*args, **{name: kwargs[name] for name in kwargs if hasattr(placeholder, name)})
            self.__dict__.update(kwargs, **vars(known))

    (note,) = compare(placeholder, Swallowing)
    assert (note.is_error, note.upstream) == (False, "one that passes on what it is given")
    (difference,) = run_examples(placeholder, Swallowing)
    assert f"{placeholder.__name__}(no_such_keyword=1)" in difference.what
    assert difference.placeholder == "TypeError: got an unexpected keyword argument"


MODULES = [
    *("argparse", "asyncio", "collections", "ctypes", "dataclasses", "decimal", "email.message", "enum", "fractions"),
    *("http", "http.client", "io", "json", "ipaddress", "logging", "pathlib", "re", "shutil", "socket", "ssl"),
    *("subprocess", "threading", "types", "typing", "unittest.mock", "uuid", "zipfile"),
    *("cryptography.hazmat.asn1", "packaging.version", "typing_extensions"),
    pytest.param("mypy.nodes", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_differs_from_itself(module):
    """Whatever stands in the standard library and in compiled packages keeps its own promises."""
    things = vars(pytest.importorskip(module)).items()
    found = {name: [*_differences("X", it, it)] for name, it in things if isinstance(it, (type, FunctionType))}
    assert {name: differences for name, differences in found.items() if differences} == {}
