"""Stable days: complete local days in a row, each with enough units, none shown below its guard line."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sluicegate.gate.bodies import Frame, body_of, unit_of
from sluicegate.gate.body import Flip
from sluicegate.gate.cuts import TIME_UNITS_S, between, local_days, midnight
from sluicegate.gate.series import Series
from sluicegate.gate.sides import Lines
from sluicegate.gate.standing import Standing, limit_said
from sluicegate.gate.wording import plural
from sluicegate.model import Estimate, Kind, NotMeasured, Status, from_micros
from sluicegate.plan.types import Criterion, MetricKind

__all__ = ["day_minimum", "unstable"]


def day_minimum(criterion: Criterion, days: int) -> int:
    """Units a day must have: an even share of the criterion's `min`, at least one."""
    return max(1, -(-(criterion.minimum_n or 1) // max(1, days)))


def unstable(
    criterion: Criterion,
    lines: Lines,
    series: Series,
    frame: Frame,
    *,
    days: int,
    entered_at: datetime | None,
    measured: Estimate | NotMeasured,
) -> Standing | None:
    """Why the last `days` complete local days are not all stable; None when they are.

    Days before the stage was entered, and the day of entry itself, are not complete. A gap starts the count anew.
    """
    if not len(series):
        return _waiting(measured, 0, days, "no units yet")
    rows = {day: (start, stop) for day, start, stop in local_days(series, frame.zone)}
    since = entered_at or from_micros(series.at_us[0])
    day = frame.now.astimezone(frame.zone).date()
    for stable in range(days):
        day -= timedelta(days=1)
        if midnight(day, frame.zone) < since:
            return _waiting(measured, stable, days, f"stage entered {since.astimezone(frame.zone).date()}")
        start, stop = rows.get(day, (0, 0))
        cause = _unfit(criterion, lines, between(series, start, stop), frame, day=day, days=days)
        if cause:
            return _waiting(measured, stable, days, cause)
    return None


def _unfit(criterion: Criterion, lines: Lines, series: Series, frame: Frame, *, day: date, days: int) -> str:
    """Why a day does not count; empty when it does."""
    # A day that is over is looked at once, so exact bounds serve; units of time within it are not independent.
    grows = unit_of(criterion) in TIME_UNITS_S and criterion.metric.kind is not MetricKind.CONTROLLED
    body = body_of(criterion, series, series, frame, grows=grows)
    needed = 1 if unit_of(criterion) == "day" else day_minimum(criterion, days)
    if body.n < needed:
        return f"{day} has {body.n:,} of {needed:,} {plural(unit_of(criterion))}"
    if criterion.metric.kind is MetricKind.INCIDENTS:
        return f"{day} has an incident" if any(series.k) else ""
    for side in lines.guards or lines.promote:
        if body.shows_bad(side, criterion.alpha):
            return f"{day} is shown {limit_said(side, criterion, good=False)}"
    return ""


def _waiting(measured: Estimate | NotMeasured, stable: int, days: int, cause: str) -> Standing:
    more = days - stable
    return Standing(
        status=Status.INSUFFICIENT,
        kind=Kind.HOLD_INSUFFICIENT,
        measured=measured,
        shown=f"{stable} of {days} stable days; {cause}",
        flip=Flip(text=f"Wait for {more} more stable {'day' if more == 1 else 'days'}"),
    )
