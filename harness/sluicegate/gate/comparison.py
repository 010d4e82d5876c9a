"""A share against the share of a reference: Newcombe for points, the score interval for percent and multiples."""

from __future__ import annotations

from fractions import Fraction

from sluicegate.gate.sides import Sense, Side
from sluicegate.model import NotMeasured
from sluicegate.plan.types import Ratio
from sluicegate.stats.interval import Interval
from sluicegate.stats.ratio import ratio_interval
from sluicegate.stats.wilson import newcombe_difference

__all__ = ["compared_shows"]


def compared_shows(side: Side, k: int, n: int, alpha: Fraction, *, good: bool) -> bool | None:
    """Whether k of n against the reference shows the good (bad) side; None for a limit that hangs on no counts."""
    if side.relative is None or (counts := side.relative.reference.counts) is None:
        return None
    interval, limit = _interval(side, k, n, counts, float(alpha), good=good)
    if isinstance(interval, NotMeasured):
        return False
    if good is (side.sense is Sense.AT_LEAST):
        bound = interval.low
        return bound is not None and (bound >= limit if good else bound > limit)
    bound = interval.high
    return bound is not None and (bound <= limit if good else bound < limit)


def _interval(
    side: Side, k: int, n: int, counts: tuple[int, int], alpha: float, *, good: bool
) -> tuple[Interval | NotMeasured, Fraction]:
    """The interval of the comparison, and where on its scale the limit lies."""
    if side.relative is None:
        raise ValueError("the side is not relative")
    line = side.relative.line
    if isinstance(line, Ratio):
        # The bound belongs to what its line is there to show: a promotion the good side, a rollback the bad one.
        own = good is (side.role == "promote")
        return ratio_interval(k, n, *counts, alpha), line.bound if own and line.bound is not None else line.value
    direction = -1 if side.sense is Sense.AT_LEAST else 1
    if line.relative:
        return ratio_interval(k, n, *counts, alpha), 1 + direction * line.amount
    return newcombe_difference(k, n, *counts, alpha), direction * line.amount
