"""Whether a new home is there: found out from files alone, and the reason when it is not."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ssot_shims import shim
from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.rules import read_rules
from tests.conftest import Write

CURE = "correct the rule, or run this where the new home is"
UNSURE = "only running it could tell whether it is there; a stub (.pyi) beside it that binds the name settles that"
EXPLODES = "1 / 0\n"


def verdict(root: Path, new: str, name: str = "Name", said_by: str = "--rule") -> str:
    old = "old.mod:*" if new.endswith(":*") else "old.mod:Name"
    [rule] = read_rules([(old, new, said_by)]).rules
    return Homes(roots=(str(root),)).verdict(rule, name)


def tree(root: Path, files: dict[str, str]) -> Path:
    """Files below a folder of its own, which is not on ``sys.path``."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_a_name_that_a_module_binds_is_there(tmp_path: Path) -> None:
    """By whatever statement, in a module or a package; nothing of it is run, and ``sys.path`` is as it was."""
    root = tree(
        tmp_path,
        {
            "acme/__init__.py": "class Name: ...",
            "acme/limits.py": f"class Name: ...\n{EXPLODES}",
            "acme/rates.py": "from acme.limits import Name as Rate, Name",
        },
    )
    before = list(sys.path)
    assert [verdict(root, new) for new in ("acme:Name", "acme.limits:Name", "acme.rates:Name")] == [""] * 3
    assert sys.path == before
    assert "acme" not in sys.modules


def test_every_name_of_a_module_has_its_own_verdict(tmp_path: Path) -> None:
    """A rule for a whole module holds for the names that the new home has."""
    root = tree(tmp_path, {"acme.py": "A = 1"})
    assert verdict(root, "acme:*", "A") == ""
    assert verdict(root, "acme:*", "B") == (
        f"acme:B is not there: B is not in {root}/acme.py (looked at without running it); {CURE}"
    )


def test_a_name_that_is_not_there_is_told_with_what_stands_near(tmp_path: Path) -> None:
    """The symbol, the module or the package: each has its own reason."""
    root = tree(tmp_path, {"acme/__init__.py": "", "acme/limits.py": "class Limits: ...\nclass Names: ..."})
    assert verdict(root, "acme.limits:Name") == (
        f"acme.limits:Name is not there: Name is not in {root}/acme/limits.py (looked at without running it); "
        f"similar: acme.limits:Names; {CURE}"
    )
    assert verdict(root, "acme.limit:Name") == (
        f"acme.limit:Name is not there: in {root}/acme/__init__.py there is no module acme.limit; "
        f"similar: acme.limits:Name; {CURE}"
    )
    assert verdict(root, "acme.limits.deep:Name") == (
        f"acme.limits.deep:Name is not there: in {root}/acme/limits.py there is no module acme.limits.deep; {CURE}"
    )
    assert verdict(root, "gone.mod:Name") == (
        f"gone.mod:Name is not there: no package 'gone' is installed here; {CURE}"
    )
    spread = tree(tmp_path / "spread", {"many/one.py": ""})
    assert verdict(spread, "many.two:Name") == (
        f"many.two:Name is not there: only other parts of the namespace package many ({spread}/many) are here; {CURE}"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"acme.py": "from elsewhere import *"},
        {"acme.py": "def __getattr__(name): ..."},
        {"acme.py": "def f(:  # Name"},
        {"acme/__init__.py": "globals()['Name'] = 1"},
    ],
    ids=["a star import", "a module __getattr__", "a syntax error", "globals()"],
)
def test_what_only_running_could_tell_is_refused_and_a_stub_settles_it(tmp_path: Path, files: dict[str, str]) -> None:
    """With the reason; a stub beside the file that binds the name is taken at its word, one that does not is not."""
    root = tree(tmp_path, files)
    assert verdict(root, "acme:Name") == f"cannot tell whether acme:Name is there: {UNSURE}"
    [file] = files
    other = tree(tmp_path / "with_stub", {**files, f"{file}i": "class Name: ..."})
    assert verdict(other, "acme:Name") == ""
    another = tree(tmp_path / "with_other_stub", {**files, f"{file}i": "class Names: ..."})
    assert verdict(another, "acme:Name") == f"cannot tell whether acme:Name is there: {UNSURE}"


def test_a_submodule_is_there_for_a_from_import(tmp_path: Path) -> None:
    """``from acme import limits`` imports it, though the package does not mention it."""
    root = tree(tmp_path, {"acme/__init__.py": "", "acme/limits.py": ""})
    assert verdict(root, "acme:limits") == ""


