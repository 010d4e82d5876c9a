"""Which attempt a run belongs to, and what of it was done before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sluicegate.errors import Fault
from sluicegate.frozen import frozen
from sluicegate.gate.runs import CUT, CUT_MEND
from sluicegate.ledger import LedgerError, LedgerReader, Resumed, RunStarted, append_state, resume
from sluicegate.model import Origin, now_utc, parse_time, rfc3339
from sluicegate.plan.types import Stage
from sluicegate.resources import VERSION
from sluicegate.session.read_files import content_of
from sluicegate.session.remembered import remembered
from sluicegate.session.workspace import AttemptFolder, Workspace

__all__ = ["Earlier", "attempt_for", "failed_cases", "note_attempt"]


@frozen
class Earlier:
    """What one origin has in the attempt that goes on."""

    resumed: Resumed
    paths: Sequence[Path]
    """Oldest first."""


def attempt_for(workspace: Workspace, stage: Stage, *, fresh: bool) -> tuple[AttemptFolder, Mapping[Origin, Earlier]]:
    """The attempt to write to, and what of it is done already. Evidence that no longer serves begins a new one.

    Where words alone say what serves, it may have been deployed anew since under the same ones: nothing is reused.
    Raises LedgerError where what an earlier verdict was given on is gone: nothing goes on from what was left of it.
    """
    attempts = workspace.attempts(stage.name)
    if fresh or not attempts or workspace.plan.subject.by_word:
        return workspace.new_attempt(stage.name), {}
    last = attempts[-1]
    if remembered(workspace, stage.name, workspace.subject).lost:
        raise LedgerError(Fault(where=str(last.path.parent), what=CUT, mend=CUT_MEND))
    earlier: dict[Origin, Earlier] = {}
    for origin, paths in _by_origin(last.ledgers).items():
        found = resume(paths)
        if not all(_serves(workspace, stage, started) for started in found.started):
            return workspace.new_attempt(stage.name), {}
        earlier[origin] = Earlier(resumed=found, paths=paths)
    read = [item for found in earlier.values() for item in found.resumed.reads.items()]
    if any(was is not None and content_of(workspace.base, path) != was for path, was in read):
        return workspace.new_attempt(stage.name), {}
    # A service that nobody asks may have been deployed anew beside the same files; an interrupted run goes on.
    if workspace.plan.unasked and all(found.resumed.closed for found in earlier.values()):
        return workspace.new_attempt(stage.name), {}
    return last, earlier


def note_attempt(workspace: Workspace, stage: Stage, folder: AttemptFolder) -> None:
    """Say in the state file that evidence is being taken.

    A state that should exist and does not is never made up, and a damaged one is left for the judge to see.
    """
    path = workspace.plan.state
    state = workspace.state()
    if path is None or state is None or state.broken is not None:
        return
    if state.missing and stage.name != workspace.plan.stages[0].name:
        return
    if not any(known.stage == stage.name and known.attempt == folder.number for known in state.attempts):
        body = {"stage": stage.name, "attempt": folder.number, "subject": workspace.subject, "at": rfc3339(now_utc())}
        append_state(path, "attempt", body)


def failed_cases(workspace: Workspace, stage: Stage) -> frozenset[str]:
    """Cases of the last attempt that crashed, or failed a check, or that a check could not judge."""
    attempts = workspace.attempts(stage.name)
    failed: set[str] = set()
    for path in attempts[-1].ledgers if attempts else []:
        begun: dict[str, str] = {}
        for record in LedgerReader(path):
            body = record.body
            if record.kind == "intent":
                begun[body["run_id"]] = body["case_id"]
            elif record.kind == "outcome":
                begun.pop(body["run_id"], None)
                if any("error" in output for output in body["outputs"]):
                    failed.add(body["case_id"])
            elif record.kind == "checked" and {"fail", "error"} & set(body["results"].values()):
                failed.add(body["case_id"])
        failed.update(begun.values())
    return frozenset(failed)


def _by_origin(paths: Iterable[Path]) -> dict[Origin, list[Path]]:
    found: dict[Origin, list[Path]] = {}
    for path in paths:
        first = next(iter(LedgerReader(path)), None)
        if first is not None and first.kind == RunStarted.KIND:
            found.setdefault(Origin(first.body["origin"]), []).append(path)
    return found


def _serves(workspace: Workspace, stage: Stage, started: RunStarted) -> bool:
    """Whether a run's evidence is about the same subject, taken with the same apparatus, and not stale."""
    age_s = (now_utc() - parse_time(started.at)).total_seconds()
    return (
        started.subject == workspace.subject
        and started.plan_digest == workspace.plan.digest
        and started.lock_digest == workspace.lock_digest
        and started.apparatus == workspace.apparatus(stage.name)
        and started.engine == VERSION
        and age_s < workspace.plan.max_evidence_age_s
    )
