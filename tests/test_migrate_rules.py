"""The rules of a migration: how they are read, which are refused, and which files they may concern."""

from __future__ import annotations

import pickle

import pytest

from ssot_shims import HeartbeatConfig, RetryPolicy, all_shims, shim, shim_of
from ssot_shims._migrate.rules import Rules, read_rules, shim_rules, upstreams_of
from ssot_shims.errors import InvalidDeclaration

NOTATION = "write a rule as 'old.mod:Name' = 'new.mod:Name', or for every name 'old.mod:*' = 'new.mod:*'"


def rules(*said: str) -> Rules:
    """Rules written ``old.mod:Name = new.mod:Name``, each with who says so behind a bar, which need not be."""
    parted = [text.partition(" | ") for text in said]
    sides = [(rule.partition(" = "), who or "--rule") for rule, _, who in parted]
    return read_rules((old, new, who) for (old, _, new), who in sides)


def read(*said: str) -> list[str]:
    return [rule.shown for rule in rules(*said).rules]


# --- reading


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
    assert [rule.new_name_of(name) for rule, name in zip(both.rules, "XA", strict=True)] == ["X", "B"]


def test_what_a_user_says_counts_and_not_what_a_shim_says() -> None:
    """Whichever comes first; of two shims that say different things, none counts more."""
    user, other = "old:A = mine:A", "old:A = shims:A | the shim A"
    assert read(user, other) == read(other, user) == ["old:A = mine:A (--rule)"]
    with pytest.raises(InvalidDeclaration, match="has two new homes"):
        rules(other, "old:A = b:A | the shim B")


def test_rules_go_to_other_processes() -> None:
    """They are the same there."""
    both = rules("old:* = new:*", "old.mod:A = other:B")
    again = pickle.loads(pickle.dumps(both))
    assert again == both
    assert again != rules("old:* = new:*")
    assert (again.find("old.mod", "A"), again != 3) == (both.rules[1], True)


def test_names_are_read_as_the_compiler_reads_them() -> None:
    """Different spellings of one identifier (PEP 3131) are one rule."""
    assert read("old:\uff21 = new:A", "old:A = new:A") == ["old:A = new:A (--rule)"]


# --- refusing


@pytest.mark.parametrize(
    ("said", "problem", "cure"),
    [
        ("old.mod.A = new.mod:A", "old.mod.A = new.mod:A (--rule): 'old.mod.A' has no colon", NOTATION),
        ("old:A = new", "old:A = new (--rule): 'new' has no colon", NOTATION),
        ("old:A = ", "old:A =  (--rule): '' has no colon", NOTATION),
        (":A = new:A", ":A = new:A (--rule): '' is not a module that can be named", NOTATION),
        ("old..x:A = new:A", "old..x:A = new:A (--rule): 'old..x' is not a module that can be named", NOTATION),
        ("a.class.b:A = n:A", "a.class.b:A = n:A (--rule): 'a.class.b' is not a module that can be named", NOTATION),
        (
            "__future__:annotations = new:A",
            "__future__:annotations = new:A (--rule): '__future__' is not a module that can be named",
            NOTATION,
        ),
        ("old:A.B = new:A", "old:A.B = new:A (--rule): 'A.B' is not a name that can be imported", NOTATION),
        ("old: = new:A", "old: = new:A (--rule): '' is not a name that can be imported", NOTATION),
        ("old:A = new:if", "old:A = new:if (--rule): 'if' is not a name that can be imported", NOTATION),
        (
            "old:A = new.__deep:A",
            "old:A = new.__deep:A (--rule): inside a class '__deep' is another name, by the class "
            "(private name mangling)",
            "move it by hand",
        ),
        ("old:A* = new:A", "old:A* = new:A (--rule): 'A*' is not a name that can be imported", NOTATION),
        ("old:* = new:A", "old:* = new:A (--rule) has '*' on one side only", NOTATION),
        ("old:A = new:*", "old:A = new:* (--rule) has '*' on one side only", NOTATION),
        (
            "old:A = old:A",
            "old:A = old:A (--rule) leads onto itself",
            "name another home, or leave it out",
        ),
    ],
)
def test_a_rule_that_does_not_read_is_an_error(said: str, problem: str, cure: str) -> None:
    """The error says which part does not, and who said it."""
    with pytest.raises(InvalidDeclaration) as caught:
        rules(said)
    assert str(caught.value) == f"{problem}; {cure}"
    assert (caught.value.problem, caught.value.hint) == (problem, cure)


