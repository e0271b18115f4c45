from ssot_shims import shim


@shim("acme.limits:parse")
def parse(text: str) -> int:
    return int(text)


parse(3)  # rejected
