"""Differences between two signatures, and whether every call that one accepts is accepted by the other."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterable, Awaitable
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import get_args, get_origin

from typing_extensions import Format

from ssot_shims._contract.difference import Difference, annotation_text, meaning, same_value, show, type_difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from ssot_shims._contract.difference import Meaning


ONLY_POSITIONAL, EITHER = Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True, slots=True)
class Parameters:
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
    """The names over which some call that *mine* takes fails on *theirs* or changes its meaning."""
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
    return only_positional & mine.keywords(0) | {
        parameter.name
        for position, parameter in enumerate(mine.positional)
        if _is_elsewhere(parameter, theirs.at(position), parameter.name in theirs.named)
    }


def _is_elsewhere(parameter: Parameter, there: Parameter | None, is_named: bool) -> bool:
    if there is None:
        return is_named
    return there.name != parameter.name and (is_named or parameter.kind is EITHER)


# From 3.14 on, reading an annotation evaluates it, and raises where a name is for type checkers only.
_READ: dict[str, Any] = {"annotation_format": Format.FORWARDREF} if sys.version_info >= (3, 14) else {}
# What a plain function returns to be called as if it were one of these.
_RETURNED_BY = {"coroutine function": Awaitable, "async generator function": AsyncIterable}


@dataclass(frozen=True, slots=True)
class Callee:
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
        names = getattr(unwrapped(self.function), "__globals__", None)
        return meaning(annotation, module_names(self.function) if names is None else names, self.owner)

    def sorts(self, returns: object) -> set[str]:
        """What it is called as: itself, what it wraps, and what its return annotation makes of a plain function."""
        origin = _origin(self.meaning(returns))
        return self._own_sorts() | {sort for sort, returned in _RETURNED_BY.items() if issubclass(origin, returned)}

    def awaited(self, returns: object) -> Meaning:
        """What awaiting a call gives."""
        found = self.meaning(returns)
        if "function" not in self._own_sorts() or not issubclass(_origin(found), Awaitable):
            return found
        return self.meaning((Parameter.empty, *get_args(found.type))[-1])

    def _own_sorts(self) -> set[str]:
        return {_sort(self.function), _sort(unwrapped(self.function))}


def module_names(thing: object) -> Mapping[str, object]:
    """The names of the module that defines *thing*, as far as it is imported."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return vars(module) if module else {}


def declaration(name: str, annotation: object, default: object) -> str:
    """``name: type = default``, without what is Parameter.empty."""
    typed = name if annotation is Parameter.empty else f"{name}: {annotation_text(annotation)}"
    if default is Parameter.empty:
        return typed
    return f"{typed}={show(default)}" if annotation is Parameter.empty else f"{typed} = {show(default)}"


def signature_differences(path: str, placeholder: Callee, upstream: Callee) -> list[Difference]:
    """How calling *upstream* departs from calling *placeholder*: one Difference a parameter, errors and notes."""
    promised, found = placeholder.signature(), upstream.signature()
    if promised is None:
        return []
    if found is None:
        return [Difference(path, f"the signature {promised}", "one that cannot be read", is_error=False)]
    comparison = _Comparison(path, placeholder, upstream, Parameters.of(promised), Parameters.of(found))
    returns = promised.return_annotation, found.return_annotation
    return [*comparison.of_sorts(*returns), *comparison.of_parameters(), *comparison.of_returns(*returns)]


