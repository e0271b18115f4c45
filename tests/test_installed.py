"""Shims over distributions that are really built and installed, and the forwarding addresses in their metadata."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import Any

import pytest

import ssot_shims
from ssot_shims import PlaceholderWarning, shim, shim_of
from tests.conftest import Write

Environment = dict[str, Path]

HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
UNLOAD = "import os\nos._exit(3)  # this must not run\n"

DISTRIBUTIONS = {
    "acme/pyproject.toml": HATCH
    + """
[project]
name = "acme"
version = "2.0"
[project.entry-points."ssot_shims.moved"]
"acme.ws.HeartbeatConfig" = "acme.heartbeat:HeartbeatConfig"
"acme.gone.manager.Limits" = "acme.heartbeat:Limits"
"acme.ws.Hop" = "acme.ws:SecondHop"
"acme.ws.SecondHop" = "acme.heartbeat:Limits"
"acme.ws.Lost" = "acme.heartbeat:Lost"
"acme.ws.Away" = "elsewhere.mod:Away"
"acme.ws.Round" = "acme.ws:About"
"acme.ws.About" = "acme.ws:Round"
"acme.ws.Module" = "acme.heartbeat"
"acme.ws.Broken" = "acme.broken:Broken"
"acme.ws.Level" = "acme.heartbeat:Limits"
""",
    "acme/acme/__init__.py": "",
    "acme/acme/ws.py": UNLOAD,
    "acme/acme/heartbeat.py": "class HeartbeatConfig: ...\nclass Limits: ...\n",
    "acme/acme/broken.py": "class Broken: ...\nraise RuntimeError('boom')\n",
    "rogue/pyproject.toml": HATCH
    + """
[project]
name = "rogue"
version = "6.6"
[project.entry-points."ssot_shims.moved"]
"acme.ws.Stolen" = "rogue:Stolen"
""",
    "rogue/rogue/__init__.py": "class Stolen: ...\n",
    "by_path/pyproject.toml": HATCH
    + """
[project]
name = "by-path"
version = "1.0"
[project.entry-points."ssot_shims.moved"]
"by_path.old.Limits" = "by_path:Limits"
[tool.hatch.build.targets.wheel]
packages = ["src/by_path"]
""",
    "by_path/src/by_path/__init__.py": "class Limits: ...\n",
    "by_hook/pyproject.toml": SETUPTOOLS
    + """
