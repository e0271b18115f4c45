"""Text from elsewhere (error messages, paths) made fit for a terminal, a log, or a Markdown table."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~]")


def one_line(text: str) -> str:
    r"""*text* on one line, with whatever does not print shown as an escape.

    >>> one_line("first\nsecond \x1b[31mred")
    'first second \\x1b[31mred'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))


def describe(error: BaseException) -> str:
    """The type of *error* and its message, on one line, even when the message itself cannot be had.

    >>> describe(ValueError("too large"))
    'ValueError: too large'
    """
    kind = type(error).__name__
    try:
        return one_line(f"{kind}: {error}").removesuffix(":")
    except KeyboardInterrupt:
        raise
    except BaseException:  # even a message may try to exit
        return kind


def markdown(text: str) -> str:
    r"""*text* on one line, with everything that Markdown gives a meaning escaped.

    >>> markdown("a|b <b>__init__</b>")
    'a\\|b \\<b\\>\\_\\_init\\_\\_\\</b\\>'
    """
    return _MARKUP.sub(r"\\\g<0>", one_line(text))
