"""The public names of the package, and the module that each comes from."""

from __future__ import annotations

import sys
from importlib import import_module

from ssot_shims._text import close_as_text
from ssot_shims.errors import CircularShim

# The shims that ship: a line each.
SHIMS = {
    "HeartbeatConfig": "heartbeat_config",
    "RetryPolicy": "retry_policy",
}

# Type checkers read the same list in __init__.pyi.
NAMES = {
    "__version__": "_version",
    "Availability": "_availability",
    **dict.fromkeys(("capabilities", "is_available", "is_docker_available"), "_capabilities.builtin"),
    "Capability": "_capabilities.capability",
    "Registry": "_capabilities.registry",
    "compare": "_contract.comparison",
    "Difference": "_contract.difference",
    "verify": "_contract.verification",
    "docker_client": "_probes.docker",
    "load_project": "_project.declarations",
    **dict.fromkeys(("Environment", "choose_environment"), "_project.environment"),
    **dict.fromkeys(("ShimRecord", "all_shims", "is_placeholder", "shim", "shim_of"), "_shims.shim"),
    "TargetResult": "_shims.upstream",
    **dict.fromkeys(("import_or_skip", "require", "skip_unless_available"), "_unittest"),
    **dict.fromkeys(("CapabilityMissing", "NoEnvironment", "PlaceholderWarning"), "errors"),
    **dict.fromkeys(("SsotShimsError", "Unavailable"), "errors"),
    **SHIMS,
}


def load(name: str) -> object:
    """The public object *name*, imported from its module; the package keeps it from then on.

    What comes from a private module goes under the package's own name (its ``__module__``), so that pickles name the
    public place. Raises AttributeError for an unknown name, with close matches.
    """
    if name == "__all__":  # made here, because most processes never ask
        return [public for public in NAMES if public != "__version__"]
    if name not in NAMES:
        problem = f"module 'ssot_shims' has no attribute {name!r}{close_as_text(name, NAMES)}"
        raise AttributeError(problem, name=name, obj=sys.modules["ssot_shims"])
    module = import_module("ssot_shims." + NAMES[name])
    if not hasattr(module, name):
        raise CircularShim(name, module.__name__)
    value = getattr(module, name)
    if NAMES[name].startswith("_") and name != "__version__":
        value.__module__ = "ssot_shims"  # what is pickled outlives a move inside the package
    setattr(sys.modules["ssot_shims"], name, value)
    return value
