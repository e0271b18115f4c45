"""Patterns: what people write by hand, as the rules of audit find it in one file; and whether what it imports is there.

That is found out from files, without running anything.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ssot_shims._codebase.files import module_names
from ssot_shims._codebase.findings import unclear
from ssot_shims._codebase.source import absolute
from ssot_shims._lookup.finder import find
from ssot_shims._lookup.lookup import Lookup, Target, look
from ssot_shims._project.declarations import importable
from ssot_shims._record import Record
from ssot_shims._shims.upstream import moved
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
BEST_FIRST = ("there", "unknown", "absent", "moved")  # the states of an import


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
    replacement: str  # a template, to fill for each import that is replaced
    level: str = "note"  # empty: reported only when an import has moved
    imports: tuple[Imported, ...] = ()
    replaced: tuple[Imported, ...] = ()  # those of the imports that the replacement is for
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


class Verdict(Record):
    """What the lookup says of one import: *state* is there, unknown, absent or moved; *homes* are new places."""

    imported: Imported  # by its absolute name
    state: str
    reason: str = ""
    homes: tuple[str, ...] = ()


class Places(Record):
    """Where the imports of a tree are looked for: in *roots*, and in the folders above the file down from *root*."""

    root: str
    roots: tuple[str, ...]

    def verdict(self, imported: Imported, file: str) -> Verdict:
        """What the lookup says of *imported* in *file*; where that may mean several places, the best answer."""
        verdicts = [
            verdict_of(roots, name)
            for name in self._names(imported, file)
            for roots in self._roots(name.module.partition(".")[0], file)
        ]
        nowhere = Verdict(imported=imported, state="unknown", reason="this file is in no package")
        return min(verdicts, key=lambda one: BEST_FIRST.index(one.state), default=nowhere)

    def _names(self, imported: Imported, file: str) -> list[Imported]:
        """*imported* by its absolute names, of which a relative import may have several."""
        is_package, names = os.path.basename(file).startswith("__init__."), module_names(file, *self.roots)
        packages = [name if is_package else name.rpartition(".")[0] for name in names] if imported.level else [""]
        modules = filter(None, (absolute(package, imported.level, imported.module) for package in packages))
        return [imported.replace(module=module, level=0) for module in modules]

    def _roots(self, package: str, file: str) -> Iterator[tuple[str, ...]]:
        """Where *file* may take *package* from: folders around it that hold it, but are no packages themselves."""
        yield self.roots
        folder = os.path.dirname(file)
        while folder.startswith(os.path.join(self.root, "")):
            names = (os.path.join(folder, name) for name in (package, f"{package}.py"))
            if any(map(os.path.exists, names)) and not os.path.exists(os.path.join(folder, "__init__.py")):
                yield (folder, *self.roots)
            folder = os.path.dirname(folder)


@cache  # every file of a tree asks about the same few names
def verdict_of(roots: tuple[str, ...], imported: Imported) -> Verdict:
    """What the lookup says of *imported*, with *roots* before everything else on the path."""
    module, symbol = imported.module, imported.symbol
    if not symbol:
        module, _, symbol = module.rpartition(".")
    target = Target(module=module, symbol=symbol)
    with importable(*map(Path, roots)):
        lookup = look(target) if module else Lookup(found="there" if find(symbol, None) else "absent")
        if lookup.found == "missing" and target.package not in sys.stdlib_module_names:
            result = moved(target, lookup)
            return Verdict(imported=imported, state="moved", reason=result.reason, homes=result.moved_to)
    parts = f"only other parts of {lookup.module} are installed here"
    reasons = {
        "missing": f"{target} is not in this version of Python",
        "absent": parts if lookup.module else f"no package {imported.module.partition('.')[0]!r} is installed here",
        "unknown": unclear(target, lookup),
    }
    state = "absent" if lookup.found == "missing" else lookup.found
    return Verdict(imported=imported, state=state, reason=reasons.get(lookup.found, ""))


def defined_elsewhere(names: Iterable[str], files: Iterable[str], roots: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The targets in *files* that define each of *names* at their left margin, at most three, tests last."""
    words = "|".join(map(re.escape, sorted(names)))
    definition = re.compile(rf"^(?:class|(?:async +)?def) +({words})\b".encode(), re.MULTILINE)
    found: dict[str, list[str]] = {}
    for file in files if words else ():
        with suppress(OSError):  # reported when the file was visited
            for name in dict.fromkeys(map(bytes.decode, definition.findall(Path(file).read_bytes()))):
                found.setdefault(name, []).extend(f"{module}:{name}" for module in module_names(file, *roots)[:1])
    return {name: tuple(sorted(homes, key=lambda home: "test" in home)[:3]) for name, homes in found.items()}
