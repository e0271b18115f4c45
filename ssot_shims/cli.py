"""The command line: ``ssot-shims``, or ``python -m ssot_shims``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NoReturn, TextIO

import ssot_shims._report as _report
from ssot_shims._project.declarations import ImportFailure, importable, load_declarations, told_later
from ssot_shims._project.environment import survey_environments
from ssot_shims._project.pyproject import Project, find_project
from ssot_shims._project.requirement import survey, unmet
from ssot_shims._shims.shim import all_shims
from ssot_shims._text import one_line
from ssot_shims._version import __version__
from ssot_shims.errors import SsotShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # it has no public name


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
    return _parser().parse_args(words)


def _exit_code(options: argparse.Namespace, out: TextIO | None) -> int:
    """The exit code of the command, after its report was written to *out*."""
    try:
        folder = Path.cwd()
        project = find_project(folder)
        if options.command == "migrate":
            from ssot_shims._migrate.command import migrate  # libcst

            return migrate(options, project, folder, out)
        with importable(folder, project.root):  # to the end, because probes and examples import too
            failures = load_declarations(project, options.modules, folder)
            is_status, look = options.command == "status", _look(out)
            text, code = _status(options, project, failures, look) if is_status else _verify(failures, look)
        _report.write(out, text)
    except (SsotShimsError, OSError) as error:
        print(f"ssot-shims: {one_line(str(error))}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    about = "Tell what every shim and capability is on this machine, and why."
    parser = argparse.ArgumentParser(prog="ssot-shims", description=about)
    parser.add_argument("--version", action="version", version=f"ssot-shims {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    status = _add(commands, "status", "what every shim and capability is here, and why (the default)")
    form = status.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as Markdown tables")
    about = "compare every placeholder with the upstream it stands for; exit code 1 if a promise does not hold"
    verify = _add(commands, "verify", about)
    module = "a module that declares shims or capabilities"
    for command in (status, verify):
        command.add_argument("modules", nargs="*", metavar="MODULE", help=module)
    _add_migrate(commands)
    return parser


def _add(commands: Commands, name: str, about: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")


def _add_migrate(commands: Commands) -> None:
    about = "rewrite imports to the places that rules name; shows what it would do, and does it with --write"
    migrate = _add(commands, "migrate", about)
    migrate.add_argument("paths", nargs="+", metavar="PATH", help="a folder, or a .py or .pyi file")
    mode = migrate.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="rewrite the files")
    mode.add_argument("--check", action="store_true", help="exit code 1 if there is anything to rewrite")
    rule = "such as old.mod:Name=new.mod:Name or old.mod:*=new.mod:*; pyproject.toml and the shims say more"
    migrate.add_argument("--rule", action="append", default=[], metavar="OLD=NEW", help=rule)
    exclude = "leave out what this names from the project's folder on, such as tests/fixtures or **/*_pb2.py"
    migrate.add_argument("--exclude", action="append", default=[], metavar="GLOB", help=exclude)
    migrate.add_argument("--no-gitignore", action="store_true", help="take what git ignores as well")
    migrate.add_argument("--all", action="store_true", help="list every place, and not three of each group")
    migrate.add_argument("--format", choices=("text", "json", "github"), default="text", help="of the report (text)")
    migrate.add_argument("--jobs", metavar="N", help="processes to use at most (all cores)")


def _status(
    options: argparse.Namespace, project: Project, failures: Sequence[ImportFailure], look: Mapping[str, Any]
) -> tuple[str, int]:
    with told_later():
        answers = survey()
        environments, problems = survey_environments(project)
    problems = (*_report.problems(failures), *problems)
    report = _report.Status(shims=all_shims(), answers=answers, environments=environments, problems=problems)
    if options.json:
        return _report.as_json(report), 0
    if options.markdown:
        return _report.as_markdown(report), 0
    return _report.as_text(report, **look), 0


def _verify(failures: Sequence[ImportFailure], look: Mapping[str, Any]) -> tuple[str, int]:
    from ssot_shims._contract.verification import verify_record  # doctest, and pdb with it

    with told_later():
        results = tuple((record, verify_record(record)) for record in all_shims())
        required = [f"{verdict.required_by}={verdict.replace(is_required=False)}" for verdict in unmet()]
    report = _report.Verification(results=results, problems=(*_report.problems(failures), *required))
    return _report.verification_text(report, **look), 0 if report.holds else 1


def _look(out: TextIO | None) -> dict[str, Any]:
    """How a table is to look on *out*."""
    if out is None or not out.isatty():
        return {"width": 0, "colour": False}
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return {"width": shutil.get_terminal_size().columns, "colour": colour}
