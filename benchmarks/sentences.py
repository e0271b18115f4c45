"""List what the tests say they test: ``python benchmarks/sentences.py [FOLDER] [--no-counts]``.

One line for each first line of a test's docstring, ``N  sentence``, where N is how many cases have it, those of several
tests with the same sentence together; a test without a docstring stands there by its name. No file is named, so tests
may move. The lines are in the order that ``LC_ALL=C comm -23 before after`` needs to show what is gone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

# Run where the tests are, as "python -m pytest" is; what pytest itself prints is not the answer.
_COLLECT = """
import json, sys, pytest
out, sys.stdout = sys.stdout, sys.stderr
found = []
class Plugin:
    def pytest_collection_finish(self, session):
        for item in session.items:
            function = getattr(item, "function", item)
            found.append((function.__doc__ or item.name.partition("[")[0]).strip().splitlines()[0])
code = pytest.main(["--collect-only", "-q", "-m", "", sys.argv[1]], plugins=[Plugin()])
json.dump(found, out)
sys.exit(code)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sentences; exit code 1 when the tests cannot be collected."""
    parser = argparse.ArgumentParser(description="List the sentences of all tests, with the number of their cases.")
    default = Path(__file__).resolve().parents[1] / "tests"
    parser.add_argument("folder", nargs="?", type=Path, default=default, metavar="FOLDER")
    parser.add_argument("--no-counts", action="store_true", help="the sentences alone")
    wanted = parser.parse_args(arguments)
    folder = wanted.folder.resolve()
    root = next((above for above in folder.parents if (above / "pyproject.toml").exists()), folder)
    call = [sys.executable, "-c", _COLLECT, str(folder)]
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    sentences = Counter[str](json.loads(done.stdout))
    lines = sentences if wanted.no_counts else (f"{count}  {sentence}" for sentence, count in sentences.items())
    print("\n".join(sorted(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
