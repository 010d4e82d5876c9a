"""Values: a quantile judged as a share, and the mean of what has no bounds."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import inf, isfinite

from sluicegate.gate.body import Body, Flip
from sluicegate.gate.comparison import paired_shows
from sluicegate.gate.sides import Sense, Side
from sluicegate.gate.wording import count_of, figure, line_name, plural, quantile_name
from sluicegate.model import Estimate, NotMeasured
from sluicegate.plan.types import Scale
from sluicegate.stats import mean as means
from sluicegate.stats import quantile as quantiles
from sluicegate.stats.interval import Interval

__all__ = ["MeanValues", "QuantileValues", "order_bounds"]

_RESAMPLED = 500
"""The bootstrap is shown beside the t interval up to so many values."""


class QuantileValues:
    """A quantile of values: at most v at p95 means that at least 95 % of the units are at most v.

    Failed attempts are infinite and lie beyond every limit, in both directions.
    """

    def __init__(
        self,
        *,
        values: Sequence[float],
        n: int,
        at: Fraction,
        scale: Scale,
        unit: str,
        share: Callable[[Callable[[float], bool]], Body],
    ) -> None:
        """Take the values of the window, how many units they make, and how to count those for which something holds."""
        self.n = n
        self._values = values
        self._at = at
        self._scale = scale
        self._unit = unit
        self._share = share
        self._known: dict[tuple[Sense, Fraction], Body] = {}

    def meets(self, side: Side) -> bool:
        """Whether enough of the units are within the limit."""
        return self._within(side.sense, side.value).meets(self._as_share(side))

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """The share within the limit is shown to be large enough."""
        line, rest = side.hardest(alpha)
        return line is not None and self._within(side.sense, line).shows_good(self._as_share(side), rest)

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """The share within the limit is shown to be too small."""
        line, rest = side.easiest(alpha)
        return line is not None and self._within(side.sense, line).shows_bad(self._as_share(side), rest)

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """The share within the limit was shown to be too small at some look."""
        line, rest = side.easiest(alpha)
        return None if line is None else self._within(side.sense, line).crossed(self._as_share(side), rest)

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """The sample quantile with its order-statistic bounds; none where no rank reaches them."""
        ordered = sorted(self._values)
        value = quantiles.quantile(ordered, float(self._at))
        if isinstance(value, NotMeasured):
            return value
        if not isfinite(value):
            failed = sum(1 for each in ordered if not isfinite(each))
            return NotMeasured(
                reason=f"{quantile_name(self._at)} is infinite: {failed:,} of {len(ordered):,} attempts failed"
            )
        low, high = order_bounds(ordered, self._at, alpha)
        return Estimate(
            value=value,
            n=self.n,
            low=low,
            high=high,
            method="order statistic",
            confidence=float(1 - alpha),
            note="" if high is not None else f"no upper bound below n = {quantiles.units_for_bound(float(self._at))}",
        )

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """What the share within the limit needs."""
        line, rest = side.hardest(alpha)
        if line is None:
            return Flip(text=f"Collect more {plural(self._unit)} of the reference")
        flip = self._within(side.sense, line).to_show(self._as_share(side), rest)
        return self._counting(flip, side, line)

    def to_meet(self, side: Side) -> Flip:
        """What the share within the limit needs."""
        flip = self._within(side.sense, side.value).to_meet(self._as_share(side))
        return self._counting(flip, side, side.value)

    def _counting(self, flip: Flip, side: Side, line: Fraction) -> Flip:
        """The share's flip, with what it counts: units on the good side of the line."""
        within = "at most" if side.sense is Sense.AT_MOST else "at least"
        return Flip(text=f"{flip.text} (counted are those of {within} {figure(line, self._scale)})", more=flip.more)

    def _within(self, sense: Sense, line: Fraction) -> Body:
        key = (sense, line)
        if key not in self._known:
            limit = float(line)
            if sense is Sense.AT_MOST:
                self._known[key] = self._share(lambda value: -inf < value <= limit)
            else:
                self._known[key] = self._share(lambda value: limit <= value < inf)
        return self._known[key]

    def _as_share(self, side: Side) -> Side:
        share = self._at if side.sense is Sense.AT_MOST else 1 - self._at
        return Side(role=side.role, sense=Sense.AT_LEAST, value=share, text=side.text)


def order_bounds(ordered: Sequence[float], at: Fraction, alpha: Fraction) -> tuple[float | None, float | None]:
    """One-sided bounds of a quantile of sorted values; None where none exists or it is infinite."""
    bounds: list[float | None] = []
    for rank in (
        quantiles.lower_rank(len(ordered), float(at), float(alpha)),
        quantiles.upper_rank(len(ordered), float(at), float(alpha)),
    ):
        value = None if isinstance(rank, NotMeasured) else ordered[rank - 1]
        bounds.append(value if value is not None and isfinite(value) else None)
    return bounds[0], bounds[1]


