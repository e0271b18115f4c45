"""Where in the user's code something is: ``file:line``, as a terminal or an editor opens it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

PACKAGE = os.path.dirname(__file__) + os.sep


def caller() -> str:
    """The line outside this package that has called into it."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def code_of(function: Callable[..., object]) -> CodeType | None:
    """The code that calling *function* runs, through partials and methods; None when it is not Python."""
    inner = _inner(function)
    called = inner if hasattr(inner, "__code__") else getattr(inner, "__call__", None)  # noqa: B004  # its code
    code: CodeType | None = getattr(called, "__code__", None)
    return code


def file_of(function: Callable[..., object]) -> str:
    """The file of the user's that *function* is defined in; empty when it is ours, or not Python."""
    code = code_of(function)
    return code.co_filename if code and not code.co_filename.startswith(PACKAGE) else ""


def _inner(function: Callable[..., object]) -> Any:
    inner: Any = function
    partial: Any = getattr(sys.modules.get("functools"), "partial", ())  # nobody has one who has not imported it: 2 ms
    while isinstance(inner, partial):
        inner = inner.func
    return inner


def place_of(function: Callable[..., object]) -> str:
    """Where *function* is defined; its name when that is not a line of Python, and never the arguments of a partial."""
    if code := code_of(function):
        return f"{code.co_filename}:{code.co_firstlineno}"
    inner = _inner(function)
    return f"{getattr(inner, '__qualname__', None) or type(inner).__qualname__}, not in Python"


def current_line(thread: int, file: str) -> str:
    """Where the thread with that identity stands, in *file* if it is there at all; empty when it has ended.

    Nothing is imported for that: the thread may hang while it imports the same.
    """
    frame = sys._current_frames().get(thread)
    places: list[tuple[str, int]] = []
    while frame is not None:
        places.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return _innermost(places, file)


def raising(error: BaseException, file: str) -> str:
    """Where *error* was raised, in *file* if it passed through there at all; empty when that is not in Python.

    The folder of the registry is left out: from there the probe was called, which may be done in a wrong way.
    """
    traceback = error.__traceback__
    places: list[tuple[str, int]] = []
    while traceback is not None:
        places.insert(0, (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return _innermost([place for place in places if os.path.dirname(place[0]) != PACKAGE + "_capabilities"], file)


def _innermost(places: list[tuple[str, int]], file: str) -> str:
    """The first of *places* that is in *file*, else the first."""
    chosen = [place for place in places if place[0] == file] or places
    return f"{chosen[0][0]}:{chosen[0][1]}" if chosen else ""
