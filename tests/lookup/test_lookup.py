"""The static look: what it may say of a source text, and that looking runs nothing."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ssot_shims._lookup import bindings
from ssot_shims._lookup.bindings import defined_names
from ssot_shims._lookup.finder import Undecidable, place_of
from ssot_shims._lookup.lookup import Target, look, modules_that_define, names_in_file, submodules_in
from ssot_shims._text import close_matches
from tests.conftest import Write

THERE = [
    *("class X: ...", "def X(): ...", "async def X(): ...", "X = 1", "a, (b, *X) = value", "[a, X] = value"),
    *("X: int = 1", "import X", "import X.y", "import y as X", "from y import X", "from y import z as X"),
    "try:\n    from y import X\nexcept ImportError:\n    X = None",
    "try:\n    from y import X\nexcept ImportError:\n    raise RuntimeError",
    *("try:\n    pass\nfinally:\n    X = 1", "try:\n    y()\nexcept E:\n    X = 1\nelse:\n    X = 2"),
    *("if y:\n    X = 1\nelse:\n    class X: ...", "if y:\n    X = 1\nelse:\n    raise E"),
    *("X = 1\nif y:\n    X = 2", "X = 1\nfor y in z: pass", "X = 0\nX += 1", "from y import *\nclass X: ..."),
    "def __getattr__(name): ...\nX = 1",
    "class X:\n    def f(self):\n        self.__dict__.update(a=1); setattr(self, 'b', 2)",
    *("class X: ...\nclass Y:\n    def f(self): return self.__class__.__name__", "__all__ = ['X']\nX = 1"),
    "class X:\n    def f(self, a: 'X', *b: 'X') -> 'X': ...",
    *("class X:\n    async def f(self) -> Optional['X']: ...", "class X:\n    next: 'X' = None"),
    *("X = NewType('X', int)", "X = namedtuple('X', 'a b')", "match y:\n    case 1: pass\nX = 1"),
    *("logger = logging.getLogger(__name__)\nX = 1", "Q = '\uff02'\nX = 1\nR = '\uff02'", "\ufeffX = 1"),
    *("X = 1\nimport sys\nsys.modules[__name__].__class__ = y", "X = 1\ndef f():\n    global X\n    del X\nf()"),
    *("raise E\nX = 1", "# coding: latin-1\nX = 1", "X = 1\ndef f(y: g('X')): ...", "X = g(y, 'X')"),
    *("\n# -*- coding: cp1252 -*-\nX = 1", *["type X = int"] * (sys.version_info >= (3, 12))),
]
MISSING = [
    *("", "Y = 1", '"""X = 1"""', "# class X: ...", "X", "X.y = 1", "X[0] = 1", "def f():\n    X = 1"),
    *("class Y:\n    X = 1", "__all__ = ['X']", "__all__ += ['X']", "def f(y: 'X') -> 'X': ..."),
    *("__all__.append('X')", "[X for X in y]", "lambda X: X", "import y.X", "from X import y"),
    *("from y import X as z", "def f(X): return X", "class Y:\n    def __getattr__(self, name): ..."),
    *("class Y:\n    def f(self): self.X = 1", "class Y:\n    def f(self): setattr(self, 'X', 1)"),
    *("class Y:\n    def f(self): object.__setattr__(self, 'X', 1)", "print(y.X)", "'X'", "y['X'] = 1"),
    "delattr(y, z)",
    *(f"{name}(__name__)" for name in ("distribution", "files", "format", "metadata", "print", "version", "warn")),
    *(f"y.{name}(__package__)" for name in ("distribution", "files", "format", "metadata", "version", "warn")),
]
UNKNOWN = [
    *("X: int", "if y:\n    X = 1", "for X in y: pass", "for y in z:\n    X = 1", "X = 1\nwhile y:\n    del X"),
    *("for y in z:\n    pass\nelse:\n    X = 1", "try:\n    from y import X\nexcept ImportError:\n    pass"),
    *("try:\n    X = 1\nexcept* E:\n    pass", "try:\n    X = 1\n    raise E\nexcept E:\n    pass"),
    *("X = 1\ntry:\n    y()\nexcept E as X:\n    pass", "with y:\n    X = 1", "with y, z as X:\n    pass"),
    *("with y as (X, z):\n    pass", "match y:\n    case X if z:\n        del X", "match y:\n    case X: pass"),
    *("match y:\n    case {'a': 1, **X}: pass", "match y:\n    case [1, *X]: pass", "X = 1; del X; X = 2"),
    *("f(X=1)", "Y = NewType('X', int)", "install(__name__)", "install(module=__name__)", "f(\n    # y\n    X=1)"),
    *("install(\\\n    __name__)", "install(y,  # comment\n    # another\n\n    __name__)", "__all__ = public('X')"),
    *("import y\n(y\n    .  # comment\n    X) = 1", "f.__globals__.update(y)", "match y:\n    case 1:\n        X = 1"),
    *("from y import *", "from y import \\\n    *", "def __getattr__(name): ...", "from y import __getattr__"),
    *("__getattr__ = y", "globals()['X'] = 1", "vars()['X'] = 1", "locals()['X'] = 1", "exec(y)", "eval(y)"),
    *("y._getframe()", "y.currentframe()", "y.f_globals.update(z)", "y.f_locals.update(z)", "y.__dict__.update(z)"),
    *("y.__setattr__(z, 1)", "import sys\nsys.modules[__name__] = y", "from sys import modules\nmodules[__name__] = y"),
    *("import y\nsetattr(y, 'X', 1)", "import y\ny.X = 1", "def f():\n    global X\n    X = 1\nf()", "(X := 1)"),
    *("[X := y for y in z]", "attach(__name__, {'y': ['X']})", "E._convert_('X', __name__, y)", "def X(\n"),
    *("import enum\n@enum.global_enum\nclass Y(enum.Enum): ...", "X = Y = 1\ndel (Y, X)", "with y as X:\n    pass"),
    *("try:\n    pass\nexcept E as X:\n    pass", "X = 1\x00"),
]


SAID = [
    *dict.fromkeys(THERE, "there").items(),
    *dict.fromkeys(MISSING, "missing").items(),
    *dict.fromkeys(UNKNOWN, "unknown").items(),
]


def found(*targets: str) -> list[str]:
    return [look(Target.parse(target)).found for target in targets]


@pytest.mark.parametrize(("source", "expected"), SAID)
def test_a_look_reads_what_running_would_leave(write: Write, source: str, expected: str) -> None:
    """There, missing or unknown for each way of binding and unbinding a name."""
    write({"acme.py": source})
    assert found("acme:X") == [expected]


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        *(("a = 1\nfrom y import *", 2, "it imports *"), ("import sys\n\nsys._getframe()", 3, "it uses _getframe")),
        ("if y:\n    X = 1", 2, "it binds X, but not by a plain statement alone"),
        ("install(1, __name__)", 1, "it hands __name__ to a call"),
        ("y.install('acme.ws')", 1, "it hands 'acme.ws' to a call"),
        *((f"f({given})", 1, "it hands the name X to a call") for given in ("X=1", "['X']")),
        ("install(__name__.partition('.')[0])", 1, "it hands __name__ to a call"),
        ("me = __name__\ninstall(me)", 1, "it gives __name__ another name"),
        *(("def f():\n    global X", 2, "a function binds X"), ("class Y((X := Z)): ...", 1, "an expression binds X")),
        *(("import y\ny.X = 1", 2, "it stores an attribute X"), ("def X(", 0, "it cannot be parsed")),
    ],
)
def test_what_makes_it_unknown_is_told(write: Write, source: str, line: int, why: str) -> None:
    """With file and line, as data."""
    root = write({"acme.py": source})
    lookup = look(Target.parse("acme:X"))
    assert (lookup.file, lookup.line, lookup.why) == (f"{root}/acme.py", line, why)


ODD_NAMES = [
    *(("\uff43\uff4c\uff41\uff53\uff53 = 1", "class_", "missing"), ("\uff38 = 1", "X", "there")),
    *(("\ufb01le = 1", "file", "there"), ("X = '\udcff'", "X", "unknown"), ("Y = 1", "__doc__", "unknown")),
]


@pytest.mark.parametrize(("source", "name", "expected"), ODD_NAMES)
def test_names_compare_as_the_compiler_compares_them(write: Write, source: str, name: str, expected: str) -> None:
    """An identifier is what NFKC makes of it (PEP 3131); what is not UTF-8, and what every module has, is unknown."""
    write({"acme.py": source})
    assert look(Target(module="acme", symbol=name)).found == expected


STEERS = [
    *("import acme.ws; acme.ws.X = 1", "setattr(a, 'X', 1)", "__path__.append('y')", "def X(", "exec(y)"),
    *("import sys; sys.modules['acme.ws'] = y", "import sys; sys.meta_path.append(y)", "install(globals())"),
    *("__import__('pkg_resources').declare_namespace(__name__)", "install(__spec__)"),
]


@pytest.mark.parametrize("source", STEERS)
def test_a_package_that_steers_its_submodules_is_not_judged_by_its_files(write: Write, source: str) -> None:
    """Whatever may change a submodule when the package runs makes *missing* unknown; what is there stays there."""
    root = write({"acme/__init__.py": source, "acme/ws.py": "Y = 1"})
    lookup = look(Target.parse("acme.ws:X"))
    assert (lookup.found, lookup.file) == ("unknown", f"{root}/acme/__init__.py")
    assert found("acme.gone:X", "acme.ws:Y") == ["unknown", "there"]


LIKES = [
    *("", "from a import X", "from a import *", "def __getattr__(name): ...", "print(a.X)", "globals()['Y'] = 1"),
    "from importlib.metadata import version\n__version__ = version('acme')",
    "import logging\nlogging.getLogger(__name__).debug('acme is here')",
]


@pytest.mark.parametrize("source", LIKES)
def test_a_package_may_do_with_its_own_names_what_it_likes(write: Write, source: str) -> None:
    """Re-exports and tricks with its own names leave the submodules of a package alone."""
    write({"acme/__init__.py": source, "acme/ws.py": ""})
    assert found("acme.ws:X") == ["missing"]


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"__init__.py": "from . import fix", "fix.py": "from acme import ws\nws.X = 1"}, "fix.py:2"),
        ({"ws.py": "import acme.fix", "fix.py": "import acme.ws as w\nsetattr(w, 'X', 1)"}, "fix.py:2"),
        ({"ws.py": "from acme.fix import f\nf()", "fix.py": "import sys\ndef f(): sys._getframe(1)"}, "fix.py:2"),
        ({"ws.py": "from .fix import f", "fix.py": "import sys\nm = sys.modules['acme.ws']"}, "fix.py:2"),
        ({"ws.py": "from . import fix", "fix.py": "import acme\nvars(acme.ws)['X'] = 1"}, "fix.py:2"),
        ({"ws.py": "from . import fix", "fix.py": "import acme\nacme.ws.__dict__.update(X=1)"}, "fix.py:2"),
        ({"ws.py": "from . import fix", "fix.py": "def f(m):\n    m.X = 1"}, "fix.py:2"),
        ({"ws.py": "from . import fix", "fix.py": "from sys import modules as m\nm['acme.ws'] = 1"}, "fix.py:1"),
        ({"ws.py": "from . import fix", "fix.py": "def X("}, "fix.py:0"),
    ],
)
def test_a_module_that_they_import_may_give_the_name(write: Write, files: dict[str, str], where: str) -> None:
    """By an attribute that it stores on an imported module, or by reaching for whatever module it likes."""
    root = write({f"acme/{name}": text for name, text in ({"__init__.py": "", "ws.py": ""} | files).items()})
    lookup = look(Target.parse("acme.ws:X"))
    assert (lookup.found, f"{lookup.file}:{lookup.line}") == ("unknown", f"{root}/acme/{where}")


@pytest.mark.parametrize(
    "fix",
    [
        *("class Y:\n    def f(self, X): self.X = X", "from acme import ws\nws.Y = 1", "from acme import further"),
        *("import y\ndef f(z):\n    setattr(z, 'X', 1)", "X = 1"),
    ],
)
def test_a_module_that_they_import_may_do_anything_else(write: Write, fix: str) -> None:
    """Attributes of objects and of other names say nothing, and what that module imports is not read."""
    init = "from acme import fix, gone\nfrom other import Z\nfrom ... import y"
    further = "from acme import ws\nws.X = 1"
    write({"acme/__init__.py": init, "acme/ws.py": "", "acme/fix.py": fix, "acme/further.py": further})
    assert found("acme.ws:X") == ["missing"]


def test_a_module_that_is_imported_at_this_moment_is_passed_over(write: Write) -> None:
    """What it does is not known yet, and whoever imports it will see."""
    write({"acme/__init__.py": "from acme import fix", "acme/ws.py": "", "acme/fix.py": ""})
    half = sys.modules["acme.fix"] = ModuleType("acme.fix")
    half.__spec__ = ModuleSpec("acme.fix", None)
    half.__spec__._initializing = True  # type: ignore[attr-defined]
    assert found("acme.ws:X") == ["missing"]


def test_so_many_of_the_modules_that_they_import_are_read(write: Write) -> None:
    """The first thirty: who imports hundreds is not parsed for half a second."""
    parts = {f"acme/part{number}.py": "" for number in range(31)}
    init = "".join(f"from acme import part{number}\n" for number in range(31))
    stores = "from acme import ws\nws.X = 1"
    write({"acme/__init__.py": init, "acme/ws.py": "", **parts, "acme/part30.py": stores})
    assert found("acme.ws:X") == ["missing"]
    write({"acme/part29.py": stores})
    assert found("acme.ws:X") == ["unknown"]


@pytest.mark.parametrize(
    ("files", "symbol", "expected"),
    [
        ({"acme.py": "from y import *", "acme.pyi": "X: int"}, "X", "there"),
        ({"acme.py": "", "acme.pyi": "class X: ..."}, "X", "there"),
        ({"acme/__init__.py": "def __getattr__(name): ...", "acme/__init__.pyi": "from a import X as X"}, "X", "there"),
        ({"acme.py": "from y import *", "acme.pyi": "class Y: ..."}, "X", "unknown"),
        *(({"acme.py": "class X: ..."}, "X.y", "unknown"), ({"acme.py": "class Y: ..."}, "X.y", "missing")),
        ({"acme.py": "class X: ...", "acme.pyi": ""}, "X", "there"),
    ],
)
def test_a_stub_counts(write: Write, files: dict[str, str], symbol: str, expected: str) -> None:
    """What a .pyi declares is there; of what a class holds nothing is read."""
    write(files)
    assert look(Target(module="acme", symbol=symbol)).found == expected


def test_a_look_runs_nothing_and_warns_nothing(write: Write) -> None:
    """Source that would exit, and source that the compiler has a warning for, is looked at in silence."""
    ends = "import os; os._exit(3)"
    write({"acme/__init__.py": ends, "acme/ws.py": f"{ends}\nX = '\\d \\\\d'; Z = r'\\d\\\\'"})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert found("acme.ws:X") == ["there"]
        assert found("acme.ws:Y") == ["missing"]
    assert told == []
    assert "acme" not in sys.modules


def test_a_submodule_is_there(write: Write) -> None:
    """An import by name gives it, as it does the module itself and what is below a namespace package."""
    write({"acme/__init__.py": "", "acme/ws.py": "", "space/ws.py": "Y = 1"})
    assert found("acme:ws", "acme:wss", "space.ws:Y", "space.ws:X") == ["there", "missing", "there", "missing"]
    itself = look(Target(module="acme", symbol=""))
    assert (itself.found, itself.why, itself.file, itself.line) == ("there", "", "", 0)


class Finder:
    """A finder for acme, whose spec is made by hand."""

    def __init__(self, spec: ModuleSpec | None) -> None:
        self.spec = spec

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return self.spec if name == "acme" else None


def test_a_finder_from_before_python_3_4_is_asked_as_long_as_python_does(write: Write) -> None:
    """What it finds, as that of old versions of six, is for the import to tell; Python 3.12 and newer ignore it."""
    write({"acme/__init__.py": "", "acme/db.py": "Y = 1"})
    sys.meta_path.append(SimpleNamespace(find_module=lambda name, path: name in ("acme.ws", "old") or None))  # type: ignore[arg-type]
    assert found("acme.db:Y", "acme.db:X", "nowhere:X") == ["there", "missing", "absent"]
    is_asked = sys.version_info < (3, 12)
    assert found("acme.ws:X", "old:X") == (["unknown", "unknown"] if is_asked else ["missing", "absent"])
    with pytest.raises(Undecidable) if is_asked else nullcontext():
        assert place_of("old") is None


def test_what_a_finder_listed_may_be_gone(tmp_path: Path) -> None:
    """A namespace package whose folders went away is absent; a file that went away is left to the import."""
    spec = ModuleSpec("acme", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / "nowhere")]
    sys.meta_path.insert(0, Finder(spec))
    assert found("acme:X") == ["absent"]
    sys.meta_path.insert(0, Finder(spec_from_file_location("acme", tmp_path / "nowhere.py")))
    assert found("acme:X") == ["unknown"]


def test_a_folder_that_links_to_itself_is_walked_once(write: Write) -> None:
    """A left-over folder with a link to itself has no code, and looking for some comes to an end; links count."""
    root = write({"acme/data/readme.txt": "", "elsewhere/ws.py": "X = 1"})
    (root / "acme" / "again").symlink_to(root / "acme")
    (root / "acme" / "gone").symlink_to(root / "nowhere")
    assert found("acme:X") == ["absent"]
    (root / "acme" / "linked").symlink_to(root / "elsewhere")
    assert found("acme.linked.ws:X") == ["there"]


def test_a_path_entry_that_is_new_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that is new, one without a finder, and the current folder, there or gone, are all fine."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "acme.py").write_text("X = 1")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "nowhere" / "at all"), *sys.path])
    for entry in (str(tmp_path / "here"), str(tmp_path / "nowhere" / "at all")):
        sys.path_importer_cache.pop(entry, None)
    assert found("acme:X") == ["there"]
    shutil.rmtree(tmp_path / "here")
    assert found("acme:X") == ["absent"]


def test_suggestions_come_from_what_is_defined(write: Write, tmp_path: Path) -> None:
    """Names for close matches are those at the left margin, and the modules of a package; nothing there is no error."""
    source = "class A(B): ...\ndef c(): ...\nasync def d(): ...\nE = 1\nf: int = 2\nif g == 1: ...\n  h = 1\ni"
    assert defined_names(source.encode()) == ["A", "c", "d", "E", "f"]
    assert names_in_file(str(tmp_path / "nowhere.py")) == []
    assert close_matches("redis", ["re", "Redis", "AsyncRedisCache"]) == ("Redis", "AsyncRedisCache")
    names = ("__init__.py", "one.py", "two/__init__.py", "no-module.py", "t.txt")
    root = write({f"acme/{name}": "" for name in names})
    assert submodules_in([str(root / "acme"), str(root / "nowhere")]) == ["one", "two"]


def test_the_modules_that_define_a_name_are_found(write: Write) -> None:
    """In the whole package, where it is defined and not where it is imported or used."""
    write({"acme/__init__.py": "from acme.a.b import X", "acme/a/__init__.py": "class X: ...", "acme/a/b.py": "X = 1"})
    write({"acme/not-python/c.py": "X = 1", "acme/d.py": "def f():\n    X = 1\nprint(X)"})
    assert modules_that_define("X", "acme") == ["acme.a", "acme.a.b"]
    assert modules_that_define("X", "nowhere") == modules_that_define("X", "json.decoder") == []


# Importing these opens a browser, prints, needs a screen, or runs a test suite.
LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "lib2to3", "test", "ssot_shims"}


def every_module() -> Iterator[str]:
    """The modules of the standard library and of the installed packages that have a source file."""
    for root in map(Path, (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))):
        for folder, folders, files in os.walk(root):
            parts = Path(folder).relative_to(root).parts
            folders[:] = [name for name in folders if name.isidentifier() and [*parts, name][0] not in LEFT_OUT]
            stems = {file.removesuffix(".py") for file in files if file.endswith(".py")} - {"__main__"}
            names = [[*parts, stem] if stem != "__init__" else [*parts] for stem in stems if stem.isidentifier()]
            yield from (".".join(name) for name in names if name and name[0] not in LEFT_OUT)


@pytest.mark.slow
def test_the_look_agrees_with_importing_every_module_there_is() -> None:
    """For names of modules of the standard library and of site-packages, *there* and *missing* are never wrong."""
    every = sorted(set(every_module()))
    modules = random.Random(len(every)).sample(every, min(len(every), 400))  # all of them take many minutes
    script = Path(__file__).parents[1] / "support" / "installed_modules.py"
    env = {**os.environ, "PYTHONPATH": str(Path(bindings.__file__).parents[1])}

    def half(part: list[str]) -> str:
        command, given = [sys.executable, str(script), "6"], "\n".join(part)
        return subprocess.run(command, env=env, input=given, capture_output=True, text=True, check=False).stdout

    with ThreadPoolExecutor() as pool:
        outputs = list(pool.map(half, (modules[::2], modules[1::2])))
    lines = [json.loads(line) for output in outputs for line in output.splitlines()]
    counts = [line for line in lines if "modules" in line]
    assert [line for line in lines if "found" in line] == []
    assert len(counts) == 2
    assert sum(line["modules"] for line in counts) > 150
    assert all(sum(line[found] for line in counts) > 150 for found in ("there", "missing"))
