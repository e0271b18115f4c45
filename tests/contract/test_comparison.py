"""A placeholder against upstreams that drifted, one seeded drift at a time."""

from __future__ import annotations

import importlib
import pickle
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field, make_dataclass
from enum import Enum
from functools import cached_property, lru_cache, partialmethod, wraps
from http import HTTPStatus
from textwrap import dedent
from types import FunctionType, ModuleType, SimpleNamespace
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import pytest

from ssot_shims import HeartbeatConfig, RetryPolicy, compare, shim, verify
from ssot_shims._contract.difference import Difference, value_severity
from ssot_shims._contract.verification import run_examples, verify_record
from ssot_shims.errors import InvalidDeclaration

ACME = '''
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable
from dataclasses import dataclass, field
from enum import Enum, IntFlag, auto
from typing import Any, ClassVar, Protocol, Self, runtime_checkable


@dataclass
class HeartbeatConfig:
    """When a connection is pinged and given up.

    >>> HeartbeatConfig.for_environment("production").heartbeat_timeout_seconds
    75
    >>> HeartbeatConfig().tags
    []
    """

    SCHEMA: ClassVar[int] = 3
    heartbeat_interval_seconds: float = 30
    heartbeat_timeout_seconds: float = 90
    max_missed_heartbeats: int = 2
    tags: list[str] = field(default_factory=list)
    started: bool = field(default=False, init=False)

    @classmethod
    def for_environment(cls, environment: str = "development") -> Self:
        """The configuration for an environment.

        >>> HeartbeatConfig.for_environment("staging") == HeartbeatConfig()
        True
        >>> HeartbeatConfig.for_environment().max_missed_heartbeats
        3
        """
        return {"staging": cls(), "production": cls(25, 75)}.get(environment) or cls(45, 60, 3)

    @staticmethod
    def names() -> tuple[str, ...]:
        return ("staging", "production")

    def deadline(self, now: float, *, missed: int = 0) -> float | None:
        return now + self.heartbeat_timeout_seconds


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0


class Level(Enum):
    LOW = auto()
    HIGH = auto()

    @property
    def is_high(self) -> bool:
        return self is Level.HIGH


class Access(IntFlag):
    READ = 1
    WRITE = 2


class ConnectionLost(RuntimeError):
    """The peer is gone."""

    def __init__(self, peer: str, *, code: int = 1006) -> None:
        super().__init__(peer)
        self.peer = peer
        self.code = code


class Session(metaclass=ABCMeta):
    limit = 10
    error = ConnectionLost
    peer: str
    closed: bool
    _cache: dict[str, str]

    class Options:
        retries: int = 3

    def __init__(self, peer: str, options: Options | None = None) -> None:
        self.peer = peer
        self._name = peer

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def is_open(self) -> bool:
        return True

    def send(self, message: str, timeout: float = 1.0) -> int:
        return len(message)

    async def close(self) -> None: ...

    def __len__(self) -> int:
        return 0

    def __getitem__(self, index: int) -> str:
        return self.peer[index]

    def __call__(self, message: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None: ...


@runtime_checkable
class Transport(Protocol):
    address: str

    def write(self, data: bytes) -> int: ...


def connect(address: str, timeout: float = 5.0, **options: Any) -> Session:
    """Open a session.

    >>> connect("acme").peer
    'acme'
    """
    return Session(address)
'''

NAMES = ("HeartbeatConfig", "Version", "Level", "Access", "ConnectionLost", "Session", "Transport", "connect")

PRODUCTION = (
    'HeartbeatConfig docstring, line 3: HeartbeatConfig.for_environment("production").heartbeat_timeout_seconds'
)
STAGING = (
    'HeartbeatConfig.for_environment docstring, line 3: HeartbeatConfig.for_environment("staging") == HeartbeatConfig()'
)
DEVELOPMENT = (
    "HeartbeatConfig.for_environment docstring, line 5: HeartbeatConfig.for_environment().max_missed_heartbeats"
)

