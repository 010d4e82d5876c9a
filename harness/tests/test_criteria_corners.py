"""One criterion at its corners: references of every kind, slices that roll back, what is not applicable, the words."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from sluicegate.gate.criteria import judge_criterion
from sluicegate.gate.series import Evidence, Series
from sluicegate.gate.wording import at_most, count_of, days, figure, plural, quantile_name, rate
from sluicegate.model import CriterionResult, Estimate, Finding, Kind, NotMeasured, Origin, Status, to_micros
from sluicegate.plan.types import (
    Better,
    Bound,
    Confirmed,
    Criterion,
    Drop,
    Metric,
    MetricKind,
    Mode,
    Ratio,
    Scale,
    Span,
)

ENTERED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
P95 = Fraction(95, 100)


def bound(value: float | str, text: str = "") -> Bound:
    return Bound(value=Fraction(str(value)), text=text or f"{value}")


def a_metric(
    kind: MetricKind = MetricKind.PROPORTION,
    better: Better = Better.HIGHER,
    scale: Scale = Scale.RATIO,
    **changes: object,
) -> Metric:
    return replace(Metric(name="m", kind=kind, better=better, scale=scale, unit="draft"), **changes)


def a_criterion(metric: Metric | None = None, *origins: Origin, **lines: object) -> Criterion:
    return Criterion(metric=metric or a_metric(), origins=origins or (Origin.SUITE,), **lines)


def rows(
    counts: Iterable[tuple[int, int]], values: Sequence[float] = (), *, slices: Sequence[str] = (), apart_s: float = 60
) -> Series:
    series = Series(slice_names=list(dict.fromkeys(slices)))
    for index, (k, n) in enumerate(counts):
        series.at_us.append(to_micros(ENTERED) + int(index * apart_s * 1e6))
        series.slice_index.append(series.slice_names.index(slices[index]) if slices else -1)
        series.k.append(k)
        series.n.append(n)
    series.value.extend(values)
    return series


def values(items: Sequence[float], *, apart_s: float = 60) -> Series:
    return rows([(int(math.isinf(item)), 1) for item in items], items, apart_s=apart_s)


def units(k: int, n: int) -> Series:
    held = [1] * k + [0] * (n - k)
    random.Random(1).shuffle(held)
    return rows((each, 1) for each in held)


def judge(
    criterion: Criterion,
    evidence: Evidence,
    *,
    references: Mapping[str, Evidence] | None = None,
    slice_names: tuple[str, ...] = (),
    stage_live: bool = True,
    stable_days: int = 0,
    entered_at: datetime | None = ENTERED,
    now: datetime = NOW,
) -> CriterionResult:
    return judge_criterion(
        criterion,
        evidence,
        stage_live=stage_live,
        references=references or {},
        slice_names=slice_names,
        timezone="UTC",
        stable_days=stable_days,
        entered_at=entered_at,
        now=now,
    )


def fixed(k: int, n: int) -> Evidence:
    return Evidence(fixed=units(k, n))


def live(k: int, n: int) -> Evidence:
    return Evidence(growing=units(k, n))


# Relative lines of every kind


def worse(percent: int, *, relative: bool = True) -> Drop:
    return Drop(
        amount=Fraction(percent, 100), relative=relative, than="setup", text=f"{percent} percent worse than setup"
    )


def spread(mean: float, n: int, *, seed: int = 3) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(mean, 10) for _ in range(n)]


@pytest.mark.parametrize(
    ("mean", "kind"), [(100, Kind.PROMOTE), (116, Kind.HOLD_SUSPECT), (140, Kind.ROLLBACK_THRESHOLD)]
)
@pytest.mark.parametrize("origin", [Origin.SUITE, Origin.LIVE])
def test_mean_against_a_reference(mean: float, kind: Kind, origin: Origin) -> None:
    """Cost at most 15 percent above setup: clear of it, past it by the estimate, past it with evidence."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.NUMBER)
    criterion = a_criterion(metric, origin, promote=bound(130), rollback=worse(15))
    here, there = values(spread(mean, 300)), values(spread(100, 300, seed=9))
    evidence = Evidence(growing=here) if origin.grows else Evidence(fixed=here)

    assert kind is judge(criterion, evidence, references={"setup": Evidence(fixed=there)}).kind


