"""Score intervals of a share, of a difference of shares, and the paired test of two."""

from __future__ import annotations

from math import sqrt

from sluicegate.model import NotMeasured
from sluicegate.stats.binomial import tail_below
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import normal_quantile

__all__ = ["mcnemar_exact", "newcombe_difference", "wilson"]


def wilson(k: int, n: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Wilson's score interval for a share, k of n, each bound one-sided at alpha.

    0 <= k <= n, alpha in (0, 1) (ValueError otherwise). k = 0 gives low 0, k = n gives high 1, n = 0 is NotMeasured.
    Source: Wilson (1927), JASA 22; method 3 of Newcombe (1998), Statistics in Medicine 17, p. 857.

    >>> interval = wilson(81, 263, 0.025)
    >>> round(interval.low, 4), round(interval.high, 4)  # Newcombe (1998), p. 861
    (0.2553, 0.3662)
    """
    if not 0 <= k <= n:
        raise ValueError(f"k of n is {k} of {n}; expected 0 <= k <= n")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    if n == 0:
        return NotMeasured(reason="0 units", mend="Collect at least one unit.")
    low, high = _wilson_bounds(k, n, normal_quantile(1.0 - alpha))
    return Interval(low=low, high=high, confidence=1.0 - alpha, method="wilson")


def newcombe_difference(k: int, n: int, k_ref: int, n_ref: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Newcombe's hybrid score interval for k/n - k_ref/n_ref, two independent shares, each bound one-sided at alpha.

    0 <= k <= n on both sides, alpha in (0, 1) (ValueError otherwise). k = 0 and k = n need no special care; an empty
    side is NotMeasured. Source: method 10 of Newcombe (1998), Statistics in Medicine 17, p. 876.

    >>> interval = newcombe_difference(56, 70, 48, 80, 0.025)
    >>> round(interval.low, 4), round(interval.high, 4)  # Newcombe (1998), table II (a)
    (0.0524, 0.3339)
    """
    one, two = wilson(k, n, alpha), wilson(k_ref, n_ref, alpha)
    if isinstance(one, NotMeasured):
        return one
    if isinstance(two, NotMeasured):
        return NotMeasured(reason="0 units to compare with", mend="Collect the reference first.")
    z = normal_quantile(1.0 - alpha)
    low_one, high_one = _wilson_bounds(k, n, z)
    low_two, high_two = _wilson_bounds(k_ref, n_ref, z)
    p_one, p_two = k / n, k_ref / n_ref
    difference = p_one - p_two
    low = difference - sqrt((p_one - low_one) ** 2 + (high_two - p_two) ** 2)
    high = difference + sqrt((high_one - p_one) ** 2 + (p_two - low_two) ** 2)
    return Interval(low=low, high=high, confidence=1.0 - alpha, method="newcombe")


def mcnemar_exact(fixed: int, broken: int) -> float | NotMeasured:
    """McNemar's exact two-sided p-value for paired pass/fail results, cases without repeats only.

    Args: how many cases went from fail to pass and from pass to fail; at least 0 (ValueError otherwise). No case that
    changed is NotMeasured: nothing was compared. Capped at 1. Source: McNemar (1947), Psychometrika 12; exact form
    p = 2 BinomCDF(min(b, c); b + c, 1/2).

    >>> round(mcnemar_exact(8, 1), 3)
    0.039
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"changed cases are {fixed} and {broken}; expected at least 0")
    changed = fixed + broken
    if changed == 0:
        return NotMeasured(reason="no case changed", mend="Compare on more cases.")
    return min(1.0, 2.0 * tail_below(min(fixed, broken), changed, 0.5))


def _wilson_bounds(k: int, n: int, z: float) -> tuple[float, float]:
    centre = k + z * z / 2.0
    spread = z * sqrt(k * (n - k) / n + z * z / 4.0)
    low = 0.0 if k == 0 else max(0.0, (centre - spread) / (n + z * z))
    high = 1.0 if k == n else min(1.0, (centre + spread) / (n + z * z))
    return low, high
