from ssot_shims import shim


@shim  # rejected
class Limits:
    retries: int = 3
