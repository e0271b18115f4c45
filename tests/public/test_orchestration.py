"""The names that suites use today: a suite changes the module name, and nothing else."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

import ssot_shims
from ssot_shims import capabilities

CHECKOUT = Path(ssot_shims.__file__).parents[1]

# The names and attributes that the users of the module of old take from it, and what they expect of them.
SUITE = """
import json
import os
import socket

import pytest

from ssot_shims.orchestration import (
    OrchestrationConfig,
    check_service_available,
    get_orchestration_config,
    get_orchestration_status,
    is_all_orchestration_available,
    is_background_e2e_available,
    is_docker_available,
    is_master_orchestration_available,
    is_no_services_mode,
    is_orchestrator_available,
    orchestration_config,
    refresh_global_orchestration_config,
    validate_global_orchestration_config,
)

ALL = {"orchestrator", "master_orchestration", "background_e2e"}
EXPECTED = set(json.loads(os.environ["EXPECTED"]))
INSTALLED = set(json.loads(os.environ["INSTALLED"]))
NO_SERVICES = os.environ.get("TEST_NO_SERVICES") == "true"
FORCED = {name: os.environ.get(f"ORCHESTRATION_{name.upper()}_AVAILABLE") for name in ALL}
OVERRIDES = {name: value == "true" for name, value in FORCED.items() if value is not None}
NAMES = {
    "orchestrator": [
        "TestOrchestratorAgent", "TestOrchestrationConfig", "ExecutionMode",
        "add_orchestrator_arguments", "execute_with_orchestrator",
    ],
    "master_orchestration": [
        "MasterOrchestrationController", "OrchestrationMode", "ProgressOutputMode",
        "create_background_only_controller", "create_hybrid_controller", "create_legacy_controller",
    ],
    "background_e2e": [
        "BackgroundE2EAgent", "E2ETestCategory", "BackgroundTaskConfig",
        "add_background_e2e_arguments", "handle_background_e2e_commands",
    ],
}


def test_there_is_one_config():
    assert OrchestrationConfig() is OrchestrationConfig() is get_orchestration_config() is orchestration_config
    assert isinstance(orchestration_config, OrchestrationConfig)
    available = orchestration_config.get_available_features()
    assert repr(orchestration_config) == f"OrchestrationConfig(available={available})"


def test_the_functions_and_the_properties_agree():
    config = get_orchestration_config()
    assert is_orchestrator_available() is config.orchestrator_available is ("orchestrator" in EXPECTED)
    assert is_master_orchestration_available() is config.master_orchestration_available
    assert config.master_orchestration_available is ("master_orchestration" in EXPECTED)
    assert is_background_e2e_available() is config.background_e2e_available is ("background_e2e" in EXPECTED)
    assert is_all_orchestration_available() is config.all_orchestration_available is (EXPECTED == ALL)
    assert config.any_orchestration_available is bool(EXPECTED)


def test_features():
    assert orchestration_config.get_available_features() == EXPECTED
    assert orchestration_config.get_unavailable_features() == ALL - EXPECTED
    errors = orchestration_config.get_import_errors()
    assert errors.keys() >= ALL - EXPECTED - OVERRIDES.keys()
    assert all(errors.values())


def test_docker(monkeypatch):
    monkeypatch.setenv("ORCHESTRATION_DOCKER_AVAILABLE", "false")
    assert is_docker_available() is orchestration_config.docker_available is False
    if not NO_SERVICES:
        monkeypatch.setenv("ORCHESTRATION_DOCKER_AVAILABLE", "true")
        assert is_docker_available() is orchestration_config.docker_available is True


def test_imports():
    orchestration_config.get_available_features()
    for feature, names in NAMES.items():
        for name in names:
            found = orchestration_config.get_cached_import(name)
            is_there = feature in INSTALLED and feature not in OVERRIDES
            assert (getattr(found, "__name__", None) is not None) == is_there, name
    assert orchestration_config.get_cached_import("Nobody") is None


