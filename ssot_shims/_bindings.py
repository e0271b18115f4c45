"""Which names running a module would leave bound, read from its source.

The answer is yes, no, or None for "only running it can tell". A wrong yes or no is a bug; a None is only slower.
"""

from __future__ import annotations

import ast
import re
import unicodedata

from ssot_shims._flow import bound_at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Identifiers behind which a module can bind or unbind names that its statements do not show: those that could also take
# a name away, those that only add, and those with which a package steers where its submodules come from.
_REMOVE = {
    *("__class__", "__dict__", "__globals__", "delattr", "eval", "exec", "globals", "locals", "modules", "vars"),
    *("__name__", "_getframe", "currentframe", "f_globals", "f_locals"),
}
_ADD = {"*", "__setattr__", "_convert", "_convert_", "global_enum", "setattr"}
_STEER = {"__path__", "declare_namespace", "meta_path", "path_hooks", "reload"}
_TRICKS = _REMOVE | _ADD | _STEER

# What may stand between two words of a statement: blanks, comments, and lines that are continued.
_GAP = r"[\s\\]*(?:#[^\n]*\n[\s\\]*)*"
# A module that passes its name on may be changed by whoever gets it; loggers get it everywhere, and change nothing.
_HINT = re.compile(
    rf"\bimport{_GAP}\*|(?:(?<!ogger)\(|[,=]){_GAP}__name__\b|"
    r"\b(?:__getattr__|" + "|".join(sorted(_TRICKS - {"*", "__name__"})) + r")\b"
)
_COOKIE = re.compile(
    rb"(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*(?!utf-?8\b)[-\w.]+", re.IGNORECASE
)
_DEFINITION = re.compile(r"^(?:(?:async +)?def +|class +)?([^\W\d]\w*)[ \t]*(?:[(:]|=(?!=))", re.MULTILINE)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KNOWN_ESCAPES = "\n\r\\'\"abfnrtvxNuU01234567"


def binds(source: bytes, name: str) -> bool | None:
    """Whether a module with this *source* has *name* once it has run, provided that it runs.

    >>> binds(b"class HeartbeatConfig: ...", "HeartbeatConfig")
    True
    >>> binds(b"class HeartbeatConfig: ...", "RetryPolicy")
    False
    >>> print(binds(b"from acme.policies import *", "RetryPolicy"))
    None
    """
    text = _decode(source)
    if text is None or name.startswith("__"):
        return None
    if not _is_word(name, text) and not _HINT.search(text):
        return False
    tree = _parse(text)
    if tree is None:
        return None
    tricks = _tricks(tree, name, text)
    bound = bound_at_end(tree.body, name)
    if bound == frozenset({True}) and not tricks & (_REMOVE | {name}):
        return True
    if not tricks and bound == bound_at_end(tree.body, "__getattr__") == frozenset({False}):
        return False
    return None


def meddles(source: bytes, name: str) -> bool:
    """Whether running a package with this *source* may change what its submodules are, or their attribute *name*.

    >>> meddles(b"from acme import ws", "HeartbeatConfig")
    False
    >>> meddles(b"from acme import ws; ws.HeartbeatConfig = object", "HeartbeatConfig")
    True
    """
    text = _decode(source)
    if text is None:
        return True
    if not _is_word(name, text) and not _HINT.search(text):
        return False
    tree = _parse(text)
    # These give names to the package itself, not to its submodules.
    return tree is None or bool(_tricks(tree, name, text) - {"*", "globals", "locals", "global_enum"})


def defined_names(source: bytes) -> list[str]:
    """The names that lines without indentation define: near enough for a suggestion, and without parsing."""
    return _DEFINITION.findall(source.decode("utf-8", "replace"))


def _decode(source: bytes) -> str | None:
    """The text of a source file; None when it is not plain UTF-8."""
    if _COOKIE.match(source):
        return None
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _parse(text: str) -> ast.Module | None:
    # An escape that Python does not know makes the compiler warn; what it has to say is said when the file is imported.
    quiet = _ESCAPE.sub(lambda escape: escape[0] if escape[1] in _KNOWN_ESCAPES else "\\" + escape[0], text)
    try:
        return ast.parse(quiet)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_word(name: str, text: str) -> bool:
    """Whether *name* stands anywhere in *text*, as the compiler compares names (NFKC, PEP 3131)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return name in text and re.search(rf"\b{name}\b", text) is not None


def _tricks(tree: ast.Module, name: str, text: str) -> set[str]:
    """Whatever in *tree* can bind or unbind names behind its statements; *name* stands for a way that names it."""
    # Walking the tree takes as long as parsing did, and most sources have nothing that could be a trick.
    ways_to_name_it = rf"\bglobal\b|:=|\.{_GAP}{name}\b|[\"']{name}[\"']|[(,]{_GAP}{name}{_GAP}="
    may_trick = _HINT.search(text) or re.search(ways_to_name_it, text) or not text.isascii()
    return set(_find_tricks(tree, name)) if may_trick else set()


def _find_tricks(tree: ast.Module, name: str) -> Iterator[str]:
    harmless: set[int] = set()
    for node in ast.walk(tree):  # parents come before their parts
        if id(node) in harmless:
            continue
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass  # a method's own object
            case ast.Call(func=function, args=[ast.Name(id="self" | "cls"), *_]):
                harmless.add(id(function))  # setattr(self, ...), object.__setattr__(self, ...)
            case ast.Call() if _passes_its_name(node):
                yield "__name__"
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=parts) | ast.Tuple(elts=parts))
                | ast.AugAssign(target=ast.Name(id="__all__"), value=ast.List(elts=parts) | ast.Tuple(elts=parts))
                | ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")), args=parts))
            ):  # lists names, and binds none of them
                harmless.update(map(id, parts))
            case (
                ast.FunctionDef(returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
                | ast.arg(annotation=ast.expr() as annotation)
                | ast.AnnAssign(annotation=annotation)
            ):
                harmless.update(map(id, _quoted(annotation)))
            case ast.Assign(
                targets=[ast.Name(id=word)], value=ast.Call(args=[ast.Constant(value=given) as first, *_])
            ) if word == given:  # NewType, namedtuple and the like are told what they are called
                harmless.add(id(first))
            case ast.Attribute(attr=word, ctx=ast.Load()) | ast.Name(id=word) if word in _WORDS:
                yield word
            case ast.keyword(arg=word) if word == name:
                yield name
            case ast.Attribute(attr=word, ctx=ast.Store() | ast.Del()) if word == name or word in _TRICKS:
                yield word
            case ast.ImportFrom(names=aliases):
                yield from (alias.name for alias in aliases if alias.name in _TRICKS)
            case ast.Global(names=names) if name in names:
                yield name
            case ast.NamedExpr(target=ast.Name(id=word)) if word == name:
                yield name
            case ast.Constant(value=word) if word == name:
                yield name
            case _:
                pass


def _quoted(annotation: ast.expr) -> Iterator[ast.Constant]:
    """The strings in *annotation*, which stand for types, unless something is called there."""
    nodes = [*ast.walk(annotation)]
    if not any(isinstance(node, ast.Call) for node in nodes):
        yield from (node for node in nodes if isinstance(node, ast.Constant))


_WORDS = _TRICKS - {"__class__", "__name__"}  # reading these two changes nothing


def _passes_its_name(call: ast.Call) -> bool:
    """Whether a module gives its own name to somebody who is not a logger."""
    getter: str = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    is_given = any(isinstance(value, ast.Name) and value.id == "__name__" for value in given)
    return is_given and not getter.lower().endswith("logger")
