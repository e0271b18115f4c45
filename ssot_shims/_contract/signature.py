"""Differences between two signatures, and whether every call that one accepts is accepted by the other."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from inspect import Parameter, Signature
from typing import Any, cast, get_args, get_origin

from typing_extensions import Format

from ssot_shims._contract.difference import Difference, Meaning, annotation_text, declaration, meaning, severity
from ssot_shims._record import Record

ONLY_POSITIONAL, EITHER = Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD


class Parameters(Record):
    """The parameters of a signature, in the order and by the names under which a call reaches them."""

    positional: tuple[Parameter, ...]
    named: dict[str, Parameter]  # all but *args and **kwargs
    has_args: bool
    has_kwargs: bool

    @classmethod
    def of(cls, signature: Signature) -> Parameters:
        parameters = signature.parameters.values()
        kinds = [parameter.kind for parameter in parameters]
        return cls(
            positional=tuple(p for p in parameters if p.kind in (ONLY_POSITIONAL, EITHER)),
            named={p.name: p for p in parameters if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)},
            has_args=Parameter.VAR_POSITIONAL in kinds,
            has_kwargs=Parameter.VAR_KEYWORD in kinds,
        )

    def position(self, name: str) -> int | None:
        """Where a value for *name* goes by position; None if it cannot."""
        return next((index for index, p in enumerate(self.positional) if p.name == name), None)

    def at(self, position: int) -> Parameter | None:
        return self.positional[position] if position < len(self.positional) else None

    def takes(self, count: int) -> bool:
        """Whether any call with *count* positional arguments binds."""
        return (count <= len(self.positional) or self.has_args) and not self.unreached(count)

    def unreached(self, count: int) -> set[str]:
        """The required positional-only parameters behind the first *count*."""
        return {p.name for p in self.positional[count:] if p.kind is ONLY_POSITIONAL and is_required(p)}

    def filled(self, count: int) -> set[str]:
        """The names that *count* positional arguments rule out as keywords."""
        return {p.name for p in self.positional[:count] if p.kind is EITHER}

    def keywords(self, count: int) -> set[str]:
        """The parameters that can still be given by keyword."""
        return {p.name for p in self.named.values() if p.kind is not ONLY_POSITIONAL} - self.filled(count)

    def required(self, count: int) -> set[str]:
        """The parameters that have to be given by keyword."""
        return {name for name in self.keywords(count) if is_required(self.named[name])}


def is_required(parameter: Parameter) -> bool:
    """Whether there is no call without it."""
    return parameter.default is Parameter.empty


def incompatible(mine: Parameters, theirs: Parameters) -> set[str]:
    """The names over which some call that *mine* takes fails on *theirs* or changes its meaning.

    Given *n* positional arguments, the sets of keywords that a signature takes form an interval, from those required to
    those allowed. Every call keeps working if, for each *n*, the interval of mine lies inside that of theirs; and it
    keeps its meaning if every value reaches the parameter of the same name. A value gathered in ``*args`` or
    ``**kwargs`` counts as passed on under its own name, unless a parameter of that name stands elsewhere.
    Positional-only names may change.
    """
    most = max(len(mine.positional), len(theirs.positional)) + 1
    refused = (_refused(mine, theirs, count) for count in range(most + 1) if mine.takes(count))
    return _misplaced(mine, theirs).union(*refused)


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


class Callee(Record):
    """Something to call, as its user does: the class it belongs to, and whether its first parameter is filled already.

    An operator passes its operands by position and always as many: names and ``*args`` of its method are no promise.
    """

    function: Callable[..., object]
    owner: type | None = None
    is_bound: bool = False
    is_operator: bool = False

    def signature(self) -> Signature | None:
        """Its signature; None if that cannot be read, as for some functions written in C, or promises nothing."""
        try:
            found = inspect.signature(self.function, **_READ)
        except Exception:  # __signature__ may be anything
            return None
        parameters = list(found.parameters.values())
        if self.is_bound and parameters and parameters[0].kind in (ONLY_POSITIONAL, EITHER):
            del parameters[0]
        if self.is_operator:
            if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters):
                return None
            parameters = [p.replace(kind=ONLY_POSITIONAL) if p.kind is EITHER else p for p in parameters]
        returns = Signature.empty if isinstance(self.function, type) else found.return_annotation
        return Signature(parameters, return_annotation=returns)

    def meaning(self, annotation: object) -> Meaning:
        """What *annotation* means here."""
        return meaning(annotation, module_names(unwrapped(self.function)), self.owner)

    def sorts(self) -> set[str]:
        """What it is called as: itself, what it wraps, and what a plain function returns by its annotation."""
        manager = _MANAGERS.get(getattr(self.function, "__code__", None))
        own = {"function", manager} if manager else {_sort(self.function), _sort(unwrapped(self.function))}
        signature = self.signature()
        origin = _origin(self.meaning(signature.return_annotation)) if signature and "function" in own else object
        return own | {sort for sort, returned in _RETURNED_BY.items() if issubclass(origin, returned)}

    def awaited(self, returns: object) -> Meaning:
        """What awaiting a call gives."""
        found = self.meaning(returns)
        if "function" not in self.sorts() or not issubclass(_origin(found), Awaitable):
            return found
        return self.meaning((Parameter.empty, *get_args(found.type))[-1])


def module_names(thing: object) -> Mapping[str, object]:
    """The names that *thing* sees where it is defined: those of its module, as far as that is imported."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return getattr(thing, "__globals__", None) or (vars(module) if module else {})


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
    differences: dict[str, Difference] = {}
    mine, theirs = placeholder.sorts(), upstream.sorts()
    if not are_alike(mine, theirs):
        differences[""] = Difference(path, " or ".join(sorted(mine - theirs)), " or ".join(sorted(theirs - mine)))
    differences.update(_of_parameters(path, placeholder, upstream, Parameters.of(promised), Parameters.of(found)))
    read = Callee.awaited if "coroutine function" in mine & theirs else Callee.meaning
    one, other = promised.return_annotation, found.return_annotation
    is_error = severity((read(placeholder, one), Parameter.empty), (read(upstream, other), Parameter.empty))
    if is_error is not None:
        texts = annotation_text(one), annotation_text(other)
        differences["return"] = Difference(f"{path} return type", *texts, is_error)
    return differences


