"""Docstring examples, run with another object under the placeholder's name."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from ssot_shims import Difference
from ssot_shims._contract.verification import run_examples

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
    <...Doubler... at ...>
    """

    def __init__(self, value):
        self.value = value

    @property
    def doubled(self):
        """Twice the value.

        >>> for number in (1, 2):
        ...     print(Doubler(number).doubled)
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

    assert run_examples(Doubler, Tripler) == (
        Difference("Doubler docstring, line 3: Doubler(4).doubled", "8", "12"),
        Difference("Doubler docstring, line 5: Doubler(4).doubled == 4 * FACTOR", "True", "False"),
        Difference('Doubler docstring, line 8: Doubler("a").check()', "TypeError: not a number", "ValueError: a\nb"),
        Difference(
            "Doubler docstring, line 11: Doubler([1, 2])  # doctest: +ELLIPSIS",
            "<...Doubler... at ...>",
            "tripled\nTripler",
        ),
        Difference("Doubler.Options docstring, line 2: Doubler.Options.exact", "True", "False"),
        Difference(
            "Doubler.doubled docstring, line 3: for number in (1, 2):\n    print(Doubler(number).doubled)",
            "2\n4",
            "3\n6",
        ),
    )
    assert capsys.readouterr() == ("", "")


def test_example_that_raises():
    """An exception that nobody expected is told as Python tells it."""

    def later(value):
        raise NotImplementedError("later")

    assert list(map(str, run_examples(double, later))) == [
        "error: double docstring, line 2: double(4): the placeholder has 8; upstream has NotImplementedError: later"
    ]


def test_examples_after_an_exception():
    """What follows in the same docstring is not run: one line is enough for one cause."""

    class Broken(Doubler):
        def __init__(self, value):
            raise OSError("no")

    assert [difference.what.partition(":")[0] for difference in run_examples(Doubler, Broken)] == [
        "Doubler docstring, line 3",
        "Doubler.__len__ docstring, line 2",
        "Doubler.doubled docstring, line 3",
    ]


def test_example_that_gives_nothing():
    """No output is told in words."""
    assert run_examples(double, lambda value: None) == (
        Difference("double docstring, line 2: double(4)", "8", "no output"),
    )


def test_exit_in_an_example():
    """An upstream that exits fails its example, and does not end the process."""
    assert run_examples(double, sys.exit) == (Difference("double docstring, line 2: double(4)", "8", "SystemExit: 4"),)


def test_interrupt_passes():
    """Ctrl-C ends the run, and standard output is as before."""

    def interrupted(value):
        raise KeyboardInterrupt

    before = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        run_examples(double, interrupted)
    assert sys.stdout is before


def test_examples_that_do_not_read():
    """A docstring with a malformed example is an error of its placeholder."""

    def mine():
        """
        >>>mine()
        """

    (difference,) = run_examples(mine, mine)
    assert str(difference) == (
        "error: mine docstrings: the placeholder has examples that do not read: line 2 of the docstring for mine lacks "
        "blank after >>>: '>>>mine()'; upstream has not run them"
    )


def test_module_that_is_gone(monkeypatch):
    """A placeholder whose module nobody can find has only itself to speak of."""
    module = ModuleType("acme_gone")
    exec('def answer():\n    """\n    >>> answer()\n    42\n    """', vars(module))
    assert run_examples(module.answer, lambda: 42) == ()
    assert run_examples(module.answer, lambda: 41) == (Difference("answer docstring, line 2: answer()", "42", "41"),)


def test_stripped_docstrings(monkeypatch):
    """Under -OO nobody knows whether there is anything to run, which is said."""
    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=2))
    assert list(map(str, run_examples(double, None))) == [
        "note: double docstrings: the placeholder has none under -OO, so whether there are examples is not known; "
        "upstream has not run any"
    ]


def test_stripped_asserts(monkeypatch):
    """Under -O an example with assert may assert nothing, which is said; the others are run."""

    def half(x):
        """
        >>> assert half(2) == 1
        >>> half(4)
        2
        """

    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=1))
    assert list(map(str, run_examples(half, lambda x: x / 2))) == [
        "note: half docstrings: the placeholder has examples with assert; upstream has not run those under -O",
        "error: half docstring, line 3: half(4): the placeholder has 2; upstream has 2.0",
    ]
    assert run_examples(double, lambda x: 2 * x) == ()


@pytest.mark.parametrize("option", ["-OO", "-OOO"])
def test_stripped_docstrings_for_real(option):
    """A Python started with -OO says the same, and so does one that was told so once more."""
    code = (
        "from ssot_shims._contract.verification import run_examples\n"
        "def f(): ...\nprint(run_examples(f, f)[0].is_error)"
    )
    done = subprocess.run([sys.executable, option, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
