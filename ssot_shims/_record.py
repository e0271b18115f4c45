"""Frozen records, declared by their annotations like dataclasses.

They are no dataclasses because ``import dataclasses`` takes about 12 ms and each frozen dataclass half a millisecond.
Measured with them instead, importing a shim whose upstream is absent takes 1.57 times as long as a try/except (1.16
with these records), and a first question for Docker 4.65 times as long as a bare connect (0.77 with these).

Modules of this package write ``TYPE_CHECKING = False``, or take it from here, because ``from typing import
TYPE_CHECKING`` would import typing, which takes 17 ms; type checkers take any variable of that name for true.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_flags):
        return lambda cls: cls


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """A base whose subclasses are built from keywords, compare by value, and cannot be changed.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1)
    Point(x=1, y=0)
    >>> Point(x=1) == Point(x=1, y=0), Point(x=1).replace(y=2)
    (True, Point(x=1, y=2))
    >>> Point(x=1).x = 2
    Traceback (most recent call last):
    AttributeError: Point is a frozen record; its x cannot be changed
    >>> Point(z=1)
    Traceback (most recent call last):
    TypeError: Point takes x, y; got z
    """

    # What is the same for every instance is found out once: building a record is part of every answer.
    __blank: ClassVar[dict[str, Any]]  # each field in its order, with its default or None
    __required: ClassVar[frozenset[str]]

    def __init_subclass__(cls) -> None:
        fields = cls.__annotations__
        cls.__blank = {name: getattr(cls, name, None) for name in fields}
        cls.__required = frozenset(name for name in fields if not hasattr(cls, name))

    def __init__(self, **values: Any) -> None:
        filled = {**self.__blank, **values}
        if len(filled) != len(self.__blank) or not self.__required <= values.keys():
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.__blank)}; got {', '.join(values)}")
        self.__dict__.update(filled)

    def replace(self, **changes: Any) -> Self:
        """A copy with *changes*."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is a frozen record; its {name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
