"""The modules of pyproject.toml are imported for names that nothing else declares, and only then."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Suite

PROJECT = {
    "pyproject.toml": """
[tool.ssot_shims]
modules = ["declared"]
[tool.ssot_shims.capabilities]
table = "env:PATH"
""",
    "declared.py": """
from ssot_shims import capabilities, shim

@shim("heavy:Thing")
class Thing: ...
capabilities.register("of_module", lambda: True)
""",
    "heavy.py": "print('heavy is imported')\nclass Thing: ...\n",
}


def imports(suite: Suite, test: str, *options: str, env: dict[str, str] | None = None) -> tuple[bool, int, list[str]]:
    """Whether a run of *test* imports the upstream, its exit code, and what it shows at its end."""
    suite.write({**PROJECT, "test_it.py": f"import pytest\n{test}"})
    run = suite.run("-s", *options, env=env)
    return "heavy is imported" in run.out + run.err, run.code, run.summary


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("def test_it(): pass", id="nothing"),
        pytest.param("@pytest.mark.requires_capability('table')\ndef test_it(): pass", id="a capability of the table"),
        pytest.param("@pytest.mark.requires_capability('docker_sdk')\ndef test_it(): pass", id="a built-in capability"),
        pytest.param("def test_it(): __import__('ssot_shims').is_available('git')", id="in Python"),
    ],
)
def test_a_run_that_asks_for_nothing_they_declare(suite: Suite, test: str) -> None:
    """No upstream is imported, and no shim is in the section."""
    assert imports(suite, test, env={"SSOT_SHIMS_TIMEOUT": "9"}) == (False, 0, [])


@pytest.mark.parametrize(
    ("test", "options", "variable"),
    [
        pytest.param("@pytest.mark.requires_capability('of_module')\ndef test_it(): pass", [], "", id="marker"),
        pytest.param("@pytest.mark.requires_upstream('Thing')\ndef test_it(): pass", [], "", id="marker of a shim"),
        pytest.param("def test_it(): assert __import__('ssot_shims').is_available('of_module')", [], "", id="Python"),
        pytest.param(
            "from ssot_shims import skip_unless_available\n"
            "@skip_unless_available('upstream:Thing')\ndef test_it(): pass",
            ["--ssot-require=upstream:Thing"],
            "",
            id="decorator",
        ),
        pytest.param("def test_it(): pass", [], "SSOT_SHIMS_UPSTREAM_THING", id="variable"),
    ],
)
def test_a_run_that_asks_for_what_they_declare(suite: Suite, test: str, options: list[str], variable: str) -> None:
    """They are imported, and the name is known, however it is asked for."""
    env = {variable: "heavy:Thing"} if variable else {}
    assert imports(suite, test, *options, env=env) == (True, 0, [])


def test_an_environment_that_requires_what_they_declare(suite: Suite) -> None:
    """It can be chosen."""
    environment = '[[tool.ssot_shims.environments]]\nname = "here"\nrequires = ["of_module"]\n'
    suite.write(PROJECT)
    suite.write({"pyproject.toml": PROJECT["pyproject.toml"] + environment})
    suite.write({"test_it.py": "def test_it(ssot_environment): assert ssot_environment.name == 'here'\n"})
    run = suite.run()
    assert (run.code, run.summary) == (0, ["ENVIRONMENT here: all that it requires is there"])


def test_an_unknown_name_while_they_are_imported(suite: Suite) -> None:
    """A module that asks for a name that nobody declares fails by itself, and is told with the rest."""
    suite.write(PROJECT)
    suite.write({"declared.py": "from ssot_shims import is_available\nis_available('nobodys')\n"})
    suite.write({"test_it.py": "from ssot_shims import is_available\ndef test_it(): is_available('nobodys')\n"})
    run = suite.run()
    assert (run.code, run.counts) == (4, {"failed": 1})
    (line,) = run.summary
    assert "declared cannot be imported: UnknownName: no capability 'nobodys'" in line


SEVERAL = """
from ssot_shims import capabilities, shim

@shim("missing_pkg:Wanted")
class Wanted: ...
@shim("missing_pkg:Other")
class Other: ...
@shim("heavy:Moved")
class Moved: ...
capabilities.register("of_module", lambda: True)
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize(
    ("required", "expected"),
    [
        ("of_module", ["NOT ASKED of_module", "PLACEHOLDER Moved"]),
        ("upstream:Wanted", ["ERROR upstream:Wanted", "PLACEHOLDER Moved"]),
        ("upstream:Wantd", ["ERROR ssot_shims", "PLACEHOLDER Moved"]),
    ],
)
def test_shims_that_are_imported_for_another_name(
    suite: Suite, required: str, expected: list[str], workers: str
) -> None:
    """They are not told of, unless they moved or broke; an unknown name is told in the section, with its reason."""
    suite.write({**PROJECT, "declared.py": SEVERAL, "test_it.py": "import ssot_shims\ndef test_it(): pass\n"})
    run = suite.run(workers, f"--ssot-require={required}", plugins=["xdist.plugin"], env={"SSOT_SHIMS_TIMEOUT": "9"})
    assert [line.partition(": ")[0] for line in run.summary] == expected
    if required == "upstream:Wantd":
        assert "upstream:Wantd: required by --ssot-require; unknown: no shim 'Wantd'; close: Wanted; " in run.summary[0]
        assert run.code == 4
