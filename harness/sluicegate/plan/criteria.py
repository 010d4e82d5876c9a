"""Criteria: lines on one metric, read and checked for themselves; what a stage must feed them is `stages`' work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

from sluicegate.errors import misspelt, nearest
from sluicegate.model import Origin, Provenance
from sluicegate.plan.document import Entry, MappingNode, Node, SequenceNode
from sluicegate.plan.lines import LineReader, is_worse
from sluicegate.plan.load import LoadSpec
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.own_metrics import read_recall, read_weights
from sluicegate.plan.table import Faults, Table
from sluicegate.plan.types import Better, Bound, Criterion, Line, Metric, MetricKind, Mode, Ratio, Span
from sluicegate.plan.units import quantile, share

__all__ = ["CRITERION_KEYS", "CriteriaReader"]

CRITERION_KEYS = (
    "from",
    "promote",
    "alert",
    "alert_above",
    "alert_below",
    "rollback",
    "min",
    "max_rate",
    "at",
    "mode",
    "alpha",
    "slices",
    "unit",
    "window",
    "after",
    "admits",
    "optional",
    "recall",
    "weights",
    "profile",
)
_ASKED_ONCE = ("case", "draft", "command")
"""Units that under load are requests."""
_LINES = ("promote", "alert", "alert_above", "alert_below", "rollback")


@dataclass(slots=True, kw_only=True)
class CriteriaReader:
    """Reads sets of criteria. A set shared by several stages is read once."""

    faults: Faults
    declared: Mapping[str, Metric]
    slice_sets: Mapping[str, object]
    shared: Mapping[str, Entry]
    """The plan's `criteria:`, by name of the set."""
    load: LoadSpec | None = None
    _read: dict[int, tuple[str, tuple[Criterion, ...]]] = field(default_factory=dict)
    """By identity of the node, with the metric's name; nodes live as long as the document."""

    def set_of(self, node: Node, label: str) -> tuple[Criterion, ...]:
        """The criteria of one set: `use: [names of shared sets]` first, own ones after and instead."""
        table = Table(node, label, self.faults)
        entries: dict[str, Entry] = {}
        for name, entry in table.items():
            if name == "use":
                entries.update(self._used(table))
            else:
                entries[name] = entry
        return tuple(criterion for name, entry in entries.items() for criterion in self._criteria(name, entry))

    def _used(self, table: Table) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for name in table.texts("use", example="use: [week]"):
            entry = self.shared.get(name)
            if entry is None:
                known = ", ".join(self.shared) or "none; add it under criteria:"
                table.fault("use", f"unknown set '{name}'.", nearest(name, self.shared) or f"Sets: {known}.")
            elif isinstance(entry.node, MappingNode):
                found.update(entry.node.entries)
                if found.pop("use", None) is not None:
                    self.faults.add(
                        entry.line, f"the set '{name}' uses sets itself.", "Name them all where it is used."
                    )
        return found

    def _criteria(self, name: str, entry: Entry) -> tuple[Criterion, ...]:
        """All criteria on one metric: one mapping, or a list of them; of load evidence one for each profile."""
        seen = self._read.get(id(entry.node))
        if seen is not None and seen[0] == name:
            return seen[1]
        nodes = entry.node.items if isinstance(entry.node, SequenceNode) and entry.node.items else (entry.node,)
        lines = (entry.line, *(node.line for node in nodes[1:]))
        found = tuple(
            each for node, line in zip(nodes, lines, strict=True) for each in self._fresh(name, Entry(line, node))
        )
        self._read[id(entry.node)] = (name, found)
        return found

    def _fresh(self, name: str, entry: Entry) -> tuple[Criterion, ...]:
        metric = self.declared.get(name) or BUILT_IN.get(name)
        if metric is None:
            hint = nearest(name, [*self.declared, *BUILT_IN]) or "Declare it under metrics:."
            self.faults.add(entry.line, f"unknown metric '{name}'.", hint)
            meant = misspelt(name, [*self.declared, *BUILT_IN])
            metric = self.declared.get(meant) or BUILT_IN.get(meant)
            if metric is None:
                return ()
        table = Table(entry.node, name, self.faults, CRITERION_KEYS)
        if not isinstance(entry.node, MappingNode):
            return ()
        criterion = self._checked(_adjusted(metric, table), table, entry.line)
        asked = self._profiles(table, criterion)
        if criterion.origins == (Origin.LOAD,) and criterion.unit is None:
            if criterion.metric.unit in _ASKED_ONCE:
                criterion = replace(criterion, unit="request")
            elif asked and criterion.metric.kind is MetricKind.CONTROLLED:
                criterion = replace(criterion, unit="run")
        return tuple(replace(criterion, profile=profile) for profile in asked) or (criterion,)

    def _checked(self, metric: Metric, table: Table, line: int) -> Criterion:
        unit, origins = table.optional_text("unit"), _origins(table)
        # A cap of load is one of a run: `$6.50/day` would be read as so much a run, which is no word on a day.
        of_run = metric.kind is MetricKind.CONTROLLED and origins == (Origin.LOAD,) and self.load is not None
        word = unit or ("run" if of_run else metric.unit)
        reader = LineReader(label=table.label, metric=metric, unit=word, faults=self.faults)
        lines = {
            role: reader.line(role, node) for role in ("promote", "alert", "rollback") if (node := table.node(role))
        }
        sides = {
            role: reader.bound(role, node) for role in ("alert_above", "alert_below") if (node := table.node(role))
        }
        criterion = Criterion(
            metric=metric,
            origins=origins,
            promote=lines.get("promote"),
            alert=lines.get("alert"),
            alert_above=sides.get("alert_above"),
            alert_below=sides.get("alert_below"),
            rollback=lines.get("rollback"),
            minimum_n=table.optional_whole("min", low=1),
            max_rate=_max_rate(table, metric),
            at=_quantile(table, metric),
            mode=table.choice("mode", Mode, Mode.GUARDED),
            alpha=_alpha(table),
            slices=self._slices(table),
            unit=unit,
            window_s=table.optional_seconds("window", low=1),
            after_s=table.seconds("after"),
            admits=_admits(table),
            optional=table.flag("optional"),
            line=line,
        )
        _check_present(criterion, table)
        _check_order(criterion, table)
        _check_sides(criterion, table)
        _check_mode(criterion, table)
        return criterion

    def _profiles(self, table: Table, criterion: Criterion) -> tuple[str, ...]:
        """The load profiles a criterion is about, each judged for itself: those it names, else all of the plan.

        Incidents are counted over all of them together, unless some are named: one is too many, wherever it is.
        """
        named = table.texts("profile", example="profile: fifty")
        known = () if self.load is None else tuple(profile.name for profile in self.load.profiles)
        if named and Origin.LOAD not in criterion.origins:
            table.fault("profile", "'profile' belongs to load evidence.", "Write from: load, or remove it.")
            return ()
        for name in named:
            if name not in known:
                hint = nearest(name, known) or "Declare it under load: profiles: in the plan."
                table.fault("profile", f"unknown load profile '{name}'.", hint)
        if Origin.LOAD not in criterion.origins or (criterion.metric.zero_tolerance and not named):
            return ()
        asked = named or known
        for name in asked if criterion.metric.name == "goodput" else ():
            profile = None if self.load is None else next((one for one in self.load.profiles if one.name == name), None)
            if profile is not None and profile.objective_ms is None and profile.objective_ttft_ms is None:
                mend = f"Write {name}: {{objective: 2 s, …}} under load: profiles:."
                table.fault("profile", f"goodput of profile '{name}', and the profile has no objective.", mend)
        return asked

    def _slices(self, table: Table) -> str | None:
        name = table.optional_text("slices")
        if name is not None and name not in self.slice_sets:
            hint = nearest(name, self.slice_sets) or "Declare it: slices: {businesses: [acme, zenith]}."
            table.fault("slices", f"unknown slices '{name}'.", hint)
        return name


