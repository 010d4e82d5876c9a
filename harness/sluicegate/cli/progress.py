"""A line that moves while long work runs, on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sluicegate.report.screen import screen_width
from sluicegate.runner import Progress

__all__ = ["shown"]


@contextmanager
def shown(progress: Progress, *, quiet: bool = False) -> Iterator[None]:
    """Show `progress` on standard error while inside; nothing when it is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    ended = Event()
    columns = (
        TextColumn(" running"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
    )
    with Bar(
        *columns,
        console=Console(stderr=True, width=screen_width() if "COLUMNS" in os.environ else None),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, said="")

        def follow() -> None:
            while not ended.wait(0.1):
                crashed = f"{progress.failed} crashed" if progress.failed else ""
                bar.update(task, total=progress.planned, completed=progress.done, said=crashed)

        thread = Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
