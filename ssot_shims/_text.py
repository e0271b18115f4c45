"""Text that is fit to show: on one line, without secrets, in tables, with close matches."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_MARKUP = frozenset(r"\`*_{}[]<>()#+-.!|~&")
_MOST = 1000  # characters of an error message; some hold whole pages


def with_hint(reason: str, hint: str) -> str:
    """*reason* and *hint* as one text.

    >>> with_hint("no package 'acme' is installed here", "install it"), with_hint("git is at /usr/bin/git", "")
    ("no package 'acme' is installed here; install it", 'git is at /usr/bin/git')
    """
    return f"{reason}; {hint}" if hint else reason


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
    except Exception:
        return kind


def shortened(text: str, most: int) -> str:
    """*text* in at most so many characters: of a longer one its beginning and its end, where the next step stands.

    >>> shortened("what was seen, at great length; what to do", 30)
    'what was see ... ; what to do'
    """
    half = (most - 5) // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[len(text) - half :]}"


def escape_markdown(text: str) -> str:
    r"""*text* on one line, with everything that Markdown gives a meaning escaped.

    >>> escape_markdown("a|b <b>__init__</b>")
    'a\\|b \\<b\\>\\_\\_init\\_\\_\\</b\\>'
    """
    return "".join(f"\\{c}" if c in _MARKUP else c for c in one_line(text))


def fit_to_show(text: str) -> str:
    r"""*text* on one line, and ``***`` for what may be a secret in it.

    >>> fit_to_show("cannot reach postgres://me:secret@db:5432/app\n")
    'cannot reach postgres://***@db:5432/app'
    """
    return redact(one_line(text))


_COLOURS = {
    **dict.fromkeys(("upstream", "holds", "available", "chosen"), "32"),  # green
    **dict.fromkeys(("absent", "unavailable", "unusable"), "2"),  # dim
    **dict.fromkeys(("moved", "broken", "differs", "failed"), "31"),  # red
    "timed_out": "33",  # yellow
    "forced": "36",  # cyan
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, width: int = 0, colour: bool = False) -> list[str]:
    """Lines in columns, each status in its *colour*. The last cell of a row is the hint for its last column.

    With *width* the last column is wrapped, and the hint has lines of its own under it. The *head* may be empty.

    >>> table(("NAME", "WHY"), [("git", "it is", ""), ("podman", "it is not", "install it")])
    ['NAME    WHY', 'git     it is', 'podman  it is not; install it']
    >>> table(("NAME", "WHY"), [("podman", "it is not here", "install it")], width=18)
    ['NAME    WHY', 'podman  it is not', '        here', '        install it']
    """
    cells = [[*map(one_line, row)] for row in rows]
    cells[:0] = [[*head, ""]] if head else []
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)][:-2]
    indent = " " * min(sum(size + 2 for size in sizes), width // 2)
    lines: list[str] = []
    for *start, reason, hint in cells:
        line = "".join(_painted(cell, size, colour) + "  " for cell, size in zip(start, sizes, strict=True))
        if width:
            lines += wrapped(line + reason, width, indent) + wrapped(indent + hint, width, indent)
        else:
            lines.append((line + with_hint(reason, hint)).rstrip())
    return lines


def wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    """*text* in lines of at most *width* characters (0: on one line), those after the first behind *indent*."""
    if not width:
        return [text] if text else []
    from textwrap import wrap  # 6 ms, for re, which most processes never need

    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _painted(word: str, size: int, colour: bool) -> str:
    code = _COLOURS.get(word) if colour else None
    return f"\x1b[{code}m{word:{size}}\x1b[0m" if code else f"{word:{size}}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table.

    >>> markdown_table(("name", "why"), [("git", "it is")])
    ['| name | why |', '|---|---|', '| git | it is |']
    """
    cells = (map(escape_markdown, row) for row in rows)
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in cells)]


def read_regular_file(path: str | os.PathLike[str], most: int = -1) -> bytes:
    """The bytes in the file at *path*, or the first *most*. Raises OSError for what is no regular file, as a pipe."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(f"{os.fspath(path)} is not a regular file")
    with open(path, "rb") as file:
        return file.read(most)


_SCHEME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_OPENING = "'\"([{<"


def redact(text: str) -> str:
    """*text* with ``***`` for user, password and query in each address in it, and in whatever reads ``user:word@host``.

    >>> redact("cannot reach postgres://me:secret@db:5432/app, nor 'me:secret@db:5432'")
    "cannot reach postgres://***@db:5432/app, nor '***@db:5432'"
    """
    return " ".join(map(_redact_word, text.split(" ")))


def redact_address(address: str) -> str:
    """*address*, readable or not, with ``***`` for whatever may be a user, a password or a token.

    >>> redact_address("https://me:secret@host/health?token=secret")
    'https://***@host/health?***'
    """
    if address.startswith("unix:///"):
        return address
    scheme, slashes, rest = address.partition("://")
    if not slashes or not scheme.isidentifier():
        scheme, slashes, rest = "", "", address
    head = rest.partition("?")[0].partition("#")[0]
    tail = rest[len(head) :]
    if "@" in tail:
        return f"{scheme}{slashes}***"  # a user with ? in the password, or a query with @: nobody can tell
    if "@" in head:
        head = f"***@{head.rpartition('@')[2]}"
    return f"{scheme}{slashes}{head}{tail[:1]}{'***' if tail[1:] else ''}"


def _redact_word(word: str) -> str:
    before, slashes, _ = word.partition("://")
    if not slashes:
        return _masked_user(word)
    start = len(before.rstrip(_SCHEME_LETTERS))
    return _masked_user(before[:start]) + redact_address(word[start:])


def _masked_user(word: str) -> str:
    user, at, host = word.rpartition("@")
    if not at or ":" not in user:
        return word
    return f"{user[: len(user) - len(user.lstrip(_OPENING))]}***@{host}"


def close_matches(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names among *known* that *name* may have been meant for, best first, at most three.

    A name that contains the other (``RetryPolicy`` and ``RetryPolicyService``) counts as close, whatever its length.

    >>> close_matches("HeartbeetConfig", ["RetryPolicy", "HeartbeatConfig"])
    ('HeartbeatConfig',)
    >>> close_matches("RetryPolicy", ["UnifiedRetryPolicyServiceFactory", "Server"])
    ('UnifiedRetryPolicyServiceFactory',)
    """
    from difflib import get_close_matches  # a few milliseconds, and most runs have nothing to suggest

    wanted = name.casefold()
    by_fold = {candidate.casefold(): candidate for candidate in known}
    spelled_alike = get_close_matches(wanted, by_fold, n=3)
    containing = [fold for fold in by_fold if len(fold) > 3 and (wanted in fold or fold in wanted)]
    return tuple(by_fold[fold] for fold in dict.fromkeys([*spelled_alike, *containing]))[:3]


def close_as_text(name: str, known: Iterable[str], prefix: str = "") -> str:
    """``"; close: A, B"``, each with *prefix*, or nothing when nothing comes close."""
    close = close_matches(name, known)
    return f"; close: {', '.join(prefix + match for match in close)}" if close else ""