def test_two_new_homes_for_one_name_are_an_error() -> None:
    """Both rules are named, and who says them."""
    with pytest.raises(InvalidDeclaration) as caught:
        rules("old:A = one:A", "old:A = two:A | tool.ssot_shims.migrate in pyproject.toml")
    assert str(caught.value) == (
        "old:A has two new homes: old:A = one:A (--rule) and "
        "old:A = two:A (tool.ssot_shims.migrate in pyproject.toml); leave one of the two out"
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            ("a:A = b:B", "b:B = c:C | a file"),
            "the rules make a chain: a:A = b:B (--rule), then b:B = c:C (a file); say a:A = c:C",
        ),
        (
            ("a:A = b:B", "b:B = c:C", "c:C = d:D"),
            "the rules make a chain: a:A = b:B (--rule), then b:B = c:C (--rule), then c:C = d:D (--rule); "
            "say a:A = d:D",
        ),
        (
            ("a:* = b:*", "b:* = c:*"),
            "the rules make a chain: a:* = b:* (--rule), then b:* = c:* (--rule); say a:* = c:*",
        ),
        (
            ("a:* = b:*", "b:X = c:Y"),
            "the rules make a chain: a:* = b:* (--rule), then b:X = c:Y (--rule); say a:X = c:Y",
        ),
        (
            ("a:X = b:X", "b:* = c:*"),
            "the rules make a chain: a:X = b:X (--rule), then b:* = c:* (--rule); say a:X = c:X",
        ),
        (
            ("a:A = b:B", "b:B = a:A"),
            "the rules make a circle: a:A = b:B (--rule), then b:B = a:A (--rule); leave one of them out",
        ),
        (
            ("a:* = b:*", "b:* = c:*", "c:* = b:*"),
            "the rules make a circle: a:* = b:* (--rule), then b:* = c:* (--rule), then c:* = b:* (--rule); "
            "leave one of them out",
        ),
        (
            ("old:A = shims:A", "shims:A = old:A | the shim A"),
            "the rules make a circle: old:A = shims:A (--rule), then shims:A = old:A (the shim A); "
            "leave one of them out",
        ),
    ],
)
def test_chains_and_circles_are_errors(said: tuple[str, ...], message: str) -> None:
    """A second run would go further than the first; the rules are named, and what to say instead."""
    with pytest.raises(InvalidDeclaration) as caught:
        rules(*said)
    assert str(caught.value) == message


def test_a_rule_for_a_name_takes_it_out_of_the_rule_for_the_module() -> None:
    """So what looks like a chain is none: ``a.X`` goes to ``c``, and never to ``b``."""
    assert len(read("a:* = b:*", "a:X = c:X", "b:X = c:X")) == 3
    assert len(read("a:A = a:B", "b:A = b:C")) == 2


# --- what shims say


def test_the_shipped_shims_replace_what_their_users_import_today(fresh_shims: None) -> None:
    """The upstream's module, and the module that the two were first published in."""
    import ssot_shims

    records = (ssot_shims.HeartbeatConfig, ssot_shims.RetryPolicy) and all_shims()
    assert [rule.shown for rule in read_rules(shim_rules(records)).rules] == [
        "netra_backend.app.websocket_core.manager:HeartbeatConfig = ssot_shims:HeartbeatConfig "
        "(the shim HeartbeatConfig)",
        "test_framework.ssot.orchestration_enums:HeartbeatConfig = ssot_shims:HeartbeatConfig "
        "(the shim HeartbeatConfig)",
        "netra_backend.app.db.intelligent_retry_system:RetryPolicy = ssot_shims:RetryPolicy (the shim RetryPolicy)",
        "test_framework.ssot.orchestration_enums:RetryPolicy = ssot_shims:RetryPolicy (the shim RetryPolicy)",
    ]


