"""Draw docs/images/*.svg from real output: ``python docs/pictures.py [FOLDER]``. A test draws them again and compares.

What differs between machines is fixed: the terminal's width, the version and the place of Python, PATH, and where the
engine's socket is looked for. A machine that has an engine there draws another picture.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
COLUMNS = 100

README = (ROOT / "README.md").read_text("utf-8")
HOME = "/home/you/orders"  # shown for the temporary folder, which has a name as long, because lines are wrapped
SITE = ".venv/lib/python3.13/site-packages/"

FILES = {
    "pyproject.toml": """\
[tool.ssot_shims]
modules = ["shims"]

[tool.ssot_shims.capabilities]
orders_db = "tcp://localhost:5432"
""",
    "shims.py": """\
from ssot_shims import shim


@shim("acme.limits:RateLimit")
class RateLimit: ...


@shim("acme_billing.invoices:Invoice")
class Invoice: ...
""",
    "test_invoices.py": """\
from ssot_shims import shim


@shim("acme_billing.invoices:Invoice")
class Invoice: ...


def test_a_new_invoice() -> None:
    assert Invoice()
""",
    "test_orders.py": re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[0],
    SITE + "acme_billing/__init__.py": "",
    SITE + "acme_billing/invoices.py": "",
    SITE + "acme_billing/documents.py": "class Invoice: ...\n",
    SITE + "docker/__init__.py": "",
    SITE + "docker/client.py": "",
    "bin/git": "",
}


def output(command: list[str], folder: Path) -> str:
    """What *command* prints on a terminal, without what differs between machines."""
    env = {
        "PATH": str(folder / "bin"),
        "PYTHONPATH": f"{folder / SITE}:{ROOT}",
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HOME": str(folder),
    }
    terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *command]
    done = subprocess.run(terminal, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    text = done.stdout.decode().replace("\r\n", "\n").replace(str(folder), HOME)
    text = re.sub(rf"CPython \S+ at {re.escape(sys.prefix)}", f"CPython 3.13.0 at {HOME}/.venv", text)
    return re.sub(r"in [\d.]+s", "in 0.05s", text)


def draw(title: str, text: str, file: Path) -> None:
    """Write *text*, with its colours, as an SVG of a terminal."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), color_system="truecolor")  # noqa: SIM115
    console.print(Text.from_ansi(text.strip("\n")))
    file.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title=title, unique_id=file.stem)
    # Without the font that a browser would fetch.
    file.write_text(re.sub(r"<!-- Generated .*? -->|@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), "utf-8")


def main(folder: Path = IMAGES) -> int:
    """Draw both pictures into *folder*."""
    with tempfile.TemporaryDirectory(prefix="you", dir="/tmp") as name:
        suite = Path(name)
        for place, content in FILES.items():
            (suite / place).parent.mkdir(parents=True, exist_ok=True)
            (suite / place).write_text(content)
        (suite / "bin" / "git").chmod(0o755)
        status = output([sys.executable, "-m", "ssot_shims", "status"], suite)
        options = ("-p", "ssot_shims.pytest_plugin", "-p", "no:cacheprovider", "--disable-warnings", "--color=yes")
        section = output([sys.executable, "-m", "pytest", "-q", *options], suite)
    draw("ssot-shims status", status, folder / "status.svg")
    draw("pytest", section, folder / "section.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