@pytest.mark.parametrize(("mean", "kind"), [(100, Kind.PROMOTE), (160, Kind.ROLLBACK_THRESHOLD)])
def test_quantile_against_a_reference(mean: float, kind: Kind) -> None:
    """p95 at most 25 percent above the p95 of setup, by its order statistics."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS)
    criterion = a_criterion(metric, Origin.LIVE, at=P95, promote=bound(900), rollback=worse(25))
    there = Evidence(growing=values(spread(100, 400, seed=9)))

    result = judge(criterion, Evidence(growing=values(spread(mean, 400))), references={"setup": there})

    assert kind is result.kind


@pytest.mark.parametrize(
    "there",
    [
        Evidence(),
        Evidence(fixed=values([math.inf] * 40 + [1.0] * 60)),
        Evidence(not_measured=NotMeasured(reason="the source was down")),
    ],
)
@pytest.mark.parametrize("at", [P95, None])
def test_reference_without_a_number_holds(there: Evidence, at: Fraction | None) -> None:
    """Empty, failed or unread: nothing to compare with."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS)
    criterion = a_criterion(metric, at=at, promote=bound(900), rollback=worse(25))

    result = judge(criterion, Evidence(fixed=values(spread(1, 100))), references={"setup": there})

    assert Kind.HOLD_INSUFFICIENT is result.kind
    assert isinstance(result.measured, NotMeasured)
    assert result.measured.reason.startswith("setup: ")


def test_reference_of_one_bounds_nothing() -> None:
    """A reference with one value, or too few for its quantile, neither clears nor crosses a line."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS)
    for at, there in ((None, [100.0]), (P95, [100.0] * 20)):
        criterion = a_criterion(metric, at=at, promote=bound(1), rollback=worse(25))
        for origin in (Origin.SUITE, Origin.LIVE):
            evidence = Evidence(fixed=values(spread(300, 200)), growing=values(spread(300, 200)))
            result = judge(
                replace(criterion, origins=(origin,)), evidence, references={"setup": Evidence(fixed=values(there))}
            )
            assert Kind.HOLD_SUSPECT is result.kind


def test_pass_needs_a_bounded_reference() -> None:
    """A line that hangs on a reference of one value is not shown to be cleared."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS)
    for at, there in ((None, [100.0]), (P95, [100.0])):
        criterion = a_criterion(metric, at=at, promote=bound(900), rollback=worse(25))
        result = judge(
            criterion, Evidence(fixed=values(spread(50, 200))), references={"setup": Evidence(fixed=values(there))}
        )
        assert Kind.HOLD_INSUFFICIENT is result.kind


def test_share_by_minute_against_a_reference() -> None:
    """Unit means have no counts to hand to Newcombe: the reference's t bounds and the e-process serve."""
    metric = a_metric(unit="minute")
    criterion = a_criterion(metric, Origin.LIVE, promote=bound("0.5"), rollback=worse(20, relative=False))
    there = Evidence(growing=rows([(9, 10), (8, 10)] * 100))

    kinds = [
        judge(criterion, Evidence(growing=rows([item] * 300)), references={"setup": there}).kind
        for item in ((9, 10), (3, 10))
    ]

    assert kinds == [Kind.PROMOTE, Kind.ROLLBACK_THRESHOLD]


def test_capped_spend_against_a_reference() -> None:
    """Spend a day at most 15 percent above the mean day of the baseline: a fact, either way."""
    metric = a_metric(MetricKind.CONTROLLED, Better.LOWER, Scale.NUMBER, unit="day")
    criterion = a_criterion(metric, Origin.LIVE, promote=worse(15))
    there = Evidence(growing=values([10.0] * 6, apart_s=86_400))

    kinds = [
        judge(criterion, Evidence(growing=values([each] * 6, apart_s=86_400)), references={"setup": there}).kind
        for each in (11.0, 12.0)
    ]

    assert kinds == [Kind.PROMOTE, Kind.HOLD_BELOW_TARGET]


