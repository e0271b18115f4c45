"""Where chosen names are bound and used in a tree, scope by scope, as the compiler sees it."""

from __future__ import annotations

import ast

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """A module, class, function or comprehension, and what binds the chosen names in it."""

    def __init__(self, parent: Scope | None, node: ast.AST) -> None:
        self.parent = parent
        self.is_class = isinstance(node, ast.ClassDef)
        self.is_comprehension = isinstance(node, _COMPREHENSIONS)
        self.bindings: dict[str, list[Binding]] = {}
        self.globals: set[str] = set()
        self.coming: set[str] = set()  # what new imports may bind here

    @property
    def module(self) -> Scope:
        """The scope of the whole file."""
        return self if self.parent is None else self.parent.module

    def owner(self, name: str) -> Scope:
        """The scope whose *name* is meant in this one; that of the module when nothing binds it."""
        scope: Scope | None = self
        while scope is not None and name not in scope.globals:
            if name in scope.bindings and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        return self.module

    def will_hide(self, name: str, outer: Scope) -> bool:
        """Whether a new import binds *name* here, or in a scope around this and within *outer*."""
        if self is outer or self.parent is None:
            return False
        return name in self.coming or self.parent.will_hide(name, outer)


class Binding(Record):
    """What binds a name: an import statement with one of its names, or with ``index`` -1 anything else."""

    name: str
    scope: Scope
    node: ast.AST
    index: int
    is_global: bool  # in a function, by a global statement


class Use(Record):
    """A name that is read, with the attributes taken from it one after the other."""

    name: ast.Name
    attributes: tuple[ast.Attribute, ...]
    scope: Scope
    is_in_string: bool  # in an f-string, where Python 3.11 does not know the places of things

    @property
    def words(self) -> list[str]:
        """The attributes by name."""
        return [attribute.attr for attribute in self.attributes]


class Names:
    """What binds and uses the *chosen* names in *tree*."""

    def __init__(self, tree: ast.Module, chosen: Collection[str]) -> None:
        self._chosen = chosen
        self._bound: list[tuple[str, Scope, ast.AST, int]] = []
        self.uses: list[Use] = []
        pending: list[tuple[ast.AST, Scope, bool]] = [(tree, Scope(None, tree), False)]
        while pending:
            node, scope, is_in_string = pending.pop()
            is_in_string = is_in_string or type(node).__name__ in ("JoinedStr", "TemplateStr")
            pending += [(part, inner, is_in_string) for part, inner in self._visit(node, scope, is_in_string)]
        self.bindings = tuple(self._settled())

    def _settled(self) -> Iterator[Binding]:
        for name, scope, node, index in self._bound:  # only now is known which names are global where
            owner = scope.module if name in scope.globals else scope
            binding = Binding(name=name, scope=owner, node=node, index=index, is_global=owner is not scope)
            owner.bindings.setdefault(name, []).append(binding)
            yield binding

    def _visit(self, node: ast.AST, scope: Scope, is_in_string: bool) -> Iterable[tuple[ast.AST, Scope]]:
        """Note what *node* itself binds and uses; its parts, each with the scope it is in."""
        match node:
            case ast.Attribute() | ast.Name():
                return self._name(node, scope, is_in_string)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._function(node, scope)
            case ast.ClassDef(name=name, body=body):
                self._bind(name, scope, node)
                return _divided(node, body, scope, Scope(scope, node))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return _comprehension(node, scope)
            case ast.Import() | ast.ImportFrom():
                for index, alias in enumerate(node.names):
                    name = local_name(isinstance(node, ast.ImportFrom), alias.name, alias.asname)
                    self._bind(name, scope, node, index)
                return ()
            case _:
                self._note(node, scope)
                return [(part, scope) for part in ast.iter_child_nodes(node)]

    def _name(
        self, node: ast.Attribute | ast.Name, scope: Scope, is_in_string: bool
    ) -> Iterable[tuple[ast.AST, Scope]]:
        attributes: list[ast.Attribute] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base)
            base = base.value
        if not isinstance(base, ast.Name):
            return [(base, scope)]
        if not isinstance(base.ctx, ast.Load):
            self._bind(base.id, scope, base)
        elif base.id in self._chosen:
            use = Use(name=base, attributes=tuple(attributes), scope=scope, is_in_string=is_in_string)
            self.uses.append(use)
        return ()

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Iterable[tuple[ast.AST, Scope]]:
        inner, given = Scope(scope, node), node.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            self._bind(argument.arg if argument else None, inner, node)
        if isinstance(node, ast.Lambda):
            return [(node.args, scope), (node.body, inner)]
        self._bind(node.name, scope, node)
        return _divided(node, node.body, scope, inner)

    def _note(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.NamedExpr(target=ast.Name(id=name)):
                while scope.is_comprehension and scope.parent:
                    scope = scope.parent
                self._bind(name, scope, node)
            case ast.Global(names=names):
                scope.globals.update(names)
            case ast.Nonlocal(names=names):
                outer = scope.parent
                while outer:  # one of them is meant; that no one of them is sure will do
                    for name in names:
                        self._bind(name, outer, node)
                    outer = outer.parent
            case _:  # except ... as name, case ... as name, case {**rest}, type parameters
                self._bind(getattr(node, "name", None), scope, node)
                self._bind(getattr(node, "rest", None), scope, node)

    def _bind(self, name: str | None, scope: Scope, node: ast.AST, index: int = -1) -> None:
        if name in self._chosen and name:
            self._bound.append((name, scope, node, index))


def local_name(is_from: bool, name: str, alias: str | None) -> str:
    """The name that an import of *name* as *alias* binds."""
    return alias or (name if is_from else name.partition(".")[0])


def _divided(node: ast.AST, body: list[ast.stmt], scope: Scope, inner: Scope) -> list[tuple[ast.AST, Scope]]:
    """The parts of *node*: those of its *body* are in the scope *inner*, decorators and the like in that around it."""
    within = set(map(id, body))
    return [(part, inner if id(part) in within else scope) for part in ast.iter_child_nodes(node)]


def _comprehension(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, scope: Scope
) -> list[tuple[ast.AST, Scope]]:
    """The parts of a comprehension: its first iterable is in the scope around it, all the rest in its own."""
    first, inner = node.generators[0], Scope(scope, node)
    own = [first.target, *first.ifs, *(part for part in ast.iter_child_nodes(node) if part is not first)]
    return [(first.iter, scope), *((part, inner) for part in own)]
