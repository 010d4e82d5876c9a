"""Shares: k of n, pinned or growing."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from operator import sub

from sluicegate.frozen import frozen
from sluicegate.gate.body import Flip
from sluicegate.gate.comparison import compared_shows
from sluicegate.gate.sides import Sense, Side
from sluicegate.gate.wording import count_of, line_name, plural, rate
from sluicegate.model import Estimate, NotMeasured
from sluicegate.stats import betting, binomial, restarts

__all__ = ["FixedShare", "GrowingShare", "MeanUnits", "PlainUnits"]


@frozen
class FixedShare:
    """k of n pinned units: exact bounds, one look."""

    k: int
    n: int
    unit: str

    def meets(self, side: Side) -> bool:
        """Compare k/n with the limit as fractions."""
        return side.is_met_by(Fraction(self.k, self.n))

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """The Clopper-Pearson bound clears the limit; Newcombe's or the ratio's for a relative one."""
        compared = compared_shows(side, self.k, self.n, alpha, good=True)
        if compared is not None:
            return compared
        line, rest = side.hardest(alpha)
        if line is None:
            return False
        if side.sense is Sense.AT_LEAST:
            return line <= 0 or binomial.is_above(self.k, self.n, line, rest)
        return line >= 1 or binomial.is_below(self.k, self.n, line, rest)

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """The bound on the other side lies beyond the limit."""
        compared = compared_shows(side, self.k, self.n, alpha, good=False)
        if compared is not None:
            return compared and not self.meets(side)
        line, rest = side.easiest(alpha)
        if line is None:
            return False
        test = binomial.is_below if side.sense is Sense.AT_LEAST else binomial.is_above
        return test(self.k, self.n, line, rest)

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """Pinned evidence is looked at once: crossed when shown."""
        return f"in {self.n} {plural(self.unit)}" if self.shows_bad(side, alpha) else None

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """k/n with both one-sided Clopper-Pearson bounds."""
        low = binomial.lower_bound(self.k, self.n, float(alpha))
        high = binomial.upper_bound(self.k, self.n, float(alpha))
        if isinstance(low, NotMeasured) or isinstance(high, NotMeasured):
            return NotMeasured(reason=f"0 {plural(self.unit)}")
        return Estimate(
            value=self.k / self.n,
            n=self.n,
            k=self.k,
            low=low,
            high=high,
            method="clopper-pearson",
            confidence=float(1 - alpha),
        )

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """The k that would have cleared the limit."""
        if side.relative is not None:
            distance = f"Get further away from {side.relative.line.than}, or collect more {plural(self.unit)}"
            return Flip(text=distance)
        if side.sense is Sense.AT_LEAST:
            needed, miss = binomial.fewest_above(self.n, side.value, alpha), 1 - side.value
        else:
            needed, miss = binomial.most_below(self.n, side.value, alpha), side.value
        limit = line_name(side.role)
        if needed is not None:
            return Flip(text=f"{self._moved(side, needed)} to clear {limit}; it is {self.k:,}")
        enough = binomial.units_for_zero(miss, alpha)
        best = self.n if side.sense is Sense.AT_LEAST else 0
        if isinstance(enough, NotMeasured):
            why = f"nothing can show {limit} of {rate(float(side.value))}"
            return Flip(text=f"Give the criterion an alert or rollback line to clear: {why}")
        few = f"even {best} of {self.n} would not clear {limit}"
        return Flip(text=f"Collect {enough:,} {plural(self.unit)} or more: {few}")

    def to_meet(self, side: Side) -> Flip:
        """The k that would have met the limit."""
        wanted = ceil(side.value * self.n) if side.sense is Sense.AT_LEAST else floor(side.value * self.n)
        return Flip(text=f"{self._moved(side, wanted)} for {line_name(side.role)}; it is {self.k:,}")

    def _moved(self, side: Side, wanted: int) -> str:
        down, most = ("", "") if side.sense is Sense.AT_LEAST else ("down ", "at most ")
        return f"Bring it {down}to {most}{wanted:,} of {count_of(self.n, self.unit)}"


@frozen
class PlainUnits:
    """Rows of k of n units, each 0 or 1, in order of time."""

    k: array[int]
    n: array[int]

    def scan(self, line: Fraction, alpha: Fraction, *, above: bool) -> restarts.Crossing:
        """Whether a share above (below) the line was ever shown."""
        if above:
            return restarts.scan_counts(self.k, self.n, float(line), alpha)
        return restarts.scan_counts(map(sub, self.n, self.k), self.n, float(1 - line), alpha)

    def tally(self) -> tuple[Fraction, Mapping[float, int]]:
        """Sum of the units, and how often each value came."""
        k, n = sum(self.k), sum(self.n)
        return Fraction(k), {value: count for value, count in ((1.0, k), (0.0, n - k)) if count}


@frozen
class MeanUnits:
    """Units that are themselves means in 0..1, in order of time: a minute's share of its requests."""

    shares: Sequence[tuple[int, int]]

    def scan(self, line: Fraction, alpha: Fraction, *, above: bool) -> restarts.Crossing:
        """Whether a mean above (below) the line was ever shown."""
        if above:
            return restarts.scan_means([k / n for k, n in self.shares], float(line), alpha)
        return restarts.scan_means([(n - k) / n for k, n in self.shares], float(1 - line), alpha)

    def tally(self) -> tuple[Fraction, Mapping[float, int]]:
        """Sum of the unit means, exact, and how often each value came."""
        sums: Counter[int] = Counter()
        for k, n in self.shares:
            sums[n] += k
        return sum((Fraction(k, n) for n, k in sums.items()), Fraction(0)), Counter(k / n for k, n in self.shares)


