"""What a class offers, read without running any of its code."""

from __future__ import annotations

import dataclasses
import dis
import functools
from enum import Enum
from inspect import Parameter
from types import BuiltinFunctionType, ClassMethodDescriptorType, DynamicClassAttribute, FunctionType
from typing import Any, Generic, cast

from typing_extensions import Format, get_annotations, is_protocol

from ssot_shims._contract.difference import Meaning, annotation_text, meaning
from ssot_shims._contract.signature import Callee, module_names, unwrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = Parameter.empty  # also for what has no annotation, as in a signature
_LIBRARY = {"builtins", "enum", "typing", "typing_extensions", "abc"}
_PROPERTIES = (property, DynamicClassAttribute, functools.cached_property)
_METHODS = (functools.partialmethod, functools.singledispatchmethod)  # not callable until they are bound
_CALLED = ("method", "class method", "static method")
# Written by Python, dataclass, enum, Protocol or pickle rather than for the users of the class.
_BOOKKEEPING = {
    *("__init__", "__new__", "__post_init__", "__init_subclass__", "__subclasshook__", "__new_member__", "__del__"),
    *("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"),
    *("__setattr__", "__delattr__", "__replace__", "__annotate__", "__annotate_func__"),
}


class _Factory:
    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def kind_of(thing: object) -> str:
    """``enum``, ``protocol``, ``dataclass``, ``class`` or ``function``; for anything else what it is instead."""
    if not isinstance(thing, type):
        return "function" if callable(thing) else f"{type(thing).__name__} object"
    if Enum in thing.__mro__:
        return "enum"
    if is_protocol(thing):
        return "protocol"
    return "dataclass" if dataclasses.is_dataclass(thing) else "class"


def find(cls: type, name: str) -> tuple[Any, type]:
    """The value of *name* as it stands in the class that holds it, and that class; or ABSENT."""
    return next(((vars(base)[name], base) for base in cls.__mro__ if name in vars(base)), (ABSENT, cls))


def is_field(cls: type, name: str) -> bool:
    return name in _fields(cls)


def default_of(cls: type, name: str) -> object:
    """What an instance has for *name* unless told otherwise; ABSENT if only its constructor knows."""
    field = _fields(cls).get(name)
    if field is None:
        value = find(cls, name)[0]
        return ABSENT if _is_descriptor(value) else value
    if field.default_factory is not dataclasses.MISSING:
        return _FACTORY
    return ABSENT if field.default is dataclasses.MISSING else field.default


def is_nested_class(cls: type, name: str) -> bool:
    """Whether *name* is a class written inside this one, rather than a value that happens to be a class."""
    value, base = find(cls, name)
    return isinstance(value, type) and value.__qualname__ == f"{base.__qualname__}.{name}"


def options_of(cls: type) -> dict[str, bool]:
    """What ``@dataclass`` was told, as far as users of an instance can tell; nothing for another class."""
    options = find(cls, "__dataclass_params__")[0]
    return {} if options is ABSENT else {name: getattr(options, name) for name in ("eq", "order", "frozen")}


def annotation_of(cls: type, name: str) -> object:
    return _annotation(cls, name)[0]


def meaning_of(cls: type, name: str) -> Meaning:
    """What *name* is annotated with."""
    annotation, base = _annotation(cls, name)
    return meaning(annotation, module_names(base), cls)


def is_dynamic(cls: type) -> bool:
    """Whether an instance may have names that nobody can read off the class."""
    used = (set(function.__code__.co_names) for function in _functions(cls))
    is_used = any("setattr" in names or {"__dict__", "update"} <= names for names in used)
    return is_used or find(cls, "__getattr__")[0] is not ABSENT


def is_subscriptable(cls: type) -> bool:
    """Whether ``cls[...]`` gives something: a generic alias, or what a metaclass returns."""
    if find(cls, "__class_getitem__")[1] is Generic:
        return bool(getattr(cls, "__parameters__", ()))
    return hasattr(cls, "__class_getitem__") or hasattr(type(cls), "__getitem__")


