"""The plan as typed values. Reading and checking the file is `plan.reader`'s work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from sluicegate.frozen import frozen
from sluicegate.model import Json, Origin, Rule
from sluicegate.plan.load import LoadSpec
from sluicegate.plan.scoring import ScoreSpec
from sluicegate.plan.serving import (
    CallableTarget,
    CommandTarget,
    CorrelationSpec,
    DoublesSpec,
    HeaderValue,
    HttpTarget,
    MailSpec,
    ModelPrice,
    PipelineSpec,
    RecordingTarget,
    SubjectSpec,
    ToolSpec,
)

__all__ = [
    "Better",
    "Bound",
    "CallableTarget",
    "CommandTarget",
    "Confirmed",
    "CorrelationSpec",
    "Criterion",
    "DoublesSpec",
    "Drop",
    "Exposure",
    "HeaderValue",
    "HttpTarget",
    "Line",
    "MailSpec",
    "Metric",
    "MetricKind",
    "Mode",
    "ModelPrice",
    "PipelineSpec",
    "Plan",
    "Ratio",
    "RecordingTarget",
    "Requires",
    "RollbackSpec",
    "Scale",
    "ScoreSpec",
    "Span",
    "Stage",
    "SubjectSpec",
    "ToolSpec",
]


class MetricKind(StrEnum):
    """What a metric is made of, which decides the statistics."""

    PROPORTION = "proportion"
    """Share of units that hold; k of n."""
    INCIDENTS = "incidents"
    """Events of zero tolerance among n units."""
    DISTRIBUTION = "distribution"
    """A value per unit (latency, cost, Sharpe); judged at a quantile or the mean."""
    CONTROLLED = "controlled"
    """A quantity the system itself caps; one beyond the cap is a fact."""
    COUNT = "count"
    """Events per day that nobody caps."""
    CORRELATION = "correlation"
    SPLIT = "split"
    """Observed assignment against configured weights."""


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"
    INSIDE = "inside"


class Scale(StrEnum):
    """What a line's number means inside: ratio 0..1, ms, integer micro-dollars, a count, or a plain number."""

    RATIO = "ratio"
    MS = "ms"
    MICROUSD = "microusd"
    COUNT = "count"
    NUMBER = "number"


class Mode(StrEnum):
    """What a pass must show."""

    GUARDED = "guarded"
    """The estimate meets the target and the bound clears the alert line, else the rollback line."""
    STRICT = "strict"
    """The bound clears the target."""
    POINT = "point"
    """The estimate meets the target; nothing is shown."""


@frozen
class Bound:
    """A line at one value, in the metric's scale."""

    value: Fraction
    text: str


@frozen
class Span:
    """A range, both ends good."""

    low: Fraction
    high: Fraction
    text: str


@frozen
class Drop:
    """Worse than a reference by so much. `percent` is relative to the reference, `points` is absolute."""

    amount: Fraction
    """0..1 for both."""
    relative: bool
    """True for percent, False for points."""
    than: str
    """A stage name, `baseline` or `previous`."""
    text: str


@frozen
class Ratio:
    """A multiple of a reference: estimate against `value`, its bound against `bound`."""

    value: Fraction
    bound: Fraction | None
    than: str
    text: str


@frozen
class Confirmed:
    """Rollback at the first confirmed incident."""

    text: str = "confirmed"


Line = Bound | Span | Drop | Ratio | Confirmed


@frozen
class Metric:
    """A metric, built in or declared by the plan."""

    name: str
    kind: MetricKind
    better: Better
    scale: Scale
    unit: str
    """What n counts: case, draft, request, conversation, minute, day …"""
    suite: str | None = None
    """The suite that measures it, for built-in ones."""
    zero_tolerance: bool = False
    provenance: tuple[str, ...] = ()
    """Provenances admitted; empty admits all but mocked. Latency and cost admit live only."""
    rule: Rule | None = None
    """Own metric: the share of trials for which this holds."""
    value_at: str | None = None
    """Own metric: the number at this path of the output."""
    check: str | None = None
    """Own metric: the share of trials that pass this check of the user's (self-reported)."""
    score: ScoreSpec | None = None
    """Own metric: what a scorer says of each trial."""
    matures_after_s: int = 0
    weights: Mapping[str, Fraction] = field(default_factory=dict)
    """For split: the configured weights."""
    measured_by: str = "record"
    """builtin | record | rule | value | check | score | sql | prometheus | traces; the last three not measured yet."""
    available: bool = True
    """False for built-in metrics whose suite is not part of this version; they are NotMeasured and hold."""
    recall: Fraction | None = Fraction(1)
    """Detector recall for incidents; None is unknown and NotMeasured."""
    source: Mapping[str, Json] = field(default_factory=dict)
    """Own metric by sql, prometheus or traces: its settings as the plan gives them."""