[project]
name = "by-hook"
version = "1.0"
[project.entry-points."ssot_shims.moved"]
"by_hook.old.Limits" = "by_hook:Limits"
[tool.setuptools]
packages = ["by_hook"]
package-dir = { by_hook = "code" }
""",
    "by_hook/code/__init__.py": "class Limits: ...\n",
    "by_hook/code/ws.py": UNLOAD,
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment with those distributions, two of them editable: by a path file, by an import hook."""
    folder = tmp_path_factory.mktemp("installed")
    for name, text in DISTRIBUTIONS.items():
        file = folder / "sources" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = next(folder.glob("venv/[bS]*/python*"))
    site = next(folder.glob("venv/[lL]ib/**/site-packages"))
    ours = [str(Path(ssot_shims.__file__).parents[1]), sysconfig.get_path("purelib")]
    (site / "ours.pth").write_text("\n".join(ours))
    sources = folder / "sources"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
    ]
    what = ["--no-index", sources / "acme", sources / "rogue", "-e", sources / "by_path", "-e", sources / "by_hook"]
    done = subprocess.run([*install, *what], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {"python": python, "site": site, "sources": sources}


def ask(environment: Environment, *targets: str, kind: str = "class Thing: ...", **settings: str) -> dict[str, Any]:
    """What a shim over *targets* becomes in that environment."""
    code = f"""
import json, sys, warnings
from ssot_shims import shim, shim_of
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    @shim(*{targets!r})
    {kind}
record = shim_of(Thing)
print(json.dumps(dict(state=record.state, cause=record.cause, reason=record.reason, error=repr(record.error),
    name=getattr(record.upstream, "__qualname__", None), metadata="importlib_metadata" in sys.modules)))
"""
    python = environment["python"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([python, "-c", code], env={**clean, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


SAYS = "acme 2.0 says that"


def test_an_installed_upstream_is_found_without_reading_metadata(environment: Environment) -> None:
    """A symbol that is where the shim looks needs no forwarding address, and none is read."""
    found = ask(environment, "acme.heartbeat:Limits")
    place = f"acme.heartbeat:Limits ({environment['site']}/acme/heartbeat.py)"
    assert (found["state"], found["reason"], found["metadata"]) == ("upstream", place, False)


def test_absence_reads_no_metadata(environment: Environment) -> None:
    """The normal case stays cheap."""
    assert ask(environment, "nowhere.ws:Limits")["metadata"] is False


def test_a_forwarding_address_leads_to_the_new_place(environment: Environment) -> None:
    """What the owner of the package says has moved is found where it is now, silently."""
    found = ask(environment, "acme.ws:HeartbeatConfig")
    assert (found["state"], found["name"]) == ("upstream", "HeartbeatConfig")
    assert found["reason"] == (
        f"acme.heartbeat:HeartbeatConfig ({environment['site']}/acme/heartbeat.py); "
        f"{SAYS} acme.ws:HeartbeatConfig has moved to acme.heartbeat:HeartbeatConfig"
    )


def test_a_forwarding_address_serves_a_module_that_is_gone(environment: Environment) -> None:
    """The old dotted path may name a module that no longer exists."""
    assert ask(environment, "acme.gone.manager:Limits")["name"] == "Limits"


def test_forwarding_addresses_are_followed_on(environment: Environment) -> None:
    """An address that leads to another address is no dead end."""
    assert ask(environment, "acme.ws:Hop")["name"] == "Limits"


def test_a_later_target_wins_over_a_forwarding_address(environment: Environment) -> None:
    """Addresses are read only when no target is there."""
    found = ask(environment, "acme.ws:HeartbeatConfig", "acme.heartbeat:Limits")
    assert (found["name"], found["metadata"]) == ("Limits", False)


def test_addresses_are_followed_in_this_process_too(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers without a new process: found, in a circle, unreadable, editable, not heard."""
    monkeypatch.syspath_prepend(environment["sources"] / "by_path" / "src")
    monkeypatch.syspath_prepend(environment["site"])
    states = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlaceholderWarning)
        for target in (
            "acme.ws:Hop",
            "acme.ws:Round",
            "acme.ws:Module",
            "acme.ws:Lost",
            "by_path.old:Limits",
            "acme.ws:Stolen",
        ):
            placeholder = type(target, (), {})
            states[target] = shim_of(shim(target)(placeholder)).state
    assert states == {
        "acme.ws:Hop": "upstream",
        "acme.ws:Round": "broken",
        "acme.ws:Module": "broken",
        "acme.ws:Lost": "broken",
        "by_path.old:Limits": "upstream",
        "acme.ws:Stolen": "moved",
    }


CURE = "to go on with the placeholder: SSOT_SHIMS_PLACEHOLDERS=Thing"


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        (
            "Lost",
            "acme.ws:Lost has moved to acme.heartbeat:Lost, "
            "but Lost is not in {site}/acme/heartbeat.py (looked at without running it)",
        ),
        ("Away", "acme.ws:Away has moved to elsewhere.mod:Away, but no package 'elsewhere' is installed here"),
        ("Round", "acme.ws:About has moved to acme.ws:Round, which is a circle"),
        (
            "Module",
            "acme.ws:Module has moved to acme.heartbeat, "
            "but 'acme.heartbeat' has no colon; write a target as 'pkg.mod:Name'",
        ),
        (
            "Broken",
            "acme.ws:Broken has moved to acme.broken:Broken, but importing acme.broken raised RuntimeError: boom",
        ),
    ],
)
def test_a_forwarding_address_that_leads_nowhere_is_broken(environment: Environment, symbol: str, reason: str) -> None:
    """An address that does not load, does not read or runs in a circle is a breakage, told with who said it."""
    found = ask(environment, f"acme.ws:{symbol}")
    assert (found["state"], found["cause"]) == ("broken", "forwarding address")
    assert found["reason"] == f"{SAYS} {reason.format(site=environment['site'])}; {CURE}"


def test_a_forwarding_address_to_another_kind_is_broken(environment: Environment) -> None:
    """What stands at the new place has to be of the kind that the placeholder promises."""
    found = ask(environment, "acme.ws:Level", kind="def Thing(): ...")
    assert found["reason"].startswith(
        f"{SAYS} acme.ws:Level has moved to acme.heartbeat:Limits, "
        "but acme.heartbeat:Limits is the class Limits, not a function; "
    )


def test_nobody_else_can_redirect_a_package(environment: Environment) -> None:
    """An address in the metadata of another distribution is not heard."""
    found = ask(environment, "acme.ws:Stolen")
    assert (found["state"], found["metadata"]) == ("moved", True)


def test_an_editable_install_by_path_file_is_found(environment: Environment) -> None:
    """A .pth file leads to the sources, and the addresses of such a distribution are heard."""
    found = ask(environment, "by_path:Limits")
    assert found["reason"] == f"by_path:Limits ({environment['sources']}/by_path/src/by_path/__init__.py)"
    assert ask(environment, "by_path.old:Limits")["state"] == "upstream"


def test_an_editable_install_by_import_hook_is_found(environment: Environment) -> None:
    """A finder on sys.meta_path leads to the sources; a symbol that is gone there is seen without running them."""
    found = ask(environment, "by_hook:Limits")
    assert found["reason"] == f"by_hook:Limits ({environment['sources']}/by_hook/code/__init__.py)"
    assert ask(environment, "by_hook.old:Limits")["state"] == "upstream"
    gone = ask(environment, "by_hook.ws:Limits")
    assert gone["reason"].startswith(
        f"Limits is not in {environment['sources']}/by_hook/code/ws.py (looked at without running it); "
    )


def test_a_compiled_extension_module_is_asked_by_importing_it(environment: Environment) -> None:
    """No source, no look: the import decides, for what is there and for what is not."""
    assert ask(environment, "_csv:Dialect")["state"] == "upstream"
    gone = ask(environment, "_csv:Dialects")
    assert (gone["state"], "close: _csv:Dialect, " in gone["reason"]) == ("moved", True)


def test_a_release_can_say_that_a_symbol_is_where_it_was(environment: Environment) -> None:
    """The variable for another upstream leads through forwarding addresses too."""
    found = ask(environment, "nowhere:Thing", SSOT_SHIMS_UPSTREAM_THING="acme.gone.manager:Limits")
    assert (found["state"], found["name"]) == ("upstream", "Limits")


# --- who is heard: metadata written by hand, as somebody hostile or careless would


def metadata(name: str, *, says: str = "", **files: str) -> dict[str, str]:
    """The metadata of a distribution that publishes a forwarding address, with whatever else *files* say."""
    address = f"[ssot_shims.moved]\n{says}\n" if says else ""
    written = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", "entry_points.txt": address, **files}
    return {f"{name}-1.dist-info/{file.replace('__', '.')}": text for file, text in written.items()}


def state_of_old(target: str = "acme:Old") -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlaceholderWarning)
        return shim_of(shim(target)(type("Old", (), {}))).state


MOVED = "acme.Old = acme:New"
NEW = {"acme.py": "class New: ..."}


def test_a_distribution_that_lists_the_file_is_heard(write: Write) -> None:
    """RECORD says whose a file is."""
    write({**NEW, **metadata("acme", says=MOVED, RECORD="acme.py,,\n")})
    assert state_of_old() == "upstream"


@pytest.mark.parametrize(
    "others",
    [
        metadata("acme", says=MOVED),
        metadata("acme", says=MOVED, RECORD="other.py,,\n"),
        metadata("acme", says=MOVED, RECORD="acme.py,,notanumber\n"),
        metadata("acme", says=MOVED, RECORD="acme.py,,\n") | metadata("rogue", RECORD="acme.py,,\n"),
        metadata("acme", RECORD="acme.py,,\n") | metadata("rogue", says=MOVED, RECORD="acme.py,,\n"),
        metadata("acme", says=MOVED, direct_url__json="{"),
        metadata("acme", says=MOVED, direct_url__json="[]"),
        metadata("acme", says=MOVED, direct_url__json='{"dir_info": {"editable": true}}'),
        metadata("rogue", **{"entry_points.txt": "[console_scripts]\nfoo"}),
        metadata("rogue", **{"entry_points.txt": "\udcff"}),
        {"rogue-1.dist-info/entry_points.txt": "[ssot_shims.moved]\nacme.Old = acme:New"},
    ],
    ids=[
        "no RECORD",
        "not in RECORD",
        "RECORD damaged",
        "two claim it",
        "a second claims it too",
        "direct_url.json damaged",
        "direct_url.json a list",
        "direct_url.json without a url",
        "entry points of another damaged",
        "entry points of another not UTF-8",
        "no METADATA",
    ],
)
def test_nobody_else_and_nothing_damaged_is_heard(write: Write, others: dict[str, str]) -> None:
    """Without exactly one owner that can be read, the symbol has moved, and nothing raises."""
    write({**NEW, **others})
    assert state_of_old() == "moved"


def test_a_namespace_package_has_no_single_owner(write: Write) -> None:
    """Whoever adds a module to a shared folder cannot redirect what others had in it."""
    one = metadata("one", RECORD="acme/one.py,,\n")
    two = metadata("two", says="acme.gone.Old = acme.two:New", RECORD="acme/two.py,,\n")
    write({"acme/one.py": "", "acme/two.py": "class New: ...", **one, **two})
    assert state_of_old("acme.gone:Old") == "moved"


def test_an_editable_project_does_not_own_its_virtual_environment(write: Write) -> None:
    """What is installed below the folder of a project is not the project's."""
    packages = "project/.venv/lib/site-packages/"
    root = write({f"{packages}acme.py": "class New: ..."})
    editable = json.dumps({"url": f"file://{root}/project", "dir_info": {"editable": True}})
    write(metadata("project", says=MOVED, direct_url__json=editable))
    sys.path.insert(0, str(root / packages))
    assert state_of_old() == "moved"
