"""The rules of a migration: how they are read, which are refused, and which files they may concern."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssot_shims
from ssot_shims._codebase.source import parse
from ssot_shims._migrate.rules import Rules, rules_of, shims_in
from ssot_shims.errors import InvalidDeclaration

NOTATION = "write a rule as 'old.mod:Name' = 'new.mod:Name', or for every name 'old.mod:*' = 'new.mod:*'"


def rules(*said: str) -> Rules:
    """Rules written ``old.mod:Name = new.mod:Name``, each with where it is given behind a bar, which need not be."""
    parted = [text.partition(" | ") for text in said]
    sides = [(*rule.partition(" = ")[::2], where or "--rule") for rule, _, where in parted]
    by_shims = [side for side in sides if side[2].startswith("the shim")]
    return rules_of([side for side in sides if side not in by_shims], by_shims)


def read(*said: str) -> list[str]:
    return [rule.shown for rule in rules(*said).rules]


def test_rules_are_kept_with_who_says_them() -> None:
    """In the order in which they were said, blanks around them aside; one that is said twice is one."""
    assert read("old.mod:A = new.mod:B", "  old:* = new:*  | a file", "old.mod:A = new.mod:B | a file") == [
        "old.mod:A = new.mod:B (--rule)",
        "old:* = new:* (a file)",
    ]


def test_the_rule_for_a_name_comes_before_that_for_its_module() -> None:
    """And for any other name of the module that one counts; nothing is found for other modules."""
    both = rules("old:* = new:*", "old:A = other:B")
    found = [both.find(module, name) for module, name in (("old", "A"), ("old", "X"), ("older", "A"))]
    assert [rule and str(rule) for rule in found] == ["old:A = other:B", "old:* = new:*", None]
    homes = [str(rule.new_home_of(name)) for rule, name in zip(both.rules, "XA", strict=True)]
    assert homes == ["new:X", "other:B"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("old.mod.A = new.mod:A", ": 'old.mod.A' has no colon"),
        ("old:A = new", ": 'new' has no colon"),
        (":A = new:A", ": '' is not a module that can be named"),
        ("old..x:A = new:A", ": 'old..x' is not a module that can be named"),
        ("a.class.b:A = n:A", ": 'a.class.b' is not a module that can be named"),
        ("__future__:annotations = new:A", ": '__future__' is not a module that can be named"),
        ("old:A.B = new:A", ": 'A.B' is not a name that can be imported"),
        ("old: = new:A", ": '' is not a name that can be imported"),
        ("old:A = new:if", ": 'if' is not a name that can be imported"),
        ("old:* = new:A", " has '*' on one side only"),
        ("old:A = new:*", " has '*' on one side only"),
        ("old:A = old:A", " leads to itself"),
    ],
)
def test_a_rule_that_does_not_read_is_an_error(said: str, problem: str) -> None:
    """The error says which part does not, who said it, and how to write it."""
    with pytest.raises(InvalidDeclaration) as caught:
        rules(said)
    assert caught.value.problem == f"{said} (--rule){problem}"
    assert caught.value.hint == ("name another home, or leave it out" if "to itself" in problem else NOTATION)


@pytest.mark.parametrize(
    "said",
    [
        ("a:X = b:X", "b:X = c:X"),
        ("a:* = b:*", "b:X = c:Y"),
        ("a:X = b:X", "b:* = c:*"),
        ("a:A = b:B", "b:B = a:A"),
        ("old:A = shims:A", "shims:A = old:A | the shim A"),
    ],
)
def test_chains_and_circles_are_errors(said: tuple[str, str]) -> None:
    """A second run would go further than the first; both rules are named."""
    with pytest.raises(InvalidDeclaration) as caught:
        rules(*said)
    first, second = (f"{rule} ({where or '--rule'})" for rule, _, where in (text.partition(" | ") for text in said))
    assert caught.value.problem == f"one rule ends where another begins: {first}, then {second}"


def test_a_rule_of_the_user_wins_over_one_of_a_shim_and_no_other_wins() -> None:
    """Whichever comes first; both rules of an error are named, and where they are given."""
    user, other = "old:A = mine:A", "old:A = shims:A | the shim A"
    assert read(user, other) == read(other, user) == ["old:A = mine:A (--rule)"]
    with pytest.raises(InvalidDeclaration) as caught:
        rules(other, "old:A = b:A | the shim B")
    assert str(caught.value) == (
        "old:A has two new homes: old:A = shims:A (the shim A) and old:A = b:A (the shim B); leave one of the two out"
    )


def test_the_shipped_shims_replace_what_their_users_import_today() -> None:
    """The upstream's modules, and the module that the two were first published in."""
    folder, enums = Path(ssot_shims.__file__).parent, "test_framework.ssot.orchestration_enums"
    names = {"HeartbeatConfig": ["websocket_core.manager"]}
    names["RetryPolicy"] = ["db.intelligent_retry_system", "services.service_mesh.retry_policy"]
    for file, (name, modules) in zip(("heartbeat_config.py", "retry_policy.py"), names.items(), strict=True):
        upstreams = [f"netra_backend.app.{module}" for module in modules]
        [(found, _, places, targets)] = shims_in(parse((folder / file).read_bytes()))
        assert (found, places) == (name, [f"{module}:{name}" for module in (*upstreams, enums)])
        assert targets[0] == f"{upstreams[0]}:{name}"


