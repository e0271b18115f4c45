"""Forwarding addresses: where a package says that a symbol of its own has moved to.

Entry point group ``ssot_shims.moved``: the old dotted path, and the new place as ``pkg.mod:Name``. Only the
distribution that owns the file where the symbol was looked for is heard, so nobody else can redirect it.
"""

from __future__ import annotations

import os

from ssot_shims._lookup.entry_points import MOVED, distributions
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from ssot_shims._lookup.lookup import Target


class ForwardingAddress(Record):
    """The new place of a symbol, as text, and the distribution that says so (``acme 2.0``)."""

    new: str
    said_by: str


def forwarding_address(target: Target, file: str) -> ForwardingAddress | None:
    """Where *target*, which was looked for in *file*, has moved to according to the distribution that owns *file*.

    Metadata that does not read says nothing, whoever it is from: the symbol has moved all the same.
    """
    installed = distributions(MOVED)
    saying = [found for distribution in installed for found in _addresses(distribution, target.dotted)]
    owner = _owner(installed, file) if saying else None
    return next((address for distribution, address in saying if distribution is owner), None)


def _addresses(distribution: Distribution, old: str) -> list[tuple[Distribution, ForwardingAddress]]:
    try:
        if MOVED not in (distribution.read_text("entry_points.txt") or ""):  # parsing takes most of the time
            return []
        said_by = f"{distribution.name} {distribution.version}"
        entries = distribution.entry_points.select(group=MOVED, name=old)
        return [(distribution, ForwardingAddress(new=entry.value, said_by=said_by)) for entry in entries]
    except Exception:  # anybody's metadata may be damaged in any way
        return []


def _owner(installed: list[Distribution], file: str) -> Distribution | None:
    """The one distribution that installed *file*; with more than one claim there is no owner, and nobody is heard."""
    wanted = os.path.realpath(file)
    ends = {_end(file), _end(wanted)}
    claims = [one for one in installed if _lists(one, wanted, ends)]
    claims = claims or [one for one in installed if _is_edited(one, wanted)]
    return claims[0] if len({one.name for one in claims}) == 1 else None


def _end(file: str) -> str:
    """What a list of files has to mention if *file* is on it: the name, and of an ``__init__`` the package as well."""
    folder, name = os.path.split(file)
    return f"{os.path.basename(folder)}/{name}" if name.startswith("__init__.") else name


def _lists(distribution: Distribution, wanted: str, ends: set[str]) -> bool:
    """Whether *wanted* is among the files that *distribution* installed, or is a folder with some of them."""
    try:
        listing = distribution.read_text("RECORD")
        if listing is not None and not any(end in listing for end in ends):
            return False  # a large distribution has thousands of files, and resolving each takes seconds
        listed = [file for file in distribution.files or () if any(end in file.as_posix() for end in ends)]
        files = [os.path.realpath(str(distribution.locate_file(file))) for file in listed]
    except Exception:  # as above
        return False
    return any(file == wanted or file.startswith(wanted + os.sep) for file in files)


def _is_edited(distribution: Distribution, wanted: str) -> bool:
    """Whether *wanted* is in the folder that an editable install points to (PEP 610, direct_url.json)."""
    import json
    from urllib.request import url2pathname  # as much again as importlib_metadata, and few distributions get here

    try:
        direct_url = json.loads(distribution.read_text("direct_url.json") or "{}")
        url: str = direct_url["url"] if direct_url.get("dir_info", {}).get("editable") else ""
    except Exception:  # as above
        return False
    root = os.path.realpath(url2pathname(url.removeprefix("file://"))) if url else ""
    # A virtual environment inside the folder is not part of the project.
    inside = wanted.removeprefix(root + os.sep) if root else wanted
    return inside != wanted and not {"site-packages", "dist-packages"} & set(inside.split(os.sep))