@dataclass(frozen=True, slots=True)
class _Comparison:
    path: str
    placeholder: Callee
    upstream: Callee
    mine: Parameters
    theirs: Parameters

    def of_sorts(self, promised: object, found: object) -> Iterator[Difference]:
        mine, theirs = self.placeholder.sorts(promised), self.upstream.sorts(found)
        if not mine & theirs:
            yield Difference(self.path, " or ".join(sorted(mine)), " or ".join(sorted(theirs)))

    def of_returns(self, promised: object, found: object) -> Iterator[Difference]:
        is_awaited = "coroutine function" in self.placeholder.sorts(promised) & self.upstream.sorts(found)
        read = Callee.awaited if is_awaited else Callee.meaning
        is_error = type_difference(read(self.placeholder, promised), read(self.upstream, found))
        if is_error is not None:
            yield Difference(f"{self.path} return type", annotation_text(promised), annotation_text(found), is_error)

    def of_parameters(self) -> Iterator[Difference]:
        faulty = incompatible(self.mine, self.theirs)
        told = faulty - self._replacing(faulty) - self._moved_along(faulty)
        for name in dict.fromkeys([*self.mine.named, *self.theirs.named, "*args", "**kwargs"]):
            is_error = True if name in told else self._is_value_error(name)
            if is_error is not None:
                found = self._at_fault(name) if name in told else self._found(name)
                yield Difference(f"{self.path}({name})", self._promised(name), found, is_error)

    def _replacing(self, faulty: set[str]) -> set[str]:
        """The new parameters that are told of as standing in the place of one that is gone."""
        replacing = (self._counterpart(name) for name in faulty if name not in self.theirs.named)
        return {parameter.name for parameter in replacing if parameter}

    def _moved_along(self, faulty: set[str]) -> set[str]:
        """The parameters that merely changed position with one added or gone before them, which is told of."""
        mine, theirs = self.mine, self.theirs
        gone = {name for name in faulty if theirs.position(name) is None and not self._counterpart(name)}
        added = faulty - mine.named.keys() - self._replacing(faulty)
        along: set[str] = set()
        for name in faulty:
            before, after = mine.position(name), theirs.position(name)
            if before is not None and after is not None and len(self._changes(name)) == 1:
                shift = sum(p.name in added for p in theirs.positional[:after])
                shift -= sum(p.name in gone for p in mine.positional[:before])
                along |= {name} if shift and after == before + shift else set()
        return along

    def _counterpart(self, name: str) -> Parameter | None:
        """Upstream's parameter of that name, else a new one that stands in its place."""
        position = self.mine.position(name)
        there = None if position is None else self.theirs.at(position)
        return self.theirs.named.get(name) or (None if there and there.name in self.mine.named else there)

    def _is_value_error(self, name: str) -> bool | None:
        """Whether its default or its type differs: True for an error, False for a note, None for no."""
        promised, found = self.mine.named.get(name), self._counterpart(name)
        if promised is None or found is None:
            return None
        if not is_required(promised) and not same_value(promised.default, found.default):
            return True
        return type_difference(self.placeholder.meaning(promised.annotation), self.upstream.meaning(found.annotation))

    def _changes(self, name: str) -> list[str]:
        """How a parameter that upstream has, and that is at fault, is given in another way than promised."""
        promised, found = self.mine.named.get(name), self.theirs.named[name]
        if promised is None:
            return ["required" if is_required(found) else "by keyword too"]
        before, after = self.mine.position(name), self.theirs.position(name)
        is_taken = before is not None or self.mine.has_args or (after or 0) < len(self.mine.positional)
        changes = {
            "positional-only": found.kind is ONLY_POSITIONAL and promised.kind is not ONLY_POSITIONAL,
            "keyword-only": before is not None and after is None,
            f"position {(after or 0) + 1}": after is not None and before != after and is_taken,
            "required": is_required(found) and not is_required(promised),
        }
        return [change for change, holds in changes.items() if holds] or ["by keyword too"]

    def _promised(self, name: str) -> str:
        parameter = self.mine.named.get(name)
        if parameter is None:
            return "no such parameter" if name in self.theirs.named else name
        return _declaration(parameter)

    def _found(self, name: str) -> str:
        parameter = self._counterpart(name)
        return _declaration(parameter) if parameter else f"no {name if '*' in name else 'such parameter'}"

    def _at_fault(self, name: str) -> str:
        if name in self.theirs.named:
            return f"{', '.join(self._changes(name))}: {self._found(name)}"
        return f"no such parameter; in its place: {self._found(name)}" if self._counterpart(name) else self._found(name)


def _declaration(parameter: Parameter) -> str:
    return declaration(parameter.name, parameter.annotation, parameter.default)


def unwrapped(function: Callable[..., object]) -> Callable[..., object]:
    """What *function* wraps, as far as that can be followed."""
    try:
        innermost: Callable[..., object] = inspect.unwrap(function)
        return innermost
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
