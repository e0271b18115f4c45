"""What a class offers, read without running any of its code."""

from __future__ import annotations

import dataclasses
import dis
import functools
import types
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from inspect import Parameter
from typing import Any

from typing_extensions import get_annotations

from ssot_shims._contract.difference import Declared, Factory, annotation_text
from ssot_shims._contract.signature import ANNOTATIONS, Callee, module_names, unwrapped
from ssot_shims._record import Record

ABSENT = Parameter.empty  # also for what has no annotation, as in a signature
MISSING, PARAMETER = "no such name", "parameter of the constructor only"
_LIBRARY = {"builtins", "enum", "typing", "typing_extensions", "abc"}
_PROPERTIES: tuple[type, ...] = (property, types.DynamicClassAttribute, functools.cached_property)
_KINDS: dict[str, tuple[type, ...]] = {
    "class": (type,),
    "static method": (staticmethod, types.BuiltinFunctionType),
    "class method": (classmethod, types.ClassMethodDescriptorType),
    "method": (functools.partialmethod, functools.singledispatchmethod),  # not callable until they are bound
    "attribute": (functools.partial,),  # which binds from 3.14 on
}
_CALLED = ("method", "class method", "static method")
_BY_NAME = ("__call__", "__init_subclass__")  # special methods whose users give keywords
# Written by Python, dataclass, enum, Protocol or pickle rather than for the users of the class.
_BOOKKEEPING = {
    *("__init__", "__new__", "__post_init__", "__init_subclass__", "__subclasshook__", "__new_member__", "__del__"),
    *("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"),
    *("__setattr__", "__delattr__", "__replace__", "__annotate__", "__annotate_func__"),
}


class Member(Record):
    """A name of a class, as users of the class find it."""

    owner: type
    name: str
    value: Any  # as it stands in the class that holds it, or ABSENT
    base: type  # that class
    field: Any  # of a dataclass, or None

    def kind(self) -> str:
        """``attribute``, ``class``, ``method`` and such, a property of some sort, or what says that it is not there."""
        value, annotation = self.value, self.declared().annotation
        is_parameter = "InitVar" in annotation_text(annotation) and not _is_descriptor(value)
        if self.field is None and (is_parameter or value is ABSENT):
            if any(self.name in _stored(code) for code in _codes(self.owner)):
                return "attribute"
            return PARAMETER if is_parameter else MISSING if annotation is ABSENT else "attribute"
        if isinstance(value, _PROPERTIES):
            getter = "cached property" if hasattr(value, "func") else "property"
            return "property with a setter" if getattr(value, "fset", None) else getter
        found = next((kind for kind, types in _KINDS.items() if isinstance(value, types)), None)
        usual = "method" if callable(value) and _is_descriptor(value) else "attribute"
        return (found or usual) if self.field is None else "attribute"

    def is_own(self) -> bool:
        """Whether somebody wrote it, rather than Python or its metaclass for enum."""
        return not is_stdlib(self.base) and not is_stdlib(getattr(self.value, "__objclass__", self.value))

    def declared(self) -> Declared:
        """Its annotation, and what an instance has unless it is given another; ABSENT if only its constructor knows."""
        annotation, annotated_in = _find(self.owner, self.name, _annotations)
        of_class = ABSENT if _is_descriptor(self.value) else self.value
        default = of_class if self.field is None else _default(self.field)
        names = module_names(annotated_in)
        return Declared(name=self.name, annotation=annotation, default=default, names=names, owner=self.owner)

    def callee(self) -> Callee | None:
        """What is called when it is called, or read as a property; None if nothing is."""
        kind, function = self.kind(), None
        if kind in _CALLED:
            function = getattr(self.value, "__func__", self.value)
        elif isinstance(self.value, _PROPERTIES):
            function = getattr(self.value, "fget", None) or getattr(self.value, "func", None)
        if callable(function) and kind != "static method":
            function = types.MethodType(function, self.owner)
        is_operator = self.name.startswith("__") and self.name not in _BY_NAME
        return function and Callee(function=function, owner=self.owner, is_operator=is_operator)

    def may_stand_for(self, kind: str) -> bool:
        """Whether it may be used as one of that *kind*: it may hold a function, or be set in a hidden way."""
        own = self.kind()
        may_be_called = own in ("attribute", "class") and (self.value is ABSENT or callable(self.value))
        return _is_dynamic(self.owner) if own == MISSING else kind in _CALLED and may_be_called


def member(cls: type, name: str) -> Member:
    """The member of *cls* with that name, wherever it comes from."""
    value, base = _find(cls, name)
    return Member(owner=cls, name=name, value=value, base=base, field=_fields(cls).get(name))


def _default(field: Any) -> object:
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


def _is_dynamic(cls: type) -> bool:
    """Whether an instance may have names that nobody can read off the class."""
    hooks = [_find(owner, "__getattr__") for owner in (cls, type(cls))]
    has_hook = any(value is not ABSENT and not is_stdlib(base) for value, base in hooks)
    has_hook |= isinstance(_find(cls, "__getattribute__")[0], types.FunctionType)
    return has_hook or any(map(_stores_any_name, _codes(cls))) or issubclass(cls, types.SimpleNamespace)


def offered_names(cls: type) -> list[str]:
    """The names of *cls* and its bases that somebody wrote for its users, and ``__hash__`` if it can be hashed."""
    bases = [base for base in reversed(cls.__mro__) if not is_stdlib(base)]
    names = dict.fromkeys(name for base in bases for name in (*_annotations(base), *vars(base)))
    members = [member(cls, name) for name in names if name not in _BOOKKEEPING]
    public = [one.name for one in members if not one.name.startswith("_") and one.kind() != PARAMETER]
    special = [one.name for one in members if one.name.startswith("__") and one.kind() in _CALLED and one.is_own()]
    if kind_of(cls) != "protocol" and _find(cls, "__hash__")[0] is not None:
        special.append("__hash__")
    return [*dict.fromkeys([*public, *special])]


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


def _find(cls: type, name: str, held_by: Callable[[type], Mapping[str, Any]] = vars) -> tuple[Any, type]:
    """The value of *name* as it stands in the class that holds it, and that class; or ABSENT."""
    return next(((held_by(base)[name], base) for base in cls.__mro__ if name in held_by(base)), (ABSENT, cls))


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
        if isinstance(inner, types.CodeType):
            yield from _nested(inner)


def _stores_any_name(code: types.CodeType) -> bool:
    names = {*code.co_names}
    stored = {one.argval if one.opname == "STORE_ATTR" else one.opname for one in dis.get_instructions(code)}
    is_filled = names & {"update", "setdefault"} or stored & {"STORE_SUBSCR", "__dict__"}
    return "setattr" in names or bool(names & {"__dict__", "vars"} and is_filled)


def _stored(code: types.CodeType) -> set[object]:
    """The attributes that a function stores, on whatever object; a constant may be the name of one."""
    constants = code.co_consts if any("setattr" in name for name in code.co_names) else ()
    return {*constants, *(one.argval for one in dis.get_instructions(code) if one.opname == "STORE_ATTR")}
