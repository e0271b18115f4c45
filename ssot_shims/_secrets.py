"""Text without what may be a password or a token in it, for whatever is shown."""

from __future__ import annotations

_IN_A_SCHEME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_OPENING = "'\"([{<"


def masked(text: str) -> str:
    """*text* with ``***`` for user, password and query in each address in it, and in whatever reads ``user:word@host``.

    >>> masked("cannot reach postgres://me:secret@db:5432/app, nor 'me:secret@db:5432'")
    "cannot reach postgres://***@db:5432/app, nor '***@db:5432'"
    """
    if "@" not in text and "://" not in text:
        return text
    return " ".join(map(_masked_word, text.split(" ")))


def masked_address(address: str) -> str:
    """*address*, readable or not, with ``***`` for whatever may be a user, a password or a token.

    >>> masked_address("https://me:secret@host/health?token=secret")
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


def _masked_word(word: str) -> str:
    before, slashes, _ = word.partition("://")
    if not slashes:
        return _masked_user(word)
    start = len(before.rstrip(_IN_A_SCHEME))
    return _masked_user(before[:start]) + masked_address(word[start:])


def _masked_user(word: str) -> str:
    user, at, host = word.rpartition("@")
    if not at or ":" not in user:
        return word
    return f"{user[: len(user) - len(user.lstrip(_OPENING))]}***@{host}"
