"""Signatures side by side: by table, and against Python itself."""

from __future__ import annotations

import functools
import inspect
import sys
from inspect import Parameter, Signature
from itertools import chain, combinations
from random import Random
from typing import Any, ForwardRef

import pytest

from ssot_shims._contract.difference import Difference
from ssot_shims._contract.signature import Callee, Parameters, incompatible, signature_differences

SINCE_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax error before")
NAMES = """
from __future__ import annotations
import datetime, typing, typing as t
from collections.abc import Callable
from typing import *
Number = Union[int, float]
UserId = NewType("UserId", int)
class Movie(TypedDict): ...
class Series(TypedDict): ...
"""


def function(parameters: str, names: str = NAMES):
    namespace: dict[str, Any] = {}
    exec(
        f"{names}\ndef f({parameters.partition(' -> ')[0]}){parameters[len(parameters.partition(' -> ')[0]) :]}: ...",
        namespace,
    )
    return namespace["f"]


def said(placeholder, upstream) -> list[str]:
    return list(map(str, differences(Callee(function=placeholder), Callee(function=upstream))))


def differences(placeholder: Callee, upstream: Callee) -> list[Difference]:
    return list(signature_differences("f", placeholder, upstream).values())


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("", "", []),
        ("a, b=1", "a, b=1, *, c=2", []),
        ("a, b", "*args, c=1, **kwargs", []),
        ("a, /", "b", []),
        ("*, a", "a", []),
        ("a, b=1", "a", ["f(b): the placeholder has b=1; upstream has no such parameter"]),
        ("a, b=1", "a, c=1", ["f(b): the placeholder has b=1; upstream has no such parameter; in its place: c=1"]),
        ("a=1", "b=1, **kw", ["f(a): the placeholder has a=1; upstream has no such parameter; in its place: b=1"]),
        (
            "a, b",
            "b, a",
            [
                "f(a): the placeholder has a; upstream has position 2: a",
                "f(b): the placeholder has b; upstream has position 1: b",
            ],
        ),
        (
            "a, *, b",
            "b, a",
            [
                "f(a): the placeholder has a; upstream has position 2: a",
                "f(b): the placeholder has b; upstream has by position too: b",
            ],
        ),
        (
            "a, b, /",
            "b, a, /",
            [
                "f(a): the placeholder has a; upstream has position 2: a",
                "f(b): the placeholder has b; upstream has position 1: b",
            ],
        ),
        (
            "a, b, c",
            "a, c",
            [
                "f(b): the placeholder has b; upstream has no such parameter",
                "f(c): the placeholder has c; upstream has position 2: c",
            ],
        ),
        (
            "a",
            "new, a",
            [
                "f(a): the placeholder has a; upstream has position 2: a",
                "f(new): the placeholder has no such parameter; upstream has required: new",
            ],
        ),
        (
            "a=1, b=2",
            "new=0, a=1, b=2",
            [
                "f(a): the placeholder has a=1; upstream has position 2: a=1",
                "f(b): the placeholder has b=2; upstream has position 3: b=2",
            ],
        ),
        ("a, /, b", "b", ["f(b): the placeholder has b; upstream has position 1: b"]),
        ("a, b=1", "a, *, b=1", ["f(b): the placeholder has b=1; upstream has keyword-only: b=1"]),
        ("a, b=1", "a, *, b", ["f(b): the placeholder has b=1; upstream has keyword-only, required: b"]),
        ("a, b", "a, *rest, b=2", ["f(b): the placeholder has b; upstream has keyword-only: b=2"]),
        ("a", "a, /", ["f(a): the placeholder has a; upstream has positional-only: a"]),
        ("a", "a=1, /, **kw", ["f(a): the placeholder has a; upstream has positional-only: a=1"]),
        ("a=1", "a", ["f(a): the placeholder has a=1; upstream has required: a"]),
        ("a=1, /", "a, /", ["f(a): the placeholder has a=1; upstream has required: a"]),
        ("*, a=1", "a", ["f(a): the placeholder has a=1; upstream has required: a"]),
        ("a", "a, *, b", ["f(b): the placeholder has no such parameter; upstream has required: b"]),
        ("*args", "a=1", ["f(*args): the placeholder has *args; upstream has no *args"]),
        ("**kwargs", "a=1", ["f(**kwargs): the placeholder has **kwargs; upstream has no **kwargs"]),
        ("*args, a", "a, *args", ["f(a): the placeholder has a; upstream has by position too: a"]),
        ("a, /, **kw", "a, **kw", ["f(a): the placeholder has a; upstream has by keyword too: a"]),
        ("a, /, *, b", "b, **kw", ["f(b): the placeholder has b; upstream has by position too: b"]),
        ("**kw", "a=1, *, b=1, **kw", []),
        (
            "*args, **kw",
            "a=1, *args, **kw",
            ["f(a): the placeholder has no such parameter; upstream has by keyword too: a=1"],
        ),
        ("a=1", "a=2", ["f(a): the placeholder has a=1; upstream has a=2"]),
        ("a=1, /", "b=2, /", ["f(a): the placeholder has a=1; upstream has b=2"]),
        (
            "a, b: int = 1",
            "b: int = 2",
            [
                "f(a): the placeholder has a; upstream has no such parameter",
                "f(b): the placeholder has b: int = 1; upstream has position 1: b: int = 2",
            ],
        ),
    ],
)
def test_parameters(mine, theirs, expected):
    """Each parameter that drifted is told once, and so is one that another one moved along."""
    assert said(function(mine), function(theirs)) == [f"error: {difference}" for difference in expected]


