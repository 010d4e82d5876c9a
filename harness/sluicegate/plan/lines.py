"""The lines of a criterion: a number with a unit, a range, or a typed mapping; never a free expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from sluicegate.frozen import frozen
from sluicegate.plan.document import MappingNode, Node, ScalarNode, SequenceNode
from sluicegate.plan.scalars import plain_value
from sluicegate.plan.table import Faults, Table, said
from sluicegate.plan.types import Better, Bound, Confirmed, Drop, Line, Metric, MetricKind, Ratio, Scale, Span
from sluicegate.plan.units import UnitError, amount, difference

__all__ = ["BASELINE", "LineReader", "is_worse", "references"]

BASELINE = "baseline"
"""What lines call a reference that was recorded as one."""

_TIMES = ("minute", "hour", "day")
_RANGE = re.compile(r"(.+?)\s*(?:\.\.|…|\bto\b|(?<=[\d%])\s*[-–]\s*(?=[\d$.]))\s*(.+)")


@frozen
class LineReader:
    """Reads the lines of one criterion; what it cannot read is noted and becomes None."""

    label: str
    metric: Metric
    unit: str
    """What n counts, a word a plain count may carry."""
    faults: Faults

    def line(self, role: str, node: Node) -> Line | None:
        """The line of that role: promote, alert or rollback."""
        match node:
            case MappingNode():
                return self._relative(role, node)
            case SequenceNode():
                return self._span(role, node)
            case ScalarNode():
                return self._single(role, node)

    def bound(self, role: str, node: Node) -> Bound | None:
        """A line that can only be one number: alert_above, alert_below."""
        if not isinstance(node, ScalarNode):
            self._fault(node.line, f"{role} is {said(node)}; expected one number with its unit.")
            return None
        value = self._number(role, node, node.text)
        return None if value is None else Bound(value=value, text=_tidy(node.text))

    def _single(self, role: str, node: ScalarNode) -> Line | None:
        incidents = self.metric.kind is MetricKind.INCIDENTS
        if node.text.strip() == "confirmed":
            if role == "rollback" and incidents:
                return Confirmed()
            mend = "Only the rollback line of an incidents metric is 'confirmed'."
            self._fault(node.line, f"{role} is 'confirmed', and {self.metric.name} is {_kind(self.metric)}.", mend)
            return None
        if incidents:
            return self._incident_line(role, node)
        if (found := _RANGE.fullmatch(node.text.strip())) is not None:
            return self._range(role, node.line, _with_unit_of(found[2], found[1]), found[2], node.text)
        if self.metric.better is Better.INSIDE:
            mend = "Write a range, as [20 %, 40 %]; alert_above and alert_below take one number."
            self._fault(node.line, f"{role} is {said(node)}, and {self.metric.name} is better inside a range.", mend)
            return None
        return self.bound(role, node)

    def _incident_line(self, role: str, node: ScalarNode) -> Line | None:
        if role == "rollback":
            self._fault(node.line, f"rollback is {said(node)}.", "Write rollback: confirmed.")
            return None
        if plain_value(node.text, plain=node.plain) != 0:
            mend = f"Write {role}: 0; a tolerated rate is max_rate."
            self._fault(node.line, f"{role} is {said(node)}, and {self.metric.name} counts incidents.", mend)
            return None
        return Bound(value=Fraction(0), text="0")

    def _span(self, role: str, node: SequenceNode) -> Span | None:
        texts = [item.text for item in node.items if isinstance(item, ScalarNode)]
        if len(texts) != 2 or len(node.items) != 2:
            self._fault(node.line, f"{role} is a list of {len(node.items)}.", "A range has two ends: [20 %, 40 %].")
            return None
        return self._range(role, node.line, texts[0], texts[1], f"{_tidy(texts[0])} to {_tidy(texts[1])}")

    def _range(self, role: str, line: int, low_text: str, high_text: str, text: str) -> Span | None:
        if self.metric.better is not Better.INSIDE:
            mend = (
                f"Write one number: better is {self.metric.better.value}. A metric that is good in a range is 'inside'."
            )
            self._fault(line, f"{role} is the range {_tidy(text)}.", mend)
            return None
        low, high = self._number(role, line, low_text), self._number(role, line, high_text)
        if low is None or high is None:
            return None
        if low >= high:
            self._fault(line, f"{role} is the range {_tidy(text)}, which is empty.", "Write the lower end first.")
            return None
        return Span(low=low, high=high, text=_tidy(text))

    def _relative(self, role: str, node: MappingNode) -> Drop | Ratio | None:
        if "ratio" in node.entries:
            return self._ratio(role, node)
        word = "rise" if self.metric.better is Better.LOWER else "drop"
        table = Table(node, f"{self.label}: {role}", self.faults, ("drop", "rise", "ratio", "bound", "than"))
        if self.metric.better is Better.INSIDE or self.metric.kind is MetricKind.INCIDENTS:
            table.fault(None, f"{_kind(self.metric)} has no relative line.", "Write a number or a range.")
            return None
        other = "drop" if word == "rise" else "rise"
        if other in table and word not in table:
            table.fault(other, f"{self.metric.name} is better {self.metric.better.value}.", f"Write {word}, for worse.")
            return None
        table.needs(word, f"Write {{{word}: 20 points, than: baseline}}, or {{ratio: 3, than: baseline}}.")
        table.needs("than", "Name the reference: a stage, baseline or previous.")
        if "bound" in table:
            table.fault("bound", "'bound' belongs to a ratio.", "Remove it.")
        found = table.parsed(word, difference)
        than = table.text("than")
        if found is None or not than:
            return None
        size, relative = found
        if not relative and self.metric.scale is not Scale.RATIO:
            table.fault(
                word,
                f"points are of a ratio, and {self.metric.name} is in {self.metric.scale.value}.",
                "Write percent.",
            )
            return None
        side = "above" if word == "rise" else "below"
        text = f"{_tidy(table.text(word))} {side} {than}"
        return Drop(amount=size, relative=relative, than=than, text=text)

    def _ratio(self, role: str, node: MappingNode) -> Ratio | None:
        table = Table(node, f"{self.label}: {role}", self.faults, ("ratio", "bound", "than"))
        if self.metric.better is Better.INSIDE or self.metric.kind is MetricKind.INCIDENTS:
            table.fault(None, f"{_kind(self.metric)} has no relative line.", "Write a number or a range.")
            return None
        table.needs("than", "Name the reference: a stage, baseline or previous.")
        value, bound = table.parsed("ratio", _factor), table.parsed("bound", _factor)
        than = table.text("than")
        if value is None or not than:
            return None
        if bound is not None:
            # A promotion's bound lies on the bad side of its estimate, a rollback's on the good side.
            lower_is_outer = (self.metric.better is Better.HIGHER) == (role == "promote")
            if (bound > value) if lower_is_outer else (bound < value):
                side = "at most" if lower_is_outer else "at least"
                table.fault("bound", f"'bound' is {bound}, and 'ratio' is {value}.", f"The bound is {side} the ratio.")
                return None
        return Ratio(value=value, bound=bound, than=than, text=f"{_tidy(table.text('ratio'))} times {than}")

    def _number(self, role: str, at: Node | int, text: str) -> Fraction | None:
        line = at if isinstance(at, int) else at.line
        # Of times only the one that is judged by: so much a day is no word on an hour, or on a run.
        whose = set() if self.metric.unit in _TIMES else {self.metric.unit}
        words = {self.unit, *whose, *re.split(r"[._]", self.metric.name.lower())}
        try:
            value = amount(text, self.metric.scale, words)
        except UnitError as fault:
            self._fault(line, f"{role}: {fault.what}", fault.mend)
            return None
        if (limit := _outside(value, self.metric)) is not None:
            self._fault(line, f"{role}: '{text}' is outside {limit}.", "Nothing can cross it.")
            return None
        return value

    def _fault(self, line: int, what: str, mend: str = "") -> None:
        self.faults.add(line, f"{self.label}: {what}", mend)


def is_worse(line: Line, other: Line, better: Better) -> bool | None:
    """Whether `line` lies strictly on the bad side of `other`; None where the two cannot be compared."""
    match line, other:
        case Bound(value=a), Bound(value=b):
            return a > b if better is Better.LOWER else a < b
        case Ratio(value=a, than=x), Ratio(value=b, than=y) if x == y:
            return a > b if better is Better.LOWER else a < b
        case Drop(), Drop() if (line.than, line.relative) == (other.than, other.relative):
            return line.amount > other.amount
        case Span(), Span():
            return line.low < other.low or line.high > other.high
        case _:
            return None


def references(lines: Iterable[Line | None]) -> list[str]:
    """The references (`than`) that relative lines name."""
    return [line.than for line in lines if isinstance(line, (Drop, Ratio))]


def _factor(text: str) -> Fraction:
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)\s*(?:x|×|times)?", text.strip())
    if found is None or Fraction(found[1]) == 0:
        raise UnitError(f"'{text}' is not a multiple.", "Write 3 or 1.15.")
    return Fraction(found[1])


def _with_unit_of(high: str, low: str) -> str:
    """The lower end of `20..40 %` with the unit of the upper."""
    return f"{low} {re.sub(r'^[0-9.]+', '', high)}" if re.fullmatch(r"[0-9.]+", low) else low


def _outside(value: Fraction, metric: Metric) -> str | None:
    share = metric.kind in (MetricKind.PROPORTION, MetricKind.SPLIT)
    if share and not 0 <= value <= 1:
        return "0 % to 100 %"
    if metric.kind is MetricKind.CORRELATION and not -1 <= value <= 1:
        return "-1 to 1"
    if metric.scale in (Scale.MS, Scale.COUNT) and value < 0:
        return "0 and above"
    return None


def _kind(metric: Metric) -> str:
    article = "an" if metric.kind is MetricKind.INCIDENTS else "a"
    inside = " better inside a range" if metric.better is Better.INSIDE else ""
    return f"{article} {metric.kind.value} metric{inside}"


def _tidy(text: str) -> str:
    return " ".join(text.split())
