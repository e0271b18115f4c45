"""The rules of a migration: which name moves from which module to which."""

from __future__ import annotations

import re
import unicodedata
from keyword import iskeyword

from ssot_shims._migrate.text import UTF16
from ssot_shims._record import Record
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssot_shims._shims.shim import ShimRecord

_SHIM = "the shim "  # how what a shim says begins
_NOTATION = "write a rule as 'old.mod:Name' = 'new.mod:Name', or for every name 'old.mod:*' = 'new.mod:*'"
_STAR_IMPORT = re.compile(rb"import[\s\\(]*\*")
_BARE_RELATIVE = re.compile(rb"from[\s\\]*\.[\s\\.]*import\b")

_FEW = 20  # words are found faster one by one, up to about so many
_BLANK_BUT_WORDS = bytes(code if re.match(rb"\w", bytes([code])) else ord(" ") for code in range(256))


class Rule(Record):
    """One name, or with ``*`` every name of a module, and its new home."""

    old_module: str
    old_name: str
    new_module: str
    new_name: str
    said_by: str

    def __str__(self) -> str:
        return f"{self.old_module}:{self.old_name} = {self.new_module}:{self.new_name}"

    @property
    def is_of_shim(self) -> bool:
        """Whether a shim says so (``replaces=``), and not the user."""
        return self.said_by.startswith(_SHIM)

    @property
    def shown(self) -> str:
        """The rule and who says so."""
        return f"{self} ({self.said_by})"

    def new_name_of(self, name: str) -> str:
        """What *name* is called in the new home."""
        return name if self.new_name == "*" else self.new_name


class Rules:
    """All rules of one run, found by what they move.

    >>> rules = read_rules([("old.mod:*", "new.mod:*", "--rule"), ("old.mod:A", "new.a:B", "--rule")])
    >>> print(rules.find("old.mod", "A"))
    old.mod:A = new.a:B
    >>> print(rules.find("old.mod", "X"))
    old.mod:* = new.mod:*
    """

    def __init__(self, rules: tuple[Rule, ...], upstreams: frozenset[str] = frozenset()) -> None:
        self.rules = rules
        self.upstreams = upstreams  # the packages that shims stand for, whose own imports are no affair of a shim
        self._by_name = {(rule.old_module, rule.old_name): rule for rule in rules}
        self.of_module: dict[str, tuple[Rule, ...]] = {}
        for rule in rules:
            self.of_module[rule.old_module] = (*self.of_module.get(rule.old_module, ()), rule)
        self.moves = tuple({(rule.old_module, rule.new_module): None for rule in rules})
        # A module with rules, or a package on the way to one.
        self.packages = {".".join(steps[:n]) for steps in map(_steps, self.of_module) for n in range(1, len(steps) + 1)}
        self._needles: dict[bytes, list[_Needles]] = {}
        for module, of_it in self.of_module.items():
            needles = _Needles(module, of_it)
            self._needles.setdefault(needles.step, []).append(needles)
        self._all_needles = tuple(needles for of_step in self._needles.values() for needles in of_step)
        self._is_foreign = any(needles.has_many_spellings for needles in self._all_needles)
        modules = "|".join(sorted(map(re.escape, self.of_module), key=len, reverse=True))
        self.dotted = re.compile(rf"(?<![\w.])({modules or '(?!)'})(?!\w)")

    def __reduce__(self) -> tuple[type[Rules], tuple[tuple[Rule, ...], frozenset[str]]]:
        return Rules, (self.rules, self.upstreams)

    def __eq__(self, other: object) -> bool:
        return self.rules == other.rules if isinstance(other, Rules) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # nothing keeps them in a set

    def find(self, module: str, name: str) -> Rule | None:
        """The rule for *name* of *module*: the one that names it, else the one for the whole module."""
        return self._by_name.get((module, name)) or self._by_name.get((module, "*"))

    def may_concern(self, source: bytes) -> bool:
        """Whether there can be anything in *source* to rewrite or to tell. It is only searched for words."""
        if source.startswith(UTF16):
            source = source.decode("utf-16", "replace").encode()  # which Python does not read, but people may not know
        if self._is_foreign and not source.isascii():
            return True
        if _BARE_RELATIVE.search(source):
            return any(needles.are_in(source) for needles in self._all_needles)
        if len(self._needles) <= _FEW:
            steps = {step for step in self._needles if step in source}
        else:
            steps = self._needles.keys() & set(source.translate(_BLANK_BUT_WORDS).split())
        return any(needles.are_in(source) for step in steps for needles in self._needles[step])


class _Needles:
    """The words without which a file has nothing to do with the rules of one module, whose last step it names."""

    def __init__(self, module: str, rules: tuple[Rule, ...]) -> None:
        self.step = _steps(module)[-1].encode()
        self.names = tuple(rule.old_name.encode() for rule in rules)
        self.quoted = (f'{module}"'.encode(), f"{module}'".encode())
        # Such a name can be written in more than one way (PEP 3131), and in more than one encoding.
        self.has_many_spellings = not (module + "".join(rule.old_name for rule in rules)).isascii()

    def are_in(self, source: bytes) -> bool:
        words = (*self.names, *self.quoted)
        return b"*" in self.names or any(word in source for word in words) or bool(_STAR_IMPORT.search(source))


