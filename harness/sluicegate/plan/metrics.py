"""The metrics and suites Sluicegate knows by name, and what each is made of."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from sluicegate.model import Origin
from sluicegate.plan.types import Better, Metric, MetricKind, Scale

__all__ = [
    "AVAILABLE_SUITES",
    "BUILT_IN",
    "EVERY_REQUEST",
    "KNOWN_SUITES",
    "LIVE_ONLY",
    "OF_LOAD",
    "is_countable",
    "is_fed_by_cases",
]

KNOWN_SUITES: tuple[str, ...] = (
    "schema",
    "pii",
    "headers",
    "recipients",
    "injection",
    "tools",
    "grounding",
    "retrieval",
    "fallback",
    "budget",
    "routing",
    "idempotency",
    "tracing",
    "rollout",
    "prerequisites",
    "format",
    "golden",
)
"""Every suite a plan may require; one that is not available yet holds as incomplete."""

AVAILABLE_SUITES: frozenset[str] = frozenset(
    {"schema", "idempotency", "budget", "retrieval", "routing", "fallback", "format", "rollout", "tracing"}
    | {"injection", "tools", "headers", "recipients", "pii", "grounding"}
)
"""The suites of this version."""

LIVE_ONLY = ("live",)
"""Cached, replayed or mocked answers say nothing about time or money."""


OF_LOAD = frozenset({"throughput", "goodput"})
"""Cases asked once each, at nobody's rate, have no such thing."""
EVERY_REQUEST = frozenset(
    {"latency", "ttft", "errors.rate", "crashes", "throughput", "tokens.input", "tokens.output", "tokens.total"}
    | {"cost.per_case", "cost.total", "budget.spend", "routing.expert_calls"}
)
"""What a load run measures of each request; everything else is judged on the outputs that it kept."""


def is_countable(metric: Metric, origin: Origin) -> bool:
    """Whether this version can count `metric` from `origin`: measured here, or handed over by `sluicegate record`."""
    if metric.measured_by in {"sql", "prometheus", "traces"}:
        return False
    return (metric.available and is_fed_by_cases(metric)) or origin.grows


def is_fed_by_cases(metric: Metric) -> bool:
    """Whether suites and golden sets can measure it at all."""
    return metric.name not in OF_LOAD


def _built_in(
    name: str,
    kind: MetricKind,
    better: Better,
    unit: str,
    *,
    scale: Scale = Scale.RATIO,
    suite: str | None = None,
    provenance: tuple[str, ...] = (),
) -> Metric:
    known = suite is None or suite in AVAILABLE_SUITES
    incidents = kind is MetricKind.INCIDENTS
    return Metric(
        name=name,
        kind=kind,
        better=better,
        scale=Scale.COUNT if incidents else scale,
        unit=unit,
        suite=suite,
        zero_tolerance=incidents,
        provenance=provenance,
        measured_by="builtin" if suite is not None or name in _COUNTED_FROM_TRIALS else "record",
        available=known,
        recall=Fraction(1) if known else None,
    )


def _share(name: str, unit: str = "case", better: Better = Better.HIGHER, *, suite: str | None = None) -> Metric:
    return _built_in(name, MetricKind.PROPORTION, better, unit, suite=suite)


def _share_lower(name: str, unit: str = "case", *, suite: str | None = None) -> Metric:
    return _share(name, unit, Better.LOWER, suite=suite)


def _share_inside(name: str, unit: str = "case", *, suite: str | None = None) -> Metric:
    return _share(name, unit, Better.INSIDE, suite=suite)


def _incidents(name: str, unit: str = "case", *, suite: str | None = None) -> Metric:
    return _built_in(name, MetricKind.INCIDENTS, Better.LOWER, unit, suite=suite)


def _time(name: str, unit: str, *, suite: str | None = None) -> Metric:
    kind = MetricKind.DISTRIBUTION
    return _built_in(name, kind, Better.LOWER, unit, scale=Scale.MS, suite=suite, provenance=LIVE_ONLY)


def _money(name: str, kind: MetricKind, unit: str, *, suite: str | None = None) -> Metric:
    return _built_in(name, kind, Better.LOWER, unit, scale=Scale.MICROUSD, suite=suite, provenance=LIVE_ONLY)


def _tokens(name: str) -> Metric:
    return _built_in(name, MetricKind.DISTRIBUTION, Better.LOWER, "case", scale=Scale.COUNT)


def _value(name: str, unit: str, scale: Scale, *, suite: str | None = None) -> Metric:
    return _built_in(name, MetricKind.DISTRIBUTION, Better.HIGHER, unit, scale=scale, suite=suite)


