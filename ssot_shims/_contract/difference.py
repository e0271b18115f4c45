"""A difference between placeholder and upstream, and when two values or annotations are the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import InitVar
from inspect import Parameter
from typing import Annotated, Any, ClassVar, Final, ForwardRef, cast, get_args, get_origin

from typing_extensions import is_protocol

from ssot_shims._record import Record
from ssot_shims._text import one_line

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Difference(Record):
    """One way in which an upstream departs from what its placeholder promises: an error, or only a note.

    >>> print(Difference("HeartbeatConfig.max_missed_heartbeats", "2", "3"))
    error: HeartbeatConfig.max_missed_heartbeats: the placeholder has 2; upstream has 3
    """

    what: str
    placeholder: str
    upstream: str
    is_error: bool = True

    def __init__(self, what: str, placeholder: str, upstream: str, is_error: bool = True) -> None:
        super().__init__(what=what, placeholder=placeholder, upstream=upstream, is_error=is_error)

    def __str__(self) -> str:
        level = "error" if self.is_error else "note"
        return one_line(f"{level}: {self.what}: the placeholder has {self.placeholder}; upstream has {self.upstream}")


def show(value: object) -> str:
    """``repr(value)``, or what to show where that raises."""
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def value_severity(one: object, other: object) -> bool | None:
    """Whether a user could tell these two defaults or constants apart: None is no, False perhaps, True yes.

    ``30`` and ``30.0`` are the same, ``True`` and ``1`` are not. What is not equal merely because both modules define
    it, or because only its identity tells it apart, such as ``object()`` as a sentinel, goes by how it reads. Of what
    shows nothing but an address nobody can say more, nor of ``...``, which stands for a default that is not known.
    """
    if one is other or one is ...:
        return None
    try:
        is_equal = cast("object", one == other) is True and isinstance(one, bool) is isinstance(other, bool)
    except Exception:
        is_equal = False
    texts = [show(one), show(other)]
    if is_equal or texts[0] == texts[1] or _reading(one) == _reading(other):
        return None
    return not (other is ... or _ADDRESS.search(" ".join(texts)))


def _reading(value: object) -> str:
    if isinstance(value, type):
        return value.__qualname__
    if type(value).__repr__ is object.__repr__:
        return type(value).__qualname__
    return _ADDRESS.sub("", show(value)).replace(f"{type(value).__module__}.", "")


_ANYTHING = {"any", "object"}
_NUMBERS = (int, float, complex)
_QUALIFIERS = (Annotated, ClassVar, Final)
_PREFIX_OR_QUOTE = re.compile(r"[\w<>]+\.(?=\w|<)|['\"\s]")


class Meaning(Record):
    """What an annotation means: a type, or the annotation itself where that does not resolve, and how it is spelled."""

    type: object
    spelling: str


def annotation_text(annotation: object) -> str:
    """An annotation as its author wrote it."""
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def declaration(name: str, annotation: object, default: object) -> str:
    """``name: type = default``, without what is Parameter.empty."""
    typed = name if annotation is Parameter.empty else f"{name}: {annotation_text(annotation)}"
    if default is Parameter.empty:
        return typed
    return f"{typed}={show(default)}" if annotation is Parameter.empty else f"{typed} = {show(default)}"


def meaning(annotation: object, names: Mapping[str, object], owner: type | None) -> Meaning:
    """What *annotation* means among *names*, in the class *owner*; no annotation is Any. Never raises.

    In the spelling, ``List`` is ``list``, and classes go by their last name, because a placeholder's helper class and
    upstream's own are two classes of one name; the owner goes by ``Self``, and so does a base of it. What the type is
    made of is not resolved: an alias may hold itself.
    """
    if annotation is Parameter.empty:
        return Meaning(type=Any, spelling="any")
    text = _PREFIX_OR_QUOTE.sub("", annotation_text(annotation))
    spelling = re.sub(rf"\b{re.escape(owner.__name__)}\b", "Self", text) if owner else text
    resolved = _resolved(annotation, names)
    bases: tuple[object, ...] = owner.__mro__ if owner else ()
    is_own = any(resolved is base for base in bases) and getattr(resolved, "__module__", "") != "builtins"
    return Meaning(type="Self" if is_own else resolved, spelling=spelling.casefold())


def severity(mine: tuple[Meaning, object], theirs: tuple[Meaning, object]) -> bool | None:
    """How bad it is that type or value of two declarations differ: None is not at all, False a note, True an error.

    Between two types it is an error only if both are classes and neither is the other: whether anything else is
    compatible is for type checkers to say. In the numeric tower it is a note too: a promised ``float`` that upstream
    annotates ``int`` works.
    """
    values = None if mine[1] is Parameter.empty else value_severity(mine[1], theirs[1])
    return max(values, _type_severity(mine[0], theirs[0]), key=(None, False, True).index)


def _type_severity(one: Meaning, other: Meaning) -> bool | None:
    if one.spelling == other.spelling or _ANYTHING & {one.spelling, other.spelling}:
        return None
    return None if value_severity(one.type, other.type) is None else not _may_be_compatible(one.type, other.type)


def _resolved(annotation: object, names: Mapping[str, object]) -> object:
    if isinstance(annotation, (str, ForwardRef)):
        try:
            annotation = cast("object", eval(annotation_text(annotation), {}, names))
        except Exception:
            return annotation
    if isinstance(annotation, InitVar):
        return cast("Any", annotation).type
    if get_origin(annotation) in _QUALIFIERS:
        return get_args(annotation)[0]
    return type(None) if annotation is None else annotation


def _may_be_compatible(one: Any, other: Any) -> bool:
    try:
        is_number = issubclass(one, _NUMBERS) and issubclass(other, _NUMBERS)
        is_related = is_number or issubclass(one, other) or issubclass(other, one)
        return is_related or is_protocol(one) or is_protocol(other)
    except Exception:  # no class, or one that refuses to answer, as a TypedDict does
        return True
