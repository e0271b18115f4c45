"""What is rewritten means the same in its tree; where the files around it leave a doubt, it is told and stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.outcome import Job, migrate_file
from ssot_shims._migrate.reach import why_hidden
from ssot_shims._migrate.rules import read_rules
from ssot_shims._migrate.takers import taker_of
from tests.migrate_tree import plant

NAME = "old.mod:Name=new.mod:Name"
TREE = {
    "old/__init__.py": "",
    "old/mod.py": "class Name: ...\nStay = 1\n",
    "new/__init__.py": "",
    "new/mod.py": "from old.mod import Name\ndef mod(): ...\n",
}
BY_NAME = "import Name by name"
HIDDEN = f"new may give the name mod to something else than its module; {BY_NAME}"
AS, PLAIN, FROM = (
    ("import old.mod as m\nm.Name\n", "import new.mod as m\nm.Name\n"),
    ("import old.mod\nold.mod.Name\n", "import new.mod\nnew.mod.Name\n"),
    ("from old import mod\nmod.Name\n", "from new import mod\nmod.Name\n"),
)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a tree of its own."""
    monkeypatch.chdir(tmp_path)


def migrate(files: dict[str, str], *said: str) -> dict[str, str]:
    """The tree with *files* after a run, and each file with what is told of it: it stays as it was, or nothing is."""
    plant(Path(), {**files})
    root = os.path.realpath(".")
    paths = sorted(os.path.join(root, name) for name in files)
    rules = read_rules((*rule.split("="), "--rule") for rule in said or (NAME,))  # type: ignore[misc]  # two parts
    job = Job(rules=rules, homes=Homes(roots=(root,), files=tuple(paths)), root=root, mode="write")
    told: dict[str, str] = {}
    for path in paths:
        if outcome := migrate_file(path, job):
            assert not (outcome.findings and outcome.replacements)
            assert not outcome.problem
            told[outcome.path] = "; ".join(finding.suggestion for finding in outcome.findings)
    return told


def check_left(main: str, files: dict[str, str], why: str, *said: str) -> None:
    told = migrate({**TREE, **files, "main.py": main}, *said)
    assert (told["main.py"], Path("main.py").read_text()) == (why, main)


def check_moved(main: str, files: dict[str, str], after: str, *said: str) -> None:
    told = migrate({**TREE, **files, "main.py": main}, *said)
    assert (told["main.py"], Path("main.py").read_text()) == ("", after)


# A module is reached through its package


@pytest.mark.parametrize("main", [AS[0], PLAIN[0], FROM[0]], ids=["import as", "import", "from import"])
@pytest.mark.parametrize(
    "package",
    [
        "from .mod import mod\n",
        "from new.mod import mod\n",
        "from .mod import Name as mod\n",
        "from . import mod, Name\nmod = Name\n",
        "def mod(): ...\n",
        "if x:\n    from elsewhere import mod\n",
        "from .mod import *\n",
        "from nowhere import *\n",
        "def f():\n    global mod\n    mod = 1\n",
        "mod = (",
    ],
)
def test_a_package_may_call_another_thing_by_the_name_of_its_module(main: str, package: str) -> None:
    """Whoever writes ``new.mod`` gets that; only an import of the name asks for the module itself."""
    check_left(main, {"new/__init__.py": package}, HIDDEN)


@pytest.mark.parametrize(("main", "after"), [AS, PLAIN, FROM], ids=["import as", "import", "from import"])
@pytest.mark.parametrize(
    "package",
    [
        "from . import mod\n",
        "from new import mod\n",
        "import new.mod as mod\n",
        "import new.mod\nfrom .mod import Name\n",
        "from .other import *\n",
        "def f():\n    mod = 1\n",
        "def __getattr__(name): ...\n",
        "'''The mod package.'''\n",
    ],
)
def test_a_package_that_calls_its_module_by_its_name_is_no_doubt(main: str, after: str, package: str) -> None:
    """Whether it imports it itself, or something else of it, or nothing at all."""
    check_moved(main, {"new/__init__.py": package, "new/other.py": "more = 1\n"}, after)


