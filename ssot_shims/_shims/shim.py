"""``@shim``: the upstream object when it is there, else the decorated placeholder, and a record of which and why."""

from __future__ import annotations

import sys
from _thread import allocate_lock
from time import perf_counter

import ssot_shims._settings as _settings
from ssot_shims._callsite import PACKAGE
from ssot_shims._lookup.finder import attribute
from ssot_shims._lookup.lookup import AS_TARGET, Target
from ssot_shims._record import Record
from ssot_shims._shims.resolution import cure_of, resolve
from ssot_shims._text import with_hint
from ssot_shims.errors import (
    InvalidDeclaration,
    PlaceholderWarning,
    UnknownName,
    UpstreamBroken,
    UpstreamError,
    UpstreamMoved,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType
    from typing import Any, TypeVar

    from ssot_shims._shims.resolution import State
    from ssot_shims._shims.upstream import Cause, TargetResult

    T = TypeVar("T")


class ShimRecord(Record):
    """What became of one shim.

    ``state`` is ``upstream``, ``absent``, ``moved``, ``broken`` or ``forced``; ``reason`` says why, ``hint`` how to
    change it. ``cause`` is the kind of a breakage, ``error`` the exception behind it, ``seconds`` how long resolving
    took; ``results`` keeps what became of each target.
    """

    name: str
    targets: tuple[str, ...]
    state: State
    reason: str
    hint: str = ""
    cause: Cause | None
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
        """What is to be said aloud: why it moved or broke, or which target was broken before the one that won."""
        if self.state in ("moved", "broken"):
            return self.reason
        broken = [answer for answer in self.results if answer.state == "broken"]
        return "; ".join(f"{answer.reason}; {cure_of(self.name, answer)}" for answer in broken)


class Snapshot(Record):
    """The shims declared at one moment, and which of them have been warned about."""

    records: Mapping[str, ShimRecord] = {}
    warned: frozenset[str] = frozenset()


def snapshot() -> Snapshot:
    """The shims declared so far and those that have been warned about, to be given to :func:`restore`."""
    return Snapshot(records=dict(_records), warned=frozenset(_warned))


def restore(snapshot: Snapshot) -> None:
    """Nothing; the shims of *snapshot* are declared, and no others."""
    _records.clear()
    _records.update(snapshot.records)
    _warned.clear()
    _warned.update(snapshot.warned)


_FUNCTION = type(lambda: None)
_METHODS = (staticmethod, classmethod)

_records: dict[str, ShimRecord] = {}
_warned: set[str] = set()
_writing = allocate_lock()


def shim(*targets: str, replaces: str | tuple[str, ...] = ()) -> Callable[[T], T]:
    """A decorator that gives the upstream object when one of *targets* is there, else the decorated placeholder.

    Each target is written ``pkg.mod:Name``; the first that is there wins. The placeholder is a class of any kind or a
    function, and is the contract: type checkers see it on every machine. Put this decorator outermost. *replaces* are
    places that users import from today, written in the same way; ``ssot-shims migrate`` moves them to the shim.

    A missing package is silent. A symbol that moved or broke gives a :class:`PlaceholderWarning` at the line that
    imported, and raises :class:`UpstreamMoved` or :class:`UpstreamBroken` under ``SSOT_SHIMS_STRICT=1``. Raises
    :class:`InvalidDeclaration`, :class:`InvalidSetting` and :class:`CircularShim` for what they name.

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

    def declare(placeholder: T) -> T:
        is_strict = _settings.strict()
        record = _declare(placeholder, parsed, replaced)
        if record.problem:
            _complain(record, is_strict)
        return record.object  # type: ignore[no-any-return]  # the upstream is taken at its contract's word; verify checks it

    return declare


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
    # type() is asked, not isinstance(), and type's own attribute is read: mocks and metaclasses may claim anything.
    mro = type.__dict__["__mro__"].__get__
    kind = type(obj)
    return mro(obj) if type in mro(kind) else (obj, *mro(kind))


def _declare(placeholder: object, targets: tuple[Target, ...], replaces: tuple[str, ...]) -> ShimRecord:
    """The record of this declaration; one that has been resolved before (a reload) is not resolved again."""
    name, module, qualname = _names_of(placeholder)
    declared = f"{module}.{qualname}"
    file = attribute(sys.modules.get(module), "__file__") or module
    texts = tuple(map(str, targets))
    first = _records.get(name)
    if first is not None:
        _refuse_second(first, declared, file, (texts, replaces))
        if first.targets == texts:
            # One file imported under two names gives one object, one module run again its new placeholder.
            kept = first.replace(placeholder=placeholder) if first.declared == declared else first
            return _keep(kept.replace(replaces=replaces), instead_of=first)
    start = perf_counter()
    resolution = resolve(name, targets, placeholder)
    decided_by = resolution.decided_by
    record = ShimRecord(
        name=name,
        targets=texts,
        state=resolution.state,
        reason=resolution.reason,
        cause=decided_by.cause if decided_by else None,
        error=decided_by.error if decided_by else None,
        seconds=perf_counter() - start,
        placeholder=placeholder,
        upstream=decided_by.upstream if decided_by else None,
        results=resolution.results,
        declared=declared,
        file=file,
        replaces=replaces,
    )
    _warned.discard(name)
    return _keep(record, instead_of=first)


def _refuse_second(first: ShimRecord, declared: str, file: str, said: tuple[tuple[str, ...], ...]) -> None:
    """Raise unless the declaration is that of *first*: the same place, and in a function the same *said* as well."""
    is_same_place = (first.file, first.declared.rpartition(".")[2]) == (file, declared.rpartition(".")[2])
    is_made_by_function = "<locals>" in declared and (first.targets, first.replaces) != said
    if not is_same_place or is_made_by_function:
        problem = f"{declared} declares the shim {first.name}, which {first.declared} has declared already"
        raise InvalidDeclaration(problem, "import it from there, or give one of the two another name")


def _keep(record: ShimRecord, *, instead_of: ShimRecord | None) -> ShimRecord:
    """Remember *record*. Resolving runs other people's code, which may have declared that name in the meantime."""
    with _writing:
        there = _records.get(record.name)
        if there is instead_of:
            _records[record.name] = record
            return record
    assert there is not None
    _refuse_second(there, record.declared, record.file, (record.targets, record.replaces))
    return there


def _names_of(placeholder: object) -> tuple[str, str, str]:
    """Name, module and qualified name of a class, a function, or a function in the wrapping of a decorator."""
    kind = type(placeholder)
    named: Any = placeholder
    is_wrapped = callable(placeholder) and hasattr(placeholder, "__wrapped__") and kind not in _METHODS
    if not (is_wrapped or kind is _FUNCTION or type in type.__dict__["__mro__"].__get__(kind)):
        problem = f"{placeholder!r} is neither a class nor a function"
        raise InvalidDeclaration(problem, "put @shim(...) on a class or def statement")
    return named.__name__, named.__module__ or "__main__", named.__qualname__


def _complain(record: ShimRecord, is_strict: bool) -> None:
    """Raise, every time, about an upstream that moved or broke; when not strict, warn once a shim."""
    if is_strict:
        raise _as_error(record)
    if record.name in _warned:
        return
    import warnings

    warning = PlaceholderWarning(record.name, record.problem, is_in_use=record.state != "upstream")
    warning.__cause__ = _first_error(record)
    frame = _importing_frame(record)
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        warning, PlaceholderWarning, frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__"), registry
    )
    # Marked only now: where warnings are errors, each further import fails like the first.
    _warned.add(record.name)


