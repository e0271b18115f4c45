"""A stream of reports, whatever its encoding; one that is closed, or whose reader went away, is no error."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def write(out: TextIO | None, text: str) -> bool:
    """Print *text* on *out*, with escapes for what its encoding cannot hold. False when nobody reads it."""

    def put(out: TextIO) -> None:
        encoding = out.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True, file=out)

    return _is_read(out, put)


def write_bytes(out: TextIO | None, data: bytes) -> bool:
    """Print *data* on *out* as they are, for programs. False when nobody reads them."""

    def put(out: TextIO) -> None:
        out.buffer.write(data)
        out.buffer.flush()

    return _is_read(out, put)


def _is_read(out: TextIO | None, put: Callable[[TextIO], None]) -> bool:
    if out is None:  # closed
        return False
    try:
        put(out)
    except BrokenPipeError:
        # The interpreter flushes once more at exit; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return False
    return True
