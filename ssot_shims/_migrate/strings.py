"""Old places in strings: told, and never rewritten, because only its reader knows what a string is for."""

from __future__ import annotations

import re

from ssot_shims._migrate.findings import Finding
from ssot_shims._migrate.source import strings_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssot_shims._migrate.file import File
    from ssot_shims._migrate.findings import Kind
    from ssot_shims._migrate.rules import Rule
    from ssot_shims._migrate.source import String

_DOTTED = re.compile(r"\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?")
_TAKE_MODULES = ("__import__", "find_spec", "import_module", "importorskip", "multiple")


def findings_in_strings(file: File) -> Iterator[Finding]:
    """What is to be told of the strings of *file*."""
    strings: Iterable[String] = file.source.strings
    if file.source.tree is not None and _may_hold_any(file):
        strings = strings_in(file.source.tree)
    for string in strings:
        if file.rules.dotted.search(string.value) and not file.keeps_line(string.line):
            is_whole = _DOTTED.fullmatch(string.value) and not string.is_part
            finding = _whole(file, string) if is_whole else _mention(file, string)
            if finding is not None:
                yield finding


def _may_hold_any(file: File) -> bool:
    """Whether the last step of an old module stands anywhere but in import statements."""
    rest = file.outside
    return any(module.rpartition(".")[2].encode() in rest for module in file.rules.of_module)


def _whole(file: File, string: String) -> Finding | None:
    """What is to be told of a string that is one dotted name."""
    steps = re.split(r"[.:]", string.value)
    for at in range(len(steps) - 1, 0, -1):
        module, name = ".".join(steps[:at]), steps[at]
        rule = file.rules.find(module, name)
        if rule is None or file.is_home_of(rule):
            continue
        reason = file.homes.verdict(rule, name)
        if reason:
            return _finding("refused", string, rule, reason)
        end = len(module) + 1 + len(name)
        new = f"{rule.new_module}{string.value[len(module)]}{rule.new_name_of(name)}{string.value[end:]}"
        return _finding("string", string, rule, new)
    return _module(file, string)


def _module(file: File, string: String) -> Finding | None:
    """What is to be told of a string that is an old module, when all of that moves, or when it is imported."""
    rules = [rule for rule in file.rules.of_module.get(string.value, ()) if not file.is_home_of(rule)]
    # In the table of modules another may be put in its place.
    is_taken = string.function in _TAKE_MODULES or b"sys.modules" in file.source.text.body
    moved = [rule for rule in rules if rule.old_name == "*" or is_taken]
    if not moved:
        return None
    modules = " or ".join(dict.fromkeys(rule.new_module for rule in moved))
    return _finding("string", string, moved[0], modules)


def _mention(file: File, string: String) -> Finding | None:
    """What is to be counted of a longer string."""
    for found in file.rules.dotted.finditer(string.value):
        for rule in file.rules.of_module[found[1]]:
            if rule.old_name == "*" or re.search(rf"\b{rule.old_name}\b", string.value):
                return _finding("mention", string, rule)
    return None


def _finding(kind: Kind, string: String, rule: Rule, suggestion: str = "") -> Finding:
    return Finding(line=string.line, kind=kind, text=string.value, suggestion=suggestion, rule=str(rule))