@pytest.mark.parametrize(
    ("mine", "theirs", "level"),
    [
        ("int", "int", None),
        ("int", "str", "error"),
        ("int", "float", "note"),
        ("float", "int", "note"),
        ("float | None", "int | None", "note"),
        ("float | str", "str", "note"),
        ("int", "Any", None),
        ("Any", "int", None),
        ("object", "int", None),
        ("int | None", "Optional[int]", None),
        ("int | None", "t.Union[None, typing.Optional[int]]", None),
        ("'int | None'", "int|None", None),
        ("str", "str | bytes", "note"),
        ("str | bytes", "str", "note"),
        ("List[int]", "list[int]", None),
        ("list[int]", "list[str]", "note"),
        ("list[int]", "Sequence[int]", "note"),
        ("list", "Sequence", "note"),
        ("bool", "int", "note"),
        ("bool", "float", "note"),
        ("bytes", "float", "error"),
        ("Dict[str, List[int]]", "dict[str, list[int]]", None),
        ("dict", "dict[str, Any]", "note"),
        ("Number", "int | float", None),
        ("Callable[[int, str], None]", "t.Callable[[int, str], None]", None),
        ("Callable[[int], str]", "t.Callable[..., Any]", "note"),
        ("Literal['a', 'b']", "Literal['b', 'a']", None),
        ("Literal['a']", "str", "note"),
        ("Annotated[int, 'seconds']", "int", None),
        ("Final[int]", "int", None),
        ("Final[int]", "str", "error"),
        ("datetime.datetime", "missing.datetime", None),
        ("str", "missing.UriType", "note"),
        ("Missing", "Absent", "note"),
        ("AnyStr", "str", "note"),
        ("Text", "str", None),
        ("UserId", "int", "note"),
        ("Movie", "int", "note"),
        ("Movie", "Series", "note"),
        ("SupportsInt", "str", "note"),
        ("None", "NoReturn", "note"),
        ("int +", "int  +", None),
        ("lambda", "int", "note"),
        ("type(None)", "None", None),
        ("None", "int", "error"),
        ("3", "4", "note"),
    ],
)
def test_types(mine, theirs, level):
    """An error is only what no reading of the two types makes compatible; one type may be spelled in several ways."""
    assert said(annotated(mine), annotated(theirs)) == (
        [f"{level}: f(a): the placeholder has a: {mine}; upstream has a: {theirs}"] if level else []
    )


