"""What one unit, taken alone, says of a criterion: whether it is a bad one."""

from __future__ import annotations

from sluicegate.checks import Contribution
from sluicegate.model import NotMeasured
from sluicegate.plan.types import Better, Bound, Criterion, Metric, MetricKind, Span

__all__ = ["is_bad", "speaks_against"]


def is_bad(metric: Metric, counted: Contribution) -> bool:
    """Of a share or of incidents: whether the unit counts as a miss, or as an incident."""
    if metric.kind is MetricKind.PROPORTION and metric.better is Better.HIGHER:
        return counted.k < counted.n
    return counted.k > 0


def speaks_against(criterion: Criterion, counted: Contribution | NotMeasured | None) -> bool:
    """Whether the unit can only make the criterion worse: a miss, an incident, a value beyond the first line.

    Every part of a sum that is capped does. Against a line that hangs on a reference no unit alone says anything.
    """
    if not isinstance(counted, Contribution):
        return False
    metric, value = criterion.metric, counted.value
    if metric.kind is MetricKind.CONTROLLED:
        return True
    if value is None:
        return metric.better is not Better.INSIDE and is_bad(metric, counted)
    for line in (criterion.promote, criterion.alert, criterion.rollback):
        if isinstance(line, Span):
            return not line.low <= value <= line.high
        if isinstance(line, Bound):
            return value < line.value if metric.better is Better.HIGHER else value > line.value
    return False
