"""A symbol that its package defines only with a dependency that is not installed is absent, and nobody is warned."""

from __future__ import annotations

import sys
import warnings

import pytest

from ssot_shims import ShimRecord, shim, shim_of
from tests.conftest import Write

CLASS = "class Config: ..."
NEED, PASS = "import redis_here_not", "except ImportError: pass"
FLAG = "try:\n    import redis_here_not\n    HAS_REDIS = True\nexcept ImportError:\n    HAS_REDIS = False\n"


def files(ws: str, **others: str) -> dict[str, str]:
    """A package acme with these modules."""
    texts = {"__init__": "", "ws": ws, **others}
    return {f"acme/{name}.py": text for name, text in texts.items()}


def record_of(write: Write, files: dict[str, str]) -> ShimRecord:
    """What a shim over acme.ws:Config makes of these files."""
    write(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        @shim("acme.ws:Config")
        class Config: ...

    return shim_of(Config)


NEEDS = {
    "a flag": files(f"{FLAG}if HAS_REDIS:\n    {CLASS}"),
    "a module or None": files(f"try: {NEED} as r\nexcept ImportError: r = None\nif r is not None:\n    {CLASS}"),
    "in the try statement": files(f"try:\n    from redis_here_not.aio import Redis\n    {CLASS}\n{PASS}"),
    "in its else": files(f"try: import redis_here_not\nexcept ImportError: pass\nelse:\n    {CLASS}"),
    "find_spec": files(f"import importlib.util as u\nif u.find_spec('redis_here_not') is not None:\n    {CLASS}"),
    "a flag by find_spec": files(
        f"from importlib.util import find_spec\nHAS = find_spec('redis_here_not') is not None\nif HAS:\n    {CLASS}"
    ),
    "a flag of another module": files(f"from acme.compat import HAS_REDIS\nif HAS_REDIS:\n    {CLASS}", compat=FLAG),
    "a function of another module": files(
        f"from .compat import has\nif has():\n    {CLASS}", compat=f"{FLAG}def has(): return HAS_REDIS"
    ),
    "a function that imports": files(
        f"from .compat import has\nif has():\n    {CLASS}",
        compat="def has():\n    try: import redis_here_not\n    except ImportError: return False",
    ),
    "from a module that needs it": files(
        f"try: from .impl import Config\n{PASS}", impl=f"import json\n{NEED}\n{CLASS}"
    ),
    "suppress": files(
        "import contextlib\nwith contextlib.suppress(ImportError): from .impl import Config",
        impl=f"import redis_here_not\n{CLASS}",
    ),
    "None instead": files("try: from redis_here_not import Redis as Config\nexcept ImportError: Config = None"),
}


@pytest.mark.parametrize("files", NEEDS.values(), ids=NEEDS)
def test_what_needs_a_dependency_that_is_not_installed(write: Write, files: dict[str, str]) -> None:
    """It is absent, quietly, and the reason names the dependency and the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = record_of(write, files)
    assert (record.state, record.cause) == ("absent", "dependency missing")
    module = sys.modules["acme.ws"].__file__
    what = f"acme.ws:Config is defined only where redis_here_not is installed ({module}), which it is not here"
    hint = "to use the real one, install the distribution that brings redis_here_not"
    assert (record.reason, record.hint) == (what, hint)


OTHERWISE = {
    "a platform": files(f"import sys\nif sys.platform == 'amiga':\n    {CLASS}"),
    "another condition": files(f"{FLAG}import sys\nif sys.platform == 'amiga':\n    {CLASS}"),
    "another name": files(f"{FLAG}if HAS_REDIS:\n    class Other: ...\nif False:\n    {CLASS}"),
    "deleted": files(f"{FLAG}{CLASS}\ndel Config"),
    "a function that needs it when called": files("if False:\n    def Config(): import redis_here_not"),
    "without its file": files(f"import os\n{FLAG}os.remove(__file__)\nif HAS_REDIS:\n    {CLASS}"),
    "own package": files("try: from acme.gone import Config\nexcept ImportError: pass"),
    "own package, one step away": files(
        f"try: from .impl import Config\n{PASS}", impl=f"from acme import gone\n{CLASS}"
    ),
    "moved in what is installed": files("try: from json import Gone as Config\nexcept ImportError: pass"),
    "it is": files("from importlib import import_module\nif import_module('json') is None: Config = 1"),
    "a function that may look for something else": files(
        f"import os\nfrom importlib import import_module\ndef get(name): return import_module(name)\n"
        f"if os.environ.get('legacy_limits'):\n    {CLASS}"
    ),
    "no Python": files("try: from acme.bad import Config\nexcept Exception: pass", bad="("),
    "a circle": files("try: from acme.odd import X as Config\nexcept Exception: pass", odd="from . import ws"),
}


@pytest.mark.parametrize("files", OTHERWISE.values(), ids=OTHERWISE)
def test_what_is_not_there_for_another_reason(write: Write, files: dict[str, str]) -> None:
    """It has moved, whatever else is missing."""
    assert record_of(write, files).state == "moved"


@pytest.mark.parametrize(
    ("source", "state"),
    [
        ("try: import redis_here_not\nexcept ImportError: raise ImportError('pip install acme[redis]')", "absent"),
        ("try: import redis_here_not\nexcept ImportError: raise ImportError('acme[redis]') from None", "absent"),
        ("raise ImportError('by hand')", "broken"),
        *(
            (f"try: import redis_here_not\nexcept ImportError: {then}", "broken")
            for then in ("raise RuntimeError", "from acme import gone", "import acme.gone", "from json import gone")
        ),
        ("import json.never_written", "broken"),
    ],
)
def test_an_import_that_fails_for_lack_of_another_package(write: Write, source: str, state: str) -> None:
    """That is absence, also when upstream says it in its own words; whatever else is missing has broken."""
    record = record_of(write, files(f"{source}\n{CLASS}"))
    assert (record.state, "needs the package 'redis_here_not'" in record.reason) == (state, state == "absent")
    assert record.error is not None
