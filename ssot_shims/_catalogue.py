"""Which capabilities there are, on which level each is registered, and which of them counts."""

from __future__ import annotations

import sys

from ssot_shims._callsite import Execution, execution, is_made_anew
from ssot_shims._capability import LEVELS, refuse_bad_name
from ssot_shims.errors import CapabilityError, DuplicateCapability, UnknownCapability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssot_shims._answers import Answers
    from ssot_shims._capability import Capability, Level
    from ssot_shims._offers import Offers


class Catalogue:
    """The capabilities of one registry; what installed packages offer is read when it could make a difference."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._levels: dict[str, dict[Level, Capability]] = {}
        self._executions: dict[tuple[str, Level], Execution] = {}
        self._offers: Offers | None = None

    def add(self, new: Capability, *, replace: bool) -> None:
        """Put *new* on its own level. Raises :class:`DuplicateCapability`."""
        with self.answers.lock:
            first = self._levels.get(new.name, {}).get(new.level)
            if first and not replace and not self._repeats(new, first):
                raise DuplicateCapability(new.name, new.where, first.where)
            self.put(new.name, new.level, new)

    def _repeats(self, new: Capability, first: Capability) -> bool:
        """Whether what declared *first* is itself executed anew, or the same statement declares the same again.

        Otherwise it stands in a loop, or in a function that is called twice, and gives a name to two probes.
        """
        return execution().is_anew_of(self._executions[first.name, first.level]) or (
            new.is_declared_like(first) and (new.probe == first.probe or is_made_anew(new.probe, first.probe))
        )

    def put(self, name: str, level: Level, new: Capability | None) -> Capability | None:
        """Put *new* on *level*, or with None clear it for that *name*; what was there before is given back."""
        with self.answers.lock:
            on_each_level = self._levels.setdefault(name, {})
            before = on_each_level.pop(level, None)
            if new is not None:
                on_each_level[level] = new
                self._executions[name, level] = execution()
            self._count(name, _chosen(on_each_level))
        return before

    def _count(self, name: str, chosen: Capability | None) -> None:
        """Let *chosen* be the capability *name* from now on; questions look it up without the lock."""
        if chosen is self.answers.capabilities.get(name):
            return
        if chosen is None:
            del self.answers.capabilities[name]
        else:
            self.answers.capabilities[name] = chosen
        self.answers.forget([name])

    def known(self) -> tuple[str, ...]:
        """The names of all there are, in alphabetical order."""
        self.offers()
        return tuple(sorted(self.answers.capabilities))

    def find(self, name: str) -> Capability:
        """The capability *name*. Raises :class:`UnknownCapability` with the names that come close.

        What packages offer is heard for a name that is unknown, and for one that no user has registered and that has
        no answer: what joins ``sys.path`` after the answer counts when that is forgotten.
        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            refuse_bad_name(name)
        found = self.answers.capabilities.get(name)
        if found is None or (found.level in ("built-in", "package") and self.answers.known(name) is None):
            self.offers()
            found = self.answers.capabilities.get(name)
        if found is None:
            from ssot_shims._text import close_matches  # only for what is not there

            raise UnknownCapability(name, close_matches(name, self.known()), self.known())
        return found

    def with_parts(self, names: Iterable[str]) -> dict[str, Capability]:
        """The capabilities *names* and all that they combine, by name. Raises :class:`UnknownCapability`."""
        found = {name: self.find(name) for name in names}
        while new := {part for one in found.values() for part in one.parts} - found.keys():
            found.update({part: self.find(part) for part in new})
        return found

    def imports(self, name: str) -> bool:
        """Whether asking *name* imports the module of a probe, its own or that of a part."""
        try:
            return any(one.kind == "named function" for one in self.with_parts([name]).values())
        except CapabilityError:
            return False  # nobody knows that name, and asking it says so

    def offers(self, *, anew: bool = False) -> Offers:
        """What installed packages offer: read at first, whenever ``sys.path`` has become another, and *anew*."""
        before = self._offers
        if before is not None and before.places == sys.path and not anew:
            return before
        from ssot_shims._offers import read_offers  # an answer that is known needs no look

        offers = read_offers()
        with self.answers.lock:
            old = self._offers.capabilities if self._offers else {}
            for name in old.keys() | offers.capabilities.keys():
                new = offers.capabilities.get(name)
                if new != old.get(name):  # else whoever reads the same later would end the flights under way
                    self.put(name, "package", new)
            self._offers = offers
        return offers


def _chosen(on_each_level: dict[Level, Capability]) -> Capability | None:
    """The one on the highest level; what takes the place of a built-in service is a service too."""
    chosen = max(on_each_level.values(), key=lambda one: LEVELS.index(one.level), default=None)
    built_in = on_each_level.get("built-in")
    if chosen and built_in and chosen.level == "package":
        return chosen.but(service=built_in.is_service)
    return chosen
