"""The answer to "is it there?": yes or no, and always why."""

from __future__ import annotations

from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._text import with_hint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Status = Literal["available", "unavailable", "timed_out", "failed"]


class Availability(Record):
    """Whether a capability is there, and why: true exactly when ``status`` is ``available``.

    ``status`` is ``available``, ``unavailable``, ``timed_out`` (no answer within the deadline) or ``failed`` (the probe
    itself raised something unexpected). ``reason`` is what was seen and never empty; ``hint`` is the next step that may
    change the answer, or empty. ``source`` is where the answer comes from: ``probe``, ``override``,
    or the environment variable that forces the answer. ``details`` holds what else was learned, as text (an API
    version, say); ``seconds`` is how long finding out took.

    >>> answer = Availability(name="docker", status="unavailable", reason="no socket at /var/run/docker.sock")
    >>> bool(answer), answer.reason
    (False, 'no socket at /var/run/docker.sock')
    """

    name: str = ""
    status: Status
    reason: str
    hint: str = ""
    source: str = "probe"
    details: Mapping[str, str] = {}  # a record is frozen, and nobody writes into it
    seconds: float = 0.0

    @property
    def explanation(self) -> str:
        """The reason and the hint as one text."""
        return with_hint(self.reason, self.hint)

    def __bool__(self) -> bool:
        return self.status == "available"

    def __hash__(self) -> int:
        return hash((self.name, self.status, self.reason, self.hint, self.source))