def test_ratio_without_a_bound_is_shown_at_itself() -> None:
    """Strictly 2 times: the lower bound must reach 2; growing evidence goes by the same interval."""
    target = Ratio(value=Fraction(2), bound=None, than="setup", text="2 times setup")
    criterion = a_criterion(promote=target, mode=Mode.STRICT)
    there = {"setup": Evidence(fixed=units(100, 400), growing=units(100, 400))}

    pinned = [judge(criterion, fixed(k, 100), references=there).kind for k in (80, 55)]
    growing = [judge(replace(criterion, origins=(Origin.LIVE,)), live(k, 100), references=there) for k in (80, 55)]

    assert [Kind.PROMOTE, Kind.HOLD_INSUFFICIENT] == pinned == [result.kind for result in growing]
    assert growing[0].shown == "above 2 times setup"
    assert "further away" in growing[1].flip


def test_growing_ratio_halts() -> None:
    """Live, below 2 times with the upper bound below 3: rollback."""
    line = Ratio(value=Fraction(2), bound=Fraction(3), than="setup", text="2 times setup")
    there = {"setup": Evidence(growing=units(100, 400))}

    result = judge(a_criterion(None, Origin.LIVE, rollback=line), live(30, 100), references=there)

    assert (result.kind, result.shown) == (Kind.ROLLBACK_THRESHOLD, "below 2 times setup, in 100 drafts")


def test_lower_is_better_against_a_reference() -> None:
    """Errors at most 5 points above setup: shown, suspect, crossed, by pinned and by growing evidence."""
    metric = a_metric(better=Better.LOWER)
    there = {"setup": Evidence(fixed=units(8, 400), growing=units(8, 400))}
    line = Drop(amount=Fraction(1, 20), relative=False, than="setup", text="5 points above setup")

    for origin, make in ((Origin.SUITE, fixed), (Origin.LIVE, live)):
        criterion = a_criterion(metric, origin, promote=bound("0.5"), rollback=line)
        kinds = [judge(criterion, make(k, 600), references=there).kind for k in (9, 44, 120)]
        assert kinds == [Kind.PROMOTE, Kind.HOLD_SUSPECT, Kind.ROLLBACK_THRESHOLD]


def test_flip_of_a_relative_line_names_its_reference() -> None:
    """Not cleared yet: more units, or a wider distance."""
    criterion = a_criterion(promote=bound("0.5"), rollback=worse(20, relative=False))
    there = {"setup": Evidence(fixed=units(16, 20))}

    flip = judge(criterion, fixed(16, 20), references=there).flip
    assert flip == "Get further away from setup, or collect more drafts"


def test_relative_range_is_both_ways() -> None:
    """A metric that is good in a range is held to its reference in both directions."""
    criterion = a_criterion(a_metric(better=Better.INSIDE), rollback=worse(20, relative=False))
    there = {"setup": Evidence(fixed=units(50, 100))}

    kinds = [judge(criterion, fixed(k, 200), references=there).kind for k in (40, 100, 160)]

    assert kinds == [Kind.ROLLBACK_THRESHOLD, Kind.PROMOTE, Kind.ROLLBACK_THRESHOLD]


# Lines without a target, ends of the range


def test_rollback_line_alone_must_be_cleared() -> None:
    """A criterion with only a rollback line passes when that is cleared, and waits before."""
    criterion = a_criterion(a_metric(better=Better.LOWER), rollback=bound("0.05"))

    assert [judge(criterion, fixed(0, n)).kind for n in (58, 59)] == [Kind.HOLD_INSUFFICIENT, Kind.PROMOTE]


def test_strict_without_a_target_clears_its_guards() -> None:
    """Strict with only an alert line: the bound must clear it."""
    criterion = a_criterion(alert=bound("0.9"), mode=Mode.STRICT)

    assert [judge(criterion, fixed(k, 100)).kind for k in (95, 96)] == [Kind.HOLD_INSUFFICIENT, Kind.PROMOTE]


