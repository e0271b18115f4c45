"""The fallback chain: the first environment of the project whose requirements hold, say Docker, else staging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._project.declarations import import_each, importable, register
from ssot_shims._project.pyproject import EnvironmentDeclaration, Project, find_project
from ssot_shims._project.requirement import judge_each, required_here, run_options
from ssot_shims._record import Record
from ssot_shims._text import close_matches, redact
from ssot_shims.errors import InvalidSetting, NoEnvironment, SsotShimsError, UnknownName


class Environment(Mapping[str, str]):
    """The values of one environment by name, and why those before it were passed over.

    ``passed_over`` holds, by name, what each earlier environment lacks. A wrong key raises :class:`UnknownName`, which
    lists the keys.

    >>> environment = Environment("staging", {"backend_url": "https://example.com"})
    >>> environment.name, environment["backend_url"]
    ('staging', 'https://example.com')
    >>> environment["backend"]
    Traceback (most recent call last):
    ssot_shims.errors.UnknownName: no value 'backend' in environment 'staging'; close: backend_url; known: backend_url
    """

    def __init__(self, name: str, values: Mapping[str, str], passed_over: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.passed_over: Mapping[str, str] = dict(passed_over or {})
        self._values = dict(values)

    def __getitem__(self, key: str) -> str:
        if key not in self._values:
            where = f"environment {self.name!r}"
            raise UnknownName("value", key, close_matches(str(key), self._values), tuple(self._values), where)
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # The values may hold passwords.
        return f"<Environment {self.name}: {', '.join(self._values) or 'no values'}>"


def choose_environment(name: str | None = None, *, folder: Path | None = None) -> Environment:
    """The first environment of pyproject.toml whose capabilities are available; with *name*, that one or an error.

    The pyproject.toml is the nearest one in *folder* or above it (default: the folder of the test run, else the working
    directory). Its capabilities are registered, and its modules imported. ``SSOT_SHIMS_ENVIRONMENT`` may give the name.
    An environment that lacks something in ``SSOT_SHIMS_REQUIRE`` is an error, and no later one is tried.

    Raises :class:`NoEnvironment` with every reason when none can be used, :class:`UnknownName` for a *name* that is not
    there, and :class:`InvalidSetting` for a bad table, an unknown capability, or a variable that is not set.

    >>> import os, tempfile
    >>> os.environ["STAGING_URL"] = "https://staging.example.com"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "pyproject.toml").write_text('''
    ... [[tool.ssot_shims.environments]]
    ... name = "staging"
    ... values = { backend_url = "${STAGING_URL}/api" }
    ... ''')
    ...     dict(choose_environment(folder=Path(folder)))
    {'backend_url': 'https://staging.example.com/api'}
    >>> del os.environ["STAGING_URL"]
    """
    folder = folder or run_options().folder or Path.cwd()
    project = find_project(folder)
    with importable(folder, project.root):  # to the end, because probes import too
        register(project)
        for _, error in import_each(project, folder):
            raise error
        return choose_from(project, name or _settings.environment(), required_here())


def choose_from(project: Project, name: str | None, required: Mapping[str, str]) -> Environment:
    """The first usable environment of *project*, whose modules have been imported; with *name*, that one.

    *required* holds who requires each name.
    """
    passed_over, is_breakage = dict[str, str](), False
    for declaration in _candidates(project, name):
        lacking = [one for one in judge_each(declaration.requires, required) if one.outcome != "run"]
        if not lacking:
            return Environment(declaration.name, declaration.filled(), passed_over)
        passed_over[declaration.name] = "; ".join(map(str, lacking))
        is_breakage |= any(verdict.outcome == "error" for verdict in lacking)
        if any(verdict.is_required for verdict in lacking):
            break  # to go on elsewhere would hide it
    raise NoEnvironment(passed_over, is_breakage)


class EnvironmentFinding(Record):
    """What became of one environment. It is ``failed`` when it could be used, but for a value that does not read."""

    declaration: EnvironmentDeclaration
    status: Literal["chosen", "usable", "unusable", "failed"]
    reason: str
    hint: str = ""


def survey_environments(project: Project) -> tuple[tuple[EnvironmentFinding, ...], tuple[str, ...]]:
    """What became of each environment of *project*, whose modules were imported, and what is wrong with the choice."""
    if not project.environments:
        return (), ()
    chosen, problems, required = "", tuple[str, ...](), required_here()
    try:
        chosen = choose_from(project, _settings.environment(), required).name
    except NoEnvironment:
        pass  # the findings say it all
    except SsotShimsError as error:
        problems = (str(error),)
    return tuple(_finding(declaration, chosen, required) for declaration in project.environments), problems


def _finding(declaration: EnvironmentDeclaration, chosen: str, required: Mapping[str, str]) -> EnvironmentFinding:
    lacking = [one for one in judge_each(declaration.requires, required) if one.outcome != "run"]
    if lacking:
        reason = "it lacks " + "; ".join(str(verdict.replace(hint="")) for verdict in lacking)
        hint = "; ".join(verdict.hint for verdict in lacking if verdict.hint)
        return EnvironmentFinding(declaration=declaration, status="unusable", reason=reason, hint=hint)
    try:
        declaration.filled()
    except InvalidSetting as error:
        return EnvironmentFinding(declaration=declaration, status="failed", reason=str(error))
    reason = f"it has {', '.join(declaration.requires)}" if declaration.requires else "it requires nothing"
    if declaration.name == chosen:
        return EnvironmentFinding(declaration=declaration, status="chosen", reason=reason)
    named = _settings.environment()
    first = f"; {_settings.ENVIRONMENT} asks for {named}" if named else f"; {chosen} comes first" if chosen else ""
    return EnvironmentFinding(declaration=declaration, status="usable", reason=reason + first)


def _candidates(project: Project, name: str | None) -> tuple[EnvironmentDeclaration, ...]:
    """The environments to try in turn. Raises for an unknown capability in any of them."""
    if not project.environments:
        where = project.file or f"pyproject.toml in {project.root} or above"
        expected = "at least one table that begins with [[tool.ssot_shims.environments]]"
        raise InvalidSetting(f"tool.ssot_shims.environments in {where}", "", expected, "is missing")
    for declaration in project.environments:
        for requirement in declaration.requires:
            try:
                capabilities[requirement]
            except SsotShimsError as error:
                expected = f"a known capability; {redact(str(error))}"
                raise InvalidSetting(declaration.setting("requires"), requirement, expected) from error
    return project.environments if name is None else (declared(project, name),)


def declared(project: Project, name: str) -> EnvironmentDeclaration:
    """The environment *name* of *project*. Raises :class:`UnknownName`."""
    declarations = {one.name: one for one in project.environments}
    if name not in declarations:
        raise UnknownName("environment", name, close_matches(name, declarations), tuple(declarations))
    return declarations[name]