def test_an_old_package_may_call_another_thing_by_the_name_of_its_module() -> None:
    """Then that is what the program has been using."""
    why = f"old may give the name mod to something else than its module; {BY_NAME}"
    check_left(AS[0], {"old/__init__.py": "from .mod import Stay as mod\n"}, why)


def test_every_package_on_the_way_counts() -> None:
    """Also the topmost of three."""
    files = {
        "new/__init__.py": "from elsewhere import sub\n",
        "new/sub/__init__.py": "",
        "new/sub/mod.py": "Name = 1\n",
    }
    why = f"new may give the name sub to something else than its module; {BY_NAME}"
    check_left(AS[0], files, why, "old.mod:Name=new.sub.mod:Name")


def test_an_import_by_name_asks_no_package() -> None:
    """The import system finds the module whatever the package says."""
    check_moved(
        "from old.mod import Name\n", {"new/__init__.py": "from .mod import mod\n"}, "from new.mod import Name\n"
    )


def test_a_package_without_source_may_call_its_modules_anything() -> None:
    """Nobody can read it."""
    plant(Path(), {"built/__init__.py": b"mod\0", "built/mod.py": ""})
    root = os.path.realpath(".")
    assert why_hidden((root,), "built.mod") == "built may give the name mod to something else than its module"


@pytest.mark.parametrize(
    ("main", "package"),
    [("import pkg\nimport pkg.sub\npkg.sub.f\n", ""), ("import pkg as p\np.sub.f\n", "from . import sub\n")],
)
def test_a_module_that_moves_as_a_name_has_to_be_imported_by_its_package(main: str, package: str) -> None:
    """``import newpkg`` alone does not load it, unless ``newpkg`` shows that it does."""
    files = {"pkg/__init__.py": package, "pkg/sub.py": "f = 1\n", "newpkg/__init__.py": "", "newpkg/sub.py": "f = 1\n"}
    why = "newpkg.sub is a module, and nothing shows that newpkg imports it; import sub by name"
    check_left(main, files, why, "pkg:sub=newpkg:sub")


def test_a_module_that_moves_as_a_name_and_is_imported_by_its_package_goes() -> None:
    """And an import of the name loads it in any case."""
    files = {"pkg/__init__.py": "from . import sub\n", "pkg/sub.py": "", "newpkg/sub.py": ""}
    rule = "pkg:sub=newpkg:sub"
    loading = {**files, "newpkg/__init__.py": "from newpkg import sub\n"}
    check_moved("import pkg\npkg.sub.f\n", loading, "import newpkg\nnewpkg.sub.f\n", rule)
    check_moved(
        "from pkg import sub\nsub.f\n", {**files, "newpkg/__init__.py": ""}, "from newpkg import sub\nsub.f\n", rule
    )


# A rule for all names


def test_a_rule_for_all_names_moves_no_module_onto_another() -> None:
    """Two modules of one name are two modules; a rule of its own says that they are not."""
    files = {"old/utils.py": "def h(): ...\n", "new/utils.py": "def g(): ...\n"}
    why = "old:utils and new:utils are two modules; if one may stand for the other, say so in a rule: "
    for main in ("from old import utils\nutils.h\n", "import old.utils\nold.utils.h\n"):
        check_left(main, files, f"{why}old:utils = new:utils", "old:*=new:*")
    main, after = "from old import utils\nutils.h\n", "from new import utils\nutils.h\n"
    check_moved(main, files, after, "old:*=new:*", "old:utils=new:utils")


def test_a_rule_for_all_names_moves_what_only_has_the_name_of_a_module() -> None:
    """A function that both packages offer, or a module that the new one passes on from the old one."""
    files = {"old/utils.py": "def utils(): ...\n", "new/utils.py": "from old.utils import utils\n"}
    packages = {"old/__init__.py": "from .utils import utils\n", "new/__init__.py": "from .utils import utils\n"}
    main, after = "from old import utils\nutils()\n", "from new import utils\nutils()\n"
    check_moved(main, {**files, **packages}, after, "old:*=new:*")
    os.remove("new/utils.py")
    check_moved(main, {"new/__init__.py": "from old import utils\n"}, after, "old:*=new:*")


