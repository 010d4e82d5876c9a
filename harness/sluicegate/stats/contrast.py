"""A candidate against a base on the same cases: the difference and the ratio of their means, with bounds that hold.

Each case gives a pair of values: its result, or the mean of its repeats. Cases are the units, and repeats are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil, floor, fsum, isfinite, log, sqrt
from random import Random

from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured
from sluicegate.stats.interval import Interval
from sluicegate.stats.special import normal_quantile, t_quantile

__all__ = ["Contrast", "contrast", "minimum_detectable", "unbounded_contrast"]

_Pair = tuple[float, float]
"""Base and candidate, on one case."""

_DRAWS = 3_999
_FEWEST_DRAWS = 999
_MOST_DRAWS = 99_999
_WORK = 4_000_000
"""Draws times distinct pairs: a second or two."""
_POWER = 0.8


@frozen
class Contrast:
    """Candidate against base, over n cases."""

    n: int
    base: float
    """Mean of the case values."""
    candidate: float
    difference: Interval
    """Of candidate minus base."""
    ratio: Interval | NotMeasured
    """Of candidate over base; 1.15 is 15 % more."""
    detectable: float
    """The smallest true difference that so many cases of this spread would show in four of five comparisons."""


def contrast(pairs: Sequence[_Pair], alpha: float = 0.05, *, seed: int = 0) -> Contrast | NotMeasured:
    """The contrast of values within 0..1: pass/fail, case rates, scores. Same pairs and seed, same result.

    Each bound is one-sided at alpha, in (0, 1); values outside 0..1 raise ValueError. No pair is NotMeasured; one is
    enough. The bounds are those of Gaffke for the mean of a bounded variable: a Bayesian bootstrap over the cases and
    one more that is the worst there could be (for the lower bound: base 1, candidate 0), so that a small or spotless
    sample claims no more than it can. With a base that always passes and no repeats they are Clopper and Pearson's.
    The ratio's bounds are the ratios at which the same bound of candidate - ratio x base is 0, as Fieller's are.
    Sources: Gaffke (2005), Mathematical Methods of Statistics; Learned-Miller and Thomas (2020), arXiv:1905.06208;
    Rubin (1981), Annals of Statistics 9. That they hold is conjectured, and measured by the tests.

    >>> spotless = contrast([(1.0, 1.0)] * 30, 0.025)
    >>> round(spotless.difference.low, 2)  # 1 - 0.025 ** (1 / 30) is 0.1157
    -0.12
    """
    _check_alpha(alpha)
    if not pairs:
        return _nothing()
    if not all(0.0 <= value <= 1.0 for pair in pairs for value in pair):
        raise ValueError("values are within 0..1; others go to unbounded_contrast")
    groups = sorted(Counter(pairs).items())
    lows, highs, low_ratios, high_ratios = _drawn(groups, _draws(len(groups), alpha), Random(seed))  # noqa: S311 - no secret
    difference = Interval(
        low=_ranked(lows, alpha, -1.0),
        high=-_ranked([-value for value in highs], alpha, -1.0),
        confidence=1.0 - alpha,
        method="bootstrap",
    )
    ratio: Interval | NotMeasured
    if any(pair[0] > 0.0 for pair in pairs):
        top = -_ranked([-value for value in high_ratios], alpha, float("-inf"))
        ratio = Interval(
            low=_ranked(low_ratios, alpha, 0.0),
            high=top if isfinite(top) else None,
            confidence=1.0 - alpha,
            method="bootstrap",
        )
    else:
        ratio = _zero_base()
    return _made(pairs, difference, ratio, alpha, slack=1.0)


def unbounded_contrast(pairs: Sequence[_Pair], alpha: float = 0.05) -> Contrast | NotMeasured:
    """The contrast of values without limits (latency, cost, tokens): Student's t on the case differences, and Fieller.

    Each bound is one-sided at alpha, in (0, 1); values that are not finite raise ValueError. Fewer than two pairs are
    NotMeasured, and so is a ratio to a base that is not clearly above 0. Holds as far as the mean of so many
    differences is normal. Sources: Student (1908), Biometrika 6; Fieller (1954), Journal of the Royal Statistical
    Society B 16.

    >>> found = unbounded_contrast([(100.0, 80.0), (120.0, 90.0), (90.0, 80.0), (110.0, 85.0)])
    >>> round(found.difference.low, 1), round(found.difference.high, 1)
    (-31.3, -11.2)
    >>> round(found.ratio.low, 3), round(found.ratio.high, 3)
    (0.739, 0.876)
    """
    _check_alpha(alpha)
    if not all(isfinite(value) for pair in pairs for value in pair):
        raise ValueError("values are finite; a failed attempt has no mean")
    n = len(pairs)
    if n == 0:
        return _nothing()
    if n == 1:
        return NotMeasured(reason="1 pair has no spread to judge by", mend="Compare on at least two cases.")
    t = t_quantile(1.0 - alpha, n - 1)
    base, candidate = _means(pairs)
    reach = t * sqrt(_variance([after - before for before, after in pairs]) / n)
    middle = candidate - base
    difference = Interval(low=middle - reach, high=middle + reach, confidence=1.0 - alpha, method="t")
    return _made(pairs, difference, _fieller(pairs, base, candidate, t, alpha), alpha, slack=0.0)


def minimum_detectable(estimate: float, low: float, spread: float, n: int, power: float = _POWER) -> float:
    """The smallest true difference that n cases would show, with this power.

    That is how far the bound lies below the estimate, and as much again as chance may take from the estimate.
    `spread` is the standard deviation of the case differences; n >= 1, power in (0, 1) (ValueError otherwise).
    Source: Miller (2024), arXiv:2411.00640, section 5, with the interval's own width in the place of z x se.

    >>> round(minimum_detectable(0.0, -0.196, 1.0, 100), 2)
    0.28
    """
    if n < 1 or not 0.0 < power < 1.0:
        raise ValueError(f"n, power are {n}, {power}; expected at least 1, and between 0 and 1")
    return estimate - low + max(0.0, normal_quantile(power)) * spread / sqrt(n)


def _made(
    pairs: Sequence[_Pair], difference: Interval, ratio: Interval | NotMeasured, alpha: float, *, slack: float
) -> Contrast:
    base, candidate = _means(pairs)
    differences = [after - before for before, after in pairs]
    # One case each way of the widest difference there is: no sample is taken to have no spread at all.
    spread = sqrt(_variance([*differences, slack, -slack] if slack else differences))
    low = difference.low if difference.low is not None else candidate - base
    return Contrast(
        n=len(pairs),
        base=base,
        candidate=candidate,
        difference=difference,
        ratio=ratio,
        detectable=minimum_detectable(candidate - base, low, spread, len(pairs)),
    )


def _draws(groups: int, alpha: float) -> int:
    wanted = max(_DRAWS, ceil(20.0 / alpha) - 1)
    return max(_FEWEST_DRAWS, min(wanted, _MOST_DRAWS, _WORK // groups))


def _drawn(
    groups: Sequence[tuple[_Pair, int]], draws: int, rng: Random
) -> tuple[list[float], list[float], list[float], list[float]]:
    """For every draw of weights the differences and ratios, with one more case at its worst and at its best."""
    alone = [pair for pair, count in groups if count == 1]
    together = [(pair, float(count)) for pair, count in groups if count > 1]
    uniform, gamma = rng.random, rng.gammavariate
    lows, highs, low_ratios, high_ratios = list[float](), list[float](), list[float](), list[float]()
    for _ in range(draws):
        total = base = candidate = 0.0
        for before, after in alone:
            weight = -log(1.0 - uniform())
            total += weight
            base += weight * before
            candidate += weight * after
        for (before, after), count in together:
            weight = gamma(count, 1.0)
            total += weight
            base += weight * before
            candidate += weight * after
        extra = -log(1.0 - uniform())
        whole = total + extra
        lows.append((candidate - base - extra) / whole)
        highs.append((candidate - base + extra) / whole)
        low_ratios.append(candidate / (base + extra) if base + extra > 0.0 else 0.0)
        high_ratios.append((candidate + extra) / base if base > 0.0 else float("inf"))
    return lows, highs, low_ratios, high_ratios


def _ranked(values: list[float], alpha: float, worst: float) -> float:
    """The value that a share alpha of the draws lies at or below; where there are too few draws for that, the worst."""
    rank = floor(alpha * (len(values) + 1) + 1e-9)
    return sorted(values)[rank - 1] if rank >= 1 else worst


def _fieller(pairs: Sequence[_Pair], base: float, candidate: float, t: float, alpha: float) -> Interval | NotMeasured:
    n = len(pairs)
    v_base = _variance([before for before, _ in pairs]) / n
    v_candidate = _variance([after for _, after in pairs]) / n
    both = fsum((before - base) * (after - candidate) for before, after in pairs) / (n - 1) / n
    # candidate - r x base is within t standard errors of 0 where this quadratic in r is at most 0.
    square = base * base - t * t * v_base
    if base <= 0.0 or square <= 0.0:
        return _zero_base()
    linear = base * candidate - t * t * both
    constant = candidate * candidate - t * t * v_candidate
    root = sqrt(max(0.0, linear * linear - square * constant))
    return Interval(
        low=(linear - root) / square, high=(linear + root) / square, confidence=1.0 - alpha, method="fieller"
    )


def _means(pairs: Sequence[_Pair]) -> _Pair:
    return fsum(before for before, _ in pairs) / len(pairs), fsum(after for _, after in pairs) / len(pairs)


def _variance(values: Sequence[float]) -> float:
    mean = fsum(values) / len(values)
    return fsum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)


def _nothing() -> NotMeasured:
    return NotMeasured(reason="0 pairs", mend="Run both sides on the same cases.")


def _zero_base() -> NotMeasured:
    return NotMeasured(
        reason="the base is not clearly above 0, and nothing is a multiple of 0", mend="Read the difference."
    )


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
