"""Differences between two signatures, and whether every call that one accepts is accepted by the other."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from inspect import Parameter, Signature
from types import UnionType
from typing import Any, cast, get_origin

from typing_extensions import Format

from ssot_shims._contract.difference import Declared, Difference, annotation_text, severity
from ssot_shims._record import Record

ONLY_POSITIONAL, EITHER = Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD
ARGS, KWARGS, REQUIRED = Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD, Parameter.empty
_KINDS = {ONLY_POSITIONAL: "positional-only", Parameter.KEYWORD_ONLY: "keyword-only"}


class Parameters(Record):
    """The parameters of a signature, in the order and by the names under which a call reaches them."""

    positional: tuple[Parameter, ...]
    named: dict[str, Parameter]  # all but *args and **kwargs
    has_args: bool
    has_kwargs: bool

    @classmethod
    def of(cls, signature: Signature) -> Parameters:
        kinds = [p.kind for p in signature.parameters.values()]
        named = {p.name: p for p in signature.parameters.values() if p.kind not in (ARGS, KWARGS)}
        positional = tuple(p for p in named.values() if p.kind in (ONLY_POSITIONAL, EITHER))
        return cls(positional=positional, named=named, has_args=ARGS in kinds, has_kwargs=KWARGS in kinds)

    def position(self, name: str) -> int | None:
        """Where a value for *name* goes by position; None if it cannot."""
        return next((index for index, p in enumerate(self.positional) if p.name == name), None)

    def at(self, position: int) -> Parameter | None:
        return self.positional[position] if position < len(self.positional) else None

    def unreached(self, count: int) -> set[str]:
        """The required positional-only parameters behind the first *count*."""
        return {p.name for p in self.positional[count:] if p.kind is ONLY_POSITIONAL and p.default is REQUIRED}

    def filled(self, count: int) -> set[str]:
        """The names that *count* positional arguments rule out as keywords."""
        return {p.name for p in self.positional[:count] if p.kind is EITHER}

    def keywords(self, count: int) -> set[str]:
        """The parameters that can still be given by keyword."""
        return {p.name for p in self.named.values() if p.kind is not ONLY_POSITIONAL} - self.filled(count)

    def required(self, count: int) -> set[str]:
        """The parameters that have to be given by keyword."""
        return {name for name in self.keywords(count) if self.named[name].default is REQUIRED}


def incompatible(mine: Parameters, theirs: Parameters) -> set[str]:
    """The names over which some call that *mine* takes fails on *theirs* or changes its meaning.

    Given *n* positional arguments, the sets of keywords that a signature takes form an interval, from those required to
    those allowed. Every call keeps working if, for each *n*, the interval of mine lies inside that of theirs; and it
    keeps its meaning if every value reaches the parameter of the same name. A value gathered in ``*args`` or
    ``**kwargs`` counts as passed on under its own name, unless a parameter of that name stands elsewhere.
    Positional-only names may change.
    """
    most = max(len(mine.positional), len(theirs.positional)) + 1 if mine.has_args else len(mine.positional)
    counts = (count for count in range(most + 1) if not mine.unreached(count))  # with which a call of mine binds
    return _misplaced(mine, theirs).union(*(_refused(mine, theirs, count) for count in counts))


def _refused(mine: Parameters, theirs: Parameters, count: int) -> set[str]:
    """The names over which *theirs* refuses some call with *count* positional arguments."""
    if count > len(theirs.positional) and not theirs.has_args:
        last = mine.at(count - 1)
        return {last.name if last else "*args"}
    wanting = theirs.unreached(count) | (theirs.required(count) - mine.required(count))
    if not theirs.has_kwargs:
        unknown = mine.keywords(count) - theirs.keywords(count)
        return wanting | unknown | ({"**kwargs"} if mine.has_kwargs else set())
    given_twice = theirs.filled(count)
    return wanting | (given_twice - mine.filled(count) if mine.has_kwargs else given_twice & mine.keywords(count))


def _misplaced(mine: Parameters, theirs: Parameters) -> set[str]:
    """The names whose value lands, if the call binds at all, in a parameter of another name."""
    only_positional = {p.name for p in theirs.positional if p.kind is ONLY_POSITIONAL}
    elsewhere = {
        p.name
        for position, p in enumerate(mine.positional)
        if (there := theirs.at(position)) is None or there.name != p.name
        if p.name in theirs.named or (there and p.kind is EITHER)
    }
    return only_positional & mine.keywords(0) | elsewhere


# From 3.14 on, an annotation is only evaluated when it is read, and that may raise; its spelling can be had without.
ANNOTATIONS = Format.STRING if sys.version_info >= (3, 14) else Format.VALUE
_READ: dict[str, Any] = {"annotation_format": ANNOTATIONS} if sys.version_info >= (3, 14) else {}
# What a plain function returns to be called as if it were one of these.
_RETURNED_BY: dict[str, Any] = {
    "coroutine function": Awaitable,
    "async generator function": AsyncIterable,
    "context manager": AbstractContextManager,
    "async context manager": AbstractAsyncContextManager,
}
_DECORATORS: dict[str, Any] = {"context manager": contextmanager, "async context manager": asynccontextmanager}
_MANAGERS = {decorator(print).__code__: sort for sort, decorator in _DECORATORS.items()}  # all it makes share its code
_ANYTHING = (Any, object, UnionType, Parameter.empty)
_TAKES_ALL = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


class Callee(Record):
    """Something to call, bound as its user finds it, and the class it belongs to.

    An operator passes its operands by position and always as many: names and ``*args`` of its method are no promise.
    """

    function: Callable[..., object]
    owner: type | None = None
    is_operator: bool = False

    def signature(self) -> Signature | None:
        """Its signature; None if that cannot be read, as for some functions written in C, or promises nothing."""
        # What takes everything hands it on to what it wraps; any other wrapper has a signature of its own.
        flags = getattr(getattr(self.function, "__code__", None), "co_flags", _TAKES_ALL)
        try:
            found = inspect.signature(self.function, follow_wrapped=(flags & _TAKES_ALL) == _TAKES_ALL, **_READ)
        except Exception:  # __signature__ may be anything
            return None
        if isinstance(self.function, type):
            return found.replace(return_annotation=Signature.empty)
        if not self.is_operator:
            return found
        parameters = [p.replace(kind=ONLY_POSITIONAL) if p.kind is EITHER else p for p in found.parameters.values()]
        return None if ARGS in {p.kind for p in parameters} else found.replace(parameters=parameters)

    def declared(self, name: str, annotation: object, default: object = Parameter.empty) -> Declared:
        """What is declared of a parameter, or of what is returned."""
        names = module_names(unwrapped(self.function))
        return Declared(name=name, annotation=annotation, default=default, names=names, owner=self.owner)

    def result(self) -> type | None:
        """The class of what a call returns; None if its annotation does not say."""
        signature = self.signature()
        returned: Any = self.declared("", signature.return_annotation).meaning() if signature else Any
        origin = get_origin(returned) or returned
        return origin if isinstance(origin, type) and all(origin is not other for other in _ANYTHING) else None

    def sorts(self) -> set[str]:
        """What it is called as: itself, what it wraps, and what a plain function returns by its annotation."""
        inner = unwrapped(self.function, lambda layer: getattr(layer, "__code__", None) in _MANAGERS)
        own = {_sort(self.function), _MANAGERS.get(getattr(inner, "__code__", None)) or _sort(inner)}
        is_plain = own == {"function"} and not inspect.isgeneratorfunction(self.function)  # that returns a generator
        result = self.result() if is_plain else None
        return own | {sort for sort, returned in _RETURNED_BY.items() if result and issubclass(result, returned)}


def module_names(thing: object) -> Mapping[str, object]:
    """The names that *thing* sees where it is defined: those of its module, as far as that is imported."""
    names, module = getattr(thing, "__globals__", None), sys.modules.get(getattr(thing, "__module__", None) or "")
    return cast("dict[str, object]", names) if isinstance(names, dict) else vars(module) if module else {}


def signature_differences(path: str, placeholder: Callee, upstream: Callee) -> dict[str, Difference]:
    """How calling *upstream* departs from calling *placeholder*, each difference under the name of its parameter.

    What a call gives is under ``return``, as in ``__annotations__``, and how it is called under no name.
    """
    promised, found = placeholder.signature(), upstream.signature()
    if promised is None:
        return {}
    if found is None or (passes_on(upstream) and not passes_on(placeholder)):
        unknown = "one that passes on what it is given" if found else "one that cannot be read"
        return {"": Difference(path, f"the signature {promised}", unknown, is_error=False)}
    mine, theirs = placeholder.sorts(), upstream.sorts()
    differences = dict(_of_parameters(path, placeholder, upstream, Parameters.of(promised), Parameters.of(found)))
    # A plain function may return a context manager that its annotation does not name; a generator is none.
    is_lost = bool(mine & _DECORATORS.keys()) and inspect.isgeneratorfunction(upstream.function)
    if is_lost or not are_alike(mine, theirs):
        is_certain = is_lost or theirs != {"function"} or upstream.result() is not None  # else it may be awaited
        texts = " or ".join(sorted(mine - theirs)), " or ".join(sorted(theirs - mine or theirs))
        differences = {"": Difference(path, *texts, is_certain), **differences}
    returns = promised.return_annotation, found.return_annotation
    severest = severity(placeholder.declared("", returns[0]), upstream.declared("", returns[1]))
    # An awaitable is not compared with what awaiting the other one gives.
    if severest is not None and ("function" in mine) is ("function" in theirs):
        texts = annotation_text(returns[0]), annotation_text(returns[1])
        differences["return"] = Difference(f"{path} return type", *texts, severest)
    return differences


def passes_on(callee: Callee) -> bool:
    """Whether it takes whatever it is given, and so tells nothing of what is behind it."""
    signature = callee.signature()
    return signature is not None and [p.kind for p in signature.parameters.values()] == [ARGS, KWARGS]


def are_alike(mine: set[str], theirs: set[str]) -> bool:
    """Whether what is called as one of *mine* may be called as one of *theirs*; ``with`` is no ``async with``."""
    promised, found = mine & _DECORATORS.keys(), theirs & _DECORATORS.keys()
    return bool(promised & found if promised and found else mine & theirs)


def _of_parameters(
    path: str, placeholder: Callee, upstream: Callee, mine: Parameters, theirs: Parameters
) -> Iterator[tuple[str, Difference]]:
    faulty = incompatible(mine, theirs)
    for name in dict.fromkeys([*mine.named, *theirs.named, "*args", "**kwargs"]):
        promised, found = mine.named.get(name), _counterpart(name, mine, theirs)
        one = promised and placeholder.declared(promised.name, promised.annotation, promised.default)
        other = found and upstream.declared(found.name, found.annotation, found.default)
        change = _change(name, mine, theirs) if name in faulty else ""
        is_error = True if name in faulty else severity(one, other) if one and other else None
        if is_error is not None:
            nothing = name if "*" in name else "no such parameter"
            yield name, Difference(f"{path}({name})", str(one or nothing), f"{change}{other or nothing}", is_error)


def _counterpart(name: str, mine: Parameters, theirs: Parameters) -> Parameter | None:
    """The parameter of that name in *theirs*, else a new one that stands in its place."""
    position = mine.position(name)
    there = None if position is None else theirs.at(position)
    return theirs.named.get(name) or (None if there and there.name in mine.named else there)


def _change(name: str, mine: Parameters, theirs: Parameters) -> str:
    """How *theirs* wants what is at fault, as a text to put before its declaration."""
    promised, found = mine.named.get(name), theirs.named.get(name)
    if found is None:
        return "no " if "*" in name else "no such parameter; in its place: " if _counterpart(name, mine, theirs) else ""
    position, changes = theirs.position(name), list[str]()
    if found.kind is not EITHER and (promised is None or found.kind is not promised.kind):
        changes.append(_KINDS[cast("Any", found.kind)])
    elif position is not None and position != mine.position(name):
        changes.append(f"position {position + 1}")
    if found.default is REQUIRED and not (promised and promised.default is REQUIRED):
        changes.append("required")
    return f"{', '.join(changes) or 'by keyword too'}: "


def unwrapped(function: Any, stop: Callable[[Any], bool] | None = None) -> Any:
    """What *function* wraps, as far as that can be followed, or up to where *stop* says so."""
    try:
        return inspect.unwrap(function, stop=stop)
    except ValueError:  # wrapped in a circle
        return function


def _sort(function: Callable[..., object]) -> str:
    layers = (function, vars(type(function)).get("__call__"))
    if any(map(inspect.iscoroutinefunction, layers)):
        return "coroutine function"
    return "async generator function" if any(map(inspect.isasyncgenfunction, layers)) else "function"
