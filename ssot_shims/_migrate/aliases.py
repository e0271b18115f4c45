"""``import old.mod as x`` and ``from old import mod``: the local name stays, and is the new module from now on."""

from __future__ import annotations

from ssot_shims._migrate.file import Move
from ssot_shims._migrate.local import Doubt, is_attribute, is_said, taker_of
from ssot_shims._migrate.plan import Plan
from ssot_shims._migrate.tree import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._migrate.local import Local, Sight
    from ssot_shims._migrate.plan import Moves


def plan_alias(local: Local, moving: list[tuple[Sight, Move]]) -> Plan:
    """The imports moved to the one module where all that *local* is used for is. Raises :class:`Doubt`."""
    old, new = local.modules[0], moving[0][1].module
    for sight, move in moving:
        if sight.module != old:
            where = f"{local.name} is {old}, a package on the way to {sight.module}"
            raise Doubt(f"{where}; import {sight.name} by name")
        if (move.module, move.name) != (new, sight.name):
            raise Doubt(f"line {sight.line}: {old}.{sight.name} is {move.module}.{move.name} now; import it by name")
        if local.file.keeps_line(sight.line, sight.node.end_lineno or 0):
            kept = local.file.finding("kept", local.imports[0].statement, f"line {sight.line} is to stay")
            return Plan(moves={}, findings=(kept,))
    names = "|".join(dict.fromkeys(sight.name for sight, _ in moving))
    if is_said(local, rf"(?<!\.){local.name}\.(?!(?:{names})\b)\w+"):
        raise Doubt(f"a string or a comment has another name of {local.name}; import what moves by name")
    moved = {id(sight.use) for sight, _ in moving}
    for use in local.uses:
        if id(use) not in moved:
            line, used = use.name.lineno, local.shown(use)
            raise Doubt(f"line {line} uses {used}, which stays; import what moves by name")
    if not all(each and not each.is_plain and each.module in (old, new) for each in local.bindings):
        raise Doubt(f"{local.name} is bound to another thing, too; give one of the two another name")
    if local.scope.is_class and is_attribute(local):
        raise Doubt(f"{local.name} is an attribute of a class, and used as one; import what moves by name")
    if taker := taker_of(local):
        raise Doubt(f"{shown(taker)} may take {local.name} from this file; move both by hand")
    rules = dict.fromkeys(move.rule for _, move in moving)
    moves: Moves = {}
    for each in local.imports:
        package, _, last = new.rpartition(".")
        home = (package, last) if each.statement.is_from and package else (new, None)
        moves[each.number, each.index] = tuple(Move(rule=rule, module=home[0], name=home[1]) for rule in rules)
    return Plan(moves=moves)
