"""Laws that hold for every criterion, whatever its lines and its evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.gate.criteria import judge_criterion
from sluicegate.gate.series import Evidence, Series
from sluicegate.model import CriterionResult, Decision, Kind, Origin, Status
from sluicegate.plan.types import Better, Bound, Confirmed, Criterion, Metric, MetricKind, Mode, Scale, Span

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
RANK = {Decision.ROLLBACK: 0, Decision.HOLD: 1, Decision.PROMOTE: 2}
Row = tuple[int, int, int, float]
"""Minute, k, n, value."""


def line(percent: int) -> Bound:
    return Bound(value=Fraction(percent, 100), text=f"{percent} %")


@st.composite
def criteria(draw: st.DrawFn, *, minimum: bool = False) -> Criterion:
    """Shares, quantiles and incidents, either direction, any mode, pinned or growing."""
    kind = draw(st.sampled_from([MetricKind.PROPORTION, MetricKind.DISTRIBUTION, MetricKind.INCIDENTS]))
    better = Better.LOWER if kind is MetricKind.INCIDENTS else draw(st.sampled_from([Better.HIGHER, Better.LOWER]))
    metric = Metric(
        name="m",
        kind=kind,
        better=better,
        scale=Scale.RATIO,
        unit="unit",
        zero_tolerance=kind is MetricKind.INCIDENTS,
    )
    given_lines = sorted(draw(st.lists(st.integers(1, 99), min_size=3, max_size=3)), reverse=better is Better.HIGHER)
    promote, alert, rollback = (line(percent) for percent in given_lines)
    incidents = kind is MetricKind.INCIDENTS
    return Criterion(
        metric=metric,
        origins=(draw(st.sampled_from([Origin.SUITE, Origin.LIVE])),),
        promote=line(0) if incidents else promote,
        alert=None if incidents else draw(st.sampled_from([None, alert])),
        rollback=Confirmed() if incidents else draw(st.sampled_from([None, rollback])),
        max_rate=Fraction(1, 20) if incidents else None,
        at=draw(st.sampled_from([Fraction(1, 2), Fraction(9, 10)])) if kind is MetricKind.DISTRIBUTION else None,
        mode=Mode.GUARDED if incidents else draw(st.sampled_from(list(Mode))),
        minimum_n=draw(st.integers(1, 80)) if minimum else None,
    )


@st.composite
def evidence_rows(draw: st.DrawFn) -> list[tuple[bool, int]]:
    """Runs of good (True) and bad units; the run lengths make both small and telling bodies likely."""
    return draw(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=6))


def series_of(criterion: Criterion, good: Sequence[bool], *, order: Sequence[int] | None = None) -> Series:
    """One unit a minute; good ones are on the good side of every line, bad ones failed."""
    higher = criterion.metric.better is Better.HIGHER
    best, worst = (1.0, -math.inf) if higher else (0.0, math.inf)
    table = [(minute, int(holds is higher), best if holds else worst) for minute, holds in enumerate(good)]
    if order is not None:
        table = sorted((table[index] for index in order), key=lambda row: row[0])
    series = Series()
    for minute, k, value in table:
        series.at_us.append(minute * 60_000_000)
        series.slice_index.append(-1)
        series.k.append(k)
        series.n.append(1)
        if criterion.metric.kind is MetricKind.DISTRIBUTION:
            series.value.append(value)
    return series


def judge(criterion: Criterion, good: Sequence[bool], *, order: Sequence[int] | None = None) -> CriterionResult:
    series = series_of(criterion, good, order=order)
    grows = criterion.origins[0].grows
    return judge_criterion(
        criterion,
        Evidence(growing=series) if grows else Evidence(fixed=series),
        stage_live=True,
        references={},
        slice_names=(),
        timezone="UTC",
        stable_days=0,
        entered_at=NOW - timedelta(days=3),
        now=NOW,
    )


def unrolled(runs: Sequence[tuple[bool, int]]) -> list[bool]:
    return [good for good, length in runs for _ in range(length)]


def rank(result: CriterionResult) -> int:
    return RANK[result.kind.decision]


@settings(max_examples=150, deadline=None)
@given(criteria(), evidence_rows(), st.integers(1, 30))
def test_bad_evidence_never_helps(criterion: Criterion, runs: list[tuple[bool, int]], more: int) -> None:
    """Appending failed units never turns a rollback into a hold, nor a hold into a promotion."""
    good = unrolled(runs)

    before, after = judge(criterion, good), judge(criterion, [*good, *[False] * more])

    assert rank(after) <= rank(before)
    if before.status is Status.SUSPECT:
        assert after.status in (Status.SUSPECT, Status.ROLLBACK)


@settings(max_examples=100, deadline=None)
@given(criteria(minimum=True), evidence_rows(), st.data())
def test_one_unit_worse_never_helps(criterion: Criterion, runs: list[tuple[bool, int]], data: st.DataObject) -> None:
    """Monotone in k: the same units, one of them failed instead of good."""
    good = unrolled(runs)
    worse = list(good)
    if worse:
        worse[data.draw(st.integers(0, len(worse) - 1))] = False

    assert rank(judge(criterion, worse)) <= rank(judge(criterion, good))


@settings(max_examples=100, deadline=None)
@given(criteria(minimum=True), evidence_rows(), st.randoms(use_true_random=False))
def test_order_of_arrival_changes_nothing(criterion: Criterion, runs: list[tuple[bool, int]], rng: object) -> None:
    """The same rows in any order, once sorted by time, give the same result to the letter."""
    good = unrolled(runs)
    order = list(range(len(good)))
    rng.shuffle(order)

    assert judge(criterion, good) == judge(criterion, good, order=order)


@settings(max_examples=100, deadline=None)
@given(criteria(), evidence_rows(), st.data())
def test_leaving_out_pinned_units_never_promotes(
    criterion: Criterion, runs: list[tuple[bool, int]], data: st.DataObject
) -> None:
    """With the minimum at the pinned number, dropping units (the failed ones, say) never makes a promotion."""
    good = unrolled(runs)
    kept = [holds for holds in good if holds or data.draw(st.booleans())] if len(good) < 60 else [g for g in good if g]
    pinned = replace(criterion, origins=(Origin.SUITE,), minimum_n=max(1, len(good)))

    if len(kept) < len(good):
        assert Kind.PROMOTE is not judge(pinned, kept).kind


@settings(max_examples=60, deadline=None)
@given(criteria(minimum=True), evidence_rows())
def test_same_inputs_same_result(criterion: Criterion, runs: list[tuple[bool, int]]) -> None:
    """Nothing is drawn, remembered or read from outside."""
    good = unrolled(runs)

    assert judge(criterion, good) == judge(criterion, good)


@settings(max_examples=60, deadline=None)
@given(criteria(minimum=True))
def test_nothing_is_never_promoted(criterion: Criterion) -> None:
    """No evidence holds, for every criterion."""
    assert judge(criterion, []).kind is Kind.HOLD_INSUFFICIENT


@settings(max_examples=60, deadline=None)
@given(evidence_rows(), st.integers(1, 98), st.integers(1, 98))
def test_ranges_promote_only_inside(runs: list[tuple[bool, int]], one: int, two: int) -> None:
    """A range is never promoted on an estimate outside of it."""
    low, high = sorted((one, two))
    metric = Metric(name="m", kind=MetricKind.PROPORTION, better=Better.INSIDE, scale=Scale.RATIO, unit="unit")
    span = Span(low=Fraction(low, 100), high=Fraction(high + 1, 100), text=f"{low} % to {high + 1} %")
    criterion = Criterion(metric=metric, origins=(Origin.SUITE,), promote=span, mode=Mode.POINT)
    good = unrolled(runs)

    result = judge(criterion, good)

    held = Fraction(len(good) - sum(good), len(good)) if good else None
    assert (result.kind is Kind.PROMOTE) == (held is not None and span.low <= held <= span.high)
