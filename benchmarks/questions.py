"""What asking costs when the answer is known."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import loops
from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Goal, Row

_FLOOR = Contender(
    name="function that returns a global",
    setup="FLAG = False\ndef answer():\n    return FLAG",
    code="answer()",
)
_CACHED = Contender(
    name="functools.cache",
    setup="import functools\n@functools.cache\ndef answer():\n    return False",
    code="answer()",
)
_PEERS = (
    _CACHED,
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
        setup="from lightning_utilities.core.imports import RequirementCache\n"
        "HAS_JSON = RequirementCache(module='json')",
        code="bool(HAS_JSON)",
        after="assert HAS_JSON",
        peer="lightning-utilities",
    ),
    Contender(
        name="lightning module_available",
        setup="from lightning_utilities.core.imports import module_available",
        code="module_available('json')",
        after="assert module_available('json')",
        peer="lightning-utilities",
    ),
    Contender(
        name="pytest.importorskip",
        setup="import pytest",
        code="pytest.importorskip('json')",
        peer="pytest",
    ),
)
_DOCKER = Contender(
    name="ssot_shims",
    setup="from ssot_shims import is_docker_available",
    code="is_docker_available()",
    after="assert is_docker_available() is False",
)
_NAMED = Contender(
    name="ssot_shims",
    setup="from ssot_shims import capabilities, is_available\ncapabilities.register('json', 'module:json')",
    code="is_available('json')",
    after="assert is_available('json') is True",
)
_CHECKED = _NAMED.replace(
    name="ssot_shims, capabilities.check(name)",
    setup=_NAMED.setup.replace("'json'", "'checked'", 1),
    code="capabilities.check('checked')",
    after="assert capabilities.check('checked')",
)


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """The questions everybody asks, answered before."""
    no_engine = {"DOCKER_HOST": f"unix://{ground.scratch}/none.sock"}
    yield Row(
        what="is_docker_available(), answered",
        samples=loops(ground, (_FLOOR, _DOCKER, *_PEERS), effort, no_engine),
        goal=Goal(kind="ratio", limit=1.25),
    )
    yield Row(
        what="is_available(name), answered",
        samples=loops(ground, (_FLOOR, _NAMED, _CHECKED, *_PEERS), effort, no_engine),
        goal=Goal(kind="ratio", limit=1.6),
    )
