"""The tables of ``pyproject.toml``: modules, capabilities and environments."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from string import Template

from ssot_shims._capabilities.capability import capability, refuse_bad_name
from ssot_shims._probes.address import read_authority
from ssot_shims._probes.notation import NotationError, split_before, without_secrets
from ssot_shims._record import Record
from ssot_shims._text import did_you_mean
from ssot_shims.errors import InvalidDeclaration, InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ssot_shims._capabilities.capability import Capability


# Behind any other scheme a path may follow at once, as in unix:///run/acme.sock or sqlite:///acme.db.
_NEED_A_HOST = ("http", "https", "ws", "wss", "tcp")


class EnvironmentPlan(Record):
    """A name, the capabilities that have to be there, the values as they are written, and the file they stand in."""

    name: str
    requires: tuple[str, ...]
    values: Mapping[str, str]
    where: str

    def check(self) -> None:
        """Raise :class:`InvalidSetting` for what is wrong on every machine."""
        for name in self.requires:
            self._check_requirement(name)
        for key, text in self.values.items():
            if "://" in key or not key.isprintable():
                shown = "<an address>" if "://" in key else key  # it may hold a password
                raise InvalidSetting(f"a key of {self.setting('values')}", shown, "a word such as 'backend_url'")
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # the file may hold anything
                raise self._wrong(key, f"<{type(text).__name__}>", "a string")
            template = Template(text)
            if not template.is_valid():
                raise self._wrong(key, "a text with a lone $", "${NAME} for an environment variable, $$ for a dollar")
            if not template.get_identifiers():
                self._fill(key, text)

    def filled(self) -> dict[str, str]:
        """The values with every ``${NAME}`` replaced by that environment variable.

        Raises :class:`InvalidSetting` for a variable that is not set, and for what should be a URL and is none.
        """
        return {key: self._fill(key, text) for key, text in self.values.items()}

    def setting(self, part: str) -> str:
        """How *part* of this plan is named where it is wrong."""
        return f"tool.ssot_shims.environments.{self.name}.{part} in {self.where}"

    def _check_requirement(self, name: str) -> None:
        try:
            refuse_bad_name(name)
        except InvalidDeclaration as error:
            if "://" in name:  # an address in the place of a name may hold a password
                name, expected = "<an address>", "names such as 'postgres', each registered with its address"
            else:
                expected = f"names of capabilities: {error.hint}"
            raise InvalidSetting(self.setting("requires"), name, expected) from None

    def _wrong(self, key: str, shown: str, expected: str) -> InvalidSetting:
        """The error for a value, of which only so much is *shown* as holds no secret."""
        return InvalidSetting(self.setting(f"values.{key}"), shown, expected)

    def _fill(self, key: str, text: str) -> str:
        template = Template(text)
        value = template.safe_substitute(os.environ)
        unset = [name for name in template.get_identifiers() if name not in os.environ]
        if unset or (text.strip() and not value.strip()):
            names = unset or template.get_identifiers()
            shown = " ".join(f"${{{name}}}" for name in names)
            raise self._wrong(key, shown, f"{' and '.join(names)} to be set and not empty")
        try:
            _refuse_bad_url(value)
        except NotationError as error:
            expected = f"{error.expected or 'an address such as https://host:8000/path'}; it {error.problem}"
            raise self._wrong(key, _without_secrets(value), expected) from None
        return value


def _without_secrets(value: str) -> str:
    scheme, slashes, rest = value.partition("://")
    return without_secrets(value) if _is_scheme(scheme) else f"***{slashes}{without_secrets(rest)}"


def _is_scheme(text: str) -> bool:
    return text.isascii() and text[:1].isalpha() and all(c.isalnum() or c in "+-.:" for c in text)


def _refuse_bad_url(value: str) -> None:
    """Raise :class:`NotationError` when *value* is meant for a URL and does not read as one."""
    scheme, slashes, rest = value.partition("://")
    if not slashes:
        return
    if not _is_scheme(scheme):
        raise NotationError("has no scheme before ://")
    wrong = next((c for c in rest if c.isspace() or not c.isprintable()), "")
    if wrong:
        raise NotationError(f"has {wrong!r} in it", "%20 for a blank")
    if rest.startswith("/") and scheme.lower() not in _NEED_A_HOST:
        return
    head, tail = split_before("/?#", rest)
    user, at, places = head.rpartition("@")
    for place in places.split(","):  # databases are given several hosts at once
        read_authority(f"{user}{at}{place}{tail}")


_KEYS = ("modules", "capabilities", "environments", "migrate")
_CAPABILITY_KEYS = ("probe", "timeout", "ttl", "service")
_AN_ADDRESS = "<an address>"  # what is shown of one in the place of a name: it may hold a password
_ENVIRONMENT_KEYS = ("name", "requires", "values")


class Project(Record):
    """What a project says: where it is, the modules that declare shims, its capabilities and environments, what moves.

    Each of ``rules`` is an old place, a new one, and who says so; ``exclude`` are globs of files that stay as they are.
    """

    root: Path
    file: Path | None = None  # its pyproject.toml
    modules: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    environments: tuple[EnvironmentPlan, ...] = ()
    rules: tuple[tuple[str, str, str], ...] = ()
    exclude: tuple[str, ...] = ()


def find_project(start: Path) -> Project:
    """The project around the folder *start*: the nearest pyproject.toml there or above.

    Without one, *start* is the root of a project that says nothing. Raises :class:`InvalidSetting`, with the file and
    the key, for a file that does not read and for a wrong key or type.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return read_project(file)
    return Project(root=start)


