"""Taking in what was measured elsewhere, and what people vouch for, as ledgers beside the evidence."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sluicegate.checks.masking import mask_secrets
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.gate.memory import taken_back, unpromoted
from sluicegate.ledger import Expected, LedgerError, LedgerWriter, RunClosed, RunStarted, append_state
from sluicegate.ledger.state import STATE_SKEW, Acknowledged, Entered, RolledBack, StateView, VerdictGiven
from sluicegate.model import Decision, Json, Origin, digest_of, now_utc, parse_time, rfc3339, to_micros
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import Metric, MetricKind, Scale
from sluicegate.resources import VERSION
from sluicegate.session.recordings import next_recording, note_recording
from sluicegate.session.workspace import Workspace
from sluicegate.sources.attestations import attestation_of, is_left_open
from sluicegate.sources.columns import RecordSpec, Unit
from sluicegate.sources.record import read_measurements
from sluicegate.sources.tables import CsvTable, JsonlTable, SqliteTable, Table

__all__ = [
    "Noted",
    "Recorded",
    "acknowledge",
    "enter",
    "measured_subject",
    "record_attestation",
    "record_measurements",
    "roll_back",
    "source_table",
]


@frozen
class Recorded:
    """What was taken in."""

    path: Path
    units: int
    outside: int
    """Rows outside of the window, left out."""
    warnings: tuple[str, ...] = ()
    """Why rows that were taken in will count for nothing as things stand."""


def source_table(path: Path, *, table: str | None = None, query: str | None = None) -> Table:
    """The source of rows at `path`, by its ending or by what is asked of it. Raises InputError for another."""
    ending = path.suffix.lower()
    if table or query or ending in (".db", ".sqlite", ".sqlite3"):
        return SqliteTable(path, query=query, table=table)
    if ending in (".csv", ".tsv"):
        return CsvTable(path, delimiter="\t" if ending == ".tsv" else ",")
    if ending in (".jsonl", ".ndjson"):
        return JsonlTable(path)
    what = f"'{path.name}' ends with '{ending}'."
    raise InputError(Fault(where="--file", what=what, mend="Give a .csv, .tsv, .jsonl or .sqlite file."))


def record_measurements(
    workspace: Workspace, table: Table, spec: RecordSpec, *, now: datetime | None = None
) -> Recorded:
    """All rows of a source, or, when one is bad, none. Raises InputError with every fault."""
    spec.check("--column")
    at = _past(now, now_utc())
    known = [*workspace.plan.metrics, *BUILT_IN]
    if spec.metric not in known:
        mend = nearest(spec.metric, known) or "Declare it under metrics: in the plan."
        raise InputError(Fault(where="--metric", what=f"'{spec.metric}' is no metric of this plan.", mend=mend))
    if faults := list(_unfit(workspace.plan.metrics.get(spec.metric) or BUILT_IN[spec.metric], spec)):
        raise InputError(faults)
    spec = replace(spec, place=spec.place or _place(workspace, table.path))
    stage, entered_us = _entries(workspace, spec)
    with (
        read_measurements(table, spec, now=at, entered_us=entered_us) as recording,
        _ledger(workspace, spec.origin, spec.stage, at, subject=spec.subject) as ledger,
    ):
        for block in recording.blocks():
            ledger.append("measurements", block.body())
        warnings = tuple(_unheard(workspace, spec, stage, entered_us, recording.early))
        return Recorded(path=ledger.path, units=recording.rows, outside=recording.outside, warnings=warnings)


def _entries(workspace: Workspace, spec: RecordSpec) -> tuple[str, dict[str, int]]:
    """The stage that the rows are about (the one entered last where they name none), and when subjects entered it."""
    state = workspace.state()
    if state is None or spec.stage == BASELINE or not (spec.stage or state.entries):
        return "", {}
    stage = spec.stage or state.entries[-1].stage
    found: dict[str, int] = {}
    for entry in state.entries:
        if entry.stage == stage:
            with suppress(ValueError):  # a time that cannot be read is the judge's to tell
                found.setdefault(entry.subject, to_micros(parse_time(entry.at)))
    return stage, found


def _unheard(
    workspace: Workspace, spec: RecordSpec, stage: str, entered_us: Mapping[str, int], early: int
) -> Iterator[str]:
    later = stage and stage != workspace.plan.stages[0].name
    if early:
        yield (
            f"warning: {early:,} rows are of before the subject entered '{stage}', and count for nothing there. "
            "Was the entry recorded late, or is the export too long?"
        )
    if later and spec.subject is not None and spec.subject not in entered_us:
        yield (
            f"warning: no entry of '{stage}' is recorded for the subject of these rows ({spec.subject[:12]}): once it "
            "is, what happened before it counts for nothing."
        )


def measured_subject(workspace: Workspace) -> str:
    """What serves, where nobody says whose rows they are. Raises InputError, with what to say where it is not told."""
    try:
        return workspace.subject
    except InputError as error:
        state = workspace.state()
        noted = state.events[-1].subject if state is not None and state.events else None
        last = f"; the state file names {noted} last" if noted else ""
        mend = f"Say whose rows they are with --subject DIGEST{last}."
        what = "what serves cannot be told, and nothing says whose rows these are."
        raise InputError([*error.faults, Fault(where="--subject", what=what, mend=mend)]) from None


def _place(workspace: Workspace, path: Path) -> str:
    """What tells files of one name in two folders apart, the same in every checkout; empty beside the plan."""
    try:
        folder = os.path.relpath(path.resolve().parent, workspace.base.resolve())
    except (OSError, ValueError):  # another drive, or a link that leads in a circle
        folder = str(path.parent)
    return "" if folder == "." else sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_UNITS = {Scale.MS: (Unit.MS, Unit.S), Scale.MICROUSD: (Unit.MICROUSD, Unit.USD)}
_COUNTED = (MetricKind.PROPORTION, MetricKind.INCIDENTS, MetricKind.SPLIT)


def _unfit(metric: Metric, spec: RecordSpec) -> Iterator[Fault]:
    """What the judge would have to throw away: numbers of another shape, or in a unit that nobody said."""
    valued = spec.columns.value is not None
    if valued and metric.kind in _COUNTED:
        mend = "Map k and n, or passed."
        yield Fault(where="--column", what=f"{metric.name} counts units, and 'value' is mapped.", mend=mend)
    elif not valued and metric.kind is MetricKind.DISTRIBUTION:
        yield Fault(where="--column", what=f"{metric.name} is made of values, and none is mapped.", mend="Map value.")
    elif not valued and spec.unit is not Unit.NUMBER:
        yield Fault(where="--unit", what=f"no value is mapped that could be in {spec.unit}.", mend="Leave it out.")
    elif valued and spec.unit not in (fitting := _UNITS.get(metric.scale, (Unit.NUMBER,))):
        said = "says no unit" if spec.unit is Unit.NUMBER else f"is in {spec.unit}"
        what = f"{metric.name} is measured in {metric.scale}, and the file {said}."
        yield Fault(where="--unit", what=what, mend=f"Give --unit {' or '.join(fitting)}.")


def record_attestation(workspace: Workspace, given: Mapping[str, Json], *, now: datetime | None = None) -> Path:
    """Who vouches for what, until when. Raises InputError with every fault."""
    at = _past(now, now_utc())
    attestation = attestation_of(given, "attestation", now=at)
    if attestation.stage is not None:
        workspace.stage(attestation.stage)
    with _ledger(workspace, Origin.LIVE, attestation.stage, at) as ledger:
        ledger.append("attestation", attestation.body())
        return ledger.path


@frozen
class Noted:
    """A record in the state file."""

    head: str
    """Of the state file now."""
    warnings: tuple[str, ...] = ()
    already: str | None = None
    """Since when it stands there; nothing was added."""


def enter(workspace: Workspace, stage: str, *, now: datetime | None = None, override: str | None = None) -> Noted:
    """Say that the rollout has entered a stage with the present subject: its live evidence begins here.

    What was just entered is entered already, and nothing changes. `override` says why a stage is entered that the gate
    has not promoted this subject into, or once more. Raises InputError without it, and for a time still to come, or
    earlier than what the state file holds.
    """
    path = _state_path(workspace)
    name = workspace.stage(stage).name
    state, clock = workspace.state(), now_utc()
    first = workspace.plan.stages[0].name
    if state is not None and state.missing and name != first:
        what = f"there is no state file, and {name} is not the first stage."
        mend = (
            f"Begin with: {_gate(workspace, first)}. "
            "If the rollout has begun, restore the file from its protected place."
        )
        raise InputError(Fault(where=str(path), what=what, mend=mend))
    at = _past(now, clock)
    body: dict[str, Json] = {"stage": name, "subject": workspace.subject, "at": rfc3339(at)}
    if clock - at > STATE_SKEW:
        body["written"] = rfc3339(clock)
    if override is not None:
        if is_left_open(override):
            raise InputError(Fault(where="--override", what=f"'{override}' is no reason.", mend="Write why."))
        body["override"] = mask_secrets(override)
    elif state is not None and state.broken is None:
        if (already := _entered_last(state, name, workspace.subject)) is not None:
            return Noted(head=state.head or "", already=already.at)
        if name != first:
            _check_promoted(workspace, state, name)
    head = append_state(path, "entered", body)
    if name != first and (after := workspace.state()) is not None and unpromoted(after, name, workspace.subject):
        what = f"no promote into '{name}' of this subject is recorded: the entry rests on your word."
        return Noted(head=head, warnings=(f"warning: {what} The verdict will say so.",))
    return Noted(head=head)


def _entered_last(state: StateView, stage: str, subject: str) -> Entered | None:
    """The entry of this stage with this subject, where nothing was entered, taken back or promoted into it since."""
    for event in reversed(state.events):
        match event:
            case Entered():
                return event if (event.stage, event.subject) == (stage, subject) else None
            case RolledBack() | Acknowledged() | VerdictGiven(decision=Decision.ROLLBACK):
                return None
            case VerdictGiven(decision=Decision.PROMOTE) if (event.to_stage, event.subject) == (stage, subject):
                return None  # a step of its own, and the entry uses its verdict up
    return None


def _check_promoted(workspace: Workspace, state: StateView, stage: str) -> None:
    """Where the gate's verdicts are in the state, a promote would be too. Raises InputError when there is none."""
    subject = workspace.subject
    into = [event for event in state.verdicts if (event.to_stage, event.subject) == (stage, subject)]
    if not state.verdicts or any(event.decision == Decision.PROMOTE for event in into):
        return
    stages = [each.name for each in workspace.plan.stages]
    before = stages[stages.index(stage) - 1]
    said = f"; the last verdict on the step is {into[-1].kind} of {into[-1].at}" if into else ""
    what = f"no promote into '{stage}' of this subject ({subject[:12]}) is recorded{said}."
    mend = (
        f"Run: {_gate(workspace, before)}. If it was entered all the same, give --override REASON: the verdict will "
        "say so."
    )
    raise InputError(Fault(where="--stage", what=what, mend=mend))


