"""Who wins: overrides, the environment in its order, and the probe."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from ssot_shims import Availability, Registry
from ssot_shims.errors import InvalidDeclaration
from tests.support.flights import line_of


@pytest.fixture
def registry() -> Registry:
    """With a service and something that is none; the probes say no."""
    registry = Registry()
    registry.register("docker", lambda: (False, "from the probe"), service=True)
    registry.register("gpu", lambda: (False, "from the probe"))
    return registry


HAS = "SSOT_SHIMS_HAS_DOCKER"
NO_SERVICES = "SSOT_SHIMS_NO_SERVICES"
OLD = "ORCHESTRATION_DOCKER_AVAILABLE"
OLD_NO_SERVICES = "TEST_NO_SERVICES"


@pytest.mark.parametrize(
    ("settings", "source", "reason"),
    [
        ({}, "probe", "from the probe"),
        ({HAS: "0"}, HAS, f"{HAS} says no"),
        ({HAS: "  "}, "probe", "from the probe"),
        ({NO_SERVICES: "1"}, NO_SERVICES, f"{NO_SERVICES} turns every service off"),
        ({OLD: "true"}, OLD, f"{OLD} says yes"),
        ({OLD: "false"}, OLD, f"{OLD} says no"),
        ({OLD_NO_SERVICES: "true"}, OLD_NO_SERVICES, f"{OLD_NO_SERVICES} turns every service off"),
        ({NO_SERVICES: "0", OLD: "1", OLD_NO_SERVICES: "1"}, OLD, f"{OLD} says yes"),
        # What stands behind the one that wins is not even read.
        ({HAS: "1", NO_SERVICES: "maybe", OLD: "maybe", OLD_NO_SERVICES: "maybe"}, HAS, f"{HAS} says yes"),
        ({NO_SERVICES: "1", OLD: "maybe"}, NO_SERVICES, f"{NO_SERVICES} turns every service off"),
        ({OLD: "1", OLD_NO_SERVICES: "maybe"}, OLD, f"{OLD} says yes"),
    ],
)
def test_the_order_of_who_wins(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], source: str, reason: str
) -> None:
    """HAS_, no-services, the two names of old, the probe, and an override before them; the hint asks the machine."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    answer = registry.check("docker")
    assert (answer.name, answer.source, answer.reason) == ("docker", source, reason)
    assert answer.status == ("available" if reason.endswith("yes") else "unavailable")
    assert answer.hint == ("" if source == "probe" else f"to ask the machine: unset {source}")
    assert bool(answer.seconds) is (source == "probe")
    with registry.override(docker=not answer):
        assert bool(registry.check("docker")) is not bool(answer)
    assert registry.check("docker") is answer


@pytest.mark.parametrize("name", [NO_SERVICES, OLD_NO_SERVICES])
def test_no_services_leaves_all_else_alone(registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is no service is asked as ever; the notations of services are services, and the user may say otherwise."""
    monkeypatch.setenv(name, "1")
    for notation in ("tcp://localhost:1", "unix:///nowhere", "http://localhost:1", "https://localhost:1"):
        registry.register(notation.partition(":")[0], notation)
    registry.register("not_one", "tcp://localhost:1", service=False)
    registry.register("either", "any:docker,gpu")
    assert registry.check("tcp://localhost:2").source == name
    sources = {answer.name: answer.source for answer in registry.check_all().values()}
    off = dict.fromkeys(["docker", "http", "https", "tcp", "unix"], name)
    assert sources == {**off, "gpu": "probe", "not_one": "probe", "either": name}


def test_an_override_says_where_it_is(registry: Registry) -> None:
    """And how to undo it. An Availability is taken as it is, but for who says so."""
    busy = Availability(status="timed_out", reason="busy", details={"n": "1"})
    with registry.override({"docker": True}, gpu=busy):
        docker, gpu = registry.check("docker"), registry.check("gpu")
        assert docker.reason == f"override(docker=True) at {line_of(test_an_override_says_where_it_is, 3)}"
        assert (docker.hint, docker.source) == ("to ask the machine: leave that with block", "override")
        assert gpu == busy.replace(name="gpu", source="override")
        assert registry.check("gpu") is gpu
        assert (registry.given_answers(["docker", "gpu"]), registry.given_answers([])) == ({"docker": docker}, {})


def test_an_override_shows_no_secret(registry: Registry) -> None:
    """Neither in its reason and hint, each on one line, nor where it is refused: no answer, or a part of one."""
    details = MappingProxyType({"n": "1"})
    answer = Availability(status="unavailable", reason="not at a:b@db,\nbut", hint="ask a:b@db", details=details)
    with registry.override(docker=answer):
        docker = registry.check("docker")
        assert (docker.reason, docker.hint, docker.details) == ("not at ***@db, but", "ask ***@db", details)
    with pytest.raises(InvalidDeclaration) as caught:
        registry.override(docker="http://me:hunter2@db/")  # type: ignore[arg-type]
    told = "override(docker='http://***@db/') is not an answer; give True, False or an Availability"
    assert str(caught.value) == told
    with pytest.raises(InvalidDeclaration, match=r"=Availability\(...\)\) is unfinished; give it one of the four"):
        registry.override(docker=answer.replace(status="bogus"))
