"""One file's bytes, rewritten: what became of it, what was replaced, and what is to be told."""

from __future__ import annotations

from ssot_shims._migrate.doubles import without_doubles
from ssot_shims._migrate.file import File
from ssot_shims._migrate.findings import Finding, Replacement, Rewriting
from ssot_shims._migrate.froms import plan_froms
from ssot_shims._migrate.layout import removed, replaced
from ssot_shims._migrate.modules import plan_modules
from ssot_shims._migrate.plan import Plan
from ssot_shims._migrate.proof import flaw
from ssot_shims._migrate.source import read_source
from ssot_shims._migrate.strings import findings_in_strings
from ssot_shims._migrate.text import Edit, Unparsable, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssot_shims._migrate.homes import Homes
    from ssot_shims._migrate.rules import Rules

__all__ = ["Finding", "Replacement", "Rewriting", "Unparsable", "rewrite"]


def rewrite(
    source: bytes, module_names: tuple[str, ...], is_package: bool, rules: Rules, homes: Homes, path: str = ""
) -> Rewriting:
    """What *rules* make of the file with the bytes *source*, which may be imported as any of *module_names*.

    *path* is where it is, with all links resolved; without it only those names tell whether it is a home.
    Raises :class:`Unparsable`, for a file that the rules may concern.
    """
    if not rules.may_concern(source):
        return Rewriting(source=source)
    parsed = read_source(read_text(source))
    file = File(source=parsed, module_names=module_names, is_package=is_package, rules=rules, homes=homes, path=path)
    plan = _joined([plan_froms(file), *plan_modules(file)])
    findings = (*plan.findings, *findings_in_strings(file))
    rewriting = _carried_out(file, plan, source)
    told = sorted((*findings, *rewriting.findings), key=lambda finding: finding.line)
    return rewriting.replace(findings=tuple(told))


def _joined(plans: list[Plan]) -> Plan:
    return Plan(
        moves={place: moves for plan in plans for place, moves in plan.moves.items()},
        renames=tuple(rename for plan in plans for rename in plan.renames),
        findings=tuple(finding for plan in plans for finding in plan.findings),
    )


def _carried_out(file: File, plan: Plan, source: bytes) -> Rewriting:
    """The file after *plan*, once that has been proved; else as it was, and what is wrong."""
    if not plan.moves:
        return Rewriting(source=source)
    text = file.source.text
    changes = [*_changed_imports(file, plan), *_changed_uses(file, plan)]
    body = text.edited(edit for edit, _ in changes)
    wrong = flaw(file.source, body, {rename.use: rename.new for rename in plan.renames})
    try:
        new = text.encoded(body)
    except UnicodeEncodeError as error:
        wrong = f"{error.object[error.start : error.end]!r} cannot be written in {text.encoding}; save it as UTF-8"
        new = source
    replacements = tuple(replacement for _, each in changes for replacement in each)
    if not wrong:
        return Rewriting(source=new, replacements=tuple(sorted(replacements, key=lambda each: each.line)))
    first = replacements[0]
    told = f"left as it was, because {wrong}"
    finding = Finding(line=first.line, kind="unsure", text=first.old, suggestion=told)
    return Rewriting(source=source, findings=(finding,))


def _changed_imports(file: File, plan: Plan) -> Iterator[tuple[Edit, tuple[Replacement, ...]]]:
    from ssot_shims._migrate.statements import rewritten  # LibCST takes 0.2 s to import

    homes = {
        place: tuple(dict.fromkeys((move.module, move.name) if move else None for move in moves))
        for place, moves in plan.moves.items()
    }
    left = without_doubles(file, homes)
    for number, statement in enumerate(file.source.imports):
        places = [(number, index) for index in range(len(statement.names))]
        if not any(place in homes for place in places):
            continue
        old = file.source.statement(statement)
        parts = rewritten(old, tuple(left.get(place, (None,)) for place in places))
        text = file.source.text
        edit = replaced(text, statement, parts) if parts else removed(text, statement)
        rules = dict.fromkeys(str(move.rule) for place in places for move in plan.moves.get(place, ()) if move)
        yield edit, tuple(Replacement(line=statement.line, rule=rule, old=old, new=edit.new) for rule in rules)


def _changed_uses(file: File, plan: Plan) -> Iterator[tuple[Edit, tuple[Replacement, ...]]]:
    for rename in plan.renames:
        old = file.source.text.body[rename.start : rename.end].decode()
        replacement = Replacement(line=rename.use.lineno, rule=str(rename.move.rule), old=old, new=rename.new)
        yield Edit(start=rename.start, end=rename.end, new=rename.new), (replacement,)
