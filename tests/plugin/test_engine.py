"""A suite that needs Docker, with a real engine."""

from __future__ import annotations

import subprocess

import pytest

from tests.integration.test_engines import dockerd, folder, podman  # noqa: F401  # fixtures
from tests.plugin.conftest import Suite

SUITE = {
    "pyproject.toml": """
[[tool.ssot_shims.environments]]
name = "docker"
requires = ["docker"]
[[tool.ssot_shims.environments]]
name = "laptop"
""",
    "test_it.py": """
import pytest
from ssot_shims import capabilities
@pytest.mark.requires_capability("docker")
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    assert capabilities.check("docker").details["kind"] in ("docker", "podman")
def test_environment(ssot_environment): pass
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dockerd", "podman"])
def test_with_a_real_engine(suite: Suite, kind: str, request: pytest.FixtureRequest) -> None:
    """What needs Docker runs, and the first environment is chosen; that Docker is required changes nothing."""
    started: str | tuple[str, subprocess.Popen[bytes]] = request.getfixturevalue(kind)
    host = started if isinstance(started, str) else started[0]
    suite.write(SUITE)
    for workers in ("-n0", "-n2"):
        run = suite.run(workers, "--ssot-require=docker", env={"DOCKER_HOST": host})
        assert (run.code, run.collected, run.counts) == (0, 5, {"passed": 5}), run.out
        assert run.summary == ["ENVIRONMENT docker: all that it requires is there"]
