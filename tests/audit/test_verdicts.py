"""Whether what a fallback imports is there, and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ssot_shims._audit.pattern import defined_elsewhere
from ssot_shims.cli import main
from tests.audit.test_command import findings, one
from tests.support.command_line import Capsys
from tests.support.migrate_tree import plant

FLAG = "try:\n    {}\n    HAS = True\nexcept ImportError:\n    HAS = False\nprint(HAS)\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a package, a namespace package, and folders of tests."""
    folder = tmp_path / "project"
    files = {
        "pyproject.toml": "",
        "acme/__init__.py": "",
        "acme/ws.py": "class Manager: ...\n",
        "acme/dynamic.py": "globals().update(X=1)\n",
        "acme/far/__init__.py": "",
        "space/part/mod.py": "",
        "src/inner/__init__.py": "",
        "tests/test_it.py": "",
    }
    plant(folder, {**files})
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("statement", "state", "reason"),
    [
        ("from acme.ws import Manager", "there", ""),
        ("from acme import ws", "there", ""),
        ("import acme.ws as ws", "there", ""),
        ("import acme", "there", ""),
        ("from acme.ws import *", "there", ""),
        ("import inner", "there", ""),
        ("from acme.ws import Managr", "moved", "Managr is not in "),
        ("import acme.wss", "moved", "wss is not in "),
        ("from acme.gone.deep import X", "moved", "there is no module acme.gone"),
        ("from acme.dynamic import X", "unknown", "cannot tell whether acme.dynamic:X is there: it hands the name X"),
        ("import nowhere_at_all", "absent", "no package 'nowhere_at_all' is installed here"),
        ("from nowhere_at_all.deep import X", "absent", "no package 'nowhere_at_all' is installed here"),
        ("from space.other import X", "absent", "only other parts of space are installed here"),
        ("from colorsys import Later", "absent", "colorsys:Later is not in this version of Python"),
    ],
)
def test_the_state_of_an_import(capsys: Capsys, root: Path, statement: str, state: str, reason: str) -> None:
    """Nothing is run for it: moved is what the package is there for, and the name is not."""
    found = one(capsys, root, FLAG.format(statement))
    assert (found["state"], found["level"]) == (state, "error" if state == "moved" else "note")
    assert reason in found["reason"]


@pytest.mark.parametrize(
    ("file", "statement", "state"),
    [
        ("acme/api.py", "from .ws import Manager", "there"),
        ("acme/api.py", "from .ws import Gone", "moved"),
        ("acme/far/__init__.py", "from ..ws import Manager", "there"),
        ("acme/far/api.py", "from . import gone", "moved"),
        ("acme/api.py", "from ...ws import Manager", "unknown"),
        ("tests/deep/test_deep.py", "import helpers", "there"),
        ("tests/deep/test_deep.py", "from acme.only_here import X", "there"),
        ("acme/consul.py", "import consul", "absent"),
    ],
)
def test_where_an_import_is_looked_for(capsys: Capsys, root: Path, file: str, statement: str, state: str) -> None:
    """A folder of tests may be on the path, one of a package is not; what is there in one place is there."""
    plant(root, {"tests/deep/helpers.py": "", "tests/deep/acme/__init__.py": ""})
    plant(root, {"tests/deep/acme/only_here.py": "X = 1\n"})
    assert one(capsys, root, FLAG.format(statement), file)["state"] == state


def test_the_worst_import_of_a_try_decides(capsys: Capsys, root: Path) -> None:
    """One of several that has moved makes the whole try an error, and only that one is explained."""
    found = one(capsys, root, FLAG.format("from acme.ws import Manager; import nowhere_at_all; import acme.gone"))
    assert (found["rule"], found["state"], list(found["moved_to"])) == ("SSA105", "moved", ["acme.gone"])
    assert "nowhere_at_all" not in found["reason"]