def test_a_shim_of_a_suite_is_imported_from_where_it_is_declared() -> None:
    """One that a script declares cannot be imported from anywhere, and one that replaces nothing has no rule."""

    @shim("acme:Limits", replaces="old:Limits")
    class Limits: ...

    @shim("acme:Quota")
    class Quota: ...

    @shim("acme:Rate", replaces="old:Rate")
    class Rate:
        __module__ = "__main__"

    assert shim_rules(all_shims()) == (("old:Limits", f"{__name__}:Limits", "the shim Limits"),)
    assert shim_of(Rate).replaces == ("old:Rate",)


def test_the_upstreams_of_shims_are_whole_packages() -> None:
    """Wherever in them a target is, and however many places a shim names."""

    @shim("acme.ws.limits:Limits", "acme:Limits", "other.limits:Inner.Limits")
    class Limits: ...

    @shim("single:Quota")
    class Quota: ...

    assert upstreams_of(all_shims()) == {"acme", "other", "single"}


# --- which files


@pytest.mark.parametrize(
    "source",
    [
        "from old.mod import Name",
        "from old import mod; mod.Name",
        "from . import Name",
        "from.import(Name)",
        "from \\\n  ... import Name",
        "from .mod import Name",
        "from old.mod import *",
        "from old.mod import(*)",
        "from old . \\\n mod import Name",
        "import_module('old.mod')",
        'import_module("old.mod")',
        "patch('old.mod.Name')",
        "'old.' 'mod.Name'",
    ],
)
def test_a_file_that_rules_may_concern_is_found(source: str) -> None:
    """However the import is written, by one rule or by many."""
    few = rules("old.mod:Name = new.mod:Name")
    many = rules("old.mod:Name = new.mod:Name", *(f"old.m{n}:N{n} = new.m{n}:N{n}" for n in range(50)))
    assert few.may_concern(source.encode())
    assert many.may_concern(source.encode())


@pytest.mark.parametrize(
    "source", ["", "\u00e9", "from old.mod import Nam", "Name = mo", "from new import Name", "import *"]
)
def test_a_file_that_rules_cannot_concern_is_left_aside(source: str) -> None:
    """It is not even parsed."""
    few = rules("old.mod:Name = new.mod:Name")
    many = rules("old.mod:Name = new.mod:Name", *(f"old.m{n}:N{n} = new.m{n}:N{n}" for n in range(50)))
    assert not few.may_concern(source.encode())
    assert not many.may_concern(source.encode())


def test_a_file_is_found_by_the_whole_last_step_of_a_module() -> None:
    """Also by many rules, which are looked for by its words."""
    many = rules(*(f"old.m_{n}:N{n} = new.m{n}:N{n}" for n in range(50)))
    assert many.may_concern("\u00e9; from old.m_7 import N7".encode())
    assert not many.may_concern(b"from old.m import N7")


def test_a_rule_for_a_module_concerns_every_file_with_its_last_step() -> None:
    """Any name may be meant."""
    whole = rules("old.mod:* = new.mod:*")
    assert [whole.may_concern(text) for text in (b"from old import mod", b"from . import x", b"import old")] == [
        True,
        True,
        False,
    ]


def test_a_name_with_more_than_one_spelling_may_be_in_any_file_that_is_not_ascii() -> None:
    """The bytes of another normal form, or of another encoding, are others."""
    accented = rules("old:Caf\u00e9 = new:Caf\u00e9")
    texts = (
        "from old import Cafe\u0301".encode(),
        "from old import Caf\u00e9".encode("latin-1"),
        b"from old import Cafe",
    )
    assert [accented.may_concern(text) for text in texts] == [True, True, False]


def test_no_rules_concern_no_file() -> None:
    """Not even one that imports much."""
    assert not read_rules([]).may_concern(b"from . import *; from old.mod import Name")
    assert read_rules([]).dotted.search("old.mod.Name, x") is None


def test_the_faces_of_the_shims_are_what_the_rules_lead_to() -> None:
    """The new homes of the shipped rules are where the documentation says to import them from."""
    assert (HeartbeatConfig.__name__, RetryPolicy.__name__) == ("HeartbeatConfig", "RetryPolicy")
