"""Every form of import, before and after; and all that is left as it is, with the reason."""

from __future__ import annotations

import ast
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssot_shims._codebase.source import Unparsable, read_source
from ssot_shims._migrate import statement
from ssot_shims._migrate.new_home import NewHomes
from ssot_shims._migrate.rewrite import flaw
from ssot_shims._migrate.rules import Rule, rules_of
from tests.support.migrate_tree import Done, rewritten

RULES = rules_of(
    (old, new, "--rule")
    for old, new in {
        "old.mod:A": "new.mod:A",
        "old.mod:B": "new.b:B2",
        "old.mod:C": "solo:C",
        "old.mod:G": "new.mod:G",
        "legacy:*": "fresh.all:*",
        "legacy.deep:D": "new.deep:D",
        "old.near:N": "old.far:N",
        "pkg.all:*": "fresh.pkg:*",
    }.items()
)


class Known(NewHomes):
    """Every new home has every name but ``G`` and ``gone``."""

    def why_refused(self, rule: Rule, name: str) -> tuple[str, str]:
        return (f"{name} is not there", "look elsewhere") if name in ("G", "gone") else ("", "")

    def has_old(self, rule: Rule, name: str) -> bool:
        return True


def run(source: str | bytes, *names: str, package: bool = False) -> Done:
    return rewritten(source, names or ("tests.test_it",), RULES, Known(), package=package)


def check_transformed(before: str, after: str, *names: str, package: bool = False) -> None:
    done = run(before, *names, package=package)
    assert done.source.decode() == after
    ast.parse(after)
    again = run(after, *names, package=package)
    assert (again.source.decode(), again.made) == (after, ())


def check_left(source: str, *found: tuple[int, str, str, str], names: tuple[str, ...] = ()) -> None:
    done = run(source, *names)
    assert (done.source.decode(), done.made) == (source, ())
    told = [(finding.line, finding.kind, finding.text, finding.hint) for finding in done.findings]
    assert told == list(found)


def forms() -> Iterator[object]:
    """The cases of ``forms.txt``, and those that an editor would spoil there."""
    text = Path(__file__).with_name("forms.txt").read_text(encoding="utf-8")
    for case in text.split("\n--- ")[1:]:
        sentence, _, sources = case.partition("\n===")[0].rstrip().partition("\n")
        before, after = sources.split("\n>>>\n")
        yield pytest.param(f"{before}\n", f"{after}\n", id=sentence)
    blanks = "from  {}.mod\timport   A  as\ta\n"
    yield pytest.param(blanks.format("old"), blanks.format("new"), id="blanks stay")
    yield pytest.param("from old.mod import A", "from new.mod import A", id="no final newline")
    before = "if TYPE_CHECKING:\n\tfrom old.mod import (\n\t\tA,\n\t\tX,\n\t\tY,\n\t)\nelse:\n\tA = X = Y = None\n"
    after = before.replace("(\n\t\tA,", "(").replace("from old", "from new.mod import A\n\tfrom old")
    yield pytest.param(before, after, id="tabs stay")


@pytest.mark.parametrize(("before", "after"), [*forms()])
def test_forms(before: str, after: str) -> None:
    """The module changes, a name moves away from the others, and layout and comments stay with their names."""
    check_transformed(before, after)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("from .mod import A\n", "from new.mod import A\n", "old.test_it"),
        ("from.mod import A\n", "from new.mod import A\n", "old.test_it"),
        ("from ..mod import A, X\n", "from new.mod import A\nfrom ..mod import X\n", "old.sub.test_it"),
        ("from . . mod import A\n", "from new.mod import A\n", "old.sub.test_it"),
    ],
)
def test_relative_imports(before: str, after: str, name: str) -> None:
    """They are understood by the package that the file is in, blanks between the dots or not."""
    check_transformed(before, after, name)


def test_relative_imports_in_a_package() -> None:
    """In ``__init__`` one dot is the package itself; a file with two possible names may be meant by either."""
    check_transformed("from ..mod import A\n", "from new.mod import A\n", "old.near", package=True)
    check_transformed("from .mod import A\n", "from new.mod import A\n", "src.old.it", "old.it")
    check_left("from .mod import A\n", names=("it",))
    check_left("from ....mod import A\n", names=("old.it",))


def test_star_imports_are_told() -> None:
    """They are never rewritten: what they bring is not written there."""
    why = "write out the names, run this again"
    check_left("from old.mod import *\n", (1, "star import", "from old.mod import *", why))
    check_left("from legacy import *\n", names=("fresh.all.x",))


