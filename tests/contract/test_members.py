"""What a class offers: its kind, bases, methods, properties, attributes, nested classes and special methods."""

from __future__ import annotations

import pytest

from tests.contract.pairs import load, pairs, said, said_of

METHODS = """
# method became static or class method
def one(self, x): ...
def two(self, x): ...
def three(self, x): ...
--
@staticmethod
def one(x): ...
@classmethod
def two(cls, x): ...
@staticmethod
def three(self, x): ...
error: C.three(x): x | position 2: x
error: C.three(self): no such parameter | position 1, required: self
# static method, class method
@staticmethod
def one(): ...
@classmethod
def two(cls): ...
@classmethod
def three(cls): ...
now = staticmethod(len); keys = dict.__dict__["fromkeys"]
--
@classmethod
def one(cls): ...
@staticmethod
def two(): ...
def three(self): ...
now = len; keys = dict.__dict__["fromkeys"]
error: C.three: class method | method
# method may be kept in an attribute
def send(self, x): ...
class C:
    def one(self, x): ...
    def two(self, x): ...
    def three(self, x): ...
    def four(self, x): ...
    def five(self): ...
--
def send(self, x): ...
class C:
    one = functools.partial(send, 1); two: Callable[[int], None]
    class three: ...
    four = 3; five: int
    def __init__(self): self.two = self.five = None
note: C.one: method | attribute
note: C.two: method | attribute
note: C.three: method | class
error: C.four: method | attribute
note: C.five: method | attribute
# whatever makes a method
def numbers(self, one, two): ...
class C:
    upper = str.upper
    def bound(self, two): ...
    def cost(self, weight, *, urgent=False): ...
    def call(*args): ...
    def dispatched(self, x): ...
    twice = functools.partialmethod(numbers, 2)
--
def numbers(self, one, two): ...
class C:
    upper = str.upper; bound = functools.partialmethod(numbers, 2)
    @functools.lru_cache
    def cost(self, weight): ...
    def call(*args): ...
    @functools.singledispatchmethod
    def dispatched(self, x): ...
    twice = functools.partialmethod(numbers, 2)
note: C.bound: the signature (two) | one that cannot be read
error: C.cost(urgent): urgent=False | no such parameter
note: C.dispatched: the signature (x) | one that cannot be read
# inherited, overridden, or from a base that both have
class C(str):
    def lower(self): ...
    def close(self): ...
    def __repr__(self): ...
--
class Base(str):
    def close(self, now): ...
    def lower(self): ...
class C(Base): ...
error: C.close(now): no such parameter | position 1, required: now
error: C.__repr__: special method | none of its own
"""

PROPERTIES = """
# properties, cached or with a setter, and attributes
one = two = three = readonly
@property
def four(self) -> int: ...
five = six = seven = settable
eight, nine, ten = cached(), cached(), cached()
a: int; b: int; c: int; d = property(); e: int
--
one, two, three = 1, cached(), settable
@property
def four(self) -> str: ...
five, six = readonly, cached()
seven: int
eight: float; nine = readonly
def ten(self): ...
a, b, c, d = readonly, cached(), settable, property()
def e(self): ...
error: C.a: attribute | property
error: C.e: attribute | method
error: C.four return type: int | str
error: C.five: property with a setter | property
error: C.ten: cached property | method
"""

