"""The source of one file: its text in UTF-8, its tree, its import statements and its strings, with their places."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import pairwise
from tokenize import detect_encoding

from ssot_shims._record import Record

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Module)
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how files begin that some editors call Unicode

_MOST = 5_000_000  # bytes, of which the parser of Python makes half a gigabyte of memory
_FOR_TYPES = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
_SUITES = ("body", "orelse", "finalbody", "handlers", "cases")
_LINE_END = re.compile(rb"\r\n?|\n")  # str.splitlines takes form feeds and others for line ends, which Python does not


class Unparsable(Exception):
    """A file that cannot be read as Python: the line, and the cause."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(line, cause)
        self.line = line
        self.cause = cause


class Edit(Record):
    """A stretch of the body, and the text that replaces it."""

    start: int
    end: int
    new: str


class Text(Record):
    """A file's text in UTF-8, where its lines start, and how the file encodes it."""

    body: bytes
    starts: tuple[int, ...]
    encoding: str

    def offset(self, line: int, column: int) -> int:
        """The place in the body that the compiler calls *line* (from 1) and *column* (in bytes)."""
        return self.starts[line - 1] + column

    def line_end(self, offset: int) -> str:
        """How the line with *offset* ends, or if it does not, how the first line does."""
        found = _LINE_END.search(self.body, offset) or _LINE_END.search(self.body)
        return found[0].decode() if found else "\n"

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The body with all *edits* made; they must not overlap."""
        body = self.body
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):  # what stands before stays where it is
            body = body[: edit.start] + edit.new.encode() + body[edit.end :]
        return body


class Import(Record):
    """One import statement: its node, its place in the body, and the nodes around it, the innermost first."""

    node: ast.Import | ast.ImportFrom
    start: int
    end: int
    around: tuple[ast.AST, ...]

    @property
    def line(self) -> int:
        """The line it begins on."""
        return self.node.lineno

    @property
    def is_for_types(self) -> bool:
        """Whether only type checkers read it."""
        return any(
            isinstance(node, ast.If) and inner in node.body and ast.unparse(node.test) in _FOR_TYPES
            for inner, node in pairwise((self.node, *self.around))
        )

    @property
    def is_deferred(self) -> bool:
        """Whether it does not run with its module."""
        return self.is_for_types or any(isinstance(node, FUNCTIONS) for node in self.around)

    def modules(self, packages: Iterable[str]) -> tuple[str, ...]:
        """The modules that ``from ... import`` may mean in a file of one of *packages*, the most likely first."""
        if not isinstance(self.node, ast.ImportFrom):
            return ()
        module, level = self.node.module or "", self.node.level
        found = (absolute(package, level, module) for package in (packages if level else ("",)))
        return tuple(dict.fromkeys(filter(None, found)))


class Source(Record):
    """A file as it was parsed."""

    text: Text
    tree: ast.Module
    imports: tuple[Import, ...]


def read_source(source: bytes) -> Source:
    r"""The file with the bytes *source*. Raises :class:`Unparsable`.

    >>> read_source(b"# coding: latin-1\nx = '\xe9'").text.body.decode()
    "# coding: latin-1\nx = 'é'"
    """
    text = _decoded(source)
    try:
        tree = parse(text.body)
    except SyntaxError as error:
        raise Unparsable(error.lineno or 1, error.msg) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(1, f"too much for the parser of Python: {str(error) or type(error).__name__}") from None
    return Source(text=text, tree=tree, imports=tuple(sorted(_imports(tree, text), key=lambda found: found.start)))


def _decoded(source: bytes) -> Text:
    if len(source) > _MOST:
        raise Unparsable(1, f"{len(source):,} bytes are too many; files of up to {_MOST:,} are read")
    if source.startswith(UTF16):
        raise Unparsable(1, "it is UTF-16, which Python does not read; save it as UTF-8")
    try:
        encoding, _ = detect_encoding(BytesIO(source).readline)
        text = source.decode(encoding)
        is_given_back = text.encode(encoding) == source
    except (SyntaxError, UnicodeError, LookupError) as error:  # a codec may be for no text at all, or refuse all of it
        raise Unparsable(1, f"cannot be decoded: {error}") from None
    if not is_given_back:
        raise Unparsable(1, f"{encoding} would not give the same bytes back; save it as UTF-8")
    body = text.encode()
    return Text(body=body, starts=(0, *(end.end() for end in _LINE_END.finditer(body))), encoding=encoding)


def parse(body: bytes) -> ast.Module:
    """The tree of *body*, without the warnings of the compiler, which belong to those who run the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(body.decode())


