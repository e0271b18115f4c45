"""The upstream of a shim: ask each target for it, and tell there, absent, moved and broken apart.

The only code that imports an upstream. A lookup comes first, so an upstream that lacks the symbol is never run.
"""

from __future__ import annotations

import os
import sys

import ssot_shims._settings as _settings
from ssot_shims._lookup.finder import attribute, is_half_imported, is_installed, is_namespace, is_shared, lacking
from ssot_shims._lookup.lookup import Target, look, modules_that_define, names_in_file, needed_package, submodules_in
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._text import close_matches, describe, one_line
from ssot_shims.errors import CircularShim, InvalidDeclaration, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any, Literal

    from ssot_shims._lookup.lookup import Lookup

    State = Literal["upstream", "absent", "moved", "broken", "forced"]


class TargetResult(Record):
    """The state of one target of a shim, and why.

    ``state`` is ``upstream``, ``absent``, ``moved`` or ``broken``, ``reason`` says what was seen, ``hint`` what to do.
    ``cause`` is the kind of a breakage (``import error``, ``syntax error``, ``system exit``, ``warning as error``,
    ``exception``, ``wrong kind``) or ``dependency missing``, and ``error`` what importing raised. For a moved target,
    ``moved_to`` holds the targets with the same name in the package, and ``close`` those with a similar name.
    """

    target: str
    state: State
    reason: str
    hint: str = ""
    cause: str | None = None
    error: BaseException | None = None
    moved_to: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    upstream: Any = None


def resolve(
    shim: str, targets: tuple[Target, ...], placeholder: object, declared_at: str = ""
) -> tuple[TargetResult, tuple[TargetResult, ...]]:
    """What decides the state of *shim*, declared at that line, and the result of each target.

    The first target that is there wins, else the worst counts.
    """
    if _settings.is_forced(shim):
        variable = _settings.PLACEHOLDERS
        reason, hint = f"{variable} asks for the placeholder", f"to undo that: unset {variable}"
        return TargetResult(target="", state="forced", reason=reason, hint=hint), ()
    named = _named(shim)
    results: list[TargetResult] = []
    for target in named or targets:
        # What the user names is imported even where a lookup says that the symbol is not there.
        result = ask(target, placeholder, shim=shim, declared_at=declared_at, looks_first=not named)
        results.append(result)
        if result.state == "upstream":
            return result, tuple(results)
    worst = max(results, key=lambda result: ("absent", "moved", "broken").index(result.state))
    # The same thing is said once.
    reason = "; ".join(dict.fromkeys(result.reason for result in results if result.state == worst.state))
    worst = worst.replace(reason=reason)
    if named:
        # Whoever names a place does not expect it to be absent.
        hint = f"to go back to the places that the shim names: unset {_settings.upstream_variable(shim)}"
        worst = worst.replace(state="moved" if worst.state == "absent" else worst.state, hint=hint)
    return worst, tuple(results)


def _named(shim: str) -> tuple[Target, ...]:
    """The one target that the user put behind *shim* instead of its own; empty when there is none."""
    variable = _settings.upstream_variable(shim)
    value = os.environ.get(variable, "").strip()
    try:
        return (Target.parse(value),) if value else ()
    except InvalidDeclaration as error:
        raise InvalidSetting(variable, value, "a target such as pkg.mod:Name") from error


def _hint(shim: str, target: Target, result: TargetResult, declared_at: str) -> str:
    """What turns *result*: first what lasts, then the variable of the *shim*, if it is asked for by one."""
    steps: list[str] = []
    if result.state == "moved":
        # With several places nobody knows which one it is.
        now_at = result.moved_to[0] if len(result.moved_to) == 1 else ""
        if declared_at:
            steps.append(f"to follow it, write {now_at or 'its new place'} as the target at {one_line(declared_at)}")
        if shim:
            variable = f"{_settings.upstream_variable(shim)}={now_at or f'<module>:{target.symbol}'}"
            steps.append(f"{'until then' if steps else 'to name its new place'}: {variable}")
    elif result.state == "broken":
        if result.error is not None:
            statement = f"from {target.module} import {target.first}" if target.symbol else f"import {target.module}"
            steps.append(f'to see the whole traceback: {sys.executable} -c "{statement}"')
        if shim:
            steps.append(f"to go on with the placeholder: {_settings.PLACEHOLDERS}={shim}")
    return "; ".join(steps) or result.hint


