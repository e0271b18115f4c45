"""Patterns: what people write by hand, as the rules of audit find it in one file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ssot_shims._record import Record
from ssot_shims._text import one_line, shortened

RULES = {
    "SSA101": "an except ImportError binds a placeholder",
    "SSA102": "an except ImportError sets a flag",
    "SSA103": "an except ImportError skips",
    "SSA104": "an except ImportError hides that code did not run",
    "SSA105": "one except ImportError guards several modules",
    "SSA106": "nothing reads the flag that an except ImportError sets",
    "SSA201": "a function checks for Docker",
    "SSA202": "a function checks for a port",
    "SSA203": "a function checks an HTTP address",
    "SSA301": "a skip depends on a flag",
    "SSA302": "a skip depends on a call",
    "SSA303": "a skip depends on an environment variable",
    "SSA304": "importorskip hides what has moved or is broken",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Module)


class Imported(Record):
    """What an import asks for, and the name that it binds; *symbol* is empty for a module."""

    local: str
    module: str
    symbol: str = ""
    level: int = 0  # dots of a relative import

    @property
    def target(self) -> str:
        """The module, or the target."""
        return f"{self.module}:{self.symbol}" if self.symbol else self.module

    def fill(self, template: str) -> str:
        """*template* with this import in it."""
        marker = (
            f'requires_upstream("{self.target}")' if self.symbol else f'requires_capability("module:{self.module}")'
        )
        return template.format(local=self.local, module=self.module, target=self.target, marker=marker)


class Pattern(Record):
    """One place, as it is written and, after the lookup of what it imports, as it is reported."""

    rule: str
    line: int
    end_line: int
    text: str
    replacement: str  # with imports a template, to fill for each of them
    level: str = "note"  # empty: reported only when an import has moved
    imports: tuple[Imported, ...] = ()
    names: tuple[str, ...] = ()  # that it binds, and that other patterns may ask for
    notation: str = ""  # of the probe that gives the same answer
    path: str = ""
    targets: tuple[str, ...] = ()
    state: str = ""  # of the targets: there, absent, unknown or moved
    reason: str = ""
    moved_to: Mapping[str, tuple[str, ...]] = {}  # each target that has moved, and where its name is now

    @classmethod
    def at(cls, node: ast.stmt | ast.expr, rule: str, text: str, replacement: str, **more: Any) -> Pattern:
        """A pattern on the lines of *node*; *text* is shortened."""
        line, end_line, text = node.lineno, node.end_lineno or 0, shortened(one_line(text), 150)
        return cls(rule=rule, line=line, end_line=end_line, text=text, replacement=replacement, **more)


def dotted(node: ast.AST | None) -> str:
    """The dotted name that *node* is, or calls, or awaits: ``os.environ.get``; empty for anything else.

    >>> [dotted(ast.parse(text, mode="eval").body) for text in ("os.environ.get('HOME')", "a.b", "a[0].b")]
    ['os.environ.get', 'a.b', '']
    """
    words: list[str] = []
    node = node.value if isinstance(node, ast.Await) else node
    node = node.func if isinstance(node, ast.Call) else node
    while isinstance(node, ast.Attribute):
        words.insert(0, node.attr)
        node = node.value
    return ".".join([node.id, *words]) if isinstance(node, ast.Name) else ""


def called(node: ast.AST | None) -> str:
    """The last word of what *node* calls, whatever stands before it; empty when it is no call."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", "") or getattr(function, "id", "")


def constant(node: ast.AST | None) -> object:
    """The value of a constant; None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None


def is_skip(statement: ast.stmt) -> bool:
    """Whether *statement* ends the test as skipped.

    >>> [is_skip(one) for one in ast.parse("pytest.skip('no'); self.skipTest('no'); raise SkipTest('no'); skip").body]
    [True, True, True, False]
    """
    if isinstance(statement, ast.Raise):
        return f".{dotted(statement.exc)}".endswith((".SkipTest", ".skip.Exception"))
    return isinstance(statement, ast.Expr) and called(statement.value) in ("skip", "skipTest")


def assignments(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Every dotted name that one of *nodes* assigns, and its value."""
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            yield from ((name, node.value) for name in map(dotted, targets) if name)


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Every node in the scope that *node* is: not those in the functions and classes inside."""
    pending = [*ast.iter_child_nodes(node)]
    for inner in pending:  # which grows meanwhile
        yield inner
        if not isinstance(inner, (*SCOPES, ast.Lambda)):
            pending += ast.iter_child_nodes(inner)
