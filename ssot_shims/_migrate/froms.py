"""``from old.mod import Name``: name by name, each moves or stays."""

from __future__ import annotations

from ssot_shims._migrate.file import Move
from ssot_shims._migrate.loaded import leaning_on
from ssot_shims._migrate.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._migrate.file import File
    from ssot_shims._migrate.findings import Finding
    from ssot_shims._migrate.plan import Moves
    from ssot_shims._migrate.rules import Rule
    from ssot_shims._migrate.source import Import


def plan_froms(file: File) -> Plan:
    """What becomes of every ``from ... import ...`` of *file*."""
    moves: Moves = {}
    findings: list[Finding] = []
    leaning = leaning_on(file)
    for number, statement in enumerate(file.source.imports):
        if not statement.is_from:
            continue
        for index, outcome in _outcomes(file, statement, leaning):
            if isinstance(outcome, Move):
                moves[number, index] = (outcome,)
            elif outcome not in findings:
                findings.append(outcome)
    return Plan(moves=moves, findings=tuple(findings))


def _outcomes(file: File, statement: Import, leaning: dict[str, str]) -> Iterator[tuple[int, Move | Finding]]:
    """What becomes of each name of *statement* that a rule is about."""
    module = next((module for module in file.meanings(statement) if module in file.rules.of_module), None)
    if module is None:
        if statement.level and not file.module_names and _may_be_ruled(file, statement):
            why = "the package that this file belongs to is not known; import from the whole name of the module"
            yield 0, file.finding("unsure", statement, why)
    elif statement.names == (("*", None),):
        yield 0, _star(file, statement, file.rules.of_module[module])
    else:
        for index, (name, alias) in enumerate(statement.names):
            outcome = file.judge(statement, module, name)
            why = _doubt(file, statement, outcome, name, alias) if isinstance(outcome, Move) else ""
            if isinstance(outcome, Move) and not why and module in leaning:
                why = f"{leaning[module]} is used here, too, and this import is what loads it"
            if why:
                outcome = file.finding("unsure", statement, f"{why}; move it by hand")
            if outcome is not None:
                yield index, outcome


def _doubt(file: File, statement: Import, move: Move, name: str, alias: str | None) -> str:
    """Why *move*, of *name* imported as *alias*, could change what a name means."""
    if name == alias != move.name:
        return f"'{name} as {name}' offers that name to others, and it is {move.name} in {move.module}"
    local = alias or name
    if [other_alias or other for other, other_alias in statement.names].count(local) > 1:
        return f"it binds {local} twice"
    if file.is_way_out(statement, move.module):
        return f"it is there for when {move.module} cannot be imported"
    return ""


def _may_be_ruled(file: File, statement: Import) -> bool:
    """Whether a relative import, seen from some package, is about a name with a rule."""
    end = f".{statement.module}" if statement.module else ""
    return any(
        rule.old_module.endswith(end) and (rule.old_name == name or (rule.old_name == "*" and end))
        for rule in file.rules.rules
        for name, _ in statement.names
    )


def _star(file: File, statement: Import, rules: tuple[Rule, ...]) -> Finding:
    if all(map(file.is_home_of, rules)):
        return file.finding("home", statement)
    if file.keeps(statement):
        return file.finding("kept", statement)
    return file.finding("star import", statement, "write out the names that are used, and run this again")
