"""The libraries that do something alike, and which of them are installed here."""

from __future__ import annotations

import importlib_metadata

PEERS = (
    "docker",
    "lazy-loader",
    "libcst",
    "lightning-utilities",
    "pytest",
    "qiskit",
    "testcontainers",
    "transformers",
)


def version_of(peer: str) -> str | None:
    """The version of *peer* that is installed, None when it is not."""
    try:
        return importlib_metadata.version(peer)
    except importlib_metadata.PackageNotFoundError:
        return None
