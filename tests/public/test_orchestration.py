"""The names that suites use today: a suite changes the module name, and nothing else."""

from __future__ import annotations

import json
import socket
import threading
from importlib import import_module
from time import monotonic
from typing import Any, NamedTuple

import pytest

from ssot_shims import capabilities
from tests.conftest import Write, run

# The module of each feature, and the names that its users take from it, the classes first.
AGENTS = {
    "orchestrator": """test_orchestrator_agent TestOrchestratorAgent OrchestrationConfig ExecutionMode
        add_orchestrator_arguments execute_with_orchestrator""",
    "master_orchestration": """master_orchestration_controller MasterOrchestrationController OrchestrationMode
        ProgressOutputMode create_background_only_controller create_hybrid_controller create_legacy_controller""",
    "background_e2e": """background_e2e_agent BackgroundE2EAgent E2ETestCategory BackgroundTaskConfig
        add_background_e2e_arguments handle_background_e2e_commands""",
}
ALL = tuple(AGENTS)


class World(NamedTuple):
    """The features that are installed, those that are to be there, and the variables that are set."""

    installed: tuple[str, ...] = ALL
    expected: tuple[str, ...] = ALL
    variables: tuple[tuple[str, str], ...] = ()


WORLDS = {
    "absent": World((), ()),
    "present": World(),
    "one of three": World(ALL[:1], ALL[:1]),
    "forced yes": World((), ALL[2:], (("ORCHESTRATION_BACKGROUND_E2E_AVAILABLE", "true"),)),
    "forced no": World(ALL, ALL[::2], (("ORCHESTRATION_MASTER_ORCHESTRATION_AVAILABLE", "false"),)),
    "no services": World(ALL, ALL, (("TEST_NO_SERVICES", "true"),)),
}


def variable(feature: str) -> str:
    return f"ORCHESTRATION_{feature.upper()}_AVAILABLE"


