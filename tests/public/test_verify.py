"""The command verify: what holds, what differs, and what is required."""

from __future__ import annotations

import json
import sys

import pytest

from ssot_shims import Availability, capabilities
from tests.conftest import Write
from tests.support.command_line import ABSENT, ONE, SUITE, TITLE, UPSTREAM, row, run, states

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "on_a_known_machine")


def test_verify_holds(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """Every upstream that keeps its promise is said to hold; absence is no failure; exit code 0."""
    root = write(UPSTREAM)
    code, out, err = run(capsys, "verify", "suite.shims")
    expected = f"""{TITLE}

SHIM             CONTRACT  WHY
Limits           holds     acme.ws:Limits ({root}/acme/ws.py)
Quota            holds     acme.ws:Quota ({root}/acme/ws.py)
HeartbeatConfig  absent    {ABSENT}
RetryPolicy      absent    {ABSENT}

2 of 4 shims compared with their upstream; 0 errors
"""
    assert (code, out, err) == (0, expected, "acme says hello\n")


def test_verify_names_each_difference(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    """A promise that does not hold is one line, in structure or in an example; exit code 1, unless it is a note."""
    root = write(
        {
            **UPSTREAM,
            "acme/ws.py": "class Limits: ...\nclass Quota:\n    left = 4\n",
            "notes.py": "from ssot_shims import shim\n@shim('loose:f')\ndef f(x: float) -> None: ...",
            "loose.py": "def f(x: int) -> None: ...",
        }
    )
    code, out, _ = run(capsys, "verify", "suite.shims")
    assert (code, row(out, "Limits")) == (1, f"Limits differs acme.ws:Limits ({root}/acme/ws.py)")
    assert out.split("\n\n")[-1].splitlines() == [
        "error: Limits.retries: the placeholder has attribute; upstream has no such name",
        "error: Quota.left: the placeholder has left=5; upstream has left=4",
        "error: Quota docstring, line 3: Quota().left: the placeholder has 5; upstream has 4",
        "2 of 4 shims compared with their upstream; 3 errors",
    ]
    data = json.loads(run(capsys, "verify", "suite.shims", "--format", "json")[1])
    assert (data["holds"], [one["contract"] for one in data["contracts"]]) == (False, ["differs"] * 2 + ["absent"] * 2)
    assert data["contracts"][1]["differences"][0] == {
        **{"what": "Quota.left", "placeholder": "left=5", "upstream": "left=4", "is_error": True}
    }
    _, out, _ = run(capsys, "verify", "notes")
    assert "note: f(x): the placeholder has x: float; upstream has x: int\n" in out


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"acme/ws.py": "class Quota: left = 5"}, "Limits is not in"),
        ({"acme/ws.py": "1/0\nclass Limits: ...\nclass Quota: ..."}, "importing acme.ws raised ZeroDivisionError"),
        ({"acme/old.py": "Quota = 0"}, "acme.old:Quota is of type int, not a class"),
        ({"suite/shims.py": "raise OSError('no')"}, "problem: suite.shims cannot be imported: OSError: no"),
        (
            {"suite/shims.py": f"{SUITE}\nfrom suite import again", "suite/again.py": SUITE},
            "suite.again.Limits declares the shim Limits, which suite.shims.Limits has declared already; "
            "import it from there, or give one of the two another name\n",
        ),
    ],
    ids=["moved", "broken", "a broken target before the one that won", "a module that raises", "declared twice"],
)
def test_verify_fails_for_what_is_not_quiet(
    capsys: pytest.CaptureFixture[str], write: Write, files: dict[str, str], told: str
) -> None:
    """Moved, broken, and modules that cannot be imported are exit code 1, whatever else holds."""
    write({**UPSTREAM, **files})
    code, out, _ = run(capsys, "verify", "suite.shims")
    assert code == 1
    assert told in out


def test_verify_fails_for_what_an_except_would_hide(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``except ImportError: X = None`` around a shim hides nothing, strict or not: the record remembers."""
    write({"acme.py": "", "shims.py": "try:\n    from declares import X\nexcept ImportError:\n    X = None"})
    write({"declares.py": ONE})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    code, out, _ = run(capsys, "verify", "shims")
    assert (code, states(out)["X"]) == (1, "moved")


def test_examples_find_what_the_project_finds(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that imports a neighbour when it is called finds it, as it did when it was imported."""
    docstring = "'''\n    >>> f()\n    2\n    '''"
    suite = f"from ssot_shims import shim\n@shim('acme:f')\ndef f() -> int:\n    {docstring}\n    return 2"
    root = write({"acme.py": "def f() -> int:\n    import helper\n    return helper.two", "helper.py": "two = 2"})
    write({"suite.py": suite})
    sys.path.remove(str(root))
    monkeypatch.chdir(root)
    assert run(capsys, "verify", "suite")[0] == 0


@pytest.mark.parametrize(
    ("required", "lines"),
    [
        ("git, docker_sdk", []),
        (
            "git,docker,podman",
            [
                "problem: SSOT_SHIMS_REQUIRE=docker: unavailable: no engine here",
                "problem: SSOT_SHIMS_REQUIRE=podman: available: forced: SSOT_SHIMS_HAS_PODMAN says yes; "
                "to ask the machine: unset SSOT_SHIMS_HAS_PODMAN",
            ],
        ),
        ("both", ["problem: SSOT_SHIMS_REQUIRE=both: available: forced: git: git is here; part: as if"]),
        ("upstream:Limits,upstream:Quota", []),
        ("upstream:RetryPolicy,git", [f"problem: SSOT_SHIMS_REQUIRE=upstream:RetryPolicy: absent: {ABSENT}"]),
        (
            "nobody,upstream:Nobody",
            [
                "problem: SSOT_SHIMS_REQUIRE=nobody: no capability of that name",
                "problem: SSOT_SHIMS_REQUIRE=upstream:Nobody: no shim of that name",
            ],
        ),
    ],
    ids=["real", "not there, and forced", "an override below it", "upstreams", "a placeholder", "unknown"],
)
def test_verify_fails_for_what_is_required_and_not_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, write: Write, required: str, lines: list[str]
) -> None:
    """One line for each required name that is not really there; a forced yes, an override or a placeholder is not."""
    write(UPSTREAM)
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", required)
    monkeypatch.setenv("SSOT_SHIMS_HAS_PODMAN", "1")
    capabilities.register("part", lambda: False)
    capabilities.register("both", "all:git,part")
    with capabilities.override(part=Availability(status="available", reason="as if")):
        code, out, _ = run(capsys, "verify", "suite.shims")
    assert ([line for line in out.splitlines() if line.startswith("problem")], code) == (lines, 1 if lines else 0)


def test_verify_asks_only_what_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a requirement no probe is asked."""
    asked: list[int] = []
    capabilities.register("costly", lambda: asked.append(1))
    assert run(capsys, "verify")[0] == 0
    assert not asked
