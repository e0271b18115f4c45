"""``import old.mod``: uses are renamed where they stand, and the import goes with them or gets another beside it."""

from __future__ import annotations

import ast
import re

from ssot_shims._migrate.file import Move
from ssot_shims._migrate.local import Doubt, is_attribute, is_said, taker_by_name, taker_of
from ssot_shims._migrate.plan import Plan, Rename
from ssot_shims._migrate.tree import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._migrate.loaded import Loaded
    from ssot_shims._migrate.local import Local, Sight
    from ssot_shims._migrate.names import Scope
    from ssot_shims._migrate.plan import Moves


def plan_dotted(local: Local, moving: list[tuple[Sight, Move]]) -> Plan:
    """The renamed uses of *local* and its imports, changed so that each use has its module. Raises :class:`Doubt`."""
    kept = [sight for sight, _ in moving if local.file.keeps_line(sight.line, sight.node.end_lineno or 0)]
    renames = tuple(_rename(local, sight, move) for sight, move in moving if sight not in kept)
    findings = tuple(
        local.file.finding("kept", local.imports[0].statement, f"line {sight.line} is to stay") for sight in kept
    )
    renamed = {id(rename.use) for rename in renames}
    for statement in local.file.source.imports:
        if renamed and statement.names == (("*", None),) and local.scope is local.scope.module:
            raise Doubt(f"line {statement.line} may bring a name that hides another; import what moves by name")
    _refuse_reaching_through(local, renames)
    modules = {sight.module for sight, _ in moving if id(sight.node) in renamed}
    if not all(each and each.is_plain for each in local.bindings):
        raise Doubt(f"{local.name} is bound to another thing, too; give one of the two another name")
    moves: Moves = {}
    # Who reads it may be after any module that it leads to.
    is_mentioned = is_said(local, local.name) or is_attribute(local) or bool(taker_of(local))
    for each in local.imports:
        if each.path in modules:
            new = dict.fromkeys(
                move.replace(name=None)
                for sight, move in moving
                if sight.module == each.path and id(sight.node) in renamed
            )
            rest = (*_rest(local, renamed), *_elsewhere(local, each.path))
            is_needed = is_mentioned or any(_needs(each, steps, line, local) for steps, line in rest)
            moves[each.number, each.index] = (*new, None) if is_needed else tuple(new)
    return Plan(moves=moves, renames=renames, findings=findings)


def _refuse_reaching_through(local: Local, renames: tuple[Rename, ...]) -> None:
    """Raise when somebody may set, through this file, what would not be read from there any more."""
    if renames and (taker := taker_by_name(local)):
        raise Doubt(f"{shown(taker)} may take {local.name} from this file; move both by hand")
    for old in dict.fromkeys(f"{rename.move.rule.old_module}.{rename.use.attr}" for rename in renames):
        if is_said(local, rf"(?<=\.){re.escape(old)}"):
            raise Doubt(f"a string may get at {old} through this file; move both by hand")


def _rename(local: Local, sight: Sight, move: Move) -> Rename:
    """*sight* by its new name. Raises :class:`Doubt` where it is written, or the new name would be read, otherwise."""
    text = local.file.source.text
    start = text.offset(sight.node.lineno, sight.node.col_offset)
    end = text.offset(sight.node.end_lineno or 0, sight.node.end_col_offset or 0)
    written = rb"\s*\.\s*".join(step.encode() for step in f"{sight.module}.{sight.name}".split("."))
    if sight.use.is_in_string or not re.fullmatch(written, text.body[start:end]):
        raise Doubt(f"line {sight.line} has {sight.module}.{sight.name} in a form of its own; move it by hand")
    if not _is_imported(local, sight, start):
        raise Doubt(f"line {sight.line} may run before {sight.module} is imported here; import {sight.name} by name")
    top = move.module.partition(".")[0]
    if not all(_is_free(top, scope, local) for scope in (local.scope, sight.use.scope)):
        raise Doubt(f"{top} is another thing where line {sight.line} would need it; import {sight.name} by name")
    return Rename(use=sight.node, start=start, end=end, move=move)


def _is_imported(local: Local, sight: Sight, start: int) -> bool:
    """Whether the module of *sight*, which begins at *start*, has been imported for sure wherever its package was."""
    own = [each.statement for each in local.imports if each.path == sight.module]
    if len(own) == len(local.imports):
        return True
    return any(statement.end <= start and sight.line <= statement.suite_end for statement in own)


def _is_free(top: str, scope: Scope, local: Local) -> bool:
    """Whether the package *top*, imported where *local* is, would be what that name means in *scope*."""
    owner = scope.owner(top)
    if scope.will_hide(top, local.scope):
        return False
    if local.scope.parent is None and top != local.name and local.file.has_submodule(top):
        return False  # an import of that puts it there
    bindings = owner.bindings.get(top, ())
    is_package = all(
        isinstance(each.node, ast.Import) and each.node.names[each.index].asname is None for each in bindings
    )
    if not bindings:  # then whoever reads it here means a builtin, or what somebody else puts there
        return all(use.name.id != top for use in local.names.uses)
    return owner is local.scope and is_package


def _rest(local: Local, renamed: set[int]) -> Iterator[tuple[list[str], int]]:
    """What *local* is used for besides, by whole dotted names, and the line."""
    for use in local.uses:
        if not any(id(attribute) in renamed for attribute in use.attributes):
            yield local.steps(use), use.name.lineno


def _elsewhere(local: Local, module: str) -> Iterator[tuple[list[str], int]]:
    """Uses in other scopes that import their package themselves, and of that not *module*."""
    for use in local.names.uses:
        owner = use.scope.owner(local.name)
        if use.name.id == local.name and owner is not local.scope:
            nodes = [binding.node for binding in owner.bindings.get(local.name, ())]
            paths = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
            if paths and module not in paths:
                yield local.steps(use), 0


def _needs(each: Loaded, steps: list[str], line: int, local: Local) -> bool:
    """Whether the use of *steps* in *line* needs the import *each*, because no other one before it brings as much."""
    own = each.path.split(".")
    common = next((n for n, (one, other) in enumerate(zip(own, steps, strict=False)) if one != other), len(own))
    others = [
        other.path.split(".")
        for other in local.imports
        if other.path != each.path and other.statement.line < line <= other.statement.suite_end
    ]
    return not any(steps[: len(path)] == path and len(path) >= common for path in others)
