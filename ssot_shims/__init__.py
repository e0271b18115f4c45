"""One place a test suite imports from, one place it asks what this machine can do.

>>> from ssot_shims import HeartbeatConfig
>>> HeartbeatConfig.for_environment("production").heartbeat_timeout_seconds
75

The name is the upstream class when that is installed, otherwise a typed placeholder with the same contract.
``ssot-shims status`` says which, and why.

>>> from ssot_shims import capabilities
>>> with capabilities.override(docker=False):
...     bool(capabilities.check("docker"))
False

PYTEST_DONT_REWRITE: there is nothing to rewrite, and pytest would warn where this is imported before it.
"""

__version__ = "0.1.0"

# A line for each module: what it gives, loaded when somebody first asks for it. It is one text, because a table
# takes several times as long to load. Type checkers read the same list in __init__.pyi.
_HOMES = """
_availability: Availability
_builtin: capabilities is_available is_docker_available require
_capability: Capability
_contract: compare
_difference: Difference
_docker_client: docker_client
_environment: Environment choose_environment
_registry: Registry
_shim: ShimRecord all_shims is_placeholder shim shim_of
_unittest: skip_unless_available
_upstream: Answer
_verify: verify
errors: CapabilityError CapabilityMissing CircularProbe CircularShim DuplicateCapability DuplicateShim \
InvalidCapability InvalidDecoration InvalidPlaceholder InvalidProbe InvalidRule InvalidSetting InvalidTarget \
MigrationError NoEnvironment PlaceholderWarning SsotShimsError Unavailable UnknownCapability UnknownEnvironment \
UnknownShim UnknownValue UpstreamBroken UpstreamError UpstreamMoved
heartbeat_config: HeartbeatConfig
retry_policy: RetryPolicy
"""


def __getattr__(name: str):
    from ssot_shims._face import load

    return load(name)


def __dir__():
    return [*{*globals(), *__getattr__("__all__")}]
