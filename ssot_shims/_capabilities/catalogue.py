"""The catalogue of registered capabilities by level, and those that installed packages offer."""

from __future__ import annotations

import sys

from ssot_shims._availability import Availability
from ssot_shims._callsite import Execution, execution, is_made_anew
from ssot_shims._capabilities.capability import LEVELS, Capability, refuse_bad_name
from ssot_shims._lookup.entry_points import OFFERED, counting, distributions
from ssot_shims._record import Record
from ssot_shims._settings import is_capability_name
from ssot_shims.errors import InvalidDeclaration, UnknownName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.metadata import Distribution, EntryPoint

    from ssot_shims._capabilities.cache import Answers
    from ssot_shims._capabilities.capability import Level


class OfferedProbe(Record):
    """A probe function that an installed package names; not imported before somebody asks."""

    notation: str
    entry: EntryPoint

    def load(self) -> Callable[[], object]:
        """The function itself. Importing its module may raise anything, and that passes through."""
        return self.entry.load()  # type: ignore[no-any-return]  # the registry looks at what it is


class DisputedProbe(Record):
    """What stands for the probe of a name that several packages offer: nobody has said which of them counts."""

    is_service = False

    notation: str
    problem: str

    def ask(self, deadline: float) -> Availability:
        """The answer *failed*, with what settles it."""
        return Availability(status="failed", reason=self.problem)


class Offers(Record):
    """What packages offer by name, what is wrong with it, and the ``sys.path`` on which both were found."""

    places: list[str]
    capabilities: dict[str, Capability]
    problems: tuple[str, ...]


def read_offers() -> Offers:
    """Everything that is offered in this environment, read anew."""
    places = [*sys.path]
    by_name, problems = _every_offer()
    capabilities: dict[str, Capability] = {}
    for name, offers in by_name.items():
        if not is_capability_name(name):
            problems += [f"{offer.where} offers a capability {name!r}, which is no name for one" for offer in offers]
        elif len(offers) == 1:
            capabilities[name] = offers[0]
        else:
            capabilities[name] = disputed = _disputed(name, offers)
            problems.append(disputed.probe.problem)
    return Offers(places=places, capabilities=capabilities, problems=tuple(sorted(problems)))


def _every_offer() -> tuple[dict[str, list[Capability]], list[str]]:
    """The offers for each name, and the distributions that speak of our group and whose metadata is damaged."""
    by_name: dict[str, list[Capability]] = {}
    damaged: list[str] = []
    for distribution in distributions(OFFERED):
        try:
            offers = _offers_of(distribution)
        except Exception as error:  # anybody's metadata may be damaged in any way
            from ssot_shims._text import describe  # re, and hardly any is

            damaged.append(f"the metadata of a package that may offer capabilities cannot be read: {describe(error)}")
            continue
        for offer in offers:
            if offer not in by_name.setdefault(offer.name, []):  # two versions offer what the one that counts offers
                by_name[offer.name].append(offer)
    return by_name, damaged


def _offers_of(distribution: Distribution) -> list[Capability]:
    if OFFERED not in (distribution.read_text("entry_points.txt") or ""):
        return []
    first = counting(distribution.name) or distribution
    from ssot_shims._text import one_line  # as above

    by = one_line(f"{first.name} {first.version}")
    return [_offer(entry, by) for entry in first.entry_points.select(group=OFFERED)]


def _offer(entry: EntryPoint, by: str) -> Capability:
    from ssot_shims._text import one_line  # as above

    probe = OfferedProbe(notation=one_line(f"python:{entry.value}"), entry=entry)
    return Capability(name=entry.name, probe=probe, level="package", where=by)


def _disputed(name: str, offers: list[Capability]) -> Capability:
    offers = sorted(offers, key=lambda offer: (offer.where, offer.notation))
    told = " and ".join(f"{offer.where} ({offer.notation})" for offer in offers)
    cure = f"to choose: capabilities.register({name!r}, {offers[0].notation!r})"
    probe = DisputedProbe(
        notation=" or ".join(offer.notation for offer in offers),
        problem=f"{name!r} is offered by {told}, and none of them counts; {cure}",
    )
    return Capability(name=name, probe=probe, level="package", where=" and ".join(offer.where for offer in offers))


class Catalogue:
    """The capabilities of one registry; what installed packages offer is read when it could make a difference."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._levels: dict[str, dict[Level, Capability]] = {}
        self._executions: dict[tuple[str, Level], Execution] = {}
        self._offers: Offers | None = None

    def add(self, new: Capability, *, replace: bool) -> None:
        """Put *new* on its own level. Raises :class:`InvalidDeclaration`."""
        with self.answers.lock:
            first = self._levels.get(new.name, {}).get(new.level)
            if first and not replace and not self._repeats(new, first):
                problem = f"{new.where} registers the capability {new.name!r}, which {first.where} has registered"
                raise InvalidDeclaration(problem, "use another name, or pass replace=True")
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

    def snapshot(self) -> tuple[dict[str, dict[Level, Capability]], Offers | None]:
        """What is registered on each level, and what packages offer."""
        return {name: dict(on_each_level) for name, on_each_level in self._levels.items()}, self._offers

    def restore(self, levels: Mapping[str, Mapping[Level, Capability]], offers: Offers | None) -> None:
        """Nothing; *levels* and *offers* are what a snapshot held."""
        self._levels = {name: dict(on_each_level) for name, on_each_level in levels.items()}
        self._offers = offers

    def known(self) -> tuple[str, ...]:
        """The names of all there are, in alphabetical order."""
        self.offers()
        return tuple(sorted(self.answers.capabilities))

    def find(self, name: str) -> Capability:
        """The capability *name*. Raises :class:`UnknownName` with the names that come close.

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

            raise UnknownName("capability", name, close_matches(name, self.known()), self.known())
        return found

    def with_parts(self, names: Iterable[str]) -> dict[str, Capability]:
        """The capabilities *names* and all that they combine, by name. Raises :class:`UnknownName`."""
        found = {name: self.find(name) for name in names}
        while new := {part for one in found.values() for part in one.parts} - found.keys():
            found.update({part: self.find(part) for part in new})
        return found

    def imports(self, name: str) -> bool:
        """Whether asking *name* imports the module of a probe, its own or that of a part."""
        try:
            return any(one.kind == "named function" for one in self.with_parts([name]).values())
        except UnknownName:
            return False  # nobody knows that name, and asking it says so

    def offers(self, *, anew: bool = False) -> Offers:
        """What installed packages offer: read at first, whenever ``sys.path`` has become another, and *anew*."""
        before = self._offers
        if before is not None and before.places == sys.path and not anew:
            return before

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
        return chosen.replace(service=built_in.is_service)
    return chosen
