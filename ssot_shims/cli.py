"""The command line: ``ssot-shims``, or ``python -m ssot_shims``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

import ssot_shims
import ssot_shims._report as _report
from ssot_shims._builtin import capabilities
from ssot_shims._declarations import importable, load_declarations, told_later
from ssot_shims._environment import survey_environments
from ssot_shims._pyproject import find_project
from ssot_shims._shim import all_shims
from ssot_shims._survey import survey, unmet
from ssot_shims._verify import verify_record
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from ssot_shims._declarations import ImportFailure
    from ssot_shims._pyproject import Project


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 a promise does not hold (``verify``), 2 wrong usage.

    *argv* is what follows the name of the program; None takes it from ``sys.argv``.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "status")
    options = parser.parse_args(words)
    try:
        folder = Path.cwd()
        project = find_project(folder)
        with importable(folder, project.root):  # to the end, because probes and examples import too
            failures = load_declarations(project, options.modules, folder)
            text, code = _verify(failures) if options.command == "verify" else _status(options, project, failures)
        _write(text)
    except (SsotShimsError, OSError) as error:
        parser.exit(2, f"ssot-shims: {error}\n")
    return code


def run() -> NoReturn:
    """The program: what :func:`main` does, and then the end, whatever probes may still hang."""
    code = main()
    if capabilities.hanging():
        # Their threads are daemons, but what they started may be waited for at exit, for ever.
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(code)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ssot-shims", description="Tell what every shim and capability is on this machine, and why."
    )
    parser.add_argument("--version", action="version", version=f"ssot-shims {ssot_shims.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    about = {
        "status": "what every shim and capability is here, and why (the default)",
        "verify": "compare every placeholder with the upstream it stands for; exit code 1 if a promise does not hold",
    }
    for command, text in about.items():
        subparser = commands.add_parser(command, help=text, description=text[0].upper() + text[1:] + ".")
        subparser.add_argument(
            "modules", nargs="*", metavar="MODULE", help="a module that declares shims or capabilities"
        )
        if command == "status":
            form = subparser.add_mutually_exclusive_group()
            form.add_argument("--json", action="store_true", help="as JSON")
            form.add_argument("--markdown", action="store_true", help="as Markdown tables")
    return parser


def _status(options: argparse.Namespace, project: Project, failures: Sequence[ImportFailure]) -> tuple[str, int]:
    with told_later():
        found = survey(capabilities, tuple(capabilities))
        chain = survey_environments(project)
    report = _report.status(failures, found, chain)
    if options.json:
        return _report.as_json(report), 0
    if options.markdown:
        return _report.as_markdown(report), 0
    return _report.as_text(report, width=_width(), colour=_colour()), 0


def _verify(failures: Sequence[ImportFailure]) -> tuple[str, int]:
    with told_later():
        results = tuple((record, verify_record(record)) for record in all_shims())
        problems = (*_report.problems(failures), *unmet(capabilities, all_shims()))
    report = _report.Verification(results=results, problems=problems)
    return _report.verification_text(report, width=_width(), colour=_colour()), 0 if report.holds else 1


def _width() -> int:
    return shutil.get_terminal_size().columns if _is_terminal() else 0


def _colour() -> bool:
    return _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison]  # closed: None


def _write(text: str) -> None:
    """Write to standard output whatever its encoding; one that is closed, or a reader that went away, is no error."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  # as above
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True)
    except BrokenPipeError:
        # The interpreter flushes once more at exit; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
