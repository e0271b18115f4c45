"""Sources of modules made up at random: names bound, unbound and rebound in whatever way Python has.

They ask their surroundings for chance: ``flip()`` is true or not, ``boom()`` raises or not, and neither can be told
from the source. ``quiet`` is a context manager that swallows what is raised, ``plain`` one that does not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from types import ModuleType

from tests.support.chance import Choices

NAME = "acme_at_random"
OTHER = "acme_with_names"  # has an X and a Y to be imported
ABSENT = "Nobody"  # what no source mentions

NAMES = "XYZ"


def templates(text: str) -> tuple[str, ...]:
    """One or more lines of Python in each part of *text* between line ends and tildes."""
    return tuple(part.replace("$", "\n") for line in text.strip().splitlines() for part in line.split(" ~ "))


# N and M stand for names that are asked for, $ for the end of a line.
PLAIN = templates("""
pass ~ N = 1 ~ N = M = 1 ~ N, M = 1, 2 ~ [N, *M] = 1, 2 ~ (N, (M, *_)) = 1, (2,) ~ N: int = 1 ~ N: int ~ N = 1; del N
'''N = 1''' ~ # N = 1$pass ~ __all__ = ['N'] ~ N \\$  = 1 ~ __all__ = ['N']$__all__ += ['M'] ~ import sys as N
from sys import path as N ~ from OTHER import X ~ from OTHER import Y as N ~ from OTHER import X, Y
from OTHER import ($    X as N,$) ~ def N(): ... ~ async def N(): ... ~ class N: ... ~ def f(N): return N
[N for N in (1,)] ~ lambda N: N ~ N = 1$del N ~ class C:$    N = 1 ~ def f():$    N = 1 ~ M = 1
""")
# What may raise, or does.
RISKY = templates("""
N += 1 ~ del N ~ del N, M ~ del (N, [M]) ~ N ~ N.attribute = 1 ~ N[0] = 1 ~ N = boom() ~ N = M ~ N, M = 1
N = M[0] = 1 ~ N: boom() = 1 ~ assert flip() ~ boom() ~ raise E ~ import sys, nowhere as N ~ import OTHER.N
from OTHER import N ~ @boom$def N(): ... ~ class N(boom()): ... ~ [M for _ in (1,) if M] ~ raise
""")
# What binds, or seems to bind, where no statement does.
WALRUS = templates("""
'N' ~ {'N': 1} ~ print(N=1) ~ dict(N=1) ~ dict($    # why$    N=1) ~ (lambda: (N := 1))() ~ (N := 1)
[N := one for one in (1,)] ~ def f(one=(N := 1)): ... ~ class C((N := object)): ... ~ flip() and (N := 1)
C = lambda one=(N := 1): one ~ if (N := flip()): pass ~ assert (N := 1)
""")
# What reaches the module from behind its statements.
TRICKS = templates("""
from OTHER import * ~ from OTHER import \\$    * ~ from OTHER import\\$* ~ globals()['N'] = 1 ~ vars()['N'] = 1
globals().pop('N', 0) ~ globals().update(N=1) ~ globals($).update(N=1) ~ locals()['N'] = 1 ~ exec('N = 1')
exec('del N') ~ eval('globals()')['N'] = 1 ~ import sys$setattr(sys.modules[__name__], 'N', 1)
g = globals$g()['N'] = 1 ~ import sys$sys.modules[__name__].N = 1 ~ from sys import modules as m$m[__name__].N = 1
def f(): ...$f.__globals__['N'] = 1 ~ import sys$delattr(sys.modules[__name__], 'N') ~ import NAME$NAME.N = 1
import NAME as me$del me.N ~ put(__name__, 'N') ~ put(  # the module$    __name__) ~ put(\\$__name__)
put($    __name__$) ~ put(  # ($  # ,$  module=__name__) ~ put('', __name__) ~ put('',  # its name$    __name__)
import sys$sys.modules[__name__] = sys ~ import sys$sys.modules[__name__].__class__ = Odd
import NAME as me$me.__class__ = Odd ~ import sys$sys._getframe().f_globals['N'] = 1
import NAME as me$me.__dict__.pop('N', 0) ~ import NAME as me$me . N = 1 ~ def __getattr__(name): return 1
def __getattr__(name): raise AttributeError ~ from OTHER import put as __getattr__
import NAME as me$me.__dict__['N'] = 1 ~ import builtins$builtins.exec('N = 1', globals())
import NAME as me$me.__setattr__('N', 1) ~ class C:$    global N$    N = 1 ~ def f():$    global N$    N = 1$f()
def f():$    global N$    del N$f() ~ def f():$    global N, M$    import sys as N$f()
class C:$    global N$    class N: ... ~ def f():$    global N$    N = 1
def f():$    def g():$        global N$        N = 1$    g()$f() ~ def f():$    global N$    def N(): ...$f()
""")
# Those of them that may take a name away again, however plainly it is bound: the look does not count with them.
TAKES_AWAY = re.compile(r"\.pop\(|'del |delattr|del me\.|global |modules\[__name__\] = sys")
if sys.version_info >= (3, 12):
    PLAIN += ("type N = int", "class N[T]: ...", "def f[N](): ...")

JUMPS = ("break", "continue", "return")
# B stands for a block, R for one that raises every other time; the other words for one of PARTS.
COMPOUND = templates("""
if COND:$    B ~ if COND:$    B$else:$    B ~ if COND:$    B$elif COND:$    B
if COND:$    B$elif COND:$    B$else:$    B ~ for TARGET in ITER:$    B ~ for TARGET in ITER:$    B$else:$    B
while flip():$    B ~ while flip():$    B$else:$    B
try:$    R$finally:$    B ~ try:$    R$HANDLER$    B ~ try:$    R$HANDLER$    B$HANDLER$    B
try:$    R$HANDLER$    B$else:$    B ~ try:$    R$HANDLER$    B$finally:$    B
try:$    R$HANDLER$    B$HANDLER$    B$else:$    B$finally:$    B
try:$    B$GROUP$    B ~ try:$    B$GROUP$    B$GROUP$    B ~ with MANAGER:$    B ~ with MANAGER:$    R
match SUBJECT:$    case PATTERN:$        B ~ match SUBJECT:$    case PATTERN:$        B$    case PATTERN:$        R
match SUBJECT:$    case PATTERN:$        R$    case PATTERN:$        B$    case PATTERN:$        B
def f():$    B ~ def f():$    B$f() ~ def f(X=1):$    B$f() ~ def f(self):$    B$f(1) ~ class C:$    B ~ class N:$    B
""")
GLOBAL = templates("""
def f():$    global N$    B$f() ~ def f(X=1):$    global M$    B$f() ~ def f():$    global N, M$    B
""")
PARTS = {
    "COND": ("flip()", "not flip()", "True", "False", "X", "TYPE_CHECKING"),
    "ITER": ("[(1, 2)]", "()", "[(1, 2), (3, 4)]", "[1]", "boom()"),
    "TARGET": ("N", "_", "N, M", "N, *M", "_, N"),
    "SUBJECT": ("1", "[1, 2]", "{'a': 1, 'b': 2}", "'s'", "boom()"),
    "PATTERN": (
        *("N", "1", "_", "[N, 2]", "[1, *N]", "{'a': N}", "{'a': 1, **N}", "int(N)", "int() as N", "1 | 2"),
        *("N if flip()", "[N] if boom()", "int() as N if flip()", "[N, M]", "str(N)"),
    ),
    "MANAGER": (
        *("quiet()", "plain()", "quiet() as N", "plain() as N", "quiet() as (N, M)", "plain(), quiet() as N"),
        *("quiet() as N, plain() as M", "quiet(), boom()", "quiet() as [N, *M]", "quiet() as N.attribute"),
        *("boom() as N", "quiet(), plain() as (N, M)"),
    ),
    "HANDLER": (
        *("except E:", "except E as N:", "except (E, NameError):", "except Exception as N:", "except Other:"),
        "except:",
    ),
    "GROUP": ("except* E:", "except* (E, Other) as N:", "except* Other:", "except* Exception as M:"),
    "NAME": (NAME,),
    "OTHER": (OTHER,),
}
PART = re.compile(rf"\b({'|'.join(PARTS)})\b")
NM = re.compile(r"\b[NM]\b")


class Author:
    """Writes a module, statement by statement."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._has_tricks = choices.sometimes(3)

    def module(self) -> str:
        return "\n".join(line for _ in range(1 + self._choices.up_to(3)) for line in self.statement(depth=2))

    def statement(self, depth: int) -> list[str]:
        if depth and self._choices.sometimes(3):
            return self.compound(depth - 1)
        kinds = [*[PLAIN] * 6, *[RISKY] * (1 if depth == 2 else 4)]  # what raises at the top ends it all
        if self._has_tricks:
            kinds += [WALRUS, TRICKS, TRICKS, TRICKS]
        if depth < 2 and self._choices.sometimes(16):
            kinds = [JUMPS]
        return self.filled(self._choices.one_of(kinds)).split("\n")

    def filled(self, templates: Sequence[str]) -> str:
        """One of *templates* with one of each word's PARTS in its place, and names in the place of N and M."""
        text = PART.sub(lambda word: self._choices.one_of(PARTS[word[0]]), self._choices.one_of(templates))
        names = {"N": self._choices.one_of(NAMES), "M": self._choices.one_of(NAMES)}
        return NM.sub(lambda word: names[word[0]], text)

    def compound(self, depth: int) -> list[str]:
        """A statement with blocks."""
        kind = GLOBAL if self._has_tricks and self._choices.sometimes(8) else COMPOUND
        return [made for line in self.filled(kind).split("\n") for made in self.blocks(line, depth)]

    def blocks(self, line: str, depth: int) -> list[str]:
        """The lines in the place of *line*, which may stand for a block."""
        indent, word = line[: -len(line.lstrip())], line.strip()
        if word not in ("B", "R"):
            return [line]
        lines = [line for _ in range(1 + self._choices.up_to(1)) for line in self.statement(depth)]
        return [indent + line for line in (*lines, *["raise E"] * self._choices.sometimes(2 if word == "R" else 8))]


class E(Exception):
    """What a source raises."""


class Other(Exception):
    """What a source never raises."""


class Odd(ModuleType):
    """A module that has an X whatever its source says."""

    X = 1


def run(code: object, flips: list[bool]) -> ModuleType | None:
    """The module after *code* has run, with *flips* for its chances; None when it raised."""
    chances = iter(flips)

    def flip() -> bool:
        return next(chances, False)

    def boom(*_: object) -> object:
        if flip():
            raise E
        return (1, 2)

    def put(*_: object, module: str = NAME) -> None:
        sys.modules[module].X = 1

    module, other = ModuleType(NAME), ModuleType(OTHER)
    vars(other).update(X=1, Y=2, put=put)
    vars(module).update(flip=flip, boom=boom, put=put, E=E, Other=Other, Odd=Odd, TYPE_CHECKING=False)
    vars(module).update(quiet=lambda: suppress(BaseException), plain=nullcontext, print=lambda **_: None)
    sys.modules.update({NAME: module, OTHER: other})
    try:
        with suppress(BaseException):
            exec(code, vars(module))
            return sys.modules[NAME]
        return None
    finally:
        for name in (NAME, OTHER):
            sys.modules.pop(name, None)
