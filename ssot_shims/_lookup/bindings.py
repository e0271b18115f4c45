"""Which names the source of a module binds, and whether a name is bound where the source ends."""

from __future__ import annotations

import ast
import re
import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    # What may hold at a point: {True} bound, {False} not bound, both: it depends; empty: the point is never reached.
    Bound = frozenset[bool]


_YES = frozenset({True})
_NO = frozenset({False})
_NEVER: Bound = frozenset()


def bound_at_end(body: Sequence[ast.stmt], name: str) -> Bound:
    r"""What may hold for *name* after *body*, the statements of a module.

    >>> bound_at_end(ast.parse("try: from acme import X\nexcept ImportError: X = None").body, "X")
    frozenset({True})
    >>> sorted(bound_at_end(ast.parse("if DEBUG: X = 1").body, "X"))
    [False, True]
    >>> bound_at_end(ast.parse("X = 1\ndel X").body, "X")
    frozenset({False})
    """
    return _Flow(name).block(body, _NO)[0]


class _Flow:
    """Follows one name: each step takes what may hold before it, and gives what may hold after it and within it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def block(self, body: Iterable[ast.stmt], before: Bound) -> tuple[Bound, Bound]:
        after = anywhere = before
        for statement in body:
            after, within = self.statement(statement, after)
            anywhere |= within | after
        return after, anywhere

    def statement(self, statement: ast.stmt, before: Bound) -> tuple[Bound, Bound]:
        match statement:
            case ast.If(body=body, orelse=orelse):
                return _either(self.block(body, before), self.block(orelse, before))
            case ast.For() | ast.AsyncFor() | ast.While():
                return self.loop(statement, before)
            case ast.Try() | ast.TryStar():
                return self.attempt(statement, before)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                entered = self.bind(before, *(item.optional_vars for item in items if item.optional_vars))
                _, anywhere = self.block(body, entered)
                # A context manager may swallow an exception from anywhere behind it, that of storing what it gives too.
                is_entered = len(items) == 1 and isinstance(items[0].optional_vars, ast.Name | None)
                return anywhere if is_entered else anywhere | before, anywhere | before
            case ast.Match(cases=cases):
                return self.match(cases, before)
            case ast.Raise():
                return _NEVER, before
            case ast.Delete(targets=targets):
                return (_NO if before and self.name in _names(targets) else before), before
            case _:
                return (_YES if before and self.name in _binds(statement) else before), before

    def loop(self, loop: ast.For | ast.AsyncFor | ast.While, before: Bound) -> tuple[Bound, Bound]:
        targets = () if isinstance(loop, ast.While) else (loop.target,)
        _, anywhere = self.block(loop.body, self.bind(before, *targets))
        _, anywhere = self.block(loop.body, self.bind(before | anywhere, *targets) | anywhere)  # the second time round
        # break and continue may leave from anywhere.
        return _either((before | anywhere, before | anywhere), self.block(loop.orelse, before | anywhere))

    def attempt(self, attempt: ast.Try | ast.TryStar, before: Bound) -> tuple[Bound, Bound]:
        done, anywhere = self.block(attempt.body, before)
        outcomes = [self.block(attempt.orelse, done)]
        for handler in attempt.handlers:
            caught = _YES if handler.name == self.name else anywhere
            after, within = self.block(handler.body, caught)
            # "except E as name" unbinds the name when the handler ends.
            outcomes.append((_NO if handler.name == self.name and after else after, within | _NO))
        after, within = _either(*outcomes)
        finished, finishing = self.block(attempt.finalbody, after)
        _, unwinding = self.block(attempt.finalbody, within | anywhere)
        return finished, anywhere | within | finishing | unwinding

    def match(self, cases: Sequence[ast.match_case], before: Bound) -> tuple[Bound, Bound]:
        branches: list[tuple[Bound, Bound]] = []
        for case in cases:
            captured = self.capture(case.pattern, before)
            branches.append(self.block(case.body, captured))
            if case.guard:
                before |= captured  # a guard that says no leaves bound what its pattern has captured
        return _either((before, before), *branches)

    def bind(self, before: Bound, *targets: ast.expr) -> Bound:
        return _YES if before and self.name in _names(targets) else before

    def capture(self, pattern: ast.pattern, before: Bound) -> Bound:
        names = {getattr(node, "name", None) or getattr(node, "rest", None) for node in ast.walk(pattern)}
        return before | _YES if before and self.name in names else before


def _either(*branches: tuple[Bound, Bound]) -> tuple[Bound, Bound]:
    after = frozenset[bool]().union(*(branch[0] for branch in branches))
    return after, after.union(*(branch[1] for branch in branches))


def _binds(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement without blocks binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case ast.Assign(targets=targets):
            yield from _names(targets)
        case ast.AnnAssign(target=target, value=ast.expr()) | ast.AugAssign(target=target):
            yield from _names([target])
        case _ if type(statement).__name__ == "TypeAlias":  # Python 3.12
            yield from _names([statement.name])  # type: ignore[attr-defined]  # pyright: ignore
        case _:
            pass


def _names(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        match target:
            case ast.Name(id=name):
                yield name
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                yield from _names(parts)
            case ast.Starred(value=value):
                yield from _names([value])
            case _:
                pass


# Identifiers behind which a module can bind or unbind names that its statements do not show: those that could also take
# a name away, those that only add, and those with which a package steers where its submodules come from.
_REMOVE = {
    *("__class__", "__dict__", "__globals__", "delattr", "eval", "exec", "globals", "locals", "modules", "vars"),
    *("__name__", "_getframe", "currentframe", "f_globals", "f_locals"),
}
_ADD = {"*", "__setattr__", "_convert", "_convert_", "global_enum", "setattr"}
_STEER = {"__path__", "declare_namespace", "meta_path", "path_hooks", "reload"}
_DYNAMIC = _REMOVE | _ADD | _STEER

# What may stand between two words of a statement: blanks, comments, and lines that are continued.
_GAP = r"[\s\\]*(?:#[^\n]*\n[\s\\]*)*"
# A module that passes its name on may be changed by whoever gets it; loggers get it everywhere, and change nothing.
_HINT = re.compile(
    rf"\bimport{_GAP}\*|(?:(?<!ogger)\(|[,=]){_GAP}__name__\b|"
    r"\b(?:__getattr__|" + "|".join(sorted(_DYNAMIC - {"*", "__name__"})) + r")\b"
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


def may_patch_submodules(source: bytes, name: str) -> bool:
    """Whether running a package with this *source* may change what its submodules are, or their attribute *name*.

    >>> may_patch_submodules(b"from acme import ws", "HeartbeatConfig")
    False
    >>> may_patch_submodules(b"from acme import ws; ws.HeartbeatConfig = object", "HeartbeatConfig")
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
    return set(_find_dynamic(tree, name)) if may_trick else set()


def _find_dynamic(tree: ast.Module, name: str) -> Iterator[str]:
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
            case ast.Attribute(attr=word, ctx=ast.Store() | ast.Del()) if word == name or word in _DYNAMIC:
                yield word
            case ast.ImportFrom(names=aliases):
                yield from (alias.name for alias in aliases if alias.name in _DYNAMIC)
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


_WORDS = _DYNAMIC - {"__class__", "__name__"}  # reading these two changes nothing


def _passes_its_name(call: ast.Call) -> bool:
    """Whether a module gives its own name to somebody who is not a logger."""
    getter: str = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    is_given = any(isinstance(value, ast.Name) and value.id == "__name__" for value in given)
    return is_given and not getter.lower().endswith("logger")
