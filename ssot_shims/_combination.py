"""One answer from several: ``all:`` is there when every part is, ``any:`` when one is."""

from __future__ import annotations

from ssot_shims._availability import Availability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from ssot_shims._availability import Status

# What is said of a combination that is not there: breakage first, then a clear no.
_FROM_BAD_TO_WORSE: tuple[Status, ...] = ("timed out", "unavailable", "failed")


def combined(kind: Literal["all", "any"], parts: dict[str, Availability]) -> Availability:
    """The answer that *parts* add up to, with the reason of every part that decides it.

    It is forced (its ``source`` is not ``probe``) when it would be another without a forced part.

    >>> yes = Availability(status="available", reason="it is")
    >>> no = Availability(status="unavailable", reason="it is not")
    >>> combined("any", {"docker": no, "staging": yes}).reason
    'staging: it is'
    >>> combined("all", {"docker": no, "staging": yes}).reason
    'docker: it is not'
    """
    yes = {name: part for name, part in parts.items() if part}
    no = {name: part for name, part in parts.items() if not part}
    if yes and (kind == "any" or not no):
        return _answer("available", yes, needs_all=kind == "all")
    worst = max(no.values(), key=lambda part: _FROM_BAD_TO_WORSE.index(part.status))
    return _answer(worst.status, no, needs_all=kind == "any")


def _answer(status: Status, deciding: dict[str, Availability], *, needs_all: bool) -> Availability:
    """The answer that each of *deciding* gives by itself, or that it needs all of them for."""
    sources = [part.source for part in deciding.values()]
    is_forced = any if needs_all else all
    forced = [source for source in sources if source != "probe"]
    return Availability(
        status=status,
        reason="; ".join(f"{name}: {part.reason}" for name, part in deciding.items()),
        source=forced[0] if is_forced(source != "probe" for source in sources) else "probe",
        details={name: part.status for name, part in deciding.items()},
    )
