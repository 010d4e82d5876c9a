"""Two runs of the same cases, pass or fail, once each: intervals for the difference of their rates."""

from __future__ import annotations

from math import sqrt

from sluicegate.model import NotMeasured
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import normal_quantile
from sluicegate.stats.wilson import wilson

__all__ = ["newcombe_paired", "tango_interval"]


def tango_interval(fixed: int, broken: int, n: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Tango's score interval for (fixed - broken) / n, each bound one-sided at alpha.

    Args: cases that went from fail to pass, from pass to fail, and all of them; counts of at least 0 with fixed +
    broken <= n, alpha in (0, 1) (ValueError otherwise). n = 0 is NotMeasured; where no case changed there is still an
    interval, within -1..1. At n = 30 it may cover 93 % where it says 95, which is why claims rest on `contrast`.
    Source: Tango (1998), Statistics in Medicine 17, p. 891.

    >>> interval = tango_interval(1, 7, 21, 0.025)
    >>> round(interval.low, 3), round(interval.high, 3)  # Fagerland et al. (2014), Statistics in Medicine 33, p. 2850
    (-0.517, -0.026)
    """
    _check(fixed, broken, n, alpha)
    if n == 0:
        return NotMeasured(reason="0 pairs", mend="Run both sides on the same cases.")
    z = normal_quantile(1.0 - alpha)
    low, high = (_root(fixed, broken, n, target) for target in (z, -z))
    return Interval(low=low, high=high, confidence=1.0 - alpha, method="tango")


def newcombe_paired(both: int, fixed: int, broken: int, neither: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Newcombe's square-and-add interval for (fixed - broken) / n of paired pass/fail results.

    Args: cases that passed twice, only in the candidate, only in the base, and never; each at least 0, alpha in (0, 1)
    (ValueError otherwise). No case is NotMeasured. Source: method 10 of Newcombe (1998), Statistics in Medicine 17,
    p. 2635: Wilson bounds of both rates, joined with their correlation phi (continuity-corrected where positive).

    >>> interval = newcombe_paired(1, 1, 7, 12, 0.025)
    >>> round(interval.low, 3), round(interval.high, 3)  # Fagerland et al. (2014), as above
    (-0.507, -0.026)
    """
    n = both + fixed + broken + neither
    _check(fixed, broken, n, alpha)
    if both < 0 or neither < 0:
        raise ValueError(f"cases are {both}, {fixed}, {broken}, {neither}; expected at least 0")
    one, two = wilson(both + fixed, n, alpha), wilson(both + broken, n, alpha)
    if isinstance(one, NotMeasured) or isinstance(two, NotMeasured):
        return NotMeasured(reason="0 pairs", mend="Run both sides on the same cases.")
    p_one, p_two = (both + fixed) / n, (both + broken) / n
    phi = _phi(both, fixed, broken, neither)

    def reach(down: float, up: float) -> float:
        return sqrt(max(0.0, down * down - 2.0 * phi * down * up + up * up))

    low = p_one - p_two - reach(p_one - (one.low or 0.0), _of(two.high) - p_two)
    high = p_one - p_two + reach(_of(one.high) - p_one, p_two - (two.low or 0.0))
    return Interval(low=max(-1.0, low), high=min(1.0, high), confidence=1.0 - alpha, method="newcombe, paired")


def _of(high: float | None) -> float:
    return 1.0 if high is None else high


def _phi(both: int, fixed: int, broken: int, neither: int) -> float:
    margins = (both + fixed) * (broken + neither) * (both + broken) * (fixed + neither)
    if margins == 0:
        return 0.0
    product = float(both * neither - fixed * broken)
    if product > 0.0:
        product = max(product - (both + fixed + broken + neither) / 2.0, 0.0)
    return product / sqrt(margins)


def _score(fixed: int, broken: int, n: int, difference: float) -> float:
    """The standardised distance to a difference, at the most likely rates that have it; falls as it grows."""
    linear = (2.0 * n - fixed + broken) * difference - fixed - broken
    constant = -broken * difference * (1.0 - difference)
    rate = (sqrt(max(0.0, linear * linear - 8.0 * n * constant)) - linear) / (4.0 * n)
    variance = n * (2.0 * rate + difference * (1.0 - difference))
    gap = fixed - broken - n * difference
    if variance <= 0.0:
        return 0.0 if gap == 0.0 else (1e300 if gap > 0.0 else -1e300)
    return gap / sqrt(variance)


def _root(fixed: int, broken: int, n: int, target: float) -> float:
    """Where the falling score passes the target, by bisection."""
    low, high = -1.0, 1.0
    while (middle := (low + high) / 2.0) not in (low, high):
        if _score(fixed, broken, n, middle) > target:
            low = middle
        else:
            high = middle
    return middle


def _check(fixed: int, broken: int, n: int, alpha: float) -> None:
    if fixed < 0 or broken < 0 or fixed + broken > n:
        raise ValueError(f"of {n} cases {fixed} were fixed and {broken} broken; expected counts within n")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
