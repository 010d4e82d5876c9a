"""Bounds of a quantile by order statistics: no assumption on the shape of the values."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

from sluicegate.model import NotMeasured
from sluicegate.stats.binomial import tail_below

__all__ = ["lower_rank", "quantile", "units_for_bound", "upper_rank"]


def upper_rank(n: int, q: float, alpha: float = 0.05) -> int | NotMeasured:
    """Rank r (from 1) of the order statistic that bounds the q-quantile from above.

    It is the least r with BinomCDF(r - 1; n, q) >= 1 - alpha.
    n >= 0, q and alpha in (0, 1) (ValueError otherwise). NotMeasured where no rank reaches it (below 59 for p95), and
    for n = 0. Source: David and Nagaraja (2003), Order Statistics, section 7.1.

    >>> [upper_rank(n, 0.95) for n in (100, 200, 500, 1000)]
    [99, 196, 484, 962]
    """
    _check(n, q, alpha)
    if n == 0 or tail_below(n - 1, n, q) < 1.0 - alpha:
        needed = units_for_bound(q, alpha)
        return NotMeasured(reason=f"{n} values bound no p{_percent(q)}", mend=f"{needed} values are needed.")
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        if tail_below(middle - 1, n, q) >= 1.0 - alpha:
            high = middle
        else:
            low = middle
    return high


def lower_rank(n: int, q: float, alpha: float = 0.05) -> int | NotMeasured:
    """Rank s (from 1) of the order statistic that bounds the q-quantile from below.

    It is the largest s with BinomCDF(s - 1; n, q) <= alpha.
    n >= 0, q and alpha in (0, 1) (ValueError otherwise). NotMeasured where no rank reaches it, and for n = 0.
    Source: David and Nagaraja (2003), Order Statistics, section 7.1.

    >>> lower_rank(100, 0.95)
    91
    """
    _check(n, q, alpha)
    mirrored = upper_rank(n, 1.0 - q, alpha)
    if isinstance(mirrored, NotMeasured):
        needed = units_for_bound(1.0 - q, alpha)
        return NotMeasured(reason=f"{n} values bound no p{_percent(q)} from below", mend=f"{needed} are needed.")
    return n + 1 - mirrored


def units_for_bound(q: float, alpha: float = 0.05) -> int:
    """How many values the q-quantile needs before it has an upper bound: the least n with q^n <= alpha.

    q and alpha in (0, 1) (ValueError otherwise). Source: Wilks (1941), Annals of Mathematical Statistics 12.

    >>> units_for_bound(0.95)
    59
    """
    _check(0, q, alpha)
    return ceil(log(alpha) / log(q) - 1e-12)


def quantile(ordered: Sequence[float], q: float) -> float | NotMeasured:
    """The q-quantile of sorted values: the least value with at least q of them at or below it; never between two.

    q in (0, 1) (ValueError otherwise). Infinite values (failed attempts) sort last. No value is NotMeasured.
    Source: Hyndman and Fan (1996), definition 1.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    _check(0, q, 0.5)
    if not ordered:
        return NotMeasured(reason="0 values", mend="Collect at least one.")
    return ordered[max(0, ceil(q * len(ordered) - 1e-9) - 1)]


def _percent(q: float) -> str:
    return f"{100 * q:.10g}"


def _check(n: int, q: float, alpha: float) -> None:
    if n < 0:
        raise ValueError(f"n is {n}; expected at least 0")
    if not 0.0 < q < 1.0:
        raise ValueError(f"q is {q}; expected between 0 and 1")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