def test_trivial_lines_are_facts() -> None:
    """At least 0 % and at most 100 % hold by definition, pinned or growing."""
    for better, line in ((Better.HIGHER, 0), (Better.LOWER, 1)):
        criterion = a_criterion(a_metric(better=better), Origin.SUITE, Origin.LIVE, promote=bound(line))
        evidence = Evidence(fixed=units(1, 2), growing=units(1, 2))
        assert Kind.PROMOTE is judge(criterion, evidence).kind


@pytest.mark.parametrize(
    ("better", "k", "flip"),
    [
        (Better.HIGHER, 199, "Serve a new subject: one failure is already too many for this target"),
        (Better.LOWER, 1, "Serve a new subject: one failure is already too many for this target"),
        (Better.HIGHER, 200, "Give the criterion an alert or rollback line to clear: nothing can show this one"),
    ],
)
def test_growing_target_of_all_says_what_it_needs(better: Better, k: int, flip: str) -> None:
    """100 % strictly: no failure allowed, and none proves it."""
    criterion = a_criterion(
        a_metric(better=better), Origin.LIVE, promote=bound(1 if better is Better.HIGHER else 0), mode=Mode.STRICT
    )

    assert flip == judge(criterion, live(k, 200)).flip


def test_pinned_target_of_all_says_what_it_needs() -> None:
    """100 % strictly, pinned: nothing shows it."""
    result = judge(a_criterion(promote=bound(1), mode=Mode.STRICT), fixed(100, 100))

    assert result.flip == "Give the criterion an alert or rollback line to clear: nothing can show the target of 1.00"


@pytest.mark.parametrize(
    ("better", "origin", "k", "flip"),
    [
        (Better.LOWER, Origin.SUITE, 8, "Bring it down to at most 4 of 100 drafts to clear the alert line; it is 8"),
        (Better.LOWER, Origin.SUITE, 9, "Bring it down to at most 8 of 100 drafts for the target; it is 9"),
        (Better.LOWER, Origin.LIVE, 9, "Collect 13 more drafts in a row without one for the target"),
        (Better.HIGHER, Origin.LIVE, 79, "Collect 5 more drafts in a row that hold for the target"),
    ],
)
def test_flips_in_either_direction(better: Better, origin: Origin, k: int, flip: str) -> None:
    """What would clear or meet the line, for shares that should be high or low."""
    lines = {"promote": bound("0.08"), "alert": bound("0.1")}
    if better is Better.HIGHER:
        lines = {"promote": bound("0.8"), "alert": bound("0.5")}
    result = judge(
        a_criterion(a_metric(better=better), origin, **lines), Evidence(fixed=units(k, 100), growing=units(k, 100))
    )

    assert result.flip.startswith(flip)


def test_rate_at_the_line_never_clears_it() -> None:
    """Target and alert at one value, and the estimate on it: waiting does not help."""
    criterion = a_criterion(None, Origin.LIVE, promote=bound("0.8"), alert=bound("0.8"))

    flip = judge(criterion, live(80, 100)).flip
    assert flip == "Reach a better rate: at this one no number of drafts clears the alert line"


def test_lower_quantile_and_its_words() -> None:
    """p10 of a score at least 3: the share of scores below 3 is at most 10 %; p95 below target says what is counted."""
    score = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.HIGHER, Scale.NUMBER),
        at=Fraction(1, 10),
        promote=bound(3),
        alert=bound(2),
    )
    slow = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS), at=P95, promote=bound(200), alert=bound(500)
    )

    assert Kind.PROMOTE is judge(score, Evidence(fixed=values([3.0] * 95 + [2.5] * 5))).kind
    assert (
        judge(slow, Evidence(fixed=values([100.0] * 94 + [300.0] * 6))).flip
        == "Bring it to 95 of 100 drafts for the target; it is 94 (counted are those of at most 200 ms)"
    )


