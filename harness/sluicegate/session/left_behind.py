"""A run that changes files of its own subject: what lies there afterwards is what that run made of what it measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sluicegate.errors import InputError
from sluicegate.ledger import read_ledger
from sluicegate.ledger.entries import entry
from sluicegate.ledger.records import Entry, RunClosed, RunStarted
from sluicegate.session.workspace import Workspace

__all__ = ["made_of"]


def made_of(workspace: Workspace, stage: str, subject: str) -> tuple[str, Mapping[str, str]] | None:
    """The subject, with its parts, of the newest run at the stage, where that run left `subject` behind; else None.

    None too where `subject` was measured or let in here itself: then it is judged by what is its own.
    """
    state = workspace.state()
    if state is not None and any((item.stage, item.subject) == (stage, subject) for item in state.entries):
        return None
    attempts = workspace.attempts(stage)
    for path in reversed(attempts[-1].ledgers if attempts else []):
        started = _started(path)
        if started is None:
            continue
        if started.subject == subject:
            return None
        if _left(path) == subject:
            return started.subject, started.subject_parts
    return None


def _started(path: Path) -> RunStarted | None:
    found = _first(path, RunStarted.KIND)
    return found if isinstance(found, RunStarted) else None


def _left(path: Path) -> str | None:
    found = _first(path, RunClosed.KIND)
    return found.left if isinstance(found, RunClosed) else None


def _first(path: Path, kind: str) -> Entry | None:
    """The first record of a kind, read as far as the file stands; None where there is none that can be read."""
    try:
        return next((entry(record) for record in read_ledger(path) if record.kind == kind), None)
    except InputError:
        return None
