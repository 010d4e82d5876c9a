"""The numbered ledgers beside the attempts: recorded measurements, attestations, load runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sluicegate.ledger import append_state
from sluicegate.model import rfc3339
from sluicegate.session.workspace import Workspace

__all__ = ["next_recording", "note_recording"]


def next_recording(workspace: Workspace) -> tuple[Path, int]:
    """The path and number of a new one; nothing is made. One that is noted, or lies there, is never given again."""
    folder = workspace.evidence / "recorded"
    state = workspace.state()
    noted = [item.number for item in state.recordings] if state is not None else []
    lying = [int(path.stem) for path in folder.glob("*") if path.stem.isascii() and path.stem.isdecimal()]
    number = 1 + max([*noted, *lying], default=0)
    return folder / f"{number:06d}.jsonl", number


def note_recording(
    workspace: Workspace, number: int, head: str, *, subject: str, at: datetime, stage: str | None = None
) -> None:
    """Say in the state file that it was taken in: from now on it is missed when it is gone.

    Where there is none yet, evidence of the first `stage` begins it, as its first attempt does; at any other one it
    should exist, and is never made up.
    """
    state = workspace.state()
    begins = stage == workspace.plan.stages[0].name
    if state is not None and state.broken is None and (begins or not state.missing):
        body = {"number": number, "head": head, "subject": subject, "at": rfc3339(at)}
        append_state(state.path, "recorded", body)
