"""Three tests, each of which needs something that not every machine has."""

from urllib.request import urlopen

import pytest
from acme_shims import RateLimit

from ssot_shims import Environment, capabilities


@pytest.mark.requires_capability("docker")
def test_the_engine_is_new_enough() -> None:
    """Needs a Docker engine."""
    version = capabilities.check("docker").details["api_version"]
    assert tuple(map(int, version.split("."))) >= (1, 24)


def test_the_backend_is_well(ssot_environment: Environment) -> None:
    """Needs a backend: in Docker if that is there, else on staging."""
    with urlopen(f"{ssot_environment['backend_url']}/health") as answer:
        assert answer.read() == b"ok\n"


@pytest.mark.requires_upstream("RateLimit")
def test_production_knows_bursts() -> None:
    """Needs the real acme: the placeholder promises less."""
    assert RateLimit().burst == 20  # type: ignore[attr-defined]  # beyond what the shim promises
