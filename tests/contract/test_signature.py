"""Signatures side by side, by table: parameters, types, and what cannot be read."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, ForwardRef

import pytest

from ssot_shims._contract.signature import Callee, signature_differences
from tests.contract.pairs import short

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


def defined(source: str) -> Any:
    names: dict[str, Any] = {"__name__": "acme"}
    exec(f"{NAMES}\n{source}", names)
    return names


def function(parameters: str) -> Any:
    return defined(f"def f({parameters}): ...")["f"]


def said(placeholder: Any, upstream: Any, owners: tuple[Any, Any] = (None, None)) -> list[str]:
    callees = [Callee(function=f, owner=owner) for f, owner in zip((placeholder, upstream), owners, strict=True)]
    return [short(difference) for difference in signature_differences("f", *callees).values()]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("", "", []),
        ("a, b=1", "a", ["b: b=1 | no such parameter"]),
        ("a, b=1", "a, c=1", ["b: b=1 | no such parameter; in its place: c=1"]),
        ("a, b", "b, a", ["a: a | position 2: a", "b: b | position 1: b"]),
        ("a", "new, a", ["a: a | position 2: a", "new: no such parameter | position 1, required: new"]),
        ("a, b=1", "a, *, b=1", ["b: b=1 | keyword-only: b=1"]),
        ("a, b=1", "a, *, b", ["b: b=1 | keyword-only, required: b"]),
        ("a", "a, /", ["a: a | positional-only: a"]),
        ("a", "a=1, /, **kw", ["a: a | positional-only: a=1"]),
        ("a=1", "a", ["a: a=1 | required: a"]),
        ("*, a=1", "a", ["a: a=1 | position 1, required: a"]),
        ("a", "a, *, b", ["b: no such parameter | keyword-only, required: b"]),
        ("*args", "a=1", ["*args: *args | no *args"]),
        ("**kwargs", "a=1", ["**kwargs: **kwargs | no **kwargs"]),
        ("a, /, **kw", "a, **kw", ["a: a | by keyword too: a"]),
        ("*args, **kw", "a=1, *args, **kw", ["a: no such parameter | position 1: a=1"]),
        ("a=1, /", "b=2, /", ["a: a=1 | b=2"]),
    ],
)
def test_parameters(mine, theirs, expected):
    """What is told of a parameter that drifted; whether that is an error is tried in test_properties_signature.py."""
    expected = [re.sub(r"^([\w*]+)", r"error: f(\1)", difference) for difference in expected]
    assert said(function(mine), function(theirs)) == expected


def test_operands():
    """Of an operator, names and ``*args`` are no promise, but their number and types are."""

    def mine(left: int, right: int): ...
    def theirs(one: int, other: str): ...
    def many(*operands): ...
    def three(one, other, third): ...

    callees = [Callee(function=f, is_operator=True) for f in (mine, theirs, many, three)]
    found = [[short(one) for one in signature_differences("f", callees[0], other).values()] for other in callees]
    assert found == [
        [],
        ["error: f(right): right: int | other: str"],
        ["note: f: the signature (left: 'int', right: 'int', /) | one that cannot be read"],
        ["error: f(third): no such parameter | positional-only, required: third"],
    ]


TYPES: dict[str, list[tuple[str, str]]] = {
    "": [
        *(("int", "int"), ("int", "Any"), ("Any", "int"), ("object", "int"), ("int | None", "Optional[int]")),
        *(("int | None", "t.Union[None, typing.Optional[int]]"), ("'int | None'", "int|None")),
        *(("List[int]", "list[int]"), ("Dict[str, List[int]]", "dict[str, list[int]]"), ("Number", "int | float")),
        ("Callable[[int, str], None]", "t.Callable[[int, str], None]"),
        *(("Literal['a', 'b']", "Literal['b', 'a']"), ("Annotated[int, 'seconds']", "int"), ("Final[int]", "int")),
        *(("datetime.datetime", "missing.datetime"), ("Text", "str"), ("int +", "int  +"), ("type(None)", "None")),
    ],
    "note": [
        *(("int", "float"), ("float", "int"), ("float | None", "int | None"), ("float | str", "str")),
        *(("str", "str | bytes"), ("str | bytes", "str"), ("list[int]", "list[str]")),
        *(("list[int]", "Sequence[int]"), ("list", "Sequence"), ("bool", "int"), ("bool", "float")),
        *(("dict", "dict[str, Any]"), ("Callable[[int], str]", "t.Callable[..., Any]"), ("Literal['a']", "str")),
        *(("str", "missing.UriType"), ("Missing", "Absent"), ("AnyStr", "str"), ("UserId", "int")),
        *(("Movie", "int"), ("Movie", "Series"), ("SupportsInt", "str"), ("None", "NoReturn"), ("lambda", "int")),
        ("3", "4"),
    ],
    "error": [*(("int", "str"), ("bytes", "float"), ("Final[int]", "str"), ("None", "int"))],
}


@pytest.mark.parametrize(("mine", "theirs", "level"), [(*row, level) for level, rows in TYPES.items() for row in rows])
def test_types(mine, theirs, level):
    """An error is only what no reading of the two types makes compatible; one type may be spelled in several ways."""
    one, other = function("a"), function("a")
    one.__annotations__["a"], other.__annotations__["a"] = mine, theirs
    assert said(one, other) == ([f"{level}: f(a): a: {mine} | a: {theirs}"] if level else [])


def test_types_as_objects():
    """Annotations are objects where the module has no future import; Python 3.14 tells how they are spelled."""
    namespace: dict[str, Any] = {}
    source = """
