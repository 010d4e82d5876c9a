"""The rollout's memory: attempts, stage entries, verdicts, rollbacks; append-only, chained like a ledger."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeAlias, assert_never

import orjson

from sluicegate.errors import Fault, InputError, nearest, printable
from sluicegate.frozen import frozen
from sluicegate.ledger.chain import ZERO, Chain, Record, link
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Json, decode, parse_time, rfc3339

__all__ = [
    "STATE_SKEW",
    "Acknowledged",
    "Attempt",
    "Entered",
    "Recorded",
    "RolledBack",
    "StateView",
    "VerdictGiven",
    "append_state",
    "event_said",
    "read_state",
]

STATE_SKEW = timedelta(seconds=60)
"""How far the clocks of two machines that write one state file may disagree."""


@frozen
class Attempt:
    """Evidence for leaving this stage began to be taken."""

    stage: str
    attempt: int
    subject: str
    at: str


@frozen
class VerdictGiven:
    """A verdict was issued."""

    hash: str
    decision: str
    kind: str
    from_stage: str
    to_stage: str | None = None
    subject: str
    at: str
    heads: tuple[str, ...] = ()
    """Last records of the stage's own ledgers it was given on, short of those that were noted before."""


@frozen
class Entered:
    """A stage was entered with this subject: its live evidence begins here."""

    stage: str
    subject: str
    at: str
    written: str | None = None
    """When that was recorded, where it was later than clocks may disagree."""
    override: str | None = None
    """Why it was entered although no promote leads here, or again."""


@frozen
class RolledBack:
    """A stage was left backwards; its lines stay crossed for this subject."""

    stage: str
    subject: str
    at: str
    by: str


@frozen
class Acknowledged:
    """A human has seen the rollback and lets this subject try."""

    subject: str
    at: str
    by: str


@frozen
class Recorded:
    """Measurements or an attestation were taken in."""

    number: int
    """Of the ledger they are in."""
    head: str
    """Hash of its last record."""
    subject: str
    at: str


_Event: TypeAlias = Attempt | VerdictGiven | Entered | RolledBack | Acknowledged | Recorded

_KINDS: Mapping[str, type[_Event]] = {
    "attempt": Attempt,
    "verdict": VerdictGiven,
    "entered": Entered,
    "rolled_back": RolledBack,
    "acknowledged": Acknowledged,
    "recorded": Recorded,
}


@frozen
class StateView:
    """A state file as it is now, each kind in the order written."""

    path: Path
    attempts: tuple[Attempt, ...] = ()
    verdicts: tuple[VerdictGiven, ...] = ()
    entries: tuple[Entered, ...] = ()
    rollbacks: tuple[RolledBack, ...] = ()
    recordings: tuple[Recorded, ...] = ()
    events: tuple[Attempt | VerdictGiven | Entered | RolledBack | Acknowledged | Recorded, ...] = ()
    """All of them, in the order written."""
    head: str | None = None
    broken: Fault | None = None
    """The first damage; what was verified before it is in the other fields."""
    missing: bool = False

    @property
    def latest(self) -> datetime | None:
        """The latest time of any record: whoever asks with an earlier clock has a wrong one."""
        return _latest(self.events)

    @property
    def backwards(self) -> Fault | None:
        """The first record that is earlier than one before it; those behind it are read all the same."""
        latest: datetime | None = None
        for number, event in enumerate(self.events, 1):
            at = _time(event.at)
            if at is not None and latest is not None and at < latest:
                last = f"a record before it ({rfc3339(latest)})"
                what = f"'{event_said(event)}' is stamped {event.at}, earlier than {last}."
                mend = "Restore the file as it was before that record, or begin the rollout anew."
                return Fault(where=f"{self.path}:{number}", what=what, mend=mend)
            latest = at if latest is None else max(latest, at or latest)
        return None


_KIND_ON_DISK = "verdict_kind"
"""The kind of a verdict, as it is written: `kind` on disk is what the record is."""


def _event(record: Record) -> _Event:
    """Raises InputError for a body that its kind does not allow."""
    body = {"kind" if key == _KIND_ON_DISK else key: value for key, value in record.body.items()}
    return decode(_KINDS[record.kind], body)


class _StateChain(Chain):
    _noun = "state file"

    shared = True
    """Wait for a writer to finish its line; off for the writer itself."""

    def _opened(self) -> BinaryIO | None:
        file = super()._opened()
        if file is not None and self.shared:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        return file

    def _objection(self, record: Record) -> str | None:
        if record.kind not in _KINDS:
            return f"'{record.kind}' is no kind of state record. {nearest(record.kind, _KINDS)}".rstrip()
        try:
            _event(record)
        except InputError as error:
            return str(error)
        return None


