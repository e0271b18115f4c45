"""A drop-in for ``test_framework.ssot.orchestration``: a suite changes the module name and nothing else.

Each name asks the registry, :data:`ssot_shims.capabilities`. Importing this registers three capabilities, and runs
no probe.
"""

from __future__ import annotations

import copy
import os
from contextlib import suppress
from importlib import import_module
from typing import Any, Self

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities, is_available
from ssot_shims._capabilities.capability import Capability, capability
from ssot_shims._capabilities.registry import Registry
from ssot_shims._probes.network import ListenerProbe

_AGENTS = "test_framework.orchestration."

# The features, and the module by whose import each is found.
FEATURES = {
    "orchestrator": _AGENTS + "test_orchestrator_agent",
    "master_orchestration": _AGENTS + "master_orchestration_controller",
    "background_e2e": _AGENTS + "background_e2e_agent",
}
# What each gives to import; the one name that says more here is that of a class below.
_NAMES = {
    "orchestrator": "TestOrchestratorAgent TestOrchestrationConfig ExecutionMode "
    "add_orchestrator_arguments execute_with_orchestrator",
    "master_orchestration": "MasterOrchestrationController OrchestrationMode ProgressOutputMode "
    "create_background_only_controller create_hybrid_controller create_legacy_controller",
    "background_e2e": "BackgroundE2EAgent E2ETestCategory BackgroundTaskConfig "
    "add_background_e2e_arguments handle_background_e2e_commands",
}
_NAMES_THERE = {"TestOrchestrationConfig": "OrchestrationConfig"}
_MODULES_THERE = {"ProgressOutputMode": _AGENTS + "progress_streaming_agent"}
for _feature, _module in FEATURES.items():
    # Importing may take a while: these are the seconds of the quickest service.
    capabilities.add(capability(_feature, f"import:{_module}", timeout=30, level="built-in", where=__name__))

# Seconds, attempts, GB and per cent, as the suites have always read them.
SERVICES: dict[str, dict[str, Any]] = {
    "orchestrator": {
        "timeout_seconds": 30,
        "retry_attempts": 3,
        "resource_limits": {"memory_gb": 1, "cpu_percent": 40, "disk_gb": 2},
        "background_eligible": False,
    },
    "master_orchestration": {"timeout_seconds": 60, "retry_attempts": 2},
    "background_e2e": {
        "timeout_seconds": 90,
        "retry_attempts": 1,
        "resource_limits": {"memory_gb": 4, "cpu_percent": 80, "disk_gb": 10},
        "background_eligible": True,
    },
}


class OrchestrationConfig:
    """Which orchestration features are there: one object for the whole process.

    >>> OrchestrationConfig() is get_orchestration_config()
    True
    >>> with capabilities.override(orchestrator=True, master_orchestration=False, background_e2e=False):
    ...     OrchestrationConfig().get_available_features()
    {'orchestrator'}
    """

    _instance: Self | None = None

    def __new__(cls) -> Self:
        """The one instance."""
        cls._instance = cls._instance or super().__new__(cls)
        return cls._instance

    @property
    def orchestrator_available(self) -> bool:
        """Whether the module of ``TestOrchestratorAgent`` imports."""
        return _is_there("orchestrator")

    @property
    def master_orchestration_available(self) -> bool:
        """Whether the module of ``MasterOrchestrationController`` imports."""
        return _is_there("master_orchestration")

    @property
    def background_e2e_available(self) -> bool:
        """Whether the module of ``BackgroundE2EAgent`` imports."""
        return _is_there("background_e2e")

    @property
    def docker_available(self) -> bool:
        """Whether a Docker client would reach an engine."""
        return _is_there("docker")

    @property
    def no_services_mode(self) -> bool:
        """Whether services are turned off, by ``SSOT_SHIMS_NO_SERVICES`` or ``TEST_NO_SERVICES``."""
        return _settings.no_services()

    @property
    def all_orchestration_available(self) -> bool:
        """Whether all three features are there."""
        return not self.get_unavailable_features()

    @property
    def any_orchestration_available(self) -> bool:
        """Whether at least one of the three features is there."""
        return bool(self.get_available_features())

    def get_available_features(self) -> set[str]:
        """The names of the features that are there."""
        return {name for name in FEATURES if _is_there(name)}

    def get_unavailable_features(self) -> set[str]:
        """The names of the features that are not there."""
        return FEATURES.keys() - self.get_available_features()

    def get_import_errors(self) -> dict[str, str]:
        """Why each feature that is not there is not there, by its name."""
        return {name: capabilities.check(name).explanation for name in sorted(self.get_unavailable_features())}

    def get_cached_import(self, import_name: str) -> Any:
        """The object that a feature gives under *import_name*; None when it is not there, or only forced to be."""
        return _imports().get(import_name)

    def refresh_availability(self, force: bool = False) -> None:
        """With *force*, drop the cached answers for the features and Docker."""
        if force:
            capabilities.refresh(*FEATURES, "docker")

    def get_availability_status(self) -> dict[str, Any]:
        """Every answer, with the errors and the environment variables behind them."""
        available = self.get_available_features()
        return {
            **{f"{name}_available": name in available for name in FEATURES},
            "all_orchestration_available": self.all_orchestration_available,
            "any_orchestration_available": self.any_orchestration_available,
            "available_features": sorted(available),
            "unavailable_features": sorted(FEATURES.keys() - available),
            "import_errors": self.get_import_errors(),
            "cached_imports": sorted(_imports()),
            "environment_overrides": _overrides(),
            "debug_mode": _settings.flag("ORCHESTRATION_DEBUG"),
        }

    def get_service_config(self, service_name: str) -> dict[str, Any]:
        """The limits of a feature, with its answer. Raises ValueError for an unknown one."""
        if service_name not in SERVICES:
            raise ValueError(f"Unknown service {service_name!r}. Available services: {[*SERVICES]}")
        places = {name: _place(service_name, name) for name in _NAMES[service_name].split()}
        classes = [name for name in places if name[0].isupper()]
        return {
            **copy.deepcopy(SERVICES[service_name]),
            "availability_key": service_name,
            "import_modules": sorted({module for module, _ in places.values()}),
            "required_classes": [places[name][1] for name in classes],
            "environment_vars": [_variable(service_name)],
            "available": _is_there(service_name),
            "cached_imports": {name: found for name, found in _imports().items() if name in classes},
            "last_error": self.get_import_errors().get(service_name),
            "environment_override": _overrides().get(_variable(service_name)),
            "debug_mode": _settings.flag("ORCHESTRATION_DEBUG"),
        }

    def validate_configuration(self) -> list[str]:
        """What is not as it should be: features that are not there, and answers forced by variables."""
        reasons, overrides = self.get_import_errors(), _overrides()
        some = f"Only {len(FEATURES) - len(reasons)}/{len(FEATURES)} orchestration features available"
        head = some if len(reasons) < len(FEATURES) else "No orchestration features are available"
        issues = [head, *(f"Import error for {name}: {why}" for name, why in reasons.items())] if reasons else []
        return [*issues, f"Environment overrides active: {overrides}"] if overrides else issues

    def __repr__(self) -> str:
        return f"OrchestrationConfig(available={self.get_available_features()})"