def install(write: Write, *features: str, before: str = "") -> None:
    """Write the modules of *features*, each with some code *before*; one class is in a module of its own."""
    files = {"__init__": "", "progress_streaming_agent": "class ProgressOutputMode: ..."}
    for module, *names in (AGENTS[feature].split() for feature in features):
        files[module] = before + "\n".join(f"class {name}: ..." for name in names if name != "ProgressOutputMode")
    folder = {f"test_framework/orchestration/{name}.py": text for name, text in files.items()}
    write({"test_framework/__init__.py": "", **folder})


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, write: Write, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project with some features, in an environment with some variables."""
    world = WORLDS[request.param]
    install(write, *world.installed)
    for name, value in world.variables:
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def old() -> Any:
    """The module that takes the place of the one of old; every test has it anew."""
    return import_module("ssot_shims.orchestration")


def overrides(world: World) -> dict[str, bool]:
    return {name: text == "true" for name, text in world.variables if name.startswith("ORCHESTRATION_")}


def real(world: World) -> set[str]:
    """The features that are there, and not only said to be."""
    return {name for name in world.installed if variable(name) not in dict(world.variables)}


def test_functions_properties_and_status_agree(old: Any, world: World) -> None:
    """There is one config; the status has every answer, with the reasons, the objects and the variables."""
    config = old.get_orchestration_config()
    assert isinstance(config, old.OrchestrationConfig)
    assert old.OrchestrationConfig() is config is old.orchestration_config
    is_all, missing = world.expected == ALL, {*ALL} - {*world.expected}
    for name in ALL:
        found = getattr(old, f"is_{name}_available")(), getattr(config, f"{name}_available")
        assert found == (name in world.expected,) * 2
    assert old.is_all_orchestration_available() is config.all_orchestration_available is is_all
    assert config.any_orchestration_available is bool(world.expected)
    assert (config.get_available_features(), config.get_unavailable_features()) == ({*world.expected}, missing)
    assert repr(config) == f"OrchestrationConfig(available={config.get_available_features()})"
    errors, status = config.get_import_errors(), old.get_orchestration_status()
    assert (errors.keys(), all(errors.values())) == (missing, True)
    objects = {name: name for feature in real(world) for name in AGENTS[feature].split()[1:]}
    if "OrchestrationConfig" in objects:  # the one name that its users know differs
        objects["TestOrchestrationConfig"] = objects.pop("OrchestrationConfig")
    assert {name: config.get_cached_import(name).__name__ for name in status["cached_imports"]} == objects
    assert config.get_cached_import("Nobody") is None
    assert status == {
        **{f"{name}_available": name in world.expected for name in ALL},
        **{"available_features": sorted(world.expected), "unavailable_features": sorted(missing)},
        **{"all_orchestration_available": is_all, "any_orchestration_available": bool(world.expected)},
        **{"environment_overrides": overrides(world), "debug_mode": False},
        **{"import_errors": errors, "cached_imports": sorted(objects)},
    }


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("orchestrator", (30, 3, 1, False)),
        ("master_orchestration", (60, 2, 0, None)),
        ("background_e2e", (90, 1, 4, True)),
    ],
)
def test_the_config_of_a_service(old: Any, world: World, name: str, limits: tuple[object, ...]) -> None:
    """Its limits, its modules and classes, and the answer; a copy for each who asks, and no other name is one."""
    config = old.orchestration_config.get_service_config(name)
    memory = config.get("resource_limits", {"memory_gb": 0})["memory_gb"]
    assert (config["timeout_seconds"], config["retry_attempts"], memory, config.get("background_eligible")) == limits
    assert (config["availability_key"], config["available"]) == (name, name in world.expected)
    assert (config["environment_vars"], config["debug_mode"]) == ([variable(name)], False)
    assert config["environment_override"] == overrides(world).get(variable(name))
    assert all(module.startswith("test_framework.orchestration.") for module in config["import_modules"])
    assert (config["last_error"] is None) == (name in world.expected)
    given = {name.replace("TestOrchestrationConfig", "OrchestrationConfig") for name in config["cached_imports"]}
    assert given == (set(config["required_classes"]) if name in real(world) else set())
    assert config["required_classes"] == [one for one in AGENTS[name].split() if one[0].isupper()]
    config.get("resource_limits", {}).clear()
    again = old.orchestration_config.get_service_config(name)
    assert again.get("resource_limits", {"memory_gb": 0})["memory_gb"] == limits[2]
    with pytest.raises(ValueError, match="^Unknown service 'nobody'. Available services: .'orchestrator', "):
        old.orchestration_config.get_service_config("nobody")


def test_validation(old: Any, world: World) -> None:
    """What is not there is told with its reason, and so is what a variable forces; else nothing is."""
    count, errors = len(world.expected), old.orchestration_config.get_import_errors()
    some = f"Only {count}/3 orchestration features available" if count else "No orchestration features are available"
    told = [some, *(f"Import error for {name}: {why}" for name, why in errors.items())] if errors else []
    told += [f"Environment overrides active: {overrides(world)}"] if overrides(world) else []
    assert old.validate_global_orchestration_config() == told


def test_a_variable_counts_at_once(old: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set or removed between two questions."""
    features = old.orchestration_config.get_available_features
    for name in ALL:
        before = name in features()
        with monkeypatch.context() as patch:
            patch.setenv(variable(name), "0" if before else "yes")
            assert (name in features()) is not before
        assert (name in features()) is before


@pytest.mark.parametrize(
    "before", ["from test_framework.orchestration.never_committed import Agent\n", "raise RuntimeError('x')\n", "1 1\n"]
)
def test_a_feature_whose_module_does_not_import(old: Any, write: Write, before: str) -> None:
    """Its file is there, and it is not: whatever is asked about it is answered, and nothing is raised."""
    config = old.orchestration_config
    install(write, "orchestrator")
    install(write, "background_e2e", before=before)
    assert config.get_available_features() == {"orchestrator"}
    told = config.get_service_config("background_e2e")
    assert (told["available"], told["cached_imports"], told["timeout_seconds"]) == (False, {}, 90)
    assert told["last_error"].startswith("its probe raised ")
    assert config.get_cached_import("BackgroundE2EAgent") is None


def test_an_object_that_its_module_lacks(old: Any, write: Write) -> None:
    """It is left out; the feature is there, for its module imports, which is seen after a refresh that is forced."""
    assert not old.is_master_orchestration_available()
    install(write, "master_orchestration")
    write({"test_framework/orchestration/progress_streaming_agent.py": ""})
    old.refresh_global_orchestration_config()
    assert not old.is_master_orchestration_available()
    old.refresh_global_orchestration_config(force=True)
    assert old.is_master_orchestration_available()
    found = old.orchestration_config.get_service_config("master_orchestration")["cached_imports"]
    assert {*found} == {"MasterOrchestrationController", "OrchestrationMode"}


