"""Text from elsewhere (error messages, paths) made fit for a terminal, a log, or a Markdown table."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~&]")
_MOST = 1000  # characters of an error message; some hold whole pages


def one_line(text: str) -> str:
    r"""*text* on one line, with whatever does not print shown as an escape.

    >>> one_line("first\nsecond \x1b[31mred")
    'first second \\x1b[31mred'
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def describe(error: BaseException) -> str:
    """The type of *error* and its message, on one line, even when the message itself cannot be had.

    >>> describe(ValueError("too large"))
    'ValueError: too large'
    """
    kind = type(error).__name__
    try:
        # Cut before and after: going through a text character by character takes long, and escapes are longer.
        return shortened(one_line(shortened(f"{kind}: {error}", _MOST)).removesuffix(":"), _MOST)
    except KeyboardInterrupt:
        raise
    except BaseException:  # even a message may try to exit
        return kind


def shortened(text: str, most: int) -> str:
    """*text* in at most so many characters: of a longer one its beginning and its end, where the next step stands.

    >>> shortened("what was seen, at great length; what to do", 30)
    'what was see ... ; what to do'
    """
    half = (most - 5) // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[len(text) - half :]}"


def markdown(text: str) -> str:
    r"""*text* on one line, with everything that Markdown gives a meaning escaped.

    >>> markdown("a|b <b>__init__</b>")
    'a\\|b \\<b\\>\\_\\_init\\_\\_\\</b\\>'
    """
    return _MARKUP.sub(r"\\\g<0>", one_line(text))
