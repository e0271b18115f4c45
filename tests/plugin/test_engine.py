"""A suite that needs Docker, with a real engine and without one."""

from __future__ import annotations

import subprocess

import pytest

from tests.integration.test_engines import dockerd, folder, podman  # noqa: F401  # fixtures
from tests.plugin.conftest import Suite

A_SUITE = {
    "pyproject.toml": """
[[tool.ssot_shims.environments]]
name = "docker"
requires = ["docker"]
values = { backend_url = "http://localhost:8000" }
[[tool.ssot_shims.environments]]
name = "laptop"
requires = []
values = { backend_url = "http://localhost:9000" }
""",
    "test_it.py": """
import pytest
from ssot_shims import capabilities

@pytest.mark.requires_capability("docker")
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    assert capabilities.check("docker").details["kind"] in ("docker", "podman")

def test_environment(ssot_environment):
    assert ssot_environment.name == EXPECTED
""",
}
TESTS = [f"test_it.py::test_it[{number}]" for number in range(4)]


def write(suite: Suite, expected: str) -> None:
    suite.write({name: text.replace("EXPECTED", repr(expected)) for name, text in A_SUITE.items()})


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dockerd", "podman"])
def test_with_a_real_engine(suite: Suite, kind: str, request: pytest.FixtureRequest) -> None:
    """What needs Docker runs, and the first environment is chosen; that Docker is required changes nothing."""
    started: str | tuple[str, subprocess.Popen[bytes]] = request.getfixturevalue(kind)
    host = started if isinstance(started, str) else started[0]
    write(suite, "docker")
    for arguments in (["--ssot-require=docker"], ["-n2", "--ssot-require=docker"]):
        run = suite.run(*arguments, plugins=["xdist.plugin"], env={"DOCKER_HOST": host})
        assert (run.code, run.collected, run.counts) == (0, 5, {"passed": 5}), run.out
        assert run.summary == ["ENVIRONMENT docker: all that it requires is there"]
