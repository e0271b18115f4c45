"""What a class offers, read without running any of its code."""

from __future__ import annotations

import dataclasses
import dis
import functools
import types
from collections.abc import Iterator
from enum import Enum
from inspect import Parameter
from typing import Any

from typing_extensions import get_annotations

from ssot_shims._contract.difference import Meaning, annotation_text, meaning, show
from ssot_shims._contract.signature import ANNOTATIONS, Callee, module_names, unwrapped
from ssot_shims._record import Record

ABSENT = Parameter.empty  # also for what has no annotation, as in a signature
MISSING, PARAMETER = "no such name", "parameter of the constructor only"
_LIBRARY = {"builtins", "enum", "typing", "typing_extensions", "abc"}
_PROPERTIES: tuple[type, ...] = (property, types.DynamicClassAttribute, functools.cached_property)
# Not callable until they are bound.
_METHODS: tuple[type, ...] = (functools.partialmethod, functools.singledispatchmethod)
_CALLED = ("method", "class method", "static method")
_BY_NAME = ("__call__", "__init_subclass__")  # special methods whose users give keywords
# Written by Python, dataclass, enum, Protocol or pickle rather than for the users of the class.
_BOOKKEEPING = {
    *("__init__", "__new__", "__post_init__", "__init_subclass__", "__subclasshook__", "__new_member__", "__del__"),
    *("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"),
    *("__setattr__", "__delattr__", "__replace__", "__annotate__", "__annotate_func__"),
}


class Factory(Record):
    """What makes the default value of a field."""

    make: Any

    def __repr__(self) -> str:
        return f"<factory {self.make.__qualname__ if isinstance(self.make, type) else show(self.make)}>"


class Member(Record):
    """A name of a class, as users of the class find it."""

    owner: type
    name: str
    kind: str  # attribute, class, method, class method, static method, property, ... or MISSING
    value: Any  # as it stands in the class that holds it, or ABSENT
    base: type  # that class
    is_own: bool  # whether somebody wrote it, rather than Python or its metaclass for enum
    annotation: object
    meaning: Meaning
    default: object  # what an instance has unless it is given another; ABSENT if only its constructor knows
    is_field: bool

    def callee(self) -> Callee | None:
        """What is called when it is called, or read as a property; None if nothing is."""
        function = getattr(self.value, "__func__", self.value) if self.kind in _CALLED else None
        if isinstance(self.value, _PROPERTIES):
            function = getattr(self.value, "fget", None) or getattr(self.value, "func", None)
        is_bound, is_operator = self.kind != "static method", self.name.startswith("__") and self.name not in _BY_NAME
        return function and Callee(function=function, owner=self.owner, is_bound=is_bound, is_operator=is_operator)


def member(cls: type, name: str) -> Member:
    """The member of *cls* with that name, wherever it comes from."""
    value, base = _find(cls, name)
    annotation, annotated_in = _annotation(cls, name)
    field = _fields(cls).get(name)
    return Member(
        owner=cls,
        name=name,
        kind=_kind(cls, name, value, annotation) if field is None else "attribute",
        value=value,
        base=base,
        is_own=not is_stdlib(base) and not is_stdlib(getattr(value, "__objclass__", value)),
        annotation=annotation,
        meaning=meaning(annotation, module_names(annotated_in), cls),
        default=_default(value, field),
        is_field=field is not None,
    )


def _kind(cls: type, name: str, value: Any, annotation: object) -> str:
    if "InitVar" in annotation_text(annotation) and not _is_descriptor(value):
        return PARAMETER
    if value is ABSENT:
        is_set = annotation is not ABSENT or any(name in _stored(code) for code in _codes(cls))
        return "attribute" if is_set else MISSING
    if isinstance(value, type):
        return "class"
    if isinstance(value, (staticmethod, types.BuiltinFunctionType)):
        return "static method"
    if isinstance(value, (classmethod, types.ClassMethodDescriptorType)):
        return "class method"
    if isinstance(value, _PROPERTIES):
        getter = "cached property" if hasattr(value, "func") else "property"
        return "property with a setter" if getattr(value, "fset", None) else getter
    is_method = callable(value) or isinstance(value, _METHODS)
    return "method" if is_method and _is_descriptor(value) else "attribute"


def _default(value: object, field: Any) -> object:
    if field is None:
        return ABSENT if _is_descriptor(value) else value
    if hasattr(field.default, "default_factory"):  # itself describes a field, as those of pydantic do
        field = field.default
    if field.default_factory not in (None, dataclasses.MISSING):
        return Factory(make=field.default_factory)
    return ABSENT if field.default is dataclasses.MISSING else field.default


