"""One local name that is a module: everything in its scope that binds it and uses it."""

from __future__ import annotations

import ast
import re

from ssot_shims._migrate.file import File
from ssot_shims._migrate.loaded import Loaded, leaning_on
from ssot_shims._migrate.names import Names, Scope, Use
from ssot_shims._migrate.rules import Rule
from ssot_shims._record import Record


class Doubt(Exception):
    """Why the uses of a module cannot be rewritten surely; the message ends with the cure."""


class Sight(Record):
    """A name with a rule, used through its module: ``old.mod.Name``."""

    use: Use
    module: str
    name: str
    rule: Rule
    node: ast.Attribute  # the whole of it

    @property
    def line(self) -> int:
        """Where it is."""
        return self.use.name.lineno


class Local(Record):
    """A local name in its scope: what binds it there, and what uses it."""

    file: File
    name: str
    scope: Scope
    names: Names
    uses: tuple[Use, ...]
    bindings: tuple[Loaded | None, ...] = ()  # None is no import
    imports: tuple[Loaded, ...] = ()  # those of a module with rules, or of a package on the way to one

    @property
    def modules(self) -> list[str]:
        """What it is; more than one when the imports do not agree."""
        return list(dict.fromkeys(each.module for each in self.imports))

    def steps(self, use: Use) -> list[str]:
        """The whole dotted name of what is used, step by step."""
        return [*self.modules[0].split("."), *use.words]

    def shown(self, use: Use) -> str:
        """The use as it is written."""
        return ".".join([self.name, *use.words])

    def sight(self, use: Use, module: str) -> Sight | None:
        """The name with a rule that *use* gets at, when this is *module*."""
        before = len(module.split("."))
        steps = [*module.split("."), *use.words]
        for at in range(len(steps) - 1, before - 1, -1):
            home = ".".join(steps[:at])
            if rule := self.file.rules.find(home, steps[at]):
                return Sight(use=use, module=home, name=steps[at], rule=rule, node=use.attributes[at - before])
        return None


def refuse_hidden_uses(local: Local) -> None:
    """Raise when an old module is imported or passed on, and no name with a rule is read from it."""
    ruled = {rule.old_module for rule in local.file.rules.rules if not local.file.is_home_of(rule)}
    for use in local.uses:
        if ".".join(local.steps(use)) in ruled:
            raise Doubt(_passed_on(local, use))
    for each in local.imports:
        if each.path in ruled and local.file.rules.find(each.path, "*"):
            raise Doubt("nothing here uses it by name; if others find it here, move it by hand")


def refuse_other_ways(local: Local, sights: list[Sight]) -> None:
    """Raise when a module is used, or its local name bound, in another way than *sights* show."""
    for use in local.uses:
        steps = ".".join(local.steps(use))
        if any(f"{sight.module}.".startswith(f"{steps}.") for sight in sights):
            raise Doubt(_passed_on(local, use))
    for sight in sights:
        if not isinstance(sight.node.ctx, ast.Load):
            raise Doubt(f"line {sight.line} sets or deletes {sight.module}.{sight.name}; move it by hand")
    if None in local.bindings or len(local.modules) > 1:
        raise Doubt(f"{local.name} is bound in another way, too; give one of the two another name")
    leaning = leaning_on(local.file, local.name)
    for sight in sights:
        if sight.module in leaning:
            other = leaning[sight.module]
            raise Doubt(f"{other} is used here, too, and this import is what loads it; move it by hand")
    if re.search(rf"[\"']{local.name}[\"']".encode(), local.file.source.text.body):
        raise Doubt(f"{local.name!r} stands in a string, and may be looked up by it; move it by hand")


def is_said(local: Local, pattern: str) -> bool:
    """Whether *pattern* stands in a string or a type comment, where something may read it later."""
    said = re.compile(rf"\b{pattern}\b")
    tree = local.file.source.tree
    assert tree is not None
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = str(node.value) if isinstance(node, ast.Constant) else ""
        # Who reads a docstring that is no doctest is a person.
        if said.search(text) and (id(node) not in texts or ">>>" in text):
            return True
    comments = re.findall(rb"#[^\r\n]*\btype:([^\r\n]*)", local.file.source.text.body)
    return any(said.search(comment.decode()) for comment in comments)


def is_attribute(local: Local) -> bool:
    """Whether something else has an attribute of that name, and may be this very module."""
    tree = local.file.source.tree
    assert tree is not None
    return any(isinstance(node, ast.Attribute) and node.attr == local.name for node in ast.walk(tree))


def taker_of(local: Local) -> str:
    """Another file that may take the local name from this one, and use what it likes of the module."""
    # With __all__, who takes every name gets those that stand there as strings.
    is_open = b"__all__" not in local.file.source.text.body
    return _taker_of(local, local.name, *(("*",) if is_open else ()))


def taker_by_name(local: Local) -> str:
    """Another file that names it to get at it through this one, and may set what it leads to."""
    return _taker_of(local, local.name)


def _taker_of(local: Local, *names: str) -> str:
    if local.scope is not local.scope.module or not local.file.path:
        return ""
    return local.file.homes.taker_of(local.file.path, names)


def _passed_on(local: Local, use: Use) -> str:
    used, line = local.shown(use), use.name.lineno
    return f"line {line} passes {used} on, and whoever gets it may use any name of it; move it by hand"
