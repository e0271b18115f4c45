"""A difference between placeholder and upstream, and when two values or annotations are the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import InitVar
from inspect import Parameter
from typing import Annotated, Any, ClassVar, Final, ForwardRef, cast, get_args, get_origin

from typing_extensions import is_protocol

from ssot_shims._record import Record
from ssot_shims._text import one_line

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+| id='\d+'")  # the latter as mocks have it


class Difference(Record):
    """One promise of a placeholder that its upstream does not keep: an error, or only a note.

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


class Factory(Record):
    """What makes the default value of a field."""

    make: Any

    def __repr__(self) -> str:
        return f"<factory {self.make.__qualname__ if isinstance(self.make, type) else repr(self.make)}>"


def value_severity(one: object, other: object, modules: Sequence[Iterable[object]] = ((), ())) -> bool | None:
    """Whether a user could tell these two defaults or constants apart: None is no, False perhaps, True yes.

    ``30`` and ``30.0`` are the same, ``True`` and ``1`` are not. What is not equal merely because each names
    *modules* of its own, or because only its identity tells it apart, such as ``object()`` as a sentinel, goes by how
    it reads. Of what shows nothing but an address nobody can say more, nor of ``...``, which stands for a default that
    is not known; and a class may stand for its base.
    """
    if isinstance(one, Factory) and isinstance(other, Factory):
        return value_severity(one.make, other.make, modules)
    if one is other or one is ...:
        return None
    is_equal = cast("object", one == other) is True and isinstance(one, bool) is isinstance(other, bool)
    if is_equal or _reading(one, modules[0]) == _reading(other, modules[1]) or repr(one) == repr(other):
        return None
    if isinstance(one, type) and isinstance(other, type):
        return not _may_be_compatible(one, other)
    return not (other is ... or _ADDRESS.search(f"{one!r}{other!r}"))


def _reading(value: object, modules: Iterable[object]) -> str:
    """How *value* reads, but for addresses and the names of its modules: that of its type, and *modules*."""
    if isinstance(value, type) or type(value).__repr__ is object.__repr__:
        return (value if isinstance(value, type) else type(value)).__qualname__
    if isinstance(value, (set, frozenset)):
        return str(sorted(_reading(one, modules) for one in cast("Collection[object]", value)))
    names = {name for name in (type(value).__module__, *modules) if name and isinstance(name, str)}
    own = "|".join(map(re.escape, sorted(names, reverse=True)))  # the longer one of two that begin alike comes first
    return re.sub(rf"\b({own})\b", "*", _ADDRESS.sub("", repr(value).replace(str(id(value)), "")))


_ANYTHING = {"any", "object", "_empty"}  # the last is Parameter.empty
_NUMBERS = (int, float, complex)
_PREFIX_OR_QUOTE = re.compile(r"[\w<>]+\.(?=\w|<)|['\"\s]")


class Declared(Record):
    """What is declared of a name, as its author wrote it and as it is meant; Parameter.empty is what is left out."""

    name: str
    annotation: object
    default: object
    names: Mapping[str, object]  # what its module defines
    owner: type | None  # the class in which it is declared

    def __str__(self) -> str:
        is_typed = self.annotation is not Parameter.empty
        text = f"{self.name}: {annotation_text(self.annotation)}" if is_typed else self.name
        return text if self.default is Parameter.empty else f"{text}{' = ' if is_typed else '='}{self.default!r}"

    def spelling(self) -> str:
        """The annotation, read as loosely as two modules may differ in it.

        ``List`` is ``list``, and classes go by their last name, because a placeholder's helper class and upstream's own
        are two classes of one name; the owner goes by ``Self``.
        """
        text = _PREFIX_OR_QUOTE.sub("", annotation_text(self.annotation))
        return (re.sub(rf"\b{re.escape(self.owner.__name__)}\b", "Self", text) if self.owner else text).casefold()

    def meaning(self) -> object:
        """The type; ``"Self"`` for the owner and its bases, and the annotation itself where it does not resolve.

        What the type is made of is not resolved: an alias may hold itself.
        """
        found = _resolved(self.annotation, self.names)
        bases = [base for base in self.owner.__mro__ if base.__module__ != "builtins"] if self.owner else []
        return "Self" if any(found is base for base in bases) else found


def annotation_text(annotation: object) -> str:
    """An annotation as its author wrote it."""
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def severity(mine: Declared, theirs: Declared) -> bool | None:
    """How bad it is that type or value of two declarations differ: None is not at all, False a note, True an error.

    Between two types it is an error only if both are classes and neither is the other: whether anything else is
    compatible is for type checkers to say. In the numeric tower it is a note too: a promised ``float`` that upstream
    annotates ``int`` works.
    """
    modules = [(one.names.get("__name__"), getattr(one.owner, "__module__", None)) for one in (mine, theirs)]
    is_promised = mine.default is not Parameter.empty
    of_values = value_severity(mine.default, theirs.default, modules) if is_promised else None
    spellings, types = {mine.spelling(), theirs.spelling()}, (mine.meaning(), theirs.meaning())
    is_same = len(spellings) == 1 or _ANYTHING & spellings or value_severity(*types) is None
    of_types = None if is_same else not _may_be_compatible(*types)
    return max(of_values, of_types, key=(None, False, True).index)


def _resolved(annotation: object, names: Mapping[str, object]) -> object:
    if isinstance(annotation, (str, ForwardRef)):
        with suppress(Exception):
            annotation = cast("object", eval(annotation_text(annotation), {}, names))
    if isinstance(annotation, InitVar):
        return cast("Any", annotation).type
    if get_origin(annotation) in (Annotated, ClassVar, Final):
        return get_args(annotation)[0]
    return type(None) if annotation is None else annotation


def _may_be_compatible(one: Any, other: Any) -> bool:
    try:
        is_number = issubclass(one, _NUMBERS) and issubclass(other, _NUMBERS)
        is_related = is_number or issubclass(one, other) or issubclass(other, one)
        return is_related or is_protocol(one) or is_protocol(other)
    except Exception:  # no class, or one that refuses to answer, as a TypedDict does
        return True
