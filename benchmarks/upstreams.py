"""What a shim costs whose upstream is not there, and one whose upstream is a large package that lost the symbol."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.clock import figures, processes, statements
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

# The placeholder of ssot_shims, as one writes it without.
_BY_HAND = '''"""``HeartbeatConfig``: when a WebSocket connection is pinged, and when it is given up."""

from __future__ import annotations

try:
    from netra_backend.app.websocket_core.manager import HeartbeatConfig
except ImportError:
    from dataclasses import dataclass

    @dataclass
    class HeartbeatConfig:
        heartbeat_interval_seconds: float = 30
        heartbeat_timeout_seconds: float = 90
        max_missed_heartbeats: int = 2
        cleanup_interval_seconds: float = 120
        ping_payload_size_limit: int = 125

        @classmethod
        def for_environment(cls, environment: str = "development") -> HeartbeatConfig:
            if environment == "staging":
                return cls()
            if environment == "production":
                return cls(25, 75, 2, 180)
            return cls(45, 60, 3, 60)
'''
_MODULES = 885  # as many as one real code base ran to reach such a placeholder, in 12 s
_FUNCTION = "def function_{0}(first, second=1):\n    '''Number {0}.'''\n    return first + second\n\n"
_RAN = "sum(name.partition('.')[0] == 'netra_backend' for name in __import__('sys').modules)"


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Import a shim against a try/except import that defines the same placeholder."""
    ground.write({"by_hand.py": _BY_HAND})
    by_hand = Contender(name="try/except, same placeholder", code="from by_hand import HeartbeatConfig")
    ours = Contender(name="ssot_shims", code="from ssot_shims import HeartbeatConfig")
    yield Row(
        what="upstream absent, whole process",
        samples=processes(ground, (by_hand, ours), effort),
        goal=Goal(kind="ratio", limit=1.2),
    )
    modules = int(_MODULES * effort.scale)
    ground.write(_moved_upstream(modules))
    path = os.pathsep.join([str(ground.folder / "moved"), ground.environment["PYTHONPATH"]])
    moved = {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    contenders = tuple(one.replace(setup="import dataclasses", environment=moved) for one in (by_hand, ours))
    yield Row(
        what="upstream moved, the import",
        samples=statements(ground, contenders, effort),
        goal=Goal(kind="at most", limit=0.05),
        note=f"upstream imports {modules} modules; the last has 5,000 lines",
    )
    yield Row(
        what="upstream moved, modules of it that ran",
        samples=figures(ground, contenders, effort.replace(rounds=1), "{setup}\n{code}\nprint(" + _RAN + ")"),
        unit="count",
        goal=Goal(kind="at most", limit=0),
        has_floor=False,
    )


def _moved_upstream(modules: int) -> dict[str, str]:
    """The files of a package whose import runs so many modules, and which has lost the symbol."""
    names = [f"part_{number}" for number in range(modules)]
    functions = "".join(_FUNCTION.format(number) for number in range(1249))  # 5,000 lines
    files = {
        "__init__.py": "".join(f"from netra_backend import {name}\n" for name in names),
        "app/__init__.py": "from netra_backend.app.websocket_core import manager\n",
        "app/websocket_core/__init__.py": "from netra_backend.app.websocket_core import manager\n",
        "app/websocket_core/manager.py": f"class EnhancedHeartbeatConfig:\n    interval = 30\n\n\n{functions}",
        **{f"{name}.py": "import json, logging\n\n\nclass Part:\n    size = 1\n" for name in names},
    }
    return {f"moved/netra_backend/{name}": text for name, text in files.items()}
