"""Every form of import, before and after; and all that is left as it is, with the reason."""

from __future__ import annotations

import ast
import pickle
import sys
import warnings

import pytest

from ssot_shims._migrate import rewriting, statements
from ssot_shims._migrate.homes import Homes
from ssot_shims._migrate.proof import flaw
from ssot_shims._migrate.rewriting import Finding, Replacement, Rewriting, Unparsable, rewrite
from ssot_shims._migrate.rules import Rule, read_rules
from ssot_shims._migrate.source import read_source
from ssot_shims._migrate.text import read_text

NEWER = "try:\n    x = 1\nexcept A, B:\n    pass\n"  # the grammar of Python 3.14
RULES = read_rules(
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


class Known(Homes):
    """Every new home has every name but ``G`` and ``gone``."""

    def verdict(self, rule: Rule, name: str) -> str:
        return f"{name} is not there" if name in ("G", "gone") else ""


def run(source: str | bytes, *names: str, package: bool = False) -> Rewriting:
    content = source if isinstance(source, bytes) else source.encode()
    return rewrite(content, names or ("tests.test_it",), package, RULES, Known())


def check_transformed(before: str, after: str, *names: str, package: bool = False) -> None:
    done = run(before, *names, package=package)
    assert done.source.decode() == after
    ast.parse(after)
    again = run(after, *names, package=package)
    assert (again.source.decode(), again.replacements) == (after, ())


def check_left(source: str, *found: tuple[int, str, str, str], names: tuple[str, ...] = ()) -> None:
    done = run(source, *names)
    assert (done.source.decode(), done.replacements) == (source, ())
    told = [(finding.line, finding.kind, finding.text, finding.suggestion) for finding in done.findings]
    assert told == list(found)


def forms(*pairs: tuple[str, str, str]) -> pytest.MarkDecorator:
    """Sentence, before, after; a line that ends in ``|`` there goes on in the next line of the file."""
    values = [pytest.param(before, after, id=sentence) for sentence, before, after in pairs]
    return pytest.mark.parametrize(("before", "after"), values)


@forms(
    ("one name", "from old.mod import A\n", "from new.mod import A\n"),
    ("no final newline", "from old.mod import A", "from new.mod import A"),
    ("a name that is renamed keeps its local name", "from old.mod import B\n", "from new.b import B2 as B\n"),
    ("an alias stays", "from old.mod import A as a\n", "from new.mod import A as a\n"),
    ("an alias stays when the name changes", "from old.mod import B as b\n", "from new.b import B2 as b\n"),
    ("an alias that is the new name is not needed", "from old.mod import B as B2\n", "from new.b import B2\n"),
    ("an explicit re-export stays one", "from old.mod import A as A\n", "from new.mod import A as A\n"),
    (
        "names with one new home stay together, in their order",
        "from old.mod import C as c, A, C\n",
        "from solo import C as c, C\nfrom new.mod import A\n",
    ),
    (
        "names for two homes are split",
        "from old.mod import A, B\n",
        "from new.mod import A\nfrom new.b import B2 as B\n",
    ),
    (
        "names that stay, stay, and come last",
        "from old.mod import X, A, Y\n",
        "from new.mod import A\nfrom old.mod import X, Y\n",
    ),
    ("a whole module", "from legacy import x, y as z\n", "from fresh.all import x, y as z\n"),
    (
        "a module of one that moves as a whole",
        "from legacy import deep\ndeep.D\n",
        "from fresh.all import deep\ndeep.D\n",
    ),
    ("blanks stay", "from  old.mod\timport   A  as\ta\n", "from  new.mod\timport   A  as\ta\n"),
    ("dots may have blanks around them", "from old . mod import A\n", "from new.mod import A\n"),
    ("a comment behind stays", "from old.mod import A  # why\n", "from new.mod import A  # why\n"),
    (
        "a comment behind stays behind the last",
        "from old.mod import A, X  # why\n",
        "from new.mod import A\nfrom old.mod import X  # why\n",
    ),
    (
        "what is said to a tool is said on each line",
        "from old.mod import A, X  # noqa: F401\n",
        "from new.mod import A  # noqa: F401\nfrom old.mod import X  # noqa: F401\n",
    ),
)
def test_names_on_one_line(before: str, after: str) -> None:
    """The module changes, a name moves away from the others, and nothing else happens."""
    check_transformed(before, after)


@forms(
    (
        "all names move, and every comment stays",
        "from old.mod import (  # open\n    # above\n    A,  # a\n\n    A as a,\n    # below\n)  # close\n",
        "from new.mod import (  # open\n    # above\n    A,  # a\n\n    A as a,\n    # below\n)  # close\n",
    ),
    (
        "each name takes the comments above and behind it",
        "from old.mod import (  # all\n    # of A\n    A,  # a\n    # of X\n    X,  # x\n"
        "    # of B\n    B,  # b\n    # end\n)\n",
        "from new.mod import (  # all\n    # of A\n    A,  # a\n)\n"
        "from new.b import (\n    # of B\n    B2 as B,  # b\n    # end\n)\n"
        "from old.mod import (\n    # of X\n    X,  # x\n)\n",
    ),
    (
        "no trailing comma stays none",
        "from old.mod import (\n    A,  # a\n    X  # x\n)\n",
        "from new.mod import (\n    A  # a\n)\nfrom old.mod import (\n    X  # x\n)\n",
    ),
    (
        "several names on a line",
        "from old.mod import (A, X,\n                     B, Y)\n",
        "from new.mod import (A)\nfrom new.b import (B2 as B)\nfrom old.mod import (X,\n                     Y)\n",
    ),
    (
        "the first name of the second line moves",
        "from old.mod import (X, Y,  # xy\n    A, Z)\n",
        "from new.mod import (A)\nfrom old.mod import (X, Y,  # xy\n    Z)\n",
    ),
    (
        "the last of its line moves",
        "from old.mod import (\n    X, A,\n    Y,\n)\n",
        "from new.mod import (\n    A,\n)\nfrom old.mod import (\n    X,\n    Y,\n)\n",
    ),
    (
        "parentheses on one line",
        "from old.mod import (A, X, )\n",
        "from new.mod import (A, )\nfrom old.mod import (X, )\n",
    ),
    (
        "what is said to a tool in parentheses is said in each",
        "from old.mod import (  # noqa: F401\n    A,\n    X,\n)  # type: ignore[attr-defined]\n",
        "from new.mod import (  # noqa: F401\n    A,\n)  # type: ignore[attr-defined]\n"
        "from old.mod import (  # noqa: F401\n    X,\n)  # type: ignore[attr-defined]\n",
    ),
    (
        "the comment on a name that stays is not the next one's",
        "from old.mod import (\n    X,  # x\n    A, Y  # y\n)\n",
        "from new.mod import (\n    A\n)\nfrom old.mod import (\n    X,  # x\n    Y  # y\n)\n",
    ),
    (
        "backslashes",
        "from old.mod \\\n    import A, \\\n    X\n",
        "from new.mod \\\n    import A\nfrom old.mod \\\n    import X\n",
    ),
)
def test_names_over_lines(before: str, after: str) -> None:
    """Layout and comments stay with the names they belong to."""
    check_transformed(before, after)


@forms(
    (
        "a function",
        "def f():\n    from old.mod import A, X\n    return A\n",
        "def f():\n    from new.mod import A\n    from old.mod import X\n    return A\n",
    ),
    (
        "a try that handles ImportError",
        "try:\n    from old.mod import A, B\nexcept ImportError:\n    A = B = None\n",
        "try:\n    from new.mod import A\n    from new.b import B2 as B\nexcept ImportError:\n    A = B = None\n",
    ),
    (
        "every suite of a try",
        "try: from old.mod import A\nexcept E: from old.mod import A\nelse: from old.mod import A\n"
        "finally: from old.mod import A\n",
        "try: from new.mod import A\nexcept E: from new.mod import A\nelse: from new.mod import A\n"
        "finally: from new.mod import A\n",
    ),
    (
        "TYPE_CHECKING",
        "if TYPE_CHECKING:\n\tfrom old.mod import A, X\nelse:\n\tA = X = None\n",
        "if TYPE_CHECKING:\n\tfrom new.mod import A\n\tfrom old.mod import X\nelse:\n\tA = X = None\n",
    ),
    (
        "a match, a loop, a with and a class",
        "match x:\n  case 1:\n    from old.mod import A\nwhile x:\n  from old.mod import A\n"
        "with x:\n  from old.mod import A\nclass K:\n  from old.mod import A\n",
        "match x:\n  case 1:\n    from new.mod import A\nwhile x:\n  from new.mod import A\n"
        "with x:\n  from new.mod import A\nclass K:\n  from new.mod import A\n",
    ),
    (
        "a suite on the line of its head is one line still",
        "if x: from old.mod import A, X\n",
        "if x: from new.mod import A; from old.mod import X\n",
    ),
    (
        "a suite that a backslash continues is one line still",
        "if x: \\\n    from old.mod import A, X\n",
        "if x: \\\n    from new.mod import A; from old.mod import X\n",
    ),
    (
        "behind a semicolon",
        "x = 1; from old.mod import A, X; y = 'é'; from old.mod import B # why\n",
        "x = 1; from new.mod import A; from old.mod import X; y = 'é'; from new.b import B2 as B # why\n",
    ),
    (
        "before a semicolon",
        "from old.mod import A, X; y = 1  # noqa\n",
        "from new.mod import A\nfrom old.mod import X; y = 1  # noqa\n",
    ),
    (
        "columns are bytes, and other alphabets have more of them",
        "x = 'é…😀'; from old.mod import A; y = 'é'\n",
        "x = 'é…😀'; from new.mod import A; y = 'é'\n",
    ),
    (
        "docstring, future import and comments are not touched",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''from old.mod import A'''\n"
        "from __future__ import annotations\n# from old.mod import A\nfrom old.mod import A\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''from old.mod import A'''\n"
        "from __future__ import annotations\n# from old.mod import A\nfrom new.mod import A\n",
    ),
)
def test_every_place_for_an_import(before: str, after: str) -> None:
    """Statements stay in their suite, at its indentation."""
    check_transformed(before, after)


@forms(
    (
        "the import and its uses",
        "import old.mod\nx = old.mod.A(old.mod.A)\n",
        "import new.mod\nx = new.mod.A(new.mod.A)\n",
    ),
    ("a renamed use", "import old.mod\nx = old.mod.B.y.z\n", "import new.b\nx = new.b.B2.y.z\n"),
    ("a top-level home", "import old.mod\nx = old.mod.C\n", "import solo\nx = solo.C\n"),
    (
        "uses for two homes",
        "import old.mod\nx = old.mod.B, old.mod.A\n",
        "import new.b\nimport new.mod\nx = new.b.B2, new.mod.A\n",
    ),
    (
        "other uses keep the import",
        "import old.mod  # why\nx = old.mod.A, old.mod.X\n",
        "import new.mod\nimport old.mod  # why\nx = new.mod.A, old.mod.X\n",
    ),
    (
        "what another import brings needs this one no longer",
        "import old.mod\nimport old.z\nx = old.mod.A, old.z.q\n",
        "import new.mod\nimport old.z\nx = new.mod.A, old.z.q\n",
    ),
    (
        "what another import does not bring does",
        "import old.mod\nimport old\nx = old.mod.A, old.mod.X\n",
        "import new.mod\nimport old.mod\nimport old\nx = new.mod.A, old.mod.X\n",
    ),
    (
        "or brings too late",
        "import old.mod\nx = old.mod.A, old.z.q\nimport old.z\n",
        "import new.mod\nimport old.mod\nx = new.mod.A, old.z.q\nimport old.z\n",
    ),
    (
        "or brings where it is used",
        "import old.mod\nx = old.mod.A\nif y:\n    import old.z\n    old.z.q\n",
        "import new.mod\nx = new.mod.A\nif y:\n    import old.z\n    old.z.q\n",
    ),
    (
        "and what none of two brings",
        "import old.mod\nimport old.z\nx = old.mod.A, old.mod.X\n",
        "import new.mod\nimport old.mod\nimport old.z\nx = new.mod.A, old.mod.X\n",
    ),
    (
        "another scope may need it",
        "import old.mod\nx = old.mod.A\ndef f():\n    import old.z\n    return old.mod.X\n",
        "import new.mod\nimport old.mod\nx = new.mod.A\ndef f():\n    import old.z\n    return old.mod.X\n",
    ),
    (
        "another scope has its own",
        "import old.mod\nx = old.mod.A\ndef f():\n    import old.mod\n    return old.mod.X\n",
        "import new.mod\nx = new.mod.A\ndef f():\n    import old.mod\n    return old.mod.X\n",
    ),
    (
        "two old modules of one package",
        "import old.mod\nimport old.near\nx = old.mod.A, old.near.N\n",
        "import new.mod\nimport old.far\nx = new.mod.A, old.far.N\n",
    ),
    (
        "a module below one that moves as a whole",
        "import legacy.deep\nx = legacy.deep.D\n",
        "import new.deep\nx = new.deep.D\n",
    ),
    (
        "another import in another suite may not run",
        "import old.mod\nif y:\n    import old.z\nx = old.mod.A, old.z.q\n",
        "import new.mod\nimport old.mod\nif y:\n    import old.z\nx = new.mod.A, old.z.q\n",
    ),
    ("several modules", "import os, old.mod, sys\nold.mod.A\n", "import os, new.mod, sys\nnew.mod.A\n"),
    (
        "several modules, and a home more",
        "import os, old.mod\nold.mod.A, old.mod.C\n",
        "import new.mod\nimport os, solo\nnew.mod.A, solo.C\n",
    ),
    ("the same package", "import old.near\nold.near.N\n", "import old.far\nold.far.N\n"),
    ("a whole module", "import legacy\nlegacy.x(legacy.y)\n", "import fresh.all\nfresh.all.x(fresh.all.y)\n"),
    (
        "in a function, for itself and its functions",
        "def f():\n    import old.mod\n    def g():\n        return old.mod.A\n    return [old.mod.A for x in y]\n",
        "def f():\n    import new.mod\n    def g():\n        return new.mod.A\n    return [new.mod.A for x in y]\n",
    ),
    (
        "in a class its functions do not see it",
        "class K:\n    import old.mod\n    a = old.mod.A\n    def f(self): return old.mod.A\n",
        "class K:\n    import new.mod\n    a = new.mod.A\n    def f(self): return old.mod.A\n",
    ),
    (
        "another thing of that name in another function",
        "import old.mod\ndef f(old): return old.mod.A\nx = old.mod.A\n",
        "import new.mod\ndef f(old): return old.mod.A\nx = new.mod.A\n",
    ),
    (
        "annotations, defaults, decorators and bases are outside",
        "import legacy\n@legacy.a\ndef f(legacy: legacy.b = legacy.c) -> legacy.d: ...\n"
        "@legacy.e\nclass K(legacy.f): ...\n",
        "import fresh.all\n@fresh.all.a\ndef f(legacy: fresh.all.b = fresh.all.c) -> fresh.all.d: ...\n"
        "@fresh.all.e\nclass K(fresh.all.f): ...\n",
    ),
    (
        "what a function or a comprehension is given is its own",
        "import legacy\nf = lambda legacy, *a, x=legacy.a, **k: legacy.b\n"
        "g = [legacy.c for legacy in legacy.d if legacy.e]\n",
        "import fresh.all\nf = lambda legacy, *a, x=fresh.all.a, **k: legacy.b\n"
        "g = [legacy.c for legacy in fresh.all.d if legacy.e]\n",
    ),
    (
        "a function that names the global, in one that has another",
        "import legacy\ndef f():\n    legacy = 1\n    def g():\n        global legacy\n        return legacy.b\n",
        "import fresh.all\ndef f():\n    legacy = 1\n    def g():\n        global legacy\n        return fresh.all.b\n",
    ),
    (
        "what a comprehension binds is of the function around it",
        "import legacy\nlegacy.x\ndef f():\n    return [(legacy := y) for y in z]\n",
        "import fresh.all\nfresh.all.x\ndef f():\n    return [(legacy := y) for y in z]\n",
    ),
    (
        "what a comprehension goes through",
        "import legacy\nx = [y for y in legacy.a for z in legacy.b if legacy.c]\n",
        "import fresh.all\nx = [y for y in fresh.all.a for z in fresh.all.b if fresh.all.c]\n",
    ),
    (
        "a function that names the global",
        "import legacy\nclass K:\n    def f():\n        global legacy\n        return legacy.b, f(x).legacy\n",
        "import fresh.all\nimport legacy\nclass K:\n    def f():\n        global legacy\n"
        "        return fresh.all.b, f(x).legacy\n",
    ),
    (
        "over lines in brackets",
        "import old.mod\nx = (old\n  .mod\n  .A)\n",
        "import new.mod\nx = (new.mod.A)\n",
    ),
    (
        "an annotation in a string keeps the import",
        "import old.mod\nx: 'list[old.mod.A]' = [old.mod.A()]\n",
        "import new.mod\nimport old.mod\nx: 'list[old.mod.A]' = [new.mod.A()]\n",
    ),
    (
        "one that is cast to keeps it, too",
        "import old.mod\nx = old.mod.A, typing.cast('old.mod.A', z)\n"
        "import legacy\ny = legacy.x, cast('legacy.x', z)\n",
        "import new.mod\nimport old.mod\nx = new.mod.A, typing.cast('old.mod.A', z)\n"
        "import fresh.all\nimport legacy\ny = fresh.all.x, cast('legacy.x', z)\n",
    ),
    (
        "a doctest and what is evaluated keep it",
        "import old.mod\ndef f():\n    '>>> old.mod.A'\nold.mod.A\nimport legacy\nx = eval('legacy.y'), legacy.x\n",
        "import new.mod\nimport old.mod\ndef f():\n    '>>> old.mod.A'\nnew.mod.A\n"
        "import fresh.all\nimport legacy\nx = eval('legacy.y'), fresh.all.x\n",
    ),
    (
        "a string that is given to a call may be run there",
        "import old.mod\ntimeit('old.mod.A')\nold.mod.A()\n",
        "import new.mod\nimport old.mod\ntimeit('old.mod.A')\nnew.mod.A()\n",
    ),
    (
        "a comment may give a type",
        "import old.mod\nx = y  # type: old.mod.A\nold.mod.A()\n",
        "import new.mod\nimport old.mod\nx = y  # type: old.mod.A\nnew.mod.A()\n",
    ),
    (
        "what is imported in a class is an attribute of it",
        "class K:\n    import old.mod\n    a = old.mod.A\n    def f(self): return self.old.mod.X\n",
        "class K:\n    import new.mod\n    import old.mod\n    a = new.mod.A\n    def f(self): return self.old.mod.X\n",
    ),
    (
        "a docstring does not",
        "import old.mod\nold.mod.A()\n'''old.mod'''\n",
        "import new.mod\nnew.mod.A()\n'''old.mod'''\n",
    ),
    (
        "a use over lines that is to stay, too",
        "import old.mod\nx = old.mod.A\ny = (old\n  .mod  # ssot-shims: keep\n  .A)\n",
        "import new.mod\nimport old.mod\nx = new.mod.A\ny = (old\n  .mod  # ssot-shims: keep\n  .A)\n",
    ),
    (
        "a use that is to stay keeps the import",
        "import old.mod\nx = old.mod.A\ny = old.mod.A  # ssot-shims: keep\n",
        "import new.mod\nimport old.mod\nx = new.mod.A\ny = old.mod.A  # ssot-shims: keep\n",
    ),
    (
        "and what it alone would need is not imported",
        "import old.mod\nx = old.mod.A\ny = old.mod.B  # ssot-shims: keep\n",
        "import new.mod\nimport old.mod\nx = new.mod.A\ny = old.mod.B  # ssot-shims: keep\n",
    ),
    (
        "an import that is there already is not doubled",
        "import new.mod\nimport old.mod\nx = old.mod.A, new.mod.Q\n",
        "import new.mod\nx = new.mod.A, new.mod.Q\n",
    ),
    (
        "an import that is there already stays beside one that is needed",
        "import new.mod\nimport old.mod\nx = old.mod.A, old.mod.X\n",
        "import new.mod\nimport old.mod\nx = new.mod.A, old.mod.X\n",
    ),
)
def test_modules_and_their_uses(before: str, after: str) -> None:
    """``import old.mod`` takes every ``old.mod.Name`` along."""
    check_transformed(before, after)


@forms(
    ("import as", "import old.mod as m\nm.A(m.A)\n", "import new.mod as m\nm.A(m.A)\n"),
    (
        "import as, of a whole module",
        "import os, legacy as l\nl.x; f'{l.y}'\n",
        "import os, fresh.all as l\nl.x; f'{l.y}'\n",
    ),
    ("from import", "from old import mod\nmod.A\n", "from new import mod\nmod.A\n"),
    ("from import as", "from old import mod as m\nm.A\n", "from new import mod as m\nm.A\n"),
    (
        "from import of a module with another name",
        "from old import near\nnear.N\n",
        "from old import far as near\nnear.N\n",
    ),
    ("from import, to a top-level home", "from old import mod\nmod.C\n", "import solo as mod\nmod.C\n"),
    ("from import as the name of the home", "from old import mod as solo\nsolo.C\n", "import solo\nsolo.C\n"),
    (
        "from import beside others",
        "from old import (\n    mod,  # m\n    other,\n)\nmod.A\n",
        "from new import (\n    mod,  # m\n)\nfrom old import (\n    other,\n)\nmod.A\n",
    ),
    ("from a package, relative", "from . import mod as m\nm.A\n", "from new import mod as m\nm.A\n"),
    (
        "a fallback for something else",
        "try:\n    import quick as m\nexcept ImportError:\n    from old.mod import A\n",
        "try:\n    import quick as m\nexcept ImportError:\n    from new.mod import A\n",
    ),
    (
        "from import and the same module by its name",
        "import old.mod\nfrom old import mod\nold.mod.A, mod.A\n",
        "import new.mod\nfrom new import mod\nnew.mod.A, mod.A\n",
    ),
)
def test_modules_under_a_local_name(before: str, after: str) -> None:
    """The local name stays, and is the new module."""
    check_transformed(before, after, "old.test_it")


@forms(
    ("a sibling", "from .mod import A\n", "from new.mod import A\n"),
    ("a sibling without blanks", "from.mod import A\n", "from new.mod import A\n"),
    ("the package above", "from ..mod import A, X\n", "from new.mod import A\nfrom ..mod import X\n"),
    ("blanks between the dots", "from . . mod import A\n", "from new.mod import A\n"),
    ("from nothing but dots", "from.. import mod as m\nm.A\n", "from new import mod as m\nm.A\n"),
)
def test_relative_imports(before: str, after: str) -> None:
    """They are understood by the package that the file is in."""
    names = ("old.sub.test_it",) if ".." in before or ". ." in before else ("old.test_it",)
    check_transformed(before, after, *names)


def test_relative_imports_in_a_package() -> None:
    """In ``__init__`` one dot is the package itself; a file with two possible names may be meant by either."""
    check_transformed("from ..mod import A\n", "from new.mod import A\n", "old.near", package=True)
    check_transformed("from .mod import A\n", "from new.mod import A\n", "src.old.it", "old.it")
    check_transformed("from . import mod\nmod.A\n", "from new import mod\nmod.A\n", "src.old.it", "old.it")
    check_left("from .mod import A\n", names=("it",))
    check_left("from ....mod import A\n", names=("old.it",))


@forms(
    ("alone", "from new.mod import A\nfrom old.mod import A\n", "from new.mod import A\n"),
    (
        "the second of two old ones",
        "from old.mod import A\nimport os\nfrom old.mod import A\n",
        "from new.mod import A\nimport os\n",
    ),
    (
        "with others",
        "from new.mod import A\nfrom old.mod import X, A, B\n",
        "from new.mod import A\nfrom new.b import B2 as B\nfrom old.mod import X\n",
    ),
    (
        "over lines",
        "from new.mod import A\nfrom old.mod import (\n    A,\n)\nx = A\n",
        "from new.mod import A\nx = A\n",
    ),
    (
        "with what is said to a tool",
        "from new.mod import A\nfrom old.mod import A  # noqa\n",
        "from new.mod import A\n",
    ),
    ("at the end of the file", "from new.mod import A\nfrom old.mod import A", "from new.mod import A\n"),
    (
        "in a function",
        "def f():\n    from new.mod import A\n    from old.mod import A\n",
        "def f():\n    from new.mod import A\n",
    ),
    ("under the same alias", "from new.b import B2 as b\nfrom old.mod import B as b\n", "from new.b import B2 as b\n"),
    ("explicit both times", "from new.mod import A as A\nfrom old.mod import A as A\n", "from new.mod import A as A\n"),
    (
        "a module under its local name",
        "import new.mod as m\nimport old.mod as m\nm.A\n",
        "import new.mod as m\nm.A\n",
    ),
)
def test_an_import_that_is_there_already_is_not_doubled(before: str, after: str) -> None:
    """The old one goes, with its line."""
    check_transformed(before, after)


@forms(
    (
        "in another suite",
        "if x:\n    from new.mod import A\nfor y in z:\n    from old.mod import A\n",
        "if x:\n    from new.mod import A\nfor y in z:\n    from new.mod import A\n",
    ),
    (
        "under another name",
        "from new.mod import A\nfrom old.mod import A as a\n",
        "from new.mod import A\nfrom new.mod import A as a\n",
    ),
    (
        "with words of a person",
        "from new.mod import A\nfrom old.mod import A  # why\n",
        "from new.mod import A\nfrom new.mod import A  # why\n",
    ),
    (
        "with words inside",
        "from new.mod import A\nfrom old.mod import (\n    A,  # why\n)\n",
        "from new.mod import A\nfrom new.mod import (\n    A,  # why\n)\n",
    ),
    (
        "on a line with other code",
        "from new.mod import A\nfrom old.mod import A; x = 1\n",
        "from new.mod import A\nfrom new.mod import A; x = 1\n",
    ),
    (
        "behind other code",
        "from new.mod import A\nx = 1; from old.mod import A\n",
        "from new.mod import A\nx = 1; from new.mod import A\n",
    ),
    (
        "when the name is bound in between",
        "from new.mod import A\nA = wrap(A)\nfrom old.mod import A\n",
        "from new.mod import A\nA = wrap(A)\nfrom new.mod import A\n",
    ),
    (
        "when the name is another import's, too",
        "from new.mod import A\nif x:\n    from q import A\nfrom old.mod import A\n",
        "from new.mod import A\nif x:\n    from q import A\nfrom new.mod import A\n",
    ),
    (
        "when only the second offers it to others",
        "from new.mod import A\nfrom old.mod import A as A\n",
        "from new.mod import A\nfrom new.mod import A as A\n",
    ),
    (
        "when a star import may have bound it",
        "from new.mod import A\nfrom q import *\nfrom old.mod import A\n",
        "from new.mod import A\nfrom q import *\nfrom new.mod import A\n",
    ),
    (
        "before it, where uses may be in between",
        "from old.mod import A\nA()\nfrom new.mod import A\n",
        "from new.mod import A\nA()\nfrom new.mod import A\n",
    ),
)
def test_an_import_is_doubled_where_leaving_it_out_could_lose_something(before: str, after: str) -> None:
    """Then there are two that say the same, and nothing has changed."""
    check_transformed(before, after)


# --- what is left, and told


BY_HAND = "move it by hand"
LATER = "line {line} may run before old.mod is imported here; import A by name"
HIDES = "line 2 may bring a name that hides another; import what moves by name"
WAY_OUT = f"it is there for when new.mod cannot be imported; {BY_HAND}"
LOADS = f"is used here, too, and this import is what loads it; {BY_HAND}"
BOUND = "m is bound in another way, too; give one of the two another name"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "import old.mod\nold.mod.A; f(old.mod)",
            f"line 2 passes old.mod on, and whoever gets it may use any name of it; {BY_HAND}",
        ),
        (
            "import old.mod\nold.mod.A; f(old)",
            f"line 2 passes old on, and whoever gets it may use any name of it; {BY_HAND}",
        ),
        (
            "import old.mod\ngetattr(old.mod, 'A')",
            f"line 2 passes old.mod on, and whoever gets it may use any name of it; {BY_HAND}",
        ),
        (
            "import old.mod as m\npatch.object(m, 'A')",
            f"line 2 passes m on, and whoever gets it may use any name of it; {BY_HAND}",
        ),
        ("import old.mod as m\nm.A = 1", f"line 2 sets or deletes old.mod.A; {BY_HAND}"),
        ("import old.mod\ndel old.mod.A", f"line 2 sets or deletes old.mod.A; {BY_HAND}"),
        ("import old.mod\nold.mod.A\nold = 1", "old is bound in another way, too; give one of the two another name"),
        ("import old.mod\nold.mod.A\ndel old", "old is bound in another way, too; give one of the two another name"),
        (
            "import old.mod as m\nm.A\nfor m in x: pass",
            BOUND,
        ),
        ("def f():\n    global m\n    import old.mod as m\nm.A", BOUND),
        ("import old.mod as m\nm.A; [(m := x) for y in z]", BOUND),
        ("def f():\n    import old.mod as m\n    def g():\n        nonlocal m\n    m.A", BOUND),
        ("import old.mod as m\nm.A\ntry: pass\nexcept E as m: pass", BOUND),
        ("import old.mod as m\nm.A\nmatch x:\n    case [m, *_]: pass", BOUND),
        ("import old.mod as m\nm.A\nmatch x:\n    case [*m]: pass", BOUND),
        ("import old.mod as m\nm.A\nmatch x:\n    case {**m}: pass", BOUND),
        ("import old.mod as m\nm.A\nclass m: pass", BOUND),
        ("import old.mod as m\nm.A\nclass K:\n    m = m.A", BOUND),
        ("import x as m\nclass K:\n    m.A\n    import old.mod as m\n    m.A", BOUND),
        ("import old.mod as m\nclass K:\n    import old.mod as m\n    m.A\nm.A", BOUND),
        ("import old.mod as m\nm.A\nasync def m(): pass", BOUND),
        (
            "import legacy\nimport legacy as legacy\nlegacy.x",
            "legacy is bound to another thing, too; give one of the two another name",
        ),
        (
            "import legacy as legacy\nimport legacy\nlegacy.x",
            "legacy is bound to another thing, too; give one of the two another name",
        ),
        ("from old.mod import A as Q, X as Q", f"it binds Q twice; {BY_HAND}"),
        ("import old.mod as m\nm.A\n__all__ = ['m']", f"'m' stands in a string, and may be looked up by it; {BY_HAND}"),
        (
            "class K:\n    import old.mod as m\n    x = m.A\nK.m.X",
            "m is an attribute of a class, and used as one; import what moves by name",
        ),
        ("import old.mod as m\nm.A; m.X", "line 2 uses m.X, which stays; import what moves by name"),
        ("import old.mod as m\nm.A; m.B", "line 2: old.mod.B is new.b.B2 now; import it by name"),
        ("import old.mod as m\nm.C; m.A", "line 2: old.mod.A is new.mod.A now; import it by name"),
        ("import old as o\no.mod.A", "o is old, a package on the way to old.mod; import A by name"),
        ("import old\nold.mod.A", LATER.format(line=2)),
        ("import old.z\nold.mod.A\nimport old.mod", LATER.format(line=2)),
        ("import old.z\nif x:\n    import old.mod\nold.mod.A", LATER.format(line=4)),
        ("import old.z\ndef f():\n    return old.mod.A\nimport old.mod", LATER.format(line=3)),
        ("import old.mod\nf'{old.mod.A}'", f"line 2 has old.mod.A in a form of its own; {BY_HAND}"),
        ("import old.mod\n(old.mod).A", f"line 2 has old.mod.A in a form of its own; {BY_HAND}"),
        ("import old.mod\nold.mod.A\nnew = 1", "new is another thing where line 2 would need it; import A by name"),
        (
            "import old.mod\nimport numpy as new\nold.mod.A",
            "new is another thing where line 3 would need it; import A by name",
        ),
        ("import old.mod\ndef f(new): old.mod.A", "new is another thing where line 2 would need it; import A by name"),
        (
            "import new.q\ndef f():\n    import old.mod; old.mod.A",
            "new is another thing where line 3 would need it; import A by name",
        ),
        (
            "import old.mod\nimport x as old\nold.mod.A",
            "old is bound to another thing, too; give one of the two another name",
        ),
        (
            "import old.mod as m\nimport x as m\nm.A",
            "m is bound to another thing, too; give one of the two another name",
        ),
        (
            "import old.mod\nimport old.mod as old\nold.mod.A",
            "old is bound in another way, too; give one of the two another name",
        ),
        ("import legacy", f"nothing here uses it by name; if others find it here, {BY_HAND}"),
        (
            "from x import legacy_\nimport legacy as l",
            f"nothing here uses it by name; if others find it here, {BY_HAND}",
        ),
        ("from old.mod import B as B", f"'B as B' offers that name to others, and it is B2 in new.b; {BY_HAND}"),
        ("from old.mod import A, X as A", f"it binds A twice; {BY_HAND}"),
        ("import old.mod\nfrom q import *\nold.mod.A", HIDES),
        ("try:\n    from new.mod import A\nexcept ImportError:\n    from old.mod import A", WAY_OUT),
        ("try:\n    from new import mod\nexcept E:\n    if x:\n        from old.mod import A", WAY_OUT),
        ("try:\n    import new.mod as m\nexcept ImportError:\n    import old.mod as m\nm.A", WAY_OUT),
        ("try:\n    if x:\n        import new.mod\nexcept E:\n    from old.mod import A", WAY_OUT),
        ("if x:\n    from new.mod import A\nelse:\n    from old.mod import A", WAY_OUT),
        ("if x:\n    from old.mod import A\nelif y:\n    from new import mod", WAY_OUT),
        ("import old\nfrom old.mod import A\nold.mod.X", f"old.mod {LOADS}"),
        ("import old.z\nfrom old.mod import A\nold . mod.X", f"old.mod {LOADS}"),
        ("import old as o\nfrom old import mod\nmod.A, o.mod.X", f"o.mod {LOADS}"),
    ],
)
def test_what_cannot_be_sure_is_left(source: str, why: str) -> None:
    """With the line that leaves the doubt, and what to do."""
    done = run(source + "\n")
    assert (done.source.decode(), done.replacements) == (source + "\n", ())
    assert why in [finding.suggestion for finding in done.findings if finding.kind == "unsure"]


