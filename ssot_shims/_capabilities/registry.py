"""The registry: who registered which capability, and one question to ask of each."""

from __future__ import annotations

import os
from _weakref import ref
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._callsite import caller
from ssot_shims._capabilities.cache import Override, overriding
from ssot_shims._capabilities.capability import capability, refuse_bad_name
from ssot_shims._capabilities.catalogue import Catalogue
from ssot_shims._capabilities.check import check, start, start_each, wait
from ssot_shims._capabilities.flight import awaited
from ssot_shims._record import Record
from ssot_shims.errors import CapabilityMissing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any, TypeVar, overload

    F = TypeVar("F", bound=Callable[[], object])
else:

    def overload(function):
        return function


class Given(Record):
    """What a registry has answered: ``last`` by the machine, ``overriding`` by overrides that said yes."""

    last: Mapping[str, Availability | None]  # None for what has been asked and has no answer yet
    overriding: Mapping[str, Availability]


class Registry(Catalogue):
    """Capabilities by name, and the answer for each, found out once.

    The one that everybody shares is :data:`ssot_shims.capabilities`. A child keeps its answers over ``os.fork``; a
    fork in the moment in which another thread imports a module (also our own, for its first question) leaves a child
    in which that import never ends, so ask before forking.

    >>> registry = Registry()
    >>> registry.register("path", "env:PATH")
    >>> bool(registry.check("path")), registry.check("path").reason
    (True, 'PATH is set')
    >>> with registry.override(path=False):
    ...     bool(registry.check("path"))
    False
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock=clock)
        if hasattr(os, "register_at_fork"):
            existing = ref(self._answers)  # what is registered at forks is never taken back, and must not keep them

            def after_fork() -> None:
                if answers := existing():
                    answers.after_fork()

            os.register_at_fork(after_in_child=after_fork)

    @overload
    def register(
        self,
        name: str,
        probe: str | Callable[[], object],
        *,
        timeout: float | None = None,
        ttl: float | None = None,
        service: bool | None = None,
        replace: bool = False,
    ) -> None: ...

    @overload
    def register(  # noqa: F811  # overload is typing's, in disguise
        self,
        name: str,
        *,
        timeout: float | None = None,
        ttl: float | None = None,
        service: bool | None = None,
        replace: bool = False,
    ) -> Callable[[F], F]: ...

    def register(  # noqa: F811  # the implementation
        self,
        name: str,
        probe: str | Callable[[], object] | None = None,
        *,
        timeout: float | None = None,
        ttl: float | None = None,
        service: bool | None = None,
        replace: bool = False,
    ) -> object:
        """Nothing, or without *probe* a decorator for the probe function, which it gives back as it was.

        *probe* is a function or short notation: ``tcp://host:port``, ``unix:///path``, ``http://host/path``,
        ``https://...``, ``command:git``, ``module:numpy>=2``, ``env:NAME``, ``python:pkg.mod:function``,
        ``all:docker,postgres``, ``any:docker,staging``. A function says yes by returning None or True, and no by
        returning False or ``(False, "why")``, or by raising :class:`Unavailable`; anything else counts as failed.

        A probe is given up after *timeout* seconds (default 2.5, or ``SSOT_SHIMS_TIMEOUT``). A function that hangs is
        left behind in its daemon thread, and not started again before it has come back; one that prints without end
        from such a thread can abort the exit of the interpreter. A yes or no is kept for *ttl* seconds, by default for
        good. *service* says whether ``SSOT_SHIMS_NO_SERVICES`` turns it off, which by default holds for ``tcp``,
        ``unix`` and ``http``.

        Raises :class:`InvalidDeclaration` for what does not read, and for a name that is registered already, unless
        *replace* is set or it is the same statement: the same probe by its notation, in the same file.

        >>> registry = Registry()
        >>> @registry.register("gpu", timeout=1.0)
        ... def gpu():
        ...     return False, "no device node /dev/nvidia0"
        >>> registry.check("gpu").reason
        'no device node /dev/nvidia0'
        """
        where = caller()

        def declare(probe: object) -> object:
            made = capability(name, probe, timeout=timeout, ttl=ttl, service=service, where=where)
            self.add(made, replace=replace)
            return probe

        if probe is None:
            refuse_bad_name(name)
            return declare
        declare(probe)
        return None

    def check(self, name: str) -> Availability:
        """Whether *name* is there, and why.

        The answer is found out once: a yes or no is kept, *timed_out* and *failed* are asked about once more by the
        first question after 5 seconds. Whatever the machine is like, this does not raise. It raises
        :class:`UnknownName`, :class:`InvalidSetting` and :class:`CircularProbe` for what they name.

        >>> registry = Registry()
        >>> registry.register("path", "env:PATH")
        >>> registry.check("paht")
        Traceback (most recent call last):
        ssot_shims.errors.UnknownName: no capability 'paht'; close: path; known: path
        """
        return check(self._answers, name)

    async def acheck(self, name: str) -> Availability:
        """What :meth:`check` gives, while the event loop goes on; the module of a probe is imported before that."""
        started = start(self._answers, name)
        if isinstance(started, Availability):
            return wait(self._answers, started)
        return await awaited(name, lambda: wait(self._answers, started))

    def check_all(self) -> dict[str, Availability]:
        """The answer for every capability there is, by name; found side by side, in the time of the slowest."""
        return self._check_each(tuple(self))

    def require(self, *names: str) -> None:
        """Nothing, when all *names* are there. Raises :class:`CapabilityMissing` with every reason when one is not."""
        answers = self._check_each(names)
        missing = {name: answer for name, answer in answers.items() if not answer}
        if missing:
            reasons = {name: answer.reason for name, answer in missing.items()}
            raise CapabilityMissing(reasons, {name: answer.hint for name, answer in missing.items()})

    def override(
        self, answers: Mapping[str, bool | Availability] | None = None, /, **more: bool | Availability
    ) -> AbstractContextManager[None]:
        """A context manager: from ``with`` to its end these answers count, in the whole process, whatever is real.

        Raises :class:`UnknownName` and :class:`InvalidDeclaration`.
        """
        where = caller()
        given = {**(answers or {}), **more}
        return Override(
            self._answers, {self[name].name: overriding(name, value, where) for name, value in given.items()}
        )

    def refresh(self, *names: str) -> None:
        """Nothing; the answers for *names* (without names: for all) are found out again when somebody asks.

        Refreshing a combination refreshes its parts. Overrides stay. Raises :class:`UnknownName`.
        """
        wanted = {name: self[name] for name in names or self}
        while new := {part for one in wanted.values() for part in one.parts} - wanted.keys():
            wanted.update({part: self[part] for part in new})
        self._answers.refreshed.update(wanted)
        self._answers.forget(wanted)

    def hanging(self) -> dict[str, str]:
        """The probes that were given up and have not come back, by name, with the line where each stands."""
        with self._answers.lock:
            late = [flight for flight in self._answers.flights if flight.ident and flight.deadline < monotonic()]
        return {flight.capability.name: flight.place for flight in late}

    def start_each(self, names: Iterable[str]) -> dict[str, Callable[[], Availability]]:
        """The checks of *names*, all started; calling one waits for its answer, or raises why there is none."""
        from functools import partial  # comes with threading, and is not for a single question

        return {name: partial(wait, self._answers, one) for name, one in start_each(self._answers, names).items()}

    def when_unknown(self, declare: Callable[[], object] | None) -> Callable[[], object] | None:
        """Call *declare* once, when somebody asks for a name that is unknown; returns what would have been called."""
        before, self._answers.declare_more = self._answers.declare_more, declare
        return before

    def cached(self) -> dict[str, Availability]:
        """The answers that are kept for as long as the process lasts, by name."""
        with self._answers.lock:
            return {name: self._answers.kept[name][0] for name in self._answers.hits}

    def publish(self, name: str, namespace: dict[str, Any]) -> dict[str, bool]:
        """Whether each name that is cached is there, kept up to date; the global ``_<name>`` of *namespace* is, too."""
        self._answers.globals[name] = namespace
        return self._answers.hits

    def given_answers(self) -> Given:
        """What was answered to those who have asked this registry so far."""
        return Given(last=dict(self._answers.last), overriding=dict(self._answers.overriding))

    def __reduce__(self) -> str:
        # The one that everybody shares is the same in each process; any other cannot be pickled.
        return "capabilities"

    def _check_each(self, names: tuple[str, ...]) -> dict[str, Availability]:
        for name in names:
            self[name]
        started = start_each(self._answers, names)
        return {name: wait(self._answers, one) for name, one in started.items()}