def _as_error(record: ShimRecord) -> UpstreamError:
    kind = UpstreamMoved if record.state == "moved" else UpstreamBroken
    error = kind(record.name, record.problem)
    error.__cause__ = _first_error(record)
    return error


def _first_error(record: ShimRecord) -> BaseException | None:
    return next((answer.error for answer in record.results if answer.error), None)


def _importing_frame(record: ShimRecord) -> FrameType:
    """The frame with the line that imported the declaring module; the declaration itself when no user's line did."""
    frames = [frame for frame in _frames() if not _is_machinery(frame)] or [sys._getframe()]
    declaring = [frame for frame in frames if _declares(frame, record)]
    outside = next((frame for frame in frames if frame not in declaring), frames[-1])
    return declaring[-1] if declaring and _is_of(outside, _RUNNERS) else outside


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


# They import what they run; in their code there is no line of the user's.
_RUNNERS = ("_pytest", "pluggy", "runpy", "threading")
_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: a function, and neither a module nor the body of a class


def _declares(frame: FrameType, record: ShimRecord) -> bool:
    """Whether *frame* runs the module that declares the shim, or a class in it."""
    is_function = frame.f_code.co_flags & _OPTIMIZED
    return not is_function and frame.f_globals.get("__name__") == record.placeholder.__module__


def _is_machinery(frame: FrameType) -> bool:
    """Whether *frame* is ours or belongs to the import system, import hooks (pytest's among them) included."""
    file, function = frame.f_code.co_filename, frame.f_code.co_name
    is_import = file.startswith("<frozen importlib") or _is_of(frame, ("importlib",))
    return is_import or function == "exec_module" or file.startswith(PACKAGE)


def _is_of(frame: FrameType, packages: tuple[str, ...]) -> bool:
    return (frame.f_globals.get("__name__") or "").partition(".")[0] in packages
