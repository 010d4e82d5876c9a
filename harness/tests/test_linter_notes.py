"""The notes on a plan: what can be promoted, when, and how often by mistake."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.gate.linter import Note, lint
from sluicegate.model import Origin
from sluicegate.plan.types import (
    Better,
    Bound,
    CallableTarget,
    Confirmed,
    Criterion,
    Drop,
    Exposure,
    Metric,
    MetricKind,
    Mode,
    PipelineSpec,
    Plan,
    Ratio,
    Requires,
    Scale,
    Span,
    Stage,
    SubjectSpec,
)

SHARE = Metric(
    name="draft.success_rate", kind=MetricKind.PROPORTION, better=Better.HIGHER, scale=Scale.RATIO, unit="draft"
)
LEAKS = Metric(
    name="pii.leaks",
    kind=MetricKind.INCIDENTS,
    better=Better.LOWER,
    scale=Scale.COUNT,
    unit="draft",
    zero_tolerance=True,
    recall=Fraction(93, 100),
)
LATENCY = Metric(name="latency", kind=MetricKind.DISTRIBUTION, better=Better.LOWER, scale=Scale.MS, unit="request")


def at(percent: int | str) -> Bound:
    return Bound(value=Fraction(percent) / 100, text=f"{percent} %")


def a_criterion(metric: Metric = SHARE, origin: Origin = Origin.SUITE, **changes: object) -> Criterion:
    return Criterion(metric=metric, origins=(origin,), line=31, **changes)


def a_plan(*criteria: Criterion, stable_days: int = 0, daily_traffic: int | None = None) -> Plan:
    return Plan(
        path=Path("plan.yaml"),
        digest="0" * 64,
        schema_version=1,
        name="p",
        state=None,
        timezone="UTC",
        pipeline=PipelineSpec(target=CallableTarget(target="a:b")),
        subject=SubjectSpec(),
        stages=(
            Stage(name="one", exposure=Exposure(live=True), criteria=criteria, stable_days=stable_days),
            Stage(name="two", exposure=Exposure(live=True), criteria=criteria),
        ),
        daily_traffic=daily_traffic,
    )


def texts(*criteria: Criterion, stable_days: int = 0, daily_traffic: int | None = None) -> list[str]:
    return [note.text for note in lint(a_plan(*criteria, stable_days=stable_days, daily_traffic=daily_traffic))]


def test_pinned_share_says_how_many_must_be_right() -> None:
    """95 %, alert 90 %, min 100: 96 of 100, and how often a 93 % build passes anyway."""
    assert texts(a_criterion(promote=at(95), alert=at(90), minimum_n=100)) == [
        "min: 100 can promote only with 96 of 100 right (bound clears 90 %).",
        "a build truly at 93 %, a little below target, still passes 16 % of looks at n = 100; with mode: strict 0.6 %.",
    ]


def test_figures_read_in_the_metrics_own_direction() -> None:
    """Errors at most 5 %, alert 10 %: at most 4 of 100, and a build at 7 % is just above target."""
    errors = replace(SHARE, better=Better.LOWER)

    assert texts(a_criterion(errors, promote=at(5), alert=at(10), minimum_n=100)) == [
        "min: 100 can promote only with at most 4 of 100 (bound clears 10 %).",
        "a build truly at 7 %, a little above target, still passes 16 % of looks at n = 100; with mode: strict 0.6 %.",
    ]


def test_raw_rule_passes_bad_builds_over_looks() -> None:
    """The bare rule at 96 %: a 94 % build passes one look in three, and most weeks."""
    notes = texts(a_criterion(promote=at(96), minimum_n=100, mode=Mode.POINT))

    assert notes == [
        (
            "a build truly at 94 %, a little below target, still passes 34 % of looks at n = 100 "
            "(94 % of series of 7 looks); with mode: strict 0.31 %."
        )
    ]


def test_a_build_at_target_is_not_called_below_it() -> None:
    """With nothing below 100 % to compare, no build is a little below; and one that is has the digits that say so."""
    assert texts(a_criterion(promote=at(100), minimum_n=100, mode=Mode.POINT)) == []
    below = texts(a_criterion(promote=at("99.9"), minimum_n=100, mode=Mode.POINT))
    assert [text.partition(",")[0] for text in below] == ["a build truly at 99.86 %"]
    errors = replace(SHARE, better=Better.LOWER)
    above = texts(a_criterion(errors, promote=at(1), alert=at("1.01"), mode=Mode.POINT, minimum_n=100))
    assert [text.partition(",")[0] for text in above] == ["a build truly at 1.004 %"]


def test_strict_would_make_it_rare() -> None:
    """Target 70 %, alert 60 %: 66 % passes a look at 100 in 23 %, strictly 0.6 %."""
    assert texts(a_criterion(promote=at(70), alert=at(60), minimum_n=100)) == [
        "a build truly at 66 %, a little below target, still passes 23 % of looks at n = 100; with mode: strict 0.62 %."
    ]


def test_growing_share_says_how_long_a_good_build_waits() -> None:
    """Live, 60 drafts a day: the e-process asks for 98 of 100 and a true 97 % build waits three days."""
    first = texts(a_criterion(origin=Origin.LIVE, promote=at(95), alert=at(90), minimum_n=100), daily_traffic=60)[0]

    assert first == (
        "min: 100 can promote only with 98 of 100 right (bound clears 90 %). At 60 drafts a day a true 97 % build "
        "waits 3 days."
    )


def test_minimum_too_small_to_promote_is_said() -> None:
    """20 concurrent requests can show neither: 20 of 20 has a lower bound of 86 %."""
    assert texts(a_criterion(promote=at(95), mode=Mode.STRICT, minimum_n=20)) == [
        "min: 20 cannot promote: 20 of 20 right has a lower bound of 86 %; 59 are needed."
    ]


def test_without_minimum_the_fewest_are_named() -> None:
    """No min: the fewest units with which the alert line can be cleared."""
    assert texts(a_criterion(promote=at(95), alert=at(90))) == [
        "has no min: it can promote from 29 drafts on, all of them right."
    ]


def test_target_of_all_needs_a_line_to_clear() -> None:
    """Strictly 100 % is shown by nothing."""
    assert texts(a_criterion(promote=at(100), mode=Mode.STRICT, minimum_n=100)) == [
        "a target of 100 % is never shown by a bound: give it an alert line, or mode: point."
    ]


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (
            Origin.SUITE,
            "0 in 300 shows a rate below 1.1 %; max_rate 1 % needs 321 drafts without one at detector recall 0.93.",
        ),
        (
            Origin.LIVE,
            (
                "0 in 300 shows a rate below 1.8 %; max_rate 1 % needs 516 drafts without one at detector recall 0.93. "
                "At 60 drafts a day a clean build waits 9 days."
            ),
        ),
    ],
)
def test_zero_incidents_need_more_than_they_say(origin: Origin, text: str) -> None:
    """0 in 300 against max_rate 1 % at recall .93: 321 when pinned, more when watched."""
    criterion = a_criterion(
        LEAKS, origin, promote=at(0), rollback=Confirmed(), max_rate=Fraction(1, 100), minimum_n=300
    )

    assert texts(criterion, daily_traffic=60) == [text]


def test_enough_units_need_no_note() -> None:
    """With 321 the suite can show it."""
    criterion = a_criterion(LEAKS, promote=at(0), rollback=Confirmed(), max_rate=Fraction(1, 100), minimum_n=321)

    assert texts(criterion) == []


def test_quantile_without_enough_values_has_no_bound() -> None:
    """p95 with 20 requests: none below 59."""
    limits = {"promote": Bound(value=Fraction(200), text="200 ms"), "alert": Bound(value=Fraction(500), text="500 ms")}

    assert texts(a_criterion(LATENCY, at=Fraction(95, 100), minimum_n=20, **limits)) == [
        "p95 has no bound below 59 requests.",
        "min: 20 cannot promote: 20 of 20 right has a lower bound of 86 %; 59 are needed.",
    ]


def test_multiples_of_a_good_baseline_are_impossible() -> None:
    """Three times a baseline above a third cannot be; as a proven bound it hardly can."""
    target = Ratio(value=Fraction(3), bound=None, than="baseline", text="3 times baseline")

    assert texts(a_criterion(promote=target, mode=Mode.STRICT, minimum_n=100)) == [
        "'3 times baseline' cannot be met once baseline is above 33 %.",
        (
            "'3 times baseline' as a proven bound: it takes 99 of 100 against 25 of 100; "
            "a bound: below the ratio is within reach."
        ),
    ]


def test_not_worse_needs_a_margin() -> None:
    """A drop of nothing is never excluded."""
    target = Drop(amount=Fraction(0), relative=False, than="baseline", text="0 points below baseline")

    assert texts(a_criterion(promote=target, mode=Mode.STRICT)) == [
        "'not worse than baseline' is never shown without a margin; write the points that do not matter."
    ]


def test_stable_days_are_likely_or_not() -> None:
    """30 drafts a day: seven days not shown below alert are likely, seven days at target by estimate are not."""
    criterion = a_criterion(origin=Origin.LIVE, promote=at(95), alert=at(90), minimum_n=100)

    assert texts(criterion, stable_days=7, daily_traffic=30)[-1] == (
        "at 30 drafts a day a build at 97 % keeps 7 stable days in over 99.9 %; judged by daily estimates against the "
        "target it would in 17 %."
    )
    assert texts(criterion, stable_days=7, daily_traffic=10)[-1] == (
        "each of the 7 stable days needs 15 drafts; at 10 a day none is stable."
    )


def test_stable_days_without_traffic_name_their_minimum() -> None:
    """Without daily_traffic only the day's share of the minimum can be said."""
    criterion = a_criterion(origin=Origin.LIVE, promote=at(70), alert=at(60), minimum_n=700)

    assert "each of the 7 stable days needs 100 drafts." in texts(criterion, stable_days=7)