class MeanValues:
    """The mean of values, or of unit means. A failed attempt makes it infinite: then nothing good is shown."""

    def __init__(self, *, every: array[float], window: array[float], grows: bool, unit: str) -> None:
        """Take all units since stage entry, for the rollback line, and those of the window; failed ones infinite."""
        self._every = every
        self._window = window
        self._grows = grows
        self._unit = unit
        self.n = len(window)
        found = means.moments(window) if all(map(isfinite, window)) else None
        self._found = None if isinstance(found, NotMeasured) else found

    def meets(self, side: Side) -> bool:
        """Compare the mean with the limit; fsum rounds once, at the end."""
        found = self._found
        return found is not None and side.is_met_by(Fraction(found.mean))

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """The interval's bound clears the limit; case by case where the reference ran the same cases."""
        if not self._grows and (shown := paired_shows(side, alpha, good=True)) is not None:
            return shown and self._found is not None
        line, rest = side.hardest(alpha)
        found = self._found
        if line is None or found is None:
            return False
        interval = self._interval(found, rest)
        if isinstance(interval, NotMeasured):
            return False
        if side.sense is Sense.AT_LEAST:
            return interval.low is not None and interval.low >= line
        return interval.high is not None and interval.high <= line

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """The interval's other bound lies beyond the limit; failed attempts count as if they stood at the limit."""
        if not self._grows and (shown := paired_shows(side, alpha, good=False)) is not None:
            return shown
        line, rest = side.easiest(alpha)
        if line is None or not self._window:
            return False
        found = self._found or means.moments([value if isfinite(value) else float(line) for value in self._window])
        if isinstance(found, NotMeasured) or isinstance(interval := self._interval(found, rest), NotMeasured):
            return False
        if side.sense is Sense.AT_LEAST:
            return interval.high is not None and interval.high < line
        return interval.low is not None and interval.low > line

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """Growing: shown at some look since stage entry. Pinned: shown."""
        if not self._grows:
            return f"in {count_of(self.n, self._unit)}" if self.shows_bad(side, alpha) else None
        line, rest = side.easiest(alpha)
        if line is None:
            return None
        limit, sign = float(line), (1.0 if side.sense is Sense.AT_MOST else -1.0)
        values = (sign * (value if isfinite(value) else limit) for value in self._every)
        index = means.shown_above_at(values, sign * limit, rest)
        return None if index is None else f"first at {self._unit} {index + 1:,}"

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """The mean with both bounds; the bootstrap's beside it."""
        if not self._window:
            return NotMeasured(reason=f"0 {plural(self._unit)}")
        found = self._found
        if found is None:
            failed = sum(1 for value in self._window if not isfinite(value))
            return NotMeasured(
                reason=f"{failed:,} of {count_of(self.n, self._unit)} failed, and a failure has no mean",
                mend="Judge a quantile (at: p95), which counts failures as infinite.",
            )
        interval = self._interval(found, alpha)
        if isinstance(interval, NotMeasured):
            return interval
        beside = means.bootstrap_interval(self._window, seed=0, alpha=float(alpha)) if self.n <= _RESAMPLED else None
        note = f"bootstrap {beside.low:.6g} to {beside.high:.6g}" if isinstance(beside, Interval) else ""
        return Estimate(
            value=found.mean,
            n=self.n,
            low=interval.low,
            high=interval.high,
            method=interval.method,
            confidence=float(1 - alpha),
            note=note,
        )

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """About how many units at this mean and spread, by the t interval's width."""
        found = self._found
        line, _ = side.hardest(alpha)
        distance = 0.0 if found is None or line is None else abs(found.mean - float(line))
        if found is None or distance == 0.0:
            return Flip(text="Move the mean further from the limit")
        n = found.n
        while n < 100_000_000:
            grown = means.Moments(n=n, mean=found.mean, spread=found.spread * n / found.n)
            interval = self._interval(grown, alpha)
            if isinstance(interval, Interval) and interval.high is not None and interval.high - found.mean <= distance:
                more = max(1, n - found.n)
                return Flip(text=f"Collect about {count_of(more, self._unit)} more at this mean and spread", more=more)
            n += max(1, n // 50)
        return Flip(text="Move the mean further from the limit")

    def to_meet(self, side: Side) -> Flip:
        """The mean has to move."""
        word = "up" if side.sense is Sense.AT_LEAST else "down"
        return Flip(text=f"Bring the mean {word} to {float(side.value):,.6g} for {line_name(side.role)}")

    def _interval(self, found: means.Moments, alpha: Fraction) -> Interval | NotMeasured:
        return (means.anytime_interval if self._grows else means.t_interval)(found, float(alpha))
