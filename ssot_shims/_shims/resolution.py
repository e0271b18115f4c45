"""The resolution of all targets of a shim to one state, relocations that packages publish included."""

from __future__ import annotations

import os

import ssot_shims._settings as _settings
from ssot_shims._lookup.entry_points import MOVED, distributions
from ssot_shims._lookup.lookup import Target
from ssot_shims._record import Record
from ssot_shims._shims.upstream import TargetResult, ask
from ssot_shims.errors import InvalidDeclaration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import Distribution
    from typing import Literal

    State = Literal["upstream", "absent", "moved", "broken", "forced"]


class ForwardingAddress(Record):
    """The new place of a symbol, as text, and the distribution that says so (``acme 2.0``)."""

    new: str
    said_by: str


def forwarding_address(target: Target, file: str) -> ForwardingAddress | None:
    """Where *target*, which was looked for in *file*, has moved to according to the distribution that owns *file*.

    Metadata that does not read says nothing, whoever it is from: the symbol has moved all the same.
    """
    installed = distributions(MOVED)
    saying = [found for distribution in installed for found in _addresses(distribution, target.dotted)]
    owner = _owner(installed, file) if saying else None
    return next((address for distribution, address in saying if distribution is owner), None)


def _addresses(distribution: Distribution, old: str) -> list[tuple[Distribution, ForwardingAddress]]:
    try:
        if MOVED not in (distribution.read_text("entry_points.txt") or ""):  # parsing takes most of the time
            return []
        said_by = f"{distribution.name} {distribution.version}"
        entries = distribution.entry_points.select(group=MOVED, name=old)
        return [(distribution, ForwardingAddress(new=entry.value, said_by=said_by)) for entry in entries]
    except Exception:  # anybody's metadata may be damaged in any way
        return []


def _owner(installed: list[Distribution], file: str) -> Distribution | None:
    """The one distribution that installed *file*; with more than one claim there is no owner, and nobody is heard."""
    wanted = os.path.realpath(file)
    ends = {_end(file), _end(wanted)}
    claims = [one for one in installed if _lists(one, wanted, ends)]
    claims = claims or [one for one in installed if _is_edited(one, wanted)]
    return claims[0] if len({one.name for one in claims}) == 1 else None


def _end(file: str) -> str:
    """What a list of files has to mention if *file* is on it: the name, and of an ``__init__`` the package as well."""
    folder, name = os.path.split(file)
    return f"{os.path.basename(folder)}/{name}" if name.startswith("__init__.") else name


def _lists(distribution: Distribution, wanted: str, ends: set[str]) -> bool:
    """Whether *wanted* is among the files that *distribution* installed, or is a folder with some of them."""
    try:
        listing = distribution.read_text("RECORD")
        if listing is not None and not any(end in listing for end in ends):
            return False  # a large distribution has thousands of files, and resolving each takes seconds
        listed = [file for file in distribution.files or () if any(end in file.as_posix() for end in ends)]
        files = [os.path.realpath(str(distribution.locate_file(file))) for file in listed]
    except Exception:  # as above
        return False
    return any(file == wanted or file.startswith(wanted + os.sep) for file in files)


def _is_edited(distribution: Distribution, wanted: str) -> bool:
    """Whether *wanted* is in the folder that an editable install points to (PEP 610, direct_url.json)."""
    import json
    from urllib.request import url2pathname  # as much again as importlib_metadata, and few distributions get here

    try:
        direct_url = json.loads(distribution.read_text("direct_url.json") or "{}")
        url: str = direct_url["url"] if direct_url.get("dir_info", {}).get("editable") else ""
    except Exception:  # as above
        return False
    root = os.path.realpath(url2pathname(url.removeprefix("file://"))) if url else ""
    # A virtual environment inside the folder is not part of the project.
    inside = wanted.removeprefix(root + os.sep) if root else wanted
    return inside != wanted and not {"site-packages", "dist-packages"} & set(inside.split(os.sep))


_FROM_BAD_TO_WORSE = ("absent", "moved", "broken")


class Resolution(Record):
    """The state of a shim, the answer that decided it (none when forced), and what every target answered."""

    state: State
    reason: str
    decided_by: TargetResult | None = None
    results: tuple[TargetResult, ...] = ()