def _adjusted(metric: Metric, table: Table) -> Metric:
    """The metric with what a criterion may say about it: recall of the user's own detector, weights of a split."""
    if "recall" in table:
        if metric.kind is MetricKind.INCIDENTS:
            return replace(metric, recall=read_recall(table))
        table.fault("recall", f"'recall' belongs to incidents, and this is {metric.kind.value}.", "Remove it.")
    if "weights" in table:
        if metric.kind is MetricKind.SPLIT:
            return replace(metric, weights=read_weights(table))
        table.fault("weights", f"'weights' belong to a split, and this is {metric.kind.value}.", "Remove them.")
    return metric


def _origins(table: Table) -> tuple[Origin, ...]:
    table.needs("from", "Write from: suite, golden, load or live, or a list of them.")
    known = [origin.value for origin in Origin]
    found: list[Origin] = []
    for word in table.texts("from", example="from: [suite, live]"):
        if word in known:
            found.append(Origin(word))
        else:
            table.fault("from", f"'from' names '{word}'.", nearest(word, known) or f"Write one of: {', '.join(known)}.")
    return tuple(found)


def _admits(table: Table) -> tuple[str, ...]:
    known = [item.value for item in Provenance]
    found = table.texts("admits", example="admits: [replayed]")
    for word in found:
        if word not in known:
            hint = nearest(word, known) or f"Write one of: {', '.join(known)}."
            table.fault("admits", f"'admits' names '{word}'.", hint)
    return found


