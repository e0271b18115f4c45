"""Who wins: overrides, the environment in its order, and the probe."""

from __future__ import annotations

import functools
from types import MappingProxyType

import pytest

from ssot_shims import Availability, Registry
from ssot_shims._capabilities.cache import Override
from ssot_shims._settings import no_services, required
from ssot_shims.errors import InvalidDeclaration, InvalidSetting

HERE = __file__


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """With a service and something that is none; the probes say yes, and no names of old are set."""
    for name in ("TEST_NO_SERVICES", "ORCHESTRATION_DOCKER_AVAILABLE", "ORCHESTRATION_GPU_AVAILABLE"):
        monkeypatch.delenv(name, raising=False)
    registry = Registry()
    registry.register("docker", lambda: (False, "from the probe"), service=True)
    registry.register("gpu", lambda: (False, "from the probe"))
    return registry


HAS = "SSOT_SHIMS_HAS_DOCKER"
NO_SERVICES = "SSOT_SHIMS_NO_SERVICES"
OLD = "ORCHESTRATION_DOCKER_AVAILABLE"
OLD_NO_SERVICES = "TEST_NO_SERVICES"


@pytest.mark.parametrize(
    ("settings", "status", "source"),
    [
        ({}, "unavailable", "probe"),
        ({HAS: "1"}, "available", HAS),
        ({HAS: " On "}, "available", HAS),
        ({HAS: "TRUE"}, "available", HAS),
        ({HAS: "yes"}, "available", HAS),
        ({HAS: "0"}, "unavailable", HAS),
        ({HAS: "false"}, "unavailable", HAS),
        ({HAS: "No"}, "unavailable", HAS),
        ({HAS: "off"}, "unavailable", HAS),
        ({HAS: ""}, "unavailable", "probe"),
        ({HAS: "  "}, "unavailable", "probe"),
        ({NO_SERVICES: "1"}, "unavailable", NO_SERVICES),
        ({NO_SERVICES: "0"}, "unavailable", "probe"),
        ({OLD: "true"}, "available", OLD),
        ({OLD: "false"}, "unavailable", OLD),
        ({OLD_NO_SERVICES: "true"}, "unavailable", OLD_NO_SERVICES),
        ({OLD_NO_SERVICES: "false"}, "unavailable", "probe"),
        ({HAS: "1", NO_SERVICES: "1", OLD: "0", OLD_NO_SERVICES: "1"}, "available", HAS),
        ({NO_SERVICES: "1", OLD: "1"}, "unavailable", NO_SERVICES),
        ({NO_SERVICES: "0", OLD: "1", OLD_NO_SERVICES: "1"}, "available", OLD),
        ({HAS: "1", NO_SERVICES: "maybe", OLD: "maybe", OLD_NO_SERVICES: "maybe"}, "available", HAS),
        ({NO_SERVICES: "1", OLD: "maybe", OLD_NO_SERVICES: "maybe"}, "unavailable", NO_SERVICES),
        ({OLD: "1", OLD_NO_SERVICES: "maybe"}, "available", OLD),
    ],
)
def test_the_order_of_who_wins(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], status: str, source: str
) -> None:
    """HAS_, no-services, the two names of old, the probe; an override comes before all of them.

    What stands behind the one that wins is not even read.
    """
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    answer = registry.check("docker")
    assert (answer.name, answer.status, answer.source) == ("docker", status, source)
    with registry.override(docker=not answer):
        assert bool(registry.check("docker")) is not bool(answer)
    assert registry.check("docker") is answer


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (HAS, "1", f"{HAS} says yes"),
        (HAS, "0", f"{HAS} says no"),
        (NO_SERVICES, "1", f"{NO_SERVICES} turns every service off"),
        (OLD, "1", f"{OLD} says yes"),
        (OLD_NO_SERVICES, "1", f"{OLD_NO_SERVICES} turns every service off"),
    ],
)
def test_the_reason_says_who_and_the_hint_how_to_undo_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    """Done, it turns the answer to the machine's own."""
    monkeypatch.setenv(name, value)
    answer = registry.check("docker")
    assert (answer.reason, answer.hint, answer.source) == (reason, f"to ask the machine: unset {name}", name)
    monkeypatch.delenv(name)
    registry.refresh("docker")
    assert registry.check("docker").reason == "from the probe"


