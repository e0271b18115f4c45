"""Give what is built the addresses of its repository, in README.md and pyproject.toml.

``python .ci/links.py https://host/owner/name v0.1.0``, in a checkout that nobody commits: the release workflow knows
where the repository is, which the sources do not. On the index a relative link leads nowhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def main(repository: str, tag: str) -> None:
    readme, project = Path("README.md"), Path("pyproject.toml")
    text = re.sub(r"(!\[[^]]*\]\()(?!\w+:)", rf"\1{repository}/raw/{tag}/", readme.read_text("utf-8"))
    text = re.sub(r"\]\((?!\w+:|#)", f"]({repository}/blob/{tag}/", text)
    readme.write_text(text, "utf-8")
    urls = {
        "Repository": repository,
        "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }
    table = "".join(f'{name} = "{url}"\n' for name, url in urls.items())
    project.write_text(f"{project.read_text('utf-8')}\n[project.urls]\n{table}", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
