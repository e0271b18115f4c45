"""Random import blocks, migrated: what every local name means, at every step, is what it meant before."""

from __future__ import annotations
import __future__

import ast
import builtins
import random
import re
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ssot_shims._migrate.rules import rules_of
from tests.support.migrate_tree import Done, Everywhere, rewritten

# What each old name is from now on; all else that a module has stays where it is.
RULED = {
    ("legacy.mod", "A"): ("fresh.one", "A"),
    ("legacy.mod", "B"): ("fresh.two", "B2"),
    ("legacy.mod", "C"): ("solo", "C"),
    ("tests.old", "D"): ("fresh.one", "D"),
    ("tests.old", "E"): ("tests.fresh", "E"),
}
STAYS = {"legacy.mod": ("stays", "A_B"), "tests.old": ("rest",), "legacy.other": ("A", "q"), "tests.near": ("n",)}
RULES = rules_of((":".join(old), ":".join(new), "--rule") for old, new in RULED.items())
FILE = "tests.unit.test_it"
SEEDS = range(200)
COMMENT = re.compile(r"#[^\r\n]*")


def migrated(source: str) -> Done:
    return rewritten(source, (FILE,), RULES, Everywhere())


THINGS: dict[tuple[str, str], object] = {}


class World:
    """Modules that hold one and the same thing under its old and its new name, and an import statement for them."""

    def __init__(self, *, has_old_names: bool) -> None:
        self.modules: dict[str, types.ModuleType] = {"__future__": __future__}
        self.snapshots: list[dict[str, object]] = []
        for old, new in RULED.items():
            self.put(*new, new)
            if has_old_names:
                self.put(*old, new)
        for module, names in STAYS.items():
            for name in names:
                self.put(module, name, (module, name))

    def put(self, module: str, name: str, thing: tuple[str, str]) -> None:
        for end in [at for at, letter in enumerate(module + ".") if letter == "."]:
            self.modules.setdefault(module[:end], types.ModuleType(module[:end]))
        setattr(self.modules[module], name, THINGS.setdefault(thing, type("_".join(thing), (), {})))

    def load(self, name: str, _: Any = None, __: Any = None, fromlist: Any = (), level: int = 0) -> types.ModuleType:
        if level:
            package = FILE.split(".")[:-level]
            name = ".".join([*package, name] if name else package)
        steps = name.split(".")
        for at in range(1, len(steps)):
            self.submodule(".".join(steps[:at]), steps[at])
        if name not in self.modules:
            raise ModuleNotFoundError(name)
        for each in fromlist or ():
            if f"{name}.{each}" in self.modules:
                self.submodule(name, each)
        return self.modules[name if fromlist else steps[0]]

    def submodule(self, package: str, name: str) -> None:
        if f"{package}.{name}" not in self.modules:
            raise ModuleNotFoundError(f"{package}.{name}")
        setattr(self.modules[package], name, self.modules[f"{package}.{name}"])

    def run(self, source: str) -> list[dict[str, object]]:
        """What every local name that is no module is, after each step."""

        def snap(names: dict[str, object]) -> None:
            kept = {name: value for name, value in names.items() if isinstance(value, type) and name != "K"}
            self.snapshots.append(kept)

        names = {"__builtins__": {**vars(builtins), "__import__": self.load}, "__name__": FILE, "snap": snap}
        exec(compile(source, "it", "exec"), names)
        return self.snapshots


# What stands above a suite, how far that is indented, and what follows it.
BLOCKS: list[tuple[list[str], str, list[str]]] = [
    *[([], "", [])] * 4,
    (["if True:"], "    ", []),
    (["if True:"], "\t", []),
    (["try:"], "    ", ["except ImportError:", "    A = None"]),
    (["def f():"], "    ", ["f()"]),
    (["class K:"], "    ", []),
    (["def g():", "    def h():"], "        ", ["    h()", "g()"]),
]


