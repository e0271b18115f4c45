"""``@shim`` and its records, apart from what one upstream may be like (that is test_conditions.py)."""

from __future__ import annotations

import _thread
import copy
import dataclasses
import enum
import importlib
import inspect
import json
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from unittest import mock

import pytest

import ssot_shims
from ssot_shims import (
    CircularShim,
    DuplicateShim,
    InvalidPlaceholder,
    InvalidSetting,
    InvalidTarget,
    PlaceholderWarning,
    UnknownShim,
    UpstreamBroken,
    UpstreamMoved,
    all_shims,
    is_placeholder,
    shim,
    shim_of,
)
from tests.conftest import Write

MOVED = {"acme.py": "class LimitsV2: ..."}
MOVED_REASON = (
    "Limits is not in {root}/acme.py (looked at without running it); close: acme:LimitsV2; "
    "to say where it is now: SSOT_SHIMS_UPSTREAM_LIMITS=acme:LimitsV2"
)
DECLARES = 'from ssot_shims import shim\n\n@shim("acme:Limits")\nclass Limits: ...\n'


def declare() -> type:
    @shim("acme:Limits")
    class Limits:
        """The most of everything."""

        retries: int = 3

    return Limits


# --- what the decorator gives


def test_the_upstream_object_itself_is_given(write: Write) -> None:
    """With an upstream, ``is`` holds, and pickling and copying give that object back."""
    write({"acme.py": "class Limits: ..."})
    limits = declare()
    import acme  # type: ignore[import-not-found]

    assert limits is acme.Limits
    assert pickle.loads(pickle.dumps(limits)) is copy.deepcopy(limits) is copy.copy(limits) is limits
    assert (shim_of(limits).chosen, shim_of(limits).upstream) == (limits, limits)


def test_real_classes_enums_and_functions_are_given() -> None:
    """Shims over a package that is installed, and over an enum and a function of the standard library, find them."""
    import http
    import shutil

    import packaging.version

    @shim("packaging.version:Version")
    class Version: ...

    @shim("http:HTTPStatus")
    class HTTPStatus(enum.IntEnum):
        OK = 200

    @shim("shutil:which")
    def which(cmd: str) -> str | None:
        return None

    assert (Version, HTTPStatus, which) == (packaging.version.Version, http.HTTPStatus, shutil.which)
    assert [record.state for record in all_shims()] == ["upstream"] * 3


def test_a_placeholder_stays_what_it_was() -> None:
    """A class, dataclass, enum, Protocol or function without an upstream is returned untouched."""

    class Plain: ...

    @dataclasses.dataclass
    class Data:
        x: int = 1

    class Level(enum.Enum):
        LOW = 1

    class Closer(Protocol):
        def close(self) -> None: ...

    def ring(times: int = 1) -> str:
        return "ring" * times

    for placeholder in (Plain, Data, Level, Closer, ring):
        assert shim("acme:Thing")(placeholder) is placeholder
        assert shim_of(placeholder).placeholder is placeholder
    assert [record.state for record in all_shims()] == ["absent"] * 5


def test_a_placeholder_can_be_used_like_any_class() -> None:
    """hasattr, help, signatures, subclassing, pickling and copying work on a placeholder."""
    limits = declare()
    shipped = ssot_shims.HeartbeatConfig

    class Mine(limits):  # type: ignore[misc, valid-type]
        burst = 5

    assert not hasattr(limits, "burst")
    assert (Mine().retries, Mine.burst) == (3, 5)
    assert "The most of everything." in inspect.getdoc(limits)  # type: ignore[operator]
    assert str(inspect.signature(shipped.for_environment)) == "(environment: 'str' = 'development') -> 'Self'"
    assert pickle.loads(pickle.dumps(shipped(1))) == copy.deepcopy(shipped(1)) == shipped(1)


