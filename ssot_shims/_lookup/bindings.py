"""What the source of a module shows of one name: that it is bound, or what may bind it behind the statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

Spot = tuple[int, str]  # a line, and what stands there
Taken = tuple[str, str]  # a module, and the name that is taken from it

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)
# What is in these may be run, or not.
_COMPOUND = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Match, ast.TryStar, ast.Expr)

# With these a module changes its own names; with the next ones the names of any module.
_OWN = frozenset({"*", "_convert", "_convert_", "global_enum", "globals", "locals"})
_REACH = frozenset({"_getframe", "currentframe", "f_globals", "f_locals", "getmodule", "modules"})
_STEER = frozenset({"__path__", "declare_namespace", "meta_path", "path_hooks", "reload"})
_DYNAMIC = _OWN | _REACH | _STEER | {"__dict__", "__globals__", "__setattr__", "eval", "exec", "setattr", "vars"}
_ITSELF = frozenset({"__name__", "__package__", "__spec__", "globals", "locals", "vars"})
_OWNERS = ("self", "cls")  # whose attributes are none of a module
_FINDERS = ("find_spec", "import_module", "__import__")
_HARMLESS = frozenset({"distribution", "files", "format", "metadata", "print", "version", "warn"})

# What one of these functions can find something in, as words of a regular expression.
DYNAMIC = (*sorted((_DYNAMIC | _ITSELF) - {"*"}), "__getattr__", r"from(?=\s*\.)", r"import(?=[^\n]*[*\\])")
STORING = (*sorted(_REACH), "setattr", "vars", "__dict__")

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KNOWN_ESCAPES = "\n\r\\'\"abfnrtvxNuU01234567"
_DEFINITION = re.compile(r"^(?:(?:async +)?def|class) +(\w+)|^(\w+)[ \t]*(?::(?!=)|=(?!=))", re.MULTILINE)


def parse(source: bytes) -> ast.Module | None:
    """The tree of a source file; None when it is not UTF-8, or does not parse."""
    try:
        text = source.decode("utf-8-sig")
        # Of an escape that Python does not know the compiler would warn; it does so when the file is imported.
        return ast.parse(_ESCAPE.sub(lambda one: one[0] if one[1] in _KNOWN_ESCAPES else "\\" + one[0], text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def mentions(source: bytes, *words: str) -> bool:
    """Whether one of *words* may be in *source*."""
    text = source.decode("utf-8", "replace")
    # Outside ASCII a name may be spelled in several ways (PEP 3131).
    return not text.isascii() or re.search(rf"\b(?:{'|'.join(words)})\b", text) is not None


def is_bound(tree: ast.Module, name: str, *, is_stub: bool = False) -> bool:
    r"""Whether plain statements at the top level of a module bind *name*, and none there removes it.

    >>> is_bound(ast.parse("try: from acme import X\nexcept ImportError: X = None"), "X")
    True
    >>> is_bound(ast.parse("if DEBUG: X = 1"), "X"), is_bound(ast.parse("X = 1; del X"), "X")
    (False, False)
    """
    return _bind(tree.body, name, is_stub) and not any(_removes(node, name) for node in _module_scope(tree))


def _bind(body: Sequence[ast.stmt], name: str, is_stub: bool) -> bool:
    """Whether *name* is bound whenever *body* ends without an exception."""
    return any(isinstance(statement, ast.Raise) or _binds(statement, name, is_stub) for statement in body)


def _binds(statement: ast.stmt, name: str, is_stub: bool) -> bool:
    match statement:
        case ast.If(body=body, orelse=orelse):
            return _bind(body, name, is_stub) and _bind(orelse, name, is_stub)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            ways = ([*body, *orelse], *(handler.body for handler in handlers))
            return _bind(final, name, is_stub) or all(_bind(way, name, is_stub) for way in ways)
        case ast.AnnAssign(value=None):
            return is_stub and getattr(statement.target, "id", "") == name
        case _:
            parts = _walk([statement], lambda part: isinstance(part, (*_SCOPES, ast.NamedExpr)))
            return not isinstance(statement, _COMPOUND) and any(_name_of(part) == name for part in parts)


def _name_of(node: ast.AST) -> str | None:
    """The name that *node* by itself binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return name
        case ast.alias(name=name, asname=alias):
            return alias or name.partition(".")[0]
        case _:  # a definition, a handler, a pattern
            return getattr(node, "name", None) or getattr(node, "rest", None)


