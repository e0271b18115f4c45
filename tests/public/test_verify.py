"""The command verify: what holds, what differs, and what is required."""

from __future__ import annotations

import json
import sys

import pytest

from ssot_shims import Availability, capabilities
from tests.conftest import Write
from tests.public.conftest import Run
from tests.support.command_line import ABSENT, ONE, SUITE, TITLE, UPSTREAM, row

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "on_a_known_machine")


def test_verify_holds(run: Run, write: Write) -> None:
    """Every upstream that keeps its promise is said to hold; absence is no failure; exit code 0."""
    root = write(UPSTREAM)
    code, out, err = run("verify", "suite.shims")
    expected = f"""{TITLE}

SHIM             CONTRACT  WHY
Limits           holds     acme.ws:Limits ({root}/acme/ws.py)
Quota            holds     acme.ws:Quota ({root}/acme/ws.py)
HeartbeatConfig  absent    {ABSENT}
RetryPolicy      absent    {ABSENT}

2 of 4 shims compared with their upstream; 0 errors
"""
    assert (code, out, err) == (0, expected, "acme says hello\n")


def test_verify_names_each_difference(run: Run, write: Write) -> None:
    """A promise that does not hold is one line, in structure or in an example, and exit code 1; a note is a line."""
    notes = "from ssot_shims import shim\n@shim('loose:f')\ndef f(x: float) -> None: ..."
    write({**UPSTREAM, "acme/ws.py": "class Limits: ...\nclass Quota:\n    left = 4\n"})
    root = write({"notes.py": notes, "loose.py": "def f(x: int) -> None: ..."})
    code, out, _ = run("verify", "suite.shims")
    assert (code, row(out, "Limits")) == (1, f"Limits differs acme.ws:Limits ({root}/acme/ws.py)")
    assert out.split("\n\n")[-1].splitlines() == [
        "error: Limits.retries: the placeholder has attribute; upstream has no such name",
        "error: Quota.left: the placeholder has left=5; upstream has left=4",
        "error: Quota docstring, line 3: Quota().left: the placeholder has 5; upstream has 4",
        "2 of 4 shims compared with their upstream; 3 errors",
    ]
    data = json.loads(run("verify", "suite.shims", "--format", "json")[1])
    assert (data["holds"], [one["contract"] for one in data["contracts"]]) == (False, ["differs"] * 2 + ["absent"] * 2)
    assert data["contracts"][1]["differences"][0] == {
        **{"what": "Quota.left", "placeholder": "left=5", "upstream": "left=4", "is_error": True}
    }
    assert "note: f(x): the placeholder has x: float; upstream has x: int\n" in run("verify", "notes")[1]


HIDES = "try:\n    from declares import X\nexcept ImportError:\n    X = None"


FAILS = {
    "moved": ({"acme/ws.py": "class Quota: left = 5"}, "Limits is not in"),
    "moved, counted": (
        {"acme/ws.py": "class Quota: left = 5"},
        "\n1 of 4 shims compared with their upstream; 0 errors; 1 moved\n",
    ),
    "broken, counted": ({"acme/ws.py": "1/0\nclass Limits: ...\nclass Quota: ..."}, "; 0 errors; 2 broken\n"),
    "broken": ({"acme/ws.py": "1/0\nclass Limits: ...\nclass Quota: ..."}, "importing acme.ws raised ZeroDiv"),
    "a broken target before the one that won": ({"acme/old.py": "Quota = 0"}, "acme.old:Quota is of type int, not a "),
    "a module that raises": ({"suite/shims.py": "raise OSError('no')"}, "problem: suite.shims cannot be imported: OS"),
    "declared twice": (
        {"suite/shims.py": f"{SUITE}\nfrom suite import again", "suite/again.py": SUITE},
        "suite.again.Limits declares the shim Limits, which suite.shims.Limits has declared already; ",
    ),
    "hidden": ({"suite/shims.py": HIDES, "declares.py": ONE}, "X is not in "),
}


@pytest.mark.parametrize(("files", "told"), FAILS.values(), ids=FAILS)
@pytest.mark.parametrize("strict", ["0", "1"])
def test_verify_fails_for_what_is_not_quiet(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], told: str, strict: str
) -> None:
    """Moved, broken, and modules that cannot be imported are exit code 1; an except around a shim hides nothing."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", strict)
    write({**UPSTREAM, **files})
    code, out, _ = run("verify", "suite.shims")
    assert (code, told in out) == (1, True)


def test_examples_find_what_the_project_finds(run: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that imports a neighbour when it is called finds it, as it did when it was imported."""
    docstring = "'''\n    >>> f()\n    2\n    '''"
    suite = f"from ssot_shims import shim\n@shim('acme:f')\ndef f() -> int:\n    {docstring}\n    return 2"
    root = write({"acme.py": "def f() -> int:\n    import helper\n    return helper.two", "helper.py": "two = 2"})
    write({"suite.py": suite})
    sys.path.remove(str(root))
    monkeypatch.chdir(root)
    assert run("verify", "suite")[0] == 0


FORCED = "forced: SSOT_SHIMS_HAS_PODMAN says yes; to ask the machine: unset SSOT_SHIMS_HAS_PODMAN"


REQUIRED = {
    "real": ("git, docker_sdk", {}),
    "forced": ("git,docker,podman", {"docker": "unavailable: no engine here", "podman": f"available: {FORCED}"}),
    "an override below it": ("both", {"both": "available: forced: git: git is here; part: as if"}),
    "upstreams": ("upstream:Limits,upstream:Quota", {}),
    "a placeholder": ("upstream:RetryPolicy,git", {"upstream:RetryPolicy": f"absent: {ABSENT}"}),
    "unknown": ("no,upstream:No", {"no": "no capability of that name", "upstream:No": "no shim of that name"}),
}


@pytest.mark.parametrize(("required", "told"), REQUIRED.values(), ids=REQUIRED)
def test_verify_fails_for_what_is_required_and_not_real(
    run: Run, monkeypatch: pytest.MonkeyPatch, write: Write, required: str, told: dict[str, str]
) -> None:
    """One line for each required name that is not really there, forced or a placeholder; nobody else is asked."""
    write(UPSTREAM)
    asked: list[int] = []
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", required)
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "1")
    capabilities.register("costly", lambda: asked.append(1))
    capabilities.register("part", lambda: False)
    capabilities.register("both", "all:git,part")
    with capabilities.override(part=Availability(status="available", reason="as if")):
        code, out, _ = run("verify", "suite.shims")
    lines = [f"problem: SSOT_SHIMS_REQUIRE={name}: {why}" for name, why in told.items()]
    assert [line for line in out.splitlines() if line.startswith("problem")] == lines
    assert (code, asked) == (1 if told else 0, [])
