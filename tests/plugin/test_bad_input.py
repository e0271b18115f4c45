"""What the user of the plugin got wrong: one readable paragraph each, and the run fails."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Suite

MARKERS = """
import pytest
from ssot_shims import HeartbeatConfig

@pytest.mark.requires_capability()
def test_nothing(): pass
@pytest.mark.requires_upstream
def test_bare(): pass
@pytest.mark.requires_capability("git", 3)
def test_number(): pass
@pytest.mark.requires_upstream(HeartbeatConfig, "RetryPolicy")
def test_class(): pass
@pytest.mark.requires_capability(name="docker")
def test_keyword(): pass
@pytest.mark.requires_capability(["docker"])
def test_list(): pass
@pytest.mark.requires_capability("Docker!")
def test_no_name(): pass
@pytest.mark.requires_capability("http://me:secret@host/\\x1b[31m")
def test_address(): pass
@pytest.mark.requires_capability("http://me:secret@host/", 3)
def test_address_and_number(): pass
"""


def test_markers(suite: Suite) -> None:
    """Without names, with something else than names, or with keywords: an error of that test alone."""
    suite.write({"test_it.py": MARKERS + "def test_fine(): pass\n"})
    run = suite.run()
    assert (run.code, run.collected, run.counts) == (1, 10, {"error": 9, "passed": 1})
    good = 'write @pytest.mark.requires_capability("docker")'
    good_upstream = 'write @pytest.mark.requires_upstream("HeartbeatConfig")'
    reasons = {node.removeprefix("test_it.py::test_"): reason for node, reason in run.reasons.items()}
    assert reasons.pop("no_name").startswith(
        "Docker!: unknown: no capability 'Docker!'; close: docker, docker_sdk; known: "
    )
    shown = "http://***@host/\\x1b[31m"  # what is wrong may be a secret, or an escape sequence
    assert reasons.pop("address").startswith(f"{shown}: failed: the probe '")
    assert "secret" not in run.out
    assert "\x1b" not in run.out
    wrong = "does not read: a marker takes names only, each as a string of its own"
    shim = "<class 'ssot_shims.heartbeat_config.HeartbeatConfig'>"
    assert reasons == {
        "nothing": f"@pytest.mark.requires_capability() {wrong}; {good}",
        "bare": f"@pytest.mark.requires_upstream() {wrong}; {good_upstream}",
        "address_and_number": f"@pytest.mark.requires_capability('http://***@host/', 3) {wrong}; {good}",
        "number": f"@pytest.mark.requires_capability('git', 3) {wrong}; {good}",
        "class": f"@pytest.mark.requires_upstream({shim}, 'RetryPolicy') {wrong}; {good_upstream}",
        "keyword": f"@pytest.mark.requires_capability(name='docker') {wrong}; {good}",
        "list": f"@pytest.mark.requires_capability(['docker']) {wrong}; {good}",
    }


def test_what_is_wrong_only_after_collection(suite: Suite) -> None:
    """A required name that nobody has registered by then, and modules that cannot be imported: all told at once."""
    suite.write(
        {
            "pyproject.toml": '[tool.ssot_shims]\nmodules = ["not_there", "raises", "exits", "fine"]\n',
            "raises.py": "1 / 0\n",
            "exits.py": "raise SystemExit(3)\n",
            "fine.py": "from ssot_shims import capabilities\ncapabilities.register('late', 'env:PATH')\n",
            "test_it.py": "def test_it(): pass\n",
        }
    )
    project = suite.folder / "pyproject.toml"
    cure = (
        "if it is spelled right, import the module that declares it; for pytest, list that in "
        "tool.ssot_shims.modules of pyproject.toml"
    )
    told = [
        f"tool.ssot_shims.modules in {project} is 'not_there'; expected a module that can be imported from "
        f"{suite.folder}",
        f"tool.ssot_shims.modules in {project}: raises cannot be imported: ZeroDivisionError: division by zero",
        f"tool.ssot_shims.modules in {project}: exits cannot be imported: SystemExit: 3",
        "dokcer: required by --ssot-require; unknown: no capability 'dokcer'; close: docker, docker_sdk; known: "
        f"docker, docker_compose, docker_sdk, git, late, podman; {cure}",
        "upstream:HeartbeetConfig: required by --ssot-require; unknown: no shim 'HeartbeetConfig'; close: "
        f"HeartbeatConfig; known: HeartbeatConfig, RetryPolicy; {cure}",
    ]
    arguments = ["--ssot-require=dokcer,upstream:HeartbeetConfig,late"]
    run = suite.run(*arguments)
    assert (run.code, run.collected, run.outcomes) == (4, 1, {})
    assert run.summary[: len(told)] == [f"ERROR ssot_shims: {text}" for text in told]
    assert run.err.splitlines() == [line for text in told for line in (f"ERROR: {text}", "")]
    assert "collected 1 item" in run.out.splitlines()

    workers = suite.run(*arguments, "-n1", plugins=["xdist.plugin"])
    assert (workers.code, workers.outcomes) == (4, {"test_it.py::test_it": "passed"})
    assert workers.summary == [
        *(f"ERROR ssot_shims: {text}" for text in told),
        "NOT ASKED late: required by --ssot-require, and no test asked for it",
    ]

    suite.write({"raises.py": "raise KeyboardInterrupt\n"})
    assert suite.run("--ssot-require=late").code == 2  # the user has had enough


ENVIRONMENT = '[[tool.ssot_shims.environments]]\nname = "{}"\n'


@pytest.mark.parametrize(
    ("arguments", "files", "env", "expected"),
    [
        (
            ["--ssot-require=docker postgres"],
            {},
            {},
            "--ssot-require is 'docker postgres'; expected names such as docker,postgres,upstream:HeartbeatConfig",
        ),
        (
            [],
            {"pytest.ini": "[pytest]\nssot_require =\n    docker\n    a-b\n"},
            {},
            "ini ssot_require is 'docker,a-b'; expected names such as docker,postgres,upstream:HeartbeatConfig",
        ),
        (
            [],
            {"pytest.ini": "[pytest]\nssot_strict = maybe\n"},
            {},
            "ssot_strict in {folder}/pytest.ini does not read: invalid truth value 'maybe'",
        ),
        (
            [],
            {},
            {"SSOT_SHIMS_STRICT": "maybe"},
            "SSOT_SHIMS_STRICT is 'maybe'; expected 1, true, yes or on, or 0, false, no or off",
        ),
        (
            ["sub"],  # with one of its own, or pytest would read the other first
            {"sub/pytest.ini": "[pytest]\n", "pyproject.toml": "[tool.ssot_shims\n"},
            {},
            "{folder}/pyproject.toml does not read: Expected ']' at the end of a table declaration (at line 1, "
            "column 17); expected a file in TOML",
        ),
        (
            [],
            {"pyproject.toml": "[tool.ssot-shims]\nmodules = []\n"},
            {},
            "tool in {folder}/pyproject.toml has the key 'ssot-shims'; expected ssot_shims",
        ),
        (
            [],
            {"pyproject.toml": ENVIRONMENT.format("docker") * 2},
            {},
            "tool.ssot_shims.environments[1].name in {folder}/pyproject.toml is 'docker'; expected a name that no "
            "other environment has",
        ),
        (
            ["--ssot-environment=stagin"],
            {"pyproject.toml": ENVIRONMENT.format("staging")},
            {},
            "--ssot-environment is 'stagin'; expected an environment in {folder}/pyproject.toml, which "
            "has staging; close: staging",
        ),
        (
            ["--ssot-environment=staging"],
            {},
            {},
            "--ssot-environment is 'staging'; expected an environment in {folder}/pyproject.toml, which has none",
        ),
        (
            ["--ssot-report=report.txt"],
            {},
            {},
            "--ssot-report is 'report.txt'; expected a name that ends with .json or .md, or the value of "
            "GITHUB_STEP_SUMMARY",
        ),
        (
            ["--ssot-report=report.json"],
            {"report.json/nested": ""},
            {},
            "the report {folder}/report.json cannot be written: IsADirectoryError: [Errno 21] Is a directory: "
            "'{folder}/report.json'",
        ),
        (
            ["--ssot-report=test_it.py/report.md"],
            {},
            {},
            "the report {folder}/test_it.py/report.md cannot be written: FileExistsError: [Errno 17] File exists: "
            "'{folder}/test_it.py'",
        ),
    ],
)
def test_what_is_wrong_before_collection(
    suite: Suite, arguments: list[str], files: dict[str, str], env: dict[str, str], expected: str
) -> None:
    """An option, an ini key, a variable or pyproject.toml that does not read: nothing is collected."""
    suite.write({"test_it.py": "raise AssertionError('imported')", **files})
    run = suite.run(*arguments, env=env)
    assert (run.code, run.collected) == (4, 0)
    assert run.err.splitlines() == [f"ERROR: {expected.replace('{folder}', str(suite.folder))}", ""]
