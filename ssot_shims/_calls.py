"""Two signatures, and whether there is a call that mine takes and theirs does not take with the same meaning.

Given *n* positional arguments, the sets of keywords that a signature takes form an interval, from those required to
those allowed. Every call keeps working if, for each *n*, the interval of mine lies inside that of theirs; and it keeps
its meaning if every value reaches the parameter of the same name. A value gathered in ``*args`` or ``**kwargs`` counts
as passed on under its own name, unless a parameter of that name stands elsewhere. Positional-only names may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inspect import Signature

ONLY_POSITIONAL, EITHER = Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True, slots=True)
class Slots:
    """The parameters of a signature, in the order and by the names under which a call reaches them."""

    positional: tuple[Parameter, ...]
    named: dict[str, Parameter]  # all but *args and **kwargs
    has_args: bool
    has_kwargs: bool

    @classmethod
    def of(cls, signature: Signature) -> Slots:
        parameters = signature.parameters.values()
        kinds = [parameter.kind for parameter in parameters]
        return cls(
            positional=tuple(p for p in parameters if p.kind in (ONLY_POSITIONAL, EITHER)),
            named={p.name: p for p in parameters if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)},
            has_args=Parameter.VAR_POSITIONAL in kinds,
            has_kwargs=Parameter.VAR_KEYWORD in kinds,
        )

    def position(self, name: str) -> int | None:
        """Where a value for *name* goes by position; None if it cannot."""
        return next((index for index, p in enumerate(self.positional) if p.name == name), None)

    def at(self, position: int) -> Parameter | None:
        return self.positional[position] if position < len(self.positional) else None

    def takes(self, count: int) -> bool:
        """Whether any call with *count* positional arguments binds."""
        return (count <= len(self.positional) or self.has_args) and not self.unreached(count)

    def unreached(self, count: int) -> set[str]:
        """The required positional-only parameters behind the first *count*."""
        return {p.name for p in self.positional[count:] if p.kind is ONLY_POSITIONAL and is_required(p)}

    def filled(self, count: int) -> set[str]:
        """The names that *count* positional arguments rule out as keywords."""
        return {p.name for p in self.positional[:count] if p.kind is EITHER}

    def keywords(self, count: int) -> set[str]:
        """The parameters that can still be given by keyword."""
        return {p.name for p in self.named.values() if p.kind is not ONLY_POSITIONAL} - self.filled(count)

    def required(self, count: int) -> set[str]:
        """The parameters that have to be given by keyword."""
        return {name for name in self.keywords(count) if is_required(self.named[name])}


def is_required(parameter: Parameter) -> bool:
    """Whether there is no call without it."""
    return parameter.default is Parameter.empty


def faults(mine: Slots, theirs: Slots) -> set[str]:
    """The names over which some call that *mine* takes fails on *theirs* or changes its meaning."""
    most = max(len(mine.positional), len(theirs.positional)) + 1
    refused = (_refused(mine, theirs, count) for count in range(most + 1) if mine.takes(count))
    return _misplaced(mine, theirs).union(*refused)


def _refused(mine: Slots, theirs: Slots, count: int) -> set[str]:
    """The names over which *theirs* refuses some call with *count* positional arguments."""
    if count > len(theirs.positional) and not theirs.has_args:
        last = mine.at(count - 1)
        return {last.name if last else "*args"}
    wanting = theirs.unreached(count) | (theirs.required(count) - mine.required(count))
    if not theirs.has_kwargs:
        unknown = mine.keywords(count) - theirs.keywords(count)
        return wanting | unknown | ({"**kwargs"} if mine.has_kwargs else set())
    given_twice = theirs.filled(count)
    return wanting | (given_twice - mine.filled(count) if mine.has_kwargs else given_twice & mine.keywords(count))


def _misplaced(mine: Slots, theirs: Slots) -> set[str]:
    """The names whose value lands, if the call binds at all, in a parameter of another name."""
    only_positional = {p.name for p in theirs.positional if p.kind is ONLY_POSITIONAL}
    return only_positional & mine.keywords(0) | {
        parameter.name
        for position, parameter in enumerate(mine.positional)
        if _is_elsewhere(parameter, theirs.at(position), parameter.name in theirs.named)
    }


def _is_elsewhere(parameter: Parameter, there: Parameter | None, is_named: bool) -> bool:
    if there is None:
        return is_named
    return there.name != parameter.name and (is_named or parameter.kind is EITHER)
