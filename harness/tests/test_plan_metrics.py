"""The metrics a plan may name: built in, or declared with all that judging them takes."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.checks.registry import CHECKS
from sluicegate.model import Origin, Rule
from sluicegate.plan.metrics import AVAILABLE_SUITES, BUILT_IN, KNOWN_SUITES, is_countable
from sluicegate.plan.notes import plan_notes
from sluicegate.plan.own_metrics import ADVISORY
from sluicegate.plan.types import Better, Metric, MetricKind, Scale

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, read, sole_fault

SPECIFIED = """
schema.valid_rate pii.leaks pii.recall headers.violations recipients.violations recipients.overblocked
injection.violations tools.whitelist_violations tools.validation_error_rate grounding.hallucinations
grounding.evidence_coverage draft.verification_rate retrieval.hit_rate retrieval.latency retrieval.timeout_rate
fallback.correct_rate fallback.rate budget.overflow_handled tokens.within_10pct cost.per_command budget.spend
routing.expert_calls routing.correct_rate routing.expert_share idempotency.violations tracing.correlated_rate
rollout.bucketing rollback.seconds format.violations latency ttft throughput goodput draft.success_rate errors.rate
crashes uptime cache.hit_rate tokens.over_20pct review.approval_rate review.edit_within_30pct review.edit_over_50pct
review.discard_rate decision.accuracy decision.confidence strategies.level3_rate strategies.sharpe strategies.return
experiment.assignment_share experiment.balance data.coverage code.coverage satisfaction
"""


def test_every_metric_of_the_specification_is_known() -> None:
    """By the names plans use."""
    assert set(SPECIFIED.split()) - set(BUILT_IN) == set()


def test_incidents_are_of_zero_tolerance_and_time_and_money_are_live() -> None:
    """Kind decides tolerance; cached and replayed answers say nothing about time or money."""
    for metric in BUILT_IN.values():
        assert metric.zero_tolerance is (metric.kind is MetricKind.INCIDENTS)
        assert metric.provenance == (("live",) if metric.scale in (Scale.MS, Scale.MICROUSD) else ())


def test_a_metric_is_available_with_its_suite() -> None:
    """What an absent suite measures is not measured, and its detector's recall is unknown."""
    assert {"schema", "idempotency", "budget", "routing"} <= AVAILABLE_SUITES <= set(KNOWN_SUITES)
    for metric in BUILT_IN.values():
        assert metric.available is (metric.suite is None or metric.suite in AVAILABLE_SUITES)
        assert metric.recall == (Fraction(1) if metric.available else None)
        assert metric.suite is None or metric.suite in KNOWN_SUITES


def test_recorded_rows_of_any_metric_count() -> None:
    """A metric whose suite is absent can still be handed over from load and live; sql and the like cannot be read."""
    coverage = BUILT_IN["prerequisite.columns"]

    assert [is_countable(coverage, origin) for origin in Origin] == [False, False, True, True]
    assert is_countable(BUILT_IN["schema.valid_rate"], Origin.SUITE)
    assert not is_countable(own("sql: {query: SELECT 1}"), Origin.LIVE)


# Own metrics


def own(source: str, *, kind: str = "proportion", better: str = "higher", more: str = "") -> Metric:
    text = f"metrics:\n  mine: {{kind: {kind}, better: {better}, unit: draft, {source}{more}}}\n"
    return read(a_plan(text)).metrics["mine"]


def refused(entry: str) -> str:
    where, _, said = sole_fault(a_plan(f"metrics:\n  {entry}\n")).partition(": ")
    assert where == "plan.yaml:11"
    return said


def test_own_metrics_by_each_source() -> None:
    """A rule, a path, a check, recorded rows, or a query that is read later."""
    assert own("rule: {field: content, contains: order}").rule == Rule(field="content", contains="order")
    assert own('rule: {field: a, matches: "^x+$"}').rule == Rule(field="a", matches="^x+$")
    assert own("rule: {field: a, equals: {b: [1]}}").rule == Rule(field="a", equals={"b": [1]})
    assert own("value: structured.score", kind="distribution", more=", scale: number").value_at == "structured.score"
    assert own("check: polite").check == "polite"
    assert own("record: true").measured_by == "record"
    sql = own("sql: {database: pilot, query: SELECT 1}")
    assert (sql.measured_by, sql.available, sql.source) == ("sql", False, {"database": "pilot", "query": "SELECT 1"})
    assert own("prometheus: {query: up, step: 60}").source == {"query": "up", "step": 60}
    assert own("traces: {paths: [a.jsonl]}").source == {"paths": ["a.jsonl"]}