def passes_on(callee: Callee) -> bool:
    """Whether it takes whatever it is given, and so tells nothing of what is behind it."""
    signature = callee.signature()
    kinds = [parameter.kind for parameter in signature.parameters.values()] if signature else []
    return kinds == [Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD]


def are_alike(mine: set[str], theirs: set[str]) -> bool:
    """Whether what is called as one of *mine* may be called as one of *theirs*."""
    return bool(mine & theirs) and not _DECORATORS.keys() <= mine ^ theirs


def _of_parameters(
    path: str, placeholder: Callee, upstream: Callee, mine: Parameters, theirs: Parameters
) -> Iterator[tuple[str, Difference]]:
    faulty = incompatible(mine, theirs)
    for name in dict.fromkeys([*mine.named, *theirs.named, "*args", "**kwargs"]):
        promised, found = mine.named.get(name), _counterpart(name, mine, theirs)
        is_error, change = None, ""
        if name in faulty:
            is_error, change = True, _change(name, mine, theirs)
        elif promised and found:
            types = placeholder.meaning(promised.annotation), upstream.meaning(found.annotation)
            is_error = severity((types[0], promised.default), (types[1], found.default))
        if is_error is not None:
            texts = _declaration(name, promised), change + _declaration(name, found)
            yield name, Difference(f"{path}({name})", *texts, is_error)


def _counterpart(name: str, mine: Parameters, theirs: Parameters) -> Parameter | None:
    """The parameter of that name in *theirs*, else a new one that stands in its place."""
    position = mine.position(name)
    there = None if position is None else theirs.at(position)
    return theirs.named.get(name) or (None if there and there.name in mine.named else there)


def _change(name: str, mine: Parameters, theirs: Parameters) -> str:
    """How *theirs* wants what is at fault, as a text to put before its declaration."""
    promised, found = mine.named.get(name), theirs.named.get(name)
    if found is None:
        replaced = "no such parameter; in its place: " if _counterpart(name, mine, theirs) else ""
        return "no " if "*" in name else replaced
    before, after = mine.position(name), theirs.position(name)
    changes = {
        "positional-only": promised and found.kind is ONLY_POSITIONAL is not promised.kind,
        "keyword-only": before is not None and after is None,
        f"position {(after or 0) + 1}": None not in (before, after) and before != after,
        "required": is_required(found) and not (promised and is_required(promised)),
    }
    other_way = "by position too" if promised and before is None else "by keyword too"
    return f"{', '.join(change for change, holds in changes.items() if holds) or other_way}: "


def _declaration(name: str, parameter: Parameter | None) -> str:
    if parameter is None:
        return name if "*" in name else "no such parameter"
    return declaration(parameter.name, parameter.annotation, parameter.default)


def unwrapped(function: Callable[..., object]) -> Callable[..., object]:
    """What *function* wraps, as far as that can be followed."""
    try:
        return cast("Callable[..., object]", inspect.unwrap(function))
    except ValueError:  # wrapped in a circle
        return function


def _origin(returned: Meaning) -> type:
    origin = get_origin(returned.type) or returned.type
    return origin if isinstance(origin, type) else object


def _sort(function: Callable[..., object]) -> str:
    layers = (function, vars(type(function)).get("__call__"))
    if any(map(inspect.iscoroutinefunction, layers)):
        return "coroutine function"
    return "async generator function" if any(map(inspect.isasyncgenfunction, layers)) else "function"
