"""What a test run was told, for as long as it lasts: by its options and ini keys, beside the environment variables.

Tests may clear the environment; what is required here they do not change.
"""

from __future__ import annotations

import ssot_shims._settings as _settings
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Told(Record):
    """Who requires each name, who has said what each variable says, and the folder of the project."""

    required: Mapping[str, str] = {}
    said_by: Mapping[str, str] = {}
    folder: Path | None = None


_told = Told()


def told() -> Told:
    """What the run that is under way was told; nothing outside of any."""
    return _told


def tell(new: Told) -> Told:
    """Let *new* be in force; what was before is given back, to be told again at the end."""
    global _told
    before, _told = _told, new
    return before


def required_here() -> dict[str, str]:
    """What is required, and who says so: the run, else ``SSOT_SHIMS_REQUIRE``. Raises :class:`InvalidSetting`."""
    return {**dict.fromkeys(_settings.required(), _settings.REQUIRE), **_told.required}


def in_words_of_the_user(reason: str) -> str:
    """*reason* for one who has written an option or an ini key, and knows nothing of the variable behind it."""
    for variable, place in _told.said_by.items():
        reason = reason.replace(f"unset {variable}", f"leave out {place}")
    return reason