def test_a_way_out_of_a_relative_import_is_left() -> None:
    """The dots say the same as the whole name."""
    for tried in ("from .mod import A", "from . import mod"):
        source = f"try:\n    {tried}\nexcept ImportError:\n    from old.mod import A\n"
        check_left(source, (4, "unsure", "from old.mod import A", WAY_OUT), names=("new.x",))
    source = "try:\n    from .other import A\nexcept ImportError:\n    from old.mod import A\n"
    check_transformed(source, source.replace("old", "new"), "new.x")


def test_a_new_import_in_a_function_hides_no_other_there() -> None:
    """It makes the name of the new package local to the whole function."""
    before = "import old.mod\ndef f():\n    class K:\n        old.mod.A\n    import legacy.deep\n    legacy.deep.D\n"
    done = run(before)
    assert done.source.decode() == before.replace("legacy", "new")
    why = "new is another thing where line 4 would need it; import A by name"
    assert done.findings == (Finding(line=1, kind="unsure", text="import old.mod", suggestion=why),)
    elsewhere = before.replace("    class K:\n        old.mod.A\n", "").replace("def", "old.mod.A\ndef")
    check_transformed(elsewhere, elsewhere.replace("legacy", "new").replace("old", "new"))


def test_what_leaves_no_doubt_is_not_told() -> None:
    """An old module that is imported for other names, and one whose ruled names only resemble those used."""
    check_left("import old.mod\nold.mod.X\nA = 1\n")
    check_left("import old.mod as m\nm.X; x.A\n")
    check_left("from old import mod as m, q\nm.X, A\n")
    check_left("import old.mod\n")
    check_left("from old.mod import X  # A\n")


