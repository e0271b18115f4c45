"""What the new home imports, and what files around the one that is rewritten say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssot_shims._migrate.command import Job, migrate_file
from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rules import rules_of
from tests.support.migrate_tree import plant

CIRCLE = "the new home imports this file, so the import would be circular"
NAME = "old.mod:Name=new.mod:Name"
TREE = {
    "old/__init__.py": "",
    "old/mod.py": "class Name: ...\nStay = 1\n",
    "new/__init__.py": "",
    "new/mod.py": "from old.mod import Name\ndef mod(): ...\n",
}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a tree of its own."""
    monkeypatch.chdir(tmp_path)


def migrate(files: dict[str, str], *given: str) -> dict[str, str]:
    """The tree with *files* after a run, and each file with the reasons why it stays; empty when it does not."""
    plant(Path(), {**files})
    root = os.path.realpath(".")
    rules = rules_of((*rule.split("="), "--rule") for rule in given or (NAME,))  # type: ignore[misc]  # two parts
    job = Job(rules=rules, homes=NewHomes(roots=(root,)), is_written=True, has_diff=False)
    reasons: dict[str, str] = {}
    for name in sorted(files):
        if outcome := migrate_file(os.path.join(root, name), job):
            reasons[name] = "; ".join(finding.reason for finding in outcome.findings)
    return reasons


def check(main: str, files: dict[str, str], why: str, after: str, *given: str) -> None:
    reasons = migrate({**TREE, **files, "main.py": main}, *given)
    assert (reasons["main.py"], Path("main.py").read_text()) == (why, after)


def test_a_rule_for_all_names_moves_no_module_onto_another() -> None:
    """Two modules of one name are two modules; a rule of its own says that they are not."""
    files = {"old/utils.py": "def h(): ...\n", "new/utils.py": "def g(): ...\n"}
    main, after = "from old import utils\nutils.h\n", "from new import utils\nutils.h\n"
    why = "old:utils and new:utils may be two objects: old does not import it from new"
    check(main, files, why, main, "old:*=new:*")
    check(main, files, "", after, "old:*=new:*", "old:utils=new:utils")


def test_a_home_is_known_by_its_place() -> None:
    """The old home and the packages that hold it, the new one and what is below; without ``__init__`` files, too."""
    homes = ("old/mod.py", "new/mod/__init__.py", "new/mod/x.py", "new/mod.pyi")
    for more in ((), ("old/__init__.py",)):
        files = dict.fromkeys((*homes, *more, "other/mod.py", "new/other.py"), "from old.mod import Name\n")
        migrate({**files, "new/mod/__init__.py": files["old/mod.py"] + "class Name: ...\n"})
        assert {name for name in files if "from new" in Path(name).read_text()} == {"other/mod.py", "new/other.py"}


def test_what_the_new_home_imports_through_others_is_left() -> None:
    """However long the circle would be, if its import runs with the file; the program runs as before."""
    files = {
        "new/mod.py": "from app.one import h\nfrom old.mod import Name\n"
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import app.typed\nelse:\n    import app.running\n",
        "app/__init__.py": "",
        "app/one.py": "from app.two import h\nimport app.late, app.checked\n",
        "app/late.py": "def f():\n    from old.mod import Name\n",
        "app/checked.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from old.mod import Name\n",
        "app/two.py": "from . import three\nh = three.Name\n",
        "app/three.py": "from old.mod import Name\n",
        "app/far.py": "from old.mod import Name\nimport app.three\n",
        "app/typed.py": "from old.mod import Name\n",
        "app/running.py": "from old.mod import Name\n",
    }
    reasons = migrate({**TREE, **files})
    left = [f"app/{name}.py" for name in ("running", "three")]
    assert {name: reason for name, reason in reasons.items() if reason} == dict.fromkeys(left, CIRCLE)
    assert {"app/far.py", "app/typed.py", "app/late.py", "app/checked.py"} <= reasons.keys()
    subprocess.run([sys.executable, "-c", "import app.far, new.mod"], check=True)


def test_what_the_packages_around_the_new_home_import_is_left() -> None:
    """They are imported first; but one that the file is in has been begun before it."""
    files = {
        "new/__init__.py": "from app.one import h\nfrom new import beside\n",
        "new/mod.py": "class Name: ...\n",
        "new/beside.py": "from old.mod import Name\n",
        "app/__init__.py": "",
        "app/one.py": "from old.mod import Name\nh = 1\n",
    }
    reasons = migrate({**TREE, **files})
    assert (reasons["app/one.py"], reasons["new/beside.py"]) == (CIRCLE, "")
    for first in ("app.one", "new.beside"):
        subprocess.run([sys.executable, "-c", f"import {first}"], check=True)


def test_a_circle_may_be_closed_by_another_rule() -> None:
    """Whatever comes first, and whatever has been rewritten already."""
    files = {
        "new/mod.py": "from app.b import h\nclass Name: ...\n",
        "later.py": "from app.c import k\nX = 1\n",
        "early.py": "X = 1\n",
        "app/__init__.py": "",
        "app/a.py": "from old.mod import Name\n",
        "app/b.py": "from early import X\nh = 1\n",
        "app/c.py": "from old.mod import Name\nk = 1\n",
    }
    reasons = migrate({**TREE, **files}, NAME, "early:X=later:X")
    assert {name: reasons[f"app/{name}.py"] for name in "abc"} == {"a": "", "b": CIRCLE, "c": CIRCLE}
    for first in ("app.a", "app.b", "app.c", "new.mod", "later"):
        subprocess.run([sys.executable, "-c", f"import {first}"], check=True)


def test_a_new_home_that_passes_on_what_is_not_there_has_nothing() -> None:
    """Its import would fail, however often the name is passed on."""
    files = {"new/mod.py": "from .deep import Inner as Name\n", "new/deep.py": "from nowhere import Far as Inner\n"}
    why = "new.mod:Name is not there: new.deep imports it as nowhere:Far, which is not there: "
    main = "from old.mod import Name\n"
    check(main, files, f"{why}no package 'nowhere' is installed here", main)


@pytest.mark.parametrize(
    "home",
    [
        "try:\n    from nowhere import Name\nexcept ImportError:\n    class Name: ...\n",
        "from .deep import Name\n",
        "from . import deep as Name\n",
        "from os.path import join as Name\n",
        "from ... import Name\nclass Name: ...\n",
        "import nowhere\nclass Name: ...\n",
    ],
)
def test_a_new_home_of_which_an_import_shows_nothing_wrong_is_taken_at_its_word(home: str) -> None:
    """An import that may fail, in a circle, of a module, from what a module has put there, from nowhere, of another."""
    files = {"new/mod.py": home, "new/deep.py": "from .mod import Name\n"}
    check("from old.mod import Name\n", files, "", "from new.mod import Name\n")
