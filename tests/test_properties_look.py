"""The static look against running: modules made up at random, read first and then run."""

from __future__ import annotations

import warnings
from collections import Counter

from ssot_shims._lookup.bindings import binds
from tests import random_modules
from tests.chance import Chance, Choices, choices


def compiled(source: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return compile(source, "acme.py", "exec")
        except SyntaxError:
            return None


def has(module: object, name: str) -> bool:
    try:
        return hasattr(module, name)
    except Exception:  # its __getattr__ may be anything
        return False


def test_there_and_missing_are_never_wrong(always: Chance) -> None:
    """What the look says of a source is so after each run of it that does not raise; and it says it often enough."""
    seen: Counter[object] = Counter()

    def is_never_wrong(choices: Choices) -> None:
        source = random_modules.Author(choices).module()
        said = {name: binds(source.encode(), name) for name in ("X", "Y", "Z", random_modules.ABSENT)}
        code = compiled(source)
        for _ in range(3 if code else 0):
            module = random_modules.run(code, [choices.sometimes() for _ in range(8)])
            seen["runs" if module else "raises"] += 1
            if module is not None:
                seen.update(answer for name, answer in said.items() if name in source)
                wrong = {name: answer for name, answer in said.items() if answer not in (None, has(module, name))}
                assert wrong == {}, f"wrong about\n{source}"

    always(is_never_wrong, 500, choices=choices(150))
    asked = seen[True] + seen[False] + seen[None]
    assert seen["runs"] > 500
    assert seen[True] + seen[False] > asked / 4
    assert min(seen[True], seen[False]) > asked / 20