def read_project(file: Path) -> Project:
    """The project that *file*, a pyproject.toml, describes."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # numbers may be too long, and lists too deep, for tomllib
        raise InvalidSetting(str(file), str(error), "a file in TOML") from error
    tool = _table(file, "tool", document.get("tool", {}))
    table = _table(file, "tool.ssot_shims", tool.get("ssot_shims", {}))
    _refuse_other_keys(file, "tool.ssot_shims", table, _KEYS)
    migrate = _table(file, "tool.ssot_shims.migrate", table.get("migrate", {}))
    return Project(
        root=file.parent,
        file=file,
        modules=_names(file, "modules", table.get("modules", [])),
        capabilities=_capabilities(file, table.get("capabilities", {})),
        environments=_environments(file, table.get("environments", [])),
        rules=_rules(file, migrate),
        exclude=_names(file, "migrate.exclude", migrate.get("exclude", [])),
    )


def _refuse_other_keys(file: Path, place: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            expected = f"one of {', '.join(known)}{did_you_mean(key, known)}"
            raise InvalidSetting(f"a key of {place} in {file}", _AN_ADDRESS if "://" in key else key, expected)


def _table(file: Path, key: str, value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):  # pyright: ignore[reportUnnecessaryIsInstance]  # the file may hold anything
        raise InvalidSetting(f"{key} in {file}", _kind(value), "a table")
    return value


def _kind(value: object) -> str:
    """Only what kind of value it is: an address in it may hold a password."""
    return f"<{type(value).__name__}>"


def _names(file: Path, key: str, value: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
        raise InvalidSetting(f"tool.ssot_shims.{key} in {file}", _kind(value), "a list of strings")
    return tuple(value)


def _rules(file: Path, table: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """The rules of a migration; whether they make sense is decided when all of them are there."""
    place = "tool.ssot_shims.migrate"
    rules = {key: value for key, value in table.items() if key != "exclude"}
    for key, value in rules.items():
        if ":" not in key or "://" in key:
            expected = f"exclude, or a rule such as 'old.mod:Name' in quotes{did_you_mean(key, ('exclude',))}"
            raise InvalidSetting(f"a key of {place} in {file}", _AN_ADDRESS if "://" in key else key, expected)
        if not isinstance(value, str):
            raise InvalidSetting(f"{place}.{key!r} in {file}", _kind(value), "a new place such as 'new.mod:Name'")
    return tuple((old, new, f"{place} in {file}") for old, new in rules.items())


def _capabilities(file: Path, value: dict[str, Any]) -> tuple[Capability, ...]:
    place = "tool.ssot_shims.capabilities"
    made: list[Capability] = []
    for name, entry in _table(file, place, value).items():
        try:
            refuse_bad_name(name)
        except InvalidDeclaration as error:
            if "://" in name:
                raise InvalidSetting(f"a key of {place} in {file}", _AN_ADDRESS, "a name such as 'postgres'") from None
            raise InvalidSetting(f"a key of {place} in {file}", name, f"a name: {error.hint}") from error
        made.append(_capability(file, f"{place}.{name}", name, entry))
    return tuple(made)


def _capability(file: Path, place: str, name: str, entry: Any) -> Capability:
    table: dict[str, Any] = dict(entry) if isinstance(entry, dict) else {"probe": entry}  # pyright: ignore[reportUnknownArgumentType]  # as above
    _refuse_other_keys(file, place, table, _CAPABILITY_KEYS)
    probe = table.get("probe")
    options = {option: value for option, value in table.items() if option != "probe"}
    if not isinstance(probe, str):
        shown = _kind(probe) if "probe" in table else "a table without a probe"
        raise InvalidSetting(f"{place} in {file}", shown, "a probe such as 'tcp://localhost:5432'")
    for option, value in options.items():
        _refuse_other_types(f"{place}.{option} in {file}", value, is_switch=option == "service")
    try:
        return capability(name, probe, **options, level="pyproject", where=str(file))
    except InvalidDeclaration as error:
        shown = ", ".join([without_secrets(probe), *(f"{option} = {value!r}" for option, value in options.items())])
        raise InvalidSetting(f"{place} in {file}", shown, f"what can be registered: {error}") from error


def _refuse_other_types(setting: str, value: object, *, is_switch: bool) -> None:
    # What has more bits is no integer in TOML, and may have more digits than Python shows.
    is_number = isinstance(value, float) or (type(value) is int and value.bit_length() < 64)
    if not (isinstance(value, bool) if is_switch else is_number):
        shown = repr(value) if is_number else _kind(value)
        raise InvalidSetting(setting, shown, "true or false" if is_switch else "seconds such as 2.5")


def _environments(file: Path, value: list[Any]) -> tuple[EnvironmentPlan, ...]:
    place = "tool.ssot_shims.environments"
    if not isinstance(value, list):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
        raise InvalidSetting(f"{place} in {file}", _kind(value), f"a list of tables, each written [[{place}]]")
    plans: dict[str, EnvironmentPlan] = {}
    for index, entry in enumerate(value):
        plan = _environment(file, f"{place}[{index}]", entry)
        if plan.name in plans:
            raise InvalidSetting(f"{place}[{index}].name in {file}", plan.name, "a name that no other environment has")
        plans[plan.name] = plan
    return tuple(plans.values())


def _environment(file: Path, place: str, entry: Any) -> EnvironmentPlan:
    table = _table(file, place, entry)
    _refuse_other_keys(file, place, table, _ENVIRONMENT_KEYS)
    name = table.get("name", "")
    if not isinstance(name, str) or "://" in name:
        raise InvalidSetting(f"{place}.name in {file}", _kind(name), "a word such as 'staging'")
    if not name.isprintable() or len(name.split()) != 1:
        raise InvalidSetting(f"{place}.name in {file}", name, "a word such as 'staging'")
    requires = _names(file, f"environments.{name}.requires", table.get("requires", []))
    values = _table(file, f"tool.ssot_shims.environments.{name}.values", table.get("values", {}))
    plan = EnvironmentPlan(name=name, requires=requires, values=values, where=str(file))
    plan.check()
    return plan
