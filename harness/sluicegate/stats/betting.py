"""Evidence that may be looked at after every unit: a betting e-process on values in 0..1.

Model: units arrive in order; each is a value in 0..1 whose mean, given the past, is at most the line (when evidence
that it is above is sought). A gambler who stakes a fixed share c of what is at risk then cannot win on average, so a
capital of 1/alpha is reached with a chance of at most alpha, however often one looks (Ville 1939). Several c are played
side by side and averaged. Source: Waudby-Smith and Ramdas (2024), JRSS B 86, section 4.

Evidence that the mean is *below* a line is evidence that 1 - x is above 1 - line; every function here says "above", and
callers that mean "below" hand in misses for hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import exp, inf, log, log1p

from sluicegate.model import NotMeasured

__all__ = ["STAKES", "hits_needed", "log_evidence", "log_evidence_of_means", "lower_bound", "shows", "units_needed"]

STAKES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95)
"""The shares c of what is at risk."""


def log_evidence(hits: int, n: int, line: float) -> float:
    """Logarithm of E for a share above the line: E = mean over c of prod(1 + c/line (x - line)), after hits of n.

    For units that are 0 or 1 the order does not matter, so counts suffice. 0 <= hits <= n, (ValueError otherwise).
    n = 0 gives 0 (E = 1: nothing known). A line at or above 1 is never exceeded (-inf, or 0 for n = 0); one at or below
    0 is exceeded by the first hit (inf). Source: Waudby-Smith and Ramdas (2024).

    >>> least = next(n for n in range(1, 999) if log_evidence(n, n, 0.99) >= log(20))
    >>> least  # zero incidents against a rate of 1 %
    480
    """
    if not 0 <= hits <= n:
        raise ValueError(f"hits of n is {hits} of {n}; expected 0 <= hits <= n")
    if n == 0:
        return 0.0
    if line >= 1.0:
        return -inf
    if line <= 0.0:
        return inf if hits else 0.0
    odds = (1.0 - line) / line
    return _log_mean(hits * log1p(c * odds) + (n - hits) * log1p(-c) for c in STAKES)


def log_evidence_of_means(values: Mapping[float, int], line: float) -> float:
    """Logarithm of E for a mean above the line when units are themselves means in 0..1 (a minute, a conversation).

    Args: how often each value came; ValueError for one outside 0..1. Empty gives 0 (E = 1); lines at the ends as in
    `log_evidence`. Source: as `log_evidence`.

    >>> log_evidence_of_means({1.0: 7, 0.0: 3}, 0.5) == log_evidence(7, 10, 0.5)
    True
    """
    if any(not 0.0 <= value <= 1.0 for value in values):
        raise ValueError("unit means are in 0..1")
    if not values:
        return 0.0
    if line >= 1.0:
        return -inf
    if line <= 0.0:
        return inf if any(value > 0.0 for value in values) else 0.0
    items = list(values.items())
    return _log_mean(sum(times * log1p(c * (value - line) / line) for value, times in items) for c in STAKES)


def shows(log_e: float, alpha: Fraction) -> bool:
    """Whether the evidence suffices: E >= 1/alpha, where alpha is in (0, 1).

    >>> shows(log(20.1), Fraction(1, 20)), shows(log(19.9), Fraction(1, 20))
    (True, False)
    """
    return log_e >= -log(alpha)


def lower_bound(values: Mapping[float, int], alpha: Fraction) -> float | NotMeasured:
    """The largest line above which the mean is shown: a lower confidence bound good at every look at once.

    Args: as `log_evidence_of_means`; 0 or 1 for plain units. No unit is NotMeasured; no hit gives 0. Never reaches the
    mean itself. Source: Waudby-Smith and Ramdas (2024), section 4.1: the lines not yet rejected.

    >>> round(lower_bound({1.0: 480}, Fraction(1, 20)), 4)  # none of 480 missed: a rate of misses below 1 %
    0.99
    """
    n = sum(values.values())
    if n == 0:
        return NotMeasured(reason="0 units", mend="Collect at least one unit.")
    mean = sum(value * times for value, times in values.items()) / n
    low, high = 0.0, mean
    for _ in range(60):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if shows(log_evidence_of_means(values, middle), alpha):
            low = middle
        else:
            high = middle
    return low


def hits_needed(n: int, line: float, alpha: Fraction) -> int | None:
    """The least hits of n that show a share above the line now; None when even n of n does not. n >= 0.

    >>> hits_needed(100, 0.6, Fraction(1, 20))
    75
    """
    if n == 0 or not shows(log_evidence(n, n, line), alpha):
        return None
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        # E is convex in the number of hits: many misses can never raise it above what they staked.
        if middle > n * line and shows(log_evidence(middle, n, line), alpha):
            high = middle
        else:
            low = middle
    return high


def units_needed(share: Fraction, line: float, alpha: Fraction, *, hits: int = 0, n: int = 0) -> int | None:
    """How many units in all until a share above the line is shown, if further ones hold at the rate `share`.

    Args: share and line in 0..1; what is there already. None when the share is not above the line, or more than
    10 million units would not do. Deterministic: hits are rounded down along the way.

    >>> units_needed(Fraction(97, 100), 0.9, Fraction(1, 20))
    146
    """
    if share <= line:
        return None

    def shown(total: int) -> bool:
        return shows(log_evidence(hits + int(share * (total - n)), total, line), alpha)

    high = max(n, 1)
    while not shown(high):
        high *= 2
        if high > 10_000_000:
            return None
    low = max(n, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        if shown(middle):
            high = middle
        else:
            low = middle
    return high


def _log_mean(logs: Iterable[float]) -> float:
    """Logarithm of the mean of exponentials, without overflow."""
    values = list(logs)
    top = max(values)
    if top in (inf, -inf):
        return top
    return top + log(sum(exp(value - top) for value in values) / len(values))
