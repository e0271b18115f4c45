"""One file under the rules: which of its imports move, and what is reported."""

from __future__ import annotations

import ast
import re
from functools import cached_property

from ssot_shims._codebase.findings import Finding
from ssot_shims._codebase.source import local_name, module_uses, strings_in
from ssot_shims._migrate.guard import Doubt, Guards
from ssot_shims._migrate.new_home import with_packages
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssot_shims._codebase.source import Import, Source, String, Use
    from ssot_shims._migrate.new_home import NewHomes
    from ssot_shims._migrate.rules import Rule, Rules

_KEEP = re.compile(r"#\s*ssot-shims:\s*keep\b")
_DOTTED = re.compile(r"\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?[.:]?")
_OTHERWISE = "the name is bound in another way, too, which may be a fallback"
# Who reads such a word in a file may ask for, hide or replace a module whose name stands in a string.
_BY_NAME = re.compile(
    rb"sys\.modules|import modules|__import__|meta_path|import_module|find_spec|importorskip|syspath|sys\.path"
)


class Move(Record):
    """Where one name is imported from in future."""

    rule: Rule
    module: str
    name: str


class File:
    """A parsed file, the names it may be imported by, and what of it may speak against a move."""

    def __init__(
        self, source: Source, names: tuple[str, ...], is_package: bool, rules: Rules, homes: NewHomes, path: str = ""
    ) -> None:
        self.source = source
        self.names = names
        self.is_package = is_package
        self.packages = [name if is_package else name.rpartition(".")[0] for name in names]
        self.rules = rules
        self.homes = homes
        self.path = path  # with all links resolved; empty: only the names are known

    @cached_property
    def guards(self) -> Guards:
        """What may stand around its imports."""
        return Guards(self.source.tree)

    @cached_property
    def strings(self) -> list[String]:
        """Its strings that are a dotted name, or in an f-string the beginning of one; none where no rule has one."""
        body = self.source.text.body
        if b"globals" not in body and not self.rules.quoted.search(body):
            return []
        return [string for string in strings_in(self.source.tree) if _DOTTED.fullmatch(string.value)]

    @cached_property
    def uses(self) -> list[Use]:
        """What it uses through modules with rules, or packages on the way to one."""
        wanted = {package for module in self.rules.old_modules for package in with_packages(module)}
        return list(module_uses(self.source, self.packages, wanted))

    @cached_property
    def is_found_by_name(self) -> bool:
        """Whether it may ask for, hide or replace modules by their names."""
        return _BY_NAME.search(self.source.text.body) is not None

    def is_home_of(self, rule: Rule) -> bool:
        """Whether this file is the old or the new home of *rule*, or in the package that is the new one.

        A package that holds the old home counts, too: it loads that, and passes its names on. The rule of a shim does
        not hold in the package of an upstream: that would import the shim, which imports it.
        """
        homes = (rule.old_module, rule.new_module)
        if rule.is_of_shim and any(name.partition(".")[0] in self.rules.upstreams for name in self.names):
            return True
        if any(name in homes or name.startswith(f"{rule.new_module}.") for name in self.names):
            return True
        if self.is_package and any(rule.old_module.startswith(f"{name}.") for name in self.names):
            return True
        return bool(self.path) and self.homes.is_home(self.path, rule)

    def is_imported_by(self, module: str) -> bool:
        """Whether this file is imported while *module* is, or a package above that, which this file is not in."""
        return any(
            self.path in self.homes.imported_by(place, self.rules.moves).values()
            for place in with_packages(module)
            if not any(f"{name}.".startswith(f"{place}.") for name in self.names)
        )

    def keeps(self, first: int, last: int) -> bool:
        """Whether a comment on a line from *first* to *last* asks to keep it as it is."""
        text = self.source.text
        return _KEEP.search(text.lines_around(text.offset(first, 0), text.offset(last, 0))) is not None


def plan(file: File) -> tuple[dict[ast.alias, Move], list[Finding]]:
    """The names of *file* that move, and what is reported."""
    moves: dict[ast.alias, Move] = {}
    findings: list[Finding] = []
    for statement in file.source.imports:
        outcomes = [*_outcomes(file, statement)]
        moves |= {alias: outcome for alias, outcome in outcomes if isinstance(outcome, Move)}
        findings += _once([outcome for _, outcome in outcomes if isinstance(outcome, Finding)])
    findings += [*_module_uses(file, moves), *_strings(file)]
    return moves, findings


