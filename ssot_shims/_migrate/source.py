"""One file, read: its import statements with their places, its string constants, and its tree."""

from __future__ import annotations

import ast
import warnings

from ssot_shims._migrate.text import Text, Unparsable
from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Import(Record):
    """One import statement: its place in the body, and what it says."""

    start: int
    end: int
    line: int
    module: str | None  # None: not "from ..." but "import ..."
    level: int  # how many dots the module has in front
    names: tuple[tuple[str, str | None], ...]  # each with its "as"
    suite: int = -1  # the number of the suite it stands in; -1: not known
    suite_end: int = 0  # the last line of that
    instead_of: tuple[str, ...] = ()  # the modules whose import failed, or was not wanted, when this runs
    node: ast.AST | None = None

    @property
    def is_from(self) -> bool:
        """Whether it is a ``from ... import ...``."""
        return self.module is not None


class String(Record):
    """One string constant."""

    line: int
    value: str
    function: str = ""  # the function it is the first argument of
    is_part: bool = False  # of an f-string, and no string of its own


class Source(Record):
    """A file as it was parsed: by ``ast``, or with ``tree`` None by LibCST, because its grammar is too new for that."""

    text: Text
    imports: tuple[Import, ...]
    tree: ast.Module | None
    strings: tuple[String, ...] = ()  # only when there is no tree

    def statement(self, statement: Import) -> str:
        """The text of an import statement."""
        return self.text.body[statement.start : statement.end].decode()


def read_source(text: Text) -> Source:
    """The file with this *text*. Raises :class:`Unparsable`."""
    try:
        tree = parse(text.body)
    except SyntaxError as error:
        from ssot_shims._migrate.newer import read_newer  # LibCST takes 0.2 s to import, and few files need it

        newer = read_newer(text)
        if newer is None:
            raise Unparsable(error.lineno or 1, error.msg) from None
        imports, strings = newer
        return Source(text=text, imports=imports, strings=strings, tree=None)
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(1, f"too much for the parser of Python: {str(error) or type(error).__name__}") from None
    return Source(text=text, imports=tuple(sorted(_imports(tree, text), key=lambda found: found.start)), tree=tree)


def parse(body: bytes) -> ast.Module:
    """The tree of *body*; what the compiler would warn of is left for those who run the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(body.decode())


def strings_in(tree: ast.Module) -> Iterator[String]:
    """Every string constant of *tree*."""
    pending: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while pending:
        node, function, is_part = pending.pop()
        if isinstance(node, ast.Constant):
            if type(node.value) is str:
                yield String(line=node.lineno, value=node.value, function=function, is_part=is_part)
            continue
        first, called = _first_argument(node)
        has_parts = type(node).__name__ in ("JoinedStr", "TemplateStr")
        pending += [(child, called if child is first else "", has_parts) for child in ast.iter_child_nodes(node)]


def _first_argument(node: ast.AST) -> tuple[ast.expr | None, str]:
    """What a call passes first, and the last word of what it calls."""
    if not isinstance(node, ast.Call) or not node.args:
        return None, ""
    return node.args[0], getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def _imports(tree: ast.Module, text: Text) -> Iterator[Import]:
    suites: list[tuple[list[ast.stmt], tuple[list[ast.stmt], ...]]] = [(tree.body, ())]
    for number, (suite, others) in enumerate(suites):  # which grows meanwhile
        for statement in suite:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                end = suite[-1].end_lineno or 0
                tried = tuple(name for other in others for name in _modules(other))
                yield _import(statement, text).replace(suite=number, suite_end=end, instead_of=tried)
            else:
                suites += ((inner, (*others, *instead)) for inner, instead in _suites(statement))


def _suites(statement: ast.stmt) -> Iterator[tuple[list[ast.stmt], tuple[list[ast.stmt], ...]]]:
    """The suites of *statement*, each with those that it runs instead of."""
    if isinstance(statement, ast.If):
        yield statement.body, (statement.orelse,)
        yield statement.orelse, (statement.body,)
        return
    for field in ("body", "orelse", "finalbody"):
        if suite := getattr(statement, field, None):
            yield suite, ()
    for case in getattr(statement, "cases", ()):
        yield case.body, ()
    for handler in getattr(statement, "handlers", ()):
        yield handler.body, (getattr(statement, "body", []),)


def _modules(suite: Iterable[ast.stmt]) -> Iterator[str]:
    for node in (node for statement in suite for node in ast.walk(statement)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = node.module or "" if isinstance(node, ast.ImportFrom) else None
            yield from modules_of(module, getattr(node, "level", 0), names)


def modules_of(module: str | None, level: int, names: Iterable[str]) -> Iterator[str]:
    """The modules that an import statement may name; with as many dots in front as it has."""
    if module is None:
        yield from names
        return
    parent = "." * level + module
    yield parent
    yield from (f"{parent}.{name}" if module else f"{parent}{name}" for name in names)


def _import(node: ast.Import | ast.ImportFrom, text: Text) -> Import:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return Import(
        start=text.offset(node.lineno, node.col_offset),
        end=text.offset(node.end_lineno, node.end_col_offset),
        line=node.lineno,
        module=(node.module or "") if isinstance(node, ast.ImportFrom) else None,
        level=node.level if isinstance(node, ast.ImportFrom) else 0,
        names=tuple((alias.name, alias.asname) for alias in node.names),
        node=node,
    )
