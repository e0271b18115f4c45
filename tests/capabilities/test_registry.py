"""What can be registered, and what is said to bad input."""

from __future__ import annotations

import functools
import importlib
import pickle
import sys
from typing import Any

import pytest

import ssot_shims
from ssot_shims import Capability, CapabilityMissing, Registry, capabilities
from ssot_shims._capabilities.capability import capability
from ssot_shims.errors import InvalidDeclaration, UnknownName
from tests.conftest import Write, run
from tests.support.flights import Clock, line_of


def test_a_registry_speaks_python(registry: Registry) -> None:
    """``in``, iteration and item access."""

    @registry.register("gpu", timeout=1, ttl=5, service=True)
    def gpu() -> None: ...

    registry.register("git", "command:git")
    assert ("gpu" in registry, "gpus" in registry, 3 in registry) == (True, False, False)
    assert [*registry] == ["git", "gpu"]
    where = line_of(gpu)
    expected = Capability(name="gpu", probe=gpu, timeout=1, ttl=5, service=True, level="user", where=where)
    assert registry["gpu"] == expected
    assert (registry["gpu"].notation, registry["gpu"].is_service, registry["gpu"].parts) == (where, True, ())
    assert (registry["git"].notation, registry["git"].is_service) == ("command:git", False)


@pytest.mark.parametrize("levels", [("user", "pyproject", "built-in"), ("built-in", "pyproject", "user")])
def test_the_higher_level_wins_in_any_order(registry: Registry, levels: tuple[str, ...]) -> None:
    """User, pyproject, built-in; an answer from a lower level is forgotten."""
    highest = []
    for level in levels:
        registry.add(capability("gpu", functools.partial(lambda level: (False, level), level), level=level))
        highest.append(registry.check("gpu").reason)
    assert highest == (["user"] * 3 if levels[0] == "user" else [*levels])


def test_a_second_registration_names_the_first(registry: Registry) -> None:
    """With the place of both; the same probe in the same file is none. ``replace=True`` forgets the answer."""
    for _ in range(2):
        for name, probe in {"function": line_of, "method": Clock().__call__, "gpu": "env:PATH"}.items():
            registry.register(name, probe)
    with pytest.raises(InvalidDeclaration) as caught:
        registry.register("gpu", lambda: False)
    first, second = (line_of(test_a_second_registration_names_the_first, offset) for offset in (4, 6))
    told = f"{second} registers the capability 'gpu', which {first} has registered; use another name, or pass "
    assert str(caught.value) == f"{told}replace=True"
    assert registry.check("gpu")
    registry.register("gpu", lambda: False, replace=True)
    assert not registry.check("gpu")


def test_a_module_that_is_loaded_again_registers_again(write: Write) -> None:
    """What it registered before is replaced, and its answer forgotten; another file is refused."""
    text = (
        "from ssot_shims import capabilities\n@capabilities.register('gpu')\ndef gpu():\n    return answer\n"
        "capabilities.register('text', 'env:PATH')\ncapabilities.register('plain', lambda: answer)\n"
    )
    write({"acme_again.py": f"answer = False\n{text}", "acme_other.py": f"answer = True\n{text}"})
    again = importlib.import_module("acme_again")
    assert not capabilities.check("gpu")
    write({"acme_again.py": f"answer = 0 == 0\n{text}"})
    importlib.reload(again)
    assert (bool(capabilities.check("gpu")), bool(capabilities.check("plain"))) == (True, True)
    with pytest.raises(InvalidDeclaration, match=r"acme_other\.py:\d+ registers the .*'gpu', which .*acme_again"):
        importlib.import_module("acme_other")


@pytest.mark.parametrize("name", ["my-gpu", "Docker", "_x", "", 3])
def test_a_name_that_does_not_read_is_refused(registry: Registry, name: str) -> None:
    """With what it could be."""
    expected = "use lower-case letters, digits and _, beginning with a letter"
    with pytest.raises(InvalidDeclaration, match=f"^{name!r} is not a valid capability name; {expected}$"):
        registry.register(name, "env:PATH")


@pytest.mark.parametrize("option", ["timeout", "ttl"])
def test_seconds_that_do_not_read_are_refused(registry: Registry, option: str) -> None:
    """Above 0, and no more than a day."""
    for seconds in (0, -1, float("nan"), float("inf"), 86401, True, "3"):
        with pytest.raises(InvalidDeclaration) as caught:
            registry.register("gpu", "env:PATH", **{option: seconds})  # type: ignore[call-overload]
        assert str(caught.value) == f"the {option} of 'gpu' is {seconds!r}; give seconds above 0, at most a day (86400)"
    registry.register("gpu", "env:PATH", **{option: 86400})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("probe", "options", "told"),
    [
        # Text would be a yes, whatever it says.
        ("env:PATH", {"service": "no"}, "the service of 'gpu' is 'no'; give True, False or None"),
        (int, {}, "the probe of 'gpu' is <class 'int'>; give a function, or text such as 'tcp://localhost:5432'"),
        (3, {}, "the probe of 'gpu' is 3; give a function, or text such as 'tcp://localhost:5432'"),
        ("all:docker,git", {"timeout": 3}, "'gpu' combines others and has a timeout or ttl; give those to its parts"),
        ("all:docker,git", {"ttl": 3}, "'gpu' combines others and has a timeout or ttl; give those to its parts"),
    ],
)
def test_a_probe_that_cannot_be_one_is_refused(registry: Registry, probe: Any, options: Any, told: str) -> None:
    """A class, a number; a combination with a deadline of its own."""
    for register in (registry.register, lambda name, probe, **options: registry.register(name, **options)(probe)):
        with pytest.raises(InvalidDeclaration) as caught:
            register("gpu", probe, **options)
        assert str(caught.value) == told