def test_importing_it_asks_nothing() -> None:
    """No socket is made, no process started, no module of a feature looked for; the enums of old are the shims."""
    code = """
import json, sys
events = []
sys.addaudithook(lambda name, _: events.append(name))
import ssot_shims.orchestration, ssot_shims.orchestration_enums as old
opened = [name for name in events if name.startswith(("socket.", "subprocess."))]
features = [name for name in sys.modules if name.startswith("test_framework")]
shims = [getattr(old, name) is getattr(ssot_shims, name) for name in old.__all__]
print(json.dumps([opened, features, list(ssot_shims.capabilities._answers.kept), old.__all__, shims]))
"""
    out, err = run(code, "-W", "error")
    assert (err, json.loads(out)) == ("", [[], [], [], ["HeartbeatConfig", "RetryPolicy"], [True, True]])


def test_the_registry_decides(old: Any, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are built-in import: probes like any others, so overrides and a suite's own registration count."""
    found = {name: (capabilities[name].notation, capabilities[name].level, capabilities[name].where) for name in ALL}
    prefix, where = "import:test_framework.orchestration.", "ssot_shims.orchestration"
    assert found == {name: (prefix + AGENTS[name].split()[0], "built-in", where) for name in ALL}
    for says in (False, True):
        monkeypatch.setenv("ORCHESTRATION_DOCKER_AVAILABLE", str(says).lower())
        assert old.is_docker_available() is old.orchestration_config.docker_available is says
    install(write, "orchestrator")  # and yet what is only said to be there gives nothing
    with capabilities.override(orchestrator=True, docker=True, master_orchestration=False, background_e2e=False):
        assert old.orchestration_config.get_available_features() == {"orchestrator"}
        assert old.orchestration_config.get_cached_import("TestOrchestratorAgent") is None
        with capabilities.override(docker=False):
            assert not old.orchestration_config.docker_available
    capabilities.register("orchestrator", lambda: True)
    assert old.is_orchestrator_available()


@pytest.mark.parametrize("name", ["SSOT_SHIMS_NO_SERVICES", "TEST_NO_SERVICES"])
def test_services_can_be_turned_off(old: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """By our name for it and by the one of old."""
    assert old.is_no_services_mode() is old.orchestration_config.no_services_mode is False
    monkeypatch.setenv(name, "1")
    assert old.is_no_services_mode() is old.orchestration_config.no_services_mode is True
    assert not old.is_docker_available()
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert old.check_service_available("web", "127.0.0.1", server.getsockname()[1]) is False


def test_each_question_for_a_service_is_asked_now(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is kept, no variable for a capability answers, and what can be no address is no; a port may be text."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_SERVICE", "1")
    monkeypatch.setenv("SSOT_SHIMS_HAS_REDIS", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert old.check_service_available("redis", "127.0.0.1", port) is True
        assert old.check_service_available("redis", host="localhost", port=str(port), timeout=1) is True
        assert old.check_service_available("redis", "127.0.0.1", port, timeout=0) is False
    places = [("127.0.0.1", port), ("", 1), ("local host", 1), *(("localhost", no) for no in (0, 65536, -1, None))]
    places += [("127.0.0.1", no) for no in ("", "redis", "6379/tcp", "9" * 5000, float("nan"), 80.5)]
    assert {old.check_service_available("redis", *place) for place in places} == {False}


def test_a_host_of_ipv6_may_stand_in_brackets(old: Any) -> None:
    """As it stands in an address, and as a socket takes it."""
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        port = server.getsockname()[1]
        assert [old.check_service_available("redis", host, port) for host in ("::1", "[::1]")] == [True, True]


def test_a_name_server_that_hangs_does_not_hold_the_question(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up the name of the host counts into the seconds, and one that hangs is not begun a second time."""
    answers, calls = threading.Event(), list[object]()

    def hang(host: object, *args: object, **options: object) -> list[object]:
        calls.append(host)
        answers.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = monotonic()
    try:
        for _ in range(2):
            assert old.check_service_available("redis", "redis.example", 6379, timeout=0.2) is False
        assert monotonic() - began < 8  # or one of them has waited for the name server
        assert calls == [b"redis.example"]
    finally:
        answers.set()