# What drifted, the text of upstream before and after, and what is reported of it.
DRIFTS = [
    (
        "parameter gone",
        ", *, missed: int = 0",
        "",
        [
            Difference("HeartbeatConfig.deadline(missed)", "missed: int = 0", "no such parameter"),
        ],
    ),
    (
        "parameter renamed",
        "message: str, timeout: float",
        "message: str, deadline: float",
        [
            Difference(
                "Session.send(timeout)",
                "timeout: float = 1.0",
                "no such parameter; in its place: deadline: float = 1.0",
            ),
        ],
    ),
    (
        "parameter renamed, the old name kept for another",
        'environment: str = "development") -> Self',
        'env: str = "staging", environment: Any = None) -> Self',
        [
            Difference(
                "HeartbeatConfig.for_environment(environment)",
                "environment: str = 'development'",
                "position 2: environment: Any = None",
            ),
            Difference(
                PRODUCTION,
                "75",
                "60",
            ),
            Difference(
                STAGING,
                "True",
                "False",
            ),
        ],
    ),
    (
        "parameters reordered",
        "message: str, timeout: float = 1.0",
        "timeout: float = 1.0, message: str = ''",
        [
            Difference("Session.send(message)", "message: str", "position 2: message: str = ''"),
            Difference("Session.send(timeout)", "timeout: float = 1.0", "position 1: timeout: float = 1.0"),
        ],
    ),
    (
        "parameter made keyword-only",
        "message: str, timeout: float",
        "message: str, *, timeout: float",
        [
            Difference("Session.send(timeout)", "timeout: float = 1.0", "keyword-only: timeout: float = 1.0"),
        ],
    ),
    (
        "parameter made positional-only",
        "message: str, timeout: float",
        "message: str, /, timeout: float",
        [
            Difference("Session.send(message)", "message: str", "positional-only: message: str"),
        ],
    ),
    (
        "parameter made required",
        "def send(self, message: str, timeout: float = 1.0",
        "def send(self, message: str, timeout: float",
        [
            Difference("Session.send(timeout)", "timeout: float = 1.0", "required: timeout: float"),
        ],
    ),
    (
        "new required parameter",
        "message: str, timeout: float",
        "channel: str, message: str, timeout: float",
        [
            Difference("Session.send(message)", "message: str", "position 2: message: str"),
            Difference("Session.send(timeout)", "timeout: float = 1.0", "position 3: timeout: float = 1.0"),
            Difference("Session.send(channel)", "no such parameter", "required: channel: str"),
        ],
    ),
    ("new optional parameter", "timeout: float = 1.0", "timeout: float = 1.0, urgent: bool = False", []),
    (
        "**kwargs gone",
        ", **options: Any",
        "",
        [
            Difference("connect(**kwargs)", "**kwargs", "no **kwargs"),
        ],
    ),
    (
        "parameter default changed",
        "timeout: float = 5.0",
        "timeout: float = 15.0",
        [
            Difference("connect(timeout)", "timeout: float = 5.0", "timeout: float = 15.0"),
        ],
    ),
    (
        "parameter type changed",
        "def send(self, message: str",
        "def send(self, message: bytes",
        [
            Difference("Session.send(message)", "message: str", "message: bytes"),
        ],
    ),
    (
        "parameter type widened",
        "def send(self, message: str",
        "def send(self, message: str | bytes",
        [
            Difference("Session.send(message)", "message: str", "message: str | bytes", is_error=False),
        ],
    ),
    (
        "return type changed",
        "timeout: float = 1.0) -> int:",
        "timeout: float = 1.0) -> str:",
        [
            Difference("Session.send return type", "int", "str"),
        ],
    ),
    (
        "return type narrowed",
        ") -> float | None:",
        ") -> float:",
        [
            Difference("HeartbeatConfig.deadline return type", "float | None", "float", is_error=False),
        ],
    ),
    (
        "field gone",
        "    max_missed_heartbeats: int = 2\n",
        "",
        [
            Difference("HeartbeatConfig(max_missed_heartbeats)", "max_missed_heartbeats: int = 2", "no such parameter"),
            Difference(
                "HeartbeatConfig(tags)", "tags: list[str] = <factory>", "position 3: tags: list[str] = <factory>"
            ),
            Difference(
                DEVELOPMENT,
                "3",
                "AttributeError: 'HeartbeatConfig' object has no attribute 'max_missed_heartbeats'",
            ),
        ],
    ),
    (
        "field type changed",
        "max_missed_heartbeats: int = 2",
        "max_missed_heartbeats: str = 2",
        [
            Difference(
                "HeartbeatConfig(max_missed_heartbeats)",
                "max_missed_heartbeats: int = 2",
                "max_missed_heartbeats: str = 2",
            ),
        ],
    ),
    (
        "field type int where float is promised",
        "heartbeat_interval_seconds: float = 30",
        "heartbeat_interval_seconds: int = 30",
        [
            Difference(
                "HeartbeatConfig(heartbeat_interval_seconds)",
                "heartbeat_interval_seconds: float = 30",
                "heartbeat_interval_seconds: int = 30",
                is_error=False,
            ),
        ],
    ),
    (
        "field type widened",
        "max_missed_heartbeats: int = 2",
        "max_missed_heartbeats: int | None = 2",
        [
            Difference(
                "HeartbeatConfig(max_missed_heartbeats)",
                "max_missed_heartbeats: int = 2",
                "max_missed_heartbeats: int | None = 2",
                is_error=False,
            ),
        ],
    ),
    (
        "field default changed",
        "heartbeat_interval_seconds: float = 30",
        "heartbeat_interval_seconds: float = 45",
        [
            Difference(
                "HeartbeatConfig(heartbeat_interval_seconds)",
                "heartbeat_interval_seconds: float = 30",
                "heartbeat_interval_seconds: float = 45",
            ),
        ],
    ),
    (
        "field default no longer made by a factory",
        "list[str] = field(default_factory=list)",
        "list[str] = ()",
        [
            Difference("HeartbeatConfig(tags)", "tags: list[str] = <factory>", "tags: list[str] = ()"),
            Difference("HeartbeatConfig docstring, line 5: HeartbeatConfig().tags", "[]", "()"),
        ],
    ),
    (
        "field default outside the constructor changed",
        "default=False, init=False",
        "default=True, init=False",
        [
            Difference("HeartbeatConfig.started", "started: bool = False", "started: bool = True"),
        ],
    ),
    (
        "field became constant",
        "    max_missed_heartbeats: int = 2",
        "    max_missed_heartbeats: ClassVar[int] = 2",
        [
            Difference("HeartbeatConfig(max_missed_heartbeats)", "max_missed_heartbeats: int = 2", "no such parameter"),
            Difference(
                "HeartbeatConfig(tags)", "tags: list[str] = <factory>", "position 3: tags: list[str] = <factory>"
            ),
            Difference(
                DEVELOPMENT,
                "3",
                "2",
            ),
        ],
    ),
    (
        "new required field",
        "@dataclass(frozen=True, order=True)\nclass Version:",
        "@dataclass(frozen=True, order=True)\nclass Version:\n    epoch: int",
        [
            Difference("Version(major)", "major: int", "position 2: major: int"),
            Difference("Version(minor)", "minor: int = 0", "position 3: minor: int = 0"),
            Difference("Version(epoch)", "no such parameter", "required: epoch: int"),
        ],
    ),
    (
        "class constant changed",
        "ClassVar[int] = 3",
        "ClassVar[int] = 4",
        [
            Difference("HeartbeatConfig.SCHEMA", "SCHEMA: ClassVar[int] = 3", "SCHEMA: ClassVar[int] = 4"),
        ],
    ),
    (
        "class method became instance method",
        "    @classmethod\n    def for_env",
        "    def for_env",
        [
            Difference("HeartbeatConfig.for_environment", "class method", "method"),
            Difference(
                PRODUCTION,
                "75",
                "TypeError: 'str' object is not callable",
            ),
            Difference(
                STAGING,
                "True",
                "TypeError: 'str' object is not callable",
            ),
        ],
    ),
    (
        "static method became instance method",
        "    @staticmethod\n",
        "",
        [
            Difference("HeartbeatConfig.names", "static method", "method"),
        ],
    ),
    (
        "static method became class method",
        "    @staticmethod\n    def names()",
        "    @classmethod\n    def names(cls)",
        [],
    ),
    (
        "method gone",
        "def deadline",
        "def _deadline",
        [
            Difference("HeartbeatConfig.deadline", "method", "no such name"),
        ],
    ),
    (
        "function not implemented",
        "    return Session(address)",
        "    raise NotImplementedError('later')",
        [
            Difference('connect docstring, line 3: connect("acme").peer', "'acme'", "NotImplementedError: later"),
        ],
    ),
    (
        "class method ignores its argument",
        ".get(environment) or",
        ".get('staging') or",
        [
            Difference(
                PRODUCTION,
                "75",
                "90",
            ),
            Difference(
                DEVELOPMENT,
                "3",
                "2",
            ),
        ],
    ),
    (
        "method became async",
        "    def send",
        "    async def send",
        [
            Difference("Session.send", "function", "coroutine function"),
        ],
    ),
    (
        "method no longer async",
        "    async def close",
        "    def close",
        [
            Difference("Session.close", "coroutine function", "function"),
        ],
    ),
    (
        "enum member gone",
        "    READ = 1\n",
        "",
        [
            Difference("Access.READ", "1", "no such member"),
        ],
    ),
    (
        "enum member value changed",
        "    HIGH = auto()",
        "    HIGH = 'high'",
        [
            Difference("Level.HIGH", "2", "'high'"),
        ],
    ),
    (
        "enum property became method",
        "    @property\n    def is_high",
        "    def is_high",
        [
            Difference("Level.is_high", "property", "method"),
        ],
    ),
    (
        "enum base changed",
        "Access(IntFlag)",
        "Access(Enum)",
        [
            Difference("Access bases", "IntFlag", "Enum"),
            Difference("Access.__str__", "text by int.__repr__", "text by Enum.__str__"),
        ],
    ),
    (
        "class became enum",
        "class ConnectionLost(RuntimeError):\n",
        "class ConnectionLost(Enum):\n    CODE = 1006\n",
        [
            Difference("ConnectionLost", "class", "enum"),
        ],
    ),
    (
        "enum became class",
        "Level(Enum)",
        "Level",
        [
            Difference("Level", "enum", "class"),
        ],
    ),
    (
        "dataclass became plain class",
        "@dataclass(frozen=True, order=True)\nclass Version:\n    major: int\n    minor: int = 0\n",
        "class Version:\n    def __init__(self, major: int, minor: int = 0) -> None:\n"
        "        self.major, self.minor = major, minor\n",
        [
            Difference("Version", "dataclass", "class"),
        ],
    ),
    (
        "dataclass no longer frozen",
        "@dataclass(frozen=True, order=True)",
        "@dataclass(order=True)",
        [
            Difference("Version dataclass options", "frozen=True", "frozen=False"),
        ],
    ),
    (
        "dataclass no longer ordered",
        "@dataclass(frozen=True, order=True)",
        "@dataclass(frozen=True)",
        [
            Difference("Version dataclass options", "order=True", "order=False"),
        ],
    ),
    (
        "dataclass now frozen",
        "@dataclass\nclass Heart",
        "@dataclass(frozen=True)\nclass Heart",
        [
            Difference("HeartbeatConfig dataclass options", "frozen=False", "frozen=True"),
        ],
    ),
    (
        "no longer hashable",
        "    def __len__(self)",
        "    __hash__ = None\n\n    def __len__(self)",
        [
            Difference("Session.__hash__", "special method", "None"),
        ],
    ),
    (
        "property setter gone",
        "    @name.setter\n    def name(",
        "    def _rename(",
        [
            Difference("Session.name", "property with a setter", "property"),
        ],
    ),
    (
        "property became method",
        "    @property\n    def is_open",
        "    def is_open",
        [
            Difference("Session.is_open", "property", "method"),
        ],
    ),
    (
        "property became attribute",
        "    @property\n    def is_open(self) -> bool:\n        return True\n",
        "    is_open = True\n",
        [],
    ),
    (
        "property type changed",
        "def is_open(self) -> bool:",
        "def is_open(self) -> str:",
        [
            Difference("Session.is_open return type", "bool", "str"),
        ],
    ),
    (
        "base exception changed",
        "ConnectionLost(RuntimeError)",
        "ConnectionLost(ValueError)",
        [
            Difference("ConnectionLost bases", "RuntimeError", "ValueError"),
        ],
    ),
    (
        "base exception gone",
        "ConnectionLost(RuntimeError)",
        "ConnectionLost",
        [
            Difference("ConnectionLost bases", "RuntimeError", "object"),
        ],
    ),
    (
        "class attribute changed",
        "limit = 10",
        "limit = 20",
        [
            Difference("Session.limit", "limit=10", "limit=20"),
        ],
    ),
    (
        "class attribute became instance attribute",
        "    limit = 10\n",
        "    limit: int\n",
        [
            Difference("Session.limit", "limit=10", "limit: int"),
        ],
    ),
    (
        "class attribute became property",
        "    limit = 10\n",
        "    limit = property(lambda self: 10)\n",
        [
            Difference("Session.limit", "attribute", "property"),
        ],
    ),
    (
        "class for raising changed",
        "error = ConnectionLost",
        "error = ValueError",
        [
            Difference(
                "Session.error", "error=<class 'acme_placeholder.ConnectionLost'>", "error=<class 'ValueError'>"
            ),
        ],
    ),
    (
        "annotated attribute gone",
        "    peer: str\n    closed: bool\n",
        "    peer: str\n",
        [
            Difference("Session.closed", "attribute", "no such name"),
        ],
    ),
    (
        "annotated attribute became property",
        "    closed: bool\n",
        "    closed = property(lambda self: True)\n",
        [
            Difference("Session.closed", "attribute", "property"),
        ],
    ),
    (
        "nested class drifted",
        "        retries: int = 3",
        "        retries: int = 5",
        [
            Difference("Session.Options.retries", "retries: int = 3", "retries: int = 5"),
        ],
    ),
    (
        "nested class gone",
        "    class Options:",
        "    class _Options:",
        [
            Difference("Session.Options", "class", "no such name"),
        ],
    ),
    (
        "special method gone",
        "    def __len__",
        "    def _len",
        [
            Difference("Session.__len__", "special method", "none of its own"),
        ],
    ),
    (
        "__call__ drifted",
        "def __call__(self, message: str)",
        "def __call__(self, text: str)",
        [
            Difference("Session.__call__(message)", "message: str", "no such parameter; in its place: text: str"),
            Difference("Session.__call__(text)", "no such parameter", "required: text: str"),
        ],
    ),
    ("operand renamed", "def __getitem__(self, index: int)", "def __getitem__(self, key: int)", []),
    (
        "operand type changed",
        "def __getitem__(self, index: int)",
        "def __getitem__(self, index: str)",
        [
            Difference("Session.__getitem__(index)", "index: int", "index: str"),
        ],
    ),
    ("*exception spelled out", "*exception: object", "kind: object, value: object, trace: object", []),
    (
        "protocol member gone",
        "    address: str\n\n    def write",
        "    def write",
        [
            Difference("Transport.address", "attribute", "no such name"),
        ],
    ),
    ("protocol kept by a class", "@runtime_checkable\nclass Transport(Protocol)", "class Transport", []),
    (
        "protocol no longer for isinstance()",
        "@runtime_checkable\n",
        "",
        [
            Difference("Transport decorators", "@runtime_checkable", "none for isinstance()"),
        ],
    ),
    (
        "method async by its return type",
        "    async def close(self) -> None",
        "    def close(self) -> Awaitable[None]",
        [],
    ),
    (
        "class became protocol",
        "class Session(metaclass=ABCMeta):",
        "class Session(Protocol):",
        [
            Difference("Session", "class", "protocol"),
        ],
    ),
    (
        "function became class",
        "def connect(",
        "class connect: ...\n\n\ndef _connect(",
        [
            Difference("connect", "function", "class"),
            Difference(
                'connect docstring, line 3: connect("acme").peer', "'acme'", "TypeError: connect() takes no arguments"
            ),
        ],
    ),
]