class Author:
    """Writes a file of imports in every form, and of uses of what they import."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def file(self) -> str:
        lines = ['"""Docstring: legacy.mod.A."""', "from __future__ import annotations"]
        for _ in range(self.random.randint(1, 7)):
            above, indentation, below = self.random.choice(BLOCKS)
            suite = [line for _ in range(self.random.randint(1, 3)) for line in [*self.statement(), "snap(locals())"]]
            lines += [*above, *(indentation + line for line in suite), *below]
        return self.random.choice(["\n", "\n", "\r\n"]).join([*lines, ""])

    def statement(self) -> list[str]:
        short = self.names(is_short=True)[0]
        other = self.random.choice(["A = str", "B = int  # 'A'", "del_ = A_B = str", "x = 'legacy.mod.A'"])
        return self.random.choice([*[self.names()] * 7, [other], [f"x = 1; {short}; y = 2"], [f"if True: {short}"]])

    def names(self, is_short: bool = False) -> list[str]:
        module = self.random.choice(["legacy.mod", "legacy.mod", "tests.old", "fresh.one", "..old", "legacy.other"])
        absolute = "tests.old" if module == "..old" else module
        there = {"fresh.one": ["A", "D"], "legacy.other": ["A", "q"]}.get(absolute) or [
            *(name for old, name in RULED if old == absolute),
            *STAYS[absolute],
        ]
        chosen = self.random.sample(there, self.random.randint(1, len(there)))
        parts = [self.renamed(name) for name in chosen]
        head = f"from {module} import "
        form = 0 if is_short else self.random.randint(0, 6)
        comment = self.random.choice(["", "", "  # noqa: F401", "  # about it"])
        if form == 1:
            return [f"{head}({', '.join(parts)}){comment}"]
        if form == 2:
            inner = [f"    {part},{self.random.choice(['', f'  # about {part}'])}" for part in parts]
            return [f"{head}({comment}", *self.sprinkled(inner), f"){self.random.choice(['', '  # type: ignore'])}"]
        if form == 5:
            first, *rest = [f"{part}{self.random.choice(['', f'  # about {part}'])}" for part in parts]
            return [f"{head}({comment}", f"    {first}", *(f"    , {part}" for part in rest), ")"]
        if form == 3:
            return [f"{head}({', '.join(parts)},", f"    ){comment}"]
        if form == 4 and len(parts) > 1:
            return [f"{head}{parts[0]}, \\", f"    {', '.join(parts[1:])}{comment}"]
        return [f"{head}{', '.join(parts)}{'' if is_short else comment}"]

    def sprinkled(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            if self.random.random() < 0.3:
                yield self.random.choice(["    # above", "", "# not indented"])
            yield line

    def renamed(self, name: str) -> str:
        return self.random.choice([name, name, name, f"{name} as {name}", f"{name} as {name.lower()}_", f"{name} as A"])


@pytest.mark.parametrize("shard", range(4))
def test_every_local_name_means_what_it_meant(shard: int) -> None:
    """Run before in a world with the old names, and after in one that has them only where something was reported."""
    done = 0
    for seed in SEEDS[shard::4]:
        source = Author(seed).file()
        before = World(has_old_names=True).run(source)
        rewriting = migrated(source)
        after = rewriting.source.decode()
        is_whole = all(finding.kind == "string" for finding in rewriting.findings)
        assert World(has_old_names=not is_whole).run(after) == before, f"seed {seed}:\n{source}\n-->\n{after}"
        again = migrated(after)
        assert (again.source.decode(), again.made) == (after, ()), f"seed {seed}"
        assert again.findings == () or len(again.findings) <= len(rewriting.findings), f"seed {seed}"
        assert outside_imports(after) == outside_imports(source)
        assert Counter(COMMENT.findall(source)) <= Counter(COMMENT.findall(after)), f"seed {seed}"
        done += bool(rewriting.made)
    assert done > len(SEEDS[shard::4]) / 3


def outside_imports(source: str) -> list[str]:
    """The lines outside of import statements."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    within = {line for node in imports for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    lines = source.split("\n")
    return [line for number, line in enumerate(lines, 1) if number not in within]
