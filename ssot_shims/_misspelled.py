"""What to say when a name is not there: the names that come close."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(candidate.casefold(), candidate)
    spelled_alike = get_close_matches(wanted, by_fold, n=3)
    containing = [fold for fold in by_fold if len(fold) > 3 and (wanted in fold or fold in wanted)]
    return tuple(by_fold[fold] for fold in dict.fromkeys([*spelled_alike, *containing]))[:3]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; close: A, B"``, or nothing when nothing comes close."""
    close = close_matches(name, known)
    return f"; close: {', '.join(close)}" if close else ""