def test_empty_window_holds() -> None:
    """Everything older than the window: no_data, for shares, values and means alike."""
    for metric, at in (
        (a_metric(), None),
        (a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS), P95),
        (a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.MS), None),
    ):
        criterion = a_criterion(metric, Origin.LIVE, at=at, promote=bound(1), rollback=bound(1), window_s=60)
        series = values([1.0] * 5) if metric.kind is MetricKind.DISTRIBUTION else rows([(1, 1)] * 5)
        result = judge(criterion, Evidence(growing=series))
        assert (result.status, result.kind) == (Status.NO_DATA, Kind.HOLD_INSUFFICIENT)


def test_empty_units_count_nothing() -> None:
    """Rows of 0 of 0 are no evidence."""
    criterion = a_criterion(promote=bound("0.5"), mode=Mode.POINT)

    assert Kind.HOLD_INSUFFICIENT is judge(criterion, Evidence(fixed=rows([(0, 0)] * 9))).kind


@pytest.mark.parametrize(
    ("mean", "starts"),
    [(0.2, "Collect about "), (0.1001, "Move the mean further"), (0.05, "Bring the mean up to 0.1 for the target")],
)
def test_flips_of_a_mean(mean: float, starts: str) -> None:
    """How many more values at this spread; further from the limit; or up."""
    criterion = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.HIGHER, Scale.NUMBER), promote=bound("0.1"), mode=Mode.STRICT
    )
    items = [mean + each for each in (-1.0, 1.0)] * 20

    assert judge(criterion, Evidence(fixed=values(items))).flip.startswith(starts)


def test_mean_at_the_line_and_mean_above() -> None:
    """Exactly at the limit there is no distance to show; lower is better falls."""
    higher = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.HIGHER, Scale.NUMBER), promote=bound("0"), mode=Mode.STRICT
    )
    lower = a_criterion(
        a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.NUMBER),
        Origin.LIVE,
        promote=bound("-1"),
        alert=bound("0.2"),
    )
    items = values([-1.0, 1.0] * 20)

    assert judge(higher, Evidence(fixed=items)).flip == "Move the mean further from the limit"
    assert judge(lower, Evidence(growing=items)).flip == "Bring the mean down to -1 for the target"


def test_growing_mean_by_day_judges_days() -> None:
    """Unit day: each day's mean is one unit; a day with a failure has none."""
    metric = a_metric(MetricKind.DISTRIBUTION, Better.LOWER, Scale.NUMBER, unit="day")
    criterion = a_criterion(metric, Origin.LIVE, promote=bound(10), mode=Mode.POINT)

    good = judge(criterion, Evidence(growing=values([5.0] * 24 * 6, apart_s=3600)))
    failed = judge(criterion, Evidence(growing=values([5.0] * 24 * 6 + [math.inf], apart_s=3600)))

    assert (good.kind, good.measured.n) == (Kind.PROMOTE, 7)
    assert Kind.HOLD_BELOW_TARGET is failed.kind


def test_whole_run_is_one_unit() -> None:
    """Cost of the run: one total over all cases, exact."""
    metric = a_metric(MetricKind.CONTROLLED, Better.LOWER, Scale.MICROUSD, unit="run")
    criterion = a_criterion(metric, promote=bound(500_000), rollback=bound(1_000_000))

    kinds = [judge(criterion, Evidence(fixed=values([each] * 100))).kind for each in (4000.0, 6000.0, 11_000.0)]

    assert kinds == [Kind.PROMOTE, Kind.HOLD_BELOW_TARGET, Kind.ROLLBACK_THRESHOLD]


def test_floor_of_a_capped_quantity() -> None:
    """A reserve that must stay above 25 is judged by its worst unit; the running day cannot be too little yet."""
    metric = a_metric(MetricKind.CONTROLLED, Better.HIGHER, Scale.NUMBER, unit="day")
    criterion = a_criterion(metric, Origin.LIVE, promote=bound(25))
    series = values([30.0, 40.0, 1.0], apart_s=86_400)

    today = judge(criterion, Evidence(growing=series), now=ENTERED + timedelta(days=2, hours=1))
    later = judge(criterion, Evidence(growing=series), now=ENTERED + timedelta(days=4))

    assert [today.kind, later.kind] == [Kind.PROMOTE, Kind.HOLD_BELOW_TARGET]
    assert later.flip == "Serve a new subject: 25 was exceeded, and stays so"


