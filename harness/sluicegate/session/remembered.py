"""What verdicts were given on: evidence that one of them has seen has to be there as long as the stage is not left."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.frozen import frozen
from sluicegate.ledger import LedgerReader, StateView
from sluicegate.ledger.chain import MAX_LINE_BYTES
from sluicegate.session.workspace import Workspace

__all__ = ["Remembered", "noted_heads", "remembered"]

_STEP_BYTES = 65_536


@frozen
class Remembered:
    """Hashes of the last records of ledgers, as verdicts on this subject at this stage name them."""

    heads: frozenset[str]
    lost: frozenset[str]
    """Of these the ones that no ledger of the stage's attempts holds any more: it was cut, replaced or deleted."""


def remembered(workspace: Workspace, stage: str, subject: str) -> Remembered:
    """What the state file and the verdicts that lie beside the evidence remember, and what of it is gone.

    A ledger that was judged while it was written, or that an interrupted run left, still holds the record that was its
    last one then.
    """
    heads = noted_heads(workspace.state(), stage, subject).union(*_lying(workspace, stage, subject))
    paths = [path for attempt in workspace.attempts(stage) for path in attempt.ledgers] if heads else []
    lost = set(heads).difference(map(_head, paths))
    for path in paths:
        if not lost:
            break
        for record in LedgerReader(path):
            lost.discard(record.hash)
    return Remembered(heads=heads, lost=frozenset(lost))


def noted_heads(state: StateView | None, stage: str, subject: str) -> frozenset[str]:
    """Of the verdicts that the state file notes."""
    noted = () if state is None else state.verdicts
    return frozenset(
        head for item in noted if (item.from_stage, item.subject) == (stage, subject) for head in item.heads
    )


def _lying(workspace: Workspace, stage: str, subject: str) -> Iterator[list[str]]:
    """Of the verdicts in the stage's folder and in its attempts: all that remembers where no state is named."""
    folder = workspace.evidence / stage
    for path in (folder / "verdict.json", *(attempt.path / "verdict.json" for attempt in workspace.attempts(stage))):
        try:
            said = orjson.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(said, dict) and (said.get("from_stage"), said.get("subject")) == (stage, subject):
            heads = said.get("attempt_heads")
            yield [head for head in heads if isinstance(head, str)] if isinstance(heads, list) else []


def _head(path: Path) -> str:
    """Hash of the last line as it stands; the judge verifies the chain that leads there. Empty for none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2) - 1
            begins, tail = end, b""
            while begins > 0 and b"\n" not in tail and len(tail) <= MAX_LINE_BYTES:
                begins = max(0, begins - _STEP_BYTES)
                file.seek(begins)
                tail = file.read(end - begins)
            return sha256(tail.rpartition(b"\n")[2]).hexdigest()
    except OSError:
        return ""
