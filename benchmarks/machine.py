"""What was measured on: interpreter, cores, load, and the libraries that do something alike."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import importlib_metadata

import ssot_shims

PEERS = ("docker", "lazy-loader", "libcst", "lightning-utilities", "pytest", "qiskit", "transformers")


def this_machine() -> str:
    """Two lines about the machine as it is now, and the peers that are installed or missing."""
    python = f"{sys.implementation.name} {sys.version.split()[0]} on {sys.platform}"
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    about = f"ssot_shims {ssot_shims.__version__}, {python}, {os.cpu_count()} cores, load {load} at the beginning"
    versions = {peer: version_of(peer) for peer in PEERS}
    there = [f"{peer} {version}" for peer, version in versions.items() if version]
    missing = [peer for peer, version in versions.items() if not version]
    peers = f"peers: {', '.join(there) or 'none'}; missing: {', '.join(missing) or 'none'}"
    return f"{about}, {datetime.now(UTC).date()}\n{peers}"


def version_of(peer: str) -> str | None:
    """The version of *peer* that is installed, None when it is not."""
    try:
        return importlib_metadata.version(peer)
    except importlib_metadata.PackageNotFoundError:
        return None
