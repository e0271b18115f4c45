"""The text of one file: decoded as Python decodes it, held as UTF-8, because that is what columns count."""

from __future__ import annotations

import re
from bisect import bisect_right
from io import BytesIO
from tokenize import detect_encoding

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how files begin that some editors call Unicode

_MOST = 5_000_000  # bytes, of which the parser of Python makes half a gigabyte of memory
_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n?|\n")  # str.splitlines takes form feeds and others for line ends, which Python does not


class Unparsable(Exception):
    """A file that cannot be read as Python: the line, and the cause."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(line, cause)
        self.line = line
        self.cause = cause

    def __str__(self) -> str:
        return f"line {self.line}: {self.cause}"


class Edit(Record):
    """A stretch of the body, and what is to stand there."""

    start: int
    end: int
    new: str


class Text(Record):
    """A file's text in UTF-8, without the byte-order mark; where its lines start; and how it was encoded."""

    body: bytes
    starts: tuple[int, ...]
    encoding: str

    def offset(self, line: int, column: int) -> int:
        """The place in the body that the compiler calls *line* (from 1) and *column* (in bytes)."""
        return self.starts[line - 1] + column

    def line(self, offset: int) -> int:
        """The number of the line, from 1, with the place *offset* of the body."""
        return bisect_right(self.starts, offset)

    def lines_around(self, start: int, end: int) -> str:
        """The lines from the one with *start* to the one with *end*, whole."""
        following = _LINE_END.search(self.body, end)
        return self.body[self.starts[self.line(start) - 1] : following.start() if following else None].decode()

    def line_end(self, offset: int) -> str:
        """How the line with *offset* ends, or if it does not, how the first line does."""
        found = _LINE_END.search(self.body, offset) or _LINE_END.search(self.body)
        return found[0].decode() if found else "\n"

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The body with all *edits* made; they must not overlap."""
        parts: list[bytes] = []
        done = 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            parts += (self.body[done : edit.start], edit.new.encode())
            done = edit.end
        return b"".join((*parts, self.body[done:]))

    def encoded(self, body: bytes) -> bytes:
        """*body* in place of this one's, encoded as the file was. Raises UnicodeEncodeError."""
        if self.encoding == "utf-8":
            return body
        return _MARK + body if self.encoding == "utf-8-sig" else body.decode().encode(self.encoding)


def read_text(source: bytes) -> Text:
    r"""The text of a file with the bytes *source*. Raises :class:`Unparsable`.

    >>> read_text(b"# coding: latin-1\nx = '\xe9'").body.decode()
    "# coding: latin-1\nx = 'é'"
    """
    if len(source) > _MOST:
        cause = f"{len(source):,} bytes are too many, no more than {_MOST:,} are taken; move its imports by hand"
        raise Unparsable(1, cause)
    if source.startswith(UTF16):
        raise Unparsable(1, "it is UTF-16, which Python does not read; save it as UTF-8")
    if b"\0" in source:
        _refuse(source, source.index(b"\0"), "a NUL byte, which no Python source has")
    problem = ""
    try:
        encoding, _ = detect_encoding(BytesIO(source).readline)
    except SyntaxError as error:  # no such encoding, or what should name it is in none
        encoding, problem = "utf-8", str(error)
    try:
        text = source.decode(encoding)
        body = source.removeprefix(_MARK) if encoding.startswith("utf-8") else text.encode()
        is_given_back = text.encode(encoding) == source
    except UnicodeDecodeError as error:
        _refuse(source, error.start, f"{source[error.start]:#04x} is not {encoding}, in which this file is to be read")
    except (UnicodeError, LookupError) as error:  # a codec may be for no text at all, or refuse all of it
        raise Unparsable(1, f"cannot be read as {encoding}: {error}") from None
    if problem or not is_given_back:
        raise Unparsable(1, problem or f"{encoding} would not give the same bytes back; save it as UTF-8")
    return text_of(body, encoding)


def text_of(body: bytes, encoding: str = "utf-8") -> Text:
    """The text with this *body*."""
    return Text(body=body, starts=(0, *(end.end() for end in _LINE_END.finditer(body))), encoding=encoding)


def _refuse(source: bytes, offset: int, cause: str) -> NoReturn:
    raise Unparsable(len(_LINE_END.findall(source, 0, offset)) + 1, cause) from None
