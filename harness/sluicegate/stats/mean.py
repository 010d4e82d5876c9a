"""The mean of unbounded values (cost, a Sharpe ratio): Student's t, its anytime-valid twin, and a seeded bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, expm1, fsum, inf, log, sqrt
from random import Random

from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import t_quantile

__all__ = ["Moments", "anytime_interval", "bootstrap_interval", "moments", "shown_above_at", "t_interval"]

_PRIOR_UNITS = 25.0
"""Weight of the prior on the effect, in units: the anytime interval is tightest near a few hundred units, and a handful
of equal values proves nothing."""
_ONE_PASS = 2_000
"""Resampling beyond so many values adds cost, not knowledge."""


@frozen
class Moments:
    """What an interval for a mean needs."""

    n: int
    mean: float
    spread: float
    """Sum of squared distances to the mean."""


def moments(values: Sequence[float]) -> Moments | NotMeasured:
    """Number, mean and sum of squared distances; sums are exact before rounding (fsum).

    Values are finite (ValueError otherwise). No value is NotMeasured.

    >>> moments([1.0, 2.0, 3.0])
    Moments(n=3, mean=2.0, spread=2.0)
    """
    if not values:
        return NotMeasured(reason="0 values", mend="Collect at least two.")
    total = fsum(values)
    if not -inf < total < inf:
        raise ValueError("values are finite; failed attempts have no mean")
    mean = total / len(values)
    return Moments(n=len(values), mean=mean, spread=fsum((value - mean) ** 2 for value in values))


def t_interval(of: Moments, alpha: float = 0.05) -> Interval | NotMeasured:
    """Student's t interval for a mean, each bound one-sided at alpha; for evidence that is looked at once.

    Assumes independent units and a mean close to normal. alpha in (0, 1) (ValueError otherwise). n < 2 is NotMeasured;
    equal values give an interval of no width. Source: Student (1908), Biometrika 6.

    >>> sleep = moments([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])  # Student's own example
    >>> interval = t_interval(sleep, 0.025)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.7001, 2.4599)
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    if of.n < 2:
        return _too_few(of.n)
    half = t_quantile(1.0 - alpha, of.n - 1) * sqrt(of.spread / (of.n - 1) / of.n)
    return Interval(low=of.mean - half, high=of.mean + half, confidence=1.0 - alpha, method="t")


def anytime_interval(of: Moments, alpha: float = 0.05) -> Interval | NotMeasured:
    """The t interval that holds at every look at once: the means a scale-free mixture t-test has not rejected.

    Assumes independent normal units of unknown variance (others: approximately, as the t interval itself). alpha in
    (0, 1) (ValueError otherwise). n < 2 is NotMeasured; bounds are None while no mean is rejected yet.
    Source: Lai (1976), Annals of Statistics 4; Wang and Ramdas (2025), "Anytime-valid t-tests", Gaussian mixture:
    E = sqrt(c/(n+c)) ((n+c) V / ((n+c) V - S^2))^(n/2), S and V the sums of x - m and of its squares, c = 25.

    >>> interval = anytime_interval(Moments(n=200, mean=1.0, spread=199.0))
    >>> round(interval.low, 3)  # a fixed t interval would say 0.883
    0.783
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    if of.n < 2:
        return _too_few(of.n)
    n, c = of.n, _PRIOR_UNITS
    # E >= 1/alpha at m, solved for (mean - m)^2.
    share = (n + c) * -expm1((2.0 * log(alpha) + log(c / (n + c))) / n)
    if share >= n:
        return Interval(low=None, high=None, confidence=1.0 - alpha, method="anytime t")
    half = sqrt(share * of.spread / (n * (n - share)))
    return Interval(low=of.mean - half, high=of.mean + half, confidence=1.0 - alpha, method="anytime t")


def shown_above_at(values: Iterable[float], line: float, alpha: Fraction) -> int | None:
    """Index of the first value by which the mean was shown to be above the line; None when it never was.

    The test behind `anytime_interval`, after every value; a line once crossed stays crossed. Infinite values are not
    admitted (ValueError). Source: as `anytime_interval`.

    >>> shown_above_at([11.0, 12.0, 10.5, 11.5] * 10, 10.0, Fraction(1, 20))
    16
    """
    c, needed = _PRIOR_UNITS, -2.0 * log(alpha)
    total = squares = 0.0
    for index, value in enumerate(values):
        distance = value - line
        if not -inf < distance < inf:
            raise ValueError(f"value {index} is {value}; expected a finite number")
        total += distance
        squares += distance * distance
        if total <= 0.0:
            continue
        n = index + 1
        rest = 1.0 - total * total / ((n + c) * squares)
        if n >= 2 and log(c / (n + c)) - n * log(rest) >= needed:
            return index
    return None


def bootstrap_interval(
    values: Sequence[float], *, seed: int, alpha: float = 0.05, resamples: int = 999
) -> Interval | NotMeasured:
    """Percentile bootstrap for a mean, each bound one-sided at alpha; shown beside t. Same seed, same bytes.

    alpha in (0, 1), resamples >= 1 (ValueError otherwise). n < 2, and n beyond 2,000 (where it adds nothing), are
    NotMeasured. Source: Efron (1979), Annals of Statistics 7.

    >>> interval = bootstrap_interval([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4], seed=1, alpha=0.025)
    >>> 0.7 < interval.low < 1.1 and 2.1 < interval.high < 2.5
    True
    """
    if not 0.0 < alpha < 1.0 or resamples < 1:
        raise ValueError(f"alpha, resamples are {alpha}, {resamples}; expected (0, 1) and at least 1")
    n = len(values)
    if n < 2:
        return _too_few(n)
    if n > _ONE_PASS:
        return NotMeasured(reason=f"{n} values are too many to resample", mend="Read the t interval.")
    rng = Random(seed)  # noqa: S311  reproducible resampling, no secret
    means = sorted(fsum(rng.choices(values, k=n)) / n for _ in range(resamples))
    tail = max(1, ceil(alpha * (resamples + 1) - 1e-9))
    return Interval(low=means[tail - 1], high=means[-tail], confidence=1.0 - alpha, method="bootstrap")


def _too_few(n: int) -> NotMeasured:
    return NotMeasured(reason=f"{n} values have no spread to judge by", mend="Collect at least two units.")
