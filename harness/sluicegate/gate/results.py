"""What a criterion came to, where that is no standing: its reason in a line, and the result of a judge that raised."""

from __future__ import annotations

from sluicegate.errors import printable
from sluicegate.model import CriterionResult, Kind, NotMeasured, Status
from sluicegate.plan.types import Criterion, MetricKind

__all__ = ["raised_result", "said_of_result"]


def said_of_result(result: CriterionResult) -> str:
    """Why a criterion holds or rolls back, in one line."""
    of = "" if result.profile is None else f" (profile {result.profile})"
    if isinstance(result.measured, NotMeasured):
        return printable(result.measured.reason + of)
    return printable((result.shown or f"{result.status.value}, n {result.measured.n:,}") + of)


def raised_result(criterion: Criterion, error: str) -> CriterionResult:
    """Of a criterion on which the judge itself failed, with the name of what was raised."""
    values = criterion.metric.kind is MetricKind.DISTRIBUTION
    return CriterionResult(
        metric=criterion.metric.name,
        profile=criterion.profile,
        unit=criterion.unit or criterion.metric.unit,
        scale=criterion.metric.scale.value,
        origins=criterion.origins,
        at="mean" if values and criterion.at is None else None,
        status=Status.ERROR,
        kind=Kind.HOLD_INCOMPLETE,
        measured=NotMeasured(reason=f"judging it raised {error}", mend="Report it with the ledger."),
        minimum_n=criterion.minimum_n,
    )
