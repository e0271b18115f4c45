"""One file under the rules: which of its imports move, and what is reported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from ssot_shims._codebase.findings import Finding
from ssot_shims._codebase.source import SCOPES, Import, Source, bindings, constant, dotted, local_name, strings_in
from ssot_shims._lookup.lookup import Target
from ssot_shims._migrate.guard import Doubt, guard_around
from ssot_shims._migrate.new_home import NewHomes, imported_by, located, shim_of, with_packages
from ssot_shims._migrate.rules import Rule, Rules
from ssot_shims._record import Record

_KEEP = re.compile(rb"#\s*ssot-shims:\s*keep\b")
_DOTTED = re.compile(r"\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?[.:]?")
# A file with one of these words may import, hide or replace a module that a string names.
_BY_NAME = re.compile(
    rb"sys\.modules|import modules|__import__|meta_path|import_module|find_spec|importorskip|mkdir|makedirs|mkpydir"
)
_IN_A_STRING = "a string names a symbol that has moved; only its reader knows whether to change it"
_CONDITIONS = (ast.Try, ast.TryStar, ast.If, ast.With, ast.AsyncWith)


class Use(Record):
    """A dotted name that begins at an imported module: ``m.A`` after ``import old.mod as m`` is ``old.mod.A``."""

    dotted: str
    statement: Import  # which has imported the module
    loads: str  # the module that this statement loads
    line: int
    is_set: bool


class File:
    """A parsed file, the names it may be imported by, and what of it may speak against a move."""

    def __init__(self, path: str, source: Source, names: tuple[str, ...], rules: Rules, homes: NewHomes) -> None:
        self.path = path  # with all links resolved
        self.source = source
        self.names = names
        self.is_package = Path(path).stem == "__init__"
        self.packages = [name if self.is_package else name.rpartition(".")[0] for name in names]
        self.rules = rules
        self.homes = homes

    @cached_property
    def strings(self) -> list[tuple[int, str]]:
        """Its strings that are a dotted name, or in an f-string the beginning of one; none where no rule has one."""
        body = self.source.text.body
        if b"globals" not in body and not self.rules.quoted.search(body):
            return []
        return [(line, value) for line, value in strings_in(self.source.tree) if _DOTTED.fullmatch(value)]

    @cached_property
    def patched(self) -> set[object]:
        """What calls that patch or stub something name first: ``patch("acme.ws.Limits")``."""
        calls = (node for node in ast.walk(self.source.tree) if isinstance(node, ast.Call) and node.args)
        return {constant(call.args[0]) for call in calls if re.search("patch|setattr|stub", dotted(call))}

    @cached_property
    def uses(self) -> list[Use]:
        """What it uses through modules with rules, or packages on the way to one."""
        wanted = {package for module in self.rules.old_modules for package in with_packages(module)}
        modules: dict[str, list[tuple[str, Import, str]]] = {}
        for statement in self.source.imports:
            parents = statement.modules(self.packages)
            for alias in statement.node.names:
                for loads in [f"{parent}.{alias.name}" for parent in parents] or [alias.name]:
                    module = loads if parents or alias.asname else loads.partition(".")[0]
                    if module in wanted:
                        modules.setdefault(local_name(alias), []).append((module, statement, loads))
        return [*_uses(self.source.tree, modules)] if modules else []

    def is_home_of(self, rule: Rule) -> bool:
        """Whether this file is the old or the new home of *rule*, or in the package that is the new one.

        A package that holds the old home counts, too: it loads that, and passes its names on. The rule of a shim does
        not hold in the package of an upstream: that would import the shim, which imports it.
        """
        return any(
            name in (rule.old_module, rule.new_module)
            or name.startswith(f"{rule.new_module}.")
            or (self.is_package and rule.old_module.startswith(f"{name}."))
            or (rule.is_of_shim and name.partition(".")[0] in self.rules.upstreams)
            for name in self.names
        )

    def is_imported_by(self, module: str) -> bool:
        """Whether the import of *module*, or of a package above it that this file is not in, imports this file."""
        return any(
            self.path in imported_by(self.homes.roots, place, self.rules.moves).values()
            for place in with_packages(module)
            if not any(f"{name}.".startswith(f"{place}.") for name in self.names)
        )

    def keeps(self, first: int, last: int) -> bool:
        """Whether a comment on a line from *first* to *last* asks to keep it as it is."""
        text = self.source.text
        end = text.starts[last] if last < len(text.starts) else None
        return _KEEP.search(text.body[text.starts[first - 1] : end]) is not None


def plan(file: File) -> tuple[dict[ast.alias, Rule], list[Finding]]:
    """The names of *file* that move, each with its rule; and what is reported."""
    moves: dict[ast.alias, Rule] = {}
    findings: list[Finding] = []
    for statement in file.source.imports:
        meanings = statement.modules(file.packages)
        module = next((module for module in meanings if module in file.rules.old_modules), "")
        outcomes = {alias: _outcome(file, statement, module, alias) for alias in statement.node.names if module}
        moves |= {alias: outcome for alias, outcome in outcomes.items() if isinstance(outcome, Rule)}
        reported = [outcome for outcome in outcomes.values() if isinstance(outcome, Finding)]
        names = tuple(dict.fromkeys(name for finding in reported for name in finding.names))
        findings += [finding.replace(names=names) for finding in reported[:1]]  # a statement is reported once
    return moves, [*findings, *_module_uses(file, moves), *_strings(file)]


def _uses(tree: ast.Module, modules: Mapping[str, list[tuple[str, Import, str]]]) -> Iterator[Use]:
    """The names in *tree* that begin with one of *modules*, each as long as it is written."""
    pending: list[ast.AST] = [tree]
    for node in pending:  # which grows meanwhile
        name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        pending += ast.iter_child_nodes(node) if not name else ()
        first, dot, rest = name.partition(".")
        for module, statement, loads in modules.get(first, ()):
            is_set = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)  # not a local variable
            line = getattr(node, "lineno", 0)
            yield Use(dotted=module + dot + rest, statement=statement, loads=loads, line=line, is_set=is_set)


def finding_at(file: File, statement: Import, kind: str, doubt: Doubt, rule: object, *names: str) -> Finding:
    """A finding about *statement*."""
    text = " ".join(file.source.text.body[statement.start : statement.end].decode().split())
    return Finding(path="", line=statement.line, kind=kind, text=text, rule=str(rule or ""), names=names, **vars(doubt))


def _outcome(file: File, statement: Import, module: str, alias: ast.alias) -> Rule | Finding | None:
    """The rule by which *alias*, a name of *module*, moves; what is reported instead; or None for neither."""
    ruled = [rule for rule in file.rules.rules if rule.old_module == module]
    rule = ruled[0] if alias.name == "*" else file.rules.find(module, alias.name)
    if rule is None or file.is_home_of(rule) or file.keeps(statement.line, statement.node.end_lineno or 0):
        return None
    if alias.name == "*":
        star = Doubt(reason=f"it may bring names that move from {module}", hint="write out the names, run this again")
        return finding_at(file, statement, "star import", star, None)
    reason, hint = file.homes.why_refused(rule, alias.name)
    if reason:
        kind = "stays" if rule.old_name == "*" and file.homes.has_old(rule, alias.name) else "refused"
        return finding_at(file, statement, kind, Doubt(reason=reason, hint=hint), rule, alias.name)
    if doubt := next(_doubts(file, statement, alias, rule), None):
        return finding_at(file, statement, "unsure", doubt, rule, alias.name)
    return rule


def _doubts(file: File, statement: Import, alias: ast.alias, rule: Rule) -> Iterator[Doubt]:
    """Why it may change what the file does, when *alias* moves by *rule*."""
    local, new = local_name(alias), rule.new_home_of(alias.name)
    if alias.name == alias.asname != new.symbol:
        yield Doubt(reason=f"it re-exports {local}, which is called {new.symbol} in {new.module}")
    if guard := guard_around(statement, file.source.tree, rule.is_of_shim):
        upstream = shim_of(file.homes.roots, new) or str(new)
        yield guard.replace(hint=guard.hint.replace("{new}", str(new)).replace("{upstream}", upstream))
    others = [other for other in file.source.imports if rule.old_module in other.modules(file.packages)]
    same = [one for other in others for one in other.node.names]
    scope = next(node for node in statement.around if isinstance(node, SCOPES))
    bound = () if statement.is_for_types else bindings(scope, local)
    bound_elsewhere = (one for one in bound if one not in same or getattr(one, "name", "") != alias.name)
    lines = [getattr(one, "lineno", 0) for one in bound_elsewhere]
    if b"globals" in file.source.text.body:
        lines += [line for line, value in file.strings if value == local]
    if lines:
        yield Doubt(reason="the name is also bound in another way, which may be a fallback", other_line=lines[0])
    yield from _imports_of_new(file, statement, rule.old_module, new)
    yield from _names_in_strings(file, f"{rule.old_module}.{alias.name}", f"{new.module}.{new.symbol}")
    yield from _uses_of_old(file, f"{rule.old_module}.{alias.name}")
    if not statement.is_deferred and file.is_imported_by(new.module):
        yield Doubt(reason="the new home imports this file, so the import would be circular")


def _imports_of_new(file: File, statement: Import, old: str, new: Target) -> Iterator[Doubt]:
    """Other imports by which the file is about where the name is: they test for the module *old*, or name *new*."""
    old_places, new_places = {*with_packages(old)}, {*with_packages(new.module)}
    for other in (other for other in file.source.imports if other is not statement):
        meanings, names = other.modules(file.packages), {each.name for each in other.node.names}
        loads = {f"{meaning}.{name}" for meaning in meanings for name in names} if meanings else names
        if loads & (old_places - new_places) and guard_around(other, file.source.tree, is_to_shim=False):
            yield Doubt(reason="the file asks whether the old place is there", other_line=other.line)
        is_same_name = new.module in meanings and not names.isdisjoint({new.symbol, "*"})
        if is_same_name or ({*loads, *meanings} & (new_places - old_places) and _is_conditional(other)):
            hint = f"take it from {new.module} alone"
            yield Doubt(reason="another import names the new place already", other_line=other.line, hint=hint)


def _is_conditional(statement: Import) -> bool:
    """Whether *statement* runs in some cases only, or may fail."""
    return not statement.is_for_types and any(isinstance(node, _CONDITIONS) for node in statement.around)


def _names_in_strings(file: File, old: str, new: str) -> Iterator[Doubt]:
    """Strings of the file that name the new place or the old one."""
    new_reason = "a string names the new place, which may be imported by it"
    old_reason = "a string names the old place, which may be stubbed, patched or hidden by it"
    for place, other, reason in ((new, old, new_reason), (old, "", old_reason)):
        module = place.rpartition(".")[0]
        packages = {*with_packages(module)} - {*with_packages(other.rpartition(".")[0])}
        for line, text in file.strings:
            value = text.replace(":", ".").rstrip(".")
            is_package = value in packages and _BY_NAME.search(file.source.text.body)
            # What the old place may work with, too.
            is_beside = place == old and value.rpartition(".")[0] == module and text in file.patched
            is_patched = is_beside and not any(located(file.homes.roots, value))
            if is_package or is_patched or value == module or f"{value}.".startswith(f"{place}."):
                yield Doubt(reason=reason, other_line=line, hint="move both by hand")


def _uses_of_old(file: File, old: str) -> Iterator[Doubt]:
    """What the file does with the module of *old*, a name with its module."""
    module = old.rpartition(".")[0]
    is_loaded = any(f"{use.loads}.".startswith(f"{module}.") for use in file.uses)
    for use in file.uses:
        parent = use.dotted.rpartition(".")[0]
        if use.is_set and f"{use.dotted}.".startswith(f"{old}."):
            reason = "the name is set in the old module"
        elif use.dotted.removesuffix(".__dict__") in with_packages(module) or (use.is_set and parent == module):
            reason = "the old module is passed on or set, so it may be changed"
        elif use.dotted.startswith(f"{module}.") and not is_loaded:
            reason = "the old module is used through its package, and this import loads it"
        else:
            continue
        yield Doubt(reason=reason, other_line=use.line, hint="move both by hand")


def _module_uses(file: File, moves: Mapping[ast.alias, Rule]) -> Iterator[Finding]:
    """One finding for each import of a module whose names are used through it, though they have moved."""
    by_statement: dict[Import, list[tuple[Use, Rule, str]]] = {}
    for use in file.uses:
        steps = use.dotted.split(".")
        for at in range(1, len(steps)):
            rule = file.rules.find(".".join(steps[:at]), steps[at])
            if rule and not file.is_home_of(rule) and not file.keeps(use.line, use.line):
                by_statement.setdefault(use.statement, []).append((use, rule, steps[at]))
    for statement, found in by_statement.items():
        use, rule, name = found[0]
        is_moved = any(alias in moves for alias in statement.node.names)
        if not is_moved and not file.keeps(statement.line, statement.node.end_lineno or 0):
            hint = f"import the name: from {rule.new_module} import {rule.new_home_of(name).symbol}"
            doubt = Doubt(reason="a name that has moved is used through its module", other_line=use.line, hint=hint)
            names = dict.fromkeys(name for _, _, name in found)
            yield finding_at(file, statement, "module", doubt, rule, *names)


def _strings(file: File) -> Iterator[Finding]:
    """Strings that name a symbol that has moved; only who reads a string knows what it is for."""
    body = file.source.text.body
    is_named = any(f"{module}{sign}".encode() in body for module in file.rules.old_modules for sign in ".:")
    for line, value in file.strings if is_named else ():
        steps = re.split(r"[.:]", value)
        for at in range(len(steps) - 1, 0, -1):
            name, rule = steps[at], file.rules.find(".".join(steps[:at]), steps[at])
            if rule and not (file.is_home_of(rule) or file.keeps(line, line) or file.homes.why_refused(rule, name)[0]):
                sign, rest = value[len(".".join(steps[:at]))], value[len(".".join(steps[: at + 1])) :]
                why = Doubt(reason=_IN_A_STRING, hint=f"{rule.new_module}{sign}{rule.new_home_of(name).symbol}{rest}")
                yield Finding(path="", line=line, kind="string", text=value, rule=str(rule), names=(name,), **vars(why))
                break
