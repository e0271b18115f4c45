"""Which names running a module would leave bound, read from its source.

The answer is yes, no, or None for "only running it can tell". A wrong yes or no is a bug; a None is only slower.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from _thread import allocate_lock

from ssot_shims._flow import bound_at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Identifiers behind which a module can bind or unbind names that its statements do not show: those that could also take
# a name away, those that only add, and those with which a package steers where its submodules come from.
_REMOVE = {
    *("__class__", "__dict__", "delattr", "eval", "exec", "globals", "locals", "modules", "vars"),
    *("_getframe", "currentframe", "f_globals", "f_locals"),
}
_ADD = {"*", "__setattr__", "_convert", "_convert_", "global_enum", "setattr"}
_STEER = {"__path__", "declare_namespace", "meta_path", "path_hooks", "reload"}
_TRICKS = _REMOVE | _ADD | _STEER

_HINT = re.compile(r"\bimport\s*\*|\b(?:__getattr__|" + "|".join(sorted(_TRICKS - {"*"})) + r")\b")
_COOKIE = re.compile(
    rb"(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*(?!utf-?8\b)[-\w.]+", re.IGNORECASE
)
_DEFINITION = re.compile(r"^(?:(?:async +)?def +|class +)?([^\W\d]\w*)[ \t]*(?:[(:]|=(?!=))", re.MULTILINE)

_quiet = allocate_lock()


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
    """The text with names as the compiler compares them (NFKC, PEP 3131); None when it is not plain UTF-8."""
    if _COOKIE.match(source):
        return None
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _parse(text: str) -> ast.Module | None:
    # What the compiler has to say about this source is said when it is imported, not when it is looked at. The lock
    # keeps two threads from restoring each other's filters.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _is_word(name: str, text: str) -> bool:
    return name in text and re.search(rf"\b{name}\b", text) is not None


def _tricks(tree: ast.Module, name: str, text: str) -> set[str]:
    """Whatever in *tree* can bind or unbind names behind its statements; *name* stands for a way that names it."""
    # Walking the tree takes as long as parsing did, and most sources have nothing that could be a trick.
    ways_to_name_it = rf"\bglobal\b|:=|\.[\s\\]*{name}\b|[\"']{name}[\"']"
    return set(_find_tricks(tree, name)) if _HINT.search(text) or re.search(ways_to_name_it, text) else set()


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
            case (
                ast.Assign(targets=[ast.Name(id="__all__")])
                | ast.AugAssign(target=ast.Name(id="__all__"))
                | ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__"))))
            ):  # lists names, and binds none of them
                harmless.update(id(part) for part in ast.walk(node) if isinstance(part, ast.Constant))
            case ast.Attribute(attr=word, ctx=ast.Load()) | ast.Name(id=word) if word in _TRICKS - {"__class__"}:
                yield word
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
