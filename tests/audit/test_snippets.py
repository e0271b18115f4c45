"""Labelled snippets: what each rule finds, and what only looks like it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ssot_shims._audit.command import patterns
from ssot_shims._audit.pattern import RULES
from ssot_shims._codebase.source import read_source

_TEXT = Path(__file__).with_name("snippets.txt").read_text()
_GOAL = 0.95


def _snippets() -> list[tuple[Counter[str], Counter[str], str]]:
    """Of each snippet the rules it is labelled with, those that are found, and its text."""
    snippets: list[tuple[Counter[str], Counter[str], str]] = []
    for entry in _TEXT.split("\n=== ")[1:]:
        head, _, text = entry.partition("\n")
        dash = head.startswith("- ")
        words = head.removeprefix("- ").split()
        file = next((word for word in words if "." in word), "test_it.py")
        rules = [word for word in words if "." not in word][dash:]
        found = [pattern for pattern in patterns(read_source(text.encode()), file) if pattern.level]
        snippets.append((Counter(rules), Counter(pattern.rule for pattern in found), entry))
    return snippets


_SNIPPETS = _snippets()


def test_there_are_at_least_200_snippets_and_ten_about_each_rule() -> None:
    """The labelled snippets are many enough to say something."""
    assert len(_SNIPPETS) >= 200
    heads = Counter(word for _, _, entry in _SNIPPETS for word in set(entry.partition("\n")[0].split()))
    assert {rule for rule in RULES if heads[rule] < 10} == set()


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_right(rule: str) -> None:
    """At least 95 in 100 of what a rule finds is labelled so, and it finds at least 95 in 100 of what is."""
    right = sum((labelled & found)[rule] for labelled, found, _ in _SNIPPETS)
    wrong = [entry for labelled, found, entry in _SNIPPETS if labelled[rule] != found[rule]]
    assert right >= _GOAL * sum(found[rule] for _, found, _ in _SNIPPETS), "\n".join(wrong)
    assert right >= _GOAL * sum(labelled[rule] for labelled, _, _ in _SNIPPETS), "\n".join(wrong)
