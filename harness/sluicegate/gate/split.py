"""The observed split of an experiment against its configured weights."""

from __future__ import annotations

from array import array
from collections import Counter

from sluicegate.gate.body import Flip
from sluicegate.gate.series import Evidence, Series
from sluicegate.gate.share import GrowingShare, PlainUnits
from sluicegate.gate.sides import Lines, Sense, Side
from sluicegate.gate.standing import Standing, nothing
from sluicegate.gate.wording import count_of, rate
from sluicegate.model import Estimate, Kind, NotMeasured, Status
from sluicegate.plan.types import Criterion
from sluicegate.stats.allocation import FEWEST_UNITS, MISMATCH_P, leaked_arms, sample_ratio_p

__all__ = ["stand_split"]


def stand_split(criterion: Criterion, evidence: Evidence, lines: Lines, *, stage_live: bool) -> Standing:
    """Distinct assignment units by arm (the slice of each row) against the weights of the plan.

    A mismatch voids the experiment; so does a unit in an arm of weight 0. A rollback line is a share that no arm may be
    shown to exceed. Below 50 units a mismatch is not looked for, and nothing is promoted.
    """
    weights = criterion.metric.weights
    counts = Counter[str]()
    for series in (evidence.fixed, evidence.growing):
        counts.update(_by_arm(series))
    n = counts.total()
    if n == 0:
        return nothing(evidence.not_measured or NotMeasured(reason="0 units assigned", mend="Record assignments."))
    measured = _estimate(counts, n)
    crossed = _crossed(criterion, evidence.growing, lines)
    if crossed:
        kind = Kind.ROLLBACK_THRESHOLD if stage_live else Kind.HOLD_THRESHOLD
        flip = Flip(text="Mend the cause and serve a new subject: a line once crossed stays crossed")
        return Standing(status=Status.ROLLBACK, kind=kind, measured=measured, shown=crossed, flip=flip)
    if leaked := leaked_arms(counts, weights):
        said = ", ".join(f"{arm} {count}" for arm, count in leaked.items())
        return _void(measured, f"units in arms that get none: {said}")
    return _matched(criterion, counts, measured)


def _matched(criterion: Criterion, counts: Counter[str], measured: Estimate) -> Standing:
    """Enough units, and a split that its weights explain."""
    p = sample_ratio_p(counts, criterion.metric.weights)
    if isinstance(p, NotMeasured):
        return nothing(p)
    more = max(FEWEST_UNITS, criterion.minimum_n or 0) - counts.total()
    if more > 0:
        flip = Flip(text=f"Collect {count_of(more, criterion.metric.unit)} more", more=more)
        return Standing(status=Status.INSUFFICIENT, kind=Kind.HOLD_INSUFFICIENT, measured=measured, flip=flip)
    if p < MISMATCH_P:
        return _void(measured, f"the split does not match its weights (p = {p:.2g})")
    return Standing(status=Status.PASS, kind=Kind.PROMOTE, measured=measured, shown=f"no mismatch (p = {p:.2g})")


def _by_arm(series: Series) -> Counter[str]:
    counts = Counter[str]()
    for index, n in zip(series.slice_index, series.n, strict=True):
        counts[series.slice_names[index] if index >= 0 else ""] += n
    return +counts


def _estimate(counts: Counter[str], n: int) -> Estimate:
    arm, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    said = ", ".join(f"{name or 'no arm'} {each}" for name, each in sorted(counts.items()))
    return Estimate(value=count / n, n=n, k=count, method="largest share", note=f"{arm or 'no arm'} of {said}")


def _crossed(criterion: Criterion, series: Series, lines: Lines) -> str:
    for side in lines.rollback:
        for name in sorted(criterion.metric.weights):
            if name not in series.slice_names:
                continue
            wanted = series.slice_names.index(name)
            k = [n if index == wanted else 0 for index, n in zip(series.slice_index, series.n, strict=True)]
            arm = GrowingShare(every=PlainUnits(k=array("q", k), n=series.n), window=None, unit=criterion.metric.unit)
            limit = Side(role=side.role, sense=Sense.AT_MOST, value=side.value, text=side.text)
            where = arm.crossed(limit, criterion.alpha / max(1, len(criterion.metric.weights)))
            if where is not None:
                return f"arm {name} above {rate(float(side.value))}, {where}"
    return ""


def _void(measured: Estimate, shown: str) -> Standing:
    return Standing(
        status=Status.VOID,
        kind=Kind.HOLD_INVALID_EXPERIMENT,
        measured=measured,
        shown=shown,
        flip=Flip(text="Assign each arm its weight, and collect evidence anew"),
    )
