"""What asking costs when the answer is known."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import loops
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

_FLOOR = Contender(
    name="function that returns a global", setup="FLAG = False\ndef answer():\n    return FLAG", code="answer()"
)
# The least that an answer by name can cost.
_ENTRY = Contender(
    name="function that returns an entry of a dict",
    setup="FLAGS = {'json': True}\ndef answer(name):\n    return FLAGS[name]",
    code="answer('json')",
)
_PEERS = (
    Contender(
        name="transformers is_torch_available",
        setup="from transformers.utils.import_utils import is_torch_available",
        code="is_torch_available()",
        peer="transformers",
    ),
    Contender(
        name="qiskit LazyImportTester",
        setup="from qiskit.utils.lazy_tester import LazyImportTester\nHAS_JSON = LazyImportTester('json')",
        code="bool(HAS_JSON)",
        after="assert HAS_JSON",
        peer="qiskit",
    ),
    Contender(
        name="lightning RequirementCache",
        setup="from lightning_utilities.core.imports import RequirementCache as Cache\nHAS_JSON = Cache(module='json')",
        code="bool(HAS_JSON)",
        after="assert HAS_JSON",
        peer="lightning-utilities",
    ),
)
DOCKER = Contender(
    name="ssot_shims",
    setup="from ssot_shims import is_docker_available",
    code="is_docker_available()",
    after="assert is_docker_available() is False",
)
NAMED = Contender(
    name="ssot_shims",
    setup="from ssot_shims import capabilities, is_available\ncapabilities.register('json', 'module:json')",
    code="is_available('json')",
    after="assert is_available('json') is True",
)


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """The questions everybody asks, answered before."""
    no_engine = {"DOCKER_HOST": f"unix://{ground.scratch}/none.sock"}
    for what, ours, others, limit in (
        ("is_docker_available()", DOCKER, _PEERS, 1.25),
        ("is_available(name)", NAMED, (_ENTRY, *_PEERS), 1.6),
    ):
        # What the processor worked for us counts, which other processes do not disturb.
        samples = loops(ground, (_FLOOR, ours.replace(environment=no_engine), *others), effort, "thread_time")
        yield Row(what=f"{what}, answered", samples=samples, goal=Goal(kind="ratio", limit=limit))