def test_the_record_says_what_became_of_the_shim() -> None:
    """The record of an absent upstream has every detail, and cannot be changed."""
    record = shim_of(declare())
    seconds, placeholder = record.seconds, record.placeholder
    assert record == record.but(
        name="Limits",
        targets=("acme:Limits",),
        state="absent",
        reason="no package 'acme' is installed here; "
        "to use the real one, install it, or set PYTHONPATH=<the folder that holds acme>",
        cause=None,
        error=None,
        upstream=None,
        declared="tests.test_shim.declare.<locals>.Limits",
        file=__file__,
    )
    assert (record.chosen, record.problem) == (placeholder, "")
    assert 0 < seconds < 5
    with pytest.raises(AttributeError, match="^ShimRecord is a frozen record; its state cannot be changed$"):
        record.state = "upstream"  # type: ignore[misc]


def test_is_placeholder_knows_classes_instances_subclasses_and_functions(write: Write) -> None:
    """Placeholders, their instances and subclasses are told from upstreams and from everything else."""
    write({"real.py": "class Real: ..."})
    limits = declare()

    @shim("acme:ring")
    def ring() -> None: ...

    @shim("real:Real")
    class Real: ...

    class Mine(limits):  # type: ignore[misc, valid-type]
        ...

    for obj in (limits, limits(), Mine, Mine(), ring):
        assert is_placeholder(obj), obj
    for other in (Real, Real(), int, 3, None, mock.MagicMock(spec=limits), print, sys):
        assert not is_placeholder(other), other


def test_shim_of_takes_what_a_shim_gave() -> None:
    """Instances and subclasses lead to the record; anything else is an error that lists the shims."""
    limits = declare()

    class Mine(limits):  # type: ignore[misc, valid-type]
        ...

    assert shim_of(Mine()) is shim_of(limits())
    with pytest.raises(UnknownShim, match="^42 is not from a shim; shims declared so far: Limits$"):
        shim_of(42)


def test_without_any_shim_shim_of_says_so() -> None:
    """The error for an unknown object does not end in nothing when there is no shim."""
    with pytest.raises(UnknownShim, match="^'x' is not from a shim; shims declared so far: none$"):
        shim_of("x")


# --- settings


