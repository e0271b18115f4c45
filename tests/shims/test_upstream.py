"""Every condition an upstream can be in, what a shim makes of it, and the words it uses."""

from __future__ import annotations

import enum
import importlib
import py_compile
import shutil
import sys
import types
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ssot_shims import PlaceholderWarning, shim, shim_of
from tests.conftest import Write

INSTALL = "to use the real one, install it, or set PYTHONPATH=<the folder that holds acme>"
BRING = "to use the real one, install the distribution that brings "
FOLLOW = (
    "to follow it, write its new place as the target at {here}; until then: SSOT_SHIMS_UPSTREAM_CONFIG=<module>:Config"
)
GO_ON = "to go on with the placeholder: SSOT_SHIMS_PLACEHOLDERS=Config"
BROKEN = f'to see the whole traceback: {sys.executable} -c "from acme.ws import Config"; {GO_ON}'
CLASS = "class Config: ..."
TARGET = ("acme.ws:Config",)
BOOM = "import os\nos._exit(3)  # this must not run\n"


class Case(NamedTuple):
    """One condition: files below a folder on the path, the targets of a shim, and what is to come of them."""

    name: str
    files: dict[str, str]
    state: str
    reason: str
    targets: tuple[str, ...] = TARGET
    cause: str | None = None
    before: Callable[[Path], object] = lambda root: None
    runs: bool = False


def in_package(source: str, init: str = "") -> dict[str, str]:
    return {"acme/__init__.py": init, "acme/ws.py": source}


def zip_it(root: Path) -> None:
    shutil.make_archive(str(root / "acme"), "zip", root, "acme")
    shutil.rmtree(root / "acme")
    sys.path.insert(0, str(root / "acme.zip"))


def compile_it(root: Path) -> None:
    py_compile.compile(str(root / "acme" / "ws.py"), cfile=str(root / "acme" / "ws.pyc"), doraise=True)
    (root / "acme" / "ws.py").unlink()


def put_into_sys_modules(root: Path) -> None:
    module = types.ModuleType("acme.ws")
    module.Config = type("Config", (), {})  # type: ignore[attr-defined]
    sys.modules["acme.ws"] = module


def second(root: Path) -> None:
    (root / "second" / "acme").mkdir(parents=True)
    (root / "second" / "acme" / "ws.py").write_text(CLASS)
    sys.path.insert(0, str(root / "second"))


def import_it(root: Path) -> None:
    importlib.import_module("acme")


def block(name: str) -> Callable[[Path], None]:
    class Blocker:
        def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
            if fullname == name:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return None

    return lambda root: sys.meta_path.insert(0, Blocker())


def deny(name: str) -> Callable[[Path], None]:
    return lambda root: sys.modules.__setitem__(name, None)  # type: ignore[arg-type]


def is_gone(file: str, close: str = "") -> str:
    near = f"; similar: {close}" if close else ""
    return f"Config is not in {{root}}/{file}{near}; {FOLLOW}"


def unseen(file: str, close: str = "") -> str:
    return is_gone(f"{file} (read, not run)", close)


def syntax_error(source: bytes) -> str:
    """What this Python says of it: the words change with its version."""
    with pytest.raises(SyntaxError) as caught:
        compile(source, "ws.py", "exec")
    return str(caught.value)


NOT_UTF_8 = syntax_error(b"class Config: name = '\xff'")
THERE = "acme.ws:Config ({root}/acme/ws.py)"
ABSENT = f"no package 'acme' is installed here; {INSTALL}"
NESTED = FOLLOW.replace(":Config", ":Outer.Config")
PORTION = "{0}:Config is not installed here, only other parts of the namespace package {1} ({{root}}/{2}); {3}{0}"
ZIPPED = "acme.ws:Config ({root}/acme.zip/acme/ws.py)"
OLD_NAMESPACE = {"acme/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"}
NO_WS = "there is no module acme.ws in {root}/acme/__init__.py"
STEERS = "import sys\nsys.modules.get('acme.ws')"
RENAMED = {"acme/__init__.py": BOOM, "acme/wss.py": BOOM}
WARNS = "import warnings\nwarnings.warn('old', DeprecationWarning)"
NO_NAME = "cannot import name 'nothing' from 'acme' ({root}/acme/__init__.py)"
BROKEN_FIRST = {"acme/__init__.py": "", "acme/ws.py": CLASS, "acme/old.py": "Config = None"}
UNRUN = "Config is not in {root}/acme/ws.py (read, not run); the same name is at "


