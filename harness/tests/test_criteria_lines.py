"""One criterion on shares: lines, modes, kinds and the words around them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from sluicegate.gate.criteria import judge_criterion
from sluicegate.gate.series import Evidence, Series
from sluicegate.model import CriterionResult, Estimate, Finding, Kind, NotMeasured, Origin, Severity, Status, to_micros
from sluicegate.plan.types import (
    Better,
    Bound,
    Confirmed,
    Criterion,
    Drop,
    Line,
    Metric,
    MetricKind,
    Mode,
    Ratio,
    Scale,
    Span,
)

ENTERED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)


def at(percent: float) -> Bound:
    return Bound(value=Fraction(str(percent)) / 100, text=f"{percent:g} %")


def share(better: Better = Better.HIGHER, **changes: object) -> Metric:
    base = Metric(name="approval", kind=MetricKind.PROPORTION, better=better, scale=Scale.RATIO, unit="draft")
    return replace(base, **changes)


def a_criterion(
    *, metric: Metric | None = None, origins: Sequence[Origin] = (Origin.SUITE,), **lines: object
) -> Criterion:
    return Criterion(metric=metric or share(), origins=tuple(origins), **lines)


def rows(counts: Iterable[tuple[int, int]], *, slices: Sequence[str] = (), start: datetime = ENTERED) -> Series:
    """One row per (k, n), a minute apart; `slices` are dealt round."""
    series = Series(slice_names=list(slices))
    for index, (k, n) in enumerate(counts):
        series.at_us.append(to_micros(start + timedelta(minutes=index)))
        series.slice_index.append(index % len(slices) if slices else -1)
        series.k.append(k)
        series.n.append(n)
    return series


def units(k: int, n: int, *, seed: int = 1) -> Series:
    """n rows of one unit of which k hold, in a seeded order."""
    held = [1] * k + [0] * (n - k)
    random.Random(seed).shuffle(held)
    return rows((each, 1) for each in held)


def judge(
    criterion: Criterion,
    evidence: Evidence | None = None,
    *,
    fixed: tuple[int, int] | None = None,
    growing: tuple[int, int] | None = None,
    stage_live: bool = True,
    references: Mapping[str, Evidence] | None = None,
    slice_names: tuple[str, ...] = (),
    timezone: str = "UTC",
    stable_days: int = 0,
    entered_at: datetime | None = ENTERED,
    now: datetime = NOW,
) -> CriterionResult:
    if evidence is None:
        evidence = Evidence()
        if fixed is not None:
            evidence.fixed = units(*fixed)
        if growing is not None:
            evidence.growing = units(*growing)
    return judge_criterion(
        criterion,
        evidence,
        stage_live=stage_live,
        references=references or {},
        slice_names=slice_names,
        timezone=timezone,
        stable_days=stable_days,
        entered_at=entered_at,
        now=now,
    )


GUARDED = a_criterion(promote=at(95), alert=at(90), rollback=at(80))


@pytest.mark.parametrize(
    ("k", "status", "kind"),
    [
        (100, Status.PASS, Kind.PROMOTE),
        (96, Status.PASS, Kind.PROMOTE),
        (95, Status.INCONCLUSIVE, Kind.HOLD_INSUFFICIENT),
        (94, Status.INCONCLUSIVE, Kind.HOLD_BELOW_TARGET),
        (89, Status.ALERT, Kind.HOLD_BELOW_TARGET),
        (79, Status.SUSPECT, Kind.HOLD_SUSPECT),
        (73, Status.SUSPECT, Kind.HOLD_SUSPECT),
        (72, Status.ROLLBACK, Kind.ROLLBACK_THRESHOLD),
        (0, Status.ROLLBACK, Kind.ROLLBACK_THRESHOLD),
    ],
)
def test_guarded_fixed_share_meets_target_and_clears_alert(k: int, status: Status, kind: Kind) -> None:
    """Guarded, n = 100: target 95 % by estimate, 90 % cleared from 96 on, below 80 % shown by 72 or fewer."""
    result = judge(GUARDED, fixed=(k, 100))

    assert (status, kind) == (result.status, result.kind)


@pytest.mark.parametrize(("k", "passes"), [(99, True), (98, False)])
def test_strict_asks_the_bound_to_clear_the_target(k: int, passes: bool) -> None:
    """Strict: above 95 % is shown by 99 of 100 and not by 98."""
    result = judge(a_criterion(promote=at(95), mode=Mode.STRICT), fixed=(k, 100))

    assert passes == (result.kind is Kind.PROMOTE)


def test_point_asks_only_the_estimate_and_says_so() -> None:
    """Point: 19 of 20 meets 95 %, and the report says that nothing is shown."""
    result = judge(a_criterion(promote=at(95), mode=Mode.POINT), fixed=(19, 20))

    assert (result.kind, result.shown) == (Kind.PROMOTE, "nothing: the estimate of 20 drafts")


def test_target_without_guard_line_is_asked_strictly() -> None:
    """A guarded criterion that has neither alert nor rollback line never passes on less than its target shown."""
    criterion = a_criterion(promote=at(95))

    assert [judge(criterion, fixed=(k, 100)).kind for k in (98, 99)] == [Kind.HOLD_INSUFFICIENT, Kind.PROMOTE]


def test_numbers_are_compared_unrounded() -> None:
    """94.96 % is below 95 %, however it is printed."""
    result = judge(a_criterion(promote=at(95), mode=Mode.POINT), fixed=(9496, 10000))

    assert Kind.HOLD_BELOW_TARGET is result.kind


def test_lower_is_better_mirrors() -> None:
    """Errors at most 5 %, alert 10 %: 4 of 100 clears the alert line, 5 does not; 16 of 100 is above it for sure."""
    criterion = a_criterion(metric=share(Better.LOWER), promote=at(5), alert=at(10), rollback=at(10))

    kinds = [judge(criterion, fixed=(k, 100)).kind for k in (4, 5, 6, 11, 16)]

    assert kinds == [
        Kind.PROMOTE,
        Kind.HOLD_INSUFFICIENT,
        Kind.HOLD_BELOW_TARGET,
        Kind.HOLD_SUSPECT,
        Kind.ROLLBACK_THRESHOLD,
    ]


def test_nothing_to_roll_back_holds() -> None:
    """Where nothing is live, a crossed line reads hold.threshold."""
    assert Kind.HOLD_THRESHOLD is judge(GUARDED, fixed=(60, 100), stage_live=False).kind


def test_minimum_gates_promotion_and_never_rollback() -> None:
    """Under `min` a perfect record waits, and a bad one still rolls back."""
    criterion = replace(GUARDED, minimum_n=100)

    good, bad = judge(criterion, fixed=(60, 60)), judge(criterion, fixed=(10, 60))

    assert good.kind is Kind.HOLD_INSUFFICIENT
    assert good.flip.startswith("It takes 40 more drafts: add cases, or lower min"), "no collecting gives them"
    assert Kind.ROLLBACK_THRESHOLD is bad.kind


def test_no_evidence_is_never_a_pass() -> None:
    """An empty body is no_data, and holds."""
    result = judge(a_criterion(promote=at(0), mode=Mode.POINT))

    assert (result.status, result.kind) == (Status.NO_DATA, Kind.HOLD_INSUFFICIENT)
    assert isinstance(result.measured, NotMeasured)


def test_pinned_evidence_does_not_stand_in_for_live() -> None:
    """`from: [suite, live]` with no live unit holds, however good the suite."""
    criterion = replace(GUARDED, origins=(Origin.SUITE, Origin.LIVE))

    assert (
        judge(criterion, fixed=(500, 500)).status,
        judge(criterion, fixed=(500, 500)).kind,
    ) == (Status.NO_DATA, Kind.HOLD_INSUFFICIENT)


def test_pinned_and_growing_must_both_pass_and_either_rolls_back() -> None:
    """Each nature of evidence is judged by its own statistics; the worse decides."""
    criterion = replace(GUARDED, origins=(Origin.SUITE, Origin.LIVE))

    kinds = [
        judge(criterion, fixed=fixed, growing=growing).kind
        for fixed, growing in (((300, 300), (395, 400)), ((300, 300), (200, 400)), ((60, 100), (395, 400)))
    ]

    assert kinds == [Kind.PROMOTE, Kind.ROLLBACK_THRESHOLD, Kind.ROLLBACK_THRESHOLD]


def test_growing_evidence_is_judged_by_the_betting_process() -> None:
    """Live, alert 90 %: 97 of 100 would do for pinned evidence, and does not for evidence watched as it grows."""
    live = replace(GUARDED, origins=(Origin.LIVE,))

    small, large = judge(live, growing=(97, 100)), judge(live, growing=(291, 300))

    assert (small.kind, large.kind) == (Kind.HOLD_INSUFFICIENT, Kind.PROMOTE)
    assert "more drafts at this rate" in small.flip
    assert large.shown == "above alert 0.90"


def test_line_once_crossed_stays_crossed() -> None:
    """A collapse that was shown is not healed by thousands of good units after it."""
    live = replace(GUARDED, origins=(Origin.LIVE,))
    evidence = Evidence(growing=rows([(1, 1)] * 1000 + [(0, 1)] * 30 + [(1, 1)] * 5000))

    result = judge(live, evidence)

    assert Kind.ROLLBACK_THRESHOLD is result.kind
    assert "first at draft 1,0" in result.shown


def test_line_crossed_by_the_estimate_only_is_suspect() -> None:
    """Three failures of three are below every line and show nothing yet: a human looks."""
    live = replace(GUARDED, origins=(Origin.LIVE,))

    result = judge(live, growing=(0, 2))

    assert (result.status, result.kind) == (Status.SUSPECT, Kind.HOLD_SUSPECT)
    assert result.shown.startswith("nothing yet")


def test_everything_void_voids_the_experiment() -> None:
    """Units left out as void leave nothing to judge: hold.invalid_experiment."""
    live = replace(GUARDED, origins=(Origin.LOAD,))

    assert Kind.HOLD_INVALID_EXPERIMENT is judge(live, Evidence(void=400)).kind


def test_range_is_judged_at_both_ends() -> None:
    """Better inside 20..40 %, alert above 60 %: below, inside and above the range."""
    criterion = a_criterion(
        metric=share(Better.INSIDE),
        promote=Span(low=Fraction(1, 5), high=Fraction(2, 5), text="20 % to 40 %"),
        alert_above=at(60),
    )

    kinds = [judge(criterion, fixed=(k, 100)).kind for k in (10, 30, 45, 61)]

    assert kinds == [Kind.HOLD_BELOW_TARGET, Kind.PROMOTE, Kind.HOLD_BELOW_TARGET, Kind.HOLD_BELOW_TARGET]
    assert tuple(getattr(judge(criterion, fixed=(30, 100)).lines[0], name) for name in ("sense", "value", "upper")) == (
        "inside",
        0.2,
        0.4,
    )


def test_range_without_alert_must_be_shown_at_both_ends() -> None:
    """With no other line the exact bounds must clear both ends."""
    criterion = a_criterion(
        metric=share(Better.INSIDE), promote=Span(low=Fraction(1, 5), high=Fraction(2, 5), text="20 % to 40 %")
    )

    assert [judge(criterion, fixed=(k, 300)).kind is Kind.PROMOTE for k in (68, 90, 112)] == [False, True, False]


def test_target_of_all_is_judged_as_no_failure() -> None:
    """100 %: one failure misses the target; without one the guard line must be cleared."""
    criterion = a_criterion(promote=at(100), alert=at(95))

    assert [judge(criterion, fixed=fixed).kind for fixed in ((99, 100), (58, 58), (59, 59))] == [
        Kind.HOLD_BELOW_TARGET,
        Kind.HOLD_INSUFFICIENT,
        Kind.PROMOTE,
    ]


@pytest.mark.parametrize(
    ("fixed", "text"),
    [
        ((95, 100), "Bring it to 96 of 100 drafts to clear the alert line; it is 95"),
        ((20, 20), "Collect 29 drafts or more: even 20 of 20 would not clear the alert line"),
        ((94, 100), "Bring it to 95 of 100 drafts for the target; it is 94"),
    ],
)
def test_flip_says_what_would_change_the_answer(fixed: tuple[int, int], text: str) -> None:
    """What the exact bound or the target still asks for, in numbers."""
    assert text == judge(GUARDED, fixed=fixed).flip


def test_flip_of_waiting_names_the_pace() -> None:
    """Under `min`, live: how many more, and how long at this pace."""
    live = replace(GUARDED, origins=(Origin.LIVE,), minimum_n=100, metric=share(matures_after_s=86400))

    assert judge(live, growing=(73, 73)).flip == "Collect 27 more matured drafts, about 4 days at this pace"


def test_estimate_carries_k_n_and_both_bounds() -> None:
    """The printed bounds are the one-sided Clopper-Pearson ones."""
    measured = judge(GUARDED, fixed=(96, 100)).measured

    assert isinstance(measured, Estimate)
    assert (measured.k, measured.n, measured.method) == (96, 100, "clopper-pearson")
    assert measured.low is not None
    assert measured.low > 0.9


# Relative lines


def against(k: int, n: int) -> dict[str, Evidence]:
    return {"baseline": Evidence(fixed=units(k, n), growing=units(k, n))}


def drop(percent: int, *, relative: bool = False) -> Drop:
    word = "percent" if relative else "points"
    return Drop(
        amount=Fraction(percent, 100), relative=relative, than="baseline", text=f"{percent} {word} below baseline"
    )


@pytest.mark.parametrize(("k", "kind"), [(80, Kind.PROMOTE), (58, Kind.HOLD_SUSPECT), (40, Kind.ROLLBACK_THRESHOLD)])
def test_drop_in_points_goes_by_newcombe(k: int, kind: Kind) -> None:
    """20 points below a baseline of 80 of 100: 58 is past it by the estimate, 40 with evidence."""
    criterion = a_criterion(promote=at(50), rollback=drop(20))

    assert kind is judge(criterion, fixed=(k, 100), references=against(80, 100)).kind


def test_drop_on_growing_evidence_is_anytime_valid() -> None:
    """Live, 20 points below 80 of 100: shown at 30 %, suspect at 55 %, and good at 80 % clears the line."""
    criterion = a_criterion(promote=at(50), rollback=drop(20), origins=(Origin.LIVE,))

    kinds = [judge(criterion, growing=(k, 300), references=against(320, 400)).kind for k in (90, 175, 240)]

    assert kinds == [Kind.ROLLBACK_THRESHOLD, Kind.HOLD_SUSPECT, Kind.PROMOTE]


def test_drop_without_reference_holds() -> None:
    """No evidence of the baseline: nothing to compare with, never a pass."""
    result = judge(a_criterion(promote=at(50), rollback=drop(20)), fixed=(100, 100))

    assert (result.status, result.kind) == (Status.NO_DATA, Kind.HOLD_INSUFFICIENT)
    assert "baseline" in result.measured.reason


def test_percent_and_points_differ() -> None:
    """10 percent below 50 % is 45 %, 10 points below it is 40 %."""
    lines = [
        judge(
            a_criterion(promote=at(1), rollback=drop(10, relative=relative)),
            fixed=(90, 100),
            references=against(50, 100),
        ).lines[1]
        for relative in (True, False)
    ]

    assert [line.value for line in lines] == [0.45, 0.4]


RATIO = a_criterion(
    promote=Ratio(value=Fraction(3), bound=Fraction(2), than="baseline", text="3 times baseline"),
    rollback=Ratio(value=Fraction(2), bound=Fraction(3), than="baseline", text="2 times baseline"),
)


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ((75, 100), Kind.PROMOTE),
        ((6, 8), Kind.HOLD_BELOW_TARGET),
        ((60, 100), Kind.HOLD_BELOW_TARGET),
        ((3, 7), Kind.HOLD_SUSPECT),
        ((40, 100), Kind.ROLLBACK_THRESHOLD),
    ],
)
def test_ratio_promotes_at_three_with_two_shown(counts: tuple[int, int], kind: Kind) -> None:
    """Against 25 of 100: estimate >= 3 and lower >= 2 promote; estimate < 2 and upper < 3 halt; else investigate."""
    assert kind is judge(RATIO, fixed=counts, references=against(25, 100)).kind


def test_ratio_to_nothing_is_not_measured() -> None:
    """A baseline that never succeeded has no multiple."""
    result = judge(RATIO, fixed=(75, 100), references=against(0, 100))

    assert isinstance(result.measured, NotMeasured)
    assert Kind.HOLD_INSUFFICIENT is result.kind


# Slices


def sliced(counts: Mapping[str, tuple[int, int]]) -> Evidence:
    series = Series(slice_names=list(counts))
    for index, (k, n) in enumerate(counts.values()):
        for unit in range(n):
            series.at_us.append(to_micros(ENTERED) + unit * 1000 + index)
            series.slice_index.append(index)
            series.k.append(int(unit < k))
            series.n.append(1)
    return Evidence(fixed=series)


SLICED = replace(a_criterion(promote=at(90), alert=at(80)), slices="businesses")


def test_good_slices_pass_and_are_listed() -> None:
    """Pooled meets the target, no slice is shown below alert."""
    result = judge(SLICED, sliced({"acme": (96, 100), "zenith": (95, 100)}), slice_names=("acme", "zenith"))

    assert Kind.PROMOTE is result.kind
    assert [(each.slice, each.status) for each in result.slices] == [("acme", Status.PASS), ("zenith", Status.PASS)]


def test_pooled_average_does_not_hide_a_bad_tenant() -> None:
    """900 of 900 beside 10 of 30: pooled is fine, the tenant is shown below alert."""
    result = judge(SLICED, sliced({"acme": (900, 900), "zenith": (10, 30)}), slice_names=("acme", "zenith"))

    assert (result.status, result.kind) == (Status.ALERT, Kind.HOLD_BELOW_TARGET)
    assert "zenith" in result.shown


def test_vanished_tenant_holds() -> None:
    """A declared slice without a unit is no_data, however good the others."""
    result = judge(SLICED, sliced({"acme": (900, 900)}), slice_names=("acme", "zenith"))

    assert Kind.HOLD_INSUFFICIENT is result.kind
    assert [each.status for each in result.slices] == [Status.PASS, Status.NO_DATA]


# Incidents


def a_finding() -> Finding:
    return Finding(check="recipients.allowed", case_id="r2", message="RCPT is not allowed", severity=Severity.INCIDENT)


def incidents(**changes: object) -> Criterion:
    metric = Metric(
        name="leaks",
        kind=MetricKind.INCIDENTS,
        better=Better.LOWER,
        scale=Scale.COUNT,
        unit="case",
        zero_tolerance=True,
        recall=changes.pop("recall", Fraction(1)),
    )
    return a_criterion(
        metric=metric,
        promote=Bound(value=Fraction(0), text="0"),
        rollback=Confirmed(),
        **{"max_rate": Fraction(1, 100), **changes},
    )


@pytest.mark.parametrize(("n", "kind"), [(299, Kind.PROMOTE), (298, Kind.HOLD_INSUFFICIENT)])
def test_zero_incidents_have_to_exclude_max_rate(n: int, kind: Kind) -> None:
    """0 of 299 shows a rate below 1 %, 0 of 298 does not."""
    assert kind is judge(incidents(), fixed=(0, n)).kind


@pytest.mark.parametrize(("n", "kind"), [(321, Kind.PROMOTE), (320, Kind.HOLD_INSUFFICIENT)])
def test_max_rate_shrinks_with_recall(n: int, kind: Kind) -> None:
    """With detector recall .93 it takes 321."""
    assert kind is judge(incidents(recall=Fraction(93, 100)), fixed=(0, n)).kind


def test_zero_is_never_printed_bare() -> None:
    """0 of 300 at recall .93 is a rate below 0.0107."""
    result = judge(incidents(recall=Fraction(93, 100)), fixed=(0, 321))

    assert result.shown == "rate < 0.009989 at 95 % (detector recall 0.93)"
    assert isinstance(result.measured, Estimate)
    assert (result.measured.k, result.measured.n, result.measured.note) == (0, 321, "detector recall 0.93")


@pytest.mark.parametrize(("n", "kind"), [(480, Kind.PROMOTE), (479, Kind.HOLD_INSUFFICIENT)])
def test_growing_zero_incidents_need_480(n: int, kind: Kind) -> None:
    """Watched as it grows, 0 of 480 excludes 1 %."""
    assert kind is judge(replace(incidents(), origins=(Origin.LIVE,)), growing=(0, n)).kind


@pytest.mark.parametrize("recall", [None, Fraction(0)])
def test_unknown_recall_is_not_measured(recall: Fraction | None) -> None:
    """A detector that nobody measured, or that finds nothing, says nothing."""
    result = judge(incidents(recall=recall), fixed=(0, 5000))

    assert isinstance(result.measured, NotMeasured)
    assert Kind.HOLD_INSUFFICIENT is result.kind


@pytest.mark.parametrize(("live", "kind"), [(True, Kind.ROLLBACK_INCIDENT), (False, Kind.HOLD_INCIDENT)])
@pytest.mark.parametrize("recall", [Fraction(1), None])
def test_confirmed_incident_decides_at_any_n(live: bool, kind: Kind, recall: Fraction | None) -> None:
    """One confirmed incident among five thousand; or with nothing counted, an unknown recall, a lock of any kind."""
    evidence = Evidence(fixed=units(1, 5000), confirmed=(a_finding(),))

    assert kind is judge(incidents(recall=recall), evidence, stage_live=live).kind
    assert kind is judge(incidents(recall=recall), Evidence(confirmed=(a_finding(),)), stage_live=live).kind


def test_suspected_incident_is_for_a_human() -> None:
    """A pattern hit, or a count that nobody can point at, holds as suspect."""
    suspected = Evidence(fixed=units(1, 5000), suspected=(a_finding(),))

    assert [judge(incidents(), evidence).kind for evidence in (suspected, Evidence(fixed=units(1, 5000)))] == [
        Kind.HOLD_SUSPECT
    ] * 2


def test_line_types_are_a_closed_set() -> None:
    """Every line kind of the plan has been met above."""
    assert {Bound, Span, Drop, Ratio, Confirmed} == set(Line.__args__)