def annotated(annotation: str):
    f = function("a")
    f.__annotations__["a"] = annotation
    return f


def test_types_as_objects():
    """Annotations are objects where the module has no future import."""

    def mine(a: int | None, b: list[str], c: None, d: type[ValueError]): ...
    def theirs(a, b, c, d): ...

    theirs.__annotations__ = {"a": int | None, "b": list["str"], "c": type(None), "d": type[TypeError]}
    assert said(mine, theirs) == [
        "note: f(d): the placeholder has d: type[ValueError]; upstream has d: type[TypeError]"
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (" -> int", " -> int", []),
        (" -> int", "", []),
        (" -> int | None", " -> int", ["note: f return type: the placeholder has int | None; upstream has int"]),
        (
            " -> OSError",
            " -> TimeoutError",
            ["note: f return type: the placeholder has OSError; upstream has TimeoutError"],
        ),
        (" -> int", " -> str", ["error: f return type: the placeholder has int; upstream has str"]),
        (" -> float", " -> int", ["note: f return type: the placeholder has float; upstream has int"]),
        (" -> int", " -> int | None", ["note: f return type: the placeholder has int; upstream has int | None"]),
    ],
)
def test_return_types(mine, theirs, expected):
    """A return type is compared as a parameter's is."""
    assert said(function(mine), function(theirs)) == expected


def test_own_class():
    """``Self``, the name of the class and the class are one type, whatever upstream calls its class."""
    namespace: dict[str, Any] = {}
    exec(
        f"{NAMES}\nclass Mine:\n    def copy(self) -> Self: ...\nclass Theirs:\n    def copy(self) -> Theirs: ...\n"
        "    def other(self) -> Mine: ...",
        namespace,
    )
    mine, theirs = namespace["Mine"], namespace["Theirs"]
    promised = Callee(function=mine.copy, owner=mine, is_bound=True)
    assert differences(promised, Callee(function=theirs.copy, owner=theirs, is_bound=True)) == []
    assert list(map(str, differences(promised, Callee(function=theirs.other, owner=theirs, is_bound=True)))) == [
        "note: f return type: the placeholder has Self; upstream has Mine"
    ]


def test_base_of_its_own_class():
    """An operand may be typed as a base of the class, as that of packaging.version.Version is; int is no such base."""
    namespace: dict[str, Any] = {"__name__": "acme"}
    exec(
        f"{NAMES}\nclass Mine(int):\n    def f(self, it: Mine) -> int: ...\nclass Base(int): ...\n"
        "class Theirs(Base):\n    def f(self, it: Base) -> str: ...",
        namespace,
    )
    mine, theirs = namespace["Mine"], namespace["Theirs"]
    found = differences(*(Callee(function=cls.f, owner=cls, is_bound=True) for cls in (mine, theirs)))
    assert list(map(str, found)) == ["error: f return type: the placeholder has int; upstream has str"]


def test_forward_reference():
    """A forward reference is read as its text."""

    def mine(a): ...
    def theirs(a: int): ...

    mine.__annotations__["a"] = ForwardRef("str")
    assert said(mine, theirs) == ["error: f(a): the placeholder has a: str; upstream has a: int"]


