"""Metrics the plan declares: kind, better, unit, scale and one source; never by code alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from sluicegate.model import Json, Rule
from sluicegate.plan.metrics import BUILT_IN, LIVE_ONLY
from sluicegate.plan.own_scores import read_score
from sluicegate.plan.table import Table
from sluicegate.plan.types import Better, Metric, MetricKind, Scale
from sluicegate.plan.units import share

__all__ = ["ADVISORY", "METRIC_KEYS", "SOURCES", "own_metrics", "read_recall", "read_rule", "read_weights"]

SOURCES = ("rule", "value", "check", "score", "record", "sql", "prometheus", "traces")
ADVISORY = ("grounding.text",)
"""Built-in checks that warn and never fail: a metric of one would pass whatever it found."""
_EXTERNAL = ("sql", "prometheus", "traces")
METRIC_KEYS = ("kind", "better", "unit", "scale", "matures_after", "weights", "recall", *SOURCES)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")

_DERIVED_SCALE = {
    MetricKind.PROPORTION: Scale.RATIO,
    MetricKind.SPLIT: Scale.RATIO,
    MetricKind.INCIDENTS: Scale.COUNT,
    MetricKind.COUNT: Scale.COUNT,
    MetricKind.CORRELATION: Scale.NUMBER,
}
_FORCED_BETTER = {MetricKind.INCIDENTS: Better.LOWER, MetricKind.SPLIT: Better.LOWER}
_KINDS_OF_SOURCE = {
    "rule": {MetricKind.PROPORTION},
    "check": {MetricKind.PROPORTION},
    "value": {MetricKind.DISTRIBUTION, MetricKind.CONTROLLED},
    "score": {MetricKind.PROPORTION, MetricKind.DISTRIBUTION},
}


def own_metrics(table: Table | None) -> dict[str, Metric]:
    """Every metric under `metrics:`; those with faults are there too, so that criteria on them are not unknown."""
    found: dict[str, Metric] = {}
    if table is None:
        return found
    for name, entry in table.items():
        if name in BUILT_IN:
            table.fault(name, f"'{name}' is built in.", "Give your own another name, or remove the entry.")
        elif not _NAME.fullmatch(name):
            table.fault(name, f"'{name}' is no name.", "Use letters, digits, '_', '.' and '-'.")
        else:
            found[name] = _metric(name, Table(entry.node, f"metric '{name}'", table.faults, METRIC_KEYS))
    return found


def _metric(name: str, table: Table) -> Metric:
    table.needs("kind", f"Write one of: {', '.join(MetricKind)}.")
    table.needs("unit", "Say what n counts: case, draft, request, minute …")
    kind = table.choice("kind", MetricKind, MetricKind.PROPORTION)
    source = _source(table, kind)
    scale = _scale(table, kind)
    return Metric(
        name=name,
        kind=kind,
        better=_better(table, kind),
        scale=scale,
        unit=table.text("unit", "case"),
        zero_tolerance=kind is MetricKind.INCIDENTS,
        rule=read_rule(table) if source == "rule" else None,
        value_at=table.optional_text("value") if source == "value" else None,
        check=_check(table) if source == "check" else None,
        score=read_score(table, kind) if source == "score" else None,
        matures_after_s=table.seconds("matures_after"),
        weights=_weights(table, kind),
        measured_by=source,
        available=source not in _EXTERNAL,
        recall=_recall(table, kind),
        provenance=LIVE_ONLY if scale in (Scale.MS, Scale.MICROUSD) else (),
        source=_external(table, source),
    )


def _better(table: Table, kind: MetricKind) -> Better:
    forced = _FORCED_BETTER.get(kind)
    if forced is None:
        table.needs("better", "Write higher, lower or inside.")
    better = table.choice("better", Better, forced or Better.HIGHER)
    if forced is not None and better is not forced:
        table.fault("better", f"'better' is '{better.value}', and {kind.value} is better {forced.value}.", "Remove it.")
        return forced
    return better


def _scale(table: Table, kind: MetricKind) -> Scale:
    derived = _DERIVED_SCALE.get(kind)
    if derived is None:
        table.needs("scale", f"A {kind.value} metric is in one of: {', '.join(Scale)}.")
        return table.choice("scale", Scale, Scale.NUMBER)
    scale = table.choice("scale", Scale, derived)
    if scale is not derived:
        table.fault("scale", f"'scale' is '{scale.value}', and {kind.value} is in {derived.value}.", "Remove it.")
    return derived


def _source(table: Table, kind: MetricKind) -> str:
    given = [source for source in SOURCES if source in table]
    if not given:
        table.fault(None, "says no source.", f"Add one of: {', '.join(SOURCES)}; record: true takes recorded rows.")
        return "record"
    if len(given) > 1:
        table.fault(given[1], f"has {len(given)} sources: {', '.join(given)}.", "Keep one.")
    source = given[0]
    fitting = _KINDS_OF_SOURCE.get(source)
    if fitting is not None and kind not in fitting:
        words = " or ".join(sorted(fitting))
        table.fault(
            source, f"'{source}' measures {words}, and this is {kind.value}.", f"Write kind: {words}, or record."
        )
    if source == "record" and not table.flag("record"):
        table.fault("record", "'record' is not true.", "Write record: true.")
    return source


def _check(table: Table) -> str | None:
    name = table.optional_text("check")
    if name in ADVISORY:
        what = f"'{name}' is advisory: it warns and never fails, so this metric would always be 100 %."
        table.fault("check", what, f"Name a check that can fail, or remove the metric: its suite shows {name} anyway.")
    return name


def read_rule(table: Table) -> Rule | None:
    """`rule: {field, equals | contains | matches}`."""
    rule = table.table("rule", ("field", "equals", "contains", "matches"))
    if rule is None or not rule.is_mapping:
        return None
    rule.needs("field", "Name a path of the output: content, mail.subject, structured.items[0].price.")
    given = [name for name in ("equals", "contains", "matches") if name in rule]
    if len(given) != 1:
        rule.fault(None, f"has {len(given)} of equals, contains, matches.", "Keep exactly one.")
        return None
    equals = rule.json("equals")
    if "equals" in rule and equals is None:
        rule.fault("equals", "'equals' is empty.", "Say what the field equals.")
    pattern = rule.optional_text("matches")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            rule.fault("matches", f"'{pattern}' is no regular expression: {error}.")
    return Rule(field=rule.text("field"), contains=rule.optional_text("contains"), equals=equals, matches=pattern)


def _weights(table: Table, kind: MetricKind) -> dict[str, Fraction]:
    if kind is MetricKind.SPLIT:
        table.needs("weights", "Write the configured split: weights: {control: 50 %, variant: 50 %}.")
    elif "weights" in table:
        table.fault("weights", f"'weights' belong to a split, and this is {kind.value}.", "Remove them.")
        return {}
    return read_weights(table)


def read_weights(table: Table) -> dict[str, Fraction]:
    """`weights:` of a split: arms to shares that sum to 100 %."""
    weights = table.table("weights")
    if weights is None:
        return {}
    found = {arm: value for arm in weights if (value := weights.parsed(arm, share)) is not None}
    total = sum(found.values(), Fraction(0))
    if len(found) < 2 or total != 1:
        said = f"{float(total * 100):.10g} %"
        table.fault("weights", f"'weights' has {len(found)} arms that sum to {said}.", "Two or more arms sum to 100 %.")
    return found


def _recall(table: Table, kind: MetricKind) -> Fraction | None:
    if kind is not MetricKind.INCIDENTS:
        if "recall" in table:
            table.fault("recall", f"'recall' belongs to incidents, and this is {kind.value}.", "Remove it.")
        return Fraction(1)
    table.needs("recall", "Say which share of true incidents is found: recall: 93 %, or recall: unknown (which holds).")
    return read_recall(table)


def read_recall(table: Table) -> Fraction | None:
    """`recall: 93 %`, or None for unknown."""
    if table.scalar("recall", "a share or unknown") in (None, "unknown"):
        return None
    return table.parsed("recall", share)


def _external(table: Table, source: str) -> Mapping[str, Json]:
    if source not in _EXTERNAL:
        return {}
    settings = table.table(source)
    if settings is None:
        return {}
    if source != "traces":
        settings.needs("query", f"Write the {source} query.")
    return {name: settings.json(name) for name in settings}
