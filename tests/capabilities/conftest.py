"""A registry, and the end of what hangs in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ssot_shims import Registry


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets go of every probe that hangs, at the latest when the test ends; then waits until all have gone."""
    before = threading.active_count()
    event = threading.Event()
    yield event
    event.set()
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with nothing in it."""
    return Registry()