def test_a_package_that_may_change_what_is_below_is_not_judged_by_its_files(tmp_path: Path) -> None:
    """Where its submodules come from is decided when it runs; what a module plainly binds is there all the same."""
    root = tree(tmp_path, {"acme/__init__.py": "import sys\nsys.modules['acme.x'] = sys", "acme/x.py": "Name = 1"})
    assert verdict(root, "acme.x:Name") == ""
    for new in ("acme.x:Names", "acme.gone:Name", "acme.x.gone:Name"):
        assert verdict(root, new) == f"cannot tell whether {new} is there: {UNSURE}"


def test_a_module_that_is_running_is_read_too(write: Write) -> None:
    """The front end imports the modules that declare shims; that must not make them unknown."""
    root = write({"suite/__init__.py": "", "suite/shims.py": "Name = 1", "suite/bare.py": ""})
    import suite.bare  # type: ignore[import-not-found]
    import suite.shims  # type: ignore[import-not-found]

    assert (suite.shims.Name, suite.bare.__name__) == (1, "suite.bare")
    assert verdict(root, "suite.shims:Name") == ""
    assert verdict(root, "suite.bare:Name").startswith(f"suite.bare:Name is not there: Name is not in {root}")
    assert verdict(root, "suite.shims.deep:Name") == (
        f"suite.shims.deep:Name is not there: in {root}/suite/shims.py "
        f"there is no module suite.shims.deep; a Name is at suite.shims:Name; {CURE}"
    )


def test_our_own_face_is_there_by_its_stub(tmp_path: Path) -> None:
    """Its names are loaded lazily; what it does not offer is not there."""
    assert verdict(tmp_path, "ssot_shims:HeartbeatConfig") == ""
    assert verdict(tmp_path, "ssot_shims:HeartbeatConfi") == (
        f"cannot tell whether ssot_shims:HeartbeatConfi is there: {UNSURE}"
    )


def test_the_home_of_a_live_shim_is_there_because_it_was_declared(tmp_path: Path) -> None:
    """Unless its file shows that it is not."""

    @shim("acme:Name")
    class Name: ...

    root = tree(tmp_path, {"lazy.py": "def __getattr__(name): ...", "bare.py": ""})
    assert verdict(root, "lazy:Name", said_by="the shim Name") == ""
    assert verdict(root, "bare:Name", said_by="the shim Name").startswith("bare:Name is not there: ")


def test_compiled_modules_cannot_be_told(tmp_path: Path) -> None:
    """There is no source to read; a module that is built in has no file either."""
    assert verdict(tmp_path, "_datetime:Name") == f"cannot tell whether _datetime:Name is there: {UNSURE}"
    assert verdict(tmp_path, "sys:Name") == f"cannot tell whether sys:Name is there: {UNSURE}"


def test_a_finder_that_fails_makes_no_verdict_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it cannot be told."""

    class Broken:
        def find_spec(self, *_: object) -> None:
            raise RuntimeError("broken")

    monkeypatch.setattr(sys, "meta_path", [Broken()])
    assert verdict(tmp_path, "acme:Name") == f"cannot tell whether acme:Name is there: {UNSURE}"


@pytest.mark.parametrize(
    ("old", "homes"),
    [
        ("one:Name", {"one.py"}),
        ("two.mod:Name", {"two/__init__.py", "two/mod.py"}),
        ("three.sub.mod:Name", {"three/__init__.py", "three/sub/__init__.py", "three/sub/mod.py"}),
    ],
)
def test_a_file_is_a_home_by_its_place(tmp_path: Path, old: str, homes: set[str]) -> None:
    """The old home and the packages that hold it, the new one and all below it, under whatever name they are run."""
    new = {"acme/__init__.py", "acme/limits.py"}
    files = {"one.py", "two/__init__.py", "two/mod.py", "two/other.py", *new}
    files |= {"three/__init__.py", "three/sub/__init__.py", "three/sub/mod.py", "three/sub/other.py", "three/other.py"}
    root = tree(tmp_path, dict.fromkeys(files, ""))
    [rule] = read_rules([(old, "acme:Name", "--rule")]).rules
    asked = Homes(roots=(str(root),))
    assert {file for file in files if asked.is_home(str(root / file), rule)} == homes | new


def test_homes_go_to_other_processes(tmp_path: Path) -> None:
    """They are the same there, and look in the same folders."""
    homes = Homes(roots=(str(tmp_path),))
    assert pickle.loads(pickle.dumps(homes)) == homes


def test_looking_imports_nothing_of_the_tree(tmp_path: Path) -> None:
    """In a fresh process, with new homes that would end it."""
    root = tree(tmp_path, {"acme/__init__.py": EXPLODES, "acme/limits.py": f"class Name: ...\n{EXPLODES}"})
    code = f"""
import sys
from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.rules import read_rules
[rule] = read_rules([("old:Name", "acme.limits:Name", "--rule")]).rules
assert Homes(roots=({str(root)!r},)).verdict(rule, "Name") == ""
assert not [name for name in sys.modules if name.startswith(("acme", "libcst", "rich"))]
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