def test_split_holds_below_fifty() -> None:
    """A mismatch is looked for from 50 units on."""
    split = replace(SHARE, kind=MetricKind.SPLIT, weights={"a": Fraction(1, 2), "b": Fraction(1, 2)}, unit="assignment")

    assert texts(a_criterion(split)) == ["holds below 50 assignments: a mismatch is looked for from there on."]
    assert texts(a_criterion(split, minimum_n=50)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"promote": None, "rollback": at(80)},
        {"promote": Span(low=Fraction(1, 5), high=Fraction(2, 5), text="20 % to 40 %"), "minimum_n": 100},
        {"promote": at(90), "alert": at(20), "minimum_n": 1000},
        {"promote": Ratio(value=Fraction(3), bound=Fraction(2), than="b", text="3 times b"), "mode": Mode.POINT},
        {"metric": replace(LATENCY, kind=MetricKind.CONTROLLED), "promote": at(90)},
        {"metric": LATENCY, "at": Fraction(19, 20), "rollback": at(90)},
    ],
)
def test_what_needs_no_figures_gets_none(changes: dict[str, object]) -> None:
    """Rollback lines alone, ranges, ample minimums, caps: at most the note on impossible multiples."""
    assert all("cannot be met" in text for text in texts(a_criterion(**changes)))


