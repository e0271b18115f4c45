"""The command line: ``ssot-shims``, or ``python -m ssot_shims``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TextIO

import ssot_shims._report as _report
from ssot_shims._project.declarations import importable, load_declarations, told_later
from ssot_shims._project.environment import survey_environments
from ssot_shims._project.pyproject import Project, find_project
from ssot_shims._project.requirement import survey, unmet
from ssot_shims._shims.shim import all_shims
from ssot_shims._text import one_line
from ssot_shims._version import __version__
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Run = Callable[[argparse.Namespace, Project, Path, TextIO | None], int]
    Functions = tuple[Callable[[argparse.ArgumentParser], None], Run]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 a promise does not hold (``verify``), 2 wrong usage.

    ``migrate`` gives 1 when a check finds something to rewrite, 3 when a file could not be done, and 130 when it was
    interrupted.

    *argv* is what follows the name of the program; None takes it from ``sys.argv``.
    """
    options, out = _options(argv), sys.stdout
    with redirect_stdout(sys.stderr):
        return _exit_code(options, out)


def run() -> NoReturn:
    """The program: what :func:`main` does, and then the end, whatever probes have left running."""
    options = _options(None)
    code = _exit_code(options, _report.take_stdout())
    if threading.active_count() > 1:  # a probe hangs in it, or has started it: the interpreter may wait for ever
        os._exit(code)
    sys.exit(code)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "status")
    return _parser(words[0]).parse_args(words)


def _exit_code(options: argparse.Namespace, out: TextIO | None) -> int:
    """The exit code of the command, after its report was written to *out*."""
    try:
        folder = Path.cwd()
        run: Run = options.run
        return run(options, find_project(folder), folder, out)
    except (SsotShimsError, OSError) as error:
        print(f"ssot-shims: {one_line(str(error))}", file=sys.stderr)
        return 2


def _parser(command: str) -> argparse.ArgumentParser:
    """The parser for all commands; only *command* has its arguments, since those of a tool are in its own module."""
    about = "Tell what every shim and capability is on this machine, and why."
    parser = argparse.ArgumentParser(prog="ssot-shims", description=about)
    parser.add_argument("--version", action="version", version=f"ssot-shims {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in _COMMANDS.items():
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        if name == command:
            add_arguments, run = _functions(name)
            add_arguments(added)
            added.set_defaults(run=run)
    return parser


def _functions(command: str) -> Functions:
    if command not in _TOOLS:
        return _OWN[command]
    tool = import_module(_TOOLS[command])
    return tool.add_arguments, tool.run


def _add_modules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="a module that declares shims or capabilities")


def _add_status(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as Markdown tables")
    _add_modules(parser)


def _status(options: argparse.Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    with importable(folder, project.root):  # to the end, because probes and examples import too
        failures = load_declarations(project, options.modules, folder)
        with told_later():
            answers = survey()
            environments, problems = survey_environments(project)
        problems = (*_report.problems(failures), *problems)
        report = _report.Status(shims=all_shims(), answers=answers, environments=environments, problems=problems)
        if options.json:
            text = _report.as_json(report)
        else:
            text = _report.as_markdown(report) if options.markdown else _report.as_text(report, **_look(out))
    _report.write(out, text)
    return 0


def _verify(options: argparse.Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
    from ssot_shims._contract.verification import verify_record  # doctest, and pdb with it

    with importable(folder, project.root):
        failures = load_declarations(project, options.modules, folder)
        with told_later():
            results = tuple((record, verify_record(record)) for record in all_shims())
            required = [f"{verdict.required_by}={verdict.replace(is_required=False)}" for verdict in unmet()]
        report = _report.Verification(results=results, problems=(*_report.problems(failures), *required))
    _report.write(out, _report.verification_text(report, **_look(out)))
    return 0 if report.holds else 1


def _look(out: TextIO | None) -> dict[str, Any]:
    """How a table is to look on *out*."""
    if out is None or not out.isatty():
        return {"width": 0, "colour": False}
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return {"width": shutil.get_terminal_size().columns, "colour": colour}


_COMMANDS = {
    "status": "what every shim and capability is here, and why (the default)",
    "verify": "compare every placeholder with the upstream it stands for; exit code 1 if a promise does not hold",
    "migrate": "rewrite imports to the places that rules name; shows what it would do, and does it with --write",
}
_OWN: dict[str, Functions] = {"status": (_add_status, _status), "verify": (_add_modules, _verify)}
# The module of a tool has add_arguments(parser) and run(options, project, folder, out), which gives the exit code. It
# is imported for its own command alone; a SsotShimsError that it raises is one line on standard error and exit code 2.
_TOOLS = {"migrate": "ssot_shims._migrate.command"}
