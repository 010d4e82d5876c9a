"""What a criterion came to, where that is no standing: its reason in a line, all void, or a judge that raised."""

from __future__ import annotations

from sluicegate.errors import printable
from sluicegate.gate.bodies import unit_of
from sluicegate.gate.wording import count_of
from sluicegate.model import CriterionResult, Kind, NotMeasured, Origin, Status
from sluicegate.plan.types import Criterion, MetricKind

__all__ = ["raised_result", "said_of_result", "void_result"]

_VOID = {False: "mocked, cached or replayed", True: "measured while the experiment was void, or not as the plan admits"}
"""Why all of pinned and of growing evidence may be void."""
_LIVE = (
    "Measure it of live answers, as the pipeline serves them; or, where others tell enough, let the criterion say "
    "admits: [cached, replayed], and lock anew. Run: sluicegate plan lock"
)
_ANEW = "Measure it again, as the plan admits it, and hand it over: sluicegate record measurements"


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


def void_result(criterion: Criterion, void: int, *, grows: bool) -> NotMeasured:
    """Of a criterion whose units are void to the last one: why they are, and what would not be."""
    count, of_load = count_of(void, unit_of(criterion)), criterion.origins == (Origin.LOAD,)
    profile = "" if criterion.profile is None else f" --profile {criterion.profile}"
    mend = f"Send it again. Run: sluicegate load{profile}" if of_load else _ANEW if grows else _LIVE
    why = "measured in a load run that is void" if of_load else _VOID[grows]
    return NotMeasured(reason=f"all {count} are left out: {why}", mend=mend)