def test_ratio_out_of_any_reach_is_said() -> None:
    """Five times a quarter is more than all."""
    target = Ratio(value=Fraction(5), bound=None, than="b", text="5 times b")

    assert "not even 100 of 100 against 25 of 100" in texts(a_criterion(promote=target, mode=Mode.STRICT))[1]


def test_kinds_of_a_later_version_are_said() -> None:
    """Before the rollout, not at its third stage."""
    assert texts(a_criterion(replace(SHARE, kind=MetricKind.COUNT), promote=at(95))) == [
        "is a count, not measured by this version; the stage holds at it."
    ]


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (replace(SHARE, measured_by="sql"), "sql is not read by this version."),
        (replace(SHARE, available=False, suite="load"), "comes from the suite 'load', which is not part"),
        (replace(LEAKS, recall=None), "the detector's recall is unknown"),
    ],
)
def test_what_will_have_no_number_gets_no_figures(metric: Metric, said: str) -> None:
    """That it is not measured is said once; figures beside it would promise too much."""
    (text,) = texts(a_criterion(metric, promote=at(95), max_rate=Fraction(1, 100)))

    assert said in text


def test_half_fed_criterion_is_said() -> None:
    """`from: [suite, live]` where only live can be handed over holds at the suite."""
    criterion = replace(
        a_criterion(replace(SHARE, available=False), promote=at(95)), origins=(Origin.SUITE, Origin.LIVE)
    )

    assert texts(criterion) == ["from suite is not measured by this version; the stage holds at it."]


def test_missing_suites_are_noted() -> None:
    """A stage that requires a suite of a later version says so."""
    plan = a_plan()
    stage = replace(plan.stages[0], requires=Requires(suites=("schema", "prerequisites")), line=7)

    assert lint(replace(plan, stages=(stage,))) == (
        Note(
            line=7,
            about="suites",
            text=(
                "stage 'one' requires the suite 'prerequisites', which is not part of this version. "
                "The stage holds as incomplete until it is."
            ),
        ),
    )


def test_notes_carry_line_and_metric_and_come_once() -> None:
    """A criterion shared by two stages is noted once, at its line."""
    criterion = a_criterion(promote=at(95), alert=at(90))

    assert lint(a_plan(criterion)) == (
        Note(
            line=31,
            about="draft.success_rate",
            text="has no min: it can promote from 29 drafts on, all of them right.",
        ),
    )


def test_a_large_plan_is_noted_the_same_each_time() -> None:
    """Forty criteria of every kind, and the same each time."""
    criteria = [
        replace(criterion, line=index)
        for index in range(10)
        for criterion in (
            a_criterion(promote=at(95), alert=at(90), minimum_n=100 + index),
            a_criterion(origin=Origin.LIVE, promote=at(95), alert=at(90), minimum_n=1000 + index),
            a_criterion(LEAKS, promote=at(0), max_rate=Fraction(1, 100), minimum_n=300),
            a_criterion(LATENCY, at=Fraction(95, 100), promote=Bound(value=Fraction(9), text="9 ms"), minimum_n=50),
        )
    ]
    plan = a_plan(*criteria, stable_days=7, daily_traffic=60)

    assert lint(plan) == lint(plan)


def test_suite_grounding_without_a_count_of_what_stands_nowhere_is_said() -> None:
    """Only `grounding.evidence_coverage` counts a statement that no evidence contradicts or confirms."""

    def said(*criteria: Criterion) -> list[str]:
        plan = a_plan(*criteria)
        stages = tuple(replace(stage, requires=Requires(suites=("grounding",))) for stage in plan.stages)
        return [note.text for note in lint(replace(plan, stages=stages)) if note.about == "grounding"]

    text, _ = said(a_criterion())  # one for each stage
    assert "no criterion counts statements that stand in no evidence" in text
    assert "write grounding.evidence_coverage" in text
    assert said(a_criterion(replace(SHARE, name="grounding.evidence_coverage"))) == []
