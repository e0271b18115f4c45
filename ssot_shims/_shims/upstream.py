"""Ask for one upstream symbol, and tell apart there, absent, moved and broken.

The only code that imports an upstream. A look comes first, so an upstream that lacks the symbol is never run.
"""

from __future__ import annotations

import sys
from importlib import import_module

from ssot_shims._lookup.finder import Undecidable, attribute, find, is_half_imported, is_running
from ssot_shims._lookup.lookup import look
from ssot_shims._record import Record
from ssot_shims.errors import CircularShim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any, Literal

    from ssot_shims._lookup.lookup import Lookup, Target

    Cause = Literal[
        "dependency missing",
        "import error",
        "syntax error",
        "system exit",
        "warning as error",
        "exception",
        "wrong kind",
        "forwarding address",
    ]


class TargetResult(Record):
    """What one target of a shim turned out to be.

    ``state`` is ``upstream``, ``absent``, ``moved`` or ``broken`` and ``reason`` says what was seen. ``cause`` is the
    kind of a breakage and ``error`` the exception that importing raised; ``close`` holds targets it may have moved to.
    """

    target: str
    state: Literal["upstream", "absent", "moved", "broken"]
    reason: str
    hint: str = ""
    cause: Cause | None = None
    error: BaseException | None = None
    close: tuple[str, ...] = ()
    file: str = ""  # the file or folder looked in
    upstream: Any = None


def ask(target: Target, placeholder: object, *, looks_first: bool = True) -> TargetResult:
    """The answer for *target*, which has to be of the same kind as *placeholder*.

    Raises :class:`CircularShim` when the module of *target* is half imported. KeyboardInterrupt passes through.
    """
    if not is_running(target.module):
        sighting = look(target)
        if sighting.found == "absent":
            return _absent(target)
        if sighting.found == "missing" and looks_first:
            return moved_by_look(target, sighting)
    return _ask_by_import(target, placeholder)


def _absent(target: Target) -> TargetResult:
    return TargetResult(target=str(target), state="absent", reason=f"no package {target.package!r} is installed here")


def moved_by_look(target: Target, sighting: Lookup) -> TargetResult:
    """The answer for a *target* that a look has not found, with what stands near the place where it should be."""
    from ssot_shims._lookup.lookup import names_in_file, submodules_in  # most upstreams have not moved

    place = sighting.place
    assert place is not None
    if sighting.module == target.module:
        reason = f"{target.symbol} is not in {place.shown} (looked at without running it)"
        return _moved_symbol(target, reason, place.shown, names_in_file(place.shown))
    module, folders = sighting.module, place.folders
    step = target.module[len(module) + 1 :].partition(".")[0]
    if folders is None:
        return _moved_module(
            target, f"{module} ({place.shown}) is a module and no package, so", module, step, place.shown
        )
    return _moved_module(target, f"in {place.shown}", module, step, place.shown, submodules_in(folders))


def _moved_module(
    target: Target, where: str, parent: str, step: str, file: str, siblings: Iterable[str] = ()
) -> TargetResult:
    from ssot_shims._text import close_matches

    rest = target.module[len(f"{parent}.{step}") :]
    near = close_matches(
        step, (name for name in siblings if name != step)
    )  # a file may be there, and not to be imported
    close = tuple(f"{parent}.{name}{rest}:{target.symbol}" for name in near)
    return TargetResult(
        target=str(target), state="moved", reason=f"{where} there is no module {parent}.{step}", close=close, file=file
    )


def _moved_symbol(target: Target, reason: str, file: str, names: Iterable[str], depth: int = 0) -> TargetResult:
    """The answer for a symbol whose part number *depth* is not there, though *names* are."""
    from ssot_shims._text import close_matches

    parts = target.symbol.split(".")
    gone = parts[depth]  # some line may still look as if it defined that name
    near = close_matches(
        gone, (name for name in names if name != gone and name.startswith("_") <= gone.startswith("_"))
    )
    close = tuple(f"{target.module}:{'.'.join([*parts[:depth], name, *parts[depth + 1 :]])}" for name in near)
    return TargetResult(target=str(target), state="moved", reason=reason, close=close, file=file)


