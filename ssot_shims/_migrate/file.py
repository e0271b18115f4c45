"""One file in the light of the rules: what its imports mean, and which of them may move."""

from __future__ import annotations

import re

from ssot_shims._migrate.findings import Finding
from ssot_shims._migrate.places import with_packages
from ssot_shims._migrate.source import Import, Source
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._migrate.findings import Kind
    from ssot_shims._migrate.homes import Homes
    from ssot_shims._migrate.rules import Rule, Rules

_KEEP = re.compile(r"#\s*ssot-shims:\s*keep\b")


class Move(Record):
    """Where one name is imported from in future; with ``name`` None the module itself, by a plain ``import``."""

    rule: Rule
    module: str
    name: str | None


class File(Record):
    """A file, the names it may be imported by, and what decides about its imports."""

    source: Source
    module_names: tuple[str, ...]
    is_package: bool
    rules: Rules
    homes: Homes
    path: str = ""  # with all links resolved; empty: only the names are known

    @property
    def outside(self) -> bytes:
        """All but the import statements."""
        parts, done = list[bytes](), 0
        for statement in self.source.imports:
            parts.append(self.source.text.body[done : statement.start])
            done = statement.end
        return b"\n".join((*parts, self.source.text.body[done:]))

    def meanings(self, statement: Import) -> tuple[str, ...]:
        """The modules that ``from ... import`` may mean, most likely first; more than one only when it is relative."""
        if not statement.level:
            return (statement.module or "",)
        return self._absolutes(statement.level, statement.module or "")

    def _absolutes(self, level: int, module: str) -> tuple[str, ...]:
        packages = [name if self.is_package else name.rpartition(".")[0] for name in self.module_names]
        absolute = [_absolute(package, level, module) for package in packages]
        return tuple(dict.fromkeys(filter(None, absolute)))

    def judge(self, statement: Import, module: str, name: str) -> Move | Finding | None:
        """Where *name* of *module*, imported by *statement*, moves; why it stays; or None when no rule is about it."""
        rule = self.rules.find(module, name)
        if rule is None:
            return None
        if self.is_home_of(rule):
            return self.finding("home", statement, rule=rule)
        if self.keeps(statement):
            return self.finding("kept", statement, rule=rule)
        reason = self.homes.verdict(rule, name)
        if reason:
            return self.finding("refused", statement, reason, rule)
        if why := self.homes.why_not_one(rule, name):
            return self.finding("unsure", statement, why, rule)
        if self._is_imported_by(rule.new_module):
            why = "the new home imports this file, which would be a circle; move it by hand"
            return self.finding("unsure", statement, why, rule)
        return Move(rule=rule, module=rule.new_module, name=rule.new_name_of(name))

    def _is_imported_by(self, module: str) -> bool:
        """Whether this file is imported while *module* is, or a package above that, which this file is not in."""
        return any(
            self.path in self.homes.files_imported_by(place, self.rules.moves)
            for place in with_packages(module)
            if not any(f"{name}.".startswith(f"{place}.") for name in self.module_names)
        )

    def has_submodule(self, name: str) -> bool:
        """Whether this file is a package with a submodule *name*, which is an attribute of it once that is imported."""
        return self.is_package and any(self.homes.is_module(package, name) for package in self.module_names)

    def is_way_out(self, statement: Import, module: str) -> bool:
        """Whether *statement* is there for when *module* cannot be imported."""
        for tried in statement.instead_of:
            name = tried.lstrip(".")
            if module in (self._absolutes(len(tried) - len(name), name) if name != tried else (name,)):
                return True
        return False

    def is_home_of(self, rule: Rule) -> bool:
        """Whether this file is the old or the new home of *rule*, or in the package that is the new one.

        A package that holds the old home counts, too: it loads that, and passes its names on. The rule of a shim has no
        say in the package of an upstream: that would import the shim, which imports it.
        """
        homes = (rule.old_module, rule.new_module)
        if rule.is_of_shim and any(name.partition(".")[0] in self.rules.upstreams for name in self.module_names):
            return True
        if any(name in homes or name.startswith(f"{rule.new_module}.") for name in self.module_names):
            return True
        if self.is_package and any(rule.old_module.startswith(f"{name}.") for name in self.module_names):
            return True
        return bool(self.path) and self.homes.is_home(self.path, rule)

    def keeps(self, statement: Import) -> bool:
        """Whether a comment on a line of *statement* asks to keep it as it is."""
        return _KEEP.search(self.source.text.lines_around(statement.start, statement.end)) is not None

    def keeps_line(self, line: int, last: int = 0) -> bool:
        """Whether a comment on *line*, or on one from there to *last*, asks to keep it as it is."""
        start, end = self.source.text.offset(line, 0), self.source.text.offset(last or line, 0)
        return _KEEP.search(self.source.text.lines_around(start, end)) is not None

    def finding(self, kind: Kind, statement: Import, suggestion: str = "", rule: Rule | None = None) -> Finding:
        """What is to be told of *statement*."""
        text = " ".join(self.source.statement(statement).split())
        said = str(rule) if rule else ""
        return Finding(line=statement.line, kind=kind, text=text, suggestion=suggestion, rule=said)


def _absolute(package: str, level: int, module: str) -> str:
    """The module behind ``level`` dots in a file of *package*; empty when that is above the top."""
    steps = package.split(".")[: len(package.split(".")) - level + 1] if package else []
    return ".".join([*steps, module] if module else steps) if steps else ""