ATTRIBUTES = """
# set by a method, on whatever it has
peer: str; port: int; host: str; name: str; size: int; later: int; slot: int; wrapped: int
read: int; called: int
--
def logged(function):
    return functools.wraps(function)(lambda self, *args: function(self, *args))
class C:
    __slots__ = ("slot",)
    def __new__(cls):
        made = object.__new__(cls)
        made.peer = "acme"
        return made
    @classmethod
    def make(cls):
        self = cls()
        self.port = 80
    def __init__(self):
        self.host = "acme"
        object.__setattr__(self, "name", "acme")
    @property
    def _size(self): ...
    @_size.setter
    def _size(self, size): self.size = size
    def start(self):
        def later():
            self.later = 80
    @logged
    def wrap(self, value): self.wrapped = value
    def show(self): print(self.read, self.called(), self.__dict__, vars(self).items())
error: C.read: attribute | no such name
error: C.called: attribute | no such name
# nested classes, and a class attribute that became one of the instance
limit = 10; kind: ClassVar[int] = 3; same: int = ...; error = ValueError; wide = OSError
_hidden = 3
class Same: retries: int = 3
class Gone: ...
--
limit: int; kind: ClassVar[int] = 4; same: int = 3; error = TypeError
wide = ConnectionError
class Same: retries: int = 5
error: C.kind: kind: ClassVar[int] = 3 | kind: ClassVar[int] = 4
error: C.limit: limit=10 | limit: int
error: C.error: error=<class 'ValueError'> | error=<class 'TypeError'>
note: C.wide: wide=<class 'OSError'> | wide=<class 'ConnectionError'>
error: C.Same.retries: retries: int = 3 | retries: int = 5
error: C.Gone: class | no such name
# a subclass that its base holds, as enums made by Rust have it
class Base: ...
class C(Base): ...
Base.C, C.__qualname__ = C, "Base.C"
--
class Base: ...
class C(Base): ...
Base.C, C.__qualname__ = C, "Base.C"
"""

SPECIAL = """
# special methods
def __eq__(self, other: object) -> bool: ...
def __str__(self) -> str: ...
def __iter__(self): ...
def __len__(self): ...
def __call__(self, message: str): ...
def __getitem__(self, index: int): ...
def __exit__(self, *exception): ...
def __setattr__(self, name, value): ...
--
def __eq__(self, it): ...
def __str__(self, indent=0): ...
__iter__ = None
def __call__(self, text: str): ...
def __getitem__(self, key: str): ...
def __exit__(self, kind, value, trace): ...
error: C.__iter__: special method | None
error: C.__len__: special method | none of its own
error: C.__call__(message): message: str | no such parameter; in its place: text: str
error: C.__call__(text): no such parameter | position 1, required: text: str
error: C.__getitem__(index): index: int | key: str
# what Python falls back on
def __contains__(self, item): ...
def __str__(self): ...
def __ne__(self, other): ...
def __len__(self): ...
--
def __iter__(self): ...
def __repr__(self): ...
def __eq__(self, other): ...
def __bool__(self): ...
note: C.__contains__: special method | none of its own
note: C.__str__: special method | none of its own
note: C.__ne__: special method | none of its own
error: C.__len__: special method | none of its own
error: C.__hash__: special method | None
# a longer way to fall back
def __contains__(self, item): ...
--
def __getitem__(self, index): ...
note: C.__contains__: special method | none of its own
# no fallback
def __contains__(self, item): ...
def __iter__(self): ...
--
__iter__ = None
def __getitem__(self, index): ...
error: C.__contains__: special method | none of its own
error: C.__iter__: special method | None
# no fallback of a text
class C(str):
    def __str__(self): ...
--
class C(str):
    def __repr__(self): ...
error: C.__str__: special method | none of its own
# no longer hashable
class C: ...
--
__hash__ = None
error: C.__hash__: special method | None
# made in an unusual way
def __call__(self, message): ...
--
__call__ = type("Sender", (), {"__call__": lambda self: None})()
# patterns and named tuples
__match_args__ = ("a",); a: int
--
__match_args__ = ["a"]; a: int
error: C.__match_args__: ('a',) | ()
# named tuple that grew
class C(NamedTuple): host: str
--
class C(NamedTuple): host: str; port: int = 1
error: C.__match_args__: ('host',) | ('host', 'port')
"""

