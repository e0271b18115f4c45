"""Stands for the real product, which a developer of acme has installed."""

from dataclasses import dataclass


@dataclass
class RateLimit:
    """How many requests a client may send, as production counts them."""

    requests_per_minute: int = 600
    burst: int = 20

    def allows(self, requests: int) -> bool:
        """Whether so many requests within a minute are fine."""
        return requests <= self.requests_per_minute
