"""``@shim``: the upstream object when it is there, else the decorated placeholder, and a record of which and why."""

from __future__ import annotations

import sys
from time import perf_counter

import ssot_shims._settings as _settings
from ssot_shims._callsite import PACKAGE
from ssot_shims._lookup.finder import attribute
from ssot_shims._lookup.lookup import AS_TARGET, Target
from ssot_shims._record import TYPE_CHECKING, Record
from ssot_shims._shims.upstream import resolve
from ssot_shims._text import with_hint
from ssot_shims.errors import InvalidDeclaration, PlaceholderWarning, UnknownName, UpstreamBroken, UpstreamMoved

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, ClassVar, TypeVar

    from ssot_shims._shims.upstream import State, TargetResult

    T = TypeVar("T")


class ShimRecord(Record):
    """The state of one shim, and why.

    ``state`` is ``upstream``, ``absent``, ``moved``, ``broken`` or ``forced``; ``reason`` says why, ``hint`` how to
    change it. ``cause`` is the kind of breakage, ``error`` the exception behind it, ``seconds`` how long resolving
    took; ``results`` has a :class:`TargetResult` for each target that was tried.
    """

    name: str
    targets: tuple[str, ...]
    state: State
    reason: str
    hint: str = ""
    cause: str | None
    error: BaseException | None
    seconds: float
    placeholder: Any
    upstream: Any  # None unless the state is "upstream"
    results: tuple[TargetResult, ...]
    declared: str  # "module.qualified_name" of the placeholder
    file: str  # where that is written
    replaces: tuple[str, ...] = ()  # the places that its users import from today

    @property
    def explanation(self) -> str:
        """The reason and the hint as one text."""
        return with_hint(self.reason, self.hint)

    @property
    def object(self) -> Any:
        """What the user of the shim got: the upstream object or the placeholder."""
        return self.upstream if self.state == "upstream" else self.placeholder

    @property
    def problem(self) -> str:
        """Why it moved or broke, or which target was broken before the one in use; empty when neither happened."""
        return "; ".join(with_hint(reason, hint) for reason, hint in self.problems)

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """What ``problem`` joins, as pairs of a reason and a hint."""
        if self.state in ("moved", "broken"):
            return ((self.reason, self.hint),)
        return tuple((result.reason, result.hint) for result in self.results if result.state == "broken")


_records: dict[str, ShimRecord] = {}
_warned: set[str] = set()


def shim(*targets: str, replaces: str | tuple[str, ...] = ()) -> Callable[[T], T]:
    """A decorator that gives the upstream object when one of *targets* is there, else the decorated placeholder.

    A target is written ``pkg.mod:Name``; the first that is there wins. The placeholder is a function or a class of any
    kind, and is the contract: type checkers see it on every machine. Put this decorator outermost. *replaces* names the
    places that your code imports from today, as targets; ``ssot-shims migrate`` rewrites these imports to the shim.

    A missing package is silent. A symbol that moved or is broken gives a :class:`PlaceholderWarning` at the line that
    imports it, and under ``SSOT_SHIMS_STRICT=1`` raises :class:`UpstreamMoved` or :class:`UpstreamBroken`. A bad target
    or placeholder raises :class:`InvalidDeclaration`, a bad setting :class:`InvalidSetting`, and an upstream that is
    still being imported :class:`CircularShim`.

    >>> @shim("acme.limits:Limits")
    ... class Limits:
    ...     retries = 3
    >>> Limits.retries, shim_of(Limits).state
    (3, 'absent')
    """
    if not targets:
        raise InvalidDeclaration("no target is given to @shim", AS_TARGET)
    parsed = tuple(map(Target.parse, targets))
    replaced = tuple(map(str, map(Target.parse, (replaces,) if isinstance(replaces, str) else replaces)))
    frame = sys._getframe(1)
    # What ships with us is no file for the user to edit.
    is_ours = frame.f_code.co_filename.startswith(PACKAGE)
    place = "" if is_ours else f"{frame.f_code.co_filename}:{frame.f_lineno}"

    def declare(placeholder: T) -> T:
        is_strict = _settings.strict()
        record = _declare(placeholder, parsed, replaced, place)
        if record.problems:
            _complain(record, is_strict)
        return record.object  # type: ignore[no-any-return]  # the upstream is taken at its contract's word; verify checks it

    return declare


class quiet:  # a context manager, named like those of contextlib
    """While this lasts, moved and broken shims neither warn nor raise: a front end shows their records afterwards."""

    depth: ClassVar[int] = 0

    def __enter__(self) -> None:
        quiet.depth += 1

    def __exit__(self, *_: object) -> None:
        quiet.depth -= 1


def all_shims() -> tuple[ShimRecord, ...]:
    """The record of every shim declared so far in this process, in the order of declaration."""
    return tuple(_records.values())


def shim_of(obj: object) -> ShimRecord:
    """The record of the shim that *obj* came from: the class or function it gave, an instance, or a subclass.

    Raises :class:`UnknownName` for anything else.

    >>> from ssot_shims import HeartbeatConfig
    >>> shim_of(HeartbeatConfig()).name
    'HeartbeatConfig'
    """
    for ancestor in _lineage(obj):
        for record in all_shims():
            if ancestor is record.object or ancestor is record.placeholder:
                return record
    raise UnknownName("shim for", repr(obj), (), tuple(sorted(_records)))


