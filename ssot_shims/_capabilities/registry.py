"""The registry: who registered which capability, and one question to ask of each."""

from __future__ import annotations

import os
from _weakref import ref
from time import monotonic

from ssot_shims._availability import Availability
from ssot_shims._callsite import caller, current_line
from ssot_shims._capabilities.cache import Answers, Override, overriding
from ssot_shims._capabilities.capability import Capability, capability, refuse_bad_name
from ssot_shims._capabilities.catalogue import Catalogue
from ssot_shims._capabilities.check import ask, begin, begin_each
from ssot_shims._record import Record
from ssot_shims.errors import CapabilityMissing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import TypeVar, overload
    from weakref import ReferenceType

    from ssot_shims._capabilities.capability import Level
    from ssot_shims._capabilities.catalogue import Offers

    F = TypeVar("F", bound=Callable[[], object])
else:

    def overload(function):
        return function


class Given(Record):
    """What a registry has answered: ``last`` by the machine, ``overriding`` by overrides that said yes."""

    last: Mapping[str, Availability | None]  # None for what has been asked and has no answer yet
    overriding: Mapping[str, Availability]


class Snapshot(Record):
    """The registrations and overrides of a registry at one moment."""

    capabilities: Mapping[str, Capability]
    levels: Mapping[str, Mapping[Level, Capability]]
    offers: Offers | None
    layers: tuple[Mapping[str, Availability], ...]


class Registry:
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

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, told: Callable[[str, bool | None], None] | None = None
    ) -> None:
        self._answers = Answers(clock, told)
        self._hits = self._answers.hits
        self._catalogue = Catalogue(self._answers)
        if hasattr(os, "register_at_fork"):
            _heed_forks(ref(self._answers))

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

    def register(  # noqa: F811  # as above
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

        Raises :class:`InvalidDeclaration`, :class:`InvalidDeclaration`, and, unless *replace* is set,
        :class:`InvalidDeclaration`.

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

    def add(self, new: Capability, *, replace: bool = False) -> None:
        """Register *new* on its own level. Raises :class:`InvalidDeclaration`.

        The same statement, run again because its module is loaded again, replaces what it registered before.
        """
        self._catalogue.add(new, replace=replace)

    def check(self, name: str) -> Availability:
        """Whether *name* is there, and why.

        The answer is found out once: a yes or no is kept, *timed_out* and *failed* are asked about once more by the
        first question after 5 seconds. Whatever the machine is like, this does not raise. It raises
        :class:`UnknownName`, :class:`InvalidSetting` and :class:`CircularProbe` for what they name.

        A signal handler may ask, too; while its own thread imports the module of the probe, it is told *failed*. What
        a handler raises while a probe runs in its thread, or is imported there, is taken for the probe's if it is an
        :class:`Exception` (during an import, anything but KeyboardInterrupt); KeyboardInterrupt passes.

        >>> registry = Registry()
        >>> registry.register("path", "env:PATH")
        >>> registry.check("paht")
        Traceback (most recent call last):
        ssot_shims.errors.UnknownName: no capability 'paht'; close: path; known: path
        """
        try:
            return self._hits[name]
        except (KeyError, TypeError):
            pass  # asked out here, or what a probe raises would carry the KeyError
        return ask(self._catalogue, name)

    async def acheck(self, name: str) -> Availability:
        """What :meth:`check` gives, while the event loop goes on; the module of a probe is imported before that."""
        from ssot_shims._capabilities.flight import awaited  # few await

        try:
            return self._hits[name]
        except (KeyError, TypeError):
            pass  # as above
        return await awaited(name, begin(self._catalogue, name))

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
        """Nothing; the answers for *names* (without names: for all) are found out anew when somebody asks.

        Refreshing a combination refreshes its parts. Overrides stay. Without names, what packages offer is read anew,
        too: one may have been installed since. Raises :class:`UnknownName`.
        """
        if not names:
            self._catalogue.offers(anew=True)
        wanted = self._catalogue.with_parts(names or self)
        self._answers.refreshed.update(wanted)
        self._answers.forget(wanted)

    def hanging(self) -> dict[str, str]:
        """The probes that were given up and have not come back, by name, with the line where each stands."""
        with self._answers.lock:
            flights = [run.flight for run in self._answers.runs if run.flight.deadline < monotonic()]
        return {
            flight.name: current_line(flight.thread, flight.file) for flight in flights if flight.thread is not None
        }

    def start_each(self, names: Iterable[str]) -> dict[str, Callable[[], Availability]]:
        """The checks of *names*, all started; calling one waits for its answer, or raises why there is none."""
        return begin_each(self._catalogue, names)

    def registered(self) -> dict[str, Capability]:
        """The capabilities that are registered by now, by name; what packages offer is not read for this."""
        return dict(self._answers.capabilities)

    def set_level(self, name: str, level: Level, new: Capability | None) -> Capability | None:
        """The capability that was *name* on *level* before; from now on it is *new*, or nothing."""
        return self._catalogue.put(name, level, new)

    def cached(self) -> dict[str, Availability]:
        """The answers that are kept for as long as the process lasts, by name."""
        return dict(self._hits)

    def given_answers(self) -> Given:
        """What was answered to those who have asked this registry so far."""
        return Given(last=dict(self._answers.told), overriding=dict(self._answers.told_instead))

    def replay(self, answers: Mapping[str, Availability]) -> AbstractContextManager[None]:
        """A context manager: from ``with`` to its end *answers* count as they are."""
        return Override(self._answers, answers)

    def snapshot(self) -> Snapshot:
        """What is registered and overridden now, to be given to :meth:`restore`."""
        levels, offers = self._catalogue.snapshot()
        return Snapshot(capabilities=self.registered(), levels=levels, offers=offers, layers=self._answers.layers)

    def restore(self, snapshot: Snapshot) -> None:
        """Nothing; registrations and overrides are those of *snapshot*, and every answer is found out anew."""
        names = self.registered().keys() | snapshot.capabilities.keys()
        with self._answers.lock:
            self._answers.capabilities.clear()
            self._answers.capabilities.update(snapshot.capabilities)
            self._answers.layers = snapshot.layers
            self._catalogue.restore(snapshot.levels, snapshot.offers)
            self._answers.forget(names)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the capabilities that installed packages offer."""
        return self._catalogue.offers().problems

    def __getitem__(self, name: str) -> Capability:
        return self._catalogue.find(name)

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue.known()

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.known())

    def __len__(self) -> int:
        return len(self._catalogue.known())

    def __repr__(self) -> str:
        return f"<Registry of {', '.join(self._catalogue.known()) or 'nothing'}>"

    def __reduce__(self) -> str:
        # The one that everybody shares is the same in each process; any other cannot be pickled.
        return "capabilities"

    def _check_each(self, names: tuple[str, ...]) -> dict[str, Availability]:
        for name in names:
            self[name]
        return {name: wait() for name, wait in begin_each(self._catalogue, names).items()}


def _heed_forks(answers: ReferenceType[Answers]) -> None:
    def after_fork() -> None:
        alive = answers()  # what is registered at forks is never taken back, and would keep them for good
        if alive is not None:
            alive.after_fork()

    os.register_at_fork(after_in_child=after_fork)
