"""The fallback chain: the first environment of the project whose requirements hold, say Docker, else staging."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._project.declarations import declare, importable
from ssot_shims._project.pyproject import find_project
from ssot_shims._project.requirement import judge_each, required_here, told
from ssot_shims._record import Record
from ssot_shims._text import close_matches
from ssot_shims.errors import InvalidSetting, NoEnvironment, SsotShimsError, UnknownName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from ssot_shims._project.pyproject import EnvironmentPlan, Project
    from ssot_shims._project.requirement import Verdict


class Environment(Mapping[str, str]):
    """The values of one environment by name, and why those before it were passed over.

    ``name`` is that of the environment; ``passed_over`` holds, for each one before it, what that lacks. A wrong key is
    :class:`UnknownName`, which lists the keys.

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
    """The first environment in ``[tool.ssot_shims]`` whose requirements hold; with *name*, that one and no other.

    The pyproject.toml is the nearest one in *folder* or above it, by default that of the test run or, outside of any,
    the working directory. Its capabilities
    are registered, and its modules imported. Without *name*, ``SSOT_SHIMS_ENVIRONMENT`` may name one. When what an
    environment lacks is in ``SSOT_SHIMS_REQUIRE``, none behind it is looked at.

    Raises :class:`NoEnvironment` with every reason when none is usable, :class:`UnknownName`, and
    :class:`InvalidSetting` for a table that does not read, a capability that nobody knows, and a variable that is not
    set.

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
    folder = folder or told().folder or Path.cwd()
    project = find_project(folder)
    with importable(folder, project.root):  # to the end, because probes import too
        declare(project, folder)
        return choose_from(project, name or _settings.environment(), required_here())


def choose_from(project: Project, name: str | None, required: Mapping[str, str]) -> Environment:
    """The same among those of *project*, whose declarations are known; *required* holds who says so, by name."""
    passed_over: dict[str, str] = {}
    is_breakage = False
    for plan in _candidates(project, name):
        lacking = _lacking(plan, required)
        if not lacking:
            return Environment(plan.name, plan.filled(), passed_over)
        passed_over[plan.name] = _told(lacking)
        is_breakage |= any(verdict.outcome == "error" for verdict in lacking)
        if any(verdict.is_required for verdict in lacking):
            break  # to go on elsewhere would hide it
    raise NoEnvironment(passed_over, is_breakage)


class EnvironmentFinding(Record):
    """What became of one environment. It is ``failed`` when it could be used, but for a value that does not read."""

    plan: EnvironmentPlan
    status: Literal["chosen", "usable", "unusable", "failed"]
    why: str


class Chain(Record):
    """The environments of a project in their order, and what is wrong with the choice itself (empty: nothing)."""

    findings: tuple[EnvironmentFinding, ...] = ()
    problem: str = ""


def survey_environments(project: Project) -> Chain:
    """Which environment of *project*, whose declarations are known, would be chosen, and why not the others."""
    if not project.environments:
        return Chain()
    chosen, problem, required = "", "", required_here()
    try:
        chosen = choose_from(project, _settings.environment(), required).name
    except NoEnvironment:
        pass  # the findings say it all
    except SsotShimsError as error:
        problem = str(error)
    findings = tuple(_finding(plan, chosen, required) for plan in project.environments)
    return Chain(findings=findings, problem=problem)


def _finding(plan: EnvironmentPlan, chosen: str, required: Mapping[str, str]) -> EnvironmentFinding:
    lacking = _lacking(plan, required)
    if lacking:
        return EnvironmentFinding(plan=plan, status="unusable", why=f"it lacks {_told(lacking)}")
    try:
        plan.filled()
    except InvalidSetting as error:
        return EnvironmentFinding(plan=plan, status="failed", why=str(error))
    has = f"it has {', '.join(plan.requires)}" if plan.requires else "it requires nothing"
    if plan.name == chosen:
        return EnvironmentFinding(plan=plan, status="chosen", why=has)
    named = _settings.environment()
    instead = f"; {_settings.ENVIRONMENT} asks for {named}" if named else f"; {chosen} comes first" if chosen else ""
    return EnvironmentFinding(plan=plan, status="usable", why=has + instead)


def _candidates(project: Project, name: str | None) -> tuple[EnvironmentPlan, ...]:
    """Those to be tried in turn. Raises for a misspelled capability in any of them, needed today or not."""
    plans = {plan.name: plan for plan in project.environments}
    if not plans:
        where = project.file or f"a pyproject.toml in {project.root} or above"
        expected = "at least one table that begins with [[tool.ssot_shims.environments]]"
        raise InvalidSetting(f"tool.ssot_shims.environments in {where}", "not there", expected)
    for plan in plans.values():
        for requirement in plan.requires:
            try:
                capabilities[requirement]
            except UnknownName as error:
                raise InvalidSetting(plan.setting("requires"), requirement, f"a known capability; {error}") from error
    if name is None:
        return tuple(plans.values())
    if name not in plans:
        raise UnknownName("environment", name, close_matches(name, plans), tuple(plans))
    return (plans[name],)


def _lacking(plan: EnvironmentPlan, required: Mapping[str, str]) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in judge_each(plan.requires, required) if verdict.outcome != "run")


def _told(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(f"{verdict.name}: {verdict.reason}" for verdict in verdicts)
