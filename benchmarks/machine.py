"""What was measured on: interpreter, cores, load, and the peers that are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import ssot_shims
from benchmarks.peers import PEERS, version_of
from ssot_shims._record import Record


class Machine(Record):
    """Where and when; ``load`` is how many processes wanted to run, on average of the last minute."""

    ssot_shims: str
    python: str
    cores: int
    date: str
    peers: Mapping[str, str | None]
    load_before: float | None
    load_after: float | None = None


def this_machine() -> Machine:
    """The machine that this runs on, as it is before anything is measured."""
    return Machine(
        ssot_shims=ssot_shims.__version__,
        python=f"{sys.implementation.name} {sys.version.split()[0]} on {sys.platform}",
        cores=os.cpu_count() or 1,
        date=datetime.now(UTC).date().isoformat(),
        peers={peer: version_of(peer) for peer in PEERS},
        load_before=load(),
    )


def load() -> float | None:
    """The load of the last minute, None where the system does not tell."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