def test_star_imports_are_told() -> None:
    """They are never rewritten: what they bring is not written there."""
    why = "write out the names that are used, and run this again"
    check_left("from old.mod import *\n", (1, "star import", "from old.mod import *", why))
    check_left("from legacy import *  # ssot-shims: keep\n", (1, "kept", "from legacy import *", ""))
    check_left("from legacy import *\n", (1, "home", "from legacy import *", ""), names=("fresh.all.x",))


def test_a_refused_rule_is_told_and_the_others_hold() -> None:
    """Name by name, also for a whole module."""
    done = run("from old.mod import A, G\nfrom legacy import gone, x\n")
    assert (
        done.source
        == b"from new.mod import A\nfrom old.mod import G\nfrom fresh.all import x\nfrom legacy import gone\n"
    )
    assert done.findings == (
        Finding(
            line=1,
            kind="refused",
            text="from old.mod import A, G",
            suggestion="G is not there",
            rule="old.mod:G = new.mod:G",
        ),
        Finding(
            line=2,
            kind="refused",
            text="from legacy import gone, x",
            suggestion="gone is not there",
            rule="legacy:* = fresh.all:*",
        ),
    )
    check_left("import old.mod\nold.mod.G\n", (1, "refused", "import old.mod", "G is not there"))


@pytest.mark.parametrize("name", ["old.mod", "new.mod", "new.mod.deep.er"])
def test_nothing_is_rewritten_in_the_old_and_the_new_home(name: str) -> None:
    """The file itself, and what is below the package that is the new home."""
    check_left("from old.mod import A\n", (1, "home", "from old.mod import A", ""), names=(name,))
    check_left("import old.mod as m\nm.A\n", (1, "home", "import old.mod as m", ""), names=("x", name))
    check_left("'old.mod.A'\n", names=(name,))


