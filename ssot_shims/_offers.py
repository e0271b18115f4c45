"""Capabilities that installed packages offer.

Entry point group ``ssot_shims.capabilities``: the name, and the probe function as ``pkg.mod:probe``.
"""

from __future__ import annotations

import sys

from ssot_shims._availability import Availability
from ssot_shims._capability import Capability
from ssot_shims._lookup.entry_points import OFFERED, counting, distributions
from ssot_shims._record import Record
from ssot_shims._settings import is_capability_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import Distribution, EntryPoint


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
