"""A placeholder against its upstream: every promise that the upstream does not keep."""

from __future__ import annotations

from typing import Any

from typing_extensions import is_protocol

from ssot_shims._contract.difference import Difference, same_value, show, type_difference
from ssot_shims._contract.members import (
    ABSENT,
    abstract_methods,
    annotation_of,
    callable_of,
    default_of,
    find,
    is_dynamic,
    is_field,
    is_nested_class,
    is_stdlib,
    is_subscriptable,
    kind_of,
    meaning_of,
    member_kind,
    options_of,
    promised_names,
    special_methods,
)
from ssot_shims._contract.signature import Callee, declaration, signature_differences
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from enum import Enum

# What may stand behind each kind of placeholder.
_KEPT_BY = {
    "function": {"function"},
    "enum": {"enum"},
    "dataclass": {"dataclass"},
    "class": {"class", "dataclass"},
    "protocol": {"protocol", "class", "dataclass", "enum"},
}
# What may stand behind each sort of member, besides the same.
_MEMBER_ALSO_KEPT_BY = {
    "class method": {"static method"},
    "static method": {"class method"},
    "property": {"property with a setter", "attribute"},
    "property with a setter": {"attribute"},
}
# What @dataclass writes or leaves out by its options.
_FROM_OPTIONS = frozenset({"__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"})


def compare(placeholder: Callable[..., object], upstream: object) -> tuple[Difference, ...]:
    """Every promise of *placeholder*, a class or function, that the structure of *upstream* does not keep.

    Kind, bases, constructor, fields, members, values and signatures are looked at; nothing is called. What upstream has
    in addition, and calls need not mention, is fine. A Difference with ``is_error`` False is only a note.

    >>> def connect(host, port=80): ...
    >>> def upstream(host, *, port=443): ...
    >>> for difference in compare(connect, upstream):
    ...     print(difference)
    error: connect(port): the placeholder has port=80; upstream has keyword-only: port=443
    """
    if kind_of(placeholder) not in _KEPT_BY:
        problem = f"{show(placeholder)} is neither a class nor a function"
        raise InvalidDeclaration(problem, "put @shim(...) on a class or def statement")
    return tuple(_differences(placeholder.__name__, placeholder, upstream))


def _differences(path: str, placeholder: Any, upstream: Any) -> Iterator[Difference]:
    promised, found = kind_of(placeholder), kind_of(upstream)
    if found not in _KEPT_BY[promised]:
        yield Difference(path, promised, found)
        if (promised, found) != ("dataclass", "class"):
            return
    if promised == "function":
        yield from signature_differences(path, Callee(placeholder), Callee(upstream))
    else:
        yield from _of_bases(path, placeholder, upstream)
        yield from _OF_KIND[promised](path, placeholder, upstream)
        yield from _of_special_methods(path, placeholder, upstream)


