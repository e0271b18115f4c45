"""``import ssot_shims``: what it loads, what it offers, and what it says to a misspelled name."""

from __future__ import annotations

import json
import pickle
import pkgutil

import pytest

import ssot_shims
from ssot_shims._names import NAMES, SHIMS
from tests.conftest import run

SUBMODULES = {
    module.name.removeprefix("ssot_shims.") for module in pkgutil.walk_packages(ssot_shims.__path__, "ssot_shims.")
}


def in_new_process(code: str) -> object:
    """What *code* prints as JSON in a process that has imported nothing."""
    out, err = run(f"import sys\nbefore = set(sys.modules)\n{code}")
    assert err == ""
    return json.loads(out)


def loaded_by(code: str) -> set[str]:
    """The modules that *code* loads in a new process."""
    loaded = in_new_process(f"{code}\nloaded = set(sys.modules) - before\nimport json\nprint(json.dumps([*loaded]))")
    assert isinstance(loaded, list)
    return {*loaded}


def test_importing_loads_little() -> None:
    """The package alone is one module; an absent shim, the normal case, reads no metadata and parses nothing."""
    assert loaded_by("import ssot_shims") == {"ssot_shims"}
    loaded = loaded_by("from ssot_shims import HeartbeatConfig")
    assert not {"typing", "threading", "socket", "importlib_metadata", "difflib"} & loaded
    loaded = loaded_by("from ssot_shims import shim\n@shim('acme:X')\nclass X: ...")  # needs nothing for dataclasses
    assert not {"dataclasses", "functools", "inspect", "ast", "re", "enum"} & loaded


def test_every_public_name_is_there() -> None:
    """``__all__``, ``dir()`` and ``import *`` agree, and each name leads to an object."""
    names = set(ssot_shims.__all__)
    star: dict[str, object] = {}
    exec("from ssot_shims import *", star)
    assert names <= set(dir(ssot_shims))
    assert star.keys() - {"__builtins__"} == names
    assert all(getattr(ssot_shims, name) is star[name] for name in names)


@pytest.mark.parametrize("name", ssot_shims.__all__)
def test_public_names_pickle_by_a_public_place(name: str) -> None:
    """A pickle of anything public names no private module, so it outlives a move inside the package."""
    value = getattr(ssot_shims, name)
    data = pickle.dumps(value)
    assert pickle.loads(data) is value
    assert b"ssot_shims._" not in data
    assert value.__module__ in {"ssot_shims", "ssot_shims.errors", *(f"ssot_shims.{home}" for home in SHIMS.values())}


def test_a_misspelled_name_is_the_error_that_python_has() -> None:
    """A from-import ends with ImportError, also behind a good name; attribute access with close matches."""
    for statement in ("from ssot_shims import xyzzy", "from ssot_shims import HeartbeatConfig, retry_polcy"):
        with pytest.raises(ImportError, match="cannot import name '(xyzzy|retry_polcy)' from 'ssot_shims'"):
            exec(statement)
    with pytest.raises(AttributeError) as caught:
        ssot_shims.RetryPolcy  # type: ignore[attr-defined]  # noqa: B018
    assert str(caught.value) == "module 'ssot_shims' has no attribute 'RetryPolcy'; close: RetryPolicy"
    assert (caught.value.name, caught.value.obj) == ("RetryPolcy", ssot_shims)
    assert (hasattr(ssot_shims, "nope"), getattr(ssot_shims, "nope", 3)) == (False, 3)


def test_modules_are_there_beside_the_names() -> None:
    """``from ssot_shims import errors`` gives the module, in a process that had not loaded it; shims are in theirs."""
    code = "import json; from ssot_shims import errors, retry_policy as home, RetryPolicy as shim"
    told = in_new_process(f"{code}\nprint(json.dumps([errors.__name__, home.RetryPolicy is shim]))")
    assert told == ["ssot_shims.errors", True]


def test_each_public_name_has_one_home() -> None:
    """A module of the package; and no name is a submodule, so it cannot mean another thing by the order of imports."""
    assert [name for name in NAMES if name != "__version__"] == ssot_shims.__all__
    assert set(NAMES.values()) <= SUBMODULES
    assert not set(ssot_shims.__all__) & SUBMODULES
