"""What installed packages say in their entry points: found wherever it is, and not looked for where nobody says it."""

from __future__ import annotations

from pathlib import Path

import ssot_shims
from tests.conftest import run

CHECKOUT = str(Path(ssot_shims.__file__).parents[1])
# --- what it costs


LOADED = "import sys; print('importlib_metadata' in sys.modules)"


def test_asking_for_docker_reads_no_metadata() -> None:
    """In a process of its own neither importlib_metadata is imported nor that of the standard library."""
    code = "from ssot_shims import is_docker_available\nis_docker_available()"
    imported = {line.rpartition("|")[2].strip() for line in run(code, "-X", "importtime")[1].splitlines()}
    assert "ssot_shims._probes.docker" in imported
    assert not {"importlib_metadata", "importlib.metadata", "email"} & imported
