"""Whether a new home is there: found out from files alone, and the reason when it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rules import rules_of
from tests.support.migrate_tree import plant

CURE = "correct the rule, or run this where the new home is"
STUB = "a stub (.pyi) beside the module that binds the name settles it"


def verdict(root: Path, new: str, name: str = "Name", *, is_of_shim: bool = False) -> str:
    """Why the rule is refused, and what to do; empty when it is not."""
    given = [("old.mod:*" if new.endswith(":*") else "old.mod:Name", new, "--rule")]
    [rule] = rules_of([], given).rules if is_of_shim else rules_of(given).rules
    return "; ".join(filter(None, NewHomes(roots=(str(root),)).why_refused(rule, name)))


def tree(root: Path, files: dict[str, str]) -> Path:
    """Files below a folder of its own, which is not on ``sys.path``."""
    plant(root, {**files})
    return root


def test_a_name_that_a_module_binds_is_there(tmp_path: Path) -> None:
    """By whatever statement, in a module or a package; nothing of it is run, and ``sys.path`` is as it was."""
    files = {"acme/__init__.py": "class Name: ...", "acme/limits.py": "class Name: ...\n1 / 0\n"}
    root = tree(tmp_path, {**files, "acme/rates.py": "from acme.limits import Name as Rate, Name"})
    before = list(sys.path)
    assert [verdict(root, new) for new in ("acme:Name", "acme.limits:Name", "acme.rates:Name")] == [""] * 3
    assert sys.path == before
    assert "acme" not in sys.modules


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("acme.limits:Name", "Name is not in {}/limits.py (read, not run); similar: acme.limits:Names"),
        ("acme.limit:Name", "there is no module acme.limit in {}/__init__.py; similar: acme.limits:Name"),
        ("acme.limits.deep:Name", "there is no module acme.limits.deep in {}/limits.py"),
        ("gone.mod:Name", "no package 'gone' is installed here"),
        ("many.two:Name", "only other parts of the namespace package many ({}/../many) are here"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_what_stands_near(tmp_path: Path, new: str, why: str) -> None:
    """The symbol, the module or the package: each has its own reason."""
    limits = "class Limits: ...\nclass Names: ..."
    root = tree(tmp_path, {"acme/__init__.py": "", "acme/limits.py": limits, "many/one.py": ""})
    why = why.format(root / "acme").replace("acme/../", "")
    assert verdict(root, new) == f"{new} is not there: {why}; {CURE}"


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("acme.py", "from elsewhere import *", "it imports * ({}:1)"),
        ("acme.py", "def __getattr__(n): ...", "it binds __getattr__, but not by a plain statement alone ({}:1)"),
        ("acme.py", "def f(:  # Name", "it cannot be parsed ({})"),
        ("acme/__init__.py", "globals()['Name'] = 1", "it uses globals ({}:1)"),
    ],
)
def test_what_only_running_could_tell_is_refused_without_a_stub(tmp_path: Path, file: str, text: str, why: str) -> None:
    """With what makes it unknown; a stub beside the file that binds the name is taken at its word."""
    reason = f"cannot tell whether acme:Name is there: {why.format(tmp_path / 'a' / file)}; {STUB}"
    assert verdict(tree(tmp_path / "a", {file: text}), "acme:Name") == reason
    other = tree(tmp_path / "with_stub", {file: text, f"{file}i": "class Name: ...\nother: int\n"})
    assert verdict(other, "acme:Name") == verdict(other, "acme:*", "other") == ""
    assert is_unknown(tree(tmp_path / "with_other", {file: text, f"{file}i": "class Names: ..."}), "acme:Name")


def is_unknown(root: Path, new: str) -> bool:
    reason = verdict(root, new)
    return reason.startswith(f"cannot tell whether {new} is there: ") and reason.endswith(f"; {STUB}")


def test_our_own_face_is_there_by_its_stub(tmp_path: Path) -> None:
    """Its names are loaded lazily; what it does not offer is not there."""
    assert verdict(tmp_path, "ssot_shims:HeartbeatConfig") == ""
    assert is_unknown(tmp_path, "ssot_shims:HeartbeatConfi")


def test_the_home_of_a_shim_is_there_because_it_was_declared(tmp_path: Path) -> None:
    """Unless its file shows that it is not."""
    root = tree(tmp_path, {"lazy.py": "def __getattr__(name): ...", "bare.py": ""})
    assert verdict(root, "lazy:Name", is_of_shim=True) == ""
    assert verdict(root, "bare:Name", is_of_shim=True).startswith("bare:Name is not there: ")


@pytest.mark.parametrize(
    ("old", "is_one"),
    [
        ("", True),
        ("from new import Name\n", True),
        ("from third import Name\n", True),
        ("from new import *\nOther = 1\n", True),
        ("Name = 1\n", False),
        ("from new import Other as Name\n", False),
        ("from .new import *\n", False),
        ("from new import *\nclass Name: ...\n", False),
        ("from new import *\nif x:\n    Name = 1\n", False),
        ("from new import Name\nclass Name(Name): ...\n", False),
        ("from new import Name\nName = wrap(Name)\n", False),
        ("try:\n    from new import Name\nexcept ImportError:\n    Name = None\n", False),
    ],
)
def test_a_rule_for_all_names_holds_for_what_is_one_object(tmp_path: Path, old: str, is_one: bool) -> None:
    """The old home takes it from the new one or from the same third place, or has it no more; else it is refused."""
    files = {"old/__init__.py": "", "old/mod.py": old, "new.py": "from third import Name\n", "third.py": "Name = 1\n"}
    why = (
        "old.mod:Name and new:Name may be two objects: old.mod does not import it from new; "
        "write a rule for this name alone"
    )
    assert verdict(tree(tmp_path, files), "new:*") == ("" if is_one else why)
