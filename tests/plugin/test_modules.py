"""The modules of pyproject.toml are imported for names that nothing else declares, and only then."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Run, Suite, over_workers

PROJECT = {
    "pyproject.toml": """
[tool.ssot_shims]
modules = ["declared"]
[tool.ssot_shims.capabilities]
table = "env:PATH"
[[tool.ssot_shims.environments]]
name = "here"
requires = ["of_module"]
""",
    "declared.py": """
from ssot_shims import capabilities, shim
@shim("heavy:Thing")
class Thing: ...
@shim("missing_pkg:Wanted")
class Wanted: ...
capabilities.register("of_module", lambda: True)
""",
    "heavy.py": "print('heavy is imported')\nclass Thing: ...\n",
}
NOTHING = "def test_it(): pass\n"
MARKED = "import pytest\n@pytest.mark.requires_{}\ndef test_it(): pass\n"
ASKS = "from ssot_shims import is_available\ndef test_it(): assert is_available({!r}) in (True, False)\n"
DECORATED = "from ssot_shims import skip_unless_available\n@skip_unless_available({!r})\ndef test_it(): pass\n"


def imports(run: Run) -> bool:
    return "heavy is imported" in run.out + run.err


def test_a_run_that_asks_for_nothing_they_declare(suite: Suite) -> None:
    """No upstream is imported, and no shim is in the section."""
    marks = [MARKED.format("capability('table')"), MARKED.format("capability('docker_sdk')")]
    tests = {f"test_{number}.py": test for number, test in enumerate([NOTHING, *marks, ASKS.format("git")])}
    suite.write({**PROJECT, **tests})
    run = suite.run("-s", env={"SSOT_SHIMS_TIMEOUT": "9", "SSOT_SHIMS_HAS_DOCKER_SDK": "0"})
    assert (imports(run), run.code, run.told) == (False, 0, ["SKIPPED docker_sdk: 1 test"])


@pytest.mark.parametrize(
    ("test", "options", "env", "told"),
    [
        (MARKED.format("capability('of_module')"), [], {}, []),
        (MARKED.format("upstream('Thing')"), [], {}, []),
        (ASKS.format("of_module"), [], {}, []),
        (DECORATED.format("upstream:Thing"), ["--ssot-require=upstream:Thing"], {}, []),
        (NOTHING, [], {"SSOT_SHIMS_UPSTREAM_THING": "heavy:Thing"}, []),
        ("def test_it(ssot_environment): pass", [], {}, ["ENVIRONMENT here"]),
    ],
    ids=["marker", "marker of a shim", "Python", "decorator", "variable", "environment"],
)
def test_asking_for_them(suite: Suite, test: str, options: list[str], env: dict[str, str], told: list[str]) -> None:
    """They are imported, and the name is known, however it is asked for."""
    suite.write({**PROJECT, "test_it.py": test})
    run = suite.run("-s", *options, env=env)
    assert (imports(run), run.counts, run.code, run.told) == (True, {"passed": 1}, 0, told)


def test_an_unknown_name_while_they_are_imported(suite: Suite) -> None:
    """A module that asks for a name that nobody declares fails by itself, and is told with the rest."""
    asks = "from ssot_shims import is_available\nis_available('nobodys')\n"
    suite.write({**PROJECT, "declared.py": asks, "test_it.py": ASKS.format("nobodys")})
    run = suite.run()
    assert (run.code, run.counts) == (4, {"failed": 1})
    assert "declared cannot be imported: UnknownName: no capability 'nobodys'" in "".join(run.summary)


@over_workers
@pytest.mark.parametrize(
    ("required", "expected"),
    [
        ("of_module", ["NOT ASKED of_module", "PLACEHOLDER Moved"]),
        ("upstream:Wanted", ["ERROR upstream:Wanted", "PLACEHOLDER Moved"]),
        ("upstream:Wantd", ["ERROR ssot_shims", "PLACEHOLDER Moved"]),
    ],
)
def test_shims_imported_for_another_name(suite: Suite, required: str, expected: list[str], workers: str) -> None:
    """They are not told of, unless they moved or broke; an unknown name is told in the section, with its reason."""
    declared = PROJECT["declared.py"].replace("Thing", "Moved")
    suite.write({**PROJECT, "declared.py": declared, "test_it.py": "import ssot_shims\ndef test_it(): pass\n"})
    run = suite.run(workers, f"--ssot-require={required}", env={"SSOT_SHIMS_TIMEOUT": "9"})
    assert run.told == expected
    if required == "upstream:Wantd":
        assert "upstream:Wantd: required by --ssot-require; unknown: no shim 'Wantd'; close: Wanted; " in run.summary[0]
        assert run.code == 4
