"""How the cost of a question, and of a report, grows with the number of capabilities and shims."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clock import loops, processes, statements
from benchmarks.contender import AGAIN, Contender
from benchmarks.effort import Effort
from benchmarks.ground import Ground
from benchmarks.row import Row, Sample

CAPABILITIES = (1, 10, 100, 1000)
SHIMS = (10, 100, 1000)

# A registry of its own each, because those in a loop share their process.
_REGISTER = """from ssot_shims import Registry
registry = Registry()
for number in range({0}):
    registry.register(f"number_{{number}}", "env:PATH")
"""
_DECLARE = """from ssot_shims import shim
def declare(number):
    shim(f"no_such_package.part_{{number}}:Name")(type(f"Name_{{number}}", (), {{"__module__": __name__}}))
declare("warm")
"""
_DECLARE_ALL = "for number in range({0}):\n    declare(number)"
_REPORT = "from ssot_shims._report import as_text, status\nas_text(status())\n"


def rows(ground: Ground, effort: Effort) -> Iterator[Row]:
    """Questions beside 1 to 1,000 capabilities; declarations and reports of 10 to 1,000 shims."""
    asked = tuple(
        Contender(
            name=f"{size:,} registered",
            setup=_REGISTER.format(size),
            code=f"registry.check('number_{size - 1}')",
        )
        for size in CAPABILITIES
    )
    yield Row(what="question, first in the process", samples=statements(ground, asked, effort))
    anew = tuple(
        one.replace(code=f"registry.refresh('number_{size - 1}')\n{one.code}")
        for one, size in zip(asked, CAPABILITIES, strict=True)
    )
    yield Row(what="question, forgotten and asked anew", samples=loops(ground, anew, effort))
    yield Row(what="question, answered", samples=loops(ground, asked, effort))
    yield from _shims(ground, effort)


def _shims(ground: Ground, effort: Effort) -> Iterator[Row]:
    declared = tuple(
        Contender(name=f"{size:,} shims", setup=_DECLARE.format(size), code=_DECLARE_ALL.format(size)) for size in SHIMS
    )
    yield Row(what="declaring shims, each", samples=_each(statements(ground, declared, effort)))
    reported = tuple(
        one.replace(setup=f"{one.setup}{one.code}\n{_REPORT}", code="as_text(status())") for one in declared
    )
    yield Row(what="status report, each shim", samples=_each(statements(ground, reported, effort)))
    modules = {f"shims_{size}.py": _DECLARE.format(size) + _DECLARE_ALL.format(size) for size in SHIMS}
    ground.write(modules)
    commands = tuple(
        one.replace(setup="", code="", flags=("-m", "ssot_shims", "status", f"shims_{size}"))
        for one, size in zip(declared, SHIMS, strict=True)
    )
    yield Row(what="ssot-shims status, whole process", samples=processes(ground, commands, effort))


def _each(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Seconds for all made seconds for each of them."""
    sizes = {AGAIN: SHIMS[0], **{f"{size:,} shims": size for size in SHIMS}}
    return tuple(one.replace(values=tuple(value / sizes[one.name] for value in one.values)) for one in samples)