def finding_at(file: File, statement: Import, kind: str, doubt: Doubt, rule: Rule | None, *names: str) -> Finding:
    """A finding about *statement*."""
    return Finding(
        path="",
        line=statement.line,
        kind=kind,
        text=" ".join(file.source.statement(statement).split()),
        rule=str(rule or ""),
        reason=doubt.reason,
        hint=doubt.hint,
        names=names,
        other_line=doubt.line,
    )


def _once(findings: list[Finding]) -> list[Finding]:
    """The first of the *findings* of one statement, with the names of all that ask for a decision."""
    counted = [finding for finding in findings if finding.kind in ("home", "kept")]
    open_ones = [finding for finding in findings if finding not in counted]
    names = tuple(dict.fromkeys(name for finding in open_ones for name in finding.names))
    return [*counted[:1], *(finding.replace(names=names) for finding in open_ones[:1])]


def _outcomes(file: File, statement: Import) -> Iterator[tuple[ast.alias, Move | Finding]]:
    """What becomes of each name of *statement* that a rule is about."""
    meanings = statement.modules(file.packages)
    module = next((module for module in meanings if module in file.rules.old_modules), None)
    for alias in statement.node.names if module else ():
        if outcome := _outcome(file, statement, module or "", alias):
            yield alias, outcome


def _outcome(file: File, statement: Import, module: str, alias: ast.alias) -> Move | Finding | None:
    ruled = [rule for rule in file.rules.rules if rule.old_module == module]
    rule = ruled[0] if alias.name == "*" else file.rules.find(module, alias.name)
    if rule is None:
        return None
    if file.is_home_of(rule):
        return finding_at(file, statement, "home", Doubt(reason="", hint=""), rule)
    if file.keeps(statement.line, statement.node.end_lineno or 0):
        return finding_at(file, statement, "kept", Doubt(reason="", hint=""), rule)
    if alias.name == "*":
        star = Doubt(reason=f"it may bring names that move from {module}", hint="write out the names, run this again")
        return finding_at(file, statement, "star import", star, None)
    reason, hint = file.homes.why_refused(rule, alias.name)
    if reason:
        is_beyond = rule.old_name == "*" and file.homes.has_old(rule, alias.name)
        kind = "stays" if is_beyond else "refused"
        return finding_at(file, statement, kind, Doubt(reason=reason, hint=hint), rule, alias.name)
    move = Move(rule=rule, module=rule.new_module, name=rule.new_name_of(alias.name))
    if doubt := _doubt(file, statement, alias, module, move):
        return finding_at(file, statement, "unsure", doubt, rule, alias.name)
    return move


def _doubt(file: File, statement: Import, alias: ast.alias, module: str, move: Move) -> Doubt | None:
    """The first reason why *move*, of the name *alias* of *module*, may change what the file does."""
    local = local_name(statement.node, alias)
    if alias.name == alias.asname != move.name:
        return Doubt(reason=f"it offers {local} to others, and that is called {move.name} in {move.module}")
    if guard := file.guards.around(statement, move.rule.is_of_shim):
        return guard.replace(hint=guard.hint.replace("{new}", f"{move.module}:{move.name}"))
    checks = (_bound_otherwise, _imported_from_new, _old_in_string, _old_in_use)
    found = (check(file, statement, alias, module, move) for check in checks)
    if other := next(filter(None, found), None):
        return other
    if file.is_imported_by(move.module):
        return Doubt(reason="the new home imports this file, which would be a circle")
    return None


def _bound_otherwise(file: File, statement: Import, alias: ast.alias, module: str, move: Move) -> Doubt | None:
    local = local_name(statement.node, alias)
    for node, bound in file.guards.bindings(statement, local):
        is_same = isinstance(bound, ast.alias) and bound is not alias and bound.name == alias.name
        parent = next((each for each in file.source.imports if each.node is node), None)
        if bound is not alias and not (is_same and parent and module in parent.modules(file.packages)):
            line = getattr(bound, "lineno", 0)
            return Doubt(reason=_OTHERWISE, line=line)
    by_name = (string.line for string in file.strings if string.value == local and b"globals" in file.source.text.body)
    return next((Doubt(reason=_OTHERWISE, line=line) for line in by_name), None)


