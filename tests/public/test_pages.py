"""README.md and the pages under docs/ are true: code runs, commands and tables read, nothing is left out."""

from __future__ import annotations

import argparse
import configparser
import html
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import ssot_shims
import ssot_shims.errors
from ssot_shims import cli
from ssot_shims._audit.pattern import RULES
from ssot_shims._plugin.results import LABELS
from ssot_shims._probes.notation import _FORMS, read
from ssot_shims._project.pyproject import read_project
from ssot_shims._project.requirement import _OUTCOMES
from ssot_shims.pytest_plugin import _SETTINGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
BLOCK = re.compile(r"^( *)```(\S+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
KINDS = {"python", "toml", "sh", "console", "ini", *("text", "yaml", "{toctree}", "{eval-rst}")}  # four are only read
# The output in docs/ci.md is that of its command; tests/junit compares them.
RUN = [page for page in PAGES if page.name != "ci.md"]


def blocks(page: Path, language: str) -> list[str]:
    found = BLOCK.findall(page.read_text("utf-8"))
    return [re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, kind, text in found if kind == language]


def each(language: str, pages: list[Path] = PAGES) -> pytest.MarkDecorator:
    cases = [(page, number, text) for page in pages for number, text in enumerate(blocks(page, language))]
    ids = [f"{page.stem}-{number}" for page, number, _ in cases]
    return pytest.mark.parametrize(("page", "block"), [(page, text) for page, _, text in cases], ids=ids)


def run(command: list[str], folder: Path, codes: tuple[int, ...] = (0,)) -> str:
    """Standard output of a command that ends with one of *codes*, in a process of its own that sees this checkout."""
    env = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder)}
    env |= {"SSOT_SHIMS_TIMEOUT": "0.5", "STAGING_URL": "https://staging.example.com"}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode in codes, done.stderr) == (True, "")
    return done.stdout


def test_the_readme_is_short() -> None:
    """It has at most 110 lines, and every block is of a kind that some test here looks at."""
    assert len(PAGES[0].read_text("utf-8").splitlines()) <= 110
    assert {kind for _, kind, _ in BLOCK.findall(TEXT)} <= KINDS
    assert TEXT.count("```") == 2 * len(BLOCK.findall(TEXT))


@each("python")
def test_python_runs(page: Path, block: str, tmp_path: Path) -> None:
    """Each is a program without errors or warnings, with the environments of its page; also where acme is installed."""
    tables = [text for text in blocks(page, "toml") if "environments" in text]
    (tmp_path / "pyproject.toml").write_text("\n".join(tables))
    (tmp_path / "block.py").write_text(block)
    # What a page skips for want of the thing it shows is a test of unittest, or of pytest.
    run([sys.executable, "-W", "error", "block.py"], tmp_path)
    if '@shim("acme.' in block:
        (tmp_path / "acme").mkdir()
        (tmp_path / "acme" / "limits.py").write_text("class Limits: ...\nclass RateLimit: ...\n")
        run([sys.executable, "-W", "error", "block.py"], tmp_path)


@each("toml")
def test_tables_read(page: Path, block: str, tmp_path: Path) -> None:
    """Each table is accepted by whoever reads it."""
    (tmp_path / "pyproject.toml").write_text(block)
    assert read_project(tmp_path / "pyproject.toml").file


@each("ini")
def test_ini_reads(page: Path, block: str) -> None:
    """Each block is one of tox."""
    ini = configparser.ConfigParser()
    ini.read_string(block)
    assert "SSOT_SHIMS_*" in ini["testenv"]["pass_env"].split()


@each("sh", RUN)
def test_commands_run(page: Path, block: str, tmp_path: Path) -> None:
    """Each command that installs nothing ends with exit code 0."""
    if "pip install" not in block and "venv" not in block:
        assert run(["bash", "-euo", "pipefail", "-c", block], tmp_path)


@each("console")
def test_shown_commands_exist(page: Path, block: str) -> None:
    """What is shown of a command line is accepted by its parser."""
    for line in block.splitlines():
        words = shlex.split(re.sub(r"^\$ |\S+=\S+ |python -m (?=ssot_shims)|uvx |uv run ", "", line))
        if words[0].replace("_", "-") == "ssot-shims":
            cli._parser().parse_args(words[1:])
        else:
            assert {word for word in words if word.startswith("--ssot")} <= plugin_options()


def test_links_lead_somewhere() -> None:
    """Links between files of the repository do, and so do those to a heading."""
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "examples" / "acme" / "README.md"]:
        for link in re.findall(r"\]\((?!https?:)([^)\s]*)\)", page.read_text("utf-8")):
            path, _, heading = link.partition("#")
            file = page.parent / path if path else page
            assert file.is_file(), (page.name, link)
            heads = re.findall(r"^#+ (.*)", file.read_text("utf-8"), re.MULTILINE) if heading else []
            assert heading in {"", *(re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads)}, link