def absolute(package: str, level: int, module: str) -> str:
    """The module that ``level`` dots and *module* mean in a file of *package*; empty when that is above the top.

    >>> absolute("acme.ws", 2, "limits"), absolute("acme", 2, "limits")
    ('acme.limits', '')
    """
    if not level:
        return module
    steps = package.split(".") if package else []
    if level > len(steps):
        return ""
    return ".".join(filter(None, [*steps[: len(steps) - level + 1], module]))


def local_name(alias: ast.alias) -> str:
    """The name that *alias* binds, in an import statement of either kind."""
    return alias.asname or alias.name.partition(".")[0]


def strings_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string of *tree* and every plain part of an f-string, with its line; no docstrings, which nothing reads."""
    pending: list[ast.AST] = [tree]
    for node in pending:  # which grows meanwhile
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            pending += ast.iter_child_nodes(node)


def caught(handler: ast.ExceptHandler) -> list[str]:
    """The names of the errors that *handler* catches; an empty one for what has no name."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [dotted(kind).rpartition(".")[2] for kind in kinds]


def statements(tree: ast.Module) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Every statement of *tree*, in no order, with the nodes around it, the innermost first."""
    pending: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ())]
    while pending:
        node, around = pending.pop()
        yield node, around
        pending += [(child, (node, *around)) for field in _SUITES for child in getattr(node, field, ())]


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Every node in the scope that *node* is: not those in the functions and classes inside."""
    pending = [*ast.iter_child_nodes(node)]
    for inner in pending:  # which grows meanwhile
        yield inner
        if not isinstance(inner, (*SCOPES, ast.Lambda)):
            pending += ast.iter_child_nodes(inner)


def bindings(scope: ast.AST, local: str) -> Iterator[ast.AST]:
    """What binds *local* in *scope*, a module, a class or a function."""
    return (node for node in within(scope) if _binds(node, local))


def _binds(node: ast.AST, local: str) -> bool:
    if isinstance(node, ast.alias):
        return local == local_name(node)
    is_read = isinstance(node, ast.keyword) or isinstance(getattr(node, "ctx", None), ast.Load)
    return not is_read and local in (getattr(node, field, None) for field in ("id", "name", "arg"))


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


def assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Every dotted name that one of *nodes* assigns, and its value."""
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            yield from ((name, node.value) for name in map(dotted, targets) if name)


def is_skip(statement: ast.stmt) -> bool:
    """Whether *statement* ends the test as skipped.

    >>> [is_skip(one) for one in ast.parse("pytest.skip('no'); self.skipTest('no'); raise SkipTest('no'); skip").body]
    [True, True, True, False]
    """
    if isinstance(statement, ast.Raise):
        return f".{dotted(statement.exc)}".endswith((".SkipTest", ".skip.Exception"))
    return isinstance(statement, ast.Expr) and called(statement.value) in ("skip", "skipTest")


def is_loud(statement: ast.stmt) -> bool:
    """Whether *statement* ends in an error."""
    is_false = isinstance(statement, ast.Assert) and constant(statement.test) is False
    is_call = isinstance(statement, ast.Expr) and called(statement.value) in ("fail", "exit", "_exit")
    return is_false or is_call or (isinstance(statement, ast.Raise) and not is_skip(statement))


def _imports(tree: ast.Module, text: Text) -> Iterator[Import]:
    for node, around in statements(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            start = text.offset(node.lineno, node.col_offset)
            end = text.offset(node.end_lineno or 0, node.end_col_offset or 0)
            yield Import(node=node, start=start, end=end, around=around)
