"""Put a new text in the place of a file, so that whoever looks, whenever, finds the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# By its name the next run knows what a killed one has left. The name of the file is not in it: it may be as long as
# names can be.
_PREFIX = ".ssot-shims-migrate-"
_SUFFIX = ".tmp"


def read(path: str) -> bytes:
    """The bytes of the file *path*."""
    with open(path, "rb") as file:
        return file.read()


def replace(path: str, old: bytes, new: bytes) -> None:
    """Give the file *path*, which held *old*, the bytes *new*; its mode and its owner stay.

    Raises :class:`OSError`, with the file as it was, when it is read-only, was changed by somebody meanwhile, or cannot
    be written.
    """
    before = os.stat(path)
    if not before.st_mode & 0o222 or not os.access(path, os.W_OK):
        # The folder alone decides about a replacement; but who makes a file read-only does not want it changed.
        raise PermissionError(errno.EACCES, "the file is read-only", path)
    handle, temporary = tempfile.mkstemp(_SUFFIX, _PREFIX, os.path.dirname(path))
    try:
        with open(handle, "wb") as file:
            file.write(new)
        _look_alike(path, temporary, before)
        if read(path) not in (old, new):  # another run may have done the same
            raise OSError(errno.EBUSY, "somebody has changed the file since it was read", path)
        os.replace(temporary, path)
    except BaseException as error:
        is_cleared = isinstance(error, FileNotFoundError) and not os.path.lexists(temporary)
        with suppress(OSError):
            os.unlink(temporary)
        if is_cleared:
            raise OSError(errno.EBUSY, "another run has begun meanwhile; run this again", path) from error
        raise


def _look_alike(path: str, temporary: str, before: os.stat_result) -> None:
    """Give *temporary* the owner, the mode and the extended attributes of *path*, but the time of now."""
    now = os.stat(temporary)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):  # of another's file that we may write, we become the owner
            os.chown(temporary, before.st_uid, before.st_gid)
    shutil.copystat(path, temporary)
    os.utime(temporary)


def clear_leftovers(files: Iterable[str]) -> list[str]:
    """Remove what a killed run has left beside *files*; gives what could not be removed, a line each."""
    problems: list[str] = []
    for folder in dict.fromkeys(map(os.path.dirname, files)):
        try:
            names = [name for name in os.listdir(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)]
            for name in names:
                Path(folder, name).unlink(missing_ok=True)
        except OSError as error:
            problems.append(f"{folder}: the leftovers of another run cannot be removed: {error.strerror}")
    return problems
