"""Which capabilities there are, on which level each is registered, and which of them counts."""

from __future__ import annotations

import sys

from ssot_shims._capability import LEVELS, refuse_bad_name
from ssot_shims._place import execution
from ssot_shims.errors import CapabilityError, DuplicateCapability, InvalidCapability, UnknownCapability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._answers import Answers
    from ssot_shims._capability import Capability, Level
    from ssot_shims._offers import Offers


class Catalogue:
    """The capabilities of one registry; what installed packages offer is read when it could make a difference."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._levels: dict[str, dict[Level, Capability]] = {}
        self._executions: dict[tuple[str, Level], tuple[object, ...]] = {}
        self._offers: Offers | None = None
        self._seen_empty: list[object] = []  # the places where packages may be, when none offered anything

    def add(self, new: Capability, *, replace: bool) -> None:
        """Put *new* on its own level. Raises :class:`DuplicateCapability`."""
        now = execution(new.probe)
        with self.answers.lock:
            on_each_level = self._levels.setdefault(new.name, {})
            first = on_each_level.get(new.level)
            if first and not replace and not self._repeats(new, first, now):
                raise DuplicateCapability(new.name, new.where, first.where)
            on_each_level[new.level] = new
            self._executions[new.name, new.level] = now
            if new.level == max(on_each_level, key=LEVELS.index):
                self.answers.capabilities[new.name] = new
                self.answers.forget([new.name])

    def _repeats(self, new: Capability, first: Capability, now: tuple[object, ...]) -> bool:
        """Whether the statement that declared *first* declares the same again, or is itself executed anew.

        Otherwise it stands in a loop, or in a function that is called twice, and gives a name to two probes.
        """
        before = self._executions[first.name, first.level]
        is_anew = any(one is not other for one, other in zip(before, now, strict=True))
        return new.is_declared_like(first) and (is_anew or new.probe == first.probe)

    def put(self, name: str, level: Level, new: Capability | None) -> Capability | None:
        """Put *new* on *level*, or with None clear it for that *name*; what was there before is given back."""
        with self.answers.lock:
            on_each_level = self._levels.setdefault(name, {})
            before = on_each_level.pop(level, None)
            if new is not None:
                on_each_level[level] = new
                self._executions[name, level] = execution(new.probe)
            if on_each_level:
                self.answers.capabilities[name] = on_each_level[max(on_each_level, key=LEVELS.index)]
            else:
                self.answers.capabilities.pop(name, None)
            self.answers.forget([name])
        return before

    def known(self) -> tuple[str, ...]:
        """The names known so far, in alphabetical order."""
        return tuple(sorted(self.answers.capabilities))

    def find(self, name: str) -> Capability:
        """The capability *name*. Raises :class:`UnknownCapability` with the names that come close.

        What packages offer is read for a name that is unknown, and for one that is built in and not yet answered.
        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            refuse_bad_name(name)
        found = self.answers.capabilities.get(name)
        if found is None or (found.level == "built-in" and self.answers.known(name) is None):
            offers = self.offers()
            found = self.answers.capabilities.get(name)
            if found is None:
                raise self._refusal(name, offers.clashes if offers else {})
        return found

    def imports(self, name: str) -> bool:
        """Whether asking *name* imports the module of a probe, its own or that of a part."""
        try:
            asked = {name: self.find(name)}
            while new := {part for one in asked.values() for part in one.parts} - asked.keys():
                asked.update({part: self.find(part) for part in new})
        except CapabilityError:
            return False  # nobody knows that name, and asking it says so
        return any(hasattr(one.probe, "load") for one in asked.values())

    def offers(self) -> Offers | None:
        """What installed packages offer, read once; None as long as nobody can be offering anything."""
        if self._offers is None and self._is_anybody_there():
            from ssot_shims._offers import read_offers  # about 30 ms

            offers = read_offers()
            with self.answers.lock:
                for offered in offers.capabilities:
                    self.add(offered, replace=True)  # what two threads have read at once is the same
                for name in offers.clashes:
                    self._withdraw(name)
                self._offers = offers
        return self._offers

    def _is_anybody_there(self) -> bool:
        """Whether a package may offer anything; looked up again when there are other places to look in."""
        from ssot_shims._entry_points import OFFERED, is_perhaps_used  # an answer that is known needs no look

        places: list[object] = [*sys.path, *sys.meta_path]
        if places == self._seen_empty:
            return False
        if is_perhaps_used(OFFERED):
            return True
        self._seen_empty = places
        return False

    def _withdraw(self, name: str) -> None:
        """Take back what is built in under *name*, which two packages offer: neither that nor a guess will do."""
        built_in = self.answers.capabilities.get(name)
        if built_in and built_in.level == "built-in":
            del self.answers.capabilities[name]
            self.answers.forget([name])

    def _refusal(self, name: str, clashes: dict[str, str]) -> InvalidCapability | UnknownCapability:
        from ssot_shims._misspelled import close_matches  # only for what is not there

        if name in clashes:
            problem = f"{name!r} is offered by {clashes[name]}"
            return InvalidCapability(problem, "register it yourself, which wins over both")
        return UnknownCapability(name, close_matches(name, self.known()), self.known())
