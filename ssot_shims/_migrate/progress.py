"""A bar on standard error while files are done, for people at a terminal and for nobody else."""

from __future__ import annotations

import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ssot_shims._migrate.outcome import Batch


@contextmanager
def progress(total: int, is_wanted: bool) -> Generator[Callable[[Batch], None]]:
    """What is called with each batch, and shows how many of *total* files are done, rewritten, and reported."""
    if not is_wanted or not _is_terminal():
        yield lambda batch: None
        return
    from rich.console import Console  # slow to import, and few look on
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rewritten = reported = 0
    words = TextColumn("files, {task.fields[rewritten]} rewritten, {task.fields[reported]} reported")
    columns = (BarColumn(), MofNCompleteColumn(), words, TimeRemainingColumn())
    # What is printed meanwhile goes where it always goes, and the bar away when it has served.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=total, rewritten=0, reported=0)

        def show(batch: Batch) -> None:
            nonlocal rewritten, reported
            rewritten += sum(bool(outcome.replacements) for outcome in batch.outcomes)
            reported += sum(bool(outcome.findings or outcome.problem) for outcome in batch.outcomes)
            bar.update(task, advance=batch.files, rewritten=rewritten, reported=reported)

        yield show


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]  # closed: None
