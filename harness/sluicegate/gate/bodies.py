"""From columns to a body of evidence that can be asked: which statistics a metric's kind calls for."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from fractions import Fraction
from math import fsum, inf, isfinite
from operator import gt

from sluicegate.frozen import frozen
from sluicegate.gate.body import Body
from sluicegate.gate.capped import CappedValues
from sluicegate.gate.cuts import outside_runs, unit_ranges
from sluicegate.gate.series import Evidence, Series
from sluicegate.gate.share import FixedShare, GrowingShare, MeanUnits, PlainUnits
from sluicegate.gate.sides import Reference
from sluicegate.gate.values import MeanValues, QuantileValues, order_bounds
from sluicegate.model import NotMeasured, from_micros
from sluicegate.plan.types import Criterion, MetricKind
from sluicegate.stats import binomial
from sluicegate.stats import mean as means
from sluicegate.stats import quantile as quantiles

__all__ = ["Frame", "body_of", "has_rows", "reference_of", "unit_of"]

_RUN = "run"


@frozen
class Frame:
    """When and where a criterion is judged."""

    zone: tzinfo
    now: datetime


def unit_of(criterion: Criterion) -> str:
    """What n counts."""
    return criterion.unit or criterion.metric.unit


def has_rows(series: Series) -> bool:
    """Whether there is at least one unit."""
    return any(series.n)


def body_of(criterion: Criterion, every: Series, window: Series, frame: Frame, *, grows: bool) -> Body:
    """The body of evidence for a criterion. `every` feeds the rollback line, `window` everything else."""
    match criterion.metric.kind:
        case MetricKind.DISTRIBUTION if criterion.at is not None:
            return _quantile(criterion, criterion.at, every, window, frame, grows=grows)
        case MetricKind.DISTRIBUTION:
            return MeanValues(
                every=_unit_means(every, criterion, frame, grows=grows),
                window=_unit_means(window, criterion, frame, grows=grows),
                grows=grows,
                unit=unit_of(criterion),
            )
        case MetricKind.CONTROLLED:
            return _capped(criterion, every, frame, grows=grows)
        case _:
            return _share(criterion, every, window, frame, grows=grows)


def reference_of(criterion: Criterion, evidence: Evidence, frame: Frame, *, mend: str) -> Reference | NotMeasured:
    """What a relative line of this criterion compares with: evidence of the same nature first, else the other.

    `mend` says what to do where there is none.
    """
    grows = any(origin.grows for origin in criterion.origins)
    series = evidence.growing if grows else evidence.fixed
    if not has_rows(series):
        series, grows = (evidence.fixed, False) if grows else (evidence.growing, True)
    if not has_rows(series):
        return evidence.not_measured or NotMeasured(reason="the reference has no evidence", mend=mend)
    match criterion.metric.kind:
        case MetricKind.DISTRIBUTION if criterion.at is not None:
            return _quantile_reference(criterion.at, series)
        case MetricKind.CONTROLLED:
            return _mean_reference(array("d", _capped(criterion, series, frame, grows=grows).over))
        case MetricKind.DISTRIBUTION:
            return _mean_reference(_unit_means(series, criterion, frame, grows=grows))
        case _:
            return _share_reference(series, unit_of(criterion) if grows else None, frame)


def _share(criterion: Criterion, every: Series, window: Series, frame: Frame, *, grows: bool) -> Body:
    unit = unit_of(criterion)
    if not grows:
        return FixedShare(k=sum(_held(criterion, window)), n=sum(window.n), unit=unit)
    every_k, window_k = _held(criterion, every), _held(criterion, window)
    return _growing(every, window, frame, every_k=every_k, window_k=window_k, unit=unit)


def _held(criterion: Criterion, series: Series) -> array[int]:
    """How many units of each row hold; a unit with several incidents is one unit with an incident."""
    if criterion.metric.kind is MetricKind.INCIDENTS and any(map(gt, series.k, series.n)):
        return array("q", map(min, series.k, series.n))
    return series.k


def _growing(
    every: Series, window: Series, frame: Frame, *, every_k: array[int], window_k: array[int], unit: str
) -> GrowingShare:
    return GrowingShare(
        every=_units(every, every_k, unit, frame),
        window=None if window is every else _units(window, window_k, unit, frame),
        unit=unit,
    )


def _units(series: Series, k: array[int], unit: str, frame: Frame) -> PlainUnits | MeanUnits:
    ranges = unit_ranges(series, unit, frame.zone)
    if ranges is None:
        return PlainUnits(k=k, n=series.n)
    shares = ((sum(k[start:stop]), sum(series.n[start:stop])) for start, stop in ranges)
    return MeanUnits(shares=[(hits, n) for hits, n in shares if n])


def _quantile(criterion: Criterion, at: Fraction, every: Series, window: Series, frame: Frame, *, grows: bool) -> Body:
    unit = unit_of(criterion)

    def share(holds: Callable[[float], bool]) -> Body:
        held = array("q", map(holds, window.value))
        if not grows:
            return FixedShare(k=sum(held), n=len(held), unit=unit)
        whole = held if window is every else array("q", map(holds, every.value))
        return _growing(every, window, frame, every_k=whole, window_k=held, unit=unit)

    ranges = unit_ranges(window, unit, frame.zone) if grows else None
    n = len(window) if ranges is None else len(ranges)
    return QuantileValues(values=window.value, n=n, at=at, scale=criterion.metric.scale, unit=unit, share=share)


def _unit_means(series: Series, criterion: Criterion, frame: Frame, *, grows: bool) -> array[float]:
    ranges = unit_ranges(series, unit_of(criterion), frame.zone) if grows else None
    if ranges is None:
        return series.value
    return array("d", (_mean(series.value[start:stop]) for start, stop in ranges))


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if all(map(isfinite, values)) else inf


def _capped(criterion: Criterion, series: Series, frame: Frame, *, grows: bool) -> CappedValues:
    """Totals by unit. A pinned case is a unit of its own: it acts out a day, whatever day it is run on.

    Under load it is the run, which has an end: neither the day, nor all runs together.
    """
    unit, runs = unit_of(criterion), list[float]()
    unknown = sum(1 for value in _quantities(series) if not isfinite(value))
    if series.run and criterion.unit in (None, _RUN):
        runs, series = _run_totals(series), outside_runs(series)
    known = _known(series)
    running: float | None = None
    whole_run = [(0, len(known))] if known else []
    ranges = whole_run if unit == _RUN else unit_ranges(series, unit, frame.zone) if grows else None
    totals = known if ranges is None else [fsum(known[start:stop]) for start, stop in ranges]
    if unit == "day" and grows and totals and _is_today(series, frame):
        running = totals.pop()
    return CappedValues(
        totals=totals,
        runs=runs,
        running=running,
        unknown=unknown,
        better=criterion.metric.better,
        scale=criterion.metric.scale,
        unit=unit,
    )


def _quantities(series: Series) -> array[float]:
    return series.value or array("d", series.k)


def _known(series: Series) -> list[float]:
    return [value if isfinite(value) else 0.0 for value in _quantities(series)]


def _run_totals(series: Series) -> list[float]:
    """Of each load run, by the time of its first row."""
    found: dict[int, list[float]] = {}
    for run, value in zip(series.run, _known(series), strict=True):
        if run >= 0:
            found.setdefault(run, []).append(value)
    return [fsum(values) for values in found.values()]


def _is_today(series: Series, frame: Frame) -> bool:
    last = from_micros(series.at_us[-1]).astimezone(frame.zone).date()
    return last >= frame.now.astimezone(frame.zone).date()


def _share_reference(series: Series, unit: str | None, frame: Frame) -> Reference | NotMeasured:
    ranges = None if unit is None else unit_ranges(series, unit, frame.zone)
    if ranges is not None:
        units = [(sum(series.k[start:stop]), sum(series.n[start:stop])) for start, stop in ranges]
        return _mean_reference(array("d", (k / n for k, n in units if n)))
    k, n = sum(series.k), sum(series.n)

    def bounds(alpha: Fraction) -> tuple[float | None, float | None]:
        low, high = binomial.lower_bound(k, n, float(alpha)), binomial.upper_bound(k, n, float(alpha))
        return (None if isinstance(low, NotMeasured) else low), (None if isinstance(high, NotMeasured) else high)

    return Reference(value=Fraction(k, n), k=k, n=n, bounds=bounds)


def _quantile_reference(at: Fraction, series: Series) -> Reference | NotMeasured:
    ordered = sorted(series.value)
    value = quantiles.quantile(ordered, float(at))
    if isinstance(value, NotMeasured):
        return value
    if not isfinite(value):
        return NotMeasured(reason="the reference's quantile is beyond every value: too many attempts failed")
    return Reference(
        value=Fraction(value), k=None, n=len(ordered), bounds=lambda alpha: order_bounds(ordered, at, alpha)
    )


def _mean_reference(values: array[float]) -> Reference | NotMeasured:
    if not all(map(isfinite, values)):
        return NotMeasured(reason="the reference holds failed attempts, and a failure has no mean")
    found = means.moments(values)
    if isinstance(found, NotMeasured):
        return found
    moments = found

    def bounds(alpha: Fraction) -> tuple[float | None, float | None]:
        interval = means.t_interval(moments, float(alpha))
        return (None, None) if isinstance(interval, NotMeasured) else (interval.low, interval.high)

    return Reference(value=Fraction(found.mean), k=None, n=found.n, bounds=bounds)
