"""From plan, lock, state and ledgers to a verdict on disk. No user code runs here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from sluicegate.checks import Contract
from sluicegate.errors import Fault, InputError
from sluicegate.gate.judge import judge as gate_judge
from sluicegate.gate.validity import Question
from sluicegate.ledger import LedgerError, LedgerReader, append_state, read_ledger
from sluicegate.ledger.state import STATE_SKEW, StateView
from sluicegate.model import Decision, Verdict, digest_bytes, now_utc, parse_time, rfc3339
from sluicegate.model.verdict_json import verdict_json
from sluicegate.plan.types import Stage
from sluicegate.resources import VERSION
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.judged import Judged
from sluicegate.session.left_behind import made_of
from sluicegate.session.load_identity import load_digests
from sluicegate.session.read_files import content_of
from sluicegate.session.remembered import noted_heads, remembered
from sluicegate.session.workspace import AttemptFolder, PlanError, Workspace

__all__ = ["NEWEST", "decide", "judge"]

NEWEST = ("verdict.json", "report.html", "report.md")
"""What also lies at `<evidence>/<stage>/`, of the newest attempt."""

_BACK = 2
"""Rows of the order of evaluation up to this one take a build back."""


def decide(
    workspace: Workspace,
    stage: Stage,
    *,
    now: datetime | None = None,
    reader: Callable[[Path], LedgerReader] = read_ledger,
) -> Verdict:
    """The verdict on the evidence as it lies there; nothing is written. Raises InputError."""
    plan = workspace.plan
    faults: tuple[Fault, ...] = ()
    subject, parts, untold = workspace.subject_or_last()
    contracts: Mapping[str, Contract] = {}
    try:
        contracts = compile_contracts(plan, workspace.base, workspace.lock.models)
    except InputError as error:
        faults = tuple(error.faults)

    def judged(subject: str, parts: Mapping[str, str]) -> Verdict:
        known = remembered(workspace, stage.name, subject)
        question = Question(
            plan=plan,
            stage=stage,
            subject=subject,
            apparatus=workspace.apparatus(stage.name),
            lock_digest=workspace.lock_digest,
            now=now or now_utc(),
            content_of=partial(content_of, workspace.base),
            rerun=workspace.rerun,
            kept=workspace.kept,
            load_digests=load_digests(plan, stage, workspace.base),
            aside=workspace.beside is not None,
            remembered=known.heads,
            lost=known.lost,
        )
        return gate_judge(
            question,
            lock=workspace.lock,
            state=workspace.state(),
            ledgers=[reader(path) for path in workspace.ledgers(stage.name)],
            baseline=[read_ledger(path) for path in workspace.baseline(stage.name)],
            subject_parts=parts,
            engine=VERSION,
            config=check_config(plan, contracts),
        )

    verdict = judged(subject, parts)
    if verdict.kind.row > _BACK and (made := made_of(workspace, stage.name, subject)) is not None:
        # What a bad build writes into its own files while it is measured hides nothing that it did.
        before = judged(*made)
        verdict = before if before.kind.row <= _BACK else verdict
    # A service that is down, and with it what serves, hides no rollback of what served last.
    if untold is not None and verdict.decision is not Decision.ROLLBACK:
        raise untold
    # A contract that is gone takes nothing from a rollback, which live evidence shows without it.
    if faults and verdict.decision is not Decision.ROLLBACK:
        raise PlanError(faults)
    return verdict


def judge(workspace: Workspace, stage: Stage, *, now: datetime | None = None) -> Judged:
    """Decide, note it in the state file, then write the verdict and its reports beside the evidence.

    The note comes first, so that an older verdict is superseded whatever happens to the files. A hold or rollback
    stands without its files; a promote that cannot be written is none. Raises LedgerError for that, and InputError for
    a promote as of a time still to come.
    """
    from sluicegate.session.case_report import CaseReport
    from sluicegate.session.reports import rendered

    attempts = workspace.attempts(stage.name)
    attempt = attempts[-1] if attempts else AttemptFolder(path=workspace.evidence / stage.name / "1", number=1)
    folder, cases = attempt.path, CaseReport(attempt.ledgers)
    before, lying = workspace.state(), _lying(workspace, stage)
    verdict = decide(workspace, stage, now=now, reader=cases.reader)
    _check_clock(verdict)
    raw = verdict_json(verdict)
    if verdict.exit_code == 0 and _lying(workspace, stage) != lying:
        what = "evidence came while it was judged, and the verdict does not know of it."
        raise LedgerError(Fault(where=str(workspace.evidence), what=what, mend="Judge again."))
    _note(workspace, stage, verdict, raw, before)

    written, unwritten = {}, []
    for name, content in {"verdict.json": [raw], **rendered(verdict, cases)}.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _replace(folder / name, content)
            written[name] = folder / name
        except OSError as error:
            unwritten.append(f"{folder / name} cannot be written: {error.strerror}")
    if verdict.exit_code == 0 and "verdict.json" not in written:
        mend = "Make room or make the folder writable, and judge again."
        raise LedgerError([Fault(where="verdict", what=f"{why}.", mend=mend) for why in unwritten])
    unwritten += _newest(folder, written)
    return Judged(verdict=verdict, raw=raw, folder=folder, written=written, unwritten=tuple(unwritten))


def _check_clock(verdict: Verdict) -> None:
    """What will be is no leave to go on. Raises InputError for a promote as of a time still to come."""
    clock = now_utc()
    if verdict.exit_code == 0 and parse_time(verdict.issued_at) > clock + STATE_SKEW:
        told = f"{verdict.issued_at} is still to come; the clock says {rfc3339(clock)}"
        what = f"{told}. A {verdict.kind} is of the present."
        raise InputError(Fault(where="--now", what=what, mend="Judge when that time has come, without --now."))


def _newest(folder: Path, written: Mapping[str, Path]) -> list[str]:
    """The newest verdict and its reports, above the attempts, where a deploy step finds them. What went wrong."""
    unwritten = []
    for name in NEWEST:
        path = folder.parent / name
        try:
            _replace(path, [written[name].read_bytes()])
        except (OSError, KeyError) as error:
            why = f": {error.strerror}" if isinstance(error, OSError) else ""
            unwritten.append(f"{path} cannot be written{why}")
            # Better none than an older one.
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return unwritten


def _lying(workspace: Workspace, stage: Stage) -> list[tuple[str, int]]:
    """The evidence that lies there, each file with its size."""
    paths = (*workspace.baseline(stage.name), *workspace.ledgers(stage.name))
    return [(str(path), path.stat().st_size) for path in paths]


def _note(workspace: Workspace, stage: Stage, verdict: Verdict, raw: bytes, before: StateView | None) -> None:
    """Into the state file. One that is lost is not made up, and a damaged one takes nothing from a hold or rollback."""
    path, state, clock = workspace.plan.state, workspace.state(), now_utc()
    if path is None or state is None:
        return
    known = noted_heads(state, verdict.from_stage, verdict.subject)
    heads = [head for head in verdict.attempt_heads if head not in known]
    lost = state.missing and (state.broken is not None or stage.name != workspace.plan.stages[0].name)
    body = {
        "hash": digest_bytes(raw),
        "decision": verdict.decision.value,
        "kind": verdict.kind.value,
        "from_stage": verdict.from_stage,
        "to_stage": verdict.to_stage,
        "subject": verdict.subject,
        # Judged as of a time still to come, it was given now all the same.
        "at": min(verdict.issued_at, rfc3339(clock)),
        **({"heads": heads} if heads else {}),
    }
    try:
        if not lost:
            append_state(path, "verdict", body, after=before if verdict.exit_code == 0 else None)
    except InputError:
        if verdict.exit_code == 0:
            raise


def _replace(path: Path, content: Iterable[bytes]) -> None:
    """Whole or not at all, so that nobody reads half a verdict."""
    unfinished = path.with_name(path.name + ".new")
    with unfinished.open("wb") as file:
        file.writelines(content)
    os.replace(unfinished, path)
