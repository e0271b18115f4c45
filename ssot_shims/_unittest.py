"""Tests that need something, for pytest, unittest, and any other runner that knows the SkipTest of unittest."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar
from unittest import SkipTest, TestCase

import ssot_shims._project.requirement as _requirement
from ssot_shims._callsite import caller
from ssot_shims._capabilities.capability import refuse_bad_name, refuse_bad_seconds
from ssot_shims._lookup.lookup import Target
from ssot_shims._project.requirement import Verdict, is_bare, judge_each, judge_target, refuse_unknown, required_here
from ssot_shims.errors import CapabilityMissing, InvalidDeclaration

P = ParamSpec("P")
R = TypeVar("R")
Test = TypeVar("Test", bound=Callable[..., object])

__unittest = True  # it leaves the frames of such a module out of tracebacks, as pytest does for __tracebackhide__

_WITH_NAMES = "write it with what is needed: @skip_unless_available('docker')"
_ON_A_TEST = "put it on a test function or method, below @staticmethod and @classmethod, or on a unittest.TestCase"


class SkippedTest(CapabilityMissing, SkipTest):
    """A :class:`CapabilityMissing` that the runner of a test takes for a skip."""


def import_or_skip(target: str) -> Any:
    """The module *target*, written ``pkg.mod``, or a symbol in it, written ``pkg.mod:Name``.

    Call it in a test, a fixture, ``setUp``, or at the top of a test module. An absent target skips the test or the
    module. A target that moved, is broken or is required (``SSOT_SHIMS_REQUIRE=import:pkg.mod,upstream:pkg.mod:Name``)
    is an error, :class:`CapabilityMissing`. At the top of a module, unittest skips only modules that it discovers.

    Raises :class:`InvalidDeclaration` when *target* is not written so, and :class:`CircularShim`.

    >>> import_or_skip("json:loads")("[1]")
    [1]
    >>> import_or_skip("acme.limits")
    Traceback (most recent call last):
    ssot_shims._unittest.SkippedTest: import:acme.limits: absent: no package 'acme' is installed here; \