def given(name: str, files: dict[str, str], reason: str = THERE, *targets: str, **more: Any) -> Case:
    return Case(name, files, "upstream", reason, targets or TARGET, **{"runs": True} | more)


def absent(name: str, files: dict[str, str] = {}, reason: str = ABSENT, *targets: str, **more: Any) -> Case:  # noqa: B006
    return Case(name, files, "absent", reason, targets or TARGET, **more)


def moved(name: str, files: dict[str, str], reason: str, *targets: str, **more: Any) -> Case:
    return Case(name, files, "moved", reason, targets or TARGET, **more)


def broken(name: str, source: str, kind: str) -> Case:
    reason = f"acme.ws:Config is of type {kind}, not a class; {GO_ON}"
    return Case(name, in_package(source), "broken", reason, cause="wrong kind", runs=True)


def portion(name: str, files: dict[str, str], module: str, parent: str = "acme", file: str = "", **more: Any) -> Case:
    reason = PORTION.format(module, parent, file or parent.replace(".", "/"), BRING)
    return absent(name, files, reason, f"{module}:Config", **more)


def nested(name: str, source: str, reason: str, **more: Any) -> Case:
    return moved(name, in_package(source) | more.pop("also", {}), f"{reason}; {NESTED}", "acme.ws:Outer.Config", **more)


def there(name: str, *sources: str) -> Case:
    return given(name, in_package(*sources))


def gone(name: str, *sources: str) -> Case:
    return moved(name, in_package(*sources), is_gone("acme/ws.py"), runs=True)


def unread(name: str, *sources: str) -> Case:
    return moved(name, in_package(*sources), unseen("acme/ws.py"))


def breaks(cause: str, what: str, *sources: str) -> Case:
    reason = f"importing acme.ws raised {what}; {BROKEN}"
    return Case(what, in_package(*sources), "broken", reason, cause=cause, runs=True)