def test_placeholders_can_be_forced(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSOT_SHIMS_PLACEHOLDERS gives the placeholder although upstream is there, for all shims or for those it names."""
    write({"acme.py": "class Limits: ...\nraise SystemExit"})
    for value in ("1", "true", "Other, Limits", " YES "):
        monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", value)
        ssot_shims._shim._records.clear()
        record = shim_of(declare())
        assert record.state == "forced"
        assert record.reason == (
            "SSOT_SHIMS_PLACEHOLDERS asks for the placeholder; to undo that: unset SSOT_SHIMS_PLACEHOLDERS"
        )
        assert is_placeholder(record.chosen)
    assert "acme" not in sys.modules


@pytest.mark.parametrize("value", ["0", "", "no", "Other"])
def test_other_shims_are_not_forced(write: Write, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A value that says no, or names other shims, changes nothing."""
    write({"acme.py": "class Limits: ..."})
    monkeypatch.setenv("SSOT_SHIMS_PLACEHOLDERS", value)
    assert shim_of(declare()).state == "upstream"


def test_another_upstream_can_be_put_behind_a_shim(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSOT_SHIMS_UPSTREAM_LIMITS replaces the targets of the shim."""
    root = write({"acme.py": "class Limits: ...", "other.py": "class Better: ..."})
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_LIMITS", " other:Better ")
    record = shim_of(declare())
    assert (record.state, record.reason) == ("upstream", f"other:Better ({root}/other.py)")
    assert record.targets == ("acme:Limits",)


def test_an_upstream_that_the_user_names_should_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An absent package that a variable names is no normal absence: it is said aloud, and unset turns it back."""
    monkeypatch.setenv("SSOT_SHIMS_UPSTREAM_LIMITS", "other:Better")
    with pytest.warns(PlaceholderWarning) as told:
        record = shim_of(declare())
    assert record.state == "moved"
    assert str(told[0].message) == (
        "Limits is a placeholder: no package 'other' is installed here; "
        "to go back to the places that the shim names: unset SSOT_SHIMS_UPSTREAM_LIMITS"
    )


def test_the_reason_of_a_moved_shim_names_the_setting_that_mends_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done as it says, the setting at the end of the reason gives the upstream."""
    write(MOVED)
    with pytest.warns(PlaceholderWarning):
        reason = shim_of(declare()).reason
    name, value = reason.rpartition(": ")[2].split("=")
    monkeypatch.setenv(name, value)
    ssot_shims._shim._records.clear()
    assert shim_of(declare()).upstream.__name__ == "LimitsV2"


def test_the_reason_of_a_broken_shim_names_the_setting_that_silences_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done as it says, the setting gives the placeholder without a word, and the command shows the traceback."""
    root = write({"acme.py": "class Limits: ...\nraise RuntimeError('boom')"})
    with pytest.warns(PlaceholderWarning):
        reason = shim_of(declare()).reason
    what, command, setting = reason.split("; ")
    assert what == "importing acme raised RuntimeError: boom"
    assert command == "to see the whole traceback: python -c 'import acme'"
    assert setting == "to go on with the placeholder: SSOT_SHIMS_PLACEHOLDERS=Limits"
    shown = subprocess.run([sys.executable, "-c", "import acme"], cwd=root, capture_output=True, text=True, check=False)
    assert shown.stderr.endswith("RuntimeError: boom\n")
    monkeypatch.setenv(*setting.rpartition(": ")[2].split("="))
    ssot_shims._shim._records.clear()
    assert shim_of(declare()).state == "forced"


def test_the_reason_of_an_absent_shim_names_the_setting_that_finds_it(write: Write, tmp_path: Path) -> None:
    """Done as it says, PYTHONPATH gives the upstream."""
    assert shim_of(declare()).reason.endswith("set PYTHONPATH=<the folder that holds acme>")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "acme.py").write_text("class Limits: ...")
    (tmp_path / "declares.py").write_text(DECLARES)
    state = "import declares, ssot_shims; print(ssot_shims.shim_of(declares.Limits).state)"
    for folders, expected in (([], "absent"), ([tmp_path / "elsewhere"], "upstream")):
        path = ":".join(map(str, [Path(ssot_shims.__file__).parents[1], tmp_path, *folders]))
        command = [sys.executable, "-c", state]
        run = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
        assert run.stdout == f"{expected}\n"


def test_strict_raises_for_what_moved(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SSOT_SHIMS_STRICT=1 a moved upstream is an ImportError, each time, and the record remembers it."""
    root = write(MOVED)
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    for _ in range(2):
        with pytest.raises(UpstreamMoved) as caught:
            declare()
        assert str(caught.value) == f"Limits: {MOVED_REASON.format(root=root)}"
        assert (caught.value.shim, caught.value.reason) == ("Limits", MOVED_REASON.format(root=root))
        assert isinstance(caught.value, ImportError)
    assert [(record.name, record.state) for record in all_shims()] == [("Limits", "moved")]


def test_strict_raises_for_what_broke(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SSOT_SHIMS_STRICT=1 a broken upstream is an ImportError with the cause chained."""
    write({"acme.py": "class Limits: ...\n1 / 0"})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    with pytest.raises(
        UpstreamBroken, match="^Limits: importing acme raised ZeroDivisionError: division by zero; "
    ) as caught:
        declare()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_strict_raises_for_a_broken_target_before_the_one_that_won(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breakage is loud even where a later target saves the day."""
    write({"acme.py": "Limits = None", "other.py": "class Limits: ..."})
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    with pytest.raises(UpstreamBroken, match="^Limits: acme:Limits is None, not a class$"):

        @shim("acme:Limits", "other:Limits")
        class Limits: ...


def test_strict_says_nothing_about_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normal absence stays quiet under SSOT_SHIMS_STRICT=1."""
    monkeypatch.setenv("SSOT_SHIMS_STRICT", "1")
    assert shim_of(declare()).state == "absent"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "SSOT_SHIMS_STRICT",
            "maybe",
            "SSOT_SHIMS_STRICT is 'maybe'; expected 1, true, yes or on, or 0, false, no or off",
        ),
        (
            "SSOT_SHIMS_PLACEHOLDERS",
            "Heartbeat Config",
            "SSOT_SHIMS_PLACEHOLDERS is 'Heartbeat Config'; expected 1 for all shims, 0 for none, "
            "or names such as HeartbeatConfig,RetryPolicy",
        ),
        (
            "SSOT_SHIMS_UPSTREAM_LIMITS",
            "acme.Limits",
            "SSOT_SHIMS_UPSTREAM_LIMITS is 'acme.Limits'; expected a target such as pkg.mod:Name",
        ),
    ],
)
def test_a_setting_that_does_not_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    """The error names the variable, the value and what is expected; it is no ImportError, so nobody swallows it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as caught:
        declare()
    assert str(caught.value) == message
    assert not isinstance(caught.value, ImportError)
    assert all_shims() == ()


# --- warnings


def test_the_warning_points_at_the_line_that_imported(write: Write) -> None:
    """A shim declared in one module warns where another module imports it, through any number of loaders."""
    root = write({**MOVED, "declares.py": DECLARES, "user.py": "\n\nfrom declares import Limits\n"})
    with pytest.warns(PlaceholderWarning) as told:
        importlib.import_module("user")
    assert [(one.filename, one.lineno) for one in told] == [(f"{root}/user.py", 3)]


def test_a_script_is_warned_at_its_own_declaration(write: Write) -> None:
    """In a script that declares the shim itself, the warning points at the declaration; it is shown once."""
    root = write({**MOVED, "script.py": DECLARES})
    script = root / "script.py"
    path = str(Path(ssot_shims.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, str(script)], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    where, what = run.stderr.splitlines()[0].split(" PlaceholderWarning: ")
    assert where in (f"{script}:3:", f"{script}:4:")
    assert what == f"Limits is a placeholder: {MOVED_REASON.format(root=root)}"
    assert run.stderr.count("PlaceholderWarning") == 1


def test_a_declaration_that_nobody_imported_is_warned_at_itself(write: Write) -> None:
    """Code that a thread runs on its own has no importing line, so the declaration is the place."""
    write(MOVED)
    done = threading.Event()
    code = compile(DECLARES + "done.set()\n", "lonely.py", "exec")
    with pytest.warns(PlaceholderWarning) as told:  # noqa: PT031  # the warning comes from the thread
        _thread.start_new_thread(exec, (code, {"__name__": "lonely", "done": done}))
        assert done.wait(5)
    assert told[0].filename == "lonely.py"


def test_the_shipped_shims_warn_at_the_line_that_imported(write: Write, fresh_shims: None) -> None:
    """``from ssot_shims import HeartbeatConfig`` is itself the line that the warning points at."""
    root = write({"netra_backend/__init__.py": "", "user.py": "from ssot_shims import HeartbeatConfig"})
    with pytest.warns(PlaceholderWarning) as told:
        importlib.import_module("user")
    assert [(one.filename, one.lineno) for one in told] == [(f"{root}/user.py", 1)]
    assert str(told[0].message) == (
        f"HeartbeatConfig is a placeholder: in {root}/netra_backend/__init__.py there is no module netra_backend.app; "
        "to say where it is now: SSOT_SHIMS_UPSTREAM_HEARTBEATCONFIG=<module>:HeartbeatConfig"
    )


def test_a_shim_warns_once(write: Write) -> None:
    """Declared again, as in a reload, a shim is not resolved again and says nothing more."""
    write({**MOVED, "declares.py": DECLARES})
    with pytest.warns(PlaceholderWarning):
        module = importlib.import_module("declares")
    first, record = module.Limits, shim_of(module.Limits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.reload(module)
    assert module.Limits is first
    assert all_shims() == (record,)


def test_where_warnings_are_errors_every_import_fails_alike(write: Write) -> None:
    """A warning turned into an error is raised each time, with the cause chained, never swallowed by the first time."""
    write({"acme.py": "class Limits: ...\nraise RuntimeError('boom')", "declares.py": DECLARES})
    for _ in range(2):
        # Warnings are errors in this whole suite.
        with pytest.raises(PlaceholderWarning) as caught:
            importlib.import_module("declares")
        assert isinstance(caught.value.__cause__, RuntimeError)


# --- declared twice, or wrongly


def test_a_reload_with_other_targets_resolves_again(write: Write) -> None:
    """Editing the targets of a shim and reloading its module replaces the record."""
    root = write({"other.py": "class Limits: ...", "declares.py": DECLARES})
    module = importlib.import_module("declares")
    assert shim_of(module.Limits).state == "absent"
    (root / "declares.py").write_text(DECLARES.replace("acme:Limits", "other:Limits") + "# of another length\n")
    importlib.reload(module)
    assert [(record.state, record.targets) for record in all_shims()] == [("upstream", ("other:Limits",))]


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
    with pytest.raises(DuplicateShim) as caught:
        importlib.import_module("two")
    assert str(caught.value) == (
        "two.Limits declares the shim Limits, which one.Limits has declared already; "
        "import it from there, or give one of the two another name"
    )


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ((), "no target is given to @shim; write a target as 'pkg.mod:Name'"),
        (("acme.Limits",), "'acme.Limits' has no colon; write a target as 'pkg.mod:Name'"),
        (("acme:",), "'acme:' has a symbol '' that is not a dotted name; write a target as 'pkg.mod:Name'"),
        ((":Limits",), "':Limits' has a module '' that is not a dotted name; write a target as 'pkg.mod:Name'"),
        (("a..b:C",), "'a..b:C' has a module 'a..b' that is not a dotted name; write a target as 'pkg.mod:Name'"),
        (("a:b:C",), "'a:b:C' has a symbol 'b:C' that is not a dotted name; write a target as 'pkg.mod:Name'"),
        ((" a:C",), "' a:C' has a module ' a' that is not a dotted name; write a target as 'pkg.mod:Name'"),
        ((3,), "3 is not a string; write a target as 'pkg.mod:Name'"),
    ],
)
def test_a_target_that_does_not_read_is_an_error(targets: tuple[str, ...], message: str) -> None:
    """The error says which part of the target is wrong, when the shim is declared."""
    with pytest.raises(InvalidTarget) as caught:
        shim(*targets)
    assert str(caught.value) == message


@pytest.mark.parametrize("placeholder", [3, None, object(), mock.MagicMock(), sys])
def test_a_placeholder_is_a_class_or_a_function(placeholder: object) -> None:
    """Anything else is refused, with what it is."""
    with pytest.raises(InvalidPlaceholder) as caught:
        shim("acme:Limits")(placeholder)
    assert str(caught.value) == (
        f"{placeholder!r} is neither a class nor a function; put @shim(...) on a class or def statement"
    )


# --- circles, threads, interrupts


def test_a_half_imported_target_is_a_clear_error(write: Write) -> None:
    """An upstream that imports the shim before it defines the symbol gets an error, and nothing is remembered."""
    write({"acme.py": "import declares\nclass Limits: ...", "declares.py": DECLARES})
    with pytest.raises(CircularShim) as caught:
        importlib.import_module("acme")
    assert str(caught.value) == (
        "Limits cannot be resolved yet: acme is still being imported, which makes a circle; "
        "import Limits inside the function that uses it, or below the definitions of acme"
    )
    assert all_shims() == ()


def test_a_symbol_defined_before_the_circle_closes_is_given(write: Write) -> None:
    """A half imported upstream that has the symbol already is no problem."""
    write({"acme.py": "class Limits: ...\nimport declares", "declares.py": DECLARES})
    acme = importlib.import_module("acme")
    assert sys.modules["declares"].Limits is acme.Limits


def test_a_half_imported_package_above_the_target_is_a_clear_error(write: Write) -> None:
    """When the target fails only because a package above it is not done, that is a circle and not a breakage."""
    write(
        {
            "acme/__init__.py": "import declares\nlater = 1",
            "acme/ws.py": "from acme import later\nclass Limits: ...",
            "declares.py": DECLARES.replace("acme:", "acme.ws:"),
        }
    )
    with pytest.raises(CircularShim, match="^Limits cannot be resolved yet: acme is still being imported") as caught:
        importlib.import_module("acme")
    assert isinstance(caught.value.__cause__, ImportError)
    assert all_shims() == ()


def test_an_upstream_that_imports_the_shipped_shim_back_is_a_clear_error(write: Write, fresh_shims: None) -> None:
    """The shim module is half imported then, and the error says so whoever is asked first."""
    manager = "from ssot_shims import HeartbeatConfig as Base\nclass HeartbeatConfig(Base): ..."
    package = "netra_backend/app/websocket_core"
    write({"netra_backend/app/__init__.py": "", f"{package}/__init__.py": "", f"{package}/manager.py": manager})
    with pytest.raises(
        CircularShim, match="^HeartbeatConfig cannot be resolved yet: ssot_shims.heartbeat_config is still"
    ):
        getattr(ssot_shims, "HeartbeatConfig")  # noqa: B009


def test_keyboard_interrupt_passes_through(write: Write) -> None:
    """Ctrl-C inside an upstream is not an answer about it; the next import asks again."""
    root = write({"acme.py": "raise KeyboardInterrupt\nclass Limits: ..."})
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module("acme")
    (root / "acme.py").write_text("class Limits: ...\nraise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        declare()
    assert all_shims() == ()
    (root / "acme.py").write_text("class Limits: ...")
    importlib.invalidate_caches()
    assert shim_of(declare()).state == "upstream"


def test_sixteen_threads_get_one_object_from_one_import(tmp_path: Path) -> None:
    """First imports from many threads at once run the upstream once, and all get the same class and one record."""
    (tmp_path / "acme.py").write_text("import time\ntime.sleep(0.05)\nprint('run')\nclass Limits: ...")
    (tmp_path / "declares.py").write_text(DECLARES)
    (tmp_path / "main.py").write_text(
        """
import json, threading
import ssot_shims
gate, seen = threading.Barrier(16), []
def ask():
    gate.wait()
    from declares import Limits
    from ssot_shims import HeartbeatConfig
    seen.append((id(Limits), id(HeartbeatConfig)))
threads = [threading.Thread(target=ask) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps([len(seen), len(set(seen)), sorted(record.name for record in ssot_shims.all_shims())]))
"""
    )
    path = str(Path(ssot_shims.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-W", "error", "main.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    ran, result = run.stdout.splitlines()
    assert (ran, json.loads(result)) == ("run", [16, 1, ["HeartbeatConfig", "Limits"]])


def test_declaring_from_many_threads_keeps_every_record() -> None:
    """Shims declared at the same time in different threads are all there afterwards."""

    def declare_one(number: int) -> Callable[[], None]:
        def run() -> None:
            shim(f"acme{number}:Thing")(type(f"Thing{number}", (), {}))

        return run

    threads = [threading.Thread(target=declare_one(number)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {record.name for record in all_shims()} == {f"Thing{number}" for number in range(32)}
