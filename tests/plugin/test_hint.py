"""A collection that failed over something that a shim offers ends with the line to write."""

from __future__ import annotations

from tests.plugin.conftest import Suite

OFFER = "A shim offers it, whether it is installed or not; write:"
MODULES = {
    "pyproject.toml": '[tool.ssot_shims]\nmodules = ["acme_shims"]\n',
    "acme_shims.py": "from ssot_shims import shim\n@shim('acme.ws:Limits')\nclass Limits: ...\n",
    "acme/__init__.py": "from nowhere import Limits\n",
    "test_ours.py": """
from netra_backend.app.db.intelligent_retry_system import RetryPolicy
""",
    "test_several.py": """
try:
    from netra_backend.app import (
        Something,
        HeartbeatConfig as Config,
        RetryPolicy,
    )
finally:
    pass
""",
    "test_theirs.py": "from acme.elsewhere import Limits\n",
    "test_other_package.py": "from tenacity_like import RetryPolicy\n",
    "test_relative.py": "from .netra_backend import RetryPolicy\n",
    "test_module.py": "import netra_backend\n",
    "test_other_error.py": "raise ValueError('no import')\n",
    "test_by_name.py": "__import__('netra_backend')  # not taken from a module\n",
    "test_of_no_python.py": "exec(compile('from netra_backend import RetryPolicy', 'template.txt', 'exec'))\n",
    "template.txt": "from here on (it is no Python)\n",
    "nested/conftest.py": "from netra_backend import HeartbeatConfig\n",
    "nested/test_nested.py": "def test_nested(): pass\n",
    "test_fine.py": "def test_fine(): pass\n",
}


def test_the_line_to_write(suite: Suite) -> None:
    """For each name that a shim of that package offers, ours and the project's; for nothing else."""
    suite.write(MODULES)
    run = suite.run("--continue-on-collection-errors")
    assert (run.code, run.collected, run.outcomes["test_fine.py::test_fine"]) == (1, 1, "passed")

    def hint(module: str) -> list[str]:
        lines = run.reasons[module].splitlines()
        return lines[lines.index(OFFER) + 1 :] if OFFER in lines else []

    assert {module: hint(module) for module in run.reasons if hint(module)} == {
        "test_ours.py": ["    from ssot_shims import RetryPolicy"],
        "test_several.py": [
            "    from ssot_shims import HeartbeatConfig as Config",
            "    from ssot_shims import RetryPolicy",
        ],
        "test_theirs.py": ["    from acme_shims import Limits"],
        "nested": ["    from ssot_shims import HeartbeatConfig"],
    }
    assert len(run.reasons) == 10
    # What only the hint has looked at is not in use.
    assert run.summary == []


def test_a_first_conftest_that_cannot_be_imported(suite: Suite) -> None:
    """It ends pytest before there is a collection, and the line is there too."""
    suite.write({"conftest.py": "from netra_backend import RetryPolicy\n"})
    run = suite.run()
    assert run.code == 4
    assert run.err.splitlines()[-3:] == [
        "E   ModuleNotFoundError: No module named 'netra_backend'",
        f"E   {OFFER}",
        "E       from ssot_shims import RetryPolicy",
    ]
    suite.write({"conftest.py": "1 / 0\n"})
    run = suite.run()
    assert (run.code, run.err.splitlines()[-1]) == (4, "E   ZeroDivisionError: division by zero")