def test_a_refused_rule_is_told_and_the_others_hold() -> None:
    """Name by name, also for a whole module."""
    done = run("from old.mod import A, G\nfrom legacy import gone, x\n")
    after = "from new.mod import A\nfrom old.mod import G\nfrom fresh.all import x\nfrom legacy import gone\n"
    assert done.source.decode() == after
    assert [(found.line, found.kind, found.text, found.names, found.rule) for found in done.findings] == [
        (1, "refused", "from old.mod import A, G", ("G",), "old.mod:G = new.mod:G"),
        (2, "stays", "from legacy import gone, x", ("gone",), "legacy:* = fresh.all:*"),
    ]
    assert {(found.reason, found.hint) for found in done.findings} == {
        ("G is not there", "look elsewhere"),
        ("gone is not there", "look elsewhere"),
    }


@pytest.mark.parametrize("name", ["old.mod", "new.mod", "new.mod.deep.er"])
def test_nothing_is_rewritten_in_the_old_and_the_new_home(name: str) -> None:
    """The file itself, and what is below the package that is the new home; beside a home is not inside."""
    check_left("from old.mod import A\n", names=(name,))
    check_left("import old.mod as m\nm.A\n", names=("x", name))
    check_left("'old.mod.A'\n", names=(name,))
    for beside in ("old", "old.mod.deep", "new", "new.model"):
        assert run("from old.mod import A\n", beside).made


def test_a_package_that_holds_the_old_home_is_left() -> None:
    """Its ``__init__`` loads the old home and passes names on; a module of that name does not."""
    left = Done(source=b"from .mod import A\n", made=(), findings=())
    assert run("from .mod import A\n", "old", package=True) == left


def test_a_shim_has_no_say_in_its_upstream() -> None:
    """A product does not import from the suite's shims, which would import it; a user's rule counts there as well."""
    rules = rules_of([("acme.old:B", "other:B", "--rule")], [("acme.old:A", "shims:A", "the shim A")], {"acme"})
    rules = pickle.loads(pickle.dumps(rules))
    done = rewritten("from acme.old import A, B\n", ("acme.api.users",), rules, Known())
    assert (done.source, done.findings) == (b"from other import B\nfrom acme.old import A\n", ())
    done = rewritten("from acme.old import A, B\n", ("tests.test_users",), rules, Known())
    assert done.source == b"from shims import A\nfrom other import B\n"


def test_a_line_that_is_to_stay_stays() -> None:
    """A comment on any line of the statement says so."""
    keep = "# ssot-shims: keep"
    check_left(f"from old.mod import A  {keep}\n")
    check_left(f"from old.mod import (\n    A,  # why {keep}\n)\n")
    check_left("import old.mod  # ssot-shims:keep it\nold.mod.A\n")
    check_left(f"import old.mod\nold.mod.A  {keep}\n")
    check_left(f"patch('old.mod.A')  {keep}\n")
    check_left(f"from legacy import *  {keep}\n")


@pytest.mark.parametrize(
    ("source", "text", "suggestion"),
    [
        ("patch('old.mod.A')", "old.mod.A", "new.mod.A"),
        ("patch('old.mod.B.method')", "old.mod.B.method", "new.b.B2.method"),
        ("x = 'old.mod:B'", "old.mod:B", "new.b:B2"),
        ("f'{patch(\"legacy.x\")}'", "legacy.x", "fresh.all.x"),
    ],
)
def test_whole_dotted_strings_are_told(source: str, text: str, suggestion: str) -> None:
    """With what would stand there; whether that is right only their reader knows."""
    check_left(f"\n{source}\n", (2, "string", text, suggestion))


@pytest.mark.parametrize(
    "source",
    [
        "x = 'old.model.A'",
        "x = 'very.old.mod.A'",
        "import_module('old.mod')",
        "'''See old.mod.A.'''",
        "'old.mod.A'",
        "patch('old.mod.G')",
        "x = 'old.mod.X'",
        "x = b'old.mod.A'",
        "x = 'old.mod and B2'",
    ],
)
def test_other_strings_are_not_told(source: str) -> None:
    """Other names, a module as a whole, docstrings, and names that the new home does not have."""
    assert run(source + "  # A, legacy").findings == ()


