"""``migrate`` on a real tree: the source of Django with its tests, 2,800 files, fetched when this runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import ssot_shims
from ssot_shims._codebase.source import read_source
from ssot_shims._migrate.rewrite import flaw
from tests.support.migrate_tree import plant

RELEASE = "django==5.2.6"
NEEDED = ("asgiref==3.13.0", "sqlparse==0.6.1")  # to import it
# New modules, where their names come from, and each name with what it is called there.
MOVED = {
    "testing": ("django.test", ["Client", "RequestFactory", "SimpleTestCase", "TestCase", "override_settings"]),
    "text": ("django.utils.translation", ["gettext as now", "gettext_lazy as lazy"]),
    "errors": ("django.core.exceptions", ["ImproperlyConfigured", "ValidationError as Invalid"]),
    "database": ("django.db", ["models"]),
    "web": ("django.urls", ["path", "reverse"]),
}
# Each imports a good part of Django, from another end.
ENTRANCES = ["django.contrib.auth.hashers", "django.db.models", "django.forms", "django.http", "django.test"]
ENTRANCES += [f"relocated.{module}" for module in MOVED]


def python(*words: str, cwd: Path, path: object = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{Path(ssot_shims.__file__).parents[1]}{os.pathsep}{path}"}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def check_importable(tree: Path, packages: Path) -> None:
    """Each of the entrances can be imported, in a process of its own."""
    for module in ENTRANCES:
        code = f"from django.conf import settings; settings.configure(); import {module}"
        done = python("-c", code, cwd=tree, path=packages)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_real_tree_differs_in_imports_alone(tmp_path: Path) -> None:
    """Every file still compiles and says the same outside of imports, a second run is idle, and the program loads."""
    fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", RELEASE]
    done = python(*fetch, cwd=tmp_path)
    if done.returncode:
        pytest.skip(f"{RELEASE} cannot be fetched here: {done.stderr.strip().splitlines()[-1]}")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as packed:
        packed.extractall(tmp_path, filter="data")
    (tree,) = (entry for entry in tmp_path.iterdir() if entry.is_dir())
    packages = tmp_path / "packages"
    python("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(packages), *NEEDED, cwd=tmp_path)
    rules = ["[tool.ssot_shims.migrate]"]
    for module, (old, names) in MOVED.items():
        plant(tree, {f"relocated/{module}.py": f"from {old} import {', '.join(names)}\n", "relocated/__init__.py": ""})
        parts = [name.partition(" as ") for name in names]
        rules += [f'"{old}:{name}" = "relocated.{module}:{local or name}"' for name, _, local in parts]
    plant(tree, {"pyproject.toml": "\n".join(rules)})
    check_importable(tree, packages)
    before = {file: file.read_bytes() for file in sorted(tree.rglob("*.py"))}
    done = python("-m", "ssot_shims", "migrate", ".", "--write", cwd=tree)
    assert done.stderr == ""
    changed = [file for file in before if before[file] != file.read_bytes()]
    assert len(changed) > 1000
    for file in changed:
        assert flaw(read_source(before[file]), file.read_bytes()) == "", file
        compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    check_importable(tree, packages)
    again = python("-m", "ssot_shims", "migrate", ".", "--check", cwd=tree)
    assert again.stdout.splitlines()[-1].split("; ")[1] == "0 to rewrite with --write"
    assert again.returncode == 1  # some statements stay, and are reported
