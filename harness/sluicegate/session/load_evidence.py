"""The ledger of one load run: opened before anything is sent, closed when everything that was sent has been counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sluicegate.errors import InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import Expected, LedgerError, LedgerWriter, LoadRun, RunClosed, RunStarted
from sluicegate.model import Case, Origin, digest_of, now_utc, rfc3339
from sluicegate.plan.load import Profile, TraceArrival
from sluicegate.plan.types import HttpTarget
from sluicegate.resources import VERSION
from sluicegate.session.load_identity import load_digest
from sluicegate.session.load_import import Imported, Sent, ShardSet, import_shards
from sluicegate.session.recordings import next_recording, note_recording
from sluicegate.session.workspace import Workspace

SERVED = "served.jsonl"
"""Beside the shards: what the doubles saw."""

__all__ = ["SERVED", "LoadRan", "Loading", "Sending", "loading", "take_in"]


@frozen
class LoadRan:
    """A load run that was taken in."""

    profile: Profile
    path: Path
    """Its ledger."""
    shards: Path
    """The raw samples, which the ledger names with their hashes."""
    imported: Imported


@frozen
class Sending:
    """What a load run is about to send, or has sent elsewhere."""

    profile: Profile
    stage: str
    cases: Mapping[str, Case]
    nonce: str
    """The job's: by it a run that was cut short is known again when its shards are taken in."""
    target: str
    workers: int
    shards: Path | None = None
    """Of a run that was sent elsewhere, the folder of its raw samples."""
    at: datetime | None = None
    """When that was: it is as old as it is, whenever it is taken in."""
    subject: str | None = None
    """The build that was asked, where it is not the present one."""


@dataclass(slots=True, kw_only=True)
class Loading:
    """A run that has begun."""

    workspace: Workspace
    sending: Sending
    ledger: LedgerWriter
    started: RunStarted
    shards: Path
    """The folder for raw samples."""


@contextmanager
def loading(workspace: Workspace, sending: Sending) -> Iterator[Loading]:
    """A ledger that says what is about to be sent. Without `take_in` it stays unclosed, and holds.

    An InputError inside says that nothing was sent: then there was no run, and nothing is left of it.
    """
    path, number = next_recording(workspace)
    started = _started(workspace, sending, number)  # before anything is made: where nobody can tell, there is no run
    folder = sending.shards
    if folder is None:
        folder = path.with_suffix("").resolve()
        folder.mkdir(parents=True)
    with LedgerWriter(path) as ledger:
        ledger.append(RunStarted.KIND, started.body())
        try:
            yield Loading(workspace=workspace, sending=sending, ledger=ledger, started=started, shards=folder)
        except LedgerError:
            raise  # something was sent, and what is written of it stays
        except InputError:
            path.unlink()
            if sending.shards is None:
                (folder / SERVED).unlink(missing_ok=True)  # of what was stood up and never asked
                with suppress(OSError):  # what else is in it stays
                    folder.rmdir()
            raise


def _started(workspace: Workspace, sending: Sending, number: int) -> RunStarted:
    plan, profile, present = workspace.plan, sending.profile, workspace.subject
    subject = present if sending.subject is None else sending.subject
    return RunStarted(
        schema_version=1,
        nonce=sending.nonce,
        at=rfc3339(sending.at or now_utc()),
        origin=Origin.LOAD,
        stage=sending.stage,
        attempt=number,
        subject=subject,
        subject_parts=workspace.subject_parts if subject == present else {},
        apparatus=workspace.apparatus(sending.stage),
        plan_digest=plan.digest,
        lock_digest=workspace.lock_digest,
        engine=VERSION,
        pipeline="",
        capabilities=tuple(sorted(plan.pipeline.capabilities)),
        expected=Expected(cases=0, trials=0, ids_digest=digest_of([])),
        load=LoadRun(
            profile=profile.name,
            digest=load_digest(plan, workspace.base, profile, sending.cases.values()),
            target=sending.target,
            workers=sending.workers,
            objective_ms=profile.objective_ms,
            objective_ttft_ms=profile.objective_ttft_ms,
            own_ids=profile.own_ids,
            watched=not isinstance(plan.pipeline.target, HttpTarget),
        ),
    )


def take_in(
    run: Loading,
    shards: ShardSet,
    *,
    trace: Sequence[TraceArrival],
    served: Path | None,
    extra: Sequence[str],
) -> LoadRan:
    """Write everything the shards hold, and close the run; complete only where nothing is missing."""
    workspace, sending, started = run.workspace, run.sending, run.started
    changed = workspace.deployed_since()
    sent = Sent(
        profile=sending.profile,
        cases=sending.cases,
        subject=started.subject,
        stage=started.stage,
        trace=trace,
        served=served,
        experts=frozenset(name for name, price in workspace.plan.prices.items() if price.expert),
    )
    imported = import_shards(run.ledger, shards, sent, extra=[*extra, *([changed] if changed else [])])
    closed = RunClosed(at=rfc3339(now_utc()), complete=imported.complete)
    head = run.ledger.append(RunClosed.KIND, closed.body())
    note_recording(workspace, started.attempt, head, subject=started.subject, at=now_utc(), stage=started.stage)
    return LoadRan(profile=sending.profile, path=run.ledger.path, shards=run.shards, imported=imported)
