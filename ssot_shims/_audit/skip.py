"""Skips: ``skipif(not FLAG)``, ``if not docker_available(): pytest.skip()``, and ``importorskip``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from ssot_shims._audit.pattern import Imported, Pattern
from ssot_shims._codebase.source import assigned, called, constant, dotted, is_skip
from ssot_shims._record import Record

_GETTERS = frozenset({"os.environ.get", "environ.get", "os.getenv", "getenv"})
_ENVIRONS = frozenset({"os.environ", "environ"})
_TRIMMED = frozenset({"lower", "upper", "strip", "casefold"})
_BY_CALL = {"which": "command:{}", "find_spec": "module:{}"}
_WRITTEN = {
    "if": ('import_or_skip("{}")', "require({})"),
    "skipif": ('@pytest.mark.requires_upstream("{}")', "@pytest.mark.requires_capability({})"),
    **dict.fromkeys(("skipIf", "skipUnless"), ('@skip_unless_available("upstream:{}")', "@skip_unless_available({})")),
}


class Need(Record):
    """What a condition asks for by a flag, a call or an environment variable."""

    rule: str
    upstreams: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    imports: tuple[Imported, ...] = ()  # of flags


class Conditions:
    """What the conditions in one file ask for, as far as the file itself shows it."""

    def __init__(self, nodes: Sequence[ast.AST], patterns: Iterable[Pattern], callables: Iterable[str]) -> None:
        self._flags: dict[str, Need] = {}
        # A check of the suite's own may be called by any way to it.
        self._own_checks = {name.rpartition(".")[2]: Need(rule="SSA302", capabilities=("NAME",)) for name in callables}
        self._checks: dict[str, Need] = {}
        for pattern in patterns:
            upstreams = tuple(each.target for each in pattern.imports if each.symbol)
            modules = dict.fromkeys(f"module:{each.module}" for each in pattern.imports if not each.symbol)
            capabilities = (*modules, pattern.notation) if pattern.notation else tuple(modules)
            for name in pattern.names:
                need = Need(rule="SSA301", upstreams=upstreams, capabilities=capabilities, imports=pattern.imports)
                self._flags[name] = need
                self._checks[name] = self._checks[f"self.{name}"] = self._flags[name].replace(rule="SSA302")
        by_name: dict[str, set[Need | None]] = {}
        for name, value in assigned(nodes):
            by_name.setdefault(name, set()).add(self.present(value))
        for name, needs in by_name.items():
            if len(needs) == 1 and (only := needs.pop()):
                self._flags.setdefault(name, only.replace(rule="SSA301"))

    def present(self, test: ast.expr) -> Need | None:
        """What has to be there for *test* to be true; None when that is not certain."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.missing(inner)
            case ast.BoolOp(op=ast.And(), values=values):
                return _all(map(self.present, values))
            case ast.Await(value=inner) | ast.Call(func=ast.Name(id="bool"), args=[inner]):
                return self.present(inner)
            case ast.Compare(left=inner, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                return self.present(inner)
            case ast.Compare(left=inner, ops=[ast.Eq()], comparators=[ast.Constant(value=str(value))]):
                name, default = _variable(inner)
                return _environment(f"{name}={value}") if name and default != value else None
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In()], comparators=[place]):
                return _environment(name) if dotted(place) in _ENVIRONS else None
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if called(test) in _BY_CALL:
                return Need(rule="SSA302", capabilities=(_BY_CALL[called(test)].format(name),))
            case ast.Call() if check := self._checks.get(dotted(test)) or self._own_checks.get(called(test)):
                return check
            case ast.Name() | ast.Attribute():
                return self._flags.get(dotted(test))
            case _:
                name, default = _variable(test)
                return _environment(name) if name and not default else None

    def missing(self, test: ast.expr) -> Need | None:
        """What is not there when *test* is true; None when that is not certain."""
        opposites: dict[type[ast.cmpop], ast.cmpop] = {ast.Is: ast.IsNot(), ast.NotEq: ast.Eq(), ast.NotIn: ast.In()}
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.present(inner)
            case ast.BoolOp(op=ast.Or(), values=values):
                return _all(map(self.missing, values))
            case ast.Compare(left=left, ops=[operator], comparators=others) if type(operator) in opposites:
                return self.present(ast.Compare(left=left, ops=[opposites[type(operator)]], comparators=others))
            case _:
                return None


