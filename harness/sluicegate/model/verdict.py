"""What the gate says, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from sluicegate.frozen import frozen
from sluicegate.model.finding import Finding
from sluicegate.model.load_result import LoadResult

__all__ = [
    "Counts",
    "CriterionResult",
    "Decision",
    "Estimate",
    "Kind",
    "LineShown",
    "NotMeasured",
    "Origin",
    "Reason",
    "SliceResult",
    "Status",
    "SuiteResult",
    "Verdict",
]


class Origin(StrEnum):
    """Where evidence comes from; a criterion names the ones it admits."""

    SUITE = "suite"
    GOLDEN = "golden"
    LOAD = "load"
    LIVE = "live"

    @property
    def grows(self) -> bool:
        """Growing evidence is looked at many times and needs anytime-valid bounds."""
        return self in _GROWING


_GROWING = frozenset({Origin.LOAD, Origin.LIVE})


class Decision(StrEnum):
    """What the deploy step may do."""

    PROMOTE = "promote"
    COMPLETE = "complete"
    HOLD = "hold"
    ROLLBACK = "rollback"


class Kind(StrEnum):
    """Decision and cause, in the order in which the gate looks for them; the tokens are the contract."""

    ROLLBACK_INCIDENT = "rollback.incident"
    HOLD_INCIDENT = "hold.incident"
    ROLLBACK_THRESHOLD = "rollback.threshold"
    HOLD_THRESHOLD = "hold.threshold"
    HOLD_SUSPECT = "hold.suspect"
    HOLD_INVALID_EVIDENCE = "hold.invalid_evidence"
    HOLD_NO_STATE = "hold.no_state"
    HOLD_INVALID_EXPERIMENT = "hold.invalid_experiment"
    HOLD_INCOMPLETE = "hold.incomplete"
    ROLLBACK_FAILED = "rollback.failed"
    HOLD_FAILED = "hold.failed"
    HOLD_PREREQUISITE = "hold.prerequisite"
    HOLD_INSUFFICIENT = "hold.insufficient"
    HOLD_BELOW_TARGET = "hold.below_target"
    HOLD_APPROVAL = "hold.approval"
    PROMOTE = "promote"
    COMPLETE = "complete"

    @property
    def row(self) -> int:
        """Row of the order of evaluation, 1 to 12."""
        return _ROWS[self]

    @property
    def decision(self) -> Decision:
        """promote, complete, hold or rollback."""
        return Decision(self.value.partition(".")[0])

    @property
    def exit_code(self) -> int:
        """0 promote or complete, 10 hold, 20 rollback, 30 evidence or state unusable. (40 is a plan or lock fault.)"""
        if self.decision in (Decision.PROMOTE, Decision.COMPLETE):
            return 0
        if self.decision is Decision.ROLLBACK:
            return 20
        return 30 if self.row == 4 else 10


_ROWS = {
    Kind.ROLLBACK_INCIDENT: 1,
    Kind.HOLD_INCIDENT: 1,
    Kind.ROLLBACK_THRESHOLD: 2,
    Kind.HOLD_THRESHOLD: 2,
    Kind.HOLD_SUSPECT: 3,
    Kind.HOLD_INVALID_EVIDENCE: 4,
    Kind.HOLD_NO_STATE: 4,
    Kind.HOLD_INVALID_EXPERIMENT: 5,
    Kind.HOLD_INCOMPLETE: 6,
    Kind.ROLLBACK_FAILED: 7,
    Kind.HOLD_FAILED: 7,
    Kind.HOLD_PREREQUISITE: 8,
    Kind.HOLD_INSUFFICIENT: 9,
    Kind.HOLD_BELOW_TARGET: 10,
    Kind.HOLD_APPROVAL: 11,
    Kind.PROMOTE: 12,
    Kind.COMPLETE: 12,
}


class Status(StrEnum):
    """What one criterion shows."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    ALERT = "alert"
    ROLLBACK = "rollback"
    SUSPECT = "suspect"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"
    NO_DATA = "no_data"
    ERROR = "error"
    VOID = "void"
    NOT_APPLICABLE = "not_applicable"


@frozen
class NotMeasured:
    """There is no number, and why. Never dressed up as one."""

    reason: str
    mend: str = ""


@frozen
class Estimate:
    """A number with the evidence behind it. Rates are 0..1; `None` bounds are not computed or do not exist."""

    value: float
    n: int
    """Units of evidence; attempts, failures included."""
    k: int | None = None
    """Units that hold (proportion) or incidents (incidents); None where the value is not a count."""
    low: float | None = None
    high: float | None = None
    method: str
    """e.g. "clopper-pearson", "betting e-process", "newcombe", "order statistic"."""
    confidence: float = 0.95
    note: str = ""
    """e.g. "detector recall .93", "overdispersion 1.4"."""


