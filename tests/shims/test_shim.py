"""``@shim`` and its records, apart from what one upstream may be like (that is test_upstream.py)."""

from __future__ import annotations

import _thread
import copy
import dataclasses
import enum
import functools
import http
import importlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from unittest import mock

import packaging.version
import pytest

import ssot_shims
from ssot_shims import PlaceholderWarning, all_shims, is_placeholder, shim, shim_of
from ssot_shims._shims.shim import quiet
from ssot_shims.errors import InvalidDeclaration, InvalidSetting, UnknownName, UpstreamBroken, UpstreamMoved
from tests.conftest import Write, forget_shims
from tests.support.migrate_tree import plant

MOVED = {"acme.py": "class LimitsV2: ..."}
MOVED_REASON = "Limits is not in {root}/acme.py (read, not run); similar: acme:LimitsV2"
MOVED_HINT = (
    "to follow it, write its new place as the target at {place}; until then: SSOT_SHIMS_UPSTREAM_LIMITS=<module>:Limits"
)
DECLARES = 'from ssot_shims import shim\n\n@shim("acme:Limits")\nclass Limits: ...\n'


def declare() -> type:
    @shim("acme:Limits")
    class Limits:
        """The most of everything."""

        retries: int = 3

    return Limits


def python(*words: str, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """A process in *cwd* that finds this package, and what is on *path*."""
    env = {"PYTHONPATH": f"{Path(ssot_shims.__file__).parents[1]}{path}"}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False)


DECLARED = declare.__code__.co_firstlineno + 1


def test_the_upstream_object_itself_is_given(write: Write) -> None:
    """Class, enum or function: ``is`` holds, and pickling and copying give that object back."""
    assert shim("packaging.version:Version")(type("Version", (), {})) is packaging.version.Version
    assert shim("http:HTTPStatus")(enum.IntEnum("HTTPStatus", {"OK": 200})) is http.HTTPStatus
    assert shim("shutil:which")(lambda cmd: None) is shutil.which
    write({"acme.py": "class Limits: ..."})
    limits = declare()
    import acme  # type: ignore[import-not-found]

    assert limits is acme.Limits
    assert pickle.loads(pickle.dumps(limits)) is copy.deepcopy(limits) is copy.copy(limits) is limits
    record = shim_of(limits)
    assert (record.object, record.upstream, record.hint, record.results[0].hint) == (limits, limits, "", "")


def test_a_placeholder_stays_what_it_was() -> None:
    """A class, dataclass, enum, Protocol or function without an upstream is returned untouched."""
    data, level = dataclasses.make_dataclass("Data", ["x"]), enum.Enum("Level", ["LOW"])

    class Closer(Protocol):
        def close(self) -> None: ...

    for placeholder in (type("Plain", (), {}), data, level, Closer, lambda times=1: "ring" * times):
        assert shim("acme:Thing")(placeholder) is placeholder
        assert shim_of(placeholder).placeholder is placeholder
    exec("@shim('acme:bare')\ndef bare(): ...", {"shim": shim})  # in code that has no module
    assert [record.state for record in all_shims()] == ["absent"] * 6
    assert all_shims()[-1].declared == "__main__.bare"


def test_the_record_says_what_became_of_the_shim() -> None:
    """The record of an absent upstream has every detail, and cannot be changed."""
    record = shim_of(declare())
    assert (record.name, record.targets, record.state) == ("Limits", ("acme:Limits",), "absent")
    assert record.reason == "no package 'acme' is installed here"
    assert record.hint == "to use the real one, install it, or set PYTHONPATH=<the folder that holds acme>"
    assert (record.cause, record.error, record.upstream, record.problem) == (None, None, None, "")
    assert (record.declared, record.file) == ("tests.shims.test_shim.declare.<locals>.Limits", __file__)
    assert record.object is record.placeholder
    assert 0 < record.seconds < 60
    with pytest.raises(AttributeError, match="^ShimRecord is a frozen record; its state cannot be changed$"):
        record.state = "upstream"  # type: ignore[misc]


def test_is_placeholder_knows_classes_instances_subclasses_and_functions(write: Write) -> None:
    """Placeholders, instances and subclasses are told from all else, whatever a metaclass does to attribute access."""
    write({"real.py": "class Real: ..."})
    limits = declare()

    @shim("acme:ring")
    def ring() -> None: ...

    @shim("real:Real")
    class Real: ...

    class Meta(type):
        def __getattribute__(cls, name: str) -> object:
            raise RuntimeError(name)

    class Odd(metaclass=Meta): ...

    for obj in (limits, limits(), mine := type("Mine", (limits,), {}), mine(), ring):
        assert is_placeholder(obj), obj
    for other in (Real, Real(), int, 3, None, mock.MagicMock(spec=limits), print, sys, Odd, object.__new__(Odd)):
        assert not is_placeholder(other)