# Slices, both natures, reasons


def test_tenant_past_the_rollback_line_rolls_back() -> None:
    """A declared slice that is shown below the rollback line rolls back; where nothing is live it holds."""
    criterion = a_criterion(None, Origin.LIVE, promote=bound("0.9"), alert=bound("0.8"), rollback=bound("0.6"))
    names = ["acme"] * 900 + ["zenith"] * 40
    series = rows([(1, 1)] * 900 + [(0, 1)] * 25 + [(1, 1)] * 15, slices=names)

    kinds = [
        judge(criterion, Evidence(growing=series), slice_names=("acme", "zenith"), stage_live=each).kind
        for each in (True, False)
    ]

    assert kinds == [Kind.ROLLBACK_THRESHOLD, Kind.HOLD_THRESHOLD]


def test_slice_needs_each_nature_of_evidence() -> None:
    """`from: [suite, live]`: a slice that is only in the suite holds."""
    criterion = a_criterion(None, Origin.SUITE, Origin.LIVE, promote=bound("0.9"), alert=bound("0.5"))
    both = rows([(1, 1)] * 200, slices=["acme", "zenith"] * 100)
    one = rows([(1, 1)] * 200, slices=["acme"] * 200)

    result = judge(criterion, Evidence(fixed=both, growing=one), slice_names=("acme", "zenith"))

    assert Kind.HOLD_INSUFFICIENT is result.kind
    assert result.measured.reason == "slice zenith has no load or live evidence"


def test_other_nature_stands_beside() -> None:
    """The deciding evidence names the other one in its note."""
    criterion = a_criterion(None, Origin.SUITE, Origin.LIVE, promote=bound("0.9"), alert=bound("0.5"))

    result = judge(criterion, Evidence(fixed=units(100, 100), growing=units(80, 100)))

    assert isinstance(result.measured, Estimate)
    assert (result.measured.k, result.measured.note) == (80, "beside it 100 of 100 by clopper-pearson")


def test_other_nature_by_minute_and_missing() -> None:
    """Without counts the value is named; without evidence its absence decides."""
    criterion = a_criterion(
        a_metric(unit="minute"), Origin.SUITE, Origin.LIVE, promote=bound("0.9"), alert=bound("0.5")
    )

    result = judge(criterion, Evidence(fixed=units(10, 100), growing=rows([(9, 10)] * 100)))

    assert isinstance(result.measured, Estimate)
    assert result.measured.note == "beside it 0.9 by betting e-process"


def test_foreign_evidence_is_named() -> None:
    """Nothing of this subject, forty of another: said."""
    result = judge(a_criterion(promote=bound("0.9")), Evidence(foreign=40))

    assert isinstance(result.measured, NotMeasured)
    assert result.measured.reason == "no suite evidence; 40 belong to another subject, stage or time"
    assert result.foreign == 40


def test_not_applicable_only_where_the_plan_allows() -> None:
    """A pipeline without tools: optional criteria are not applicable, the others hold; and never beside evidence."""
    why = NotMeasured(reason="the pipeline has no tools")
    criterion = a_criterion(promote=bound("0.9"), alert=bound("0.5"))
    optional = replace(criterion, optional=True)

    kinds = [
        judge(each, evidence).kind
        for each, evidence in (
            (optional, Evidence(not_measured=why)),
            (criterion, Evidence(not_measured=why)),
            (optional, Evidence()),
            (optional, Evidence(fixed=units(100, 100), not_measured=why)),
        )
    ]

    assert kinds == [Kind.PROMOTE, Kind.HOLD_INSUFFICIENT, Kind.HOLD_INSUFFICIENT, Kind.HOLD_INSUFFICIENT]
    assert Status.NOT_APPLICABLE is judge(optional, Evidence(not_measured=why)).status


