"""What a ledger's records say, typed: `body()` for writing, `entry()` of `sluicegate.ledger.entries` for reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, ClassVar, TypeAlias

from sluicegate.frozen import frozen
from sluicegate.ledger.loads import LoadAccount, LoadRun
from sluicegate.ledger.measurements import Measurements
from sluicegate.model import (
    Capability,
    Case,
    Counts,
    Finding,
    Json,
    Observation,
    Origin,
    Output,
    Trial,
    encode,
)
from sluicegate.model.often import made_often

__all__ = [
    "RESULTS",
    "SCHEMA_VERSION",
    "Attestation",
    "Checked",
    "Entry",
    "Expected",
    "FileRead",
    "Intent",
    "MailLibrary",
    "Outcome",
    "RunClosed",
    "RunStarted",
    "Shard",
    "Stray",
    "TestRun",
    "Void",
]

SCHEMA_VERSION = 1

RESULTS = frozenset({"pass", "fail", "error", "not_applicable"})
"""What a check may say of a trial."""


def body_of(record: Any) -> dict[str, Json]:
    """The body of a record: every field by name, so that a reader with other means finds them all.

    Left out is what the record's own `UNSAID` names, where it is None; only the values inside are sparse.
    """
    said = {item.name: encode(getattr(record, item.name)) for item in fields(record)}
    for name in getattr(record, "UNSAID", ()):
        if said[name] is None:
            del said[name]
    return said


@frozen
class Expected:
    """What the run set out to do; from outside the run, for the judge to compare."""

    cases: int
    trials: int
    ids_digest: str


@frozen
class MailLibrary:
    """Which holes of the standard library's mail code the run's interpreter has: tried, not looked up."""

    python: str
    """As `CPython 3.11.7`."""
    tried: int
    holes: tuple[str, ...] = ()
    """Names, as `sluicegate.mail.profile` has them."""


@frozen
class RunStarted:
    """The first record of every file: what is measured, with what, and which file came before."""

    KIND: ClassVar[str] = "run_started"
    UNSAID: ClassVar[tuple[str, ...]] = ("mail_library", "load")

    schema_version: int
    nonce: str
    at: str
    origin: Origin
    stage: str
    attempt: int
    subject: str
    subject_parts: Mapping[str, str] = field(default_factory=dict)
    apparatus: str
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    """What has to be alike for two runs to be compared, part by part; runs of before have none."""
    plan_digest: str
    lock_digest: str
    engine: str
    previous: str | None = None
    """Head of the file of the attempt before."""
    pipeline: str
    """callable | http | command | recording; empty where no pipeline was driven."""
    capabilities: tuple[Capability, ...] = ()
    expected: Expected
    mail_library: MailLibrary | None = None
    """Where a suite judges mails."""
    load: LoadRun | None = None
    """Of a run of the plan's own load profiles."""

    body = body_of


@made_often
@frozen
class Intent:
    """A trial is about to begin. Without an outcome after it, the trial is a crash for ever."""

    KIND: ClassVar[str] = "intent"
    UNSAID: ClassVar[tuple[str, ...]] = ("case",)

    case_id: str
    repeat: int = 0
    run_id: str
    case: Case | None = None
    """With the first intent of this case in the file."""
    case_digest: str

    body = body_of


@made_often
@frozen
class Outcome:
    """What one trial gave back, and what crossed its boundary."""

    KIND: ClassVar[str] = "outcome"

    case_id: str
    repeat: int = 0
    run_id: str
    at: str
    outputs: tuple[Output, ...]
    observations: tuple[Observation, ...] = ()
    behind_ms: float = 0.0
    """Under load: how late the generator itself began it, where that is more than its profile allows."""

    body = body_of

    def trial(self, case: Case) -> Trial:
        """The trial again, with the case of its intent."""
        return Trial(case=case, repeat=self.repeat, outputs=self.outputs, observations=self.observations)


@made_often
@frozen
class Checked:
    """What checks said of one trial. The judge recounts; a user's own checks are self-reported."""

    KIND: ClassVar[str] = "checked"

    case_id: str
    repeat: int = 0
    results: Mapping[str, str]
    """Check name to pass, fail, error or not_applicable."""
    findings: tuple[Finding, ...] = ()
    self_reported: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    """What a user's own scorers said, by metric; finite."""

    body = body_of


@frozen
class TestRun:
    """One of the user's own tests, as its worker reports it."""

    KIND: ClassVar[str] = "test"
    __test__: ClassVar[bool] = False

    test_id: str
    outcome: str
    """passed | failed | error | skipped | xfailed | xpassed | absent"""
    assertions: int = 0
    attempt: int = 1
    findings: tuple[Finding, ...] = ()
    worker: str = ""
    at_end: bool = False
    """The error was raised in a teardown, behind a test that ran."""

    body = body_of


@frozen
class Shard:
    """A worker's account of what it ran; one that died has `closed` false."""

    KIND: ClassVar[str] = "shard"

    name: str
    planned: int
    run: int = 0
    closed: bool = False
    head: str | None = None

    body = body_of


@frozen
class Attestation:
    """Somebody vouches for something no suite can measure."""

    KIND: ClassVar[str] = "attestation"

    name: str
    by: str
    statement: str
    subject: str | None = None
    stage: str | None = None
    at: str
    expires: str | None = None

    body = body_of


@frozen
class Stray:
    """Something crossed the boundary and belongs to no trial, or went past the doubles. Written when it happens."""

    KIND: ClassVar[str] = "stray"

    why: str
    """unattributed | late | unserved | elsewhere"""
    observation: Observation
    case_id: str | None = None
    """The case that was being answered, where that is known."""
    count: int = 1
    """How many of its kind this one stands for."""

    body = body_of


@frozen
class FileRead:
    """A file that the pipeline read and the subject does not name. Written when it happens."""

    KIND: ClassVar[str] = "file_read"
    ABSENT: ClassVar[str] = "absent"
    """The content where the pipeline looked for a file that is not there: once it is, it may answer otherwise."""

    path: str
    """Relative to the plan's folder."""
    content: str | None
    """SHA-256, or that there was nothing to read; None from where on the pipeline wrote to it itself."""

    body = body_of


@frozen
class Void:
    """Observations of this origin in this window count for nothing."""

    KIND: ClassVar[str] = "void"

    origin: Origin
    reason: str
    begins: str
    ends: str

    def body(self) -> dict[str, Json]:
        """The record's body; the window is `from` and `to` in the file."""
        return {"origin": self.origin.value, "reason": self.reason, "from": self.begins, "to": self.ends}


@frozen
class RunClosed:
    """The last record: every child is gone and nothing more will come."""

    KIND: ClassVar[str] = "run_closed"
    UNSAID: ClassVar[tuple[str, ...]] = ("left",)

    at: str
    complete: bool
    counts: Counts = field(default_factory=Counts)
    left: str | None = None
    """The subject as the run left it, where its files were others at the end than when it began."""

    body = body_of


_OfTrials: TypeAlias = Intent | Outcome | Checked
_OfWorkers: TypeAlias = TestRun | Shard | Stray | FileRead
Entry: TypeAlias = RunStarted | _OfTrials | _OfWorkers | Measurements | Attestation | Void | LoadAccount | RunClosed
