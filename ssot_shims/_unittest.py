"""``@skip_unless_available``: tests of unittest, or of any runner that knows its SkipTest, that need a capability."""

from __future__ import annotations

import inspect
from functools import wraps
from unittest import SkipTest, TestCase

from ssot_shims._callsite import place_of
from ssot_shims._capabilities.capability import refuse_bad_name
from ssot_shims._project.requirement import UPSTREAM, judge_each, required_here
from ssot_shims._record import Record
from ssot_shims.errors import CapabilityMissing, InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    from ssot_shims._project.requirement import Verdict

    P = ParamSpec("P")
    R = TypeVar("R")
    Test = TypeVar("Test", bound=Callable[..., object])

__unittest = True  # it leaves the frames of such a module out of tracebacks, as pytest does for __tracebackhide__

_WITH_NAMES = "write it with what is needed: @skip_unless_available('docker')"


def skip_unless_available(*names: str) -> Callable[[Test], Test]:
    """A decorator for what needs all of *names*: a ``TestCase`` class, a method or a function, plain or async.

    A name is that of a capability, or ``upstream:Name`` for a shim. They are asked when the test runs; for a class when
    its tests begin, before its own ``setUpClass``. What is not there is a skip with the reason. It is an error,
    :class:`CapabilityMissing`, when a probe failed, when a shim moved or broke, when nobody knows the name, and when
    ``SSOT_SHIMS_REQUIRE`` says that it has to be there, when the decorator is applied or when the test runs.

    ``setUp`` runs before a decorated method; where that needs the capability, decorate the class. Raises
    :class:`InvalidDeclaration` for what is no name, and :class:`InvalidDeclaration` for what cannot be decorated.

    >>> from ssot_shims import capabilities
    >>> @skip_unless_available("docker")
    ... def test_containers():
    ...     return "tested"
    >>> with capabilities.override(docker=True):
    ...     test_containers()
    'tested'
    """
    _refuse_bad_names(names)
    need = _Need(names=names, required=required_here())  # a test may clear the environment in which it runs

    def decorate(test: Test) -> Test:
        decorated: Any = test
        if not isinstance(test, type):
            decorated = _guarded(decorated, need)
        else:
            _guard_class(decorated, need)
        return decorated  # type: ignore[no-any-return]  # what it was, or wrapped and called as before

    return decorate


class _Need(Record):
    names: tuple[str, ...]
    required: dict[str, str]

    def decide(self) -> None:
        """Nothing, when the test is to run."""
        __tracebackhide__ = True
        verdicts = judge_each(self.names, {**self.required, **required_here()})
        missing = tuple(verdict for verdict in verdicts if verdict.outcome != "run")
        if missing:
            raise _stop(missing)


def _refuse_bad_names(names: tuple[object, ...]) -> None:
    if not names:
        raise InvalidDeclaration("@skip_unless_available() says nothing of what is needed", _WITH_NAMES)
    for name in names:
        if callable(name):
            raise InvalidDeclaration(f"@skip_unless_available stands without names at {_where(name)}", _WITH_NAMES)
        if isinstance(name, str) and name.startswith(UPSTREAM):
            if not name.removeprefix(UPSTREAM).isidentifier():
                raise InvalidDeclaration(f"{name!r} names no shim", "write it as 'upstream:HeartbeatConfig'")
        else:
            refuse_bad_name(name)


def _where(test: Any) -> str:
    return test.__qualname__ if isinstance(test, type) else place_of(test)


def _guard_class(cls: Any, need: _Need) -> None:
    """Decide before the ``setUpClass`` of *cls*, and of each subclass, whose own or other base may never call ours."""
    if TestCase not in cls.__mro__:
        raise InvalidDeclaration(
            f"@skip_unless_available is put on {cls.__qualname__}, which is no unittest.TestCase",
            "decorate its methods, or use pytest's @pytest.mark.requires_capability('docker')",
        )
    _guard_setup(cls, need)
    own: Any = cls.__dict__.get("__init_subclass__")

    def __init_subclass__(subclass: Any, /, **keywords: Any) -> None:
        _before(own, cls, subclass, "__init_subclass__")(**keywords)
        _guard_setup(subclass, need)

    cls.__init_subclass__ = classmethod(__init_subclass__)


def _guard_setup(cls: Any, need: _Need) -> None:
    own: Any = cls.__dict__.get("setUpClass")

    def setUpClass(actual: Any) -> None:
        __tracebackhide__ = True
        need.decide()
        _before(own, cls, actual, "setUpClass")()

    cls.setUpClass = classmethod(setUpClass)


def _before(own: Any, cls: type[object], actual: type[object], name: str) -> Callable[..., object]:
    """What *name* was on *cls* before it was guarded, bound to *actual*: its *own*, else that of its bases."""
    method: Callable[..., object] = own.__get__(None, actual) if own else getattr(super(cls, actual), name)
    return method


def _guarded(function: Callable[P, R], need: _Need) -> Callable[P, R]:
    _refuse_what_is_no_test(function)

    @wraps(function)
    def decided(*args: P.args, **kwargs: P.kwargs) -> R:
        __tracebackhide__ = True
        need.decide()
        return function(*args, **kwargs)

    @wraps(function)
    async def decided_when_awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
        __tracebackhide__ = True
        need.decide()
        awaited: Any = function(*args, **kwargs)
        return await awaited

    return decided_when_awaited if inspect.iscoroutinefunction(function) else decided  # type: ignore[return-value]  # R is what is awaited


def _refuse_what_is_no_test(function: object) -> None:
    if isinstance(function, classmethod | staticmethod):
        kind = type(function).__name__  # pyright: ignore[reportUnknownArgumentType]  # of whatever
        raise InvalidDeclaration(f"@skip_unless_available is put on a {kind}", f"put it below @{kind}")
    if not callable(function):
        raise InvalidDeclaration(
            f"@skip_unless_available is put on an object of type {type(function).__name__}",
            "decorate a test or a class",
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidDeclaration(
            f"@skip_unless_available is put on a generator function at {place_of(function)}",
            "decorate the tests that need it",
        )


def _stop(missing: tuple[Verdict, ...]) -> Exception:
    reasons = {verdict.name: verdict.reason for verdict in missing}
    is_error = any(verdict.outcome == "error" for verdict in missing)
    told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    stop = CapabilityMissing(reasons) if is_error else SkipTest(told)
    vars(stop)["_ssot_shims_verdicts"] = missing  # for the pytest plugin to count
    return stop