@pytest.mark.parametrize("name", [NO_SERVICES, OLD_NO_SERVICES])
def test_no_services_leaves_everything_else_alone(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What is no service is asked as ever; the notations of services are services, and the user may say otherwise."""
    monkeypatch.setenv(name, "1")
    assert no_services()
    registry.register("tcp", "tcp://localhost:1")
    registry.register("unix", "unix:///nowhere")
    registry.register("http", "http://localhost:1")
    registry.register("https", "https://localhost:1")
    registry.register("not_one", "tcp://localhost:1", service=False)
    registry.register("either", "any:docker,gpu")
    sources = {answer.name: answer.source for answer in registry.check_all().values()}
    off = dict.fromkeys(["docker", "http", "https", "tcp", "unix"], name)
    assert sources == {**off, "gpu": "probe", "not_one": "probe", "either": name}


def test_settings_are_read_when_the_answer_is_made(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known answer does not look at the environment again; a combination, which is never kept, does."""
    registry.register("both", "all:docker,gpu")
    assert not registry.check("docker")
    assert not registry.check("both")
    monkeypatch.setenv(HAS, "1")
    monkeypatch.setenv("SSOT_SHIMS_HAS_BOTH", "1")
    assert not registry.check("docker")
    assert (bool(registry.check("both")), registry.check("both").source) == (True, "SSOT_SHIMS_HAS_BOTH")


# --- overrides


def test_overrides_nest_and_are_restored_exactly(registry: Registry) -> None:
    """Each acts from ``with`` to its end, both ways, and the known answer is the same object afterwards."""
    real = registry.check("docker")
    outer, inner = registry.override(docker=True), registry.override({"docker": False, "gpu": True})
    assert registry.check("docker") is real
    with outer:
        assert registry.check("docker").status == "available"
        with inner:
            assert (bool(registry.check("docker")), bool(registry.check("gpu"))) == (False, True)
            with outer:
                assert registry.check("docker")
            assert registry.check("docker").status == "unavailable"
        assert (bool(registry.check("docker")), bool(registry.check("gpu"))) == (True, False)
    assert registry.check("docker") is real


def test_overrides_that_end_out_of_order_leave_what_is_left(registry: Registry) -> None:
    """As two threads or two fixtures may do it."""
    first, second = registry.override(docker=True), registry.override(docker=False)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert registry.check("docker").source == "override"
    second.__exit__(None, None, None)
    assert registry.check("docker").source == "probe"


def test_an_override_counts_while_others_end(registry: Registry) -> None:
    """However many other threads leave theirs just while somebody looks for it."""
    registry.register("db", lambda: True)
    answers = registry._answers

    class Leaving(dict[str, Availability]):
        def __contains__(self, name: object) -> bool:
            for layer in leaving:
                Override(answers, layer).__exit__()
            return False

    leaving = [Leaving() for _ in range(3)]
    with registry.override(db=False):
        for layer in leaving:
            Override(answers, layer).__enter__()
        found = answers.known("db")
    assert found is not None
    assert found.source == "override"


def test_an_override_says_where_it_is(registry: Registry) -> None:
    """And how to undo it. An Availability is taken as it is, but for who says so."""
    line = test_an_override_says_where_it_is.__code__.co_firstlineno + 3
    with registry.override(docker=True, gpu=Availability(status="timed_out", reason="busy", details={"n": "1"})):
        docker = registry.check("docker")
        assert (docker.reason, docker.hint, docker.source) == (
            f"override(docker=True) at {HERE}:{line}",
            "to ask the machine: leave that with block",
            "override",
        )
        gpu = registry.check("gpu")
        assert (gpu.name, gpu.status, gpu.reason, gpu.source, gpu.details) == (
            "gpu",
            "timed_out",
            "busy",
            "override",
            {"n": "1"},
        )
        assert registry.check("gpu") is gpu


def test_an_override_of_a_part_shows_at_once(registry: Registry) -> None:
    """In every combination; and a combination may be overridden itself. What is forced is said to be."""
    registry.register("both", "all:docker,gpu")
    registry.register("either", "any:docker,gpu")
    assert not registry.check("either")
    with registry.override(docker=True):
        either, both = registry.check("either"), registry.check("both")
        assert (either.status, either.source) == ("available", "override")
        assert (both.status, both.source) == ("unavailable", "probe")
        with registry.override(gpu=True, both=False):
            assert not registry.check("both")
            assert registry.check("both").source == "override"
    assert not registry.check("either")


@pytest.mark.parametrize(
    ("notation", "source"),
    [
        ("any:yes,forced_yes", "probe"),
        ("any:no,forced_yes", "override"),
        ("any:no,forced_no", "override"),
        ("all:yes,forced_yes", "override"),
        ("all:no,forced_no", "probe"),
        ("all:yes,forced_no", "override"),
    ],
)
def test_a_combination_is_forced_if_it_would_be_another_without(registry: Registry, notation: str, source: str) -> None:
    """What the other parts decide by themselves is no less real for a forced part that agrees."""
    for name, answer in (("yes", True), ("forced_yes", False), ("no", False), ("forced_no", True)):
        registry.register(name, functools.partial(bool, answer))
    registry.register("combined", notation)
    with registry.override(forced_yes=True, forced_no=False):
        assert registry.check("combined").source == source


def test_an_override_that_is_no_answer_is_refused(registry: Registry) -> None:
    """Anything but True, False or an Availability."""
    with pytest.raises(InvalidDeclaration) as caught:
        registry.override(docker=1)  # type: ignore[arg-type]
    assert str(caught.value) == "override(docker=1) is no answer; give True, False or an Availability"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "bogus"},
        {"reason": None},
        {"reason": " "},
        {"hint": None},
        {"details": {(1, 2): "x"}},
        {"details": {"n": 1}},
    ],
    ids=str,
)
def test_an_override_that_cannot_be_shown_is_refused(registry: Registry, change: dict[str, object]) -> None:
    """Where it is given, and not where it would be read."""
    answer = Availability(status="available", reason="it is").replace(**change)
    with pytest.raises(InvalidDeclaration) as caught:
        registry.override(docker=answer)
    assert str(caught.value) == (
        "override(docker=Availability(...)) is unfinished; give it one of the four statuses, a reason in words, "
        "and details of text by text"
    )


