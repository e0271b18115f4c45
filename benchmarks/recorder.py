"""Note the calls of functions of ssot_shims in a process, in all its threads; children have it as ``sitecustomize``.

The environment gives FLOW, the name of what is still going on when the process ends, and FLOW_FILE, which gets a line
of figures for each part. Not noted are the bodies of modules and classes, ``__init_subclass__`` (it is a part of making
a class), comprehensions, and functions that were not written but generated.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
from types import CodeType, FrameType

_IS_FUNCTION = 1  # inspect.CO_OPTIMIZED
_LEFT_OUT = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "__init_subclass__")

# The module of each call, and the module of ours that it came from, where there is one.
_calls: list[tuple[str, str]] = []
_loaded: set[str] = set()


def note(frame: FrameType, event: str, _: object) -> None:
    """Take down one call; a profile function."""
    if event == "call" and _is_written(frame.f_code) and (module := _ours(frame)):
        _calls.append((module, _caller(frame)))


def part(name: str) -> None:
    """Write down what happened since the last part."""
    loaded = {module for module in list(sys.modules) if module.split(".")[0] == "ssot_shims"}
    figures = {
        "calls": len(_calls),
        "entered": len({module for module, _ in _calls}),
        "crossings": sum(caller not in ("", module) for module, caller in _calls),
        "loaded": len(loaded - _loaded),
    }
    with open(os.environ["FLOW_FILE"], "a") as file:
        file.write(json.dumps([name, figures]) + "\n")
    _loaded.update(loaded)
    _calls.clear()


def _is_written(code: CodeType) -> bool:
    is_function = bool(code.co_flags & _IS_FUNCTION) and code.co_name not in _LEFT_OUT
    return is_function and not code.co_filename.startswith("<")


def _ours(frame: FrameType) -> str:
    name = str(frame.f_globals.get("__name__"))
    return name if name.split(".")[0] == "ssot_shims" else ""


def _caller(frame: FrameType) -> str:
    above = frame.f_back
    while above and not _ours(above):
        above = above.f_back
    return _ours(above) if above else ""


def _end() -> None:
    part(os.environ["FLOW"] + ("-worker" if "PYTEST_XDIST_WORKER" in os.environ else ""))


if "FLOW" in os.environ:
    atexit.register(_end)
    threading.setprofile(note)  # for the threads to come
    sys.setprofile(note)
