"""What a deploy step asks: is this verdict about exactly this step, and what does it say?"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from sluicegate.model import now_utc
from sluicegate.plan.textfile import read_bytes
from sluicegate.session.read_files import content_of
from sluicegate.session.workspace import Workspace
from sluicegate.sources.consumer import VerifyResult, verify_verdict

__all__ = ["MAX_VERDICT_BYTES", "VERDICT_MEND", "verify"]

MAX_VERDICT_BYTES = 64 * 1024 * 1024
VERDICT_MEND = "Give the verdict.json that gate or judge wrote."


def verify(
    verdict: Path,
    plan: Path,
    *,
    subject: str,
    from_stage: str,
    to_stage: str | None,
    max_age_s: float | None = None,
    evidence: Path | None = None,
    now: datetime | None = None,
) -> VerifyResult:
    """The decision these bytes carry for this step. Plan, lock and state come from the protected branch.

    An empty `subject` is one that could not be told: what a shell hands on of a command that failed.
    """
    workspace, clock = Workspace(plan, evidence=evidence), now_utc()
    raw = read_bytes(verdict, "a verdict", limit=MAX_VERDICT_BYTES, siblings="*.json", mend=VERDICT_MEND)
    return verify_verdict(
        raw,
        plan_digest=workspace.plan.digest,
        lock_digest=workspace.lock_digest,
        subject=subject.strip() or None,
        from_stage=workspace.stage(from_stage, where="--from").name,
        to_stage=None if to_stage is None else workspace.stage(to_stage, where="--to").name,
        max_age_s=max_age_s,
        now=now or clock,
        state=workspace.state(),
        clock=clock,
        content_of=partial(content_of, workspace.base),
    )
