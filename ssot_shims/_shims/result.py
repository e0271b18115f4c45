"""What one target of a shim turned out to be, and of one that has moved: where it is looked for and where it may be."""

from __future__ import annotations

from ssot_shims._lookup.lookup import Target, modules_that_define, names_in_file, submodules_in
from ssot_shims._record import Record
from ssot_shims._text import close_matches, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal

    from ssot_shims._lookup.lookup import Lookup

    Cause = Literal[
        "dependency missing",
        "import error",
        "syntax error",
        "system exit",
        "warning as error",
        "exception",
        "wrong kind",
    ]


class TargetResult(Record):
    """What one target of a shim turned out to be.

    ``state`` is ``upstream``, ``absent``, ``moved`` or ``broken``, ``reason`` says what was seen, ``hint`` what to do.
    ``cause`` is the kind of a breakage and ``error`` the exception that importing raised. Of what has moved,
    ``moved_to`` holds the targets with the same name in the package, ``close`` those with a similar one.
    """

    target: str
    state: Literal["upstream", "absent", "moved", "broken"]
    reason: str
    hint: str = ""
    cause: Cause | None = None
    error: BaseException | None = None
    moved_to: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    file: str = ""  # the file or folder looked in
    upstream: Any = None


def moved(target: Target, lookup: Lookup) -> TargetResult:
    """The result for a *target* that *lookup* has not found, with what is near the place where it should be."""
    place, module = lookup.place, lookup.module
    assert place is not None
    if module == target.module:
        reason = f"{target.symbol} is not in {place.shown} (looked at without running it)"
        return moved_symbol(target, reason, place.shown, names_in_file(place.shown))
    step = target.module[len(module) + 1 :].partition(".")[0]
    return moved_module(target, f"in {place.shown}", module, step, place.shown, submodules_in(place.folders or ()))


def moved_module(
    target: Target, where: str, parent: str, step: str, file: str, siblings: Iterable[str] = ()
) -> TargetResult:
    rest = target.module[len(f"{parent}.{step}") :]
    near = close_matches(step, (name for name in siblings if name != step))  # a file may be there, but not importable
    close = [f"{parent}.{name}{rest}:{target.symbol}" for name in near]
    return _moved(target, f"{where} there is no module {parent}.{step}", file, close)


def moved_symbol(target: Target, reason: str, file: str, names: Iterable[str], depth: int = 0) -> TargetResult:
    """The result for a symbol whose part number *depth* is not there, though *names* are."""
    parts = target.symbol.split(".")
    gone = parts[depth]  # some line may still look as if it defined that name
    others = (name for name in names if name != gone and name.startswith("_") <= gone.startswith("_"))
    near = close_matches(gone, others)
    close = [f"{target.module}:{'.'.join([*parts[:depth], name, *parts[depth + 1 :]])}" for name in near]
    return _moved(target, reason, file, close)


def _moved(target: Target, reason: str, file: str, similar: list[str]) -> TargetResult:
    homes = [f"{module}:{target.symbol}" for module in modules_that_define(target.first, target.package)]
    moved_to = tuple(home for home in homes if home != str(target))[:3]
    close = tuple(one for one in similar if one not in moved_to)
    at, near = ", ".join(moved_to), ", ".join(close)
    seen = (one_line(reason), f"a {target.symbol} is at {at}" if at else "", f"similar: {near}" if near else "")
    text = "; ".join(filter(None, seen))
    return TargetResult(target=str(target), state="moved", reason=text, moved_to=moved_to, close=close, file=file)
