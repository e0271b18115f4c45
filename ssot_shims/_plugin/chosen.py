"""The environment that the tests of one run share, chosen once."""

from __future__ import annotations

import pytest

from ssot_shims._capabilities.cache import Answers
from ssot_shims._plugin.markers import end, refuse
from ssot_shims._plugin.settings import judge, settings_of
from ssot_shims._plugin.tally import tally_of
from ssot_shims._project.declarations import importable
from ssot_shims._project.environment import Environment, choose_from
from ssot_shims._settings import environment as named_environment
from ssot_shims.errors import NoEnvironment, SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssot_shims._project.requirement import Verdict

_KEY = pytest.StashKey[Environment | SsotShimsError]()


def chosen(config: pytest.Config) -> Environment | SsotShimsError:
    """The environment, or why there is none."""
    if _KEY not in config.stash:
        config.stash[_KEY] = _choose(config)
    return config.stash[_KEY]


def _choose(config: pytest.Config) -> Environment | SsotShimsError:
    settings, named = settings_of(config), named_environment()
    try:
        with importable(settings.project.root):  # probes may be named by their modules
            own = choose_from(settings.project, named, settings.required)
            # Half of a run in one place and half in another would be worse than either.
            agreed = Answers.shared.agree("environment", own.name) if Answers.shared else own.name
            return own if agreed == own.name else choose_from(settings.project, agreed, settings.required)
    except SsotShimsError as error:
        return error


def provide(config: pytest.Config) -> Environment:
    """The environment, for a fixture; skips the test, or fails it when none was to be looked for any further."""
    found = chosen(config)
    if isinstance(found, Environment):
        tally_of(config).environments[found.name] = described(found)
        return found
    if not isinstance(found, NoEnvironment):
        refuse("ssot_environment", str(found))
    is_error = found.is_breakage or named_environment() is not None  # then it is that one, or none
    verdicts = _verdicts(config, found)
    if is_error and not found.is_breakage:
        verdicts = tuple(one if one.outcome == "run" else one.but(outcome="error") for one in verdicts)
    end(str(found), verdicts, is_error=is_error)


def described(environment: Environment) -> str:
    """Why it is *environment*."""
    passed_over = (f"{name} was passed over: {why}" for name, why in environment.passed_over.items())
    return "; ".join(passed_over) or "all that it requires is there"


def _verdicts(config: pytest.Config, missing: NoEnvironment) -> tuple[Verdict, ...]:
    """What the environments lack that were looked at."""
    plans = [plan for plan in settings_of(config).project.environments if plan.name in missing.reasons]
    asked = dict.fromkeys(name for plan in plans for name in plan.requires)
    return judge(config, asked)