def test_an_override_shows_no_secret(registry: Registry) -> None:
    """Neither in its reason nor where it is refused."""
    details = MappingProxyType({"n": "1"})
    answer = Availability(
        status="unavailable", reason="not at me:hunter2@db,\nbut there", hint="ask me:hunter2@db", details=details
    )
    with registry.override(docker=answer):
        docker = registry.check("docker")
        assert (docker.reason, docker.hint, docker.details) == ("not at ***@db, but there", "ask ***@db", details)
    with pytest.raises(InvalidDeclaration) as caught:
        registry.override(docker="http://me:hunter2@db/")  # type: ignore[arg-type]
    assert str(caught.value) == "override(docker='http://***@db/') is no answer; give True, False or an Availability"


# --- settings


@pytest.mark.parametrize("value", ["-1", "0", "nan", "inf", "86401", "soon"])
def test_a_timeout_that_does_not_read_is_an_error(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Word for word, when somebody asks."""
    monkeypatch.setenv("SSOT_SHIMS_TIMEOUT", value)
    with pytest.raises(InvalidSetting) as caught:
        registry.check("docker")
    assert str(caught.value) == (
        f"SSOT_SHIMS_TIMEOUT is {value!r}; expected seconds above 0, such as 2.5, at most a day (86400)"
    )


def test_a_setting_that_does_not_read_shows_no_secret(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address may be put where a yes or no should be."""
    monkeypatch.setenv(HAS, "tcp://me:hunter2@db:5432")
    with pytest.raises(InvalidSetting) as caught:
        registry.check("docker")
    assert str(caught.value) == (f"{HAS} is 'tcp://***@db:5432'; expected 1, true, yes or on, or 0, false, no or off")
    assert "hunter2" not in f"{caught.value!r} {vars(caught.value)}"


def test_what_is_required_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of capabilities, and of shims behind ``upstream:``; each once."""
    assert required() == ()
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", " docker, upstream:HeartbeatConfig,docker,")
    assert required() == ("docker", "upstream:HeartbeatConfig")
    monkeypatch.setenv("SSOT_SHIMS_REQUIRE", "docker;postgres")
    with pytest.raises(InvalidSetting) as caught:
        required()
    assert str(caught.value) == (
        "SSOT_SHIMS_REQUIRE is 'docker;postgres'; expected names such as docker,postgres,upstream:HeartbeatConfig"
    )
