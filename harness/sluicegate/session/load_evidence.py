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
from sluicegate.resources import VERSION
from sluicegate.session.load_identity import load_digest
from sluicegate.session.load_import import Imported, Sent, ShardSet, import_shards
from sluicegate.session.recordings import next_recording, note_recording
from sluicegate.session.workspace import Workspace

SERVED = "served.jsonl"
"""Beside the shards: what the doubles saw."""

__all__ = ["SERVED", "LoadRan", "Loading", "loading", "take_in"]


@frozen
class LoadRan:
    """A load run that was taken in."""

    profile: Profile
    path: Path
    """Its ledger."""
    shards: Path
    """The raw samples, which the ledger names with their hashes."""
    imported: Imported


@dataclass(slots=True, kw_only=True)
class Loading:
    """A run that has begun."""

    workspace: Workspace
    profile: Profile
    cases: Mapping[str, Case]
    stage: str
    ledger: LedgerWriter
    number: int
    subject: str
    shards: Path
    """The folder for raw samples."""


@contextmanager
def loading(
    workspace: Workspace,
    profile: Profile,
    stage: str,
    *,
    cases: Mapping[str, Case],
    nonce: str,
    target: str,
    workers: int,
    shards: Path | None = None,
    at: datetime | None = None,
    subject: str | None = None,
) -> Iterator[Loading]:
    """A ledger that says what is about to be sent. Without `take_in` it stays unclosed, and holds.

    `nonce` is the job's: by it a run that was cut short is known again when its shards are taken in. `shards` and `at`
    are those of a run that was sent elsewhere, which is as old as it is, whenever it is taken in. `subject` is the
    build that was asked, where it is not the present one.
    An InputError inside says that nothing was sent: then there was no run, and nothing is left of it.
    """
    present, parts = workspace.subject, workspace.subject_parts
    subject = present if subject is None else subject
    path, number = next_recording(workspace)
    folder = shards
    if folder is None:
        folder = path.with_suffix("").resolve()
        folder.mkdir(parents=True)
    with LedgerWriter(path) as ledger:
        started = RunStarted(
            schema_version=1,
            nonce=nonce,
            at=rfc3339(at or now_utc()),
            origin=Origin.LOAD,
            stage=stage,
            attempt=number,
            subject=subject,
            subject_parts=parts if subject == present else {},
            apparatus=workspace.apparatus(stage),
            plan_digest=workspace.plan.digest,
            lock_digest=workspace.lock_digest,
            engine=VERSION,
            pipeline="",
            capabilities=tuple(sorted(workspace.plan.pipeline.capabilities)),
            expected=Expected(cases=0, trials=0, ids_digest=digest_of([])),
            load=LoadRun(
                profile=profile.name,
                digest=load_digest(workspace.plan, workspace.base, profile, cases.values()),
                target=target,
                workers=workers,
                objective_ms=profile.objective_ms,
                objective_ttft_ms=profile.objective_ttft_ms,
            ),
        )
        ledger.append(RunStarted.KIND, started.body())
        run = Loading(
            workspace=workspace,
            profile=profile,
            cases=cases,
            stage=stage,
            ledger=ledger,
            number=number,
            subject=subject,
            shards=folder,
        )
        try:
            yield run
        except LedgerError:
            raise  # something was sent, and what is written of it stays
        except InputError:
            path.unlink()
            if shards is None:
                with suppress(OSError):  # what is in it stays
                    folder.rmdir()
            raise


def take_in(
    run: Loading,
    shards: ShardSet,
    *,
    trace: Sequence[TraceArrival],
    served: Path | None,
    extra: Sequence[str],
) -> LoadRan:
    """Write everything the shards hold, and close the run; complete only where nothing is missing."""
    changed = run.workspace.deployed_since()
    sent = Sent(
        profile=run.profile,
        cases=run.cases,
        subject=run.subject,
        stage=run.stage,
        trace=trace,
        served=served,
        experts=frozenset(name for name, price in run.workspace.plan.prices.items() if price.expert),
    )
    imported = import_shards(run.ledger, shards, sent, extra=[*extra, *([changed] if changed else [])])
    closed = RunClosed(at=rfc3339(now_utc()), complete=imported.complete)
    head = run.ledger.append(RunClosed.KIND, closed.body())
    note_recording(run.workspace, run.number, head, subject=run.subject, at=now_utc(), stage=run.stage)
    return LoadRan(profile=run.profile, path=run.ledger.path, shards=run.shards, imported=imported)
