"""From plan, lock, state and ledgers to a verdict on disk. No user code runs here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.gate.judge import judge as gate_judge
from sluicegate.ledger import append_state, read_ledger
from sluicegate.model import Verdict, digest_bytes, now_utc
from sluicegate.model.verdict_json import verdict_json
from sluicegate.plan.types import Stage
from sluicegate.resources import VERSION
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.workspace import AttemptFolder, Workspace

__all__ = ["Judged", "decide", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict and where it was written."""

    verdict: Verdict
    raw: bytes
    """Canonical JSON; what a deploy step verifies."""
    folder: Path
    written: Mapping[str, Path]
    """`verdict`, and each report by format."""


def decide(workspace: Workspace, stage: Stage, *, now: datetime | None = None) -> Verdict:
    """The verdict on the evidence as it lies there; nothing is written. Raises InputError."""
    plan = workspace.plan
    contracts = compile_contracts(plan, workspace.base, workspace.lock.models)
    return gate_judge(
        plan=plan,
        stage=stage,
        lock=workspace.lock,
        lock_digest=workspace.lock_digest,
        state=workspace.state(),
        ledgers=[read_ledger(path) for path in workspace.ledgers(stage.name)],
        subject=workspace.subject,
        subject_parts=workspace.subject_parts,
        apparatus=workspace.apparatus(stage.name),
        now=now or now_utc(),
        engine=VERSION,
        config=check_config(plan, contracts),
    )


def judge(workspace: Workspace, stage: Stage, *, now: datetime | None = None) -> Judged:
    """Decide, write the verdict and its reports beside the evidence, and note it in the state file."""
    verdict = decide(workspace, stage, now=now)
    raw = verdict_json(verdict)
    attempts = workspace.attempts(stage.name)
    folder = (attempts[-1] if attempts else AttemptFolder(path=workspace.evidence / stage.name / "1", number=1)).path
    from sluicegate.session.reports import rendered

    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {"verdict.json": raw, **rendered(verdict, workspace, stage)}.items():
            _replace(folder / name, content)
            written[name] = folder / name
    except OSError as error:
        what = f"the verdict cannot be written: {error.strerror}."
        raise InputError(Fault(where=str(folder), what=what, mend="Make the folder writable.")) from None
    _note(workspace, stage, verdict, raw)
    return Judged(verdict=verdict, raw=raw, folder=folder, written=written)


def _note(workspace: Workspace, stage: Stage, verdict: Verdict, raw: bytes) -> None:
    """Into the state file. One that is lost is not made up, and a damaged one takes nothing from a hold or rollback."""
    path, state = workspace.plan.state, workspace.state()
    if path is None or state is None:
        return
    lost = state.missing and (state.broken is not None or stage.name != workspace.plan.stages[0].name)
    body = {
        "hash": digest_bytes(raw),
        "decision": verdict.decision.value,
        "kind": verdict.kind.value,
        "from_stage": verdict.from_stage,
        "to_stage": verdict.to_stage,
        "subject": verdict.subject,
        "at": verdict.issued_at,
    }
    try:
        if not lost:
            append_state(path, "verdict", body)
    except InputError:
        if verdict.exit_code == 0:
            raise


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, so that nobody reads half a verdict."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
