"""The ``[tool.ssot_shims]`` table of pyproject.toml.

Read by the front ends only, never by an import: an importing process takes no orders from the folder it stands in.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from ssot_shims._misspelled import did_you_mean
from ssot_shims._record import Record
from ssot_shims.errors import InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEYS = ("modules",)


class Project(Record):
    """What a project says about its shims: where it is, and the modules that declare them."""

    root: Path
    file: Path | None = None  # its pyproject.toml
    modules: tuple[str, ...] = ()


def find_project(start: Path) -> Project:
    """The project around the folder *start*: the nearest pyproject.toml there or above.

    Without one, *start* is the root of a project that says nothing. Raises :class:`InvalidSetting`, with the file and
    the key, for a file that does not read and for a wrong key or type.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return read_project(file)
    return Project(root=start)


def read_project(file: Path) -> Project:
    """The project that *file*, a pyproject.toml, describes."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(str(file), str(error), "a file in TOML") from error
    tool = _table(file, "tool", document.get("tool", {}))
    table = _table(file, "tool.ssot_shims", tool.get("ssot_shims", {}))
    for key in table:
        if key not in _KEYS:
            expected = f"one of {', '.join(_KEYS)}{did_you_mean(key, _KEYS)}"
            raise InvalidSetting(f"a key of tool.ssot_shims in {file}", key, expected)
    return Project(root=file.parent, file=file, modules=_names(file, "modules", table.get("modules", [])))


def _table(file: Path, key: str, value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):  # pyright: ignore[reportUnnecessaryIsInstance]  # the file may hold anything
        raise InvalidSetting(f"{key} in {file}", repr(value), "a table")
    return value


def _names(file: Path, key: str, value: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
        raise InvalidSetting(f"tool.ssot_shims.{key} in {file}", repr(value), "a list of strings")
    return tuple(value)
