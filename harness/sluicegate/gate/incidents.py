"""Incidents: one confirmed is enough, one suspected is for a human, and none is not yet zero."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from sluicegate.frozen import frozen
from sluicegate.gate.body import Flip
from sluicegate.gate.series import Evidence
from sluicegate.gate.sides import Sense, Side
from sluicegate.gate.standing import Standing, nothing
from sluicegate.gate.wording import at_most, count_of, rate
from sluicegate.model import Estimate, Kind, LineShown, NotMeasured, Status
from sluicegate.plan.types import Confirmed, Criterion, Metric, MetricKind

if TYPE_CHECKING:
    from sluicegate.checks.pii_measures import Recall

__all__ = ["RateLimit", "detector_of", "known_incident", "rate_limit", "with_recall"]

_LOOK = "Have a human look at it: mend it and serve a new subject, or mend the check or the case that is wrong"


@frozen
class RateLimit:
    """The rate that zero incidents have to exclude."""

    line: LineShown | None
    """None when the plan names no max_rate."""
    side: Side | None
    """max_rate times the detector's recall, as a limit on what is detected; None when it cannot be judged."""
    missing: Standing | None = None


def known_incident(criterion: Criterion, evidence: Evidence, *, stage_live: bool) -> Standing | None:
    """Rows 1 and 3 of the order of evaluation: an incident confirmed rolls back at any n; a suspected one holds.

    An incident that was counted and is in neither list rests on somebody's word, and is suspected too.
    """
    metric = criterion.metric
    tolerates_none = metric.zero_tolerance or isinstance(criterion.rollback, Confirmed)
    counted = 0
    if metric.kind is MetricKind.INCIDENTS:
        counted = sum(evidence.fixed.k) + sum(evidence.growing.k)
    if not tolerates_none and metric.kind is not MetricKind.INCIDENTS:
        return None
    n = sum(evidence.fixed.n) + sum(evidence.growing.n)
    seen = len(evidence.confirmed) or len(evidence.suspected) or counted
    measured: Estimate | NotMeasured
    if n and metric.kind is MetricKind.INCIDENTS:
        # Of the units that n counts: a case and its copies are one, however many findings there are.
        k = counted or min(n, seen)
        measured = Estimate(value=k / n, n=n, k=k, method="count", note=_recall_said(metric))
    else:
        measured = NotMeasured(reason=f"{count_of(seen, 'incident')}, and no units counted")
    if evidence.confirmed and tolerates_none:
        return Standing(
            status=Status.ROLLBACK,
            kind=Kind.ROLLBACK_INCIDENT if stage_live else Kind.HOLD_INCIDENT,
            measured=measured,
            shown=f"{_incidents(len(evidence.confirmed), 'confirmed', criterion, measured)}",
            flip=Flip(text="Mend the cause and serve a new subject: good units do not outvote an incident"),
        )
    if evidence.confirmed or evidence.suspected or counted:
        return Standing(
            status=Status.SUSPECT,
            kind=Kind.HOLD_SUSPECT,
            measured=measured,
            shown=f"{_incidents(max(seen, counted), 'not confirmed', criterion, measured)}",
            flip=Flip(text=_LOOK),
        )
    return None


def _incidents(found: int, how: str, criterion: Criterion, measured: Estimate | NotMeasured) -> str:
    """`1 incident confirmed`; where findings are more than the units they are in, `4 incidents confirmed in 1 case`."""
    said, metric = f"{count_of(found, 'incident')} {how}", criterion.metric
    if isinstance(measured, NotMeasured) or measured.k is None or found <= measured.k:
        return said
    # A metric that spans suites counts a case and its copies (`id~twice`) as one.
    copies = ", copies included" if metric.suite is None else ""
    return f"{said} in {count_of(measured.k, criterion.unit or metric.unit)}{copies}"


def rate_limit(criterion: Criterion) -> RateLimit | None:
    """The max_rate of a criterion on incidents; None for other metrics."""
    metric = criterion.metric
    if metric.kind is not MetricKind.INCIDENTS:
        return None
    if criterion.max_rate is None:
        reason = f"{metric.name} has no max_rate, and 0 seen never shows a rate of 0"
        mend = "Write the rate to exclude: max_rate: 1 %."
        return RateLimit(line=None, side=None, missing=nothing(NotMeasured(reason=reason, mend=mend)))
    limit = float(criterion.max_rate)
    line = LineShown(role="max_rate", sense="at_most", value=limit, text=f"{rate(limit)} at most")
    detector = detector_of(metric)
    if isinstance(detector, NotMeasured):
        return RateLimit(line=line, side=None, missing=nothing(detector))
    side = Side(role="max_rate", sense=Sense.AT_MOST, value=criterion.max_rate * detector[0], text=line.text)
    return RateLimit(line=line, side=side)


def with_recall(standing: Standing, criterion: Criterion) -> Standing:
    """The bounds of what is detected turned into bounds of what happens, and the words for zero."""
    measured, detector = standing.measured, detector_of(criterion.metric)
    if not isinstance(measured, Estimate) or isinstance(detector, NotMeasured):
        return standing
    recall, note = detector
    high = None if measured.high is None else min(1.0, measured.high / float(recall))
    measured = replace(measured, high=high, note=note)
    if standing.status not in (Status.PASS, Status.INCONCLUSIVE) or high is None or measured.k:
        return replace(standing, measured=measured)
    aside = f" ({note})" if note else ""
    said = f"rate < {at_most(high)} at {100 * measured.confidence:.6g} %{aside}"
    return replace(standing, measured=measured, shown=said)


def detector_of(metric: Metric) -> tuple[Fraction, str] | NotMeasured:
    """The recall of the detector behind incidents and how it is said; a plan may only say less than was measured."""
    if not metric.recall:
        known = "unknown" if metric.recall is None else "0"
        reason = f"the recall of the detector behind {metric.name} is {known}"
        return NotMeasured(reason=reason, mend="Measure it on labelled cases and write recall:.")
    said = "" if metric.recall == 1 else f"detector recall {float(metric.recall):.4g}"
    measured = _measured(metric)
    if measured is None or isinstance(measured, NotMeasured):
        return (metric.recall, said) if measured is None else measured
    if metric.recall < measured.at_least:
        return metric.recall, said
    return (measured.at_least, f"detector {measured.said}") if measured.at_least else _blind(metric)


def _measured(metric: Metric) -> Recall | NotMeasured | None:
    """What was measured of the detector here; None for a metric whose recall is only said."""
    if metric.suite not in ("pii", "grounding"):
        return None
    # Here, because nothing else of a verdict needs a detector.
    from sluicegate.checks import grounding_measures, pii_measures

    recall = {**pii_measures.RECALL, **grounding_measures.RECALL}
    return recall[metric.name]() if metric.name in recall else None


def _blind(metric: Metric) -> NotMeasured:
    return NotMeasured(reason=f"the detector behind {metric.name} found nothing of a kind in its own set")


def _recall_said(metric: Metric) -> str:
    detector = detector_of(metric)
    return "" if isinstance(detector, NotMeasured) else detector[1]
