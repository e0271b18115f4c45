"""What a registry still has under way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssot_shims import Registry


def hanging(registry: Registry) -> dict[str, str]:
    """The probes that were given up and have not come back, by name, with the line where each stands."""
    with registry._answers.lock:
        late = [flight for flight in registry._answers.flights if flight.ident and flight.deadline < time.monotonic()]
    return {flight.capability.name: flight.place for flight in late}
