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


def __getattr__(name: str):
    from ssot_shims._names import load

    return load(name)


def __dir__():
    return [*{*globals(), "__version__", *__getattr__("__all__")}]