def ask(
    target: Target, placeholder: object = None, *, shim: str = "", declared_at: str = "", looks_first: bool = True
) -> TargetResult:
    """The result for *target*, which has to be of the same kind as the *placeholder* of *shim*, if there is one.

    Raises :class:`CircularShim` when the module of *target* is half imported. KeyboardInterrupt passes through.
    """
    # That a namespace package has been imported says nothing: it is made out of any folder.
    is_running = sys.modules.get(target.module) is not None and not is_namespace(target.module)
    lookup = None if is_running else look(target)
    if lookup and lookup.found == "absent":
        result = _absent_portion(target, lookup.module, lookup.place.shown) if lookup.place else _absent(target)
    elif lookup and lookup.found == "missing" and looks_first:
        result = moved(target, lookup)
    else:
        result = _ask_by_import(target, placeholder)
    return result.replace(hint=_hint(shim, target, result, declared_at))


def _absent(target: Target, reason: str = "", needed: str = "") -> TargetResult:
    """The result for a *target* whose package, or for that *reason* the module *needed*, is not installed."""
    if needed:
        reason, what = one_line(reason), one_line(f"the distribution that brings {needed}")
    else:
        reason = f"no package {target.package!r} is installed here"
        what = f"it, or set PYTHONPATH=<the folder that holds {target.package}>"
    return TargetResult(target=str(target), state="absent", reason=reason, hint=f"to use the real one, install {what}")


def _absent_portion(target: Target, namespace: str, folder: str) -> TargetResult:
    others = f"only other parts of the namespace package {namespace} ({folder})"
    return _absent(target, f"{target} is not installed here, {others}", target.module)


def moved(target: Target, lookup: Lookup) -> TargetResult:
    """The result for a *target* that *lookup* has not found, with what is near the place where it should be."""
    place, module = lookup.place, lookup.module
    assert place is not None
    if module == target.module:
        reason = f"{target.symbol} is not in {place.shown} (read, not run)"
        return _moved_symbol(target, reason, names_in_file(place.shown))
    step = target.module[len(module) + 1 :].partition(".")[0]
    return _moved_module(target, place.shown, module, step, submodules_in(place.folders or ()))


def _moved_module(target: Target, file: str, parent: str, step: str, siblings: Iterable[str] = ()) -> TargetResult:
    rest = target.module[len(f"{parent}.{step}") :]
    near = close_matches(step, (name for name in siblings if name != step))  # a file may be there, but not importable
    close = [str(target.replace(module=f"{parent}.{name}{rest}")) for name in near]
    return _moved(target, f"there is no module {parent}.{step} in {file}", close)


def _moved_symbol(target: Target, reason: str, names: Iterable[str], depth: int = 0) -> TargetResult:
    """The result for a symbol whose part number *depth* is not there, though *names* are."""
    parts = target.symbol.split(".")
    gone = parts[depth]  # some line may still look as if it defined that name
    others = (name for name in names if name != gone and name.startswith("_") <= gone.startswith("_"))
    near = close_matches(gone, others)
    close = [f"{target.module}:{'.'.join([*parts[:depth], name, *parts[depth + 1 :]])}" for name in near]
    return _moved(target, reason, close, depth)


def _moved(target: Target, reason: str, similar: list[str], depth: int = 0) -> TargetResult:
    modules = modules_that_define(target.first, target.package) if target.symbol and not depth else ()
    homes = [f"{module}:{target.symbol}" for module in modules]
    moved_to = tuple(home for home in homes if home != str(target))[:3]
    close = tuple(one for one in similar if one not in moved_to)
    at, near = ", ".join(moved_to), ", ".join(close)
    seen = (one_line(reason), f"the same name is at {at}" if at else "", f"similar: {near}" if near else "")
    text = "; ".join(filter(None, seen))
    return TargetResult(target=str(target), state="moved", reason=text, moved_to=moved_to, close=close)