def kind_of(thing: object) -> str:
    """``enum``, ``protocol``, ``dataclass``, ``class`` or ``function``; for anything else what it is instead."""
    if not isinstance(thing, type):
        return "function" if callable(thing) else f"{type(thing).__name__} object"
    if any(base is Enum for base in thing.__mro__):
        return "enum"
    if _find(thing, "_is_protocol")[0] is True:
        return "protocol"
    return "class" if _find(thing, "__dataclass_fields__")[0] is ABSENT else "dataclass"


def options_of(cls: type) -> dict[tuple[str, str], bool]:
    """The options of ``@dataclass`` and of its fields that users of an instance meet; nothing for another class."""
    options = _find(cls, "__dataclass_params__")[0]
    found = {("", name): getattr(options, name) for name in ("eq", "order", "frozen") if options is not ABSENT}
    for field in _fields(cls).values():
        found[f"{field.name}.", "compare"] = field.compare
        found[f"{field.name}.", "hash"] = field.compare if field.hash is None else field.hash
    return found


def is_dynamic(cls: type) -> bool:
    """Whether an instance may have names that nobody can read off the class."""
    hooks = [_find(owner, "__getattr__") for owner in (cls, type(cls))]
    has_hook = any(value is not ABSENT and not is_stdlib(base) for value, base in hooks)
    has_hook |= isinstance(_find(cls, "__getattribute__")[0], types.FunctionType)
    return has_hook or any(map(_stores_any_name, _codes(cls))) or issubclass(cls, types.SimpleNamespace)


def offered_names(cls: type) -> list[str]:
    """The names of *cls* and its bases that somebody wrote for its users, and ``__hash__`` if it can be hashed."""
    bases = [base for base in reversed(cls.__mro__) if not is_stdlib(base)]
    names = dict.fromkeys(name for base in bases for name in (*_annotations(base), *vars(base)))
    members = [member(cls, name) for name in names]
    public = [one.name for one in members if not one.name.startswith("_") and one.kind != PARAMETER]
    special = [
        one.name for one in members if one.name[:2] == "__" == one.name[-2:] and one.kind in _CALLED and one.is_own
    ]
    if kind_of(cls) != "protocol" and _find(cls, "__hash__")[0] is not None:
        special.append("__hash__")
    return [name for name in dict.fromkeys([*public, *special]) if name not in _BOOKKEEPING]


def is_stdlib(thing: object) -> bool:
    """Whether a class or function comes with Python, as what others are made from."""
    return getattr(thing, "__module__", None) in _LIBRARY


def _is_descriptor(value: object) -> bool:
    return hasattr(type(value), "__get__")


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    is_dataclass = _find(cls, "__dataclass_fields__")[0] is not ABSENT
    return {field.name: field for field in dataclasses.fields(cls)} if is_dataclass else {}


def _annotations(cls: type) -> dict[str, Any]:
    return get_annotations(cls, format=ANNOTATIONS)


def _find(cls: type, name: str) -> tuple[Any, type]:
    """The value of *name* as it stands in the class that holds it, and that class; or ABSENT."""
    return next(((vars(base)[name], base) for base in cls.__mro__ if name in vars(base)), (ABSENT, cls))


def _annotation(cls: type, name: str) -> tuple[object, type]:
    found = ((_annotations(base)[name], base) for base in cls.__mro__ if name in _annotations(base))
    return next(found, (ABSENT, cls))


def _codes(cls: type) -> Iterator[types.CodeType]:
    """The byte code of all functions that make or change an instance."""
    owners: list[type] = [cls, type(cls)]
    bases = [base for owner in owners for base in owner.__mro__ if not is_stdlib(base)]
    for value in (value for base in bases for value in vars(base).values()):
        function = unwrapped(getattr(value, "fset", None) or getattr(value, "__func__", value))
        if isinstance(function, types.FunctionType):
            yield from _nested(function.__code__)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for inner in code.co_consts:
        yield from _nested(inner) if isinstance(inner, types.CodeType) else ()


def _stores_any_name(code: types.CodeType) -> bool:
    names = {*code.co_names}
    stored = {one.argval if one.opname == "STORE_ATTR" else one.opname for one in dis.get_instructions(code)}
    is_filled = names & {"update", "setdefault"} or stored & {"STORE_SUBSCR", "__dict__"}
    return "setattr" in names or bool(names & {"__dict__", "vars"} and is_filled)


def _stored(code: types.CodeType) -> Iterator[object]:
    """The attributes that a function stores on ``self``, or where that is not its word, on any of its variables."""
    variables, loaded = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}, ""
    if any("setattr" in name for name in code.co_names):
        yield from code.co_consts
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR" and loaded in ({"self"} & variables or variables):
            yield instruction.argval
        loaded = instruction.argrepr.rpartition(", ")[2]  # from 3.13 on, one instruction may load two