def test_a_package_that_holds_the_old_home_is_left() -> None:
    """Its ``__init__`` loads the old home and passes names on; a module of that name does not."""
    done = run("from .mod import A\n", "old", package=True)
    assert (done.source, [finding.kind for finding in done.findings]) == (b"from .mod import A\n", ["home"])


def test_a_shim_has_no_say_in_its_upstream() -> None:
    """A product does not import from the suite's shims, which would import it; a user's rule counts there as well."""
    rules = read_rules([("acme.old:A", "shims:A", "the shim A"), ("acme.old:B", "other:B", "--rule")], {"acme"})
    rules = pickle.loads(pickle.dumps(rules))
    done = rewrite(b"from acme.old import A, B\n", ("acme.api.users",), False, rules, Known())
    assert done.source == b"from other import B\nfrom acme.old import A\n"
    assert [finding.kind for finding in done.findings] == ["home"]
    done = rewrite(b"from acme.old import A, B\n", ("tests.test_users",), False, rules, Known())
    assert done.source == b"from shims import A\nfrom other import B\n"


def test_strings_in_a_home_are_not_told() -> None:
    """Neither names nor modules."""
    for name in ("old.mod", "new.mod", "new.b", "solo"):
        assert len(run("import_module('old.mod')\n", name).findings) == (name != "old.mod")