def read_rules(said: Iterable[tuple[str, str, str]], upstreams: Iterable[str] = ()) -> Rules:
    """The rules that are *said*, each by its old place, its new place, and who says so.

    *upstreams* are the top-level packages in which no shim has a say. What a user says counts, not what a shim says of
    the same name. Raises :class:`InvalidDeclaration` for what does not read, for two new homes of one name,
    and for rules that lead from one to another.
    """
    rules: dict[tuple[str, str], Rule] = {}
    for old, new, said_by in said:
        rule = _read(old, new, said_by)
        place = rule.old_module, rule.old_name
        first = rules.setdefault(place, rule)
        if first.is_of_shim and not rule.is_of_shim:
            rules[place] = rule
        elif first.is_of_shim == rule.is_of_shim and str(first) != str(rule):
            problem = f"{old.strip()} has two new homes: {first.shown} and {rule.shown}"
            raise InvalidDeclaration(problem, "leave one of the two out")
    read = Rules(tuple(rules.values()), frozenset(upstreams))
    for rule in read.rules:
        _refuse_further(rule, read)
    return read


def shim_rules(records: Iterable[ShimRecord]) -> tuple[tuple[str, str, str], ...]:
    """What the shims in *records* say that they replace, to be read by :func:`read_rules`."""
    return tuple(
        (place, f"{module}:{record.name}", f"{_SHIM}{record.name}")
        for record in records
        for module in [_public(record.placeholder.__module__)]
        for place in record.replaces
        if module != "__main__"  # a script has no place to import from
    )


def upstreams_of(records: Iterable[ShimRecord]) -> frozenset[str]:
    """The top-level packages that the shims in *records* stand for."""
    return frozenset(target.partition(":")[0].partition(".")[0] for record in records for target in record.targets)


def _public(module: str) -> str:
    return "ssot_shims" if module.startswith("ssot_shims.") else module


def _steps(module: str) -> list[str]:
    return module.split(".")


def _read(old: str, new: str, said_by: str) -> Rule:
    shown = f"{old} = {new} ({said_by})"
    parts = [part for text in (old, new) for part in _parts(text, shown)]
    old_module, old_name, new_module, new_name = parts
    if (old_name == "*") != (new_name == "*"):
        raise InvalidDeclaration(f"{shown} has '*' on one side only", _NOTATION)
    rule = Rule(old_module=old_module, old_name=old_name, new_module=new_module, new_name=new_name, said_by=said_by)
    if parts[:2] == parts[2:]:
        raise InvalidDeclaration(f"{rule.shown} leads onto itself", "name another home, or leave it out")
    return rule


def _parts(text: str, shown: str) -> tuple[str, str]:
    """Module and name of one side of a rule, spelled as the compiler spells them (PEP 3131)."""
    module, colon, name = unicodedata.normalize("NFKC", text.strip()).partition(":")
    if not colon:
        raise InvalidDeclaration(f"{shown}: {text.strip()!r} has no colon", _NOTATION)
    if not all(map(_is_name, _steps(module))) or module == "__future__":
        raise InvalidDeclaration(f"{shown}: {module!r} is not a module that can be named", _NOTATION)
    if not _is_name(name) and name != "*":
        raise InvalidDeclaration(f"{shown}: {name!r} is not a name that can be imported", _NOTATION)
    for step in (*_steps(module), name):
        if step.startswith("__") and not step.endswith("__"):
            problem = f"{shown}: inside a class {step!r} is another name, by the class (private name mangling)"
            raise InvalidDeclaration(problem, "move it by hand")
    return module, name


def _is_name(word: str) -> bool:
    return word.isidentifier() and not iskeyword(word)


def _refuse_further(rule: Rule, rules: Rules) -> None:
    """Raise when another rule goes on where *rule* ends."""
    path = [rule]
    while (following := _following(path[-1], rules)) and following not in path:
        path.append(following)
    if len(path) == 1:
        return
    shown = tuple(step.shown for step in path)
    if following is None:
        name = end = next((step.old_name for step in path if step.old_name != "*"), "*")
        for step in path:
            end = step.new_name_of(end)
        cure = f"say {rule.old_module}:{name} = {path[-1].new_module}:{end}"
        raise InvalidDeclaration(f"the rules make a chain: {', then '.join(shown)}", cure)
    raise InvalidDeclaration(f"the rules make a circle: {', then '.join(shown)}", "leave one of them out")


def _following(rule: Rule, rules: Rules) -> Rule | None:
    if rule.new_name != "*":
        return rules.find(rule.new_module, rule.new_name)
    already_said = {other.old_name for other in rules.of_module[rule.old_module] if other != rule}
    further = rules.of_module.get(rule.new_module, ())
    return next((other for other in further if other.old_name not in already_said), None)
