"""What is to become of the imports of one file: which names move where, and which dotted uses go with them."""

from __future__ import annotations

from ssot_shims._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

    from ssot_shims._migrate.file import Move
    from ssot_shims._migrate.findings import Finding

    # By the number of a statement and that of a name in it: where it moves; None is where it comes from now.
    Moves = dict[tuple[int, int], tuple[Move | None, ...]]


class Rename(Record):
    """One dotted use, ``old.mod.Name``, and what it is called in future."""

    use: ast.Attribute
    start: int
    end: int
    move: Move

    @property
    def new(self) -> str:
        """The text to stand there."""
        return f"{self.move.module}.{self.move.name}"


class Plan(Record):
    """Moves, renamed uses, and what is to be told."""

    moves: Moves
    renames: tuple[Rename, ...] = ()
    findings: tuple[Finding, ...] = ()
