"""A placeholder against its upstream: every promise that the upstream does not keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from inspect import getattr_static
from types import FunctionType, MethodType
from typing import Any

from ssot_shims._contract.difference import Difference, severity, value_severity
from ssot_shims._contract.members import ABSENT, Member, kind_of, member, offered_names, options_of
from ssot_shims._contract.signature import Callee, are_alike, passes_on, signature_differences, unwrapped
from ssot_shims._text import describe
from ssot_shims.errors import InvalidDeclaration

# What may stand behind each kind of placeholder or member, besides the same.
_ALSO_KEPT_BY = {
    "class": {"dataclass"},
    "protocol": {"class", "dataclass", "enum"},
    "method": {"static method", "class method"},
    "class method": {"static method"},
    "static method": {"class method"},
    "property": {"property with a setter", "cached property", "attribute"},
    "property with a setter": {"cached property", "attribute"},
    "attribute": {"property with a setter", "cached property"},
    "cached property": {"property", "property with a setter", "attribute"},
}
# What Python falls back on where a special method is not there: ``x in thing`` iterates.
_FALLBACKS = {"__contains__": "__iter__", "__iter__": "__getitem__", "__str__": "__repr__", "__ne__": "__eq__"}
# What @dataclass writes or leaves out by its options.
_FROM_OPTIONS = frozenset({"__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"})


def compare(placeholder: Callable[..., object], upstream: object) -> tuple[Difference, ...]:
    """The promises of *placeholder*, a class or a function, that *upstream* does not keep by its structure.

    Kind, bases, constructor, fields, members, values and signatures are looked at; nothing is called. Upstream may
    have more, as long as no call has to mention it. A Difference with ``is_error`` False is only a note.

    >>> def connect(host, port=80): ...
    >>> def upstream(host, *, port=443): ...
    >>> for difference in compare(connect, upstream):
    ...     print(difference)
    error: connect(port): the placeholder has port=80; upstream has keyword-only: port=443
    """
    if not callable(placeholder) or not hasattr(placeholder, "__name__"):
        problem = f"{placeholder!r} is neither a class nor a function"
        raise InvalidDeclaration(problem, "put @shim(...) on a class or def statement")
    if placeholder is upstream:
        return ()
    name, found = placeholder.__name__, list[Difference]()
    try:
        found.extend(_differences(name, placeholder, upstream))
    except Exception as error:  # whatever the code of upstream does when it is looked at
        found.append(Difference(name, "a structure that can be read", f"one that raises {describe(error)}", False))
    return tuple(found)


def is_same_kind(placeholder: Any, upstream: Any) -> bool:
    """Whether upstream is used as the placeholder is, so that an example of the one is one of the other."""
    is_kept = _is_kept(kind_of(placeholder), kind_of(upstream))
    return is_kept and are_alike(Callee(function=placeholder).sorts(), Callee(function=upstream).sorts())


def _is_kept(promised: str, found: str) -> bool:
    return found == promised or found in _ALSO_KEPT_BY.get(promised, ())


def _differences(path: str, placeholder: Any, upstream: Any) -> Iterator[Difference]:
    promised, found = kind_of(placeholder), kind_of(upstream)
    if not _is_kept(promised, found):
        yield Difference(path, promised, found)
        if (promised, found) != ("dataclass", "class"):
            return
    if promised == "function":
        yield from signature_differences(path, Callee(function=placeholder), Callee(function=upstream)).values()
        return
    yield from _of_bases(path, placeholder, upstream)
    seen = set[str]()  # what is not said twice
    if promised == "enum":
        yield from _of_enum_members(path, placeholder, upstream)
        seen = {*placeholder.__members__, "__str__"}
    elif promised != "protocol":
        yield from _of_abstract_methods(path, placeholder, upstream)
        parameters = _of_constructor(path, placeholder, upstream)
        yield from parameters.values()
        yield from _of_subclassing(f"{path}.__init_subclass__", placeholder, upstream)
        options = [*_of_options(path, placeholder, upstream)]
        yield from options
        if _is_kept(promised, found) and not any(difference.is_error for difference in parameters.values()):
            yield from _of_match_args(path, placeholder, upstream)
        seen = {name for name in parameters if member(placeholder, name).field}
        if options or not _is_kept(promised, found):
            seen |= _FROM_OPTIONS
    for name in offered_names(placeholder):
        if name not in seen:
            compare_members = _of_special_method if name.startswith("__") else _of_member
            yield from compare_members(f"{path}.{name}", member(placeholder, name), member(upstream, name))


def _of_bases(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    builtin = (base for base in placeholder.__mro__ if base.__module__ in ("builtins", "enum"))
    missing = [base for base in builtin if not issubclass(upstream, base)]
    if missing:  # the most derived one; those behind it follow from it
        yield Difference(f"{path} bases", missing[0].__name__, ", ".join(base.__name__ for base in upstream.__bases__))
    subscript = member(upstream, "__class_getitem__").value, member(type(upstream), "__getitem__").value
    if (parameters := _constant(placeholder, "__parameters__", ())) and subscript == (ABSENT, ABSENT):
        yield Difference(f"{path} type parameters", ", ".join(map(str, parameters)), "a class that is not generic")


def _of_enum_members(path: str, placeholder: type[Enum], upstream: type[Enum]) -> Iterator[Difference]:
    for name, mine in placeholder.__members__.items():
        theirs = upstream.__members__.get(name)
        is_error = True if theirs is None else value_severity(mine.value, theirs.value)
        if is_error is not None:
            found = "no such member" if theirs is None else repr(theirs.value)
            yield Difference(f"{path}.{name}", repr(mine.value), found, is_error)
    one, other = member(placeholder, "__str__"), member(upstream, "__str__")
    if one.value is not other.value and not (one.is_own() and other.is_own()):
        promised, found = (f"text by {text.value.__qualname__}" for text in (one, other))
        # Upstream's own text may be the same, and one of the placeholder's own may be what upstream's base gives.
        is_certain = not other.is_own() and not (one.is_own() and other.value is not Enum.__str__)
        yield Difference(f"{path}.__str__", promised, found, is_certain)


def _of_abstract_methods(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    promised, found = (_constant(cls, "__abstractmethods__", frozenset[str]()) for cls in (placeholder, upstream))
    if not found <= promised:
        yield Difference(f"{path} abstract methods", ", ".join(sorted(promised)) or "none", ", ".join(sorted(found)))


def _constant(cls: type, name: str, default: Any) -> Any:
    """What Python keeps under *name* in a class; *default* where that is of another type, as in ``type`` itself."""
    value = getattr_static(cls, name, default)
    return value if isinstance(value, type(default)) else default


def _of_constructor(path: str, placeholder: type, upstream: Any) -> dict[str, Difference]:
    differences = signature_differences(path, _constructor(placeholder, _message), _constructor(upstream, _messages))
    if type(upstream).__call__ is type.__call__:
        return differences
    # The metaclass may add arguments, or take some away.
    return {name: difference.replace(is_error=False) for name, difference in differences.items()}


# An exception without a constructor of its own promises to take a message, and accepts as many as it is given, besides
# the keywords of ImportError and AttributeError.
def _message(message: Any, /) -> None: ...
def _messages(*messages: Any, name: Any = None, path: Any = None, obj: Any = None) -> None: ...


def _constructor(cls: Any, of_exception: Callable[..., None]) -> Callee:
    """Where Python takes a call of *cls* from, past what passes on everything it is given."""
    found = Callee(function=cls, owner=cls)
    for function in (cls.__new__, cls.__init__):
        if passes_on(found) and isinstance(unwrapped(function), FunctionType):
            found = Callee(function=MethodType(function, cls), owner=cls)
    return Callee(function=of_exception) if issubclass(cls, BaseException) and not found.signature() else found


def _of_subclassing(what: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    """The keywords behind the bases of a subclass, which a metaclass may take as well."""
    hooks = [member(cls, "__init_subclass__") for cls in (placeholder, upstream)]
    mine, theirs = ((hook.callee() if hook.is_own() else None) or Callee(function=lambda: None) for hook in hooks)
    for name, difference in signature_differences(what, mine, theirs).items():
        if name:
            yield difference if type(upstream) in (type, type(placeholder)) else difference.replace(is_error=False)


def _of_options(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    """The options of dataclasses: no comparison may be missing; frozen and those of fields stay as they are."""
    found = options_of(upstream)
    for (field, option), mine in options_of(placeholder).items():
        theirs = found.get((field, option), mine)
        if mine != theirs and (mine or option not in ("eq", "order")):
            what = f"{field}{option}"
            yield Difference(f"{path} dataclass options", f"{what}={mine}", f"{what}={theirs}", option != "hash")


def _of_match_args(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    """What ``case Name(x, y)`` takes; a named tuple that grew no longer unpacks into as many names either."""
    mine, theirs = (_constant(cls, "__match_args__", ()) for cls in (placeholder, upstream))
    if mine != (theirs if issubclass(placeholder, tuple) else theirs[: len(mine)]):
        yield Difference(f"{path}.__match_args__", repr(mine), repr(theirs))


def _of_member(what: str, mine: Member, theirs: Member) -> Iterator[Difference]:
    kind, found = mine.kind(), theirs.kind()
    is_only_read = mine.field and options_of(mine.owner)["", "frozen"]
    if not _is_kept("property" if is_only_read else kind, found):
        yield Difference(what, kind, found, is_error=not theirs.may_stand_for(kind))
    elif kind == "class" and mine.value.__qualname__ == f"{mine.owner.__qualname__}.{mine.name}":  # nested
        yield from _differences(what, mine.value, theirs.value)
    elif kind in ("attribute", "class"):
        one, other = mine.declared(), theirs.declared()
        if mine.field and other.default is ABSENT:  # the constructor may set what the class does not have
            one = one.replace(default=ABSENT)
        is_error = severity(one, other)
        if is_error is not None:
            yield Difference(what, str(one), str(other), is_error)
    else:
        yield from _of_call(what, mine.callee(), theirs.callee())


def _of_special_method(what: str, mine: Member, theirs: Member) -> Iterator[Difference]:
    is_in_base = theirs.base is not mine.base and any(theirs.base is base for base in mine.owner.__mro__)
    if theirs.value is None or theirs.value is ABSENT or (is_in_base and mine.is_own()):
        other = theirs
        while (other.value is ABSENT or other.base is object) and other.name in _FALLBACKS:
            other = member(other.owner, _FALLBACKS[other.name])
        is_certain = other is theirs or other.value is None or other.value is ABSENT or not other.is_own()
        yield Difference(what, "special method", "None" if theirs.value is None else "none of its own", is_certain)
    elif mine.value is not theirs.value:
        yield from _of_call(what, mine.callee(), theirs.callee())


def _of_call(what: str, mine: Callee | None, theirs: Callee | None) -> Iterable[Difference]:
    return signature_differences(what, mine, theirs).values() if mine and theirs else ()
