"""``HeartbeatConfig``: when a WebSocket connection is pinged, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass

from ssot_shims._shims.shim import shim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


@shim(
    "netra_backend.app.websocket_core.manager:HeartbeatConfig",
    replaces=(
        "netra_backend.app.websocket_core.manager:HeartbeatConfig",
        "test_framework.ssot.orchestration_enums:HeartbeatConfig",
    ),
)
@dataclass
class HeartbeatConfig:
    """When a WebSocket connection is pinged, and when it is given up.

    Seconds, fractions allowed; ``max_missed_heartbeats`` is a count, ``ping_payload_size_limit`` is bytes (RFC 6455
    section 5.5: a control frame carries at most 125). Values are taken as they are, none is refused. The defaults are
    those for staging.

    >>> config = HeartbeatConfig()
    >>> config.heartbeat_interval_seconds, config.heartbeat_timeout_seconds, config.max_missed_heartbeats
    (30, 90, 2)
    >>> config.cleanup_interval_seconds, config.ping_payload_size_limit
    (120, 125)
    >>> HeartbeatConfig(heartbeat_interval_seconds=0.5).heartbeat_interval_seconds
    0.5
    >>> HeartbeatConfig() == HeartbeatConfig(max_missed_heartbeats=2)
    True
    >>> HeartbeatConfig(no_such_keyword=1)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    TypeError: got an unexpected keyword argument
    """

    heartbeat_interval_seconds: float = 30
    heartbeat_timeout_seconds: float = 90
    max_missed_heartbeats: int = 2
    cleanup_interval_seconds: float = 120
    ping_payload_size_limit: int = 125

    @classmethod
    def for_environment(cls, environment: str = "development") -> Self:
        """The configuration for an environment: ``staging``, ``production``, or any other name for development.

        The match is exact and in lower case.

        >>> HeartbeatConfig.for_environment("staging") == HeartbeatConfig()
        True
        >>> production = HeartbeatConfig.for_environment("production")
        >>> production.heartbeat_interval_seconds, production.heartbeat_timeout_seconds
        (25, 75)
        >>> production.max_missed_heartbeats, production.cleanup_interval_seconds
        (2, 180)
        >>> development = HeartbeatConfig.for_environment()
        >>> development.heartbeat_interval_seconds, development.heartbeat_timeout_seconds
        (45, 60)
        >>> development.max_missed_heartbeats, development.cleanup_interval_seconds
        (3, 60)
        >>> development.ping_payload_size_limit, production.ping_payload_size_limit
        (125, 125)
        >>> development == HeartbeatConfig.for_environment("testing") == HeartbeatConfig.for_environment("PRODUCTION")
        True
        """
        if environment == "staging":
            return cls()
        if environment == "production":
            return cls(25, 75, 2, 180)
        return cls(45, 60, 3, 60)
