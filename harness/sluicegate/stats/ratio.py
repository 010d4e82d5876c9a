"""How many times as often: the score interval of a ratio of two shares."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from sluicegate.model import NotMeasured
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import normal_quantile

__all__ = ["ratio_interval"]


def ratio_interval(k: int, n: int, k_ref: int, n_ref: int, alpha: float = 0.05) -> Interval | NotMeasured:
    """Score interval for (k/n) / (k_ref/n_ref), two independent shares, each bound one-sided at alpha.

    0 <= k <= n on both sides, alpha in (0, 1) (ValueError otherwise). k = 0 gives low 0; k_ref = 0 gives no upper
    bound (None); both 0, or an empty side, is NotMeasured. Unlike the log interval of Katz et al. (1978) it keeps its
    coverage at small counts. Source: Koopman (1984), Biometrics 40, p. 513; Miettinen and Nurminen (1985), Statistics
    in Medicine 4, without their n/(n-1).

    >>> interval = ratio_interval(36, 40, 16, 80, 0.025)
    >>> round(interval.low, 2), round(interval.high, 2)  # Koopman (1984), the worked example
    (2.94, 7.15)
    """
    if not (0 <= k <= n and 0 <= k_ref <= n_ref):
        raise ValueError(f"k of n is {k} of {n} against {k_ref} of {n_ref}; expected 0 <= k <= n")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    if n == 0 or n_ref == 0:
        return NotMeasured(reason="0 units on one side of the ratio", mend="Collect both sides.")
    if k == 0 and k_ref == 0:
        return NotMeasured(reason="neither side holds even once", mend="Collect more units of both.")
    z = normal_quantile(1.0 - alpha)

    def score(ratio: float) -> float:
        return _score(ratio, k, n, k_ref, n_ref)

    low = 0.0 if k == 0 else _root(lambda ratio: score(ratio) - z)
    high = None if k_ref == 0 else _root(lambda ratio: score(ratio) + z)
    return Interval(low=low, high=high, confidence=1.0 - alpha, method="score interval of the ratio")


def _score(ratio: float, k: int, n: int, k_ref: int, n_ref: int) -> float:
    """Standardised k/n - ratio k_ref/n_ref at the most likely shares whose ratio is `ratio`; falls as ratio grows."""
    a = (n + n_ref) * ratio
    b = -(n * ratio + k + n_ref + k_ref * ratio)
    c = float(k + k_ref)
    # The smaller root of a p^2 + b p + c, in the form that does not cancel.
    p_ref = min(1.0, 2.0 * c / (-b + sqrt(max(0.0, b * b - 4.0 * a * c))))
    p = min(1.0, p_ref * ratio)
    variance = p * (1.0 - p) / n + ratio * ratio * p_ref * (1.0 - p_ref) / n_ref
    gap = k / n - ratio * k_ref / n_ref
    if variance <= 0.0:
        return 0.0 if gap == 0.0 else (1e300 if gap > 0.0 else -1e300)
    return gap / sqrt(variance)


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function of a ratio crosses 0, by bisection on the logarithm."""
    low = high = 1.0
    while falling(low) < 0.0 and low > 1e-12:
        low /= 2.0
    while falling(high) > 0.0 and high < 1e12:
        high *= 2.0
    for _ in range(200):
        middle = sqrt(low * high)
        if middle in (low, high):
            break
        if falling(middle) > 0.0:
            low = middle
        else:
            high = middle
    return sqrt(low * high)