def _removes(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and isinstance(node.ctx, ast.Del)
    return isinstance(node, ast.ExceptHandler) and node.name == name  # its name is gone where the handler ends


def _module_scope(tree: ast.AST) -> Iterator[ast.AST]:
    return _walk([tree], lambda node: isinstance(node, _SCOPES))


def _walk(nodes: list[ast.AST], is_closed: Callable[[ast.AST], bool]) -> Iterator[ast.AST]:
    """*nodes* and whatever is in them, but not in those that are closed."""
    for node in nodes:  # which grows meanwhile
        yield node
        if not is_closed(node):
            nodes.extend(ast.iter_child_nodes(node))


def dynamic_features(tree: ast.Module, name: str, module: str, *, is_target: bool = True) -> Iterator[Spot]:
    """What in *tree*, the source of *module*, may bind *name* in the module *is_target*, or in one below it if not."""
    words = _DYNAMIC if is_target else _DYNAMIC - _OWN
    harmless = set[int]()
    for node in ast.walk(tree):  # parents come before their parts
        match node:
            case ast.Attribute(value=ast.Name(id=owner)) if owner in _OWNERS:
                pass
            case ast.Call(func=function, args=[ast.Name(id=owner), *_]) if owner in _OWNERS:
                harmless.add(id(function))  # setattr(self, ...)
            case ast.Call() if given := _handed(node, name if is_target else None, module):
                yield node.lineno, f"it hands {given} to a call"
            case ast.Assign(value=ast.Name(id=word)) if word in _ITSELF:
                yield node.lineno, f"it gives {word} another name"
            case ast.Attribute(attr=word, ctx=ast.Load()) | ast.Name(id=word, ctx=ast.Load()) if (
                word in words and id(node) not in harmless
            ):
                yield node.lineno, f"it uses {word}"
            case ast.Attribute(attr=word, ctx=ast.Store()) if word in (name, "__class__", "__path__"):
                yield node.lineno, f"it stores an attribute {word}"
            case ast.ImportFrom(names=aliases) if found := words & {alias.name for alias in aliases}:
                yield node.lineno, f"it imports {', '.join(found)}"
            case ast.Global(names=names) if is_target and name in names:
                yield node.lineno, f"a function binds {name}"
            case ast.NamedExpr(target=ast.Name(id=word)) if is_target and word == name:
                yield node.lineno, f"an expression binds {name}"
            case _:
                pass
    for node in _module_scope(tree) if is_target else ():
        bound = _name_of(node)
        if bound in (name, "__getattr__"):
            yield getattr(node, "lineno", 1), f"it binds {bound}, but not by a plain statement alone"


def _handed(call: ast.Call, name: str | None, module: str) -> str:
    """What *call* hands over by which *module* may be changed, or get *name*; empty when it is nothing of the kind."""
    package = module.partition(".")[0]
    for part in _walk([] if _is_harmless(call) else [*call.args, *call.keywords], _is_harmless):
        match part:
            case ast.Name(id=word) if word in _ITSELF:
                return word
            case ast.Constant(value=str(word)) if f"{word}.".startswith(f"{package}.") and " " not in word:
                return repr(word)
            case ast.Constant(value=word) | ast.keyword(arg=word) if word == name is not None:
                return f"the name {word}"
            case _:
                pass
    return ""


def _called(node: ast.AST) -> str:
    """The last name of what a call calls; empty for any other node."""
    function = getattr(node, "func", None)
    return str(getattr(function, "attr", "") or getattr(function, "id", ""))


def _is_harmless(node: ast.AST) -> bool:
    """Whether *node* is a call that changes no module, though it is often handed the name of one."""
    name = _called(node)
    is_list = getattr(getattr(getattr(node, "func", None), "value", None), "id", "") == "__all__"
    return is_list or name in _HARMLESS or name.lower().endswith("logger")


def stored_attributes(tree: ast.Module, name: str) -> Iterator[Spot]:
    """Where a module stores an attribute *name*, or any attributes of a module that it imports or reaches for."""
    nodes = [*ast.walk(tree)]
    imported = {_name_of(node) for node in nodes if isinstance(node, ast.alias)}
    for node in nodes:
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word) | ast.alias(name=word) if word in _REACH:
                yield getattr(node, "lineno"), f"it uses {word}"  # noqa: B009
            case ast.Attribute(value=value, attr=word, ctx=ast.Store()) if word == name and _root(value) not in _OWNERS:
                yield node.lineno, f"it stores an attribute {name}"
            case ast.Attribute(value=value, attr="__dict__") if _root(value) in imported:
                yield node.lineno, "it uses __dict__"
            case ast.Call(func=ast.Name(id="setattr" | "vars" as word), args=[value, *_]) if _root(value) in imported:
                yield node.lineno, f"it uses {word}"
            case _:
                pass