def test_missing_numbers_never_hide_a_rollback() -> None:
    """A source that broke half-way leaves a crossed line crossed."""
    criterion = a_criterion(promote=bound("0.9"), rollback=bound("0.8"))
    evidence = Evidence(fixed=units(10, 100), not_measured=NotMeasured(reason="3 trials carry no number"))

    assert Kind.ROLLBACK_THRESHOLD is judge(criterion, evidence).kind


def leaks(**changes: object) -> Criterion:
    metric = a_metric(MetricKind.INCIDENTS, Better.LOWER, Scale.COUNT, zero_tolerance=True)
    lines = {"promote": bound(0), "rollback": Confirmed(), "max_rate": Fraction(1, 50), **changes}
    return a_criterion(metric, **lines)


def test_zero_without_max_rate_is_not_measured() -> None:
    """0 seen never shows a rate of 0; the verdict carries no line it was not given."""
    result = judge(leaks(max_rate=None), fixed(0, 500))

    assert Kind.HOLD_INSUFFICIENT is result.kind
    assert [line.role for line in result.lines] == ["promote"]


def test_several_incidents_of_one_unit_are_one_unit() -> None:
    """Three leaks in one draft: suspect, not an impossible count."""
    for origin in (Origin.SUITE, Origin.LIVE):
        series = rows([(3, 1), *[(0, 1)] * 50])
        result = judge(replace(leaks(), origins=(origin,)), Evidence(fixed=series, growing=series))
        assert Kind.HOLD_SUSPECT is result.kind


def test_rates_of_incidents_stay_suspect_where_one_is_tolerated() -> None:
    """Without zero tolerance a confirmed incident is for a human, not a rollback."""
    criterion = leaks(rollback=None)
    criterion = replace(criterion, metric=replace(criterion.metric, zero_tolerance=False))
    finding = Finding(check="c", case_id="1", message="m")

    assert Kind.HOLD_SUSPECT is judge(criterion, Evidence(fixed=units(1, 300), confirmed=(finding,))).kind
    assert Kind.PROMOTE is judge(criterion, fixed(0, 300)).kind


def test_confirmed_incident_of_another_kind_of_metric() -> None:
    """A zero-tolerance check behind a share: its incident rolls back, whatever the share."""
    finding = Finding(check="c", case_id="1", message="m")
    criterion = a_criterion(a_metric(zero_tolerance=True), promote=bound("0.5"), alert=bound("0.4"))

    assert Kind.ROLLBACK_INCIDENT is judge(criterion, Evidence(fixed=units(99, 100), confirmed=(finding,))).kind


def test_incidents_have_stable_days_without_one() -> None:
    """Seven days of clean drafts are stable; an incident makes its day unstable, beside being suspect."""
    criterion = leaks(max_rate=Fraction(1, 10))
    criterion = replace(criterion, origins=(Origin.LIVE,))
    clean = rows([(0, 1)] * 24 * 11, apart_s=3600)

    assert Kind.PROMOTE is judge(criterion, Evidence(growing=clean), stable_days=7).kind
    clean.k[-30] = 1
    assert Kind.HOLD_SUSPECT is judge(criterion, Evidence(growing=clean), stable_days=7).kind


def test_stable_days_without_units_or_entry() -> None:
    """No unit yet: none stable. No known entry: counted from the first unit."""
    criterion = a_criterion(None, Origin.LIVE, promote=bound("0.5"), alert=bound("0.4"))

    assert "0 of 7" in judge(replace(criterion, mode=Mode.POINT), Evidence(growing=rows([(1, 1)])), stable_days=7).shown
    assert Kind.HOLD_INSUFFICIENT is judge(criterion, Evidence(), stable_days=7).kind
    full = Evidence(growing=rows([(1, 1)] * 24 * 11, apart_s=3600))
    assert Kind.PROMOTE is judge(criterion, full, stable_days=7, entered_at=None).kind


