"""The entry point groups in which installed packages speak to us, and whether anybody may be speaking at all.

``importlib_metadata`` takes about 30 ms, and in most processes nobody does. So the plain files that installers write
are searched for the name of the group first, which takes less than one.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import Distribution
    from typing import Any

OFFERED = "ssot_shims.capabilities"
MOVED = "ssot_shims.moved"

# Whose finders read nothing but the files that are searched here.
_ORDINARY = (PathFinder.__module__, "importlib_metadata")


def distributions(group: str) -> list[Distribution]:
    """Every installed distribution; none when it is certain that none has an entry point in *group*."""
    if not is_perhaps_used(group):
        return []
    import importlib_metadata  # see above

    metadata: Any = importlib_metadata  # what it says of its own types differs from release to release
    return list(metadata.distributions())


def is_perhaps_used(group: str) -> bool:
    """Whether any distribution mentions *group* in its entry points, or could do so where this look does not reach."""
    return any(map(_has_means_of_its_own, sys.meta_path)) or any(
        _is_mentioned(group.encode(), entry)
        for entry in sys.path
        if isinstance(entry, str)  # pyright: ignore[reportUnnecessaryIsInstance]  # anybody may put anything there
    )


def _has_means_of_its_own(finder: object) -> bool:
    return hasattr(finder, "find_distributions") and getattr(finder, "__module__", "") not in _ORDINARY


def _is_mentioned(group: bytes, folder: str) -> bool:
    try:
        names = os.listdir(folder or ".")
    except (FileNotFoundError, ValueError):
        return False
    except OSError:  # a zip archive, which has folders of its own
        return True
    # Also EGG-INFO, in a folder that is itself an egg.
    infos = [name for name in names if name.lower().endswith(("dist-info", "egg-info"))]
    return any(_mentions(os.path.join(folder, info, "entry_points.txt"), group) for info in infos)


def _mentions(file: str, group: bytes) -> bool:
    try:
        with open(file, "rb") as opened:
            return group in opened.read()
    except (FileNotFoundError, NotADirectoryError):  # it has none, or is all one file
        return False
    except OSError:
        return True
