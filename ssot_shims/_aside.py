"""Standard output kept free for a report: what anybody else writes there goes to standard error."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TextIO

_OUT, _ERR = 1, 2  # the descriptors that every process is given


@contextmanager
def aside(out: TextIO | None) -> Generator[None]:
    """While this lasts, the descriptor of standard output is that of standard error, for subprocesses too.

    *out* is the stream over it. Where that is None, or the descriptor is closed, there is nothing to keep free.
    """
    kept = None if out is None else _copy(_OUT)
    if kept is None:
        yield
        return
    _flush(out)
    try:
        _point_to_standard_error()
        yield
    finally:
        _flush(out)  # what was written meanwhile, by whoever holds the stream itself
        os.dup2(kept, _OUT)
        os.close(kept)


def _point_to_standard_error() -> None:
    # With standard error closed, its number may be that of any file.
    error = _copy(_ERR) if sys.stderr is not None else None  # pyright: ignore[reportUnnecessaryComparison]  # closed: None
    if error is None:
        error = os.open(os.devnull, os.O_WRONLY)
    os.dup2(error, _OUT)
    os.close(error)


def _copy(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _flush(out: TextIO | None) -> None:
    for stream in {out, sys.__stdout__}:
        with suppress(OSError, ValueError, AttributeError):  # a full disk, a closed stream, none at all
            stream.flush()  # type: ignore[union-attr]