def test_status():
    status = get_orchestration_status()
    again = orchestration_config.get_availability_status()
    assert again.keys() == status.keys()
    assert {name for name in ALL if status[f"{name}_available"]} == EXPECTED
    assert status["all_orchestration_available"] is (EXPECTED == ALL)
    assert status["any_orchestration_available"] is bool(EXPECTED)
    assert set(status["available_features"]) == EXPECTED
    assert set(status["unavailable_features"]) == ALL - EXPECTED
    assert status["import_errors"].keys() >= ALL - EXPECTED - OVERRIDES.keys()
    real = [name for feature in INSTALLED - OVERRIDES.keys() for name in NAMES[feature]]
    assert sorted(status["cached_imports"]) == sorted(real)
    assert status["environment_overrides"] == {
        f"ORCHESTRATION_{name.upper()}_AVAILABLE": value for name, value in OVERRIDES.items()
    }
    assert status["debug_mode"] is False


@pytest.mark.parametrize(
    ("name", "seconds", "attempts", "memory"),
    [("orchestrator", 30, 3, 1), ("master_orchestration", 60, 2, None), ("background_e2e", 90, 1, 4)],
)
def test_service_config(name, seconds, attempts, memory):
    config = orchestration_config.get_service_config(name)
    assert (config["timeout_seconds"], config["retry_attempts"]) == (seconds, attempts)
    assert config.get("resource_limits", {}).get("memory_gb") == memory
    assert config.get("background_eligible") is {"orchestrator": False, "background_e2e": True}.get(name)
    assert config["availability_key"] == name
    assert config["available"] is (name in EXPECTED)
    assert config["environment_vars"] == [f"ORCHESTRATION_{name.upper()}_AVAILABLE"]
    assert config["environment_override"] == OVERRIDES.get(name)
    assert config["debug_mode"] is False
    assert all(module.startswith("test_framework.orchestration.") for module in config["import_modules"])
    if name in EXPECTED:
        assert config["last_error"] is None
    real = name in INSTALLED and name not in OVERRIDES
    names = {given.replace("TestOrchestrationConfig", "OrchestrationConfig") for given in config["cached_imports"]}
    assert names == (set(config["required_classes"]) if real else set())


def test_each_service_config_is_a_copy():
    orchestration_config.get_service_config("orchestrator")["timeout_seconds"] = 1
    assert orchestration_config.get_service_config("orchestrator")["timeout_seconds"] == 30


def test_an_unknown_service():
    with pytest.raises(ValueError, match="^Unknown service 'nobody'. Available services: .'orchestrator', "):
        orchestration_config.get_service_config("nobody")


def test_validation():
    issues = validate_global_orchestration_config()
    assert issues == orchestration_config.validate_configuration()
    told = " ".join(issues)
    assert ("No orchestration features are available" in told) == (not EXPECTED)
    assert (f"Only {len(EXPECTED)}/3 orchestration features available" in told) == (0 < len(EXPECTED) < 3)
    assert (f"Environment overrides active: " in told) == bool(OVERRIDES)
    for name in ALL - EXPECTED - OVERRIDES.keys():
        assert f"Import error for {name}: " in told
    if EXPECTED == ALL and not OVERRIDES:
        assert issues == []


def test_refresh(monkeypatch):
    before = is_orchestrator_available()
    monkeypatch.setenv("ORCHESTRATION_ORCHESTRATOR_AVAILABLE", "false" if before else "true")
    refresh_global_orchestration_config(force=True)
    assert is_orchestrator_available() is not before
    monkeypatch.undo()
    orchestration_config.refresh_availability(force=True)
    orchestration_config.refresh_availability()
    refresh_global_orchestration_config()
    assert is_orchestrator_available() is before


def test_a_variable_counts_at_once(monkeypatch):
    for name in sorted(ALL):
        before = name in orchestration_config.get_available_features()
        with monkeypatch.context() as patch:
            patch.setenv(f"ORCHESTRATION_{name.upper()}_AVAILABLE", "0" if before else "yes")
            assert (name in orchestration_config.get_available_features()) is not before
        assert (name in orchestration_config.get_available_features()) is before


def test_services():
    assert is_no_services_mode() is orchestration_config.no_services_mode is NO_SERVICES
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_service_available("cache", "127.0.0.1", port) is not NO_SERVICES
        assert check_service_available("cache", host="127.0.0.1", port=port, timeout=1.0) is not NO_SERVICES
    assert check_service_available("cache", "127.0.0.1", port, 1) is False
    assert check_service_available("cache") is False
