"""``RetryPolicy``: how often and how soon a failed operation is tried again, and when trying stops."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ssot_shims._shims.shim import shim


@shim(
    "netra_backend.app.db.intelligent_retry_system:RetryPolicy",
    replaces=(
        "netra_backend.app.db.intelligent_retry_system:RetryPolicy",
        "netra_backend.app.services.service_mesh.retry_policy:RetryPolicy",
        "test_framework.ssot.orchestration_enums:RetryPolicy",
    ),
)
@dataclass
class RetryPolicy:
    """How often and how soon a failed operation is tried again, and when trying stops.

    ``max_attempts`` counts attempts, the first included. Delays and timeouts are seconds: the delay starts at
    ``base_delay``, is multiplied by ``backoff_factor`` after each attempt and never exceeds ``max_delay``; ``jitter``
    spreads it. After ``circuit_breaker_threshold`` failures nothing is tried for ``circuit_breaker_timeout``. Values
    are taken as they are, none is refused.

    >>> policy = RetryPolicy()
    >>> policy.max_attempts, policy.base_delay, policy.max_delay, policy.backoff_factor, policy.jitter
    (5, 1.0, 60.0, 2.0, True)
    >>> policy.circuit_breaker_threshold, policy.circuit_breaker_timeout
    (10, 300.0)
    >>> RetryPolicy(max_attempts=1) == RetryPolicy()
    False
    >>> RetryPolicy(no_such_keyword=1)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    TypeError: got an unexpected keyword argument
    """

    max_attempts: int = 5
    base_delay: float = 1.0
    max_delay: float = 60.0
    backoff_factor: float = 2.0
    jitter: bool = True
    _: KW_ONLY  # the real class has two more fields here, so that these have no position in common
    circuit_breaker_threshold: int = 10
    circuit_breaker_timeout: float = 300.0
