"""Annotations of two modules, made comparable."""

from __future__ import annotations

import builtins
import inspect
import typing
from dataclasses import InitVar
from types import GenericAlias, UnionType
from typing import Annotated, Any, ClassVar, Final, ForwardRef, Literal, Union, cast, get_args, get_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = frozenset({"Any"})
_ANYTHING = frozenset({"Any", "object"})
_NUMBERS = frozenset({"int", "float", "complex"})
_QUALIFIERS = (Annotated, ClassVar, Final)


def is_type_error(unmet: frozenset[str], one: frozenset[str], other: frozenset[str]) -> bool | None:
    """How bad it is that types *one* and *other* differ in the members *unmet*: None is not at all, False is a note.

    Within the numeric tower it is a note: a promised ``float`` that upstream annotates ``int`` works.
    """
    if not unmet or _ANYTHING & (one | other):
        return None
    return not (unmet <= _NUMBERS and one & _NUMBERS and other & _NUMBERS)


def annotation_text(annotation: object) -> str:
    """An annotation as its author wrote it."""
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def type_members(annotation: object, names: Mapping[str, object], own_name: str | None) -> frozenset[str]:
    """The members of a union, each spelled in one way; any other type is a union of one member. Never raises.

    Classes go by their last name, because a placeholder's helper class and upstream's own are two classes of one name.
    *names* are those of the module that annotates, and *own_name* is the class that ``Self`` stands for.
    """
    if isinstance(annotation, (str, ForwardRef)):
        source = annotation_text(annotation)
        try:
            # As typing.get_type_hints does it, except that a name which does not resolve stands for itself.
            return type_members(eval(source, {}, _Names(names)), names, own_name)
        except Exception:
            return frozenset({" ".join(source.split())})
    if isinstance(annotation, InitVar):
        return type_members(cast("Any", annotation).type, names, own_name)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return frozenset[str]().union(*(type_members(argument, names, own_name) for argument in arguments))
    if origin in _QUALIFIERS:
        return type_members(arguments[0], names, own_name)
    name = _last_name(annotation if origin is None else origin)
    if origin is Literal:
        return frozenset({f"{name}[{', '.join(sorted(map(repr, arguments)))}]"})
    inner = ", ".join(_spelled(argument, names, own_name) for argument in arguments)
    head = "Self" if name == own_name else name
    return frozenset({f"{head}[{inner}]" if arguments else head})


def _spelled(argument: object, names: Mapping[str, object], own_name: str | None) -> str:
    if isinstance(argument, list):  # the parameters of a Callable
        parameters = cast("list[object]", argument)
        return f"[{', '.join(_spelled(parameter, names, own_name) for parameter in parameters)}]"
    return " | ".join(sorted(type_members(argument, names, own_name)))


def _last_name(head: object) -> str:
    if head is None or head is type(None):
        return "None"
    name = getattr(head, "__name__", None)
    return name if isinstance(name, str) else repr(head)


class _Names(dict[str, object]):
    """The names an annotation is evaluated in; one that is missing gives a class of that name."""

    def __missing__(self, name: str) -> object:
        return getattr(builtins, name, None) or _stand_in(name)


class _StandIn(type):
    """A class in place of a name that does not resolve, whatever the annotation goes on to do with it."""

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):  # typing asks its arguments for many of these
            raise AttributeError(name)
        return _stand_in(name)

    def __getitem__(cls, arguments: object) -> object:
        return GenericAlias(cls, arguments)


def _stand_in(name: str) -> object:
    return getattr(typing, name, None) or _StandIn(name, (), {})
