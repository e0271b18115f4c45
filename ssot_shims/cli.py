"""Tell which symbols and services a test suite finds on this machine, and why.

The default COMMAND is status.

Exit codes:
  0    done; check: all names are available; verify: every promise holds
  1    check: a name is not available; verify: a promise does not hold, or a
       requirement is not met; migrate --check: imports are left to rewrite;
       audit: there are findings; report: a condition of --fail-on holds
  2    wrong usage, an unknown name, or a setting that is not valid
  3    migrate, audit, report: a file could not be processed, and 1 does not
       apply
  130  interrupted

Settings (environment variables):
  SSOT_SHIMS_HAS_DOCKER=0     docker is unavailable, without a probe; with 1
                              it is available; any capability can be named
  SSOT_SHIMS_NO_SERVICES=1    every service is unavailable, without a probe
  SSOT_SHIMS_TIMEOUT=2.5      seconds that one probe may take
  SSOT_SHIMS_REQUIRE=docker   docker must be real here: a test that needs it is
                              an error and no skip, and verify fails
  SSOT_SHIMS_ENVIRONMENT=ci   the environment of pyproject.toml to use
  SSOT_SHIMS_STRICT=1         an upstream that moved or broke is an error
  SSOT_SHIMS_PLACEHOLDERS=1   use placeholders although upstreams are there
  SSOT_SHIMS_UPSTREAM_<NAME>=pkg.mod:Name
                              another target for the shim NAME
  NO_COLOR=1                  no colour on a terminal

The project is the nearest pyproject.toml, in this folder or above it, with its
table [tool.ssot_shims]. The documentation is in docs/ of the repository.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TextIO

import ssot_shims._report as _report
from ssot_shims._capabilities.builtin import capabilities
from ssot_shims._project.declarations import importable, load_declarations, register, told_later
from ssot_shims._project.environment import survey_environments
from ssot_shims._project.pyproject import Project, find_project
from ssot_shims._project.requirement import UPSTREAM, judge_each, survey, unmet
from ssot_shims._record import Record
from ssot_shims._text import one_line
from ssot_shims._version import __version__
from ssot_shims.errors import CapabilityMissing, SsotShimsError


class Command(Record):
    """A command of this module: what adds its arguments, and what gives its report and its exit code."""

    add_arguments: Callable[[argparse.ArgumentParser], object]
    find: Callable[[argparse.Namespace, Project, Path], tuple[_report.Report, int]]

    def run(self, options: argparse.Namespace, project: Project, folder: Path, out: TextIO | None) -> int:
        """Show the report on *out*, and give the exit code."""
        with importable(folder, project.root):  # to the end, because probes and examples import too
            report, code = self.find(options, project, folder)
        if options.format:
            _report.show(out, report, options.format)
        return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    0 is done. 1 is a name that is not available (``check``), a promise that does not hold (``verify``), an import that
    is left (``migrate --check``), a finding (``audit``), or a condition of ``report --fail-on``. 2 is wrong usage. The
    last three give 3 when a file could not be processed. Ctrl-C raises KeyboardInterrupt; the program exits 130.

    *argv* is what follows the name of the program; None takes it from ``sys.argv``.
    """
    options, out = _options(argv), sys.stdout
    with redirect_stdout(sys.stderr):
        return _exit_code(options, out)


def run() -> NoReturn:
    """The program: what :func:`main` does, and then the end, whatever probes have left running."""
    options = _options(None)
    try:
        code = _exit_code(options, _report.take_stdout())
    except KeyboardInterrupt:
        print("ssot-shims: interrupted", file=sys.stderr)
        code = 130
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
        return int(options.run(options, find_project(folder), folder, out))
    except (SsotShimsError, OSError) as error:
        print(f"ssot-shims: {one_line(str(error))}", file=sys.stderr)
        return 2