def _max_rate(table: Table, metric: Metric) -> Fraction | None:
    if metric.kind is not MetricKind.INCIDENTS:
        if "max_rate" in table:
            table.fault("max_rate", f"'max_rate' belongs to incidents, and this is {metric.kind.value}.", "Remove it.")
        return None
    table.needs("max_rate", "0 seen never shows a rate of 0; write the rate to exclude: max_rate: 1 %.")
    value = table.parsed("max_rate", share)
    if value is not None and not 0 < value < 1:
        table.fault("max_rate", "'max_rate' is not between 0 % and 100 %.", "Write the rate to exclude: max_rate: 1 %.")
        return None
    return value


def _quantile(table: Table, metric: Metric) -> Fraction | None:
    if metric.kind is not MetricKind.DISTRIBUTION:
        if "at" in table:
            table.fault("at", f"'at' belongs to a distribution, and this is {metric.kind.value}.", "Remove it.")
        return None
    table.needs("at", "A target without a quantile means nothing: write at: p95, or at: mean.")
    return table.parsed("at", quantile)


def _alpha(table: Table) -> Fraction:
    value = table.parsed("alpha", share)
    if value is None:
        return Fraction(1, 20)
    if not 0 < value < Fraction(1, 2):
        table.fault("alpha", "'alpha' is not between 0 % and 50 %.", "Write alpha: 0.05.")
    return value


def _check_present(criterion: Criterion, table: Table) -> None:
    if not any(role in table for role in _LINES) and criterion.metric.kind is not MetricKind.SPLIT:
        table.fault(None, "has no line.", "Add promote:, alert: or rollback:.")
    if criterion.metric.kind is MetricKind.SPLIT and not criterion.metric.weights:
        table.needs("weights", "Write the configured split: weights: {control: 50 %, variant: 50 %}.")


def _check_order(criterion: Criterion, table: Table) -> None:
    """Promote, alert, rollback: each at least as bad as the one before, in the metric's own direction."""
    lines: list[tuple[str, Line | None]] = [
        ("promote", criterion.promote),
        ("alert", criterion.alert),
        ("rollback", criterion.rollback),
    ]
    given = [(role, line) for role, line in lines if line is not None]
    for (role, line), (worse_role, worse) in pairwise(given):
        if is_worse(line, worse, criterion.metric.better):
            better = criterion.metric.better.value
            what = f"{role} ({line.text}) lies beyond {worse_role} ({worse.text}), and better is {better}."
            table.fault(role, what, "Order them from good to bad: promote, alert, rollback.")


def _check_sides(criterion: Criterion, table: Table) -> None:
    for role, side in (("alert_above", criterion.alert_above), ("alert_below", criterion.alert_below)):
        if role not in table:
            continue
        if criterion.metric.better is not Better.INSIDE:
            mend = f"Write alert: better is {criterion.metric.better.value}."
            table.fault(role, f"'{role}' is for metrics that are better inside a range.", mend)
        elif side is not None and isinstance(span := criterion.promote, Span) and _within(role, side, span):
            table.fault(role, f"{role} ({side.text}) lies inside promote ({span.text}).", "Move it outside.")


def _within(role: str, side: Bound, span: Span) -> bool:
    return side.value < span.high if role == "alert_above" else side.value > span.low


def _check_mode(criterion: Criterion, table: Table) -> None:
    if criterion.metric.kind in (MetricKind.INCIDENTS, MetricKind.CONTROLLED, MetricKind.SPLIT):
        if "mode" in table:
            table.fault("mode", f"'mode' does not apply to {criterion.metric.kind.value}.", "Remove it.")
        return
    if isinstance(criterion.promote, Span):
        return
    guarded = criterion.mode is Mode.GUARDED
    no_guard = criterion.alert is None and criterion.rollback is None
    ratio_guard = isinstance(criterion.promote, Ratio) and criterion.promote.bound is not None
    if guarded and criterion.promote is not None and no_guard and not ratio_guard:
        mend = (
            "Say what a pass shows: mode: strict (the bound clears the target) or mode: point (the estimate meets it)."
        )
        table.fault(None, "has a target and neither an alert nor a rollback line.", mend)
    if not guarded and criterion.promote is None and "promote" not in table:
        table.fault(
            "mode", f"'mode' is '{criterion.mode.value}' without a promote line.", "Add promote:, or remove mode."
        )