def is_placeholder(obj: object) -> bool:
    """Whether *obj* is a placeholder: the class or function itself, an instance, or a subclass. Never raises.

    >>> @shim("acme.limits:Quota")
    ... class Quota: ...
    >>> is_placeholder(Quota), is_placeholder(Quota()), is_placeholder(int)
    (True, True, False)
    """
    return any(ancestor is record.placeholder for ancestor in _lineage(obj) for record in all_shims())


def _lineage(obj: object) -> tuple[object, ...]:
    return _mro(obj) if type in _mro(type(obj)) else (obj, *_mro(type(obj)))


# Not isinstance(), nor the attribute of the class: mocks and metaclasses may claim anything.
_mro = type.__dict__["__mro__"].__get__


def _declare(placeholder: object, targets: tuple[Target, ...], replaces: tuple[str, ...], place: str) -> ShimRecord:
    """The record of this declaration; one that has been resolved before (a reload) is not resolved again."""
    name, module, qualname = _names_of(placeholder)
    declared = f"{module}.{qualname}"
    file = attribute(sys.modules.get(module), "__file__") or module
    texts = tuple(map(str, targets))
    if (first := _records.get(name)) is not None:
        _refuse_second(first, declared, file, (texts, replaces))
        if first.targets == texts:
            # One file imported under two names gives one object, one module run again its new placeholder.
            kept = first.replace(placeholder=placeholder) if first.declared == declared else first
            _records[name] = kept.replace(replaces=replaces)
            return _records[name]
    start = perf_counter()
    decisive, results = resolve(name, targets, placeholder, place)
    seconds = perf_counter() - start
    written: dict[str, Any] = {"name": name, "targets": texts, "replaces": replaces, "placeholder": placeholder}
    decided = {field: getattr(decisive, field) for field in ("state", "reason", "hint", "cause", "error", "upstream")}
    record = ShimRecord(**decided, **written, results=results, declared=declared, file=file, seconds=seconds)
    _warned.discard(name)
    _records[name] = record
    return record


def _refuse_second(first: ShimRecord, declared: str, file: str, said: tuple[tuple[str, ...], ...]) -> None:
    """Raise unless the declaration is that of *first*: the same place, and in a function the same *said* as well."""
    is_same_place = (first.file, first.declared.rpartition(".")[2]) == (file, declared.rpartition(".")[2])
    is_made_by_function = "<locals>" in declared and (first.targets, first.replaces) != said
    if not is_same_place or is_made_by_function:
        problem = f"{declared} declares the shim {first.name}, which {first.declared} has declared already"
        raise InvalidDeclaration(problem, "import it from there, or give one of the two another name")


def _names_of(placeholder: Any) -> tuple[str, str, str]:
    """Name, module and qualified name of a class or a function."""
    if not (type(placeholder) is _FUNCTION or type in _mro(type(placeholder))):
        problem = f"{placeholder!r} is neither a class nor a function"
        raise InvalidDeclaration(problem, "put @shim(...) on a class or def statement")
    return placeholder.__name__, placeholder.__module__ or "__main__", placeholder.__qualname__


def _complain(record: ShimRecord, is_strict: bool) -> None:
    """Raise, every time, about an upstream that moved or broke; when not strict, warn once a shim."""
    if quiet.depth or (record.name in _warned and not is_strict):
        _warned.add(record.name)
        return
    reason, hint = "; ".join(reason for reason, _ in record.problems), record.problems[0][1]
    cause = next((result.error for result in record.results if result.error), None)
    if is_strict:
        kind = UpstreamMoved if record.state == "moved" else UpstreamBroken
        raise kind(record.name, reason, hint) from cause
    import warnings

    warning = PlaceholderWarning(record.name, reason, hint, is_in_use=record.state != "upstream")
    warning.__cause__ = cause
    frame = _importing_frame(record.placeholder.__module__)
    place = frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__")
    warnings.warn_explicit(warning, PlaceholderWarning, *place, frame.f_globals.setdefault("__warningregistry__", {}))
    # Marked only now: where warnings are errors, each further import fails like the first.
    _warned.add(record.name)


_FUNCTION = type(lambda: None)
_RUNNERS = ("_pytest", "pluggy", "threading")  # they import what they run: their lines are none of the user's
_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: a function, and neither a module nor the body of a class


def _importing_frame(module: str) -> FrameType:
    """The frame with the line that imported *module*, which declares a shim; else the one that declares it."""
    frame: FrameType | None = sys._getframe()
    frames: list[FrameType] = []
    while frame is not None:
        if not _is_machinery(frame):
            frames.append(frame)
        frame = frame.f_back
    nearest = frames[0] if frames else sys._getframe()
    if nearest.f_globals.get("__name__") != module or nearest.f_code.co_flags & _OPTIMIZED:
        return nearest
    file = nearest.f_code.co_filename
    importing = next((frame for frame in frames if frame.f_code.co_filename != file), nearest)
    return nearest if _package_of(importing) in _RUNNERS else importing


def _is_machinery(frame: FrameType) -> bool:
    """Whether *frame* is ours, or runs modules: that of Python, or an import hook such as pytest's."""
    file = frame.f_code.co_filename
    is_import = file.startswith("<frozen ") or frame.f_code.co_name == "exec_module"
    return is_import or file.startswith(PACKAGE) or _package_of(frame) == "importlib"


def _package_of(frame: FrameType) -> str:
    return (frame.f_globals.get("__name__") or "").partition(".")[0]