def _ask_by_import(target: Target, placeholder: object) -> TargetResult:
    try:
        _wait_for_packages(target)
        module = import_module(target.module)
        upstream = _symbol(module, target)
    except (KeyboardInterrupt, CircularShim):
        raise
    except _NotThere as missing:
        file = attribute(sys.modules.get(target.module), "__file__") or target.module
        return _moved_symbol(target, f"{target.symbol} is not in {file}", file, missing.names, missing.depth)
    except BaseException as error:
        return _failed(target, error)
    problem = wrong_kind(placeholder, upstream)
    if problem:
        return _broken(target, "wrong kind", f"{target} is {problem}")
    where = attribute(module, "__file__") or "built in"
    return TargetResult(
        target=str(target), state="upstream", reason=f"{target} ({where})", upstream=upstream, file=where
    )


def _wait_for_packages(target: Target) -> None:
    """Let other threads finish importing the packages above *target*, which may put its module there."""
    package = target.module.rpartition(".")[0]
    while package:
        if package in sys.modules and is_half_imported(sys.modules[package]):
            import_module(package)  # waits for its lock, unless this thread holds it
        package = package.rpartition(".")[0]


class _NotThere(Exception):
    def __init__(self, depth: int, names: list[str]) -> None:
        super().__init__(depth, names)
        self.depth = depth
        self.names = names


def _symbol(module: ModuleType, target: Target) -> Any:
    """The object that *target* names in its imported *module*."""
    found: Any = module
    for depth, name in enumerate(target.symbol.split(".")):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            if found is module and is_half_imported(module):
                raise CircularShim(target.symbol, target.module) from error
            raise _NotThere(depth, dir(found)) from None
    return found


def _refuse_half_imported(target: Target, error: ImportError) -> None:
    """Raise when *error* is about a module that is only half imported: the import runs in a circle."""
    module = _name_in(error)
    if isinstance(error, ModuleNotFoundError):
        module = module.rpartition(".")[0]  # it is the package that does not have it yet
    if module in sys.modules and is_half_imported(sys.modules[module]):
        raise CircularShim(target.symbol, module) from error


def _name_in(error: ImportError) -> str:
    """The module that *error* is about, whatever a subclass makes of that attribute."""
    name: object = vars(ImportError)["name"].__get__(error)
    return name if isinstance(name, str) else ""


def _failed(target: Target, error: BaseException) -> TargetResult:
    """The answer for an import that raised *error*."""
    if isinstance(error, ImportError):
        _refuse_half_imported(target, error)
    missing = _name_in(error) if isinstance(error, ModuleNotFoundError) else ""
    if missing == target.package and not _is_found(target.package):
        return _absent(target)
    if missing and f"{target.module}.".startswith(f"{missing}.") and missing != target.package:
        parent, _, step = missing.rpartition(".")
        file = attribute(sys.modules.get(parent), "__file__") or parent
        return _moved_module(target, f"in {file}", parent, step, file)
    from ssot_shims._text import describe  # only for what broke

    cause = _cause(error, missing)
    return _broken(target, cause, f"importing {target.module} raised {describe(error)}", error)


def _is_found(package: str) -> bool:
    try:
        return find(package, None) is not None
    except Undecidable:
        return package in sys.modules


def _cause(error: BaseException, missing: str) -> Cause:
    match error:
        case SystemExit():
            return "system exit"
        case SyntaxError():
            return "syntax error"
        case Warning():
            return "warning as error"
        case ImportError():
            return "dependency missing" if missing else "import error"
        case _:
            return "exception"


def _broken(target: Target, cause: Cause, reason: str, error: BaseException | None = None) -> TargetResult:
    return TargetResult(target=str(target), state="broken", reason=reason, cause=cause, error=error)


def wrong_kind(placeholder: object, upstream: object) -> str:
    """What *upstream* is instead of what *placeholder* promises; empty when it is of that kind.

    >>> wrong_kind(int, None)
    'None, not a class'
    >>> wrong_kind(len, print)
    ''
    """
    if _is_enum(placeholder):
        fits, promised = _is_enum(upstream), "an enum"
    elif isinstance(placeholder, type):
        fits, promised = isinstance(upstream, type), "a class"
    else:
        fits, promised = callable(upstream) and not isinstance(upstream, type), "a function"
    return "" if fits else f"{_what(upstream)}, not {promised}"


def _is_enum(value: object) -> bool:
    enum = sys.modules.get("enum")  # where nobody has imported it there is no enum
    return enum is not None and isinstance(value, enum.EnumMeta)


def _what(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    return f"{'a function' if callable(value) else 'an object'} of type {type(value).__qualname__}"