def _of_bases(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    builtin = (base for base in placeholder.__mro__ if base.__module__ in ("builtins", "enum"))
    missing = [base for base in builtin if base not in upstream.__mro__]
    if missing:
        # The most derived one; those behind it follow from it.
        found = ", ".join(base.__name__ for base in upstream.__bases__)
        yield Difference(f"{path} bases", missing[0].__name__, found)
    if is_subscriptable(placeholder) and not is_subscriptable(upstream):
        yield Difference(f"{path}[...]", "a class that can be subscripted", "one that cannot")


def _of_enum(path: str, placeholder: type[Enum], upstream: type[Enum]) -> Iterator[Difference]:
    for name, member in placeholder.__members__.items():
        there = upstream.__members__.get(name)
        if there is None:
            yield Difference(f"{path}.{name}", show(member.value), "no such member")
        elif not same_value(member.value, there.value):
            yield Difference(f"{path}.{name}", show(member.value), show(there.value))
    for name in promised_names(placeholder):
        if name not in placeholder.__members__:
            yield from _of_member(path, name, placeholder, upstream)


def _of_protocol(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    checkable = "_is_runtime_protocol"
    if is_protocol(upstream) and getattr(placeholder, checkable, False) and not getattr(upstream, checkable, False):
        yield Difference(f"{path} decorators", "@runtime_checkable", "none for isinstance()")
    for name in promised_names(placeholder):
        yield from _of_member(path, name, placeholder, upstream)


def _of_class(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    yield from _of_abstract_methods(path, placeholder, upstream)
    constructor = signature_differences(path, Callee(placeholder, placeholder), Callee(upstream, upstream))
    yield from constructor
    if not any(difference.is_error for difference in constructor):
        yield from _of_tuple(path, placeholder, upstream)
    yield from _of_options(path, placeholder, upstream)
    told = {difference.what for difference in constructor}
    for name in promised_names(placeholder):
        if not (is_field(placeholder, name) and f"{path}({name})" in told):
            yield from _of_member(path, name, placeholder, upstream)


def _of_tuple(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    """A named tuple that grew no longer unpacks into as many names."""
    promised, found = (find(cls, "_fields")[0] for cls in (placeholder, upstream))
    if issubclass(placeholder, tuple) and promised not in (ABSENT, found):
        yield Difference(f"{path} fields", show(promised), show(found))


def _of_abstract_methods(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    promised, found = abstract_methods(placeholder), abstract_methods(upstream)
    if not found <= promised:
        yield Difference(f"{path} abstract methods", ", ".join(sorted(promised)) or "none", ", ".join(sorted(found)))


def _of_options(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    """What ``@dataclass`` was told, where both are dataclasses: no comparison may be missing, frozen stays as it is."""
    promised, found = options_of(placeholder), options_of(upstream)
    for option, mine in promised.items():
        theirs = found.get(option, mine)
        if mine != theirs and (mine or option == "frozen"):
            yield Difference(f"{path} dataclass options", f"{option}={mine}", f"{option}={theirs}")


def _of_member(path: str, name: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    what, promised, found = f"{path}.{name}", member_kind(placeholder, name), member_kind(upstream, name)
    if found != promised and found not in _also_kept_by(promised, name, placeholder):
        yield Difference(what, promised, found, found != "no such name" or not is_dynamic(upstream))
    elif is_nested_class(placeholder, name):
        yield from _differences(what, find(placeholder, name)[0], find(upstream, name)[0])
    elif promised in ("attribute", "class"):
        yield from _of_attribute(what, name, placeholder, upstream)
    else:
        yield from _of_call(what, name, placeholder, upstream)


def _also_kept_by(sort: str, name: str, placeholder: type) -> set[str]:
    if sort != "attribute":
        return _MEMBER_ALSO_KEPT_BY.get(sort, set())
    if default_of(placeholder, name) is not ABSENT and not is_field(placeholder, name):
        return set()  # a constant is read from the class, where a property gives itself
    is_frozen = options_of(placeholder).get("frozen", False)
    return {"property with a setter", "property"} if is_frozen else {"property with a setter"}


def _of_attribute(what: str, name: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    is_error: bool | None = True
    if _is_value_kept(name, placeholder, upstream):
        is_error = type_difference(meaning_of(placeholder, name), meaning_of(upstream, name))
    if is_error is not None:
        yield Difference(what, _declared(placeholder, name), _declared(upstream, name), is_error)


def _is_value_kept(name: str, placeholder: type, upstream: type) -> bool:
    promised, found = default_of(placeholder, name), default_of(upstream, name)
    if promised is ABSENT:
        return True
    # Of a field, the constructor may set what the class does not have.
    return is_field(placeholder, name) if found is ABSENT else same_value(promised, found)


def _declared(cls: type, name: str) -> str:
    value = default_of(cls, name)
    return declaration(name, annotation_of(cls, name), value) + (" without a value" if value is ABSENT else "")


def _of_call(what: str, name: str, placeholder: type, upstream: type, *, is_operator: bool = False) -> list[Difference]:
    mine, theirs = (callable_of(cls, name, is_operator=is_operator) for cls in (placeholder, upstream))
    return signature_differences(what, mine, theirs) if mine and theirs else []


def _of_special_methods(path: str, placeholder: type, upstream: type) -> Iterator[Difference]:
    is_told = bool(options_of(placeholder)) and options_of(placeholder) != options_of(upstream)
    for name in special_methods(placeholder):
        (mine, my_base), (theirs, their_base) = find(placeholder, name), find(upstream, name)
        is_inherited = their_base in placeholder.__mro__ and their_base is not my_base and not is_stdlib(my_base)
        if mine is theirs or (is_told and name in _FROM_OPTIONS):
            continue
        if theirs is None and name == "__hash__":
            yield Difference(f"{path}.{name}", "instances that can be hashed", "instances that cannot be hashed")
        elif theirs is None or theirs is ABSENT or is_inherited:
            yield Difference(f"{path}.{name}", "special method", "none of its own")
        else:
            yield from _of_call(f"{path}.{name}", name, placeholder, upstream, is_operator=name != "__call__")


_OF_KIND: dict[str, Callable[[str, Any, Any], Iterator[Difference]]] = {
    "enum": _of_enum,
    "protocol": _of_protocol,
    "dataclass": _of_class,
    "class": _of_class,
}
