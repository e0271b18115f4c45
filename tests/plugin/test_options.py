"""Options, ini keys and fixtures do what they say, and say what they do."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Suite

# The test looks at what is in force while it runs, and conftest.py at what was when it was imported.
IN_FORCE = """
import os
from ssot_shims import capabilities
capabilities.register("service", lambda: True, service=True)
SEEN = {name: os.environ.get(f"SSOT_SHIMS_{name}") for name in ("STRICT", "NO_SERVICES", "REQUIRE", "ENVIRONMENT")}
"""
LOOK = """
import os, subprocess, sys
import pytest
from conftest import SEEN
@pytest.mark.requires_capability("service")
def test_service(): pass
def test_seen():
    code = "import os; print(os.environ.get('SSOT_SHIMS_STRICT'))"
    child = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == str(SEEN["STRICT"])
    pytest.skip(repr(SEEN))
"""
ENVIRONMENTS = "".join(f'[[tool.ssot_shims.environments]]\nname = "{name}"\n' for name in ("first", "second"))


def seen(suite: Suite, *arguments: str, env: dict[str, str] | None = None) -> tuple[str, str]:
    """What the suite saw, and what became of the test that needs a service."""
    run = suite.run(*arguments, env=env)
    return run.reasons["test_look.py::test_seen"], run.outcomes["test_look.py::test_service"]


def in_force(**values: str | None) -> str:
    return repr(dict.fromkeys(("STRICT", "NO_SERVICES", "REQUIRE", "ENVIRONMENT")) | values)


def test_option_before_variable_before_ini(suite: Suite) -> None:
    """Requirements add up; of the rest an option counts first, then what the user has set, then the ini key."""
    ini = "[pytest]\nssot_require =\n    git\n    service\nssot_strict = true\nssot_no_services = true\n"
    suite.write({"conftest.py": IN_FORCE, "test_look.py": LOOK, "pyproject.toml": ENVIRONMENTS})
    assert seen(suite) == (in_force(), "passed")

    options = ["--ssot-strict", "--ssot-require=service", "--ssot-require", "git,podman", "--ssot-environment=first"]
    given = {"SSOT_SHIMS_STRICT": "0", "SSOT_SHIMS_REQUIRE": "docker,git", "SSOT_SHIMS_ENVIRONMENT": "second"}
    said = in_force(STRICT="1", REQUIRE="service,git,podman,docker", ENVIRONMENT="first")
    assert seen(suite, *options, env=given) == (said, "passed")

    suite.write({"pytest.ini": ini + "ssot_environment = second\n"})
    said = in_force(STRICT="1", NO_SERVICES="1", REQUIRE="git,service", ENVIRONMENT="second")
    assert seen(suite) == (said, "error")
    given = {"SSOT_SHIMS_NO_SERVICES": "0", "SSOT_SHIMS_HAS_GIT": " yes"}
    said = in_force(STRICT="1", NO_SERVICES="0", REQUIRE="git,service", ENVIRONMENT="second")
    assert seen(suite, env=given) == (said, "passed")


def test_who_requires_it_and_how_to_undo_it_is_told_in_the_words_of_the_user(suite: Suite) -> None:
    """The option or ini key that was written, not the variable behind it."""
    ini = "[pytest]\nssot_no_services = yes\nssot_require = service\n"
    suite.write({"pytest.ini": ini, "conftest.py": IN_FORCE, "test_look.py": LOOK})
    assert suite.run("-k", "service").reasons == {
        "test_look.py::test_service": "service: required by ini ssot_require; unavailable: forced: "
        "SSOT_SHIMS_NO_SERVICES turns every service off; to ask the machine: leave out ini ssot_no_services"
    }
    assert seen(suite, "-o", "ssot_no_services=no", "-o", "ssot_require=")[1] == "passed"


OVERRIDE = """
import pytest
from ssot_shims import Availability, is_docker_available, is_available
@pytest.mark.parametrize("answer", [True, False])
def test_it_counts_at_once(override_capabilities, answer):
    override_capabilities(docker=answer, git=False)
    override_capabilities({"git": Availability(status="available", reason="the test says so")})
    assert is_docker_available() is answer
    assert is_available("git")
def test_it_is_undone(): assert not is_docker_available()
"""


def test_override_capabilities(suite: Suite) -> None:
    """The fixture answers at once, both ways, until its test ends."""
    suite.write({"test_it.py": OVERRIDE})
    run = suite.run(env={"SSOT_SHIMS_HAS_DOCKER": "0"})
    assert (run.code, run.counts) == (0, {"passed": 3}), run.out


# The option that asks pytest to explain, and what it shows of ours.
EXPLAINED = {
    "--markers": ["mark.requires_capability(*names, wait=None): skip ", "mark.requires_upstream(*names): skip "],
    "--fixtures": ["The first environment of pyproject.toml that", "A function that replaces answers until the test"],
    "--help": ["--ssot-no-services ", "--ssot-strict ", "--ssot-environment=", "; the same as --ssot-require"],
}


@pytest.mark.parametrize("option", EXPLAINED)
def test_pytest_explains_each_in_one_line(suite: Suite, option: str) -> None:
    """What pytest shows of itself shows ours."""
    out = suite.run(option).out.replace("\n", " ")
    assert [text for text in EXPLAINED[option] if text not in out] == []