@frozen
class LineShown:
    """One line of a criterion as it was applied, resolved to a number in the metric's own scale."""

    role: str
    """promote | alert | rollback | max_rate"""
    sense: str
    """at_least | at_most | inside | equal"""
    value: float
    upper: float | None = None
    """Upper end, for sense inside."""
    text: str
    """As the plan wrote it: "70 %", "20 points below setup"."""


@frozen
class SliceResult:
    """The same criterion for one declared slice."""

    slice: str
    status: Status
    measured: Estimate | NotMeasured


@frozen
class CriterionResult:
    """One criterion: what was measured, against which lines, and what would change the answer."""

    metric: str
    unit: str
    """case | draft | request | minute | ms | microusd …: what n counts, or the scale of the value."""
    scale: str
    """ratio | ms | microusd | count | number: how the value is printed."""
    origins: tuple[Origin, ...]
    at: str | None = None
    """p95, mean … for distributions."""
    status: Status
    kind: Kind
    """The row this criterion asks for; Kind.PROMOTE when it is met."""
    measured: Estimate | NotMeasured
    lines: tuple[LineShown, ...] = ()
    shown: str = ""
    """What the evidence shows, never more: "above alert 0.90"."""
    flip: str = ""
    """What would flip it: "27 more matured reviews"."""
    minimum_n: int | None = None
    slices: tuple[SliceResult, ...] = ()
    void: int = 0
    """Observations left out as void."""
    foreign: int = 0
    """Observations left out as foreign."""
    profile: str | None = None
    """The load profile it is about, of load evidence."""


@frozen
class SuiteResult:
    """One suite, counted by the judge against the pinned ids."""

    suite: str
    planned: int
    """Checks times trials the lock expects."""
    run: int
    failed: int
    crashed: int
    skipped: int
    missing: int
    not_applicable: int = 0
    self_reported: bool = False


@frozen
class Counts:
    """Trials of a run; planned = run + missing, crashed and skipped are part of run and missing."""

    planned: int = 0
    run: int = 0
    crashed: int = 0
    skipped: int = 0
    scored: int = 0
    not_applicable: int = 0


@frozen
class Reason:
    """One line of why, most weighty first."""

    kind: Kind
    about: str
    """Metric, suite, attestation or file it is about."""
    text: str
    mend: str = ""
    """What to do next, as a command where there is one."""
    finding: Finding | None = None
    rerun: str = ""
    """Command that reruns only the finding's case."""
    cases: int = 0
    """In how many cases the same was found, this one among them, where they are not all named; else 0."""


@frozen
class Verdict:
    """Promote to exactly one next stage, or not, bound to what it was decided on."""

    schema_version: int = 1
    plan: str
    decision: Decision
    kind: Kind
    reasons: tuple[Reason, ...]
    from_stage: str
    to_stage: str | None
    """The one next stage; None after the last."""
    attempt: int
    subject: str
    apparatus: str
    plan_digest: str
    lock_digest: str
    previous_verdict: str | None
    state_head: str | None
    evidence_heads: tuple[str, ...]
    attempt_heads: tuple[str, ...] = ()
    """Of these the ones of this subject's attempts at this stage, and what was such a head in verdicts before."""
    issued_at: str
    """RFC 3339 UTC."""
    valid_until: str
    engine: str
    """Sluicegate's version."""
    criteria: tuple[CriterionResult, ...] = ()
    suites: tuple[SuiteResult, ...] = ()
    counts: Counts = field(default_factory=Counts)
    findings: tuple[Finding, ...] = ()
    """At most 200; the ledger holds all."""
    findings_total: int = 0
    rollback_steps: tuple[tuple[str, ...], ...] = ()
    """The plan's commands for this stage, as argument lists; shown, never run."""
    notes: tuple[str, ...] = ()
    """Shown beside the verdict: a changed apparatus, a case not applicable, a metric not measurable yet."""
    subject_parts: Mapping[str, str] = field(default_factory=dict)
    loads: tuple[LoadResult, ...] = ()
    """The newest run of each load profile that the stage judges."""
    files_read: Mapping[str, str] = field(default_factory=dict)
    """Files that the pipeline read and the subject does not name, by their path under the plan's folder: the SHA-256 of
    what they held, `absent` for one that was looked for in vain. `verify` asks whether they are the same."""

    @property
    def exit_code(self) -> int:
        """Exit code of gate and judge."""
        return self.kind.exit_code