@pytest.fixture
def load(monkeypatch):
    """Makes a module of its source; dataclasses look theirs up in sys.modules."""

    def load(name: str, source: str) -> ModuleType:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(source, vars(module))
        return module

    return load


def verify_all(placeholders: ModuleType, upstream: ModuleType) -> list[Difference]:
    pairs = [(getattr(placeholders, name), getattr(upstream, name)) for name in NAMES]
    return [
        difference for mine, theirs in pairs for difference in (*compare(mine, theirs), *run_examples(mine, theirs))
    ]


def said(placeholder, upstream) -> list[str]:
    return list(map(str, compare(placeholder, upstream)))


def test_unchanged_copy(load):
    """A copy of the placeholder keeps every promise."""
    assert verify_all(load("acme_placeholder", ACME), load("acme", ACME)) == []


@pytest.mark.parametrize(("old", "new", "differences"), [pytest.param(*drift[1:], id=drift[0]) for drift in DRIFTS])
def test_seeded_drift(load, old, new, differences):
    """Each kind of drift is found, and nothing else is."""
    assert ACME.count(old) == 1
    assert verify_all(load("acme_placeholder", ACME), load("acme", ACME.replace(old, new))) == differences


# Two declarations of one name, and what is said of them.
PAIRS = [
    pytest.param(
        """
        class Meta(type):
            def __eq__(cls, other): raise RuntimeError("no")
            __hash__ = type.__hash__
        class Client(metaclass=Meta):
            limit: int
            def send(self, text): ...
        """,
        """
        class Meta(type):
            def __eq__(cls, other): raise RuntimeError("no")
            __hash__ = type.__hash__
        class Client(metaclass=Meta):
            limit: Meta
            def send(self): ...
        """,
        [
            "error: Client.limit: the placeholder has limit: int; upstream has limit: Meta",
            "error: Client.send(text): the placeholder has text; upstream has no such parameter",
        ],
        id="metaclass whose == raises",
    ),
    pytest.param(
        """
        class Client:
            limit = 1
            def __init__(self, host): ...
        """,
        """
        class Meta(type):
            def __getattr__(cls, name): return 1
        class Client(metaclass=Meta):
            def __init__(self): ...
        """,
        [
            "note: Client: the placeholder has the signature (host); upstream has one that cannot be read",
            "note: Client.limit: the placeholder has attribute; upstream has no such name",
        ],
        id="metaclass that has every name",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host): ...
            def send(self, text): ...
        """,
        """
        class Client:
            __annotations__ = 3
            def __init__(self): ...
            def send(self, text): ...
        """,
        [
            "error: Client(host): the placeholder has host; upstream has no such parameter",
            "note: Client: the placeholder has a structure that can be read; upstream has one that raises "
            "ValueError: <class 'acme.Client'>.__annotations__ is neither a dict nor None",
        ],
        id="annotations that are no dict",
    ),
    pytest.param(
        """
        class _Missing: ...
        MISSING = _Missing()
        class Client:
            default = MISSING
            def get(self, key, default=MISSING, wait=MISSING, limit=5, mode=...): ...
        """,
        """
        class _Missing: ...
        class _Unset: ...
        MISSING, UNSET = _Missing(), _Unset()
        class Client:
            default = MISSING
            def get(self, key, default=MISSING, wait=UNSET, limit=..., mode="r"): ...
        """,
        [
            "note: Client.get(wait): the placeholder has wait=<acme_placeholder._Missing object at 0x>; "
            "upstream has wait=<acme._Unset object at 0x>",
            "note: Client.get(limit): the placeholder has limit=5; upstream has limit=Ellipsis",
        ],
        id="sentinels and unknown defaults",
    ),
    pytest.param(
        """
        from dataclasses import dataclass, field
        def one(): ...
        @dataclass
        class Client:
            tags: list = field(default_factory=list)
            same: list = field(default_factory=lambda: [])
            made: list = field(default_factory=one)
        """,
        """
        from dataclasses import dataclass, field
        def two(): ...
        @dataclass
        class Client:
            tags: list = field(default_factory=dict)
            same: list = field(default_factory=lambda: [])
            made: list = field(default_factory=two)
        """,
        [
            "error: Client.tags: the placeholder has tags: list = <factory list>; "
            "upstream has tags: list = <factory dict>",
            "note: Client.made: the placeholder has made: list = <factory <function one at 0x>>; "
            "upstream has made: list = <factory <function two at 0x>>",
        ],
        id="default factories",
    ),
    pytest.param(
        """
        from dataclasses import dataclass, field
        @dataclass
        class Client:
            port: int = 1
            host: str = ""
            tags: list = field(default_factory=list)
            names: list = field(default_factory=list)
        """,
        """
        import inspect
        from dataclasses import dataclass, field
        @dataclass
        class Plain:
            port: int = 1
            host: str = ""
            tags: list = field(default_factory=list)
            names: list = field(default_factory=list)
        class FieldInfo:
            def __init__(self, default=None, default_factory=None):
                self.default, self.default_factory = default, default_factory
        @dataclass
        class Client:
            port: int = FieldInfo(1)
            host: str = FieldInfo("acme")
            tags: list = FieldInfo(default_factory=list)
            names: list = FieldInfo(default_factory=dict)
            __signature__ = inspect.signature(Plain)
        """,
        [
            "error: Client.host: the placeholder has host: str = ''; upstream has host: str = 'acme'",
            "error: Client.names: the placeholder has names: list = <factory list>; "
            "upstream has names: list = <factory dict>",
        ],
        id="default that describes a field",
    ),
    pytest.param(
        """
        from dataclasses import dataclass
        @dataclass
        class Client:
            rps: int
            burst: int = 1
        """,
        """
        from dataclasses import InitVar, dataclass
        @dataclass
        class Client:
            rps: InitVar[int]
            burst: InitVar[int] = 1
        """,
        [
            "error: Client.rps: the placeholder has attribute; upstream has parameter of the constructor only",
            "error: Client.burst: the placeholder has attribute; upstream has parameter of the constructor only",
        ],
        id="field became InitVar",
    ),
    pytest.param(
        """
        class Client:
            size: int
            @property
            def name(self): ...
            @property
            def peer(self): ...
            @peer.setter
            def peer(self, peer): ...
        """,
        """
        from functools import cached_property
        class Client:
            @cached_property
            def size(self): ...
            @cached_property
            def name(self): ...
            @cached_property
            def peer(self): ...
        """,
        [],
        id="cached_property can be set",
    ),
    pytest.param(
        """
        class Client:
            host: str
        """,
        """
        class Client:
            def __init__(self):
                self.__dict__["host"] = "acme"
        """,
        ["note: Client.host: the placeholder has attribute; upstream has no such name"],
        id="attribute through __dict__",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host, retries=3): ...
        """,
        """
        class Base:
            def __new__(cls, *args, **kwargs): ...
        class Client(Base):
            def __init__(self, host): ...
        """,
        [
            "error: Client(retries): the placeholder has retries=3; upstream has no such parameter",
        ],
        id="constructor behind __new__",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host, retries=3): ...
        """,
        """
        from typing_extensions import deprecated
        @deprecated("use Session")
        class Client:
            def __init__(self, host): ...
        """,
        [
            "error: Client(retries): the placeholder has retries=3; upstream has no such parameter",
        ],
        id="constructor behind @deprecated",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host, retries=3): ...
        """,
        """
        class Meta(type):
            def __call__(cls, *args, **kwargs): ...
        class Client(metaclass=Meta):
            def __init__(self, host): ...
        """,
        [
            "note: Client(retries): the placeholder has retries=3; upstream has no such parameter",
        ],
        id="constructor behind a metaclass, which may add arguments",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host, retries=3): ...
        """,
        """
        class Client:
            def __init__(self, *args, **kwargs): ...
        """,
        [
            "note: Client: the placeholder has the signature (host, retries=3); "
            "upstream has one that passes on what it is given",
        ],
        id="constructor that passes everything on",
    ),
    pytest.param(
        """
        class Client:
            def __init__(self, host, retries=3): ...
        """,
        """
        class Client:
            def __new__(cls, host, retries=3): ...
            def __init__(self, *args, **kwargs): ...
        """,
        [],
        id="constructor of __new__ alone",
    ),
    pytest.param(
        """
        class Client(RuntimeError):
            def __init__(self, peer, *, code=1): ...
        """,
        """
        class Client(RuntimeError): ...
        """,
        [
            "error: Client(peer): the placeholder has peer; upstream has no such parameter",
            "error: Client(code): the placeholder has code=1; upstream has no such parameter",
        ],
        id="constructor of an exception",
    ),
    pytest.param(
        """
        class Client(RuntimeError): ...
        """,
        """
        class Client(RuntimeError):
            def __init__(self, peer): ...
        """,
        [],
        id="exception with a constructor of its own",
    ),
    pytest.param(
        """
        class Client(ImportError):
            def __init__(self, text, *, name=None): ...
        """,
        """
        class Client(ImportError): ...
        """,
        ["error: Client(text): the placeholder has text; upstream has no such parameter"],
        id="exception with keywords",
    ),
    pytest.param(
        """
        class Client(RuntimeError): ...
        """,
        """
        class Client(RuntimeError):
            def __init__(self, peer, code): ...
        """,
        [
            "error: Client(code): the placeholder has no such parameter; upstream has required: code",
        ],
        id="exception that takes a message",
    ),
    pytest.param(
        """
        from contextlib import contextmanager
        class Client:
            @contextmanager
            def session(self): yield
            @contextmanager
            def closed(self): yield
            def plain(self): ...
        """,
        """
        from contextlib import asynccontextmanager, contextmanager
        class Client:
            @asynccontextmanager
            async def session(self): yield
            @contextmanager
            def closed(self): yield
            @contextmanager
            def plain(self): yield
        """,
        [
            "error: Client.session: the placeholder has context manager; upstream has async context manager",
        ],
        id="context manager became asynchronous",
    ),
    pytest.param(
        """
        from contextlib import contextmanager
        @contextmanager
        def connect(): yield
        """,
        """
        from contextlib import AbstractAsyncContextManager
        def connect() -> AbstractAsyncContextManager[int]: ...
        """,
        [
            "error: connect: the placeholder has context manager; upstream has async context manager",
        ],
        id="context manager by its return type",
    ),
    pytest.param(
        """
        class Client:
            def __init_subclass__(cls, /, name="", **options): ...
        """,
        """
        class Client:
            def __init_subclass__(cls, /, *, kind): ...
        """,
        [
            "error: Client.__init_subclass__(name): the placeholder has name=''; upstream has no such parameter",
            "error: Client.__init_subclass__(kind): the placeholder has no such parameter; upstream has required: kind",
            "error: Client.__init_subclass__(**kwargs): the placeholder has **kwargs; upstream has no **kwargs",
        ],
        id="keywords of a subclass",
    ),
    pytest.param(
        """
        class Client: ...
        """,
        """
        class Client:
            def __init_subclass__(cls, *, kind): ...
        """,
        [
            "error: Client.__init_subclass__(kind): the placeholder has no such parameter; upstream has required: kind",
        ],
        id="keywords that subclasses need",
    ),
    pytest.param(
        """
        class Client: ...
        """,
        """
        class Client:
            def __init_subclass__(cls, *args, **kwargs): ...
        """,
        [],
        id="keywords of a subclass that are passed on",
    ),
    pytest.param(
        """
        class Client:
            def __init_subclass__(cls, *, kind=None): ...
        """,
        """
        class Client: ...
        """,
        [
            "error: Client.__init_subclass__(kind): the placeholder has kind=None; upstream has no such parameter",
        ],
        id="keywords that subclasses had",
    ),
    pytest.param(
        """
        class Client:
            def __init_subclass__(cls, *, kind=None): ...
        """,
        """
        class Meta(type):
            def __new__(cls, name, bases, names, kind=None): ...
        class Client(metaclass=type): ...
        Client = type.__new__(Meta, "Client", (), {})
        """,
        [
            "note: Client.__init_subclass__(kind): the placeholder has kind=None; upstream has no such parameter",
        ],
        id="keywords that a metaclass takes",
    ),
    pytest.param(
        """
        from dataclasses import dataclass, field
        @dataclass
        class Client:
            host: str
            note: str = field(default="", compare=False)
            port: int = 1
        """,
        """
        from dataclasses import dataclass, field
        @dataclass
        class Client:
            host: str = field(compare=False)
            note: str = ""
            port: int = field(default=1, hash=False)
            new: int = 2
        """,
        [
            "error: Client dataclass options: the placeholder has host.compare=True; upstream has host.compare=False",
            "note: Client dataclass options: the placeholder has host.hash=True; upstream has host.hash=False",
            "error: Client dataclass options: the placeholder has note.compare=False; upstream has note.compare=True",
            "note: Client dataclass options: the placeholder has note.hash=False; upstream has note.hash=True",
            "note: Client dataclass options: the placeholder has port.hash=True; upstream has port.hash=False",
        ],
        id="options of fields",
    ),
    pytest.param(
        """
        from dataclasses import dataclass
        @dataclass
        class Client:
            host: str
            port: int = 1
        """,
        """
        from dataclasses import dataclass
        @dataclass(match_args=False)
        class Client:
            host: str
            port: int = 1
        """,
        [
            "error: Client.__match_args__: the placeholder has ('host', 'port'); upstream has ()",
        ],
        id="patterns",
    ),
    pytest.param(
        """
        from typing import NamedTuple
        class Client(NamedTuple):
            host: str
        """,
        """
        from typing import NamedTuple
        class Client(NamedTuple):
            host: str
            port: int = 1
        """,
        [
            "error: Client.__match_args__: the placeholder has ('host',); upstream has ('host', 'port')",
        ],
        id="named tuple that grew",
    ),
    pytest.param(
        """
        from enum import Enum
        class Client(str, Enum):
            ON = "on"
        """,
        """
        from enum import StrEnum
        class Client(StrEnum):
            ON = "on"
        """,
        [
            "error: Client.__str__: the placeholder has text by Enum.__str__; upstream has text by str.__str__",
        ],
        id="text of enum members",
    ),
    pytest.param(
        """
        from enum import Enum
        class Client(str, Enum):
            ON = "on"
        """,
        """
        from enum import Enum
        class Client(str, Enum):
            ON = "on"
            def __str__(self): ...
        """,
        [
            "note: Client.__str__: the placeholder has text by Enum.__str__; upstream has text by Client.__str__",
        ],
        id="text of enum members of its own",
    ),
]


@pytest.mark.parametrize(("mine", "theirs", "expected"), PAIRS)
def test_pair(load, mine, theirs, expected):
    """A difference is found, an error only where it is certain; there is none between two identical declarations."""
    placeholders, upstream = load("acme_placeholder", dedent(mine)), load("acme", dedent(theirs))
    name = "Client" if hasattr(upstream, "Client") else "connect"
    lines = said(getattr(placeholders, name), getattr(upstream, name))
    assert [re.sub("0x[0-9a-fA-F]+", "0x", line) for line in lines] == expected
    for module, source in ((placeholders, mine), (upstream, theirs)):
        thing = getattr(module, name)
        assert not any(difference.is_error for difference in compare(thing, thing))
        twin = getattr(load("acme_twin", dedent(source)), name)
        assert not any(difference.is_error for difference in compare(thing, twin))


def test_every_drift_has_its_own_name():
    """No entry of the table hides another."""
    names = [name for name, *_ in DRIFTS]
    assert len(names) == len(set(names)) >= 16


def test_message_is_one_line():
    """Line breaks become blanks, and what a terminal cannot show is escaped."""
    difference = Difference("f(x)", "x='a\nb'", "x='\x1b\udc80'", is_error=False)
    assert str(difference) == r"note: f(x): the placeholder has x='a b'; upstream has x='\x1b\udc80'"


def test_pickles_by_public_name():
    """pytest-xdist sends differences between processes."""
    difference = Difference("f(x)", "x", "no such parameter")
    pickled = pickle.dumps(difference)
    assert pickle.loads(pickled) == difference
    assert b"_difference" not in pickled
    assert pickle.loads(pickle.dumps(compare)) is compare
    assert compare.__module__ == "ssot_shims"


@pytest.mark.parametrize("thing", [3, "text", None])
def test_not_a_placeholder(thing):
    """Only classes and functions can promise anything."""
    with pytest.raises(InvalidDeclaration) as caught:
        compare(thing, thing)
    assert str(caught.value) == (
        f"{thing!r} is neither a class nor a function; put @shim(...) on a class or def statement"
    )


def test_upstream_is_something_else():
    """An upstream that is neither class nor function is told by its type."""

    def connect(): ...

    assert said(connect, None) == ["error: connect: the placeholder has function; upstream has NoneType object"]
    assert said(connect, print) == []


def numbers(start, one=1, two=2.0): ...


class Raising:
    def __eq__(self, other):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


class Undecided:
    def __eq__(self, other):
        return NotImplemented if other is None else "perhaps"

    def __repr__(self):
        return "undecided"


def limits(size):
    """From a class of that name, which each of the two modules defines for itself."""
    return make_dataclass("Limits", ["size"])(size)


def named(module):
    """From a class of that module, the name of which it shows."""
    return type("Named", (), {"__module__": module, "__repr__": lambda self: f"{type(self).__module__}.Named(1)"})()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (30, 30.0, None),
        (True, 1, True),
        (0, False, True),
        (float("nan"), float("nan"), None),
        ("a", "b", True),
        (..., 3, None),
        (3, ..., False),
        (object(), object(), None),
        (object(), 3, False),
        (Raising(), Raising(), None),
        (Raising(), 3, True),
        (Undecided(), Undecided(), None),
        (ValueError, ValueError, None),
        (ValueError, TypeError, True),
        (Enum("Mode", "FAST").FAST, Enum("Mode", "FAST").FAST, None),
        (Enum("Mode", "FAST SLOW").FAST, Enum("Mode", "FAST SLOW").SLOW, True),
        (lambda: 1, lambda: 2, None),
        (numbers, print, False),
        (limits(3), limits(3), None),
        (named("acme"), named("other"), None),
        (limits(3), limits(4), True),
    ],
)
def test_values(one, other, expected):
    """Values differ if a user could tell them apart, which of what only shows an address is not certain."""
    assert value_severity(one, other) is expected


def test_repr_that_raises():
    """A default that cannot be shown is told by its type."""

    def mine(x=Raising()): ...  # noqa: B008
    def theirs(x=3): ...

    assert said(mine, theirs) == [
        "error: mine(x): the placeholder has x=<Raising whose repr raises RuntimeError>; upstream has x=3"
    ]


def test_abstract_upstream():
    """A class that users can instantiate or subclass must not ask them for more methods."""

    class Mine:
        def close(self): ...

    class Theirs(ABC):
        @abstractmethod
        def close(self): ...

    class Both(Theirs):
        @abstractmethod
        def open(self): ...

    assert said(Mine, Theirs) == ["error: Mine abstract methods: the placeholder has none; upstream has close"]
    assert said(Theirs, Theirs) == []
    assert said(Theirs, Both) == ["error: Theirs abstract methods: the placeholder has close; upstream has close, open"]


def test_members_of_every_make():
    """Whatever makes a member, it is compared as what its users see."""

    class Mine:
        upper = str.upper
        twice = partialmethod(numbers, one=2)
        keys = dict.__dict__["fromkeys"]
        now = staticmethod(len)
        _hidden = 3
        limit: int
        factory: Callable = print
        nothing = property()

        @cached_property
        def size(self) -> int: ...

        @lru_cache  # noqa: B019
        def cost(self, weight, *, urgent=False): ...

        def call(*args): ...

    class Theirs:
        upper = str.upper
        twice = partialmethod(numbers, one=2)
        keys = dict.__dict__["fromkeys"]
        now = len
        __slots__ = ("limit",)
        factory = print
        nothing = property()
        size: float

        def cost(self, weight): ...

        def call(*args): ...

    class Uncached:
        def size(self): ...

    assert said(Mine, Mine) == []
    assert "error: Mine.size: the placeholder has cached property; upstream has method" in said(Mine, Uncached)
    assert said(Mine, Theirs) == [
        "error: Mine.cost(urgent): the placeholder has urgent=False; upstream has no such parameter",
    ]


def test_attribute_set_by_a_method():
    """What a method of upstream sets on the instance is there, annotated or not."""

    class Mine:
        peer: str
        port: int

    class Theirs:
        def __init__(self):
            self.peer = "acme"

    assert said(Mine, Theirs) == ["error: Mine.port: the placeholder has attribute; upstream has no such name"]


def test_attribute_that_is_only_used():
    """Reading a name, calling it, or setting it on something else does not give it to the instance."""

    class Mine:
        read: int
        called: int
        elsewhere: int
        deeper: int
        set: int
        wrapped: int

    def logged(function):
        return wraps(function)(lambda self, *args: function(self, *args))

    class Theirs:
        def __init__(self, other):
            print(self.read, self.called(), self.__dict__)
            other.elsewhere = self.other.deeper = None

        @property
        def size(self): ...

        @size.setter
        def size(self, value):
            self.set, self._size = value, value

        @logged
        def open(self, value):
            self.wrapped = value

    assert said(Mine, Theirs)[1:] == [
        f"error: Mine.{name}: the placeholder has attribute; upstream has no such name"
        for name in ("read", "called", "elsewhere", "deeper")
    ]


def test_attribute_set_while_made():
    """A factory sets attributes on an instance that it has under any name; a constant may be the name of one."""

    class Mine:
        peer: str
        port: int
        host: str
        name: str

    class Theirs:
        def __new__(cls):
            made = object.__new__(cls)
            made.peer = "acme"
            return made

        @classmethod
        def make(cls):
            made = cls()
            made.port = 80

        @classmethod
        def copy(cls):
            self = cls()
            self.host = "acme"

        def __init__(self):
            object.__setattr__(self, "name", "acme")

    assert said(Mine, Theirs) == []


class ByGetattr:
    def __getattr__(self, name): ...


class ByGetattribute:
    def __getattribute__(self, name): ...


class BySetattr:
    def __init__(self, **options):
        for name, value in options.items():
            setattr(self, name, value)


class ByDict:
    def __init__(self, **options):
        self.__dict__.update(options)


class ByDictMerged:
    def __init__(self, **options):
        self.__dict__ |= options


class ByDictAssigned:
    shared: ClassVar[dict[str, object]] = {}

    def __init__(self):
        self.__dict__ = self.shared


class ByVars:
    def __init__(self, options):
        for name in options:
            vars(self)[name] = options[name]


class ByNamespace(SimpleNamespace): ...


class ByItem(dict):
    __getattr__ = dict.__getitem__


class InFunction:
    def __init__(self):
        def later(other):
            setattr(self, other, 1)

        later("host")


class ByMeta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        vars(made).update(host=1)
        return made


class ByMetaclass(metaclass=ByMeta): ...


@pytest.mark.parametrize(
    "upstream",
    [
        *(ByGetattr, ByGetattribute, BySetattr, ByDict, ByDictMerged, ByDictAssigned, ByVars, ByNamespace, InFunction),
        *(ByMetaclass, ByItem),
    ],
)
def test_names_nobody_can_read(upstream):
    """Where upstream makes up its names, one that is not seen is only noted."""

    class Mine:
        port: int

    missing = [line for line in said(Mine, upstream) if "Mine.port" in line]
    assert missing == ["note: Mine.port: the placeholder has attribute; upstream has no such name"]


def test_attribute_set_in_a_nested_function():
    """A function inside a method sets attributes too; reading ``__dict__`` sets none."""

    class Mine:
        port: int
        host: str

    class Theirs:
        def __init__(self):
            def later():
                self.port = 80

            later()

        def __repr__(self):
            return f"Theirs({self.__dict__})" + str(vars(self).items())

    assert said(Mine, Theirs) == ["error: Mine.host: the placeholder has attribute; upstream has no such name"]


def test_frozen_dataclass_makes_up_no_names():
    """What dataclass writes for a frozen class is no reason to think that it has every name."""

    @dataclass(frozen=True)
    class Mine:
        level: int = 0

        def close(self): ...

    @dataclass(frozen=True)
    class Theirs:
        level: int = 0

    assert said(Mine, Theirs) == ["error: Mine.close: the placeholder has method; upstream has no such name"]


def test_special_methods_of_every_class():
    """Equality and representation are compared as other special methods are; the names of operands are no promise."""

    class Mine:
        def __eq__(self, other: object) -> bool: ...
        def __str__(self) -> str: ...
        def __iter__(self): ...

    class Theirs:
        def __eq__(self, it): ...
        def __str__(self, indent=0): ...

        __iter__ = None

    assert said(Mine, Theirs) == ["error: Mine.__iter__: the placeholder has special method; upstream has None"]


def test_fields_behind_properties():
    """A frozen field is only read, so a property will do; another one needs a setter."""

    @dataclass(frozen=True)
    class Mine:
        level: int

    @dataclass
    class Assignable:
        level: int

    class Theirs:
        def __init__(self, level: int) -> None: ...

        @property
        def level(self): ...

    class Settable(Theirs):
        level = Theirs.level.setter(lambda self, level: None)

    assert said(Mine, Theirs) == ["error: Mine: the placeholder has dataclass; upstream has class"]
    assert said(Assignable, Theirs) == [
        "error: Assignable: the placeholder has dataclass; upstream has class",
        "error: Assignable.level: the placeholder has attribute; upstream has property",
    ]
    assert said(Assignable, Settable) == ["error: Assignable: the placeholder has dataclass; upstream has class"]


def test_parameters_that_are_no_fields():
    """An InitVar is a promise of the constructor only, and a ClassVar one of the class only."""

    @dataclass(slots=True)
    class Mine:
        seed: InitVar[int]
        KIND: ClassVar[str] = "mine"
        level: int = 3
        tags: list[str] = field(default_factory=list)

    class Theirs:
        KIND = "mine"

        def __init__(self, seed: int, level: int = 3, tags=None) -> None:
            self.level = level
            self.tags = tags or []

    assert said(Mine, Mine) == []
    assert said(Mine, Theirs) == [
        "error: Mine: the placeholder has dataclass; upstream has class",
        "error: Mine(tags): the placeholder has tags: list[str] = <factory>; upstream has tags=None",
    ]


def test_inherited_promises():
    """What a placeholder inherits from a base of its own is promised too; an override that upstream lacks is gone."""

    class Base:
        def close(self): ...
        def __str__(self): ...

    class Mine(Base):
        def close(self, now=False): ...
        def __repr__(self): ...
        def __str__(self): ...

    class Theirs(Base): ...

    assert said(Mine, Theirs) == [
        "error: Mine.close(now): the placeholder has now=False; upstream has no such parameter",
        "error: Mine.__str__: the placeholder has special method; upstream has none of its own",
        "error: Mine.__repr__: the placeholder has special method; upstream has none of its own",
    ]


def test_special_method_that_is_no_method():
    """A special method that upstream makes in an unusual way is there; its signature is not looked at."""

    class Mine:
        def __call__(self, message): ...
        def __eq__(self, other): ...

    class Theirs:
        __call__ = type("Sender", (), {"__call__": lambda self: None})()

        def __eq__(self, it): ...

    assert said(Mine, Theirs) == []


def test_named_tuple():
    """A named tuple promises its fields, their order, and to be a tuple."""

    class Point(NamedTuple):
        x: int
        y: int = 0

    class Swapped(NamedTuple):
        y: int
        x: int = 0

    class Plain:
        def __init__(self, x: int, y: int = 0) -> None:
            self.x, self.y = x, y

    assert said(Point, Point) == []
    assert said(Point, Swapped) == [
        "error: Point(x): the placeholder has x: int; upstream has position 2: x: int = 0",
        "error: Point(y): the placeholder has y: int = 0; upstream has position 1, required: y: int",
    ]
    assert said(Point, Plain)[0] == "error: Point bases: the placeholder has tuple; upstream has object"


def test_protocols():
    """A protocol asks for its members only, not for a constructor or a hash."""

    class Mine(Protocol):
        address: str

        def write(self, data: bytes) -> int: ...

    @runtime_checkable
    class Named(Mine, Protocol):
        name: str

    class Theirs:
        def __init__(self, address, name):
            self.address, self.name = address, name

        def __eq__(self, other): ...
        def write(self, data: bytes) -> int: ...

    assert said(Named, Theirs) == []
    assert said(Named, Named) == []


def test_enum_members():
    """Aliases are members; an upstream may have more, and its own methods."""

    class Mine(Enum):
        LOW = 1
        SMALL = 1

        def double(self): ...

    class Theirs(Enum):
        LOW = 1
        SMALL = 2
        HIGH = 3

    assert said(Mine, Theirs) == [
        "error: Mine.SMALL: the placeholder has 1; upstream has 2",
        "error: Mine.double: the placeholder has method; upstream has no such name",
    ]


def test_enum_attributes():
    """What an enum sets on its members as it makes them is there, as in http.HTTPStatus."""

    class Mine(Enum):
        OK = 200
        phrase: str
        description: str
        missing: str

    assert said(Mine, HTTPStatus)[1:] == [
        "error: Mine.missing: the placeholder has attribute; upstream has no such name"
    ]


def test_factory_outside_the_constructor():
    """A field that no caller sets promises its default, or that a factory makes it."""

    @dataclass
    class Mine:
        tags: list[str] = field(default_factory=list, init=False)

    @dataclass
    class Theirs:
        tags: list[str] = field(default=(), init=False)

    assert said(Mine, Mine) == []
    assert said(Mine, Theirs) == [
        "error: Mine.tags: the placeholder has tags: list[str] = <factory list>; upstream has tags: list[str] = ()"
    ]


def test_verify_upstream(load):
    """What a shim gave is verified by structure and by the examples."""
    load("acme", "def double(value, times=2): return value * 3")

    @shim("acme:double")
    def double(value, factor=2):
        """
        >>> double(4)
        8
        """

    assert list(map(str, verify(double))) == [
        "error: double(factor): the placeholder has factor=2; upstream has no such parameter; in its place: times=2",
        "error: double docstring, line 2: double(4): the placeholder has 8; upstream has 12",
    ]
    assert verify.__module__ == "ssot_shims"


@pytest.mark.parametrize(
    ("source", "kind"),
    [("async def double(value): ...", "coroutine function"), ("class double: ...", "class")],
)
def test_verify_another_kind(load, source, kind):
    """What is of another kind can hold no example, so none is run."""

    def double(value):
        """
        >>> double(4)
        8
        """

    record = SimpleNamespace(state="upstream", placeholder=double, upstream=load("acme", source).double)
    assert list(map(str, verify_record(record))) == [
        f"error: double: the placeholder has function; upstream has {kind}"
    ]


def test_verify_placeholder():
    """Where the placeholder is in use there is nothing to compare it with."""

    @shim("acme_not_installed:double")
    def double(value):
        """
        >>> double(4)
        8
        """

    assert verify(double) == ()


REAL_STYLE = """
from dataclasses import dataclass

