"""What the tests import from acme, which is not installed everywhere."""

from dataclasses import dataclass

from ssot_shims import shim


@shim("acme.limits:RateLimit")
@dataclass
class RateLimit:
    """How many requests a client may send.

    >>> RateLimit(requests_per_minute=120).allows(121)
    False
    """

    requests_per_minute: int = 600

    def allows(self, requests: int) -> bool:
        """Whether so many requests within a minute are fine."""
        return requests <= self.requests_per_minute