def test_a_quiet_try_of_imports_alone_is_told_when_one_has_moved(capsys: Capsys, root: Path) -> None:
    """``try: import readline`` is nobody's mistake; an import that can never work is."""
    plant(root, {"tests/test_it.py": "try:\n    from acme.ws import Manager\nexcept ImportError:\n    pass\n"})
    assert findings(capsys, "tests") == []
    assert one(capsys, root, "try:\n    from acme.ws import Gone\nexcept ImportError:\n    pass\n")["level"] == "error"


def test_what_has_left_its_package_is_sought_in_the_tree(capsys: Capsys, root: Path) -> None:
    """One new place is written at once; of several the first three are named, those of tests last."""
    text = "try:\n    from acme.ws import Gone\nexcept ImportError:\n    pytest.skip('gone')\n"
    plant(root, {"other/__init__.py": "", "other/new.py": "class Gone: ...\n", "tests/test_it.py": text})
    (found,) = findings(capsys, ".")
    assert found["replacement"] == 'Gone = import_or_skip("other.new:Gone")'
    assert found["moved_to"] == {"acme.ws:Gone": ["other.new:Gone"]}
    assert found["reason"].endswith("; now at other.new:Gone")
    plant(root, {"other/test_new.py": "class Gone: ...\n", "other/more.py": "async def Gone(): ...\ndef Gone(): ...\n"})
    (found,) = findings(capsys, ".")
    assert found["replacement"] == 'Gone = import_or_skip("acme.ws:Gone")'
    assert found["moved_to"] == {"acme.ws:Gone": ["other.more:Gone", "other.new:Gone", "other.test_new:Gone"]}


def test_a_file_that_has_gone_meanwhile_has_no_definitions(root: Path) -> None:
    """It was told of when it was visited."""
    assert defined_elsewhere({"Gone"}, [str(root / "gone.py")], ()) == {}


HELPER, TEST = "tests/helper.py", "tests/test_it.py"
ENV = 'def test_it():\n    if not os.environ.get("RUN_E2E") == "true":\n        pytest.skip("no")\n'
PS = "def ready() -> bool:\n    return 'db' in check_output(['docker', 'ps'])\n"
PORT = "def ready():\n    return socket.socket().connect_ex(('localhost', 5432)) == 0\n"
WAIT = "def wait():\n    while get('http://db/').status_code != 200:\n        sleep(1)\n    return True\n"
BARE = "try:\n    {}\nexcept ImportError:\n    {}\n"
IN_TEST = "def test_it():\n    try:\n        import jax\n    except ImportError:\n        jax = None\n"
SKIP = "pytest.skip('no')\ndef test_it(): ..."
OF_GONE, GONE = 'import_or_skip("acme.ws:Gone")', 'import_or_skip("acme.gone")'
REPLACEMENTS: list[tuple[str, str, str]] = [
    (TEST, FLAG.format("import numpy"), '@pytest.mark.requires_capability("module:numpy")'),
    (TEST, FLAG.format("from acme.ws import Manager"), '@pytest.mark.requires_upstream("acme.ws:Manager")'),
    ("acme/api.py", FLAG.format("from acme.ws import Gone"), ""),
    ("acme/api.py", BARE.format("import posix", "class posix: ..."), 'is_available("import:posix")'),
    ("acme/api.py", BARE.format("from gone import a, b", "def a(): ...\n    b = {}"), '@shim("gone:a")'),
    ("tests/conftest.py", BARE.format("import jax", "jax = None"), 'is_available("import:jax")'),
    ("app/tests.py", BARE.format("import jax", "jax = None"), '@pytest.mark.requires_capability("module:jax")'),
    ("tests/models.py", FLAG.format("import numpy"), 'is_available("import:numpy")'),
    (TEST, f"BIG = 0x{'f' * 4000}\n{FLAG.format('import jax')}", '@pytest.mark.requires_capability("module:jax")'),
    (TEST, BARE.format("from acme.ws import Gone; import acme.gone as x", SKIP), f"Gone = {OF_GONE}, x = {GONE}"),
    (TEST, BARE.format("import jax; jax.set()", "pass"), '@pytest.mark.requires_capability("module:jax")'),
    (TEST, IN_TEST, 'jax = import_or_skip("jax")'),
    (TEST, 'pytest.importorskip("dask.array")\n', 'import_or_skip("dask.array")'),
    (TEST, 'importorskip("dask", "2")\n', 'require("module:dask>=2")'),
    (TEST, 'x = importorskip("dask", minversion="2")\n', 'require("module:dask>=2") and x = import_or_skip("dask")'),
    (TEST, 'x = importorskip("dask", minversion=LEAST)\n', ""),
    (TEST, 'x = importorskip("dask", minversion=None)\n', 'x = import_or_skip("dask")'),
    (TEST, ENV, 'require("env:RUN_E2E=true")'),
    (TEST, '@skipUnless(which("git"), "no")\nclass TestIt: ...\n', '@skip_unless_available("command:git")'),
    (HELPER, PORT, 'is_available("tcp://localhost:5432")'),
    (HELPER, "def ready():\n    return bool(which('docker'))\n", "is_docker_available()"),
    (HELPER, PS, 'is_available("docker:container=NAME")'),
    (HELPER, WAIT.replace("get", "requests.get"), 'capabilities.check("http://db/", wait=60)'),
]


