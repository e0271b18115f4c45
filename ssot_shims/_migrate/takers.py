"""Which names the files of a tree take from each other: what one calls a module may be what others know it by.

The files are searched for words and not parsed; that finds one taker too many rather than one too few.
"""

from __future__ import annotations

import os
import re
from functools import cache

from ssot_shims._migrate.writing import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_FROM = re.compile(rb"\bfrom[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*|(?:\\\r?\n|[^\\\r\n;#])*)")
# Never going back makes these ten times as fast.
_DOTTED = re.compile(rb"\b[A-Za-z_]\w*+(?:\.\w++)++")
_ALIAS = re.compile(rb"\b(\w++)[ \t]++as[ \t]++(\w++)")
_WORD = re.compile(rb"\w+|\*")


def taker_of(files: tuple[str, ...], path: str, names: tuple[str, ...]) -> str:
    """One of *files* that may take one of *names* from the module in the file *path*; empty when none does."""
    module, takers = _module(path), _takers(files)
    found = ((place, file) for name in names for place, file in takers.get(name.encode(), {}).items())
    return next((file for place, file in found if module.endswith(place) and file != path), "")


@cache  # every file of a tree may ask
def _takers(files: tuple[str, ...]) -> dict[bytes, dict[str, str]]:
    """By name: the ends of the paths of the modules that it is taken from, each with a file that does so."""
    takers: dict[bytes, dict[str, str]] = {}
    modules = {os.path.basename(_module(file)).encode() for file in files}
    for file in files:
        try:
            source = read(file)
        except OSError:  # it is told when its turn comes
            continue
        for name, place in {*_imported(source, file), *_used(source, modules)}:
            takers.setdefault(name, {}).setdefault(place, file)
    return takers


def _imported(source: bytes, file: str) -> Iterator[tuple[bytes, str]]:
    """What *file*, with this *source*, imports by name, and from where."""
    for module, names in _FROM.findall(source):
        steps = module.lstrip(b".")
        folder = os.path.abspath(os.path.join(file, *[os.pardir] * (len(module) - len(steps))))
        place = _place(folder if steps != module else "", steps)
        yield from ((name, place) for name in _WORD.findall(names))


def _used(source: bytes, modules: Collection[bytes]) -> Iterator[tuple[bytes, str]]:
    """What is used through one of *modules*, in strings, too."""
    named = {alias: name for name, alias in _ALIAS.findall(source)}
    for dotted in {*_DOTTED.findall(source)}:
        first, *steps = dotted.split(b".")
        path = [named.get(first, first)]
        for step in steps:
            if path[-1] in modules:
                yield step, _place("", b".".join(path))
            path.append(step)


def _place(folder: str, dotted: bytes) -> str:
    steps = [step.decode() for step in dotted.split(b".") if step]
    return os.sep.join([folder, *steps])


def _module(path: str) -> str:
    """The path of a module as it would be if that was its name."""
    stem = os.path.splitext(path)[0]
    return os.path.dirname(stem) if os.path.basename(stem) == "__init__" else stem