@dataclass
class HeartbeatConfig:
    heartbeat_interval_seconds: int = 30
    heartbeat_timeout_seconds: int = 90
    max_missed_heartbeats: int = 2
    cleanup_interval_seconds: int = 120
    ping_payload_size_limit: int = 125

    @classmethod
    def for_environment(cls, environment: str = "development") -> "HeartbeatConfig":
        if environment == "staging":
            return cls()
        if environment == "production":
            return cls(25, 75, 2, 180)
        return cls(45, 60, 3, 60)
"""


def test_upstream_with_whole_seconds(load):
    """The shipped placeholder against an upstream that annotates int and its own name: notes, no error."""
    upstream = load("acme", REAL_STYLE).HeartbeatConfig
    names = ("heartbeat_interval_seconds", "heartbeat_timeout_seconds", "cleanup_interval_seconds")
    defaults = (30, 90, 120)
    assert said(HeartbeatConfig, upstream) == [
        f"note: HeartbeatConfig({name}): the placeholder has {name}: float = {default}; "
        f"upstream has {name}: int = {default}"
        for name, default in zip(names, defaults, strict=True)
    ]
    assert run_examples(HeartbeatConfig, upstream) == ()


REAL_RETRY_POLICY = """
from dataclasses import dataclass, field
from enum import Enum
from typing import List