def skips(nodes: Iterable[ast.AST], conditions: Conditions) -> Iterator[Pattern]:
    """The skips among the statements *nodes*: one for each decorator, marker and if."""
    for node in nodes:
        if isinstance(node, ast.If) and any(map(is_skip, node.body)) and (need := conditions.missing(node.test)):
            text = f"if {ast.unparse(node.test)}: skip"
            yield Pattern.at(node.test, need.rule, text, _written(need, "if"), asked=need.imports)
        for mark in _marks(node):
            find = conditions.present if called(mark) == "skipUnless" else conditions.missing
            if need := find(mark.args[0]):
                yield Pattern.at(mark, need.rule, ast.unparse(mark), _written(need, called(mark)), asked=need.imports)


def _written(need: Need, instead_of: str) -> str:
    """What to write: a line for each upstream, and one for all capabilities."""
    upstream, capability = _WRITTEN[instead_of]
    quoted = ", ".join(f'"{name}"' for name in need.capabilities)
    lines = [upstream.format(target) for target in need.upstreams]
    lines += [capability.format(quoted)] if quoted else []
    return " and ".join(lines)


def _marks(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of skipif and its like that decorate *node*, or that it assigns."""
    marks: list[ast.expr] = [*getattr(node, "decorator_list", ())]
    for _, value in assigned([node]):
        marks += value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return (mark for mark in marks if isinstance(mark, ast.Call) and called(mark) in _WRITTEN and mark.args)


def importorskips(tree: ast.Module) -> Iterator[Pattern]:
    """Every call of ``pytest.importorskip`` with the name of a module."""
    names = {id(value): name for name, value in assigned(ast.walk(tree))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == "importorskip":
            module, local = constant(node.args[0]) if node.args else None, names.get(id(node), "")
            replacement = '{local} = import_or_skip("{target}")' if local else 'import_or_skip("{target}")'
            versions = [*node.args[1:], *(each.value for each in node.keywords if each.arg == "minversion")]
            if versions and ast.unparse(versions[0]) != "None":
                version = constant(versions[0])
                required = f'require("module:{{module}}>={version}")'
                replacement = f"{required} and {replacement}" if local else required
                replacement = replacement if version else ""  # what is not written here cannot be written there
            if isinstance(module, str):
                imports = (Imported(local=local, module=module),)
                yield Pattern.at(node, "SSA304", ast.unparse(node), replacement, imports=imports, replaced=imports)


def _all(needs: Iterable[Need | None]) -> Need | None:
    """One need for all of them; None when one of them is not certain."""
    found = [*needs]
    sure = [need for need in found if need]
    upstreams = dict.fromkeys(name for need in sure for name in need.upstreams)
    capabilities = dict.fromkeys(name for need in sure for name in need.capabilities)
    imports = dict.fromkeys(each for need in sure for each in need.imports)
    all_of = {"upstreams": tuple(upstreams), "capabilities": tuple(capabilities), "imports": tuple(imports)}
    return sure[0].replace(**all_of) if len(sure) == len(found) else None


def _environment(name: str) -> Need:
    return Need(rule="SSA303", capabilities=(f"env:{name}",))


def _variable(node: ast.expr) -> tuple[str, object]:
    """The environment variable that *node* reads, and what it gives where that is not set; empty for anything else."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TRIMMED:
        node = node.func.value
    match node:
        case ast.Call(args=[ast.Constant(value=str(name)), *rest]) if dotted(node) in _GETTERS:
            return name, constant(rest[0]) if rest else None
        case ast.Subscript(value=place, slice=ast.Constant(value=str(name))) if dotted(place) in _ENVIRONS:
            return name, None
        case _:
            return "", None
