"""Controlled quantities: spend, capped calls, enforced limits. One beyond the cap is a fact, no model of chance."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sluicegate.frozen import frozen
from sluicegate.gate.body import Flip
from sluicegate.gate.sides import Sense, Side
from sluicegate.gate.wording import count_of, figure
from sluicegate.model import Estimate, NotMeasured
from sluicegate.plan.types import Better, Scale

__all__ = ["CappedValues"]


@frozen
class CappedValues:
    """The total of each unit; every one must be within the limit."""

    totals: Sequence[float]
    """Units that are over, in order of time."""
    runs: Sequence[float] = ()
    """Load runs, which are units of their own, in order of time."""
    running: float | None
    """The unit that is not over yet: past an upper limit is a fact already, below a lower one is not."""
    unknown: int
    """Attempts whose quantity is not known; they hold, and prove nothing."""
    better: Better
    scale: Scale
    unit: str

    @property
    def n(self) -> int:
        """Units that are over."""
        return len(self.over)

    @property
    def over(self) -> list[float]:
        """The total of each unit that is over."""
        return [*self.totals, *self.runs]

    def meets(self, side: Side) -> bool:
        """Every unit is within the limit."""
        return self._first_beyond(side) is None

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """Facts are shown by themselves, unless some are unknown."""
        return self.unknown == 0 and self.meets(side)

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """One beyond the limit."""
        return not self.meets(side)

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """The first unit beyond the limit."""
        found = self._first_beyond(side)
        return None if found is None else f"{figure(found[1], self.scale)} in {found[0]}"

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """The worst unit."""
        if self.unknown:
            return NotMeasured(
                reason=f"the {self.unit} total misses {self.unknown:,} attempts that failed without a value",
                mend="Record the quantity of failed attempts too.",
            )
        known = [*self.over, *(() if self.running is None else (self.running,))]
        if not known:
            return NotMeasured(reason=f"0 values by {self.unit}")
        worst = min(known) if self.better is Better.HIGHER else max(known)
        return Estimate(value=worst, n=self.n, low=worst, high=worst, method="exact", confidence=1.0)

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """Unknown quantities have to become known."""
        return Flip(text=f"Record the quantity of {count_of(self.unknown, 'failed attempt')}")

    def to_meet(self, side: Side) -> Flip:
        """Nothing undoes a fact."""
        return Flip(text=f"Serve a new subject: {figure(side.value, self.scale)} was exceeded, and stays so")

    def _first_beyond(self, side: Side) -> tuple[str, float] | None:
        for unit, totals in ((self.unit, self.totals), ("run", self.runs)):
            for number, total in enumerate(totals, 1):
                if not side.is_met_by(Fraction(total)):
                    return f"{unit} {number:,}", total
        if self.running is not None and side.sense is Sense.AT_MOST and not side.is_met_by(Fraction(self.running)):
            return f"{self.unit} {len(self.totals) + 1:,}", self.running
        return None
