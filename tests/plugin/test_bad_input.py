"""What the user of the plugin got wrong: one readable paragraph each, and the run fails."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Suite

WRONG = "is not valid: each name must be a string; only requires_capability takes wait; write @pytest.mark"
# By name of the test: a marker, and how the reason begins.
MARKERS = {
    "nothing": ("capability()", f'@pytest.mark.requires_capability() {WRONG}.requires_capability("docker")'),
    "bare": ("upstream", f'@pytest.mark.requires_upstream() {WRONG}.requires_upstream("HeartbeatConfig")'),
    "class": ("upstream(int, 'RetryPolicy')", f"@pytest.mark.requires_upstream(<class 'int'>, 'RetryPolicy') {WRONG}"),
    "keyword": ("capability(name='docker')", f"@pytest.mark.requires_capability(name='docker') {WRONG}"),
    "list": ("capability(['docker'])", f"@pytest.mark.requires_capability(['docker']) {WRONG}"),
    "no_name": ("capability('Docker!')", "Docker!: unknown: no capability 'Docker!'; close: docker, docker_sdk; "),
    "secret": ("capability('http://me:secret@host/\\x1b[31m')", "http://***@host/\\x1b[31m: failed: the probe '"),
    "two_in_one": ("capability('docker, git')", f"@pytest.mark.requires_capability('docker, git') {WRONG}"),
    "empty": ("upstream(' ')", f"@pytest.mark.requires_upstream(' ') {WRONG}"),
    "both": ("capability('http://me:secret@host/', 3)", "@pytest.mark.requires_capability('http://***@host/', 3) is "),
}


def test_markers(suite: Suite) -> None:
    """What does not read is an error of that test alone, without secrets, also where a failure of it is expected."""
    tests = [f"@pytest.mark.requires_{mark}\ndef test_{name}(): pass\n" for name, (mark, _) in MARKERS.items()]
    tests += ["def test_environment(ssot_environment): pass\n", "def test_fine(): pass\n"]
    environment = '[[tool.ssot_shims.environments]]\nname = "staging"\nvalues = { url = "${HOST_OF_STAGING}" }\n'
    test = "import pytest\npytestmark = pytest.mark.xfail(strict=False)\n" + "".join(tests)
    suite.write({"pyproject.toml": environment, "test_it.py": test})
    run = suite.run("--ssot-report=report.json")
    assert (run.code, run.collected, run.counts) == (1, 12, {"error": 10, "xfailed": 1, "xpassed": 1})
    for name, (_, reason) in MARKERS.items():
        assert run.reasons[f"test_it.py::test_{name}"].startswith(reason)
    assert "secret" not in "".join(run.summary)
    assert "\x1b" not in run.out
    names = ("requires_capability: 5 tests", "requires_upstream: 3 tests", "ssot_environment: 1 test")
    assert {f"ERROR {name}" for name in names} < {*run.told}
    assert '; write @pytest.mark.requires_capability("docker"); and 4 other reasons' in run.out
    verdicts = json.loads((suite.folder / "report.json").read_text())["verdicts"]
    (two_in_one,) = (verdict for verdict in verdicts if verdict["tests"] == ["test_it.py::test_two_in_one"])
    assert (two_in_one["name"], two_in_one["status"]) == ("requires_capability", "failed")


def test_a_marker_with_a_shim_in_place_of_its_name(suite: Suite) -> None:
    """pytest puts that on the shim, and calls the shim with the test, which is lost: the run fails.

    What a class has under the name of pytest's list of marks may be anything.
    """
    shim = "import pytest, ssot_shims\n@ssot_shims.shim('no_pkg:X')\nclass X:\n    def __init__(self, test): ...\n"
    suite.write({"test_it.py": shim + "@pytest.mark.requires_upstream(X)\ndef test_lost(): pass\n"})
    run = suite.run("-n1")
    assert (run.code, run.told) == (1, ["ERROR X", "PLACEHOLDER X"])
    for other in ("pytest.mark.skip", "unittest.mock.Mock()", "[unittest.mock.Mock(), 3]"):
        test = f"import unittest.mock\nX.pytestmark = {other}\ndef test_it(): pass\n"
        suite.write({"test_it.py": shim + test})
        run = suite.run()
        assert (run.code, run.told) == (0, ["PLACEHOLDER X"])


def test_what_is_wrong_only_after_collection(suite: Suite) -> None:
    """A required name that nobody has registered by then, and modules that cannot be imported: all told at once."""
    files = {
        "pyproject.toml": '[tool.ssot_shims]\nmodules = ["not_there", "raises", "exits", "fine"]\n',
        "raises.py": "1 / 0\n",
        "exits.py": "raise SystemExit(3)\n",
        "fine.py": "from ssot_shims import capabilities\ncapabilities.register('late', 'env:PATH')\n",
        "test_it.py": "def test_it(): pass\n",
    }
    modules = f"tool.ssot_shims.modules in {suite.write(files) / 'pyproject.toml'}"
    expected = [
        f"{modules} is 'not_there'; expected a module that can be imported from {suite.folder}",
        "raises cannot be imported: ZeroDivisionError: division by zero",
        "exits cannot be imported: SystemExit: 3",
        "dokcer: required by --ssot-require; unknown: no capability 'dokcer'; close: docker, docker_sdk; known: ",
        "upstream:HeartbeetConfig: required by --ssot-require; unknown: no shim 'HeartbeetConfig'; close: ",
    ]
    arguments = ["--ssot-require=dokcer,upstream:HeartbeetConfig,late"]
    run = suite.run(*arguments)
    assert (run.code, run.collected, run.outcomes) == (4, 1, {})
    problems = [line.removeprefix("ERROR ssot_shims: ") for line in run.summary][: len(expected)]
    assert [text[: len(start)] for text, start in zip(problems, expected, strict=True)] == expected
    assert run.err.splitlines() == [line for text in problems for line in (f"ERROR: {text}", "")]
    assert "collected 1 item" in run.out.splitlines()

    workers = suite.run(*arguments, "-n1")
    assert (workers.code, workers.outcomes) == (4, {"test_it.py::test_it": "passed"})
    assert workers.summary[:-1] == run.summary[: len(expected)]
    assert workers.told[-1] == "NOT ASKED late"

    suite.write({"raises.py": "raise KeyboardInterrupt\n"})
    assert suite.run("--ssot-require=late").code == 2  # the user has had enough


STAGING = {"pyproject.toml": '[[tool.ssot_shims.environments]]\nname = "staging"\n'}


@pytest.mark.parametrize(
    ("given", "files", "expected"),
    [
        ("--ssot-require=a;b", {}, "--ssot-require is 'a;b'; expected names such as docker,postgres,upstream:Heart"),
        ("", {"pytest.ini": "[pytest]\nssot_require = git\n a-b\n"}, "ini ssot_require is 'git,a-b'; expected names"),
        ("-ossot_strict=maybe", {"pytest.ini": ""}, "ssot_strict in {folder}/pytest.ini is not valid: invalid truth"),
        ("SSOT_SHIMS_STRICT=maybe", {}, "SSOT_SHIMS_STRICT is 'maybe'; expected 1, true, yes or on, or 0, false, no"),
        # With an ini file of its own, or pytest would read the other first.
        ("sub", {"sub/pytest.ini": "[pytest]\n", "pyproject.toml": "[tool.ssot_shims\n"}, "{project} cannot be read: "),
        ("", {"pyproject.toml": "[tool.ssot-shims]\nmodules = []\n"}, "tool in {project} has the key 'ssot-shims'; "),
        ("--ssot-environment=stagin", STAGING, "no environment 'stagin'; close: staging; known: staging"),
        ("--ssot-environment=staging", {"pyproject.toml": ""}, "no environment 'staging'; known: none"),
        ("", {"pytest.ini": "[pytest]\nssot_environment = staging\n"}, "no environment 'staging'; known: none"),
        ("--ssot-report=report.txt", {}, "--ssot-report is 'report.txt'; expected a name that ends with .json or .md"),
        ("--ssot-report=report.json", {"report.json/nested": ""}, "the report {folder}/report.json cannot be written"),
    ],
)
def test_what_is_wrong_before_collection(suite: Suite, given: str, files: dict[str, str], expected: str) -> None:
    """An option, an ini key, a variable or pyproject.toml that does not read: one line, and nothing is collected."""
    suite.write({"test_it.py": "raise AssertionError('imported')", **files})
    name, _, value = given.partition("=")
    run = suite.run(env={name: value}) if name.isupper() else suite.run(*given.split())
    assert (run.code, run.collected) == (4, 0)
    first, *rest = run.err.splitlines()
    assert first.startswith("ERROR: " + expected.format(folder=suite.folder, project=suite.folder / "pyproject.toml"))
    assert rest == [""]