_COUNTED_FROM_TRIALS = frozenset(
    {
        "draft.success_rate",
        "errors.rate",
        "crashes",
        "latency",
        "ttft",
        "tokens.input",
        "tokens.output",
        "tokens.total",
        "cost.per_case",
        "cost.total",
        *OF_LOAD,
    }
)
"""Read off any suite's recorded outputs, whatever suites are required."""


def _from_trials() -> tuple[Metric, ...]:
    return (
        _share("draft.success_rate", "draft"),
        _share_lower("errors.rate"),
        _incidents("crashes"),
        _time("latency", "case"),
        _time("ttft", "case"),
        _tokens("tokens.input"),
        _tokens("tokens.output"),
        _tokens("tokens.total"),
        _money("cost.per_case", MetricKind.DISTRIBUTION, "case"),
        _money("cost.total", MetricKind.CONTROLLED, "run"),
        _value("throughput", "second", Scale.NUMBER),
        _share("goodput", "request"),
    )


def _from_suites() -> tuple[Metric, ...]:
    return (
        _share("schema.valid_rate", suite="schema"),
        _incidents("schema.violations", suite="schema"),
        _incidents("idempotency.violations", suite="idempotency"),
        _incidents("pii.leaks", suite="pii"),
        _share("pii.recall", "value", suite="pii"),
        _incidents("headers.violations", suite="headers"),
        _incidents("recipients.violations", suite="recipients"),
        _share_lower("recipients.overblocked", suite="recipients"),
        _incidents("injection.violations", suite="injection"),
        _incidents("tools.whitelist_violations", "call", suite="tools"),
        _share_lower("tools.validation_error_rate", "call", suite="tools"),
        _incidents("grounding.hallucinations", suite="grounding"),
        _share("grounding.evidence_coverage", "insight", suite="grounding"),
        _share_inside("draft.verification_rate", "draft", suite="grounding"),
        _share("retrieval.correct_rate", suite="retrieval"),
        _share("retrieval.hit_rate", "retrieval", suite="retrieval"),
        _time("retrieval.latency", "retrieval", suite="retrieval"),
        _share_lower("retrieval.timeout_rate", "retrieval", suite="retrieval"),
        _share("fallback.correct_rate", suite="fallback"),
        _share_lower("fallback.rate", suite="fallback"),
        _share("budget.overflow_handled", suite="budget"),
        _share("budget.kept_rate", suite="budget"),
        _share("tokens.within_10pct", suite="budget"),
        _share_lower("tokens.over_20pct", suite="budget"),
        _money("cost.per_command", MetricKind.DISTRIBUTION, "command", suite="budget"),
        _money("budget.spend", MetricKind.CONTROLLED, "day", suite="budget"),
        _built_in(
            "routing.expert_calls", MetricKind.CONTROLLED, Better.LOWER, "day", scale=Scale.COUNT, suite="budget"
        ),
        _share("routing.correct_rate", suite="routing"),
        _share_inside("routing.expert_share", suite="routing"),
        _share_inside("experiment.assignment_share", "assignment", suite="routing"),
        _built_in("experiment.balance", MetricKind.SPLIT, Better.LOWER, "assignment", suite="routing"),
        _share("tracing.correlated_rate", "observation", suite="tracing"),
        _share("rollout.bucketing", suite="rollout"),
        _time("rollback.seconds", "drill", suite="rollout"),
        *(_share(f"prerequisite.{name}", "check", suite="prerequisites") for name in _PREREQUISITES),
        _incidents("format.violations", suite="format"),
    )


_PREREQUISITES = ("columns", "tables", "indexes", "statement_timeout", "embedding_cap", "ttl", "dedup")


def _from_records() -> tuple[Metric, ...]:
    """What only the user's own systems know; it comes in through `sluicegate record`."""
    return (
        _share("uptime", "minute"),
        _share("cache.hit_rate", "request"),
        _share("review.approval_rate", "draft"),
        _share("review.edit_within_30pct", "draft"),
        _share_lower("review.edit_over_50pct", "draft"),
        _share_lower("review.discard_rate", "draft"),
        _share("decision.accuracy", "decision"),
        _value("decision.confidence", "decision", Scale.RATIO),
        _share("strategies.level3_rate", "iteration"),
        _value("strategies.sharpe", "iteration", Scale.NUMBER),
        _value("strategies.return", "iteration", Scale.RATIO),
        _share("data.coverage", "row"),
        _share("code.coverage", "line"),
        _value("satisfaction", "rating", Scale.NUMBER),
    )


BUILT_IN: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for metric in (*_from_trials(), *_from_suites(), *_from_records())}
)
"""Every metric a plan may name without declaring it."""
