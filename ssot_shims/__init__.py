"""Import optional classes from one place, and check in one place what this machine has.

>>> from ssot_shims import HeartbeatConfig
>>> HeartbeatConfig.for_environment("production").heartbeat_timeout_seconds
75

The name is the upstream class where that is installed, else a typed placeholder with the same contract.
``ssot-shims status`` shows which, and why.

>>> from ssot_shims import capabilities
>>> with capabilities.override(docker=False):
...     bool(capabilities.check("docker"))
False

PYTEST_DONT_REWRITE: it has no assertions, and pytest would warn where this is imported before pytest.
"""


def __getattr__(name: str):
    from ssot_shims._names import load

    return load(name)


def __dir__():
    from ssot_shims._names import NAMES

    return [*{*globals(), *NAMES}]