"""

AGENTS = {
    "orchestrator": (
        "test_orchestrator_agent",
        "TestOrchestratorAgent OrchestrationConfig ExecutionMode add_orchestrator_arguments execute_with_orchestrator",
    ),
    "master_orchestration": (
        "master_orchestration_controller",
        "MasterOrchestrationController OrchestrationMode create_background_only_controller create_hybrid_controller "
        "create_legacy_controller",
    ),
    "background_e2e": (
        "background_e2e_agent",
        "BackgroundE2EAgent E2ETestCategory BackgroundTaskConfig add_background_e2e_arguments "
        "handle_background_e2e_commands",
    ),
}
ALL = tuple(AGENTS)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without any feature."""
    (tmp_path / "test_framework" / "orchestration").mkdir(parents=True)
    for folder in ("test_framework", "test_framework/orchestration"):
        (tmp_path / folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(project: Path, *features: str, before: str = "") -> None:
    """Write the modules of *features*, each with some code *before*."""
    folder = project / "test_framework" / "orchestration"
    for feature in features:
        module, names = AGENTS[feature]
        (folder / f"{module}.py").write_text(before + "\n".join(f"class {name}: ..." for name in names.split()))
    (folder / "progress_streaming_agent.py").write_text("class ProgressOutputMode: ...")


@pytest.mark.parametrize(
    ("installed", "expected", "variables"),
    [
        ((), (), {}),
        (ALL, ALL, {}),
        (("orchestrator",), ("orchestrator",), {}),
        ((), ("background_e2e",), {"ORCHESTRATION_BACKGROUND_E2E_AVAILABLE": "true"}),
        (ALL, ("orchestrator", "background_e2e"), {"ORCHESTRATION_MASTER_ORCHESTRATION_AVAILABLE": "false"}),
        (ALL, ALL, {"TEST_NO_SERVICES": "true"}),
    ],
    ids=["absent", "present", "one of three", "forced yes", "forced no", "no services"],
)
def test_what_the_users_of_the_module_of_old_expect(
    suite: Path,
    installed: tuple[str, ...],
    expected: tuple[str, ...],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of their tests passes, called one by one."""
    install(suite, *installed)
    words = {"EXPECTED": json.dumps(expected), "INSTALLED": json.dumps(installed), **variables}
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    tests: dict[str, Any] = {}
    exec(SUITE, tests)
    for name in [name for name in tests if name.startswith("test_")]:
        for mark in getattr(tests[name], "pytestmark", [pytest.mark.parametrize("", [()])]):
            for values in mark.args[1]:
                with pytest.MonkeyPatch.context() as patch:
                    tests[name](*[patch] if "monkeypatch" in tests[name].__code__.co_varnames else values)


@pytest.mark.parametrize(
    "before",
    ["from test_framework.orchestration.never_committed import Agent\n", "raise RuntimeError('no queue')\n", "1 1\n"],
)
def test_a_feature_whose_module_does_not_import(suite: Path, before: str) -> None:
    """Its file is there, and it is not: whatever is asked about it is answered, and nothing is raised."""
    from ssot_shims.orchestration import orchestration_config as config

    install(suite, "orchestrator")
    install(suite, "background_e2e", before=before)
    assert config.get_available_features() == {"orchestrator"}
    assert (config.background_e2e_available, config.all_orchestration_available) == (False, False)
    told = config.get_service_config("background_e2e")
    assert (told["available"], told["cached_imports"], told["timeout_seconds"]) == (False, {}, 90)
    assert told["last_error"].startswith("its probe raised ")
    assert told["last_error"] == config.get_import_errors()["background_e2e"]
    assert config.get_cached_import("BackgroundE2EAgent") is None


def test_an_object_that_its_module_lacks(suite: Path) -> None:
    """It is left out; the feature is there, for its module imports."""
    from ssot_shims.orchestration import orchestration_config as config

    install(suite, "master_orchestration")
    (suite / "test_framework" / "orchestration" / "progress_streaming_agent.py").write_text("")
    assert config.master_orchestration_available
    assert config.get_cached_import("ProgressOutputMode") is None
    assert {*config.get_service_config("master_orchestration")["cached_imports"]} == {
        "MasterOrchestrationController",
        "OrchestrationMode",
    }


def in_new_process(code: str, **variables: str) -> object:
    """What *code* prints as JSON in a new process, every warning an error."""
    env = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], **variables}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_it_asks_nothing() -> None:
    """No socket is made, no process started, nothing known afterwards, and no module of a feature looked for."""
    code = """
import json, sys
events = []
sys.addaudithook(lambda name, _: events.append(name))
import ssot_shims.orchestration, ssot_shims.orchestration_enums
from ssot_shims import capabilities
opened = [name for name in events if name.startswith(("socket.", "subprocess."))]
features = [name for name in sys.modules if name.startswith("test_framework")]
print(json.dumps([opened, features, list(capabilities._answers.kept), "socket" in sys.modules]))
"""
    assert in_new_process(code) == [[], [], [], False]


def test_its_capabilities_are_built_in_ones() -> None:
    """The three features are import: probes like any others; a suite that registers its own wins."""
    importlib.import_module("ssot_shims.orchestration")  # its import registers
    found = {name: (capabilities[name].notation, capabilities[name].level, capabilities[name].where) for name in ALL}
    prefix, where = "import:test_framework.orchestration.", "ssot_shims.orchestration"
    assert found == {name: (prefix + module, "built-in", where) for name, (module, _) in AGENTS.items()}
    capabilities.register("orchestrator", "env:PATH")
    assert capabilities["orchestrator"].level == "user"


def test_the_registry_decides() -> None:
    """Overrides, and the names of this library, count for the names of old too; whatever a feature's variable says."""
    from ssot_shims import orchestration

    with capabilities.override(orchestrator=True, docker=True, master_orchestration=False, background_e2e=False):
        assert orchestration.is_docker_available()
        assert orchestration.orchestration_config.get_available_features() == {"orchestrator"}
        assert orchestration.orchestration_config.get_cached_import("TestOrchestratorAgent") is None
        with capabilities.override(docker=False):
            assert not orchestration.orchestration_config.docker_available


def test_our_name_for_no_services_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSOT_SHIMS_NO_SERVICES turns off what TEST_NO_SERVICES does."""
    from ssot_shims import orchestration

    monkeypatch.setenv("SSOT_SHIMS_NO_SERVICES", "1")
    assert orchestration.is_no_services_mode()
    assert not orchestration.is_docker_available()
    assert not orchestration.check_service_available("web", "127.0.0.1", 80)


def test_the_enums_are_the_shims() -> None:
    """``ssot_shims.orchestration_enums`` offers the two shims under the name of old."""
    code = """
import json
from ssot_shims import HeartbeatConfig, RetryPolicy
from ssot_shims import orchestration_enums as old
print(json.dumps([old.HeartbeatConfig is HeartbeatConfig, old.RetryPolicy is RetryPolicy, old.__all__]))
"""
    assert in_new_process(code) == [True, True, ["HeartbeatConfig", "RetryPolicy"]]


@pytest.mark.parametrize(("host", "port"), [("", 1), ("local host", 1), ("localhost", 0), ("localhost", 70000)])
def test_what_can_be_no_address_is_no(host: str, port: int) -> None:
    """A suite that asks for a host or a port that cannot be gets False, as it always did."""
    from ssot_shims.orchestration import check_service_available

    assert check_service_available("redis", host, port) is False


def test_a_name_server_that_hangs_does_not_hold_the_question_past_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up the name of the host counts into the seconds, and one that hangs is not begun a second time."""
    from ssot_shims.orchestration import check_service_available

    answers, calls = threading.Event(), list[object]()

    def hang(host: object, *args: object, **options: object) -> list[object]:
        calls.append(host)
        answers.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = monotonic()
    try:
        assert check_service_available("redis", "redis.example", 6379, timeout=0.2) is False
        assert check_service_available("redis", "redis.example", 6379, timeout=0.2) is False
        assert monotonic() - began < 1.5
        assert calls == [b"redis.example"]
    finally:
        answers.set()


def test_each_question_for_a_service_is_asked_now() -> None:
    """No answer is kept: a service that has come or gone since is seen."""
    from ssot_shims.orchestration import check_service_available

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_service_available("redis", "127.0.0.1", port) is True
    assert check_service_available("redis", "127.0.0.1", port) is False


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_host_of_ipv6_may_stand_in_brackets(host: str) -> None:
    """As it stands in an address, and as a socket takes it."""
    from ssot_shims.orchestration import check_service_available

    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert check_service_available("redis", host, server.getsockname()[1]) is True


def test_a_service_is_asked_and_no_variable_answers_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable for some capability says nothing about any host and port."""
    from ssot_shims.orchestration import check_service_available

    monkeypatch.setenv("SSOT_SHIMS_HAS_SERVICE", "1")
    assert check_service_available("redis", "localhost", 1) is False