def resolve(shim: str, targets: tuple[Target, ...], placeholder: object) -> Resolution:
    """Which state *shim* is in. The first target that is there wins; if none is, the worst answer counts."""
    if _settings.is_forced(shim):
        variable = _settings.PLACEHOLDERS
        return Resolution(state="forced", reason=f"{variable} asks for the placeholder; to undo that: unset {variable}")
    named = _settings.upstream_override(shim)
    # What the user names is imported even where a look says that the symbol is not there.
    answers = tuple(map(_fit_to_show, _ask_in_turn(named or targets, placeholder, looks_first=not named)))
    best = next((answer for answer in answers if answer.state == "upstream"), None)
    if best is not None:
        return Resolution(state="upstream", reason=best.reason, decided_by=best, results=answers)
    worst = max(answers, key=lambda answer: _FROM_BAD_TO_WORSE.index(answer.state))
    facts = _facts(answers, worst.state)
    if named:
        cure = f"to go back to the places that the shim names: unset {_settings.upstream_variable(shim)}"
        # Nor does who names it expect it to be absent.
        state = "moved" if worst.state == "absent" else worst.state
        return Resolution(state=state, reason=f"{facts}; {cure}", decided_by=worst, results=answers)
    return Resolution(state=worst.state, reason=f"{facts}; {cure_of(shim, worst)}", decided_by=worst, results=answers)


def _ask_in_turn(targets: tuple[Target, ...], placeholder: object, *, looks_first: bool) -> tuple[TargetResult, ...]:
    """Every target's answer, up to the first that is there; only when none is are forwarding addresses read."""
    answers: list[TargetResult] = []
    for target in targets:
        answers.append(ask(target, placeholder, looks_first=looks_first))
        if answers[-1].state == "upstream":
            return tuple(answers)
    return tuple(_follow(answer, placeholder) if answer.state == "moved" else answer for answer in answers)


def _fit_to_show(answer: TargetResult) -> TargetResult:
    """*answer* with its reason on one line: the names of files, and what metadata says, may hold anything."""
    if answer.reason.isprintable():
        return answer
    from ssot_shims._text import one_line  # re, and hardly any reason is like that

    return answer.replace(reason=one_line(answer.reason))


def _follow(moved: TargetResult, placeholder: object) -> TargetResult:
    """What the forwarding addresses of a moved target lead to; *moved* itself when there is none."""
    answer, passed = moved, [moved.target]
    said = ""
    while answer.state == "moved":
        address = forwarding_address(Target.parse(answer.target), answer.file)
        if address is None:
            break
        said = f"{address.said_by} says that {answer.target} has moved to {address.new}"
        if address.new in passed:
            return _bad_address(moved, f"{said}, which is a circle")
        passed.append(address.new)
        try:
            answer = ask(Target.parse(address.new), placeholder)
        except InvalidDeclaration as error:
            return _bad_address(moved, f"{said}, but {error}", error)
    if answer is moved:
        return moved
    if answer.state == "upstream":
        return answer.replace(target=moved.target, reason=f"{answer.reason}; {said}")
    return _bad_address(moved, f"{said}, but {answer.reason}", answer.error)


def _bad_address(moved: TargetResult, reason: str, error: BaseException | None = None) -> TargetResult:
    return moved.replace(state="broken", cause="forwarding address", reason=reason, error=error, close=())


def _facts(answers: tuple[TargetResult, ...], state: str) -> str:
    """What was seen, from every answer of that state; the same thing is said once."""
    return "; ".join(dict.fromkeys(_fact(answer) for answer in answers if answer.state == state))


def _fact(answer: TargetResult) -> str:
    return f"{answer.reason}; close: {', '.join(answer.close)}" if answer.close else answer.reason


def cure_of(shim: str, answer: TargetResult) -> str:
    """The command or setting that turns the answer."""
    target = Target.parse(answer.target)
    if answer.state == "absent":
        return f"to use the real one, install it, or set PYTHONPATH=<the folder that holds {target.package}>"
    if answer.state == "moved":
        now_at = answer.close[0] if answer.close else f"<module>:{target.symbol}"
        return f"to say where it is now: {_settings.upstream_variable(shim)}={now_at}"
    statement = f"from {target.module} import {target.symbol.partition('.')[0]}"
    see = (
        f'to see the whole traceback: python -c "{statement}"; '
        if answer.error and answer.cause != "forwarding address"
        else ""
    )
    return f"{see}to go on with the placeholder: {_settings.PLACEHOLDERS}={shim}"
