"""What the options, the ini keys and pyproject.toml say, put into force before the first conftest.py is imported.

Options become environment variables: the workers of pytest-xdist, processes that a test starts, and shims that are
imported at any time are under them. All of it is undone when pytest ends.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial

import pytest

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._capabilities.check import no_services
from ssot_shims._project.declarations import ImportFailure, declare, importable, told_later
from ssot_shims._project.pyproject import Project, read_project
from ssot_shims._project.requirement import RunOptions, judge_each, set_run_options
from ssot_shims._record import Record
from ssot_shims._text import did_you_mean
from ssot_shims.errors import InvalidSetting, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from ssot_shims._capabilities.capability import Capability
    from ssot_shims._project.requirement import Verdict


class Settings(Record):
    """What is in force in one run: who requires each name, who has said what each variable says, and the reports."""

    project: Project
    required: Mapping[str, str] = {}
    said_by: Mapping[str, str] = {}
    reports: tuple[Path, ...] = ()

    def import_modules(self) -> tuple[str, ...]:
        """Import the modules in which the project declares things, and tell of those that cannot be imported."""
        problems: list[str] = []
        with importable(self.project.root), told_later():
            for module in self.project.modules:
                try:
                    declare(self.project.replace(modules=(module,)), self.project.root)
                except KeyboardInterrupt:
                    raise
                except SsotShimsError as error:
                    problems.append(str(error))
                except BaseException as error:  # a module may end in any way, SystemExit included
                    failure = ImportFailure(module=module, error=error)
                    problems.append(f"tool.ssot_shims.modules in {self.project.file}: {failure}")
        return tuple(problems)


_KEY = pytest.StashKey[Settings]()


def settings_of(config: pytest.Config) -> Settings:
    """The settings of a run; where nobody has said anything they say nothing."""
    return config.stash.get(_KEY, None) or Settings(project=Project(root=config.rootpath))


def judge(config: pytest.Config, names: Iterable[str]) -> tuple[Verdict, ...]:
    """The verdict on each of *names* in this run."""
    settings = settings_of(config)
    # As on the command line, where a probe may be named by its module.
    with importable(settings.project.root) if settings.project.file else nullcontext():
        return judge_each(names, settings.required)


def apply(config: pytest.Config, pyproject: Path | None) -> None:
    """Put everything into force, for as long as *config* lasts. Raises UsageError for what does not read."""
    try:
        for read in (_settings.strict, _settings.forced_placeholders, _settings.timeout, no_services):
            read()
        required = _required(config)
        said_by = {
            **_set(config, _settings.STRICT, "ssot_strict"),
            **_set(config, _settings.NO_SERVICES, "ssot_no_services"),
            **_set(config, _settings.ENVIRONMENT, "ssot_environment"),
        }
        _put(config, _settings.REQUIRE, ",".join(required))
        project = read_project(pyproject) if pyproject else Project(root=config.rootpath)
        for capability in project.capabilities:
            _register(config, capability)
        _refuse_unknown_environment(project, said_by)
        reports = tuple(_reports(config))
    except SsotShimsError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_KEY] = Settings(project=project, required=required, said_by=said_by, reports=reports)
    _tell(config, RunOptions(required=required, said_by=said_by, folder=project.root))


def _option(config: pytest.Config, name: str) -> Any:
    return getattr(config.known_args_namespace, name)


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"{name} in {config.inipath} does not read: {error}") from error


def _required(config: pytest.Config) -> dict[str, str]:
    """Who requires each name; they add up, and the first who says so is told."""
    places: tuple[tuple[str, list[str]], ...] = (
        ("--ssot-require", _option(config, "ssot_require") or []),
        ("ini ssot_require", _ini(config, "ssot_require")),
        (_settings.REQUIRE, [os.environ.get(_settings.REQUIRE, "")]),
    )
    required: dict[str, str] = {}
    for place, texts in places:
        for name in _settings.required_names(place, ",".join(texts)):
            required.setdefault(name, place)
    return required


def _set(config: pytest.Config, variable: str, name: str) -> dict[str, str]:
    """Set *variable* as the option says, else as the ini key says where the user has not set it; give who said it."""
    option, ini, there = _option(config, name), _ini(config, name), os.environ.get(variable, "").strip()
    value = "1" if (option or ini) is True else option or ini
    if not value or (there not in ("", value) and not option):
        return {}
    _put(config, variable, value)
    return {variable: f"--{name.replace('_', '-')}" if option else f"ini {name}"}


def _put(config: pytest.Config, variable: str, value: str) -> None:
    before = os.environ.get(variable)
    if value and value != before:
        os.environ[variable] = value
        config.add_cleanup(partial(_restore, variable, before))


def _restore(variable: str, before: str | None) -> None:
    os.environ.pop(variable, None)
    if before is not None:
        os.environ[variable] = before


def _tell(config: pytest.Config, new: RunOptions) -> None:
    before = set_run_options(new)

    def undo() -> None:
        set_run_options(before)

    config.add_cleanup(undo)


def _register(config: pytest.Config, capability: Capability) -> None:
    before = capabilities.set_level(capability.name, capability.level, capability)

    def undo() -> None:
        capabilities.set_level(capability.name, capability.level, before)

    config.add_cleanup(undo)


def _refuse_unknown_environment(project: Project, said_by: Mapping[str, str]) -> None:
    name, known = _settings.environment(), [plan.name for plan in project.environments]
    if name and known and name not in known:
        place = said_by.get(_settings.ENVIRONMENT, _settings.ENVIRONMENT)
        expected = f"one of {', '.join(known)}, which {project.file} has{did_you_mean(name, known)}"
        raise InvalidSetting(place, name, expected)
    if name and not known and _settings.ENVIRONMENT in said_by:  # the variable may be meant for another project
        expected = f"an environment of [tool.ssot_shims] in {project.file or project.root / 'pyproject.toml'}"
        raise InvalidSetting(said_by[_settings.ENVIRONMENT], name, f"{expected}, which has none")


def _reports(config: pytest.Config) -> Iterator[Path]:
    # As pytest does: an option is meant from where the user stands, an ini key from the root.
    place, folder = "--ssot-report", config.invocation_params.dir
    texts: list[str] = _option(config, "ssot_report") or []
    if not texts:
        place, folder = "ini ssot_report", config.rootpath
        texts = [text for text in [_ini(config, "ssot_report")] if text]
    for text in texts:
        if not text.endswith((".json", ".md")):
            raise InvalidSetting(place, text, "a name that ends with .json or .md")
        yield folder / text