def test_a_check_that_cannot_fail_measures_nothing() -> None:
    """Advisory checks warn and never fail, so a share of their passes would be 100 % of anything."""
    advisory = {check.name for check in CHECKS.values() if "(advisory)" in check.title}
    assert advisory == set(ADVISORY)
    for name in advisory:
        what = f"metrics: {{m: {{kind: proportion, better: higher, unit: draft, check: {name}}}}}\n"
        assert f"'{name}' is advisory: it warns and never fails" in sole_fault(a_plan(what))


def test_own_metrics_have_a_scale_by_kind_or_by_word() -> None:
    """Shares, incidents and counts say it themselves; values do not."""
    assert own("record: true").scale is Scale.RATIO
    assert own("record: true", kind="count", better="lower").scale is Scale.COUNT
    assert own("record: true", kind="correlation").scale is Scale.NUMBER
    assert own("record: true", kind="controlled", more=", scale: microusd").scale is Scale.MICROUSD


def test_own_incidents_say_their_recall() -> None:
    """A share, or unknown, which holds; better is lower without a word."""
    text = "metrics:\n  leak: {kind: incidents, unit: draft, record: true, recall: 93 %}\n"
    text += "  odd: {kind: incidents, unit: draft, record: true, recall: unknown, matures_after: 24h}\n"
    metrics = read(a_plan(text)).metrics

    assert (metrics["leak"].recall, metrics["leak"].better, metrics["leak"].scale) == (
        Fraction(93, 100),
        Better.LOWER,
        Scale.COUNT,
    )
    assert metrics["leak"].zero_tolerance
    assert (metrics["odd"].recall, metrics["odd"].matures_after_s) == (None, 86_400)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("latency: {kind: count}", "metrics: 'latency' is built in. Give your own another name, or remove the entry."),
        ("a b: {kind: count}", "metrics: 'a b' is no name. Use letters, digits, '_', '.' and '-'."),
        ("m: {better: higher, unit: x, record: true}",
         ("metric 'm': lacks 'kind'. Write one of: proportion, incidents, distribution, controlled, count, "
         "correlation, split.")),
        ("m: {kind: proportion, unit: x, record: true}", "metric 'm': lacks 'better'. Write higher, lower or inside."),
        ("m: {kind: proportion, better: higher, record: true}",
         "metric 'm': lacks 'unit'. Say what n counts: case, draft, request, minute …"),
        ("m: {kind: proportion, better: up, unit: x, record: true}",
         "metric 'm': 'better' is 'up'. Write one of: higher, lower, inside."),
        ("m: {kind: incidents, better: higher, unit: x, recall: 1 %, record: true}",
         "metric 'm': 'better' is 'higher', and incidents is better lower. Remove it."),
        ("m: {kind: distribution, better: lower, unit: x, record: true}",
         "metric 'm': lacks 'scale'. A distribution metric is in one of: ratio, ms, microusd, count, number."),
        ("m: {kind: proportion, better: lower, unit: x, record: true, scale: ms}",
         "metric 'm': 'scale' is 'ms', and proportion is in ratio. Remove it."),
        ("m: {kind: proportion, better: lower, unit: x}",
         ("metric 'm': says no source. Add one of: rule, value, check, score, record, sql, prometheus, traces; "
         "record: true takes recorded rows.")),
        ("m: {kind: proportion, better: lower, unit: x, record: true, check: c}",
         "metric 'm': has 2 sources: check, record. Keep one."),
        ("m: {kind: proportion, better: lower, unit: x, record: false}",
         "metric 'm': 'record' is not true. Write record: true."),
        ("m: {kind: count, better: lower, unit: x, check: c}",
         "metric 'm': 'check' measures proportion, and this is count. Write kind: proportion, or record."),
        ("m: {kind: proportion, better: lower, unit: x, value: v}",
         ("metric 'm': 'value' measures controlled or distribution, and this is proportion. "
         "Write kind: controlled or distribution, or record.")),
        ("m: {kind: proportion, better: lower, unit: x, rule: {field: f}}",
         "metric 'm': rule: has 0 of equals, contains, matches. Keep exactly one."),
        ("m: {kind: proportion, better: lower, unit: x, rule: {contains: f}}",
         ("metric 'm': rule: lacks 'field'. Name a path of the output: content, mail.subject, "
          "structured.items[0].price.")),
        ('m: {kind: proportion, better: lower, unit: x, rule: {field: f, matches: "("}}',
         "metric 'm': rule: '(' is no regular expression: missing ), unterminated subpattern at position 0."),
        ("m: {kind: proportion, better: lower, unit: x, rule: {field: f, equals: null}}",
         "metric 'm': rule: 'equals' is empty. Say what the field equals."),
        ("m: {kind: proportion, better: lower, unit: x, rule: f}",
         "metric 'm': rule is 'f'; expected a mapping. Known keys: field, equals, contains, matches."),
        ("m: {kind: incidents, unit: x, record: true}",
         ("metric 'm': lacks 'recall'. Say which share of true incidents is found: recall: 93 %, or recall: unknown "
         "(which holds).")),
        ("m: {kind: proportion, better: lower, unit: x, record: true, recall: 1 %}",
         "metric 'm': 'recall' belongs to incidents, and this is proportion. Remove it."),
        ("m: {kind: split, unit: x, record: true}",
         "metric 'm': lacks 'weights'. Write the configured split: weights: {control: 50 %, variant: 50 %}."),
        ("m: {kind: split, unit: x, record: true, weights: {a: 100 %}}",
         "metric 'm': 'weights' has 1 arms that sum to 100 %. Two or more arms sum to 100 %."),
        ("m: {kind: count, better: lower, unit: x, record: true, weights: {a: 100 %}}",
         "metric 'm': 'weights' belong to a split, and this is count. Remove them."),
        ("m: {kind: count, better: lower, unit: x, sql: {database: d}}",
         "metric 'm': sql: lacks 'query'. Write the sql query."),
        ("m: {kind: count, better: lower, unit: x, sql: SELECT}",
         "metric 'm': sql is 'SELECT'; expected a mapping."),
        ("m: {kind: count, better: lower, unit: x, traces: }",
         "metric 'm': 'traces' is empty. Give it a value, or remove it."),
        ("m: {kind: count, better: lower, unit: x, record: true, unitt: y}",
         "metric 'm': unknown key 'unitt'. Did you mean 'unit'?"),
    ],
)  # fmt: skip
def test_declarations_that_cannot_be_judged(entry: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    assert refused(entry) == said


# Notes


def test_what_this_version_cannot_measure_is_noted() -> None:
    """Suites, metrics and sources of a sound plan that will hold, each at its line."""
    text = a_plan(
        "metrics:\n  mine: {kind: proportion, better: higher, unit: x, sql: {query: q}}\n"
        "  harm: {kind: incidents, better: lower, unit: x, record: true, recall: unknown}\n",
        stages="stages:\n"
        "  - name: ten\n"
        "    exposure: {live: true}\n"
        "    requires: {suites: [prerequisites, schema]}\n"
        "    criteria:\n"
        "      mine: {from: live, alert: 9 %}\n"
        "      prerequisite.columns: {from: suite, alert: 9 %}\n"
        "      harm: {from: live, promote: 0, max_rate: 1 %}\n"
        "      schema.valid_rate: {from: suite, alert: 9 %}\n",
    )

    assert [str(note) for note in plan_notes(read(text))] == [
        (
            "plan.yaml:14: stage 'ten' requires the suite 'prerequisites', which is not part of this version. "
            "The stage holds as incomplete until it is."
        ),
        (
            "plan.yaml:18: mine: sql is not read by this version. "
            "Hand the rows over with sluicegate record, and write record: true."
        ),
        (
            "plan.yaml:19: prerequisite.columns comes from the suite 'prerequisites', which is not part of "
            "this version. "
            "The criterion is not measured, and holds."
        ),
        (
            "plan.yaml:20: harm: the detector's recall is unknown, so 0 seen shows nothing. "
            "Measure it and write recall: 93 %."
        ),
    ]
