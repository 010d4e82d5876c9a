"""A run taken as what later ones are compared with."""

from __future__ import annotations

import shutil
from pathlib import Path

from sluicegate.errors import Fault
from sluicegate.frozen import frozen
from sluicegate.ledger import LedgerError
from sluicegate.plan.lines import BASELINE
from sluicegate.session.compared_runs import NotComparable, read_run
from sluicegate.session.workspace import Workspace

__all__ = ["RecordedBaseline", "record_baseline"]


@frozen
class RecordedBaseline:
    """Where it lies now, and what it is a run of."""

    folder: Path
    subject: str
    cases: int


def record_baseline(workspace: Workspace, run: Path) -> RecordedBaseline:
    """Copy the ledgers of a run into the evidence as its newest baseline; their bytes stay as they are.

    Raises InputError where there is no run, NotComparable for one that is damaged, unended or measured in another way
    than this plan measures, LedgerError where it cannot be written.
    """
    found = read_run(run)
    was, now = found.started.fingerprint, workspace.fingerprint
    if unlike := sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name)):
        mend = "Run the base with this plan, cases, scorers and release."
        faults = [
            Fault(where=str(run), what=f"was measured with another {name} than the plan's.", mend=mend)
            for name in unlike
        ]
        raise NotComparable(faults)
    attempts = workspace.attempts(BASELINE)
    folder = workspace.evidence / BASELINE / str(attempts[-1].number + 1 if attempts else 1)
    # Whole or not at all: a judge takes every numbered folder for a baseline.
    unfinished = folder.with_name(f"{folder.name}.new")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for number, path in enumerate(found.ledgers, start=1):
            shutil.copyfile(path, unfinished / f"ledger-{number}.jsonl")
        unfinished.rename(folder)
    except OSError as error:
        mend = "Make room or make the folder writable."
        raise LedgerError(Fault(where=str(folder), what=f"cannot be written: {error.strerror}.", mend=mend)) from None
    return RecordedBaseline(folder=folder, subject=found.started.subject, cases=len(found.cases))
