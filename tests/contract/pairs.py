"""Two declarations of one name, written as text, and what is said of them."""

from __future__ import annotations

import re
import sys
from textwrap import indent
from types import ModuleType

import pytest

from ssot_shims import Difference, compare

PRELUDE = """
import abc, dataclasses, functools, logging, types, typing
from contextlib import *
from dataclasses import InitVar, dataclass, field
from enum import *
from functools import cached_property
from typing import *
from collections import OrderedDict
from io import TextIOWrapper
from typing_extensions import deprecated
readonly, settable = property(lambda self: 1), property(lambda self: 1, lambda self, value: None)
cached = lambda: cached_property(lambda self: 1)
"""


def load(name: str, source: str, prelude: str = PRELUDE) -> ModuleType:
    """A module made of its source, in sys.modules, where dataclasses look theirs up; it goes when the test ends."""
    module = sys.modules[name] = ModuleType(name)
    exec(compile(prelude + source, name, "exec", dont_inherit=True), vars(module))
    return module


def pairs(text: str) -> list[object]:
    """The cases in *text*: a title behind ``#``, the placeholder C, ``--``, the upstream C, and a line a difference.

    A side that defines no C is the body of that class. A case that starts with ``--`` has the placeholder before it.
    """
    found, mine = [], ""
    for case in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
        title, _, body = case.partition("\n")
        before, _, rest = f"\n{body}".partition("\n--\n")
        mine = declared(before) or mine
        differences = re.findall(r"^(?:error|note): .*$", rest, flags=re.MULTILINE)
        theirs = "\n".join(line for line in rest.splitlines() if line not in differences)
        found.append(pytest.param(mine, declared(theirs), differences, id=title))
    return found


def declared(side: str) -> str:
    if not side.strip() or re.search(r"^(?:(?:async )?def|class) C\b|^C = ", side, flags=re.MULTILINE):
        return side
    decorator, body = re.fullmatch(r"\n*(@dataclass[^\n]*\n)?(.*)", side, flags=re.DOTALL).groups("")  # type: ignore[union-attr]
    return f"{decorator}class C:\n{indent(body, '    ')}"


def said(placeholder: object, upstream: object) -> list[str]:
    """Each difference as ``level: what: placeholder | upstream``, without addresses."""
    return [short(difference) for difference in compare(placeholder, upstream)]  # type: ignore[arg-type]


def short(found: Difference) -> str:
    level = "error" if found.is_error else "note"
    return re.sub("0x[0-9a-fA-F]+", "0x", f"{level}: {found.what}: {found.placeholder} | {found.upstream}")


def said_of(mine: str, theirs: str) -> list[str]:
    """What is said of the pair; a copy of either keeps every promise of it, and what it says itself."""
    placeholder, upstream = load("acme_placeholder", mine).C, load("acme", theirs).C
    for module, source in (("acme_placeholder", mine), ("acme", theirs)):
        original, twin = vars(sys.modules[module])["C"], load("acme_twin", source).C
        if hasattr(original, "__name__"):
            assert compare(original, original) == ()
            assert not any(difference.is_error for difference in compare(original, twin)), said(original, twin)
    return said(placeholder, upstream)