def mine(a: int | None, b: list[str], c: None, d: type[ValueError]): ...
def theirs(a: int | None, b: list["str"], c: type(None), d: type[TypeError]): ..."""
    exec(compile(source, "acme.py", "exec", dont_inherit=True), namespace)
    assert said(namespace["mine"], namespace["theirs"]) == ["note: f(d): d: type[ValueError] | d: type[TypeError]"]
    assert said(function("a: int"), function("a")) == said(function("a"), function("a: int")) == []  # none is any type


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 gives the repr of a forward reference as its text")
def test_forward_reference():
    """A forward reference is read as its text."""

    def mine(a): ...
    def theirs(a: int): ...

    mine.__annotations__["a"] = ForwardRef("str")
    assert said(mine, theirs) == ["error: f(a): a: str | a: int"]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("self, it: Mine) -> Self", "self, it: Theirs) -> Theirs", []),
        ("self) -> Self", "self) -> Mine", ["note: f return type: Self | Mine"]),
        # As the operands of packaging.version.Version are typed; int is no such base.
        ("self, it: Mine) -> int", "self, it: Base) -> str", ["error: f return type: int | str"]),
    ],
)
def test_own_class(mine, theirs, expected):
    """``Self``, the name of the class and its own bases are one type, whatever upstream calls its class."""
    source = (
        f"class Base(int): ...\nclass Mine(int):\n    def f({mine}: ...\nclass Theirs(Base):\n    def f({theirs}: ..."
    )
    names = defined(source)
    mine, theirs = names["Mine"], names["Theirs"]
    assert said(mine.f, theirs.f, (mine, theirs)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "Json = dict[str, 'Json'] | list['Json'] | str\ndef f(value: Json) -> str: ...",
        "Json: TypeAlias = 'Json | list[Json]'\ndef f(value: Json) -> str: ...",
        pytest.param("type Json = list[Json] | str\ndef f(value: Json) -> Json: ...", marks=SINCE_3_12),
        pytest.param("def f[*Ts](g, args: tuple[*Ts]) -> Callable[[*Ts], None]: ...", marks=SINCE_3_12),
        pytest.param("def f[T](value: T, *args: *tuple[T, ...]) -> T: ...", marks=SINCE_3_12),
    ],
)
def test_types_without_end(source):
    """Aliases that hold themselves, and what can be unpacked for ever, are compared as they stand."""
    assert said(defined(source)["f"], defined(source)["f"]) == []


def test_a_signature_that_cannot_be_read():
    """An upstream without one is noted, a placeholder without one promises nothing; no circle is followed for ever."""
    mine, theirs = function("a"), function("a")
    theirs.__signature__ = "nonsense"
    assert said(mine, theirs) == ["note: f: the signature (a) | one that cannot be read"]
    assert said(theirs, mine) == []
    theirs.__signature__, theirs.__wrapped__ = inspect.signature(mine), theirs
    assert said(mine, theirs) == []
