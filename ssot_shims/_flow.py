"""Whether a name is bound when the statements of a module have run, followed through its branches."""

from __future__ import annotations

import ast

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
