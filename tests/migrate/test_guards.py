"""What of a file speaks against moving one of its imports: it stays, and is reported with the line of the cause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ssot_shims._lookup.lookup import Target
from ssot_shims._migrate import statement
from ssot_shims._migrate.rules import Rules, rules_of
from tests.support.migrate_tree import Everywhere, plant, rewritten

USER = [("old.mod:Name", "new.mod:Name", "--rule"), ("old.mod:Other", "new.mod:Other", "--rule")]
RULES = rules_of(USER)
SHIMS = rules_of([], USER)

STUBBED = "a string names the old place, which may be stubbed, patched or hidden by it"
FALLBACK = "an except around it is a fallback for when the import fails"
FLAG = "a flag beside it says whether the import works"
USE = 'write require("upstream:{}"), or take the except away'
MARK = 'mark the tests that ask for the flag: @pytest.mark.requires_upstream("{}")'
EXPECTED = "a block around it expects an error or a warning"


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


def test_a_string_that_names_a_module_below_the_old_place() -> None:
    """That is a place of its own."""
    source, below_json = "patch('{}')\nfrom json import loads\n", rules_of([("json:loads", "new:loads", "")])
    for string, made in (("json.decoder", 1), ("json.JSONDecoder", 0)):
        assert len(rewritten(source.format(string), ("tests.test_it",), below_json, Everywhere()).made) == made


@pytest.mark.parametrize(("text", "made"), [("ws = []", 1), ("for ws in (1, 2): ...", 1), ("acme.ws = []", 0)])
def test_a_variable_called_like_a_module_of_the_old_place(text: str, made: int) -> None:
    """It sets nothing of the old place; an attribute of that does."""
    rules = rules_of([("acme:Name", "new:Name", ""), ("acme.ws:Other", "new:Other", "")])
    source = f"from acme import Name\ndef f():\n    import acme\n    from acme import ws\ndef test():\n    {text}\n"
    assert len(rewritten(source, ("t",), rules, Everywhere()).made) == made


@pytest.mark.parametrize("asking", ["import old.mod", "import old", "from old import mod", "import old.mod as m"])
def test_a_question_for_the_old_place(asking: str) -> None:
    """What an import that may fail says of the old place is to be asked of the new one."""
    source = f"try:\n    {asking}\nexcept ImportError:\n    pytest.skip('x')\nfrom old.mod import Name\n"
    check_left(source, "the file asks whether the old place is there", 2)
    check_moved(source.replace(asking, "import other"))
    check_moved(f"{asking}\nfrom old.mod import Name\n")


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
        "with expect_import_error():",
        "with ExitStack() as stack:\n    stack.enter_context(pytest.raises(ImportError))",
    ],
)
def test_a_block_that_expects_an_error_or_a_warning(block: str) -> None:
    """The import is what is tested there."""
    text = f"{block}\n    from old.mod import Name\n"
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    check_left(f"async def test():\n{indented}", EXPECTED, 2)


HANDLERS = ("ImportError", "(ValueError, ImportError)", "Exception as e", "", "ERRORS", "json.Broken")


@pytest.mark.parametrize("caught", HANDLERS)
def test_an_except_that_catches_an_import_error(caught: str) -> None:
    """It is a fallback, whatever it does, unless that is an error in its turn."""
    source = f"try:\n    from old.mod import Name\nexcept {caught}:\n    pytest.skip('x')\n"
    check_left(source, FALLBACK, 3)
    for loud in ("raise", "pytest.fail('x')", "sys.exit(1)", "assert False"):
        check_moved(source.replace("pytest.skip('x')", loud))
    check_moved(source.replace(f"except {caught}", "except ValueError"))


def cases() -> Iterator[object]:
    """The files of ``guards.txt``, each with the reason why the import stays, empty when it moves."""
    text = Path(__file__).with_name("guards.txt").read_text(encoding="utf-8")
    for section in text.split("\n=== ")[1:]:
        reason, _, files = section.rstrip().partition("\n")
        for number, source in enumerate(files.split("\n---\n"), 1):
            yield pytest.param(f"{source}\n", "" if reason == "moves" else reason, id=f"{reason} {number}")


@pytest.mark.parametrize(("source", "reason"), [*cases()])
def test_what_speaks_against_a_move(source: str, reason: str) -> None:
    """The import stays for one reason, with the line of its cause; or it moves."""
    cause = [number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# <--")]
    source = source.replace("  # <--", "")
    if reason:
        check_left(source, reason, *cause)
    else:
        check_moved(source)


@pytest.mark.parametrize(
    ("flag", "rules", "reason", "line", "hint"),
    [
        ("    HAS = True\n", RULES, FLAG, 3, MARK),
        ("", SHIMS, "an except around it would never run, because the import of a shim does not fail", 3, USE),
    ],
)
def test_what_to_write_instead(flag: str, rules: Rules, reason: str, line: int, hint: str) -> None:
    """A flag becomes a marker; the import of a shim does not fail, so its except goes."""
    source = f"try:\n    from old.mod import Name\n{flag}except ImportError:\n    pytest.skip('x')\n"
    [found] = rewritten(source, ("t",), rules, Everywhere()).findings
    assert (found.reason, found.other_line, found.hint) == (reason, line, hint.format("new.mod:Name"))


SHIMMED = {
    "acme_shims/__init__.py": "from .ws import Limits, Plain\n",
    "acme_shims/ws.py": "@ssot_shims.shim('acme:Limits')\nclass Limits: ...\nclass Plain: ...\n",
}


@pytest.mark.parametrize(
    ("new", "upstream"),
    [
        ("acme_shims:Limits", "Limits"),
        ("acme_shims.ws:Limits", "Limits"),
        ("acme_shims:Plain", "acme_shims:Plain"),
        ("ssot_shims:RetryPolicy", "RetryPolicy"),
        ("ssot_shims.orchestration:RetryPolicy", "ssot_shims.orchestration:RetryPolicy"),
    ],
)
@pytest.mark.parametrize("by", [0, 1], ids=["user", "shim"])
def test_a_marker_names_the_shim(tmp_path: Path, new: str, upstream: str, by: int) -> None:
    """Where that is, there is always a placeholder: a test that asks for the place would run with it."""
    plant(tmp_path, {**SHIMMED})
    given = [("old.mod:Name", new, "--rule")]
    source = "try:\n    from old.mod import Name\n    HAS = True\nexcept ImportError:\n    HAS = False\n"
    homes = Everywhere(roots=(str(tmp_path),))
    [found] = rewritten(source, ("t",), rules_of([], given) if by else rules_of(given), homes).findings
    assert found.hint == MARK.format(upstream)


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
    lines = ("lazy from new import A", "lazy from old import B")
    assert statement.rewritten("lazy from old import A, B", (Target.parse("new:A"), None), "\n") == lines