orchestration_config: OrchestrationConfig = OrchestrationConfig()


def get_orchestration_config() -> OrchestrationConfig:
    """The one :class:`OrchestrationConfig`."""
    return orchestration_config


def refresh_global_orchestration_config(force: bool = False) -> None:
    """With *force*, drop the cached answers for the features and Docker."""
    orchestration_config.refresh_availability(force)


def validate_global_orchestration_config() -> list[str]:
    """What :meth:`OrchestrationConfig.validate_configuration` finds."""
    return orchestration_config.validate_configuration()


def get_orchestration_status() -> dict[str, Any]:
    """What :meth:`OrchestrationConfig.get_availability_status` gives."""
    return orchestration_config.get_availability_status()


def is_orchestrator_available() -> bool:
    """Whether the module of ``TestOrchestratorAgent`` imports."""
    return _is_there("orchestrator")


def is_master_orchestration_available() -> bool:
    """Whether the module of ``MasterOrchestrationController`` imports."""
    return _is_there("master_orchestration")


def is_background_e2e_available() -> bool:
    """Whether the module of ``BackgroundE2EAgent`` imports."""
    return _is_there("background_e2e")


def is_docker_available() -> bool:
    """Whether a Docker client would reach an engine."""
    return _is_there("docker")


def is_all_orchestration_available() -> bool:
    """Whether all three features are there."""
    return orchestration_config.all_orchestration_available


def is_no_services_mode() -> bool:
    """Whether services are turned off, by ``SSOT_SHIMS_NO_SERVICES`` or ``TEST_NO_SERVICES``."""
    return _settings.no_services()


def check_service_available(
    service_name: str, host: str = "localhost", port: int | str | None = None, timeout: float = 2.0
) -> bool:
    """Whether something listens on *host* and *port* now. False after *timeout* seconds, and without a port."""
    digits = str(port).strip()
    if not (digits.isdecimal() and len(digits) < 6 and 0 < int(digits) < 65536 and timeout > 0):
        return False
    name = f"{host}:{port} in {timeout} s"
    if name not in _services:
        probe = ListenerProbe(notation=service_name, address=(host.strip("[]"), int(digits)), place=f"{host}:{port}")
        _services.add(Capability(name=name, probe=probe, timeout=timeout, where=__name__), replace=True)
    _services.refresh(name)
    return bool(_services.check(name))


_services = Registry()  # those that were asked about, apart from the capabilities of the suite
_variables_before: dict[str, tuple[str | None, str | None]] = {}  # by name, when it was last asked about


def _is_there(name: str) -> bool:
    """The answer for *name*, asked again when its variables have changed: suites set them between two tests."""
    variables = os.environ.get(_variable(name)), os.environ.get(_settings.TEST_NO_SERVICES)
    if _variables_before.get(name, (None, None)) != variables:
        _variables_before[name] = variables
        capabilities.refresh(name)
    return is_available(name)


def _imports() -> dict[str, Any]:
    """What the features give to import that are there, and not only forced to be."""
    found: dict[str, Any] = {}
    for feature, names in _NAMES.items():
        if _is_there(feature) and capabilities.check(feature).source == "probe":
            for given in names.split():
                module, name = _place(feature, given)
                with suppress(Exception):  # of a second module, for the first one has been imported
                    found[given] = getattr(import_module(module), name)
    return found


def _place(feature: str, given: str) -> tuple[str, str]:
    """The module that has what *feature* gives under the name *given*, and its name there."""
    return _MODULES_THERE.get(given, FEATURES[feature]), _NAMES_THERE.get(given, given)


def _variable(feature: str) -> str:
    return f"ORCHESTRATION_{feature.upper()}_AVAILABLE"


def _overrides() -> dict[str, bool]:
    """The variables of the suites that force the answer for a feature, with that answer."""
    return {name: yes for name in map(_variable, FEATURES) if (yes := _settings.choice(name)) is not None}
