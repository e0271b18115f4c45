"""Where the statements go that stand in place of one import statement."""

from __future__ import annotations

import re

from ssot_shims._migrate.text import Edit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._migrate.source import Import
    from ssot_shims._migrate.text import Text

_TOOLS = "fmt|flake8|isort|mypy|pragma|pylint|pyre|pyright|ruff|ty|type|yapf"
# What is said to a tool is about the statement, and goes with it; what is said to people stays.
TOOL_COMMENT = re.compile(rf"#\s*(?:noqa|nosec|noinspection|(?:{_TOOLS})\s*:)", re.IGNORECASE)
_REST = re.compile(rb"[ \t\f]*(#[^\r\n]*)?(\r\n?|\n|\Z)")
_COMMENT = re.compile(rb"#[^\r\n]*")  # an import statement holds no string that could hold one


def replaced(text: Text, statement: Import, parts: tuple[str, ...]) -> Edit:
    """The edit that puts *parts* in place of *statement*: on lines of their own when it starts one, else on its own."""
    indentation = _indentation(text, statement)
    if indentation is None:
        return Edit(start=statement.start, end=statement.end, new="; ".join(parts))
    comment = _comment(text, statement)
    repeated = f"  {comment}" if TOOL_COMMENT.match(comment) else ""
    new = f"{repeated}{text.line_end(statement.end)}{indentation}".join(parts)
    return Edit(start=statement.start, end=statement.end, new=new)


def removed(text: Text, statement: Import) -> Edit:
    """The edit that takes out the lines of *statement*, which :func:`is_removable`."""
    rest = _REST.match(text.body, statement.end)
    assert rest is not None
    return Edit(start=text.starts[text.line(statement.start) - 1], end=rest.end(), new="")


def is_removable(text: Text, statement: Import) -> bool:
    """Whether nothing is lost with *statement*: neither other code on its lines nor what a person wrote there."""
    rest = _REST.match(text.body, statement.end)
    if rest is None or _indentation(text, statement) is None:
        return False
    comments = _COMMENT.findall(text.body, statement.start, rest.end())
    return all(TOOL_COMMENT.match(comment.decode()) for comment in comments)


def _comment(text: Text, statement: Import) -> str:
    """The comment behind *statement*, when nothing else is."""
    rest = _REST.match(text.body, statement.end)
    return rest[1].decode() if rest and rest[1] else ""


def _indentation(text: Text, statement: Import) -> str | None:
    """What stands before *statement* on its line; None when that is, or continues, other code."""
    start = text.starts[text.line(statement.start) - 1]
    before = text.body[start : statement.start].decode()
    above = text.body[text.starts[max(text.line(statement.start) - 2, 0)] : start]
    is_continued = above.rstrip(b"\r\n").endswith(b"\\") and not above.lstrip().startswith(b"#")
    if before.strip(" \t\f") or is_continued:
        return None
    return before.rpartition("\f")[2]  # a form feed starts the count of columns anew