def test_a_module_passed_on_or_not_used_in_its_home_is_not_told() -> None:
    """What is done there with the whole module is its own affair."""
    check_left("import legacy\n", names=("fresh.all.x",))
    check_left("import legacy\nf(legacy)\n", names=("legacy",))


def test_beside_a_home_is_not_inside() -> None:
    """Neither what is below the old module, nor what only begins with the same letters."""
    for name in ("old", "old.mod.deep", "new", "new.model"):
        assert run("from old.mod import A\n", name).replacements


def test_a_line_that_is_to_stay_stays() -> None:
    """A comment on any line of the statement says so."""
    keep = "# ssot-shims: keep"
    check_left(f"from old.mod import A  {keep}\n", (1, "kept", "from old.mod import A", ""))
    check_left(
        f"from old.mod import (\n    A,  # why {keep}\n)\n", (1, "kept", f"from old.mod import ( A, # why {keep} )", "")
    )
    check_left("import old.mod  # ssot-shims:keep it\nold.mod.A\n", (1, "kept", "import old.mod", ""))
    check_left(f"import old.mod\nold.mod.A  {keep}\n", (1, "kept", "import old.mod", "line 2 is to stay"))
    check_left(f"patch('old.mod.A')  {keep}\n")


def test_a_relative_import_in_an_unknown_package_is_told() -> None:
    """It may mean an old path."""
    why = "the package that this file belongs to is not known; import from the whole name of the module"
    for source in ("from .mod import A", "from ..mod import A", "from . import A", "from .all import q"):
        done = rewrite(source.encode(), (), False, RULES, Known())
        expected = (Finding(line=1, kind="unsure", text=source, suggestion=why),)
        assert done == Rewriting(source=source.encode(), findings=expected)
    for source in (
        "from mod import A",
        "from .mod import X, A2",
        "from ..old.mod import A",
        "from .legacy import A",
        "from . import x  # A",
    ):
        assert rewrite(source.encode(), (), False, RULES, Known()).findings == ()


