"""Load runs whose command was killed: what their generators wrote is taken in before anything new is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sluicegate.gate.loads import sent_the_same
from sluicegate.ledger import LoadAccount, RunStarted, entry, read_ledger
from sluicegate.ledger.loads import LoadRun
from sluicegate.ledger.writer import is_being_written
from sluicegate.model import parse_time
from sluicegate.plan.arrivals import read_trace
from sluicegate.plan.load import Profile
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_evidence import SERVED, LoadRan, Sending, loading, take_in
from sluicegate.session.load_identity import load_digests
from sluicegate.session.load_import import ShardSet
from sluicegate.session.workspace import Workspace

__all__ = ["take_orphans"]

_CUT = "its command was ended before it could take in what was measured"


def take_orphans(workspace: Workspace) -> list[LoadRan]:
    """Take in every run of this subject, and of profiles as they are today, that was cut short and still lies there.

    Each becomes a run that is not complete, which holds until a newer one; what it measured counts for every line that
    is crossed. Raises InputError, LedgerError.
    """
    found = list(_load_runs(workspace))
    told = {started.nonce for _, started, _, has_account in found if has_account}
    return [
        _taken(workspace, path, started, load, profile)
        for path, started, load, has_account in found
        if not has_account and started.nonce not in told
        if (profile := _profile(workspace, started, load)) is not None and not is_being_written(path)
    ]


def _load_runs(workspace: Workspace) -> Iterator[tuple[Path, RunStarted, LoadRun, bool]]:
    """Every load run, and whether it was taken in."""
    for path in workspace.recordings():
        started, has_account = None, False
        for record in read_ledger(path):
            if started is None:
                started = entry(record)
                if not isinstance(started, RunStarted) or started.load is None:
                    break
            has_account |= record.kind == LoadAccount.KIND
        if isinstance(started, RunStarted) and started.load is not None:
            yield path, started, started.load, has_account


def _profile(workspace: Workspace, started: RunStarted, load: LoadRun) -> Profile | None:
    """The profile that sends today what this run was to send, whatever its name; None for a run of others."""
    stage = next((each for each in workspace.plan.stages if each.name == started.stage), None)
    spec = workspace.plan.load
    if stage is None or spec is None or started.subject != workspace.subject:
        return None
    today = load_digests(workspace.plan, stage, workspace.base)
    return next((spec.profile(name) for name in today if sent_the_same(load, name, today)), None)


def _taken(workspace: Workspace, path: Path, started: RunStarted, load: LoadRun, profile: Profile) -> LoadRan:
    plan, folder = workspace.plan, path.with_suffix("").resolve()
    folder.mkdir(exist_ok=True)
    trace = () if profile.trace is None else read_trace(workspace.base / profile.trace)
    cases = {case.id: case for case in load_cases(plan, workspace.base)}
    sent = Sending(
        profile=profile,
        stage=started.stage,
        cases=cases,
        nonce=started.nonce,
        target=load.target,
        workers=load.workers,
        shards=folder,
        at=parse_time(started.at),
    )
    with loading(workspace, sent) as run:
        shards = ShardSet(folder, workers=load.workers, nonce=started.nonce)
        served = folder / SERVED
        return take_in(run, shards, trace=trace, served=served if served.exists() else None, extra=(_CUT,))
