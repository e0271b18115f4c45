"""The tables of ``pyproject.toml``: modules, capabilities, environments, and the rules of a migration."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

from ssot_shims._capabilities.capability import Capability, capability
from ssot_shims._record import Record
from ssot_shims._text import close_as_text, fit_to_show, read_regular_file, redact
from ssot_shims.errors import InvalidSetting

_NAME = "ssot_shims"
_PLACE = f"tool.{_NAME}"


class EnvironmentDeclaration(Record):
    """A name, the capabilities that have to be there, the values as they are written, and the file they stand in."""

    name: str
    requires: tuple[str, ...]
    values: Mapping[str, str]
    where: str

    def filled(self) -> dict[str, str]:
        """The values with every ``${NAME}`` replaced by that environment variable.

        Raises :class:`InvalidSetting` for a variable that is not set or empty.
        """
        return {key: self._fill(key, Template(text)) for key, text in self.values.items()}

    def _fill(self, key: str, template: Template) -> str:
        value = template.safe_substitute(os.environ)
        names = template.get_identifiers()
        unset = [name for name in names if name not in os.environ] or ([] if value.strip() else names)
        if unset:
            shown = " ".join(f"${{{name}}}" for name in unset)
            exports = " ".join(f"{name}=<a value>" for name in unset)
            raise InvalidSetting(self.setting(f"values.{key}"), shown, f"a value: export {exports}")
        return value

    def setting(self, part: str) -> str:
        """How *part* of this declaration is named in an error."""
        return redact(f"{_PLACE}.environments.{self.name}.{part}") + f" in {self.where}"


class Project(Record):
    """What a project says: where it is, the modules that declare shims, its capabilities and environments, what moves.

    Each of ``rules`` is an old place, a new one, and who says so; ``exclude`` are globs of files that stay as they are.
    The command audit reads its own table.
    """

    root: Path
    file: Path | None = None  # its pyproject.toml
    modules: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    environments: tuple[EnvironmentDeclaration, ...] = ()
    rules: tuple[tuple[str, str, str], ...] = ()
    exclude: tuple[str, ...] = ()
    audit: Table | None = None


def find_project(start: Path) -> Project:
    """The project around the folder *start*: the nearest pyproject.toml there or above.

    Without one, *start* is the root of a project that says nothing. Raises :class:`InvalidSetting`, with the file and
    the key, for a file that does not read and for a wrong key or type.
    """
    file = next(filter(Path.is_file, (folder / "pyproject.toml" for folder in (start, *start.parents))), None)
    return read_project(file) if file else Project(root=start)


def read_project(file: Path) -> Project:
    """The project that *file*, a pyproject.toml, describes."""
    try:
        document = tomllib.loads(read_regular_file(file).decode())
    except (OSError, ValueError, RecursionError) as error:  # numbers may be too long, and lists too deep, for tomllib
        raise InvalidSetting(str(file), fit_to_show(str(error)), "a file in TOML", "cannot be read: {}") from error
    tools = Table(file=file, place="", entries=document).table("tool")
    for key in tools.entries:
        if key != _NAME and "".join(filter(str.isalpha, key.lower())).rstrip("s") == "ssotshim":
            raise tools.wrong_key(key, _NAME)
    table = tools.table(_NAME)
    table.refuse_other_keys("modules", "capabilities", "environments", "migrate", "audit")
    migrate = table.table("migrate")
    return Project(
        root=file.parent,
        file=file,
        modules=table.names("modules"),
        capabilities=tuple(_capabilities(table.table("capabilities"))),
        environments=_environments(table),
        rules=tuple(_rules(migrate)),
        exclude=migrate.names("exclude"),
        audit=table.table("audit"),
    )


class Table(Record):
    """A table of *file*, and the keys that lead to it."""

    file: Path
    place: str
    entries: dict[str, Any]

    def wrong(self, key: str, shown: str, expected: str, problem: str = "is {!r}") -> InvalidSetting:
        """The error for the value of *key*, of which only so much is *shown* as holds no secret."""
        return InvalidSetting(f"{fit_to_show(self._below(key))} in {self.file}", shown, expected, problem)

    def wrong_key(self, key: str, expected: str) -> InvalidSetting:
        return InvalidSetting(f"{fit_to_show(self.place)} in {self.file}", key, expected, "has the key {!r}")

    def refuse_other_keys(self, *known: str) -> None:
        for key in self.entries:
            if key not in known:
                raise self.wrong_key(key, f"one of {', '.join(known)}{close_as_text(key, known)}")

    def value(self, key: str, kind: type, default: object, expected: str) -> Any:
        """The value of *key*, *default* where there is none. One of no such kind is an error, and not shown."""
        value = self.entries.get(key, default)
        if not isinstance(value, kind):
            problem = f"is of type {type(value).__name__}" if key in self.entries else "is missing"
            raise self.wrong(key, "", expected, problem)
        return value

    def table(self, key: str) -> Table:
        """The table under *key*, empty where there is none."""
        return self.replace(place=self._below(key), entries=self.value(key, dict, {}, "a table"))

    def names(self, key: str) -> tuple[str, ...]:
        """The list of strings under *key*, empty where there is none."""
        names = self.value(key, list, [], "a list of strings")
        if not all(isinstance(name, str) for name in names):
            raise self.wrong(key, "", "a list of strings", "is a list that holds something else")
        return tuple(names)

    def _below(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key


def _rules(table: Table) -> Iterator[tuple[str, str, str]]:
    """The rules of a migration; whether they make sense is decided when all of them are there."""
    for old in table.entries:
        if old == "exclude":
            continue
        if ":" not in old:
            expected = "exclude, or a rule such as 'old.mod:Name' in quotes"
            raise table.wrong_key(old, expected + close_as_text(old, ("exclude",)))
        yield old, table.value(old, str, "", "a new place such as 'new.mod:Name'"), f"{table.place} in {table.file}"


def _capabilities(table: Table) -> Iterator[Capability]:
    for name, entry in table.entries.items():
        short = None if isinstance(entry, dict) else {"probe": entry}
        options = table.replace(entries={name: short or entry}).table(name)
        options.refuse_other_keys("probe", "timeout", "ttl", "service")
        probe = options.value("probe", str, None, "a probe such as 'tcp://localhost:5432'")
        try:
            yield capability(name, **options.entries, level="pyproject", where=str(table.file))
        except ValueError as error:  # an integer may have more digits than Python shows
            raise table.wrong(name, probe, f"a valid capability: {redact(str(error))}") from error


def _environments(table: Table) -> tuple[EnvironmentDeclaration, ...]:
    entries = table.value("environments", list, [], f"a list of tables, each written [[{_PLACE}.environments]]")
    numbered = table.replace(entries={f"environments[{index}]": entry for index, entry in enumerate(entries)})
    declarations: dict[str, EnvironmentDeclaration] = {}
    for key in numbered.entries:
        declaration = _environment(numbered.table(key))
        if declaration.name in declarations:
            raise numbered.wrong(f"{key}.name", declaration.name, "a name that no other environment has")
        declarations[declaration.name] = declaration
    return tuple(declarations.values())


def _environment(table: Table) -> EnvironmentDeclaration:
    table.refuse_other_keys("name", "requires", "values")
    name = table.value("name", str, "", "a word such as 'staging'")
    if not name.isprintable() or len(name.split()) != 1:
        raise table.wrong("name", name, "a word such as 'staging'")
    named = table.replace(place=f"{_PLACE}.environments.{name}")
    values = named.table("values")
    for key in values.entries:
        if not Template(values.value(key, str, "", "a string")).is_valid():
            expected = "${NAME} for an environment variable, $$ for a dollar"
            raise values.wrong(key, "", expected, "is a string with a lone $")
    requires, where = named.names("requires"), str(table.file)
    return EnvironmentDeclaration(name=name, requires=requires, values=values.entries, where=where)