# --- strings


@pytest.mark.parametrize(
    ("source", "text", "suggestion"),
    [
        ("patch('old.mod.A')", "old.mod.A", "new.mod.A"),
        ("patch('old.mod.B.method')", "old.mod.B.method", "new.b.B2.method"),
        ("x = 'old.mod:B'", "old.mod:B", "new.b:B2"),
        ("monkeypatch.setattr('old.' 'mod.A', 1)", "old.mod.A", "new.mod.A"),
        ("x = 'old\\x2emod.A'", "old.mod.A", "new.mod.A"),
        ("import_module('old.mod')", "old.mod", "new.mod or new.b or solo"),
        ("importlib.import_module('legacy')", "legacy", "fresh.all"),
        ("x = {'legacy': 1}", "legacy", "fresh.all"),
        ("patch.multiple('old.mod', A=1)", "old.mod", "new.mod or new.b or solo"),
        ("f'{patch(\"legacy.x\")}'", "legacy.x", "fresh.all.x"),
        ("patch.dict(sys.modules, {'old.mod': x})", "old.mod", "new.mod or new.b or solo"),
    ],
)
def test_whole_dotted_strings_are_told(source: str, text: str, suggestion: str) -> None:
    """With what would stand there; whether that is right only their reader knows."""
    check_left(f"\n{source}\n", (2, "string", text, suggestion))


@pytest.mark.parametrize(
    "source",
    [
        "'''See old.mod.A.'''",
        "x = 'from old.mod import A'",
        "f'old.mod.A'",
        "f'{x} legacy.y'",
        "x = 'old.mod.A '",
    ],
)
def test_text_in_longer_strings_is_counted(source: str) -> None:
    """Docstrings and f-strings among them."""
    assert [finding.kind for finding in run(source).findings] == ["mention"]


@pytest.mark.parametrize(
    "source",
    [
        "x = 'old.model.A'",
        "x = 'very.old.mod.A'",
        "x = 'old.mod'",
        "x = 'old.mod.X'",
        "x = b'old.mod.A'",
        "x = 'old.mod and B2'",
    ],
)
def test_other_strings_are_not_told(source: str) -> None:
    """Other names, and an old module of which other names stay."""
    assert run(source + "  # A, legacy").findings == ()


def test_a_string_for_a_name_that_is_not_in_the_new_home_is_told_as_refused() -> None:
    """There is nothing to suggest."""
    check_left("patch('old.mod.G')\n", (1, "refused", "old.mod.G", "G is not there"))


# --- what is reported of a rewriting