@pytest.mark.parametrize(("file", "text", "expected"), REPLACEMENTS)
def test_the_replacement_can_be_written(capsys: Capsys, root: Path, file: str, text: str, expected: str) -> None:
    """Each finding says the line to write, with the target or notation in it."""
    found: dict[str, Any] = one(capsys, root, text, file)
    assert found["replacement"] == expected


def test_a_skip_names_everything_its_flags_stand_for(capsys: Capsys, root: Path) -> None:
    """A flag for a symbol and one for a module become two markers, or two calls."""
    flags = FLAG.format("import numpy") + FLAG.format("from acme.ws import Manager").replace("HAS", "WS")
    mark = "@pytest.mark.skipif(not (HAS and WS), reason='')\ndef test_it():\n    "
    plant(root, {"tests/test_it.py": f"{flags}{mark}if not HAS or not WS:\n        pytest.skip('no')\n"})
    replacements = [found["replacement"] for found in findings(capsys, "tests") if found["rule"] == "SSA301"]
    assert replacements == [
        '@pytest.mark.requires_upstream("acme.ws:Manager") and @pytest.mark.requires_capability("module:numpy")',
        'import_or_skip("acme.ws:Manager") and require("module:numpy")',
    ]


@pytest.mark.parametrize(
    ("statement", "new_home", "replacement"),
    [
        ("from acme.ws import Gone", "class Gone: ...\n", '@pytest.mark.requires_upstream("other.new:Gone")'),
        ("from acme.ws import Gone", "", ""),
        ("import acme.gone", "", ""),
        ("from acme.ws import Manager; import acme.gone", "", ""),
        ("from acme.ws import Manager", "", '@pytest.mark.requires_upstream("acme.ws:Manager")'),
        ("from .ws import Manager", "", '@pytest.mark.requires_upstream("acme.ws:Manager")'),
        ("from .ws import Gone", "", ""),
    ],
)
def test_a_skip_of_what_has_moved(capsys: Capsys, root: Path, statement: str, new_home: str, replacement: str) -> None:
    """Its test would never run: the new place is written if it is one, else nothing."""
    test = f"{FLAG.format(statement)}@pytest.mark.skipif(not HAS, reason='')\ndef test_it(): ...\n"
    plant(root, {"acme/test_it.py": test, "other/__init__.py": "", "other/new.py": new_home})
    [found] = [each for each in findings(capsys, ".") if each["rule"] == "SSA301"]
    assert (found["replacement"], found["level"]) == (replacement, "note")
    main(["audit", "."])
    told = [line for line in capsys.readouterr().out.splitlines() if "SSA301 " in line]
    assert [line.partition("; write: ")[2] for line in told] == [replacement]