# The names of the file


@pytest.mark.parametrize(
    "main", ["import old.mod\nold.mod.Name, callable(input)\n", "import old.mod\ndef f():\n    input(old.mod.Name)\n"]
)
def test_a_new_package_may_hide_what_the_file_reads(main: str) -> None:
    """A builtin, or a name that somebody else puts there."""
    line = main.count("\n", 0, main.index("old.mod.Name")) + 1
    files = {"input/__init__.py": "", "input/mod.py": "from old.mod import Name\n"}
    why = f"input is another thing where line {line} would need it; {BY_NAME}"
    check_left(main, files, why, "old.mod:Name=input.mod:Name")


def test_a_package_has_its_submodules_as_names() -> None:
    """Whoever imports ``app.new`` puts that in the place of the package ``new``; so nobody does who is no package."""
    main = "import old.mod\ndef f():\n    return old.mod.Name\n"
    told = migrate({**TREE, "app/__init__.py": main, "app/new.py": "", "app/other.py": main})
    assert told["app/__init__.py"] == f"new is another thing where line 3 would need it; {BY_NAME}"
    assert Path("app/__init__.py").read_text() == main
    assert Path("app/other.py").read_text() == main.replace("old", "new")


def test_a_package_on_the_way_is_loaded_with_the_old_module() -> None:
    """Whoever uses it has nothing else that loads it."""
    rule, files = "old.deep.mod:Name=new.mod:Name", {"old/deep/__init__.py": "z = 1\n", "old/deep/mod.py": "Name = 1\n"}
    why = "old.deep is used here, too, and this import is what loads it; move it by hand"
    for load in ("import old", "import old.mod"):
        check_left(f"{load}\nfrom old.deep.mod import Name\nold.deep.z\n", files, why, rule)
    main = "import old.deep.other\nfrom old.deep.mod import Name\nold.deep.z\n"
    check_moved(main, files, main.replace("old.deep.mod", "new.mod"), rule)


def test_a_string_may_use_another_name_of_the_module() -> None:
    """An annotation, a type comment or a doctest is read later, when the local name is the new module."""
    why = "a string or a comment has another name of m; import what moves by name"
    for use in ("y: 'm.Stay'", "y = 1  # type: m.Stay", "def f():\n    '''\n    >>> m.Stay\n    '''"):
        check_left(f"import old.mod as m\nx = m.Name\n{use}\n", {}, why)
    for use in ("y: 'm.Name'", "y = 'x.m.Stay'", "'''m.Stay is not meant.'''", "y = 'mm.Stay'"):
        check_moved(f"import old.mod as m\nx = m.Name\n{use}\n", {}, f"import new.mod as m\nx = m.Name\n{use}\n")


def test_a_use_on_a_line_that_is_kept_keeps_the_local_name() -> None:
    """It would be another thing there."""
    for use in ("m.Name  # ssot-shims: keep", "(m\n .Name)  # ssot-shims: keep"):
        check_left(f"import old.mod as m\nm.Name\n{use}\n", {}, "line 3 is to stay")


def test_a_name_that_is_also_set_in_another_way_is_imported_again() -> None:
    """``globals()["Name"]`` between two imports."""
    main = 'from new.mod import Name\nglobals()["Name"] = 3\nfrom old.mod import Name\n'
    check_moved(main, {}, main.replace("old.mod", "new.mod"))


def test_a_comment_that_ends_in_a_backslash_continues_nothing() -> None:
    """The statement below starts its line."""
    check_moved(
        "# C:\\\nfrom old.mod import Name, Stay\n", {}, "# C:\\\nfrom new.mod import Name\nfrom old.mod import Stay\n"
    )


# Other files


