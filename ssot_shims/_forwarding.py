"""Forwarding addresses: where a package says that a symbol of its own has moved to.

Entry point group ``ssot_shims.moved``: the old dotted path, and the new place as ``pkg.mod:Name``. Only the
distribution that owns the file where the symbol was looked for is heard, so nobody else can redirect it.
"""

from __future__ import annotations

import os

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.metadata as importlib_metadata  # the same functions, completely typed

    from ssot_shims._target import Target
else:
    import importlib_metadata

GROUP = "ssot_shims.moved"


class ForwardingAddress(Record):
    """The new place of a symbol, as text, and the distribution that says so (``acme 2.0``)."""

    new: str
    said_by: str


def forwarding_address(target: Target, file: str) -> ForwardingAddress | None:
    """Where *target*, which was looked for in *file*, has moved to according to the distribution that owns *file*."""
    for entry in importlib_metadata.entry_points(group=GROUP, name=target.dotted):
        if entry.dist is not None and owns(entry.dist, file):
            return ForwardingAddress(new=entry.value, said_by=f"{entry.dist.name} {entry.dist.version}")
    return None


def owns(distribution: importlib_metadata.Distribution, file: str) -> bool:
    """Whether *distribution* installed *file* (or something in it, when it is a folder), editable installs included."""
    wanted = os.path.realpath(file)
    for installed in distribution.files or ():
        located = os.path.realpath(str(distribution.locate_file(installed)))
        if located == wanted or located.startswith(wanted + os.sep):
            return True
    root = _editable_root(distribution)
    return bool(root) and wanted.startswith(root + os.sep)


def _editable_root(distribution: importlib_metadata.Distribution) -> str:
    """The folder that an editable install points to (PEP 610, direct_url.json); empty when it is not one."""
    import json
    from urllib.request import url2pathname  # as much again as importlib_metadata, and few distributions get here

    direct_url = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not direct_url.get("dir_info", {}).get("editable"):
        return ""
    url: str = direct_url["url"]
    return os.path.realpath(url2pathname(url.removeprefix("file://")))
