"""A difference between placeholder and upstream, and when two values or annotations are the same."""

from __future__ import annotations

import inspect
import re
from dataclasses import InitVar, dataclass
from inspect import Parameter
from typing import Annotated, Any, ClassVar, Final, ForwardRef, cast, get_args, get_origin

from typing_extensions import is_protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import TypeIs


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an upstream departs from what its placeholder promises: an error, or only a note.

    >>> print(Difference("HeartbeatConfig.max_missed_heartbeats", "2", "3"))
    error: HeartbeatConfig.max_missed_heartbeats: the placeholder has 2; upstream has 3
    """

    what: str
    placeholder: str
    upstream: str
    is_error: bool = True

    def __str__(self) -> str:
        level = "error" if self.is_error else "note"
        return _one_line(f"{level}: {self.what}: the placeholder has {self.placeholder}; upstream has {self.upstream}")


def show(value: object) -> str:
    """``repr(value)``, or what to show where that raises."""
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def same_value(one: object, other: object) -> bool:
    """Whether a user could tell these two defaults or constants apart.

    ``30`` and ``30.0`` are the same, ``True`` and ``1`` are not; NaN is NaN. What only its identity tells apart, such
    as ``object()`` as a sentinel, goes by its repr; classes, which both modules may define, go by their name.
    """
    if one is other:
        return True
    if isinstance(one, type) and isinstance(other, type):
        return one.__qualname__ == other.__qualname__
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    equal = _equal(one, other)
    if equal is None or (not equal and _are_twins(type(one), type(other))):
        return _ADDRESS.sub("", show(one)) == _ADDRESS.sub("", show(other))
    return equal


def _equal(one: object, other: object) -> bool | None:
    """What ``==`` says, NaN being equal to NaN; None when it gives no plain answer (arrays) or raises."""
    try:
        answer = cast("object", one == other or (one != one and other != other))
    except Exception:
        return None
    return answer if isinstance(answer, bool) else None


def _are_twins(one: type, other: type) -> bool:
    """Whether instances of the two differ under ``==`` merely because they are two objects, or of two modules."""
    is_by_identity: object = one.__eq__ is object.__eq__  # type: ignore[comparison-overlap]
    return bool(is_by_identity) if one is other else one.__qualname__ == other.__qualname__


def _one_line(text: str) -> str:
    # Non-printable is more than control characters: a lone surrogate could not even be written to a terminal.
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


_ANYTHING = {"any", "object"}
_NUMBERS = (int, float, complex)
_QUALIFIERS = (Annotated, ClassVar, Final)
_PREFIX_OR_QUOTE = re.compile(r"[\w<>]+\.(?=\w|<)|['\"\s]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an annotation means: a type, or the annotation itself where that does not resolve, and how it is spelled."""

    type: object
    spelling: str


def annotation_text(annotation: object) -> str:
    """An annotation as its author wrote it."""
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def meaning(annotation: object, names: Mapping[str, object], owner: type | None) -> Meaning:
    """What *annotation* means among *names*, in the class *owner*; no annotation is Any. Never raises.

    In the spelling, ``List`` is ``list``, and classes go by their last name, because a placeholder's helper class and
    upstream's own are two classes of one name; the owner goes by ``Self``, and so does a base of it. What the type is
    made of is not resolved: an alias may hold itself.
    """
    if annotation is Parameter.empty:
        return Meaning(Any, "any")
    text = _PREFIX_OR_QUOTE.sub("", annotation_text(annotation))
    spelling = re.sub(rf"\b{re.escape(owner.__name__)}\b", "Self", text) if owner else text
    resolved = _resolved(annotation, names)
    bases: tuple[object, ...] = owner.__mro__ if owner else ()
    is_own = any(resolved is base for base in bases) and getattr(resolved, "__module__", "") != "builtins"
    return Meaning("Self" if is_own else resolved, spelling.casefold())


def type_difference(one: Meaning, other: Meaning) -> bool | None:
    """How bad it is that two types differ: None is not at all, False is a note, True an error.

    An error only between two classes of which neither is the other: whether anything else is compatible is for type
    checkers to say. In the numeric tower it is a note too: a promised ``float`` that upstream annotates ``int`` works.
    """
    if one.spelling == other.spelling or _ANYTHING & {one.spelling, other.spelling}:
        return None
    if same_value(one.type, other.type):
        return None
    return _is_plain(one.type) and _is_plain(other.type) and not _are_related(one.type, other.type)


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


def _is_plain(thing: object) -> TypeIs[type]:
    return isinstance(thing, type) and not is_protocol(thing)


def _are_related(one: type, other: type) -> bool:
    try:
        is_number = issubclass(one, _NUMBERS) and issubclass(other, _NUMBERS)
        return is_number or issubclass(one, other) or issubclass(other, one)
    except Exception:  # some classes refuse to answer, as a TypedDict does
        return True
