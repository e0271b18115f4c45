"""The entry point groups in which installed packages speak to us, and whether anybody may be speaking at all.

``importlib_metadata`` takes about 30 ms, and in most processes nobody does. So the plain files that installers write
are searched for the name of the group first, which takes less than one.

What is on ``sys.path`` is heard, folders and archives. Other finders of distributions are not asked: they may take any
time and raise anything, and would stand before the answer to every first question.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution
    from typing import Any

OFFERED = "ssot_shims.capabilities"


def distributions(group: str) -> list[Distribution]:
    """Every installed distribution; none when it is certain that none has an entry point in *group*."""
    is_perhaps_used = any(_is_mentioned(group.encode(), place) for place in _places())
    return [*found()] if is_perhaps_used else []


def counting(name: str) -> Distribution | None:
    """The distribution that counts of all with that *name*: the first on ``sys.path`` that is whole."""
    # Without a name it is the file itself: distutils wrote no folder.
    whole = (one for one in found(name=name) if any(map(one.read_text, ("METADATA", "PKG-INFO", ""))))
    return next(whole, None)


def found(**wanted: str) -> Iterable[Distribution]:
    """Every installed distribution; with ``name=`` those of that name, in whatever notation."""
    import importlib_metadata  # see above

    metadata: Any = importlib_metadata  # what it says of its own types differs from release to release
    installed: Iterable[Distribution] = metadata.MetadataPathFinder().find_distributions(
        metadata.DistributionFinder.Context(path=_places(), **wanted)
    )
    return installed


def _places() -> list[str]:
    """The entries of ``sys.path`` that are there; anybody may have put anything on it."""
    return [entry or "." for entry in sys.path if isinstance(entry, str) and os.path.exists(entry or ".")]  # pyright: ignore[reportUnnecessaryIsInstance]  # see above


def _is_mentioned(group: bytes, place: str) -> bool:
    try:
        names = os.listdir(place)
    except OSError:  # a zip archive, which has folders of its own
        return True
    # Also EGG-INFO, in a folder that is itself an egg.
    infos = [name for name in names if name.lower().endswith(("dist-info", "egg-info"))]
    return any(_mentions(os.path.join(place, info, "entry_points.txt"), group) for info in infos)


def _mentions(file: str, group: bytes) -> bool:
    try:
        with open(file, "rb") as opened:
            return group in opened.read()
    except (FileNotFoundError, NotADirectoryError):  # it has none, or is all one file
        return False
    except OSError:
        return True
