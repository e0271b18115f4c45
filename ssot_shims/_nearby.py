"""What stands beside a symbol that is gone: the candidates for a suggestion."""

from __future__ import annotations

import os
from importlib.machinery import all_suffixes

from ssot_shims._bindings import defined_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def names_in_file(file: str) -> list[str]:
    """The names that a source file defines at its top level, near enough for a suggestion."""
    try:
        with open(file, "rb") as source:
            return defined_names(source.read())
    except OSError:
        return []


def submodules_in(folders: Iterable[str]) -> list[str]:
    """The modules and packages in the folders of a package."""
    names: set[str] = set()
    for folder in folders:
        try:
            names |= {_module_name(entry) for entry in os.scandir(folder)}
        except OSError:
            continue
    return sorted(name for name in names if name.isidentifier() and not name.startswith("__"))


def _module_name(entry: os.DirEntry[str]) -> str:
    for suffix in all_suffixes():
        if entry.name.endswith(suffix):
            return entry.name.removesuffix(suffix)
    return entry.name if entry.is_dir() else ""
