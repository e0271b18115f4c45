"""Import fallbacks: ``try: import ... except ImportError:`` with a placeholder, a flag, a skip, or nothing at all."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from ssot_shims._audit.pattern import Imported, Pattern
from ssot_shims._codebase.source import (
    FUNCTIONS,
    SCOPES,
    Import,
    Source,
    assigned,
    called,
    caught,
    constant,
    dotted,
    is_loud,
    is_skip,
    local_name,
    strings_in,
    within,
)
from ssot_shims._record import Record

_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_EXPECTING = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "deprecated_call"})
_SAYING = frozenset({"print", "debug", "info", "warning", "warn", "error", "exception", "log", "echo"})
_STAND_INS = frozenset({"object", "type", "Mock", "MagicMock", "AsyncMock", "SimpleNamespace", "Any"})
_LITERALS = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Lambda)
_IMPORTS = (ast.Import, ast.ImportFrom)


class _Guard(Record):
    """A try statement that guards *imports* by *handler*, in the *scope* of a module, class or function."""

    node: ast.Try | ast.TryStar
    handler: ast.ExceptHandler
    imports: tuple[Imported, ...]
    scope: ast.AST
    file: PurePath

    @property
    def is_more_than_imports(self) -> bool:
        """Whether code runs in the try that may raise an ImportError of its own."""
        return not all(map(_is_plain, self.node.body))


def fallbacks(source: Source, file: str) -> Iterator[Pattern]:
    """The import fallbacks in the *source* of *file*, one for each try statement."""
    tries: dict[ast.Try | ast.TryStar, list[Import]] = {}
    for statement in source.imports:
        node = next(each for each in statement.around if not isinstance(each, ast.With))
        if isinstance(node, ast.Try | ast.TryStar) and node.handlers and statement.line < node.handlers[0].lineno:
            tries.setdefault(node, []).append(statement)
    for node, statements in tries.items():
        around = statements[0].around[statements[0].around.index(node) + 1 :]
        handler = next(filter(_catches, node.handlers), None)
        if handler and not any(map(_expects, around)):
            found = tuple(each for statement in statements for each in _imported(statement.node))
            own = tuple(each for each in found if each.module.partition(".")[0] not in sys.stdlib_module_names)
            scope = next(each for each in around if isinstance(each, SCOPES))
            guard = _Guard(node=node, handler=handler, imports=own or found, scope=scope, file=PurePath(file))
            if not _is_other(guard):
                yield from _pattern(guard, source.tree)


def _catches(handler: ast.ExceptHandler) -> bool:
    return not _ERRORS.isdisjoint(caught(handler))


def _expects(node: ast.AST) -> bool:
    """Whether *node* around a try makes it a test of imports, or one of several ways to get a name."""
    items = [item.context_expr for item in node.items] if isinstance(node, ast.With | ast.AsyncWith) else []
    is_test = any(called(item) in _EXPECTING or "sys.modules" in ast.unparse(item) for item in items)
    return is_test or (isinstance(node, ast.ExceptHandler) and _catches(node))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Imported(local=local_name(alias), module=alias.name)
        else:
            symbol = alias.name.removeprefix("*")
            yield Imported(local=local_name(alias), module=node.module or "", symbol=symbol, level=node.level)


def _is_other(guard: _Guard) -> bool:
    """Whether the handler takes the name from elsewhere or fails in its turn, or the import is expected to fail."""
    inner = [part for statement in guard.handler.body for part in ast.walk(statement) if isinstance(part, _IMPORTS)]
    others = {local_name(alias) for each in inner for alias in each.names}
    statements = (guard.handler.body[-1], *guard.node.body, *guard.node.orelse)
    return any(each.local in others for each in guard.imports) or any(map(is_loud, statements))


def _pattern(guard: _Guard, tree: ast.Module) -> Iterator[Pattern]:
    flags, stand_ins = _flags(guard), _stand_ins(guard)
    if any(map(is_skip, guard.handler.body)):
        rule = "SSA103"
    elif flags and all(isinstance(value, ast.Constant) for value in stand_ins.values()):
        rule = "SSA106" if all(_is_unused(flag, guard, tree) for flag in flags) else "SSA102"
    elif stand_ins:
        rule = "SSA101"
    elif all(map(_is_quiet, guard.handler.body)):
        rule = "SSA104"
    else:
        return
    level = "note"
    if rule == "SSA104":
        level = "warning" if guard.is_more_than_imports else ""
    elif len(_modules(guard.imports)) > 1:
        rule = "SSA105"
    text = "; ".join(ast.unparse(each) for each in guard.node.body if isinstance(each, _IMPORTS))
    made = {name for name, value in stand_ins.items() if value is None and rule == "SSA101"}
    shims = tuple(each for each in guard.imports if each.symbol and each.local in made)
    replacement = '@shim("{target}")' if shims else _replacement(rule, guard)
    more = {"replaced": shims or guard.imports, "names": tuple(flags or stand_ins), "level": level}
    yield Pattern.at(guard.node, rule, text, replacement, imports=guard.imports, **more)


def _replacement(rule: str, guard: _Guard) -> str:
    is_module, is_of_tests = _is_test_module(guard.file), not {"tests", "test"}.isdisjoint(guard.file.parts)
    # Outside functions import_or_skip() skips every test of the module, and in a conftest.py it ends the run.
    is_skipping = isinstance(guard.scope, FUNCTIONS) or any(map(is_skip, guard.handler.body))
    if rule != "SSA102" and is_skipping and (is_module or is_of_tests):
        return '{local} = import_or_skip("{target}")'
    return "@pytest.mark.{marker}" if is_module else 'is_available("import:{module}")'


def _stand_ins(guard: _Guard) -> dict[str, ast.expr | None]:
    """The imported names that the handler binds again to what is no real substitute; None: a class or a function."""
    bound: dict[str, ast.expr | None] = {}
    for statement in guard.handler.body:
        if isinstance(statement, SCOPES):
            bound[statement.name] = None
        bound.update((name, value) for name, value in assigned([statement]) if _is_stand_in(value))
    return {each.local: bound[each.local] for each in guard.imports if each.local in bound}


def _is_stand_in(value: ast.expr) -> bool:
    return isinstance(value, _LITERALS) or dotted(value).rpartition(".")[2] in _STAND_INS


def _flags(guard: _Guard) -> list[str]:
    """The names that are true when the import works and false when it does not; a function that returns that is one."""
    tried = [*guard.node.body, *guard.node.orelse, *guard.handler.body]
    elsewhere = {(name, constant(value)) for name, value in assigned(within(guard.scope))}
    computed = {name for name, value in assigned(tried) if not isinstance(value, ast.Constant)}
    given = {name: constant(value) for name, value in assigned(tried) if name not in computed}
    flags = [name for name, value in given.items() if isinstance(value, bool) and (name, not value) in elsewhere]
    if isinstance(guard.scope, FUNCTIONS):
        if guard.is_more_than_imports:
            return []  # it says how the test went
        returned = {constant(each.value) for each in within(guard.scope) if isinstance(each, ast.Return)}
        last = guard.handler.body[-1]
        if isinstance(last, ast.Return) and constant(last.value) is False and returned == {True, False}:
            flags.append(guard.scope.name)
    return [name for name in flags if all(name != each.local for each in guard.imports)]


def _is_unused(flag: str, guard: _Guard, tree: ast.Module) -> bool:
    """Whether nothing reads *flag*. The flags of a module that others may import, and attributes, may be read there."""
    is_open = isinstance(guard.scope, ast.Module) and not _is_test_module(guard.file)
    if is_open or isinstance(guard.scope, ast.ClassDef) or "." in flag or getattr(guard.scope, "name", "") == flag:
        return False
    is_quoted = any(flag in re.findall(r"\w+", text) for _, text in strings_in(tree))  # skipif("not FLAG")
    return not is_quoted and not any(
        flag in (getattr(node, "attr", ""), *getattr(node, "names", ()))  # global FLAG has names
        or (isinstance(node, ast.Name) and node.id == flag and isinstance(node.ctx, ast.Load))
        for node in ast.walk(tree)
    )


def _is_test_module(file: PurePath) -> bool:
    return file.stem.startswith("test_") or file.stem.endswith("_test") or file.stem == "tests"  # the last is Django's


def _modules(imports: Iterable[Imported]) -> set[str]:
    """The modules that are imported, without those above others of them."""
    names = {"." * each.level + each.module for each in imports}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def _is_plain(statement: ast.stmt) -> bool:
    """Whether *statement* may stand beside an import without doing any work."""
    if isinstance(statement, ast.If) and any(isinstance(part, ast.Call) for part in ast.walk(statement.test)):
        return False
    if isinstance(statement, ast.With | ast.If):
        return all(map(_is_plain, [*statement.body, *getattr(statement, "orelse", ())]))
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return):
        return isinstance(statement.value, ast.Constant | ast.Name | ast.Attribute | None)
    is_noted = called(getattr(statement, "value", None)) in ("append", "add")  # which of several are there
    return isinstance(statement, (*_IMPORTS, ast.Delete)) or _is_quiet(statement) or is_noted


def _is_quiet(statement: ast.stmt) -> bool:
    """Whether *statement* at most says something, and gives up."""
    if isinstance(statement, ast.Return | ast.Expr):
        is_said = called(statement.value) in _SAYING or dotted(statement.value).startswith(("sys.path.", "warnings."))
        return is_said or isinstance(statement.value, ast.Constant | None)
    return isinstance(statement, ast.Pass | ast.Continue | ast.Break)
