"""Capabilities that installed packages offer.

Entry point group ``ssot_shims.capabilities``: the name, and the probe function as ``pkg.mod:probe``.
"""

from __future__ import annotations

from ssot_shims._capability import Capability, is_name
from ssot_shims._entry_points import OFFERED, distributions
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint


class OfferedProbe(Record):
    """A probe function that an installed package names; not imported before somebody asks."""

    is_service = False

    notation: str
    entry: EntryPoint

    def load(self) -> Callable[[], object]:
        """The function itself. Importing its module may raise anything, and that passes through."""
        return self.entry.load()  # type: ignore[no-any-return]  # the registry looks at what it is


class Offers(Record):
    """What packages offer: the capabilities, the names that two of them offer, and the names that do not read."""

    capabilities: tuple[Capability, ...]
    clashes: dict[str, str]
    problems: tuple[str, ...]


def read_offers() -> Offers:
    """Everything that is offered in this environment, read anew."""
    by_name: dict[str, list[Capability]] = {}
    problems: list[str] = []
    offers, damaged = _every_offer()
    problems += damaged
    for offer in offers:
        if is_name(offer.name):
            by_name.setdefault(offer.name, []).append(offer)
        else:
            problems.append(f"{offer.where} offers a capability {offer.name!r}, which is no name for one")
    return Offers(
        capabilities=tuple(offers[0] for offers in by_name.values() if len(offers) == 1),
        clashes={name: _told(offers) for name, offers in by_name.items() if len(offers) > 1},
        problems=tuple(sorted(problems)),
    )


def _every_offer() -> tuple[list[Capability], list[str]]:
    """The offers of each distribution once, and those of our group whose metadata is damaged."""
    from ssot_shims._plain import describe  # re, and offers are read once

    found: dict[str, list[Capability]] = {}
    damaged: list[str] = []
    for distribution in distributions(OFFERED):
        try:
            if OFFERED not in (distribution.read_text("entry_points.txt") or ""):
                continue
            by = f"{distribution.name} {distribution.version}"
            found.setdefault(by, [_offer(entry, by) for entry in distribution.entry_points.select(group=OFFERED)])
        except Exception as error:  # anybody's metadata may be damaged in any way
            damaged.append(f"the metadata of a package that may offer capabilities cannot be read: {describe(error)}")
    return [offer for offers in found.values() for offer in offers], damaged


def _offer(entry: EntryPoint, by: str) -> Capability:
    probe = OfferedProbe(notation=f"python:{entry.value}", entry=entry)
    return Capability(name=entry.name, probe=probe, level="package", where=by)


def _told(offers: list[Capability]) -> str:
    return " and ".join(sorted(f"{offer.where} ({offer.notation})" for offer in offers))
