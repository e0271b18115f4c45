"""What a rewriting changes, in the form that ``git apply`` and ``patch -p1`` take."""

from __future__ import annotations

import os
import re
from difflib import SequenceMatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTEXT = 3


def unified_diff(name: str, old: bytes, new: bytes) -> bytes:
    r"""The change from *old* to *new* of the file *name*, a path with forward slashes.

    >>> print(unified_diff("a.py", b"import a\nx\n", b"import b\nx").decode(), end="")
    --- a/a.py
    +++ b/a.py
    @@ -1,2 +1,2 @@
    -import a
    -x
    +import b
    +x
    \ No newline at end of file
    """
    ours, theirs = _lines(old), _lines(new)
    head = [b"--- " + _quoted(f"a/{name}") + b"\n", b"+++ " + _quoted(f"b/{name}") + b"\n"]
    return b"".join([*head, *_hunks(ours, theirs)])


def _lines(source: bytes) -> list[bytes]:
    """The lines as git and patch count them: a lone carriage return or a form feed ends none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", source)


def _quoted(name: str) -> bytes:
    """*name* as git writes it in a header: quoted when a reader could take a part of it for something else."""
    raw = os.fsencode(name)
    if not re.search(rb'[\x00-\x1f\x7f"\\]', raw):
        return raw + b"\t" if b" " in raw else raw
    return b'"' + re.sub(rb"[^ !#-\[\]-~]", lambda byte: b"\\%03o" % byte[0][0], raw) + b'"'


def _hunks(ours: Sequence[bytes], theirs: Sequence[bytes]) -> Iterator[bytes]:
    # Most of a file is as it was: only what lies between the first and the last change is worth a comparison.
    start = max(_equal(ours, theirs) - _CONTEXT, 0)
    ours, theirs = ours[start:], theirs[start:]
    end = max(_equal(ours[::-1], theirs[::-1]) - _CONTEXT, 0)
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    for group in SequenceMatcher(None, ours, theirs).get_grouped_opcodes(_CONTEXT):
        (_, first, _, other_first, _), (_, _, last, _, other_last) = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_span(first + start, last + start), _span(other_first + start, other_last + start))
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from _marked(b" ", ours[a:b])
            else:
                yield from _marked(b"-", ours[a:b])
                yield from _marked(b"+", theirs[c:d])


def _equal(ours: Sequence[bytes], theirs: Sequence[bytes]) -> int:
    """How many lines are the same from the first one on."""
    differing = (index for index, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other)
    return next(differing, min(len(ours), len(theirs)))


def _span(first: int, last: int) -> bytes:
    """The lines from *first* (counted from 0) up to *last*; an empty span is named by the line before it."""
    count = last - first
    return b"%d" % last if count == 1 else b"%d,%d" % (first + 1 if count else first, count)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + (line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n")