def test_every_rule_applied_is_reported() -> None:
    """Line, rule, and the text before and after; one for each rule of a statement, and for each use renamed."""
    done = run("\nfrom old.mod import A, B\nimport old.mod\nx = old.mod.A\n")
    a, b = "old.mod:A = new.mod:A", "old.mod:B = new.b:B2"
    split = "from new.mod import A\nfrom new.b import B2 as B"
    assert done.replacements == (
        Replacement(line=2, rule=a, old="from old.mod import A, B", new=split),
        Replacement(line=2, rule=b, old="from old.mod import A, B", new=split),
        Replacement(line=3, rule=a, old="import old.mod", new="import new.mod"),
        Replacement(line=4, rule=a, old="old.mod.A", new="new.mod.A"),
    )


def test_a_file_without_a_candidate_is_not_even_read() -> None:
    """Whatever else is in it."""
    assert run(b"def f(:\0") == Rewriting(source=b"def f(:\0")


def test_what_the_compiler_warns_of_is_left_to_those_who_run_the_file() -> None:
    """An unknown escape is no reason to warn, or where warnings are errors to give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run("x = '\\d'; 1 is 1\nfrom old.mod import A\n").source.endswith(b"from new.mod import A\n")


# --- the text of a file


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbffrom old.mod import A\n",
        b"\xef\xbb\xbf# coding: utf-8\nfrom old.mod import A\n",
        b"# coding: latin-1\nx = '\xe9'; from old.mod import A; y = '\xff'\n",
        b"# vim: set fileencoding=cp1252 :\n'\x80'; from old.mod import A\n",
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
    assert run(done.source).replacements == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_new_lines_end_as_the_others_do(end: str) -> None:
    """As the line of the statement does; inside of it each as it did, and where none does, as the first."""
    check_transformed(
        f"from old.mod import A, X{end}x = 1\n", f"from new.mod import A{end}from old.mod import X{end}x = 1\n"
    )
    check_transformed(
        f"from old.mod import (A,{end}    X){end}", f"from new.mod import (A){end}from old.mod import (X){end}"
    )
    check_transformed(
        f"x = 1{end}from old.mod import A, X", f"x = 1{end}from new.mod import A{end}from old.mod import X"
    )
    check_transformed(
        "from old.mod import (A,\n  X,\r\n  Y)\r", "from new.mod import (A)\rfrom old.mod import (X,\r\n  Y)\r"
    )


def test_a_form_feed_is_not_repeated() -> None:
    """It starts the count of columns anew, so what is behind it is the indentation."""
    check_transformed(
        "if x:\n  \x0c  from old.mod import A, X\n  y = 1\n",
        "if x:\n  \x0c  from new.mod import A\n  from old.mod import X\n  y = 1\n",
    )


@pytest.mark.parametrize(
    ("source", "line", "cause"),
    [
        (b"x = 1\n\nfrom old.mod import A\0", 3, "a NUL byte, which no Python source has"),
        (b"# 1\n# \xe9\nfrom old.mod import A", 2, "0xe9 is not utf-8, in which this file is to be read"),
        (
            b"x = 1\ny = 2\r\nz = '\xe9'\nfrom old.mod import A",
            3,
            "0xe9 is not utf-8, in which this file is to be read",
        ),
        (b"# coding: utf-8\n\n'\xff'\nfrom old.mod import A", 3, "0xff is not utf-8, in which this file is to be read"),
        (b"# coding: ascii\n'\xff'\nfrom old.mod import A", 2, "0xff is not ascii, in which this file is to be read"),
        (b"# coding: klingon\nfrom old.mod import A", 1, "unknown encoding: klingon"),
        (b"\xef\xbb\xbf# coding: latin-1\nfrom old.mod import A", 1, "encoding problem: utf-8"),
        (
            b"# coding: rot13\nfrom old.mod import A",
            1,
            "cannot be read as rot13: 'rot13' is not a text encoding; use codecs.decode() to handle arbitrary codecs",
        ),
        (
            b"# coding: unicode_escape\nfrom old.mod import A",
            1,
            "unicode_escape would not give the same bytes back; save it as UTF-8",
        ),
        (b"\nfrom old.mod import (\nfrom x import y\nA)", 3, "invalid syntax"),
        (b"from old.mod import A\ndef f(:\n", 2, "invalid syntax"),
        (b"from old.mod import A\nif x:\ny = 1", 3, "expected an indented block after 'if' statement on line 2"),
        (b"from old.mod import A\nprint 'x'", 2, "Missing parentheses in call to 'print'. Did you mean print(...)?"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_told_with_line_and_cause(source: bytes, line: int, cause: str) -> None:
    """As Python itself would say."""
    with pytest.raises(Unparsable) as caught:
        run(source)
    assert (caught.value.line, caught.value.cause) == (line, cause)
    assert str(caught.value) == f"line {line}: {cause}"


@pytest.mark.parametrize(
    "nest",
    [
        "(" * 20_000 + ")" * 20_000,
        "[1, " * 20_000 + "]" * 20_000,
        "-" * 20_000 + "1",
        "+".join("a" * 20_000),
        "lambda: " * 20_000 + "1",
    ],
    ids=["brackets", "lists", "signs", "a sum", "functions"],
)
def test_what_is_nested_too_deep_ends_no_process(nest: str) -> None:
    """It is a file that cannot be parsed, whichever parser it is for."""
    for source in (f"from old.mod import A\nx = {nest}\n", f"{NEWER}from old.mod import A\nx = {nest}\n"):
        with pytest.raises(Unparsable):
            run(source)


def test_what_the_encoding_of_a_file_cannot_hold_is_left() -> None:
    """A new home with letters that it does not have."""
    rules = read_rules([("old.mod:A", "neu.m\u00f6bel:A", "--rule")])
    source = b"# coding: ascii\nfrom old.mod import A\n"
    done = rewrite(source, (), False, rules, Known())
    why = "left as it was, because '\u00f6' cannot be written in ascii; save it as UTF-8"
    assert (done.source, done.replacements) == (source, ())
    assert done.findings == (Finding(line=2, kind="unsure", text="from old.mod import A", suggestion=why),)
    latin = source.replace(b"ascii", b"latin-1")
    assert rewrite(latin, (), False, rules, Known()).source == b"# coding: latin-1\nfrom neu.m\xf6bel import A\n"


def test_a_file_of_5_megabytes_is_rewritten() -> None:
    """Most of it is data; nothing of that changes. One byte more is too much."""
    rest = b"\n'''\nfrom old.mod import A\n" + b"x = 1\n" * 1000
    source = b"DATA = '''" + (b"0123456789abcdef \x0c old\n" * 250_000)[: 5_000_000 - 10 - len(rest)] + rest
    assert len(source) == 5_000_000
    assert run(source).source == source.replace(b"old.mod", b"new.mod")
    with pytest.raises(Unparsable, match="5,000,001 bytes are too many"):
        run(source + b"\n")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 is the first with this grammar")
def test_type_parameters_are_names_too() -> None:
    """They are bound where they stand, and what they are called like is another thing."""
    for source in ("def f[m](): pass", "class K[m]: pass", "type X[m] = int", "type m = int"):
        check_left(f"import old.mod as m\nm.A\n{source}\n", (1, "unsure", "import old.mod as m", BOUND))


# --- a newer grammar


@forms(
    ("names", f"from old.mod import A, X\n{NEWER}", f"from new.mod import A\nfrom old.mod import X\n{NEWER}"),
    (
        "in a function",
        f"{NEWER}def f():\n    from old.mod import (\n        A,  # a\n    )\n",
        f"{NEWER}def f():\n    from new.mod import (\n        A,  # a\n    )\n",
    ),
    (
        "behind a semicolon",
        f"{NEWER}x = 'é'; from old.mod import A; y = 1\n",
        f"{NEWER}x = 'é'; from new.mod import A; y = 1\n",
    ),
    (
        "what is there already",
        f"{NEWER}from new.mod import A\nfrom old.mod import A\n",
        f"{NEWER}from new.mod import A\nfrom new.mod import A\n",
    ),
    ("relative", f"{NEWER}from .mod import A\nfrom . import x\n", f"{NEWER}from new.mod import A\nfrom . import x\n"),
    (
        "beside others",
        f"{NEWER}import os, sys as s\nfrom os import *\nfrom old.mod import A as A\n",
        f"{NEWER}import os, sys as s\nfrom os import *\nfrom new.mod import A as A\n",
    ),
)
def test_a_file_newer_than_this_python_is_read_as_libcst_can(before: str, after: str) -> None:
    """Imports of names are rewritten, proved by LibCST."""
    done = run(before, "old.it")
    assert done.source.decode() == after
    assert run(after, "old.it").replacements == ()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.12 has that grammar itself")
def test_python_3_11_reads_type_parameters_as_libcst_can() -> None:
    """PEP 695 and PEP 701."""
    source = "type X[T] = list[T]\ndef f[T](x: T) -> T: ...\nf'{x['y']}'\nfrom old.mod import A, B\n"
    assert run(source).source.decode().endswith("f'{x['y']}'\nfrom new.mod import A\nfrom new.b import B2 as B\n")


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from new.mod import A\nexcept E:\n    from old.mod import A",
        "try:\n    import new.mod\nexcept* E:\n    from old.mod import A",
        "if x:\n    from new import mod\nelse:\n    from old.mod import A",
        "if x:\n    from old.mod import A\nelif y:\n    from .mod import A",
    ],
)
def test_a_way_out_is_left_in_a_newer_file(source: str) -> None:
    """As in any other."""
    done = run(f"{NEWER}{source}\n", "new.x")
    assert [finding.suggestion for finding in done.findings] == [WAY_OUT]
    assert done.replacements == ()
    other = source.replace("new", "q").replace("from .mod", "from .q")
    assert run(f"{NEWER}{other}\n", "new.x").replacements


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 has that grammar itself")
def test_modules_as_a_whole_are_left_in_a_newer_file() -> None:
    """Their uses are found with Python's own parser."""
    why = "this file is newer than the grammar of this Python; run this with the Python it is written for"
    check_left(f"import old.mod\nold.mod.A\n{NEWER}", (1, "unsure", "import old.mod", why))
    check_left(f"import os\nos.A, 'mod'\n{NEWER}")


