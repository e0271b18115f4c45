"""Verification of a shim: its contract compared with upstream, and its docstring examples run against upstream."""

from __future__ import annotations

import sys
from collections.abc import Callable
from doctest import FAIL_FAST, DocTest, DocTestFinder, DocTestRunner, Example
from traceback import format_exception_only
from typing import Any

from ssot_shims._contract.comparison import compare, is_same_kind
from ssot_shims._contract.difference import Difference
from ssot_shims._shims.shim import ShimRecord, shim_of


def run_examples(placeholder: Callable[..., object], upstream: object) -> tuple[Difference, ...]:
    """Every example in the docstrings of *placeholder* that gives something else with *upstream*.

    The examples see the names of the placeholder's module, with *upstream* in place of the placeholder, and run
    whatever upstream code they call. After an exception that no example expects, the rest of its docstring is not run:
    it builds on what is missing now.
    """
    name = placeholder.__name__
    module = sys.modules.get(placeholder.__module__)
    names = {**(vars(module) if module else {}), name: upstream}
    collector = _Collector(verbose=False)  # or doctest looks for -v among the arguments of the process
    collector.differences = []
    try:
        tests = DocTestFinder().find(placeholder, name, module, globs=names)
    except ValueError as error:
        return (Difference(f"{name} docstrings", f"examples that cannot be parsed: {error}", "not run them"),)
    for test in tests:
        if all(part[0] != "_" or part.endswith("__") for part in test.name.split(".")[1:]):  # not private
            collector.run(test)
    return tuple(collector.differences)


class _Collector(DocTestRunner):
    """Keeps what doctest would print."""

    differences: list[Difference]

    def report_failure(self, out: object, test: DocTest, example: Example, got: str) -> None:
        self._add(test, example, _outcome(got))

    def report_unexpected_exception(self, out: object, test: DocTest, example: Example, exc_info: Any) -> None:
        self._add(test, example, "".join(format_exception_only(exc_info[1])).strip())
        self.optionflags |= FAIL_FAST  # until the docstring ends

    def _add(self, test: DocTest, example: Example, found: str) -> None:
        what = f"{test.name} docstring, line {example.lineno + 1}: {example.source.strip()}"
        self.differences.append(Difference(what, _outcome(example.exc_msg or example.want), found))


def _outcome(text: str) -> str:
    """What an example printed; of a traceback, the exception it ends with."""
    if "Traceback (most recent call last):\n" in text:
        text = text.rpartition("\n ")[2].partition("\n")[2]  # behind the last line of the last frame
    return text.strip() or "no output"


def verify(obj: object) -> tuple[Difference, ...]:
    """The promises of a placeholder that its upstream does not keep; *obj* is what the shim gave, or an instance.

    The structure is compared, then the examples in the placeholder's docstrings are run with the upstream object,
    unless that is of another kind. The result is empty where the shim gives its placeholder: there is nothing to
    compare. Raises :class:`UnknownName` when *obj* comes from no shim.

    >>> from ssot_shims import HeartbeatConfig
    >>> verify(HeartbeatConfig)
    ()
    """
    return verify_record(shim_of(obj))


def verify_record(record: ShimRecord) -> tuple[Difference, ...]:
    """The same for the shim of a record."""
    if record.state != "upstream":
        return ()
    differences = compare(record.placeholder, record.upstream)
    can_hold = is_same_kind(record.placeholder, record.upstream)
    return differences + (run_examples(record.placeholder, record.upstream) if can_hold else ())