def _parser(command: str = "") -> argparse.ArgumentParser:
    """The parser for all commands. Only *command* has its arguments, because a tool is imported for them."""
    about, _, more = (__doc__ or "").partition("\n\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="ssot-shims", description=about, epilog=more, formatter_class=form)
    parser.add_argument("--version", action="version", version=f"ssot-shims {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, about in _COMMANDS.items():
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        if command in (name, ""):
            found = _OWN.get(name) or import_module(_TOOLS[name])
            found.add_arguments(added)
            added.set_defaults(run=found.run)
    return parser


def _add_modules(parser: argparse.ArgumentParser) -> None:
    about = "a Python module that declares shims or capabilities, besides those of pyproject.toml, such as tests.shims"
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=about)
    _add_format(parser, "json", "markdown")


def _add_names(parser: argparse.ArgumentParser) -> None:
    about = "such as docker, tcp://localhost:5432, module:numpy>=2, upstream:HeartbeatConfig or upstream:pkg.mod:Name"
    parser.add_argument("names", nargs="+", metavar="NAME", help=about)
    form = _add_format(parser, "json")
    about = "ask again until all are available, for at most SECONDS"
    parser.add_argument("--wait", type=float, metavar="SECONDS", help=about)
    form.add_argument("--quiet", action="store_const", dest="format", const="", help="print nothing but errors")


def _add_format(parser: argparse.ArgumentParser, *forms: str) -> argparse._MutuallyExclusiveGroup:
    group = parser.add_mutually_exclusive_group()
    about = "how the report is written (default: text)"
    group.add_argument("--format", choices=("text", *forms), default="text", help=about)
    for form in forms:
        about = f"short for --format {form}"
        group.add_argument(f"--{form}", action="store_const", dest="format", const=form, help=about)
    return group


def _status(options: argparse.Namespace, project: Project, folder: Path) -> tuple[_report.Report, int]:
    shims, failures = load_declarations(project, options.modules, folder)
    with told_later():
        answers = survey()
        environments, problems = survey_environments(project)
    return _report.status(shims, answers, environments, (*_report.problems(failures), *problems)), 0


def _check(options: argparse.Namespace, project: Project, folder: Path) -> tuple[_report.Report, int]:
    register(project)
    if project.modules:
        capabilities.explain_unknown("ssot-shims status imports modules and shows what they declare")
    names = [name for name in options.names if not name.startswith(UPSTREAM)]
    if (options.wait or 0) > 0 and sys.stderr and sys.stderr.isatty():
        print(f"waiting for {', '.join(names)}, at most {options.wait:g} s", file=sys.stderr)
    with suppress(CapabilityMissing):  # the report tells what is missing
        capabilities.require(*names, wait=options.wait)
    verdicts = judge_each(options.names, {})
    if project.modules and any(verdict.status == "unknown" for verdict in verdicts):  # a shim
        for failure in load_declarations(project, (), folder)[1]:
            print(f"ssot-shims: {one_line(failure)}", file=sys.stderr)
        verdicts = judge_each(options.names, {})
    return _report.check(verdicts), max(2 if one.status == "unknown" else int(one.outcome != "run") for one in verdicts)


def _verify(options: argparse.Namespace, project: Project, folder: Path) -> tuple[_report.Report, int]:
    from ssot_shims._contract.verification import verify_record  # doctest, and pdb with it

    shims, failures = load_declarations(project, options.modules, folder)
    with told_later():
        results = tuple((record, verify_record(record)) for record in shims)
        required = [f"{verdict.required_by}={verdict.replace(is_required=False)}" for verdict in unmet()]
    report = _report.verification(results, (*_report.problems(failures), *required))
    return report, 0 if report.data["holds"] else 1


_COMMANDS = {
    "status": "show every shim, capability and environment: what it is on this machine, and why",
    "check": "tell whether each NAME is available, a line each; exit code 0 when all are, 1 when one is not",
    "verify": "compare the placeholder of every shim with its upstream; exit code 1 when a promise does not hold",
    "audit": "find import fallbacks, checks and skips written by hand, and the moved imports that they hide",
    "migrate": "rewrite imports by rules; shows a diff, and changes the files with --write",
    "report": "add up the JUnit XML of many jobs, and list the tests that ran in none of them, with the reason",
}
_OWN = {
    "status": Command(add_arguments=_add_modules, find=_status),
    "check": Command(add_arguments=_add_names, find=_check),
    "verify": Command(add_arguments=_add_modules, find=_verify),
}
# The module of a tool has add_arguments(parser) and run(options, project, folder, out), which gives the exit code. It
# is imported for its own command alone; a SsotShimsError that it raises is one line on standard error and exit code 2.
_TOOLS = {
    "audit": "ssot_shims._audit.command",
    "migrate": "ssot_shims._migrate.command",
    "report": "ssot_shims._junit_report",
}
