"""Criteria: what a line may be on which metric, and in which order lines stand."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.model import Origin
from sluicegate.plan.types import Better, Bound, Confirmed, Drop, Mode, Ratio, Span

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, criterion, faults_of, read, sole_fault, with_criterion

OWN = """\
metrics:
  sharpe: {kind: distribution, scale: number, better: higher, unit: iteration, record: true}
  calls: {kind: controlled, scale: count, better: lower, unit: day, record: true}
  alarms: {kind: count, better: lower, unit: day, record: true}
  fit: {kind: correlation, better: higher, unit: slot, record: true}
  arms: {kind: split, unit: assignment, record: true, weights: {control: 50 %, variant: 50 %}}
  tone: {kind: distribution, scale: ratio, better: inside, unit: draft, record: true}
"""


def refused(text: str, *, metrics: str = "") -> str:
    """The one fault of a criterion, without its place."""
    where, _, said = sole_fault(with_criterion(text, metrics=metrics)).partition(": ")
    assert where == f"plan.yaml:{16 + metrics.count(chr(10))}"
    return said


# Lines


def test_a_number_with_its_unit() -> None:
    """In the scale of the metric, and as it was written."""
    found = criterion("draft.success_rate: {from: live, promote: 95 %, alert: 0.9, rollback: 85   %}")

    assert found.promote == Bound(value=Fraction(19, 20), text="95 %")
    assert found.alert == Bound(value=Fraction(9, 10), text="0.9")
    assert found.rollback == Bound(value=Fraction(17, 20), text="85 %")
    assert found.origins == (Origin.LIVE,)


@pytest.mark.parametrize("text", ["[20 %, 40 %]", "20..40 %", "20 % .. 40 %", "20 to 40 %", "20-40 %", "0.2 – 0.4"])
def test_a_range(text: str) -> None:
    """Two ends, both good."""
    span = criterion(f"draft.verification_rate: {{from: live, promote: {text}, alert_above: 60 %}}").promote

    assert isinstance(span, Span)
    assert (span.low, span.high) == (Fraction(1, 5), Fraction(2, 5))


def test_a_range_has_one_sided_alerts_and_wider_ranges() -> None:
    """alert_above and alert_below lie outside promote; so do the alert and rollback ranges."""
    found = criterion(
        "routing.expert_share: {from: live, promote: [10 %, 20 %], alert_above: 25 %, alert_below: 5 %, "
        "rollback: [1 %, 50 %]}"
    )

    assert found.alert_above == Bound(value=Fraction(1, 4), text="25 %")
    assert found.alert_below == Bound(value=Fraction(1, 20), text="5 %")
    assert isinstance(found.rollback, Span)


def test_a_drop_against_a_reference() -> None:
    """Points are absolute, percent is of the reference; where lower is better the word is rise."""
    drop = criterion("uptime: {from: live, rollback: {drop: 20 points, than: setup}}").rollback
    rise = criterion("errors.rate: {from: live, rollback: {rise: 15 percent, than: baseline}}").rollback

    assert drop == Drop(amount=Fraction(1, 5), relative=False, than="setup", text="20 points below setup")
    assert rise == Drop(amount=Fraction(3, 20), relative=True, than="baseline", text="15 percent above baseline")


def test_a_ratio_to_a_reference() -> None:
    """An estimate and the bound it must clear."""
    found = criterion(
        "strategies.level3_rate: {from: live, promote: {ratio: 3, bound: 2, than: baseline}, "
        "rollback: {ratio: 2, bound: 3x, than: baseline}}"
    )

    assert found.promote == Ratio(value=Fraction(3), bound=Fraction(2), than="baseline", text="3 times baseline")
    assert found.rollback == Ratio(value=Fraction(2), bound=Fraction(3), than="baseline", text="2 times baseline")


def test_incidents_are_zero_or_confirmed() -> None:
    """The target is 0 at a rate to exclude; rollback at the first confirmed one."""
    found = criterion("crashes: {from: live, promote: 0, alert: 0, rollback: confirmed, max_rate: 1 %, recall: 93 %}")

    assert found.promote == Bound(value=Fraction(0), text="0")
    assert found.rollback == Confirmed()
    assert found.max_rate == Fraction(1, 100)
    assert found.metric.recall == Fraction(93, 100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uptime: {from: live, promote: 95, alert: 90 %}", "uptime: promote: '95' has no unit. Write 95 % or 0.95."),
        ("uptime: {from: live, alert: 120 %}", "uptime: alert: '120 %' is outside 0 % to 100 %. Nothing can cross it."),
        ("latency: {from: live, at: p95, alert: -5 ms}",
         "latency: alert: '-5 ms' is outside 0 and above. Nothing can cross it."),
        ("uptime: {from: live, alert: [20 %, 40 %]}",
         ("uptime: alert is the range 20 % to 40 %. Write one number: better is higher. "
          "A metric that is good in a range is 'inside'.")),
        ("draft.verification_rate: {from: live, promote: 20 %}",
         ("draft.verification_rate: promote is '20 %', and draft.verification_rate is better inside a range. "
         "Write a range, as [20 %, 40 %]; alert_above and alert_below take one number.")),
        ("draft.verification_rate: {from: live, promote: [40 %, 20 %]}",
         "draft.verification_rate: promote is the range 40 % to 20 %, which is empty. Write the lower end first."),
        ("draft.verification_rate: {from: live, promote: [40 %]}",
         "draft.verification_rate: promote is a list of 1. A range has two ends: [20 %, 40 %]."),
        ("draft.verification_rate: {from: live, alert_above: [40 %]}",
         "draft.verification_rate: alert_above is a list; expected one number with its unit."),
        ("draft.verification_rate: {from: live, promote: [20 %, 40 %], alert_above: 30 %}",
         "draft.verification_rate: alert_above (30 %) lies inside promote (20 % to 40 %). Move it outside."),
        ("draft.verification_rate: {from: live, promote: [20 %, 40 %], alert_below: 30 %}",
         "draft.verification_rate: alert_below (30 %) lies inside promote (20 % to 40 %). Move it outside."),
        ("draft.verification_rate: {from: live, rollback: {drop: 5 points, than: setup}}",
         ("draft.verification_rate: rollback: a proportion metric better inside a range has no relative line. "
         "Write a number or a range.")),
        ("uptime: {from: live, alert_above: 60 %}",
         "uptime: 'alert_above' is for metrics that are better inside a range. Write alert: better is higher."),
        ("uptime: {from: live, rollback: {drop: 5 %, than: setup}}",
         ("uptime: rollback: drop: '5 %' does not say points or percent. "
         "Write 5 points (absolute) or 5 percent (of the reference).")),
        ("uptime: {from: live, rollback: {rise: 5 points, than: setup}}",
         "uptime: rollback: uptime is better higher. Write drop, for worse."),
        ("uptime: {from: live, rollback: {drop: 5 points}}",
         "uptime: rollback: lacks 'than'. Name the reference: a stage, baseline or previous."),
        ("uptime: {from: live, rollback: {than: setup}}",
         "uptime: rollback: lacks 'drop'. Write {drop: 20 points, than: baseline}, or {ratio: 3, than: baseline}."),
        ("uptime: {from: live, rollback: {drop: 5 points, than: setup, bound: 2}}",
         "uptime: rollback: 'bound' belongs to a ratio. Remove it."),
        ("uptime: {from: live, rollback: {drop: 5 points, than: setup, by: 2}}",
         "uptime: rollback: unknown key 'by'. Known keys: drop, rise, ratio, bound, than."),
        ("latency: {from: live, at: p95, rollback: {rise: 5 points, than: setup}}",
         "latency: rollback: points are of a ratio, and latency is in ms. Write percent."),
        ("uptime: {from: live, promote: {ratio: 2, bound: 3, than: setup}}",
         "uptime: promote: 'bound' is 3, and 'ratio' is 2. The bound is at most the ratio."),
        ("errors.rate: {from: live, promote: {ratio: 0.5, bound: 0.4, than: setup}}",
         "errors.rate: promote: 'bound' is 2/5, and 'ratio' is 1/2. The bound is at least the ratio."),
        ("uptime: {from: live, alert: {ratio: 0, than: setup}}",
         "uptime: alert: ratio: '0' is not a multiple. Write 3 or 1.15."),
        ("crashes: {from: live, max_rate: 1 %, promote: 1}",
         "crashes: promote is '1', and crashes counts incidents. Write promote: 0; a tolerated rate is max_rate."),
        ("crashes: {from: live, max_rate: 1 %, rollback: 0}", "crashes: rollback is '0'. Write rollback: confirmed."),
        ("crashes: {from: live, max_rate: 1 %, promote: confirmed}",
         ("crashes: promote is 'confirmed', and crashes is an incidents metric. "
         "Only the rollback line of an incidents metric is 'confirmed'.")),
        ("uptime: {from: live, rollback: confirmed}",
         ("uptime: rollback is 'confirmed', and uptime is a proportion metric. "
         "Only the rollback line of an incidents metric is 'confirmed'.")),
        ("crashes: {from: live, max_rate: 1 %, rollback: {ratio: 2, than: setup}}",
         "crashes: rollback: an incidents metric has no relative line. Write a number or a range."),
    ],
)  # fmt: skip
def test_lines_that_cannot_mean_anything(text: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    assert refused(text) == said


# Order


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("uptime: {from: live, promote: 90 %, alert: 95 %}", "promote (90 %) lies beyond alert (95 %)"),
        ("uptime: {from: live, alert: 80 %, rollback: 85 %}", "alert (80 %) lies beyond rollback (85 %)"),
        ("uptime: {from: live, promote: 80 %, rollback: 85 %}", "promote (80 %) lies beyond rollback (85 %)"),
        ("errors.rate: {from: live, promote: 5 %, alert: 4 %}", "promote (5 %) lies beyond alert (4 %)"),
        ("latency: {from: live, at: p95, promote: 5 s, alert: 200 ms}", "promote (5 s) lies beyond alert (200 ms)"),
        ("routing.expert_share: {from: live, promote: [10 %, 20 %], alert: [12 %, 30 %]}",
         "promote (10 % to 20 %) lies beyond alert (12 % to 30 %)"),
        ("uptime: {from: live, alert: {drop: 20 points, than: setup}, rollback: {drop: 10 points, than: setup}}",
         "alert (20 points below setup) lies beyond rollback (10 points below setup)"),
        ("uptime: {from: live, alert: {ratio: 1, than: setup}, rollback: {ratio: 2, than: setup}}",
         "alert (1 times setup) lies beyond rollback (2 times setup)"),
    ],
)  # fmt: skip
def test_lines_run_from_good_to_bad(text: str, fault: str) -> None:
    """Promote, alert, rollback are ordered by the metric's own better."""
    assert fault in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "retrieval.timeout_rate: {from: live, promote: 5 %, rollback: 5 %}",
        "uptime: {from: live, promote: 95 %, rollback: {drop: 20 points, than: setup}}",
        "uptime: {from: live, alert: {drop: 20 points, than: setup}, rollback: {drop: 10 percent, than: setup}}",
    ],
)
def test_equal_lines_and_lines_of_different_make_stand(text: str) -> None:
    """Only what can be compared is."""
    assert faults_of(with_criterion(text)) == []


