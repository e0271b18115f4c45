"""The rules of a migration: which name moves from which module to which."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Iterator
from keyword import iskeyword

from ssot_shims._codebase.source import UTF16, called, constant
from ssot_shims._lookup.lookup import Target
from ssot_shims._record import Record
from ssot_shims.errors import InvalidDeclaration

_HOW_TO_WRITE_ONE = "write a rule as 'old.mod:Name' = 'new.mod:Name', or for every name 'old.mod:*' = 'new.mod:*'"
_STAR_IMPORT = re.compile(rb"import[\s(\\]*\*")
_RELATIVE_IMPORT = re.compile(rb"\bfrom[\s\\]*\.")

Given = tuple[str, str, str]  # one rule as it is written: the old place, the new one, and where it is written


class Rule(Record):
    """One name, or with ``*`` every name of a module, and its new home."""

    old_module: str
    old_name: str
    new_module: str
    new_name: str
    given_by: str
    is_of_shim: bool = False  # given by ``replaces=``, not by the user

    def __str__(self) -> str:
        return f"{self.old_module}:{self.old_name} = {self.new_module}:{self.new_name}"

    @property
    def shown(self) -> str:
        """The rule and where it is given."""
        return f"{self} ({self.given_by})"

    def new_home_of(self, name: str) -> Target:
        """Where *name* is imported from in future."""
        return Target(module=self.new_module, symbol=name if self.new_name == "*" else self.new_name)


class Rules:
    """All rules of one run, found by what they move.

    >>> rules = rules_of([("old.mod:*", "new.mod:*", "--rule"), ("old.mod:A", "new.a:B", "--rule")])
    >>> print(rules.find("old.mod", "A"))
    old.mod:A = new.a:B
    >>> print(rules.find("old.mod", "X"))
    old.mod:* = new.mod:*
    """

    def __init__(self, rules: tuple[Rule, ...], upstreams: frozenset[str] = frozenset()) -> None:
        self.rules = rules
        self.upstreams = upstreams  # the packages that shims stand for, where no rule of a shim holds
        self._by_name = {(rule.old_module, rule.old_name): rule for rule in rules}
        self.old_modules = frozenset(rule.old_module for rule in rules)
        self.moves = tuple({(rule.old_module, rule.new_module): None for rule in rules})
        tops = {place.partition(".")[0] for rule in rules for place in (rule.old_module, rule.new_module)}
        self.quoted = re.compile(rf"[\"'](?:{'|'.join(tops) or '(?!)'})".encode())  # how a string begins that names one
        # Those with a rule, by module.
        self._names = {old: {rule.old_name for rule in rules if rule.old_module == old} for old in self.old_modules}

    def find(self, module: str, name: str) -> Rule | None:
        """The rule for *name* of *module*: the one that names it, else the one for the whole module."""
        return self._by_name.get((module, name)) or self._by_name.get((module, "*"))

    def may_concern(self, source: bytes) -> bool:
        """Whether there can be anything in *source* to rewrite or to report. It is only searched for words."""
        if source.startswith(UTF16):
            source = source.decode("utf-16", "replace").encode()  # to be reported as what Python does not read
        is_relative, is_star = (found.search(source) is not None for found in (_RELATIVE_IMPORT, _STAR_IMPORT))

        def has(word: str) -> bool:
            return not word.isascii() or word.encode() in source  # which may spell it in another way (PEP 3131)

        # The parts of a name may be imported and used apart: from acme import ws, and then ws.manager.Limits.
        return any(
            (is_relative or all(map(has, module.split(".")))) and (is_star or "*" in names or any(map(has, names)))
            for module, names in self._names.items()
        )


def rules_of(given: Iterable[Given], by_shims: Iterable[Given] = (), upstreams: Iterable[str] = ()) -> Rules:
    """The rules *given* by the user and *by_shims*.

    *upstreams* are the top-level packages in which no rule of a shim holds. A rule of the user wins over one of a shim.
    Raises :class:`InvalidDeclaration` for what does not read, for two new homes of one name, and for a rule that leads
    to where another one begins.
    """
    rules: dict[tuple[str, str], Rule] = {}
    for rule in (*(_read(*one) for one in given), *(_read(*one).replace(is_of_shim=True) for one in by_shims)):
        first = rules.setdefault((rule.old_module, rule.old_name), rule)
        if first.is_of_shim == rule.is_of_shim and str(first) != str(rule):
            place = f"{rule.old_module}:{rule.old_name}"
            problem = f"{place} has two new homes: {first.shown} and {rule.shown}"
            raise InvalidDeclaration(problem, "leave one of the two out")
    read = Rules(tuple(rules.values()), frozenset(upstreams))
    for rule in read.rules:
        if further := _further(rule, read):
            problem = f"one rule ends where another begins: {rule.shown}, then {further.shown}"
            raise InvalidDeclaration(problem, "let each name lead to its last place, and to one only")
    return read


def _read(old: str, new: str, given_by: str) -> Rule:
    shown = f"{old} = {new} ({given_by})"
    (old_module, old_name), (new_module, new_name) = _parts(old, shown), _parts(new, shown)
    if (old_name == "*") != (new_name == "*"):
        raise InvalidDeclaration(f"{shown} has '*' on one side only", _HOW_TO_WRITE_ONE)
    rule = Rule(old_module=old_module, old_name=old_name, new_module=new_module, new_name=new_name, given_by=given_by)
    if (old_module, old_name) == (new_module, new_name):
        raise InvalidDeclaration(f"{rule.shown} leads to itself", "name another home, or leave it out")
    return rule


def _parts(text: str, shown: str) -> tuple[str, str]:
    """Module and name of one side of a rule, spelled as the compiler spells them (PEP 3131)."""
    module, colon, name = unicodedata.normalize("NFKC", text.strip()).partition(":")
    if not colon:
        raise InvalidDeclaration(f"{shown}: {text.strip()!r} has no colon", _HOW_TO_WRITE_ONE)
    if not all(map(_is_name, module.split("."))) or module == "__future__":
        raise InvalidDeclaration(f"{shown}: {module!r} is not a module that can be named", _HOW_TO_WRITE_ONE)
    if not _is_name(name) and name != "*":
        raise InvalidDeclaration(f"{shown}: {name!r} is not a name that can be imported", _HOW_TO_WRITE_ONE)
    return module, name


def _is_name(word: str) -> bool:
    return word.isidentifier() and not iskeyword(word)


def _further(rule: Rule, rules: Rules) -> Rule | None:
    """Another rule that begins where *rule* ends."""
    if rule.new_name != "*":
        return rules.find(rule.new_module, rule.new_name)
    named = {other.old_name for other in rules.rules if other.old_module == rule.old_module and other != rule}
    others = (other for other in rules.rules if other.old_module == rule.new_module)
    return next((other for other in others if other.old_name not in named), None)


def shims_in(tree: ast.Module) -> Iterator[tuple[str, int, list[str | None], list[str | None]]]:
    """Every class or function of *tree* under a decorator ``@shim(...)``.

    Its name, the line of the decorator, the places that it replaces, and its targets; None for one that is not written
    as plain text.
    """
    for node in ast.walk(tree):
        for call in getattr(node, "decorator_list", ()):
            if called(call) == "shim":
                replaces = [keyword.value for keyword in call.keywords if keyword.arg == "replaces"]
                yield getattr(node, "name", ""), call.lineno, _strings(replaces), _strings(call.args)


def _strings(nodes: Iterable[ast.expr]) -> list[str | None]:
    """The strings in *nodes*, each of them one or a row of some; None for each part that is no plain string."""
    rows = [node.elts if isinstance(node, ast.Tuple | ast.List) else [node] for node in nodes]
    values = [constant(part) for row in rows for part in row]
    return [value if isinstance(value, str) else None for value in values]
