"""What the pytest plugin costs a run that does not use it, in seconds and in memory."""

from __future__ import annotations

from collections.abc import Iterator

import benchmarks.start as start
from benchmarks.clock import figures, processes
from benchmarks.contender import Contender, with_noise
from benchmarks.effort import Effort
from benchmarks.ground import PLUGIN, Ground
from benchmarks.memory import RESIDENT
from benchmarks.row import Goal, Row, Sample

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
_RUN = ("-q", "-p", "no:cacheprovider", "test_nothing.py")
_REMEMBERED = "import pytest\nassert pytest.main({arguments!r}) == 0\n" + RESIDENT
_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Load the plugin in a pytest process; run one test with it and without."""
    ground.write({"empty_plugin.py": ""})
    (ground.scratch / "test_nothing.py").write_text("def test_nothing(): pass\n")
    empty = Contender(name="empty plugin", code=_LOAD.format(name="empty_plugin"), peer="pytest", environment=_ALONE)
    cached = empty.replace(name="ssot_shims", code=_LOAD.format(name=PLUGIN))
    raw = cached.replace(environment={**_ALONE, **ground.without_bytecode()})
    for what, ours, limit in (("byte code cached", cached, 0.001), ("no byte code", raw, 0.002)):
        samples = figures(ground, with_noise((empty, ours)), effort)
        goal = Goal(kind="at most", limit=limit)
        yield Row(what=f"plugin loaded by pytest, {what}", samples=_honest(ground, samples), goal=goal)
    yield from _whole_runs(ground, effort)
    yield from start.rows(ground, effort)


def _whole_runs(ground: Ground, effort: Effort) -> Iterator[Row]:
    without = Contender(name="without the plugin", code="", peer="pytest", environment=_ALONE)
    with_it = without.replace(name="ssot_shims")
    contenders = tuple(
        one.replace(flags=("-m", "pytest", *given, *_RUN)) for one, given in ((without, ()), (with_it, ("-p", PLUGIN)))
    )
    yield Row(what="pytest run of one test", samples=_honest(ground, processes(ground, contenders, effort)))
    contenders = tuple(
        one.replace(code=_REMEMBERED.format(arguments=[*given, *_RUN]))
        for one, given in ((without, ()), (with_it, ("-p", PLUGIN)))
    )
    samples = figures(ground, with_noise(contenders), effort)
    yield Row(what="pytest run of one test, memory at its end", samples=_honest(ground, samples), unit="bytes")


def _honest(ground: Ground, samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """The *samples*; ours is named as missing where there is no plugin yet."""
    missing = Sample(name="ssot_shims", problem=f"missing: there is no {PLUGIN} yet")
    return tuple(missing if one.name == "ssot_shims" and not ground.has_plugin else one for one in samples)