def test_pace_in_units_of_time_is_the_time_itself() -> None:
    """50 more minutes take 50 minutes; evidence from the future has no pace."""
    by_minute = a_criterion(
        a_metric(unit="minute"), Origin.LIVE, promote=bound("0.5"), alert=bound("0.4"), minimum_n=150
    )
    by_draft = replace(by_minute, metric=a_metric())
    evidence = Evidence(growing=rows([(1, 1)] * 100))

    assert judge(by_minute, evidence).flip == "Collect 50 more minutes, about 50 minutes"
    assert judge(by_draft, evidence, now=ENTERED).flip == "Collect 50 more drafts"


def test_split_words_without_arm() -> None:
    """Units that name no arm are a leak; a plan with one arm has no split to judge."""
    half = {"a": Fraction(1, 2), "b": Fraction(1, 2)}
    split = a_metric(MetricKind.SPLIT, Better.LOWER, weights=half)
    lone = replace(split, weights={"": Fraction(1)})
    nameless = Evidence(growing=rows([(1, 1)] * 60))

    assert Kind.HOLD_INVALID_EXPERIMENT is judge(a_criterion(split, Origin.LIVE), nameless).kind
    assert Kind.HOLD_INSUFFICIENT is judge(a_criterion(lone, Origin.LIVE), nameless).kind
    assert Kind.HOLD_INVALID_EXPERIMENT is judge(a_criterion(split, Origin.LIVE, rollback=bound("0.9")), nameless).kind


def test_range_lines_at_every_role() -> None:
    """Alert and rollback may be ranges too: outside of them on either side is past them."""
    inside = {
        role: Span(low=Fraction(low, 100), high=Fraction(high, 100), text=f"{low} % to {high} %")
        for role, low, high in (("promote", 30, 50), ("alert", 20, 60), ("rollback", 10, 70))
    }
    criterion = a_criterion(a_metric(better=Better.INSIDE), **inside)

    kinds = [judge(criterion, fixed(k, 200)).kind for k in (4, 16, 34, 50, 80, 110, 126, 150, 180)]

    assert kinds == [
        Kind.ROLLBACK_THRESHOLD,
        Kind.HOLD_SUSPECT,
        Kind.HOLD_BELOW_TARGET,
        Kind.HOLD_BELOW_TARGET,
        Kind.PROMOTE,
        Kind.HOLD_BELOW_TARGET,
        Kind.HOLD_BELOW_TARGET,
        Kind.HOLD_SUSPECT,
        Kind.ROLLBACK_THRESHOLD,
    ]


def test_alert_below_is_the_lower_guard() -> None:
    """Better inside with alert_below: the bound must clear it, the other end goes by the estimate."""
    criterion = a_criterion(
        a_metric(better=Better.INSIDE),
        promote=Span(low=Fraction(1, 5), high=Fraction(2, 5), text="20 % to 40 %"),
        alert_below=bound("0.1"),
    )

    assert [judge(criterion, fixed(k, n)).kind for k, n in ((4, 20), (30, 100))] == [
        Kind.HOLD_INSUFFICIENT,
        Kind.PROMOTE,
    ]


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (figure(0.9, Scale.RATIO), "0.90"),
        (figure(500, Scale.MS), "500 ms"),
        (figure(500_000, Scale.MICROUSD), "$0.50"),
        (figure(1_234, Scale.MICROUSD), "$0.001234"),
        (figure(20, Scale.COUNT), "20"),
        (rate(0.0045), "0.0045"),
        (rate(0.00001), "1e-05"),
        (at_most(0.0099861), "0.009987"),
        (plural("draft"), "drafts"),
        (plural("query"), "queries"),
        (plural("day"), "days"),
        (plural("business"), "business"),
        (plural("box"), "boxes"),
        (count_of(1, "draft"), "1 draft"),
        (count_of(1948, "check"), "1,948 checks"),
        (days(3 * 86_400), "about 3 days"),
        (days(7_200), "about 2 hours"),
        (days(5), "about 1 minute"),
        (quantile_name(Fraction(999, 1000)), "p99.9"),
    ],
)
def test_numbers_in_words(text: str, expected: str) -> None:
    """The same number reads the same everywhere."""
    assert expected == text