CASES = [
    there("healthy", CLASS),
    absent("absent"),
    absent("an empty folder of that name", {"acme/data/readme.txt": ""}),
    absent("only __pycache__ in it", {"acme/__pycache__/ws.cpython-311.pyc": ""}),
    absent("only folders that no module can be in", {"acme/not-a-package/ws.py": CLASS}),
    absent("an empty folder that somebody imported", {"acme/readme.txt": ""}, before=import_it, runs=True),
    absent("a path that is not a string", before=lambda root: sys.path.insert(0, root)),
    absent("denied by None in sys.modules", in_package(CLASS), before=deny("acme")),
    moved("a submodule denied by None in sys.modules", in_package(CLASS), f"{NO_WS}; {FOLLOW}", before=deny("acme.ws")),
    absent("denied by a finder that raises", in_package(CLASS), before=block("acme")),
    moved("submodule gone", {"acme/__init__.py": ""}, f"{NO_WS}; {FOLLOW}"),
    moved("gone from a package that steers its modules", {"acme/__init__.py": STEERS}, f"{NO_WS}; {FOLLOW}", runs=True),
    moved("submodule renamed", RENAMED, f"{NO_WS}; similar: acme.wss:Config; {FOLLOW}"),
    moved("package became a module", {"acme.py": BOOM}, f"there is no module acme.ws in {{root}}/acme.py; {FOLLOW}"),
    moved("symbol renamed", in_package("class ConfigV2: ..."), unseen("acme/ws.py", "acme.ws:ConfigV2")),
    unread("symbol gone from a module with side effects", BOOM, BOOM),
    gone("deleted after its definition", f"{CLASS}\ndel Config"),
    moved(
        "moved to another module of its package",
        in_package(BOOM) | {"acme/impl/limits.py": BOOM + CLASS},
        f"{UNRUN}acme.impl.limits:Config; to follow it, write acme.impl.limits:Config as the target at {{here}}; "
        "until then: SSOT_SHIMS_UPSTREAM_CONFIG=acme.impl.limits:Config",
    ),
    moved(
        "two of that name in its package",
        in_package(BOOM) | {"acme/a.py": CLASS, "acme/b.py": "Config = 1", "acme/c.py": "print(Config)"},
        f"{UNRUN}acme.a:Config, acme.b:Config; {FOLLOW}",
    ),
    breaks("import error", f"ImportError: {NO_NAME}", f"from acme import nothing\n{CLASS}"),
    breaks("import error", "ModuleNotFoundError: by hand", f"{CLASS}\nraise ModuleNotFoundError('by hand')"),
    breaks("dependency missing", "ModuleNotFoundError: no", CLASS, "raise ModuleNotFoundError('no', name='acme')"),
    breaks("exception", "RuntimeError: no licence for you", f"{CLASS}\nraise RuntimeError('no licence\\nfor you')"),
    breaks("syntax error", "SyntaxError: expected ':' (ws.py, line 2)", f"{CLASS}\nif True\n pass"),
    breaks("system exit", "SystemExit: bye", f"import sys\n{CLASS}\nsys.exit('bye')"),
    breaks("exception", "Skipped: no", f"import pytest\n{CLASS}\npytest.skip('no', allow_module_level=True)"),
    breaks("exception", "OSError: no disk", CLASS, "raise OSError('no disk')"),
    breaks("warning as error", "DeprecationWarning: old", f"{WARNS}\n{CLASS}"),
    broken("its own placeholder", "try: from acme.gone import Config\nexcept ImportError: Config = None", "NoneType"),
    broken("a function where a class is promised", "def Config(): ...", "function"),
    absent("only a file that no import can name", {"acme/build-image.py": ""}),
    there("a module __getattr__", "def __getattr__(name): return int"),
    gone("a module __getattr__ that does not know it", "def __getattr__(name): raise AttributeError(name)"),
    breaks("exception", "LookupError: __path__", "def __getattr__(name): raise LookupError(name)"),
    given("a star import with it", {**in_package("from acme.impl import *"), "acme/impl.py": CLASS}),
    gone("a star import without it", "from acme import *"),
    gone("defined in a branch that is not taken", f"if False:\n {CLASS}"),
    there("a parent that sets attributes on its submodule", "", "from acme import ws\nws.Config = int"),
    given(
        "an edited __path__",
        {"acme/__init__.py": "__path__.append(__path__[0] + '/elsewhere')", "acme/elsewhere/ws.py": CLASS},
        "acme.ws:Config ({root}/acme/elsewhere/ws.py)",
    ),
    given("a module that is in sys.modules already", {}, "acme.ws:Config (built in)", before=put_into_sys_modules),
    given("a zip import", in_package(CLASS), ZIPPED, before=zip_it),
    given("a namespace package in a zip file", {"acme/ws.py": CLASS}, ZIPPED, before=zip_it),
    given("byte code without source", in_package(CLASS), "acme.ws:Config ({root}/acme/ws.pyc)", before=compile_it),
    given("a namespace over two folders", {"acme/o.py": ""}, THERE.replace("/acme", "/second/acme"), before=second),
    portion("another portion", {"acme/deep/other.py": ""}, "acme.deep.ws", "acme.deep"),
    portion("another portion, which a finder denies", {"acme/o.py": ""}, "acme.ws", before=block("acme.ws"), runs=True),
    portion("another portion, as before PEP 420", {**OLD_NAMESPACE, "acme/other.py": ""}, "acme.ws", runs=True),
    portion("a portion by its own name, as before", OLD_NAMESPACE, "acme", file="acme/__init__.py", runs=True),
    portion("a namespace package that has the name of the package", {"acme/setup.py": BOOM}, "acme"),
    given(
        "a nested attribute",
        in_package("class Outer:\n    class Config: ..."),
        "acme.ws:Outer.Config ({root}/acme/ws.py)",
        "acme.ws:Outer.Config",
    ),
    nested(
        "a nested attribute renamed",
        "class Outer:\n    class ConfigV2: ...",
        "Outer.Config is not in {root}/acme/ws.py; similar: acme.ws:Outer.ConfigV2",
        runs=True,
    ),
    nested(
        "a nested attribute that is gone, while another class of that name is there",
        "class Outer: ...",
        "Outer.Config is not in {root}/acme/ws.py",
        also={"acme/other.py": "class Outer: ..."},
        runs=True,
    ),
    nested(
        "the outer of a nested attribute renamed",
        "class OuterV2:\n    class Config: ...",
        "Outer.Config is not in {root}/acme/ws.py (read, not run); similar: acme.ws:OuterV2.Config",
    ),
    breaks("syntax error", f"SyntaxError: {NOT_UTF_8}", "class Config: name = '\udcff'"),
    given("the second target wins", in_package(CLASS), THERE, "acme.old:Config", "acme.ws:Config"),
    moved("the first absent, the second moved", in_package(BOOM), unseen("acme/ws.py"), "no:Config", "acme.ws:Config"),
    absent("both absent", {}, ABSENT.replace("; ", "; no package 'no' is installed here; ", 1), *TARGET, "no:Config"),
    given("a broken one before the one that wins", BROKEN_FIRST, THERE, "acme.old:Config", "acme.ws:Config"),
    given("built into the interpreter", {}, "itertools:chain (built in)", "itertools:chain"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_shim_tells_every_condition_apart(case: Case, write: Write) -> None:
    """State, cause, reason and hint are right, and nothing of an upstream runs that does not have to."""
    root = write({"keep": "", **case.files})
    case.before(root)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("error", DeprecationWarning)
        warnings.simplefilter("always", PlaceholderWarning)

        here = f"{__file__}:{sys._getframe().f_lineno + 2}"

        @shim(*case.targets)
        class Config: ...

    record = shim_of(Config)
    expected = case.reason.format(root=root, here=here)
    assert (record.state, record.cause, record.explanation) == (case.state, case.cause, expected)
    assert (Config is record.upstream) == (case.state == "upstream")
    assert (Config is record.placeholder) == (case.state != "upstream")
    what = "has a broken target before the one in use" if record.state == "upstream" else "is a placeholder"
    assert [str(one.message) for one in told] == ([f"Config {what}: {record.problem}"] if record.problem else [])
    assert bool(record.problem) == (case.state in ("moved", "broken") or "broken one" in case.name)
    if not case.runs:
        assert not [name for name in sys.modules if name.partition(".")[0] == "acme" and sys.modules[name] is not None]


@pytest.mark.parametrize(("upstream", "kind"), [("class Level:\n    HIGH = 1", "type"), ("Level = 3", "int")])
def test_an_enum_promised_needs_an_enum(write: Write, upstream: str, kind: str) -> None:
    """A class or a value where an enum is promised is broken, and the reason says what it is."""
    write({"acme.py": upstream})
    with pytest.warns(PlaceholderWarning):
        record = shim_of(shim("acme:Level")(enum.Enum("Level", "HIGH")))
    assert (record.cause, record.reason) == ("wrong kind", f"acme:Level is of type {kind}, not an enum")


def test_a_function_promised_takes_any_callable_that_is_no_class(write: Write) -> None:
    """A partial or another callable object serves where a function is promised; a class does not."""

    def ring() -> int:
        return 0

    write({"acme.py": "import functools\ndial = functools.partial(int, base=2)\nclass ring: ..."})
    assert shim("acme:dial")(lambda text: 0)("101") == 5
    with pytest.warns(PlaceholderWarning, match="acme:ring is of type type, not a function"):
        assert shim("acme:ring")(ring) is ring