@pytest.mark.parametrize(
    "other",
    [
        "from compat import m\nm.Stay\n",
        "from compat import (\n    x,  # why\n    m,\n)\n",
        "from compat import x, \\\n    m\n",
        "from .compat import m\n",
        "from compat import *\n",
        "import compat\ncompat.m.Stay\n",
        "import compat as c\nc.m.Stay\n",
        "patch('compat.m.Stay')\n",
    ],
)
def test_a_module_that_another_file_takes_from_this_one_stays(other: str) -> None:
    """What that file uses of it may be nothing that moves."""
    why = "other.py may take m from this file; move both by hand"
    told = migrate({**TREE, "compat.py": AS[0], "other.py": other})
    assert (told, Path("compat.py").read_text()) == ({**told, "compat.py": why}, AS[0])


@pytest.mark.parametrize(
    "other",
    [
        "from x.compat import m\n",
        "from compat import x\nm = 1\n",
        "from ..compat import m\n",
        "import compat\ncompat.x.m\n",
        "import x as compat\ncompat.m\n",
        "m.compat\n",
        "from compat import y  # or m\n",
    ],
)
def test_a_module_that_no_other_file_takes_moves(other: str) -> None:
    """Words that only look like it are no reason, and neither is a file of that name elsewhere."""
    told = migrate({**TREE, "compat.py": AS[0], "other.py": other})
    assert (told["compat.py"], Path("compat.py").read_text()) == ("", AS[1])


def test_who_takes_every_name_gets_those_that_are_offered() -> None:
    """``__all__`` says which; so a star import is no reason for any other name."""
    main = f"{AS[0]}__all__ = []\n"
    assert migrate({**TREE, "compat.py": main, "other.py": "from compat import *\n"})["compat.py"] == ""


def test_a_package_that_another_file_takes_from_this_one_is_imported_beside_the_new_one() -> None:
    """``old.mod.Stay`` is there as before; so it is in a function, where nobody else can take it."""
    migrate({**TREE, "compat.py": PLAIN[0], "other.py": "from compat import *\nold.mod.Stay\n"})
    assert Path("compat.py").read_text() == "import new.mod\nimport old.mod\nnew.mod.Name\n"
    inner = "def f():\n    import old.mod as m\n    m.Name\n"
    told = migrate({**TREE, "compat.py": inner, "other.py": "from compat import m\n"})
    assert (told["compat.py"], Path("compat.py").read_text()) == ("", inner.replace("old", "new"))


@pytest.mark.parametrize(
    "other", ["patch('compat.old.mod.Name')\n", "import compat\nsetattr(compat.old.mod, 'Name', 1)\n"]
)
def test_a_package_through_which_another_file_sets_the_name_stays(other: str) -> None:
    """What is set there would not be what is read here."""
    told = migrate({**TREE, "compat.py": PLAIN[0], "other.py": other})
    why = "other.py may take old from this file; move both by hand"
    assert (told["compat.py"], Path("compat.py").read_text()) == (why, PLAIN[0])


def test_a_package_through_which_the_file_sets_the_name_stays() -> None:
    """Tests patch what they import themselves."""
    why = "a string may get at old.mod.Name through this file; move both by hand"
    for text in ("patch(f'{__name__}.old.mod.Name')", "patch('main.old.mod.Name.x')"):
        check_left(f"{PLAIN[0]}{text}\n", {}, why)
    both = "import new.mod\nimport old.mod\nnew.mod.Name\n"
    check_moved(f"{PLAIN[0]}x = '.old.mod.Named'\n", {}, f"{both}x = '.old.mod.Named'\n")
    check_moved(f"{PLAIN[0]}'main.old.mod.Name'\n", {}, f"{PLAIN[1]}'main.old.mod.Name'\n")


def test_a_package_is_taken_from_by_its_folder() -> None:
    """``from . import m`` in a file of it, and by its whole name from elsewhere."""
    for other in ("app/other.py", "app/deep/other.py"):
        text = "from . import m\n" if other == "app/other.py" else "from .. import m\n"
        told = migrate({**TREE, "app/__init__.py": AS[0], other: text})
        assert told["app/__init__.py"] == f"{other} may take m from this file; move both by hand"


