"""What the pytest plugin costs a run that does not use it."""

from __future__ import annotations

from collections.abc import Iterator

import benchmarks.start as start
from benchmarks.clock import figures
from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import PLUGIN, Ground
from benchmarks.row import Goal, Row

# As pytest's Config loads a plugin: with the import hook in place that rewrites assertions.
_LOAD = """import time, pytest
from _pytest.assertion import install_importhook
from _pytest.config import get_config
config = get_config()
config.pluginmanager.rewrite_hook = install_importhook(config)
start = time.perf_counter()
config.pluginmanager.import_plugin({name!r})
print(time.perf_counter() - start)
"""
_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Load the plugin in a pytest process; start pytest with the wheel installed and without."""
    ground.write({"empty_plugin.py": ""})
    empty = Contender(name="empty plugin", code=_LOAD.format(name="empty_plugin"), peer="pytest", environment=_ALONE)
    cached = empty.replace(name="ssot_shims", code=_LOAD.format(name=PLUGIN))
    raw = cached.replace(environment={**_ALONE, **ground.without_bytecode()})
    for what, ours, limit in (("byte code cached", cached, 0.001), ("no byte code", raw, 0.002)):
        samples = figures(ground, with_noise((empty, ours)), effort)
        yield Row(what=f"plugin loaded by pytest, {what}", samples=samples, goal=Goal(kind="at most", limit=limit))
    yield from start.rows(ground, effort)
