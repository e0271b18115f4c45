"""The catalogue: which capability is registered under which name, on which level."""

from __future__ import annotations

from ssot_shims._callsite import caller
from ssot_shims._capabilities.cache import Answers
from ssot_shims._capabilities.capability import LEVELS, Capability, capability
from ssot_shims._settings import monotonic
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypedDict, TypeVar, Unpack, overload

    from ssot_shims._capabilities.capability import Level

    F = TypeVar("F", bound=Callable[[], object])

    class Options(TypedDict, total=False):
        """What may be given with a name and a probe."""

        timeout: float | None
        ttl: float | None
        service: bool | None
        replace: bool


class Catalogue:
    """Capabilities by name: for each the one on the highest level."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._answers = Answers(clock)
        self._levels: dict[str, dict[Level, Capability]] = {}

    if TYPE_CHECKING:

        @overload
        def register(self, name: str, probe: str | Callable[[], object], **options: Unpack[Options]) -> None: ...

        @overload
        def register(self, name: str, **options: Unpack[Options]) -> Callable[[F], F]: ...

    def register(
        self,
        name: str,
        probe: str | Callable[[], object] | None = None,
        *,
        timeout: float | None = None,
        ttl: float | None = None,
        service: bool | None = None,
        replace: bool = False,
    ) -> object:
        """Register *probe* as the capability *name*; without *probe*, a decorator that registers a function.

        *probe* is a function or a notation: ``tcp://host:port``, ``unix:///path``, ``http://host/path``,
        ``https://host/path``, ``command:git``, ``module:numpy>=2``, ``import:pkg.mod``, ``env:NAME``,
        ``env:NAME=value``, ``docker:container=NAME``, ``python:pkg.mod:function``, ``all:docker,postgres``,
        ``any:docker,staging``. A function says yes by returning None or True, and no by returning False or
        ``(False, "why")``, or by raising :class:`Unavailable`. Any other result or exception is *failed*.

        After *timeout* seconds (default: ``SSOT_SHIMS_TIMEOUT``, else 2.5) the answer is *timed_out*. A function that
        hangs stays behind in its daemon thread, and does not run a second time while it is there; if it prints without
        end, the interpreter may abort at exit. A yes or no is cached for *ttl* seconds (default: the whole process).
        *service* says whether ``SSOT_SHIMS_NO_SERVICES`` turns it off (default: yes for ``tcp``, ``unix``, ``http``,
        ``https`` and everything of Docker's engine, no for the others).

        Raises :class:`InvalidDeclaration` for a bad name or notation, and for a name that is already registered, unless
        *replace* is set, or the same file registers the same notation again.

        >>> from ssot_shims import Registry
        >>> registry = Registry()
        >>> @registry.register("gpu", timeout=1.0)
        ... def gpu():
        ...     return False, "no device node /dev/nvidia0"
        >>> registry.check("gpu").reason
        'no device node /dev/nvidia0'
        """
        where = caller()

        def declare(probe: object) -> object:
            self.add(capability(name, probe, where=where, timeout=timeout, ttl=ttl, service=service), replace=replace)
            return probe

        if probe is None:
            return declare
        declare(probe)
        return None

    def add(self, new: Capability, *, replace: bool = False) -> None:
        """Register *new* on its own level.

        Raises :class:`InvalidDeclaration` when there is one, unless *replace* is set or it is the same statement: the
        same probe by its notation, in the same file.
        """
        with self._answers.lock:
            first = self._levels.get(new.name, {}).get(new.level)
            if first and not replace and new.statement != first.statement:
                problem = f"{new.where} registers the capability {new.name!r}, which {first.where} has registered"
                raise InvalidDeclaration(problem, "use another name, or pass replace=True")
            self.set_level(new.name, new.level, new)

    def set_level(self, name: str, level: Level, new: Capability | None) -> Capability | None:
        """The capability that was *name* on *level* before; from now on it is *new*, or nothing."""
        with self._answers.lock:
            on_each_level = self._levels.setdefault(name, {})
            before = on_each_level.pop(level, None)
            if new is not None:
                on_each_level[level] = new
            chosen = max(on_each_level.values(), key=lambda one: LEVELS.index(one.level), default=None)
            self._answers.choose(name, chosen)
        return before

    def registered(self) -> dict[str, Capability]:
        """The capabilities that are registered, by name."""
        return dict(self._answers.capabilities)

    def explain_unknown(self, hint: str) -> None:
        """End the text of each :class:`UnknownName` with *hint* from now on."""
        self._answers.unknown_hint = hint

    def __getitem__(self, name: str) -> Capability:
        return self._answers.find(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._answers.capabilities))
