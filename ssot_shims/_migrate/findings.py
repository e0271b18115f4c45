"""What a rewriting tells: what was replaced, and what was found and left."""

from __future__ import annotations

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["string", "mention", "star import", "refused", "unsure", "kept", "home"]


class Replacement(Record):
    """One rule, applied in one statement, or to one dotted use: the text before and after."""

    line: int
    rule: str
    old: str
    new: str


class Finding(Record):
    """Something that is left as it is, and should be known.

    ``string``: a whole dotted string; ``mention``: one inside a longer string; ``star import``; ``refused``: the new
    home is not there, or only running it could tell; ``unsure``: rewriting it could change what it means; ``kept``:
    somebody asked for that; ``home``: the file is the old or the new home itself.
    """

    line: int
    kind: Kind
    text: str
    suggestion: str
    rule: str = ""  # the one it is about; the summary counts by it


class Rewriting(Record):
    """What became of one file: its bytes, the same ones when nothing was replaced."""

    source: bytes
    replacements: tuple[Replacement, ...] = ()
    findings: tuple[Finding, ...] = ()
