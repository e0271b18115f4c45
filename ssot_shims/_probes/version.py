"""Versions of what is installed, compared as PEP 440 orders them.

``packaging`` does all of PEP 440 and is no dependency of ours; this does the part a probe needs: any version that can
be installed, against bounds that are plain releases (``>=2``, ``==1.*``, ``~=1.4``), joined by commas.
"""

from __future__ import annotations

import os
import re

from ssot_shims._lookup.entry_points import counting, found
from ssot_shims._probes.connection import remaining
from ssot_shims._probes.notation import NotationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Key = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]

_CLAUSE = re.compile(r"\s*(===|==|!=|<=|>=|~=|<|>)?\s*(.*?)\s*", re.DOTALL)
_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_VERSION = re.compile(
    r"""v? (?:(?P<epoch>[0-9]+)!)? (?P<release>[0-9]+(?:\.[0-9]+)*)
        (?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>[0-9]*))?
        (?P<post>-(?P<post_short>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>[0-9]*))?
        (?P<dev>[-_.]?dev[-_.]?(?P<dev_number>[0-9]*))?
        (?P<local>\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?""",
    re.VERBOSE | re.ASCII,
)
_EXPECTED = "module:NAME with >=, >, <=, <, ==, != or ~= and a release such as 2 or 1.26.1, parted by commas"


def read_specifier(specifier: str) -> tuple[tuple[str, str], ...]:
    """The operators of *specifier* and their releases; :class:`NotationError` names the clause that does not read.

    >>> read_specifier(">=1.4,!=1.5.*")
    (('>=', '1.4'), ('!=', '1.5.*'))
    """
    return tuple(_clause(text) for text in specifier.split(","))


def _clause(text: str) -> tuple[str, str]:
    match = _CLAUSE.fullmatch(text)
    assert match is not None  # it takes anything
    operator, bound = match[1] or "", match[2]
    release = bound.removesuffix(".*") if operator in ("==", "!=") else bound
    is_release = _RELEASE.fullmatch(release) is not None
    if not operator or operator == "===" or not is_release or (operator == "~=" and "." not in release):
        raise NotationError(f"has the version {text!r}", _EXPECTED)
    return operator, bound


def fits(version: str, specifier: str) -> bool | None:
    """Whether *version* is within *specifier*; pre-releases count. None when *version* does not read.

    >>> fits("1.26.4", ">=1.20,<2"), fits("2.0rc1", ">=2"), fits("yesterday", ">=2")
    (True, False, None)
    """
    match = _VERSION.fullmatch(version.strip().lower())
    if match is None:
        return None
    return all(_holds(match, operator, bound) for operator, bound in read_specifier(specifier))


def _holds(version: re.Match[str], operator: str, bound: str) -> bool:
    release = _numbers(bound.removesuffix(".*"))
    if bound.endswith(".*"):
        return _starts_with(version, release) == (operator == "==")
    if operator == "~=":
        return _key(version) >= _bare(release) and _starts_with(version, release[:-1])
    return _compares(version, operator, release)


def _compares(version: re.Match[str], operator: str, release: tuple[int, ...]) -> bool:
    mine, bound = _key(version), _bare(release)
    match operator:
        case "==":
            return mine == bound
        case "!=":
            return mine != bound
        case ">=":
            return mine >= bound
        case "<=":
            return mine <= bound
        case "<":  # a pre-release of the bound comes before it and is still not meant
            return mine < bound and mine[:2] != bound[:2]
        case _:  # nor is a post-release of it by >
            return mine > bound and mine[:2] != bound[:2]


def _starts_with(version: re.Match[str], release: tuple[int, ...]) -> bool:
    mine = _numbers(version["release"])
    padded = mine + (0,) * (len(release) - len(mine))
    return int(version["epoch"] or 0) == 0 and padded[: len(release)] == release


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def _bare(release: tuple[int, ...]) -> Key:
    match = _VERSION.fullmatch(".".join(map(str, release)))
    assert match is not None
    return _key(match)


def _key(version: re.Match[str]) -> Key:
    """What orders versions: the epoch, the release without zeros at its end, and where in its life the release is.

    Development releases come first, then alphas, betas, candidates, the release itself, and what came after it.
    """
    release = _numbers(version["release"])
    while release[-1:] == (0,):
        release = release[:-1]
    pre = {"a": 1, "b": 2, "c": 3, "r": 3, "p": 3}[version["pre"][0]] if version["pre"] else 4
    is_dev, is_post = version["dev"] is not None, version["post"] is not None
    if is_dev and not is_post and pre == 4:
        pre = 0
    life = (
        (pre, int(version["pre_number"] or 0)),
        (int(is_post), int(version["post_short"] or version["post_number"] or 0)),
        (0 if is_dev else 1, int(version["dev_number"] or 0)),
    )
    return int(version["epoch"] or 0), release, life


def installed_version(module: str, file: str, deadline: float) -> tuple[str, str]:
    """The name and version of the distribution that brought *module*, which is at *file*; empty when none says so.

    Raises TimeoutError at the *deadline*: a machine may hold thousands of distributions.
    """
    steps = module.split(".")
    for depth in range(len(steps), 0, -1):
        namesake = counting(".".join(steps[:depth]))
        if namesake is not None and _brings(namesake, module, file, is_namesake=True):
            return namesake.name, namesake.version
    for distribution in found():
        remaining(deadline)
        if _brings(distribution, module, file):
            return distribution.name, distribution.version
    return "", ""


def _brings(distribution: Any, module: str, file: str, is_namesake: bool = False) -> bool:
    """Whether *file* is one of its files.

    An editable install lists no code, and what a system's package manager installed may list nothing: those are taken
    at the top-level names that they declare, or at their own name.
    """
    record = [line.partition(",")[0] for line in (distribution.read_text("RECORD") or "").splitlines()]
    stem = module.replace(".", "/")
    root = os.path.realpath(str(distribution.locate_file("")))
    likely = (entry for entry in record if stem in entry)
    if any(os.path.normpath(os.path.join(root, entry)) == os.path.realpath(file) for entry in likely):
        return True
    if any(map(_is_code, record)):
        return False
    declared = (distribution.read_text("top_level.txt") or "").split()
    return module.partition(".")[0] in declared if declared else is_namesake


def _is_code(entry: str) -> bool:
    return entry.endswith((".py", ".so", ".pyd")) and not entry.startswith(("__editable__", "_editable_"))
