"""Docstring examples, run with another object under the placeholder's name."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock

import pytest

from ssot_shims import shim, verify
from ssot_shims._contract.verification import run_examples, verify_record
from tests.contract.pairs import load, short

FACTOR = 2


class Doubler:
    """Doubles.

    >>> Doubler(4).doubled
    8
    >>> Doubler(4).doubled == 4 * FACTOR
    True
    >>> import math as FACTOR
    >>> Doubler("a").check()
    Traceback (most recent call last):
    TypeError: not a number
    >>> Doubler([1, 2])  # doctest: +ELLIPSIS
    <...Doubler...>
    """

    def __init__(self, value):
        self.value = value

    @property
    def doubled(self):
        """Twice the value.

        >>> for n in (1, 2):
        ...     print(Doubler(n).doubled)
        2
        4
        """
        return self.value * FACTOR

    def check(self):
        if not isinstance(self.value, int):
            raise TypeError("not a number")

    def _hidden(self):
        """
        >>> 1
        2
        """

    def __len__(self):
        """
        >>> len(Doubler(3))
        3
        """
        return self.value

    class Options:
        """
        >>> Doubler.Options.exact
        True
        """

        exact = True


def double(value):
    """
    >>> double(4)
    8
    """
    return value * FACTOR


def test_examples_that_hold():
    """The placeholder itself passes its own examples, and its module is left as it was."""
    before = dict(globals())
    assert run_examples(Doubler, Doubler) == run_examples(double, double) == ()
    assert globals() == before


def test_examples_that_fail(capsys):
    """Every example that differs is told, those after it too, and doctest prints nothing."""

    class Tripler(Doubler):
        class Options:
            exact = False

        @property
        def doubled(self):
            return self.value * 3

        def check(self):
            raise ValueError("a\nb")

        def __repr__(self):
            print("tripled")
            return "Tripler"

    assert told(Doubler, Tripler) == [
        "error: Doubler docstring, line 3: Doubler(4).doubled: 8 | 12",
        "error: Doubler docstring, line 5: Doubler(4).doubled == 4 * FACTOR: True | False",
        'error: Doubler docstring, line 8: Doubler("a").check(): TypeError: not a number | ValueError: a\nb',
        "error: Doubler docstring, line 11: Doubler([1, 2])  # doctest: +ELLIPSIS: <...Doubler...> | tripled\nTripler",
        "error: Doubler.Options docstring, line 2: Doubler.Options.exact: True | False",
        "error: Doubler.doubled docstring, line 3: for n in (1, 2):\n    print(Doubler(n).doubled): 2\n4 | 3\n6",
    ]
    assert capsys.readouterr() == ("", "")


def told(placeholder, upstream):
    return list(map(short, run_examples(placeholder, upstream)))


def test_examples_after_an_exception():
    """What follows in the same docstring is not run: one line is enough for one cause."""
    broken = type("Broken", (Doubler,), {"__init__": Mock(side_effect=OSError("no"))})
    got = [line.split(": ")[1] for line in told(Doubler, broken)]
    assert got == [f"Doubler{of} docstring, line {line}" for of, line in (("", 3), (".__len__", 2), (".doubled", 3))]


def later(value):
    raise NotImplementedError("later")


@pytest.mark.parametrize(
    ("upstream", "got"),
    [(later, "NotImplementedError: later"), (lambda value: None, "no output"), (sys.exit, "SystemExit: 4")],
)
def test_an_example_that_raises_or_gives_nothing(upstream, got):
    """An exception is told as Python tells it, no output in words; an upstream that exits ends no process."""
    assert told(double, upstream) == [f"error: double docstring, line 2: double(4): 8 | {got}"]


def test_interrupt_passes():
    """Ctrl-C ends the run, and standard output is as before."""

    before = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        run_examples(double, Mock(side_effect=KeyboardInterrupt))
    assert sys.stdout is before


def test_examples_that_do_not_read():
    """A docstring with a malformed example is an error of its placeholder."""

    def mine():
        """
        >>>mine()
        """

    why = "line 2 of the docstring for mine lacks blank after >>>: '>>>mine()'"
    assert told(mine, mine) == [f"error: mine docstrings: examples that cannot be parsed: {why} | not run them"]


def test_module_that_is_gone():
    """A placeholder whose module nobody can find has only itself to speak of."""
    module = ModuleType("acme_gone")
    exec('def answer():\n    """\n    >>> answer()\n    42\n    """', vars(module))
    assert run_examples(module.answer, lambda: 42) == ()
    assert told(module.answer, lambda: 41) == ["error: answer docstring, line 2: answer(): 42 | 41"]


def test_verify_upstream():
    """What a shim gave is verified by structure and by the examples; a placeholder in use is compared with nothing."""
    assert verify(shim("acme_not_installed:later")(later)) == ()
    assert verify_record(SimpleNamespace(state="moved", placeholder=later, upstream=None)) == ()
    load("acme", "def double(value, times=2): return value * 3")

    @shim("acme:double")
    def double(value, factor=2):
        """
        >>> double(4)
        8
        """

    assert list(map(short, verify(double))) == [
        "error: double(factor): factor=2 | no such parameter; in its place: times=2",
        "error: double docstring, line 2: double(4): 8 | 12",
    ]
    assert verify.__module__ == "ssot_shims"


@pytest.mark.parametrize(
    ("source", "kind"), [("async def double(value): ...", "coroutine function"), ("class double: ...", "class")]
)
def test_verify_another_kind(source, kind):
    """What is of another kind can hold no example, so none is run."""
    record = SimpleNamespace(state="upstream", placeholder=double, upstream=load("acme", source).double)
    assert list(map(short, verify_record(record))) == [f"error: double: function | {kind}"]