def _gate(workspace: Workspace, stage: str) -> str:
    return shlex.join(["sluicegate", "gate", str(workspace.plan.path), "--stage", stage, *workspace.kept])


def roll_back(
    workspace: Workspace, stage: str, *, by: str, now: datetime | None = None, subject: str | None = None
) -> Noted:
    """Say that a stage was left backwards; its lines stay crossed for this subject.

    Without `subject` it is what serves; where that cannot be told, what the state file names last at this stage: a
    build that took its version service down is taken back all the same. What was taken back and not entered since is
    back already, and nothing changes. Raises InputError when nothing is named.
    """
    name = workspace.stage(stage).name
    warnings: tuple[str, ...] = ()
    if subject is None:
        subject, untold = workspace.subject_at(name)
        if untold is not None:
            what = f"warning: what serves cannot be told ({untold.faults[0].what}): rolled back is {subject}, "
            warnings = (f"{what}which the state file names last at '{name}'. --subject DIGEST names another.",)
    state = workspace.state()
    if state is not None and (back := taken_back(state, name, subject)) is not None:
        return Noted(head=state.head or "", warnings=warnings, already=back.at)
    if state is not None and state.entries and (last := state.entries[-1].stage) != name:
        entered = f"warning: the stage entered last is '{last}': was that taken back, and not '{name}'?"
        warnings = (*warnings, entered)
    body = {"stage": name, "subject": subject, "at": rfc3339(_past(now, now_utc())), "by": _person(by)}
    return Noted(head=append_state(_state_path(workspace), "rolled_back", body), warnings=warnings)


