"""What is built and what it needs: floors, links, workflows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_floors_that_are_tried_are_those_of_the_project() -> None:
    """Every package that pyproject.toml names is in .ci/floors.txt, in the oldest version that will do."""
    extras = PROJECT["optional-dependencies"]
    stated = [*PROJECT["dependencies"], *extras["docker"], *extras["migrate"], *extras["dev"]]
    floors = [Requirement(line) for line in (ROOT / ".ci/floors.txt").read_text().splitlines() if line[0] != "#"]
    tried = {floor.name: str(floor.specifier).removeprefix("==") for floor in floors}
    assert {Requirement(text).name for text in stated} == set(tried)
    for requirement in map(Requirement, stated):
        (lowest,) = {one.version for one in requirement.specifier}
        known = {tried[requirement.name], "13" if requirement.name == "rich" else ""}
        assert any(version == lowest or re.fullmatch(rf"{lowest}(\.0|\.\d{{8}})+", version) for version in known)


def test_a_release_has_the_addresses_of_its_repository(tmp_path: Path) -> None:
    """The release workflow fills in what the sources do not know; no link of the README is relative then."""
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, ROOT / ".ci/links.py", "https://code.example/me/it", "v1.0"]
    subprocess.run(command, cwd=tmp_path, check=True)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Repository"] == "https://code.example/me/it"
    assert {**project, "urls": None} == {**PROJECT, "urls": None}
    links = re.findall(r"\]\(([^)]+)\)", (tmp_path / "README.md").read_text("utf-8"))
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert {link.split("/")[5] for link in links if link.endswith(".svg")} == {"raw"}  # the page of a picture is none


def test_workflows_run_what_somebody_has_read() -> None:
    """Each action is named by a commit, with the version it is of beside it."""
    files = [*(ROOT / ".github/workflows").glob("*.yml")]
    uses = [line.split("uses:")[1].strip() for one in files for line in one.read_text().splitlines() if "uses:" in line]
    assert len(uses) > 9
    for use in uses:
        assert use.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