@pytest.mark.parametrize(
    ("decorator", "places", "targets"),
    [
        ("@shim('a.b:C', replaces='old:C')", ["old:C"], ["a.b:C"]),
        ("@ssot_shims.shim('a.b:C', replaces=['old:C', 'older:C'])", ["old:C", "older:C"], ["a.b:C"]),
        ("@shim('a.b:C', replaces=PLACES)", [None], ["a.b:C"]),
        ("@shim(TARGET, replaces=('old:C', OTHER))", ["old:C", None], [None]),
        ("@shim('a.b:C')", [], ["a.b:C"]),
        ("@dataclass(replaces='old:C')", None, None),
        ("@shim", None, None),
    ],
)
def test_what_a_shim_replaces_is_read_from_its_decorator(
    decorator: str, places: list[str | None] | None, targets: list[str | None] | None
) -> None:
    """What is no plain text is not guessed; a shim in a block is one, too."""
    for definition in ("class C: ...", "def C(): ...", "async def C(): ..."):
        found = [*shims_in(parse(f"if X:\n {decorator}\n {definition}\n".encode()))]
        assert found == ([] if places is None else [("C", 2, places, targets)])


@pytest.mark.parametrize(
    "source",
    [
        "from old.mod import Name",
        "from old import mod; mod.Name",
        "from . import Name",
        "from.import(Name)",
        "from \\\n  ... import Name",
        "from .mod import Name",
        "from old . mod import Name",
        "from old  import mod; mod.Name",
        "import old as package; package.mod.Name",
        "from old.mod import *",
        "from old.mod import(*)",
        "patch('old.mod.Name')",
    ],
)
def test_a_file_that_rules_may_concern_is_found(source: str) -> None:
    """However the import is written."""
    found = rules("old.mod:Name = new.mod:Name")
    assert found.may_concern(source.encode())
    assert found.may_concern(b"\xff\xfe" + source.encode("utf-16-le"))  # to be reported as what Python does not read
    assert rules("u:\u00b5m = new:\u00b5m").may_concern("from u import \u00b5m".encode())  # read as another letter


@pytest.mark.parametrize(
    "source", ["", "\u00e9", "from old.mod import Nam", "Name=mo", "from new import Name", "import*"]
)
def test_a_file_that_rules_cannot_concern_is_left_aside(source: str) -> None:
    """It is not even parsed."""
    found = rules("old.mod:Name = new.mod:Name")
    assert not found.may_concern(source.encode())
