"""Patterns: what people write by hand, as the rules of audit find it in one file."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from ssot_shims._record import Record
from ssot_shims._text import one_line, shortened

RULES = {
    "SSA101": "an except ImportError binds a placeholder",
    "SSA102": "an except ImportError sets a flag",
    "SSA103": "an except ImportError skips",
    "SSA104": "an except ImportError hides that code did not run",
    "SSA105": "one except ImportError guards several modules",
    "SSA106": "nothing reads the flag that an except ImportError sets",
    "SSA201": "a function checks for Docker",
    "SSA202": "a function checks for a port",
    "SSA203": "a function checks an HTTP address",
    "SSA301": "a skip depends on a flag",
    "SSA302": "a skip depends on a call",
    "SSA303": "a skip depends on an environment variable",
    "SSA304": "importorskip hides what has moved or is broken",
}


class Imported(Record):
    """What an import asks for, and the name that it binds; *symbol* is empty for a module."""

    local: str
    module: str
    symbol: str = ""
    level: int = 0  # dots of a relative import

    @property
    def target(self) -> str:
        """The module, or the target."""
        return f"{self.module}:{self.symbol}" if self.symbol else self.module

    def fill(self, template: str) -> str:
        """*template* with this import in it."""
        marker = (
            f'requires_upstream("{self.target}")' if self.symbol else f'requires_capability("module:{self.module}")'
        )
        return template.format(local=self.local, module=self.module, target=self.target, marker=marker)


class Pattern(Record):
    """One place, as it is written and, after the lookup of what it imports, as it is reported."""

    rule: str
    line: int
    end_line: int
    text: str
    replacement: str  # with imports a template, to fill for each of them
    level: str = "note"  # empty: reported only when an import has moved
    imports: tuple[Imported, ...] = ()
    asked: tuple[Imported, ...] = ()  # what a skip asks for, by flags
    names: tuple[str, ...] = ()  # that it binds, and that other patterns may ask for
    notation: str = ""  # of the probe that gives the same answer
    path: str = ""
    targets: tuple[str, ...] = ()
    state: str = ""  # of the targets: there, absent, unknown or moved
    reason: str = ""
    moved_to: Mapping[str, tuple[str, ...]] = {}  # each target that has moved, and where its name is now

    @classmethod
    def at(cls, node: ast.stmt | ast.expr, rule: str, text: str, replacement: str, **more: Any) -> Pattern:
        """A pattern on the lines of *node*; *text* is shortened."""
        line, end_line, text = node.lineno, node.end_lineno or 0, shortened(one_line(text), 150)
        return cls(rule=rule, line=line, end_line=end_line, text=text, replacement=replacement, **more)
