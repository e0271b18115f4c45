"""How much memory a process holds after an import or an answer."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import figures
from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.imports import IMPORTS, offer_packages
from benchmarks.row import Row

# Linux says how much there is now. Elsewhere the peak has to do, which macOS gives in bytes and nobody else does.
RESIDENT = """
import os, sys
try:
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
except OSError:
    import resource
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(resident)
"""

_USES = (
    Contender(name="ssot_shims, HeartbeatConfig", code="from ssot_shims import HeartbeatConfig"),
    Contender(
        name="ssot_shims, is_docker_available()", code="from ssot_shims import is_docker_available as ask\nask()"
    ),
)


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """The memory of processes that import, and that use, ours and the peers."""
    offer_packages(ground)
    contenders = tuple(one.replace(after=RESIDENT) for one in (*IMPORTS[:2], *_USES, *IMPORTS[2:]))
    yield Row(
        what="memory after the import",
        samples=figures(ground, with_noise(contenders), effort.replace(rounds=min(effort.rounds, 15))),
        unit="bytes",
    )
