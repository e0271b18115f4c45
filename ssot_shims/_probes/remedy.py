"""What keeps a client from its goal on this side, and the command or setting that clears it away."""

from __future__ import annotations

import errno
import os
import stat

from ssot_shims._settings import longer


def permission(path: str) -> str:
    """Which folder or group stands before the socket *path*, and what to do."""
    for folder in _parents(path):
        if not _may_enter(folder):
            return f"because you may not enter {folder}; let others in: sudo chmod o+x {quoted(folder)}"
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return "and by now it is gone; ask once more"
    if state.st_uid == os.geteuid():
        return f"which is yours, but closed to you; open it: chmod u+rw {quoted(path)}"
    group = _group(state.st_gid)
    open_, join = f"sudo chmod g+rw {quoted(path)}", f"sudo usermod -aG {quoted(group)} {_user()}"
    if state.st_mode & stat.S_IWGRP:
        return f"which is for the group {group}; join it and log in again: {join}"
    if state.st_gid in (os.getegid(), *os.getgroups()):
        return f"which is for its owner alone; let its group {group} in, which you are in: {open_}"
    return f"which is for its owner alone; let its group {group} in, join it and log in again: {open_} && {join}"


def too_many_files(error: OSError) -> str:
    """What to do when *error* says that no more files and sockets may be opened; empty when it says something else."""
    is_it = error.errno in (errno.EMFILE, errno.ENFILE)
    return "close some, or allow more: ulimit -n 4096" if is_it else ""


def more_time(seconds: float) -> str:
    """How to give a probe longer that had so many *seconds*."""
    more = longer(seconds)
    return f"or allow more: timeout={more} where it is registered, else SSOT_SHIMS_TIMEOUT={more}"


def quoted(text: str) -> str:
    """*text* as a shell takes it for one word."""
    if text.isascii() and text.translate(dict.fromkeys(map(ord, "/:.-_@"))).isalnum():
        return text
    from shlex import quote  # takes a millisecond

    return quote(text)


def _may_enter(folder: str) -> bool:
    try:
        os.stat(os.path.join(folder, "."))
    except PermissionError:
        return False
    return True


def _parents(path: str) -> list[str]:
    """The folders above *path*, the outermost first."""
    folders: list[str] = []
    folder = os.path.dirname(os.path.abspath(path))
    while folder not in folders:
        folders.insert(0, folder)
        folder = os.path.dirname(folder)
    return folders


def _group(number: int) -> str:
    import grp  # not on Windows

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _user() -> str:
    import pwd  # not on Windows

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
