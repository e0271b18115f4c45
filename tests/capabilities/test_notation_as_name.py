"""Notation in place of a name: asked, cached, overridden and refreshed as a name is, and never listed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import ssot_shims
from ssot_shims import CapabilityMissing, Registry, capabilities, is_available
from ssot_shims.errors import InvalidDeclaration, InvalidSetting
from tests.conftest import Write
from tests.support.flights import until
from tests.support.hostile import Conversation, Peer, says, status


def test_notation_is_asked_as_a_name_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """By each way to ask; names are what a combination is made of, also in notation."""
    monkeypatch.setenv("RUN_E2E", "yes")
    assert capabilities.check("env:RUN_E2E").reason == "RUN_E2E is set"
    assert asyncio.run(capabilities.acheck("env:RUN_E2E=yes")).status == "available"
    assert is_available("env:RUN_E2E") is not is_available("env:RUN_E2E=no")
    assert ssot_shims.require("env:RUN_E2E", "env:RUN_E2E=yes") is None
    assert capabilities.check("env:RUN_E2E=yes", wait=1)
    capabilities.register("run_e2e", "env:RUN_E2E")
    assert capabilities.check("all:run_e2e").reason == "run_e2e: RUN_E2E is set"


def test_it_is_asked_once_and_is_in_no_list(registry: Registry) -> None:
    """A second question is answered from the cache; ``refresh`` and an override reach it."""
    with Peer(("127.0.0.1", 0), says(status("204 No Content"))) as server:
        notation = f"http://127.0.0.1:{server.place[1]}/"
        first = registry.check(notation)
        assert (first.status, first.name) == ("available", notation)
        assert registry.check(notation) is first
        with registry.override({notation: False}):
            assert registry.check(notation).source == "override"
        registry.refresh(notation)
        assert registry.check(notation)
        registry.refresh()  # whatever was asked for
        assert registry.check(notation)
        until(lambda: len(server.questions) == 3)
    assert ([*registry], registry.check_all(), registry.registered()) == ([], {}, {})
    assert registry[notation].notation == notation


def test_secrets_are_in_no_answer_and_tell_two_notations_apart(registry: Registry) -> None:
    """Another password is another question, although both are shown alike."""
    token = b"bWU6cmlnaHQ="  # me:right

    def act(talk: Conversation) -> None:
        said = talk.listen()
        talk.say(status("200 OK" if token in said else "401 Unauthorized"))

    with Peer(("127.0.0.1", 0), act) as server:
        right, wrong = (f"http://me:{word}@127.0.0.1:{server.place[1]}/" for word in ("right", "wrong"))
        for notation, is_there in ((right, True), (wrong, False), (right, True)):
            answer = registry.check(notation)
            assert bool(answer) is is_there
            assert "me:" not in repr(answer)
            assert answer.name == f"http://***@127.0.0.1:{server.place[1]}/"
        with pytest.raises(CapabilityMissing) as caught:
            registry.require(wrong)
        assert "wrong" not in str(caught.value)


def test_notation_that_does_not_read_is_no_absence(registry: Registry) -> None:
    """With the scheme that comes close, by each way to ask."""
    asks: list[Callable[[str], object]] = [registry.check, registry.require, registry.refresh, is_available]
    asks += [lambda text: registry.override({text: True}), lambda text: registry.check(text, wait=1)]
    for ask in asks:
        with pytest.raises(InvalidDeclaration, match="unknown scheme 'tpc'; close: tcp;"):
            ask("tpc://localhost:5432")


def test_a_bug_has_no_variable_to_name(registry: Registry) -> None:
    """``SSOT_SHIMS_HAS_...`` takes names only, so no hint offers it."""
    failed = registry.check("python:nowhere_at_all:probe")
    assert (failed.status, failed.hint) == ("failed", "")


def test_an_environment_may_require_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ``requires``; what does not read is an error with the key, and not a passed-over environment."""
    table = '[[tool.ssot_shims.environments]]\nname = "e2e"\nrequires = ["env:RUN_E2E=true"]\n'
    monkeypatch.setenv("RUN_E2E", "true")
    monkeypatch.chdir(write({"pyproject.toml": table}))
    assert ssot_shims.choose_environment().name == "e2e"
    write({"pyproject.toml": table.replace("env:", "evn:")})
    with pytest.raises(InvalidSetting, match=r"(?s)requires.*close: env"):
        ssot_shims.choose_environment()
