"""The catalogue: which capability is registered under which name, on which level."""

from __future__ import annotations

from time import monotonic

from ssot_shims._capabilities.cache import Answers
from ssot_shims._capabilities.capability import LEVELS, Capability
from ssot_shims._record import Record
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ssot_shims._availability import Availability
    from ssot_shims._capabilities.capability import Level


class Snapshot(Record):
    """The registrations and overrides of a registry at one moment."""

    levels: Mapping[str, Mapping[Level, Capability]]
    layers: tuple[Mapping[str, Availability], ...]


class Catalogue:
    """Capabilities by name: for each the one on the highest level."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._answers = Answers(clock)
        self._levels: dict[str, dict[Level, Capability]] = {}

    def add(self, new: Capability, *, replace: bool = False) -> None:
        """Register *new* on its own level.

        Raises :class:`InvalidDeclaration` when there is one, unless *replace* is set or it is the same statement: the
        same probe by its notation, in the same file.
        """
        with self._answers.lock:
            first = self._levels.get(new.name, {}).get(new.level)
            if first and not replace and not new.is_declared_like(first):
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

    def snapshot(self) -> Snapshot:
        """What is registered and overridden now, to be given to :meth:`restore`."""
        levels = {name: dict(on_each_level) for name, on_each_level in self._levels.items()}
        return Snapshot(levels=levels, layers=self._answers.layers)

    def restore(self, snapshot: Snapshot) -> None:
        """Nothing; registrations and overrides are those of *snapshot*, and every answer is found out again."""
        with self._answers.lock:
            self._answers.layers = snapshot.layers
            names = self._levels.keys() | snapshot.levels.keys()
            for name in names:
                for level in LEVELS:
                    self.set_level(name, level, snapshot.levels.get(name, {}).get(level))
            self._answers.forget(names)

    def __getitem__(self, name: str) -> Capability:
        return self._answers.find(name)

    def __contains__(self, name: object) -> bool:
        return name in self._answers.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers.names())

    def __len__(self) -> int:
        return len(self._answers.names())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self) or 'nothing'}>"