def test_more_may_be_declared_when_a_name_is_unknown(registry: Registry) -> None:
    """Once, for the first such name; what that registers is found, and what it asks for itself is just unknown."""
    unknown: list[object] = []

    def declare() -> None:
        with pytest.raises(UnknownName):
            registry.check("nowhere")
        unknown.append(1)
        registry.register("late", "env:PATH")

    registry.register("early", "env:PATH")
    assert registry.when_unknown(declare) is None
    assert (bool(registry.check("early")), unknown) == (True, [])
    assert (bool(registry.check("late")), unknown) == (True, [1])
    with pytest.raises(UnknownName):
        registry.check("elsewhere")
    assert (registry.when_unknown(declare), registry.when_unknown(None), unknown) == (None, declare, [1])


def test_an_unknown_name_gets_close_matches(registry: Registry) -> None:
    """Wherever a name is asked for: check, require, override, refresh, an item, a part of a combination."""
    for name in ("docker", "postgres"):
        registry.register(name, lambda: True)
    registry.register("typo", "all:docker,postgers")
    for ask in (registry.check, registry.require, registry.refresh, registry.__getitem__):
        with pytest.raises(UnknownName) as caught:
            ask("dokcer")
        assert str(caught.value) == "no capability 'dokcer'; close: docker; known: docker, postgres, typo"
        assert caught.value.__context__ is None
    with pytest.raises(UnknownName):
        registry.override(dokcer=True)
    with pytest.raises(UnknownName, match="^no capability 'xyz'; known: docker, postgres, typo$"):
        registry.check("xyz")
    with pytest.raises(UnknownName, match="^no capability 'postgers'; close: postgres; known: docker"):
        registry.check("typo")


def test_a_python_probe_is_loaded_when_it_is_asked_for(registry: Registry, write: Write) -> None:
    """Also one inside a class."""
    write({"acme.py": "class Gpu:\n    @staticmethod\n    def there(): return False, 'no device'\n"})
    registry.register("gpu", "python:acme:Gpu.there")
    assert "acme" not in sys.modules
    assert registry.check("gpu").reason == "no device"


def test_a_python_probe_that_breaks_is_failed(registry: Registry, write: Write) -> None:
    """A module that is missing or exits, a name that is none in it, an object that is no function."""
    write({"acme_leaves.py": "raise SystemExit('me:hunter2@db')", "acme_probes.py": "gpu = 3"})
    reasons = {
        "acme_missing:gpu": "raised ModuleNotFoundError: No module named 'acme_missing'",
        "acme_leaves:gpu": "raised SystemExit: ***@db",
        "acme_probes:gone": "raised AttributeError: module 'acme_probes' has no attribute 'gone'",
    }
    for target, reason in reasons.items():
        registry.register("gpu", f"python:{target}", replace=True)
        answer = registry.check("gpu")
        assert (answer.status, answer.reason) == ("failed", f"loading python:{target} {reason}")
        assert answer.hint == "to answer without it: SSOT_SHIMS_HAS_GPU=0"
    registry.register("gpu", "python:acme_probes:gpu", replace=True)
    assert registry.check("gpu").reason.startswith("its probe raised TypeError: 'int' object is not callable")


def test_the_built_in_capabilities() -> None:
    """Five, each with its notation; none is asked by being looked at."""
    shared = ssot_shims.capabilities
    names = {"docker": "docker", "docker_compose": "docker_compose", "docker_sdk": "module:docker.client"}
    names |= {"git": "command:git", "podman": "command:podman"}
    assert {name: shared[name].notation for name in names} == names
    assert [name for name in names if shared[name].is_service] == ["docker"]
    assert {shared[name].level for name in names} == {"built-in"}
    assert pickle.loads(pickle.dumps(shared)) is shared


def test_the_short_questions_agree_with_the_long_one() -> None:
    """``is_available``, ``is_docker_available`` and ``require``, known or not, under overrides, and for wrong names."""
    shared = ssot_shims.capabilities
    shared.refresh()
    for _ in range(2):
        assert ssot_shims.is_docker_available() is ssot_shims.is_available("docker") is bool(shared.check("docker"))
    for answer in (True, False):
        with shared.override(docker=answer):
            assert ssot_shims.is_docker_available() is ssot_shims.is_available("docker") is answer
    with shared.override(docker=False, git=True):
        ssot_shims.require("git")
        with pytest.raises(CapabilityMissing, match=r"^docker: .* override\(docker=False\) at .*test_registry.py:\d+"):
            ssot_shims.require("git", "docker")
    with pytest.raises(UnknownName) as caught:
        ssot_shims.is_available("dcoker")
    assert caught.value.__context__ is None
    assert all(shared.check(name).reason for name in ("docker_compose", "docker_sdk", "git", "podman"))


def test_importing_it_asks_nothing_and_loads_little() -> None:
    """No socket, no thread, no subprocess, no typing, no json, before somebody asks."""
    code = (
        "import sys\nfrom ssot_shims import capabilities, is_available, is_docker_available\n"
        "print({'socket', 'ssl', 'threading', 'subprocess', 'typing', 'json', 'dataclasses', 're', 'asyncio', "
        "'importlib_metadata'} & sys.modules.keys(), capabilities._answers.hits)"
    )
    assert run(code, "-S") == ("set() {}\n", "")
