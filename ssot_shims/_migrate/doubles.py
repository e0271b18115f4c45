"""Imports that a file would have twice: a name moves to where its suite has imported it from already."""

from __future__ import annotations

from ssot_shims._migrate.layout import is_removable
from ssot_shims._migrate.loaded import loaded_by
from ssot_shims._migrate.names import Names
from ssot_shims._migrate.source import strings_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ast import AST

    from ssot_shims._migrate.file import File
    from ssot_shims._migrate.loaded import Loaded
    from ssot_shims._migrate.statements import Home, Homes

    HomesOfAll = dict[tuple[int, int], Homes]  # by the number of a statement and that of a name in it


def without_doubles(file: File, homes: HomesOfAll) -> HomesOfAll:
    """*homes* without those that give a name again what an earlier import in its suite has given it."""
    left = dict(homes)
    if any(statement.names == (("*", None),) for statement in file.source.imports):
        return left  # it may bind any name in between
    seen: dict[tuple[int, str], tuple[Home, bool]] = {}
    for each in loaded_by(file):
        place, is_explicit = (each.number, each.index), each.statement.names[each.index][1] is not None
        for home in homes.get(place, (None,)):
            now = home or _home(each)
            key = each.statement.suite, f"import {now[0]}" if each.is_plain else each.local
            first, was_explicit = seen.get(key, (None, False))
            if home and home == first and was_explicit >= is_explicit and _is_droppable(file, each, home, homes):
                left[place] = tuple(other for other in left[place] if other != home)
            else:
                seen[key] = now, is_explicit
    return left


def _home(loaded: Loaded) -> Home:
    """Where a name comes from that does not move."""
    if not loaded.statement.is_from:
        return loaded.path, None
    module, _, name = loaded.path.rpartition(".")
    return module, name


def _is_droppable(file: File, loaded: Loaded, home: Home, homes: HomesOfAll) -> bool:
    """Whether the name has that home wherever the file binds it, and nothing else goes with the statement."""
    if file.source.tree is None or not is_removable(file.source.text, loaded.statement):
        return False
    if loaded.is_plain:
        return True  # a package stays what it is, however often it is imported
    after: dict[tuple[AST | None, int], Homes] = {
        (each.statement.node, each.index): homes.get((each.number, each.index), (_home(each),))
        for each in loaded_by(file)
    }
    if any(string.value == loaded.local for string in strings_in(file.source.tree)):
        return False  # globals()["Name"] = ...
    bindings = Names(file.source.tree, {loaded.local}).bindings
    return all(after.get((binding.node, binding.index)) == (home,) for binding in bindings)