def _imported_from_new(file: File, statement: Import, alias: ast.alias, module: str, move: Move) -> Doubt | None:
    old, new = {*with_packages(module)}, {*with_packages(move.module)}
    asked = new - old
    for other in (other for other in file.source.imports if other is not statement):
        meanings, names = other.modules(file.packages), {each.name for each in other.node.names}
        loads = {f"{meaning}.{name}" for meaning in meanings for name in names} if meanings else names
        if loads & (old - new) and file.guards.around(other, is_to_shim=False):
            return Doubt(reason="the file asks whether the old place is there", line=other.line)
        is_same_name = move.module in meanings and not names.isdisjoint({move.name, "*"})
        if is_same_name or ({*loads, *meanings} & asked and file.guards.is_conditional(other)):
            hint = f"take it from {move.module} alone"
            return Doubt(reason="the file imports from the new place, too", line=other.line, hint=hint)
    place = f"{move.module}.{move.name}"
    for string in file.strings:
        value = string.value.replace(":", ".").rstrip(".")
        if value == move.module or f"{value}.".startswith(f"{place}.") or (file.is_found_by_name and value in asked):
            return Doubt(reason="a string names the new place, which may be imported by it", line=string.line)
    return None


def _old_in_string(file: File, statement: Import, alias: ast.alias, module: str, move: Move) -> Doubt | None:
    packages, place = {*with_packages(module)}, f"{module}.{alias.name}."
    for string in file.strings:
        value = string.value.replace(":", ".").rstrip(".")
        is_package = file.is_found_by_name and value in packages
        if value == module or is_package or f"{value}.".startswith(place):
            reason = "a string names the old place, which may be stubbed, patched or hidden by it"
            return Doubt(reason=reason, line=string.line, hint="move both by hand")
    return None


def _old_in_use(file: File, statement: Import, alias: ast.alias, module: str, move: Move) -> Doubt | None:
    loaded = {use.loads for use in file.uses}
    for use in file.uses:
        if use.dotted.removesuffix(".__dict__") in with_packages(module):
            reason = "the old module is passed on or set, so it may be changed"
            return Doubt(reason=reason, line=use.line, hint="move both by hand")
        if use.is_set and f"{use.dotted}.".startswith(f"{module}.{alias.name}."):
            return Doubt(reason="the name is set in the old module", line=use.line, hint="move both by hand")
        is_loaded = any(f"{loads}.".startswith(f"{module}.") for loads in loaded)
        is_above = module.startswith(f"{use.loads}.")
        if use.dotted.startswith(f"{module}.") and is_above and not is_loaded:
            return Doubt(reason="the old module is used through its package, and this import loads it", line=use.line)
    return None


def _module_uses(file: File, moves: Mapping[ast.alias, Move]) -> Iterator[Finding]:
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
            hint = f"import the name: from {rule.new_module} import {rule.new_name_of(name)}"
            doubt = Doubt(reason="a name that has moved is used through its module", line=use.line, hint=hint)
            names = dict.fromkeys(name for _, _, name in found)
            yield finding_at(file, statement, "module", doubt, rule, *names)


def _strings(file: File) -> Iterator[Finding]:
    """Strings that name a symbol that has moved; only who reads a string knows what it is for."""
    body = file.source.text.body
    is_named = any(f"{module}{sign}".encode() in body for module in file.rules.old_modules for sign in ".:")
    for string in file.strings if is_named else ():
        if string.is_part:
            continue
        steps = re.split(r"[.:]", string.value)
        for at in range(len(steps) - 1, 0, -1):
            rule = file.rules.find(".".join(steps[:at]), steps[at])
            if rule and not file.is_home_of(rule) and not file.keeps(string.line, string.line):
                yield _string(file, string, rule, steps, at)
                break


def _string(file: File, string: String, rule: Rule, steps: list[str], at: int) -> Finding:
    reason, hint = file.homes.why_refused(rule, steps[at])
    sign, rest = string.value[len(".".join(steps[:at]))], string.value[len(".".join(steps[: at + 1])) :]
    return Finding(
        path="",
        line=string.line,
        kind="refused string" if reason else "string",
        text=string.value,
        rule=str(rule),
        reason=reason or "a string names a symbol that has moved; whether to change it, its reader knows",
        hint=hint or f"{rule.new_module}{sign}{rule.new_name_of(steps[at])}{rest}",
        names=(steps[at],),
    )
