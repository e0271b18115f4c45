"""What of a file speaks against moving one of its imports: it stays, and is reported with the line of the cause."""

from __future__ import annotations

import pytest

from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rules import Rule, read_rules
from tests.support.migrate_tree import rewritten

USER = [("old.mod:Name", "new.mod:Name", "--rule"), ("old.mod:Other", "new.mod:Other", "--rule")]
RULES = read_rules(USER)
SHIMS = read_rules([], USER)

STUBBED = "a string names the old place, which may be stubbed, patched or hidden by it"
PASSED_ON = "the old module is passed on or set, so it may be changed"
NEW_TOO = "the file imports from the new place, too"
NEW_BY_NAME = "a string names the new place, which may be imported by it"
OTHERWISE = "the name is bound in another way, too, which may be a fallback"
FALLBACK = "an except around it is a fallback for when the import fails"
FLAG = "a flag beside it says whether the import works"
EXPECTED = "a block around it expects an error or a warning"


class Everywhere(NewHomes):
    """Every new home is there."""

    def why_refused(self, rule: Rule, name: str) -> tuple[str, str]:
        return "", ""


def check_left(source: str, reason: str, line: int) -> None:
    """The import stays, with this reason and the line that is the cause."""
    done = rewritten(source, ("tests.test_it",), RULES, Everywhere())
    told = [(found.kind, found.reason, found.other_line) for found in done.findings if found.kind == "unsure"]
    assert (done.source.decode(), done.made, told) == (source, (), [("unsure", reason, line)])


def check_moved(source: str) -> None:
    """The import moves."""
    done = rewritten(source, ("tests.test_it",), RULES, Everywhere())
    assert len(done.made) == 1
    assert "from new.mod import" in done.source.decode()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import sys\nsys.modules['old.mod'] = fake\nfrom old.mod import Name\n", 2),
        ("import sys\nsys.modules['old'] = fake\nfrom old.mod import Name\n", 2),
        (
            "def test(monkeypatch):\n    monkeypatch.setitem(sys.modules, 'old', None)\n    from old.mod import Name\n",
            2,
        ),
        ("for name in ('old.mod', 'x'):\n    sys.modules.pop(name)\nfrom old.mod import Name\n", 1),
        ("with patch('old.mod.Name', 1):\n    from old.mod import Name\n", 1),
        ("@patch('old.mod.Name.method')\ndef test(method):\n    from old.mod import Name\n", 1),
        ("with patch.multiple('old.mod', Name=1):\n    from old.mod import Name\n", 1),
        ("OLD = 'old.mod'\nfrom old.mod import Name\n", 1),
        ("OLD = 'old.mod:Name'\nfrom old.mod import Name\n", 1),
        ("module = importlib.import_module('old.mod')\nfrom old.mod import Name\n", 1),
        ("pytest.importorskip('old')\nfrom old.mod import Name\n", 1),
        ("for n in names:\n    patch(f'old.mod.{n}')\nfrom old.mod import Name\n", 2),
        ("def find_spec(name):\n    return name.startswith('old.')\nfrom old.mod import Name\n", 2),
    ],
)
def test_a_string_that_names_the_old_place(source: str, line: int) -> None:
    """By it the old place may be stubbed, patched or hidden, in whatever spelling."""
    check_left(source, STUBBED, line)