def read_state(path: Path) -> StateView:
    """The state at `path`. Never raises for what the file holds: see `broken` and `missing`."""
    chain = _StateChain(path)
    events: list[_Event] = [_event(record) for record in chain]
    return StateView(
        path=path,
        attempts=tuple(event for event in events if isinstance(event, Attempt)),
        verdicts=tuple(event for event in events if isinstance(event, VerdictGiven)),
        entries=tuple(event for event in events if isinstance(event, Entered)),
        rollbacks=tuple(event for event in events if isinstance(event, RolledBack)),
        recordings=tuple(event for event in events if isinstance(event, Recorded)),
        events=tuple(events),
        head=chain.head,
        broken=None if chain.missing else chain.broken,
        missing=chain.missing,
    )


def event_said(event: _Event) -> str:
    """A record in a few words: `entered ten`."""
    match event:
        case Attempt():
            return f"attempt {event.attempt} at {event.stage}"
        case VerdictGiven():
            to = f" → {event.to_stage}" if event.to_stage and event.decision == "promote" else ""
            return f"{event.kind}  {event.from_stage}{to}"
        case Entered():
            return f"entered {event.stage}" + (f" (override: {_line(event.override)})" if event.override else "")
        case RolledBack():
            return f"rolled back from {event.stage} by {_line(event.by)}"
        case Acknowledged():
            return f"acknowledged by {_line(event.by)}"
        case Recorded():
            return f"recorded ledger {event.number}"
        case _:
            assert_never(event)


def _line(text: str) -> str:
    """What somebody typed, on one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _time(said: str) -> datetime | None:
    """None for a time that cannot be read: the judge says so where it matters."""
    try:
        return parse_time(said)
    except ValueError:
        return None


def _latest(events: Iterable[_Event]) -> datetime | None:
    return max(filter(None, (_time(event.at) for event in events)), default=None)


def append_state(path: Path, kind: str, body: Mapping[str, Json], *, after: StateView | None = None) -> str:
    """Add one record, on disk when this returns; gives the new head. `after`: only if nothing came since that view.

    The file is made when it does not exist. An unfinished last line, which is an append that never returned, is cut;
    any other damage is refused. Times never go backwards: a record that is earlier than the latest by no more than
    clocks may disagree, and whatever the gate notes of its own accord, gets the latest time. Raises LedgerError;
    InputError for a body that its kind does not allow, and for what a person says of an earlier time.
    """
    if kind not in _KINDS:
        known = nearest(kind, _KINDS)
        raise InputError(Fault(where=str(path), what=f"'{kind}' is no kind of state record.", mend=known))
    decode(_KINDS[kind], body, str(path))
    fd = _opened(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return _append(fd, path, kind, body, after)
    except OSError as error:
        what = f"the state file cannot be written: {error.strerror}."
        raise LedgerError(Fault(where=str(path), what=what, mend="Mend that and run the command again.")) from error
    finally:
        os.close(fd)


def _append(fd: int, path: Path, kind: str, body: Mapping[str, Json], after: StateView | None) -> str:
    chain = _StateChain(path)
    chain.shared = False
    size_bytes = os.fstat(fd).st_size
    events = [_event(record) for record in chain] if size_bytes else []
    if chain.broken is not None and not chain.torn:
        raise LedgerError(chain.broken)
    if after is not None and (chain.head or ZERO) != (after.head or ZERO):
        what = "something was recorded while the verdict was made, which it does not know of."
        raise LedgerError(Fault(where=str(path), what=what, mend="Judge again."))
    if chain.verified_bytes != size_bytes:
        os.ftruncate(fd, chain.verified_bytes)
    timed = {**body, "at": _onwards(path, kind, str(body["at"]), events)}
    said = {_KIND_ON_DISK if key == "kind" else key: value for key, value in timed.items()}
    line = link(chain.count, chain.head or ZERO, kind, orjson.dumps(said))
    remaining = line + b"\n"
    while remaining:
        remaining = remaining[os.write(fd, remaining) :]
    os.fsync(fd)
    return sha256(line).hexdigest()


_BY_PEOPLE: Mapping[str, str] = {
    "entered": "the entry",
    "rolled_back": "the rollback",
    "acknowledged": "the acknowledgement",
}
"""Kinds that say when something happened; the others are stamped as they are written."""


def _onwards(path: Path, kind: str, said: str, events: Sequence[_Event]) -> str:
    """The time to write: never earlier than what the file holds. Raises InputError."""
    at, latest = _time(said), _latest(events)
    if at is None or latest is None or at >= latest:
        return said
    if kind in _BY_PEOPLE and latest - at > STATE_SKEW:
        last = f"'{event_said(events[-1])}' of {rfc3339(latest)}"
        what = f"{_BY_PEOPLE[kind]} is stamped {said}, earlier than the last record, {last}."
        mend = "Times in the state file never go backwards: leave --now out, and if the clock is slow, set it right."
        raise InputError(Fault(where=str(path), what=what, mend=mend))
    return rfc3339(latest)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    except OSError as error:
        what = f"the state file cannot be opened for writing: {error.strerror}."
        mend = "Keep it where the gate may write."
        raise LedgerError(Fault(where=str(path), what=what, mend=mend)) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LedgerError(
            Fault(where=str(path), what="the state file is not a regular file.", mend="Correct `state:`.")
        )
    return fd
