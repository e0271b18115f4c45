"""What the local names are that imports bind: modules with rules, packages on the way to one, or other things."""

from __future__ import annotations

import re

from ssot_shims._migrate.names import local_name
from ssot_shims._migrate.places import with_packages
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


def leaning_on(file: File, local: str = "") -> dict[str, str]:
    """The old modules that uses through a package lean on: each with a use of it, or of a package on the way to it.

    The import of that package loads no such module; another one must do that. Uses by the name *local* are left out.
    """
    ways = set[tuple[str, str]]()
    for each in loaded_by(file):
        if each.local == local or each.module not in file.rules.packages:
            continue
        for module in file.rules.of_module:
            for package in with_packages(module):
                inner = package.removeprefix(f"{each.module}.")
                if inner != package and not f"{each.path}.".startswith(f"{package}."):
                    ways.add((module, f"{each.local}.{inner}"))
    outside = file.outside if ways else b""
    return {module: use for module, use in sorted(ways) if re.search(_written(use), outside)}


def _written(dotted: str) -> bytes:
    """A pattern for *dotted*, however it is spaced."""
    return rb"\b" + rb"\s*\.\s*".join(word.encode() for word in dotted.split(".")) + rb"\b"


def _moves_itself(file: File, loaded: Loaded) -> bool:
    """Whether it is a module only by the way, and moves as a name of its package."""
    package, _, name = loaded.path.rpartition(".")
    return loaded.statement.is_from and file.rules.find(package, name) is not None
