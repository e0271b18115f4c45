"""Where in the user's code something is: ``file:line``, as a terminal or an editor opens it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FrameType
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
    """Where the thread with that identity stands, in *file* if it is there at all; empty when it has ended."""
    from traceback import walk_stack  # takes milliseconds, and most processes never need it

    frame = sys._current_frames().get(thread)
    return _innermost(walk_stack(frame), file) if frame else ""


def raising(error: BaseException, file: str) -> str:
    """Where *error* was raised, in *file* if it passed through there at all; empty when that is not in Python.

    The folder of the registry is left out: from there the probe was called, which may be done in a wrong way.
    """
    from traceback import walk_tb

    registry, steps = PACKAGE + "_capabilities", walk_tb(error.__traceback__)
    others = [step for step in steps if os.path.dirname(step[0].f_code.co_filename) != registry]
    return _innermost(reversed(others), file)


def _innermost(steps: Iterable[tuple[FrameType, int]], file: str) -> str:
    """The first of *steps* that is in *file*, else the first."""
    places = [(frame.f_code.co_filename, line) for frame, line in steps]
    chosen = [place for place in places if place[0] == file] or places
    return f"{chosen[0][0]}:{chosen[0][1]}" if chosen else ""