def test_shim_of_takes_what_a_shim_gave() -> None:
    """Instances and subclasses lead to the record; anything else is an error that lists the shims, if there are any."""
    with pytest.raises(UnknownName, match="""^no shim for "'x'"; known: none$"""):
        shim_of("x")
    limits = declare()
    assert shim_of(type("Mine", (limits,), {})()) is shim_of(limits())
    with pytest.raises(UnknownName, match="^no shim for '42'; known: Limits$"):
        shim_of(42)


@pytest.mark.parametrize("value", ["1", "true", "Other, Limits", " YES ", "Limits,"])
def test_placeholders_can_be_forced(write: Write, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """SSOT_SHIMS_PLACEHOLDERS gives the placeholder although upstream is there, for all shims or for those it names."""
    write({"acme.py": "class Limits: ..."})
    for says_no in ("0", "", "no", "Other"):
        monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", says_no)
        assert shim_of(declare()).state == "upstream"
        forget_shims()
    del sys.modules["acme"]
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", value)
    record = shim_of(declare())
    assert (record.state, record.reason) == ("forced", "SSOT_SHIMS_PLACEHOLDERS asks for the placeholder")
    assert record.hint == "to undo that: unset SSOT_SHIMS_PLACEHOLDERS"
    assert is_placeholder(record.object)
    assert "acme" not in sys.modules


def test_another_upstream_can_be_put_behind_a_shim(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSOT_SHIMS_UPSTREAM_LIMITS replaces the targets; when it is absent, that is said aloud, and unset undoes it."""
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_LIMITS", " other:Better ")
    with pytest.warns(PlaceholderWarning, match="^Limits is a placeholder: no package 'other' is installed here; "):
        record = shim_of(declare())
    assert (record.state, record.hint.rpartition(": ")[2]) == ("moved", "unset SSOT_SHIMS_UPSTREAM_LIMITS")
    forget_shims()
    root = write({"acme.py": "class Limits: ...", "other.py": "class Better: ..."})
    record = shim_of(declare())
    assert (record.state, record.reason) == ("upstream", f"other:Better ({root}/other.py)")
    assert record.targets == ("acme:Limits",)
    forget_shims()
    del sys.modules["other"]
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_LIMITS", "other:Best")
    with pytest.warns(PlaceholderWarning, match=f"Best is not in {root}/other.py; similar: other:Better; "):  # imported
        declare()


def test_the_reason_of_a_moved_shim_names_what_mends_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done as it says, the setting at the end of the hint gives the upstream, and so does the edit before it."""
    root = write({"acme/__init__.py": "", "acme/limits.py": "class Limits: ...", "declares.py": DECLARES})
    with pytest.warns(PlaceholderWarning):
        module = importlib.import_module("declares")
    record = shim_of(module.Limits)
    lasting, setting = record.hint.split("; until then: ")
    assert lasting == f"to follow it, write acme.limits:Limits as the target at {root}/declares.py:3"
    assert record.results[0].moved_to == ("acme.limits:Limits",)
    monkeypatch.setenv(*setting.split("="))
    forget_shims()
    assert shim_of(declare()).upstream.__module__ == "acme.limits"
    monkeypatch.delenv("SSOT_SHIMS_UPSTREAM_LIMITS")
    (root / "declares.py").write_text(DECLARES.replace("acme:Limits", "acme.limits:Limits") + "# of another length\n")
    forget_shims()
    assert shim_of(importlib.reload(module).Limits).state == "upstream"


def test_the_reason_of_a_broken_shim_names_what_silences_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done as it says, the setting gives the placeholder without a word, and the command shows the traceback."""
    root = write({"acme.py": "class Limits: ...\nraise RuntimeError('boom')"})
    with pytest.warns(PlaceholderWarning):
        record = shim_of(declare())
    command, setting = record.hint.split("; ")
    assert record.reason == "importing acme raised RuntimeError: boom"
    assert command == f'to see the whole traceback: {sys.executable} -c "from acme import Limits"'
    assert python("-c", "from acme import Limits", cwd=root).stderr.endswith("RuntimeError: boom\n")
    monkeypatch.setenv(*setting.removeprefix("to go on with the placeholder: ").split("="))
    forget_shims()
    assert shim_of(declare()).state == "forced"


def test_the_reason_of_an_absent_shim_names_the_setting_that_finds_it(tmp_path: Path) -> None:
    """Done as it says, PYTHONPATH gives the upstream."""
    assert shim_of(declare()).hint.endswith("set PYTHONPATH=<the folder that holds acme>")
    plant(tmp_path, {"elsewhere/acme.py": "class Limits: ...", "declares.py": DECLARES})
    code = "import declares, ssot_shims; print(ssot_shims.shim_of(declares.Limits).state)"
    assert python("-c", code, cwd=tmp_path).stdout == "absent\n"
    assert python("-c", code, cwd=tmp_path, path=f":{tmp_path}/elsewhere").stdout == "upstream\n"


def test_strict_raises_for_what_moved(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SSOT_SHIMS_STRICT=1 that is an ImportError, each time, and the record remembers it; absence stays quiet."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    assert shim_of(declare()).state == "absent"
    forget_shims()
    root = write(MOVED)
    for _ in range(2):
        with pytest.raises(UpstreamMoved) as caught:
            declare()
        reason, hint = MOVED_REASON.format(root=root), MOVED_HINT.format(place=f"{__file__}:{DECLARED}")
        assert str(caught.value) == f"Limits: {reason}; {hint}"
        assert isinstance(caught.value, ImportError)
    assert [(record.name, record.state) for record in all_shims()] == [("Limits", "moved")]


def test_strict_raises_for_what_broke(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SSOT_SHIMS_STRICT=1 a broken upstream is an ImportError with its cause, also before one that won."""
    write({"acme.py": "class Limits: ...\n1 / 0", "none.py": "Limits = None", "other.py": "class Limits: ..."})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    told = "^Limits: importing acme raised ZeroDivisionError: division by zero; "
    with pytest.raises(UpstreamBroken, match=told) as caught:
        declare()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    forget_shims()
    with pytest.raises(UpstreamBroken, match="^Limits: none:Limits is of type NoneType, not a class; "):
        shim("none:Limits", "other:Limits")(type("Limits", (), {}))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STRICT", "maybe", "1, true, yes or on, or 0, false, no or off"),
        ("PLACEHOLDERS", "Heart beat", "1 for all shims, 0 for none, or names such as HeartbeatConfig,RetryPolicy"),
        ("UPSTREAM_LIMITS", "acme.Limits", "a target such as pkg.mod:Name"),
    ],
)
def test_a_setting_that_does_not_read(monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    """The error names the variable, the value and what is expected; it is no ImportError, so nobody swallows it."""
    monkeypatch.setenv(f"SSOT_SHIMS_{name}", value)
    with pytest.raises(InvalidSetting) as caught:
        declare()
    assert str(caught.value) == f"SSOT_SHIMS_{name} is {value!r}; expected {expected}"
    assert not isinstance(caught.value, ImportError)
    assert all_shims() == ()


@pytest.mark.parametrize("line", ["from declares import Limits", "from ssot_shims import HeartbeatConfig"])
def test_the_warning_points_at_the_line_that_imported(write: Write, fresh_shims: None, line: str) -> None:
    """A shim declared in one module warns where another imports it, through any number of loaders; ours as well."""
    root = write({**MOVED, "netra_backend/__init__.py": "", "declares.py": DECLARES, "user.py": f"\n\n{line}\n"})
    with pytest.warns(PlaceholderWarning, match="=<module>:(Limits|HeartbeatConfig)$") as told:
        importlib.import_module("user")
    assert [(one.filename, one.lineno) for one in told] == [(f"{root}/user.py", 3)]


def test_a_script_is_warned_at_its_own_declaration(write: Write) -> None:
    """In a script that declares the shim itself, the warning points at the declaration; it is shown once."""
    root = write({**MOVED, "script.py": DECLARES})
    told = python(str(root / "script.py"), cwd=root).stderr
    where, what = told.splitlines()[0].split(" PlaceholderWarning: ")
    assert where in (f"{root}/script.py:3:", f"{root}/script.py:4:")
    reason, hint = MOVED_REASON.format(root=root), MOVED_HINT.format(place=f"{root}/script.py:3")
    assert (what, told.count("PlaceholderWarning")) == (f"Limits is a placeholder: {reason}; {hint}", 1)


def test_a_declaration_that_nobody_imported_is_warned_at_itself(write: Write) -> None:
    """Code that a thread runs on its own has no importing line, so the declaration is the place."""
    write(MOVED)
    done = threading.Event()
    code = compile(DECLARES + "done.set()\n", "lonely.py", "exec")
    with pytest.warns(PlaceholderWarning) as told:  # noqa: PT031  # the warning comes from the thread
        _thread.start_new_thread(exec, (code, {"__name__": "lonely", "done": done}))
        assert done.wait(5)
    assert told[0].filename == "lonely.py"


def test_a_shim_warns_once(write: Write) -> None:
    """In a reload a shim says nothing more and is not resolved again; the new placeholder counts."""
    write({**MOVED, "declares.py": DECLARES})
    with pytest.warns(PlaceholderWarning):
        module = importlib.import_module("declares")
    first, record = module.Limits, shim_of(module.Limits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.reload(module)
    assert module.Limits is not first
    assert all_shims() == (record.replace(placeholder=module.Limits),)


def test_where_warnings_are_errors_every_import_fails_alike(write: Write) -> None:
    """A warning turned into an error is raised each time, with the cause chained, never swallowed by the first time."""
    write({"acme.py": "class Limits: ...\nraise RuntimeError('boom')", "declares.py": DECLARES})
    for _ in range(2):
        # Warnings are errors in this whole suite.
        with pytest.raises(PlaceholderWarning) as caught:
            importlib.import_module("declares")
        assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_reload_with_other_targets_resolves_again(write: Write) -> None:
    """Editing the targets of a shim and reloading its module replaces the record, and what is wrong is told again."""
    gone = DECLARES.replace("acme", "gone")
    root = write({"gone.py": "", "bad.py": "Limits = None", "other.py": "class Limits: ...", "declares.py": gone})
    with pytest.warns(PlaceholderWarning, match="is not in"):
        module = importlib.import_module("declares")
    (root / "declares.py").write_text(DECLARES.replace("acme", "bad") + "# of another length\n")
    with pytest.warns(PlaceholderWarning, match="is of type NoneType, not a class"):
        importlib.reload(module)
    (root / "declares.py").write_text(DECLARES.replace('"acme:Limits"', '"other:Limits", replaces="old:Limits"'))
    importlib.reload(module)
    (record,) = all_shims()
    assert (record.state, record.targets, record.replaces) == ("upstream", ("other:Limits",), ("old:Limits",))


def test_one_file_under_two_names_is_one_declaration(write: Write) -> None:
    """A module imported both as ``shims`` and as ``suite.shims`` gives the same object twice."""
    root = write({"suite/__init__.py": "", "suite/shims.py": DECLARES})
    sys.path.insert(0, str(root / "suite"))
    one, two = importlib.import_module("shims"), importlib.import_module("suite.shims")
    assert one.Limits is two.Limits
    assert len(all_shims()) == 1


def test_the_same_shim_in_two_modules_is_an_error(write: Write) -> None:
    """A name has one home; the error says where the first is."""
    write({"one.py": DECLARES, "two.py": DECLARES})
    importlib.import_module("one")
    told = "^two.Limits declares the shim Limits, which one.Limits has declared already; import it from there, or give "
    with pytest.raises(InvalidDeclaration, match=f"{told}one of the two another name$"):
        importlib.import_module("two")


@pytest.mark.parametrize(
    ("targets", "wrong"),
    [
        *(((), "no target is given to @shim"), ((3,), "3 is not a string"), (("a.B",), "'a.B' has no colon")),
        (("acme:",), "'acme:' has a symbol '' that is not a dotted name"),
        ((":Limits",), "':Limits' has a module '' that is not a dotted name"),
        (("a..b:C",), "'a..b:C' has a module 'a..b' that is not a dotted name"),
        (("a:b:C",), "'a:b:C' has a symbol 'b:C' that is not a dotted name"),
        ((" a:C",), "' a:C' has a module ' a' that is not a dotted name"),
    ],
)
def test_a_target_that_does_not_read_is_an_error(targets: tuple[str, ...], wrong: str) -> None:
    """The error says which part is wrong, when the shim is declared; of a place that it replaces too."""
    with pytest.raises(InvalidDeclaration) as caught:
        shim(*targets)
    assert str(caught.value) == f"{wrong}; write a target as 'pkg.mod:Name'"
    if targets:
        with pytest.raises(InvalidDeclaration, match=f"^{re.escape(wrong)}; "):
            shim("acme:Limits", replaces=targets)


@pytest.mark.parametrize("replaces", [("old.a:A", "older:A"), "old.b:B", ()])
def test_the_places_that_a_shim_replaces_are_on_its_record(write: Write, replaces: str | tuple[str, ...]) -> None:
    """One or several, or none; a reload that says others replaces them."""
    write({"declares.py": DECLARES})
    module = importlib.import_module("declares")
    write({"declares.py": DECLARES.replace('"acme:Limits"', f'"acme:Limits", replaces={replaces!r}')})
    importlib.reload(module)
    assert shim_of(module.Limits).replaces == ((replaces,) if isinstance(replaces, str) else replaces)


@pytest.mark.parametrize(
    "placeholder",
    [3, mock.MagicMock(), sys, staticmethod(len), list[int], Callable[[], int], functools.lru_cache(repr)],
)
def test_a_placeholder_is_a_class_or_a_function(placeholder: object) -> None:
    """Anything else is refused, with what it is, though it can be called."""
    told = f"{placeholder!r} is neither a class nor a function; put @shim(...) on a class or def statement"
    with pytest.raises(InvalidDeclaration, match=f"^{re.escape(told)}$"):
        shim("acme:Limits")(placeholder)


SIXTEEN = """
import threading, ssot_shims
gate, seen = threading.Barrier(16), []
def ask():
    gate.wait()
    from declares import Limits
    from ssot_shims import HeartbeatConfig
    seen.append((id(Limits), id(HeartbeatConfig)))
threads = [threading.Thread(target=ask) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(seen), len(set(seen)), sorted(record.name for record in ssot_shims.all_shims()))
"""


def test_sixteen_threads_get_one_object_from_one_import(tmp_path: Path) -> None:
    """First imports from many threads at once run the upstream once, and all get the same class and one record."""
    acme = "import time\ntime.sleep(0.05)\nprint('run')\nclass Limits: ..."
    plant(tmp_path, {"acme.py": acme, "declares.py": DECLARES, "main.py": SIXTEEN})
    done = python("-W", "error", "main.py", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("run\n16 1 ['HeartbeatConfig', 'Limits']\n", "")


def test_a_function_that_declares_with_other_targets_is_told() -> None:
    """Called with two targets it would give two shims of one name, and forget the first: an error."""

    def make(target: str, replaces: str) -> Callable[[], None]:
        @shim(target, replaces=replaces)
        def call() -> None: ...

        return call

    assert make("acme:a", "old:a") is not make("acme:a", "old:a")
    told = r"^tests\.shims\.test_shim\.test_a_function_that_declares.*call declares the shim"
    for target, replaces in (("acme:b", "old:a"), ("acme:a", "old:b")):
        with pytest.raises(InvalidDeclaration, match=told):
            make(target, replaces)


IN_PYTEST = pytest.param("-m pytest -q -p no:cacheprovider", "conftest.py:", marks=pytest.mark.slow)


@pytest.mark.parametrize(("command", "where"), [("-m declares", "declares.py:"), IN_PYTEST])
def test_where_no_line_of_a_user_imports_the_declaration_is_the_place(tmp_path: Path, command: str, where: str) -> None:
    """Runners import what they run; a warning that points into them helps nobody."""
    text = "class Here:\n    from ssot_shims import shim\n    @shim('acme:Limits')\n    class Limits: ...\n"
    plant(tmp_path, {"declares.py": text, "conftest.py": text, "acme.py": ""})
    done = python(*command.split(), cwd=tmp_path)
    assert re.search(rf"/{where}\d+: PlaceholderWarning", done.stdout + done.stderr)


def test_where_others_are_quiet_nothing_is_said(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A front end imports declarations without warning or error, strict or not, and no variable is changed for it."""
    write(MOVED)
    for strict in ("0", "1"):
        forget_shims()
        monkeypatch.setenv("SSOT_SHIMS_STRICT", strict)
        with quiet():
            assert shim_of(declare()).state == "moved"
            assert os.environ["SSOT_SHIMS_STRICT"] == strict
    with pytest.raises(UpstreamMoved):
        declare()


def test_a_module_that_raises_when_it_is_touched_is_broken() -> None:
    """A lazy module in sys.modules that fails when it is touched is a breakage, not a traceback out of the shim."""
    fails = mock.Mock(side_effect=RuntimeError("not today"))
    sys.modules["acme"] = type("Lazy", (), {"__getattr__": fails})()
    with pytest.warns(PlaceholderWarning, match="importing acme raised RuntimeError: not today; "):
        declare()