def test_coroutine_function():
    """A function that became a coroutine function, or the other way round, has every caller to change."""

    def plain(): ...
    async def coroutine(): ...
    async def generator():
        yield

    @functools.wraps(coroutine)
    def wrapper(): ...

    class Callable:
        async def __call__(self): ...

    assert said(plain, coroutine) == ["error: f: the placeholder has function; upstream has coroutine function"]
    assert said(coroutine, plain) == ["error: f: the placeholder has coroutine function; upstream has function"]
    assert said(plain, Callable()) == ["error: f: the placeholder has function; upstream has coroutine function"]
    assert said(generator, plain) == ["error: f: the placeholder has async generator function; upstream has function"]
    assert said(wrapper, coroutine) == said(plain, wrapper) == said(coroutine, functools.partial(coroutine)) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("async def f() -> int", "def f() -> Awaitable[int]", []),
        ("async def f() -> int", "def f() -> Coroutine[Any, Any, int]", []),
        ("def f() -> Awaitable[int]", "async def f() -> int", []),
        ("def f() -> Awaitable[int]", "def f()", []),  # asyncio.gather
        ("def f() -> Awaitable", "async def f() -> int", []),
        ("async def f() -> int", "def f() -> Awaitable[str]", ["error: f return type: {} int; {} Awaitable[str]"]),
        ("async def f() -> int", "def f() -> int", ["error: f: {} coroutine function; {} function"]),
        ("def f() -> int", "async def f() -> int", ["error: f: {} function; {} coroutine function"]),
        ("async def f() -> Awaitable[int]", "async def f() -> int", ["note: f return type: {} Awaitable[int]; {} int"]),
        ("def f() -> AsyncIterator[int]", "async def f() -> AsyncIterator[int]: yield 1", []),
        ("async def f() -> AsyncIterator[int]: yield 1", "def f() -> AsyncIterator[int]", []),
        (
            "async def f() -> AsyncIterator[int]: yield 1",
            "def f() -> AsyncGenerator[int, None]",
            ["note: f return type: {} AsyncIterator[int]; {} AsyncGenerator[int, None]"],
        ),
        (
            "async def f(): yield",
            "async def f()",
            ["error: f: {} async generator function; {} coroutine function"],
        ),
    ],
)
def test_async_by_its_return_type(mine, theirs, expected):
    """A plain function that is annotated to return what a coroutine function does is as good as one."""
    assert said(defined(mine), defined(theirs)) == [
        difference.format("the placeholder has", "upstream has") for difference in expected
    ]


def defined(source: str):
    namespace: dict[str, Any] = {}
    exec(f"{NAMES}\n{source}" + ("" if source.endswith(("yield", "yield 1")) else ": ..."), namespace)
    return namespace["f"]


@pytest.mark.parametrize(
    "source",
    [
        "Json = dict[str, 'Json'] | list['Json'] | str\ndef f(value: Json) -> str",
        "Json: TypeAlias = 'Json | list[Json]'\ndef f(value: Json) -> str",
        pytest.param("type Json = list[Json] | str\ndef f(value: Json) -> Json", marks=SINCE_3_12),
        pytest.param("def f[*Ts](g, args: tuple[*Ts]) -> Callable[[*Ts], None]", marks=SINCE_3_12),
        pytest.param("def f[T](value: T, *args: *tuple[T, ...]) -> T", marks=SINCE_3_12),
    ],
)
def test_types_without_end(source):
    """Aliases that hold themselves, and what can be unpacked for ever, are compared as they stand."""
    assert said(defined(source), defined(source)) == []


def test_signature_that_cannot_be_read():
    """An upstream without a signature is noted; a placeholder without one promises nothing."""

    def mine(a): ...
    def theirs(a): ...

    theirs.__signature__ = "nonsense"
    assert said(mine, theirs) == [
        "note: f: the placeholder has the signature (a); upstream has one that cannot be read"
    ]
    assert said(theirs, mine) == []


def test_wrapped_in_a_circle():
    """Decorators that point at each other are not followed for ever."""

    def mine(a): ...
    def theirs(a): ...

    theirs.__wrapped__ = theirs
    theirs.__signature__ = inspect.signature(mine)
    assert said(mine, theirs) == said(theirs, mine) == []


def test_bound_method_without_self():
    """The first parameter is filled, unless ``*args`` takes it."""

    def mine(*args): ...
    def theirs(self, *args): ...

    assert differences(*(Callee(function=function, is_bound=True) for function in (mine, theirs))) == []