class GrowingShare:
    """Units that keep coming: betting e-processes, good at every look. Rollback adds restarts over all of them."""

    def __init__(self, *, every: PlainUnits | MeanUnits, window: PlainUnits | MeanUnits | None, unit: str) -> None:
        """Take all units since stage entry, and those of the window that promotion looks at, where there is one."""
        self._every = every
        self._unit = unit
        current = every if window is None else window
        self._sum, self._values = current.tally()
        self._misses = {1.0 - value: times for value, times in self._values.items()}
        self._plain = isinstance(current, PlainUnits)
        self.n = sum(self._values.values())

    def meets(self, side: Side) -> bool:
        """Compare the mean of the units with the limit as fractions."""
        return side.is_met_by(self._sum / self.n)

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """E for the good side is at 1/alpha now."""
        if (compared := self._compared(side, alpha, good=True)) is not None:
            return compared
        line, rest = side.hardest(alpha)
        if line is None:
            return False
        if side.sense is Sense.AT_LEAST:
            return line <= 0 or self._shows(self._values, line, rest)
        return line >= 1 or self._shows(self._misses, 1 - line, rest)

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """E for the bad side is at 1/alpha now."""
        if (compared := self._compared(side, alpha, good=False)) is not None:
            return compared and not self.meets(side)
        line, rest = side.easiest(alpha)
        if line is None:
            return False
        if side.sense is Sense.AT_LEAST:
            return self._shows(self._misses, 1 - line, rest)
        return self._shows(self._values, line, rest)

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """E with restarts reached 1/alpha at some unit since stage entry; from then on the line stays crossed."""
        if self.n and (compared := self._compared(side, alpha, good=False)) is not None:
            return f"in {count_of(self.n, self._unit)}" if compared and not self.meets(side) else None
        line, rest = side.easiest(alpha)
        if line is None:
            return None
        crossing = self._every.scan(line, rest, above=side.sense is Sense.AT_MOST)
        return None if crossing.row is None else f"first at {self._unit} {crossing.units:,}"

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """The mean with both anytime-valid bounds."""
        low, missed = betting.lower_bound(self._values, alpha), betting.lower_bound(self._misses, alpha)
        if isinstance(low, NotMeasured) or isinstance(missed, NotMeasured):
            return NotMeasured(reason=f"0 {plural(self._unit)}")
        return Estimate(
            value=float(self._sum / self.n),
            n=self.n,
            k=int(self._sum) if self._plain else None,
            low=low,
            high=1.0 - missed,
            method="betting e-process",
            confidence=float(1 - alpha),
        )

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """How many more units at this rate."""
        line, rest = side.hardest(alpha)
        if line is None or (side.relative is not None and side.relative.reference.counts is not None):
            return Flip(text=f"Collect more {plural(self._unit)}, or get further away from the limit")
        hits = self._sum if side.sense is Sense.AT_LEAST else self.n - self._sum
        limit = line if side.sense is Sense.AT_LEAST else 1 - line
        if limit >= 1:
            return Flip(text="Give the criterion an alert or rollback line to clear: nothing can show this one")
        total = betting.units_needed(hits / self.n, float(limit), rest, hits=floor(hits), n=self.n)
        if total is None:
            never = f"at this one no number of {plural(self._unit)} clears {line_name(side.role)}"
            return Flip(text=f"Reach a better rate: {never}")
        more = total - self.n
        said = f"Collect {more:,} more {self._units(more)} at this rate to clear {line_name(side.role)}"
        return Flip(text=said, more=more)

    def to_meet(self, side: Side) -> Flip:
        """How many more good units in a row."""
        hits = self._sum if side.sense is Sense.AT_LEAST else self.n - self._sum
        limit = side.value if side.sense is Sense.AT_LEAST else 1 - side.value
        if limit >= 1:
            return Flip(text="Serve a new subject: one failure is already too many for this target")
        more = ceil((limit * self.n - hits) / (1 - limit))
        without = "that hold" if side.sense is Sense.AT_LEAST else "without one"
        said = f"Collect {more:,} more {self._units(more)} in a row {without} for {line_name(side.role)}"
        return Flip(text=said, more=more)

    def _units(self, count: int) -> str:
        return self._unit if count == 1 else plural(self._unit)

    def _compared(self, side: Side, alpha: Fraction, *, good: bool) -> bool | None:
        """Ratios always go by their score interval; differences of growing evidence go by anytime-valid bounds."""
        if not self._plain or side.relative is None or not side.relative.is_ratio:
            return None
        return compared_shows(side, int(self._sum), self.n, alpha, good=good)

    def _shows(self, values: Mapping[float, int], line: Fraction, alpha: Fraction) -> bool:
        return betting.shows(betting.log_evidence_of_means(values, float(line)), alpha)