def member_kind(cls: type, name: str) -> str:
    """What kind of member *name* is, or ``no such name``."""
    value = find(cls, name)[0]
    if value is ABSENT:
        return "attribute" if _is_set_on_instances(cls, name) else "no such name"
    if is_field(cls, name):
        return "attribute"
    if isinstance(value, type):
        return "class"
    if isinstance(value, (staticmethod, BuiltinFunctionType)):
        return "static method"
    if isinstance(value, (classmethod, ClassMethodDescriptorType)):
        return "class method"
    if isinstance(value, _PROPERTIES):
        return "property with a setter" if getattr(cast("object", value), "fset", None) else "property"
    is_method = callable(value) or isinstance(value, _METHODS)
    return "method" if is_method and _is_descriptor(cast("object", value)) else "attribute"


def callable_of(cls: type, name: str, *, is_operator: bool = False) -> Callee | None:
    """What is called when *name* is called, or read as a property; None if nothing is."""
    value, sort = find(cls, name)[0], member_kind(cls, name)
    if sort in ("property", "property with a setter"):
        getter = getattr(value, "fget", None) or getattr(value, "func", None)
        return Callee(getter, cls, is_bound=True) if getter else None
    if sort not in _CALLED:
        return None
    return Callee(getattr(value, "__func__", value), cls, sort != "static method", is_operator)


def promised_names(cls: type) -> list[str]:
    """The public names of *cls* and of its bases, as far as those are not Python's own."""
    names: dict[str, None] = {}
    for base in _own_hierarchy(cls):
        names.update(dict.fromkeys([*_annotations(base), *vars(base)]))
    return [name for name in names if not name.startswith("_") and not _is_only_a_parameter(cls, name)]


def special_methods(cls: type) -> list[str]:
    """The special methods that somebody wrote for *cls*, and ``__hash__`` if it can be hashed."""
    names = dict.fromkeys(name for base in _own_hierarchy(cls) for name in vars(base) if _is_special(name))
    written = [name for name in names if member_kind(cls, name) in _CALLED and not _is_copied(cls, name)]
    is_hashable = not is_protocol(cls) and find(cls, "__hash__")[0] is not None
    return list(dict.fromkeys([*written, "__hash__"])) if is_hashable else written


def abstract_methods(cls: type) -> frozenset[str]:
    return getattr(cls, "__abstractmethods__", frozenset())


def _is_descriptor(value: object) -> bool:
    return hasattr(type(value), "__get__")


def is_stdlib(cls: type) -> bool:
    """Whether a class comes with Python, as what others are made from."""
    return cls.__module__ in _LIBRARY


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _BOOKKEEPING


def _is_copied(cls: type, name: str) -> bool:
    """Whether the metaclass took it from a base, as that of Enum does."""
    value = find(cls, name)[0]
    return any(vars(base).get(name) is value for base in cls.__mro__ if is_stdlib(base))


def _own_hierarchy(cls: type) -> list[type]:
    return [base for base in reversed(cls.__mro__) if not is_stdlib(base)]


def _is_only_a_parameter(cls: type, name: str) -> bool:
    annotation = annotation_of(cls, name)
    return isinstance(annotation, dataclasses.InitVar) or "InitVar" in annotation_text(annotation)


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}


def _annotations(cls: type) -> dict[str, Any]:
    return get_annotations(cls, format=Format.FORWARDREF)


def _annotation(cls: type, name: str) -> tuple[object, type]:
    found = ((_annotations(base)[name], base) for base in cls.__mro__ if name in _annotations(base))
    return next(found, (ABSENT, cls))


def _is_set_on_instances(cls: type, name: str) -> bool:
    if annotation_of(cls, name) is not ABSENT:
        return True
    return any(name in _stored(function) for function in _functions(cls))


def _functions(cls: type) -> Iterator[FunctionType]:
    for value in (value for base in cls.__mro__ for value in vars(base).values()):
        function = unwrapped(getattr(value, "fset", None) or getattr(value, "__func__", value))
        if isinstance(function, FunctionType):
            yield function


def _stored(function: FunctionType) -> Iterator[object]:
    """The attributes that *function* stores on ``self``, or where that is not its word, on any of its variables."""
    code, loaded = function.__code__, ""
    if any("setattr" in name for name in code.co_names):
        yield from code.co_consts
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR" and loaded in ({"self"} & {*code.co_varnames} or code.co_varnames):
            yield instruction.argval
        loaded = instruction.argrepr.rpartition(", ")[2]  # from 3.13 on, one instruction may load two