def _root(node: ast.AST) -> str:
    """The name at the beginning of ``name.attribute[0]()``."""
    while inner := getattr(node, "value", None) or getattr(node, "func", None):
        node = inner
    return getattr(node, "id", "")


def imported_modules(tree: ast.Module, package: str) -> Iterator[str]:
    """The modules that a module in *package* may import while it runs; what follows ``import`` may be one."""
    for module, name in _imports(_module_scope(tree), package):
        yield from (module, f"{module}.{name}") if name else (module,)


def conditions(tree: ast.Module, name: str, package: str, *, has_run: bool, is_target: bool) -> Iterator[Taken]:
    r"""What decides whether a module in *package* binds *name*: modules, each with the name that is taken from it.

    They are imported, or looked for, by the statements that bind it and by those that bind what these test, functions
    included; what *is_target* need not be called. Unless the module *has_run*, any import may have failed.

    >>> tree = ast.parse("try: import redis\nexcept ImportError: redis = None\nif redis:\n  class Cache: ...")
    >>> list(conditions(tree, "Cache", "acme", has_run=True, is_target=True))
    [('redis', '')]
    """
    wanted, left = [name], [[*_module_scope(statement)] for statement in tree.body]
    if not has_run:
        yield from _imports([each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)], package)
    for each in wanted:  # which grows
        binding = [parts for parts in left if any(_name_of(part) == each for part in parts)]
        left = [parts for parts in left if parts not in binding]
        for parts in binding:
            is_called = each != name or not is_target
            called = [part for part in parts if is_called and isinstance(part, ast.FunctionDef)]
            tests = [part.test for part in parts if isinstance(part, ast.If)]
            asked = [node for part in (*called, *tests) for node in ast.walk(part)]
            yield from _imports([*parts, *asked], package)
            wanted += [node.id for node in asked if isinstance(node, ast.Name)]


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[Taken]:
    """The modules that *nodes* import or look for, each with the name that is taken from it."""
    for node in nodes:
        match node:
            case ast.Import(names=aliases):
                yield from ((alias.name, "") for alias in aliases)
            case ast.ImportFrom(names=aliases):
                yield from ((parent_of(node, package), alias.name) for alias in aliases)
            case ast.Call(args=[ast.Constant(value=str(found)), *_]) if _called(node) in _FINDERS:
                yield found, ""
            case _:
                pass


def parent_of(node: ast.ImportFrom, package: str) -> str:
    """The module that a ``from`` import in a file of *package* names; empty when that is above the top."""
    steps = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*steps, node.module] if node.module else steps)


def defined_names(source: bytes) -> list[str]:
    """The names that lines without indentation define: near enough for a suggestion, and without parsing."""
    return [defined or assigned for defined, assigned in _DEFINITION.findall(source.decode("utf-8", "replace"))]
