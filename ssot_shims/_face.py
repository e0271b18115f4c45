"""What happens when somebody asks the package for a name for the first time."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder

import ssot_shims
from ssot_shims._misspelled import did_you_mean
from ssot_shims.errors import CircularShim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def homes() -> dict[str, list[str]]:
    """The modules that the public names come from, with the names of each."""
    text: str = vars(ssot_shims)["_HOMES"]
    parts = (line.partition(": ") for line in text.strip().splitlines())
    return {home: names.split() for home, _, names in parts}


def load(name: str) -> Any:
    """The public object *name*, from its home module; the package keeps it from then on.

    Raises AttributeError for an unknown name, and ImportError when that is what a misspelled
    ``from ssot_shims import ...`` should end with.
    """
    home_of = {public: home for home, names in homes().items() for public in names}
    if name == "__all__":  # made here, because most processes never ask
        return [*home_of]
    if name not in home_of:
        raise _unknown(name, [*home_of])
    module = import_module("ssot_shims." + home_of[name])
    if not hasattr(module, name):
        raise CircularShim(name, module.__name__)
    value = getattr(module, name)
    setattr(ssot_shims, name, value)
    return value


def _unknown(name: str, public: list[str]) -> AttributeError | ImportError:
    """The error for a name that the package does not have, with close matches.

    ``from ssot_shims import Nope`` would replace an AttributeError by an ImportError that does not show them, so that
    statement, which asks through ``_handle_fromlist``, gets its ImportError here.
    """
    error = AttributeError(f"module 'ssot_shims' has no attribute {name!r}", name=name, obj=ssot_shims)
    is_from_import = sys._getframe(3).f_code.co_name == "_handle_fromlist"
    if is_from_import and PathFinder.find_spec(f"ssot_shims.{name}", ssot_shims.__path__):
        return error  # a submodule, which the import system loads next
    close = did_you_mean(name, public)
    if is_from_import:
        message = f"cannot import name {name!r} from 'ssot_shims'{close}"
        return ImportError(message, name="ssot_shims", path=ssot_shims.__file__)
    error.args = (f"{error}{close}",)
    return error
