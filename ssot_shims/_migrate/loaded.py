"""What the local names are that imports bind: modules with rules, packages on the way to one, or other things."""

from __future__ import annotations

from ssot_shims._migrate.names import local_name
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._migrate.file import File
    from ssot_shims._migrate.source import Import


class Loaded(Record):
    """One name of an import statement, and what it is, named as if that were a module."""

    statement: Import
    number: int  # of the statement in the file
    index: int  # of the name in the statement
    local: str
    module: str  # what the local name is
    path: str  # what is loaded: all of a.b.c, where "import a.b.c" gives only a
    is_plain: bool  # "import a.b.c"


def loaded_by(file: File) -> Iterator[Loaded]:
    """One for each name in the import statements of *file*, in their order."""
    for number, statement in enumerate(file.source.imports):
        parents = file.meanings(statement) if statement.is_from else ()
        parent = next((parent for parent in parents if parent in file.rules.packages), parents[0] if parents else "")
        for index, (name, alias) in enumerate(statement.names):
            path = f"{parent}.{name}" if statement.is_from else name
            is_plain = not statement.is_from and alias is None
            yield Loaded(
                statement=statement,
                number=number,
                index=index,
                local=local_name(statement.is_from, name, alias),
                module=name.partition(".")[0] if is_plain else path,
                path=path,
                is_plain=is_plain,
            )


def has_rules(file: File, loaded: Loaded) -> bool:
    """Whether names with a rule may be reached through *loaded*, and the file mentions one."""
    if loaded.module not in file.rules.packages or _moves_itself(file, loaded):
        return False
    body = file.source.text.body
    return any(
        rule.old_name == "*" or rule.old_name.encode() in body
        for rule in file.rules.rules
        if f"{rule.old_module}.".startswith(f"{loaded.module}.")
    )


def _moves_itself(file: File, loaded: Loaded) -> bool:
    """Whether it is a module only by the way, and moves as a name of its package."""
    package, _, name = loaded.path.rpartition(".")
    return loaded.statement.is_from and file.rules.find(package, name) is not None
