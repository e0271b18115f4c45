"""What type checkers say about user code that imports ssot_shims: the folder typing is such code, this runs them on it.

Each project below is a folder away from this checkout, whose virtual environment holds the wheel and what that needs.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from textwrap import dedent

import pytest
from packaging.requirements import Requirement

import ssot_shims

CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(ssot_shims.__file__).parent
USER_CODE = CHECKOUT / "tests" / "public" / "typing"

CHECKERS = {
    "mypy": ["mypy", "--python-executable", "{python}"],
    "pyright": ["pyright"],
    "basedpyright": ["basedpyright"],
    "ty": ["ty", "check", "--output-format=concise"],
    "pyrefly": ["pyrefly", "check", "--output-format=min-text"],
}

# The line of each mark in that file: what every message quotes, mypy's rule, and pyright's. Others still rename theirs.
REJECTED = {
    line: words[1].split()
    for line, text in enumerate((USER_CODE / "rejected.py").read_text("utf-8").splitlines(), start=1)
    if len(words := text.split("  # rejected: ")) == 2
}
# Based on pyright, which runs every day.
checkers = pytest.mark.parametrize(
    "checker", [pytest.param(name, marks=[pytest.mark.slow] if name == "basedpyright" else []) for name in CHECKERS]
)
UNNOTICED = {("pyrefly", "shim")}  # it takes any decorator of a class

UPSTREAMS = {
    "netra_backend/app/websocket_core/manager.py": """
        from dataclasses import make_dataclass
        fields = "heartbeat_interval_seconds", "heartbeat_timeout_seconds", "max_missed_heartbeats"
        fields = *fields, "cleanup_interval_seconds", "ping_payload_size_limit"
        names = {"for_environment": classmethod(lambda cls, environment="development": cls())}
        HeartbeatConfig = make_dataclass("HeartbeatConfig", [(name, int, 30) for name in fields], namespace=names)
    """,
    "netra_backend/app/db/intelligent_retry_system.py": """
        from dataclasses import make_dataclass
        fields = {"max_attempts": 5, "base_delay": 1, "jitter": True}
        RetryPolicy = make_dataclass("RetryPolicy", [(name, int, value) for name, value in fields.items()])
    """,
    "acme/limits.py": """
        from collections import namedtuple
        from enum import Enum
        class Limits:
            retries = 3
            def raised(self, by): return self.retries + by
        Quota = namedtuple("Quota", "name per_second", defaults=[10])
        Colour = Enum("Colour", {"RED": "red", "GREEN": "green", "BLUE": "blue"})
        class Clock: ...
        def parse(text, *, base=10, strict=True): return int(text, base)
        async def fetch(url, timeout=None): return url.encode()
    """,
}


class Project:
    """A folder with user code, and a virtual environment that commands see as the activated one."""

    def __init__(self, root: Path, wheel: Path, state: str) -> None:
        self.state = state
        environment = root / "environment"
        venv.create(environment)
        below = {"base": str(environment), "platbase": str(environment)}
        scripts, packages = (sysconfig.get_path(kind, "venv", below) for kind in ("scripts", "purelib"))
        self.python = str(Path(scripts, "python"))
        pip("--python", self.python, "install", "--no-index", "--no-deps", str(wheel))
        (installed,) = distributions(path=[packages])
        copy_requirements(installed, Path(packages))
        for file, source in UPSTREAMS.items() if state == "upstream" else ():
            write(Path(packages, file), dedent(source))
        self.folder = Path(shutil.copytree(USER_CODE, root / "project"))
        # Nothing of the environment that the tests run in may show through.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MYPY", "SSOT_"))}
        path = os.pathsep.join([scripts, os.environ["PATH"]])
        self.variables = kept | {"PATH": path, "VIRTUAL_ENV": str(environment)}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What *command* says in this project."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(command, cwd=self.folder, env=self.variables, text=True, timeout=120, **streams)

    @cache  # noqa: B019  # a project lives as long as this module
    def check(self, checker: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What *checker*, which is installed where the tests run, says in this project."""
        words = [word.format(python=self.python) for word in CHECKERS[checker]]
        return self.run(sys.executable, "-m", *words, *arguments)


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def copy_requirements(of: Distribution, packages: Path) -> None:
    """Install whatever a distribution needs, from what is installed here, without asking an index."""
    for requirement in map(Requirement, of.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed = distribution(requirement.name)
            for file in needed.files or ():
                if ".." not in file.parts and file.suffix != ".pyc":
                    write(packages / file, file.read_text("utf-8"))
            copy_requirements(needed, packages)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is tested, which may be installed away from here."""
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    shutil.copytree(PACKAGE, source / "ssot_shims", ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module", params=["absent", pytest.param("upstream", marks=pytest.mark.slow)])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Project:
    """A project for each state that its shims may be in."""
    return Project(tmp_path_factory.mktemp(request.param), wheel, request.param)


@checkers
def test_good_code_is_accepted(project: Project, checker: str) -> None:
    """A type checker has nothing to say about good user code, whether upstream is there or not."""
    result = project.check(checker, "good.py")
    assert (result.returncode, "good.py" in result.stdout) == (0, False), result.stdout


@pytest.mark.parametrize("line", REJECTED)
@checkers
def test_wrong_code_is_rejected(project: Project, checker: str, line: int) -> None:
    """A type checker points at the line with the mistake, whether upstream is there or not."""
    quoted, mypy, pyright = REJECTED[line]
    rule = {"mypy": f"[{mypy}]", "pyright": f"({pyright})", "basedpyright": f"({pyright})"}.get(checker, "")
    said = project.check(checker, "rejected.py").stdout
    messages = re.sub(r"\n\s{4,}", " ", said).splitlines()  # pyright goes on over lines
    found = [message for message in messages if re.search(rf"rejected.py:{line}:.*{quoted}", message)]
    assert any(rule in message for message in found) or (checker, quoted) in UNNOTICED, said


def test_good_code_runs(project: Project) -> None:
    """What the type checkers accept runs without an error or a warning, whether upstream is there or not."""
    ask = "import good, ssot_shims; print(*{record.state for record in ssot_shims.all_shims()})"
    assert project.run(project.python, "-W", "error", "-c", ask).stdout == f"{project.state}\n"


def test_types_are_complete(project: Project) -> None:
    """Pyright knows the type of every public name."""
    result = project.check("pyright", "--verifytypes", "ssot_shims", "--ignoreexternal", "--outputjson")
    report = json.loads(result.stdout)["typeCompleteness"]
    unknown = [symbol["name"] for symbol in report["symbols"] if not symbol["isTypeKnown"]]
    assert (unknown, report["completenessScore"]) == ([], 1)
    assert "ssot_shims.heartbeat_config" in [module["name"] for module in report["modules"]]


def test_the_stub_of_the_face_tells_the_truth() -> None:
    """The stub that type checkers read gives the names that the package gives, and the same objects."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    imports = [(node.module, alias) for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(alias.asname or "" for _, alias in imports) == sorted(ssot_shims.__all__)
    for module, alias in imports:
        assert getattr(ssot_shims, alias.asname or "") is getattr(import_module(module or ""), alias.name)