def _ask_by_import(target: Target, placeholder: object) -> TargetResult:
    try:
        # As "from module import name" does: that may be a submodule which nobody has imported.
        module = __import__(target.module, fromlist=[target.first or "__name__"])
        upstream, depth = _symbol(module, target)
    except (KeyboardInterrupt, CircularShim):
        raise
    except BaseException as error:
        return _failed(target, error)
    is_there, file = depth > target.symbol.count("."), attribute(module, "__file__")
    if (not is_there or upstream is None) and (needed := needed_package(target)):
        reason = f"{target} is defined only where {needed} is installed ({file}), which it is not here"
        return _absent(target, reason, needed).replace(cause="dependency missing")
    if not is_there:
        where = file or target.module
        if not depth and is_shared(target.module):  # it may be a module of another distribution
            return _absent_portion(target, target.module, where)
        return _moved_symbol(target, f"{target.symbol} is not in {where}", dir(upstream), depth)
    if problem := wrong_kind(placeholder, upstream):
        return TargetResult(target=str(target), state="broken", reason=f"{target} is {problem}", cause="wrong kind")
    reason = one_line(f"{target} ({file or 'built in'})")
    return TargetResult(target=str(target), state="upstream", reason=reason, upstream=upstream)


def _symbol(module: ModuleType, target: Target) -> tuple[Any, int]:
    """The object that *target* names in its imported *module*, or the last one above it, and how deep that is."""
    found: Any = module
    for depth, name in enumerate(target.symbol.split(".") if target.symbol else ()):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            if found is module and is_half_imported(module):
                raise CircularShim(target.symbol, target.module) from error
            return found, depth
    return found, target.symbol.count(".") + 1


def _failed(target: Target, error: BaseException) -> TargetResult:
    """The result for an import that raised *error*."""
    missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    if isinstance(error, ImportError):
        # Of a module that is not found, it is the package that does not have it yet.
        half = missing.rpartition(".")[0] if missing else error.name
        if half in sys.modules and is_half_imported(sys.modules[half]):
            raise CircularShim(target.symbol, half) from error
    parent, _, step = missing.rpartition(".")
    if missing == target.package and not is_installed(missing):
        return _absent(target)
    if parent and f"{target.module}.".startswith(f"{missing}."):
        file = attribute(sys.modules.get(parent), "__file__")
        if is_shared(target.package) and is_shared(parent):
            return _absent_portion(target, parent, next(iter(attribute(sys.modules[parent], "__path__")), ""))
        return _moved_module(target, file or parent, parent, step)
    if needed := lacking(error, target.package):
        reason = f"importing {target.module} needs the package {needed!r}, which is not installed here"
        return _absent(target, reason, needed).replace(cause="dependency missing", error=error)
    cause = next(cause for kind, cause in _CAUSES.items() if isinstance(error, kind))
    cause = "dependency missing" if missing else cause
    reason = f"importing {target.module} raised {describe(error)}"
    return TargetResult(target=str(target), state="broken", reason=reason, cause=cause, error=error)


_CAUSES: dict[type[BaseException], str] = {
    SystemExit: "system exit",
    SyntaxError: "syntax error",
    Warning: "warning as error",
    ImportError: "import error",
    BaseException: "exception",
}


def wrong_kind(placeholder: object, upstream: object) -> str:
    """What *upstream* is instead of what *placeholder* promises; empty when it is of that kind, or nothing is.

    >>> wrong_kind(int, None)
    'of type NoneType, not a class'
    >>> wrong_kind(len, print)
    ''
    """
    if placeholder is None:
        return ""
    if _is_enum(placeholder):
        fits, promised = _is_enum(upstream), "an enum"
    elif isinstance(placeholder, type):
        fits, promised = isinstance(upstream, type), "a class"
    else:
        fits, promised = callable(upstream) and not isinstance(upstream, type), "a function"
    return "" if fits else f"of type {type(upstream).__qualname__}, not {promised}"


def _is_enum(value: object) -> bool:
    enum = sys.modules.get("enum")  # where nobody has imported it there is no enum
    return enum is not None and isinstance(value, enum.EnumMeta)
