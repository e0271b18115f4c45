"""What the options, the ini keys and pyproject.toml say, put into force before the first conftest.py is imported.

Options become environment variables, so that they hold in the workers of pytest-xdist, in processes that a test starts,
and for shims that are imported at any time. All of it is undone when pytest ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import ssot_shims._settings as _settings
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._plugin.results import results_of
from ssot_shims._project.declarations import import_each, import_problem, importable, told_later
from ssot_shims._project.environment import declared
from ssot_shims._project.pyproject import Project, read_project
from ssot_shims._project.requirement import RunOptions, Verdict, judge_each, set_run_options, unused_shims
from ssot_shims._record import Record
from ssot_shims._shims.shim import all_shims
from ssot_shims.errors import InvalidSetting, SsotShimsError


class Settings(Record):
    """What is in force in one run: the project, who requires each name, and the reports to write."""

    project: Project
    required: Mapping[str, str] = {}
    reports: tuple[Path, ...] = ()


_KEY = pytest.StashKey[Settings]()


def settings_of(config: pytest.Config) -> Settings:
    """The settings of a run; empty when there are none."""
    return config.stash.setdefault(_KEY, Settings(project=Project(root=config.rootpath)))


def import_modules(config: pytest.Config) -> None:
    """Import the modules in which the project declares things, unless that was done; note those that fail."""
    project, before, shims = settings_of(config).project, capabilities.registered(), all_shims()
    with importable(project.root), told_later():
        for module, error in import_each(project, project.root):
            results_of(config).problems[import_problem(module, error)] = ""
    unused_shims.update(shim.name for shim in all_shims() if shim not in shims and not shim.problem)
    if sharing := config.pluginmanager.get_plugin("ssot_shims sharing"):
        sharing.include(capabilities.registered().keys() - before.keys())


def judge(config: pytest.Config, names: Iterable[str], waits: Mapping[str, float | None] = {}) -> tuple[Verdict, ...]:
    """The verdict on each of *names* in this run; *waits* are seconds to wait for it."""
    settings = settings_of(config)
    # As on the command line, where a probe may be named by its module.
    with importable(settings.project.root) if settings.project.file else nullcontext():
        return judge_each(names, settings.required, waits)


def apply(config: pytest.Config, pyproject: Path | None) -> None:
    """Put everything into force, for as long as *config* lasts. Raises UsageError for what does not read."""
    undo, variables = ExitStack(), pytest.MonkeyPatch()
    config.add_cleanup(undo.close)
    undo.callback(variables.undo)
    try:
        for read in (_settings.strict, _settings.forced_placeholders, _settings.timeout, _settings.no_services):
            read()
        required = _required(config)
        said_by: dict[str, str] = {}
        for name in ("strict", "no_services", "environment"):
            said_by |= _set(variables, config, name)
        if required:
            variables.setenv(_settings.REQUIRE, ",".join(required))
        project = read_project(pyproject) if pyproject else Project(root=config.rootpath)
        for capability in project.capabilities:
            before = capabilities.set_level(capability.name, capability.level, capability)
            undo.callback(capabilities.set_level, capability.name, capability.level, before)
        chosen = _settings.environment()
        if chosen and (project.environments or _settings.ENVIRONMENT in said_by):  # else it is meant for another
            declared(project, chosen)
        reports = tuple(_reports(config))
    except SsotShimsError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_KEY] = Settings(project=project, required=required, reports=reports)
    capabilities.explain_unknown("")  # load_project() would add nothing
    # To import them for every run would import upstreams that its tests do not use.
    declare_more = partial(import_modules, config)
    undo.callback(capabilities.when_unknown, capabilities.when_unknown(declare_more))
    options = RunOptions(required=required, said_by=said_by, folder=project.root, declare=declare_more)
    undo.callback(set_run_options, set_run_options(options))


def _option(config: pytest.Config, name: str) -> Any:
    return getattr(config.known_args_namespace, name, None) or getattr(config.option, name, None)


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"{name} in {config.inipath} is not valid: {error}") from error


def _required(config: pytest.Config) -> dict[str, str]:
    """Who requires each name; they add up, and the first one is shown."""
    places: dict[str, list[str]] = {
        "--ssot-require": _option(config, "ssot_require") or [],
        "ini ssot_require": _ini(config, "ssot_require"),
        _settings.REQUIRE: [os.environ.get(_settings.REQUIRE, "")],
    }
    required: dict[str, str] = {}
    for place, texts in places.items():
        names = _settings.required_names(place, ",".join(texts))
        required.update({name: place for name in names if name not in required})
    return required


def _set(variables: pytest.MonkeyPatch, config: pytest.Config, setting: str) -> dict[str, str]:
    """Set the variable as the option says, else as the ini key says where the user has not set it; give who said it."""
    name, variable = f"ssot_{setting}", _settings.PREFIX + setting.upper()
    option, ini, there = _option(config, name), _ini(config, name), os.environ.get(variable, "").strip()
    value = "1" if (option or ini) is True else option or ini
    if not value or (there not in ("", value) and not option):
        return {}
    variables.setenv(variable, value)
    return {variable: f"--{name.replace('_', '-')}" if option else f"ini {name}"}


def _reports(config: pytest.Config) -> Iterator[Path]:
    # As pytest does: an option is meant from where the user stands, an ini key from the root.
    place, folder = "--ssot-report", config.invocation_params.dir
    texts: list[str] = _option(config, "ssot_report") or []
    if not texts:
        place, folder = "ini ssot_report", config.rootpath
        texts = [text for text in [_ini(config, "ssot_report")] if text]
    for text in texts:
        if not is_summary(folder / text) and not text.endswith((".json", ".md")):
            raise InvalidSetting(place, text, "a name that ends with .json or .md, or the value of GITHUB_STEP_SUMMARY")
        yield folder / text


def is_summary(file: Path) -> bool:
    """Whether *file* is the summary of a step of GitHub Actions, which others write to as well."""
    name = os.environ.get("GITHUB_STEP_SUMMARY", "")
    return bool(name) and file == Path(name).absolute()
