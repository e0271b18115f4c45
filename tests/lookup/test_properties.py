"""The static look against running: modules made up at random, read first and then run."""

from __future__ import annotations

import sys
import warnings
from collections import Counter

from ssot_shims._lookup.lookup import Target, look
from tests.conftest import Write
from tests.support import random_modules
from tests.support.chance import Chance, Choices, choices


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


def test_there_and_missing_are_never_wrong(always: Chance, write: Write) -> None:
    """What the look says of a source is so after each run of it that does not raise; and it says it often enough.

    That a name is there is not held against a source that takes names away by another way than a plain ``del``.
    """
    seen: Counter[object] = Counter()
    file = write({f"{random_modules.NAME}.py": ""}) / f"{random_modules.NAME}.py"
    path = list(sys.path)

    def is_never_wrong(choices: Choices) -> None:
        source = random_modules.Author(choices).module()
        file.write_text(source)
        sys.path[:] = path  # one source may have changed it
        names = ("X", "Y", "Z", random_modules.ABSENT)
        said = {name: look(Target(module=random_modules.NAME, symbol=name)).found for name in names}
        code = compiled(source)
        for _ in range(3 if code else 0):
            module = random_modules.run(code, [choices.sometimes() for _ in range(8)])
            seen["runs" if module else "raises"] += 1
            if module is not None:
                seen.update(answer for name, answer in said.items() if name in source)
                right = {name: ("there" if has(module, name) else "missing", "unknown") for name in names}
                wrong = {name: answer for name, answer in said.items() if answer not in right[name]}
                if random_modules.TAKES_AWAY.search(source):
                    wrong = {name: answer for name, answer in wrong.items() if answer != "there"}
                assert wrong == {}, f"wrong about\n{source}"

    always(is_never_wrong, 500, choices=choices(150))
    asked = seen["there"] + seen["missing"] + seen["unknown"]
    assert seen["runs"] > 500
    assert seen["there"] + seen["missing"] > asked / 4
    assert min(seen["there"], seen["missing"]) > asked / 20