@pytest.mark.parametrize(
    "source",
    [
        "with patch('old.mod.More', 1):\n    from old.mod import Name\n",
        "PLACE = 'old'\nfrom old.mod import Name\n",
        "'''old.mod'''\nfrom old.mod import Name\n",
        "print('old.mod is here')\nfrom old.mod import Name\n",
        "import sys\nsys.modules['old.more'] = fake\nfrom old.mod import Name\n",
    ],
)
def test_a_string_that_names_something_else(source: str) -> None:
    """Another name or module, the package alone where nothing is done by name, a docstring, a sentence."""
    check_moved(source)


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        ("import old.mod\nmonkeypatch.setattr(old.mod, 'Name', 1)\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("import old.mod as m\nimportlib.reload(m)\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("from old import mod\npatch.object(mod, 'Name')\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("import old\nsetattr(old, 'mod', 1)\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("import old.mod\nold.mod = 1\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("import old.mod as m\nm.__dict__['Name'] = 1\nfrom old.mod import Name\n", PASSED_ON, 2),
        ("import old.mod\nold.mod.Name = 1\nfrom old.mod import Name\n", "the name is set in the old module", 2),
        ("import old.mod as m\ndel m.Name\nfrom old.mod import Name\n", "the name is set in the old module", 2),
        (
            "import old\nfrom old.mod import Name\nold.mod.more\n",
            "the old module is used through its package, and this import loads it",
            3,
        ),
    ],
)
def test_the_old_module_in_use(source: str, reason: str, line: int) -> None:
    """Who has the module may change it; and who reads it through its package needs an import that loads it."""
    check_left(source, reason, line)


def test_the_old_module_may_be_read() -> None:
    """Where it has an import of its own, or another name of it is set."""
    check_moved("import old.mod\nold.mod.more\nfrom old.mod import Name\n")
    check_moved("import old.mod as m\nm.more = 1\nfrom old.mod import Name\n")


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        ("try:\n    from new.mod import Name\nexcept E:\n    from old.mod import Name\n", OTHERWISE, 2),
        ("def f():\n    from new.mod import Name\nfrom old.mod import Name\n", NEW_TOO, 2),
        ("from new.mod import *\nfrom old.mod import Name\n", NEW_TOO, 1),
        ("try:\n    import new.mod\nexcept ImportError:\n    from old.mod import Name\n", NEW_TOO, 2),
        ("if x:\n    from new import mod\nelse:\n    from old.mod import Name\n", NEW_TOO, 2),
        ("with suppress(E):\n    import new.mod.deep as m\nfrom old.mod import Name\n", None, 0),
        ("if not find_spec('new'):\n    from old.mod import Name\n", NEW_BY_NAME, 1),
        ("x = import_module('new.mod')\nfrom old.mod import Name\n", NEW_BY_NAME, 1),
        ("x = 'new.mod:Name'\nfrom old.mod import Name\n", NEW_BY_NAME, 1),
        ("Name = None\nif x:\n    from old.mod import Name\n", OTHERWISE, 1),
        ("from old.mod import Name\ndef Name(): ...\n", OTHERWISE, 2),
        ("def f(Name):\n    from old.mod import Name\n", OTHERWISE, 1),
        ("from old.mod import Name\nimport Name.x\n", OTHERWISE, 2),
        ("from old.mod import Name, more as Name\n", OTHERWISE, 1),
        ("if 'Name' not in globals():\n    from old.mod import Name\n", OTHERWISE, 1),
    ],
)
def test_a_fallback_of_any_shape(source: str, reason: str | None, line: int) -> None:
    """The name comes from the new place as well, or is bound in another way in the same scope."""
    if reason is None:
        check_moved(source)
    else:
        check_left(source, reason, line)


@pytest.mark.parametrize("asking", ["import old.mod", "import old", "from old import mod", "import old.mod as m"])
def test_a_question_for_the_old_place(asking: str) -> None:
    """What an import that may fail says of the old place is to be asked of the new one."""
    source = f"try:\n    {asking}\nexcept ImportError:\n    pytest.skip('x')\nfrom old.mod import Name\n"
    check_left(source, "the file asks whether the old place is there", 2)
    check_moved(source.replace(asking, "import other"))
    check_moved(f"{asking}\nfrom old.mod import Name\n")


@pytest.mark.parametrize(
    "source",
    [
        "from new.mod import Unrelated\nfrom old.mod import Name\n",
        "import new.mod\nfrom old.mod import Name\n",
        "def f():\n    Name = 1\nfrom old.mod import Name\n",
        "if TYPE_CHECKING:\n    from old.mod import Name\nelse:\n    Name = None\n",
        "try:\n    import quick\nexcept ImportError:\n    from old.mod import Name\n",
        "x = find_spec('other')\nfrom old.mod import Name\n",
    ],
)
def test_what_is_no_fallback(source: str) -> None:
    """Another name of the new place, another scope, an import for type checkers, a fallback for something else."""
    check_moved(source)


def test_one_name_imported_twice_is_no_fallback() -> None:
    """Both statements move."""
    source = "if x:\n    from old.mod import Name\nelse:\n    from old.mod import Name\n"
    assert len(rewritten(source, ("t",), RULES, Everywhere()).made) == 2


@pytest.mark.parametrize(
    "block",
    [
        "with pytest.raises(ImportError):",
        "with pytest.warns(DeprecationWarning):",
        "with pytest.deprecated_call():",
        "with warnings.catch_warnings(record=True) as seen:",
        "with self.assertRaises(ImportError):",
        "with x, contextlib.suppress(ImportError):",
        "async with raises(ImportError):",
        "with pytest.RaisesGroup(ImportError):",
        "with expect_import_error():",
        "with ExitStack() as stack:\n    stack.enter_context(pytest.raises(ImportError))",
    ],
)
def test_a_block_that_expects_an_error_or_a_warning(block: str) -> None:
    """The import is what is tested there."""
    text = f"{block}\n    from old.mod import Name\n"
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    check_left(f"async def test():\n{indented}", EXPECTED, 2)


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        ("def load():\n    from old.mod import Name\nwith pytest.raises(ImportError):\n    load()\n", "load", 1),
        ("def load():\n    from old.mod import Name\npytest.raises(ImportError, load)\n", "load", 1),
        ("def load():\n    from old.mod import Name\ntry:\n    load()\nexcept ImportError:\n    pass\n", "load", 1),
        ("@pytest.mark.xfail\ndef test():\n    from old.mod import Name\n", "test", 2),
        ("@unittest.expectedFailure\nclass Test:\n    from old.mod import Name\n", "Test", 2),
        ("def test(recwarn):\n    from old.mod import Name\n", "test", 1),
    ],
)
def test_a_function_of_which_an_error_or_a_warning_is_expected(source: str, name: str, line: int) -> None:
    """Wherever it is called."""
    check_left(source, f"an error or a warning of {name} is expected", line)


