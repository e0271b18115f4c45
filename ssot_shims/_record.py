"""Frozen records, declared by their annotations like dataclasses.

``import dataclasses`` takes about 12 ms and each frozen dataclass half a millisecond more, in every process that
imports a shim; this takes none of it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, dataclass_transform
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
    >>> Point(x=1) == Point(x=1, y=0), Point(x=1).but(y=2)
    (True, Point(x=1, y=2))
    >>> Point(x=1).x = 2
    Traceback (most recent call last):
    AttributeError: Point is a frozen record; its x cannot be changed
    >>> Point(z=1)
    Traceback (most recent call last):
    TypeError: Point takes x, y; missing x; unexpected z
    """

    def __init__(self, **values: Any) -> None:
        fields, cls = self.__fields(), type(self)
        missing = [name for name in fields if name not in values and not hasattr(cls, name)]
        unexpected = [name for name in values if name not in fields]
        if missing or unexpected:
            problems = [
                f"{what} {', '.join(names)}"
                for what, names in (("missing", missing), ("unexpected", unexpected))
                if names
            ]
            raise TypeError(f"{cls.__name__} takes {', '.join(fields)}; {'; '.join(problems)}")
        self.__dict__.update({name: values[name] if name in values else getattr(cls, name) for name in fields})

    @classmethod
    def __fields(cls) -> list[str]:
        return list(cls.__annotations__)

    def but(self, **changes: Any) -> Self:
        """A copy with *changes*."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is a frozen record; its {name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is a frozen record; its {name} cannot be removed")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