def acknowledge(workspace: Workspace, *, by: str, now: datetime | None = None) -> str:
    """Say that a person has seen the rollback and lets the present subject try."""
    body = {"subject": workspace.subject, "at": rfc3339(_past(now, now_utc())), "by": _person(by)}
    return append_state(_state_path(workspace), "acknowledged", body)


def _person(by: str) -> str:
    """Who it was: a mail address is a name and stays, a key is none. Raises InputError where nobody is named."""
    if is_left_open(by):
        what = f"'{by}' names nobody."
        raise InputError(Fault(where="--by", what=what, mend="Write who it was, in the place of NAME."))
    return mask_secrets(by, mails=False)


def _past(said: datetime | None, clock: datetime) -> datetime:
    """When something happened: what is recorded has been seen. Raises InputError for a time still to come."""
    if said is None or said <= clock:
        return said or clock
    what = f"{rfc3339(said)} is still to come; the clock says {rfc3339(clock)}."
    raise InputError(Fault(where="--now", what=what, mend="Say when it happened, or set the clock right."))


def _state_path(workspace: Workspace) -> Path:
    if workspace.plan.state is None:
        what = "the plan names no state file."
        raise InputError(Fault(where=str(workspace.plan.path), what=what, mend="Add state: rollout/state.jsonl"))
    state = workspace.state()
    if state is not None and state.broken is not None and state.missing:
        raise LedgerError(state.broken)
    return workspace.plan.state


@contextmanager
def _ledger(
    workspace: Workspace, origin: Origin, stage: str | None, at: datetime, *, subject: str | None = None
) -> Iterator[LedgerWriter]:
    """A new ledger of its own; whole once closed. `subject` is whose it is where nothing tells what serves."""
    try:
        serving = workspace.subject_or_last()[0]
    except InputError:
        if subject is None:
            raise
        serving = subject
    path, number = next_recording(workspace)
    with LedgerWriter(path) as ledger:
        started = RunStarted(
            schema_version=1,
            nonce=secrets.token_hex(16),
            at=rfc3339(at),
            origin=origin,
            stage=stage or "",
            attempt=number,
            subject=serving,
            apparatus=workspace.apparatus(stage or ""),
            plan_digest=workspace.plan.digest,
            lock_digest=workspace.lock_digest,
            engine=VERSION,
            pipeline="",
            expected=Expected(cases=0, trials=0, ids_digest=digest_of([])),
        )
        ledger.append(RunStarted.KIND, started.body())
        yield ledger
        head = ledger.append(RunClosed.KIND, RunClosed(at=rfc3339(now_utc()), complete=True).body())
    note_recording(workspace, number, head, subject=serving, at=at)
