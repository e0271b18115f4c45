"""Walk what people do most, and count what of ssot_shims it goes through: ``python -m benchmarks.flows [--limit ...]``.

Each flow has a process of its own; each part of it has its calls of functions, modules entered by these, calls from one
module into another, and modules that it loaded. The larger figure stands there for several workers. What is counted is
in ``recorder.py``. Needed is what the extra ``dev`` installs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.clock import Gone, run
from benchmarks.effort import FULL
from benchmarks.ground import PLUGIN, Ground, prepared
from benchmarks.table import columns

FIGURES = ("calls", "entered", "crossings", "loaded")
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN, "test_marked.py")
_PART = "from sitecustomize import part\n"

# What each part is; those of one flow have its letter.
PARTS = {
    "a": "from ssot_shims import HeartbeatConfig, absent",
    "b1": "from ssot_shims import is_docker_available",
    "b2": "is_docker_available(), no socket",
    "b3": "is_docker_available() again",
    "c1": 'capabilities.register("postgres", "tcp://...")',
    "c2": 'capabilities.check("postgres")',
    "d": "pytest, two marked tests",
    "dn": "the same under -n 2, the controller",
    "dn-worker": "the same under -n 2, a worker",
    "e": "ssot-shims migrate suite --write, one line",
    "f": "ssot-shims status",
}
# The arguments of Python; what has no name when the process ends is called as its flow is here.
FLOWS = {
    "a": ("-c", "from ssot_shims import HeartbeatConfig"),
    "b3": (
        "-c",
        f"{_PART}from ssot_shims import is_docker_available as ask; part('b1'); ask(); part('b2'); ask()",
    ),
    "c2": (
        "-c",
        f"{_PART}from ssot_shims import capabilities; part('')\n"
        "capabilities.register('postgres', 'tcp://127.0.0.1:1'); part('c1'); capabilities.check('postgres')",
    ),
    "d": _PYTEST,
    "dn": (*_PYTEST, "-p", "xdist", "-n", "2"),
    "e": ("-m", "ssot_shims", "migrate", "suite", "--write"),
    "f": ("-m", "ssot_shims", "status"),
}
_FILES = {
    "test_marked.py": """import pytest
@pytest.mark.requires_capability("docker")
def test_one(): ...
@pytest.mark.requires_upstream("HeartbeatConfig")
def test_two(): ...
""",
    "suite/test_moved.py": "from netra_backend.app.websocket_core.manager import HeartbeatConfig\n",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 when a figure is above its limit, or a flow fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flows", description="Walk the flows, and count.")
    about = f"exit 1 when the figure is larger, like a:entered=8; figures: {', '.join(FIGURES)}"
    parser.add_argument("--limit", action="append", default=[], type=_limit, metavar="PART:FIGURE=N", help=about)
    wanted = parser.parse_args(arguments)
    try:
        with prepared() as ground:
            found = walked(ground)
    except Gone as gone:
        print(gone, file=sys.stderr)
        return 1
    rows = [(name, what, *(str(found[name][figure]) for figure in FIGURES)) for name, what in PARTS.items()]
    print("\n".join(columns([("PART", "WHAT", *map(str.upper, FIGURES)), *rows])))
    over = [(name, figure, limit) for name, figure, limit in wanted.limit if found[name][figure] > limit]
    for name, figure, limit in over:
        print(f"above the limit: {name} has {figure} {found[name][figure]}, at most {limit}", file=sys.stderr)
    return 1 if over else 0


def walked(ground: Ground, flows: Mapping[str, Sequence[str]] = FLOWS) -> dict[str, dict[str, int]]:
    """The figures of each part; raises :class:`Gone` when a flow fails."""
    ground.write({"sitecustomize.py": (Path(__file__).parent / "recorder.py").read_text("utf-8")})
    for name, text in _FILES.items():
        (ground.scratch / name).parent.mkdir(exist_ok=True)
        (ground.scratch / name).write_text(text)
    file = ground.scratch / "figures"
    nowhere = f"unix://{ground.scratch}/none.sock"
    told = {"FLOW_FILE": str(file), "DOCKER_HOST": nowhere, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for flow, arguments in flows.items():
        run(ground, arguments, FULL, {**told, "FLOW": flow})
    found: dict[str, dict[str, int]] = {}
    figures: dict[str, int]
    for line in file.read_text().splitlines():
        name, figures = json.loads(line)
        before = found.setdefault(name, figures)
        found[name] = {figure: max(figures[figure], before[figure]) for figure in FIGURES}
    return found


def _limit(text: str) -> tuple[str, str, int]:
    name, _, rest = text.partition(":")
    figure, _, number = rest.partition("=")
    if name not in PARTS or figure not in FIGURES:
        raise argparse.ArgumentTypeError(f"{text!r} names no part or no figure")
    return name, figure, int(number)


if __name__ == "__main__":
    sys.exit(main())