def test_strings_are_told_in_a_newer_file() -> None:
    """Whole ones, longer ones, and parts of f-strings; bytes are not."""
    done = run(f"{NEWER}x = 'old.mod.A', 'see old.mod.A', f'old.mod.A', b'old.mod.A', 'y'\n")
    assert sorted(finding.kind for finding in done.findings) == ["mention", "mention", "string"]
    assert {finding.line for finding in done.findings} == {5}


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 has that grammar itself")
def test_a_newer_file_that_libcst_would_not_print_as_it_is_cannot_be_parsed() -> None:
    """Its places would be wrong."""
    with pytest.raises(Unparsable):
        run(f"\x0cfrom old.mod import A\n{NEWER}")


# --- the proof


WRONG = {
    "does not parse": ("from new.mod import (",),
    "is other code": ("A = 1",),
    "has other code beside it": ("from new.mod import A", "x = 1"),
    "binds another name": ("from new.mod import A as Z",),
    "binds one name more": ("from new.mod import A, Z",),
    "swallows what follows": ("from new.mod import A, \\",),
    "is nothing at all": ("'''",),
    "is a future import": ("from __future__ import A",),
}


@pytest.mark.parametrize("newer", ["", NEWER], ids=["proved by ast", "proved by LibCST"])
@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG)
def test_a_wrong_rewriting_leaves_the_file_as_it_was(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...], newer: str
) -> None:
    """Whatever may be wrong with this library: what is not proved is not written, and it is told."""
    monkeypatch.setattr(statements, "rewritten", lambda *_: parts)
    source = f"{newer}from old.mod import A\nx = 2\n"
    done = run(source)
    assert (done.source.decode(), done.replacements) == (source, ())
    [finding] = done.findings
    assert (finding.kind, finding.text) == ("unsure", "from old.mod import A")
    assert finding.suggestion.startswith("left as it was, because the new text ")


@pytest.mark.parametrize("newer", ["", NEWER], ids=["by ast", "by LibCST"])
@pytest.mark.parametrize(
    "new",
    [
        "import old.mod\nx = 2\n",
        "import old.mod\nx = y\n",
        "import old.mod\nx = 1.0\n",
        "import old.mod\nx = 1; x = 1\n",
        "import old.mod\nif x: x = 1\n",
        "import old.mod\nx: int = 1\n",
        "x = 1\n",
        "x = 1\nfrom new import mod\n",
        "import old.mod\nx = (\n",
        "import old.mod\nx = 1\0",
    ],
)
def test_the_proof_sees_every_difference(new: str, newer: str) -> None:
    """In a value, a type, a statement, a suite, or a name that an import binds; and what does not parse."""
    old = read_source(read_text(f"{newer}import old.mod\nx = 1\n".encode()))
    assert flaw(old, f"{newer}{new}".encode(), {}).startswith("the new text ")


def test_the_proof_sees_an_alias_that_is_lost_beside_a_renamed_use() -> None:
    """Only the packages that plain imports bind may be others then."""
    old = read_source(read_text(b"import old.mod, q as z\nx = old.mod.A\n"))
    [use] = [
        node for node in ast.walk(old.tree or ast.Module()) if isinstance(node, ast.Attribute) and node.attr == "A"
    ]
    renamed = {use: "new.mod.A"}
    assert flaw(old, b"import new.mod, q as z\nx = new.mod.A\n", renamed) == ""
    for new in (b"import new.mod\nx = new.mod.A\n", b"import new.mod, q as z\nx = new.mod.B\n"):
        assert flaw(old, new, renamed) == "the new text says something else"


@pytest.mark.parametrize("new", ["import old.mod\nx = 1\n", "x = 1\nimport old.new.mod  # why\n\n"])
def test_the_proof_sees_no_difference_in_imports_and_layout(new: str) -> None:
    """Which is what a rewriting may change."""
    assert flaw(read_source(read_text(b"import old.mod\nx = 1\n")), new.encode(), {}) == ""


def test_a_use_that_is_not_renamed_as_planned_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof knows what each was to become."""
    monkeypatch.setattr(rewriting, "_changed_uses", lambda *_: iter(()))
    check_left(
        "import old.mod\nx = old.mod.A\n",
        (1, "unsure", "import old.mod", "left as it was, because the new text says something else"),
    )


def test_a_name_offered_to_others_stays_offered() -> None:
    """In the form by which stubs say so."""
    done = run("from old.mod import A as A\ndef f(x: A) -> A: ...\n")
    assert done.source == b"from new.mod import A as A\ndef f(x: A) -> A: ...\n"