def test_nothing_is_unnamed() -> None:
    """Each public name, setting, option, ini key, command, label, state and scheme is named by a page."""
    errors = {name for name in vars(ssot_shims.errors) if isinstance(getattr(ssot_shims.errors, name), type)}
    assert ".. automodule:: ssot_shims.errors" in TEXT
    names = {*ssot_shims.__all__} - errors | variables() | plugin_options() | {*_SETTINGS} | options(cli._parser())
    names |= {*LABELS, *_OUTCOMES}
    assert [name for name in sorted(names) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", TEXT)] == []
    (table,) = re.findall(r"^\| notation \|.*?\n\n", (DOCS / "reference" / "probes.md").read_text("utf-8"), re.M | re.S)
    shown = [text for row in table.splitlines()[2:] for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    page = (DOCS / "howto" / "audit.md").read_text("utf-8").replace("`", "")
    assert [rule for rule, text in RULES.items() if f"| {rule} | {text}" not in page] == []
    assert {read(notation).notation.partition(":")[0] for notation in shown} == _FORMS.keys()


def variables() -> set[str]:
    """The variables that the package reads by their names."""
    source = Path(ssot_shims.__file__).with_name("_settings.py").read_text("utf-8")
    names = re.findall(r'^[A-Z_]+ = PREFIX \+ "([A-Z_]+)"', source, re.MULTILINE)
    return {"SSOT_SHIMS_" + (name + "<NAME>" if name.endswith("_") else name) for name in names}


def plugin_options() -> set[str]:
    return {"--" + name.replace("_", "-") for name in _SETTINGS}


def options(parser: argparse.ArgumentParser) -> set[str]:
    """The commands and the long options of *parser*."""
    found: set[str] = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                found |= {name, *options(command)}
        found |= {option for option in action.option_strings if option.startswith("--")}
    return found


def test_commands_are_all_in_their_table() -> None:
    """Each option stands in a row with the commands that have it, and each exit code of the help in one too."""
    page = (DOCS / "reference" / "commands.md").read_text("utf-8")
    (commands,) = [one for one in cli._parser()._actions if isinstance(one, argparse._SubParsersAction)]
    rows = [row.split(" | ") for row in re.findall(r"^\| (`--.*)", page, re.MULTILINE)]
    for name, parser in commands.choices.items():
        for option in options(parser):
            (of,) = (cells[1] for cells in rows if re.search(rf"`{option}[` ]", cells[0]))
            assert of == "all" or f"`{name}`" in of, (name, option)
    for code in re.findall(r"^  (\d+) ", cli.__doc__ or "", re.MULTILINE):
        assert re.search(rf"\b{code}\b", page), code


def test_the_help_names_each_setting() -> None:
    """Each variable that the package reads stands in the help of the program."""
    text = (cli.__doc__ or "").replace("HAS_DOCKER", "HAS_<NAME>")
    assert [name for name in sorted(variables()) if name not in text] == []


def test_the_reasons_in_the_page_of_migrate_are_those_that_it_gives() -> None:
    """Its table quotes each group and each reason; dots stand for what differs."""
    folders = (Path(ssot_shims.__file__).with_name(name) for name in ("_migrate", "_codebase"))
    source = "".join(file.read_text("utf-8") for folder in folders for file in folder.glob("*.py"))
    page = (DOCS / "howto" / "migrate.md").read_text("utf-8").partition("| group | reason |")[2].partition("\n\n")[0]
    rows = [row.split(" | ") for row in page.splitlines()[2:]]
    quoted = [text for group, reasons, _ in rows for text in re.findall("`([^`]+)`", group + reasons)]
    assert len(quoted) > 2 * len(rows) > 0
    assert [text for text in quoted if not all(part in source for part in text.split("..."))] == []


SUITE = """
import pytest
from ssot_shims import shim
@shim("json:loads")
def loads(s, strict): ...
@pytest.mark.requires_capability("env:PATH")
def test_one(): pass
"""


def test_keys_of_the_json_are_those_that_are_shown(tmp_path: Path) -> None:
    """For each report: no key that its page does not name, in its lists neither, and none that is not there."""
    page = (DOCS / "reference" / "json.md").read_text("utf-8")
    (tmp_path / "test_one.py").write_text(SUITE)
    (tmp_path / "old.py").write_text("try:\n    import nope\nexcept ImportError:\n    nope = None\n    HAS = False\n")
    head, environment = 'tool.ssot_shims.modules = ["test_one"]\n', '[[tool.ssot_shims.environments]]\nname = "here"\n'
    (tmp_path / "pyproject.toml").write_text(head + environment)
    shims, report = [sys.executable, "-m", "ssot_shims"], tmp_path / "report.json"
    for command in (["status"], ["verify"], ["check", "env:PATH"], ["migrate", "."], ["audit", "."]):
        refuse_unnamed(json.loads(run([*shims, *command, "--format=json"], tmp_path, (0, 1))), page)
    run([sys.executable, "-m", "pytest", "-p", "ssot_shims.pytest_plugin", f"--ssot-report={report}"], tmp_path)
    refuse_unnamed(json.loads(report.read_text()), page)


def refuse_unnamed(data: dict[str, object], page: str) -> None:
    for key, value in data.items():
        assert f"`{key}`" in page
        rows = [part for row in page.splitlines() if row.startswith(f"| `{key}` ") for part in row.split("; of ")]
        for entry in value if isinstance(value, list) and rows else ():
            if isinstance(entry, dict):
                assert any(all(f"`{name}`" in row for name in entry) for row in rows), (key, entry)


@pytest.mark.skipif(sys.platform != "linux", reason="the paths in them are those of Linux")
def test_the_pictures_are_of_real_output(tmp_path: Path) -> None:
    """Drawn again, they say what they say in the repository."""
    run([sys.executable, str(DOCS / "pictures.py"), str(tmp_path)], tmp_path)
    for name in ("status.svg", "section.svg"):
        drawn, kept = (
            re.findall(r">([^<>]+)</text>", (folder / name).read_text()) for folder in (tmp_path, DOCS / "images")
        )
        if "no socket at /var/run/docker.sock" not in html.unescape(" ".join(drawn)).replace("\xa0", " "):
            pytest.skip("there is a Docker engine here, or another reason why there is none")
        assert drawn == kept