@frozen
class Criterion:
    """Lines on one metric at one stage."""

    metric: Metric
    origins: tuple[Origin, ...]
    promote: Line | None = None
    alert: Line | None = None
    alert_above: Bound | None = None
    alert_below: Bound | None = None
    rollback: Line | None = None
    minimum_n: int | None = None
    max_rate: Fraction | None = None
    at: Fraction | None = None
    """Quantile in 0..1 for distributions; None with a distribution means the mean."""
    mode: Mode = Mode.GUARDED
    alpha: Fraction = Fraction(1, 20)
    slices: str | None = None
    """Name of the plan's slice set."""
    unit: str | None = None
    """Overrides the metric's unit (e.g. latency judged by minute)."""
    window_s: int | None = None
    """Only evidence of the last so many seconds; None is since stage entry."""
    after_s: int = 0
    """The criterion is armed so long after stage entry."""
    admits: tuple[str, ...] = ()
    """Provenances admitted beyond the metric's own."""
    optional: bool = False
    """The plan allows `not_applicable`."""
    line: int = 0
    """Line in the plan file."""
    profile: str | None = None
    """The load profile whose evidence counts, of load evidence; None where the plan has no profiles."""


@frozen
class Exposure:
    """Who sees the subject at this stage."""

    live: bool
    percent: Fraction | None = None
    """0..1"""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """Everything else the stage names: flags, cohorts, splits. Part of neither subject nor apparatus."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Set in the environment of a callable or command while the cases of this stage run; part of the apparatus."""


@frozen
class Requires:
    """What must have run, or be proven, before promotion."""

    suites: tuple[str, ...] = ()
    tests: bool = False
    """The user's own marked tests, pinned by the lock."""
    prerequisites: tuple[str, ...] = ()
    attestations: tuple[str, ...] = ()
    approval: str | None = None
    """Role or name that must have approved, by attestation."""


@frozen
class RollbackSpec:
    """What to do on rollback; shown, not run."""

    within_s: int | None = None
    steps: tuple[tuple[str, ...], ...] = ()
    on_failed_tests: bool = False
    """A failed required test is rollback.failed instead of hold.failed."""


@frozen
class Stage:
    """One step of the rollout."""

    name: str
    exposure: Exposure
    requires: Requires = field(default_factory=Requires)
    criteria: tuple[Criterion, ...] = ()
    bake_s: int = 0
    stable_days: int = 0
    """Complete local days, each with its minimum n, none shown below alert."""
    rollback: RollbackSpec = field(default_factory=RollbackSpec)
    line: int = 0


@frozen
class Plan:
    """A whole rollout."""

    path: Path
    digest: str
    """SHA-256 of the plan file's bytes."""
    schema_version: int
    name: str
    state: Path | None
    timezone: str
    pipeline: PipelineSpec
    subject: SubjectSpec
    cases: tuple[str, ...] = ()
    """Glob patterns of case files (JSONL) for the suites, relative to the plan."""
    golden: tuple[str, ...] = ()
    """Glob patterns of golden sets."""
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Declared ones only; `plan.metrics.BUILT_IN` holds the others."""
    stages: tuple[Stage, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    prices: Mapping[str, ModelPrice] = field(default_factory=dict)
    """By model name; a model that is not named has the price of the installed table."""
    correlation: CorrelationSpec | None = None
    doubles: DoublesSpec = field(default_factory=DoublesSpec)
    mail: MailSpec | None = None
    """None: nothing is said of it; a pipeline with the capability finds a strict sink all the same."""
    load: LoadSpec | None = None
    schemas: Mapping[str, Json] = field(default_factory=dict)
    """Contracts for the schema suite: output field (`structured`, `mail`, `content`) to a JSON Schema file path, a
    built-in contract name (`trend-analysis`, `mail-draft`) or a pydantic target `module:Model`."""
    repeats: int = 1
    concurrency: int = 32
    seed: int = 0
    valid_for_s: int = 4 * 3600
    """How long a verdict may be acted on."""
    max_evidence_age_s: int = 24 * 3600
    """Older suite and golden evidence is stale; live evidence must not end earlier."""
    daily_traffic: int | None = None
    """Units a day, for the linter's day figures."""

    @property
    def unasked(self) -> bool:
        """Files or a revision name what serves, and it stands behind an address that is not asked which build it is."""
        asked = self.subject.services or self.subject.commands
        return isinstance(self.pipeline.target, HttpTarget) and not asked

    @property
    def vouched(self) -> tuple[str, ...]:
        """Every name that some stage asks a person to vouch for, each once."""
        asked = [stage.requires for stage in self.stages]
        names = [name for each in asked for name in (*each.prerequisites, *each.attestations, each.approval)]
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def stage(self, name: str) -> Stage:
        """The stage of that name. Raises KeyError."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def next_stage(self, name: str) -> Stage | None:
        """The one stage after `name`, or None after the last."""
        names = [stage.name for stage in self.stages]
        after = names.index(name) + 1
        return self.stages[after] if after < len(names) else None
