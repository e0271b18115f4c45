"""``migrate`` on a real tree: the source of Django with its tests, 2,800 files, fetched when this runs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims._migrate.rewrite import flaw
from tests.support.migrate_tree import plant

RELEASE = "django==5.2.6"
NEEDED = ("asgiref==3.13.0", "sqlparse==0.6.1")  # to import it
# Each imports a good part of Django, from another end.
ENTRANCES = (
    *("django.contrib.auth.hashers", "django.db.models", "django.forms", "django.http", "django.test", "django.urls"),
    *("relocated.database", "relocated.errors", "relocated.testing", "relocated.text", "relocated.web"),
)
RULES = """\
[tool.ssot_shims.migrate]
"django.test:Client" = "relocated.testing:Client"
"django.test:RequestFactory" = "relocated.testing:RequestFactory"
"django.test:SimpleTestCase" = "relocated.testing:SimpleTestCase"
"django.test:TestCase" = "relocated.testing:TestCase"
"django.test:override_settings" = "relocated.testing:override_settings"
"django.utils.translation:gettext_lazy" = "relocated.text:lazy"
"django.utils.translation:gettext" = "relocated.text:now"
"django.core.exceptions:ImproperlyConfigured" = "relocated.errors:ImproperlyConfigured"
"django.core.exceptions:ValidationError" = "relocated.errors:Invalid"
"django.db:models" = "relocated.database:models"
"django.urls:path" = "relocated.web:path"
"django.urls:reverse" = "relocated.web:reverse"
"""
MOVED = ("Client", "RequestFactory", "SimpleTestCase", "TestCase", "override_settings")
HOMES = {
    "pyproject.toml": RULES,
    "relocated/__init__.py": "",
    # Some names of django.test stay where they are: their imports are split.
    "relocated/testing.py": f"from django.test import {', '.join(MOVED)}\n",
    "relocated/text.py": "from django.utils.translation import gettext as now, gettext_lazy as lazy\n",
    "relocated/errors.py": "from django.core.exceptions import ImproperlyConfigured, ValidationError as Invalid\n",
    "relocated/database.py": "from django.db import models\n",
    "relocated/web.py": "from django.urls import path, reverse\n",
}


@pytest.fixture(scope="module")
def django(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source, with new homes for some of its names."""
    folder = tmp_path_factory.mktemp("django")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    done = subprocess.run(
        [*fetch, "--no-build-isolation", RELEASE], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{RELEASE} cannot be fetched here: {done.stderr.strip().splitlines()[-1]}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (tree,) = (entry for entry in folder.iterdir() if entry.is_dir())
    plant(tree, {**HOMES})
    return tree


def migrate(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the program says of the tree."""
    line = [sys.executable, "-m", "ssot_shims", "migrate", ".", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(ssot_shims.__file__).parents[1])}
    return subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def imported(tree: Path, packages: Path) -> list[str]:
    """What keeps each of the entrances from being imported, in a process of its own."""
    path = os.pathsep.join(map(str, (tree, packages)))
    problems: list[str] = []
    for module in ENTRANCES:
        code = f"from django.conf import settings; settings.configure(); import {module}"
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
        problems += [f"{module}: {done.stderr.splitlines()[-1]}"] if done.returncode else []
    return problems


def sources(tree: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(tree.rglob("*.py"))}


@pytest.mark.slow
def test_a_real_tree_differs_in_imports_alone(django: Path, tmp_path: Path) -> None:
    """Every file still compiles, says the same outside of imports, binds the same names, and a second run is idle.

    And the program can be imported as before: no import of a new home leads back to it.
    """
    fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), *NEEDED]
    subprocess.run(fetch, check=True)
    assert imported(django, tmp_path) == []
    before = sources(django)
    done = migrate(django, "--write")
    print(done.stdout)  # for whoever reviews it
    assert done.stderr == ""
    after = sources(django)
    changed = [file for file in before if before[file] != after[file]]
    assert len(before) > 2000
    assert len(changed) > 1000
    assert [*after] == [*before]
    for file in changed:
        assert flaw(ast.parse(before[file]), after[file]) == "", file
        compile(after[file], str(file), "exec", dont_inherit=True)
    assert imported(django, tmp_path) == []
    again = migrate(django, "--check")
    assert again.stdout.splitlines()[-1].split("; ")[1] == "0 to rewrite with --write"
    assert again.returncode == 1  # some statements stay, and are reported
    assert sources(django) == after
