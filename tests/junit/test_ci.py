"""The examples for CI: their shell lines run, on machines that are made up by settings."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from ssot_shims import cli

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "ci"
PYPROJECT = """
[tool.ssot_shims.capabilities]
docker = "env:HAS_DOCKER"
gpu = "env:HAS_GPU"
cuda = "env:HAS_CUDA"
"""
# Each test of a file needs one of these, in turn; the last is nowhere.
NEEDS = ("", "docker", "gpu", "cuda")


@pytest.fixture(autouse=True)
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of 40 tests in eight files, a quarter of which needs what neither of two machines has."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "allowed.toml").write_text("")
    (tmp_path / "tests").mkdir()
    for number in range(8):
        lines = ["import pytest"]
        for index in range(5):
            need = NEEDS[(5 * number + index) % 4]
            lines += [f"@pytest.mark.requires_capability({need!r})"] if need else []
            lines += [f"def test_{need or 'plain'}_{index}(): pass"]
        (tmp_path / "tests" / f"test_{number}.py").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


NOWHERE = [
    f"tests.test_{number}::test_cuda_{index}"
    for number in range(8)
    for index in range(5)
    if (5 * number + index) % 4 == NEEDS.index("cuda")
]


def shell(script: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What a CI service does with the lines of a step."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SSOT_SHIMS_", "PYTEST_"))}
    env = {
        **clean,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "ssot_shims.pytest_plugin",
        **settings,
    }
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def steps(file: str) -> dict[str, str]:
    """The lines of each step of a workflow of GitHub, or each job of GitLab, by its name."""
    text = (EXAMPLES / file).read_text("utf-8")
    blocks = re.findall(r"- name: (\w+)\n(?:(?!- name).)*?run: \|\n((?: {10}[^\n]*\n)+)", text, re.DOTALL)
    blocks += re.findall(r"^(\w+):\n(?:  .*\n)*?  script:\n((?:    - .*\n)+)", text, re.MULTILINE)
    return {name: re.sub(r"^ *(- )?", "", lines, flags=re.MULTILINE) for name, lines in blocks}


def test_forty_tests_on_two_machines_in_three_shards(suite: Path) -> None:
    """The lines for GitHub name exactly the tests that ran nowhere; one more run turns the exit code."""
    lines, summary = steps("github.yml"), suite / "summary"
    machines = {"linux": {"HAS_DOCKER": "1"}, "mac": {"HAS_GPU": "1"}}
    common = {"SHARDS": "3", "GITHUB_STEP_SUMMARY": str(summary)}
    for machine, settings in machines.items():
        for shard in "123":
            job = {"JOB": f"{machine}-{shard}", "SHARD": shard, **common, **settings}
            assert shell(lines["Test"], job).returncode == 0
    done = shell(lines["Report"], common)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(NOWHERE) == 10
    assert re.findall(r"tests\.test_\d::\w+", done.stdout) == NOWHERE
    assert "cuda: unavailable: HAS_CUDA is not set" in done.stdout
    text = summary.read_text("utf-8")
    assert text.count("### ssot\\_shims") == 6
    assert "### jobs: 6; tests: 40; ran in no job: 10; allowed not to run: 0" in text
    with_cuda = {**common, "SHARDS": "1", "SHARD": "1", "JOB": "cuda", "HAS_CUDA": "1"}
    assert shell(lines["Test"], with_cuda).returncode == 0
    done = shell(lines["Report"], common)
    assert (done.returncode, done.stdout) == (0, "jobs: 7; tests: 40; ran in no job: 0; allowed not to run: 0\n")


@pytest.mark.slow
def test_the_lines_for_gitlab(suite: Path) -> None:
    """Two machines with two shards each, and a file of tests that need not run."""
    lines = steps("gitlab.yml")
    for machine, settings in {"plain": {"HAS_DOCKER": "1"}, "gpu": {"HAS_GPU": "1"}}.items():
        for shard in "12":
            job = {"MACHINE": machine, "SHARD": shard, "SHARDS": "2", **settings}
            assert shell(lines["test"], job).returncode == 0
    assert shell(lines["report"], {}).returncode == 1
    (suite / "allowed.toml").write_text('"tests.test_?::test_cuda_*" = "no machine has one"\n')
    done = shell(lines["report"], {})
    assert done.returncode == 0
    assert done.stdout.startswith("jobs: 4; tests: 40; ran in no job: 0; allowed not to run: 10\n")


@pytest.mark.slow
def test_the_lines_for_tox() -> None:
    """A requirement that is set outside reaches the tests through pass_env, and the jobs are the environments."""
    tox = configparser.ConfigParser()
    tox.read(EXAMPLES / "tox.ini")
    outside = {"SSOT_SHIMS_REQUIRE": "docker", "SSOT_SHIMS_HAS_CUDA": "1", "HAS_DOCKER": "1", "HAS_GPU": "1"}
    patterns = tox["testenv"]["pass_env"].split()
    passed = {name: value for name, value in outside.items() if any(fnmatchcase(name, one) for one in patterns)}
    command = tox["testenv"]["commands"]
    for env_name in ("py311", "py313"):
        done = shell(command.format(env_name=env_name, posargs="-q"), passed)
        assert (done.returncode, "ERROR docker: 10 tests" in done.stdout) == (1, True)
        assert "10 passed" not in done.stdout
    done = shell(tox["testenv:report"]["commands"], passed)
    assert (done.returncode, "required, and met in no job (1)\n  docker: py311: un" in done.stdout) == (1, True)


@pytest.mark.parametrize("options", ["", pytest.param("-p xdist -n 2", marks=pytest.mark.slow)])
def test_a_shim_that_a_module_imports_is_known(options: str, suite: Path) -> None:
    """The XML of a run names it, although no test has imported it; the report tells placeholders in every job."""
    lines = ["from ssot_shims import shim", "@shim('acme:Quota')", "class Quota: ...", "def test_quota(): pass"]
    (suite / "tests" / "test_0.py").write_text("\n".join(lines))
    done = shell(
        f"python -m pytest -q {options} --junit-xml=a.xml tests/test_0.py && python -m ssot_shims report a.xml", {}
    )
    assert (done.returncode, "placeholders in every job (1)\n  Quota: a: absent" in done.stdout) == (0, True)


def test_the_output_in_the_page_is_what_is_printed(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The suite of four tests on two machines that the page shows; its file of allowed tests reads."""
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"```sh\npython -m ssot_shims (.*?)\n```", page)
    (suite / "allowed.toml").unlink()
    shutil.rmtree(suite / "tests")
    (suite / "tests").mkdir()
    lines = ["import pytest", "def test_one(): pass", "def test_two(): pass"]
    lines += [f"@pytest.mark.requires_capability({name!r})\ndef test_{name}(): pass" for name in ("docker", "gpu")]
    (suite / "tests" / "test_app.py").write_text("\n".join(lines))
    for job, settings in {"linux": {"HAS_DOCKER": "1"}, "mac": dict[str, str]()}.items():
        assert shell(f"python -m pytest --junitxml=junit/{job}.xml", settings).returncode == 0
    assert cli.main(command.split()) == 1
    assert capsys.readouterr().out == shown
    (allowed,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert allowed in (EXAMPLES / "allowed.toml").read_text("utf-8")
    shutil.copy(EXAMPLES / "allowed.toml", suite)
    assert f"`ssot-shims {command.replace('junit', 'junit --allow allowed.toml')}`" in page
    assert cli.main([*command.split(), "--allow=allowed.toml", "--format=json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [key for key in data if f"`{key}`" not in page] == []


def test_the_workflow_is_one() -> None:
    """As actionlint reads it."""
    actionlint = shutil.which("actionlint")
    if not actionlint:
        pytest.skip("there is no actionlint here")
    call: Sequence[str] = [actionlint, "-no-color", str(EXAMPLES / "github.yml")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
