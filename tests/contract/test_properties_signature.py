"""The contract of a call: an error is told exactly if a call of the placeholder is not good for upstream too."""

from __future__ import annotations

from inspect import Parameter, Signature
from itertools import chain, combinations
from typing import Any

from ssot_shims._contract.signature import Callee, signature_differences
from tests.support.chance import Chance, Choices, choices

KINDS = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
DEFAULTS = (0, -1)


def function_of(signature: Signature) -> Any:
    names: dict[str, Any] = {}
    exec(f"def f{signature}: return locals()", names)
    return names["f"]


def calls(letters: str) -> list[tuple[tuple[int, ...], dict[str, str]]]:
    """Every way to call a function of these parameters, and a few that it does not have; each value tells its place."""
    names = [*letters, "z"]
    return [
        (tuple(range(1, count + 1)), {name: f"by name {name}" for name in keywords})
        for count in range(len(letters) + 2)
        for keywords in chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    ]


def landed(function, positional, keywords) -> dict[str, Any] | None:
    """Where Python itself puts each argument: the names and what they hold; None if the call does not bind."""
    try:
        return function(*positional, **keywords)
    except TypeError:
        return None


def keeps_meaning(mine: dict[str, Any], theirs: dict[str, Any], promised: Signature, found: Signature) -> bool:
    """Whether each value that reaches a parameter of mine reaches the one of theirs that has to have it."""
    return all(
        reaches(value, name, theirs, found, is_nameless=promised.parameters[name].kind is Parameter.POSITIONAL_ONLY)
        for name, value in mine.items()
        if name not in ("args", "kwargs") and value not in DEFAULTS
    )


def reaches(value, name: str, theirs: dict[str, Any], found: Signature, *, is_nameless: bool) -> bool:
    if name in found.parameters:
        return theirs[name] == value
    gathered = value in theirs.get("args", ()) or value in theirs.get("kwargs", {}).values()
    return gathered or is_nameless


LETTERS = "abc"
CALLS = calls(LETTERS)
ADDED = [Parameter(name, kind, default=0) for name in "xa" for kind in KINDS]


def signature(choices: Choices) -> Signature:
    """Up to three parameters of any kind and order, with defaults, ``*args`` and ``**kwargs`` or without."""
    names = list(LETTERS)
    names = [names.pop(choices.up_to(len(names) - 1)) for _ in range(choices.up_to(len(LETTERS)))]
    kinds = sorted(choices.one_of(KINDS) for _ in names)
    parameters: list[Parameter] = []
    has_default = False
    for name, kind in zip(names, kinds, strict=True):
        # After the first default, positional parameters all have one.
        has_default = choices.sometimes() or (has_default and kind is not Parameter.KEYWORD_ONLY)
        default = choices.one_of(DEFAULTS) if has_default else Parameter.empty
        parameters.append(Parameter(name, kind, default=default))
    if choices.sometimes(4):
        index = sum(kind is not Parameter.KEYWORD_ONLY for kind in kinds)
        parameters.insert(index, Parameter("args", Parameter.VAR_POSITIONAL))
    if choices.sometimes(4):
        parameters.append(Parameter("kwargs", Parameter.VAR_KEYWORD))
    return Signature(parameters)


def changed(promised: Signature, choices: Choices) -> Signature:
    """*promised* with a change or two, as a new version of upstream makes them."""
    found = [change(parameter, choices) for parameter in promised.parameters.values()]
    if choices.sometimes(3) and found:
        found.insert(0, found.pop(choices.up_to(len(found) - 1)))
    if choices.sometimes(3) and found:
        found.pop(choices.up_to(len(found) - 1))
    if choices.sometimes(3):
        found.append(choices.one_of(ADDED))
    try:
        return Signature(found)
    except ValueError:  # no such order, or one name twice
        return promised


def change(parameter: Parameter, choices: Choices) -> Parameter:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD) or not choices.sometimes(3):
        return parameter
    others = [parameter.replace(default=default) for default in (Parameter.empty, *DEFAULTS)]
    others += [parameter.replace(kind=kind) for kind in KINDS]
    return choices.one_of([*others, parameter.replace(name="y")])


def keeps_defaults(mine: dict[str, object], theirs: dict[str, object], promised: Signature, found: Signature) -> bool:
    """Whether what was left out counts as the same on both sides, where theirs has a parameter for it."""
    positional = [name for name, one in found.parameters.items() if one.kind in KINDS[:2]]
    for position, (name, parameter) in enumerate(promised.parameters.items()):
        there = name if name in found.parameters else None
        if there is None and parameter.kind is Parameter.POSITIONAL_ONLY and position < len(positional):
            there = positional[position]  # its name may change
        if there and mine[name] in DEFAULTS and theirs[there] in DEFAULTS and mine[name] != theirs[there]:
            return False
    return True


def is_safe(promised: Signature, found: Signature, mine: object, theirs: object) -> bool:
    """Whether every call that *mine* takes does the same with *theirs*, found out by calling both."""
    for positional, keywords in CALLS:
        expected = landed(mine, positional, keywords)
        if expected is not None:
            got = landed(theirs, positional, keywords)
            if got is None or not keeps_meaning(expected, got, promised, found):
                return False
            if not keeps_defaults(expected, got, promised, found):
                return False
    return True


def test_an_error_is_told_exactly_if_some_call_is_not_safe(always: Chance) -> None:
    """For any two signatures; and each difference is told once."""
    seen = {True: 0, False: 0}

    def is_right(choices: Choices) -> None:
        promised = signature(choices)
        found = changed(promised, choices) if choices.sometimes() else signature(choices)
        functions = [function_of(one) for one in (promised, found)]
        safe = is_safe(promised, found, *functions)
        seen[safe] += 1
        differences = signature_differences("f", *(Callee(function=one) for one in functions)).values()
        assert (not any(difference.is_error for difference in differences)) is safe, f"{promised} and {found}"
        whats = [difference.what for difference in differences]
        assert len(whats) == len(set(whats))

    always(is_right, 600, choices=choices(40))
    assert min(seen.values()) > 50
