"""How well a detector agrees with people, and the rate behind what an imperfect detector flags."""

from __future__ import annotations

from itertools import product
from math import sqrt

from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured
from sluicegate.stats.binomial import lower_bound, upper_bound
from sluicegate.stats.correction import rogan_gladen
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import normal_quantile

__all__ = ["Agreement", "corrected_rate", "exact", "kappa"]


@frozen
class Agreement:
    """A detector against labels, as counts; positive is what the detector is there to flag."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int

    def __post_init__(self) -> None:
        if min(self.counts) < 0:
            raise ValueError(f"counts are {self.counts}; expected at least 0")

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """In the order of the fields."""
        return self.true_positive, self.false_negative, self.false_positive, self.true_negative

    @property
    def positives(self) -> int:
        """Labelled so."""
        return self.true_positive + self.false_negative

    @property
    def negatives(self) -> int:
        """Labelled so."""
        return self.false_positive + self.true_negative


def exact(k: int, n: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Clopper and Pearson's interval for a share, k of n, each bound one-sided at alpha. n = 0 is NotMeasured.

    >>> round(exact(0, 100).high, 4)
    0.0295
    """
    low, high = lower_bound(k, n, alpha), upper_bound(k, n, alpha)
    if isinstance(low, NotMeasured):
        return low
    if isinstance(high, NotMeasured):
        return high
    return Interval(low=low, high=high, confidence=1.0 - alpha, method="clopper-pearson")


def kappa(of: Agreement, alpha: float = 0.05) -> tuple[float, Interval] | NotMeasured:
    """Cohen's kappa, -1..1, and its large-sample interval, each bound one-sided at alpha in (0, 1).

    No labels, or everything in one class on both sides, is NotMeasured: agreement by chance alone is complete. Sources:
    Cohen (1960), Educational and Psychological Measurement 20; standard error of Fleiss, Cohen and Everitt (1969),
    Psychological Bulletin 72, formula 13.

    >>> value, interval = kappa(Agreement(true_positive=20, false_negative=5, false_positive=10, true_negative=15))
    >>> round(value, 2)
    0.4
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    n = sum(of.counts)
    if n == 0:
        return NotMeasured(reason="0 labels", mend="Label some statements.")
    shares = ((of.true_positive / n, of.false_negative / n), (of.false_positive / n, of.true_negative / n))
    rows = [sum(row) for row in shares]
    columns = [shares[0][at] + shares[1][at] for at in (0, 1)]
    agreed = shares[0][0] + shares[1][1]
    chance = rows[0] * columns[0] + rows[1] * columns[1]
    if chance >= 1.0:
        return NotMeasured(reason="labels and detector know one class only", mend="Label statements of both kinds.")
    value = (agreed - chance) / (1.0 - chance)
    diagonal = sum(shares[at][at] * (1.0 - (rows[at] + columns[at]) * (1.0 - value)) ** 2 for at in (0, 1))
    off = (1.0 - value) ** 2 * sum(shares[one][1 - one] * (columns[one] + rows[1 - one]) ** 2 for one in (0, 1))
    variance = (diagonal + off - (value - chance * (1.0 - value)) ** 2) / (n * (1.0 - chance) ** 2)
    half = normal_quantile(1.0 - alpha) * sqrt(max(variance, 0.0))
    low, high = max(value - half, -1.0), min(value + half, 1.0)
    return value, Interval(low=low, high=high, confidence=1.0 - alpha, method="fleiss-cohen-everitt")


def corrected_rate(
    flagged: int, n: int, labelled: Agreement, alpha: float = 0.05
) -> tuple[float, Interval] | NotMeasured:
    """The rate behind `flagged` of n, 0..1, by Rogan and Gladen, and an interval, each bound one-sided at alpha.

    The detector's sensitivity and specificity are uncertain too. Each of the three shares gets its exact bound at
    alpha / 3; the estimate is monotone in each of them, so its extremes lie at corners of that box, and the interval
    covers with at least 1 - alpha (Bonferroni). It is wider than the approximate ones of Lang and Reiczigel (2014),
    Preventive Veterinary Medicine 113. A detector that may be no better than chance is NotMeasured, and so is a class
    without labels or n = 0. Source of the estimate: Rogan and Gladen (1978), American Journal of Epidemiology 107.

    >>> labelled = Agreement(true_positive=95, false_negative=5, false_positive=4, true_negative=96)
    >>> estimate, interval = corrected_rate(30, 100, labelled)
    >>> round(estimate, 4)
    0.2857
    """
    sure = [(labelled.true_positive, labelled.positives), (labelled.true_negative, labelled.negatives)]
    shares = [(flagged, n), *sure]
    boxes: list[tuple[float, float]] = []
    for k, of in shares:
        interval = exact(k, of, alpha / 3)
        if isinstance(interval, NotMeasured):
            return interval
        boxes.append((interval.low or 0.0, 1.0 if interval.high is None else interval.high))
    if boxes[1][0] + boxes[2][0] <= 1.0:
        return NotMeasured(
            reason="with so few labels the judge may be no better than chance",
            mend="Label more statements, or use another judge.",
        )
    corners = [rogan_gladen(*corner) for corner in product(*boxes)]
    estimate = rogan_gladen(*(k / of for k, of in shares))
    known = [value for value in corners if not isinstance(value, NotMeasured)]
    if isinstance(estimate, NotMeasured):
        return estimate
    return estimate, Interval(low=min(known), high=max(known), confidence=1.0 - alpha, method="rogan-gladen")