def test_a_file_that_cannot_be_read_takes_nothing() -> None:
    """That it cannot be read is told when its turn comes."""
    assert taker_of((os.path.realpath("gone.py"),), os.path.realpath("compat.py"), ("m",)) == ""


# New homes that import


def test_what_the_new_home_imports_through_others_is_left() -> None:
    """However long the circle would be; the program runs as before."""
    files = {
        "new/mod.py": "from app.one import h\nfrom old.mod import Name\n"
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import app.typed\nelse:\n    import app.running\n",
        "app/__init__.py": "",
        "app/one.py": "from app.two import h\n",
        "app/two.py": "from . import three\nh = three.Name\n",
        "app/three.py": "from old.mod import Name\n",
        "app/far.py": "from old.mod import Name\nimport app.three\n",
        "app/typed.py": "from old.mod import Name\n",
        "app/running.py": "from old.mod import Name\n",
    }
    told = migrate({**TREE, **files})
    circle = "the new home imports this file, which would be a circle; move it by hand"
    assert {name: told[f"app/{name}.py"] for name in ("three", "running", "far", "typed")} == {
        "three": circle,
        "running": circle,
        "far": "",
        "typed": "",
    }
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
    told = migrate({**TREE, **files})
    circle = "the new home imports this file, which would be a circle; move it by hand"
    assert (told["app/one.py"], told["new/beside.py"]) == (circle, "")
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
    told = migrate({**TREE, **files}, NAME, "early:X=later:X")
    circle = "the new home imports this file, which would be a circle; move it by hand"
    assert {name: told[f"app/{name}.py"] for name in "abc"} == {"a": "", "b": circle, "c": circle}
    for first in ("app.a", "app.b", "app.c", "new.mod", "later"):
        subprocess.run([sys.executable, "-c", f"import {first}"], check=True)


def test_a_new_home_may_import_the_package_that_it_is_in() -> None:
    """Then all that the package imports is imported before."""
    files = {
        "app/__init__.py": "from app.core import run\nhelper = 1\n",
        "app/core.py": "from old.mod import Name\nrun = 1\n",
        "app/limits.py": "import app\nName = app.helper\n",
    }
    told = migrate({**TREE, **files}, "old.mod:Name=app.limits:Name")
    assert told["app/core.py"] == "the new home imports this file, which would be a circle; move it by hand"
    subprocess.run([sys.executable, "-c", "import app"], check=True)


def test_what_is_installed_in_the_folder_of_the_project_is_not_followed() -> None:
    """A virtual environment often lies there; its packages import nothing of the tree."""
    libraries = ".venv/lib/site-packages"
    files = {
        "new/mod.py": "import library\nfrom old.mod import Name\n",
        f"{libraries}/library.py": "import app\n",
        "app.py": "from old.mod import Name\n",
    }
    plant(Path(), {**TREE, **files})
    root = os.path.realpath(".")
    homes = Homes(roots=(root, os.path.join(root, libraries)))
    assert homes.files_imported_by("new.mod") >= {f"{root}/{libraries}/library.py", f"{root}/old/mod.py"}
    assert f"{root}/app.py" not in homes.files_imported_by("new.mod")


CURE = "correct the rule, or run this where the new home is"


def test_a_new_home_that_passes_on_what_is_not_there_has_nothing() -> None:
    """Its import would fail, however often the name is passed on."""
    files = {"new/mod.py": "from .deep import Inner as Name\n", "new/deep.py": "from nowhere import Far as Inner\n"}
    why = "new.mod:Name is not there: new.deep imports it as nowhere:Far, which is not there: "
    check_left("from old.mod import Name\n", files, f"{why}no package 'nowhere' is installed here; {CURE}")


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
    check_moved("from old.mod import Name\n", files, "from new.mod import Name\n")
