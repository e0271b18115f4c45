"""The names that suites use today: a suite changes the module name, and nothing else."""

from __future__ import annotations

import json
import socket
import threading
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest

from ssot_shims import capabilities
from tests.conftest import run

# The module of each feature, and the names that its users take from it, the classes first.
AGENTS = {
    "orchestrator": (
        "test_orchestrator_agent",
        "TestOrchestratorAgent OrchestrationConfig ExecutionMode add_orchestrator_arguments execute_with_orchestrator",
    ),
    "master_orchestration": (
        "master_orchestration_controller",
        "MasterOrchestrationController OrchestrationMode ProgressOutputMode create_background_only_controller "
        "create_hybrid_controller create_legacy_controller",
    ),
    "background_e2e": (
        "background_e2e_agent",
        "BackgroundE2EAgent E2ETestCategory BackgroundTaskConfig add_background_e2e_arguments "
        "handle_background_e2e_commands",
    ),
}
ALL = tuple(AGENTS)
LIMITS = {"orchestrator": (30, 3, 1), "master_orchestration": (60, 2, None), "background_e2e": (90, 1, 4)}


class World(NamedTuple):
    """The features that are installed, those that are to be there, and the variables that are set."""

    installed: tuple[str, ...]
    expected: set[str]
    variables: dict[str, str]

    @property
    def real(self) -> set[str]:
        """The features that are there, and not only said to be."""
        return {name for name in self.installed if variable(name) not in self.variables}

    @property
    def overrides(self) -> dict[str, bool]:
        return {name: text == "true" for name, text in self.variables.items() if name.startswith("ORCHESTRATION_")}


WORLDS = {
    "absent": World((), set(), {}),
    "present": World(ALL, {*ALL}, {}),
    "one of three": World(("orchestrator",), {"orchestrator"}, {}),
    "forced yes": World((), {"background_e2e"}, {"ORCHESTRATION_BACKGROUND_E2E_AVAILABLE": "true"}),
    "forced no": World(ALL, {*ALL[::2]}, {"ORCHESTRATION_MASTER_ORCHESTRATION_AVAILABLE": "false"}),
    "no services": World(ALL, {*ALL}, {"TEST_NO_SERVICES": "true"}),
}


def variable(feature: str) -> str:
    return f"ORCHESTRATION_{feature.upper()}_AVAILABLE"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for the modules of the features, without any."""
    folder = tmp_path / "test_framework" / "orchestration"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def install(project: Path, *features: str, before: str = "") -> None:
    """Write the modules of *features*, each with some code *before*; one class is in a module of its own."""
    for feature in features:
        module, names = AGENTS[feature]
        there = [name for name in names.split() if name != "ProgressOutputMode"]
        (project / f"{module}.py").write_text(before + "\n".join(f"class {name}: ..." for name in there))
    (project / "progress_streaming_agent.py").write_text("class ProgressOutputMode: ...")


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project with some features, in an environment with some variables."""
    world = WORLDS[request.param]
    install(project, *world.installed)
    for name, value in world.variables.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def old() -> Any:
    """The module that takes the place of the one of old; every test has it anew."""
    return import_module("ssot_shims.orchestration")


# --- what its users expect, in each world


def test_functions_properties_and_status_agree(old: Any, world: World) -> None:
    """There is one config; the status has every answer, with the reasons, the objects and the variables."""
    config = old.get_orchestration_config()
    assert isinstance(config, old.OrchestrationConfig)
    assert old.OrchestrationConfig() is config is old.orchestration_config
    is_all, missing = world.expected == {*ALL}, {*ALL} - world.expected
    for name in ALL:
        found = getattr(old, f"is_{name}_available")(), getattr(config, f"{name}_available")
        assert found == (name in world.expected,) * 2
    assert old.is_all_orchestration_available() is config.all_orchestration_available is is_all
    assert config.any_orchestration_available is bool(world.expected)
    assert (config.get_available_features(), config.get_unavailable_features()) == (world.expected, missing)
    assert repr(config) == f"OrchestrationConfig(available={config.get_available_features()})"
    errors, status = config.get_import_errors(), old.get_orchestration_status()
    assert (errors.keys(), all(errors.values())) == (missing, True)
    objects = {name: name for feature in world.real for name in AGENTS[feature][1].split()}
    if "OrchestrationConfig" in objects:  # the one name that its users know differs
        objects["TestOrchestrationConfig"] = objects.pop("OrchestrationConfig")
    assert {name: config.get_cached_import(name).__name__ for name in status["cached_imports"]} == objects
    assert config.get_cached_import("Nobody") is None
    assert config.get_availability_status() == status
    answers = {f"{name}_available": name in world.expected for name in ALL}
    features = {"available_features": sorted(world.expected), "unavailable_features": sorted(missing)}
    are = {"all_orchestration_available": is_all, "any_orchestration_available": bool(world.expected)}
    variables = {"environment_overrides": world.overrides, "debug_mode": False}
    found = {"import_errors": errors, "cached_imports": sorted(objects)}
    assert status == answers | are | features | variables | found


