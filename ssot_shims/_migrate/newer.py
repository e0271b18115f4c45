"""Files in a newer grammar than this interpreter's own, read by LibCST."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from itertools import accumulate

import libcst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from ssot_shims._migrate.names import local_name
from ssot_shims._migrate.source import Import, String, modules_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    from libcst.metadata import CodeSpan

    from ssot_shims._migrate.text import Text

    T = TypeVar("T")

# LibCST's parser takes ever longer for what is nested deep, and ends the process where the stack ends.
_STACK = 64 << 20  # bytes, for twice what passes here
_MOST_BRACKETS = 200  # Python's own limit
_BRACKET = re.compile(rb"[()\[\]{}]")
_MAY_BE_DEEP = re.compile(rb"[^,;=]{4000}")  # one long sum, one long row of signs, or a lot of text
_LAYOUT = (
    libcst.BaseParenthesizableWhitespace,
    libcst.Comment,
    libcst.EmptyLine,
    libcst.Newline,
    libcst.Semicolon,
    libcst.TrailingWhitespace,
)


def read_newer(text: Text) -> tuple[tuple[Import, ...], tuple[String, ...]] | None:
    """The import statements and the string constants of a file; None when LibCST cannot read it either."""
    return _with_room(lambda: _read(text))


def outline_newer(body: bytes) -> list[str] | None:
    """Everything that *body* says apart from its imports, and from how it is laid out; None when it does not parse."""
    return _with_room(lambda: _outline(body))


def _read(text: Text) -> tuple[tuple[Import, ...], tuple[String, ...]]:
    module = _parse(text.body)
    spans = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    imports = [
        _import(node, spans[node], text).replace(instead_of=tuple(name for other in others for name in _modules(other)))
        for node, others in _imports(module)
    ]
    return tuple(imports), tuple(_strings(module, spans, text))


def _outline(body: bytes) -> list[str]:
    said: list[str] = []
    bound: set[str] = set()
    for node in _nodes(_parse(body)):
        if isinstance(node, libcst.Import | libcst.ImportFrom):
            names = _names(node)
            bound |= {local_name(isinstance(node, libcst.ImportFrom), name, alias) for name, alias in names}
            said += [f"{names}"] if _module(node) == "__future__" else []
        elif not isinstance(node, libcst.SimpleStatementLine):  # of which imports may take more or fewer
            said.append(f"{type(node).__name__} {'' if node.children else getattr(node, 'value', '')}")
    return [*said, f"{sorted(bound)}"]


def _parse(body: bytes) -> libcst.Module:
    if _MAY_BE_DEEP.search(body) or _depth(body) > _MOST_BRACKETS:
        raise ValueError("the file may be nested too deep")
    module = libcst.parse_module(body.decode())
    if module.code.encode() != body:
        raise ValueError("the file would not be printed as it is")
    return module


def _depth(body: bytes) -> int:
    return max(accumulate(1 if bracket in b"([{" else -1 for bracket in _BRACKET.findall(body)), default=0)


def _nodes(part: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
    """Every node of *part* in the order of the text, without layout, and without what is in import statements."""
    pending: list[libcst.CSTNode] = [part]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, libcst.Import | libcst.ImportFrom):
            pending += [child for child in reversed(node.children) if not isinstance(child, _LAYOUT)]


def _imports(module: libcst.Module) -> Iterator[tuple[libcst.Import | libcst.ImportFrom, tuple[libcst.CSTNode, ...]]]:
    """Every import statement of *module*, in order, each with the suites that it runs instead of."""
    pending: list[tuple[libcst.CSTNode, tuple[libcst.CSTNode, ...]]] = [(module, ())]
    while pending:
        node, others = pending.pop()
        if isinstance(node, libcst.Import | libcst.ImportFrom):
            yield node, others
        else:
            pending += [(child, (*others, *_instead_of(node, child))) for child in reversed(node.children)]


def _instead_of(node: libcst.CSTNode, child: libcst.CSTNode) -> tuple[libcst.CSTNode, ...]:
    """What of *node* has not run, or not to its end, when its *child* runs."""
    if isinstance(node, libcst.Try | libcst.TryStar) and child in node.handlers:
        return (node.body,)
    if isinstance(node, libcst.If) and node.orelse:
        return (node.orelse,) if child is node.body else (node.body,)
    return ()


def _modules(part: libcst.CSTNode) -> Iterator[str]:
    for node in _nodes(part):
        if isinstance(node, libcst.Import | libcst.ImportFrom):
            yield from modules_of(_module(node), _level(node), [name for name, _ in _names(node)])


def _level(node: libcst.Import | libcst.ImportFrom) -> int:
    return len(node.relative) if isinstance(node, libcst.ImportFrom) else 0


def _import(node: libcst.Import | libcst.ImportFrom, span: CodeSpan, text: Text) -> Import:
    return Import(
        start=span.start,
        end=span.start + span.length,
        line=text.line(span.start),
        module=_module(node),
        level=_level(node),
        names=_names(node),
    )


def _module(node: libcst.Import | libcst.ImportFrom) -> str | None:
    if isinstance(node, libcst.Import):
        return None
    return (get_full_name_for_node(node.module) if node.module else None) or ""


def _names(node: libcst.Import | libcst.ImportFrom) -> tuple[tuple[str, str | None], ...]:
    if isinstance(node.names, libcst.ImportStar):
        return (("*", None),)
    return tuple((alias.evaluated_name, alias.evaluated_alias) for alias in node.names)


def _strings(module: libcst.Module, spans: Mapping[libcst.CSTNode, CodeSpan], text: Text) -> Iterator[String]:
    for node in _nodes(module):
        if isinstance(node, libcst.SimpleString | libcst.FormattedStringText):
            value = node.value if isinstance(node, libcst.FormattedStringText) else node.evaluated_value
            if isinstance(value, str):
                is_part = isinstance(node, libcst.FormattedStringText)
                yield String(line=text.line(spans[node].start), value=value, is_part=is_part)


def _with_room(read: Callable[[], T]) -> T | None:
    """What *read* gives, run where there is room for deep nesting; None when it raises."""
    given: list[T] = []

    def run() -> None:
        with suppress(BaseException):  # a panic of LibCST's parser is no Exception
            given.append(read())

    before = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return given[0] if given else None
