"""How many probes run when 64 threads ask the first question at once."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import figures
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

# Each names its question ask; probe is the crowd's, which counts.
_CONTENDERS = (
    Contender(
        name="ssot_shims",
        code="""from ssot_shims import capabilities
capabilities.register("crowd", probe)
ask = lambda: capabilities.check("crowd")""",
    ),
    Contender(name="functools.cache", code="import functools\nask = functools.cache(probe)"),
    Contender(
        name="qiskit LazyDependencyManager",
        code="""from qiskit.utils.lazy_tester import LazyDependencyManager
ask = type("Crowd", (LazyDependencyManager,), {"_is_available": lambda self: probe()})(name="crowd").__bool__""",
        peer="qiskit",
    ),
)
_CROWD = """
import threading, time
counting, started, probes = threading.Lock(), threading.Barrier(64), 0
def probe():
    global probes
    with counting:
        probes += 1
    time.sleep(0.02)
    return True
{code}
def one_of_them():
    started.wait()
    assert ask()
threads = [threading.Thread(target=one_of_them) for _ in range(64)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(probes)
"""


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Count the probes of ours and of the peers that can be given one."""
    yield Row(
        what="64 threads, first question at once: probes",
        samples=figures(ground, _CONTENDERS, effort.replace(rounds=3), _CROWD),
        unit="count",
        goal=Goal(kind="at most", limit=1),
        has_floor=False,
    )
