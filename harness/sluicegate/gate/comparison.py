"""Evidence against a reference: case by case where both ran the same cases, else share against share.

Shares that are not paired: Newcombe for points, the score interval for percent and multiples.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sluicegate.gate.pairing import Paired, is_share
from sluicegate.gate.sides import Sense, Side
from sluicegate.model import NotMeasured
from sluicegate.plan.types import Metric, Ratio, Scale
from sluicegate.stats.contrast import Contrast, contrast, unbounded_contrast
from sluicegate.stats.interval import Interval
from sluicegate.stats.ratio import ratio_interval
from sluicegate.stats.wilson import newcombe_difference

__all__ = ["PairedCases", "compared_shows", "paired_shows"]


def compared_shows(side: Side, k: int, n: int, alpha: Fraction, *, good: bool) -> bool | None:
    """Whether k of n against the reference shows the good (bad) side; None for a limit that hangs on no counts."""
    if (shown := paired_shows(side, alpha, good=good)) is not None:
        return shown
    if side.relative is None or (counts := side.relative.reference.counts) is None:
        return None
    interval = _interval(side, k, n, counts, float(alpha))
    return isinstance(interval, Interval) and _clears(interval, _limit(side, good=good), side, good=good)


def paired_shows(side: Side, alpha: Fraction, *, good: bool) -> bool | None:
    """What the comparison case by case shows of a relative limit; None where there is none."""
    if side.relative is None or side.relative.reference.paired is None:
        return None
    return side.relative.reference.paired(side, alpha, good=good)


class PairedCases:
    """Candidate and reference on the same cases.

    A case without a partner, or without a value on either side, shows nothing good; whether it shows anything bad is
    left to the counts, so that what is missing hides no rollback.
    """

    def __init__(self, paired: Paired, metric: Metric, slices: Mapping[str, str]) -> None:
        self._paired = paired
        self._metric = metric
        self._slices = slices
        self._pairs = [paired.pairs[unit] for unit in sorted(paired.pairs)]
        self.unpaired = paired.unpaired
        self._bounded = is_share(metric) or metric.scale is Scale.RATIO
        self._known: dict[Fraction, Contrast | NotMeasured] = {}

    def __call__(self, side: Side, alpha: Fraction, *, good: bool) -> bool | None:
        """Whether the good (bad) side is shown."""
        if self.unpaired:
            return False if good else None
        found = self.contrast(alpha)
        if side.relative is None or isinstance(found, NotMeasured):
            return False
        line = side.relative.line
        interval, limit = found.difference, _limit(side, good=good)
        if isinstance(line, Ratio) or line.relative:
            if isinstance(found.ratio, NotMeasured):
                return False
            interval = found.ratio
        return _clears(interval, limit, side, good=good)

    def of_slice(self, name: str) -> PairedCases:
        """Only the cases of one slice."""
        pairs = {unit: pair for unit, pair in self._paired.pairs.items() if self._slices.get(unit) == name}
        unpaired = tuple(each for each in self.unpaired if self._slices.get(each.case_id) == name)
        return PairedCases(Paired(pairs=pairs, repeats={}, unpaired=unpaired), self._metric, self._slices)

    def contrast(self, alpha: Fraction) -> Contrast | NotMeasured:
        """The comparison at this alpha, worked out once."""
        if alpha not in self._known:
            inside = all(0.0 <= value <= 1.0 for pair in self._pairs for value in pair)
            bounded = self._bounded and inside
            found = contrast(self._pairs, float(alpha)) if bounded else unbounded_contrast(self._pairs, float(alpha))
            self._known[alpha] = found
        return self._known[alpha]


def _limit(side: Side, *, good: bool) -> Fraction:
    """Where the limit of a relative line lies: a multiple, or a difference."""
    if side.relative is None:
        raise ValueError("the side is not relative")
    line = side.relative.line
    if isinstance(line, Ratio):
        # The bound belongs to what its line is there to show: a promotion the good side, a rollback the bad one.
        own = good is (side.role == "promote")
        return line.bound if own and line.bound is not None else line.value
    direction = -1 if side.sense is Sense.AT_LEAST else 1
    return 1 + direction * line.amount if line.relative else direction * line.amount


def _clears(interval: Interval, limit: Fraction, side: Side, *, good: bool) -> bool:
    if good is (side.sense is Sense.AT_LEAST):
        bound = interval.low
        return bound is not None and (bound >= limit if good else bound > limit)
    bound = interval.high
    return bound is not None and (bound <= limit if good else bound < limit)


def _interval(side: Side, k: int, n: int, counts: tuple[int, int], alpha: float) -> Interval | NotMeasured:
    """The interval of the comparison of two counts."""
    if side.relative is None:
        raise ValueError("the side is not relative")
    line = side.relative.line
    if isinstance(line, Ratio) or line.relative:
        return ratio_interval(k, n, *counts, alpha)
    return newcombe_difference(k, n, *counts, alpha)