KINDS = {
    "positional-only": Parameter.POSITIONAL_ONLY,
    "either": Parameter.POSITIONAL_OR_KEYWORD,
    "keyword-only": Parameter.KEYWORD_ONLY,
}
LETTERS = "abc"


def random_signature(random: Random) -> Signature:
    """Up to three parameters of any kind and order, sometimes with ``*args`` and ``**kwargs``."""
    names = random.sample(LETTERS, random.randrange(len(LETTERS) + 1))
    kinds = sorted(random.choices(list(KINDS.values()), k=len(names)))
    parameters, has_default = [], False
    for name, kind in zip(names, kinds, strict=True):
        # After the first default, positional parameters all have one.
        has_default = random.random() < 0.4 or (has_default and kind is not Parameter.KEYWORD_ONLY)
        parameters.append(Parameter(name, kind, default=0 if has_default else Parameter.empty))
    if random.random() < 0.25:
        index = sum(kind is not Parameter.KEYWORD_ONLY for kind in kinds)
        parameters.insert(index, Parameter("args", Parameter.VAR_POSITIONAL))
    if random.random() < 0.25:
        parameters.append(Parameter("kwargs", Parameter.VAR_KEYWORD))
    return Signature(parameters)


def function_of(signature: Signature):
    namespace: dict[str, Any] = {}
    exec(f"def f{signature}: return locals()", namespace)
    return namespace["f"]


DEFAULTS = (0, -1)


def calls(letters: str) -> list[tuple[tuple[int, ...], dict[str, str]]]:
    """Every way to call a function of these parameters, and a few that it does not have; each value tells its place."""
    names = [*letters, "z"]
    return [
        (tuple(range(1, count + 1)), {name: f"by name {name}" for name in keywords})
        for count in range(len(letters) + 2)
        for keywords in chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    ]


CALLS = calls(LETTERS)


def landed(function, positional, keywords) -> dict[str, Any] | None:
    """Where Python itself puts each argument: the names and what they hold; None if the call does not bind."""
    try:
        return function(*positional, **keywords)
    except TypeError:
        return None


def keeps_meaning(mine: dict[str, Any], theirs: dict[str, Any], promised: Signature, found: Signature) -> bool:
    """Whether each value that reaches a parameter of mine reaches the one of theirs that has to have it."""
    return all(
        reaches(value, name, theirs, found, is_nameless=promised.parameters[name].kind is Parameter.POSITIONAL_ONLY)
        for name, value in mine.items()
        if name not in ("args", "kwargs") and value not in DEFAULTS
    )


def reaches(value, name: str, theirs: dict[str, Any], found: Signature, *, is_nameless: bool) -> bool:
    if name in found.parameters:
        return theirs[name] == value
    gathered = value in theirs.get("args", ()) or value in theirs.get("kwargs", {}).values()
    return gathered or is_nameless


def is_safe(promised: Signature, found: Signature) -> bool:
    mine, theirs = function_of(promised), function_of(found)
    for positional, keywords in CALLS:
        expected = landed(mine, positional, keywords)
        if expected is not None:
            got = landed(theirs, positional, keywords)
            if got is None or not keeps_meaning(expected, got, promised, found):
                return False
    return True


def test_against_python_itself():
    """For random pairs, an error is told exactly if a call of the first fails on the second, or changes its meaning."""
    random = Random(0)
    seen = set()
    for _ in range(1500):
        promised, found = random_signature(random), random_signature(random)
        safe = is_safe(promised, found)
        assert (not incompatible(Parameters.of(promised), Parameters.of(found))) is safe, (promised, found)
        all_found = differences(*(Callee(function=function_of(signature)) for signature in (promised, found)))
        assert (not any(difference.is_error for difference in all_found)) is safe, (promised, found)
        whats = [difference.what for difference in all_found]
        assert len(whats) == len(set(whats))
        seen.add(safe)
    assert seen == {True, False}
