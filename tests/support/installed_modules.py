"""Compare the static look with really importing: every module given on standard input, one a line.

Each module is looked at in a process that has not imported it, and imported in another one. Prints one JSON object a
disagreement, and a last one with the counts. Argument: how many names of each module to ask for (0: all of them).
A module that puts another one in its place may lose names that it binds: that is not counted.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import random
import signal
import sys
from collections import Counter
from importlib import import_module

from ssot_shims._lookup import bindings
from ssot_shims._lookup.finder import Undecidable, place_of
from ssot_shims._lookup.lookup import Target, look

MADE_UP = ["HeartbeatConfigThatNobodyHas", "x9"]
# One source is asked for many names here; a shim asks for one.
bindings.parse = functools.lru_cache(maxsize=64)(bindings.parse)


def in_child(work, *arguments):
    """What *work* gives, computed in a forked child that may do to itself what it likes; None if that failed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            signal.alarm(30)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            result = json.dumps(work(*arguments)).encode()
            with os.fdopen(writer, "wb") as out:
                out.write(result)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def names_after_import(module):
    return list(vars(import_module(module)))


def has(module, name):
    """A module that took the place of another may give a name that it does not hold itself."""
    return hasattr(import_module(module), name)


def names_in_source(source):
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    names = {getattr(node, field, None) for node in nodes for field in ("id", "attr", "name", "asname")}
    return {name for name in names if isinstance(name, str)}


def is_submodule(place, name):
    """Whether there is a file for it: it is there, imported or not, and whether it imports or not."""
    files = (os.path.join(folder, name) for folder in place.folders or ())
    return any(os.path.exists(file) or os.path.exists(f"{file}.py") for file in files)


def look_at(module, names):
    return {name: look(Target(module=module, symbol=name)).found for name in names}


def main(count):
    totals = Counter()
    for module in sys.stdin.read().split():
        try:
            place = place_of(module)
        except Undecidable:
            place = None
        if place is None or not place.is_source or (bound := in_child(names_after_import, module)) is None:
            totals["without source, or not to be imported"] += 1
            continue
        totals["modules"] += 1
        with open(place.file, "rb") as file:
            source = file.read()
        chance, names = random.Random(module), MADE_UP
        for some in (set(bound), names_in_source(source) - set(bound)):
            some = sorted(name for name in some if name.isidentifier() and not is_submodule(place, name))
            names = names + (chance.sample(some, min(count, len(some))) if count else some)
        for name, found in (in_child(look_at, module, names) or {}).items():
            totals[found] += 1
            is_lost = found == "there" and name not in bound and b"modules[__name__] =" not in source
            if (is_lost and not in_child(has, module, name)) or (found in ("missing", "absent") and name in bound):
                print(json.dumps({"module": module, "name": name, "found": found}), flush=True)
    print(json.dumps(totals))


if __name__ == "__main__":
    main(int(sys.argv[1]))
