"""A target: where an upstream symbol may live, written ``pkg.mod:Name``."""

from __future__ import annotations

from ssot_shims._record import Record
from ssot_shims.errors import InvalidTarget


class Target(Record):
    """A dotted module and a dotted symbol in it.

    >>> Target.parse("acme.ws.manager:Outer.Inner")
    Target(module='acme.ws.manager', symbol='Outer.Inner')
    >>> print(Target.parse("acme.ws:HeartbeatConfig"))
    acme.ws:HeartbeatConfig
    """

    module: str
    symbol: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """The target that *text* names; :class:`InvalidTarget` says which part does not read."""
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
            raise InvalidTarget(f"{text!r} is not a string", text)
        if ":" not in text:
            raise InvalidTarget(f"{text!r} has no colon", text)
        module, _, symbol = text.partition(":")
        for part, dotted in (("module", module), ("symbol", symbol)):
            if not all(name.isidentifier() for name in dotted.split(".")):
                raise InvalidTarget(f"{text!r} has a {part} {dotted!r} that is not a dotted name", text)
        return cls(module=module, symbol=symbol)

    def __str__(self) -> str:
        return f"{self.module}:{self.symbol}"

    @property
    def package(self) -> str:
        """The top-level package, ``acme`` of ``acme.ws:Name``."""
        return self.module.partition(".")[0]

    @property
    def dotted(self) -> str:
        """The old-style dotted path, ``acme.ws.Name`` of ``acme.ws:Name``."""
        return f"{self.module}.{self.symbol}"