# What belongs to which kind


def test_every_kind_has_its_criterion() -> None:
    """Distributions, controlled quantities, counts, correlations and splits parse from the start."""
    sharpe = criterion("sharpe: {from: live, at: mean, promote: 0.15, mode: strict}", metrics=OWN)
    calls = criterion("calls: {from: live, promote: 20, rollback: 25 calls}", metrics=OWN)
    alarms = criterion("alarms: {from: live, alert: 3/day}", metrics=OWN)
    fit = criterion("fit: {from: live, promote: 0.3, mode: point}", metrics=OWN)
    arms = criterion("arms: {from: live, rollback: 70 %}", metrics=OWN)
    tone = criterion("tone: {from: live, at: p50, promote: [0.4, 0.6]}", metrics=OWN)

    assert sharpe.at is None
    assert isinstance(calls.rollback, Bound)
    assert calls.rollback.value == 25
    assert isinstance(alarms.alert, Bound)
    assert alarms.alert.value == 3
    assert fit.mode is Mode.POINT
    assert arms.metric.weights == {"control": Fraction(1, 2), "variant": Fraction(1, 2)}
    assert tone.metric.better is Better.INSIDE


def test_a_criterion_gives_weights_to_a_built_in_split() -> None:
    """The metric is built in, the split is the plan's; it needs no line of its own."""
    found = criterion("experiment.balance: {from: live, weights: {control: 80 %, variant: 20 %}}")

    assert found.metric.weights == {"control": Fraction(4, 5), "variant": Fraction(1, 5)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("experiment.balance: {from: live}",
         "experiment.balance: lacks 'weights'. Write the configured split: weights: {control: 50 %, variant: 50 %}."),
        ("experiment.balance: {from: live, weights: {control: 80 %, variant: 10 %}}",
         "experiment.balance: 'weights' has 2 arms that sum to 90 %. Two or more arms sum to 100 %."),
        ("uptime: {from: live, alert: 90 %, weights: {a: 50 %, b: 50 %}}",
         "uptime: 'weights' belong to a split, and this is proportion. Remove them."),
        ("uptime: {from: live, alert: 90 %, recall: 90 %}",
         "uptime: 'recall' belongs to incidents, and this is proportion. Remove it."),
        ("uptime: {from: live, alert: 90 %, max_rate: 1 %}",
         "uptime: 'max_rate' belongs to incidents, and this is proportion. Remove it."),
        ("uptime: {from: live, alert: 90 %, at: p95}",
         "uptime: 'at' belongs to a distribution, and this is proportion. Remove it."),
        ("latency: {from: live, alert: 5 s}",
         "latency: lacks 'at'. A target without a quantile means nothing: write at: p95, or at: mean."),
        ("crashes: {from: live, promote: 0}",
         "crashes: lacks 'max_rate'. 0 seen never shows a rate of 0; write the rate to exclude: max_rate: 1 %."),
        ("crashes: {from: live, promote: 0, max_rate: 0 %}",
         "crashes: 'max_rate' is not between 0 % and 100 %. Write the rate to exclude: max_rate: 1 %."),
        ("crashes: {from: live, promote: 0, max_rate: 1 %, mode: strict}",
         "crashes: 'mode' does not apply to incidents. Remove it."),
        ("uptime: {from: live, promote: 95 %}",
         ("uptime: has a target and neither an alert nor a rollback line. Say what a pass shows: "
         "mode: strict (the bound clears the target) or mode: point (the estimate meets it).")),
        ("uptime: {from: live, alert: 95 %, mode: strict}",
         "uptime: 'mode' is 'strict' without a promote line. Add promote:, or remove mode."),
        ("uptime: {from: live}", "uptime: has no line. Add promote:, alert: or rollback:."),
        ("uptime: {from: live, alert: 90 %, alpha: 50 %}",
         "uptime: 'alpha' is not between 0 % and 50 %. Write alpha: 0.05."),
        ("uptime: {from: live, alert: 90 %, admits: [replaid]}",
         "uptime: 'admits' names 'replaid'. Did you mean 'replayed'?"),
        ("uptime: {from: live, alert: 90 %, slices: busineses}",
         "uptime: unknown slices 'busineses'. Did you mean 'businesses'?"),
        ("uptime: {from: live, alert: 90 %, min: 0}",
         "uptime: 'min' is '0'; expected a whole number from 1 to 1000000000."),
        ("uptime: {from: live, alert: 90 %, min: 2.5}",
         "uptime: 'min' is '2.5'; expected a whole number from 1 to 1000000000."),
        ("uptime: {from: live, alert: 90 %, optional: 1}", "uptime: 'optional' is '1'. Write true or false."),
        ("uptime: {from: live, alert: 90 %, window: 500ms}", "uptime: 'window' is '500ms'; expected at least 1 s."),
        ("uptime: {from: live, alert: 90 %, after: 1500ms}", "uptime: 'after' is '1500ms'; expected whole seconds."),
        ("uptime: {from: live, alert: 90 %, min_samples: 3}", "uptime: unknown key 'min_samples'. Write 'min'."),
        ("uptime: {from: [live, lives], alert: 90 %}", "uptime: 'from' names 'lives'. Did you mean 'live'?"),
        ("uptime: {from: [live, live], alert: 90 %}", "uptime: 'from' names 'live' twice. Remove one."),
        ("uptime: {from: [live, [suite]], alert: 90 %}",
         "uptime: 'from' holds a list; expected text. from: [suite, live]"),
        ("uptime: {from: live, alert: }", "uptime: 'alert' is empty. Give it a value, or remove it."),
        ("uptime: 95 %",
         ("uptime is '95 %'; expected a mapping. Known keys: from, promote, alert, alert_above, alert_below, rollback, "
         "min, max_rate, at, mode, alpha, slices, unit, window, after, admits, optional, recall, weights, profile.")),
        ("retreival.hit_rate: {from: live, alert: 30 %}",
         "unknown metric 'retreival.hit_rate'. Did you mean 'retrieval.hit_rate'?"),
        ("zzz: {from: live, alert: 30 %}", "unknown metric 'zzz'. Declare it under metrics:."),
    ],
)  # fmt: skip
def test_criteria_that_cannot_be_judged(text: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    assert refused(text) == said


def test_a_criterion_needs_its_origins() -> None:
    """`from` is never guessed."""
    faults = faults_of(with_criterion("cache.hit_rate: {alert: 30 %}"))

    assert faults == [
        "plan.yaml:16: cache.hit_rate: lacks 'from'. Write from: suite, golden, load or live, or a list of them."
    ]


def test_a_correlation_lies_between_minus_one_and_one() -> None:
    """Beyond, nothing can cross it."""
    assert (
        refused("fit: {from: live, alert: 2}", metrics=OWN)
        == "fit: alert: '2' is outside -1 to 1. Nothing can cross it."
    )


@pytest.mark.parametrize(
    "text",
    [
        "calls: {from: live, promote: 20}",
        "arms: {from: live, promote: 60 %}",
        "routing.expert_share: {from: live, promote: [10 %, 20 %]}",
        "crashes: {from: live, promote: 0, max_rate: 1 %}",
        "strategies.level3_rate: {from: live, promote: {ratio: 3, bound: 2, than: baseline}}",
    ],
)
def test_some_lines_are_their_own_guard(text: str) -> None:
    """Caps, splits, ranges, zero incidents and bounded ratios need no mode."""
    assert faults_of(with_criterion(text, metrics=OWN)) == []


def test_everything_else_a_criterion_may_say() -> None:
    """Units, windows, delays, provenances, slices and error levels."""
    found = criterion(
        "latency: {from: [live, load], at: p99, promote: 1 s, alert: 2 s, min: 50, alpha: 1 %, slices: businesses, "
        "unit: minute, window: 7d, after: 3d, admits: [cached, replayed], optional: true}"
    )

    assert (found.at, found.alpha, found.minimum_n) == (Fraction(99, 100), Fraction(1, 100), 50)
    assert (found.slices, found.unit, found.window_s, found.after_s) == ("businesses", "minute", 604_800, 259_200)
    assert (found.admits, found.optional, found.line) == (("cached", "replayed"), True, 16)
    assert found.origins == (Origin.LIVE, Origin.LOAD)


# Shared sets

SHARED = """\
criteria:
  week: &week
    uptime: {from: live, alert: 90 %}
    cache.hit_rate: {from: live, alert: 30 %}
"""
LIVE = "stages:\n  - {{name: ten, exposure: {{live: true}}, criteria: {{{}}}}}\n"


@pytest.mark.parametrize("use", ["<<: *week", "use: week", "use: [week]"])
def test_a_set_is_shared_by_name_or_by_merge(use: str) -> None:
    """Both ways give the same criteria, at the lines where they are written; own entries replace shared ones."""
    plan = read(a_plan(SHARED, stages=LIVE.format(f"{use}, uptime: {{from: live, alert: 80 %}}")))

    found = {one.metric.name: (one.alert.text, one.line) for one in plan.stages[0].criteria}
    assert found == {"uptime": ("80 %", 15), "cache.hit_rate": ("30 %", 13)}


def test_a_fault_in_a_shared_set_is_told_once() -> None:
    """However many stages use it, and even if none does."""
    bad = SHARED.replace("90 %", "90")
    said = "plan.yaml:12: uptime: alert: '90' has no unit. Write 90 % or 0.9."

    assert faults_of(a_plan(bad)) == [said]
    assert faults_of(
        a_plan(bad, stages=LIVE.format("use: week") + LIVE[8:].format("<<: *week").replace("ten", "b"))
    ) == [said]


def test_unknown_and_nested_sets_are_refused() -> None:
    """Sets are one deep."""
    assert sole_fault(a_plan(SHARED, stages=LIVE.format("use: [week, weak]"))) == (
        "plan.yaml:15: stage 'ten': criteria: unknown set 'weak'. Did you mean 'week'?"
    )
    assert sole_fault(a_plan(stages=LIVE.format("use: zzz, uptime: {from: live, alert: 9 %}"))) == (
        "plan.yaml:11: stage 'ten': criteria: unknown set 'zzz'. Sets: none; add it under criteria:."
    )
    nested = SHARED + "  month: {use: week}\n"
    assert faults_of(a_plan(nested, stages=LIVE.format("use: month, uptime: {from: live, alert: 9 %}"))) == [
        "plan.yaml:14: the set 'month' uses sets itself. Name them all where it is used."
    ]