to use the real one, install it, or set PYTHONPATH=<the folder that holds acme>
    """
    __tracebackhide__ = True
    verdict, result = judge_target(Target.parse(target, may_be_module=True), required_here(), caller())
    _go_on_or_stop((verdict,), result.error)
    return result.upstream


def require(*names: str, wait: float | None = None) -> None:
    """Skip the test unless all *names* are available; error if one is required, moved, broken or failed.

    Call it in a test, a fixture or ``setUp``. The names are those of :func:`skip_unless_available`. With *wait* it asks
    again for at most *wait* seconds, once for each capability in a process. It raises :class:`CapabilityMissing` with
    every reason, which pytest and unittest take for a skip or an error. A name that nobody declared raises
    :class:`UnknownName`, and a notation that is not valid :class:`InvalidDeclaration`.

    >>> from ssot_shims import capabilities
    >>> with capabilities.override(docker=True, git=True):
    ...     require("docker", "git")
    """
    __tracebackhide__ = True
    refuse_bad_seconds("wait", wait, may_be_0=True)
    for name in names:
        refuse_unknown(name)
    _go_on_or_stop(judge_each(names, required_here(), dict.fromkeys(names, wait)))


def skip_unless_available(*names: str) -> Callable[[Test], Test]:
    """A decorator that skips a test unless all *names* are available.

    It goes on a ``TestCase`` class, a method or a function, plain or async. A name is a capability (``docker``), a
    notation (``module:dask>=2024``), a shim (``upstream:Name``) or a target (``upstream:pkg.mod:Name``). Names are
    checked when the test runs; those of a class before its own ``setUpClass`` (a subclass with a ``setUpClass`` calls
    ``super().setUpClass()``). ``setUp`` runs before a decorated method: if ``setUp`` needs the capability, decorate the
    class.

    The test is an error, :class:`CapabilityMissing`, when a probe failed, a shim moved or is broken, nobody declared
    the name, or ``SSOT_SHIMS_REQUIRE`` holds it, when the decorator is applied or when the test runs. A bad name, and
    an object that cannot be decorated, raise :class:`InvalidDeclaration`.

    >>> from ssot_shims import capabilities
    >>> @skip_unless_available("docker")
    ... def test_containers():
    ...     return "tested"
    >>> with capabilities.override(docker=True):
    ...     test_containers()
    'tested'
    """
    _refuse_bad_names(names)
    required = required_here()  # a test may clear the environment in which it runs

    def decide() -> None:
        """Raise what skips or fails the test, when something is missing."""
        __tracebackhide__ = True
        _go_on_or_stop(judge_each(names, {**required, **required_here()}))

    def decorate(test: Test) -> Test:
        if not _is_test(test):
            raise InvalidDeclaration(f"@skip_unless_available is put on {test!r}", _ON_A_TEST)
        decorated: Any = _guarded_class(test, decide) if isinstance(test, type) else _guarded(test, decide)
        return decorated  # type: ignore[no-any-return]  # what it was, or wrapped and called as before

    return decorate


def _go_on_or_stop(verdicts: tuple[Verdict, ...], cause: BaseException | None = None) -> None:
    """Note that what a test needs is there; else raise what skips or fails it."""
    __tracebackhide__ = True
    if missing := [verdict for verdict in verdicts if verdict.outcome != "run"]:
        if cause is not None:
            raise _stop(missing) from cause
        raise _stop(missing)  # beside the error that is being handled, if there is one
    _requirement.needed.update({verdict.name: verdict for verdict in verdicts})


def _stop(missing: list[Verdict]) -> CapabilityMissing:
    is_error = any(verdict.outcome == "error" for verdict in missing)
    reasons = {verdict.name: verdict.replace(hint="").explanation for verdict in missing}
    stop = (CapabilityMissing if is_error else SkippedTest)(reasons, {one.name: one.hint for one in missing})
    vars(stop)["_ssot_shims_verdicts"] = missing  # for the pytest plugin to count
    if is_error and (test := _expected_to_fail()):
        test.addCleanup(_raise, stop)
    return stop


def _expected_to_fail() -> TestCase | None:
    """The test that is running, if unittest expects it to fail: that would hide whatever the test method raises."""
    frame: FrameType | None = sys._getframe()
    while frame and frame.f_code is not TestCase.run.__code__:
        frame = frame.f_back
    test: Any = frame and frame.f_locals["self"]
    return test if test and test._outcome.expecting_failure else None


def _raise(error: Exception) -> NoReturn:
    __tracebackhide__ = True
    raise error


def _refuse_bad_names(names: tuple[object, ...]) -> None:
    if not names or callable(names[0]):
        raise InvalidDeclaration("@skip_unless_available is given no names", _WITH_NAMES)
    for name in names:
        if not isinstance(name, str) or ":" not in name:
            refuse_bad_name(name)
        elif not is_bare(name):
            refuse_unknown(name)


def _is_test(thing: Any) -> bool:
    """Whether *thing* can be decorated: a generator would be skipped always, and the others never."""
    if isinstance(thing, type):
        return TestCase in thing.__mro__
    is_generator = inspect.isgeneratorfunction(thing) or inspect.isasyncgenfunction(thing)
    return callable(thing) and not isinstance(thing, staticmethod) and not is_generator


def _guarded_class(cls: Any, decide: Callable[[], None]) -> Any:
    own: Any = cls.__dict__.get("setUpClass")

    def setUpClass(actual: Any) -> None:
        __tracebackhide__ = True
        decide()
        before: Any = own.__get__(None, actual) if own else super(cls, actual).setUpClass  # pyright: ignore  # of whatever test
        before()

    cls.setUpClass = classmethod(setUpClass)
    return cls


def _guarded(function: Callable[P, R], decide: Callable[[], None]) -> Callable[P, R]:
    @wraps(function)
    def decided(*args: P.args, **kwargs: P.kwargs) -> Any:
        __tracebackhide__ = True
        decide()
        return function(*args, **kwargs)

    @wraps(function)
    async def decided_when_awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
        __tracebackhide__ = True
        return await decided(*args, **kwargs)

    return decided_when_awaited if inspect.iscoroutinefunction(function) else decided  # type: ignore[return-value]  # R is what is awaited
