"""The shims, under the name of the module they were first published in.

That was ``test_framework.ssot.orchestration_enums``.
"""

from __future__ import annotations

from ssot_shims.heartbeat_config import HeartbeatConfig
from ssot_shims.retry_policy import RetryPolicy

__all__ = ["HeartbeatConfig", "RetryPolicy"]