class RetryStrategy(Enum):
    EXPONENTIAL_BACKOFF = "exponential_backoff"

@dataclass
class RetryPolicy:
    max_attempts: int = 5
    base_delay: float = 1.0
    max_delay: float = 60.0
    backoff_factor: float = 2.0
    jitter: bool = True
    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL_BACKOFF
    error_classifications: List[str] = field(default_factory=list)
    circuit_breaker_threshold: int = 10
    circuit_breaker_timeout: float = 300.0
"""


def test_upstream_with_fields_between(load):
    """The shipped placeholder promises no position to the fields that have another one in the real class."""
    upstream = load("acme", REAL_RETRY_POLICY).RetryPolicy
    assert said(RetryPolicy, upstream) == []
    assert run_examples(RetryPolicy, upstream) == ()


@pytest.mark.parametrize("placeholder", [HeartbeatConfig, RetryPolicy])
def test_upstream_that_takes_any_keyword(placeholder):
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


PYDANTIC_STYLE = """
from __future__ import annotations
from typing import Any, ClassVar, TypeAlias, TypeVar

IncEx: TypeAlias = "set[int] | dict[int, 'IncEx | bool']"
Model = TypeVar("Model", bound="BaseModel")

class BaseModel:
    model_fields: ClassVar[dict[str, Any]] = {}
    def __init__(self, /, **data: Any) -> None: ...
    def model_dump(self, *, include: IncEx | None = None, exclude: IncEx | None = None) -> dict[str, Any]: ...
    @classmethod
    def model_validate(cls: type[Model], obj: Any) -> Model: ...
"""


def test_no_alarm(load):
    """A recursive alias, or an optional field more, is no difference."""
    assert said(load("acme_placeholder", PYDANTIC_STYLE).BaseModel, load("acme", PYDANTIC_STYLE).BaseModel) == []
    grown = ACME.replace("    minor: int = 0\n", "    minor: int = 0\n    patch: int = 0\n")
    assert said(load("acme_placeholder", ACME).Version, load("acme", grown).Version) == []


@pytest.mark.parametrize(
    "module",
    [
        "argparse",
        "asyncio",
        "collections",
        "ctypes",
        "dataclasses",
        "decimal",
        "email.message",
        "enum",
        "fractions",
        "http",
        "http.client",
        "io",
        "json",
        "ipaddress",
        "logging",
        "pathlib",
        "re",
        "shutil",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "types",
        "typing",
        "unittest.mock",
        "uuid",
        "zipfile",
    ],
)
def test_nothing_differs_from_itself(module):
    """Whatever stands in the standard library keeps its own promises, and looking at it never raises."""
    things = vars(importlib.import_module(module)).values()
    found = {thing: compare(thing, thing) for thing in things if isinstance(thing, (type, FunctionType))}
    assert {thing: differences for thing, differences in found.items() if differences} == {}
