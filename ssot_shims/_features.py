"""The orchestration features that suites ask for by name: where each is, what it gives, and its limits."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_AGENTS = "test_framework.orchestration."
_CONTROLLER, _E2E = _AGENTS + "master_orchestration_controller", _AGENTS + "background_e2e_agent"
_ORCHESTRATOR = _AGENTS + "test_orchestrator_agent"

# The features, and the module that each is found by.
FEATURES = {"orchestrator": _ORCHESTRATOR, "master_orchestration": _CONTROLLER, "background_e2e": _E2E}

# What a feature gives to import: its name here, the feature, the module and the name there.
IMPORTS = {
    "TestOrchestratorAgent": ("orchestrator", _ORCHESTRATOR, "TestOrchestratorAgent"),
    "TestOrchestrationConfig": ("orchestrator", _ORCHESTRATOR, "OrchestrationConfig"),
    "ExecutionMode": ("orchestrator", _ORCHESTRATOR, "ExecutionMode"),
    "add_orchestrator_arguments": ("orchestrator", _ORCHESTRATOR, "add_orchestrator_arguments"),
    "execute_with_orchestrator": ("orchestrator", _ORCHESTRATOR, "execute_with_orchestrator"),
    "MasterOrchestrationController": ("master_orchestration", _CONTROLLER, "MasterOrchestrationController"),
    "OrchestrationMode": ("master_orchestration", _CONTROLLER, "OrchestrationMode"),
    "ProgressOutputMode": ("master_orchestration", _AGENTS + "progress_streaming_agent", "ProgressOutputMode"),
    "create_background_only_controller": ("master_orchestration", _CONTROLLER, "create_background_only_controller"),
    "create_hybrid_controller": ("master_orchestration", _CONTROLLER, "create_hybrid_controller"),
    "create_legacy_controller": ("master_orchestration", _CONTROLLER, "create_legacy_controller"),
    "BackgroundE2EAgent": ("background_e2e", _E2E, "BackgroundE2EAgent"),
    "E2ETestCategory": ("background_e2e", _E2E, "E2ETestCategory"),
    "BackgroundTaskConfig": ("background_e2e", _E2E, "BackgroundTaskConfig"),
    "add_background_e2e_arguments": ("background_e2e", _E2E, "add_background_e2e_arguments"),
    "handle_background_e2e_commands": ("background_e2e", _E2E, "handle_background_e2e_commands"),
}

# Seconds, attempts, GB and per cent, as the suites have always read them.
SERVICES: dict[str, dict[str, Any]] = {
    "orchestrator": {
        "required_classes": ["TestOrchestratorAgent", "OrchestrationConfig", "ExecutionMode"],
        "timeout_seconds": 30,
        "retry_attempts": 3,
        "resource_limits": {"memory_gb": 1, "cpu_percent": 40, "disk_gb": 2},
        "background_eligible": False,
    },
    "master_orchestration": {
        "required_classes": ["MasterOrchestrationController", "OrchestrationMode", "ProgressOutputMode"],
        "timeout_seconds": 60,
        "retry_attempts": 2,
    },
    "background_e2e": {
        "required_classes": ["BackgroundE2EAgent", "E2ETestCategory", "BackgroundTaskConfig"],
        "timeout_seconds": 90,
        "retry_attempts": 1,
        "resource_limits": {"memory_gb": 4, "cpu_percent": 80, "disk_gb": 10},
        "background_eligible": True,
    },
}
