"""Which capabilities there are, on which level each is registered, and which of them counts."""

from __future__ import annotations

from ssot_shims._capability import LEVELS, refuse_bad_name
from ssot_shims.errors import DuplicateCapability, InvalidCapability, UnknownCapability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._answers import Answers
    from ssot_shims._capability import Capability, Level
    from ssot_shims._offers import Offers


class Catalogue:
    """The capabilities of one registry. What installed packages offer is read when a name is not known otherwise."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._levels: dict[str, dict[Level, Capability]] = {}
        self._offers: Offers | None = None

    def add(self, new: Capability, *, replace: bool) -> None:
        """Put *new* on its own level. Raises :class:`DuplicateCapability`."""
        with self._answers.lock:
            on_each_level = self._levels.setdefault(new.name, {})
            first = on_each_level.get(new.level)
            if first and not replace and not new.is_declared_like(first):
                raise DuplicateCapability(new.name, new.where, first.where)
            on_each_level[new.level] = new
            if new.level == max(on_each_level, key=LEVELS.index):
                self._answers.capabilities[new.name] = new
                self._answers.forget([new.name])

    def known(self) -> tuple[str, ...]:
        """The names known so far, in alphabetical order."""
        return tuple(sorted(self._answers.capabilities))

    def find(self, name: str) -> Capability:
        """The capability *name*. Raises :class:`UnknownCapability` with the names that come close."""
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            refuse_bad_name(name)
        if name not in self._answers.capabilities:
            clashes = self.offers().clashes
            if name not in self._answers.capabilities:
                raise self._refusal(name, clashes)
        return self._answers.capabilities[name]

    def offers(self) -> Offers:
        """What installed packages offer, read once."""
        if self._offers is None:
            from ssot_shims._offers import read_offers  # about 30 ms, so only for names that nobody registered

            offers = read_offers()
            with self._answers.lock:
                for offered in offers.capabilities:
                    self.add(offered, replace=True)  # what two threads have read at once is the same
                self._offers = offers
        return self._offers

    def _refusal(self, name: str, clashes: dict[str, str]) -> InvalidCapability | UnknownCapability:
        from ssot_shims._misspelled import close_matches  # only for what is not there

        if name in clashes:
            problem = f"{name!r} is offered by {clashes[name]}"
            return InvalidCapability(problem, "register it yourself, which wins over both")
        return UnknownCapability(name, close_matches(name, self.known()), self.known())