CLASSES = """
# kinds
class C: ...
--
class C(Protocol): ...
error: C: class | protocol
# class became a function
--
def C(): ...
error: C: class | function
# abstract methods
class C(abc.ABC):
    @abc.abstractmethod
    def close(self): ...
    def open(self): ...
--
class C(abc.ABC):
    @abc.abstractmethod
    def close(self): ...
    @abc.abstractmethod
    def open(self): ...
error: C abstract methods: close | close, open
# no abstract method promised
def close(self): ...
--
class C(abc.ABC):
    @abc.abstractmethod
    def close(self): ...
error: C abstract methods: none | close
# bases
class C(ConnectionError): ...
--
class C(LookupError): ...
error: C bases: ConnectionError | LookupError
# type parameters
class C(Generic[AnyStr]): ...
--
class C: ...
error: C type parameters: ~AnyStr | a class that is not generic
# type parameters that are taken in another way
--
class C(metaclass=type("Meta", (type,), {"__getitem__": max})): ...
# a protocol asks for its members only
class Mine(Protocol):
    address: str
    def write(self, data: bytes) -> int: ...
class C(Mine, Protocol):
    name: str
--
def __init__(self, address): self.address = address
def __eq__(self, other): ...
def write(self, data: bytes) -> int: ...
error: C.name: attribute | no such name
# a protocol kept by a class
class C(Protocol): ...
--
class C: ...
"""


@pytest.mark.parametrize(("mine", "theirs", "expected"), pairs(METHODS + PROPERTIES + ATTRIBUTES + SPECIAL + CLASSES))
def test_members(mine, theirs, expected):
    """A member is compared as what its users see, however it is made."""
    assert said_of(mine, theirs) == expected


META = "class Meta(type):\n    def {}\nclass C(metaclass=Meta): ..."


@pytest.mark.parametrize(
    "upstream",
    [
        "class C:\n    def __getattr__(self, name): ...",
        "class C:\n    def __getattribute__(self, name): ...",
        "class C(dict):\n    __getattr__ = dict.__getitem__",
        "class C:\n    def __init__(self, name): setattr(self, name, 1)",
        "class C:\n    def __init__(self):\n        def later(name): setattr(self, name, 1)",
        "class C:\n    def __init__(self, options): self.__dict__.update(options)",
        "class C:\n    def __init__(self, name): self.__dict__.setdefault(name, 1)",
        "class C:\n    def __init__(self, options): self.__dict__ |= options",
        "class C:\n    def __init__(self, other): self.__dict__ = other",
        "class C:\n    def __init__(self): self.__dict__['host'] = 'acme'",
        "class C:\n    def __init__(self, name): vars(self)[name] = 1",
        "class C(types.SimpleNamespace): ...",
        META.format("__call__(cls, *args): vars(super().__call__(*args)).update(host=1)"),
        META.format("__getattr__(cls, name): return 1"),
    ],
)
def test_names_that_nobody_can_read(upstream):
    """Where upstream makes up its names, one that is not seen is only noted."""
    mine = load("acme_placeholder", "class C:\n    host: str").C
    lines = [line for line in said(mine, load("acme", upstream).C) if "C.host" in line]
    assert lines == ["note: C.host: attribute | no such name"]


def test_a_frozen_dataclass_makes_up_no_names():
    """What dataclass writes for a frozen class is no reason to think that it has every name."""
    frozen = "@dataclass(frozen=True)\nclass C:\n    level: int = 0\n"
    expected = ["error: C.close: method | no such name"]
    assert said_of(f"{frozen}    def close(self): ...", frozen) == expected


def test_bookkeeping_is_no_promise():
    """What Python, dataclass, enum, Protocol or pickle call is not for the users of a class."""
    names = """__post_init__ __subclasshook__ __new_member__ __del__ __getstate__ __setstate__ __reduce__ __reduce_ex__
        __getnewargs__ __getnewargs_ex__ __setattr__ __delattr__ __replace__ __annotate__ __annotate_func__"""
    mine = type("C", (), {name: lambda self: {} for name in names.split()})  # as annotations are
    assert said(mine, type("C", (), {})) == []