@pytest.mark.parametrize(
    "source",
    [
        "with pytest.raises(ValueError):\n    parse()\ndef load():\n    from old.mod import Name\n",
        "try:\n    load()\nexcept ValueError:\n    pass\ndef load():\n    from old.mod import Name\n",
        "with open(x):\n    from old.mod import Name\n",
    ],
)
def test_what_expects_nothing_of_the_import(source: str) -> None:
    """An error of something else, or another block."""
    check_moved(source)


@pytest.mark.parametrize(
    "handler",
    [
        "except ImportError",
        "except (ValueError, ImportError)",
        "except Exception as e",
        "except",
        "except ERRORS",
    ],
)
def test_an_except_that_catches_an_import_error(handler: str) -> None:
    """It is a fallback, whatever it does, unless that is an error in its turn."""
    try_ = "try:\n    from old.mod import Name\n"
    check_left(f"{try_}{handler}:\n    pytest.skip('x')\n", FALLBACK, 3)
    for loud in ("raise", "pytest.fail('x')", "sys.exit(1)", "assert False"):
        check_moved(f"{try_}{handler}:\n    {loud}\n")
    check_moved(f"{try_}except ValueError:\n    pass\n")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("try:\n    from old.mod import Name\n    HAS = True\nexcept ImportError:\n    HAS = False\n", 3),
        ("try:\n    from old.mod import Name\nexcept ImportError:\n    x.HAS = False\n", 4),
        ("try:\n    from old.mod import Name\nexcept ImportError:\n    pass\nelse:\n    HAS = True\n", 6),
    ],
)
def test_a_flag_beside_the_import(source: str, line: int) -> None:
    """The marker to write instead is told."""
    check_left(source, FLAG, line)
    [found] = rewritten(source, ("t",), RULES, Everywhere()).findings
    assert found.hint == ('mark the tests that ask for the flag: @pytest.mark.requires_upstream("new.mod:Name")')


def test_an_except_that_a_shim_would_never_run() -> None:
    """The import of a shim does not fail."""
    source = "try:\n    from old.mod import Name\nexcept ImportError:\n    pytest.skip('x')\n"
    [found] = rewritten(source, ("t",), SHIMS, Everywhere()).findings
    assert (found.reason, found.other_line) == (
        "an except guards it that would never run, because the import of a shim does not fail",
        3,
    )
    assert found.hint == 'write import_or_skip("new.mod:Name"), or take the except away'


def test_a_statement_is_reported_once() -> None:
    """With the names of all that stays, and the first reason."""
    source = "OLD = 'old.mod'\nfrom old.mod import Name, Other\n"
    [found] = rewritten(source, ("t",), RULES, Everywhere()).findings
    assert (found.line, found.names, found.reason) == (2, ("Name", "Other"), STUBBED)


@pytest.mark.parametrize(
    ("source", "line", "use"),
    [
        ("import old.mod\nold.mod.Name()\n", 1, 2),
        ("import old.mod as m\nm.more, m.Name.x\n", 1, 2),
        ("from old import mod\n\nmod.Name\n", 1, 3),
        ("import old\nold.mod.Name = 1\n", 1, 2),
    ],
)
def test_a_use_through_a_module_is_reported(source: str, line: int, use: int) -> None:
    """It stays; the line of the import and of the first use are told, and what to import instead."""
    done = rewritten(source, ("t",), RULES, Everywhere())
    assert done.source.decode() == source
    assert [(found.kind, found.line, found.other_line, found.hint) for found in done.findings] == [
        ("module", line, use, "import the name: from new.mod import Name")
    ]


def test_a_lazy_import_stays_lazy() -> None:
    """Python 3.15 has that grammar; both parts of a statement that is split are lazy (PEP 810)."""
    from ssot_shims._migrate.statement import rewritten

    assert rewritten("lazy from old import A, B", (("new", "A"), None), "\n") == (
        "lazy from new import A",
        "lazy from old import B",
    )