def test_what_the_compiler_warns_of_is_left_to_those_who_run_the_file() -> None:
    """An unknown escape is no reason to warn, or where warnings are errors to give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run("x = '\\d'; 1 is 1\nfrom old.mod import A\n").source.endswith(b"from new.mod import A\n")


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbffrom old.mod import A\n",
        b"# coding: latin-1\nx = '\xe9'; from old.mod import A; y = '\xff'\n",
        b"#!/bin/sh\n# -*- coding: koi8-r -*-\n'\xc1'; from old.mod import A\n",
        b"# coding: shift_jis\n'\x83\x5c'; from old.mod import A\n",
        b"from old.mod import A\r\nx = 1\r\n",
        b"x = 1\rfrom old.mod import A\ry = 2\r",
        b"x = 1\r\nfrom old.mod import A\ny = 2\rz = 3\n",
        b"x = '''\r\r\n\n'''\nfrom old.mod import A\n",
        "x = '\x0b\x1c\x1d\x85\u2028'\nfrom old.mod import A\n".encode(),
        b"x = 1\n\x0cfrom old.mod import A\n",
        b"if x:\n  \x0c  from old.mod import A\n",
        b"if x:\n\t from old.mod import A\n\t y = 1\n",
        "x = 'e\u0301\u00e9\U0001f600'; from old.mod import A\n".encode(),
        b"from old.mod import A ; \\\n  x = 1",
    ],
)
def test_all_but_the_statement_is_as_it_was(source: bytes) -> None:
    """Byte for byte: marks, encodings, line ends, form feeds, tabs."""
    done = run(source)
    assert done.source == source.replace(b"old.mod", b"new.mod")
    assert run(done.source).made == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_new_lines_end_as_the_others_do(end: str) -> None:
    """As the line of the statement does, and where that does not end, as the first one."""
    for before, after in (
        ("from old.mod import A, X|x = 1\n", "from new.mod import A|from old.mod import X|x = 1\n"),
        ("from old.mod import (A,|    X)|", "from new.mod import A|from old.mod import X|"),
        ("x = 1|from old.mod import A, X", "x = 1|from new.mod import A|from old.mod import X"),
        ("from old.mod import (A,|  X,|  Y)|", "from new.mod import A|from old.mod import (|    X,|    Y,|)|"),
    ):
        check_transformed(before.replace("|", end), after.replace("|", end))


@pytest.mark.parametrize(
    ("source", "line", "cause"),
    [
        (b"x = 1\n\nfrom old.mod import A\0", 1, "source code string cannot contain null bytes"),
        (b"# 1\n# \xe9\nA", 1, "cannot be decoded: invalid or missing encoding declaration"),
        (b"# coding: klingon\nA", 1, "cannot be decoded: unknown encoding: klingon"),
        (b"\xef\xbb\xbf# coding: latin-1\nA", 1, "cannot be decoded: encoding problem: utf-8"),
        (b"# coding: unicode_escape\nA", 1, "unicode_escape would not give the same bytes back; save it as UTF-8"),
        (b"A\ndef f(:\n", 2, "invalid syntax"),
        (b"A\nx = " + b"(" * 20_000, 2, "too many nested parentheses"),
        (b"A\nx = " + b"-" * 20_000 + b"1", 1, "too much for the parser of Python: "),
        (b"\xff\xfef\0r\0", 1, "it is UTF-16, which Python does not read; save it as UTF-8"),
        (b"ABCD\n" * 1_000_001, 1, "5,000,005 bytes are too many; files of up to 5,000,000 are read"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_told_with_line_and_cause(source: bytes, line: int, cause: str) -> None:
    """As Python itself would say; what is nested too deep is one of them."""
    with pytest.raises(Unparsable) as caught:
        read_source(source)
    assert caught.value.line == line
    assert caught.value.cause.startswith(cause)


@pytest.mark.parametrize(
    ("part", "flaw"),
    [("from new.mod import (A  # why", "does not parse"), ("from new.mod import (A)", "has lost a comment")],
)
def test_a_wrong_rewriting_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch, part: str, flaw: str) -> None:
    """Whatever may be wrong with this library: what is not proved is not written, and it is reported."""
    monkeypatch.setattr(statement, "rewritten", lambda *_: (part,))
    source = "from old.mod import (A  # why\n)\nx = 2\n"
    done = run(source)
    [finding] = done.findings
    assert (done.source.decode(), done.made, finding.kind) == (source, (), "unsure")
    assert finding.reason.startswith(f"left as it was, because the new text {flaw}")


@pytest.mark.parametrize(
    "new",
    [
        "import old.mod\nx = 2\n",
        "import old.mod\nx = 1.0\n",
        "import old.mod\nx = 1; x = 1\n",
        "import old.mod\nif x: x = 1\n",
        "import old.mod\nx: int = 1\n",
        "x = 1\nfrom new import mod\n",
        "x = 1\nfrom new import old, new\n",
        "from __future__ import old\nx = 1\n",
        "x = 1\nimport old.mod, \\\n",
        "'''x = 1\n",
    ],
)
def test_the_proof_sees_every_difference(new: str) -> None:
    """In a value, a type, a statement, a suite, or a name that an import binds; and what does not parse."""
    assert flaw(read_source(b"import old.mod\nx = 1\n"), new.encode()).startswith("the new text ")