@pytest.mark.parametrize("name", ALL)
def test_the_config_of_a_service(old: Any, world: World, name: str) -> None:
    """Its limits, its modules and classes, and the answer; a copy for each who asks, and no other name is one."""
    config = old.orchestration_config.get_service_config(name)
    seconds, attempts, memory = LIMITS[name]
    assert (config["timeout_seconds"], config["retry_attempts"]) == (seconds, attempts)
    assert config.get("resource_limits", {}).get("memory_gb") == memory
    assert config.get("background_eligible") is {"orchestrator": False, "background_e2e": True}.get(name)
    assert (config["availability_key"], config["available"]) == (name, name in world.expected)
    assert (config["environment_vars"], config["debug_mode"]) == ([variable(name)], False)
    assert config["environment_override"] == world.overrides.get(variable(name))
    assert all(module.startswith("test_framework.orchestration.") for module in config["import_modules"])
    assert (config["last_error"] is None) == (name in world.expected)
    given = {name.replace("TestOrchestrationConfig", "OrchestrationConfig") for name in config["cached_imports"]}
    assert given == (set(config["required_classes"]) if name in world.real else set())
    assert config["required_classes"] == [one for one in AGENTS[name][1].split() if one[0].isupper()]
    config["timeout_seconds"] = 1
    assert old.orchestration_config.get_service_config(name)["timeout_seconds"] == seconds
    with pytest.raises(ValueError, match="^Unknown service 'nobody'. Available services: .'orchestrator', "):
        old.orchestration_config.get_service_config("nobody")


def test_validation(old: Any, world: World) -> None:
    """What is not there is told with its reason, and so is what a variable forces; else nothing is."""
    issues, count = old.validate_global_orchestration_config(), len(world.expected)
    told = [f"Import error for {name}: {why}" for name, why in old.orchestration_config.get_import_errors().items()]
    if told:
        some = f"Only {count}/3 orchestration features available"
        told.insert(0, some if count else "No orchestration features are available")
    if world.overrides:
        told.append(f"Environment overrides active: {world.overrides}")
    assert issues == old.orchestration_config.validate_configuration() == told


def test_a_variable_counts_at_once(old: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set or removed between two questions."""
    features = old.orchestration_config.get_available_features
    for name in ALL:
        before = name in features()
        with monkeypatch.context() as patch:
            patch.setenv(variable(name), "0" if before else "yes")
            assert (name in features()) is not before
        assert (name in features()) is before


# --- features


@pytest.mark.parametrize(
    "before", ["from test_framework.orchestration.never_committed import Agent\n", "raise RuntimeError('x')\n", "1 1\n"]
)
def test_a_feature_whose_module_does_not_import(old: Any, project: Path, before: str) -> None:
    """Its file is there, and it is not: whatever is asked about it is answered, and nothing is raised."""
    config = old.orchestration_config
    install(project, "orchestrator")
    install(project, "background_e2e", before=before)
    assert config.get_available_features() == {"orchestrator"}
    told = config.get_service_config("background_e2e")
    assert (told["available"], told["cached_imports"], told["timeout_seconds"]) == (False, {}, 90)
    assert told["last_error"].startswith("its probe raised ")
    assert config.get_cached_import("BackgroundE2EAgent") is None


def test_an_object_that_its_module_lacks(old: Any, project: Path) -> None:
    """It is left out; the feature is there, for its module imports, which is seen after a refresh that is forced."""
    assert not old.is_master_orchestration_available()
    install(project, "master_orchestration")
    (project / "progress_streaming_agent.py").write_text("")
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


def test_the_registry_decides(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are built-in import: probes like any others, so overrides and a suite's own registration count."""
    found = {name: (capabilities[name].notation, capabilities[name].level, capabilities[name].where) for name in ALL}
    prefix, where = "import:test_framework.orchestration.", "ssot_shims.orchestration"
    assert found == {name: (prefix + module, "built-in", where) for name, (module, _) in AGENTS.items()}
    for says in (False, True):
        monkeypatch.setenv("ORCHESTRATION_DOCKER_AVAILABLE", str(says).lower())
        assert old.is_docker_available() is old.orchestration_config.docker_available is says
    with capabilities.override(orchestrator=True, docker=True, master_orchestration=False, background_e2e=False):
        assert old.orchestration_config.get_available_features() == {"orchestrator"}
        assert old.orchestration_config.get_cached_import("TestOrchestratorAgent") is None
        with capabilities.override(docker=False):
            assert not old.orchestration_config.docker_available
    capabilities.register("orchestrator", lambda: True)
    assert old.is_orchestrator_available()


# --- services


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
    """No answer is kept, and no variable for some capability answers for a host and a port."""
    monkeypatch.setenv("SSOT_SHIMS_HAS_SERVICE", "1")
    monkeypatch.setenv("SSOT_SHIMS_HAS_REDIS", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert old.check_service_available("redis", "127.0.0.1", port) is True
        assert old.check_service_available("redis", host="localhost", port=port, timeout=1) is True
    assert old.check_service_available("redis", "127.0.0.1", port) is False


NO_PORTS = [("localhost", port) for port in (0, 65536, -1, None)]


@pytest.mark.parametrize(("host", "port"), [("", 1), ("local host", 1), *NO_PORTS])
def test_what_can_be_no_address_is_no(old: Any, host: str, port: int | None) -> None:
    """A suite that asks for a host or a port that cannot be gets False, as it always did."""
    assert old.check_service_available("redis", host, port) is False


def test_a_host_of_ipv6_may_stand_in_brackets(old: Any) -> None:
    """As it stands in an address, and as a socket takes it; no time at all is no."""
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        port = server.getsockname()[1]
        asked = [("::1", port, 2), ("[::1]", port, 2), ("::1", port, 0)]
        assert [old.check_service_available("redis", *words) for words in asked] == [True, True, False]


def test_a_name_server_that_hangs_does_not_hold_the_question_past_its_timeout(
    old: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        assert monotonic() - began < 1.5
        assert calls == [b"redis.example"]
    finally:
        answers.set()
