"""Count the lines of Python code by folder, and fail above a limit: ``python benchmarks/size.py [PATH ...] [options]``.

Code lines hold code: they are not blank, no comment, no docstring and no other statement that is only a string. A
folder is counted without the folders below it, which have rows of their own. Stubs (``.pyi``) are not counted. Needed
is the standard library only.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).resolve().parents[1] / "ssot_shims"
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_LIMITS = {"code": "code lines", "lines": "lines", "files": "files", "longest": "lines in one file"}


class Size(NamedTuple):
    """How much some files hold together."""

    code: int
    lines: int
    files: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 when something is above its limit."""
    parser = argparse.ArgumentParser(description="Count the lines of Python code by folder.")
    parser.add_argument("paths", nargs="*", type=Path, default=[_PACKAGE], metavar="PATH", help="folders or files")
    parser.add_argument("--exclude", action="append", default=[], metavar="NAME", help="leave out what is so named")
    for name, what in _LIMITS.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"exit 1 when there are more {what}")
    wanted = parser.parse_args(arguments)
    if missing := [path for path in wanted.paths if not path.exists()]:
        parser.error(f"there is no {missing[0]}")
    sizes = {file: size_of(file) for file in files_of(wanted.paths, wanted.exclude)}
    if not sizes:
        parser.error("there are no Python files")
    longest = max(sizes, key=lambda file: sizes[file].lines)
    print(f"{_table(sizes)}\n\nlongest file: {longest}, {sizes[longest].lines} lines")
    found = {**added(sizes.values())._asdict(), "longest": sizes[longest].lines}
    over = {name: limit for name in _LIMITS if (limit := getattr(wanted, name)) is not None and found[name] > limit}
    for name, limit in over.items():
        print(f"above the limit: {found[name]:,} {_LIMITS[name]}, at most {limit:,}", file=sys.stderr)
    return 1 if over else 0


def files_of(paths: Iterable[Path], excluded: Iterable[str]) -> Iterator[Path]:
    """Every ``.py`` file in *paths*, except those that *excluded* names, and those below a folder that it names."""
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if not {*excluded} & {*file.relative_to(path).parts}:
                yield file


def size_of(file: Path) -> Size:
    """The size of one file."""
    with tokenize.open(file) as opened:
        lines = opened.readlines()
    return Size(len(code_lines("".join(lines))), len(lines), 1)


def code_lines(source: str) -> set[int]:
    r"""The numbers of the lines that hold code.

    >>> sorted(code_lines("'''A module.'''\n\n# a comment\nx = '''one\n\ntwo'''  # with a blank line in it\n"))
    [4, 6]
    """
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr))
    texts = (node for node in nodes if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
    documented = {number for node in texts for number in range(node.lineno, (node.end_lineno or 0) + 1)}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        first, last = token.start[0], token.end[0]
        if token.type not in _NO_CODE and not (token.type == tokenize.STRING and first in documented):
            code.update(range(first, last + 1))
    blank = {number for number, line in enumerate(io.StringIO(source), 1) if not line.strip()}
    return code - blank


def added(sizes: Iterable[Size]) -> Size:
    """All of them together."""
    code, lines, files = zip(*sizes, strict=True)
    return Size(sum(code), sum(lines), sum(files))


def _table(sizes: Mapping[Path, Size]) -> str:
    folders = sorted({file.parent for file in sizes})
    rows = {str(folder): added(size for file, size in sizes.items() if file.parent == folder) for folder in folders}
    rows["total"] = added(sizes.values())
    width = max(map(len, rows))
    head = f"{'FOLDER':{width}}  {'CODE':>8}  {'LINES':>8}  {'FILES':>8}"
    return "\n".join([head, *(f"{name:{width}}  {'  '.join(f'{n:8,}' for n in row)}" for name, row in rows.items())])


if __name__ == "__main__":
    sys.exit(main())
