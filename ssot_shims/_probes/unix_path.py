"""Whether a path can be that of a unix socket, asked before anything is imported to connect to it."""

from __future__ import annotations

import os
import stat
import sys


class NotASocket(OSError):
    """Something that is no socket is at the path. The message says what: ``a directory``."""


def check(path: str) -> None:
    """Raise the OSError that connecting to *path* would end with, if a look at the path is enough to tell.

    FileNotFoundError when nothing is there, :class:`NotASocket`, PermissionError when a folder may not be entered,
    OSError with a message for a path that no socket can have.
    """
    most = 103 if sys.platform == "darwin" else 107
    size = len(os.fsencode(path))
    if size > most:
        raise OSError(f"its path has {size} bytes, and that of a socket at most {most}")
    if "\0" in path:
        raise OSError("a NUL is in its path")
    try:
        mode = os.stat(path).st_mode
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, "No such file or directory") from None
    if not stat.S_ISSOCK(mode):
        raise NotASocket(_what(mode))


def _what(mode: int) -> str:
    kinds = ((stat.S_ISREG, "a regular file"), (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"))
    return next((what for is_one, what in kinds if is_one(mode)), "a device")
