from enum import Enum

from ssot_shims import shim


@shim("acme.limits:Colour")
class Colour(Enum):
    RED = "red"


print(Colour.READ)  # rejected
