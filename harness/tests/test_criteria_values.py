"""One criterion on values and over time: quantiles, means, caps, splits, units of time, windows, stable days."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from sluicegate.gate.criteria import judge_criterion
from sluicegate.gate.series import Evidence, Series
from sluicegate.model import CriterionResult, Estimate, Kind, NotMeasured, Origin, Status, to_micros
from sluicegate.plan.types import Better, Bound, Criterion, Metric, MetricKind, Mode, Scale

ENTERED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
P95 = Fraction(95, 100)


def ms(value: float) -> Bound:
    return Bound(value=Fraction(value), text=f"{value:g} ms")


def at(percent: float) -> Bound:
    return Bound(value=Fraction(str(percent)) / 100, text=f"{percent:g} %")


def a_metric(kind: MetricKind, better: Better = Better.LOWER, scale: Scale = Scale.MS, **changes: object) -> Metric:
    base = Metric(name="m", kind=kind, better=better, scale=scale, unit="request")
    return replace(base, **changes)


def a_criterion(metric: Metric, origin: Origin = Origin.SUITE, **lines: object) -> Criterion:
    return Criterion(metric=metric, origins=(origin,), **lines)


def values(items: Iterable[float], *, start: datetime = ENTERED, apart_s: float = 60) -> Series:
    series = Series()
    for index, item in enumerate(items):
        series.at_us.append(to_micros(start) + int(index * apart_s * 1e6))
        series.slice_index.append(-1)
        series.k.append(int(math.isinf(item)))
        series.n.append(1)
        series.value.append(item)
    return series


def counts(items: Iterable[tuple[int, int]], *, start: datetime = ENTERED, apart_s: float = 60) -> Series:
    series = Series()
    for index, (k, n) in enumerate(items):
        series.at_us.append(to_micros(start) + int(index * apart_s * 1e6))
        series.slice_index.append(-1)
        series.k.append(k)
        series.n.append(n)
    return series


def judge(
    criterion: Criterion,
    series: Series,
    *,
    stable_days: int = 0,
    timezone: str = "UTC",
    now: datetime = NOW,
    entered_at: datetime | None = ENTERED,
    stage_live: bool = True,
) -> CriterionResult:
    grows = criterion.origins[0].grows
    evidence = Evidence(growing=series) if grows else Evidence(fixed=series)
    return judge_criterion(
        criterion,
        evidence,
        stage_live=stage_live,
        references={},
        slice_names=(),
        timezone=timezone,
        stable_days=stable_days,
        entered_at=entered_at,
        now=now,
    )


# Quantiles

LATENCY = a_criterion(a_metric(MetricKind.DISTRIBUTION), at=P95, promote=ms(200), alert=ms(500), rollback=ms(900))


def latencies(fast: int, slow: int, failed: int = 0, *, slow_ms: float = 600.0) -> Series:
    items = [100.0] * fast + [slow_ms] * slow + [math.inf] * failed
    random.Random(3).shuffle(items)
    return values(items)


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (latencies(100, 0), Kind.PROMOTE),
        (latencies(99, 1), Kind.PROMOTE),
        (latencies(98, 2), Kind.HOLD_INSUFFICIENT),
        (latencies(94, 6), Kind.HOLD_BELOW_TARGET),
        (latencies(94, 0, 6), Kind.HOLD_SUSPECT),
        (latencies(80, 0, 20), Kind.ROLLBACK_THRESHOLD),
        (latencies(80, 20, slow_ms=901), Kind.ROLLBACK_THRESHOLD),
    ],
)
def test_quantile_is_judged_as_a_share(series: Series, kind: Kind) -> None:
    """p95 under 500 ms is the share over 500 ms shown below 5 %: 99 of 100. Failures are infinitely slow."""
    assert kind is judge(LATENCY, series).kind


def test_quantile_shows_its_order_statistic_bound() -> None:
    """The p95 of 1..100 is 95, and at most 99 with 95 % confidence; n counts attempts."""
    result = judge(LATENCY, values(float(i) for i in range(1, 101)))

    assert isinstance(result.measured, Estimate)
    assert (
        result.measured.value,
        result.measured.low,
        result.measured.high,
        result.measured.n,
        result.at,
    ) == (95.0, 91.0, 99.0, 100, "p95")


def test_p95_has_no_bound_below_59() -> None:
    """58 fast requests show nothing, 59 do."""
    waiting, shown = judge(LATENCY, latencies(58, 0)), judge(LATENCY, latencies(59, 0))

    assert (waiting.kind, shown.kind) == (Kind.HOLD_INSUFFICIENT, Kind.PROMOTE)
    assert isinstance(waiting.measured, Estimate)
    assert (waiting.measured.high, waiting.measured.note) == (None, "no upper bound below n = 59")
    assert waiting.flip.startswith("Collect 59 requests or more: even 58 of 58 would not clear the ")


def test_quantile_beyond_every_value_is_no_number() -> None:
    """Six failures of a hundred: the p95 is infinite, which is said and not printed as a number."""
    measured = judge(LATENCY, latencies(94, 0, 6)).measured

    assert isinstance(measured, NotMeasured)
    assert measured.reason == "p95 is infinite: 6 of 100 attempts failed"


def test_failures_count_against_a_quantile_that_should_be_high() -> None:
    """Better higher: an infinite value is a failure, not an excellent score."""
    criterion = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.HIGHER, Scale.NUMBER),
        at=Fraction(1, 10),
        promote=ms(1),
        mode=Mode.POINT,
    )

    assert Kind.HOLD_BELOW_TARGET is judge(criterion, values([math.inf] * 50 + [2.0] * 50)).kind


def test_growing_quantile_by_minute_judges_minutes() -> None:
    """Latency by minute: one slow minute of a thousand requests is one unit among 300, not a thousand."""
    criterion = replace(LATENCY, origins=(Origin.LIVE,), unit="minute")
    items = [100.0] * 3000
    items[500:510] = [5000.0] * 10
    result = judge(criterion, values(items, apart_s=6))

    assert (result.kind, result.measured.n) == (Kind.PROMOTE, 300)


# Means

SHARPE = a_criterion(
    a_metric(MetricKind.DISTRIBUTION, Better.HIGHER, Scale.NUMBER), promote=Bound(value=Fraction(15, 100), text="0.15"),
    alert=Bound(value=Fraction(5, 100), text="0.05"), rollback=Bound(value=Fraction(0), text="0"),
)  # fmt: skip


def normals(mean: float, n: int, *, seed: int = 5) -> Series:
    rng = random.Random(seed)
    return values(rng.gauss(mean, 0.3) for _ in range(n))


@pytest.mark.parametrize(
    ("mean", "kind"),
    [(0.2, Kind.PROMOTE), (0.08, Kind.HOLD_BELOW_TARGET), (-0.004, Kind.HOLD_SUSPECT), (-0.3, Kind.ROLLBACK_THRESHOLD)],
)
@pytest.mark.parametrize("origin", [Origin.SUITE, Origin.LIVE])
def test_mean_goes_by_t(mean: float, kind: Kind, origin: Origin) -> None:
    """Target .15, alert .05, rollback 0: shown by the t interval, pinned or anytime-valid."""
    assert kind is judge(replace(SHARPE, origins=(origin,)), normals(mean, 400)).kind


def test_mean_shows_the_bootstrap_beside() -> None:
    """The t interval decides; a seeded bootstrap stands beside it, the same each time."""
    first, again = judge(SHARPE, normals(0.2, 100)), judge(SHARPE, normals(0.2, 100))

    assert first == again
    assert isinstance(first.measured, Estimate)
    assert (first.measured.method, first.at, first.measured.note.startswith("bootstrap ")) == ("t", "mean", True)


def test_mean_of_one_is_not_measured() -> None:
    """One value has no spread: it holds."""
    result = judge(SHARPE, values([9.0]))

    assert isinstance(result.measured, NotMeasured)
    assert Kind.HOLD_INSUFFICIENT is result.kind


def test_failure_has_no_mean_and_does_not_hide_a_rollback() -> None:
    """A failed attempt makes the mean infinite: it holds; with evidence past the rollback line it still rolls back."""
    cost = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, scale=Scale.MICROUSD), promote=ms(100), alert=ms(110), rollback=ms(120)
    )

    cheap, dear = (
        judge(cost, values([50.0, 51.0] * 50 + [math.inf])),
        judge(cost, values([500.0, 510.0] * 50 + [math.inf])),
    )

    assert [cheap.kind, dear.kind] == [Kind.HOLD_SUSPECT, Kind.ROLLBACK_THRESHOLD]
    assert isinstance(cheap.measured, NotMeasured)


def test_growing_mean_once_crossed_stays_crossed() -> None:
    """Two hundred dear requests are not healed by thousands of cheap ones."""
    cost = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, scale=Scale.NUMBER), Origin.LIVE, promote=ms(100), rollback=ms(120)
    )

    result = judge(cost, values([150.0, 160.0] * 100 + [50.0, 60.0] * 2000))

    assert Kind.ROLLBACK_THRESHOLD is result.kind


# Controlled quantities

SPEND = a_criterion(
    a_metric(MetricKind.CONTROLLED, scale=Scale.NUMBER, unit="day"), Origin.LIVE, promote=ms(20), rollback=ms(25)
)  # fmt: skip


def calls(per_day: Sequence[int]) -> Series:
    """Each call is a row of value 1, spread over its day."""
    series = Series()
    for day, count in enumerate(per_day):
        part = values([1.0] * count, start=datetime(2026, 1, 2, tzinfo=UTC) + timedelta(days=day), apart_s=60)
        for name in ("at_us", "slice_index", "k", "n", "value"):
            getattr(series, name).extend(getattr(part, name))
    return series


@pytest.mark.parametrize(
    ("per_day", "kind"),
    [((18, 20, 19), Kind.PROMOTE), ((18, 21, 19), Kind.HOLD_BELOW_TARGET), ((18, 26, 2, 3), Kind.ROLLBACK_THRESHOLD)],
)
def test_one_beyond_the_cap_is_a_fact(per_day: tuple[int, ...], kind: Kind) -> None:
    """Expert calls a day, cap 20, rollback above 25: exact, no model of chance."""
    assert kind is judge(SPEND, calls(per_day)).kind


def test_today_is_not_over_and_can_only_be_too_much() -> None:
    """The running day counts towards the rollback line and not as a unit."""
    now = datetime(2026, 1, 4, 6, tzinfo=UTC)

    small, large = (judge(SPEND, calls((18, 20, today)), now=now) for today in (3, 26))

    assert (small.kind, small.measured.n) == (Kind.PROMOTE, 2)
    assert (large.kind, large.shown.split(", ")[1].split()[0]) == (Kind.ROLLBACK_THRESHOLD, "26")


def test_unknown_quantity_holds() -> None:
    """A failed attempt without a value: the total is not known, and not a rollback."""
    series = calls((18, 20))
    series.value[3] = math.inf

    result = judge(SPEND, series)

    assert isinstance(result.measured, NotMeasured)
    assert Kind.HOLD_INSUFFICIENT is result.kind


# Kinds whose statistics come later


@pytest.mark.parametrize("kind", [MetricKind.COUNT, MetricKind.CORRELATION])
def test_later_kinds_hold(kind: MetricKind) -> None:
    """What this version cannot judge is NotMeasured, and holds, whatever the evidence."""
    result = judge(a_criterion(a_metric(kind), promote=ms(3)), counts([(0, 1)] * 500))

    assert isinstance(result.measured, NotMeasured)
    assert (result.kind, result.status) == (Kind.HOLD_INSUFFICIENT, Status.NO_DATA)
    assert "not measured by this version" in result.measured.reason


@pytest.mark.parametrize("source", ["sql", "prometheus", "traces"])
def test_later_sources_hold(source: str) -> None:
    """A metric whose source cannot be read yet holds."""
    metric = a_metric(MetricKind.PROPORTION, Better.HIGHER, Scale.RATIO, measured_by=source)

    assert Kind.HOLD_INSUFFICIENT is judge(a_criterion(metric, Origin.LIVE, promote=at(50)), Series()).kind


# Splits


def assigned(**arms: int) -> Series:
    series = Series(slice_names=list(arms))
    order = [index for index, count in enumerate(arms.values()) for _ in range(count)]
    random.Random(2).shuffle(order)
    for unit, arm in enumerate(order):
        series.at_us.append(to_micros(ENTERED) + unit)
        series.slice_index.append(arm)
        series.k.append(1)
        series.n.append(1)
    return series


@pytest.mark.parametrize(
    ("arms", "kind"),
    [
        ({"a": 60, "b": 40}, Kind.PROMOTE),
        ({"a": 70, "b": 30}, Kind.HOLD_INVALID_EXPERIMENT),
        ({"a": 30, "b": 10}, Kind.HOLD_INSUFFICIENT),
        ({"a": 50, "b": 49, "old": 1}, Kind.HOLD_INVALID_EXPERIMENT),
        ({"a": 190, "b": 10}, Kind.ROLLBACK_THRESHOLD),
        ({}, Kind.HOLD_INSUFFICIENT),
    ],
)
def test_split_is_held_against_its_weights(arms: dict[str, int], kind: Kind) -> None:
    """50/50: 60/40 of 100 is chance, 70/30 is not; below 50 nobody looks; a leak voids; 95 % in one arm rolls back."""
    metric = a_metric(MetricKind.SPLIT, scale=Scale.RATIO, weights={"a": Fraction(1, 2), "b": Fraction(1, 2)})

    assert kind is judge(a_criterion(metric, Origin.LIVE, rollback=at(80)), assigned(**arms)).kind


# Time


def test_window_limits_promotion_and_not_rollback() -> None:
    """Target over the last day; a collapse three days ago still rolls back, an old alert does not hold."""
    metric = a_metric(MetricKind.PROPORTION, Better.HIGHER, Scale.RATIO)
    criterion = a_criterion(metric, Origin.LIVE, promote=at(90), alert=at(80), rollback=at(50), window_s=86_400)

    def history(bad: int) -> Series:
        items = [(1, 1)] * 100 + [(0, 1)] * bad + [(1, 1)] * (900 - bad)
        return counts(items, start=NOW - timedelta(minutes=4000), apart_s=240)

    poor, collapsed = judge(criterion, history(4)), judge(criterion, history(200))

    assert [poor.kind, collapsed.kind] == [Kind.PROMOTE, Kind.ROLLBACK_THRESHOLD]
    assert poor.measured.n == 360


def test_late_line_is_armed_late() -> None:
    """`after: 3d`: until then nothing is promoted and nothing crossed."""
    metric = a_metric(MetricKind.PROPORTION, Better.HIGHER, Scale.RATIO)
    criterion = a_criterion(metric, Origin.LIVE, promote=at(90), rollback=at(50), after_s=3 * 86_400)
    bad = counts([(0, 1)] * 200)

    early = judge(criterion, bad, now=ENTERED + timedelta(days=2))
    late = judge(criterion, bad, now=ENTERED + timedelta(days=3))

    assert [early.kind, late.kind] == [Kind.HOLD_INSUFFICIENT, Kind.ROLLBACK_THRESHOLD]
    assert early.flip == "Wait about 1 day until its lines are armed"


GOOD = (27, 30)
APPROVAL = a_criterion(
    a_metric(MetricKind.PROPORTION, Better.HIGHER, Scale.RATIO),
    Origin.LIVE,
    promote=at(70),
    alert=at(60),
    minimum_n=140,
)


def daily(per_day: Sequence[tuple[int, int]], *, first: datetime = datetime(2026, 1, 2, 9, tzinfo=UTC)) -> Series:
    """One row a day of k of n; an empty day has no row."""
    items = [(day, item) for day, item in enumerate(per_day) if item[1]]
    series = Series()
    for day, (k, n) in items:
        for unit in range(n):
            series.at_us.append(to_micros(first + timedelta(days=day)) + unit)
            series.slice_index.append(-1)
            series.k.append(int(unit < k))
            series.n.append(1)
    return series


@pytest.mark.parametrize(
    ("per_day", "kind", "shown"),
    [
        ([GOOD] * 10, Kind.PROMOTE, "above alert 0.60"),
        ([GOOD] * 8 + [(19, 30), GOOD], Kind.PROMOTE, "above alert 0.60"),
        ([GOOD] * 9 + [(8, 30)], Kind.HOLD_INSUFFICIENT, "0 of 7 stable days; 2026-01-11 is shown below alert 0.60"),
        ([GOOD] * 7 + [(19, 19), (0, 0), GOOD], Kind.HOLD_INSUFFICIENT, "1 of 7 stable days; 2026-01-10 has 0 of 20"),
        ([GOOD] * 8 + [(19, 19), GOOD], Kind.HOLD_INSUFFICIENT, "1 of 7 stable days; 2026-01-10 has 19 of 20"),
    ],
)  # fmt: skip
def test_stable_days_are_complete_full_and_not_shown_bad(
    per_day: list[tuple[int, int]], kind: Kind, shown: str
) -> None:
    """Seven days: a day merely below target counts, one shown below alert, short of units or empty starts anew."""
    result = judge(APPROVAL, daily(per_day), stable_days=7)

    assert (kind, True) == (result.kind, result.shown.startswith(shown))


def test_day_of_entry_is_not_complete() -> None:
    """Entered on the 8th at noon: the 9th, 10th and 11th are complete by the 12th."""
    result = judge(APPROVAL, daily([(27, 30)] * 10), stable_days=7, entered_at=datetime(2026, 1, 8, 12, tzinfo=UTC))

    assert result.flip == "Wait for 4 more stable days"


@pytest.mark.parametrize(("zone", "days"), [("UTC", 6), ("Asia/Tokyo", 7)])
def test_days_are_those_of_the_plans_zone(zone: str, days: int) -> None:
    """At 16:00 UTC it is already tomorrow in Tokyo, so one more day is complete."""
    entered = datetime(2026, 1, 1, 14, tzinfo=UTC)
    result = judge(
        replace(APPROVAL, minimum_n=7),
        values_as_shares(entered, hours=24 * 8),
        stable_days=9,
        timezone=zone,
        now=datetime(2026, 1, 8, 16, tzinfo=UTC),
        entered_at=entered,
    )

    assert f"Wait for {9 - days} more stable day{'s' if 9 - days > 1 else ''}" == result.flip


def values_as_shares(start: datetime, *, hours: int) -> Series:
    return counts([(1, 1)] * hours, start=start, apart_s=3600)


def test_long_and_short_days_of_summer_time_count_once() -> None:
    """Across the change of clocks in Berlin every local day is one day, of 23 or 25 hours too."""
    start = datetime(2026, 3, 25, 23, tzinfo=UTC)
    result = judge(
        replace(APPROVAL, minimum_n=7),
        values_as_shares(start, hours=24 * 8),
        stable_days=7,
        timezone="Europe/Berlin",
        now=start + timedelta(days=7, hours=1),
        entered_at=start,
    )

    assert Kind.PROMOTE is result.kind


# Cost
