"""Imports of an old module as a whole: what becomes of them is decided by every use in the file.

When one use leaves a doubt, all of them stay as they are, and that is told.
"""

from __future__ import annotations

from ssot_shims._migrate.aliases import plan_alias
from ssot_shims._migrate.dotted import plan_dotted
from ssot_shims._migrate.file import Move
from ssot_shims._migrate.loaded import has_rules, loaded_by
from ssot_shims._migrate.local import Doubt, Local, refuse_hidden_uses, refuse_other_ways
from ssot_shims._migrate.names import Names
from ssot_shims._migrate.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ast import AST
    from collections.abc import Iterator

    from ssot_shims._migrate.file import File
    from ssot_shims._migrate.loaded import Loaded
    from ssot_shims._migrate.local import Sight
    from ssot_shims._migrate.names import Binding, Scope, Use


def plan_modules(file: File) -> Iterator[Plan]:
    """What becomes of every import of a module as a whole in *file*, by the local name it is bound to."""
    if file.source.tree is not None:
        found = tuple(_locals(file))
        for local in found:
            if local.imports[0].is_plain:
                local.scope.coming.update(sight.rule.new_module.partition(".")[0] for sight in _sights(local))
        yield from map(_plan, found)
        return
    why = "this file is newer than the grammar of this Python; run this with the Python it is written for"
    for each in loaded_by(file):
        if has_rules(file, each):
            yield Plan(moves={}, findings=(file.finding("unsure", each.statement, why),))


def _locals(file: File) -> Iterator[Local]:
    loaded = tuple(loaded_by(file))
    ruled = [each for each in loaded if has_rules(file, each)]
    if not ruled:
        return
    assert file.source.tree is not None
    tops = {rule.new_module.partition(".")[0] for rule in file.rules.rules}
    names = Names(file.source.tree, {each.local for each in ruled} | tops)
    by_place: dict[tuple[AST | None, int], Loaded] = {(each.statement.node, each.index): each for each in loaded}
    groups: dict[tuple[Scope, str], list[Binding]] = {}
    for binding in names.bindings:
        groups.setdefault((binding.scope, binding.name), []).append(binding)
    for (scope, name), group in groups.items():
        found = [by_place.get((binding.node, binding.index)) for binding in group]
        imports = sorted((each for each in found if each and each in ruled), key=lambda each: each.number)
        # A global import would need every name that it brings to be global, too.
        bindings = [None if binding.is_global else each for binding, each in zip(group, found, strict=True)]
        if _is_seen_through(scope, name, [other for other, bound in groups if bound == name and other.is_class]):
            bindings.append(None)
        if imports:
            local = Local(file=file, name=name, scope=scope, names=names, uses=_uses(names, scope, name))
            yield local.replace(bindings=tuple(bindings), imports=tuple(imports))


def _uses(names: Names, scope: Scope, name: str) -> tuple[Use, ...]:
    """What uses *name* of *scope*, in the order of the lines."""
    uses = (use for use in names.uses if use.name.id == name and use.scope.owner(name) is scope)
    return tuple(sorted(uses, key=lambda use: (use.name.lineno, use.name.col_offset)))


def _is_seen_through(scope: Scope, name: str, classes: list[Scope]) -> bool:
    """Whether *name* may be that of *scope* in one of *classes* until that binds it, or the other way round."""
    for each in classes:
        outer = each.parent.owner(name) if each.parent else each
        if name in outer.bindings and scope in (each, outer):
            return True
    return False


def _plan(local: Local) -> Plan:
    """What becomes of the imports and the uses of *local*."""
    first = local.imports[0].statement
    sights = _sights(local)
    if any(local.file.keeps(each.statement) for each in local.imports):
        return Plan(moves={}, findings=(local.file.finding("kept", first),) if sights else ())
    outcomes = [(sight, local.file.judge(first, sight.module, sight.name)) for sight in sights]
    moving = [(sight, outcome) for sight, outcome in outcomes if isinstance(outcome, Move)]
    findings = tuple(dict.fromkeys(outcome for _, outcome in outcomes if outcome and not isinstance(outcome, Move)))
    try:
        plan = _moved(local, sights, moving)
    except Doubt as doubt:
        plan = Plan(moves={}, findings=(local.file.finding("unsure", first, str(doubt)),))
    return plan.replace(findings=findings + plan.findings)


def _sights(local: Local) -> list[Sight]:
    return [sight for use in local.uses for module in local.modules if (sight := local.sight(use, module))]


def _moved(local: Local, sights: list[Sight], moving: list[tuple[Sight, Move]]) -> Plan:
    if not sights:
        refuse_hidden_uses(local)
    if not moving:
        return Plan(moves={})
    refuse_other_ways(local, sights)
    for sight, move in moving:
        if why := local.file.homes.why_not_reached(move.rule, sight.name):
            raise Doubt(f"{why}; import {sight.name} by name")
    for each in local.imports:
        for _, move in moving:
            if local.file.is_way_out(each.statement, move.module):
                raise Doubt(f"it is there for when {move.module} cannot be imported; move it by hand")
    return plan_dotted(local, moving) if local.imports[0].is_plain else plan_alias(local, moving)
